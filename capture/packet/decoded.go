// Package packet decodes one captured frame down to its TCP or UDP payload.
//
//	                  ┌────────────── tunnels: PPPoE, MPLS, GRE, VXLAN, … ◄──────────────┐
//	                  ▼                                                                  │
//	capture.Packet ─► link layer ─► VLAN tags ─► IPv4 / IPv6 + extension headers ─► TCP / UDP ─► Payload
//	                  ▲   └────────────┴──────────────┼── Stop: why decoding ended, with the layers before it kept
//	                  └──────── whole datagram ◄── Defragmenter ◄── fragment
//
// Decode resets a Decoded in place, allocates nothing and copies nothing:
// slices of a Decoded alias the packet's Data and are borrowed as long as it is.
// A Decoder adds what needs memory: it puts fragments together and decodes the
// whole datagram, whose bytes are borrowed until the Decoder's next call.
package packet

import (
	"fmt"
	"net/netip"
)

// Flow is the canonical key of a conversation: both directions have the same
// Flow. It is comparable. The lower endpoint (address, then port) is Lo.
type Flow struct {
	Lo, Hi         [16]byte // addresses; IPv4 as in ::ffff:a.b.c.d
	LoPort, HiPort uint16
	Proto          uint8 // IP protocol number: 6 TCP, 17 UDP
	Version        uint8 // 4 or 6
}

// Dir is a direction within a Flow.
type Dir uint8

// The two directions of a flow.
const (
	LoToHi Dir = 0
	HiToLo Dir = 1
)

// Reverse returns the other direction.
func (d Dir) Reverse() Dir { return d ^ 1 }

// Source returns the endpoint that sends in direction d.
func (f *Flow) Source(d Dir) netip.AddrPort {
	a, p := f.Lo, f.LoPort
	if d == HiToLo {
		a, p = f.Hi, f.HiPort
	}
	addr := netip.AddrFrom16(a)
	if f.Version == 4 {
		addr = addr.Unmap()
	}
	return netip.AddrPortFrom(addr, p)
}

// Stop says why decoding ended before a TCP or UDP payload was found.
type Stop uint8

// Reasons to stop. Layers decoded before the stop keep their fields.
const (
	StopNone      Stop = iota // a TCP or UDP payload was reached
	StopTruncated             // the captured bytes end inside a header
	StopMalformed             // a header contradicts itself
	StopLinkType              // link type not supported
	StopNotIP                 // not IPv4 or IPv6: ARP, LLDP, …
	StopFragment              // an IP fragment that is not the whole datagram
	StopTunnel                // an encapsulation that is not followed
	StopProtocol              // IP carries neither TCP nor UDP
	StopEncrypted             // IPsec ESP
	NumStops      = iota
)

var stopNames = [NumStops]string{"none", "truncated", "malformed", "unsupported link type", "not IP", "IP fragment", "tunnel", "other protocol", "encrypted"}

func (s Stop) String() string {
	if int(s) < len(stopNames) {
		return stopNames[s]
	}
	return fmt.Sprintf("stop-%d", uint8(s))
}

// TCP flag bits, as in the header's 13th and 14th byte (RFC 9293 §3.1).
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Decoded is one decoded frame. Fields of a layer that is not there are zero.
//
// Where the frame holds tunnels, the fields are those of the innermost one that
// was entered, and absent as far as its headers were not there. Fields of the
// link layer are those of the innermost link layer that there is.
type Decoded struct {
	Stop Stop

	// Tunnels.
	Tunnels  uint8    // how many encapsulations were entered
	Encap    [4]Encap // their kinds, outermost first; those beyond four are counted only
	TunnelID uint32   // of the innermost: VNI, GRE key, TEID, … as Encap's constants say; 0 if it has none

	// Link layer.
	EtherType uint16 // of the innermost Ethernet header, after VLAN tags; 0 where there is none
	VLANs     uint8  // number of VLAN tags
	VLAN      uint16 // id of the innermost tag (0 to 4095)

	// Defragmentation, by a Decoder only.
	Held        bool   // this fragment was kept until the others of its datagram come
	FirstPacket uint64 // number of the first packet of the datagram that came in fragments; 0 if it did not

	// IP. The offsets are within the Data of the packet, or of the whole datagram
	// where FirstPacket is not 0.
	IPVersion     uint8 // 0, 4 or 6
	Proto         uint8 // IP protocol number of what follows the IP header and its extensions, or of the extension that is broken
	TTL           uint8
	IPID          uint32 // IPv4 identification, or that of the IPv6 fragment header
	Fragment      bool   // a fragment of a larger datagram (atomic fragments are not)
	FragOffset    uint32 // in bytes
	MoreFragments bool
	IPOffset      int // offset of the IP header in Data
	L4Offset      int // offset of the TCP or UDP header in Data; of the payload of a fragment

	// Flow has its addresses and protocol whatever IP carries, and its ports for
	// TCP and UDP from 4 bytes of header on. It is zero where the chain of
	// extension headers is broken. In a segment-routed packet (SRv6) the
	// destination is the final one.
	Flow Flow
	Dir  Dir

	// TCP.
	Seq, Ack       uint32
	Flags          uint16 // the low 8 bits are FIN to CWR; bit 8 is AE (NS)
	Window         uint16 // as in the header, not scaled
	Urgent         uint16
	MSS            uint16 // 0: option absent
	WindowScale    int8   // shift count 0 to 14; -1: option absent
	SACKPermitted  bool
	HasTimestamp   bool
	TSVal, TSEcr   uint32
	OptionsDamaged bool // an option's length was impossible; options before it are kept
	OptionsCut     bool // the snap length cut the options: those after the cut are unknown

	// Payload is the captured part of the TCP or UDP payload; of a fragment
	// (StopFragment), what follows its IP headers. It aliases Data.
	Payload []byte
	// PayloadLen is the payload's length on the wire by the IP header (by the
	// frame's original length where the IP length is 0 from segmentation
	// offload). It is larger than len(Payload) when the snap length cut the
	// packet, or where a fragment of the datagram was cut: the difference is a hole
	// of known size.
	PayloadLen int

	set *settings // of the Decoder at work; nil stands for the defaults
}

// IsTCP tells whether d holds a TCP header: its fixed part of 20 bytes, and
// the options unless OptionsCut.
func (d *Decoded) IsTCP() bool { return d.Stop == StopNone && d.Proto == 6 }
