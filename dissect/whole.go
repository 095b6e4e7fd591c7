package dissect

import (
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// whole takes a message of one frame that lies whole in one segment and shows
// nothing unusual, header h of n bytes first: nearly all messages are such. It
// returns how many bytes of b that are; 0, with nothing changed, where the way
// through begin, payload and finishFrame is to be gone, which says the same of it.
func (w *webSocket) whole(k *Conn, s *wsSide, h *websocket.Header, n int, b []byte, at reassembly.At) int {
	told := k.wants(event.KindMessage)
	if uint64(len(b)-n) < h.Length || k.in[s.dir] != nil || s.data != nil {
		return 0
	}
	keep := 0
	if told || k.wants(event.KindFrame) {
		keep = min(int(h.Length), k.kept)
		if !k.borrows() || int64(keep) > k.a.payload.left || int64(h.Length) > k.a.opt.Limits.Message {
			return 0
		}
	}
	payload := b[n : n+int(h.Length)]
	if !s.judge.Plain(h, payload) {
		return 0
	}
	s.frames++
	s.messages++
	s.lost = 0
	s.packets = span{at.Packet, at.Packet, at.Time}
	s.spoke = at.Time
	side := k.side(s.dir)
	t := &k.a.totals
	t.Frames[side]++
	t.FrameHeaders[side] += uint64(n)
	t.Messages++
	t.ByOpcode[side][h.Opcode&15]++
	t.WirePayload[side] += h.Length
	t.DecodedPayload[side] += h.Length
	if k.wants(event.KindFrame) {
		both := &k.a.lentFrame
		both.frame = event.Frame{
			Number: s.frames, Message: s.messages, Offset: at.Offset, Fin: true, Opcode: uint8(h.Opcode),
			Masked: h.Masked, Mask: h.Mask, Length: h.Length, HeaderLength: n,
		}
		k.emitIn(&both.event, s.dir, at.Time, s.packets.packets(), &both.frame)
	}
	if told {
		payload = payload[:keep]
		if h.Masked {
			k.a.scratch = websocket.Unmask(k.a.scratch[:0], payload, h.Mask, 0)
			payload = k.a.scratch
		}
		both := &k.a.lent
		both.message = event.Message{
			Number: s.messages, Opcode: uint8(h.Opcode), Length: h.Length, WireLength: h.Length, Frames: 1, Masked: h.Masked,
			Complete: true, Latency: -1, Offset: at.Offset, Text: h.Opcode == websocket.Text, Payload: payload,
		}
		k.emitIn(&both.event, s.dir, at.Time, s.packets.packets(), &both.message)
	}
	return n + int(h.Length)
}
