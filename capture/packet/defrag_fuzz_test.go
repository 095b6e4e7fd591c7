package packet

import (
	"bytes"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

// plainDatagram is the model of a datagram: every byte on its own.
type plainDatagram struct {
	cells    map[int]plainCell
	total    int
	complete bool
}

type plainCell struct {
	captured bool
	value    byte
}

// plain is the model of a Defragmenter without bounds, at one time.
type plain struct {
	all   map[[2]byte]*plainDatagram
	stats FragmentStats
}

// add takes a fragment; it returns the payload to the first hole and its length
// if that makes a datagram whole.
func (m *plain) add(key [2]byte, off, length int, more bool, captured []byte) (payload []byte, total int) {
	m.stats.Fragments++
	end := off + length
	if length == 0 || end > 65_535 || more && length%8 != 0 {
		m.stats.Malformed++
		return nil, -1
	}
	g := m.all[key]
	if g != nil && g.complete {
		if g.has(off, end, more, captured) {
			m.stats.Duplicates++
			return nil, -1
		}
		g = nil
	}
	if g == nil {
		g = &plainDatagram{cells: make(map[int]plainCell), total: -1}
		m.all[key] = g
		m.stats.Datagrams++
	}
	if g.total >= 0 && (end > g.total || !more && end != g.total) {
		m.stats.Malformed++
		return nil, -1
	}
	for at := range g.cells {
		if !more && at >= end {
			m.stats.Malformed++
			return nil, -1
		}
	}
	if !more {
		g.total = end
	}
	before, conflict := len(g.cells), false
	for i := range length {
		c, ok := g.cells[off+i]
		switch {
		case !ok && i < len(captured):
			g.cells[off+i] = plainCell{true, captured[i]}
		case !ok:
			g.cells[off+i] = plainCell{}
		case c.captured && i < len(captured):
			conflict = conflict || c.value != captured[i]
		}
	}
	switch {
	case conflict:
		m.stats.Overlaps++
	case len(g.cells) == before:
		m.stats.Duplicates++
	}
	if len(g.cells) != g.total {
		return nil, -1
	}
	g.complete = true
	m.stats.Reassembled++
	for at := 0; at < g.total && g.cells[at].captured; at++ {
		payload = append(payload, g.cells[at].value)
	}
	return payload, g.total
}

func (g *plainDatagram) has(off, end int, more bool, captured []byte) bool {
	if end > g.total || more == (end == g.total) {
		return false
	}
	for i, v := range captured {
		if g.cells[off+i] != (plainCell{true, v}) {
			return false
		}
	}
	return true
}

// honest is the byte that senders have at a place of the payload.
func honest(at int) byte { return byte(at*31 + at>>8*7) }

// fragmentOf builds a fragment from the fields of a script.
func fragmentOf(version6 bool, id byte, off int, more bool, content []byte) []byte {
	field := uint16(off)
	if version6 {
		if more {
			field |= 1
		}
		return ip6(44, join([]byte{253, 0}, be.AppendUint16(nil, field), []byte{0, 0, 0, id}, content))
	}
	field >>= 3
	if more {
		field |= 0x2000
	}
	b := ip4Set(253, 6, field, content)
	be.PutUint16(b[4:], uint16(id))
	return b
}

// FuzzDefrag holds the Defragmenter to a plain model over scripts of fragments
// in any order, repeated, overlapping, cut and lying. Each step has 5 bytes:
// which datagram and flags, offset, length, captured length, change of the bytes.
func FuzzDefrag(f *testing.F) {
	f.Add([]byte{1, 0, 16, 255, 0, 1, 2, 16, 255, 0, 0, 4, 3, 255, 0})                 // in order
	f.Add([]byte{0, 4, 3, 255, 0, 1, 2, 16, 255, 0, 1, 0, 16, 255, 0})                 // reversed
	f.Add([]byte{3, 0, 24, 255, 0, 3, 1, 24, 255, 0, 2, 4, 9, 255, 0})                 // version 6, overlap
	f.Add([]byte{1, 0, 24, 255, 0, 1, 2, 24, 255, 9, 0, 5, 9, 255, 0})                 // lying overlap
	f.Add([]byte{1, 0, 16, 5, 0, 0, 2, 16, 255, 0, 1, 0, 16, 5, 0, 1, 0, 16, 255, 0})  // cut, repeated
	f.Add([]byte{0x81, 255, 16, 255, 0, 0x80, 255, 248, 255, 0, 0x80, 255, 7, 255, 0}) // at the end
	f.Fuzz(func(t *testing.T, script []byte) {
		m := plain{all: make(map[[2]byte]*plainDatagram)}
		x := NewDefragmenter(Limits{})
		number := uint64(0)
		for ; len(script) >= 5 && number < 200; script = script[5:] {
			number++
			s := script[:5]
			off, length, more, v6 := int(s[1]&63)*8, int(s[2]), s[0]&1 != 0, s[0]&2 != 0
			if s[0]&0x80 != 0 {
				off = int(s[1])*8 + 63_488 // the largest is 65,528
			}
			content := make([]byte, length)
			for i := range content {
				content[i] = honest(off+i) ^ s[4]
			}
			data := fragmentOf(v6, s[0]>>2&3, off, more, content)
			captured := min(int(s[3]), length)
			p := capture.Packet{Number: number, Link: capture.LinkRaw, OrigLen: uint32(len(data)), Data: data[:len(data)-length+captured]}
			var d Decoded
			d.Decode(&p)
			if d.Stop != StopFragment {
				if off != 0 || more {
					t.Fatalf("fragment decoded as %+v", d)
				}
				continue
			}
			payload, total := m.add([2]byte{s[0] & 2, s[0] >> 2 & 3}, off, length, more, content[:captured])
			g, ok := x.Add(&p, &d)
			clear(data) // what was kept must have been copied
			x.check(t)
			if ok != (total >= 0) {
				t.Fatalf("fragment %d: whole is %v, should be %v", number, ok, total >= 0)
			}
			if ok {
				header := 20
				if v6 {
					header = 48
				}
				if int(g.OrigLen) != header+total || !bytes.Equal(g.Data[header:], payload) || g.Number != number || g.FirstPacket == 0 || g.FirstPacket > number {
					t.Fatalf("fragment %d: datagram of %d bytes\n% x\nshould be %d\n% x", number, int(g.OrigLen)-header, g.Data[header:], total, payload)
				}
				var whole Decoded
				whole.Decode(&g.Packet)
				if whole.Stop != StopProtocol || whole.Proto != 253 || whole.Fragment || whole.Flow != d.Flow {
					t.Fatalf("datagram decoded as %+v", whole)
				}
			}
		}
		got := x.Stats()
		got.Waiting = 0
		if got != m.stats {
			t.Fatalf("counted %+v, should be %+v", got, m.stats)
		}
	})
}

// FuzzFragmentation cuts a segment into fragments, gives them in an order and
// with repetitions of the fuzzer's choice, in tunnels or not, and expects that
// very segment, once.
func FuzzFragmentation(f *testing.F) {
	f.Add([]byte("hello, this is a payload of some length"), []byte{1, 2, 3}, []byte{2, 1, 0}, false, false)
	f.Add(body(300), []byte{0, 9, 1}, []byte{9, 9, 1, 7, 0, 3}, true, true)
	f.Fuzz(func(t *testing.T, payload, sizes, order []byte, version6, tunnel bool) {
		if len(payload) > 4000 || len(sizes) > 100 || len(order) > 500 {
			return
		}
		c := cutter{ip4(6, tcp(nil, payload)), 77}
		if version6 {
			c.whole = ip6(6, tcp(nil, payload))
		}
		var parts [][]byte
		n := len(c.payload())
		for off := 0; off < n; {
			end := n
			if len(sizes) > 0 {
				end = min(n, off+8+int(sizes[0])*8)
				sizes = sizes[1:]
			}
			parts = append(parts, c.fragment(off, end))
			off = end
		}
		if len(parts) < 2 {
			return
		}
		feed := newFeed(Limits{})
		count := 0
		give := func(b []byte, inside bool) {
			if inside {
				b = ip4(47, join(unhex("0000 0800"), b))
				if version6 {
					be.PutUint16(b[22:], etherIPv6)
				}
			}
			if feed.give(b); feed.d.Stop != StopFragment {
				count++
				if !feed.d.IsTCP() || !bytes.Equal(feed.d.Payload, payload) || feed.d.PayloadLen != len(payload) {
					t.Fatalf("segment decoded as %+v", feed.d)
				}
			}
		}
		for i, o := range order {
			give(parts[int(o)%len(parts)], tunnel && i%2 == 0)
		}
		for _, b := range parts {
			give(b, tunnel)
		}
		s := feed.x.Stats()
		if count != 1 || s.Datagrams != 1 || s.Overlaps+s.Malformed != 0 || s.Duplicates != s.Fragments-uint64(len(parts)) {
			t.Fatalf("%d segments, %+v", count, s)
		}
	})
}
