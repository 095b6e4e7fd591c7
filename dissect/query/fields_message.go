package query

import (
	"unsafe"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Opcodes that fields treat apart (RFC 6455 §5.2).
const (
	opBinary = 2
	opClose  = 8
)

func opcodes() []string {
	names := make([]string, 16)
	for i := range names {
		names[i] = event.OpcodeName(uint8(i))
	}
	return names
}

// frameFields are those of frames, messages, stream data and gaps, but for the payload.
func frameFields() []*field {
	frame := []event.Kind{event.KindFrame}
	message := []event.Kind{event.KindMessage}
	both := []event.Kind{event.KindFrame, event.KindMessage}
	return []*field{
		{
			Field: Field{Name: "opcode", Type: Name, Applies: both, Meaning: "opcode, by name or number", Values: opcodes(),
				Examples: []string{"opcode == text", "opcode in {ping, pong}", "opcode >= 8"}, Aliases: []string{"websocket.opcode"}},
			number: opcode, ordered: true,
		},
		{
			Field: Field{Name: "length", Type: Size, Applies: []event.Kind{event.KindFrame, event.KindMessage, event.KindData, event.KindGap},
				Meaning: "payload length: of a frame as declared, of a message unmasked and decompressed", Examples: []string{"length > 4k", "length in {126..65535}"},
				Aliases: []string{"websocket.payload_length"}},
			number: length,
		},
		{
			Field: Field{Name: "masked", Type: Flag, Applies: both, Meaning: "it is masked", Examples: []string{"from == client and not masked"}, Aliases: []string{"websocket.mask"}},
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
				switch d := e.Detail.(type) {
				case *event.Message:
					return bit(d.Masked), true
				case *event.Frame:
					return bit(d.Masked), true
				}
				return 0, false
			},
		},
		{
			Field: Field{Name: "mask", Type: Hex, Applies: frame, Meaning: "masking key", Examples: []string{"mask == 37fa213d", "mask == 0"}, Aliases: []string{"websocket.masking_key"}},
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
				d, ok := e.Detail.(*event.Frame)
				if !ok || !d.Masked {
					return 0, false
				}
				return uint64(d.Mask[0])<<24 | uint64(d.Mask[1])<<16 | uint64(d.Mask[2])<<8 | uint64(d.Mask[3]), true
			},
		},
		{
			Field:  Field{Name: "fin", Type: Flag, Applies: frame, Meaning: "last frame of its message", Examples: []string{"not fin and kind == frame"}, Aliases: []string{"websocket.fin"}},
			number: flagOf(func(f *event.Frame) bool { return f.Fin }),
		},
		{
			Field:  Field{Name: "rsv", Type: Number, Applies: frame, Meaning: "reserved bits, 0 to 7; RSV1 is 4", Examples: []string{"rsv != 0", "rsv in {4..7}"}, Aliases: []string{"websocket.rsv"}},
			number: numberOf(func(f *event.Frame) uint64 { return uint64(f.RSV) }),
		},
		{
			Field:  Field{Name: "frame", Type: Number, Applies: []event.Kind{event.KindFrame, event.KindFinding}, Meaning: "number of the frame, from 1 a connection and direction", Examples: []string{"frame == 1"}},
			number: frameNumber,
		},
		{
			Field: Field{Name: "message", Type: Number, Applies: []event.Kind{event.KindFrame, event.KindMessage, event.KindFinding}, Meaning: "number of the message, from 1 a connection and direction",
				Examples: []string{"message <= 10", "kind == frame and not message"}},
			number: messageNumber,
		},
		{
			Field:  Field{Name: "offset", Type: Size, Applies: []event.Kind{event.KindFrame, event.KindMessage, event.KindData, event.KindGap}, Meaning: "where it begins in the direction's stream", Examples: []string{"offset >= 1M"}},
			number: offset,
		},
		{
			Field:  Field{Name: "header_length", Type: Size, Applies: frame, Meaning: "length of the frame's header", Examples: []string{"header_length == 14"}},
			number: numberOf(func(f *event.Frame) uint64 { return uint64(max(f.HeaderLength, 0)) }),
		},
		{
			Field:  Field{Name: "wire_length", Type: Size, Applies: message, Meaning: "payload on the wire, before decompression", Examples: []string{"wire_length > 64k"}},
			number: numberOf(func(m *event.Message) uint64 { return m.WireLength }),
		},
		{
			Field:  Field{Name: "frames", Type: Number, Applies: message, Meaning: "frames it came in", Examples: []string{"frames > 1"}},
			number: numberOf(func(m *event.Message) uint64 { return m.Frames }),
		},
		{
			Field:  Field{Name: "compressed", Type: Flag, Applies: message, Meaning: "it was compressed", Examples: []string{"compressed and length > 10k"}},
			number: flagOf(func(m *event.Message) bool { return m.Compressed }),
		},
		{
			Field:  Field{Name: "complete", Type: Flag, Applies: message, Meaning: "it ended, within the capture", Examples: []string{"kind == message and not complete"}},
			number: flagOf(func(m *event.Message) bool { return m.Complete }),
		},
		{
			Field:      Field{Name: "missing", Type: Size, Applies: both, Meaning: "payload bytes that were not captured; alone: some were not", Examples: []string{"missing", "missing > 1k"}},
			zeroIsNone: true, number: missing,
		},
		{
			Field:      Field{Name: "truncated", Type: Size, Applies: message, Meaning: "bytes beyond the message limit; alone: there are some", Examples: []string{"truncated"}},
			zeroIsNone: true, number: numberOf(func(m *event.Message) uint64 { return m.Truncated }),
		},
		{
			Field: Field{Name: "latency", Type: Duration, Applies: message, Meaning: "of a pong: since its ping", Examples: []string{"latency > 50ms"}, Aliases: []string{"latency_ms"}},
			number: func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
				if m, ok := e.Detail.(*event.Message); ok && m.Opcode == 10 && m.Latency >= 0 {
					return uint64(m.Latency), true
				}
				return 0, false
			},
		},
		{
			Field: Field{Name: "cause", Type: Text, Applies: []event.Kind{event.KindGap}, Meaning: "why the bytes are not there", Values: []string{"lost", "snaplen", "limit", "midstream"}, Examples: []string{"cause == lost"}},
			text:  textOf(func(g *event.Gap) string { return g.Cause }), checked: true,
		},
	}
}

func opcode(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
	switch d := e.Detail.(type) {
	case *event.Message:
		return uint64(d.Opcode), true
	case *event.Frame:
		return uint64(d.Opcode), true
	}
	return 0, false
}

func length(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
	switch d := e.Detail.(type) {
	case *event.Message:
		return d.Length, true
	case *event.Frame:
		return d.Length, true
	case *event.Data:
		return uint64(len(d.Bytes)), true
	case *event.Gap:
		return d.Length, true
	}
	return 0, false
}

func offset(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
	switch d := e.Detail.(type) {
	case *event.Message:
		return d.Offset, true
	case *event.Frame:
		return d.Offset, true
	case *event.Data:
		return d.Offset, true
	case *event.Gap:
		return d.Offset, true
	}
	return 0, false
}

func missing(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
	switch d := e.Detail.(type) {
	case *event.Message:
		return d.Missing, true
	case *event.Frame:
		return d.Missing, true
	}
	return 0, false
}

func frameNumber(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
	switch d := e.Detail.(type) {
	case *event.Frame:
		return d.Number, true
	case *event.Finding:
		return d.Frame, d.Frame != 0
	}
	return 0, false
}

func messageNumber(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
	switch d := e.Detail.(type) {
	case *event.Message:
		return d.Number, true
	case *event.Frame:
		return d.Message, d.Message != 0
	case *event.Finding:
		return d.Message, d.Message != 0
	}
	return 0, false
}

// view is p as a string that aliases it: events are owned and never changed.
func view(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

// isText reports whether a message's payload is shown as text, as in JSON.
func isText(m *event.Message) bool {
	return m.Text && m.Opcode != opClose && m.Missing == 0 && m.Undecoded == ""
}
