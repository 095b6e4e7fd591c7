package reassembly

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// journal is an Opener that writes down everything but when it was asked, with the
// state of each Conn as it is forgotten.
type journal struct{ lines []string }

type entryOf struct {
	j *journal
	c *Conn
}

func (j *journal) Open(c *Conn) Handler { return entryOf{j, c} }

func (e entryOf) add(format string, args ...any) {
	e.j.lines = append(e.j.lines, fmt.Sprintf("%d ", e.c.Number)+fmt.Sprintf(format, args...))
}

func (e entryOf) Data(d packet.Dir, b []byte, at At)         { e.add("data %d %x %v", d, b, at) }
func (e entryOf) Gap(d packet.Dir, n uint64, c Cause, at At) { e.add("gap %d %d %v %v", d, n, c, at) }
func (e entryOf) Fin(d packet.Dir, at At)                    { e.add("fin %d %v", d, at) }
func (e entryOf) Overlap(d packet.Dir, o *Overlap)           { e.add("overlap %d %+v", d, *o) }
func (e entryOf) End(r Reason, by packet.Dir, at At) {
	e.add("end %v %d %v %+v", r, by, at, plain(e.c))
}
func (e entryOf) Forget() { e.add("forget %+v %+v", plain(e.c), *e.c.mishaps()) }

// plain is a Conn without what says where it lies.
func plain(c *Conn) Conn {
	p := *c
	p.handler, p.slot, p.links, p.mishap = nil, 0, links{}, nil
	for i := range p.half {
		p.half[i].trouble, p.half[i].latest, p.half[i].retained = nil, 0, 0
	}
	return p
}

// lockstep plays packets on a table that opens handlers late and on one that does not.
type lockstep struct {
	journals [2]journal
	tables   [2]*Table
}

func newLockstep(l Limits) *lockstep {
	s := &lockstep{}
	for i := range s.tables {
		s.tables[i] = New(&s.journals[i], l)
	}
	s.tables[1].OpenLate()
	return s
}

func (s *lockstep) packet(p capture.Packet, d packet.Decoded) {
	for _, t := range s.tables {
		copyOfP, copyOfD := p, d
		t.Packet(&copyOfP, &copyOfD)
	}
}

// check compares what both tables did and counted.
func (s *lockstep) check(t *testing.T) {
	t.Helper()
	a, b := s.journals[0].lines, s.journals[1].lines
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("line %d:\nat once %s\nlate    %s", i, a[i], b[i])
		}
	}
	if len(a) != len(b) || s.tables[0].Stats() != s.tables[1].Stats() || s.tables[0].Clock() != s.tables[1].Clock() {
		t.Fatalf("%d and %d lines, stats\n%+v\n%+v", len(a), len(b), s.tables[0].Stats(), s.tables[1].Stats())
	}
	s.journals[0].lines, s.journals[1].lines = a[:0], b[:0]
}

// TestOpenLate holds that it changes nothing but when handlers are opened: with SYNs
// that are repeated, answered, reset, reused, evicted, and forgotten in time.
func TestOpenLate(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := newLockstep(Limits{MaxConns: []int{3, 40, 0}[r.IntN(3)]})
		var p capture.Packet
		ports := 1 + r.IntN(60)
		for range 400 {
			p.Number++
			if p.Time += int64(r.IntN(1e9)); r.IntN(20) == 0 {
				p.Time += int64(r.IntN(200)-40) * 1e9
			}
			d := packet.Decoded{Proto: 6, IPVersion: 4, WindowScale: int8(r.IntN(17) - 1), Window: uint16(r.IntN(1 << 16)), Dir: packet.Dir(r.IntN(2))}
			d.Flow = packet.Flow{LoPort: uint16(r.IntN(ports)), Proto: 6, Version: 4}
			d.Flags = []uint16{packet.SYN, packet.SYN, packet.SYN, packet.SYN | packet.ACK, packet.ACK, packet.RST, packet.FIN | packet.ACK, packet.SYN | packet.FIN}[r.IntN(8)]
			d.Seq, d.Ack = uint32(r.IntN(3)), uint32(r.IntN(3))
			if r.IntN(6) == 0 {
				d.Payload = []byte("abc")[:r.IntN(4)]
				d.PayloadLen = len(d.Payload) + r.IntN(2)
			}
			s.packet(p, d)
			s.check(t)
			if r.IntN(50) == 0 {
				a, b := s.tables[0].Current(), s.tables[1].Current()
				if pa, pb := plain(a), plain(b); pa != pb || b.Handler() == nil {
					t.Fatalf("current:\n%+v\n%+v", pa, pb)
				}
			}
		}
		s.tables[0].Close()
		s.tables[1].Close()
		s.check(t)
	}
}

// Of half-open connections without end no Conn is made while they come.
func TestKnocks(t *testing.T) {
	j := &journal{}
	tab := New(j, Limits{})
	tab.OpenLate()
	const n = 20_000 // more than are looked for in one place only
	for i := range n {
		d := packet.Decoded{Proto: 6, Flow: flowOf(i), Flags: packet.SYN, WindowScale: -1}
		tab.Packet(&capture.Packet{Number: uint64(i) + 1, Time: int64(i)}, &d)
	}
	if st := tab.Stats(); st.Active != n || st.Connections != n || tab.conns.conns.used != 0 {
		t.Errorf("%+v, %d Conns", st, tab.conns.conns.used)
	}
	r := rand.New(rand.NewPCG(1, 2))
	answered := map[int]bool{}
	for range 5000 {
		i := r.IntN(n/10) * (1 + r.IntN(2))
		answered[i] = true
		d := packet.Decoded{Proto: 6, Flow: flowOf(i), Flags: packet.ACK, Seq: 1, WindowScale: -1}
		tab.Packet(&capture.Packet{Number: n + 1, Time: n}, &d)
		if c := tab.Current(); c.Flow != flowOf(i) || c.Number != uint64(i)+1 {
			t.Fatalf("connection %d: %+v", i+1, c)
		}
	}
	if st := tab.Stats(); st.Active != n || tab.conns.conns.used != uint32(len(answered)) {
		t.Errorf("%+v, %d Conns of %d", st, tab.conns.conns.used, len(answered))
	}
	tab.Close()
	if len(j.lines) != 2*n || tab.Stats().Active != 0 {
		t.Errorf("%d calls, %+v", len(j.lines), tab.Stats())
	}
	if !slices.IsSortedFunc(j.lines, func(a, b string) int {
		var x, y int
		fmt.Sscan(a, &x)
		fmt.Sscan(b, &y)
		return x - y
	}) {
		t.Error("not in the order of their numbers")
	}
}
