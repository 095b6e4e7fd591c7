package tui

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

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
	items    []session.Item
	seen     int // events looked at so far
	all      []entry
	shown    []entry
	passed   int // of all, those that were looked at for shown
	cursor   cursor
	controls bool // control messages are shown
	marks    map[int]bool
	counts   [event.NumKinds]int
	known    *query.ConnInfo // of the connection, as of knownAt packets
	knownAt  uint64
	passing  passing
	hide     bool // credentials are left out
}

func newConversation(row *session.Row, v View) *conversation {
	return &conversation{row: row, view: v, controls: true, marks: map[int]bool{}}
}

func (v *conversation) close() {
	v.passing.stop()
	v.view.Close()
}

// load takes over the events that came since.
func (v *conversation) load(a *App) {
	wasRaw := v.raw()
	v.items = v.view.Items(v.items, len(v.items), v.view.Len())
	for ; v.seen < len(v.items); v.seen++ {
		it := &v.items[v.seen]
		v.counts[it.Kind]++
		if it.Kind == event.KindConnection || it.Kind == event.KindFrame {
			continue
		}
		v.all = append(v.all, entry{v.seen, it.Time})
	}
	if v.raw() != wasRaw {
		v.again(a)
		return
	}
	v.sift(a)
}

// raw tells whether the connection is shown as a stream of bytes.
func (v *conversation) raw() bool { return v.counts[event.KindMessage] == 0 }

// again sifts all rows anew; the cursor stays on its event, or near it.
func (v *conversation) again(a *App) {
	at := -1
	if e, ok := v.selected(); ok {
		at = e.index
	}
	v.shown, v.passed = nil, 0
	v.sift(a)
	to := 0
	for i, e := range v.shown {
		if e.index <= at {
			to = i
		}
	}
	v.cursor.set(to)
}

// sift takes the rows that are to be shown from those that are new.
func (v *conversation) sift(a *App) {
	raw := v.raw()
	for ; v.passed < len(v.all); v.passed++ {
		en := v.all[v.passed]
		it := &v.items[en.index]
		switch {
		case it.Kind == event.KindMessage && it.Opcode >= 8 && !v.controls, it.Kind == event.KindData && !raw:
			continue
		}
		if !a.filter.empty() && !a.passes(v, en.index) {
			continue
		}
		v.shown = append(v.shown, en)
	}
	v.cursor.resize(len(v.shown))
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
	to := 0
	for i, e := range v.shown {
		if e.index > index {
			break
		}
		to = i
	}
	v.cursor.set(to)
}

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
	for i := index + 1; i < len(v.items) && i-index < 64 && uint64(len(out)) < m.Frames; i++ {
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
	case !v.view.Done():
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

// preview is a message in one line: what is wrong with it first.
func preview(e *event.Event, m *event.Message, width int) (string, role) {
	var alarms []string
	if m.Masked && e.From == event.Server {
		alarms = append(alarms, "masked")
	} else if !m.Masked && e.From == event.Client {
		alarms = append(alarms, "not masked")
	}
	if !m.Complete {
		alarms = append(alarms, "incomplete")
	}
	if m.Missing > 0 {
		alarms = append(alarms, event.Size(m.Missing)+" not captured")
	}
	if m.Truncated > 0 {
		alarms = append(alarms, event.Size(m.Truncated)+" not kept")
	}
	if m.Undecoded != "" {
		alarms = append(alarms, "not decompressed: "+m.Undecoded)
	}
	s, r := "", rPlain
	if len(alarms) > 0 {
		s, r = "["+strings.Join(alarms, ", ")+"] ", rWarning
	}
	if m.Type != "" {
		s += m.Type + " "
	}
	if m.Frames > 1 {
		s += strconv.FormatUint(m.Frames, 10) + " frames "
	}
	p := m.Payload[:min(len(m.Payload), max(width, 16))]
	switch {
	case m.Opcode == 8:
		s += closeText(m)
	case m.Undecoded != "":
		s += bytesPreview(p, width)
	case m.Opcode == 10 && m.Latency >= 0:
		s += "rtt " + event.Duration(m.Latency) + " " + bytesPreview(p, width)
	case m.Opcode == 1:
		s += string(event.SafeText(nil, p, 0))
	default:
		s += bytesPreview(p, width)
	}
	return s, r
}

// piecePreview is bytesPreview of a piece of a stream, on request without credentials.
func piecePreview(p []byte, width int, hide bool) string {
	p = p[:min(len(p), max(width, 16))]
	if hide {
		var r event.StreamRedactor
		p = r.Append(nil, p)
	}
	return bytesPreview(p, width)
}

// bytesPreview is p as text where it reads as text, else in hex.
func bytesPreview(p []byte, width int) string {
	p = p[:min(len(p), max(width, 16))]
	printable := 0
	for _, c := range p {
		if c >= 0x20 && c < 0x7f || c == '\n' || c == '\r' || c == '\t' || c >= 0x80 {
			printable++
		}
	}
	text := p
	for n := 0; n < 3 && len(text) > 0 && !utf8.Valid(text); n++ { // a character may be cut
		text = text[:len(text)-1]
	}
	if len(text) > 0 && printable == len(p) && utf8.Valid(text) {
		return string(event.SafeText(nil, text, 0))
	}
	return fmt.Sprintf("% x", p)
}

// closeNames are the registered close codes (RFC 6455 §7.4.1 and the IANA registry).
var closeNames = map[uint16]string{
	1000: "normal closure", 1001: "going away", 1002: "protocol error", 1003: "unsupported data",
	1005: "no status (may not be sent)", 1006: "abnormal closure (may not be sent)", 1007: "invalid payload data",
	1008: "policy violation", 1009: "message too big", 1010: "mandatory extension", 1011: "internal error",
	1012: "service restart", 1013: "try again later", 1014: "bad gateway", 1015: "TLS handshake (may not be sent)",
}

func closeText(m *event.Message) string {
	code, reason, ok := m.CloseCode()
	switch {
	case m.Length == 0:
		return "no code"
	case !ok:
		return fmt.Sprintf("no whole code: % x", m.Payload[:min(len(m.Payload), 16)])
	}
	s := strconv.Itoa(int(code))
	if name := closeNames[code]; name != "" {
		s += " " + name
	}
	if len(reason) > 0 {
		s += ": " + string(event.SafeText(nil, reason, 0))
	}
	return s
}

func handshakeLine(h *event.Handshake) (string, role) {
	s := strings.TrimSpace(h.Method + " " + h.Target)
	if s == "" {
		s = "request not captured"
	}
	if h.Status == 0 {
		return s + " → no response captured", rWarning
	}
	s += " → " + strconv.Itoa(h.Status) + " " + h.Reason
	if !h.Accepted {
		return s + " (refused)", rWarning
	}
	if h.Extensions != "" {
		s += ", " + h.Extensions
	}
	return s, rGood
}

var gapCauses = map[string]string{
	"lost": "not captured", "snaplen": "cut off by the snap length", "limit": "dropped: a bound was reached", "midstream": "sent before the capture began",
}

func gapText(g *event.Gap) string {
	cause := gapCauses[g.Cause]
	if cause == "" {
		cause = g.Cause
	}
	return event.Count(g.Length) + " bytes " + cause
}

func severityRole(s event.Severity) role {
	switch s {
	case event.Error:
		return rError
	case event.Warning:
		return rWarning
	}
	return rDim
}

func severityMark(s event.Severity) string {
	switch s {
	case event.Error:
		return "✖"
	case event.Warning:
		return "⚠"
	}
	return "i"
}
