package tui

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// choice is something that was selected to be compared: a connection, or an
// event of one.
type choice struct {
	conn  uint64
	index int // of the event in its view; -1: the connection itself
	event *event.Event
}

// choose selects the row of the cursor for a comparison, or takes that back. Of
// more than two the first is forgotten.
func (a *App) choose() {
	var c choice
	if a.focus == paneConns {
		r := a.conns.selected()
		if r == nil {
			return
		}
		c = choice{r.Number, -1, nil}
	} else {
		if a.conv == nil || a.detail.event == nil {
			return
		}
		en, _ := a.conv.selected()
		e, err := a.conv.view.Event(en.index)
		if err != nil {
			return
		}
		c = choice{a.conv.row.Number, en.index, e}
	}
	if i := a.chosenAt(c.conn, c.index); i >= 0 {
		a.chosen = slices.Delete(a.chosen, i, i+1)
	} else {
		a.chosen = append(a.chosen, c)
		a.chosen = a.chosen[max(len(a.chosen)-2, 0):]
	}
	switch len(a.chosen) {
	case 2:
		a.say(rGood, "%s and %s are selected: = compares them", a.chosen[0].name(), a.chosen[1].name())
	case 1:
		a.say(rDim, "%s is selected: Space selects another one to compare it with", a.chosen[0].name())
	}
}

// chosenAt returns the number of the choice of an event or, with -1, a connection; -1 if it was not chosen.
func (a *App) chosenAt(conn uint64, index int) int {
	return slices.IndexFunc(a.chosen, func(c choice) bool { return c.conn == conn && c.index == index })
}

// name says what was chosen.
func (c *choice) name() string {
	if c.index < 0 {
		return sprintf("connection %d", c.conn)
	}
	if m, ok := c.event.Detail.(*event.Message); ok {
		return sprintf("%s %s %d of %d", arrow(c.event.From), event.OpcodeName(m.Opcode), m.Number, c.conn)
	}
	return sprintf("%s of %d, packet %d", c.event.Detail.Kind(), c.conn, c.event.Packets[1])
}

// comparable tells whether two of a kind were selected.
func (a *App) comparable() bool {
	return len(a.chosen) == 2 && (a.chosen[0].index < 0) == (a.chosen[1].index < 0)
}

// maxCompared is how many lines of each side are compared, and maxComparedBytes
// how much of a payload.
const (
	maxCompared      = 20_000
	maxComparedBytes = 1 << 20
)

// openCompare shows the two that were selected side by side. What is long is read in the background.
func (a *App) openCompare() {
	if !a.comparable() {
		return
	}
	chosen := [2]choice(a.chosen)
	var sides [2]side
	for i, c := range chosen {
		chosen[i].event = a.seen(c.event)
		if c.index < 0 && c.conn <= uint64(len(a.conns.rows)) {
			sides[i].lines = a.facts(a.conns.rows[c.conn-1])
		}
	}
	hide := !a.revealed
	a.say(rDim, "reading…")
	a.background(func() {
		for i := range sides {
			if chosen[i].index < 0 {
				sides[i].conversation(a.src, chosen[i].conn, hide)
			} else {
				sides[i] = eventSide(chosen[i].event, a.payloadOf(chosen[i].event))
			}
		}
	}, func() {
		a.message = nil
		rows := align(sides[0].lines, sides[1].lines)
		if sides[0].byPlace && sides[1].byPlace {
			rows = between(nil, 0, len(sides[0].lines), 0, len(sides[1].lines))
		}
		name := sprintf("Compare ‹ %s    › %s", chosen[0].name(), chosen[1].name())
		a.open(&page{name: name, renew: func() { a.closePage(); a.openCompare() }, build: func(width, _ int) document {
			return compared(sides, rows, width)
		}})
	})
}

// side is one of two that are compared, as lines.
type side struct {
	lines   []string
	byPlace bool // lines belong together by their number
	cut     bool // there is more
}

func (s *side) add(text string) {
	if len(s.lines) < maxCompared {
		s.lines = append(s.lines, text)
	} else {
		s.cut = true
	}
}

// eventSide is an event as lines: what it is, then its payload.
func eventSide(e *event.Event, payload []byte) side {
	var s side
	m, ok := e.Detail.(*event.Message)
	if !ok {
		if d, ok := e.Detail.(*event.Data); ok {
			s.payload(d.Bytes, textual(d.Bytes))
			return s
		}
		for _, l := range detailLines(e) {
			s.add(l.text())
		}
		return s
	}
	s.add("from " + e.From.String())
	s.add(event.OpcodeName(m.Opcode) + " " + event.Count(m.Length) + " bytes")
	s.add(sprintf("%d on the wire, frames %d, compressed %t, masked %t", m.WireLength, m.Frames, m.Compressed, m.Masked))
	if m.Missing > 0 || m.Truncated > 0 || !m.Complete {
		s.add(sprintf("complete %t, %d bytes not captured, %d not kept", m.Complete, m.Missing, m.Truncated))
	}
	s.add("")
	if m.Opcode == 8 {
		s.add(closeText(m))
		return s
	}
	s.payload(payload, m.Opcode == 1 || textual(payload))
	return s
}

// detailLines are an event that is no message as lines.
func detailLines(e *event.Event) []line {
	const width = 200
	switch x := e.Detail.(type) {
	case *event.Handshake:
		return handshakeLines(e, x, 90)
	case *event.Gap:
		return gapLines(e, x, width)
	case *event.Finding:
		return findingLines(e, x, width)
	}
	return []line{eventRow(e, e.Time, width, true)}
}

// payload adds a payload: JSON indented, text as it is, other bytes in hex.
func (s *side) payload(p []byte, text bool) {
	if len(p) > maxComparedBytes {
		p, s.cut = p[:maxComparedBytes], true
	}
	var pretty bytes.Buffer
	if text && json.Indent(&pretty, p, "", "  ") == nil {
		p = pretty.Bytes()
	}
	if text {
		for l := range strings.Lines(string(p)) {
			s.add(strings.TrimRight(l, "\r\n"))
		}
		return
	}
	s.byPlace = true
	dump := newHexDoc(p, 44, nil) // 8 bytes a line
	for i := range dump.Len() {
		s.add(dump.Line(i).text())
	}
}

// conversation adds what a connection carried: its handshakes, then a line an event.
func (s *side) conversation(src Source, number uint64, hide bool) {
	v, err := src.Open(number)
	if err != nil {
		s.add(err.Error())
		return
	}
	defer v.Close()
	v.Wait()
	for i := range v.Len() {
		if len(s.lines) == maxCompared {
			s.cut = true
			break
		}
		e, err := v.Event(i)
		if err != nil {
			break
		}
		if hide {
			e = event.Redact(e)
		}
		switch d := e.Detail.(type) {
		case *event.Frame:
		case *event.Handshake:
			for _, h := range slices.Concat(head(rClient, "→ request", d.Method+" "+d.Target, d.RequestHeaders), head(rServer, "← response", strconv.Itoa(d.Status)+" "+d.Reason, d.ResponseHeaders)) {
				s.add(h.text())
			}
		default:
			text, _ := rungText(e, 200, hide)
			s.add(arrow(e.From) + " " + text)
		}
	}
}

// facts are a connection's figures, to stand above what it carried.
func (a *App) facts(r *session.Row) []string {
	return []string{
		"state " + r.State.String() + ", " + endText(r), "client " + r.Client().String(), "server " + r.Server().String(), "protocol " + protocolText(r),
		"path " + a.pathOf(r), sprintf("messages %d/%d", r.Messages[0], r.Messages[1]), sprintf("bytes %d/%d", r.Bytes[0], r.Bytes[1]),
		"duration " + event.Duration(r.Last-r.Start), "round trip " + event.Duration(r.RTT), sprintf("findings %d errors, %d warnings", r.Errors, r.Warnings),
	}
}

// compared draws two sides beside each other. A sign between them says how a
// row differs: ≠ both have it, differently; < only the left side; > only the right.
func compared(sides [2]side, rows []pair, width int) document {
	half := (width - 3) / 2
	var out fixed
	differ := 0
	for _, p := range rows {
		var texts [2]string
		for k, i := range [2]int{p.left, p.right} {
			if i >= 0 {
				texts[k] = sides[k].lines[i]
			}
		}
		sign, r := " ", rPlain
		left, right := line{{rPlain, texts[0]}}, line{{rPlain, texts[1]}}
		switch {
		case p.left < 0:
			sign, r, right = ">", rServer, line{{rMatch, texts[1]}}
		case p.right < 0:
			sign, r, left = "<", rClient, line{{rMatch, texts[0]}}
		case texts[0] != texts[1]:
			sign, r = "≠", rWarning
			from, l, m := differing(texts[0], texts[1])
			left = line{{rPlain, texts[0][:from]}, {rMatch, texts[0][from:l]}, {rPlain, texts[0][l:]}}
			right = line{{rPlain, texts[1][:from]}, {rMatch, texts[1][from:m]}, {rPlain, texts[1][m:]}}
		}
		if sign != " " {
			differ++
		}
		a, b := folded(left, half), folded(right, half)
		for i := range max(len(a), len(b)) {
			l := line{}
			used := 0
			if i < len(a) {
				l = append(l, a[i]...)
				used = textWidth(a[i].text())
			}
			l = append(l, span{rPlain, strings.Repeat(" ", max(half-used, 0))}, span{r, " " + sign + " "})
			if i < len(b) {
				l = append(l, b[i]...)
			}
			out = append(out, l)
		}
	}
	summary := line{{rGood, "the same, line by line"}}
	if differ > 0 {
		summary = line{{rWarning, plural(uint64(differ), "line") + " of " + event.Count(uint64(len(rows))) + " differ"}, {rDim, ": ≠ on both sides, < only on the left, > only on the right"}}
	}
	if sides[0].cut || sides[1].cut {
		summary = append(summary, span{rWarning, "; there is more than was compared"})
	}
	return append(fixed{summary, {}}, out...)
}
