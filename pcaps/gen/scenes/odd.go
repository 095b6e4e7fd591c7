package scenes

import (
	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

func retransmission(s *script) {
	c := s.plain(40060, "retransmission")
	c.upgrade()
	c.chatter(2)
	for dir := range 2 {
		a, b := c.message(dir, ws.Text, text(900))
		c.send(dir, a, a+500)
		c.send(dir, a+500, b)
		for i := range 3 { // no answer: again, with patience
			s.pause(200 * ms << i)
			c.send(dir, a, a+500)
		}
		c.send(dir, a+200, b) // cut otherwise
		c.ack(1-dir, b)
		c.send(dir, a, b) // the acknowledgement was lost
		c.bare(1 - dir)
	}
	c.chatter(4)
	c.bye()
}

func reordering(s *script) {
	c := s.plain(40061, "reordering")
	c.upgrade()
	for dir := range 2 {
		a, b := c.message(dir, ws.Text, text(1000))
		for _, i := range []int{2, 0, 1, 4, 3} {
			c.send(dir, a+i*200, min(a+i*200+200, b))
			if i == 2 {
				c.bare(1 - dir)
			}
		}
		c.send(dir, a+1000, b)
		c.ack(1-dir, b)
	}
	// Two messages in the wrong order, and the acknowledgement before either.
	a, m := c.message(s2c, ws.Text, "the first of two")
	_, b := c.message(s2c, ws.Text, "the second of two")
	c.ack(c2s, b)
	c.send(s2c, m, b)
	c.send(s2c, a, m)
	c.chatter(4)
	c.bye()
}

func duplicates(s *script) {
	c := s.plain(40062, "duplicate")
	var before []byte
	n := 0
	c.copies = 2
	c.carry = func(frame []byte) [][]byte {
		n++
		switch n % 4 {
		case 2: // its copy comes behind the next packet
			before = frame
			return [][]byte{frame}
		case 3:
			return [][]byte{frame, before, frame}
		}
		return [][]byte{frame, frame}
	}
	c.upgrade()
	c.chatter(8)
	c.talk(c2s, text(700))
	c.bye()
	if n%4 == 2 {
		s.f.Raw(s.clock, before, 0)
	}
}

func halfOpen(s *script) {
	c := s.plain(40063, "half-open")
	c.upgrade()
	c.chatter(4)
	c.fin(c2s)
	for range 3 {
		s.pause(500 * ms)
		c.message(s2c, ws.Text, "are you still there?")
		c.send(s2c, int(c.half[c2s].acked), len(c.half[s2c].stream))
		c.ack(c2s, len(c.half[s2c].stream))
	}

	d := s.plain(40064, "half-open")
	d.rules = []string{"TCP-HALF-OPEN"}
	d.upgrade()
	d.chatter(4)
	a, b := d.message(c2s, ws.Text, "nobody listens any more")
	for i := range 6 {
		d.send(c2s, a, b)
		s.pause(200 * ms << i)
	}
}

// rst captures a RST of dir at a stream offset.
func (c *conn) rst(dir int, offset int64) {
	c.packet(dir, wire.RST|wire.ACK, offset, nil)
}

// rest plays the conversation that follows the TCP handshake.
func (c *conn) rest() {
	c.request()
	c.flush(c2s)
	c.response()
	c.flush(s2c)
	c.chatter(4)
	c.bye()
}

func halfHandshake(s *script) {
	for i := range 6 {
		c := s.plain(40070+uint16(i), "half-handshake")
		syn := func() { c.packet(c2s, wire.SYN, 0, nil) }
		answer := func() { c.packet(s2c, wire.SYN|wire.ACK, 0, nil) }
		switch i {
		case 0: // nobody answers
			c.protocol = "raw"
			syn()
			s.pause(1000 * ms)
			syn()
		case 1: // nobody completes it
			c.protocol = "raw"
			syn()
			answer()
		case 2: // the SYN was not captured
			answer()
			c.bare(c2s)
			c.rest()
		case 3: // the SYN-ACK was not captured
			syn()
			c.bare(c2s)
			c.rest()
		case 4: // neither was
			c.mid = true
			c.rules = []string{"CAP-MIDSTREAM"}
			for d := range c.half {
				c.half[d].books.Midstream()
				c.half[d].books.Begin()
			}
			c.bare(c2s)
			c.rest()
		case 5: // refused
			c.protocol, c.state, c.closedBy = "raw", "reset", "server"
			syn()
			c.rst(s2c, -1)
		}
	}
}

func dataBeforeSynAck(s *script) {
	// The capture shows the SYN-ACK late.
	c := s.plain(40080, "data-before-syn-ack")
	c.packet(c2s, wire.SYN, 0, nil)
	c.bare(c2s)
	c.request()
	c.send(c2s, 0, len(c.half[c2s].stream))
	c.packet(s2c, wire.SYN|wire.ACK, 0, nil)
	c.ack(s2c, len(c.half[c2s].stream))
	c.response()
	c.flush(s2c)
	c.chatter(4)
	c.bye()

	// The client did not wait for it, and had to send its request again.
	d := s.plain(40081, "data-before-syn-ack")
	d.packet(c2s, wire.SYN, 0, nil)
	d.request()
	h := &d.half[c2s]
	h.books.Captured(0, d.packet(c2s, wire.PSH, 0, h.stream))
	d.packet(s2c, wire.SYN|wire.ACK, 0, nil)
	d.packet(c2s, wire.ACK, 0, nil)
	d.flush(c2s)
	d.response()
	d.flush(s2c)
	d.chatter(4)
	d.bye()

	// Even the answer is captured before it.
	e := s.plain(40082, "data-before-syn-ack")
	e.packet(c2s, wire.SYN, 0, nil)
	e.bare(c2s)
	e.request()
	e.flush(c2s)
	e.response()
	e.flush(s2c)
	e.packet(s2c, wire.SYN|wire.ACK, 0, nil)
	e.chatter(4)
	e.bye()
}

// rstInWindow plays RFC 5961 §3.2: a RST in the window that is not exactly the
// next byte is answered with an ACK, and disregarded.
func rstInWindow(s *script) {
	for i := range 3 {
		c := s.plain(40090+uint16(i), "rst-in-window")
		c.upgrade()
		c.chatter(2)
		c.rst(s2c, int64(len(c.half[s2c].stream))+1000)
		if i == 2 { // an older stack: it was believed
			c.state, c.closedBy = "reset", "server"
			continue
		}
		c.bare(c2s)
		if i == 1 {
			c.talk(s2c, text(1500)) // past the place of the RST
		}
		c.chatter(4)
		c.bye()
	}
}

func ackStorm(s *script) {
	c := s.plain(40100, "ack-storm")
	c.rules = []string{"TCP-OVERLAP"}
	c.upgrade()
	c.chatter(2)
	a, b := c.message(c2s, ws.Text, "said by somebody else")
	c.send(c2s, a, b)
	c.forge(c2s, a, b-6) // the client, which knows nothing of it, says less
	for range 40 {
		c.ack(s2c, b)
		c.packet(c2s, wire.ACK, int64(b-6), nil)
	}
	c.state, c.closedBy = "reset", "server"
	c.rst(s2c, int64(len(c.half[s2c].stream)))
}

func sequenceJump(s *script) {
	c := s.plain(40110, "sequence-jump")
	c.upgrade()
	c.chatter(2)
	for dir := range 2 {
		for _, far := range []int64{3 << 29, -3 << 29} {
			at := int64(len(c.half[dir].stream)) + far
			c.packet(dir, wire.ACK|wire.PSH, at, []byte("a segment of another connection"))
			c.bare(1 - dir)
		}
	}
	c.chatter(4)
	c.bye()

	d := s.plain(40111, "sequence-jump", "capture-loss")
	d.rules = []string{"CAP-LOST"}
	d.upgrade()
	for dir := range 2 {
		d.chatter(2)
		_, b := d.message(dir, ws.Binary, text(60_000))
		d.half[dir].next = b
		d.ack(1-dir, b)
		d.chatter(6)
	}
	d.bye()
}

func clockBackwards(s *script) {
	c := s.plain(40120, "clock")
	const hour, year = 3_600_000 * ms, 365 * 24 * 3_600_000 * ms
	c.upgrade()
	c.chatter(2)
	for _, d := range []int64{-2000 * ms, -3 * hour, 5 * hour, -hour} {
		s.pause(d)
		c.chatter(2)
	}
	s.pause(year)
	c.message(c2s, ws.Text, "from the future")
	c.send(c2s, int(c.half[s2c].acked), len(c.half[c2s].stream))
	s.pause(-year)
	c.ack(s2c, len(c.half[c2s].stream))
	c.chatter(4)
	c.bye()
}

func windowUnscaled(s *script) {
	c := s.plain(40130, "midstream", "window")
	c.midstream(0, 0)
	c.half[s2c].window, c.half[c2s].window = 10, 10 // 1280 bytes with the scale 7 that nobody saw
	c.chatter(8)
	a, b := c.message(c2s, ws.Text, text(1200))
	for _, i := range []int{0, 900, 600, 300} {
		c.send(c2s, a+i, min(a+i+300, b))
	}
	c.send(c2s, a+1200, b)
	c.ack(s2c, b)
	c.chatter(4)
	c.bye()

	d := s.plain(40131, "midstream", "window")
	d.midstream(0, 0)
	d.half[s2c].window = 10
	d.chatter(12)
	d.rst(c2s, int64(len(d.half[c2s].stream))+1000)
	d.state, d.closedBy = "reset", "client"
}

// oneWayClient leaves out every packet of the server.
func oneWayClient(s *script) {
	c := s.plain(40140, "one-way")
	c.rules = []string{"CAP-ONE-WAY"}
	c.packet(c2s, wire.SYN, 0, nil)
	c.bare(c2s)
	c.request()
	a := len(c.half[c2s].stream)
	c.send(c2s, 0, a)
	c.response()
	for i := range 8 {
		c.message(s2c, ws.Text, "nobody captured this")
		c.half[c2s].acked = uint64(len(c.half[s2c].stream))
		c.bare(c2s)
		_, b := c.message(c2s, ws.Text, "question "+string(rune('0'+i)))
		c.send(c2s, a, b)
		a = b
	}
	_, b := c.message(c2s, ws.Close, "\x03\xe8")
	c.send(c2s, a, b)
	c.finAlone(c2s)
}

// offloadChecksums leaves the TCP checksum at what is above the segment and the
// IP checksum at 0, as a capture on the sending machine shows them.
func offloadChecksums(s *script) {
	c := s.plain(40150, "offload", "bad-checksum")
	c.carry = func(frame []byte) [][]byte {
		frame[24], frame[25] = 0, 0
		frame[50], frame[51] = 0x12, 0x34
		return [][]byte{frame}
	}
	c.upgrade()
	c.chatter(2)
	c.talk(s2c, text(12_000))
	c.chatter(4)
	c.bye()
}
