package packet

// Bits of a GRE header's first word (RFC 2784 §2, RFC 2890 §2, RFC 2637 §4.1).
const (
	greChecksum    = 0x8000
	greRouting     = 0x4000 // RFC 1701, withdrawn
	greKey         = 0x2000
	greSequence    = 0x1000
	greMustBeZero  = 0x0c00 // receivers that do not know RFC 1701 discard what has these
	greAcknowledge = 0x0080 // version 1
	greVersion     = 0x0007
	greHeader      = 4
	greField       = 4 // each optional field
)

// ERSPAN (draft-foschiano-erspan-03 §4).
const (
	erspan2Header    = 8
	erspan3Header    = 12
	erspan3Subheader = 8
	erspanCut        = 0x0400 // T: the mirrored frame was cut to fit
	erspanSession    = 0x03ff
	erspanSubheader  = 0x0001 // O: a platform specific subheader follows
	erspanFrameType  = 0x7c00
	erspanFrameIP    = 2 << 10
)

// gre decodes a GRE header at data[off:] and what it carries.
func (d *Decoded) gre(data []byte, off int, x extent) {
	if d.Stop = x.check(data, off+greHeader); d.Stop != StopNone {
		return
	}
	flags, proto := be.Uint16(data[off:]), be.Uint16(data[off+2:])
	version := flags & greVersion
	if version > 1 || flags&(greRouting|greMustBeZero) != 0 {
		d.Stop = StopTunnel
		return
	}
	to := off + greHeader
	for _, bit := range [...]uint16{greChecksum, greKey, greSequence} {
		if flags&bit != 0 {
			to += greField
		}
	}
	if version == 1 && flags&greAcknowledge != 0 {
		to += greField
	}
	if d.Stop = x.check(data, to); d.Stop != StopNone {
		return
	}
	at := off + greHeader
	if flags&greChecksum != 0 {
		at += greField
	}
	var key uint32
	if flags&greKey != 0 {
		key = be.Uint32(data[at:])
	}
	inData, wire := x.inside(data)
	in := inner{kind: EncapGRE, id: key, proto: proto, off: to, wire: wire}
	if version == 1 {
		d.pptp(inData, in, flags)
		return
	}
	switch proto {
	case etherIPv4, etherIPv6, etherMPLS, etherMPLSMulti, etherPPP:
	case etherBridging:
		if flags&(greChecksum|greKey|greSequence) == greKey {
			in.kind = EncapNVGRE
			in.id = key >> 8 // the rest is the flow id
		}
	case etherERSPAN:
		if flags&greSequence != 0 {
			d.erspan2(inData, in)
			return
		}
		in.kind, in.proto = EncapERSPAN1, etherBridging
	case etherERSPAN3:
		d.erspan3(inData, in)
		return
	default:
		d.Stop = StopTunnel
		return
	}
	d.follow(inData, in)
}

// pptp decodes what GRE's version 1 carries (RFC 2637 §4.1): PPP of the length
// in the upper half of the key, if there is a sequence number.
func (d *Decoded) pptp(data []byte, in inner, flags uint16) {
	length := int(in.id >> 16)
	if in.proto != etherPPP || flags&greKey == 0 || flags&greSequence == 0 || length == 0 {
		d.Stop = StopTunnel // an acknowledgment alone, or no PPTP
		return
	}
	in.kind = EncapPPTP
	in.id &= 0xffff
	in.wire = min(in.wire, in.off+length)
	d.follow(data, in)
}

// erspan2 decodes the header of ERSPAN type II and the mirrored frame.
func (d *Decoded) erspan2(data []byte, in inner) {
	to := in.off + erspan2Header
	if d.Stop = (extent{end: in.wire, wire: in.wire}).check(data, to); d.Stop != StopNone {
		return
	}
	if data[in.off]>>4 != 1 {
		d.Stop = StopTunnel
		return
	}
	in.kind, in.proto = EncapERSPAN2, etherBridging
	d.mirrored(data, in, to)
}

// erspan3 decodes the header of ERSPAN type III and the mirrored frame.
func (d *Decoded) erspan3(data []byte, in inner) {
	x := extent{end: in.wire, wire: in.wire}
	to := in.off + erspan3Header
	if d.Stop = x.check(data, to); d.Stop != StopNone {
		return
	}
	if data[in.off]>>4 != 2 {
		d.Stop = StopTunnel
		return
	}
	word := be.Uint16(data[in.off+10:])
	if word&erspanSubheader != 0 {
		to += erspan3Subheader
		if d.Stop = x.check(data, to); d.Stop != StopNone {
			return
		}
	}
	in.kind = EncapERSPAN3
	switch word & erspanFrameType {
	case 0:
		in.proto = etherBridging
	case erspanFrameIP:
		in.proto = etherIPv4
		if plausibleIP(data, to, in.wire, 6) == StopNone {
			in.proto = etherIPv6
		}
	default:
		d.Stop = StopTunnel
		return
	}
	d.mirrored(data, in, to)
}

// mirrored decodes the frame at data[to:] behind an ERSPAN header. Where that
// says that the frame was cut, the frame's own length counts, not the tunnel's:
// what is missing is a hole, as that of a snap length.
func (d *Decoded) mirrored(data []byte, in inner, to int) {
	word := be.Uint16(data[in.off+2:])
	in.id = uint32(word & erspanSession)
	in.off = to
	if word&erspanCut != 0 {
		data = data[:min(len(data), in.wire)]
		in.wire = max(in.wire, to+mirrorFrame)
	}
	d.follow(data, in)
}
