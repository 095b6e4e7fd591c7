package tui

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// tab is a way to look at what is selected.
type tab int

const (
	tabText tab = iota
	tabJSON
	tabHex
	tabFrames
	tabPackets
	numTabs
)

var tabNames = [numTabs]string{"Text", "JSON", "Hex", "Frames", "Packets"}

// detail is the third pane: the selected event in full.
type detail struct {
	index   int // of the event in the view; -1: none
	conn    uint64
	event   *event.Event
	of      *event.Event // what the view has of it
	looked  int          // events that its frames were looked for among
	payload []byte
	partial bool // the payload is a preview; the whole is being read
	frames  []*event.Event
	tree    *jsonTree
	tab     tab
	chosen  bool // the tab was chosen, and stays where the next message has it
	wire    wireForm
	onWire  *wireBytes // nil: not read yet
	width   int        // of the document in the pager
	pager   pager
	tabs    []tab
	cursor  int // line of the cursor in the tree
}

// show takes over the event that is selected.
func (d *detail) show(a *App) {
	if a.conv == nil {
		*d = detail{index: -1, tab: d.tab}
		return
	}
	en, ok := a.conv.selected()
	if !ok {
		*d = detail{index: -1, tab: d.tab, chosen: d.chosen, wire: d.wire}
		return
	}
	if d.index == en.index && d.conn == a.conv.row.Number && d.event != nil {
		d.lookAgain(a)
		return
	}
	e, err := a.conv.view.Event(en.index)
	*d = detail{index: en.index, conn: a.conv.row.Number, event: e, tab: d.tab, chosen: d.chosen, wire: d.wire}
	d.of, d.looked = e, len(a.conv.items)
	d.pager.match = a.find
	if err != nil || e == nil {
		d.event = nil
		return
	}
	e = a.seen(e)
	d.event = e
	switch m := e.Detail.(type) {
	case *event.Message:
		d.payload = m.Payload
		d.frames = a.conv.frames(en.index, m, e)
		if uint64(len(m.Payload)) < m.Length {
			d.partial = true
			a.fetch(e, m)
		}
		if (m.Opcode == 1 || m.Opcode == 2) && !d.partial {
			d.tree = treeOf(m, d.payload)
		}
	case *event.Data:
		d.payload = m.Bytes
	}
	d.settle(a)
	if len(d.wireForms()) == 1 {
		d.wire = wireDecoded
	} else if d.wire != wireDecoded {
		a.fetchWire()
	}
}

// lookAgain looks for the frames of the message that were not there yet.
func (d *detail) lookAgain(a *App) {
	m, ok := d.message()
	if !ok || uint64(len(d.frames)) >= m.Frames || d.looked == len(a.conv.items) || d.looked-d.index >= framesAfter {
		return
	}
	d.looked = len(a.conv.items)
	frames := a.conv.frames(d.index, m, d.event)
	if len(frames) == len(d.frames) {
		return
	}
	d.frames = frames
	if d.settle(a); d.tab == tabFrames || d.tab == tabHex {
		d.pager.doc = nil
	}
}

// fetch reads the whole payload of the message that is shown, in the background.
func (a *App) fetch(e *event.Event, m *event.Message) {
	conn, id, of := a.conv.row.Number, messageID(e, m), a.detail.of
	var whole *event.Event
	var err error
	a.background(func() { whole, err = a.src.Payload(conn, id) }, func() {
		d := &a.detail
		if d.of != of {
			return // something else is shown now
		}
		d.partial = false
		if err != nil {
			a.say(rError, "the payload could not be read again: %v", err)
			return
		}
		m := whole.Detail.(*event.Message)
		d.event, d.payload, d.pager.doc = whole, m.Payload, nil
		if m.Opcode == 1 || m.Opcode == 2 {
			d.tree = treeOf(m, d.payload)
		}
		d.settle(a)
	})
}

// payloadOf returns the whole payload of a message or of data.
func (a *App) payloadOf(e *event.Event) []byte {
	switch m := e.Detail.(type) {
	case *event.Data:
		return m.Bytes
	case *event.Message:
		if uint64(len(m.Payload)) < m.Length {
			if whole, err := a.src.Payload(e.Conn, messageID(e, m)); err == nil {
				return whole.Detail.(*event.Message).Payload
			}
		}
		return m.Payload
	}
	return nil
}

func messageID(e *event.Event, m *event.Message) session.MessageID {
	return session.MessageID{Stream: e.Stream, From: e.From, Number: m.Number}
}

// settle chooses the tab.
func (d *detail) settle(a *App) {
	d.tabs = d.available(a)
	if !slices.Contains(d.tabs, d.tab) || !d.chosen {
		d.tab = d.best()
	}
}

// treeOf reads a message's payload as JSON; nil if it is none.
func treeOf(m *event.Message, p []byte) *jsonTree {
	if strings.Contains(m.Type, "socket.io") || strings.Contains(m.Type, "engine.io") {
		for len(p) > 0 && p[0] >= '0' && p[0] <= '9' { // packet types before the JSON
			p = p[1:]
		}
	}
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case ' ', '\t', '\r', '\n':
			continue
		case '{', '[', '"':
			t, err := parseTree(p[i:])
			if err != nil {
				return nil
			}
			return t
		}
		return nil
	}
	return nil
}

// available are the tabs that the selected event has.
func (d *detail) available(a *App) []tab {
	tabs := []tab{tabText}
	switch d.event.Detail.(type) {
	case *event.Message:
		if d.tree != nil {
			tabs = append(tabs, tabJSON)
		}
		tabs = append(tabs, tabHex)
		if len(d.frames) > 0 {
			tabs = append(tabs, tabFrames)
		}
	case *event.Data:
		tabs = append(tabs, tabHex)
	}
	if a.packetsAvailable(d.event) {
		tabs = append(tabs, tabPackets)
	}
	return tabs
}

// best is the tab that shows most of the selected event.
func (d *detail) best() tab {
	switch m := d.event.Detail.(type) {
	case *event.Message:
		switch {
		case d.tree != nil:
			return tabJSON
		case m.Opcode == 2 || m.Undecoded != "":
			return tabHex
		}
	case *event.Data:
		if !textual(d.payload) {
			return tabHex
		}
	}
	return tabText
}

// textual tells whether p reads as text.
func textual(p []byte) bool {
	p = p[:min(len(p), 512)]
	for _, c := range p {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	for n := 0; n < utf8.UTFMax-1 && len(p) > 0 && !utf8.Valid(p); n++ { // a character may be cut
		p = p[:len(p)-1]
	}
	return utf8.Valid(p)
}

// turn goes to the next or the previous tab.
func (d *detail) turn(by int) {
	if len(d.tabs) == 0 {
		return
	}
	i := max(slices.Index(d.tabs, d.tab), 0)
	d.tab = d.tabs[(i+by+len(d.tabs))%len(d.tabs)]
	d.chosen, d.pager.doc = true, nil
}

// title is the pane's title: the tabs, the one that is shown in brackets.
func (d *detail) title() line {
	if d.event == nil {
		return line{{rDim, "[3] Detail "}}
	}
	l := line{{rHeading, "[3]"}}
	for _, t := range d.tabs {
		if t == d.tab {
			l = append(l, span{rFocus, " ‹" + tabNames[t] + "›"})
		} else {
			l = append(l, span{rDim, " " + tabNames[t]})
		}
	}
	return append(l, span{rDim, " "})
}

// foot says what the selected event is.
func (d *detail) foot() string {
	if d.event == nil {
		return ""
	}
	pk := sprintf("packets %d–%d", d.event.Packets[0], d.event.Packets[1])
	if d.event.Packets[0] == d.event.Packets[1] {
		pk = sprintf("packet %d", d.event.Packets[0])
	}
	switch m := d.event.Detail.(type) {
	case *event.Message:
		s := sprintf("%s %d %s %s", arrow(d.event.From), m.Number, event.OpcodeName(m.Opcode), event.Size(m.Length))
		if m.Compressed {
			s += " ⇐ " + event.Size(m.WireLength)
		}
		return " " + s + " · " + pk + " "
	case *event.Data:
		return sprintf(" %s offset %s · %s ", arrow(d.event.From), event.Count(m.Offset), pk)
	}
	return " " + pk + " "
}

func (a *App) drawDetail(c canvas, focus bool) {
	d := &a.detail
	if d.event == nil {
		c.text(1, 0, c.w-1, c.theme.styles[rDim], "nothing selected")
		return
	}
	if d.pager.doc == nil || d.width != c.w {
		d.width = c.w
		top := d.pager.top
		if d.pager.doc == nil {
			d.pager.open(d.document(a, c.w))
		} else {
			d.pager.replace(d.document(a, c.w))
			d.pager.top = top
		}
	}
	if d.tab == tabJSON {
		d.drawTree(c, focus)
		return
	}
	d.pager.draw(c)
}

// drawTree draws the JSON tree with its cursor.
func (d *detail) drawTree(c canvas, focus bool) {
	p := &d.pager
	p.rows = max(c.h, 1)
	d.cursor = max(min(d.cursor, d.tree.Len()-1), 0)
	p.top = max(min(p.top, d.cursor), d.cursor-p.rows+1)
	p.scroll(0)
	for y := 0; y < c.h && p.top+y < d.tree.Len(); y++ {
		l := d.tree.Line(p.top + y)
		if p.match != nil {
			l = highlight(l, p.match)
		}
		if p.top+y != d.cursor {
			c.line(1, y, l, nil)
			continue
		}
		on := &c.theme.resting
		if focus {
			on = &c.theme.selected
			c.clearLine(y, *on)
			c.text(0, y, 1, *on, "▸")
		}
		c.line(1, y, l, on)
	}
}
