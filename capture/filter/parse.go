package filter

// The parser makes a tree; what a value stands for depends on the qualifiers
// before it, which the generator carries from left to right, as in "tcp port 80
// or 443". The grammar is that of libpcap:
//
//	expr  = term { (and | or) (term | id) }        both operators of one precedence, to the left
//	term  = not term | head id | "(" expr ")" | protocol | arith relop arith | other
//	head  = [protocol] [direction] [type] | [protocol] "proto"
//	id    = value | not id | "(" id { (and | or) id } ")"

// treeKind is what a tree is.
type treeKind uint8

const (
	tList     treeKind = iota // kids joined by ops, from left to right
	tParens                   // kids[0] in parentheses; a term
	tNot                      // kids[0]
	tHead                     // qual, then kids[0], an id
	tProtocol                 // tok: a protocol alone
	tRelation                 // left, tok, right
	tOther                    // tok: broadcast, less, vlan, ... ; qual.proto, num
	tValue                    // tok [/ or mask tok2]: an id
)

// tree is a part of an expression.
type tree struct {
	kind   treeKind
	id     bool // by the grammar an id, not a term
	tok    token
	tok2   token // what follows "/" or "mask"
	by     byte  // '/' or 'm' where tok2 holds
	kids   []*tree
	ops    []bool // tList: between kids[i] and kids[i+1]; true for or
	qual   qual
	left   *arith // tRelation
	right  *arith
	hasNum bool // tOther
	num    uint32
}

// arith is an arithmetic expression.
type arith struct {
	tok   token // kNum; "len"; an operator; or the protocol of an access
	op    string
	a, b  *arith
	size  uint32 // of an access: 1, 2 or 4
	sized token  // where size stands
}

// isNumber tells whether it is a bare number, perhaps in parentheses, that can
// stand for a value.
func (a *arith) isNumber() bool { return a.op == "" && a.tok.kind == kNum }

// maxDepth bounds parentheses, nots and operators within each other.
const maxDepth = 1000

type parser struct {
	toks  []token
	at    int
	depth int
}

// parse returns nil for the empty expression.
func parse(s string) (*tree, error) {
	toks, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{toks: toks}
	if p.peek().kind == kEnd {
		return nil, nil
	}
	a, t, err := p.list()
	if err != nil {
		return nil, err
	}
	if a != nil {
		if t, err = p.idOf(a); err != nil {
			return nil, err
		}
	}
	if first := t.kids[:min(1, len(t.kids))]; t.kind == tList && first[0].id {
		return nil, bareValue(first[0])
	} else if t.id {
		return nil, bareValue(t)
	}
	if tok := p.peek(); tok.kind != kEnd {
		return nil, p.trailing(tok)
	}
	return t, nil
}

func (p *parser) peek() token { return p.toks[p.at] }

func (p *parser) peekAt(n int) token { return p.toks[min(p.at+n, len(p.toks)-1)] }

func (p *parser) next() token {
	t := p.toks[p.at]
	if t.kind != kEnd {
		p.at++
	}
	return t
}

func (p *parser) take(k kind, text string) bool {
	if p.peek().is(k, text) {
		p.at++
		return true
	}
	return false
}

func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return p.peek().fail("nested more than %d deep", maxDepth)
	}
	return nil
}

// bareValue refuses a value that has no type before it.
func bareValue(t *tree) *Error {
	for t.kind != tValue {
		t = t.kids[0]
	}
	e := t.tok.fail("a value needs to be told what it is")
	switch t.tok.kind {
	case kNum:
		e.Suggest = "port " + t.tok.text
	case kDotted, kIPv6:
		e.Suggest = "host " + t.tok.text
	case kMAC:
		e.Suggest = "ether host " + t.tok.text
	case kName:
		e.Msg = "no word of the language"
		e.Suggest = closest(t.tok.text, keywordList())
	}
	return e
}

func keywordList() []string {
	out := make([]string, 0, len(keywords))
	for k := range keywords {
		if _, refused := elsewhere[k]; !refused {
			out = append(out, k)
		}
	}
	return out
}

// trailing refuses what stands behind a complete term. A misspelt word before
// it, which passed for a value, is the better one to blame.
func (p *parser) trailing(t token) *Error {
	if p.at > 0 {
		before := p.toks[p.at-1]
		begins := p.at == 1 || p.toks[p.at-2].kind == kKeyword || p.toks[p.at-2].is(kOp, "(")
		if before.kind == kName && begins && (p.at == 1 || protocols[p.toks[p.at-2].text] == protoNone) {
			if word := closest(before.text, keywordList()); word != "" {
				e := before.fail("no word of the language")
				e.Suggest = word
				return e
			}
		}
	}
	return p.unexpected(t)
}

func (p *parser) unexpected(t token) *Error {
	switch t.kind {
	case kEnd:
		return t.fail("the expression ends too soon")
	case kName:
		e := t.fail("did not expect this here")
		e.Suggest = closest(t.text, keywordList())
		return e
	case kOp:
		if t.text == ")" {
			return t.fail("no parenthesis is open here")
		}
		return t.fail("an operator where none can be")
	}
	return t.fail("did not expect this here; and, or or the end was due")
}

// list reads terms and ids joined by and, or. In place of a tree it returns the
// arithmetic expression, where that is all there was before the end or ")".
func (p *parser) list() (*arith, *tree, error) {
	if err := p.enter(); err != nil {
		return nil, nil, err
	}
	defer func() { p.depth-- }()
	a, first, err := p.item()
	if err != nil {
		return nil, nil, err
	}
	if a != nil {
		if t := p.peek(); !t.is(kKeyword, "and") && !t.is(kKeyword, "or") {
			return a, nil, nil
		}
		if first, err = p.idOf(a); err != nil {
			return nil, nil, err
		}
	}
	l := &tree{kind: tList, kids: []*tree{first}, id: first.id}
	for p.peek().is(kKeyword, "and") || p.peek().is(kKeyword, "or") {
		l.ops = append(l.ops, p.next().text == "or")
		a, t, err := p.item()
		if err == nil && a != nil {
			t, err = p.idOf(a)
		}
		if err != nil {
			return nil, nil, err
		}
		if l.id && !t.id {
			return nil, nil, bareValue(first)
		}
		l.kids = append(l.kids, t)
	}
	if len(l.kids) == 1 {
		return nil, first, nil
	}
	return nil, l, nil
}

// idOf makes a value of a bare number.
func (p *parser) idOf(a *arith) (*tree, error) {
	if !a.isNumber() {
		return nil, p.peek().fail("a comparison is missing: =, !=, <, >, <= or >=")
	}
	return &tree{kind: tValue, id: true, tok: a.tok}, nil
}

// item reads one term or id, or an arithmetic expression that is not compared.
func (p *parser) item() (*arith, *tree, error) {
	if err := p.enter(); err != nil {
		return nil, nil, err
	}
	defer func() { p.depth-- }()
	t := p.peek()
	switch {
	case t.is(kKeyword, "not"):
		p.next()
		a, of, err := p.item()
		if err == nil && a != nil {
			of, err = p.idOf(a)
		}
		if err != nil {
			return nil, nil, err
		}
		return nil, &tree{kind: tNot, id: of.id, tok: t, kids: []*tree{of}}, nil
	case t.is(kOp, "("):
		p.next()
		a, of, err := p.list()
		if err != nil {
			return nil, nil, err
		}
		if !p.take(kOp, ")") {
			e := p.peek().fail("a closing parenthesis is missing")
			if p.peek().kind != kEnd {
				e = p.trailing(p.peek())
			}
			return nil, nil, e
		}
		if a != nil {
			return p.relation(a)
		}
		if of.id {
			return nil, of, nil
		}
		return nil, &tree{kind: tParens, tok: t, kids: []*tree{of}}, nil
	case p.beginsArith(t):
		a, err := p.operand()
		if err != nil {
			return nil, nil, err
		}
		// "10/8": a net in short, if not a quotient.
		if t.kind == kNum && p.peek().is(kOp, "/") && p.isShortNet() {
			return nil, p.mask(t), nil
		}
		return p.relation(a)
	case t.kind == kKeyword:
		of, err := p.term()
		return nil, of, err
	}
	of, err := p.value()
	return nil, of, err
}

// isShortNet tells whether NUM / NUM follows "net", or another value after it,
// rather than being part of a comparison.
func (p *parser) isShortNet() bool {
	if p.peekAt(1).kind != kNum {
		return false
	}
	n := 2
	for p.peekAt(n).is(kOp, ")") {
		n++
	}
	after := p.peekAt(n)
	return after.kind == kEnd || after.is(kKeyword, "and") || after.is(kKeyword, "or")
}

func (p *parser) beginsArith(t token) bool {
	return t.kind == kNum || t.is(kOp, "-") || t.is(kKeyword, "len") ||
		t.kind == kKeyword && protocols[t.text] != protoNone && p.peekAt(1).is(kOp, "[")
}

// value reads an address or a name, perhaps with a mask.
func (p *parser) value() (*tree, error) {
	t := p.next()
	switch t.kind {
	case kDotted, kIPv6:
		if p.peek().is(kOp, "/") && p.peekAt(1).kind == kNum || p.peek().is(kKeyword, "mask") {
			return p.mask(t), nil
		}
	case kMAC, kName, kAID:
	default:
		return nil, p.unexpected(t)
	}
	return &tree{kind: tValue, id: true, tok: t}, nil
}

// mask reads what follows an address: a prefix length or a mask. The generator
// judges it.
func (p *parser) mask(t token) *tree {
	v := &tree{kind: tValue, id: true, tok: t, by: '/'}
	if p.next().kind == kKeyword {
		v.by = 'm'
	}
	v.tok2 = p.next()
	return v
}
