package wstest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

const (
	rowsBefore = 5 // rows of the conversation shown before the place of a failure
	rowsAfter  = 3
	dumpBytes  = 64 // payload bytes shown of a frame
	rowWidth   = 120
	maxShown   = 5 // findings shown with all there is; the others in one line
	maxListed  = 50
)

// place is where in a conversation something is wrong.
type place struct {
	from    Side
	frame   uint64 // 0: not at a frame
	message uint64
	opening bool // in the handshake
}

// title names a conversation in one line.
func (c *conversation) title() string {
	s := fmt.Sprintf("connection %d", c.number)
	var more []string
	if c.sum != nil {
		s += fmt.Sprintf(" (%s → %s, %s, %s)", c.sum.Client, c.sum.Server, strings.Join(c.sum.Layers, " › "), c.sum.State)
		more = append(more, fmt.Sprintf("%d bytes from the client, %d from the server", c.sum.Bytes[0], c.sum.Bytes[1]))
	}
	if c.rec != nil {
		how := c.rec.how()
		if c.rec.open {
			how += ", still open"
		}
		more = append(more, how)
		if c.rec.trouble != nil {
			more = append(more, "error: "+event.SafeString(c.rec.trouble.Error()))
		}
	}
	return s + ": " + strings.Join(more, "; ")
}

// scene shows a place: the bytes there and the conversation around it.
func (c *conversation) scene(p place) string {
	var b strings.Builder
	if p.opening {
		b.WriteString(c.openingBlock())
	}
	b.WriteString(c.frameBlock(p))
	b.WriteString(c.talk(p))
	return b.String()
}

// openingBlock shows the heads of the handshakes and how the accept value comes about.
func (c *conversation) openingBlock() string {
	var buf bytes.Buffer
	text := event.NewText(&buf, event.TextOptions{View: event.ViewHandshakes, Payload: event.PayloadPreview})
	for i := range c.events {
		if c.events[i].Detail.Kind() == event.KindHandshake {
			text.Event(&c.events[i])
		}
	}
	text.Flush()
	return indent(strings.TrimRight(buf.String(), "\n"), "    ")
}

// frameBlock shows a frame's header and the bytes it has on the wire.
func (c *conversation) frameBlock(p place) string {
	for _, e := range c.events {
		f, ok := e.Detail.(*event.Frame)
		if !ok || p.frame == 0 || e.From != p.from || f.Number != p.frame {
			continue
		}
		raw := c.bytes(e.From, f.Offset, uint64(f.HeaderLength)+min(f.Length, dumpBytes))
		s := fmt.Sprintf("    frame %d of the %v: %s, fin %v, rsv %d, masked %v, header of %d bytes, payload of %d; on the wire at offset %d:\n",
			f.Number, e.From, event.OpcodeName(f.Opcode), f.Fin, f.RSV, f.Masked, f.HeaderLength, f.Length, f.Offset)
		s += indent(strings.TrimRight(hex.Dump(raw), "\n"), "      ")
		if f.Masked && len(raw) > f.HeaderLength {
			clear := websocket.Unmask(nil, raw[f.HeaderLength:], f.Mask, 0)
			s += "    its payload unmasked:\n" + indent(strings.TrimRight(hex.Dump(clear), "\n"), "      ")
		}
		return s
	}
	return ""
}

// talk shows the rows of the conversation around a place.
func (c *conversation) talk(p place) string {
	var buf bytes.Buffer
	o := event.TextOptions{Width: rowWidth, Payload: event.PayloadPreview}
	if c.sum != nil {
		o.Start = c.sum.Start
	}
	text := event.NewText(&buf, o)
	var rows []string
	at, found := 0, false
	for i := range c.events {
		e := &c.events[i]
		if !tells(e) {
			continue
		}
		if !found {
			found = p.is(e)
			at = len(rows)
		}
		buf.Reset()
		text.Event(e)
		text.Flush()
		lines := strings.Split(strings.TrimRight(buf.String(), "\n"), "\n")
		rows = append(rows, lines[len(lines)-1]) // the first event brings the headings
	}
	if len(rows) == 0 {
		return "    nothing of a WebSocket conversation was recorded\n"
	}
	if p.opening && len(rows) == 1 {
		return "" // its block says it all
	}
	if !found {
		at = len(rows) - 1
	}
	from, to := max(0, at-rowsBefore), min(len(rows), at+rowsAfter+1)
	var b strings.Builder
	b.WriteString("    the conversation:\n")
	if from > 0 {
		fmt.Fprintf(&b, "        … %d earlier\n", from)
	}
	for i := from; i < to; i++ {
		mark := " "
		if i == at && found {
			mark = ">"
		}
		fmt.Fprintf(&b, "      %s %s\n", mark, rows[i])
	}
	if to < len(rows) {
		fmt.Fprintf(&b, "        … %d later\n", len(rows)-to)
	}
	return b.String()
}

// tells reports whether an event has a row in a conversation: frames only where
// they belong to no message.
func tells(e *event.Event) bool {
	switch d := e.Detail.(type) {
	case *event.Handshake, *event.Message, *event.Gap:
		return true
	case *event.Frame:
		return d.Message == 0
	}
	return false
}

// is reports whether the event is what stands at the place.
func (p place) is(e *event.Event) bool {
	switch d := e.Detail.(type) {
	case *event.Handshake:
		return p.opening
	case *event.Message:
		return p.message != 0 && e.From == p.from && d.Number == p.message
	case *event.Frame:
		return p.message == 0 && p.frame != 0 && e.From == p.from && d.Number == p.frame
	}
	return false
}

func (f *Finding) place() place {
	return place{from: f.From, frame: f.Frame, message: f.Message, opening: strings.HasPrefix(f.Rule, "HS-")}
}

// describe says all there is to say about findings of one conversation.
func (c *conversation) describe(list []Finding) string {
	var b strings.Builder
	for i := range list {
		f := &list[i]
		if i == maxListed {
			fmt.Fprintf(&b, "  and %d more\n", len(list)-i)
			break
		}
		fmt.Fprintf(&b, "  %v\n", f)
		if i >= maxShown {
			continue
		}
		for _, note := range []string{f.Evidence, f.Advice} {
			if note != "" {
				fmt.Fprintf(&b, "    %s\n", event.SafeString(note))
			}
		}
		b.WriteString(c.scene(f.place()))
	}
	return b.String()
}

func indent(s, by string) string {
	if s == "" {
		return ""
	}
	return by + strings.ReplaceAll(s, "\n", "\n"+by) + "\n"
}
