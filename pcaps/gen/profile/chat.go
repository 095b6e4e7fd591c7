package profile

import (
	"strconv"

	"github.com/sockeye-dev/sockeye/pcaps/gen/sim"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// chat is a conversation of small JSON messages.
type chat struct {
	g     *gen
	steps int // still to come
	begun bool
	dir   int
	id    uint64
	pause int64 // mean pause between messages
	reply int64 // longest pause before an answer
}

func openChat(g *gen, slot int, over func(*sim.Conn)) {
	client, server := g.endpoints(byte(10+slot%4), 8080)
	// Slots begin spread over the first two seconds, with lives of different lengths.
	g.Open(sim.Spec{Client: client, Server: server, Protocol: "websocket"},
		&chat{g: g, steps: 40 + g.R.N(360), pause: g.R.Between(20, 200) * sim.Millisecond, reply: 30 * sim.Millisecond},
		g.R.Between(0, 2*sim.Second), over)
}

func (a *chat) Step(c *sim.Conn) int64 {
	r := &a.g.R
	if !a.begun {
		a.begun = true
		c.Upgrade("chat.example.com:8080", "/ws/room/"+strconv.Itoa(r.N(40)), "")
		return r.Between(sim.Millisecond, 2*a.pause)
	}
	if a.steps--; a.steps < 0 || a.g.Ending() {
		c.Bye(r.N(2), 1000, "bye")
		return -1
	}
	v := r.N(100)
	switch {
	case v < 2:
		c.Control(sim.S2C, ws.Ping, strconv.AppendUint(nil, a.id, 10))
		c.Flush(sim.S2C)
		c.Control(sim.C2S, ws.Pong, strconv.AppendUint(nil, a.id, 10))
		c.Flush(sim.C2S)
		return r.Between(a.pause/2, 2*a.pause)
	case v < 50:
		a.dir ^= 1
	}
	a.id++
	a.g.scratch = appendChat(a.g.scratch[:0], r, a.id, 60+r.N(340))
	c.Send(a.dir, &sim.Message{Op: ws.Text, Payload: a.g.scratch})
	c.Flush(a.dir)
	if v < 40 { // an answer within the delayed acknowledgement's time
		return r.Between(sim.Millisecond, a.reply)
	}
	return r.Between(a.pause/2, 2*a.pause)
}
