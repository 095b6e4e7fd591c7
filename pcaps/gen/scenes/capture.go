package scenes

import (
	"strings"

	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// text returns n bytes of readable text.
func text(n int) string {
	return strings.Repeat("The quick brown fox jumps over the lazy dog. ", n/45+1)[:n]
}

func holeInPayload(s *script) {
	c := s.plain(40020, "capture-loss")
	c.rules = []string{"CAP-LOST"}
	c.upgrade()
	for dir := range 2 {
		c.chatter(2)
		a, b := c.message(dir, ws.Text, text(3000))
		c.send(dir, a, a+1000)
		c.ack(1-dir, a+1000)
		// [a+1000, a+2000) is acknowledged and not captured.
		c.send(dir, a+2000, b)
		c.ack(1-dir, b)
	}
	c.chatter(6)
	c.bye()
}

func holeOverHeader(s *script) {
	c := s.plain(40021, "capture-loss")
	c.rules = []string{"CAP-LOST"}
	c.upgrade()
	for dir := range 2 {
		c.chatter(2)
		a, _ := c.message(dir, ws.Text, text(500))
		_, b := c.message(dir, ws.Text, text(400))
		c.send(dir, a, a+300)
		c.ack(1-dir, a+300)
		// The end of the first, the header and the beginning of the second are lost.
		c.send(dir, a+600, b)
		c.ack(1-dir, b)
		c.chatter(8)
	}
	c.bye()
}

func snaplenCut(s *script) {
	c := s.plain(40022, "snaplen")
	c.snap = 200
	c.rules = []string{"CAP-SNAPLEN"}
	for d := range c.half {
		c.half[d].books.Cause = "snaplen"
	}
	c.upgrade()
	c.chatter(2)
	c.talk(s2c, text(1200))
	c.chatter(2)
	c.talk(c2s, text(900))
	c.chatter(4)
	c.bye()
}

// oneWay leaves out every packet of the client.
func oneWay(s *script) {
	c := s.plain(40023, "one-way")
	c.rules = []string{"CAP-ONE-WAY"}
	c.packet(s2c, wire.SYN|wire.ACK, 0, nil)
	c.request()
	c.half[s2c].acked = uint64(len(c.half[c2s].stream))
	c.bare(s2c)
	c.response()
	a := 0
	for i := range 8 {
		_, b := c.message(c2s, ws.Text, "nobody captured this")
		c.half[s2c].acked = uint64(b)
		_, b = c.message(s2c, ws.Text, "answer "+string(rune('0'+i)))
		c.send(s2c, a, b)
		a = b
	}
	_, b := c.message(s2c, ws.Close, "\x03\xe8")
	c.send(s2c, a, b)
	c.finAlone(s2c)
}

func midstreamBoth(s *script) {
	c := s.plain(40024, "midstream")
	c.midstream(0, 0)
	c.chatter(12)
	c.bye()

	d := s.plain(40025, "midstream")
	d.midstream(150, 37)
	d.chatter(12)
	d.bye()
}

// midstream plays a conversation before the capture begins, which is up and down
// bytes into a message of either direction; 0 is a border.
func (c *conn) midstream(up, down int) {
	c.mid = true
	c.rules = []string{"CAP-MIDSTREAM"}
	for dir, k := range [2]int{up, down} {
		h := &c.half[dir]
		h.books.Midstream()
		h.cut = 0
		c.add(dir, []byte(text(1500))) // whatever was said before
		if k == 0 {
			h.books.Begin()
			h.next = len(h.stream)
			c.half[1-dir].acked = uint64(h.next)
			continue
		}
		h.cut = k
		a, _ := c.message(dir, ws.Text, text(400))
		h.next = a + k
		c.half[1-dir].acked = uint64(h.next)
	}
	for dir, k := range [2]int{up, down} {
		if k > 0 {
			c.flush(dir)
		}
	}
}

func fragments(s *script) {
	c := s.plain(40026, "fragments")
	c.upgrade()
	up, down := c.half[c2s].books.Start(ws.Text, false), c.half[s2c].books.Start(ws.Binary, false)
	c.frame(c2s, &up, ws.Text, false, "one ")
	c.flush(c2s)
	c.frame(s2c, &down, ws.Binary, false, "\x00\x01\x02")
	c.message(s2c, ws.Ping, "p1")
	c.flush(s2c)
	c.message(c2s, ws.Pong, "p1")
	c.frame(c2s, &up, ws.Continuation, false, "two caf\xc3") // the border cuts a character
	c.message(c2s, ws.Ping, "p2")
	c.flush(c2s)
	c.frame(s2c, &down, ws.Continuation, false, "")
	c.message(s2c, ws.Pong, "p2")
	c.frame(s2c, &down, ws.Continuation, true, "\x03")
	c.flush(s2c)
	c.half[s2c].books.Complete(&down, []byte("\x00\x01\x02\x03"))
	c.frame(c2s, &up, ws.Continuation, false, "\xa9 three")
	c.frame(c2s, &up, ws.Continuation, true, "")
	c.half[c2s].books.Complete(&up, []byte("one two café three"))
	c.flush(c2s)
	c.chatter(4)
	c.bye()
}

func lengthZero(s *script) {
	for i := range 2 {
		client, server := addr4(40027)
		if i == 1 {
			client, server = addr6(40027)
		}
		c := s.open(client, server, wire.Layout{}, "offload")
		c.upgrade()
		c.chatter(2)
		c.half[s2c].zero = true
		c.talk(s2c, text(6000))
		c.half[s2c].zero = false
		c.chatter(4)
		c.bye()
	}
}

func vlan(s *script) {
	for i, tags := range [][]wire.Tag{{{TPID: 0x8100, ID: 42}}, {{TPID: 0x88a8, ID: 100}, {TPID: 0x8100, ID: 7}}, {{TPID: 0x9100, ID: 100}, {TPID: 0x8100, ID: 8}}} {
		client, server := addr4(40030 + uint16(i))
		c := s.open(client, server, wire.Layout{Tags: tags}, [...]string{"vlan", "qinq", "qinq"}[i])
		c.upgrade()
		c.chatter(4)
		c.bye()
	}
}

func twoFamilies(link wire.Link) func(*script) {
	return func(s *script) {
		for _, six := range []bool{false, true} {
			client, server := addr4(40040)
			if six {
				client, server = addr6(40040)
			}
			c := s.open(client, server, wire.Layout{Link: link})
			c.upgrade()
			c.chatter(4)
			c.bye()
		}
	}
}
