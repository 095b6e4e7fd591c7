package tui

import (
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// maxStream is how many bytes of a stream are shown at a time.
const maxStream = 8 << 20

// openStream shows the bytes of the connection in the order in which they could
// be read, heads and frames included.
func (a *App) openStream() {
	v := a.conv
	if v == nil {
		return
	}
	raw, err := a.src.Raw(v.row.Number)
	if err != nil {
		a.say(rError, "the stream of connection %d: %v", v.row.Number, err)
		return
	}
	hex := false
	doc := (*streamDoc)(nil)
	p := &page{name: sprintf("Stream of connection %d: → client, ← server", v.row.Number), closed: raw.Close}
	p.reading = func() bool { return !raw.Done() }
	p.stale = func() bool { return doc == nil || raw.Len() != doc.seen && !doc.cut }
	p.toggled = func() { hex, doc = !hex, nil }
	p.build = func(width, _ int) document {
		if doc == nil || doc.width != width || doc.hide == a.revealed {
			doc = &streamDoc{starts: []int{0}, hex: hex, width: width, hide: !a.revealed}
		}
		doc.grow(raw)
		if doc.Len() == 0 && raw.Done() {
			return fixed{{{rDim, "no bytes were carried"}}}
		}
		return doc
	}
	a.open(p)
}

// streamDoc is a stream's pieces one after the other.
type streamDoc struct {
	parts  []document
	from   []event.Side
	starts []int // line of each part's first line; the length at the end
	hex    bool
	width  int
	hide   bool
	hidden [2]event.StreamRedactor // by side
	bytes  int
	seen   int // events looked at so far
	cut    bool
}

// grow takes over the pieces that came since.
func (d *streamDoc) grow(v View) {
	for n := v.Len(); d.seen < n && !d.cut; d.seen++ {
		e, err := v.Event(d.seen)
		if err != nil {
			return
		}
		var doc document
		switch x := e.Detail.(type) {
		case *event.Data:
			if d.bytes += len(x.Bytes); d.bytes > maxStream {
				d.cut = true
				return
			}
			doc = d.piece(e.From, x)
		case *event.Gap:
			doc = fixed{{{rWarning, "⚠ " + gapText(x)}}}
		default:
			continue
		}
		d.parts, d.from = append(d.parts, doc), append(d.from, e.From)
		d.starts = append(d.starts, d.starts[len(d.starts)-1]+doc.Len())
	}
}

func (d *streamDoc) piece(from event.Side, x *event.Data) document {
	b := x.Bytes
	if d.hide && from <= event.Server {
		b = d.hidden[from].Append(nil, b)
	}
	if d.hex || !textual(b) {
		h := newHexDoc(b, d.width-2, nil)
		h.base, h.role = x.Offset, sideRole(from)
		return h
	}
	return newTextDoc(b, d.width-2, sideRole(from))
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
	from := d.from[lo]
	return append(line{{sideRole(from), arrow(from) + " "}}, d.parts[lo].Line(i-d.starts[lo])...)
}

// wireForm is a state of a message's payload between wire and application.
type wireForm int

const (
	wireDecoded  wireForm = iota // unmasked and decompressed
	wireUnmasked                 // unmasked, still compressed
	wireRaw                      // as it was on the wire
)

// maxWire is how much of a message is shown as it was on the wire.
const maxWire = 16 << 20

// wireForms lists the forms that differ for the message, decoded first.
func (d *detail) wireForms() []wireForm {
	m, ok := d.message()
	if !ok || len(d.frames) == 0 {
		return []wireForm{wireDecoded}
	}
	masked := len(d.keys()) > 0
	switch {
	case m.Compressed && m.Undecoded == "" && masked:
		return []wireForm{wireDecoded, wireUnmasked, wireRaw}
	case m.Compressed && m.Undecoded == "" || masked:
		return []wireForm{wireDecoded, wireRaw}
	}
	return []wireForm{wireDecoded}
}

func (d *detail) message() (*event.Message, bool) {
	if d.event == nil {
		return nil, false
	}
	m, ok := d.event.Detail.(*event.Message)
	return m, ok
}

// toggleWire shows the next form of the payload's bytes.
func (a *App) toggleWire() {
	d := &a.detail
	forms := d.wireForms()
	at := 0
	for i, f := range forms {
		if f == d.wire {
			at = i
		}
	}
	d.wire = forms[(at+1)%len(forms)]
	if d.wire != wireDecoded && d.onWire == nil {
		a.fetchWire()
	}
	d.pager.replace(d.document(a, d.width))
}

// fetchWire reads the payloads of the message's frames from the stream, in the background.
func (a *App) fetchWire() {
	d := &a.detail
	conn, of, from := d.conn, d.of, d.event.From
	frames := make([]*event.Frame, len(d.frames))
	for i, e := range d.frames {
		frames[i] = e.Detail.(*event.Frame)
	}
	var w *wireBytes
	var err error
	a.background(func() { w, err = readWire(a.src, conn, from, frames) }, func() {
		d := &a.detail
		if d.of != of {
			return // something else is shown now
		}
		if err != nil {
			a.say(rError, "the bytes on the wire could not be read again: %v", err)
			return
		}
		d.onWire = w
		if d.width > 0 {
			d.pager.replace(d.document(a, d.width))
		}
	})
}

// wireBytes are the payloads of a message's frames as they were on the wire.
type wireBytes struct {
	raw      []byte
	unmasked []byte
	missing  uint64 // bytes that were not captured: zero in both
	cut      bool   // there are more than maxWire
}

// readWire reads the payloads of frames from the stream that carried them.
func readWire(src Source, conn uint64, from event.Side, frames []*event.Frame) (*wireBytes, error) {
	w := &wireBytes{}
	for _, f := range frames {
		n := f.Length
		if room := uint64(maxWire - len(w.raw)); n > room {
			n, w.cut = room, true
		}
		start := f.Offset + uint64(f.HeaderLength)
		chunks, err := src.Stream(conn, from, start, n)
		if err != nil {
			return nil, err
		}
		payload, missing := joined(chunks, start, n)
		w.missing += missing
		w.raw = append(w.raw, payload...)
		for i := range payload {
			w.unmasked = append(w.unmasked, payload[i]^f.Mask[i&3]) // of a frame that is not masked the key is zero
		}
		if w.cut {
			break
		}
	}
	return w, nil
}

// joined returns the n bytes from offset on that chunks hold, and how many of
// them they do not; n is at most maxWire.
func joined(chunks []session.Chunk, offset, n uint64) ([]byte, uint64) {
	out := make([]byte, n)
	have := uint64(0)
	for _, c := range chunks {
		if c.Offset >= offset && c.Offset-offset < n {
			have += uint64(copy(out[c.Offset-offset:], c.Bytes))
		}
	}
	return out, n - min(have, n)
}
