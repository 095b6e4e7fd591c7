package scenes

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// ethernet is the size of the header that the frames of scenes begin with.
const ethernet = 14

// The tunnels' ends.
var (
	tunnelFrom = netip.MustParseAddrPort("198.51.100.1:49200")
	tunnelTo   = netip.MustParseAddr("198.51.100.2")
)

// tunnel is an encapsulation: it makes one frame of another.
type tunnel struct {
	name string
	six  bool // the conversation inside is IPv6
	wrap func(frame []byte) []byte
}

// tunnels lists the encapsulations, each with the document it follows.
func tunnels() []tunnel {
	overEthernet := func(ethertype uint16, shim ...byte) func([]byte) []byte {
		return func(frame []byte) []byte {
			b := binary.BigEndian.AppendUint16(append([]byte(nil), frame[:12]...), ethertype)
			return append(append(b, shim...), frame[ethernet:]...)
		}
	}
	return []tunnel{
		{"vxlan", false, vxlan},
		{"gre", false, gre},
		{"mpls", false, overEthernet(0x8847, 0, 1, 0, 64, 0, 2, 1, 64)}, // RFC 3032 §2.1: two labels, 16 and 32
		{"pppoe", false, pppoe},
		{"erspan", false, erspan},
		{"geneve", false, overUDP(6081, 0, 0, 0x65, 0x58, 0, 0, 9, 0)}, // RFC 8926 §3.4: Ethernet, VNI 9
		{"gtp-u", false, gtpU},
		{"ip-in-ip", false, func(frame []byte) []byte { return overIP(4, frame[ethernet:]) }}, // RFC 2003
		{"6in4", true, func(frame []byte) []byte { return overIP(41, frame[ethernet:]) }},     // RFC 4213 §3
	}
}

// vxlan is RFC 7348 §5, VNI 42.
func vxlan(frame []byte) []byte { return overUDP(4789, 8, 0, 0, 0, 0, 0, 42, 0)(frame) }

// gre is RFC 2890 §2 with the key 7.
func gre(frame []byte) []byte {
	return overIP(47, append([]byte{0x20, 0, 0x08, 0, 0, 0, 0, 7}, frame[ethernet:]...))
}

// erspan is type II: draft-foschiano-erspan-03 §4.2, session 5.
func erspan(frame []byte) []byte {
	return overIP(47, append([]byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 5, 0, 0, 0, 0}, frame...))
}

// pppoe is RFC 2516 §4, a session packet.
func pppoe(frame []byte) []byte {
	packet := frame[ethernet:]
	b := binary.BigEndian.AppendUint16(append([]byte(nil), frame[:12]...), 0x8864)
	b = append(b, 0x11, 0, 0, 3)
	b = binary.BigEndian.AppendUint16(b, uint16(len(packet)+2))
	return append(append(b, 0, 0x21), packet...)
}

// gtpU is 3GPP TS 29.281 §5.1, TEID 77.
func gtpU(frame []byte) []byte {
	packet := frame[ethernet:]
	head := binary.BigEndian.AppendUint16([]byte{0x30, 0xff}, uint16(len(packet)))
	return datagram(2152, append(append(head, 0, 0, 0, 77), packet...))
}

// overUDP puts a header and the whole frame into a datagram to port.
func overUDP(port uint16, head ...byte) func([]byte) []byte {
	return func(frame []byte) []byte { return datagram(port, append(head[:len(head):len(head)], frame...)) }
}

func datagram(port uint16, payload []byte) []byte {
	t := wire.NewTemplate(wire.Layout{}, wire.UDP, tunnelFrom, netip.AddrPortFrom(tunnelTo, port))
	return t.Append(nil, &wire.Seg{Payload: payload})
}

// overIP puts payload into an IPv4 packet of the protocol.
func overIP(protocol byte, payload []byte) []byte {
	frame := datagram(0, nil)[:ethernet+20]
	frame[ethernet+9] = protocol
	frame = append(frame, payload...)
	finishIPv4(frame[ethernet:])
	return frame
}

// finishIPv4 sets the total length and the checksum of the packet.
func finishIPv4(packet []byte) {
	be := binary.BigEndian
	be.PutUint16(packet[2:], uint16(len(packet)))
	be.PutUint16(packet[10:], 0)
	acc := uint32(0)
	for i := 0; i < 20; i += 2 {
		acc += uint32(be.Uint16(packet[i:]))
	}
	acc = acc>>16 + acc&0xffff
	be.PutUint16(packet[10:], ^uint16(acc>>16+acc))
}

func encapsulations(s *script) {
	for i, t := range tunnels() {
		client, server := addr4(40160 + uint16(i))
		if t.six {
			client, server = addr6(40160 + uint16(i))
		}
		c := s.open(client, server, wire.Layout{}, "tunnel", t.name)
		c.carry = func(frame []byte) [][]byte { return [][]byte{t.wrap(frame)} }
		c.upgrade()
		c.chatter(2)
		c.bye()
	}
}

// part is a range of an IP payload; to 0 is its end.
type part struct{ from, to int }

// cut makes fragments of the IP packet in an Ethernet frame (RFC 791 §3.2, RFC
// 8200 §4.5). Borders must be multiples of 8.
func (s *script) cut(frame []byte, parts ...part) [][]byte {
	be := binary.BigEndian
	packet := frame[ethernet:]
	six := packet[0]>>4 == 6
	head := 20
	if six {
		head = 40
		s.cuts++
	}
	payload := packet[head:]
	var out [][]byte
	for _, p := range parts {
		more := uint16(1)
		if p.to == 0 {
			p.to, more = len(payload), 0
		}
		f := append([]byte(nil), frame[:ethernet+head]...)
		ip := f[ethernet:]
		if six {
			f = append(f, ip[6], 0, 0, 0)
			be.PutUint16(f[len(f)-2:], uint16(p.from)|more)
			f = be.AppendUint32(f, s.cuts)
			f = append(f, payload[p.from:p.to]...)
			ip = f[ethernet:]
			ip[6] = 44
			be.PutUint16(ip[4:], uint16(len(ip)-40))
		} else {
			be.PutUint16(ip[6:], more<<13|uint16(p.from/8))
			f = append(f, payload[p.from:p.to]...)
			finishIPv4(f[ethernet:])
		}
		out = append(out, f)
	}
	return out
}

func ipFragments(s *script) {
	for i := range 2 {
		client, server := addr4(40180)
		if i == 1 {
			client, server = addr6(40180)
		}
		c := s.open(client, server, wire.Layout{}, "ip-fragments")
		c.rules = []string{"CAP-LOST"}
		c.upgrade()
		c.chatter(2)
		long := func(carry func([]byte) [][]byte) {
			c.message(c2s, ws.Text, text(1100))
			c.carry = carry
			from := int(c.half[s2c].acked)
			c.send(c2s, from, len(c.half[c2s].stream))
			c.carry = nil
			c.ack(s2c, len(c.half[c2s].stream))
			c.chatter(2)
		}
		long(func(f []byte) [][]byte { return s.cut(f, part{512, 1024}, part{1024, 0}, part{0, 512}) })
		long(func(f []byte) [][]byte { // the last first, and other bytes where they overlap
			all := s.cut(f, part{800, 0}, part{0, 600}, part{400, 800})
			false3 := all[2][len(all[2])-400:]
			for i := range 200 {
				false3[i] ^= 0x20
			}
			return all
		})
		c.broken = true
		long(func(f []byte) [][]byte { return s.cut(f, part{0, 400}, part{800, 0}) })
		c.chatter(6)
		c.bye()
	}
}

func seenTwice(s *script) {
	for i, again := range []func([]byte) [][]byte{
		func(f []byte) [][]byte { return [][]byte{vxlan(f)} },
		func(f []byte) [][]byte { return [][]byte{gre(f)} },
		func(f []byte) [][]byte {
			if len(f) < ethernet+20+200 {
				return [][]byte{f}
			}
			return s.cut(f, part{0, 104}, part{104, 0})
		},
	} {
		c := s.plain(40190+uint16(i), "duplicate", [...]string{"vxlan", "gre", "ip-fragments"}[i])
		c.copies = 2
		c.carry = func(frame []byte) [][]byte { return append([][]byte{frame}, again(frame)...) }
		c.upgrade()
		c.chatter(4)
		c.talk(s2c, text(400))
		c.bye()
	}
}
