package filter

import "strings"

// transportAny stands for TCP, UDP and SCTP.
const transportAny = 0

// portTransport returns the IP protocol number that a qualifier allows for ports.
func portTransport(q qual, t token) (uint32, error) {
	switch q.proto {
	case protoNone:
		return transportAny, nil
	case protoTCP, protoUDP, protoSCTP:
		return transports[q.proto].number, nil
	}
	return 0, notFor(q, t, "a port")
}

// ports is the condition that a port is from low to high, which are equal. via
// limits the transport besides the qualifier.
func (g *generator) ports(t token, low, high, via uint32, q qual) (*cond, error) {
	return g.portsIn(t, low, high, via, q, func(field value) *cond { return g.eq(field, low) })
}

// portRange is the condition that a port is from low to high.
func (g *generator) portRange(t token, low, high, via uint32, q qual) (*cond, error) {
	if low > high {
		low, high = high, low
	}
	return g.portsIn(t, low, high, via, q, func(field value) *cond {
		return and(g.values.compareK(jmpJge, field, low), not(g.values.compareK(jmpJgt, field, high)))
	})
}

func (g *generator) portsIn(t token, low, high, via uint32, q qual, is func(field value) *cond) (*cond, error) {
	number, err := portTransport(q, t)
	if err != nil {
		return nil, err
	}
	if low > 65535 || high > 65535 {
		return nil, t.fail("a port is 0 to 65535")
	}
	if via != transportAny {
		number = via
	}
	numbers := []uint32{number}
	if number == transportAny {
		numbers = []uint32{ipSCTP, ipTCP, ipUDP}
	}
	field4 := func(off uint32) *cond { return is(g.transport(off, szH)) }
	field6 := func(off uint32) *cond { return is(g.payload(40+off, szH)) }
	var over4, over6 *cond
	for _, n := range numbers {
		c4 := and(and(g.eq(g.payload(9, szB), n), g.notFragment()), g.portEnds(q.dir, field4))
		c6 := and(g.eq(g.payload(6, szB), n), g.portEnds(q.dir, field6))
		if over4 == nil {
			over4, over6 = c4, c6
		} else {
			over4, over6 = or(over4, c4), or(over6, c6)
		}
	}
	return or(and(g.linkType(etIPv6), over6), and(g.linkType(etIPv4), over4)), nil
}

// portEnds joins the conditions on the source port and the destination port.
func (g *generator) portEnds(d dir, field func(off uint32) *cond) *cond {
	return g.eitherEnd(d, func(isSrc bool) *cond {
		if isSrc {
			return field(0)
		}
		return field(2)
	})
}

// name is the condition of a name: of a service, of a protocol. Names of hosts
// and networks are refused.
func (g *generator) name(t token, q qual) (*cond, error) {
	switch q.typ {
	case typPort:
		s, err := g.service(t, t.text, q)
		if err != nil {
			return nil, err
		}
		return g.ports(t, s.port, s.port, s.transport(), q)
	case typPortRange:
		return g.namedRange(t, q)
	case typProto:
		return g.namedProto(t, q)
	case typNet:
		return nil, withErr(t.fail("names of networks are not looked up; give its number"), ErrUnsupported)
	}
	e := withErr(t.fail("names of hosts are not looked up; give its address"), ErrUnsupported)
	if q.proto == protoLink {
		e.Msg = "names of Ethernet addresses are not looked up; give the address"
	}
	return nil, e
}

func (s service) transport() uint32 {
	switch {
	case s.tcp && s.udp:
		return transportAny
	case s.tcp:
		return ipTCP
	}
	return ipUDP
}

// service finds a service by its name, or by its number, and holds it against
// the transport qualifier.
func (g *generator) service(t token, name string, q qual) (service, error) {
	if isNumber(name) {
		n, err := number(token{text: name, pos: t.pos, end: t.end})
		return service{n, true, true}, err
	}
	s, ok := lookupService(g.opt.Services, name)
	if !ok {
		e := t.fail("no service %q is known", name)
		known := make([]string, 0, len(commonServices))
		for k := range commonServices {
			known = append(known, k)
		}
		e.Suggest = closest(name, known)
		return s, e
	}
	switch {
	case q.proto == protoTCP && !s.tcp:
		return s, t.fail("service %q is of UDP", name)
	case q.proto == protoUDP && !s.udp:
		return s, t.fail("service %q is of TCP", name)
	case q.proto == protoSCTP && s.transport() != transportAny:
		return s, t.fail("service %q is not of SCTP; give the number of the port", name)
	case q.proto == protoTCP:
		s.udp = false
	case q.proto == protoUDP:
		s.tcp = false
	}
	return s, nil
}

// namedRange reads "80-443", "http-https". A name may itself have a hyphen, so
// every place to split is tried.
func (g *generator) namedRange(t token, q qual) (*cond, error) {
	var first error
	for i := range len(t.text) {
		if t.text[i] != '-' || i == 0 || i == len(t.text)-1 {
			continue
		}
		low, err := g.service(t, t.text[:i], q)
		var high service
		if err == nil {
			high, err = g.service(t, t.text[i+1:], q)
		}
		if err == nil {
			via := uint32(transportAny)
			if low.transport() == high.transport() {
				via = low.transport()
			}
			return g.portRange(t, low.port, high.port, via, q)
		}
		if first == nil {
			first = err
		}
	}
	if first != nil {
		return nil, first
	}
	s, err := g.service(t, t.text, q)
	if err != nil {
		return nil, err
	}
	return g.portRange(t, s.port, s.port, s.transport(), q)
}

func (g *generator) namedProto(t token, q qual) (*cond, error) {
	names, what := ipProtocols, "IP protocol"
	if q.proto == protoLink {
		names, what = etherTypes, "Ethernet protocol"
	}
	n, ok := names[strings.ToLower(t.text)]
	if !ok {
		e := t.fail("no %s %q is known", what, t.text)
		known := make([]string, 0, len(names))
		for k := range names {
			known = append(known, k)
		}
		e.Suggest = closest(t.text, known)
		return nil, e
	}
	return g.proto(t, n, q)
}

// proto is the condition that the protocol has a number.
func (g *generator) proto(t token, n uint32, q qual) (*cond, error) {
	switch q.proto {
	case protoNone:
		return or(g.ipProto(n), g.ip6Proto(n)), nil
	case protoLink:
		return g.linkType(n), nil
	case protoIP:
		return g.ipProto(n), nil
	case protoIP6:
		return g.ip6Proto(n), nil
	}
	return nil, notFor(q, t, "proto")
}
