package query

import "strings"

// parse makes the tree of a filter; nil of an empty one.
func parse(expr string) (node, *Error) {
	tokens, err := lex(expr)
	if err != nil {
		return nil, err
	}
	p := parser{tokens: tokens, expr: expr}
	if p.peek().kind == tokEnd {
		return nil, nil
	}
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokEnd {
		return nil, p.trailing(t, n)
	}
	return n, nil
}

type parser struct {
	tokens []token
	expr   string
	i      int
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) take() token {
	t := p.tokens[p.i]
	if t.kind != tokEnd {
		p.i++
	}
	return t
}

// operators by word and sign: what stands between two tests, or between a field and a value.
var (
	connectives = map[string]string{"and": "and", "or": "or"}
	operators   = map[string]string{
		"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
		"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
		"contains": "contains", "matches": "matches", "in": "in",
	}
)

// among looks a token up that may be a sign or a word in any letter case.
func among(m map[string]string, t token) string {
	if t.kind == tokSign || t.kind == tokWord {
		return m[strings.ToLower(t.text)]
	}
	return ""
}

// isNot reports whether t is "not" or "!".
func isNot(t token) bool {
	return t.kind == tokSign && t.text == "not" || t.kind == tokWord && strings.EqualFold(t.text, "not")
}

func (p *parser) or(depth int) (node, *Error) {
	var list []node
	for {
		n, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		if o, ok := n.(*orNode); ok { // from parentheses
			list = append(list, o.list...)
		} else {
			list = append(list, n)
		}
		if among(connectives, p.peek()) != "or" {
			break
		}
		p.take()
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return &orNode{list}, nil
}

func (p *parser) and(depth int) (node, *Error) {
	var list []node
	for {
		n, err := p.unary(depth)
		if err != nil {
			return nil, err
		}
		if a, ok := n.(*andNode); ok {
			list = append(list, a.list...)
		} else {
			list = append(list, n)
		}
		if among(connectives, p.peek()) != "and" {
			break
		}
		p.take()
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return &andNode{list}, nil
}

func (p *parser) unary(depth int) (node, *Error) {
	t := p.peek()
	if depth > MaxDepth {
		return nil, &Error{Pos: t.pos, End: t.end, Msg: "the filter is nested too deep"}
	}
	switch {
	case isNot(t):
		p.take()
		x, err := p.unary(depth + 1)
		if err != nil {
			return nil, err
		}
		return &notNode{x}, nil
	case t.is("("):
		p.take()
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if c := p.peek(); !c.is(")") {
			if c.kind != tokEnd {
				return nil, p.trailing(c, n)
			}
			return nil, &Error{Pos: t.pos, End: t.end, Msg: "this parenthesis is not closed"}
		}
		p.take()
		return n, nil
	case among(connectives, t) != "":
		return nil, &Error{Pos: t.pos, End: t.end, Msg: "a test is missing before " + p.written(t)}
	case t.kind == tokWord:
		return p.test()
	case t.kind == tokEnd:
		return nil, &Error{Pos: t.pos, End: t.end, Msg: "a field is missing here"}
	case t.kind == tokString:
		return nil, &Error{Pos: t.pos, End: t.end, Msg: "a field belongs here, not a string; to search all payload, put payload contains before it"}
	}
	return nil, &Error{Pos: t.pos, End: t.end, Msg: "a field belongs here, not " + p.written(t)}
}

// written is a token as it stands in the filter.
func (p *parser) written(t token) string { return p.expr[t.pos:t.end] }

func (p *parser) test() (node, *Error) {
	ref, err := lookup(p.take())
	if err != nil {
		return nil, err
	}
	n := &testNode{field: ref}
	negated := false
	if isNot(p.peek()) && among(operators, p.tokens[min(p.i+1, len(p.tokens)-1)]) == "in" {
		p.take()
		negated = true
	}
	op := among(operators, p.peek())
	if op == "" {
		return n, nil
	}
	t := p.take()
	n.op, n.opPos = op, [2]int{t.pos, t.end}
	if op == "in" {
		n.values, err = p.set()
	} else {
		var v literal
		v, err = p.value(ref.name + " " + op)
		n.values = []literal{v}
	}
	if err != nil {
		return nil, err
	}
	if negated {
		return &notNode{n}, nil
	}
	return n, nil
}

func (p *parser) value(after string) (literal, *Error) {
	t := p.peek()
	if t.kind == tokWord && (among(connectives, t) != "" || isNot(t)) {
		return literal{}, &Error{t.pos, t.end, "a value is missing after " + after, quote(t.text)}
	}
	switch t.kind {
	case tokWord, tokString:
		p.take()
		return literal{text: t.text, quoted: t.kind == tokString, pos: t.pos, end: t.end}, nil
	}
	if among(operators, t) != "" {
		return literal{}, &Error{Pos: t.pos, End: t.end, Msg: "two operators follow each other"}
	}
	msg := "a value is missing after " + after
	if t.is("{") {
		msg = "values in { } come after in"
	}
	return literal{}, &Error{Pos: t.pos, End: t.end, Msg: msg}
}

// set reads the values after "in".
func (p *parser) set() ([]literal, *Error) {
	open := p.peek()
	if !open.is("{") {
		return nil, &Error{Pos: open.pos, End: open.end, Msg: "after in come values in { }, as in {1000, 1001}"}
	}
	p.take()
	var list []literal
	for {
		t := p.peek()
		switch {
		case t.is("}") && len(list) > 0:
			p.take()
			return list, nil
		case t.is(",") && len(list) > 0:
			p.take()
		case t.kind == tokEnd:
			return nil, &Error{Pos: open.pos, End: open.end, Msg: "this brace is not closed"}
		}
		v, err := p.value("{")
		if err != nil {
			return nil, err
		}
		if v, err = p.ranged(v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

// ranged makes a range of a value that is written as one: 1..5 or 1 .. 5.
func (p *parser) ranged(v literal) (literal, *Error) {
	if v.quoted {
		return v, nil
	}
	from, to, ok := strings.Cut(v.text, "..")
	if !ok && p.peek().kind == tokWord && strings.HasPrefix(p.peek().text, "..") {
		t := p.take()
		from, to, ok = v.text, t.text[2:], true
		v.end = t.end
	}
	if !ok {
		return v, nil
	}
	if to == "" && p.peek().kind == tokWord {
		t := p.take()
		to, v.end = t.text, t.end
	}
	if from == "" || to == "" || strings.HasSuffix(from, ".") || strings.HasPrefix(to, ".") || strings.Contains(to, "..") {
		return v, &Error{Pos: v.pos, End: v.end, Msg: "a range is written with both ends, as in 1000..1003"}
	}
	v.text, v.to, v.ranged = from, to, true
	return v, nil
}
