package event

import (
	"io"
	"strconv"
)

// View is what a Text printer is used for. It decides the headings and how a
// connection, a handshake and stream data are laid out; an event of any other
// kind is printed in every view.
type View uint8

// The views, one a command.
const (
	ViewMessages View = iota
	ViewConnections
	ViewFrames
	ViewHandshakes
	ViewFollow
	ViewFindings
)

// Form is how the bytes of a stream are shown in ViewFollow.
type Form uint8

// The forms.
const (
	// FormText is lines of text; a hex dump where the bytes are not text.
	FormText Form = iota
	// FormHex is always a hex dump.
	FormHex
	// FormRaw is the bytes alone, as captured: not safe for a terminal. Events of
	// other kinds are not printed, so holes are the caller's to tell.
	FormRaw
)

// TextOptions are the settings of a Text printer. The zero value prints
// messages without colours and without cutting lines.
type TextOptions struct {
	View    View
	Form    Form
	Width   int // terminal columns; 0: lines are not cut
	Color   bool
	Payload Payload // how much payload to print; PayloadNone prints lengths only
	// Start is what times are relative to, ns since the epoch: the time of the
	// first packet. 0: the time of the first event printed.
	Start int64
}

// Text prints events for people: one row an event in aligned columns, with
// blocks of lines for handshakes and stream data.
//
//	Event ─► cells: number, time, direction, sizes, marks in words, payload ─► SafeText ─► cut to the width ─► writer
//
// Nothing is told by colour alone, and everything that was captured goes through
// SafeText. Text is not safe for concurrent use. After a failed write it prints
// nothing more; see Err.
type Text struct {
	output
	opt     TextOptions
	started bool
	left    int              // columns left in the row, when Width is set
	last    map[uint64]int64 // time of the last row of each connection
}

// maxLast bounds the connections whose last row is remembered for the time
// between rows; a connection beyond it begins anew.
const maxLast = 1 << 16

// NewText returns a printer to w.
func NewText(w io.Writer, opt TextOptions) *Text {
	return &Text{output: output{w: w}, opt: opt, last: map[uint64]int64{}}
}

// StartAt sets what times are relative to, ns since the epoch, as
// TextOptions.Start does: for when the first packet's time is known only later.
// It has no effect after the first event.
func (t *Text) StartAt(ns int64) {
	if !t.started {
		t.opt.Start = ns
	}
}

// Event implements Sink.
func (t *Text) Event(e *Event) {
	if t.err != nil || t.raw() && e.Detail.Kind() != KindData {
		return
	}
	t.start(e)
	switch d := e.Detail.(type) {
	case *Connection:
		t.connection(e, d)
		delete(t.last, e.Conn)
	case *Handshake:
		if t.opt.View == ViewHandshakes {
			t.handshakeBlock(e, d)
		} else {
			t.handshakeRow(e, d)
		}
	case *Message:
		t.message(e, d)
	case *Frame:
		t.frame(e, d)
	case *Data:
		t.data(e, d)
	case *Gap:
		t.gap(e, d)
	case *Finding:
		t.finding(e, d)
	}
	t.spill()
}

// Flush writes what is buffered and returns the first error of any write.
func (t *Text) Flush() error {
	t.flush()
	return t.err
}

// Err returns the first error of any write (a closed pipe: EPIPE), nil if there was none.
func (t *Text) Err() error { return t.err }

// raw reports whether only stream bytes are printed.
func (t *Text) raw() bool { return t.opt.View == ViewFollow && t.opt.Form == FormRaw }

// start prints the headings before the first event.
func (t *Text) start(e *Event) {
	if t.started {
		return
	}
	t.started = true
	if t.opt.Start == 0 {
		t.opt.Start = e.Time
		if c, ok := e.Detail.(*Connection); ok {
			t.opt.Start = c.Start
		}
	}
	switch t.opt.View {
	case ViewConnections:
		t.connectionHeadings()
	case ViewMessages:
		t.beginRow()
		t.whenHeadings()
		t.cell(styleHeading, "OPCODE", wOpcode)
		t.cellRight(styleHeading, "SIZE", wSize)
		t.tail(styleHeading, "PAYLOAD")
		t.endRow()
	case ViewFrames:
		t.frameHeadings()
	}
}

// Widths of columns. A value that is wider pushes its row to the right.
const (
	wTime        = 10
	wDelta       = 8
	wConn        = 6
	wFrom        = 8
	wOpcode      = 9
	wReserved    = 12 // the longest opcode name: continuation
	wSize        = 7
	wMask        = 8
	wNumber      = 6
	wOffset      = 10
	wEndpoint    = 21
	wProtocol    = 9
	wProtocolTLS = 13 // websocket/tls
	wState       = 17 // half-open: client
)

// when prints the columns that every row begins with: time since the start of
// the capture, time since the connection's row before, connection, direction.
func (t *Text) when(e *Event) {
	var b [24]byte
	t.cellRight(styleDim, string(appendSeconds(b[:0], e.Time-t.opt.Start)), wTime)
	if !t.narrow() {
		delta := ""
		if before, ok := t.last[e.Conn]; ok {
			delta = durationText(e.Time - before)
		} else if len(t.last) >= maxLast {
			clear(t.last)
		}
		t.last[e.Conn] = e.Time
		t.cellRight(styleDim, delta, wDelta)
	}
	t.cell(stylePlain, connText(e), wConn)
	t.from(e.From)
}

// narrow reports whether the terminal has no room for columns that rows can do
// without: what the row is about would be cut off.
func (t *Text) narrow() bool { return t.opt.Width > 0 && t.opt.Width < 100 }

// from prints the direction. Measuring its arrow would cost more than all else
// in the row, and its width is known.
func (t *Text) from(s Side) {
	if s >= NoSide || t.opt.Width > 0 && t.left <= wFrom {
		t.cell(sideStyle(s), fromText(s), wFrom)
		return
	}
	t.styled(sideStyle(s), fromText(s))
	t.left -= wFrom
	t.pad(1)
}

func (t *Text) whenHeadings() {
	t.cellRight(styleHeading, "TIME", wTime)
	if !t.narrow() {
		t.cellRight(styleHeading, "DELTA", wDelta)
	}
	t.cell(styleHeading, "CONN", wConn)
	t.cell(styleHeading, "FROM", wFrom)
}

func connText(e *Event) string {
	s := "#" + strconv.FormatUint(e.Conn, 10)
	if e.Stream != 0 {
		s += "/" + strconv.FormatUint(uint64(e.Stream), 10)
	}
	return s
}

// fromText is the direction by arrow and by word.
func fromText(s Side) string {
	switch s {
	case Client:
		return "→ client"
	case Server:
		return "← server"
	}
	return ""
}

// A row is begun, filled with cells from left to right, and ended. Cells are
// safe already, but for tail and block, which see to it themselves.

func (t *Text) beginRow() { t.left = t.opt.Width }

// endRow ends the row without the spaces that fill up its last cell.
func (t *Text) endRow() {
	n := len(t.buf)
	for n > 0 && t.buf[n-1] == ' ' {
		n--
	}
	t.buf = append(t.buf[:n], '\n')
}

// cell prints s, filled up to width columns, and a space.
func (t *Text) cell(st style, s string, width int) {
	t.put(st, s)
	t.pad(max(width-Width(s), 0) + 1)
}

// cellRight prints s to the right of width columns, and two spaces.
func (t *Text) cellRight(st style, s string, width int) {
	t.pad(width - Width(s))
	t.put(st, s)
	t.pad(2)
}

// tail prints the last cell of a row.
func (t *Text) tail(st style, s string) { t.put(st, SafeString(s)) }

func (t *Text) pad(n int) {
	for ; n > 0 && !t.full(); n-- {
		t.lit(" ")
		t.left--
	}
}

// full reports whether the row has reached the terminal's edge.
func (t *Text) full() bool { return t.opt.Width > 0 && t.left <= 0 }

// put prints s in a style, cut to what is left of the row.
func (t *Text) put(st style, s string) {
	if s == "" || t.full() {
		return
	}
	if t.opt.Width > 0 {
		s = Cut(s, t.left)
		t.left -= Width(s)
	}
	t.styled(st, s)
}

// styled prints s as it is, in colour if there are colours.
func (t *Text) styled(st style, s string) {
	sgr := styleSGR[st]
	if !t.opt.Color || sgr == "" {
		t.lit(s)
		return
	}
	t.lit(sgr)
	t.lit(s)
	t.lit(sgrReset)
}
