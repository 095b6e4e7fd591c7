package profile

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/flate"
	"github.com/sockeye-dev/sockeye/pcaps/gen/sim"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// Compressing is slow and a compressor is large, so conversations are compressed
// once, as scripts, and each connection plays one from its beginning. Masking
// keys, timing and addresses still differ from connection to connection.
type deflate struct {
	scripts [][]line
	spare   []*deflater // of 15 bits, for use again: they are large
}

const (
	scriptCount = 48
	scriptLevel = 6   // of compression: most endpoints' default
	scriptLines = 220 // about 45 KB a direction and script: more than a window
)

type line struct {
	dir     int
	op      byte
	payload []byte
	wire    []byte // nil: sent uncompressed
}

// variant is how a script's connections negotiate (RFC 7692 §7.1).
type variant struct {
	offer, answer string
	fresh         [2]bool // no context takeover, by direction
	bits          [2]int  // window bits, by direction
	final         int     // of 1000 messages, those that end in a block with BFINAL set
}

var variants = [...]variant{
	{"permessage-deflate; client_max_window_bits", "permessage-deflate", [2]bool{}, [2]int{15, 15}, 0},
	{"permessage-deflate; client_max_window_bits", "permessage-deflate; server_no_context_takeover; client_no_context_takeover", [2]bool{true, true}, [2]int{15, 15}, 0},
	{"permessage-deflate; client_max_window_bits", "permessage-deflate; client_no_context_takeover", [2]bool{true, false}, [2]int{15, 15}, 0},
	{"permessage-deflate; client_max_window_bits", "permessage-deflate; server_no_context_takeover", [2]bool{false, true}, [2]int{15, 15}, 0},
	{"permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=9; server_max_window_bits=10", [2]bool{}, [2]int{9, 10}, 0},
	{"permessage-deflate", "permessage-deflate", [2]bool{}, [2]int{15, 15}, 60},
	{"permessage-deflate; client_max_window_bits=12", "permessage-deflate; client_max_window_bits=12; server_max_window_bits=12", [2]bool{}, [2]int{12, 12}, 0},
	{"permessage-deflate; client_max_window_bits", "permessage-deflate", [2]bool{}, [2]int{15, 15}, 0},
}

// script returns script i, which it makes at first use.
func (g *gen) script(i int) ([]line, *variant) {
	v := &variants[i%len(variants)]
	if g.scripts == nil {
		g.scripts = make([][]line, scriptCount)
	}
	if g.scripts[i] != nil {
		return g.scripts[i], v
	}
	r := new(sim.Rand)
	r.Seed(g.cfg.Seed, uint64(1000+i))
	dirs := [2]*deflater{newDeflater(v.bits[0], scriptLevel, v.fresh[0]), newDeflater(v.bits[1], scriptLevel, v.fresh[1])}
	lines := make([]line, 0, scriptLines)
	for n := range scriptLines {
		l := line{dir: r.N(2), op: ws.Text}
		size := 60 + r.N(340)
		if r.Chance(20) {
			size = 2000 + r.N(6000)
		}
		l.payload = appendChat(nil, r, uint64(n), size)
		if !r.Chance(30) { // a few messages go uncompressed, as an endpoint may (§6.1)
			l.wire = bytes.Clone(dirs[l.dir].message(l.payload, r.Chance(v.final), r.Chance(500)))
		}
		lines = append(lines, l)
	}
	g.scripts[i] = lines
	return lines, v
}

// deflater compresses one direction's messages (RFC 7692 §7.2.1).
// Its messages are not owned by the caller: they last until the next one.
type deflater struct {
	out    bytes.Buffer
	w      *flate.Writer
	fresh  bool
	window int
	last   []byte // the last window of what was compressed
}

func newDeflater(bits, level int, fresh bool) *deflater {
	d := &deflater{fresh: fresh, window: 1 << bits}
	if bits == 15 {
		d.w = must(flate.NewWriter(&d.out, level))
	} else {
		d.w = must(flate.NewWriterWindow(&d.out, d.window))
	}
	return d
}

// restart makes d ready for another connection.
func (d *deflater) restart(fresh bool) {
	d.fresh, d.last = fresh, d.last[:0]
	d.w.Reset(&d.out)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the arguments are constants
	}
	return v
}

// message compresses p. final ends it in a block with BFINAL set (§7.2.3.4);
// keep then goes on with the same window, which is allowed just as starting anew is.
func (d *deflater) message(p []byte, final, keep bool) []byte {
	d.out.Reset()
	if d.fresh {
		d.w.Reset(&d.out)
	}
	must(d.w.Write(p))
	d.last = append(d.last, p...)
	d.last = d.last[max(0, len(d.last)-d.window):]
	if !final {
		d.check(d.w.Flush())
		return d.out.Bytes()[:d.out.Len()-4]
	}
	d.check(d.w.Close())
	out := append(bytes.Clone(d.out.Bytes()), 0)
	if d.out.Reset(); keep {
		d.w = must(flate.NewWriterDict(&d.out, scriptLevel, d.last))
		d.out.Reset()
	} else {
		d.w = must(flate.NewWriter(&d.out, scriptLevel))
	}
	return out
}

func (d *deflater) check(err error) {
	if err != nil {
		panic(fmt.Sprintf("writing to a buffer: %v", err)) // bytes.Buffer returns no error
	}
}

// recital is a connection that plays a script.
type recital struct {
	g     *gen
	lines []line
	v     *variant
	begun bool
}

func openDeflate(g *gen, slot int, over func(*sim.Conn)) {
	lines, v := g.script(g.R.N(scriptCount))
	client, server := g.endpoints(byte(20+slot%4), 8080)
	g.Open(sim.Spec{Client: client, Server: server, Protocol: "websocket", Extensions: v.answer},
		&recital{g: g, lines: lines, v: v}, g.R.Between(0, sim.Second), over)
}

func (a *recital) Step(c *sim.Conn) int64 {
	r := &a.g.R
	if !a.begun {
		a.begun = true
		c.Upgrade("push.example.com:8080", "/deflate", a.v.offer)
		return r.Between(sim.Millisecond, 40*sim.Millisecond)
	}
	if len(a.lines) == 0 || a.g.Ending() {
		c.Bye(r.N(2), 1000, "")
		return -1
	}
	l := &a.lines[0]
	a.lines = a.lines[1:]
	m := sim.Message{Op: l.op, Payload: l.payload, Wire: l.wire}
	if r.Chance(30) {
		m.Pieces, m.Ping = 1+r.N(3), r.Chance(300)
	}
	c.Send(l.dir, &m)
	c.Flush(l.dir)
	return r.Between(2*sim.Millisecond, 100*sim.Millisecond)
}
