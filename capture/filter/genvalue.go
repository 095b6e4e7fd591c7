package filter

import (
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// value is the condition of one value under its qualifiers.
func (g *generator) value(t *tree, q qual) (*cond, error) {
	if q.typ == typMissing {
		return nil, bareValue(t)
	}
	switch t.tok.kind {
	case kName:
		return g.name(t.tok, q)
	case kMAC:
		return g.mac(t.tok, q)
	case kAID:
		return nil, withErr(t.tok.fail("ARCnet addresses are not supported"), ErrUnsupported)
	case kIPv6:
		return g.ipv6(t, q)
	}
	if t.by != 0 {
		return g.net(t, q)
	}
	switch q.typ {
	case typHost, typNone, typNet:
		addr, mask, err := dotted(t.tok, q.typ == typNet)
		if err != nil {
			return nil, err
		}
		return g.host(addr, mask, q, t.tok)
	}
	if t.tok.kind == kDotted {
		return nil, t.tok.fail("%q does not take an address", q.typ)
	}
	switch q.typ {
	case typPort:
		return g.ports(t.tok, t.tok.val, t.tok.val, transportAny, q)
	case typPortRange:
		return g.portRange(t.tok, t.tok.val, t.tok.val, transportAny, q)
	}
	return g.proto(t.tok, t.tok.val, q)
}

// dotted reads an IPv4 address of one to four parts. One to three parts are
// moved to the left, a single number only for a net, as far as its leading
// bytes are zero; mask has the bits that were given.
func dotted(t token, net bool) (addr, mask uint32, err error) {
	if t.kind == kNum {
		addr, mask = t.val, 0xffffffff
		for net && addr != 0 && addr>>24 == 0 {
			addr, mask = addr<<8, mask<<8
		}
		return addr, mask, nil
	}
	parts := strings.Split(t.text, ".")
	for _, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil || n > 255 {
			return 0, 0, t.fail("%q: the parts of an IPv4 address are 0 to 255", t.text)
		}
		addr, mask = addr<<8|uint32(n), mask<<8|0xff
	}
	move := 32 - 8*len(parts)
	return addr << move, mask << move, nil
}

// net is a value with a prefix length or a mask.
func (g *generator) net(t *tree, q qual) (*cond, error) {
	addr, _, err := dotted(t.tok, true)
	if err != nil {
		return nil, err
	}
	var mask uint32
	whole := t.tok
	whole.end = t.tok2.end
	switch {
	case t.by == '/' && t.tok2.kind == kNum:
		if t.tok2.val > 32 {
			return nil, t.tok2.fail("a prefix of IPv4 has 0 to 32 bits")
		}
		mask = ^uint32(0) << (32 - t.tok2.val)
	case t.by == 'm' && t.tok2.kind == kDotted && t.tok.kind == kDotted:
		if mask, _, err = dotted(t.tok2, false); err != nil {
			return nil, err
		}
	default:
		return nil, t.tok2.fail("a mask such as 255.255.255.0 or a prefix length such as /24 was due")
	}
	if addr&^mask != 0 {
		e := whole.fail("the address has bits outside the mask")
		if t.by == '/' {
			e.Suggest = netip.PrefixFrom(ipv4(addr&mask), bits.OnesCount32(mask)).String()
		}
		return nil, e
	}
	if q.typ != typNet {
		e := whole.fail("a mask is for net only")
		e.Suggest = "net " + t.tok.text + "/..."
		if t.by == '/' {
			e.Suggest = "net " + t.tok.text + "/" + t.tok2.text
		}
		return nil, e
	}
	return g.host(addr, mask, q, t.tok)
}

func ipv4(a uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}

// host is the condition on IPv4 addresses, in IPv4, ARP and RARP.
func (g *generator) host(addr, mask uint32, q qual, t token) (*cond, error) {
	switch q.proto {
	case protoNone:
		any := or(g.hostIn(etIPv4, addr, mask, q.dir), g.hostIn(etARP, addr, mask, q.dir))
		return or(any, g.hostIn(etRARP, addr, mask, q.dir)), nil
	case protoIP:
		return g.hostIn(etIPv4, addr, mask, q.dir), nil
	case protoARP:
		return g.hostIn(etARP, addr, mask, q.dir), nil
	case protoRARP:
		return g.hostIn(etRARP, addr, mask, q.dir), nil
	}
	return nil, notFor(q, t, "an IPv4 address")
}

// notFor refuses a protocol qualifier with a value that it does not have.
func notFor(q qual, t token, what string) *Error {
	at := t
	if q.protoTok.end > 0 {
		at = q.protoTok
	}
	e := at.fail("%q does not go with %s", q.protoTok.text, what)
	if q.proto == protoTCP || q.proto == protoUDP || q.proto == protoSCTP || q.proto == protoICMP {
		e.Msg += "; write \"" + q.protoTok.text + " and " + q.typ.String() + " ...\""
	}
	return e
}

func (g *generator) hostIn(et, addr, mask uint32, d dir) *cond {
	src, dst := uint32(12), uint32(16)
	if et != etIPv4 {
		src, dst = 14, 24
	}
	return g.eitherEnd(d, func(isSrc bool) *cond {
		off := dst
		if isSrc {
			off = src
		}
		return and(g.linkType(et), g.values.masked(g.payload(off, szW), mask, addr))
	})
}

// eitherEnd joins the condition on the source and that on the destination.
func (g *generator) eitherEnd(d dir, end func(isSrc bool) *cond) *cond {
	switch d {
	case dirSrc:
		return end(true)
	case dirDst:
		return end(false)
	case dirAnd:
		return and(end(true), end(false))
	}
	return or(end(true), end(false))
}

// ipv6 is the condition on IPv6 addresses.
func (g *generator) ipv6(t *tree, q qual) (*cond, error) {
	length := uint32(128)
	whole := t.tok
	if t.by != 0 {
		whole.end = t.tok2.end
		if t.by == 'm' || t.tok2.kind != kNum || t.tok2.val > 128 {
			return nil, t.tok2.fail("a prefix of IPv6 has 0 to 128 bits, and no mask")
		}
		length = t.tok2.val
	}
	a, err := netip.ParseAddr(t.tok.text)
	if err != nil {
		return nil, t.tok.fail("no IPv6 address")
	}
	if p := netip.PrefixFrom(a, int(length)); length < 128 && p.Masked().Addr() != a {
		e := whole.fail("the address has bits outside the mask")
		e.Suggest = p.Masked().String()
		return nil, e
	}
	switch q.typ {
	case typNet:
	case typHost, typNone:
		if length != 128 {
			return nil, whole.fail("a mask is for net only")
		}
	default:
		return nil, t.tok.fail("%q does not take an address", q.typ)
	}
	if q.proto != protoNone && q.proto != protoIP6 {
		return nil, notFor(q, t.tok, "an IPv6 address")
	}
	b := a.As16()
	return g.eitherEnd(q.dir, func(isSrc bool) *cond {
		off := uint32(24)
		if isSrc {
			off = 8
		}
		c := g.linkType(etIPv6)
		for i := range uint32(4) {
			word := uint32(b[4*i])<<24 | uint32(b[4*i+1])<<16 | uint32(b[4*i+2])<<8 | uint32(b[4*i+3])
			mask := ^uint32(0) << (32 - min(max(int(length)-32*int(i), 0), 32))
			c = and(c, g.values.masked(g.payload(off+4*i, szW), mask, word))
		}
		return c
	}), nil
}

// mac is the condition on Ethernet addresses.
func (g *generator) mac(t token, q qual) (*cond, error) {
	if q.proto != protoLink || q.typ != typNone && q.typ != typHost {
		e := t.fail("an Ethernet address stands behind ether host, ether src or ether dst")
		return nil, e
	}
	if g.link.kind != linkEther {
		return nil, withErr(t.fail("%s has no Ethernet addresses", g.link.name), ErrLinkType)
	}
	return g.macIs(parseMAC(t.text), q.dir), nil
}

func (g *generator) macIs(m [6]byte, d dir) *cond {
	return g.eitherEnd(d, func(isSrc bool) *cond {
		off := uint32(0)
		if isSrc {
			off = 6
		}
		low := uint32(m[2])<<24 | uint32(m[3])<<16 | uint32(m[4])<<8 | uint32(m[5])
		return and(g.eq(g.at(off+2, szW), low), g.eq(g.at(off, szH), uint32(m[0])<<8|uint32(m[1])))
	})
}
