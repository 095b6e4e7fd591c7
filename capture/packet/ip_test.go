package packet

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

func ipCases() []frameCase {
	seg := tcp(nil, payload)
	whole4 := base4(0, 6, 80).with(segment(20, payload))
	frag := func(l4 int, offset uint32, more bool) func(*Decoded) {
		return func(d *Decoded) {
			d.Stop, d.Fragment, d.FragOffset, d.MoreFragments = StopFragment, true, offset, more
			d.L4Offset, d.Payload, d.PayloadLen = l4, seg, len(seg)
		}
	}
	id := func(v uint32) func(*Decoded) { return func(d *Decoded) { d.IPID = v } }
	noFlow := func(d *Decoded) { d.Flow = Flow{} }
	pad6, pad14 := make([]byte, 6), make([]byte, 14)
	at6 := func(l4 int, more ...func(*Decoded)) Decoded {
		return base6(0, 6, 80).with(segment(l4, payload)).with(more...)
	}
	// A segment routing header with two segments, one left: the first entry is the peer.
	srh := join(unhex("04 01 01 00 0000"), addr6b, unhex("20010db8 00000000 00000000 000000ff"))
	srv6 := ip6(43, ext(6, srh, seg))
	copy(srv6[24:], unhex("20010db8 00000000 00000000 000000ff"))
	jumbo := join(make([]byte, 70000), payload)
	jumboHBH := func(n string, rest []byte) []byte { return ip6Length(0, 0, ext(6, unhex("c204"+n), rest)) }
	// An authentication header: 24 bytes on IPv6, with a length in units of 4 less 2.
	ah := func(next byte, rest []byte) []byte { return join([]byte{next, 4}, make([]byte, 22), rest) }

	v4, v6 := capture.LinkIPv4, capture.LinkIPv6
	return []frameCase{
		{"ip4 options", v4, ip4Options(6, unhex("94040000 01010100"), seg), base4(0, 6, 80).with(segment(28, payload))},
		{"ip4 header length 4", v4, ip4Set(6, 0, 0x4400, seg), base4(0, 6, 0).with(stop(StopMalformed))},
		{"ip4 header beyond total length", v4, ip4Set(6, 2, 19, seg), base4(0, 6, 0).with(stop(StopMalformed))},
		{"ip4 offload, length 0", v4, ip4Set(6, 2, 0, seg), whole4},
		{"ip4 lying length", v4, ip4Set(6, 2, 1500, seg), whole4},
		{"ip4 length below the frame's", v4, join(ip4(6, seg), unhex("0000")), whole4},
		{"ip4 length ends in the TCP header", v4, ip4Set(6, 2, 39, seg), base4(0, 6, 80).with(stop(StopMalformed), func(d *Decoded) { d.L4Offset = 20 })},
		{"ip4 first fragment", v4, ip4Set(6, 6, 0x2000, seg), base4(0, 6, 0).with(frag(20, 0, true))},
		{"ip4 middle fragment", v4, ip4Set(17, 6, 0x20b9, seg), base4(0, 17, 0).with(frag(20, 1480, true))},
		{"ip4 last fragment", v4, ip4Set(6, 6, 0x1fff, seg), base4(0, 6, 0).with(frag(20, 65528, false))},
		{"ip4 reserved bit", v4, ip4Set(6, 6, 0x8000, seg), whole4},
		{"minimal encapsulation", v4, ip4(55, seg), base4(0, 55, 0).with(stop(StopTunnel))},
		{"ESP", v4, ip4(50, seg), base4(0, 50, 0).with(stop(StopEncrypted))},
		{"ICMP", v4, ip4(1, seg), base4(0, 1, 0).with(stop(StopProtocol))},
		{"ip4 AH", v4, ip4(51, ah(6, seg)), base4(0, 6, 80).with(segment(44, payload))},
		{"ip4 AH twice, then ESP", v4, ip4(51, ah(51, ah(50, seg))), base4(0, 50, 0).with(stop(StopEncrypted))},
		{"ip4 AH of length 0, which is 8 bytes", v4, ip4(51, make([]byte, 60)), base4(0, 0, 0).with(stop(StopProtocol))},
		{"ip4 AH without end", v4, ip4(51, bytes.Repeat(unhex("33 00 0000 00000000"), 40)), base4(0, 51, 0).with(stop(StopMalformed), noFlow)},
		{"ip4 AH beyond the datagram", v4, ip4(51, unhex("06 ff 0000 00000000")), base4(0, 51, 0).with(stop(StopMalformed), noFlow)},

		{"ip6 hop-by-hop", v6, ip6(0, ext(6, unhex("0502 0000 0100"), seg)), at6(48)},
		{"ip6 destination options", v6, ip6(60, ext(6, pad14, seg)), at6(56)},
		{"ip6 chain", v6, ip6(0, ext(60, pad6, ext(43, pad6, ext(135, pad6, ext(139, pad6, ext(140, pad6, ext(51, pad6, ah(6, seg)))))))), at6(112)},
		{"ip6 AH", v6, ip6(51, ah(6, seg)), at6(64)},
		{"ip6 ESP", v6, ip6(60, ext(50, pad6, seg)), base6(0, 50, 0).with(stop(StopEncrypted))},
		{"ip6 no next header", v6, ip6(59, seg), base6(0, 59, 0).with(stop(StopProtocol))},
		{"ip6 ICMP", v6, ip6(58, seg), base6(0, 58, 0).with(stop(StopProtocol))},
		{"ip6 atomic fragment", v6, ip6(44, join(unhex("06 ff 0000 89abcdef"), seg)), at6(48, id(0x89abcdef))},
		{"ip6 atomic fragment, reserved bits", v6, ip6(44, join(unhex("06 00 0006 89abcdef"), seg)), at6(48, id(0x89abcdef))},
		{"ip6 first fragment", v6, ip6(44, join(unhex("06 00 0001 89abcdef"), seg)), base6(0, 6, 0).with(frag(48, 0, true), id(0x89abcdef))},
		{"ip6 last fragment", v6, ip6(0, ext(44, pad6, join(unhex("06 00 05a8 89abcdef"), seg))), base6(0, 6, 0).with(frag(56, 1448, false), id(0x89abcdef))},
		{"ip6 SRv6, a segment left", v6, srv6, at6(80)},
		{"ip6 32 extensions", v6, ip6(60, join(bytes.Repeat(unhex("3c00 000000000000"), 31), unhex("0600 000000000000"), seg)), base6(0, 6, 0).with(stop(StopMalformed), noFlow)},
		{"ip6 extension beyond the datagram", v6, ip6(60, unhex("06 01 000000000000")), base6(0, 60, 0).with(stop(StopMalformed), noFlow)},
		{"ip6 payload length 0", v6, ip6Length(6, 0, seg), at6(40)},
		{"ip6 payload length 0, hop-by-hop", v6, ip6Length(0, 0, ext(6, pad6, seg)), at6(48)},
		{"ip6 lying length", v6, ip6Length(6, 2000, seg), at6(40)},
		{"ip6 trailer", v6, join(ip6(6, seg), unhex("0000")), at6(40)},
		{"ip6 jumbogram", v6, jumboHBH("00011193", tcp(nil, jumbo)), base6(0, 6, 80).with(segment(48, jumbo))},
		{"ip6 jumbogram shorter than the frame", v6, jumboHBH("00011190", tcp(nil, jumbo)), base6(0, 6, 80).with(segment(48, jumbo[:len(jumbo)-3]))},
		{"ip6 jumbogram that is none", v6, jumboHBH("0000001b", seg), base6(0, 0, 0).with(stop(StopMalformed), noFlow)},
		{"ip6 hop-by-hop padding, no jumbogram", v6, ip6Length(0, 0, ext(6, unhex("00 0103 000000"), seg)), at6(48)},
		{"ip6 hop-by-hop header beyond the frame", v6, ip6Length(0, 0, unhex("06 01 000000000000")), base6(0, 0, 0).with(stop(StopMalformed), noFlow)},
		{"ip6 jumbogram, lying", v6, jumboHBH("ffffffff", seg), at6(48)},
		{"ip6 hop-by-hop option without end", v6, ip6Length(0, 0, ext(6, unhex("01ff 00000000"), seg)), base6(0, 0, 0).with(stop(StopMalformed), noFlow)},
	}
}

// TestSnapLength checks that what the snap length cut is known by the IP header.
func TestSnapLength(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 100)
	for _, c := range []struct {
		name   string
		data   []byte
		header int
	}{
		{"ip4 tcp", ethernet(0x0800, ip4(6, tcpTS(body))), 66},
		{"ip6 tcp", ethernet(0x86dd, ip6(6, tcpTS(body))), 86},
		{"ip4 udp", ethernet(0x0800, ip4(17, udp(body))), 42},
		{"ip4 tcp, offload", ethernet(0x0800, ip4Set(6, 2, 0, tcpTS(body))), 66},
	} {
		for _, n := range []int{c.header, c.header + 1, c.header + 500, len(c.data) - 1} {
			d := decodeCut(capture.LinkEthernet, c.data, n)
			if d.Stop != StopNone || d.PayloadLen != 1000 || !bytes.Equal(d.Payload, body[:n-c.header]) {
				t.Errorf("%s cut to %d: stop %v, %d bytes of %d", c.name, n, d.Stop, len(d.Payload), d.PayloadLen)
			}
		}
	}
}

func TestFlow(t *testing.T) {
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("9.0.0.200")
	a6, b6 := netip.MustParseAddr("fe80::2"), netip.MustParseAddr("fe80::1:0:0:1")
	for _, c := range []struct {
		src, dst netip.AddrPort
		dir      Dir
	}{
		{netip.AddrPortFrom(a, 1), netip.AddrPortFrom(b, 2), HiToLo},
		{netip.AddrPortFrom(b, 2), netip.AddrPortFrom(a, 1), LoToHi},
		{netip.AddrPortFrom(a, 1), netip.AddrPortFrom(a, 2), LoToHi},
		{netip.AddrPortFrom(a, 2), netip.AddrPortFrom(a, 1), HiToLo},
		{netip.AddrPortFrom(a, 0xff00), netip.AddrPortFrom(a, 0x00ff), HiToLo},
		{netip.AddrPortFrom(a, 7), netip.AddrPortFrom(a, 7), LoToHi},
		{netip.AddrPortFrom(a6, 1), netip.AddrPortFrom(b6, 2), LoToHi},
		{netip.AddrPortFrom(b6, 2), netip.AddrPortFrom(a6, 1), HiToLo},
		{netip.AddrPortFrom(a6, 9), netip.AddrPortFrom(a6, 8), HiToLo},
	} {
		there, back := flowOf(c.src, c.dst), flowOf(c.dst, c.src)
		if there.Flow != back.Flow || there.Flow.Hash(3) != back.Flow.Hash(3) {
			t.Errorf("%v and %v: flows differ by direction", c.src, c.dst)
		}
		if there.Dir != c.dir || c.src != c.dst && back.Dir != c.dir.Reverse() {
			t.Errorf("%v to %v: direction %d, back %d", c.src, c.dst, there.Dir, back.Dir)
		}
		if s, d := there.Flow.Source(there.Dir), there.Flow.Source(there.Dir.Reverse()); s != c.src || d != c.dst {
			t.Errorf("%v to %v came out as %v to %v", c.src, c.dst, s, d)
		}
	}
}

// flowOf decodes a segment from src to dst.
func flowOf(src, dst netip.AddrPort) *Decoded {
	seg := tcp(nil, nil)
	be.PutUint16(seg, src.Port())
	be.PutUint16(seg[2:], dst.Port())
	if src.Addr().Is4() {
		b := ip4(6, seg)
		copy(b[12:], src.Addr().AsSlice())
		copy(b[16:], dst.Addr().AsSlice())
		return decode(capture.LinkRaw, b)
	}
	b := ip6(6, seg)
	copy(b[8:], src.Addr().AsSlice())
	copy(b[24:], dst.Addr().AsSlice())
	return decode(capture.LinkRaw, b)
}

// TestHash checks that similar flows spread over the buckets of a table, for
// low bits as for high ones, and that the seed matters.
func TestHash(t *testing.T) {
	const n, buckets = 1 << 16, 1 << 10
	var low, high [buckets]int
	f := decode(capture.LinkRaw, ip4(6, tcp(nil, nil))).Flow
	seen := make(map[uint64]bool)
	for i := range n {
		f.HiPort = uint16(i)
		f.Lo[15], f.Lo[14] = byte(i>>3), byte(i>>11)
		h := f.Hash(42)
		low[h%buckets]++
		high[h>>54]++
		seen[h] = true
	}
	if len(seen) != n {
		t.Errorf("%d flows have %d hashes", n, len(seen))
	}
	for i := range buckets { // 64 expected, standard deviation 8
		if low[i] > 64+7*8 || high[i] > 64+7*8 || low[i] < 64-7*8 || high[i] < 64-7*8 {
			t.Errorf("bucket %d holds %d by the low bits, %d by the high ones", i, low[i], high[i])
		}
	}
	if f.Hash(1) == f.Hash(2) {
		t.Error("the seed does not change the hash")
	}
}
