package scenes

import (
	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

func fastOpen(s *script) {
	c := s.plain(40001, "tcp-fast-open")
	c.request()
	h := &c.half[c2s]
	cookie := []byte{2, 4, 5, 180, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}
	h.books.Captured(0, c.write(c2s, &wire.Seg{Seq: h.isn, Flags: wire.SYN, Window: 64240, Options: cookie, Payload: h.stream}))
	h.next = len(h.stream)
	c.half[s2c].acked = uint64(len(h.stream))
	c.packet(s2c, wire.SYN|wire.ACK, 0, nil)
	c.bare(c2s)
	c.response()
	c.flush(s2c)
	c.chatter(4)
	c.bye()
}

func synRetransmitted(s *script) {
	c := s.plain(40002, "syn-retransmitted")
	for i := range 3 {
		c.packet(c2s, wire.SYN, 0, nil)
		s.pause(1000 * ms << i)
	}
	c.packet(s2c, wire.SYN|wire.ACK, 0, nil)
	s.pause(1000 * ms)
	c.packet(s2c, wire.SYN|wire.ACK, 0, nil)
	c.packet(c2s, wire.ACK, 0, nil)
	c.request()
	c.flush(c2s)
	c.response()
	c.flush(s2c)
	c.chatter(4)
	c.bye()
}

// simultaneousOpen plays RFC 9293 figure 7; it is the side that opened first that asks.
func simultaneousOpen(s *script) {
	c := s.plain(40003, "simultaneous-open")
	c.packet(c2s, wire.SYN, 0, nil)
	c.packet(s2c, wire.SYN, 0, nil)
	c.packet(c2s, wire.SYN|wire.ACK, 0, nil)
	c.packet(s2c, wire.SYN|wire.ACK, 0, nil)
	c.request()
	c.flush(c2s)
	c.response()
	c.flush(s2c)
	c.chatter(4)
	c.bye()
}

func earlyData(s *script) {
	c := s.plain(40004, "early-data")
	c.rules = []string{"HS-EARLY-DATA"}
	c.handshake()
	c.request()
	c.message(c2s, ws.Text, "sent before the answer")
	c.flush(c2s)
	c.response()
	c.flush(s2c)
	c.chatter(4)
	c.bye()
}

func portReuse(s *script) {
	for i := range 3 {
		c := s.plain(40005, "port-reuse")
		c.upgrade()
		c.talk(c2s, [...]string{"first connection", "second connection", "third connection"}[i])
		c.chatter(2)
		if i != 1 { // the second one is abandoned
			c.bye()
		}
		s.pause(100 * ms)
	}
}

func sequenceWrap(s *script) {
	c := s.plain(40006, "sequence-wrap")
	c.half[c2s].isn, c.half[s2c].isn = 0xffffffff-400, 0xffffffff-200
	c.upgrade()
	a, b := c.message(c2s, ws.Text, text(700))
	c.send(c2s, a+300, b) // over the wrap, before what precedes it
	c.send(c2s, a, a+300)
	c.ack(s2c, b)
	c.talk(s2c, text(600))
	c.chatter(4)
	c.bye()
}

func keepAlive(s *script) {
	c := s.plain(40007, "keep-alive")
	c.upgrade()
	c.chatter(2)
	for dir := range 2 {
		for range 3 {
			s.pause(15000 * ms)
			c.packet(dir, wire.ACK, int64(len(c.half[dir].stream))-1, []byte{0})
			c.bare(1 - dir)
		}
	}
	c.chatter(4)
	c.bye()
}

func zeroWindow(s *script) {
	c := s.plain(40008, "zero-window-probe")
	c.upgrade()
	a, b := c.message(c2s, ws.Text, text(1000))
	c.send(c2s, a, a+500)
	c.half[s2c].window = 0
	c.ack(s2c, a+500)
	for i := range 3 {
		s.pause(200 * ms << i)
		c.send(c2s, a+500, a+501)
		c.bare(s2c)
	}
	c.half[s2c].window = 501
	c.bare(s2c)
	c.send(c2s, a+500, b)
	c.ack(s2c, b)
	c.chatter(4)
	c.bye()
}

func urgentData(s *script) {
	c := s.plain(40009, "urgent")
	c.upgrade()
	a, b := c.message(c2s, ws.Text, "the urgent byte is one of these")
	c.half[c2s].urgent = 20
	c.send(c2s, a, b)
	c.ack(s2c, b)
	c.chatter(4)
	c.bye()

	r := s.plain(40010, "urgent")
	r.protocol = "raw"
	r.handshake()
	r.add(c2s, []byte("telnet-like line\r\n"))
	r.flush(c2s)
	a, b = r.add(c2s, []byte{0xff, 0xf2})
	r.half[c2s].urgent = 2
	r.send(c2s, a, b)
	r.ack(s2c, b)
	r.add(s2c, []byte("seen\r\n"))
	r.flush(s2c)
	r.fin(c2s)
	r.fin(s2c)
}

func finBeforeData(s *script) {
	c := s.plain(40011, "fin-before-data")
	c.upgrade()
	c.chatter(2)
	c.message(c2s, ws.Close, "\x03\xe8")
	c.flush(c2s)
	a, _ := c.message(s2c, ws.Text, "the last words")
	_, b := c.message(s2c, ws.Close, "\x03\xe8")
	c.finAlone(s2c)
	c.bare(c2s) // a duplicate acknowledgement: data is missing
	c.send(s2c, a, b)
	c.half[c2s].ackFin = true
	c.ack(c2s, b)
	c.fin(c2s)
}

func rstOutOfWindow(s *script) {
	c := s.plain(40012, "rst-out-of-window")
	c.upgrade()
	c.chatter(2)
	for dir := range 2 {
		h := &c.half[dir]
		c.write(dir, &wire.Seg{Seq: h.isn + 1 + uint32(len(h.stream)) + 1<<30, Flags: wire.RST})
	}
	c.chatter(4)
	c.bye()
}

func overlapConflict(s *script) {
	c := s.plain(40013, "overlap-conflict")
	c.rules = []string{"TCP-OVERLAP"}
	c.upgrade()
	a, b := c.message(s2c, ws.Text, "this segment was delivered before its false copy came")
	c.send(s2c, a, b)
	c.forge(s2c, b-20, b-10)
	c.ack(c2s, b)
	a, b = c.message(s2c, ws.Text, "this one waited out of order when its false copy came, and was not replaced")
	c.send(s2c, a+30, b)
	c.forge(s2c, a+40, b)
	c.send(s2c, a, a+30)
	c.ack(c2s, b)
	c.chatter(4)
	c.bye()
}

// forge captures a copy of a range of the stream with other bytes.
func (c *conn) forge(dir, from, to int) {
	h := &c.half[dir]
	b := append([]byte(nil), h.stream[from:to]...)
	for i := range b {
		b[i] ^= 0x20
	}
	c.packet(dir, wire.ACK|wire.PSH, int64(from), b)
	h.books.Conflict(uint64(from), to-from)
}
