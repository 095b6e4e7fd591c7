package filter

// other makes the terms that are words of their own.
func (g *generator) other(t *tree) (*cond, error) {
	switch t.tok.text {
	case "less":
		return not(g.values.compareK(jmpJgt, g.values.length(), t.num)), nil
	case "greater":
		return g.values.compareK(jmpJge, g.values.length(), t.num), nil
	case "broadcast":
		return g.broadcast(t)
	case "multicast":
		return g.multicast(t)
	case "inbound", "outbound":
		return g.direction(t)
	case "ifindex":
		return g.ifindex(t)
	}
	return g.vlan(t)
}

func (g *generator) broadcast(t *tree) (*cond, error) {
	switch t.qual.proto {
	case protoNone, protoLink:
		if g.link.kind != linkEther {
			return nil, withErr(t.tok.fail("%s has no broadcasts", g.link.name), ErrLinkType)
		}
		return g.macIs([6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, dirDst), nil
	case protoIP:
		// The network's own broadcast address is not known here, as it is not to
		// tcpdump of a file.
		dst := g.payload(16, szW)
		return and(g.linkType(etIPv4), or(g.eq(dst, 0), g.eq(dst, 0xffffffff))), nil
	}
	return nil, notFor(t.qual, t.tok, "broadcast")
}

func (g *generator) multicast(t *tree) (*cond, error) {
	switch t.qual.proto {
	case protoNone, protoLink:
		if g.link.kind != linkEther {
			return nil, withErr(t.tok.fail("%s has no multicasts of its own; ip multicast and ip6 multicast work", g.link.name), ErrLinkType)
		}
		return g.values.compareK(jmpJset, g.at(0, szB), 1), nil
	case protoIP:
		return and(g.linkType(etIPv4), g.values.compareK(jmpJge, g.payload(16, szB), 224)), nil
	case protoIP6:
		return and(g.linkType(etIPv6), g.eq(g.payload(24, szB), 255)), nil
	}
	return nil, notFor(t.qual, t.tok, "multicast")
}

// outgoing is PACKET_OUTGOING of linux/if_packet.h.
const outgoing = 4

func (g *generator) direction(t *tree) (*cond, error) {
	var c *cond
	switch {
	case g.link.kind == linkSLL:
		c = g.eq(g.at(0, szH), outgoing)
	case g.link.kind == linkSLL2:
		c = g.eq(g.at(10, szB), outgoing)
	case g.opt.Live:
		c = g.eq(g.values.load(szH, adPktType), outgoing)
	default:
		return nil, withErr(t.tok.fail("packets of %s in a file do not say their direction", g.link.name), ErrLinkType)
	}
	if t.tok.text == "inbound" {
		return not(c), nil
	}
	return c, nil
}

func (g *generator) ifindex(t *tree) (*cond, error) {
	switch {
	case g.link.kind == linkSLL2:
		return g.eq(g.at(4, szW), t.num), nil
	case g.opt.Live:
		return g.eq(g.values.load(szW, adIfindex), t.num), nil
	}
	return nil, withErr(t.tok.fail("packets of %s in a file do not say their interface", g.link.name), ErrLinkType)
}

// vlan is the condition of an 802.1Q tag, and shifts all that follows in the
// expression by its four bytes.
//
// With VLANOffload, the outermost tag may be in the packet's metadata instead.
// Then nothing is shifted, which the filter can tell only when it runs.
func (g *generator) vlan(t *tree) (*cond, error) {
	if g.link.kind != linkEther {
		return nil, withErr(t.tok.fail("%s has no VLANs", g.link.name), ErrLinkType)
	}
	if t.hasNum && t.num > 0xfff {
		return nil, t.tok2.fail("a VLAN has a number of 0 to 4095")
	}
	field := g.typeField(szH)
	c := or(or(g.eq(field, etVLAN), g.eq(field, etVLANS)), g.eq(field, etVLANQinQ))
	if t.hasNum {
		c = and(c, g.values.masked(g.payload(0, szH), 0xfff, t.num))
	}
	v := &g.values
	if g.opt.VLANOffload && g.vlans == 0 {
		present := v.load(szB, adVLANTagPresent)
		meta := g.eq(present, 1)
		if t.hasNum {
			meta = and(meta, v.masked(v.load(szH, adVLANTag), 0xfff, t.num))
			c = and(not(g.eq(present, 1)), c)
		}
		c = or(meta, c)
		g.shift = v.alu(aluLsh, v.alu(aluXor, present, v.constant(1)), v.constant(2))
	} else {
		g.typeOff += 4
		g.payOff += 4
	}
	g.vlans++
	return c, nil
}

var aluOps = map[string]uint16{"+": aluAdd, "-": aluSub, "*": aluMul, "/": aluDiv, "%": aluMod, "&": aluAnd, "|": aluOr,
	"^": aluXor, "<<": aluLsh, ">>": aluRsh}

// relation is a comparison, and before it that the protocols of its accesses
// are there.
func (g *generator) relation(t *tree) (*cond, error) {
	left, guardL, err := g.arith(t.left)
	if err != nil {
		return nil, err
	}
	right, guardR, err := g.arith(t.right)
	if err != nil {
		return nil, err
	}
	v := &g.values
	var c *cond
	switch t.tok.text {
	case "=":
		c = v.compareX(jmpJeq, left, right)
	case "!=":
		c = not(v.compareX(jmpJeq, left, right))
	case ">":
		c = v.compareX(jmpJgt, left, right)
	case "<=":
		c = not(v.compareX(jmpJgt, left, right))
	case ">=":
		c = v.compareX(jmpJge, left, right)
	case "<":
		c = not(v.compareX(jmpJge, left, right))
	}
	return all(guardL, guardR, c), nil
}

// arith is the value of an arithmetic expression, and the condition on which
// it is there, or nil. As in libpcap, that of a right operand does not count:
// "1 + tcp[0] = 5" looks at all packets, "tcp[0] + 1 = 5" at TCP.
func (g *generator) arith(a *arith) (value, *cond, error) {
	v := &g.values
	switch a.op {
	case "":
		return v.constant(a.tok.val), nil, nil
	case "len":
		return v.length(), nil, nil
	case "neg":
		x, guard, err := g.arith(a.a)
		if err != nil {
			return 0, nil, err
		}
		return v.neg(x), guard, nil
	case "[":
		return g.access(a)
	}
	x, guardX, err := g.arith(a.a)
	if err != nil {
		return 0, nil, err
	}
	y, _, err := g.arith(a.b) // libpcap guards the left operand alone
	if err != nil {
		return 0, nil, err
	}
	op := aluOps[a.op]
	if k, ok := v.isConst(y); ok {
		if k == 0 && (op == aluDiv || op == aluMod) {
			return 0, nil, a.tok.fail("a division by zero")
		}
		if k > 31 && (op == aluLsh || op == aluRsh) {
			return 0, nil, a.tok.fail("a shift by more than 31 bits")
		}
	}
	return v.alu(op, x, y), guardX, nil
}

// access is bytes of a protocol, and the condition that the packet is of it.
// Over IP that means IPv4 for all but ip6 and icmp6, and no later fragment.
func (g *generator) access(a *arith) (value, *cond, error) {
	x, guard, err := g.arith(a.a)
	if err != nil {
		return 0, nil, err
	}
	v := &g.values
	size := map[uint32]uint16{1: szB, 2: szH, 4: szW}[a.size]
	p := protocols[a.tok.text]
	switch p {
	case protoLink:
		return v.index(size, x, 0), guard, nil
	case protoIP, protoIP6, protoARP, protoRARP, protoAppleTalk, protoLAT, protoMOPRC, protoMOPDL, protoSCA:
		return g.payloadAt(x, 0, size), all(guard, g.linkType(linkProtocols[p])), nil
	case protoICMP6:
		c := and(g.linkType(etIPv6), all(guard, g.eq(g.payload(6, szB), ipICMP6)))
		return g.payloadAt(x, 40, size), c, nil
	case protoTCP, protoUDP, protoSCTP, protoICMP, protoIGMP, protoIGRP, protoPIM, protoVRRP, protoCARP:
		is, err := g.protocol(p, a.tok)
		if err != nil {
			return 0, nil, err
		}
		sum := v.alu(aluAdd, x, g.ipv4Header())
		return v.index(size, sum, g.payOff), all(g.linkType(etIPv4), guard, is, g.notFragment()), nil
	}
	return 0, nil, withErr(a.tok.fail("%q: its bytes cannot be accessed", a.tok.text), ErrUnsupported)
}

// payloadAt is size bytes at offset x+off into what the link layer carries.
func (g *generator) payloadAt(x value, off uint32, size uint16) value {
	if g.shift != noValue {
		x = g.values.alu(aluAdd, x, g.shift)
	}
	return g.values.index(size, x, g.payOff+off)
}
