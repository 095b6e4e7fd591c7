package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// found is a finding, and where it stands.
type found struct {
	index int // of the event in the view of its connection; -1: not looked up yet
	event *event.Event
}

// findingList is the list of findings: of the open connection, or of all.
type findingList struct {
	conn   uint64
	seen   int
	list   []found
	cursor cursor
	all    bool
	note   string    // how complete the list of all is
	of     extent    // of the capture when all were listed
	next   time.Time // before it they are not listed again, unless the capture is complete
	busy   bool      // they are being listed
}

// extent is how much there is to be listed.
type extent struct {
	conns            int
	errors, warnings uint64
	done             bool
}

func (a *App) extent() extent {
	x := extent{conns: len(a.conns.order), done: a.state.Done}
	for _, r := range a.conns.order {
		x.errors, x.warnings = x.errors+uint64(r.Errors), x.warnings+uint64(r.Warnings)
	}
	return x
}

// load takes over the findings of the open connection, or of all.
func (l *findingList) load(a *App) {
	if l.all {
		if !l.busy && l.of != a.extent() && (a.state.Done || time.Now().After(l.next)) {
			a.listFindings()
		}
		return
	}
	if a.conv == nil {
		*l = findingList{}
		return
	}
	if l.conn != a.conv.row.Number {
		*l = findingList{conn: a.conv.row.Number}
	}
	for ; l.seen < len(a.conv.all); l.seen++ {
		en := a.conv.all[l.seen]
		if a.conv.items[en.index].Kind != event.KindFinding {
			continue
		}
		if e, err := a.conv.view.Event(en.index); err == nil {
			l.list = append(l.list, found{en.index, e})
		}
	}
	l.cursor.resize(len(l.list))
}

// toggleAllFindings lists the findings of all connections that are listed, or
// of the open one again.
func (a *App) toggleAllFindings() {
	if a.findings.all {
		a.findings = findingList{}
		a.findings.load(a)
		return
	}
	a.findings = findingList{all: true, note: "reading…"}
	a.listFindings()
}

// listFindings lists the findings of all connections that are listed.
func (a *App) listFindings() {
	var conns []uint64
	for _, r := range a.conns.order {
		if len(a.src.Info(r).Rules) > 0 {
			conns = append(conns, r.Number)
		}
	}
	of, begun := a.extent(), time.Now()
	a.findings.of, a.findings.busy = of, true
	var list []found
	cut := false
	a.background(func() {
		for _, n := range conns {
			events, err := a.src.Findings(n)
			if err != nil {
				continue
			}
			for _, e := range events {
				list = append(list, found{-1, e})
			}
			if cut = len(list) >= maxFindings; cut {
				return
			}
		}
	}, func() {
		l := &a.findings
		if !l.all || l.of != of {
			return
		}
		was, some := l.selected()
		l.list, l.note, l.busy = list, "", false
		l.next = time.Now().Add(max(4*time.Since(begun), time.Second))
		if cut {
			l.note = sprintf("the first %s", event.Count(uint64(len(list))))
		}
		l.cursor.resize(len(list))
		if i := slices.IndexFunc(list, func(f found) bool { return some && same(f.event, was.event) }); i >= 0 {
			l.cursor.set(i)
		}
	})
}

// same tells whether two events are the same finding.
func same(x, y *event.Event) bool {
	return x.Conn == y.Conn && x.From == y.From && x.Packets == y.Packets && *x.Detail.(*event.Finding) == *y.Detail.(*event.Finding)
}

func (l *findingList) selected() (found, bool) {
	if l.cursor.at >= len(l.list) {
		return found{}, false
	}
	return l.list[l.cursor.at], true
}

var findingColumns = []column{
	{title: "", width: 1},
	{title: "Conn", width: 7, right: true},
	{title: "Rule", width: 15},
	{title: "Side", width: 8, rank: 1},
	{title: "What was seen", width: 10, flex: true},
	{title: "Reference", width: 17, rank: 2},
}

// findingConn is the column that only the list of all has.
const findingConn = 1

func (a *App) drawFindings(c canvas, focus bool) {
	l := &a.findings
	t := table{cols: findingColumns, minFlex: 30, sorted: -1}
	if !l.all {
		t.cols = slices.Delete(slices.Clone(t.cols), findingConn, findingConn+1)
	}
	t.draw(c, &l.cursor, focus, func(i int) (string, line) {
		e := a.seen(l.list[i].event)
		f := e.Detail.(*event.Finding)
		r := severityRole(f.Severity)
		side := arrow(e.From) + " " + shortSide(e.From)
		row := line{{r, severityMark(f.Severity)}, {rPlain, strconv.FormatUint(e.Conn, 10)}, {r, f.Rule}, {sideRole(e.From), side}, {rPlain, f.Text}, {rDim, f.Reference}}
		if !l.all {
			row = slices.Delete(row, findingConn, findingConn+1)
		}
		return "", row
	})
	if l.cursor.n > 0 {
		return
	}
	switch {
	case l.note != "":
		c.text(2, 1, c.w-2, c.theme.styles[rDim], l.note)
	case l.all:
		c.text(2, 1, c.w-2, c.theme.styles[rGood], "✔ no findings")
	default:
		c.text(2, 1, c.w-2, c.theme.styles[rGood], "✔ no findings on this connection; a lists those of all")
	}
}

// reveal goes from a finding to the message or frame that it is about. Of
// another connection, that is opened first, and revealed when it was read.
func (a *App) reveal() {
	f, ok := a.findings.selected()
	if !ok {
		return
	}
	a.focus = paneMessages
	if f.index < 0 {
		if wrong := a.openNumber(sprintf("%d", f.event.Conn)); wrong != "" {
			a.say(rWarning, "%s", wrong)
			return
		}
		a.goal = f.event
		a.reachGoal()
		return
	}
	a.revealAt(f)
}

// reachGoal reveals the finding that was asked for, once its connection was read.
func (a *App) reachGoal() {
	if a.goal == nil || a.conv == nil || a.conv.row.Number != a.goal.Conn {
		a.goal = nil
		return
	}
	want := a.goal.Detail.(*event.Finding)
	for i := range a.conv.items {
		it := &a.conv.items[i]
		if it.Kind != event.KindFinding || it.From != a.goal.From {
			continue
		}
		if e, err := a.conv.view.Event(i); err == nil && *e.Detail.(*event.Finding) == *want {
			a.goal = nil
			a.revealAt(found{i, e})
			return
		}
	}
	if a.conv.done {
		a.goal = nil
	}
}

// revealAt goes to what a finding of the open connection is about.
func (a *App) revealAt(f found) {
	x := f.event.Detail.(*event.Finding)
	// A finding stands before the frame that it is about, or after the message.
	is := func(i int) bool {
		it := &a.conv.items[i]
		if it.From != f.event.From || it.Stream != f.event.Stream {
			return false
		}
		return it.Kind == event.KindMessage && x.Message != 0 && it.Number == x.Message ||
			it.Kind == event.KindFrame && x.Message == 0 && x.Frame != 0 && it.Number == x.Frame
	}
	to := f.index
	for d := 0; d < 20_000; d++ {
		if i := f.index + d; i < len(a.conv.items) && is(i) {
			to = i
			break
		}
		if i := f.index - d; i >= 0 && is(i) {
			to = i
			break
		}
	}
	if a.conv.items[to].Kind == event.KindFrame {
		to = a.messageOf(to)
	}
	a.conv.goTo(to)
	a.showChosen()
	if len(a.detail.frames) > 0 {
		a.detail.tab, a.detail.pager.doc = tabFrames, nil
	}
}

// messageOf returns the index of the message that the frame at an index belongs to.
func (a *App) messageOf(index int) int {
	v := a.conv
	e, err := v.view.Event(index)
	if err != nil {
		return index
	}
	f, ok := e.Detail.(*event.Frame)
	for i := index; ok && i < len(v.items) && i-index < 20_000; i++ {
		if it := &v.items[i]; it.Kind == event.KindMessage && it.From == e.From && it.Stream == e.Stream && it.Number == f.Message {
			return i
		}
	}
	return index
}

// explain shows what a rule means.
func (a *App) explain() {
	var f *event.Finding
	if a.focus == paneFindings {
		if x, ok := a.findings.selected(); ok {
			f = a.seen(x.event).Detail.(*event.Finding)
		}
	} else if a.detail.event != nil {
		f, _ = a.detail.event.Detail.(*event.Finding)
	}
	if f == nil {
		a.say(rWarning, "x explains a finding: none is selected")
		return
	}
	a.open(&page{name: "Rule " + f.Rule, build: func(width, _ int) document {
		out := fixed{}
		r, ok := rules.ByID(f.Rule)
		if !ok {
			return append(out, line{{rDim, "no text about " + f.Rule}})
		}
		out = append(out, wrapped(rPlain, "Here: "+f.Text, width)...)
		if f.Advice != "" {
			out = append(out, wrapped(rGood, f.Advice, width)...)
		}
		out = append(out, line{})
		for _, s := range strings.Split(strings.TrimRight(rules.Text(r, min(width, 100)), "\n"), "\n") {
			st := rPlain
			if s != "" && s[0] != ' ' {
				st = rHeading
			}
			out = append(out, line{{st, s}})
		}
		return out
	}})
}

// findingLines is a finding in full.
func findingLines(e *event.Event, f *event.Finding, width int) []line {
	out := []line{{{severityRole(f.Severity), severityMark(f.Severity) + " " + f.Rule}, {rDim, "  " + f.Severity.String() + "  " + f.Reference}}}
	out = append(out, wrapped(rPlain, f.Text, width)...)
	for _, part := range []struct{ name, text string }{{"Evidence", f.Evidence}, {"Advice", f.Advice}} {
		if part.text != "" {
			out = append(out, line{}, line{{rHeading, part.name}})
			out = append(out, wrapped(rPlain, part.text, width)...)
		}
	}
	return append(out, line{}, line{{rDim, "at fault: " + cmpOr(shortSide(e.From), "nobody") + " · x explains the rule"}})
}

// gapLines says what a hole in the capture is.
func gapLines(e *event.Event, g *event.Gap, width int) []line {
	out := wrapped(rWarning, "⚠ "+gapText(g), width)
	out = append(out, line{{rPlain, sprintf("stream of the %s, offset %s to %s", e.From, event.Count(g.Offset), event.Count(g.Offset+g.Length))}})
	why := map[string]string{
		"lost":      "The packets that carried them are not in the capture, though the other side acknowledged them: the capture lost them, the connection did not.",
		"snaplen":   "The capture kept only the beginning of each packet. Capture with a larger snap length to see the rest.",
		"limit":     "They were there but a bound of the analyzer was reached.",
		"midstream": "The connection was already established when the capture began.",
	}[g.Cause]
	return append(out, wrapped(rDim, why, width)...)
}

// wrapped breaks text into lines at spaces.
func wrapped(r role, s string, width int) []line {
	width = max(width, 16)
	var out []line
	for _, paragraph := range strings.Split(string(event.SafeLines(nil, []byte(s))), "\n") {
		for paragraph != "" {
			n := fitText([]byte(paragraph), width)
			if n < len(paragraph) {
				if i := strings.LastIndexByte(paragraph[:n], ' '); i > 0 {
					n = i + 1
				}
			}
			out = append(out, line{{r, strings.TrimRight(paragraph[:n], " ")}})
			paragraph = paragraph[n:]
		}
	}
	return out
}

func cmpOr(s, or string) string {
	if s == "" {
		return or
	}
	return s
}
