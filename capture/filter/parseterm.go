package filter

// term reads a term that begins with a keyword.
func (p *parser) term() (*tree, error) {
	t := p.peek()
	if about, ok := elsewhere[t.text]; ok {
		e := t.fail("%q: filters on %s are not supported", t.text, about)
		e.err = ErrUnsupported
		return nil, e
	}
	q := qual{proto: protocols[t.text]}
	if q.proto != protoNone {
		q.protoTok = p.next()
	}
	switch n := p.peek(); {
	case n.is(kKeyword, "broadcast"), n.is(kKeyword, "multicast"):
		p.next()
		return &tree{kind: tOther, tok: n, qual: q}, nil
	case n.is(kKeyword, "proto"), n.is(kKeyword, "protochain"):
		p.next()
		q.typ = typProto
		if n.text == "protochain" {
			return nil, unsupported(n, "%q: a chain of headers needs a loop, which BPF has not")
		}
		return p.headed(q, n)
	case n.is(kKeyword, "gateway"):
		return nil, unsupported(n, "%q needs names of hosts")
	case n.kind == kKeyword && (n.text == "src" || n.text == "dst" || types[n.text] != typNone):
		p.direction(&q)
		if n := p.peek(); n.kind == kKeyword && types[n.text] != typNone {
			q.typ = types[p.next().text]
		} else if n.kind == kKeyword && (n.text == "proto" || n.text == "broadcast" || n.text == "multicast") {
			return nil, n.fail("%q takes no direction", n.text)
		}
		return p.headed(q, n)
	}
	if q.proto != protoNone {
		return &tree{kind: tProtocol, tok: t, qual: q}, nil
	}
	return p.other()
}

func unsupported(t token, format string) *Error {
	e := t.fail(format, t.text)
	e.err = ErrUnsupported
	return e
}

// direction reads src, dst, or both joined by and, or.
func (p *parser) direction(q *qual) {
	t := p.peek()
	if t.text != "src" && t.text != "dst" {
		return
	}
	p.next()
	other := "dst"
	q.dir = dirSrc
	if t.text == "dst" {
		other, q.dir = "src", dirDst
	}
	if op := p.peek(); p.peekAt(1).is(kKeyword, other) {
		switch {
		case op.is(kKeyword, "or"):
			q.dir = dirOr
		case op.is(kKeyword, "and"):
			q.dir = dirAnd
		default:
			return
		}
		p.at += 2
	}
}

// headed reads the id behind qualifiers; word is the qualifier to blame when it
// is missing.
func (p *parser) headed(q qual, word token) (*tree, error) {
	if t := p.peek(); t.kind == kKeyword && t.text != "not" {
		e := t.fail("%q needs a value, and %q is a word of the language", word.text, t.text)
		e.Suggest = `\` + t.text
		return nil, e
	} else if t.kind == kEnd {
		return nil, t.fail("%q needs a value", word.text)
	}
	a, id, err := p.headedItem()
	if err == nil && a != nil {
		id, err = p.idOf(a)
	}
	if err != nil {
		return nil, err
	}
	if !id.id {
		return nil, word.fail("%q needs a value, not a condition", word.text)
	}
	return &tree{kind: tHead, qual: q, kids: []*tree{id}, tok: word}, nil
}

// headedItem reads one id. A bare number is not taken as the begin of a sum.
func (p *parser) headedItem() (*arith, *tree, error) {
	t := p.peek()
	if t.kind == kNum {
		if p.peekAt(1).is(kOp, "/") && p.peekAt(2).kind == kNum {
			p.next()
			return nil, p.mask(t), nil
		}
		p.next()
		return &arith{tok: t}, nil, nil
	}
	return p.item()
}

// other reads the terms that are neither protocol nor head.
func (p *parser) other() (*tree, error) {
	t := p.next()
	o := &tree{kind: tOther, tok: t}
	switch t.text {
	case "inbound", "outbound":
		return o, nil
	case "less", "greater", "ifindex":
		n := p.next()
		if n.kind != kNum {
			return nil, n.fail("%q needs a number", t.text)
		}
		o.num, o.hasNum, o.tok2 = n.val, true, n
		return o, nil
	case "vlan":
		n, ok, err := p.optionalNumber()
		o.num, o.hasNum, o.tok2 = n.val, ok, n
		return o, err
	case "byte":
		return nil, unsupported(t, "%q: write ether[12] = 8 for byte 12 = 8")
	}
	return nil, p.unexpected(t)
}

// optionalNumber reads a number, perhaps in parentheses, where one stands. As
// in libpcap, a number behind "vlan" belongs to it.
func (p *parser) optionalNumber() (token, bool, error) {
	open := 0
	for p.peekAt(open).is(kOp, "(") {
		open++
	}
	n := p.peekAt(open)
	if n.kind != kNum {
		return token{}, false, nil
	}
	p.at += open + 1
	for ; open > 0; open-- {
		if !p.take(kOp, ")") {
			return n, false, p.peek().fail("a closing parenthesis is missing")
		}
	}
	return n, true, nil
}

// relation reads the rest of a comparison behind its first operand. Where none
// is, it returns the arithmetic expression.
func (p *parser) relation(first *arith) (*arith, *tree, error) {
	left, err := p.operators(first, 0)
	if err != nil {
		return nil, nil, err
	}
	t := p.peek()
	if t.kind != kOp {
		return left, nil, nil
	}
	switch t.text {
	case "=", "!=", "<", ">", "<=", ">=":
	default:
		return left, nil, nil
	}
	p.next()
	operand, err := p.operand()
	if err != nil {
		return nil, nil, err
	}
	right, err := p.operators(operand, 0)
	if err != nil {
		return nil, nil, err
	}
	return nil, &tree{kind: tRelation, tok: t, left: left, right: right}, nil
}

// binding is how tight an operator binds. In libpcap's grammar "%" and "^" have
// no precedence, so that they take everything to their right, and only the
// operand to their left: 1 + 7 % 3 + 2 is 1 + (7 % (3 + 2)).
var binding = map[string]int{"|": 1, "&": 2, "<<": 3, ">>": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 9, "^": 9}

// operators reads operators that bind tighter than min, and their operands.
func (p *parser) operators(left *arith, min int) (*arith, error) {
	for {
		t := p.peek()
		b := binding[t.text]
		if t.kind != kOp || b <= min {
			return left, nil
		}
		if err := p.enter(); err != nil {
			return nil, err
		}
		p.next()
		right, err := p.operand()
		if err != nil {
			return nil, err
		}
		if b == binding["%"] {
			right, err = p.operators(right, 0)
		} else {
			right, err = p.operators(right, b)
		}
		p.depth--
		if err != nil {
			return nil, err
		}
		left = &arith{tok: t, op: t.text, a: left, b: right}
	}
}

// operand reads a number, len, an access to bytes, a negation or parentheses.
func (p *parser) operand() (*arith, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	t := p.next()
	switch {
	case t.kind == kNum:
		return &arith{tok: t}, nil
	case t.is(kKeyword, "len"):
		return &arith{tok: t, op: "len"}, nil
	case t.is(kOp, "-"):
		of, err := p.operand()
		if err == nil {
			of, err = p.operators(of, binding["*"]) // % and ^ bind tighter
		}
		return &arith{tok: t, op: "neg", a: of}, err
	case t.is(kOp, "("):
		in, err := p.operand()
		if err == nil {
			in, err = p.operators(in, 0)
		}
		if err == nil && !p.take(kOp, ")") {
			err = p.peek().fail("a closing parenthesis is missing")
		}
		return in, err
	case t.kind == kKeyword && p.peek().is(kOp, "["):
		return p.access(t)
	case t.kind == kEnd:
		return nil, p.unexpected(t)
	}
	return nil, t.fail("a number, len or an access such as tcp[13] was due")
}

// access reads proto[expr] or proto[expr:size].
func (p *parser) access(t token) (*arith, error) {
	if about, ok := elsewhere[t.text]; ok {
		e := t.fail("%q: filters on %s are not supported", t.text, about)
		e.err = ErrUnsupported
		return nil, e
	}
	if protocols[t.text] == protoNone {
		return nil, t.fail("%q has no bytes to access", t.text)
	}
	p.next()
	index, err := p.operand()
	if err == nil {
		index, err = p.operators(index, 0)
	}
	if err != nil {
		return nil, err
	}
	a := &arith{tok: t, op: "[", a: index, size: 1, sized: t}
	if p.take(kOp, ":") {
		a.sized = p.next()
		if a.sized.kind != kNum || a.sized.val != 1 && a.sized.val != 2 && a.sized.val != 4 {
			return nil, a.sized.fail("1, 2 or 4 bytes can be accessed")
		}
		a.size = a.sized.val
	}
	if !p.take(kOp, "]") {
		return nil, p.peek().fail("a closing bracket is missing")
	}
	return a, nil
}
