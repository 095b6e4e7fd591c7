package tui

import (
	"fmt"
	"slices"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// document makes what the tab shows for a width.
func (d *detail) document(a *App, width int) document {
	switch d.tab {
	case tabJSON:
		return d.tree
	case tabHex:
		return d.hex(width)
	case tabFrames:
		return d.frameLines(width)
	case tabPackets:
		return a.packetLines(d.event, width)
	}
	switch x := d.event.Detail.(type) {
	case *event.Message:
		r := rPlain
		if x.Opcode == 8 {
			return fixed{{{rPlain, closeText(x)}}}
		}
		if len(d.payload) == 0 {
			return fixed{{{rDim, "no payload"}}}
		}
		return newTextDoc(d.payload, width, r)
	case *event.Data:
		return newTextDoc(d.payload, width, sideRole(d.event.From))
	case *event.Handshake:
		return fixed(handshakeLines(d.event, x, width))
	case *event.Gap:
		return fixed(gapLines(d.event, x, width))
	case *event.Finding:
		return fixed(findingLines(d.event, x, width))
	}
	return fixed{}
}

// hex is the payload as a dump: unmasked, or as it was on the wire.
func (d *detail) hex(width int) document {
	var note line
	p := d.payload
	if keys := d.keys(); len(keys) > 0 {
		name := "masking key "
		if len(keys) > 1 {
			name = sprintf("%d masking keys, the first ", len(keys))
		}
		state := "  bytes are unmasked"
		if d.wire {
			state = "  bytes are masked, as on the wire"
			p = d.masked()
		}
		note = line{{rDim, name}, {rMask, fmt.Sprintf("% x", keys[0])}, {rDim, state}}
		if !d.canMask() {
			note = line{{rDim, name}, {rMask, fmt.Sprintf("% x", keys[0])}, {rDim, "  bytes are unmasked and decompressed"}}
			p = d.payload
		}
	}
	doc := newHexDoc(p, width, note)
	doc.role = rPlain
	return doc
}

// keys are the masking keys of the frames.
func (d *detail) keys() [][4]byte {
	var out [][4]byte
	for _, e := range d.frames {
		if f, ok := e.Detail.(*event.Frame); ok && f.Masked {
			out = append(out, f.Mask)
		}
	}
	return out
}

// canMask tells whether the bytes on the wire follow from payload and keys.
func (d *detail) canMask() bool {
	m, ok := d.event.Detail.(*event.Message)
	if !ok || m.Compressed && m.Undecoded == "" || len(d.keys()) == 0 || len(d.keys()) != len(d.frames) {
		return false
	}
	var n uint64
	for _, e := range d.frames {
		n += e.Detail.(*event.Frame).Length
	}
	return n >= uint64(len(d.payload)) && uint64(len(d.frames)) == m.Frames
}

// masked is the payload as it was on the wire (RFC 6455 §5.3).
func (d *detail) masked() []byte {
	if !d.canMask() {
		return d.payload
	}
	out := slices.Clone(d.payload)
	at := uint64(0)
	for _, e := range d.frames {
		f := e.Detail.(*event.Frame)
		for i := range f.Length {
			if at >= uint64(len(out)) {
				return out
			}
			out[at] ^= f.Mask[i&3]
			at++
		}
	}
	return out
}

// frameLines draws the frames of the message.
func (d *detail) frameLines(width int) document {
	const most = 500
	var out fixed
	for i, e := range d.frames {
		if i == most {
			out = append(out, line{{rWarning, sprintf("… and %d more frames", len(d.frames)-most)}})
			break
		}
		f := e.Detail.(*event.Frame)
		head := line{{rHeading, sprintf("Frame %d", f.Number)}, {sideRole(e.From), "  " + arrow(e.From) + " " + e.From.String()},
			{rDim, sprintf("  offset %s, header %d B, packets %d–%d", event.Count(f.Offset), f.HeaderLength, e.Packets[0], e.Packets[1])}}
		if width < 60 {
			head = append(head[:2], span{rDim, sprintf("  packets %d–%d", e.Packets[0], e.Packets[1])})
		}
		out = append(out, head)
		if f.Missing > 0 {
			out = append(out, line{{rWarning, "⚠ " + event.Count(f.Missing) + " bytes of its payload were not captured"}})
		}
		if width >= frameWidth {
			out = append(out, frameDiagram(f)...)
		} else {
			out = append(out, frameWords(f)...)
		}
		out = append(out, line{})
	}
	return out
}
