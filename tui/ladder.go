package tui

import (
	"strings"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// idle is from how long a silence is drawn in the ladder.
const idle = int64(time.Second)

// openLadder draws the connection as a ladder: what each side sent, in order of time.
func (a *App) openLadder() {
	v := a.conv
	if v == nil {
		return
	}
	made := 0
	a.open(&page{
		name:  sprintf("Ladder of connection %d", v.row.Number),
		stale: func() bool { return v.changes != made },
		build: func(width, _ int) document {
			made = v.changes
			return &ladder{v: v, width: width, rungs: rungs(v)}
		},
	})
}

// rung is a line of the ladder: an event of the connection, or the silence before it.
type rung struct {
	at   int        // in the rows that are shown
	idle int64      // ns of silence; 0: an event
	side event.Side // of a handshake: whose part it is
}

// rungs lists the lines of a ladder.
func rungs(v *conversation) []rung {
	var out []rung
	before := v.row.Start
	for i, en := range v.shown {
		if d := en.time - before; d >= idle {
			out = append(out, rung{at: i, idle: d})
		}
		out = append(out, rung{at: i})
		if v.items[en.index].Kind == event.KindHandshake {
			out = append(out, rung{at: i, side: event.Server})
		}
		before = en.time
	}
	return out
}

// ladder is a connection as a document.
type ladder struct {
	v     *conversation
	width int
	rungs []rung
}

const (
	ladderTime = 11 // columns of the time
	ladderHead = 3  // lines before the first rung: names, start, RTT
)

func (l *ladder) body() int { return max(min(l.width-ladderTime-3, 76), 20) }

// Len implements document.
func (l *ladder) Len() int { return ladderHead + len(l.rungs) + 1 }

// Line implements document.
func (l *ladder) Line(i int) line {
	w := l.body()
	r := l.v.row
	switch {
	case i == 0:
		server := "server"
		return line{{rPlain, strings.Repeat(" ", ladderTime)}, {rClient, "client"}, {rPlain, strings.Repeat(" ", max(w-10, 1))}, {rServer, server}}
	case i == 1:
		client, server := r.Client().String(), r.Server().String()
		return line{{rPlain, strings.Repeat(" ", ladderTime)}, {rDim, client}, {rPlain, strings.Repeat(" ", max(w+2-event.Width(client)-event.Width(server), 1))}, {rDim, server}}
	case i == 2:
		s := "SYN, SYN ACK, ACK"
		if r.RTT > 0 {
			s += ": round trip " + event.Duration(r.RTT)
		}
		if r.Midstream {
			s = "already established when the capture began"
		}
		return l.note("+0 µs", s, rDim, "│")
	case i == l.Len()-1:
		return l.note("+"+event.Duration(r.Last-r.Start), "end: "+endText(r), rowRole(r), "│")
	}
	g := l.rungs[i-ladderHead]
	if g.idle > 0 {
		return l.note("", "idle "+event.Duration(g.idle), rDim, "┊")
	}
	e := l.v.event(g.at)
	if e == nil {
		return l.note("", "could not be read again", rWarning, "│")
	}
	when := "+" + event.Duration(e.Time-r.Start)
	text, role := rungText(e, w, l.v.hide)
	if h, ok := e.Detail.(*event.Handshake); ok {
		return l.handshake(when, h, g.side)
	}
	if e.From > event.Server {
		return l.note(when, text, role, "│")
	}
	if _, ok := e.Detail.(*event.Gap); ok {
		return l.note(when, text, role, "│")
	}
	if f, ok := e.Detail.(*event.Finding); ok {
		return l.note(when, severityMark(f.Severity)+" "+text, role, "│")
	}
	return l.arrow(when, text, role, e.From)
}

// handshake is the request or the response of a handshake.
func (l *ladder) handshake(when string, h *event.Handshake, side event.Side) line {
	if side == event.Client {
		if h.Method == "" {
			return l.note("", "request not captured", rWarning, "│")
		}
		return l.arrow("", h.Method+" "+h.Target+"  Upgrade: websocket", rPlain, side)
	}
	if h.Status == 0 {
		return l.note("", "no response captured", rWarning, "│")
	}
	text, role := sprintf("%d %s", h.Status, h.Reason), rWarning
	if h.Accepted {
		text, role = sprintf("%d  accept ✔", h.Status), rGood
		if h.Accept != h.AcceptExpected {
			text, role = sprintf("%d  accept ✖", h.Status), rError
		}
	}
	if h.Extensions != "" {
		text += "  " + h.Extensions
	}
	return l.arrow(when, text, role, side)
}

// arrow is a line from one side to the other.
func (l *ladder) arrow(when, text string, role role, from event.Side) line {
	w := l.body()
	text = event.Cut(event.SafeString(text), w-4)
	rest := strings.Repeat("─", max(w-3-event.Width(text), 0))
	st := sideRole(from)
	if from == event.Client {
		return line{{rDim, pad(when, ladderTime-1, true) + " "}, {rFrame, "│"}, {st, "──"}, {role, text}, {st, rest + "▶"}, {rFrame, "│"}}
	}
	return line{{rDim, pad(when, ladderTime-1, true) + " "}, {rFrame, "│"}, {st, "◀" + rest}, {role, text}, {st, "──"}, {rFrame, "│"}}
}

// note is a line that is no arrow.
func (l *ladder) note(when, text string, r role, rail string) line {
	w := l.body()
	text = event.Cut(event.SafeString(text), w)
	before := max((w-event.Width(text))/2, 0)
	return line{{rDim, pad(when, ladderTime-1, true) + " "}, {rFrame, rail}, {r, strings.Repeat(" ", before) + text + strings.Repeat(" ", max(w-before-event.Width(text), 0))}, {rFrame, rail}}
}

// rungText is an event in a few words.
func rungText(e *event.Event, width int, hide bool) (string, role) {
	switch d := e.Detail.(type) {
	case *event.Message:
		s := sprintf("#%d %s %s", d.Number, event.OpcodeName(d.Opcode), event.Size(d.Length))
		if d.WireLength != d.Length {
			s += " (" + event.Size(d.WireLength) + " on the wire)"
		}
		p, r := preview(e, d, width)
		if r == rPlain {
			r = sideRole(e.From)
		}
		return s + "  " + p, r
	case *event.Data:
		return event.Size(uint64(len(d.Bytes))) + "  " + piecePreview(d.Bytes, width, hide), sideRole(e.From)
	case *event.Handshake:
		return handshakeLine(d)
	case *event.Gap:
		return "⚠ " + arrow(e.From) + " " + gapText(d), rWarning
	case *event.Finding:
		return d.Rule + " " + d.Text, severityRole(d.Severity)
	}
	return e.Detail.Kind().String(), rDim
}

// openTimeline plots messages and bytes a second.
func (a *App) openTimeline() {
	v := a.conv
	if v == nil {
		return
	}
	made := 0
	a.open(&page{
		name:  sprintf("Timeline of connection %d", v.row.Number),
		stale: func() bool { return len(v.items) != made },
		build: func(width, height int) document {
			made = len(v.items)
			unit := "messages"
			if v.raw {
				unit = "pieces"
			}
			list := beats(v)
			// Rates first; on a screen high enough for both, distributions under them.
			room := height
			if height >= 36 {
				room = height / 2
			}
			return fixed(append(timeline(list, unit, width, room), distributions(v, list, width, max(min((height-30)/8, 4), 2))...))
		},
	})
}

// beats are the messages of a connection, or the pieces of its stream.
func beats(v *conversation) []beat {
	var out []beat
	for _, en := range v.all {
		it := &v.items[en.index]
		if it.Kind == event.KindMessage || v.raw && it.Kind == event.KindData {
			out = append(out, beat{it.Time, it.From, it.Length})
		}
	}
	return out
}
