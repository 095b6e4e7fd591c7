package dissect_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// spent is the CPU time of the process so far, or where that is not to be had, a
// clock. Only differences count.
var spent = func() time.Duration { return time.Since(started) }

var started = time.Now()

// raced is set under the race detector, where attacks are smaller.
var raced bool

// An attack makes packets that are meant to cost much more than they are long.
// Its twin has the same packets, or as many of the same length, without malice.
//
//	attack ─► forger (one buffer, reused) ─► Analyzer ─► totals, live heap, ns a byte
type attack struct {
	name string
	// n is how much of it there is: packets or bytes, as its script says; less in short runs.
	n, short int
	// play sends the packets of the attack, or with malice false those of its twin.
	play    func(f *forger, n int, malice bool)
	limits  dissect.Limits
	payload event.Payload
	// many: its gaps are so many that their events are made in a short run only; in the
	// long one the table's counts stand for them.
	many bool
	// live bounds the heap that is in use at any time, in bytes.
	live func(n int) uint64
	// hold holds what the analyzer says of the attack.
	hold func(t *testing.T, n int, o *outcome)
}

// outcome is what came of an attack.
type outcome struct {
	totals   dissect.Totals
	live     uint64 // most bytes of live objects, above those before the attack
	bytes    int64  // of frames
	packets  int
	spent    time.Duration
	gaps     gaps // events
	messages []*event.Message
}

// gaps counts events by cause: with a map, that would be a good part of the work.
type gaps struct{ lost, limit, other int }

func (g *gaps) add(cause string) {
	switch cause {
	case "lost":
		g.lost++
	case "limit":
		g.limit++
	default:
		g.other++
	}
}

func (o *outcome) perByte() float64 { return float64(o.spent.Nanoseconds()) / float64(o.bytes) }

// size is how much of the attack is played, and why not all of it.
func (a *attack) size() (n int, why string) {
	switch {
	case raced:
		return a.short / 4, "with the race detector"
	case testing.Short():
		return a.short, "with -short"
	}
	return a.n, ""
}

// run plays an attack or its twin. The live heap is measured samples times;
// without, everything is counted only, as stats does, and no event is made.
func (a *attack) run(n int, malice bool, samples int) *outcome {
	o := &outcome{}
	want := event.Want{Payload: a.payload}
	counted := a.many && n > a.short
	want.Kinds[event.KindMessage], want.Kinds[event.KindGap] = samples > 0, samples > 0 && !counted
	sink := event.SinkFunc(func(e *event.Event) {
		switch d := e.Detail.(type) {
		case *event.Gap:
			o.gaps.add(d.Cause)
		case *event.Message:
			if len(o.messages) < 16 {
				m := *d
				m.Payload = nil
				o.messages = append(o.messages, &m)
			}
		}
	})
	before := liveHeap()
	begun := spent()
	an := dissect.New(dissect.Options{Want: want, Limits: a.limits}, sink)
	f := &forger{now: 1_700_000_000e9}
	measure := func() { o.live = max(o.live, max(liveHeap(), before)-before) }
	if samples == 0 {
		defer debug.SetGCPercent(debug.SetGCPercent(100))
	}
	f.give = func(p *capture.Packet) {
		if samples == 0 && o.packets%(1<<16) == 0 {
			tuneGC(an.Totals().TCP.Active)
		}
		an.Packet(p)
		if o.packets++; samples > 0 && o.packets%max(1, f.expect/samples) == 0 {
			measure()
		}
	}
	a.play(f, n, malice)
	if samples > 0 {
		measure()
	}
	an.Close()
	o.spent = spent() - begun
	o.bytes, o.totals = f.bytes, an.Totals()
	if counted {
		o.gaps = gaps{lost: int(o.totals.TCP.Gaps[reassembly.Lost]), limit: int(o.totals.TCP.Gaps[reassembly.Limit])}
	}
	return o
}

// tuneGC lets the collector run as often as the program lets it, with so many
// connections in the table (cmd/sockeye).
func tuneGC(connections int) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	heap, n := uint64(32*mib+768*connections), max(live[0].Value.Uint64(), 4*mib)
	debug.SetGCPercent(int(max(100*heap/n, 200)) - 100)
}

// liveHeap returns the bytes of objects that are still in use.
func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// forger makes packets of raw IPv4.
type forger struct {
	give   func(*capture.Packet)
	expect int // packets that will be given, about
	step   int64
	now    int64
	bytes  int64
	p      capture.Packet
	buf    [1 << 16]byte
}

// from4 is a side of a forged connection.
type from4 struct {
	addr uint32
	port uint16
}

// ip gives an IPv4 packet whose payload of n bytes is in f.buf[20:].
func (f *forger) ip(proto byte, src, dst uint32, n int) {
	be := binary.BigEndian
	b := f.buf[:20+n]
	b[0], b[8], b[9] = 0x45, 64, proto
	be.PutUint16(b[2:], uint16(len(b)))
	be.PutUint32(b[12:], src)
	be.PutUint32(b[16:], dst)
	f.now += f.step
	f.p = capture.Packet{Number: f.p.Number + 1, Time: f.now, OrigLen: uint32(len(b)), Link: capture.LinkRaw, Data: b}
	f.bytes += int64(len(b))
	f.give(&f.p)
}

// tcp gives a segment. wire is how long its payload was before it was cut.
func (f *forger) tcp(src, dst from4, flags byte, seq, ack uint32, payload []byte, wire int) {
	be := binary.BigEndian
	h := f.buf[20:40]
	be.PutUint16(h, src.port)
	be.PutUint16(h[2:], dst.port)
	be.PutUint32(h[4:], seq)
	be.PutUint32(h[8:], ack)
	h[12], h[13] = 5<<4, flags
	be.PutUint16(h[14:], 65535)
	copy(f.buf[40:], payload)
	b := f.buf[:40+len(payload)]
	f.buf[0], f.buf[8], f.buf[9] = 0x45, 64, 6
	be.PutUint16(b[2:], uint16(40+wire))
	be.PutUint32(b[12:], src.addr)
	be.PutUint32(b[16:], dst.addr)
	clear(f.buf[4:8])
	f.now += f.step
	f.p = capture.Packet{Number: f.p.Number + 1, Time: f.now, OrigLen: uint32(40 + wire), Link: capture.LinkRaw, Data: b}
	f.bytes += int64(len(b))
	f.give(&f.p)
}

// stream is a forged connection that speaks WebSocket; both sides' first sequence numbers are 0.
type stream struct {
	f    *forger
	ends [2]from4
	next [2]uint64
}

const (
	forgedClient = 0
	forgedServer = 1
	forgedKey    = "dGhlIHNhbXBsZSBub25jZQ=="
)

// connect opens connection number i.
func (f *forger) connect(i int) *stream {
	s := &stream{f: f, ends: [2]from4{{0x0a000000 + uint32(i), 40000}, {0xc0000201, 8080}}}
	f.tcp(s.ends[0], s.ends[1], packet.SYN, ^uint32(0), 0, nil, 0)
	f.tcp(s.ends[1], s.ends[0], packet.SYN|packet.ACK, ^uint32(0), 0, nil, 0)
	return s
}

// upgrade makes it speak WebSocket.
func (f *forger) upgrade(i int, extensions string) *stream {
	s := f.connect(i)
	s.say(forgedClient, ws.AppendRequest(nil, "x", "/", forgedKey, extensions))
	s.say(forgedServer, ws.AppendResponse(nil, forgedKey, extensions))
	s.ack(forgedClient)
	return s
}

// say sends the next bytes of a side in segments.
func (s *stream) say(side int, b []byte) {
	for len(b) > 0 {
		n := min(len(b), 1448)
		s.put(side, s.next[side], b[:n], n)
		s.next[side] += uint64(n)
		b = b[n:]
	}
}

// put sends a segment at an offset, of which only the bytes of b were captured.
func (s *stream) put(side int, off uint64, b []byte, wire int) {
	s.f.tcp(s.ends[side], s.ends[1-side], packet.ACK, uint32(off), uint32(s.next[1-side]), b, wire)
}

// ack lets a side acknowledge all that the other said.
func (s *stream) ack(side int) { s.put(side, s.next[side], nil, 0) }

// header appends the server's header of a message.
func header(op byte, compressed bool, n uint64) []byte {
	return ws.AppendHeader(nil, &ws.Frame{Fin: true, Op: op, RSV1: compressed, Length: n})
}

// deflated compresses b as a message (RFC 7692 §7.2.1).
func deflated(b []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		panic(err) // the level is valid
	}
	w.Write(b) //nolint:errcheck // a bytes.Buffer takes everything
	w.Flush()  //nolint:errcheck // the same
	return bytes.TrimSuffix(out.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// TestHostile plays the attacks: what they make the analyzer hold is bounded,
// and where a bound was reached, that is said.
func TestHostile(t *testing.T) {
	for i := range attacks {
		a := &attacks[i]
		t.Run(a.name, func(t *testing.T) {
			n, why := a.size()
			if why != "" {
				t.Logf("%d instead of %d: %s", n, a.n, why)
			}
			o := a.run(n, true, 8)
			t.Logf("%d packets, %.1f MB: %.1f MiB of live objects", o.packets, float64(o.bytes)/1e6, float64(o.live)/mib)
			if limit := a.live(n); o.live > limit {
				t.Errorf("%d bytes of live objects, more than %d", o.live, limit)
			}
			a.hold(t, n, o)
			if a.many && n > a.short {
				a.hold(t, a.short, a.run(a.short, true, 8))
			}
		})
	}
}

// BenchmarkHostile says what a byte of each attack costs, and how many times
// that is what a byte of its twin does.
func BenchmarkHostile(b *testing.B) {
	for i := range attacks {
		a := &attacks[i]
		b.Run(a.name, func(b *testing.B) {
			// In turn, and the least of each: what else the machine does only adds.
			attack, twin := math.Inf(1), math.Inf(1)
			var o *outcome
			for b.Loop() {
				twin = min(twin, a.run(a.short, false, 0).perByte())
				o = a.run(a.short, true, 0)
				attack = min(attack, o.perByte())
			}
			b.SetBytes(o.bytes)
			b.ReportMetric(attack, "ns/byte")
			b.ReportMetric(attack/twin, "x-twin")
		})
	}
}
