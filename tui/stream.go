package tui

import "github.com/sockeye-dev/sockeye/dissect/event"

// maxStream is how many bytes of a stream are shown at a time.
const maxStream = 8 << 20

// openStream shows the bytes of the connection in the order in which they could be read.
func (a *App) openStream() {
	v := a.conv
	if v == nil {
		return
	}
	if v.counts[event.KindData] == 0 {
		a.say(rWarning, "no stream to follow: this connection is shown as messages")
		return
	}
	hex, made := false, 0
	p := &page{name: sprintf("Stream of connection %d: → client, ← server", v.row.Number)}
	p.stale = func() bool { return len(v.items) != made }
	p.toggled = func() { hex = !hex; made = -1 }
	p.build = func(width, _ int) document {
		made = len(v.items)
		return newStreamDoc(v, width, hex)
	}
	a.open(p)
}

// streamDoc is a stream's pieces one after the other.
type streamDoc struct {
	parts  []document
	events []*event.Event
	starts []int // line of each part's first line; the length at the end
	hex    bool
	cut    bool
}

func newStreamDoc(v *conversation, width int, hex bool) *streamDoc {
	d := &streamDoc{starts: []int{0}, hex: hex}
	bytes := 0
	for _, en := range v.all {
		if k := v.items[en.index].Kind; k != event.KindData && k != event.KindGap {
			continue
		}
		e, err := v.view.Event(en.index)
		if err != nil {
			continue
		}
		var doc document
		switch x := e.Detail.(type) {
		case *event.Data:
			if bytes += len(x.Bytes); bytes > maxStream {
				d.cut = true
				return d
			}
			if hex || !textual(x.Bytes) {
				h := newHexDoc(x.Bytes, width-2, nil)
				h.base, h.role = x.Offset, sideRole(e.From)
				doc = h
			} else {
				doc = newTextDoc(x.Bytes, width-2, sideRole(e.From))
			}
		case *event.Gap:
			doc = fixed{{{rWarning, "⚠ " + gapText(x)}}}
		}
		d.parts, d.events = append(d.parts, doc), append(d.events, e)
		d.starts = append(d.starts, d.starts[len(d.starts)-1]+doc.Len())
	}
	return d
}

// Len implements document.
func (d *streamDoc) Len() int {
	n := d.starts[len(d.starts)-1]
	if d.cut {
		n++
	}
	return n
}

// Line implements document.
func (d *streamDoc) Line(i int) line {
	if i >= d.starts[len(d.starts)-1] {
		return line{{rWarning, "… only the first " + event.Size(maxStream) + " are shown here"}}
	}
	lo, hi := 0, len(d.parts)
	for lo+1 < hi {
		if mid := (lo + hi) / 2; d.starts[mid] <= i {
			lo = mid
		} else {
			hi = mid
		}
	}
	e := d.events[lo]
	return append(line{{sideRole(e.From), arrow(e.From) + " "}}, d.parts[lo].Line(i-d.starts[lo])...)
}
