package profile

import (
	"net/netip"

	"github.com/sockeye-dev/sockeye/pcaps/gen/sim"
	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// messy is a conversation to which everything happens that happens to captures.
type messy struct {
	g      *gen
	slot   int
	steps  int
	appear int // steps until the capture begins, in midstream
	offer  string
	pack   [2]*deflater // nil: no compression
	step   int
	end    int // 0 to 99: how it ends
	id     uint64
	ending bool
}

// modes are what befalls a connection; the weights add up to 100.
var modes = [...]struct {
	weight int
	spec   sim.Spec
	messy  sim.Messy
	comp   int // 0: none, 1: with context takeover, 2: without
}{
	{18, sim.Spec{}, sim.Messy{NetLoss: 20, Spurious: 15, Resegment: 10, Reorder: 30, Duplicate: 8, Duties: true}, 0},
	{12, sim.Spec{}, sim.Messy{NetLoss: 20, Spurious: 15, Resegment: 10, Reorder: 30, Duplicate: 8, Duties: true}, 1},
	{20, sim.Spec{}, sim.Messy{CaptureLoss: 15, NetLoss: 5, Reorder: 8, Spurious: 8}, 0},
	{6, sim.Spec{}, sim.Messy{CaptureLoss: 15}, 2},
	{16, sim.Spec{Midstream: true}, sim.Messy{NetLoss: 10, Spurious: 8, Reorder: 15, Duties: true}, 0},
	{4, sim.Spec{Midstream: true}, sim.Messy{CaptureLoss: 15}, 0},
	{8, sim.Spec{Snap: 300, Tags: []string{"snaplen"}}, sim.Messy{}, 0},
	{8, sim.Spec{FastOpen: true, Tags: []string{"tcp-fast-open"}}, sim.Messy{NetLoss: 10, Spurious: 8}, 0},
	{8, sim.Spec{}, sim.Messy{Conflict: 15, Reorder: 15}, 0},
}

func openMessy(g *gen, slot int, over func(*sim.Conn)) {
	v := g.R.N(100)
	m := 0
	for ; v >= modes[m].weight; m++ {
		v -= modes[m].weight
	}
	spec, rates := modes[m].spec, modes[m].messy
	spec.Protocol, spec.Messy = "websocket", &rates
	spec.Tags = append([]string(nil), spec.Tags...)
	a := &messy{g: g, slot: slot, steps: 15 + g.R.N(60), end: g.R.N(100)}
	if spec.Midstream {
		a.appear = 2 + g.R.N(6)
	}
	switch modes[m].comp {
	case 1:
		a.compress(&spec, false)
	case 2:
		a.compress(&spec, true)
	}
	pause := g.R.Between(0, sim.Second)
	if !a.reuse(&spec) {
		a.place(&spec)
	} else {
		pause = g.R.Between(sim.Millisecond, 5*sim.Millisecond)
	}
	g.used[slot] = spec
	g.Open(spec, a, pause, func(c *sim.Conn) {
		for _, d := range a.pack {
			if d != nil {
				g.spare = append(g.spare, d)
			}
		}
		over(c)
	})
}

func (a *messy) compress(spec *sim.Spec, fresh bool) {
	a.offer, spec.Extensions = "permessage-deflate", "permessage-deflate"
	if fresh {
		spec.Extensions += "; server_no_context_takeover; client_no_context_takeover"
	}
	for d := range a.pack {
		if n := len(a.g.spare); n > 0 {
			a.pack[d], a.g.spare = a.g.spare[n-1], a.g.spare[:n-1]
			a.pack[d].restart(fresh)
		} else {
			a.pack[d] = newDeflater(15, 1, fresh)
		}
	}
}

// reuse takes the slot's last addresses and ports, now and then.
func (a *messy) reuse(spec *sim.Spec) bool {
	last, ok := a.g.used[a.slot]
	if !ok || spec.Midstream || !a.g.R.Chance(250) {
		return false
	}
	spec.Client, spec.Server, spec.Layout, spec.MSS = last.Client, last.Server, last.Layout, last.MSS
	spec.Tags = append(spec.Tags, "port-reuse")
	return true
}

// place draws addresses, encapsulation and segment size.
func (a *messy) place(spec *sim.Spec) {
	r := &a.g.R
	spec.Client, spec.Server = a.g.endpoints(byte(40+a.slot%4), 8080)
	spec.MSS = [...]int{536, 1220, 1428}[r.N(3)]
	switch r.N(10) {
	case 0:
		spec.Layout.Tags = []wire.Tag{{TPID: 0x8100, ID: 42}}
		spec.Tags = append(spec.Tags, "vlan")
	case 1:
		spec.Layout.Tags = []wire.Tag{{TPID: 0x88a8, ID: 100}, {TPID: 0x8100, ID: 7}}
		spec.Tags = append(spec.Tags, "qinq")
	case 2:
		spec.Layout.Tags = []wire.Tag{{TPID: 0x9100, ID: 100}, {TPID: 0x8100, ID: 8}}
		spec.Tags = append(spec.Tags, "qinq")
	case 3, 4:
		spec.Client = netip.AddrPortFrom(six(spec.Client.Addr()), spec.Client.Port())
		spec.Server = netip.AddrPortFrom(six(spec.Server.Addr()), spec.Server.Port())
		spec.Tags = append(spec.Tags, "ipv6")
	}
}

// six maps an IPv4 address into 2001:db8::/96.
func six(a netip.Addr) netip.Addr {
	b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	v4 := a.As4()
	copy(b[12:], v4[:])
	return netip.AddrFrom16(b)
}

func (a *messy) Step(c *sim.Conn) int64 {
	r := &a.g.R
	if a.step++; a.step == 1 {
		a.open(c)
		return r.Between(sim.Millisecond, 30*sim.Millisecond)
	}
	if a.ending || a.step > a.steps || a.g.Ending() {
		return a.close(c)
	}
	dir := r.N(2)
	for range 1 + r.N(4) {
		a.message(c, dir)
	}
	if c.Hidden() && a.step > a.appear {
		if r.Chance(500) {
			c.AppearWithin(1 + r.N(700))
		} else {
			c.Appear()
		}
	}
	c.Flush(dir)
	if c.Messy.Duties && r.Chance(60) {
		c.KeepAlive(r.N(2))
	}
	if c.Messy.Duties && r.Chance(15) {
		c.StrayReset(r.N(2))
	}
	return r.Between(2*sim.Millisecond, 60*sim.Millisecond)
}

// open plays the handshake. Nothing befalls it: a connection whose handshake is
// lost is midstream's case.
func (a *messy) open(c *sim.Conn) {
	rates := *c.Messy
	*c.Messy = sim.Messy{}
	if c.FastOpen {
		c.UpgradeFast("messy.example.com", "/messy")
	} else {
		c.Upgrade("messy.example.com", "/messy", a.offer)
	}
	*c.Messy = rates
}

func (a *messy) message(c *sim.Conn, dir int) {
	r := &a.g.R
	a.id++
	m := sim.Message{Op: ws.Text}
	switch v := r.N(100); {
	case v < 5:
		c.Control(dir, ws.Ping, []byte("are you there"))
		return
	case v < 10:
		c.Control(dir, ws.Pong, []byte("are you there"))
		return
	case v < 25:
		m.Op = ws.Binary
		m.Payload = at(a.g.corpus.binary, r.N(corpusSize-4096), r.N(3000))
	default:
		size := 20 + r.N(300)
		if r.Chance(120) {
			size = 500 + r.N(3000)
		}
		a.g.scratch = appendChat(a.g.scratch[:0], r, a.id, size)
		m.Payload = a.g.scratch
	}
	if p := a.pack[dir]; p != nil && !r.Chance(50) {
		m.Wire = p.message(m.Payload, false, false)
	}
	if r.Chance(120) {
		m.Pieces, m.Ping, m.Empty = 2+r.N(3), r.Chance(500), r.Chance(200)
	}
	c.Send(dir, &m)
}

// close ends the connection once nothing is under way.
func (a *messy) close(c *sim.Conn) int64 {
	r := &a.g.R
	if c.Hidden() {
		c.Appear()
		a.message(c, sim.S2C)
		c.Flush(sim.S2C)
	}
	if c.Busy() {
		return 2 * sim.Millisecond
	}
	if a.ending { // after FinFirst
		c.Fin(sim.C2S)
		return -1
	}
	switch {
	case a.end < 10:
		a.ending = true
		a.message(c, sim.S2C)
		c.FinFirst(sim.S2C)
		return 10 * sim.Millisecond
	case a.end < 20:
		c.Tag("rst")
		c.Reset(r.N(2))
	case a.end < 30:
		c.Tag("no-close-frame")
		c.Close(r.N(2))
	case a.end < 36:
		c.Tag("abandoned")
	default:
		*c.Messy = sim.Messy{}
		c.Bye(r.N(2), 1000, "bye")
	}
	return -1
}
