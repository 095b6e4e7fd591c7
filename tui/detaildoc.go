package tui

import (
	"fmt"

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

// hex is the payload as a dump: decoded, unmasked, or as it was on the wire.
func (d *detail) hex(width int) document {
	m, message := d.message()
	p, state := d.payload, "bytes"
	if message && m.Compressed && m.Undecoded == "" {
		state = "decompressed"
	}
	keys := d.keys()
	if message && len(keys) > 0 {
		state = map[bool]string{false: "unmasked", true: "unmasked, decompressed"}[m.Compressed && m.Undecoded == ""]
	}
	switch {
	case d.wire == wireDecoded || len(d.wireForms()) == 1:
	case d.onWire == nil:
		state = "reading what was on the wire…"
	case d.wire == wireUnmasked:
		p, state = d.onWire.unmasked, "unmasked, still compressed"
	case len(keys) > 0:
		p, state = d.onWire.raw, "masked, as on the wire"
	default:
		p, state = d.onWire.raw, "compressed, as on the wire"
	}
	var note line
	if len(keys) > 0 {
		name := "masking key "
		if len(keys) > 1 {
			name = sprintf("%d masking keys, first ", len(keys))
		}
		note = line{{rDim, name}, {rMask, fmt.Sprintf("% x", keys[0])}, {rDim, "  " + state}}
	} else if len(d.wireForms()) > 1 {
		note = line{{rDim, state}}
	}
	if d.wire != wireDecoded && d.onWire != nil && d.onWire.missing > 0 {
		note = append(note, span{rWarning, sprintf("  %d of them were not captured: zero here", d.onWire.missing)})
	}
	if d.wire != wireDecoded && d.onWire != nil && d.onWire.cut {
		note = append(note, span{rWarning, "  only the first " + event.Size(maxWire)})
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
