package reassembly

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// ledger is a Folder that writes down what a journal does, but of the end of a
// connection only what may not depend on whether it was folded.
type ledger struct {
	lines     []string
	forgotten []uint64  // numbers
	again     [2]uint64 // retransmitted bytes of clients and servers
	folded    int
}

type account struct {
	entryOf
	l *ledger
}

func (l *ledger) Open(c *Conn) Handler { return account{entryOf{&journal{}, c}, l} }
func (l *ledger) Fold(c *Conn) bool {
	if c.Number%8 == 0 {
		return false
	}
	l.folded++
	return true
}

func (l *ledger) Repeated(client bool, n int) {
	if client {
		l.again[0] += uint64(n)
	} else {
		l.again[1] += uint64(n)
	}
}

func (a account) add(format string, args ...any) {
	a.l.lines = append(a.l.lines, fmt.Sprintf("%d ", a.c.Number)+fmt.Sprintf(format, args...))
}
func (a account) Data(d packet.Dir, b []byte, at At)         { a.add("data %d %x %v", d, b, at) }
func (a account) Gap(d packet.Dir, n uint64, c Cause, at At) { a.add("gap %d %d %v %v", d, n, c, at) }
func (a account) Fin(d packet.Dir, at At)                    { a.add("fin %d %v", d, at) }
func (a account) End(r Reason, by packet.Dir, _ At)          { a.add("end %v %d", r, by) }
func (a account) Forget() {
	a.l.forgotten = append(a.l.forgotten, a.c.Number)
	for dir := range packet.Dir(2) {
		a.l.again[dir^a.c.ClientDir()] += a.c.Retransmitted(dir)
	}
}

// talk makes packets of connections on few addresses, most of which fit what came before.
type talk struct {
	r     *rand.Rand
	p     capture.Packet
	flows []flowing
}

type flowing struct {
	seq, start [2]uint32
	fin        [2]bool
}

func (k *talk) next() (capture.Packet, packet.Decoded) {
	r := k.r
	k.p.Number++
	k.p.Time += int64(r.IntN(1e8))
	if r.IntN(200) == 0 {
		k.p.Time += int64(r.IntN(400)-80) * 1e9
	}
	if r.IntN(400) == 0 {
		k.p.Time += 3600 * 1e9 // not believed at once
	}
	port := r.IntN(len(k.flows))
	f := &k.flows[port]
	d := packet.Decoded{Proto: 6, IPVersion: 4, WindowScale: -1, Window: 60_000, Dir: packet.Dir(r.IntN(2))}
	d.Flow = packet.Flow{LoPort: uint16(port), Proto: 6, Version: 4}
	dir, rev := d.Dir, d.Dir.Reverse()
	d.Flags, d.Seq, d.Ack = packet.ACK, f.seq[dir], f.seq[rev]
	n := r.IntN(64)
	if f.fin[0] && f.fin[1] && r.IntN(2) == 0 {
		n = 60 // what comes after the end
	}
	if n < 6 && f.seq[0] != 0 && !(f.fin[0] && f.fin[1]) && r.IntN(8) > 0 {
		n = 50 // it goes on
	}
	switch {
	case n < 6: // a new connection begins, or the same SYN comes once more
		if n > 0 {
			f.start = [2]uint32{r.Uint32(), r.Uint32()}
		}
		f.seq, f.fin = [2]uint32{f.start[0] + 1, f.start[1] + 1}, [2]bool{}
		d.Flags, d.Seq, d.Ack = packet.SYN, f.start[dir], 0
	case n < 16:
		d.Flags, d.Seq, d.Ack = packet.SYN|packet.ACK, f.start[dir], f.start[rev]+1
	case n < 30:
		d.Payload = []byte("abcdefgh")[:1+r.IntN(8)]
		d.PayloadLen = len(d.Payload)
		f.seq[dir] += uint32(d.PayloadLen)
	case n < 46:
		d.Flags |= packet.FIN
		if !f.fin[dir] {
			f.seq[dir]++
		}
		f.fin[dir] = true
	case n == 46, n >= 60: // captured again
		d.Seq -= uint32(r.IntN(12))
		d.Payload = []byte("abcdefgh")[:1+r.IntN(8)]
		d.PayloadLen = len(d.Payload)
	case n == 47:
		d.Flags |= packet.RST
		d.Payload = []byte("why")[:r.IntN(4)]
		d.PayloadLen = len(d.Payload)
	case n == 49:
		d.Flags = packet.SYN | packet.FIN
	case n == 48:
		d.Seq = r.Uint32()
		d.Payload = []byte("wild")
		d.PayloadLen = 4
	}
	return k.p, d
}

// TestFold holds that folding changes nothing but when connections are forgotten, of
// which all are, once: with retransmissions after the end, reuse, eviction and clocks that leap.
func TestFold(t *testing.T) {
	folded := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 11))
		limits := Limits{MaxConns: []int{5, 0, 0, 0}[r.IntN(4)]}
		var books [2]ledger
		var tables [2]*Table
		for i := range tables {
			tables[i] = New(&books[i], limits)
			if seed%2 == 0 {
				tables[i].OpenLate()
			}
		}
		tables[1].Fold(&books[1])
		k := talk{r: r}
		k.flows = make([]flowing, 1+r.IntN(12))
		for range 1500 {
			p, d := k.next()
			for _, tab := range tables {
				copyOfP, copyOfD := p, d
				tab.Packet(&copyOfP, &copyOfD)
			}
			a, b := tables[0], tables[1]
			if !slices.Equal(books[0].lines, books[1].lines) || a.Stats() != b.Stats() || a.Clock() != b.Clock() {
				t.Fatalf("seed %d, packet %d %+v:\n%q\nfolding %q\n%+v\n%+v", seed, p.Number, d, books[0].lines, books[1].lines, a.Stats(), b.Stats())
			}
			books[0].lines, books[1].lines = books[0].lines[:0], books[1].lines[:0]
			if c := b.Current(); c != nil && c.Number != a.Current().Number {
				t.Fatalf("seed %d: connection %d is current, not %d", seed, c.Number, a.Current().Number)
			}
		}
		for i := range tables {
			tables[i].Close()
			slices.Sort(books[i].forgotten)
		}
		a, b := &books[0], &books[1]
		if !slices.Equal(a.lines, b.lines) || !slices.Equal(a.forgotten, b.forgotten) || a.again != b.again || tables[0].Stats() != tables[1].Stats() {
			t.Fatalf("seed %d: at the end\n%+v\n%+v", seed, a, b)
		}
		if n := len(b.forgotten); uint64(n) != tables[1].Stats().Connections || len(slices.Compact(b.forgotten)) != n {
			t.Fatalf("seed %d: %d connections forgotten of %d", seed, n, tables[1].Stats().Connections)
		}
		folded += b.folded
	}
	if folded < 1000 {
		t.Errorf("only %d connections were folded", folded)
	}
}

// Of short connections without end hardly more Conns are made than are open at a time.
func TestHusks(t *testing.T) {
	l := &ledger{}
	tab := New(l, Limits{})
	tab.OpenLate()
	tab.Fold(l)
	const n = 20_000
	var p capture.Packet
	for i := range n {
		for _, s := range []struct {
			dir      packet.Dir
			flags    uint16
			seq, ack uint32
		}{{0, packet.SYN, 9, 0}, {1, packet.SYN | packet.ACK, 99, 10}, {0, packet.ACK, 10, 100}, {0, packet.FIN | packet.ACK, 10, 100}, {1, packet.FIN | packet.ACK, 100, 11}, {0, packet.ACK, 11, 101}} {
			p.Number++
			p.Time += 1000
			d := packet.Decoded{Proto: 6, Flow: flowOf(i), Dir: s.dir, Flags: s.flags, Seq: s.seq, Ack: s.ack, WindowScale: -1}
			tab.Packet(&p, &d)
		}
	}
	st := tab.Stats()
	if st.Active != n || st.Connections != n || st.Closed != n || l.folded != n-n/8 || tab.conns.conns.used > n/8+1 {
		t.Errorf("%+v, %d folded, %d Conns", st, l.folded, tab.conns.conns.used)
	}
	if tab.Close(); len(l.forgotten) != n || tab.Stats().Active != 0 {
		t.Errorf("%d of %d forgotten", len(l.forgotten), n)
	}
}
