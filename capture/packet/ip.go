package packet

// IP protocol numbers (https://www.iana.org/assignments/protocol-numbers),
// which are also the next header values of IPv6.
const (
	protoHopByHop    = 0
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoESP         = 50
	protoAH          = 51
	protoMinimal     = 55 // minimal encapsulation, RFC 2004
	protoDestOptions = 60
	protoIPIP        = 94
	protoEtherIP     = 97
	protoEncap       = 98
	protoL2TP        = 115
	protoMobility    = 135
	protoMPLS        = 137
	protoHIP         = 139
	protoShim6       = 140
	protoEthernet    = 143 // RFC 8986 §4.9
)

const (
	// segmentRouting is the routing type of SRv6 (RFC 8754 §2).
	segmentRouting = 4
	// fragmentHeader is the length of IPv6's fragment header (RFC 8200 §4.5).
	fragmentHeader = 8
	// optionJumbo is the hop-by-hop option of jumbograms (RFC 2675 §2).
	optionJumbo = 0xc2
)

// extent is a datagram within data: where its end is by its header, and where
// the wire's.
type extent struct {
	end  int // end of the datagram as the IP header declares it; may lie beyond wire
	wire int // end of the frame on the wire, at least the captured length
}

// check tells whether a header that ends at offset to is whole: StopMalformed
// if it ends beyond its datagram, StopTruncated if it is beyond the captured bytes.
func (x extent) check(data []byte, to int) Stop {
	if to > x.end {
		return StopMalformed
	}
	if to > len(data) {
		return StopTruncated
	}
	return StopNone
}

// inside returns data and the wire's end for what the datagram carries: nothing
// beyond the datagram's end belongs to it.
func (x extent) inside(data []byte) ([]byte, int) {
	end := min(x.end, x.wire)
	return data[:min(len(data), end)], end
}

// ipv4 decodes the IPv4 header at data[off:] and what follows it (RFC 791 §3.1).
func (d *Decoded) ipv4(data []byte, off, wire int) {
	if len(data)-off < ipv4Header {
		d.Stop = shortIP(data[off:], 4)
		return
	}
	b := data[off : off+ipv4Header : off+ipv4Header]
	if b[0]>>4 != 4 {
		d.Stop = StopMalformed
		return
	}
	next := b[9]
	frag := be.Uint16(b[6:])
	d.IPVersion = 4
	d.IPOffset = off
	d.TTL = b[8]
	d.IPID = uint32(be.Uint16(b[4:]))
	if frag&0x3fff != 0 {
		d.Fragment = true
		d.FragOffset = uint32(frag&0x1fff) * 8
		d.MoreFragments = frag&0x2000 != 0
	}

	header := int(b[0]&0x0f) * 4
	total := int(be.Uint16(b[2:]))
	x := extent{end: off + total, wire: wire}
	if total == 0 {
		x.end = wire
	}
	l4 := off + header
	stop := StopNone
	switch {
	case header < ipv4Header:
		stop = StopMalformed
	case l4 > x.end || l4 > len(data):
		stop = x.check(data, l4)
	case d.Fragment:
		stop = StopFragment
	case next == protoAH:
		if next, l4, stop = x.skipAH(data, l4); stop != StopNone {
			d.Proto = next
			d.Stop = stop
			return // a flow without its protocol is none
		}
	}
	d.Proto = next
	var ports uint32
	if stop == StopNone {
		ports = x.ports(data, l4, next)
	}
	d.flow4(be.Uint32(b[12:]), be.Uint32(b[16:]), ports)
	if stop != StopNone {
		d.stopIP(stop, data, l4, x)
		return
	}
	d.transport(data, l4, x)
}

// shortIP says why the b bytes are no whole IP header of a version.
func shortIP(b []byte, version byte) Stop {
	if len(b) > 0 && b[0]>>4 != version {
		return StopMalformed
	}
	return StopTruncated
}

// skipAH steps over the authentication headers that may follow an IPv4 header
// (RFC 4302 §2.2) and returns the protocol behind them and its offset.
func (x extent) skipAH(data []byte, off int) (next uint8, l4 int, stop Stop) {
	next = protoAH
	for range maxExtensions {
		if next != protoAH {
			return next, off, StopNone
		}
		size, s := x.extension(data, off, next)
		if s != StopNone {
			return next, off, s
		}
		next = data[off]
		off += size
	}
	return next, off, StopMalformed
}

// extension returns the length of the extension header of kind next at off,
// after checking that it is there as a whole. All of them begin with the next
// header's number and a length (RFC 6564 §4), except that AH counts in units of
// 4 bytes (RFC 4302 §2.2) and that the fragment header's length is fixed.
func (x extent) extension(data []byte, off int, next uint8) (int, Stop) {
	if s := x.check(data, off+8); s != StopNone { // no extension header is shorter
		return 0, s
	}
	size := 8
	switch next {
	case protoAH:
		size = (int(data[off+1]) + 2) * 4
	case protoFragment:
	default:
		size = (int(data[off+1]) + 1) * 8
	}
	return size, x.check(data, off+size)
}

// ports returns both ports of the TCP or UDP header at off, the source in the
// upper half, or 0 if they are not there.
func (x extent) ports(data []byte, off int, proto uint8) uint32 {
	if proto != protoTCP && proto != protoUDP || off+4 > x.end || off+4 > len(data) {
		return 0
	}
	return be.Uint32(data[off:])
}

// ipv6 decodes the IPv6 header at data[off:], its extension headers and what
// follows them (RFC 8200 §3 and §4).
func (d *Decoded) ipv6(data []byte, off, wire int) {
	if len(data)-off < ipv6Header {
		d.Stop = shortIP(data[off:], 6)
		return
	}
	b := data[off : off+ipv6Header : off+ipv6Header]
	if b[0]>>4 != 6 {
		d.Stop = StopMalformed
		return
	}
	d.IPVersion = 6
	d.IPOffset = off
	d.TTL = b[7]
	d.Proto = b[6]
	length := int(be.Uint16(b[4:]))
	x := extent{end: off + ipv6Header + length, wire: wire}
	src, dst := b[8:24], b[24:40]
	l4 := off + ipv6Header
	stop := StopNone
	if length == 0 {
		x.end = wire
		if d.Proto == protoHopByHop {
			x.end, stop = x.jumbo(data, l4)
		}
	}
	if d.Proto != protoTCP && stop == StopNone {
		l4, dst, stop = d.extensions(data, l4, x, dst)
	}
	if stop != StopNone && stop != StopFragment {
		d.Stop = stop
		return // neither the protocol nor the final destination is known: no flow
	}
	var ports uint32
	if stop == StopNone {
		ports = x.ports(data, l4, d.Proto)
	}
	d.flow6(src, dst, ports)
	if stop != StopNone {
		d.stopIP(stop, data, l4, x)
		return
	}
	d.transport(data, l4, x)
}

// stopIP ends decoding behind the IP headers, at data[off:]. A fragment keeps
// its payload.
func (d *Decoded) stopIP(stop Stop, data []byte, off int, x extent) {
	d.Stop = stop
	if stop == StopFragment {
		d.L4Offset = off
		d.payload(data, off, x)
	}
}

// extensions steps over the extension headers at data[off:] and returns the
// offset of what follows them and the final destination. It sets d.Proto to the
// first header that was not stepped over.
func (d *Decoded) extensions(data []byte, off int, x extent, dst []byte) (int, []byte, Stop) {
	for range maxExtensions {
		switch d.Proto {
		case protoHopByHop, protoRouting, protoFragment, protoAH, protoDestOptions,
			protoMobility, protoHIP, protoShim6:
		default:
			return off, dst, StopNone
		}
		size, stop := x.extension(data, off, d.Proto)
		if stop != StopNone {
			return off, dst, stop
		}
		b := data[off : off+size]
		switch d.Proto {
		case protoFragment:
			field := be.Uint16(b[2:])
			d.IPID = be.Uint32(b[4:])
			if field&^6 != 0 { // all but the reserved bits; 0 is an atomic fragment (RFC 6946)
				d.Fragment = true
				d.FragOffset = uint32(field &^ 7)
				d.MoreFragments = field&1 != 0
				d.Proto = b[0]
				return off + fragmentHeader, dst, StopFragment
			}
		case protoRouting:
			// While segments are left, the IPv6 header names the next stop and
			// the first list entry the peer, as in the TCP checksum (RFC 8754 §2.1).
			if b[2] == segmentRouting && b[3] > 0 && size >= 24 {
				dst = b[8:24]
			}
		}
		d.Proto = b[0]
		off += size
	}
	return off, dst, StopMalformed
}

// jumbo returns the end of a datagram whose IPv6 payload length is 0 and that
// has a hop-by-hop header at data[off:]: by the jumbo payload option (RFC 2675
// §3), or the wire's end where there is none.
func (x extent) jumbo(data []byte, off int) (end int, stop Stop) {
	size, stop := x.extension(data, off, protoHopByHop)
	if stop != StopNone {
		return x.wire, stop
	}
	for o := data[off+2 : off+size]; len(o) > 0; {
		if o[0] == 0 { // Pad1 has no length
			o = o[1:]
			continue
		}
		if len(o) < 2 || len(o)-2 < int(o[1]) {
			return x.wire, StopMalformed
		}
		if o[0] == optionJumbo && o[1] == 4 {
			n := be.Uint32(o[2:])
			if n <= 0xffff {
				return x.wire, StopMalformed
			}
			return off + int(min(n, maxInt)), StopNone
		}
		o = o[2+int(o[1]):]
	}
	return x.wire, StopNone
}

// transport decodes what IP carries, of protocol d.Proto at data[l4:].
func (d *Decoded) transport(data []byte, l4 int, x extent) {
	switch d.Proto {
	case protoTCP:
		d.tcp(data, l4, x)
	case protoUDP:
		d.udp(data, l4, x)
	case protoESP:
		d.Stop = StopEncrypted
	case protoIPv4, protoIPv6, protoGRE, protoEtherIP, protoMPLS, protoEthernet:
		d.overIP(data, l4, x)
	case protoMinimal, protoIPIP, protoEncap, protoL2TP:
		d.Stop = StopTunnel
	default:
		d.Stop = StopProtocol
	}
}
