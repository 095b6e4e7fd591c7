package packet

import "fmt"

// Encap is a kind of encapsulation.
type Encap uint8

// Kinds of encapsulation, and what TunnelID is for each.
const (
	EncapNone     Encap = iota
	EncapPPPoE          // RFC 2516: session id
	EncapMPLS           // RFC 3032, one for a whole stack: the label at its bottom
	EncapGRE            // RFC 2784, RFC 2890: key
	EncapNVGRE          // RFC 7637: virtual subnet id
	EncapPPTP           // RFC 2637, PPP in GRE: call id
	EncapERSPAN1        // ERSPAN type I: GRE key
	EncapERSPAN2        // ERSPAN type II: session id
	EncapERSPAN3        // ERSPAN type III: session id
	EncapIPIP           // RFC 2003, RFC 2473, IP in IP of any versions but 6in4: none
	Encap6in4           // RFC 4213, IPv6 in IPv4: none
	EncapEthernet       // RFC 3378 (EtherIP), RFC 8986 §4.9, Ethernet in IP: none
	EncapVXLAN          // RFC 7348, also VXLAN-GPE: VNI
	EncapGeneve         // RFC 8926: VNI
	EncapGTPU           // 3GPP TS 29.281: TEID
	NumEncaps     = iota
)

var encapNames = [NumEncaps]string{"none", "PPPoE", "MPLS", "GRE", "NVGRE", "PPTP", "ERSPAN I", "ERSPAN II", "ERSPAN III",
	"IP in IP", "6in4", "Ethernet in IP", "VXLAN", "Geneve", "GTP-U"}

func (e Encap) String() string {
	if int(e) < len(encapNames) {
		return encapNames[e]
	}
	return fmt.Sprintf("encap-%d", uint8(e))
}

// settings are what a Decoder tells the decoding of a frame.
type settings struct {
	tunnels int
	vxlan   []uint16 // UDP ports beside the usual ones
}

// enter notes that an encapsulation is entered and makes its fields absent until
// they are found again inside. Where it would be one too many, decoding ends.
func (d *Decoded) enter(kind Encap, id uint32) bool {
	limit := defaultTunnels
	if d.set != nil {
		limit = d.set.tunnels
	}
	if int(d.Tunnels) >= limit {
		d.Stop = StopTunnel
		return false
	}
	outer := *d
	d.again(&outer)
	if int(d.Tunnels) < len(d.Encap) {
		d.Encap[d.Tunnels] = kind
	}
	d.Tunnels++
	d.TunnelID = id
	return true
}

// again resets d but for what lies outside the innermost IP header of outer.
func (d *Decoded) again(outer *Decoded) {
	*d = Decoded{
		Tunnels: outer.Tunnels, Encap: outer.Encap, TunnelID: outer.TunnelID,
		EtherType: outer.EtherType, VLANs: outer.VLANs, VLAN: outer.VLAN,
		FirstPacket: outer.FirstPacket, set: outer.set,
	}
}

// inner is what an encapsulation's header says of what is in it.
type inner struct {
	kind  Encap
	id    uint32
	proto uint16 // Ethernet type of IP or MPLS; etherBridging: Ethernet; etherPPP: PPP
	off   int    // offset in data
	wire  int    // end on the wire
}

// follow enters the encapsulation and decodes what is in it.
func (d *Decoded) follow(data []byte, in inner) {
	if !d.enter(in.kind, in.id) {
		return
	}
	data = data[:min(len(data), in.wire)]
	switch in.proto {
	case etherBridging:
		d.ethernet(data, in.off, in.wire)
	case etherPPP:
		d.hdlc(data, in.off, in.wire)
	case etherIPv4:
		d.ipv4(data, in.off, in.wire)
	case etherIPv6:
		d.ipv6(data, in.off, in.wire)
	default:
		d.mpls(data, in.off, in.wire)
	}
}

// ethernet decodes an Ethernet frame inside a tunnel.
func (d *Decoded) ethernet(data []byte, off, wire int) {
	d.EtherType, d.VLANs, d.VLAN = 0, 0, 0
	if len(data)-off < ethernetHeader {
		d.Stop = StopTruncated
		return
	}
	d.ether(data, off+ethernetHeader, wire, be.Uint16(data[off+12:]))
}

// overIP decodes an encapsulation that has an IP protocol number of its own, at
// data[off:].
func (d *Decoded) overIP(data []byte, off int, x extent) {
	inData, wire := x.inside(data)
	switch d.Proto {
	case protoIPv4:
		if d.enter(EncapIPIP, 0) {
			d.ipv4(inData, off, wire)
		}
	case protoIPv6:
		kind := EncapIPIP
		if d.IPVersion == 4 {
			kind = Encap6in4
		}
		if d.enter(kind, 0) {
			d.ipv6(inData, off, wire)
		}
	case protoMPLS:
		d.mpls(inData, off, wire)
	case protoEthernet:
		d.follow(inData, inner{kind: EncapEthernet, proto: etherBridging, off: off, wire: wire})
	case protoEtherIP:
		if d.Stop = x.check(data, off+etherIPHeader); d.Stop != StopNone {
			return
		}
		if be.Uint16(data[off:]) != 0x3000 { // version 3 (RFC 3378 §3)
			d.Stop = StopTunnel
			return
		}
		d.follow(inData, inner{kind: EncapEthernet, proto: etherBridging, off: off + etherIPHeader, wire: wire})
	default:
		d.gre(data, off, x)
	}
}

// etherIPHeader is the length of the EtherIP header.
const etherIPHeader = 2

// Verdicts on what an encapsulation seems to carry are Stops: StopNone that it
// is plausible, StopNotIP that it is not, StopTruncated that the captured bytes
// end before it can be told. So the verdict on a packet that the snap length cut
// is that on the whole packet, or open.

// plausible judges whether proto, an Ethernet type or etherBridging, is at data[off:].
func plausible(data []byte, off, wire int, proto uint16) Stop {
	switch proto {
	case etherBridging:
		return plausibleEthernet(data, off, wire)
	case etherIPv4:
		return plausibleIP(data, off, wire, 4)
	case etherIPv6:
		return plausibleIP(data, off, wire, 6)
	case etherMPLS, etherMPLSMulti:
		return StopNone
	}
	return StopNotIP
}

// plausibleIP judges by the first byte of the header.
func plausibleIP(data []byte, off, wire int, version byte) Stop {
	switch {
	case wire <= off:
		return StopNotIP
	case len(data) <= off:
		return StopTruncated
	case data[off]>>4 != version, version == 4 && data[off]&0x0f < ipv4Header/4:
		return StopNotIP
	}
	return StopNone
}

// plausibleEthernet judges whether an Ethernet frame begins at data[off:]: no
// group address sends, and the type fits what follows it.
func plausibleEthernet(data []byte, off, wire int) Stop {
	switch {
	case wire-off < ethernetHeader:
		return StopNotIP
	case len(data)-off < ethernetHeader:
		return StopTruncated
	case data[off+6]&1 != 0:
		return StopNotIP
	}
	to := off + ethernetHeader
	switch t := be.Uint16(data[off+12:]); {
	case t == etherIPv4, t == etherIPv6:
		return plausible(data, to, wire, t)
	case t < etherMin && int(t) > wire-to:
		return StopNotIP
	}
	return StopNone
}
