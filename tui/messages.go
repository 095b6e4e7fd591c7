package tui

import (
	"reflect"
	"sort"
	"strconv"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// entry is a row of the second pane: an event of the connection.
type entry struct {
	index int // of the event in the view
	time  int64
}

// conversation is an opened connection.
type conversation struct {
	row      *session.Row
	view     View
	pieces   bool // the view has the pieces of the stream: it was opened before it was known to be a WebSocket, or is none
	done     bool // the view was complete when items were taken over
	items    []session.Item
	seen     int // events looked at so far
	all      []entry
	shown    []entry
	passed   int // of all, those that were looked at for shown
	rows     int // of those, the ones that are shown unless a filter hides them
	raw      bool
	changes  int // how often shown was changed
	cursor   cursor
	kept     int  // index of the event that the user put the cursor on
	controls bool // control messages are shown
	marks    map[int]bool
	counts   [event.NumKinds]int
	known    *query.ConnInfo // of the connection, as what is shown was filtered
	passing  passing
	hide     bool // credentials are left out
}

func newConversation(row *session.Row, v View) *conversation {
	return &conversation{row: row, view: v, pieces: row.Protocol != "websocket", controls: true, marks: map[int]bool{}}
}

func (v *conversation) close() {
	v.passing.stop()
	v.view.Close()
}

// reopen takes another view, without the pieces of the stream, and returns where
// in it the events of the view before stand.
func (v *conversation) reopen(view View) (place func(index int) int) {
	old := v.items
	place = func(index int) int {
		n := 0
		for _, it := range old[:index] {
			if it.Kind != event.KindData {
				n++
			}
		}
		return n
	}
	v.close()
	again := newConversation(v.row, view)
	again.controls, again.hide, again.cursor, again.changes = v.controls, v.hide, v.cursor, v.changes
	again.cursor.n, again.kept = 0, place(v.kept)
	for i := range v.marks {
		if old[i].Kind != event.KindData {
			again.marks[place(i)] = true
		}
	}
	*v = *again
	return place
}

// load takes over the events that came since.
func (v *conversation) load(a *App) {
	v.done = v.view.Done() // before: what there is then is taken over
	v.items = v.view.Items(v.items, len(v.items), v.view.Len())
	for ; v.seen < len(v.items); v.seen++ {
		it := &v.items[v.seen]
		v.counts[it.Kind]++
		if it.Kind == event.KindConnection || it.Kind == event.KindFrame {
			continue
		}
		v.all = append(v.all, entry{v.seen, it.Time})
	}
	// A connection is shown as a stream of bytes unless it carries messages.
	raw := v.counts[event.KindMessage] == 0 && v.row.Protocol != "websocket"
	news := v.learn(a)
	if raw != v.raw || news {
		v.raw = raw
		v.again(a)
		return
	}
	v.sift(a)
}

// learn finds out whether a filter is told something else of the connection than
// what its rows were filtered by.
func (v *conversation) learn(a *App) bool {
	if a.filter.empty() {
		return false
	}
	info := a.src.Info(v.row)
	if v.known != nil && reflect.DeepEqual(info, v.known) {
		return false
	}
	v.known = info
	v.passing.stop()
	v.passing = passing{}
	return true
}

// again sifts all rows anew.
func (v *conversation) again(a *App) {
	v.shown, v.passed, v.rows = nil, 0, 0
	v.changes++
	v.sift(a)
}

// keep notes that the user put the cursor where it is.
func (v *conversation) keep() {
	if e, ok := v.selected(); ok {
		v.kept = e.index
	}
}

// sift takes the rows that are to be shown from those that are new. The cursor
// stays on the event that it was put on, or near it.
func (v *conversation) sift(a *App) {
	before := len(v.shown)
	for ; v.passed < len(v.all); v.passed++ {
		en := v.all[v.passed]
		it := &v.items[en.index]
		switch {
		case it.Kind == event.KindMessage && it.Opcode >= 8 && !v.controls, it.Kind == event.KindData && !v.raw:
			continue
		}
		v.rows++
		if !a.filter.empty() && !a.passes(v, en.index) {
			continue
		}
		v.shown = append(v.shown, en)
	}
	if len(v.shown) > before {
		v.changes++
	}
	v.cursor.n = len(v.shown)
	v.goTo(v.kept)
	a.judge(v)
}

func (v *conversation) selected() (entry, bool) {
	if v.cursor.at >= len(v.shown) {
		return entry{}, false
	}
	return v.shown[v.cursor.at], true
}

// event returns the event of a row.
func (v *conversation) event(i int) *event.Event {
	if i < 0 || i >= len(v.shown) {
		return nil
	}
	e, err := v.view.Event(v.shown[i].index)
	if err != nil {
		return nil
	}
	if v.hide && e.Detail.Kind() != event.KindData { // of which only the beginning is seen in a list
		return event.Redact(e)
	}
	return e
}

// goTo puts the cursor on the row of an event, or on the nearest one before it.
func (v *conversation) goTo(index int) {
	v.cursor.set(sort.Search(len(v.shown), func(i int) bool { return v.shown[i].index > index }) - 1)
}

// framesAfter is how far behind a message its frames are looked for.
const framesAfter = 64

// frames returns the frames of the message at index of the view: they came
// before it, or after it where it was ended by another.
func (v *conversation) frames(index int, m *event.Message, of *event.Event) []*event.Event {
	const reach = 20_000
	var out []*event.Event
	match := func(i int) bool {
		it := &v.items[i]
		if it.Kind != event.KindFrame || it.From != of.From || it.Stream != of.Stream {
			return false
		}
		e, err := v.view.Event(i)
		if err != nil {
			return false
		}
		f, ok := e.Detail.(*event.Frame)
		return ok && f.Message == m.Number
	}
	for i := index - 1; i >= 0 && index-i < reach && uint64(len(out)) < m.Frames; i-- {
		if match(i) {
			e, _ := v.view.Event(i)
			out = append(out, e)
		}
	}
	for i := index + 1; i < len(v.items) && i-index < framesAfter && uint64(len(out)) < m.Frames; i++ {
		if match(i) {
			e, _ := v.view.Event(i)
			out = append([]*event.Event{e}, out...)
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// Columns of the messages.
var messageColumns = []column{
	{title: "#", width: 5, right: true, rank: 2},
	{title: "+Δ", width: 8, right: true, rank: 3},
	{title: "", width: 1},
	{title: "Kind", width: 9},
	{title: "Len", width: 8, right: true},
	{title: "Wire", width: 8, right: true, rank: 5},
	{title: "", width: 1, rank: 4},
	{title: "Preview", width: 8, flex: true},
}

func (a *App) drawMessages(c canvas, focus bool) {
	v := a.conv
	if v == nil {
		return
	}
	t := table{cols: messageColumns, minFlex: 12, sorted: -1}
	t.draw(c, &v.cursor, focus, func(i int) (string, line) {
		mark := ""
		if v.marks[v.shown[i].index] {
			mark = "*"
		}
		if a.chosenAt(v.row.Number, v.shown[i].index) >= 0 {
			mark = "="
		}
		e := v.event(i)
		if e == nil {
			return mark, line{{rWarning, "could not be read again"}}
		}
		before := v.row.Start
		if i > 0 {
			before = v.shown[i-1].time
		}
		return mark, eventRow(e, before, c.w, v.hide)
	})
	if v.cursor.n > 0 {
		return
	}
	why := "nothing was carried on this connection"
	switch {
	case v.view.Err() != nil:
		why = "could not be read: " + v.view.Err().Error()
	case v.view.Lost() > 0 && len(v.all) == 0:
		why = "its packets are no longer in the spool; what still comes is shown"
	case !v.done:
		why = "reading…"
	case v.passing.running != nil:
		why = "filtering…"
	case len(v.all) > 0:
		why = "no message passes the filter; / changes it"
		if a.filter.empty() {
			why = "only control messages; c shows them"
		}
	}
	c.text(2, 2, c.w-2, c.theme.styles[rDim], why)
}

// eventRow is an event as cells of the messages' columns, or as one text.
func eventRow(e *event.Event, before int64, width int, hide bool) line {
	delta := "+" + event.Duration(e.Time-before)
	if e.Time < before {
		delta = event.Duration(e.Time - before)
	}
	r := sideRole(e.From)
	switch d := e.Detail.(type) {
	case *event.Message:
		kind := r
		if d.Opcode >= 8 {
			kind = rDim
		}
		packed := ""
		if d.Compressed {
			packed = "⇐" // longer than what was on the wire, by decompression
		}
		body, bodyRole := preview(e, d, width)
		if bodyRole == rPlain && d.Opcode >= 8 {
			bodyRole = rDim
		}
		return line{
			{kind, strconv.FormatUint(d.Number, 10)}, {rDim, delta}, {r, arrow(e.From)}, {kind, event.OpcodeName(d.Opcode)},
			{rPlain, event.Size(d.Length)}, {rDim, event.Size(d.WireLength)}, {rDim, packed}, {bodyRole, body},
		}
	case *event.Data:
		return line{
			{rDim, strconv.FormatUint(e.Packets[1], 10)}, {rDim, delta}, {r, arrow(e.From)}, {r, "bytes"},
			{rPlain, event.Size(uint64(len(d.Bytes)))}, {rDim, ""}, {rDim, ""}, {rPlain, piecePreview(d.Bytes, width, hide)},
		}
	case *event.Handshake:
		s, role := handshakeLine(d)
		return line{{rDim, ""}, {rDim, delta}, {rPlain, ""}, {rHeading, "handshake"}, {rPlain, ""}, {rPlain, ""}, {rPlain, ""}, {role, s}}
	case *event.Gap:
		return line{{rWarning, "⚠ " + arrow(e.From) + " " + gapText(d)}}
	case *event.Finding:
		return line{{severityRole(d.Severity), severityMark(d.Severity) + " " + arrow(e.From) + " " + d.Rule + "  " + d.Text}}
	}
	return line{{rDim, e.Detail.Kind().String()}}
}
