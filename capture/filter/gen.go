package filter

import (
	"github.com/sockeye-dev/sockeye/capture"
)

// proto is a protocol qualifier.
type proto uint8

const (
	protoNone proto = iota
	protoLink
	protoIP
	protoIP6
	protoARP
	protoRARP
	protoTCP
	protoUDP
	protoSCTP
	protoICMP
	protoICMP6
	protoIGMP
	protoIGRP
	protoPIM
	protoVRRP
	protoCARP
	protoAH
	protoESP
	protoAppleTalk
	protoAARP
	protoLAT
	protoSCA
	protoMOPRC
	protoMOPDL
	protoISO
	protoSTP
	protoIPX
	protoNetBEUI
)

// protocols are the keywords that are protocol qualifiers.
var protocols = map[string]proto{
	"ether": protoLink, "ip": protoIP, "ip6": protoIP6, "arp": protoARP, "rarp": protoRARP, "tcp": protoTCP, "udp": protoUDP,
	"sctp": protoSCTP, "icmp": protoICMP, "icmp6": protoICMP6, "igmp": protoIGMP, "igrp": protoIGRP, "pim": protoPIM,
	"vrrp": protoVRRP, "carp": protoCARP, "ah": protoAH, "esp": protoESP, "atalk": protoAppleTalk, "aarp": protoAARP,
	"lat": protoLAT, "sca": protoSCA, "moprc": protoMOPRC, "mopdl": protoMOPDL, "iso": protoISO, "stp": protoSTP,
	"ipx": protoIPX, "netbeui": protoNetBEUI,
}

// transports are the protocols over IP: their number, and over which version.
var transports = map[proto]struct {
	number uint32
	v4, v6 bool
}{
	protoTCP: {ipTCP, true, true}, protoUDP: {ipUDP, true, true}, protoSCTP: {ipSCTP, true, true},
	protoICMP: {1, true, false}, protoICMP6: {ipICMP6, false, true}, protoIGMP: {2, true, false}, protoIGRP: {9, true, false},
	protoPIM: {103, true, true}, protoVRRP: {112, true, false}, protoCARP: {112, true, false},
	protoAH: {51, true, true}, protoESP: {50, true, true},
}

// linkProtocols are the protocols right over the link layer, by EtherType or
// LLC service access point.
var linkProtocols = map[proto]uint32{
	protoIP: etIPv4, protoIP6: etIPv6, protoARP: etARP, protoRARP: etRARP, protoAppleTalk: etAppleTalk, protoAARP: etAARP,
	protoLAT: 0x6004, protoSCA: 0x6007, protoMOPRC: 0x6002, protoMOPDL: 0x6001,
	protoISO: sapISO, protoSTP: sapSTP, protoIPX: sapIPX, protoNetBEUI: sapNetBEUI,
}

// dir is a direction qualifier.
type dir uint8

const (
	dirNone dir = iota // either
	dirSrc
	dirDst
	dirOr
	dirAnd
)

// typ is a type qualifier.
type typ uint8

const (
	typNone typ = iota
	typHost
	typNet
	typPort
	typPortRange
	typProto
	typMissing // no qualifier is in force, values mean nothing
)

var types = map[string]typ{"host": typHost, "net": typNet, "port": typPort, "portrange": typPortRange}

func (t typ) String() string {
	switch t {
	case typNet:
		return "net"
	case typPort:
		return "port"
	case typPortRange:
		return "portrange"
	case typProto:
		return "proto"
	}
	return "host"
}

// qual is what the qualifiers before a value say of it.
type qual struct {
	proto    proto
	protoTok token
	dir      dir
	typ      typ
}

var missing = qual{typ: typMissing}

// generator makes conditions of trees, from left to right: vlan shifts what
// follows.
type generator struct {
	values values
	link   linkLayer
	opt    Options

	// typeOff and payOff are the offsets of the protocol type and of what the
	// link layer carries. shift is what is to be added to both on top, known
	// only when the filter runs, or noValue.
	typeOff, payOff uint32
	shift           value
	vlans           int
}

func newGenerator(link capture.LinkType, opt Options) (*generator, error) {
	l, ok := linkLayers[link]
	if !ok {
		return nil, &Error{Msg: "filters are not supported on link type " + link.String(), err: ErrUnsupported}
	}
	return &generator{link: l, opt: opt, typeOff: l.typeOff, payOff: l.payOff, shift: noValue}, nil
}

func (g *generator) generate(t *tree) (*cond, error) {
	c, _, err := g.tree(t, missing)
	return c, err
}

// tree makes the condition of t. q is what is in force before it; the result is
// what is in force after it.
func (g *generator) tree(t *tree, q qual) (*cond, qual, error) {
	switch t.kind {
	case tList:
		c, q, err := g.tree(t.kids[0], q)
		for i := 0; err == nil && i < len(t.ops); i++ {
			var next *cond
			next, q, err = g.tree(t.kids[i+1], q)
			if t.ops[i] {
				c = or(c, next)
			} else {
				c = and(c, next)
			}
		}
		return c, q, err
	case tParens:
		c, _, err := g.tree(t.kids[0], q)
		return c, q, err
	case tNot:
		c, q, err := g.tree(t.kids[0], q)
		return not(c), q, err
	case tHead:
		return g.tree(t.kids[0], t.qual)
	case tProtocol:
		c, err := g.protocol(t.qual.proto, t.tok)
		return c, missing, err
	case tRelation:
		c, err := g.relation(t)
		return c, missing, err
	case tOther:
		c, err := g.other(t)
		return c, missing, err
	}
	c, err := g.value(t, q)
	return c, q, err
}

// at is size bytes of the packet at a constant offset from its begin.
func (g *generator) at(off uint32, size uint16) value { return g.values.load(size, off) }

// typeField is the field that says which protocol the link layer carries.
func (g *generator) typeField(size uint16) value { return g.shifted(g.typeOff, size) }

// payload is size bytes at an offset into what the link layer carries.
func (g *generator) payload(off uint32, size uint16) value { return g.shifted(g.payOff+off, size) }

func (g *generator) shifted(off uint32, size uint16) value {
	if g.shift == noValue {
		return g.values.load(size, off)
	}
	return g.values.index(size, g.shift, off)
}

// ipv4Header is the length of the IPv4 header, and the shift, where there is one.
func (g *generator) ipv4Header() value {
	v := &g.values
	if g.shift == noValue {
		return v.nibble(g.payOff)
	}
	n := v.alu(aluAnd, g.payload(0, szB), v.constant(0xf))
	return v.alu(aluAdd, v.alu(aluLsh, n, v.constant(2)), g.shift)
}

// transport is size bytes at an offset into what IPv4 carries.
func (g *generator) transport(off uint32, size uint16) value {
	return g.values.index(size, g.ipv4Header(), g.payOff+off)
}

func (g *generator) eq(x value, k uint32) *cond { return g.values.compareK(jmpJeq, x, k) }

// protocol is the condition that a packet is of a protocol.
func (g *generator) protocol(p proto, tok token) (*cond, error) {
	if p == protoLink {
		return nil, tok.fail("%q alone is no condition", tok.text)
	}
	if et, ok := linkProtocols[p]; ok {
		return g.linkType(et), nil
	}
	t := transports[p]
	switch {
	case t.v4 && t.v6:
		return or(g.ipProto(t.number), g.ip6Proto(t.number)), nil
	case t.v6:
		return g.ip6Proto(t.number), nil
	}
	return g.ipProto(t.number), nil
}

func (g *generator) ipProto(n uint32) *cond {
	return and(g.linkType(etIPv4), g.eq(g.payload(9, szB), n))
}

// ip6Proto looks at the header behind a fragment header, too, and at no other.
func (g *generator) ip6Proto(n uint32) *cond {
	next := g.payload(6, szB)
	behind := and(g.eq(next, ipFragment), g.eq(g.payload(40, szB), n))
	return and(g.linkType(etIPv6), or(g.eq(next, n), behind))
}

// notFragment is the condition that an IPv4 packet is no fragment but a first.
func (g *generator) notFragment() *cond {
	return not(g.values.compareK(jmpJset, g.payload(6, szH), 0x1fff))
}

// withErr gives an error a sentinel.
func withErr(e *Error, is error) *Error {
	e.err = is
	return e
}
