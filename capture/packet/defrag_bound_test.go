package packet

import (
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
)

// check holds the books of a Defragmenter to what it has.
func (f *Defragmenter) check(t testing.TB) {
	t.Helper()
	var sum int64
	n := 0
	for i, l := range []*fragmentList{&f.waiting, &f.done} {
		since := int64(math.MinInt64)
		for g := l.oldest; g != nil; g = g.newer {
			if g.since < since || g.complete != (i == 1) || f.all[g.key] != g || g.charge != g.size() {
				t.Fatalf("datagram out of order or uncounted: %+v", g)
			}
			since = g.since
			end, covered := 0, 0
			for _, q := range g.pieces {
				if int(q.off) < end || q.end <= q.off || q.have > q.end-q.off || int(q.at)+int(q.have) > len(g.buf) {
					t.Fatalf("pieces %+v", g.pieces)
				}
				end = int(q.end)
				covered += int(q.end - q.off)
			}
			if covered != g.covered || g.complete != (g.total == covered) || g.total >= 0 && end > g.total {
				t.Fatalf("%d bytes covered of %d, counted %d", covered, g.total, g.covered)
			}
			sum += g.charge
			n++
		}
	}
	if n != len(f.all) || sum != f.bytes || sum > f.limits.FragmentBytes || n > f.limits.Datagrams || len(f.free) > freeCount {
		t.Fatalf("%d datagrams of %d, %d bytes counted %d", n, len(f.all), sum, f.bytes)
	}
	s := f.Stats()
	waiting := uint64(0)
	for g := f.waiting.oldest; g != nil; g = g.newer {
		waiting++
	}
	if s.Waiting != waiting {
		t.Fatalf("%d wait: %+v", waiting, s)
	}
}

// TestFragmentAge lets the missing ones come late, at odd times.
func TestFragmentAge(t *testing.T) {
	c := segments4And6(100)["IPv4"]
	other := cutter{c.whole, 77}
	const hour = 3600
	for _, s := range []struct {
		name    string
		first   float64
		between []float64 // of fragments of other datagrams
		last    float64
		whole   bool
	}{
		{"at once", 0, nil, 0, true},
		{"29 seconds", 0, nil, 29.9, true},
		{"30 seconds", 0, nil, 30, false},
		{"30 seconds, with others between", 0, []float64{10, 20, 30}, 30, false},
		{"earlier", 100, nil, 80, true},
		{"far earlier: the first one's time was wrong", hour, nil, 0, true},
		{"an outlier between", 0, []float64{hour}, 1, true},
		{"an outlier before 1970 between", 0, []float64{-1e9}, 1, true},
		{"two outliers that agree", 0, []float64{hour, hour}, 1, false},
		{"behind a pause of an hour", hour, []float64{hour + 0.1}, hour + 0.2, true},
		{"largest times", 9e9, []float64{9e9, -9e9}, 9e9, true},
	} {
		f := newFeed(Limits{})
		if s.name == "behind a pause of an hour" {
			f.give(other.fragment(0, 8))
			f.give(other.fragment(8, 16))
		}
		f.time = seconds(s.first)
		f.give(c.fragment(0, 64))
		for i, at := range s.between {
			f.time = seconds(at)
			f.give(cutter{c.whole, uint32(1000 + i)}.fragment(0, 64))
		}
		f.time = seconds(s.last)
		f.give(c.fragment(64, 132))
		if f.d.IsTCP() != s.whole {
			t.Errorf("%s: %+v", s.name, f.d)
		}
		f.x.defrag.check(t)
	}
}

// TestFragmentBounds sets each bound low: the oldest goes first.
func TestFragmentBounds(t *testing.T) {
	whole := segments4And6(100)["IPv4"].whole
	at := func(i int) cutter { return cutter{whole, uint32(i)} }
	f := newFeed(Limits{Datagrams: 10})
	for i := range 25 {
		f.give(at(i).fragment(0, 64))
		f.x.defrag.check(t)
	}
	if s := f.x.Stats(); s.Evicted != 15 || s.Waiting != 10 {
		t.Errorf("%+v", s)
	}
	if f.give(at(15).fragment(64, 132)); !f.d.IsTCP() {
		t.Error("the tenth from the end was evicted")
	}
	if f.give(at(99).fragment(0, 64)); f.x.Stats().Evicted != 15 {
		t.Error("what was whole should have gone first")
	}

	f = newFeed(Limits{FragmentBytes: 4000})
	for i := range 100 {
		f.give(at(i).fragment(0, 64))
		f.x.defrag.check(t)
	}
	if s := f.x.Stats(); s.Evicted < 50 || s.Waiting < 10 {
		t.Errorf("%+v", s)
	}
	f = newFeed(Limits{FragmentBytes: 50})
	if f.give(at(1).fragment(0, 64)); f.d.Held || f.x.Stats().Evicted != 1 {
		t.Errorf("held what is more than the bound: %+v", f.x.Stats())
	}
	f.x.defrag.check(t)

	f = newFeed(Limits{DatagramBytes: 100})
	if f.give(at(1).fragment(64, 132)); f.d.Held || f.x.Stats().Malformed != 1 {
		t.Errorf("held what is beyond the bound: %+v", f.x.Stats())
	}
}

// hostile returns fragments of ever new datagrams.
func hostile() (next func() *capture.Packet) {
	p := capture.Packet{Link: capture.LinkRaw, Data: cutter{ip4(17, udp(body(500))), 0}.fragment(8, 400)}
	p.OrigLen = uint32(len(p.Data))
	return func() *capture.Packet {
		p.Number++
		p.Time += 1000
		be.PutUint32(p.Data[12:], uint32(p.Number>>16))
		be.PutUint16(p.Data[4:], uint16(p.Number))
		return &p
	}
}

// TestHostileFragments gives a million fragments of as many datagrams, then the
// most pieces that one datagram can have, in the worst order.
func TestHostileFragments(t *testing.T) {
	x := NewDecoder(Options{})
	next := hostile()
	var d Decoded
	start := time.Now()
	for range 1_000_000 {
		x.Decode(next(), &d)
	}
	took := time.Since(start)
	x.defrag.check(t)
	s := x.Stats()
	if s.Datagrams != 1_000_000 || s.Evicted+s.Waiting != 1_000_000 || s.Waiting > 65_536 || x.defrag.bytes > 16<<20 {
		t.Errorf("%+v, %d bytes", s, x.defrag.bytes)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 96<<20 {
		t.Errorf("%d MiB of memory", m.HeapAlloc>>20)
	}
	runtime.KeepAlive(x)
	t.Logf("a million in %v, %d MiB", took, m.HeapAlloc>>20)

	c := cutter{ip4(17, udpLength(0, body(65_520))), 5}
	f := newFeed(Limits{})
	start = time.Now()
	for at := 65_520; at >= 0; at -= 16 { // every other one from behind
		f.give(c.fragment(at, at+8))
	}
	f.x.defrag.check(t)
	if n := len(f.x.defrag.waiting.oldest.pieces); n != 4096 {
		t.Errorf("%d pieces", n)
	}
	for at := 65_512; at >= 0; at -= 16 {
		f.give(c.fragment(at, at+8))
	}
	if f.d.Stop != StopNone || f.d.PayloadLen != 65_520 {
		t.Errorf("%v, %d bytes", f.d.Stop, f.d.PayloadLen)
	}
	t.Logf("8,191 pieces in %v", time.Since(start))
}

// TestDecoderAllocates checks that a Decoder allocates nothing but for the
// fragments, and for these only until it has been through some.
func TestDecoderAllocates(t *testing.T) {
	x := NewDecoder(Options{VXLANPorts: []uint16{9999}})
	var d Decoded
	for _, c := range allCases() {
		p := capture.Packet{Link: c.link, Data: c.data, OrigLen: uint32(len(c.data))}
		if x.Decode(&p, &d); d.Stop == StopFragment {
			continue
		}
		if n := testing.AllocsPerRun(10, func() { x.Decode(&p, &d) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", c.name, n)
		}
	}
	x = NewDecoder(Options{Limits: Limits{Datagrams: 100}})
	next := hostile()
	if n := testing.AllocsPerRun(1000, func() { x.Decode(next(), &d) }); n > 0.5 {
		t.Errorf("fragments: %v allocations", n)
	}
}

// BenchmarkDecoder measures what a Decoder adds, and fragments.
func BenchmarkDecoder(b *testing.B) {
	b.Run("eth-ip4-tcp-timestamps", func(b *testing.B) {
		data := ethernet(0x0800, ip4(6, tcpTS(payload)))
		p := capture.Packet{Link: capture.LinkEthernet, Data: data, OrigLen: uint32(len(data))}
		x := NewDecoder(Options{})
		var d Decoded
		b.ReportAllocs()
		for b.Loop() {
			x.Decode(&p, &d)
		}
	})
	b.Run("vxlan", func(b *testing.B) {
		data := ip4(17, udpTo(4789, "08000000 00abcd00", mirroredFrame()))
		p := capture.Packet{Link: capture.LinkRaw, Data: data, OrigLen: uint32(len(data))}
		x := NewDecoder(Options{})
		var d Decoded
		b.ReportAllocs()
		for b.Loop() {
			x.Decode(&p, &d)
		}
	})
	b.Run("two-fragments", func(b *testing.B) { // a datagram an operation
		c := cutter{ip4(6, tcpTS(body(1500))), 0}
		first, last := c.fragment(0, 1480), c.fragment(1480, 1532)
		x := NewDecoder(Options{})
		var d Decoded
		p := capture.Packet{Link: capture.LinkRaw}
		b.ReportAllocs()
		for b.Loop() {
			p.Number++
			p.Time += 100_000
			for _, data := range [][]byte{first, last} {
				be.PutUint16(data[4:], uint16(p.Number))
				p.Data, p.OrigLen = data, uint32(len(data))
				x.Decode(&p, &d)
			}
		}
		if !d.IsTCP() {
			b.Fatal(d.Stop)
		}
	})
	b.Run("million-datagrams", func(b *testing.B) { // one fragment each
		b.ReportAllocs()
		for b.Loop() {
			x := NewDecoder(Options{})
			next := hostile()
			var d Decoded
			for range 1_000_000 {
				x.Decode(next(), &d)
			}
		}
	})
}
