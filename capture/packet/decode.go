package packet

import (
	"encoding/binary"

	"github.com/sockeye-dev/sockeye/capture"
)

// be reads the network byte order of every header in this package.
var be = binary.BigEndian

// maxInt is the largest length that is believed; it keeps sums of lengths
// from overflowing where int has 32 bits.
const maxInt = 1<<30 - 1

// Ethernet types (IEEE 802, https://www.iana.org/assignments/ieee-802-numbers).
const (
	etherIPv4       = 0x0800
	etherARP        = 0x0806
	etherVLAN       = 0x8100 // IEEE 802.1Q customer tag
	etherIPv6       = 0x86dd
	etherMPLS       = 0x8847
	etherMPLSMulti  = 0x8848
	etherPPPoE      = 0x8864 // session stage, RFC 2516
	etherQinQ       = 0x88a8 // IEEE 802.1ad service tag
	etherPBB        = 0x88e7 // IEEE 802.1ah, MAC in MAC
	etherNSH        = 0x894f // RFC 8300
	etherOldQinQ    = 0x9100 // service tag of equipment older than 802.1ad
	etherMin        = 0x0600 // below this the field is a length (IEEE 802.3 §3.2.6)
	etherBridging   = 0x6558 // an Ethernet frame inside GRE or Geneve (RFC 1701, RFC 7637)
	etherPPP        = 0x880b // PPP inside GRE (RFC 2637 §4.1)
	etherERSPAN     = 0x88be // ERSPAN types I and II
	etherERSPAN3    = 0x22eb // ERSPAN type III
	ethernetHeader  = 14
	sllHeader       = 16
	sll2Header      = 20
	vlanHeader      = 4
	snapHeader      = 8
	pppoeHeader     = 6
	pppoeData       = 0x1100 // version 1, type 1, code 0
	nullHeader      = 4
	ipv4Header      = 20
	ipv6Header      = 40
	tcpHeader       = 20
	udpHeader       = 8
	linuxProto8022  = 0x0004 // ETH_P_802_2: an LLC header follows the cooked one
	pppIPv4         = 0x0021
	pppIPv6         = 0x0057
	pppMPLS         = 0x0281
	pppMPLSMulti    = 0x0283
	afInet          = 2
	afInet6Linux    = 10
	afInet6BSD      = 24 // NetBSD, OpenBSD, BSD/OS, Npcap
	afInet6FreeBSD  = 28
	afInet6Darwin   = 30
	arphrdFrameRel  = 770
	arphrdIEEE80211 = 801 // to 803: with Prism and radiotap headers
	arphrdRadiotap  = 803
	arphrdNetlink   = 824
)

// Decode decodes p down to its TCP or UDP payload, after resetting d. It
// allocates nothing and never panics; d.Payload aliases p.Data, so it is
// borrowed as long as that is. Where decoding ends early, d.Stop says why and
// the layers before it keep their fields.
//
// Lengths are those of the IP header. A length of 0, left by segmentation
// offload, means the rest of the frame. A length that reaches beyond the frame's
// own length on the wire is a lie: what the wire carried is the payload.
//
// Tunnels are entered, at most eight of them. A fragment is left as it is; a
// Decoder puts fragments together.
func (d *Decoded) Decode(p *capture.Packet) {
	*d = Decoded{}
	d.frame(p)
}

// frame decodes p into d, which is reset already.
func (d *Decoded) frame(p *capture.Packet) {
	data := p.Data
	wire := max(int(min(p.OrigLen, maxInt)), len(data)) - int(p.FCSLen)
	wire = max(wire, 0)
	if len(data) > wire { // the frame check sequence was captured, too
		data = data[:wire]
	}
	switch p.Link {
	case capture.LinkEthernet:
		if d.plain(data, wire) {
			return
		}
		if len(data) < ethernetHeader {
			d.Stop = StopTruncated
			return
		}
		d.ether(data, ethernetHeader, wire, be.Uint16(data[12:]))
	case capture.LinkLinuxSLL2:
		d.sll2(data, wire)
	case capture.LinkLinuxSLL:
		d.sll(data, wire)
	case capture.LinkRaw, capture.LinkRawBSD, capture.LinkRawOpen:
		d.raw(data, wire)
	case capture.LinkIPv4:
		d.ipv4(data, 0, wire)
	case capture.LinkIPv6:
		d.ipv6(data, 0, wire)
	case capture.LinkNull, capture.LinkLoop:
		d.null(data, wire)
	case capture.LinkPPP, capture.LinkPPPHDLC:
		d.hdlc(data, 0, wire)
	case capture.LinkPPPEther:
		d.pppoe(data, 0, wire)
	default:
		d.Stop = StopLinkType
	}
}

// ether decodes what follows the Ethernet type t, at data[off:]: any stack of
// VLAN tags, an LLC header with SNAP, IP.
func (d *Decoded) ether(data []byte, off, wire int, t uint16) {
	for {
		switch t {
		case etherIPv4:
			d.EtherType = t
			d.ipv4(data, off, wire)
			return
		case etherIPv6:
			d.EtherType = t
			d.ipv6(data, off, wire)
			return
		case etherVLAN, etherQinQ, etherOldQinQ:
			if len(data)-off < vlanHeader {
				d.Stop = StopTruncated
				return
			}
			if d.VLANs < maxVLANs {
				d.VLANs++
			}
			d.VLAN = be.Uint16(data[off:]) & 0x0fff
			t = be.Uint16(data[off+2:])
			off += vlanHeader
		case etherMPLS, etherMPLSMulti:
			d.EtherType = t
			d.mpls(data, off, wire)
			return
		case etherPPPoE:
			d.EtherType = t
			d.pppoeSession(data, off, wire)
			return
		case etherPBB, etherNSH:
			d.EtherType = t
			d.Stop = StopTunnel
			return
		default:
			if t >= etherMin {
				d.EtherType = t
				d.Stop = StopNotIP
				return
			}
			if t, d.Stop = snap(data[off:]); d.Stop != StopNone {
				return
			}
			off += snapHeader
		}
	}
}

// snap reads an LLC header with a SNAP extension and returns the Ethernet type
// in it (RFC 1042). Other LLC frames (spanning tree, IS-IS, …) are not IP. The
// type is at least 0x0600, so that SNAP headers do not nest.
func snap(b []byte) (uint16, Stop) {
	if len(b) < snapHeader {
		if len(b) >= 2 && be.Uint16(b) != 0xaaaa {
			return 0, StopNotIP
		}
		return 0, StopTruncated
	}
	// DSAP and SSAP AA, control 03 (UI), organisation 00-00-00: encapsulated Ethernet.
	t := be.Uint16(b[6:])
	if be.Uint32(b) != 0xaaaa0300 || be.Uint16(b[4:]) != 0 || t < etherMin {
		return 0, StopNotIP
	}
	return t, StopNone
}

// sll decodes a Linux cooked capture, version 1
// (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html).
func (d *Decoded) sll(data []byte, wire int) {
	if len(data) < sllHeader {
		d.Stop = StopTruncated
		return
	}
	d.cooked(data, sllHeader, wire, be.Uint16(data[2:]), be.Uint16(data[14:]))
}

// sll2 decodes a Linux cooked capture, version 2
// (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html).
func (d *Decoded) sll2(data []byte, wire int) {
	if len(data) < sll2Header {
		d.Stop = StopTruncated
		return
	}
	d.cooked(data, sll2Header, wire, be.Uint16(data[8:]), be.Uint16(data[0:]))
}

// cooked decodes what follows a cooked header. The hardware type says whether
// the protocol field is an Ethernet type at all.
func (d *Decoded) cooked(data []byte, off, wire int, hardware, protocol uint16) {
	switch {
	case hardware == arphrdNetlink, hardware == arphrdFrameRel,
		hardware >= arphrdIEEE80211 && hardware <= arphrdRadiotap:
		d.Stop = StopNotIP
	case protocol < etherMin && protocol != linuxProto8022:
		d.Stop = StopNotIP // numbers of Linux's own: raw 802.3, CAN, …
	default:
		d.ether(data, off, wire, protocol)
	}
}

// raw decodes a frame without a link layer: the version nibble tells which IP.
func (d *Decoded) raw(data []byte, wire int) {
	if len(data) == 0 {
		d.Stop = StopTruncated
		return
	}
	switch data[0] >> 4 {
	case 4:
		d.ipv4(data, 0, wire)
	case 6:
		d.ipv6(data, 0, wire)
	default:
		d.Stop = StopNotIP
	}
}

// null decodes BSD loopback framing. The address family has the byte order of
// the capturing host, which the file does not tell: both are tried, whether the
// link type says null or loop. All numbers for IPv6 are taken, whatever system
// the file is from.
func (d *Decoded) null(data []byte, wire int) {
	if len(data) < nullHeader {
		d.Stop = StopTruncated
		return
	}
	family := be.Uint32(data)
	if family > 0xffff {
		family = binary.LittleEndian.Uint32(data)
	}
	switch family {
	case afInet:
		d.ipv4(data, nullHeader, wire)
	case afInet6Linux, afInet6BSD, afInet6FreeBSD, afInet6Darwin:
		d.ipv6(data, nullHeader, wire)
	default:
		d.Stop = StopNotIP
	}
}

// hdlc decodes PPP with or without the address and control bytes of HDLC-like
// framing (RFC 1662 §3.1; FF 03), which the peers may have agreed to leave out,
// and the Cisco HDLC that libpcap writes with the same link type (RFC 1547 §4.3.1).
func (d *Decoded) hdlc(data []byte, off, wire int) {
	if len(data)-off < 2 {
		d.Stop = StopTruncated
		return
	}
	switch address, control := data[off], data[off+1]; {
	case address == 0xff && control == 0x03:
		d.ppp(data, off+2, wire)
	case (address == 0x0f || address == 0x8f) && control == 0:
		if len(data)-off < 4 {
			d.Stop = StopTruncated
			return
		}
		d.ether(data, off+4, wire, be.Uint16(data[off+2:]))
	default:
		d.ppp(data, off, wire)
	}
}

// ppp decodes what follows the framing: the protocol number, in one byte when
// it was compressed (its last bit is then set already in the first byte, RFC
// 1661 §2 and §6.5), and IP.
func (d *Decoded) ppp(data []byte, off, wire int) {
	if len(data)-off < 1 {
		d.Stop = StopTruncated
		return
	}
	protocol := uint16(data[off])
	off++
	if protocol&1 == 0 {
		if len(data)-off < 1 {
			d.Stop = StopTruncated
			return
		}
		protocol = protocol<<8 | uint16(data[off])
		off++
	}
	switch protocol {
	case pppIPv4:
		d.ipv4(data, off, wire)
	case pppIPv6:
		d.ipv6(data, off, wire)
	case pppMPLS, pppMPLSMulti:
		d.mpls(data, off, wire)
	default:
		d.Stop = StopNotIP
	}
}
