package filter

import "github.com/sockeye-dev/sockeye/capture"

// EtherTypes, and LLC service access points, which stand in their place.
const (
	etIPv4      = 0x0800
	etARP       = 0x0806
	etRARP      = 0x8035
	etAppleTalk = 0x809b
	etAARP      = 0x80f3
	etIPX       = 0x8137
	etIPv6      = 0x86dd
	etVLAN      = 0x8100
	etVLANS     = 0x88a8 // 802.1ad
	etVLANQinQ  = 0x9100 // before 802.1ad

	sapIP      = 0x06
	sapSTP     = 0x42
	sapIPX     = 0xe0
	sapNetBEUI = 0xf0
	sapISO     = 0xfe

	maxLength = 1500 // a type field not greater than this is a length (IEEE 802.3)
)

// IP protocol numbers.
const (
	ipTCP      = 6
	ipUDP      = 17
	ipFragment = 44
	ipICMP6    = 58
	ipSCTP     = 132
)

// linkKind is how a link layer says what it carries.
type linkKind uint8

const (
	linkEther linkKind = iota // EtherType, or a length and LLC
	linkSLL                   // EtherType, or 1 for bare 802.3, 4 for LLC
	linkSLL2                  // EtherType
	linkRaw                   // IP version
	linkIPv4                  // always IPv4
	linkIPv6                  // always IPv6
	linkNull                  // address family, little-endian here: files are read on such systems
	linkLoop                  // address family, big-endian
	linkPPP                   // PPP protocol
)

// linkLayer is a link layer: how it says what it carries, where it says so, and
// where that begins.
type linkLayer struct {
	kind            linkKind
	typeOff, payOff uint32
	name            string
}

var linkLayers = map[capture.LinkType]linkLayer{
	capture.LinkEthernet:  {linkEther, 12, 14, "Ethernet"},
	capture.LinkLinuxSLL:  {linkSLL, 14, 16, "Linux cooked v1"},
	capture.LinkLinuxSLL2: {linkSLL2, 0, 20, "Linux cooked v2"},
	capture.LinkRaw:       {linkRaw, 0, 0, "raw IP"},
	capture.LinkRawBSD:    {linkRaw, 0, 0, "raw IP"},
	capture.LinkRawOpen:   {linkRaw, 0, 0, "raw IP"},
	capture.LinkIPv4:      {linkIPv4, 0, 0, "raw IPv4"},
	capture.LinkIPv6:      {linkIPv6, 0, 0, "raw IPv6"},
	capture.LinkNull:      {linkNull, 0, 4, "BSD loopback"},
	capture.LinkLoop:      {linkLoop, 0, 4, "OpenBSD loopback"},
	capture.LinkPPP:       {linkPPP, 2, 4, "PPP"},
	capture.LinkPPPHDLC:   {linkPPP, 2, 4, "PPP"},
	capture.LinkPPPEther:  {linkPPP, 6, 8, "PPPoE"},
}

// linkType is the condition that the link layer carries a protocol, given by
// its EtherType or, up to maxLength, its LLC service access point.
func (g *generator) linkType(t uint32) *cond {
	switch g.link.kind {
	case linkEther:
		return g.etherType(t)
	case linkSLL:
		return g.sllType(t)
	case linkRaw:
		switch t {
		case etIPv4:
			return g.values.masked(g.payload(0, szB), 0xf0, 0x40)
		case etIPv6:
			return g.values.masked(g.payload(0, szB), 0xf0, 0x60)
		}
		return never
	case linkIPv4:
		return constBool(t == etIPv4)
	case linkIPv6:
		return constBool(t == etIPv6)
	case linkNull, linkLoop:
		return g.family(t)
	case linkPPP:
		if p, ok := pppProtocols[t]; ok {
			t = p
		}
	}
	return g.eq(g.typeField(szH), t)
}

// pppProtocols are the PPP protocols that differ from the EtherType.
var pppProtocols = map[uint32]uint32{etIPv4: 0x21, etIPv6: 0x57, etAppleTalk: 0x29, sapISO: 0x23, sapSTP: 0x31, sapIPX: 0x2b}

// family compares the address family of a loopback. AF_INET6 differs between
// systems: Darwin 30, NetBSD and OpenBSD 24, FreeBSD 28.
func (g *generator) family(t uint32) *cond {
	is := func(n uint32) *cond {
		if g.link.kind == linkNull {
			n <<= 24
		}
		return g.eq(g.at(0, szW), n)
	}
	switch t {
	case etIPv4:
		return is(2)
	case etIPv6:
		return or(is(30), or(is(24), is(28)))
	}
	return never
}

// llc is the condition that the two LLC service access points are t.
func (g *generator) llc(t uint32) *cond {
	switch t {
	case sapIP, sapISO, sapNetBEUI:
		return g.eq(g.payload(0, szH), t<<8|t)
	}
	return g.eq(g.payload(0, szB), t)
}

// snap is the condition of a SNAP header with an organisation and a type.
func (g *generator) snap(org, t uint32) *cond {
	return and(g.eq(g.payload(4, szW), org<<16|t), g.eq(g.payload(0, szW), 0xaaaa0300|org>>16))
}

// appleOrg is the organisation of AppleTalk's SNAP header.
const appleOrg = 0x080007

func (g *generator) etherType(t uint32) *cond {
	field := g.typeField(szH)
	isLLC := not(g.values.compareK(jmpJgt, field, maxLength))
	switch {
	case t == sapIPX:
		// Novell's four framings: LLC, bare 802.3, SNAP, Ethernet II.
		return or(g.eq(field, etIPX), and(isLLC, or(g.snap(0, etIPX), or(g.llc(t), g.eq(g.payload(0, szH), 0xffff)))))
	case t == etAppleTalk:
		return or(g.eq(field, t), and(isLLC, g.snap(appleOrg, t)))
	case t == etAARP:
		return or(g.eq(field, t), and(isLLC, g.snap(0, t)))
	case t <= maxLength:
		return and(isLLC, g.llc(t))
	}
	return g.eq(field, t)
}

func (g *generator) sllType(t uint32) *cond {
	const bare, llc = 1, 4
	field := g.typeField(szH)
	isLLC := g.eq(field, llc)
	switch {
	case t == sapIPX:
		return or(g.eq(field, etIPX), or(g.eq(field, bare), and(isLLC, or(g.llc(t), g.snap(0, etIPX)))))
	case t == etAppleTalk:
		return or(g.eq(field, t), and(isLLC, g.snap(appleOrg, t)))
	case t == etAARP:
		return or(g.eq(field, t), and(isLLC, g.snap(0, t)))
	case t <= maxLength:
		return and(isLLC, g.llc(t))
	}
	return g.eq(field, t)
}
