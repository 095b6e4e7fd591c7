package http1

import (
	"bytes"
	"strings"
)

// ParseRequest reads the head of a request: what Scanner.Scan found, or any
// bytes that start with one. Input that ends before the empty line is read as
// far as it goes. The result is owned.
//
// The error is a *SyntaxError when there is no request line. Everything else
// that is wrong is a Problem, and what could be read is kept.
func ParseRequest(head []byte) (Request, error) {
	var r Request
	err := parseRequest(head, string(head), &r)
	return r, err
}

// parseRequest reads head into r, whose slices are reused. text is an owned copy of head.
func parseRequest(head []byte, text string, r *Request) error {
	*r = Request{Head: r.Head.emptied()}
	p := parser{raw: head, head: text, out: &r.Head}
	line, at := p.startLine()
	method, rest, ok := cutSpace(line)
	if !ok || !isToken(method) || len(method) > MaxMethod {
		return &SyntaxError{Part: "request line", Offset: at, Reason: "does not begin with a method"}
	}
	// The version is the last word, so that a target with spaces stays whole.
	cut := lastSpace(trimRight(rest))
	if cut < 0 {
		return &SyntaxError{Part: "request line", Offset: at, Reason: "has no HTTP version"}
	}
	version := trimRight(rest[cut+1:])
	r.Major, r.Minor, ok = parseVersion(version)
	if !ok {
		return &SyntaxError{Part: "request line", Offset: at, Reason: "does not end in an HTTP version"}
	}
	r.Method, r.Target = method, trim(rest[:cut])
	if i := indexControl(r.Target); r.Target == "" || i >= 0 {
		return &SyntaxError{Part: "request line", Offset: at, Reason: "has no target, or one with control characters"}
	}
	if !divided(line, len(r.Method), len(r.Target), len(version)) || indexSpace(r.Target) >= 0 {
		p.problem(StartLineSpace, line, at)
	}
	p.fields()
	return nil
}

// divided tells whether a line consists of words of these lengths, with one space
// between them.
func divided(line string, a, b, c int) bool {
	return len(line) == a+1+b+1+c && line[a] == ' ' && line[a+1+b] == ' '
}

// ParseResponse reads the head of a response, as ParseRequest does that of a
// request. A status line without a reason phrase may lack the space before it.
func ParseResponse(head []byte) (Response, error) {
	var r Response
	err := parseResponse(head, string(head), &r)
	return r, err
}

// parseResponse reads head into r, whose slices are reused. text is an owned copy of head.
func parseResponse(head []byte, text string, r *Response) error {
	*r = Response{Head: r.Head.emptied()}
	p := parser{raw: head, head: text, out: &r.Head}
	line, at := p.startLine()
	version, rest, _ := cutSpace(line)
	var ok bool
	if r.Major, r.Minor, ok = parseVersion(version); !ok {
		return &SyntaxError{Part: "status line", Offset: at, Reason: "does not begin with an HTTP version"}
	}
	status, reason, _ := cutSpace(trimLeft(rest))
	if r.Status, ok = parseStatus(status); !ok {
		return &SyntaxError{Part: "status line", Offset: at, Reason: "has no status code of three digits"}
	}
	r.Reason = trim(reason)
	if !strings.HasPrefix(line, version+" "+status) || len(line) > len(version)+1+len(status) && line[len(version)+1+len(status)] != ' ' {
		p.problem(StartLineSpace, line, at)
	}
	if indexControl(r.Reason) >= 0 {
		p.problem(BadValue, line, at)
	}
	p.fields()
	return nil
}

// Switches tells whether the stream stops being HTTP after this response to a
// request with the given method: 101, or 2xx to CONNECT (RFC 9110 §15.2.2, §9.3.6).
func (r *Response) Switches(method string) bool {
	return r.Status == 101 || method == "CONNECT" && r.Status/100 == 2
}

// emptied returns an empty head with room for what h has room for.
func (h *Head) emptied() Head { return Head{Headers: h.Headers[:0], Problems: h.Problems[:0]} }

// parser goes through a head line by line. It works on one owned copy of the
// head, of which all names and values are parts.
type parser struct {
	raw  []byte // the head as it is borrowed
	head string // the copy
	pos  int    // start of the next line
	line int    // number of the last line taken, from 1
	out  *Head
}

// next takes a line without its end. at is its offset. It reports false at the
// end of the input.
func (p *parser) next() (line string, at uint64, ok bool) {
	if p.pos >= len(p.head) {
		return "", uint64(p.pos), false
	}
	at = uint64(p.pos)
	line = p.head[p.pos:]
	p.line++
	i := strings.IndexByte(line, '\n')
	if i < 0 {
		p.pos = len(p.head)
		return strings.TrimSuffix(line, "\r"), at, true
	}
	p.pos += i + 1
	line = line[:i]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	} else {
		p.problem(BareLF, line, at)
	}
	if strings.IndexByte(line, '\r') >= 0 {
		p.problem(BareCR, line, at)
	}
	return line, at, true
}

func (p *parser) startLine() (line string, at uint64) {
	for {
		line, at, ok := p.next()
		if !ok || line != "" {
			return line, at
		}
		p.problem(LeadingEmptyLine, line, at)
	}
}

// usualFields is for how many field lines room is made at once, if a head has so many.
const usualFields = 32

// fields reads the field lines up to the empty line (RFC 9112 §5).
func (p *parser) fields() {
	var folded []string // the current field's value, once it is folded
	field := false      // the line before was a field line: a fold continues it
	flush := func() {
		if folded != nil {
			last := &p.out.Headers[len(p.out.Headers)-1]
			last.Value = trim(strings.Join(folded, " ")) // the first part may be empty
			folded = nil
		}
	}
	first := true
	for {
		if f, n := plainField(p.raw[p.pos:], p.head[p.pos:]); n > 0 {
			flush()
			p.pos += n
			p.line++
			p.add(f)
			field, first = true, false
			continue
		}
		line, at, ok := p.next()
		if !ok || line == "" {
			break
		}
		switch {
		case isSpace(line[0]) && field:
			p.problem(ObsFold, line, at)
			if folded == nil {
				folded = append(folded, p.out.Headers[len(p.out.Headers)-1].Value)
			}
			if v := p.value(line, line, at); v != "" {
				folded = append(folded, v)
			}
		case isSpace(line[0]) && first:
			// Such lines are consumed without further processing (§2.2).
			p.problem(SpaceAfterStart, line, at)
			continue
		case isSpace(line[0]):
			// It continues a line that was no field: neither is it.
			p.problem(ObsFold, line, at)
		default:
			flush()
			field = p.field(line, at)
		}
		first = false
	}
	flush()
}

// plainField reads the field line that b begins with, and s, where nothing is
// wrong with it and it ends in CRLF: n bytes. Any other line is n = 0.
func plainField(b []byte, s string) (f Field, n int) {
	colon := 0
	for colon < len(b) && tokenBytes[b[colon]] {
		colon++
	}
	if colon == 0 || colon == len(b) || b[colon] != ':' {
		return f, 0
	}
	from := colon + 1
	if from < len(b) && b[from] == ' ' {
		from++
	}
	to := from + bytes.IndexByte(b[from:], '\n')
	if to <= from || b[to-1] != '\r' || hasControl(b[from:to-1]) {
		return f, 0
	}
	return Field{Name: s[:colon], Value: trim(s[from : to-1])}, to + 1
}

// field reads a field line and reports whether it is one.
func (p *parser) field(line string, at uint64) bool {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		p.problem(NoColon, line, at)
		return false
	}
	trimmed := trimRight(name)
	if trimmed != name {
		p.problem(SpaceBeforeColon, line, at)
	}
	if !isToken(trimmed) {
		p.problem(BadName, line, at)
	}
	p.add(Field{Name: trimmed, Value: p.value(value, line, at)})
	return true
}

func (p *parser) add(f Field) {
	if p.out.Headers == nil {
		p.out.Headers = make(Headers, 0, min(1+strings.Count(p.head[p.pos:], "\n"), usualFields))
	}
	p.out.Headers = append(p.out.Headers, f)
}

// value cleans a field value: a bare CR counts as a space (RFC 9112 §2.2),
// white space around the value does not belong to it.
func (p *parser) value(v, line string, at uint64) string {
	v = trim(strings.ReplaceAll(v, "\r", " "))
	if indexControl(v) >= 0 {
		p.problem(BadValue, line, at)
	}
	return v
}

func (p *parser) problem(k ProblemKind, line string, at uint64) {
	if len(p.out.Problems) == MaxProblems {
		p.out.MoreProblems++
		return
	}
	text := line[:min(len(line), MaxProblemText)]
	p.out.Problems = append(p.out.Problems, Problem{Kind: k, Line: p.line, Offset: at, Text: text})
}
