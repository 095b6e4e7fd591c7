package packet

const (
	labelEntry  = 4 // bytes of an entry of the label stack
	controlWord = 4 // bytes of a pseudowire's control word
)

// mpls decodes the label stack at data[off:] (RFC 3032 §2.1) and what is below
// it, of which the labels do not tell the kind: IP by its version, or a
// pseudowire's Ethernet frame (RFC 4448 §4.4), with its control word or without.
func (d *Decoded) mpls(data []byte, off, wire int) {
	x := extent{end: wire, wire: wire}
	var label uint32
	bottom := false
	for n := 0; !bottom; n++ {
		if n == maxLabels {
			d.Stop = StopTunnel
			return
		}
		if d.Stop = x.check(data, off+labelEntry); d.Stop != StopNone {
			return
		}
		entry := be.Uint32(data[off:])
		label = entry >> 12
		bottom = entry&0x100 != 0
		off += labelEntry
	}
	in := inner{kind: EncapMPLS, id: label, off: off, wire: wire}
	if d.Stop = in.belowLabels(data); d.Stop == StopNone {
		d.follow(data, in)
	}
}

// belowLabels finds out what is below a label stack.
func (in *inner) belowLabels(data []byte) Stop {
	off, wire := in.off, in.wire
	if wire <= off {
		return StopTunnel
	}
	if len(data) <= off {
		return StopTruncated
	}
	first := data[off]
	if first == 0x45 { // an address of a group, with this as its first byte, is not in use
		in.proto = etherIPv4
		return StopNone
	}
	in.proto = etherBridging
	if first>>4 == 0 {
		in.off = off + controlWord
		if s := plausiblePseudowire(data, in.off, wire); s != StopNotIP {
			return s
		}
	}
	in.off = off
	if s := plausiblePseudowire(data, off, wire); s != StopNotIP {
		return s
	}
	switch first >> 4 {
	case 4:
		in.proto = etherIPv4
	case 6:
		in.proto = etherIPv6
	default:
		return StopTunnel // another pseudowire, or its associated channel
	}
	return StopNone
}

// plausiblePseudowire judges whether an Ethernet frame of a type that is
// decoded begins at data[off:]. As nothing else speaks for Ethernet, other
// types are not taken for it.
func plausiblePseudowire(data []byte, off, wire int) Stop {
	if s := plausibleEthernet(data, off, wire); s != StopNone {
		return s
	}
	switch be.Uint16(data[off+12:]) {
	case etherIPv4, etherIPv6, etherVLAN, etherQinQ, etherOldQinQ, etherPPPoE, etherMPLS, etherARP:
		return StopNone
	}
	return StopNotIP
}

// pppoeSession decodes a PPPoE session frame (RFC 2516 §4) behind its Ethernet type.
func (d *Decoded) pppoeSession(data []byte, off, wire int) {
	x := extent{end: wire, wire: wire}
	if d.Stop = x.check(data, off+pppoeHeader); d.Stop != StopNone {
		return
	}
	if be.Uint16(data[off:]) != pppoeData {
		d.Stop = StopMalformed
		return
	}
	if d.enter(EncapPPPoE, uint32(be.Uint16(data[off+2:]))) {
		d.pppoe(data, off, wire)
	}
}

// pppoe decodes a PPPoE frame, whose own header says where it ends: Ethernet
// may have padded it.
func (d *Decoded) pppoe(data []byte, off, wire int) {
	switch {
	case len(data)-off < pppoeHeader:
		d.Stop = StopTruncated
	case data[off] != pppoeData>>8:
		d.Stop = StopMalformed // version and type are both 1
	case data[off+1] != 0:
		d.Stop = StopNotIP // discovery stage
	default:
		to := off + pppoeHeader
		wire = min(wire, to+int(be.Uint16(data[off+4:])))
		d.ppp(data[:min(len(data), wire)], to, wire)
	}
}
