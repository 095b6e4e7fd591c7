package wire

import (
	"encoding/binary"
	"net/netip"
)

// TCP flags (RFC 9293 §3.1).
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// Link is what a frame begins with.
type Link uint8

// The links that a Template can begin with.
const (
	Ethernet Link = iota
	Null          // BSD loopback
	PPP           // PPP in HDLC-like framing
)

// Type returns the link's number in the LINKTYPE_ registry.
func (l Link) Type() uint16 { return [...]uint16{1, 0, 9, 1}[l&3] }

// Tag is a VLAN tag: its type (0x8100, 0x88a8, 0x9100) and identifier (1 to 4094).
type Tag struct {
	TPID uint16
	ID   uint16
}

// Layout says what stands below IP.
type Layout struct {
	Link Link
	Tags []Tag // outermost first; Ethernet only
}

// Protocols above IP.
const (
	TCP = 6
	UDP = 17
)

// Template holds a direction's headers up to and including TCP without options, or UDP.
type Template struct {
	head  []byte
	ip    int // offset of the IP header
	l4    int // offset of the TCP or UDP header
	v6    bool
	proto byte
	base  uint64 // checksum over what stays the same: pseudo-header without length, ports
	ident uint16 // next IPv4 identification
}

// Seg is what one segment adds to its Template.
type Seg struct {
	Seq, Ack uint32
	Flags    uint8
	Window   uint16 // as on the wire, before scaling
	Urgent   uint16
	Options  []byte // a multiple of 4 bytes, at most 40
	Payload  []byte
	// LengthZero writes 0 as the IP length, as segmentation offload leaves it for
	// packets that do not fit 16 bits.
	LengthZero bool
}

// NewTemplate returns the template of the direction from src to dst. proto is TCP or UDP.
func NewTemplate(l Layout, proto byte, src, dst netip.AddrPort) *Template {
	t := &Template{v6: src.Addr().Is6(), proto: proto}
	t.link(l, src.Addr(), dst.Addr())
	t.ip = len(t.head)
	s, d := src.Addr().AsSlice(), dst.Addr().AsSlice()
	if t.v6 {
		t.head = append(t.head, 0x60, 0, 0, 0, 0, 0, proto, 64)
	} else {
		t.head = append(t.head, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, proto, 0, 0)
	}
	t.head = append(append(t.head, s...), d...)
	t.l4 = len(t.head)
	be := binary.BigEndian
	t.head = be.AppendUint16(t.head, src.Port())
	t.head = be.AppendUint16(t.head, dst.Port())
	if proto == UDP {
		t.head = append(t.head, 0, 0, 0, 0)
	} else {
		t.head = append(t.head, make([]byte, 16)...)
	}
	t.base = sum(d, sum(s, uint64(proto))) + uint64(src.Port()) + uint64(dst.Port())
	t.ident = uint16(t.base*2654435761>>7) | 1
	return t
}

// link writes the link header.
func (t *Template) link(l Layout, src, dst netip.Addr) {
	switch l.Link {
	case Null: // address family in the capturing host's order; 30 is macOS's AF_INET6
		family := byte(2)
		if t.v6 {
			family = 30
		}
		t.head = append(t.head, family, 0, 0, 0)
	case PPP:
		protocol := byte(0x21)
		if t.v6 {
			protocol = 0x57
		}
		t.head = append(t.head, 0xff, 0x03, 0x00, protocol)
	default:
		t.head = append(mac(mac(t.head, dst), src), 0, 0)
		t.head = t.head[:12]
		for _, tag := range l.Tags {
			t.head = binary.BigEndian.AppendUint16(t.head, tag.TPID)
			t.head = binary.BigEndian.AppendUint16(t.head, tag.ID)
		}
		ethertype := uint16(0x0800)
		if t.v6 {
			ethertype = 0x86dd
		}
		t.head = binary.BigEndian.AppendUint16(t.head, ethertype)
	}
}

// mac appends a locally administered address made of the IP address.
func mac(b []byte, a netip.Addr) []byte {
	s := a.AsSlice()
	return append(append(b, 0x02, 0x00), s[len(s)-4:]...)
}

// Append appends the frame of s.
func (t *Template) Append(dst []byte, s *Seg) []byte {
	start := len(dst)
	dst = append(dst, t.head...)
	dst = append(dst, s.Options...)
	dst = append(dst, s.Payload...)
	frame := dst[start:]
	length := len(frame) - t.l4
	t.network(frame, length, s.LengthZero)
	if t.proto == UDP {
		t.udp(frame[t.l4:], length, s.Payload)
	} else {
		t.tcp(frame[t.l4:], length, s)
	}
	return dst
}

// network fills the IP header in.
func (t *Template) network(frame []byte, length int, zero bool) {
	be := binary.BigEndian
	h := frame[t.ip:t.l4]
	if t.v6 {
		if !zero {
			be.PutUint16(h[4:], uint16(length))
		}
		return
	}
	if !zero {
		be.PutUint16(h[2:], uint16(length+20))
	}
	be.PutUint16(h[4:], t.ident)
	t.ident++
	be.PutUint16(h[10:], fold(sum(h, 0)))
}

func (t *Template) tcp(h []byte, length int, s *Seg) {
	be := binary.BigEndian
	be.PutUint32(h[4:], s.Seq)
	be.PutUint32(h[8:], s.Ack)
	h[12] = byte((20 + len(s.Options)) / 4 << 4)
	h[13] = s.Flags
	be.PutUint16(h[14:], s.Window)
	be.PutUint16(h[18:], s.Urgent)
	c := t.base + uint64(length) + sum(h[4:20+len(s.Options)], 0)
	be.PutUint16(h[16:], fold(sum(s.Payload, c)))
}

func (t *Template) udp(h []byte, length int, payload []byte) {
	be := binary.BigEndian
	be.PutUint16(h[4:], uint16(length))
	c := fold(sum(payload, t.base+2*uint64(length)))
	if c == 0 {
		c = 0xffff // RFC 768: zero would mean that there is none
	}
	be.PutUint16(h[6:], c)
}

// sum adds b as big-endian 16-bit words, the last byte padded with zero (RFC
// 1071), to acc. It adds 32 bits at a time: the carries are folded at the end,
// and 64 bits hold those of far more than a packet.
func sum(b []byte, acc uint64) uint64 {
	for len(b) >= 16 {
		v, w := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		acc += v>>32 + v&0xffffffff + w>>32 + w&0xffffffff
		b = b[16:]
	}
	for len(b) >= 4 {
		acc += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		acc += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		acc += uint64(b[0]) << 8
	}
	return acc
}

// fold returns the Internet checksum of a sum.
func fold(acc uint64) uint16 {
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	return ^uint16(acc)
}
