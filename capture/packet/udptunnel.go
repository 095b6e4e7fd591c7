package packet

import "slices"

// UDP ports (https://www.iana.org/assignments/service-names-port-numbers).
const (
	portGTPU      = 2152
	portVXLAN     = 4789
	portVXLANGPE  = 4790
	portGeneve    = 6081
	portOldVXLAN  = 8472 // of Linux before the assignment, still its default
	vxlanHeader   = 8
	geneveHeader  = 8
	gtpHeader     = 8
	gtpOptional   = 4
	gtpGPDU       = 0xff // message type: user data
	vxlanInstance = 0x08 // flags: I, the VNI is valid
	vxlanGPE      = 0x0c // I and P, the next protocol field is valid
	vxlanGBP      = 0x88 // I and G, a group policy is in the reserved bytes
)

// hint returns the tunnel that a UDP destination port hints at.
func (d *Decoded) hint(port uint16) Encap {
	if d.set != nil && slices.Contains(d.set.vxlan, port) {
		return EncapVXLAN
	}
	switch port {
	case portVXLAN, portOldVXLAN, portVXLANGPE:
		return EncapVXLAN
	case portGeneve:
		return EncapGeneve
	case portGTPU:
		return EncapGTPU
	}
	return EncapNone
}

// overUDP decodes a tunnel at data[off:], if its header and what it carries are
// plausible: a port is only a hint. It reports false where they are not, for
// the payload is then UDP's. Where the captured bytes end before that can be
// told, decoding ends.
func (d *Decoded) overUDP(kind Encap, data []byte, off int, x extent) bool {
	data, wire := x.inside(data)
	in := inner{kind: kind, off: off, wire: wire}
	var verdict Stop
	switch kind {
	case EncapVXLAN:
		verdict = in.vxlan(data)
	case EncapGeneve:
		verdict = in.geneve(data)
	default:
		verdict = in.gtp(data)
	}
	if verdict == StopNone {
		verdict = plausible(data, in.off, in.wire, in.proto)
	}
	switch verdict {
	case StopNone:
		d.follow(data, in)
	case StopTruncated:
		d.Stop = StopTruncated
	default:
		return false
	}
	return true
}

// have judges whether n bytes from in.off on are there.
func (in *inner) have(data []byte, n int) Stop {
	switch {
	case in.wire-in.off < n:
		return StopNotIP
	case len(data)-in.off < n:
		return StopTruncated
	}
	return StopNone
}

// vxlan reads a VXLAN header (RFC 7348 §5), with a group policy
// (draft-smith-vxlan-group-policy) or a next protocol (draft-ietf-nvo3-vxlan-gpe).
func (in *inner) vxlan(data []byte) Stop {
	if s := in.have(data, vxlanHeader); s != StopNone {
		return s
	}
	b := data[in.off:]
	if b[7] != 0 {
		return StopNotIP
	}
	in.proto = etherBridging
	switch b[0] {
	case vxlanInstance:
		if b[1]|b[2]|b[3] != 0 {
			return StopNotIP
		}
	case vxlanGBP:
		if b[1]&^0x48 != 0 { // but for "do not learn" and "policy applied"
			return StopNotIP
		}
	case vxlanGPE:
		if b[1]|b[2] != 0 {
			return StopNotIP
		}
		switch b[3] {
		case 1:
			in.proto = etherIPv4
		case 2:
			in.proto = etherIPv6
		case 3:
		case 5:
			in.proto = etherMPLS
		default:
			return StopNotIP
		}
	default:
		return StopNotIP
	}
	in.id = be.Uint32(b[4:]) >> 8
	in.off += vxlanHeader
	return StopNone
}

// geneve reads a Geneve header and steps over its options (RFC 8926 §3.4).
func (in *inner) geneve(data []byte) Stop {
	if s := in.have(data, geneveHeader); s != StopNone {
		return s
	}
	b := data[in.off:]
	if b[0]>>6 != 0 || b[1]&0x3f != 0 || b[7] != 0 { // version, reserved bits
		return StopNotIP
	}
	in.proto = be.Uint16(b[2:])
	in.id = be.Uint32(b[4:]) >> 8
	size := geneveHeader + int(b[0]&0x3f)*4
	if s := in.have(data, size); s != StopNone {
		return s
	}
	in.off += size
	return StopNone
}

// gtp reads a GTP-U header with its extension headers (3GPP TS 29.281 §5.1 and
// §5.2.1). User data is IP.
func (in *inner) gtp(data []byte) Stop {
	if s := in.have(data, gtpHeader); s != StopNone {
		return s
	}
	b := data[in.off:]
	length := int(be.Uint16(b[2:]))
	if b[0]&0xf8 != 0x30 || b[1] != gtpGPDU || in.off+gtpHeader+length > in.wire { // version 1, GTP not GTP'
		return StopNotIP
	}
	flags := b[0]
	in.id = be.Uint32(b[4:])
	in.wire = in.off + gtpHeader + length
	in.off += gtpHeader
	if flags&0x07 != 0 { // any of the optional fields makes all of them be there
		if s := in.have(data, gtpOptional); s != StopNone {
			return s
		}
		next := data[in.off+3]
		in.off += gtpOptional
		if flags&0x04 != 0 {
			if s := in.gtpExtensions(data, next); s != StopNone {
				return s
			}
		}
	}
	if s := in.have(data, 1); s != StopNone {
		return s
	}
	in.proto = etherIPv4
	if data[in.off]>>4 == 6 {
		in.proto = etherIPv6
	}
	return StopNone
}

// gtpExtensions steps over extension headers. Each begins with its length in
// units of 4 bytes and ends with the next one's type.
func (in *inner) gtpExtensions(data []byte, next byte) Stop {
	for range maxExtensions {
		if next == 0 {
			return StopNone
		}
		if s := in.have(data, 1); s != StopNone {
			return s
		}
		size := int(data[in.off]) * 4
		if size == 0 {
			return StopNotIP
		}
		if s := in.have(data, size); s != StopNone {
			return s
		}
		in.off += size
		next = data[in.off-1]
	}
	return StopNotIP
}
