package packet

import (
	"bytes"
	"slices"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

// TestFragments puts datagrams together, of tiny and large fragments, in order,
// reversed and mixed, with a last fragment of any length.
func TestFragments(t *testing.T) {
	for _, n := range []int{8, 100, 101, 1000, 4001} {
		for name, c := range segments4And6(n) {
			for _, size := range []int{8, 16, 24, 1480} {
				parts := c.every(size)
				if len(parts) == 1 {
					continue
				}
				reversed, mixed := slices.Clone(parts), slices.Clone(parts)
				slices.Reverse(reversed)
				for i := range mixed {
					j := (i * 7919) % len(mixed)
					mixed[i], mixed[j] = mixed[j], mixed[i]
				}
				for order, list := range map[string][][]byte{"in order": parts, "reversed": reversed, "mixed": mixed} {
					f := newFeed(Limits{})
					f.time = seconds(5)
					for i, b := range list[:len(list)-1] {
						if f.give(b); f.d.Stop != StopFragment || !f.d.Held {
							t.Fatalf("%s, fragment %d: stop %v, held %v", name, i, f.d.Stop, f.d.Held)
						}
					}
					q := f.give(list[len(list)-1])
					f.isSegment(t, name+" "+order, n, 1, uint64(len(list)), q)
					want := FragmentStats{Fragments: uint64(len(list)), Datagrams: 1, Reassembled: 1}
					if s := f.x.Stats(); s != want {
						t.Errorf("%s %s: %+v", name, order, s)
					}
				}
			}
		}
	}
}

// TestWholeDatagram checks the packet that is made, byte for byte.
func TestWholeDatagram(t *testing.T) {
	c := segments4And6(100)["IPv4"]
	f := newFeed(Limits{})
	f.give(c.fragment(0, 48))
	q := f.give(c.fragment(48, 132))
	want := bytes.Clone(c.whole)
	be.PutUint16(want[6:], 0)
	be.PutUint16(want[10:], 0)
	be.PutUint16(want[10:], checksum(want[:20]))
	if !bytes.Equal(q.Data, want) || q.OrigLen != uint32(len(want)) || q.Link != capture.LinkRaw {
		t.Errorf("IPv4: % x\nwant % x", q.Data, want)
	}
	if checksum(q.Data[:20]) != 0 {
		t.Error("header checksum")
	}

	c = segments4And6(100)["IPv6"]
	f = newFeed(Limits{})
	f.give(c.fragment(48, 132))
	q = f.give(c.fragment(0, 48))
	want = join(ip6(44, nil), unhex("0600 0000 89abcdef"), c.payload())
	be.PutUint16(want[4:], 8+132)
	if !bytes.Equal(q.Data, want) || f.d.IPID != 0x89abcdef {
		t.Errorf("IPv6: % x\nwant % x", q.Data, want)
	}
}

// TestLargestDatagram has as much payload as there can be, which with its
// header no length field can say, and a little more.
func TestLargestDatagram(t *testing.T) {
	for name, c := range map[string]cutter{
		"IPv4": {join(ip4(17, nil), udpLength(0, body(65_527))), 7}, "IPv6": {join(ip6(17, nil), udpLength(0, body(65_527))), 7},
	} {
		f := newFeed(Limits{})
		for _, b := range c.every(1480) {
			f.give(b)
		}
		if f.d.Stop != StopNone || !bytes.Equal(f.d.Payload, body(65_527)) {
			t.Errorf("%s: stop %v, %d bytes", name, f.d.Stop, len(f.d.Payload))
		}
		c.whole = append(c.whole, 0)
		f = newFeed(Limits{})
		if f.give(c.fragment(65_528, 65_536)); f.d.Held || f.x.Stats().Malformed != 1 {
			t.Errorf("%s: a byte too many was held", name)
		}
	}
}

// TestFragmentKeys mixes datagrams that differ in one thing only.
func TestFragmentKeys(t *testing.T) {
	seg := tcpTS(body(100))
	other := ip4(6, seg)
	other[15] = 99
	back := ip4(6, seg)
	copy(back[12:], other[16:20])
	copy(back[16:], unhex("c0000201"))
	cs := []cutter{{ip4(6, seg), 1}, {ip4(6, seg), 2}, {ip4(17, udp(body(124))), 1}, {other, 1}, {back, 1}, {ip6(6, seg), 1}, {ip6(6, seg), 0x10001}}
	f := newFeed(Limits{})
	for _, c := range cs {
		if f.give(c.fragment(0, 64)); !f.d.Held {
			t.Errorf("first fragment not held: %+v", f.d)
		}
	}
	for i, c := range cs {
		if f.give(c.fragment(64, 132)); f.d.Stop != StopNone || f.d.FirstPacket != uint64(i+1) {
			t.Errorf("datagram %d: %+v", i, f.d)
		}
	}
}

// TestFragmentProtocol6 has an IPv6 fragment name another protocol than the
// first one, which does not matter (RFC 8200 §4.5).
func TestFragmentProtocol6(t *testing.T) {
	c := segments4And6(100)["IPv6"]
	f := newFeed(Limits{})
	second := c.fragment(64, 132)
	second[40] = 17
	f.give(second)
	q := f.give(c.fragment(0, 64))
	f.isSegment(t, "IPv6", 100, 1, 2, q)
}

// TestFragmentHeaders6 keeps the extension headers before the fragment header.
func TestFragmentHeaders6(t *testing.T) {
	seg := tcpTS(body(100))
	first := ip6(60, ext(44, make([]byte, 14), join(unhex("0600 0001 00000005"), seg[:64])))
	last := ip6(60, ext(44, make([]byte, 14), join(unhex("0600 0040 00000005"), seg[64:])))
	f := newFeed(Limits{})
	f.give(last)
	q := f.give(first)
	f.isSegment(t, "IPv6", 100, 1, 2, q)
	if f.d.L4Offset != 64 {
		t.Errorf("TCP at %d", f.d.L4Offset)
	}
}

// TestOverlap gives fragments that overlap: the first copy of a byte stays.
func TestOverlap(t *testing.T) {
	for name, c := range segments4And6(100) {
		lie := cutter{bytes.Clone(c.whole), c.id}
		for i := c.header() + 8; i < len(lie.whole); i++ {
			lie.whole[i] ^= 0x55
		}
		f := newFeed(Limits{})
		for _, b := range [][]byte{c.fragment(32, 64), lie.fragment(40, 56), c.fragment(32, 64), c.fragment(72, 80), c.fragment(0, 24)} {
			f.give(b)
		}
		if s := f.x.Stats(); s.Overlaps != 1 || s.Duplicates != 1 {
			t.Errorf("%s: %+v", name, s)
		}
		f.give(c.fragment(16, 112)) // fills three holes at once, agrees with all
		q := f.give(lie.fragment(104, 132))
		want := join(body(100)[:80], lie.whole[len(lie.whole)-20:])
		if !f.d.IsTCP() || !bytes.Equal(f.d.Payload, want) || q.Number != 7 || f.x.Stats().Overlaps != 2 {
			t.Errorf("%s: %+v, %+v", name, f.d, f.x.Stats())
		}
	}
}

// TestMalformedFragments are refused and do no harm.
func TestMalformedFragments(t *testing.T) {
	for name, c := range segments4And6(100) {
		short := cutter{c.whole[:c.header()+96], c.id}
		long := cutter{join(c.whole, make([]byte, 64)), c.id}
		f := newFeed(Limits{})
		for i, b := range [][]byte{
			c.fragment(8, 15),          // not a multiple of 8 bytes
			c.fragment(8, 8),           // empty
			c.fragment(132, 132),       // empty and last
			c.fragment(96, 132),        // held: the end is 132
			short.fragment(64, 96),     // an end before what is held
			long.fragment(96, 136),     // beyond the end
			long.fragment(128, 132+64), // another end
			c.fragment(0, 96),          // completes it
		} {
			q := f.give(b)
			if i == 7 {
				f.isSegment(t, name, 100, 4, 8, q)
			} else if f.d.Stop != StopFragment || f.d.Held != (i == 3) {
				t.Errorf("%s, fragment %d: %+v", name, i, f.d)
			}
		}
		if s := f.x.Stats(); s.Malformed != 6 || s.Datagrams != 1 || s.Reassembled != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestRepeatedDatagram shows every fragment more than once, as a mirror port
// or two interfaces do, and then a new datagram with the same identification.
func TestRepeatedDatagram(t *testing.T) {
	for name, c := range segments4And6(100) {
		f := newFeed(Limits{})
		whole := 0
		for range 2 {
			for _, b := range c.every(48) {
				for range 2 {
					if f.give(b); f.d.IsTCP() {
						whole++
					}
				}
			}
		}
		if s := f.x.Stats(); whole != 1 || s.Datagrams != 1 || s.Duplicates != 9 || s.Waiting != 0 {
			t.Errorf("%s: %d whole, %+v", name, whole, s)
		}
		other := cutter{bytes.Clone(c.whole), c.id}
		other.whole[len(other.whole)-1]++
		other.whole[c.header()+7]++
		for _, b := range other.every(48) {
			f.give(b)
		}
		if !f.d.IsTCP() || f.d.Seq != 0x01020305 || f.x.Stats().Reassembled != 2 {
			t.Errorf("%s: new datagram of the same identification: %+v", name, f.d)
		}
		f.time += seconds(1)
		for _, b := range other.every(48) {
			f.give(b)
		}
		if !f.d.IsTCP() || f.x.Stats().Reassembled != 3 {
			t.Errorf("%s: a second later, no copy but a datagram: %+v", name, f.d)
		}
	}
}

// TestCutFragments cuts every fragment by a snap length: the datagram's length
// is exact, its bytes go to the first hole.
func TestCutFragments(t *testing.T) {
	for name, c := range segments4And6(1000) {
		for cut := range 1032 {
			f := newFeed(Limits{})
			parts := c.every(344)
			slices.Reverse(parts)
			for i, b := range parts {
				n := len(b)
				if at := 344 * (2 - i); cut >= at && cut < at+344 {
					n -= min(344, 1032-at) - (cut - at)
				}
				f.giveCut(b, n)
			}
			if cut < 20 {
				if f.d.Stop != StopTruncated {
					t.Fatalf("%s cut at %d: %+v", name, cut, f.d)
				}
			} else if !f.d.IsTCP() || f.d.PayloadLen != 1000 || !bytes.Equal(f.d.Payload, body(1000)[:max(0, cut-32)]) {
				t.Fatalf("%s cut at %d: %d bytes of %d", name, cut, len(f.d.Payload), f.d.PayloadLen)
			}
		}
	}
}

// TestFragmentsAndTunnels has fragments in tunnels, tunnels in fragments, and both.
func TestFragmentsAndTunnels(t *testing.T) {
	tunnel := func(b []byte) []byte { return ip4(47, join(unhex("2000 0800 00000009"), b)) }
	inner := segments4And6(1000)["IPv4"]
	f := newFeed(Limits{})
	var q *capture.Packet
	n := uint64(0)
	for _, part := range inner.every(520) { // two fragments, each in a tunnel
		for _, b := range (cutter{tunnel(part), uint32(100 + n)}).every(128) { // whose packet is fragmented
			n++
			q = f.give(b)
		}
	}
	f.isSegment(t, "both", 1000, 1, n, q)
	if f.d.Tunnels != 1 || f.d.Encap[0] != EncapGRE || f.d.TunnelID != 9 {
		t.Errorf("tunnels %d %v %d", f.d.Tunnels, f.d.Encap, f.d.TunnelID)
	}
	if s := f.x.Stats(); s.Reassembled != 3 || s.Waiting != 0 || s.Fragments != n+2 {
		t.Errorf("%+v", s)
	}

	// The same fragments outside of the tunnel, as another interface shows them.
	f = newFeed(Limits{})
	whole := 0
	for _, part := range inner.every(512) {
		for _, b := range [][]byte{part, tunnel(part)} {
			if f.give(b); f.d.IsTCP() {
				whole++
			}
		}
	}
	if s := f.x.Stats(); whole != 1 || s.Duplicates != 3 || s.Datagrams != 1 {
		t.Errorf("%d whole, %+v", whole, s)
	}
}

// TestFragmentsInFragments nests IPv6 fragments without any tunnel, deeper than
// is followed.
func TestFragmentsInFragments(t *testing.T) {
	b := tcpTS(body(50))
	next := byte(6)
	for id := range byte(20) { // each atomic only in the eyes of who has both halves
		b = join([]byte{next, 0, 0, 1, 0, 0, 0, id}, b)
		next = 44
	}
	f := newFeed(Limits{})
	f.give(ip6(44, join(unhex("2c00 0001 00000063"), b[:88])))
	f.give(ip6(44, join(unhex("2c00 0058 00000063"), b[88:])))
	if s := f.x.Stats(); f.d.Stop != StopFragment || s.Reassembled != 1 || s.Fragments != 3 {
		t.Errorf("%+v, %+v", f.d, s)
	}
}

// TestSameSegment shows one segment as several points of a network do: its
// flow, direction, sequence number and payload are the same, so that who
// reassembles counts it once.
func TestSameSegment(t *testing.T) {
	seg := ip4(6, tcpTS(body(600)))
	mirrored := ip4(47, join(unhex("1000 88be 00000001 1001 0155 00000003"), ethernet(0x8100, join(unhex("0007 0800"), seg))))
	parts := cutter{seg, 5}.every(400)
	var want Decoded
	f := newFeed(Limits{})
	whole := 0
	for i, b := range [][]byte{seg, ip4(4, seg), mirrored, parts[0], parts[1], cutter{mirrored, 6}.fragment(0, 320), cutter{mirrored, 6}.fragment(320, len(mirrored)-20)} {
		f.give(b)
		d := f.d
		switch {
		case i == 0:
			want = d
		case d.Stop == StopFragment:
			continue
		}
		whole++
		if d.Flow != want.Flow || d.Dir != want.Dir || d.Seq != want.Seq || d.TSVal != want.TSVal || !bytes.Equal(d.Payload, body(600)) {
			t.Errorf("copy %d: %+v", i, d)
		}
	}
	if whole != 5 {
		t.Errorf("%d copies decoded", whole)
	}
}
