package dissect_test

import (
	"encoding/binary"
	"math/rand/v2"
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// speaker is a side of a conversation: it makes frames, and knows what a reader
// has to find in them. It uses nothing of the package that reads them.
type speaker struct {
	side     event.Side
	r        *rand.Rand
	pack     *packer // nil: no compression was agreed
	off      uint64  // of its stream
	frames   []event.Frame
	messages []*event.Message // in the order in which they end
	begun    uint64
	open     *event.Message
	said     bool // its close frame
}

// frame makes a frame. ended is the message that it completes, or nil.
func (s *speaker) frame(f suiteFrame) (wire []byte, ended *event.Message) {
	n := len(f.body)
	h := event.Frame{
		Number: uint64(len(s.frames) + 1), Offset: s.off, Fin: !f.more, RSV: f.rsv, Opcode: uint8(f.op),
		Masked: s.side == event.Client, Length: uint64(n),
	}
	wire = append(wire, f.rsv<<4|uint8(f.op), 0)
	if h.Fin {
		wire[0] |= 0x80
	}
	switch {
	case n < 126:
		wire[1] = byte(n)
	case n < 1<<16:
		wire[1] = 126
		wire = binary.BigEndian.AppendUint16(wire, uint16(n))
	default:
		wire[1] = 127
		wire = binary.BigEndian.AppendUint64(wire, uint64(n))
	}
	if h.Masked {
		wire[1] |= 0x80
		binary.LittleEndian.PutUint32(h.Mask[:], s.r.Uint32())
		wire = append(wire, h.Mask[:]...)
	}
	h.HeaderLength = len(wire)
	wire = append(wire, f.body...)
	if h.Masked {
		for i := range f.body {
			wire[h.HeaderLength+i] ^= h.Mask[i%4]
		}
	}
	s.off += uint64(len(wire))
	m := s.message(f, &h)
	if m != nil {
		h.Message = m.Number
		m.Frames++
		m.WireLength += h.Length
		m.Payload = append(m.Payload, f.body...)
		if h.Fin || f.op.IsControl() {
			if m == s.open {
				s.open = nil
			}
			ended = s.end(m, true)
		}
	}
	s.frames = append(s.frames, h)
	s.said = s.said || f.op == websocket.Close
	return wire, ended
}

// message finds the message that a frame belongs to. Whole data inside an
// unfinished message stands alone; the beginning of other data ends that.
func (s *speaker) message(f suiteFrame, h *event.Frame) *event.Message {
	switch {
	case f.op == websocket.Continuation:
		return s.open
	case f.op.IsReserved():
		return nil
	}
	inside := s.open != nil && f.op.IsData()
	if inside && f.more {
		s.end(s.open, false)
	}
	s.begun++
	m := &event.Message{Number: s.begun, Opcode: uint8(f.op), Masked: h.Masked, Offset: h.Offset}
	if f.op.IsData() && (f.more || !inside) {
		s.open = m
	}
	return m
}

func (s *speaker) end(m *event.Message, complete bool) *event.Message {
	m.Complete, m.Length = complete, uint64(len(m.Payload))
	m.Text = complete && m.Opcode == uint8(websocket.Text) && utf8.Valid(m.Payload)
	s.messages = append(s.messages, m)
	return m
}

// packed makes the frames of a compressed message.
func (s *speaker) packed(op websocket.Opcode, b []byte, size int) (wire [][]byte, ended *event.Message) {
	f := suiteFrame{op: op, rsv: websocket.RSV1, body: s.pack.pack(b)}
	list := []suiteFrame{f}
	if size > 0 {
		list = fragmented(f, size)
	}
	for _, f := range list {
		var w []byte
		w, ended = s.frame(f)
		wire = append(wire, w)
	}
	ended.Compressed, ended.Payload, ended.Length = true, b, uint64(len(b))
	ended.Text = op == websocket.Text
	return wire, ended
}

// suiteTalk is a case as a conversation.
type suiteTalk struct {
	c     *suiteCase
	suite event.Side
	sides [2]*speaker
	turns []turn
	heads [2]int // bytes of the handshake
	join  bool   // the suite's next frame goes into the write of the one before
	agree string // extensions in the answer
}

// talk plays a case with the suite as one side. choice is which of several
// agreements its peer lets it have.
func (c *suiteCase) talk(suite event.Side, choice int, sources map[string][]byte) *suiteTalk {
	r := rand.New(rand.NewPCG(fnv([]byte(c.id)), uint64(suite)))
	t := &suiteTalk{c: c, suite: suite}
	for i := range t.sides {
		t.sides[i] = &speaker{side: event.Side(i), r: r}
	}
	var offer string
	if p := c.packed; p != nil {
		var a agreement
		offer, t.agree, a = p.negotiate(suite, choice)
		t.sides[suite].pack = newPacker(agreement{})
		t.sides[suite.Other()].pack = newPacker(a)
	}
	t.handshake(r, offer)
	if c.packed != nil {
		t.playPacked(c.packed.messages(sources))
	} else {
		t.play()
	}
	t.part()
	return t
}

func (t *suiteTalk) handshake(r *rand.Rand, offer string) {
	extensions := func(v string) string {
		if v == "" {
			return ""
		}
		return "Sec-WebSocket-Extensions: " + v + "\r\n"
	}
	key := "x3JJHMbDL1EzLkh9GBhXDw=="
	heads := [2]string{
		"GET /case HTTP/1.1\r\nHost: autobahn.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key +
			"\r\nSec-WebSocket-Version: 13\r\n" + extensions(offer) + "\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n" +
			extensions(t.agree) + "\r\n",
	}
	for side, head := range heads {
		t.heads[side] = len(head)
		t.sides[side].off = uint64(len(head))
		t.turns = append(t.turns, turn{event.Side(side), []byte(head)})
	}
}

// play sends the case's frames. The peer answers what was completed before the
// frame at which it has to give up.
func (t *suiteTalk) play() {
	c, s := t.c, t.sides[t.suite]
	giveUp := len(c.send)
	if len(c.broken) > 0 {
		giveUp = c.broken[0].frame
	}
	var owed []*event.Message
	for i, f := range c.send {
		wire, ended := s.frame(f)
		t.write(wire)
		if ended != nil && i < giveUp {
			owed = append(owed, ended)
		}
		if c.inStep {
			t.answer(owed)
			owed = nil
		}
	}
	t.answer(owed)
	if len(c.broken) > 0 && !t.sides[t.suite.Other()].said {
		code := uint16(1002)
		if c.broken[0].rule == websocket.RuleUTF8 {
			code = 1007
		}
		t.reply(closeWith(code, ""))
	}
}

func (t *suiteTalk) playPacked(list [][]byte) {
	p := t.c.packed
	for _, b := range list {
		wire, m := t.sides[t.suite].packed(p.op, b, p.fragment)
		for _, w := range wire {
			t.write(w)
		}
		t.answer([]*event.Message{m})
	}
}

// write sends a frame as the suite does.
func (t *suiteTalk) write(wire []byte) {
	w := t.c.write
	switch {
	case w.chop > 0:
		for len(wire) > 0 {
			n := min(w.chop, len(wire))
			t.turns = append(t.turns, turn{t.suite, wire[:n]})
			wire = wire[n:]
		}
	case len(w.cut) > 0 && len(wire) > w.cut[0]:
		h := t.sides[t.suite].frames
		n := h[len(h)-1].HeaderLength
		for _, piece := range w.cut {
			n += piece
			t.turns = append(t.turns, turn{t.suite, wire[:n]})
			wire, n = wire[n:], 0
		}
	case t.join && !w.synced && len(w.cut) == 0:
		last := &t.turns[len(t.turns)-1]
		last.b = append(last.b, wire...)
	default:
		t.turns = append(t.turns, turn{t.suite, wire})
		t.join = true
	}
}

// answer lets the peer echo messages, and answer pings and a close.
func (t *suiteTalk) answer(list []*event.Message) {
	peer := t.sides[t.suite.Other()]
	for _, m := range list {
		switch op := websocket.Opcode(m.Opcode); {
		case peer.said:
		case m.Compressed:
			wire, _ := peer.packed(op, m.Payload, 0)
			t.turns = append(t.turns, turn{peer.side, wire[0]})
			t.join = false
		case op.IsData():
			t.reply(opFrame(op, string(m.Payload)))
		case op == websocket.Ping:
			t.reply(pongFrame(string(m.Payload)))
		case op == websocket.Close:
			t.reply(closeWith(1000, ""))
		}
	}
}

func (t *suiteTalk) reply(f suiteFrame) {
	peer := t.sides[t.suite.Other()]
	wire, _ := peer.frame(f)
	t.turns = append(t.turns, turn{peer.side, wire})
	t.join = false
}

// part ends the conversation: the suite closes one that was legal and is open.
// One that was not, its peer has closed, and the suite only drops it.
func (t *suiteTalk) part() {
	s := t.sides[t.suite]
	if len(t.c.broken) == 0 && !s.said {
		wire, m := s.frame(closeWith(1000, ""))
		t.write(wire)
		t.answer([]*event.Message{m})
	}
	for _, s := range t.sides {
		if s.open != nil {
			s.end(s.open, false)
			s.open = nil
		}
	}
}
