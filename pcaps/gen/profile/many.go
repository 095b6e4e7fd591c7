package profile

import (
	"strconv"

	"github.com/sockeye-dev/sockeye/pcaps/gen/sim"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// brief is a short connection.
type brief struct {
	g     *gen
	http  bool
	steps int
	begun bool
}

func openMany(g *gen, slot int, over func(*sim.Conn)) {
	a := &brief{g: g, http: g.R.Chance(400), steps: 1 + g.R.N(4)}
	spec := sim.Spec{Protocol: "websocket"}
	if a.http {
		spec.Protocol = "http"
	}
	spec.Client, spec.Server = g.endpoints(byte(60+slot%4), 80)
	g.Open(spec, a, g.R.Between(0, 100*sim.Millisecond), over)
}

func (a *brief) Step(c *sim.Conn) int64 {
	r := &a.g.R
	pause := r.Between(sim.Millisecond, 20*sim.Millisecond)
	if a.http {
		a.get(c)
		return -1
	}
	if !a.begun {
		a.begun = true
		c.Upgrade("app.example.com", "/socket", "")
		return pause
	}
	if a.steps--; a.steps < 0 {
		c.Bye(r.N(2), 1001, "")
		return -1
	}
	dir := r.N(2)
	a.g.scratch = appendChat(a.g.scratch[:0], r, uint64(a.steps), 40+r.N(120))
	c.Send(dir, &sim.Message{Op: ws.Text, Payload: a.g.scratch})
	c.Flush(dir)
	return pause
}

// get plays one request, its answer and the end.
func (a *brief) get(c *sim.Conn) {
	r := &a.g.R
	b := append(a.g.scratch[:0], "GET /api/v1/items/"...)
	b = strconv.AppendUint(b, r.Uint64()%100000, 10)
	b = append(b, " HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n"...)
	c.Write(sim.C2S, b)
	c.Flush(sim.C2S)
	n := 64 + r.N(400)
	b = append(b[:0], "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "...)
	b = append(strconv.AppendInt(b, int64(n), 10), "\r\n\r\n"...)
	a.g.scratch = b
	c.Write(sim.S2C, b)
	c.Write(sim.S2C, at(a.g.corpus.text, r.N(corpusSize-n), n))
	c.Flush(sim.S2C)
	c.Close(sim.S2C)
}
