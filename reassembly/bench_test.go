package reassembly

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// sink counts what it gets and does nothing else.
type sink struct{ bytes, gaps uint64 }

func (s *sink) Open(*Conn) Handler                        { return s }
func (s *sink) Data(_ packet.Dir, b []byte, _ At)         { s.bytes += uint64(len(b)) }
func (s *sink) Gap(_ packet.Dir, n uint64, _ Cause, _ At) { s.gaps += n }
func (s *sink) Fin(packet.Dir, At)                        {}
func (s *sink) Overlap(packet.Dir, *Overlap)              {}
func (s *sink) End(Reason, packet.Dir, At)                {}
func (s *sink) Forget()                                   {}

// flowOf returns the flow of the i-th client.
func flowOf(i int) packet.Flow {
	f := packet.Flow{Lo: [16]byte{10: 0xff, 11: 0xff, 12: 10}, Hi: [16]byte{10: 0xff, 11: 0xff, 12: 192, 13: 168, 15: 1},
		LoPort: uint16(1024 + i%60000), HiPort: 443, Proto: 6, Version: 4}
	binary.BigEndian.PutUint16(f.Lo[14:], uint16(i/60000))
	return f
}

// chat sends small messages that the peer acknowledges with its answer.
type chat struct {
	conns []struct {
		flow packet.Flow
		seq  [2]uint32
	}
	p       capture.Packet
	d       packet.Decoded
	payload []byte
}

func newChat(t *Table, conns, size int) *chat {
	c := &chat{payload: make([]byte, size)}
	c.conns = make([]struct {
		flow packet.Flow
		seq  [2]uint32
	}, conns)
	for i := range c.conns {
		c.conns[i].flow = flowOf(i)
		for _, f := range []uint16{packet.SYN, packet.SYN | packet.ACK, packet.ACK} {
			c.d = packet.Decoded{Proto: 6, Flow: c.conns[i].flow, Flags: f, WindowScale: 7, Window: 500}
			if f == packet.SYN|packet.ACK {
				c.d.Dir = packet.HiToLo
			}
			if f != packet.SYN {
				c.d.Ack = 1
			}
			if f == packet.ACK {
				c.d.Seq = 1
			}
			c.send(t)
		}
		c.conns[i].seq = [2]uint32{1, 1}
	}
	return c
}

func (c *chat) send(t *Table) {
	c.p.Number++
	c.p.Time += 1000
	t.Packet(&c.p, &c.d)
}

// say sends one message on connection i.
func (c *chat) say(t *Table, i int, dir packet.Dir) {
	k := &c.conns[i]
	c.d = packet.Decoded{Proto: 6, Flow: k.flow, Dir: dir, Seq: k.seq[dir], Ack: k.seq[dir^1], Flags: packet.ACK | packet.PSH,
		Window: 500, WindowScale: -1, Payload: c.payload, PayloadLen: len(c.payload)}
	k.seq[dir] += uint32(len(c.payload))
	c.send(t)
}

func benchChat(b *testing.B, conns, size int) {
	s := &sink{}
	t := New(s, Limits{})
	c := newChat(t, conns, size)
	b.ReportAllocs()
	b.SetBytes(int64(size))
	b.ResetTimer()
	i, r := 0, uint32(1)
	for n := 0; n < b.N; n++ {
		r = r*1664525 + 1013904223
		i = int(uint64(r) * uint64(conns) >> 32)
		c.say(t, i, packet.Dir(n&1))
	}
	if s.bytes != uint64(b.N*size) {
		b.Fatal("bytes are missing")
	}
}

func BenchmarkChat2000(b *testing.B)   { benchChat(b, 2000, 120) }
func BenchmarkChat300000(b *testing.B) { benchChat(b, 300_000, 120) }

// BenchmarkBulk is one download: two full segments, then an ACK.
func BenchmarkBulk(b *testing.B) {
	s := &sink{}
	t := New(s, Limits{})
	c := newChat(t, 1, 1448)
	b.ReportAllocs()
	b.SetBytes(1448 * 2 / 3)
	b.ResetTimer()
	for n := 0; n < b.N; n++ {
		if n%3 < 2 {
			c.say(t, 0, packet.HiToLo)
			continue
		}
		k := &c.conns[0]
		c.d = packet.Decoded{Proto: 6, Flow: k.flow, Seq: k.seq[0], Ack: k.seq[1], Flags: packet.ACK, Window: 500}
		c.send(t)
	}
}

// BenchmarkOneWay is a download of which the ACKs were not captured.
func BenchmarkOneWay(b *testing.B) {
	t := New(&sink{}, Limits{})
	c := newChat(t, 1, 1448)
	b.ReportAllocs()
	b.SetBytes(1448)
	b.ResetTimer()
	for n := 0; n < b.N; n++ {
		c.say(t, 0, packet.HiToLo)
	}
}

// BenchmarkConnections opens, uses and closes short connections and keeps
// 300,000 of them in the table: ns a packet, bytes a connection.
func BenchmarkConnections(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	t := New(&sink{}, Limits{})
	newChat(t, 300_000, 0)
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(t)
	t = New(&sink{}, Limits{MaxConns: 300_000})
	var d packet.Decoded
	p := capture.Packet{}
	body := make([]byte, 100)
	steps := []packet.Decoded{
		{Dir: 0, Seq: 0, Flags: packet.SYN},
		{Dir: 1, Seq: 0, Ack: 1, Flags: packet.SYN | packet.ACK},
		{Dir: 0, Seq: 1, Ack: 1, Flags: packet.ACK},
		{Dir: 0, Seq: 1, Ack: 1, Flags: packet.ACK, Payload: body, PayloadLen: 100},
		{Dir: 1, Seq: 1, Ack: 101, Flags: packet.ACK, Payload: body, PayloadLen: 100},
		{Dir: 0, Seq: 101, Ack: 101, Flags: packet.ACK | packet.FIN},
		{Dir: 1, Seq: 101, Ack: 102, Flags: packet.ACK | packet.FIN},
		{Dir: 0, Seq: 102, Ack: 102, Flags: packet.ACK},
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n++ {
		d = steps[n%8]
		d.Proto, d.Flow, d.WindowScale, d.Window = 6, flowOf(n/8%3_000_000), 7, 500
		p.Number++
		p.Time += 1000
		t.Packet(&p, &d)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/300_000, "B/conn")
}

// BenchmarkEveryOtherByte is a sender that leaves out every other byte: in
// ascending, descending and scattered order.
func BenchmarkEveryOtherByte(b *testing.B) {
	const places = 32 << 20
	for _, order := range []struct {
		name  string
		place func(n uint32) uint32
	}{
		{"ascending", func(n uint32) uint32 { return n % places }},
		{"descending", func(n uint32) uint32 { return (n/30000%1000+1)*30000 - n%30000 }},
		{"scattered", func(n uint32) uint32 { return n * 2654435761 % places }},
	} {
		b.Run(order.name, func(b *testing.B) {
			t := New(&sink{}, Limits{})
			c := newChat(t, 1, 1)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n++ {
				k := &c.conns[0]
				c.d = packet.Decoded{Proto: 6, Flow: k.flow, Dir: 1, Seq: 2 + 2*order.place(uint32(n)), Ack: 1,
					Flags: packet.ACK, Payload: c.payload, PayloadLen: 1}
				c.send(t)
			}
			if st := t.Stats(); st.HeldPeak > 5<<20 {
				b.Fatalf("held %d", st.HeldPeak)
			}
		})
	}
}
