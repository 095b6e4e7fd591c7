package profile

import (
	"github.com/sockeye-dev/sockeye/pcaps/gen/sim"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// bulk sends long messages, mostly in one direction.
type bulk struct {
	g      *gen
	begun  bool
	dir    int
	left   int // messages still to send
	st     sim.Stream
	op     byte
	frames []int // payload lengths of the message's frames still to begin
	todo   int   // payload bytes of the frame under way
	pos    int   // in the corpus
}

// burst is how much one step sends, and piece how much of it at once.
const (
	burst = 256 << 10
	piece = 64 << 10
)

func openBulk(g *gen, slot int, over func(*sim.Conn)) {
	client, server := g.endpoints(byte(30+slot%4), 9000)
	mss := [...]int{1448, sim.OffloadMSS, 1448, sim.LoopbackMSS}[slot%4]
	g.Open(sim.Spec{Client: client, Server: server, Protocol: "websocket", MSS: mss},
		&bulk{g: g, dir: g.R.N(2), left: 4 + g.R.N(12)}, g.R.Between(0, 200*sim.Millisecond), over)
}

func (a *bulk) Step(c *sim.Conn) int64 {
	r := &a.g.R
	if !a.begun {
		a.begun = true
		c.Upgrade("files.example.com:9000", "/transfer", "")
		return r.Between(sim.Millisecond, 10*sim.Millisecond)
	}
	if a.todo == 0 && len(a.frames) == 0 {
		if a.left--; a.left < 0 || a.g.Ending() {
			c.Bye(a.dir, 1000, "done")
			return -1
		}
		a.next(c)
	}
	for sent := 0; sent < burst && (a.todo > 0 || len(a.frames) > 0); {
		sent += a.send(c)
	}
	c.Flush(a.dir)
	if a.todo == 0 && len(a.frames) == 0 {
		c.Send(1-a.dir, &sim.Message{Op: ws.Text, Payload: []byte(`{"type":"received"}`)})
		c.Flush(1 - a.dir)
		return r.Between(sim.Millisecond, 20*sim.Millisecond)
	}
	return r.Between(100*sim.Microsecond, sim.Millisecond)
}

// next plans a message of 64 KiB to 4 MiB; small ones are as frequent as large ones.
func (a *bulk) next(c *sim.Conn) {
	r := &a.g.R
	size := (64 << 10) << r.N(6)
	size += r.N(size)
	a.op = ws.Binary
	a.pos = r.N(corpusSize)
	if r.Chance(400) {
		a.op = ws.Text
		size, a.pos = size&^(blockSize-1), a.pos&^(blockSize-1)
	}
	a.frames = append(a.frames[:0], size)
	if r.Chance(250) {
		a.frames = a.frames[:0]
		for rest := size; rest > 0; {
			n := min(rest, 4096+r.N(200<<10))
			a.frames = append(a.frames, n)
			rest -= n
		}
	}
	a.st = c.StartStream(a.dir, a.op)
}

// send adds a piece of the message and returns its size.
func (a *bulk) send(c *sim.Conn) int {
	if a.todo == 0 {
		a.todo = a.frames[0]
		a.frames = a.frames[1:]
		c.StreamFrame(&a.st, uint64(a.todo), len(a.frames) == 0)
	}
	data := a.g.corpus.binary
	if a.op == ws.Text {
		data = a.g.corpus.text
	}
	b := at(data, a.pos, min(piece, a.todo))
	c.StreamData(&a.st, b)
	a.pos += len(b)
	a.todo -= len(b)
	return len(b)
}
