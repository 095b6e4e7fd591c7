package reassembly

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// copyOf is one captured copy of some bytes of a stream.
type copyOf struct {
	pkt    uint64
	seq    uint32 // of the first byte
	data   []byte
	n      int  // with what was cut off
	strong bool // false: it may be taken for a probe
}

// checker is an Opener and Handler that holds what is true of any input: data
// and gaps tile each stream in order, every byte comes from the packet that it
// names, which is the first that carried it, and nothing follows the end.
type checker struct {
	fail    func(format string, args ...any)
	copies  [2][]copyOf // of the one connection that is modelled; nil for none
	model   bool
	open    int
	number  uint64
	streams []*checked
}

type checked struct {
	k         *checker
	c         *Conn
	n, missed [2]uint64
	fin       [2]bool
	ended     bool
	forgotten bool
	out       [2][]byte // gaps are zero
}

func (k *checker) Open(c *Conn) Handler {
	k.open++
	if k.number++; c.Number != k.number {
		k.fail("connection %d comes as number %d", k.number, c.Number)
	}
	h := &checked{k: k, c: c}
	k.streams = append(k.streams, h)
	return h
}

func (h *checked) live(what string, dir packet.Dir) {
	if h.ended || h.forgotten || h.fin[dir] {
		h.k.fail("%s after the end (ended %v, forgotten %v, fin %v)", what, h.ended, h.forgotten, h.fin[dir])
	}
}

func (h *checked) Data(dir packet.Dir, b []byte, at At) {
	h.live("Data", dir)
	if len(b) == 0 || at.Offset != h.n[dir] {
		h.k.fail("Data of %d bytes at %d, want %d", len(b), at.Offset, h.n[dir])
	}
	if h.k.model {
		for i, v := range b {
			h.k.checkByte(dir, h.c.half[dir].base+uint32(at.Offset)+uint32(i), v, at.Packet)
		}
	}
	h.n[dir] += uint64(len(b))
	h.out[dir] = append(h.out[dir], b...)
}

func (k *checker) checkByte(dir packet.Dir, seq uint32, v byte, pkt uint64) {
	for _, c := range k.copies[dir] {
		i := int(int32(seq - c.seq))
		if i < 0 || i >= c.n {
			continue
		}
		if c.pkt == pkt {
			if i >= len(c.data) || c.data[i] != v {
				k.fail("byte %d is not what packet %d carried", seq, pkt)
			}
			return
		}
		if c.strong {
			k.fail("byte %d comes from packet %d, though packet %d was first", seq, pkt, c.pkt)
		}
	}
	k.fail("byte %d was never in packet %d", seq, pkt)
}

func (h *checked) Gap(dir packet.Dir, n uint64, cause Cause, at At) {
	h.live("Gap", dir)
	if n == 0 || n > 1<<31 || at.Offset != h.n[dir] {
		h.k.fail("Gap of %d bytes at %d, want %d", n, at.Offset, h.n[dir])
	}
	h.n[dir] += n
	h.missed[dir] += n
	if h.k.model {
		h.out[dir] = append(h.out[dir], make([]byte, n)...)
	}
}

func (h *checked) Fin(dir packet.Dir, at At) {
	h.live("Fin", dir)
	if at.Offset != h.n[dir] {
		h.k.fail("Fin at %d, want %d", at.Offset, h.n[dir])
	}
	h.fin[dir] = true
}

func (h *checked) Overlap(dir packet.Dir, o *Overlap) {
	if h.ended || len(o.First) == 0 || len(o.First) > 32 || len(o.First) != len(o.Second) || o.First[0] == o.Second[0] || o.FirstPacket >= o.Packet {
		h.k.fail("overlap %+v", o)
	}
}

func (h *checked) End(Reason, packet.Dir, At) {
	if h.ended || h.forgotten {
		h.k.fail("End twice")
	}
	h.ended = true
	for d := packet.LoToHi; d <= packet.HiToLo; d++ {
		if h.c.Bytes(d)+h.c.Missing(d) != h.n[d] || h.c.Missing(d) != h.missed[d] {
			h.k.fail("%d bytes, %d missing; handed on %d, %d", h.c.Bytes(d), h.c.Missing(d), h.n[d], h.missed[d])
		}
	}
}

func (h *checked) Forget() {
	if !h.ended || h.forgotten {
		h.k.fail("Forget before End, or twice")
	}
	h.forgotten = true
	h.k.open--
}

// closeAndCheck closes the table and holds that nothing is left.
func (k *checker) closeAndCheck(t *Table) {
	t.Close()
	if st := t.Stats(); st.Active != 0 || st.Held != 0 || st.Retained != 0 || k.open != 0 {
		k.fail("left after Close: %+v, %d open", st, k.open)
	}
	for i, l := range t.lists {
		if l.oldest != 0 || l.newest != 0 {
			k.fail("list %d is not empty", i)
		}
	}
	if t.waits.oldest != nil || t.keep.oldest != nil {
		k.fail("something still waits")
	}
}

// FuzzReassembly plays segments of two known streams: overlapping, repeated,
// reordered, cut, some with other bytes, with ACKs that may run ahead.
func FuzzReassembly(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 5, 0, 1, 0, 2, 9, 0, 0, 0, 3, 1, 4, 0, 6})
	f.Add([]byte("\x07sequence\x00of\x01bytes that\x82 mean\x05 segments\xff\x10 acks and \x33times"))
	r := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		b := make([]byte, 400)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) < 2 {
			return
		}
		k := &checker{model: true, fail: func(s string, a ...any) { t.Helper(); t.Fatalf(s, a...) }}
		setup := in[0]
		limits := Limits{}
		if setup&1 != 0 {
			limits = Limits{DirBytes: 700, TotalBytes: 1000, RetainDirBytes: 64, RetainBytes: 2048}
		}
		table := New(k, limits)
		f := fuzzer{table: table, k: k, base: [2]uint32{4294967000, 77}}
		if setup&2 != 0 {
			f.send(packet.Decoded{Dir: 0, Seq: f.base[0] - 1, Flags: packet.SYN}, false)
		}
		if setup&4 != 0 {
			f.send(packet.Decoded{Dir: 1, Seq: f.base[1] - 1, Ack: f.base[0], Flags: packet.SYN | packet.ACK}, false)
		}
		for in = in[1:]; len(in) >= 5; in = in[5:] {
			f.op(in[0], int(in[1])|int(in[2]&1)<<8, int(in[3]&0x3f), in[4], setup&8 != 0)
			if st := table.Stats(); limits.DirBytes > 0 && st.Held > 700+128*(64+64) {
				t.Fatalf("held %d", st.Held)
			}
		}
		k.closeAndCheck(table)
		if len(k.streams) == 0 || f.closing {
			return
		}
		// Without FIN and RST, everything that was captured is handed on or in a gap.
		h := k.streams[0]
		for d := range f.high {
			if setup&(2<<d) != 0 && int(h.n[d]) < f.high[d] {
				t.Fatalf("direction %d: %d of %d bytes accounted for", d, h.n[d], f.high[d])
			}
		}
	})
}

type fuzzer struct {
	table   *Table
	k       *checker
	base    [2]uint32
	high    [2]int
	pkt     capture.Packet
	closing bool
	buf     []byte
}

func truth(dir packet.Dir, i int) byte { return byte(i*7+i>>5) ^ byte(dir)<<7 | 1 }

func (f *fuzzer) op(what byte, off, n int, arg byte, ends bool) {
	d := packet.Decoded{Dir: packet.Dir(what & 1), Flags: packet.PSH}
	f.pkt.Time += int64(what>>6) * int64(arg) * 1e6
	d.Seq = f.base[d.Dir] + uint32(off)
	if what&2 != 0 {
		d.Flags |= packet.ACK
		d.Ack = f.base[d.Dir^1] + uint32(f.high[d.Dir^1])
		if arg&0xe0 == 0xe0 {
			d.Ack += uint32(arg & 0x1f)
		}
	}
	if what&0x0c == 0x0c {
		n = 0
	}
	if ends && what&0x3c == 0x10 {
		d.Flags |= packet.FIN
		f.closing = true
	}
	if ends && what&0x3c == 0x14 {
		d.Flags |= packet.RST
		f.closing = true
		f.k.model = false
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = truth(d.Dir, off+i)
	}
	if what&0x30 == 0x20 && n > 0 {
		b[int(arg)%n] ^= 0x55
	}
	d.PayloadLen = n
	if what&0x30 == 0x30 {
		b = b[:n-min(n, int(arg&7))]
	}
	d.Payload = b
	f.send(d, n != 1)
}

func (f *fuzzer) send(d packet.Decoded, strong bool) {
	d.Proto, d.IPVersion, d.WindowScale, d.Window = 6, 4, -1, 4096
	d.Flow = packet.Flow{Lo: [16]byte{1}, Hi: [16]byte{2}, LoPort: 1, HiPort: 2, Proto: 6, Version: 4}
	f.pkt.Number++
	if d.PayloadLen > 0 && d.Flags&packet.RST == 0 {
		f.k.copies[d.Dir] = append(f.k.copies[d.Dir], copyOf{f.pkt.Number, d.Seq, bytes.Clone(d.Payload), d.PayloadLen, strong})
		if strong {
			f.high[d.Dir] = max(f.high[d.Dir], int(d.Seq-f.base[d.Dir])+d.PayloadLen)
		}
	}
	f.buf = append(f.buf[:0], d.Payload...)
	d.Payload = f.buf
	f.table.Packet(&f.pkt, &d)
	clear(f.buf)
}

// FuzzPackets plays arbitrary segments of a few connections: nothing may panic,
// and streams are whole all the same.
func FuzzPackets(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x12\x00\x01\x00\x00\x00\x10\x01\x01\x00\x00\x05"))
	r := rand.New(rand.NewPCG(3, 4))
	for range 8 {
		b := make([]byte, 600)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		k := &checker{fail: func(s string, a ...any) { t.Helper(); t.Fatalf(s, a...) }}
		limits := Limits{DirBytes: 3000, TotalBytes: 5000, MaxConns: 3}
		table, both := New(k, limits), newLockstep(limits)
		var p capture.Packet
		buf := make([]byte, 256)
		for ; len(in) >= 6; in = in[6:] {
			d := packet.Decoded{Proto: 6, IPVersion: 4, WindowScale: int8(in[5]%16) - 1, Window: uint16(in[5]) << 4,
				Flags: uint16(in[0] & 0x3f), Dir: packet.Dir(in[0] >> 7)}
			d.Flow = packet.Flow{LoPort: uint16(in[1] & 7), Proto: 6, Version: 4}
			d.Seq, d.Ack = number(in[2]), number(in[3])
			n := int(in[4]) % 200
			d.Payload, d.PayloadLen = buf[:n], n+int(in[5]>>6)*40
			p.Number++
			p.Time += int64(in[1]>>3) * int64(in[1]>>3) * 4e8
			if in[1]>>3 == 31 {
				p.Time -= 3e12
			}
			both.packet(p, d)
			both.check(t)
			table.Packet(&p, &d)
			if st := table.Stats(); st.Active > 3 || st.Held > 5000 {
				t.Fatalf("bounds: %+v", st)
			}
		}
		k.closeAndCheck(table)
	})
}

// number makes a sequence number: mostly near zero, some far away.
func number(b byte) uint32 {
	if b >= 0xf0 {
		return uint32(b&0xf) << 28
	}
	return uint32(b) - 16
}

// TestPermutations holds that any order within a window, with repetitions,
// gives the same stream without a gap.
func TestPermutations(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for round := range 300 {
		k := &checker{model: true, fail: func(s string, a ...any) { t.Helper(); t.Fatalf("round %d: %s", round, fmt.Sprintf(s, a...)) }}
		f := fuzzer{table: New(k, Limits{}), k: k, base: [2]uint32{4294967000, 77}}
		f.send(packet.Decoded{Seq: f.base[0] - 1, Flags: packet.SYN}, false)
		type part struct{ off, n int }
		var parts []part
		total := 0
		for total < 3000 {
			n := 1 + r.IntN(60)
			parts = append(parts, part{total, n})
			total += n
		}
		const window = 12
		for i := 0; i < len(parts); i += window {
			w := parts[i:min(i+window, len(parts))]
			w = append(append([]part{}, w...), w[r.IntN(len(w))], w[r.IntN(len(w))])
			r.Shuffle(len(w), func(a, b int) { w[a], w[b] = w[b], w[a] })
			for _, q := range w {
				b := make([]byte, q.n)
				for j := range b {
					b[j] = truth(0, q.off+j)
				}
				f.send(packet.Decoded{Seq: f.base[0] + uint32(q.off), Flags: packet.PSH, Payload: b, PayloadLen: q.n}, true)
			}
		}
		h := k.streams[0]
		if h.n[0] != uint64(total) || h.missed[0] != 0 {
			t.Fatalf("round %d: %d of %d bytes, %d missing", round, h.n[0], total, h.missed[0])
		}
		for i, v := range h.out[0] {
			if v != truth(0, i) {
				t.Fatalf("round %d: byte %d", round, i)
			}
		}
		k.closeAndCheck(f.table)
	}
}
