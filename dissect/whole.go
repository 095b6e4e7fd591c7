package dissect

import (
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// whole takes a message of one frame that lies whole in one segment and shows
// nothing unusual, header h of n bytes first: nearly all messages are such. It
// returns how many bytes of b that are; 0, with nothing changed, where another way
// is to be gone, which says the same of it.
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
		s.lendFrame(k, h, n, s.messages, at)
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

// lone is whole for the other frames that lie whole in one segment: those of compressed
// messages, fragments and control frames. What begin, payload and finishFrame keep in
// s from one segment to the next is neither written nor read: with very many
// connections, their memory is what a frame costs most.
func (w *webSocket) lone(k *Conn, s *wsSide, h *websocket.Header, n int, b []byte, at reassembly.At) int {
	if uint64(len(b)-n) < h.Length || k.in[s.dir] != nil || k.wants(event.KindFrame) && !k.borrows() {
		return 0
	}
	m := s.data
	if m != nil && !h.Opcode.IsControl() && (h.Opcode != websocket.Continuation || s.lost > 0) || !s.judge.Legal(h) {
		return 0
	}
	s.frames++
	s.lost = 0
	s.packets = span{at.Packet, at.Packet, at.Time}
	if h.Opcode != websocket.Continuation {
		s.messages++
		m = w.newMessage(k, s, h, at.Offset)
	}
	side := k.side(s.dir)
	k.a.totals.Frames[side]++
	k.a.totals.FrameHeaders[side] += uint64(n)
	size := n + int(h.Length)
	if m == nil { // a fragment of a message whose beginning was not read
		if k.wants(event.KindFrame) {
			s.lendFrame(k, h, n, 0, at)
		}
		return size
	}
	m.frames++
	m.span.merge(s.packets)
	m.add(k, s, b[n:size], h.Masked, h.Mask, 0)
	if k.wants(event.KindFrame) {
		s.lendFrame(k, h, n, m.number, at)
	}
	if h.Fin {
		w.finishMessage(k, s, m, true)
	}
	return size
}

// lendFrame reports a frame that lay whole in one segment, for as long as the sink looks at it.
func (s *wsSide) lendFrame(k *Conn, h *websocket.Header, n int, message uint64, at reassembly.At) {
	both := &k.a.lentFrame
	both.frame = event.Frame{
		Number: s.frames, Message: message, Offset: at.Offset, Fin: h.Fin, RSV: h.RSV, Opcode: uint8(h.Opcode),
		Masked: h.Masked, Mask: h.Mask, Length: h.Length, HeaderLength: n,
	}
	k.emitIn(&both.event, s.dir, at.Time, s.packets.packets(), &both.frame)
}
