package packet

import (
	"bytes"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/sockeye-dev/sockeye/capture"
)

// udpTo is udp to another port.
func udpTo(port uint16, header string, rest []byte) []byte {
	b := udp(join(unhex(header), rest))
	be.PutUint16(b[2:], port)
	return b
}

func udpTunnelCases() []frameCase {
	seg, seg6, frame := ip4(6, tcp(nil, payload)), ip6(6, tcp(nil, payload)), mirroredFrame()
	ip := etherType(0x0800)
	group := bytes.Clone(frame)
	group[6] |= 1
	const v4, v6 = capture.LinkIPv4, capture.LinkIPv6
	over := func(port uint16, header string, rest []byte) []byte { return ip4(17, udpTo(port, header, rest)) }
	plain := func(port uint16, header string, rest []byte) Decoded {
		return base4(0, 17, port).with(datagramAt(20, join(unhex(header), rest)))
	}
	const vni = "08000000 00abcd00"
	return []frameCase{
		{"VXLAN", v4, over(4789, vni, frame), nested4(50, ip, entered(0xabcd, EncapVXLAN))},
		{"VXLAN of Linux", v4, over(8472, vni, frame), nested4(50, ip, entered(0xabcd, EncapVXLAN))},
		{"VXLAN over IPv6, IPv6 inside", v6, ip6(17, udpTo(4789, vni, ethernet(0x86dd, seg6))), nested6(70, etherType(0x86dd), entered(0xabcd, EncapVXLAN))},
		{"VXLAN, ARP inside", v4, over(4789, vni, ethernet(0x0806, make([]byte, 28))), Decoded{Stop: StopNotIP}.with(etherType(0x0806), entered(0xabcd, EncapVXLAN))},
		{"VXLAN, spanning tree inside", v4, over(4789, vni, ethernet(38, make([]byte, 46))), Decoded{Stop: StopNotIP}.with(entered(0xabcd, EncapVXLAN))},
		{"VXLAN with group policy", v4, over(4789, "88080007 00abcd00", frame), nested4(50, ip, entered(0xabcd, EncapVXLAN))},
		{"VXLAN-GPE of IPv4", v4, over(4790, "0c000001 00abcd00", seg), nested4(36, entered(0xabcd, EncapVXLAN))},
		{"VXLAN-GPE of IPv6", v4, over(4790, "0c000002 00abcd00", seg6), nested6(36, entered(0xabcd, EncapVXLAN))},
		{"VXLAN-GPE of Ethernet", v4, over(4790, "0c000003 00abcd00", frame), nested4(50, ip, entered(0xabcd, EncapVXLAN))},
		{"VXLAN-GPE of MPLS", v4, over(4790, "0c000005 00abcd00", labels(1, seg)), nested4(40, entered(16, EncapVXLAN, EncapMPLS))},
		{"VXLAN-GPE of a service header", v4, over(4790, "0c000004 00abcd00", seg), plain(4790, "0c000004 00abcd00", seg)},
		{"VXLAN's port, other flags", v4, over(4789, "00000000 00abcd00", frame), plain(4789, "00000000 00abcd00", frame)},
		{"VXLAN's port, reserved bits", v4, over(4789, "08000001 00abcd00", frame), plain(4789, "08000001 00abcd00", frame)},
		{"VXLAN's port, reserved byte", v4, over(4789, "08000000 00abcd01", frame), plain(4789, "08000000 00abcd01", frame)},
		{"VXLAN's port, too short", v4, over(4789, vni, frame[:13]), plain(4789, vni, frame[:13])},
		{"VXLAN's port, a group sends", v4, over(4789, vni, group), plain(4789, vni, group)},
		{"VXLAN's port, no IPv4 where it should be", v4, over(4789, vni, ethernet(0x0800, seg6)), plain(4789, vni, ethernet(0x0800, seg6))},
		{"VXLAN's port, length beyond the frame", v4, over(4789, vni, ethernet(47, make([]byte, 46))), plain(4789, vni, ethernet(47, make([]byte, 46)))},
		{"VXLAN's port, nothing", v4, over(4789, "", nil), plain(4789, "", nil)},
		{"VXLAN in GRE", v4, ip4(47, join(unhex("2000 0800 00000005"), over(4789, vni, frame))), nested4(78, ip, entered(0xabcd, EncapGRE, EncapVXLAN))},
		{"GRE in VXLAN", v4, over(4789, vni, ethernet(0x0800, ip4(47, join(unhex("2000 0800 00000005"), seg)))), nested4(78, ip, entered(5, EncapVXLAN, EncapGRE))},

		{"Geneve", v4, over(6081, "0000 6558 00abcd00", frame), nested4(50, ip, entered(0xabcd, EncapGeneve))},
		{"Geneve with options", v4, over(6081, "0340 6558 00abcd00 0102 8002 0000000000000001", frame), nested4(62, ip, entered(0xabcd, EncapGeneve))},
		{"Geneve of IPv6", v4, over(6081, "0080 86dd 00abcd00", seg6), nested6(36, entered(0xabcd, EncapGeneve))},
		{"Geneve's port, version 1", v4, over(6081, "4000 6558 00abcd00", frame), plain(6081, "4000 6558 00abcd00", frame)},
		{"Geneve's port, options beyond the datagram", v4, over(6081, "3f00 6558 00abcd00", frame), plain(6081, "3f00 6558 00abcd00", frame)},
		{"Geneve's port, unknown type", v4, over(6081, "0000 1234 00abcd00", frame), plain(6081, "0000 1234 00abcd00", frame)},

		{"GTP-U", v4, over(2152, "30ff 002f 89abcdef", seg), nested4(36, entered(0x89abcdef, EncapGTPU))},
		{"GTP-U with sequence number", v4, over(2152, "32ff 0047 89abcdef 0001 00 00", seg6), nested6(40, entered(0x89abcdef, EncapGTPU))},
		{"GTP-U with extension headers", v4, over(2152, "34ff 003f 89abcdef 0000 00 85 01 1005 c0 02 030405060708 00", seg), nested4(52, entered(0x89abcdef, EncapGTPU))},
		{"GTP-U, trailer", v4, join(over(2152, "30ff 002f 89abcdef", join(ip4Set(6, 2, 0, tcp(nil, payload)), make([]byte, 5)))), nested4(36, entered(0x89abcdef, EncapGTPU))},
		{"GTP-U echo", v4, over(2152, "3201 0004 00000000 0001 0000", nil), plain(2152, "3201 0004 00000000 0001 0000", nil)},
		{"GTP-U's port, length beyond the datagram", v4, over(2152, "30ff 0030 89abcdef", seg), plain(2152, "30ff 0030 89abcdef", seg)},
		{"GTP-U's port, extension of length 0", v4, over(2152, "34ff 0037 89abcdef 0000 00 85 00100500", seg), plain(2152, "34ff 0037 89abcdef 0000 00 85 00100500", seg)},
		{"GTP-U's port, no IP", v4, over(2152, "30ff 0004 89abcdef", unhex("01020304")), plain(2152, "30ff 0004 89abcdef", unhex("01020304"))},
		{"Teredo", v4, over(3544, "", seg6), plain(3544, "", seg6)},
	}
}

// TestPortOfVXLAN gives a Decoder a port, which overrides what it is known for.
func TestPortOfVXLAN(t *testing.T) {
	x := NewDecoder(Options{VXLANPorts: []uint16{53, 6081}})
	for _, port := range []uint16{53, 6081, 4789} {
		data := ip4(17, udpTo(port, "08000000 00abcd00", mirroredFrame()))
		p := capture.Packet{Link: capture.LinkIPv4, Data: data, OrigLen: uint32(len(data))}
		var d Decoded
		if q := x.Decode(&p, &d); q != &p || !same(d, nested4(50, etherType(0x0800), entered(0xabcd, EncapVXLAN))) {
			t.Errorf("port %d: %+v", port, d)
		}
	}
}

// TestTunnelLimit sets how many tunnels are entered.
func TestTunnelLimit(t *testing.T) {
	data := ip4(6, tcp(nil, payload))
	for range 20 {
		data = ip4(4, data)
	}
	p := capture.Packet{Link: capture.LinkIPv4, Data: data, OrigLen: uint32(len(data))}
	for _, c := range []struct{ limit, want int }{{0, 8}, {1, 1}, {19, 19}, {20, 20}, {999, 20}} {
		var d Decoded
		NewDecoder(Options{Limits: Limits{Tunnels: c.limit}}).Decode(&p, &d)
		if int(d.Tunnels) != c.want || d.IPOffset != 20*c.want || d.IsTCP() != (c.want == 20) {
			t.Errorf("limit %d: %d tunnels, stop %v, IP at %d", c.limit, d.Tunnels, d.Stop, d.IPOffset)
		}
	}
}

// TestTunnelsAgainstGopacket has tunnels built and decoded by gopacket as well.
func TestTunnelsAgainstGopacket(t *testing.T) {
	eth := func(next layers.EthernetType) *layers.Ethernet {
		return &layers.Ethernet{SrcMAC: mac[:6], DstMAC: mac[6:], EthernetType: next}
	}
	v4 := func(id uint16, next layers.IPProtocol) *layers.IPv4 {
		return &layers.IPv4{Version: 4, TTL: 9, Id: id, Protocol: next, SrcIP: []byte{10, 0, 0, byte(id)}, DstIP: []byte{10, 0, 0, 7}}
	}
	v6 := func(hops uint8, next layers.IPProtocol) *layers.IPv6 {
		return &layers.IPv6{Version: 6, HopLimit: hops, NextHeader: next, SrcIP: addr6b, DstIP: addr6a}
	}
	to := func(port layers.UDPPort) *layers.UDP { return &layers.UDP{SrcPort: 40000, DstPort: port} }
	seg := &layers.TCP{SrcPort: 80, DstPort: 50000, Seq: 1 << 31, Ack: 7, PSH: true, ACK: true, Window: 500}
	const ip, ip6 = layers.EthernetTypeIPv4, layers.EthernetTypeIPv6
	const tcp, gre, udp = layers.IPProtocolTCP, layers.IPProtocolGRE, layers.IPProtocolUDP
	vx := &layers.VXLAN{ValidIDFlag: true, VNI: 0xabcd}
	for name, stack := range map[string][]gopacket.SerializableLayer{
		"PPPoE":           {eth(layers.EthernetTypePPPoESession), &layers.PPPoE{Version: 1, Type: 1, SessionId: 3}, &layers.PPP{PPPType: layers.PPPTypeIPv4}, v4(1, tcp), seg},
		"two tags, PPPoE": {eth(layers.EthernetTypeQinQ), &layers.Dot1Q{VLANIdentifier: 1, Type: layers.EthernetTypeDot1Q}, &layers.Dot1Q{VLANIdentifier: 2, Type: layers.EthernetTypePPPoESession}, &layers.PPPoE{Version: 1, Type: 1, SessionId: 3}, &layers.PPP{PPPType: layers.PPPTypeIPv6}, v6(3, tcp), seg},
		"MPLS":            {eth(layers.EthernetTypeMPLSUnicast), &layers.MPLS{Label: 100, TTL: 3}, &layers.MPLS{Label: 101, StackBottom: true, TTL: 3}, v4(1, tcp), seg},
		"GRE":             {eth(ip), v4(1, gre), &layers.GRE{Protocol: ip}, v4(2, tcp), seg},
		"GRE, all fields": {eth(ip), v4(1, gre), &layers.GRE{Protocol: ip6, ChecksumPresent: true, KeyPresent: true, SeqPresent: true, Key: 9, Seq: 8}, v6(2, tcp), seg},
		"GRE, Ethernet":   {eth(ip6), v6(1, gre), &layers.GRE{Protocol: layers.EthernetTypeTransparentEthernetBridging}, eth(ip), v4(2, tcp), seg},
		"GRE, MPLS":       {eth(ip), v4(1, gre), &layers.GRE{Protocol: layers.EthernetTypeMPLSUnicast}, &layers.MPLS{Label: 1, StackBottom: true}, v4(2, tcp), seg},
		"ERSPAN II":       {eth(ip), v4(1, gre), &layers.GRE{Protocol: layers.EthernetTypeERSPAN, SeqPresent: true}, &layers.ERSPANII{Version: 1, SessionID: 5}, eth(ip), v4(2, tcp), seg},
		"IP in IP":        {eth(ip), v4(1, layers.IPProtocolIPv4), v4(2, tcp), seg},
		"6in4":            {eth(ip), v4(1, layers.IPProtocolIPv6), v6(2, tcp), seg},
		"4in6":            {eth(ip6), v6(1, layers.IPProtocolIPv4), v4(2, tcp), seg},
		"VXLAN":           {eth(ip), v4(1, udp), to(4789), vx, eth(ip), v4(2, tcp), seg},
		"VXLAN, UDP":      {eth(ip6), v6(1, udp), to(4789), vx, eth(ip6), v6(2, udp), to(9)},
		"VXLAN in GRE":    {eth(ip), v4(1, gre), &layers.GRE{Protocol: ip}, v4(3, udp), to(4789), vx, eth(ip), v4(2, tcp), seg},
		"Geneve":          {eth(ip), v4(1, udp), to(6081), gopacket.Payload(unhex("0200 6558 00abcd00 0102000100000000")), eth(ip), v4(2, tcp), seg},
	} {
		for _, body := range []string{"", "hello, world"} {
			buf := gopacket.NewSerializeBuffer()
			err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, append(stack, gopacket.Payload(body))...)
			if err != nil {
				t.Fatal(err)
			}
			p := capture.Packet{Link: capture.LinkEthernet, Data: buf.Bytes(), OrigLen: uint32(len(buf.Bytes()))}
			var d Decoded
			d.Decode(&p)
			pkt := oracle(&p)
			if n := tunnelsIn(pkt); int(d.Tunnels) != n || n == 0 {
				t.Errorf("%s: %d tunnels (%v), gopacket has %d\n%v", name, d.Tunnels, d.Encap, n, pkt)
			}
			if d.Stop != StopNone || string(d.Payload) != body {
				t.Errorf("%s: stop %v, payload %q", name, d.Stop, d.Payload)
			}
			if s := disagree(&d, pkt); s != "" {
				t.Errorf("%s: gopacket says %s\ndecoded as %+v\n%v", name, s, d, pkt)
			}
		}
	}
}
