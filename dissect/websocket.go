package dissect

import (
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// webSocket reads the frames of both directions and puts messages together.
//
//	bytes ─► header ─► payload, unmasked as it streams past ─► assembly ─► Message
//	  └ hole over a header ─► search for the next plausible one ─┘
type webSocket struct {
	side    [2]wsSide // by packet.Dir
	opening opening
	comp    compression
	judged  bool // the end was judged
}

// opening is what was captured of the handshake.
type opening uint8

const (
	notSeen    opening = iota
	unanswered         // a request, and what came of it is in a hole
	accepted
)

// wsPhase is where a direction stands.
type wsPhase uint8

const (
	atHeader  wsPhase = iota // the next byte is a frame's first
	inPayload                // rest bytes of the frame's payload follow
	searching                // behind a hole: where the next header is, is not known
	inLost                   // rest bytes follow of a frame whose header is partly in a hole
	skipping                 // midstream: the first frame begins at startAt
)

// wsSide is one direction.
type wsSide struct {
	// What every message reads stands first, within a cache line, and what it
	// writes in the next one.
	phase    wsPhase
	unsure   uint8 // frames that may still show that a search was wrong
	dir      packet.Dir
	closed   bool // a close frame was seen
	lostAny  bool // something of this direction was not read
	forgot   bool // a ping is not among those that wait: some pong answers it
	expected bool // searching: right behind a hole in the head of the handshake
	likely   bool // searching: behind a segment that the snap length cut and that was not full
	judge    websocket.FrameJudge
	unasked  bool      // a pong answers no ping so far: waiting knows which
	data     *assembly // the data message that is not finished; nil: none
	frames   uint64    // that began: the number of the frame at hand
	messages uint64

	packets span     // of the frame at hand, or the last one
	spoke   int64    // when the last message before the close frame came
	waiting *waiting // pings and pongs; nil: there were none
	lost    uint64   // bytes in holes since the last frame that was read whole
	pos     uint64   // payload bytes of the frame that passed, captured or not
	rest    uint64   // payload bytes of the frame that are to come

	frame event.Frame
	to    *assembly // where the frame's payload goes: data, a message of this frame alone, or nil

	inflater inflater
	closedAt int64  // when the close frame came
	startAt  uint64 // skipping: where the first frame begins
	// longestCut is how long the longest segment was that the snap length cut.
	longestCut uint64
	// lookAgain is the offset up to which bytes must come to make another search worthwhile.
	lookAgain uint64

	_ [40]byte // both sides begin where a cache line does
}

// span is the packets that carried something, and the time of the last.
type span struct {
	first, last uint64
	time        int64
}

func (s *span) add(at reassembly.At) {
	if s.first == 0 || at.Packet < s.first {
		s.first = at.Packet
	}
	if at.Packet >= s.last {
		s.last, s.time = at.Packet, at.Time
	}
}

func (s *span) packets() [2]uint64 { return [2]uint64{s.first, s.last} }

// newWebSocket reads frames behind a handshake: both directions begin with a header.
func newWebSocket(k *Conn, a *attempt) *webSocket {
	w := k.a.webSockets.get()
	switch {
	case a == nil:
	case a.accepted():
		w.opening = accepted
		w.comp = a.compression()
	default:
		w.opening = unanswered
	}
	for dir := range w.side {
		s := &w.side[dir]
		s.dir = packet.Dir(dir)
		s.inflater.init(k.a, w.comp, k.side(s.dir))
		s.judge = websocket.NewFrameJudge(w.context(k.side(s.dir)))
	}
	return w
}

// context is what the judge of a side's frames knows.
func (w *webSocket) context(side event.Side) websocket.Context {
	c := websocket.Context{Side: websocket.Side(side), Midstream: w.opening != accepted}
	if w.comp.known {
		c.Deflate, c.OtherExt = websocket.TriOf(w.comp.on), w.comp.other
	}
	return c
}

// startWebSocket reads frames in midstream, or behind a hole: both directions
// search for their first header.
func startWebSocket(k *Conn, s *signs) Dissector {
	w := newWebSocket(k, s.upgrade)
	if s.upgrade != nil {
		s.upgrade.unanswered(k)
	}
	for dir := range w.side {
		side := &w.side[dir]
		switch at := s.frameAt[dir]; {
		case s.forced && !k.tcp.Midstream:
		case !s.forced && at >= 0:
			side.phase, side.startAt = skipping, s.at[dir].Offset+uint64(at)
		default:
			side.phase = searching
		}
	}
	return w
}

func (w *webSocket) Layer() string { return "websocket" }

func (w *webSocket) Data(k *Conn, dir packet.Dir, b []byte, at reassembly.At) int {
	s := &w.side[dir]
	switch s.phase {
	case searching:
		return w.search(k, s, b, at, false)
	case skipping:
		n := int(min(s.startAt-at.Offset, uint64(len(b))))
		if n == 0 {
			s.found()
			return w.Data(k, dir, b, at)
		}
		k.skipped(dir, n, at)
		return n
	case inLost:
		n := int(min(s.rest, uint64(len(b))))
		s.rest -= uint64(n)
		if s.rest == 0 {
			s.phase = atHeader
		}
		return n
	case inPayload:
		n := int(min(s.rest, uint64(len(b))))
		w.payload(k, s, b[:n], at)
		return n
	}
	var h websocket.Header
	n := h.Parse(b)
	if n == 0 {
		return 0
	}
	if s.unsure > 0 {
		if s.unsure--; !w.plausible(k, s, &h) {
			s.seek(0)
			return w.search(k, s, b, at, k.fin[dir] || k.ended)
		}
	} else if size := w.whole(k, s, &h, n, b, at); size > 0 {
		return size
	} else if size := w.lone(k, s, &h, n, b, at); size > 0 {
		return size
	}
	w.begin(k, s, &h, n, at, k.lastOf(dir, at, n))
	if s.phase == inPayload && n < len(b) {
		// The payload usually follows in the same segment.
		m := int(min(s.rest, uint64(len(b)-n)))
		w.payload(k, s, b[n:n+m], k.lastOf(dir, at, n+1))
		n += m
	}
	return n
}

// begin starts a frame whose header is whole.
func (w *webSocket) begin(k *Conn, s *wsSide, h *websocket.Header, n int, at, last reassembly.At) {
	s.frames++
	// Written in place: made beside it, it would be copied.
	f := &s.frame
	f.Number, f.Offset, f.HeaderLength = s.frames, at.Offset, n
	f.Fin, f.RSV, f.Opcode = h.Fin, h.RSV, uint8(h.Opcode)
	f.Masked, f.Mask, f.Length = h.Masked, h.Mask, h.Length
	f.Message, f.Missing = 0, 0
	s.packets = span{at.Packet, at.Packet, at.Time}
	s.packets.add(last)
	s.pos, s.rest = 0, h.Length
	s.phase = inPayload
	w.assign(k, s, h)
	if w.judgeHeader(k, s, h) && s.to != nil {
		s.to.spoilt = true
	}
	if s.rest == 0 {
		w.finishFrame(k, s)
	}
}

// assign finds the message that the frame belongs to. A data frame with FIN
// inside an unfinished message stands alone; one without ends the unfinished one.
func (w *webSocket) assign(k *Conn, s *wsSide, h *websocket.Header) {
	s.to = nil
	starts := false
	switch {
	case h.Opcode.IsControl() && !h.Opcode.IsReserved():
		starts = true
	case h.Opcode == websocket.Continuation:
		if s.data != nil {
			s.to = s.data
			if s.lost > 0 {
				s.data.hole(s.lost)
			}
		}
	case h.Opcode == websocket.Text || h.Opcode == websocket.Binary:
		starts = true
		if s.data != nil && !h.Fin {
			w.finishMessage(k, s, s.data, false)
		}
	}
	s.lost = 0
	if starts {
		s.messages++
		s.to = w.newMessage(k, s, h, s.frame.Offset)
	}
	if s.to == nil {
		return
	}
	s.to.frames++
	s.frame.Message = s.to.number
}

// newMessage begins message s.messages with its first frame, which begins at offset.
func (w *webSocket) newMessage(k *Conn, s *wsSide, h *websocket.Header, offset uint64) *assembly {
	m := k.a.assemblies.get()
	compressed := h.RSV&4 != 0 && h.Opcode.IsData() && (w.comp.on || !w.comp.known)
	m.begin(k, s.messages, h, compressed, offset)
	if !h.Fin && h.Opcode.IsData() {
		s.data = m
	}
	return m
}

// payload takes the next captured bytes of the frame at hand.
func (w *webSocket) payload(k *Conn, s *wsSide, b []byte, at reassembly.At) {
	s.packets.add(at)
	if s.to != nil {
		s.to.add(k, s, b, s.frame.Masked, s.frame.Mask, s.pos)
	}
	s.pos += uint64(len(b))
	s.rest -= uint64(len(b))
	if s.rest == 0 {
		w.finishFrame(k, s)
	}
}

// finishFrame reports the frame, and the message if this was its last.
func (w *webSocket) finishFrame(k *Conn, s *wsSide) {
	s.phase = atHeader
	w.reportFrame(k, s)
	if m := s.to; m != nil {
		m.span.merge(s.packets)
		if s.frame.Fin || m != s.data {
			w.finishMessage(k, s, m, true)
		}
	}
	s.to = nil
}

func (s *span) merge(o span) {
	if s.first == 0 || o.first < s.first {
		s.first = o.first
	}
	if o.last >= s.last {
		s.last, s.time = o.last, o.time
	}
}

func (w *webSocket) reportFrame(k *Conn, s *wsSide) {
	side := k.side(s.dir)
	k.a.totals.Frames[side]++
	k.a.totals.FrameHeaders[side] += uint64(s.frame.HeaderLength)
	if k.wants(event.KindFrame) {
		both := &k.a.lentFrame
		if !k.borrows() {
			both = &frameEvent{}
		}
		both.frame = s.frame
		k.emitIn(&both.event, s.dir, s.packets.time, s.packets.packets(), &both.frame)
	}
}

func (w *webSocket) Fin(k *Conn, dir packet.Dir, held []byte) {
	s := &w.side[dir]
	if s.phase == searching && len(held) > 0 {
		w.searchHeld(k, s, held)
	}
}

// End reports what is cut off: a frame whose header is whole, and its message.
func (w *webSocket) End(k *Conn) {
	for _, dir := range []packet.Dir{k.Client(), k.Client().Reverse()} {
		s := &w.side[dir]
		if s.phase == searching && k.in[dir] != nil {
			w.searchHeld(k, s, k.heldBytes(dir))
		}
		w.cut(k, s)
		if k.sum != nil {
			k.sum.Messages[k.side(dir)] = s.messages
		}
		s.inflater.close()
	}
	if !w.judged {
		w.judged = true
		w.judgeEnd(k)
		w.judgePings(k)
	}
}

// cut ends a direction wherever it stands.
func (w *webSocket) cut(k *Conn, s *wsSide) {
	if s.phase == inPayload {
		s.frame.Missing += s.rest
		w.reportFrame(k, s)
		if m := s.to; m != nil {
			m.span.merge(s.packets)
			m.missing += s.rest
			m.wire += s.rest
			w.finishMessage(k, s, m, false)
		}
		s.to = nil
	}
	if s.data != nil {
		w.finishMessage(k, s, s.data, false)
	}
}
