package packet

import (
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

func linkCases() []frameCase {
	seg := ip4(6, tcp(nil, payload))
	seg6 := ip6(6, tcp(nil, payload))
	at4 := func(at int, more ...func(*Decoded)) Decoded {
		return base4(at, 6, 80).with(segment(at+20, payload)).with(more...)
	}
	at6 := func(at int, more ...func(*Decoded)) Decoded {
		return base6(at, 6, 80).with(segment(at+40, payload)).with(more...)
	}
	only := func(s Stop, more ...func(*Decoded)) Decoded { return Decoded{Stop: s}.with(more...) }
	const eth = capture.LinkEthernet
	// Cooked headers without their protocol field: v1 begins, v2 goes on.
	sll := func(hw string, proto string, rest []byte) []byte {
		return join(unhex("0000"+hw+"0006 020000000001 0000"+proto), rest)
	}
	sll2 := func(hw string, proto string, rest []byte) []byte {
		return join(unhex(proto+"0000 00000003"+hw+"00 06 020000000001 0000"), rest)
	}
	return []frameCase{
		{"ethernet ip4", eth, ethernet(0x0800, seg), at4(14, etherType(0x0800))},
		{"ethernet ip6", eth, ethernet(0x86dd, seg6), at6(14, etherType(0x86dd))},
		{"ethernet padding", eth, join(ethernet(0x0800, ip4(6, tcp(nil, nil))), make([]byte, 6)),
			base4(14, 6, 80).with(segment(34, nil), etherType(0x0800))},
		{"802.1Q", eth, ethernet(0x8100, join(unhex("e007 0800"), seg)), at4(18, etherType(0x0800), vlans(1, 7))},
		{"802.1ad", eth, ethernet(0x88a8, join(unhex("0001 8100 0ffe 86dd"), seg6)), at6(22, etherType(0x86dd), vlans(2, 4094))},
		{"three tags", eth, ethernet(0x9100, join(unhex("0001 88a8 0002 8100 0003 0800"), seg)), at4(26, etherType(0x0800), vlans(3, 3))},
		{"300 tags", eth, ethernet(0x8100, join(tags(299), unhex("0005 0800"), seg)), at4(14+1200, etherType(0x0800), vlans(255, 5))},
		{"LLC and SNAP", eth, ethernet(60, join(unhex("aaaa03 000000 0800"), seg)), at4(22, etherType(0x0800))},
		{"tag before SNAP", eth, ethernet(0x8100, join(unhex("0009 0040 aaaa03 000000 0800"), seg)), at4(26, etherType(0x0800), vlans(1, 9))},
		{"SNAP before tag", eth, ethernet(60, join(unhex("aaaa03 000000 8100 0009 0800"), seg)), at4(26, etherType(0x0800), vlans(1, 9))},
		{"SNAP in SNAP", eth, ethernet(60, join(unhex("aaaa03 000000 0040 aaaa03 000000 0800"), seg)), only(StopNotIP)},
		{"SNAP of another organisation", eth, ethernet(60, join(unhex("aaaa03 00000c 2000"), seg)), only(StopNotIP)},
		{"spanning tree", eth, ethernet(38, make([]byte, 46)), only(StopNotIP)},
		{"spanning tree, short", eth, ethernet(3, unhex("424203")), only(StopNotIP)},
		{"ARP", eth, ethernet(0x0806, make([]byte, 46)), only(StopNotIP, etherType(0x0806))},
		{"MAC in MAC", eth, ethernet(0x88e7, make([]byte, 46)), only(StopTunnel, etherType(0x88e7))},
		{"service header", eth, ethernet(0x894f, make([]byte, 46)), only(StopTunnel, etherType(0x894f))},
		{"IPv6 behind IPv4's type", eth, ethernet(0x0800, seg6), only(StopMalformed, etherType(0x0800))},
		{"IPv4 behind IPv6's type", eth, ethernet(0x86dd, seg), only(StopMalformed, etherType(0x86dd))},
		{"empty", eth, nil, only(StopTruncated)},

		{"SLL", capture.LinkLinuxSLL, sll("0304", "0800", seg), at4(16, etherType(0x0800))},
		{"SLL ip6", capture.LinkLinuxSLL, sll("0001", "86dd", seg6), at6(16, etherType(0x86dd))},
		{"SLL tag", capture.LinkLinuxSLL, sll("0001", "8100", join(unhex("0007 0800"), seg)), at4(20, etherType(0x0800), vlans(1, 7))},
		{"SLL 802.2", capture.LinkLinuxSLL, sll("0001", "0004", join(unhex("aaaa03 000000 0800"), seg)), at4(24, etherType(0x0800))},
		{"SLL raw 802.3", capture.LinkLinuxSLL, sll("0001", "0001", seg), only(StopNotIP)},
		{"SLL netlink", capture.LinkLinuxSLL, sll("0338", "0800", seg), only(StopNotIP)},
		{"SLL radiotap", capture.LinkLinuxSLL, sll("0323", "0800", seg), only(StopNotIP)},
		{"SLL2", capture.LinkLinuxSLL2, sll2("0304", "0800", seg), at4(20, etherType(0x0800))},
		{"SLL2 ip6", capture.LinkLinuxSLL2, sll2("0001", "86dd", seg6), at6(20, etherType(0x86dd))},
		{"SLL2 two tags", capture.LinkLinuxSLL2, sll2("0001", "88a8", join(unhex("0007 8100 0008 0800"), seg)), at4(28, etherType(0x0800), vlans(2, 8))},
		{"SLL2 netlink", capture.LinkLinuxSLL2, sll2("0338", "0000", seg), only(StopNotIP)},

		{"null, little-endian", capture.LinkNull, join(unhex("02000000"), seg), at4(4)},
		{"null, big-endian", capture.LinkNull, join(unhex("00000002"), seg), at4(4)},
		{"null, Linux ip6", capture.LinkNull, join(unhex("0a000000"), seg6), at6(4)},
		{"null, NetBSD ip6", capture.LinkNull, join(unhex("00000018"), seg6), at6(4)},
		{"null, FreeBSD ip6", capture.LinkNull, join(unhex("1c000000"), seg6), at6(4)},
		{"null, Darwin ip6", capture.LinkNull, join(unhex("1e000000"), seg6), at6(4)},
		{"loop, OpenBSD ip6", capture.LinkLoop, join(unhex("00000018"), seg6), at6(4)},
		{"loop, little-endian", capture.LinkLoop, join(unhex("02000000"), seg), at4(4)},
		{"null, AppleTalk", capture.LinkNull, join(unhex("10000000"), seg), only(StopNotIP)},

		{"raw ip4", capture.LinkRaw, seg, at4(0)},
		{"raw ip6", capture.LinkRaw, seg6, at6(0)},
		{"raw of BSD", capture.LinkRawBSD, seg, at4(0)},
		{"raw of OpenBSD", capture.LinkRawOpen, seg6, at6(0)},
		{"raw, neither", capture.LinkRaw, unhex("10"), only(StopNotIP)},
		{"link type ip4", capture.LinkIPv4, seg, at4(0)},
		{"link type ip6", capture.LinkIPv6, seg6, at6(0)},
		{"link type ip6, but ip4", capture.LinkIPv6, seg, only(StopMalformed)},

		{"PPP", capture.LinkPPP, join(unhex("0021"), seg), at4(2)},
		{"PPP with HDLC framing", capture.LinkPPP, join(unhex("ff03 0057"), seg6), at6(4)},
		{"PPP, compressed protocol", capture.LinkPPP, join(unhex("21"), seg), at4(1)},
		{"PPP, framed and compressed", capture.LinkPPPHDLC, join(unhex("ff03 57"), seg6), at6(3)},
		{"PPP, LCP", capture.LinkPPP, unhex("ff03 c021 01010004"), only(StopNotIP)},
		{"Cisco HDLC", capture.LinkPPPHDLC, join(unhex("0f00 0800"), seg), at4(4, etherType(0x0800))},
		{"PPPoE link", capture.LinkPPPEther, join(unhex("11 00 0001 0031 0021"), seg), at4(8)},
		{"PPPoE link, version 2", capture.LinkPPPEther, join(unhex("21 00 0001 0031 0021"), seg), only(StopMalformed)},
		{"PPPoE discovery", capture.LinkPPPEther, unhex("11 09 0000 0000"), only(StopNotIP)},

		{"802.11", capture.LinkIEEE80211, seg, only(StopLinkType)},
		{"radiotap", capture.LinkRadiotap, seg, only(StopLinkType)},
		{"unknown link type", 147, seg, only(StopLinkType)},
	}
}

// tags returns what follows the type 0x8100 in a stack of n tags with one more to come.
func tags(n int) []byte {
	var b []byte
	for range n {
		b = append(b, 0x00, 0x01, 0x81, 0x00)
	}
	return b
}

// TestFCS checks that a frame check sequence is not taken for payload, also
// where only the frame's length can tell.
func TestFCS(t *testing.T) {
	whole := join(ethernet(0x0800, ip4Set(6, 2, 0, tcp(nil, payload))), unhex("deadbeef"))
	for n := 54; n <= len(whole); n++ {
		var d Decoded
		d.Decode(&capture.Packet{Link: capture.LinkEthernet, FCSLen: 4, OrigLen: uint32(len(whole)), Data: whole[:n]})
		if want := payload[:min(n-54, len(payload))]; d.Stop != StopNone || string(d.Payload) != string(want) || d.PayloadLen != len(payload) {
			t.Errorf("%d bytes captured: stop %v, payload %q of %d, want %q of %d", n, d.Stop, d.Payload, d.PayloadLen, want, len(payload))
		}
	}
	var d Decoded
	if d.Decode(&capture.Packet{Link: capture.LinkEthernet, FCSLen: 4, OrigLen: 3, Data: whole[:3]}); d.Stop != StopTruncated {
		t.Errorf("frame shorter than its check sequence: %v", d.Stop)
	}
}

// TestOrigLenTooSmall gives an original length that is less than what is there.
func TestOrigLenTooSmall(t *testing.T) {
	data := ethernet(0x0800, ip4(6, tcp(nil, payload)))
	var d Decoded
	d.Decode(&capture.Packet{Link: capture.LinkEthernet, OrigLen: 10, Data: data})
	if d.Stop != StopNone || string(d.Payload) != string(payload) || d.PayloadLen != len(payload) {
		t.Errorf("got %+v", d)
	}
}
