package packet

import (
	"bytes"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

// entered is what tunnels leave: their kinds, and the innermost one's number.
func entered(id uint32, kinds ...Encap) func(*Decoded) {
	return func(d *Decoded) {
		d.Tunnels, d.TunnelID = uint8(len(kinds)), id
		copy(d.Encap[:], kinds)
	}
}

// nested4 is what ip4(6, tcp(nil, payload)) at an offset decodes to.
func nested4(at int, more ...func(*Decoded)) Decoded {
	return base4(at, 6, 80).with(segment(at+20, payload)).with(more...)
}

func nested6(at int, more ...func(*Decoded)) Decoded {
	return base6(at, 6, 80).with(segment(at+40, payload)).with(more...)
}

// mirroredFrame is an Ethernet frame whose IP header begins at its 15th byte.
func mirroredFrame() []byte { return ethernet(0x0800, ip4(6, tcp(nil, payload))) }

// labels is an MPLS stack with labels from 16 on, the last of which is the bottom.
func labels(n int, rest []byte) []byte {
	var b []byte
	for i := range n {
		b = be.AppendUint32(b, uint32(16+i)<<12|64)
	}
	b[len(b)-2] |= 1
	return join(b, rest)
}

func encapCases() []frameCase {
	seg, seg6, frame := ip4(6, tcp(nil, payload)), ip6(6, tcp(nil, payload)), mirroredFrame()
	zero := bytes.Clone(frame) // the first address begins with a nibble of 0
	zero[0] = 0
	mpls, ip := etherType(0x8847), etherType(0x0800)
	const eth, v4, v6 = capture.LinkEthernet, capture.LinkIPv4, capture.LinkIPv6
	gre := func(header string, rest []byte) []byte { return ip4(47, join(unhex(header), rest)) }
	nest := seg
	for range 9 {
		nest = ip4(4, nest)
	}
	cut := ethernet(0x0800, ip4(6, tcp(nil, bytes.Repeat(payload, 100))))
	return []frameCase{
		{"PPPoE", eth, ethernet(0x8864, join(unhex("1100 0007 0031 0021"), seg)), nested4(22, etherType(0x8864), entered(7, EncapPPPoE))},
		{"PPPoE behind two tags", eth, ethernet(0x88a8, join(unhex("0001 8100 0002 8864 1100 ffff 0045 0057"), seg6)),
			nested6(30, etherType(0x8864), vlans(2, 2), entered(0xffff, EncapPPPoE))},
		{"PPPoE, length 0 in IP, padded", eth, ethernet(0x8864, join(unhex("1100 0007 0031 0021"), ip4Set(6, 2, 0, tcp(nil, payload)), make([]byte, 9))),
			nested4(22, etherType(0x8864), entered(7, EncapPPPoE))},
		{"PPPoE, LCP", eth, ethernet(0x8864, unhex("1100 0007 0006 c021 01010004")), Decoded{Stop: StopNotIP}.with(etherType(0x8864), entered(7, EncapPPPoE))},
		{"PPPoE, version 2", eth, ethernet(0x8864, unhex("2100 0007 0006 0021 01010004")), Decoded{Stop: StopMalformed}.with(etherType(0x8864))},

		{"MPLS", eth, ethernet(0x8847, labels(1, seg)), nested4(18, mpls, entered(16, EncapMPLS))},
		{"MPLS, three labels", eth, ethernet(0x8848, labels(3, seg6)), nested6(26, etherType(0x8848), entered(18, EncapMPLS))},
		{"MPLS, IPv4 with options", eth, ethernet(0x8847, labels(1, ip4Options(6, make([]byte, 4), tcp(nil, payload)))),
			base4(18, 6, 80).with(segment(42, payload), mpls, entered(16, EncapMPLS))},
		{"MPLS, pseudowire with control word", eth, ethernet(0x8847, labels(2, join(make([]byte, 4), frame))), nested4(40, ip, entered(17, EncapMPLS))},
		{"MPLS, pseudowire of another first byte", eth, ethernet(0x8847, labels(2, zero)), nested4(36, ip, entered(17, EncapMPLS))},
		{"MPLS, associated channel", eth, ethernet(0x8847, labels(2, join(unhex("10000021"), frame))), Decoded{Stop: StopTunnel}.with(mpls)},
		{"MPLS, empty", eth, ethernet(0x8847, labels(1, nil)), Decoded{Stop: StopTunnel}.with(mpls)},
		{"MPLS, 16 labels", eth, ethernet(0x8847, labels(16, seg)), nested4(78, mpls, entered(31, EncapMPLS))},
		{"MPLS, 17 labels", eth, ethernet(0x8847, labels(17, seg)), Decoded{Stop: StopTunnel}.with(mpls)},
		{"MPLS without bottom", eth, ethernet(0x8847, make([]byte, 46)), Decoded{Stop: StopMalformed}.with(mpls)},
		{"MPLS in PPP", capture.LinkPPP, join(unhex("0281"), labels(1, seg)), nested4(6, entered(16, EncapMPLS))},
		{"MPLS in IP", v4, ip4(137, labels(1, seg)), nested4(24, entered(16, EncapMPLS))},

		{"GRE", v4, gre("0000 0800", seg), nested4(24, entered(0, EncapGRE))},
		{"GRE with checksum", v4, gre("8000 0800 12340000", seg), nested4(28, entered(0, EncapGRE))},
		{"GRE with key", v4, gre("2000 86dd 89abcdef", seg6), nested6(28, entered(0x89abcdef, EncapGRE))},
		{"GRE with all three", v4, gre("b000 0800 12340000 89abcdef 00000001", seg), nested4(36, entered(0x89abcdef, EncapGRE))},
		{"GRE over IPv6", v6, ip6(47, join(unhex("1000 0800 00000001"), seg)), nested4(48, entered(0, EncapGRE))},
		{"GRE, MPLS", v4, gre("0000 8847", labels(2, seg)), nested4(32, entered(17, EncapGRE, EncapMPLS))},
		{"GRE, Ethernet", v4, gre("0000 6558", frame), nested4(38, ip, entered(0, EncapGRE))},
		{"GRE, PPP", v4, gre("0000 880b ff03 0021", seg), nested4(28, entered(0, EncapGRE))},
		{"NVGRE", v4, gre("2000 6558 00abcd07", frame), nested4(42, ip, entered(0xabcd, EncapNVGRE))},
		{"NVGRE, tag inside, behind a tag", eth, ethernet(0x8100, join(unhex("0005 0800"), gre("2000 6558 00abcd07", ethernet(0x8100, join(unhex("0009 0800"), seg))))),
			nested4(64, ip, vlans(1, 9), entered(0xabcd, EncapNVGRE))},
		{"GRE keepalive", v4, gre("0000 0000", nil), base4(0, 47, 0).with(stop(StopTunnel))},
		{"GRE, WCCP", v4, gre("0000 883e 00000000", seg), base4(0, 47, 0).with(stop(StopTunnel))},
		{"GRE with source route", v4, gre("4000 0800 00000000 00000000", seg), base4(0, 47, 0).with(stop(StopTunnel))},
		{"GRE version 2", v4, gre("0002 0800", seg), base4(0, 47, 0).with(stop(StopTunnel))},
		{"GRE header beyond the datagram", v4, gre("b000 0800 00000000", nil), base4(0, 47, 0).with(stop(StopMalformed))},
		{"PPTP", v4, gre("3081 880b 0033 0042 00000001 00000002 ff03 0021", join(seg, make([]byte, 5))), nested4(40, entered(0x42, EncapPPTP))},
		{"PPTP acknowledgment", v4, gre("2081 880b 0000 0042 00000002", nil), base4(0, 47, 0).with(stop(StopTunnel))},

		{"ERSPAN I", v4, gre("0000 88be", frame), nested4(38, ip, entered(0, EncapERSPAN1))},
		{"ERSPAN II", v4, gre("1000 88be 00000001 1001 0955 00000003", frame), nested4(50, ip, entered(0x155, EncapERSPAN2))},
		{"ERSPAN II, version 0", v4, gre("1000 88be 00000001 0001 0955 00000003", frame), base4(0, 47, 0).with(stop(StopTunnel))},
		{"ERSPAN II, frame cut", v4, gre("1000 88be 00000001 1001 0d55 00000003", cut[:100]),
			base4(50, 6, 80).with(segment(70, bytes.Repeat(payload, 100)[:46]), ip, entered(0x155, EncapERSPAN2), func(d *Decoded) { d.PayloadLen = 700 })},
		{"ERSPAN III", v4, gre("1000 22eb 00000001 2001 0155 00000003 0000 0000", frame), nested4(54, ip, entered(0x155, EncapERSPAN3))},
		{"ERSPAN III with subheader", v4, gre("1000 22eb 00000001 2001 0155 00000003 0000 0001 3000000000000000", frame), nested4(62, ip, entered(0x155, EncapERSPAN3))},
		{"ERSPAN III of IP", v4, gre("1000 22eb 00000001 2001 0155 00000003 0000 0800", seg), nested4(40, entered(0x155, EncapERSPAN3))},
		{"ERSPAN III of IPv6", v4, gre("1000 22eb 00000001 2001 0155 00000003 0000 0800", seg6), nested6(40, entered(0x155, EncapERSPAN3))},
		{"ERSPAN III of 802.11", v4, gre("1000 22eb 00000001 2001 0155 00000003 0000 0400", frame), base4(0, 47, 0).with(stop(StopTunnel))},

		{"IP in IP", v4, ip4(4, seg), nested4(20, entered(0, EncapIPIP))},
		{"6in4", v4, ip4(41, seg6), nested6(20, entered(0, Encap6in4))},
		{"IPv4 in IPv6", v6, ip6(60, ext(4, make([]byte, 6), seg)), nested4(48, entered(0, EncapIPIP))},
		{"IPv6 in IPv6", v6, ip6(41, seg6), nested6(40, entered(0, EncapIPIP))},
		{"IP in IP, trailer", v4, join(ip4(4, ip4Set(6, 2, 0, tcp(nil, payload))), make([]byte, 6)), nested4(20, entered(0, EncapIPIP))},
		{"IP in IP, not IPv4", v4, ip4(4, seg6), Decoded{Stop: StopMalformed}.with(entered(0, EncapIPIP))},
		{"IP in IP, ICMP", v4, ip4(4, ip4(1, payload)), base4(20, 1, 0).with(stop(StopProtocol), entered(0, EncapIPIP))},
		{"Ethernet in IP", v4, ip4(97, join(unhex("3000"), frame)), nested4(36, ip, entered(0, EncapEthernet))},
		{"Ethernet in IP, version 2", v4, ip4(97, join(unhex("2000"), frame)), base4(0, 97, 0).with(stop(StopTunnel))},
		{"Ethernet in SRv6", v6, ip6(143, frame), nested4(54, ip, entered(0, EncapEthernet))},
		{"nine times IP in IP", v4, nest, base4(160, 4, 0).with(stop(StopTunnel), entered(0, EncapIPIP, EncapIPIP, EncapIPIP, EncapIPIP), func(d *Decoded) { d.Tunnels = 8 })},
		{"eight times IP in IP", v4, nest[20:], nested4(160, entered(0, EncapIPIP, EncapIPIP, EncapIPIP, EncapIPIP), func(d *Decoded) { d.Tunnels = 8 })},
		{"fragment in GRE", v4, gre("0000 0800", ip4Set(6, 6, 0x2001, unhex("0102030405060708"))), base4(24, 6, 0).with(stop(StopFragment), entered(0, EncapGRE),
			func(d *Decoded) {
				d.Fragment, d.MoreFragments, d.FragOffset = true, true, 8
				d.L4Offset, d.Payload, d.PayloadLen = 44, unhex("0102030405060708"), 8
			})},
	}
}

func TestEncapNames(t *testing.T) {
	seen := make(map[string]bool)
	for e := range Encap(NumEncaps) {
		if s := e.String(); s == "" || seen[s] {
			t.Errorf("kind %d has the name %q", uint8(e), s)
		} else {
			seen[s] = true
		}
	}
	if s := Encap(NumEncaps + 5).String(); s != "encap-20" {
		t.Error(s)
	}
}
