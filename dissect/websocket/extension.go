package websocket

import (
	"fmt"
	"strings"
)

// Param is a parameter of an extension.
type Param struct {
	Name     string
	Value    string // unquoted
	HasValue bool   // "=" followed by a value
	Quoted   bool   // the value stood in quotes, which is as good as without
}

// Extension is one element of Sec-WebSocket-Extensions (RFC 6455 §9.1).
type Extension struct {
	Name   string
	Params []Param
}

// Bounds of ParseExtensions. Clients offer two or three extensions of up to
// four parameters; a field that holds more than this is an attack or noise.
const (
	MaxExtensions      = 64
	MaxExtensionParams = 64
)

// Get returns the first parameter of that name, without regard to case, or nil.
func (e *Extension) Get(name string) *Param {
	for i := range e.Params {
		if strings.EqualFold(e.Params[i].Name, name) {
			return &e.Params[i]
		}
	}
	return nil
}

// String writes the extension as it would stand in a field.
func (e *Extension) String() string {
	var b strings.Builder
	b.WriteString(e.Name)
	for _, p := range e.Params {
		b.WriteString("; ")
		b.WriteString(p.Name)
		switch {
		case p.HasValue && p.Quoted:
			b.WriteString(`="`)
			for i := 0; i < len(p.Value); i++ {
				if c := p.Value[i]; c == '"' || c == '\\' {
					b.WriteByte('\\')
				}
				b.WriteByte(p.Value[i])
			}
			b.WriteByte('"')
		case p.HasValue:
			b.WriteByte('=')
			b.WriteString(p.Value)
		}
	}
	return b.String()
}

// ExtensionError says where a Sec-WebSocket-Extensions value leaves the grammar.
type ExtensionError struct {
	Value  int    // index of the value
	Offset int    // byte in it
	What   string // what was expected, or is too much
}

func (e *ExtensionError) Error() string {
	return fmt.Sprintf("Sec-WebSocket-Extensions value %d, offset %d: %s", e.Value+1, e.Offset, e.What)
}

// ParseExtensions parses Sec-WebSocket-Extensions values, which form one list
// (RFC 6455 §9.1). Elements that break the grammar are left out, the others are
// returned all the same; the error is the *ExtensionError of the first one. The
// strings alias values where they can.
func ParseExtensions(values []string) ([]Extension, error) {
	var out []Extension
	var first error
	fail := func(e *ExtensionError) {
		if first == nil {
			first = e
		}
	}
	for i, v := range values {
		rest, off := v, 0
		for rest != "" {
			var e string
			e, rest = cutElement(rest)
			at := off
			off = len(v) - len(rest)
			if strings.Trim(e, " \t") == "" { // the list rule allows empty elements
				continue
			}
			if len(out) == MaxExtensions {
				fail(&ExtensionError{i, at, fmt.Sprintf("more than %d extensions", MaxExtensions)})
				return out, first
			}
			s := scanner{s: e}
			if x, ok := s.extension(); ok {
				out = append(out, x)
			} else {
				fail(&ExtensionError{i, at + s.i, s.what})
			}
		}
	}
	return out, first
}

// scanner reads one element: extension-token *( ";" extension-param ).
type scanner struct {
	s    string
	i    int
	what string // why it failed, at i
}

func (s *scanner) extension() (e Extension, ok bool) {
	if e.Name, ok = s.token("an extension name"); !ok {
		return e, false
	}
	for s.skip(); s.i < len(s.s); s.skip() {
		if s.s[s.i] != ';' {
			return s.fail(e, "expected \";\"")
		}
		s.i++
		if len(e.Params) == MaxExtensionParams {
			return s.fail(e, fmt.Sprintf("more than %d parameters", MaxExtensionParams))
		}
		p, ok := s.param()
		if !ok {
			return e, false
		}
		e.Params = append(e.Params, p)
	}
	return e, true
}

func (s *scanner) param() (p Param, ok bool) {
	if p.Name, ok = s.token("a parameter name"); !ok {
		return p, false
	}
	s.skip()
	if s.i == len(s.s) || s.s[s.i] != '=' {
		return p, true
	}
	s.i++
	p.HasValue = true
	s.skip()
	if s.i < len(s.s) && s.s[s.i] == '"' {
		p.Quoted = true
		p.Value, ok = s.quoted()
		return p, ok
	}
	p.Value, ok = s.token("a value")
	return p, ok
}

// quoted reads a quoted string. RFC 6455 §9.1 wants its content to be a token
// once unescaped. The grammar cannot express that, and offers with other
// characters are in use: they are read, and left to whoever knows the parameter.
func (s *scanner) quoted() (string, bool) {
	start := s.i
	var b []byte
	for s.i++; s.i < len(s.s); s.i++ {
		c := s.s[s.i]
		if c == '"' {
			s.i++
			if len(b) == 0 {
				s.i, s.what = start, "the quoted value is empty"
				return "", false
			}
			return string(b), true
		}
		if c == '\\' && s.i+1 < len(s.s) {
			s.i++
			c = s.s[s.i]
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			s.what = "control character in the quoted value"
			return "", false
		}
		b = append(b, c)
	}
	s.i, s.what = start, "the quote is not closed"
	return "", false
}

func (s *scanner) token(name string) (string, bool) {
	s.skip()
	start := s.i
	for s.i < len(s.s) && isTokenByte(s.s[s.i]) {
		s.i++
	}
	if s.i == start {
		s.what = "expected " + name
		return "", false
	}
	return s.s[start:s.i], true
}

func (s *scanner) skip() {
	for s.i < len(s.s) && (s.s[s.i] == ' ' || s.s[s.i] == '\t') {
		s.i++
	}
}

func (s *scanner) fail(e Extension, what string) (Extension, bool) {
	s.what = what
	return e, false
}

// isTokenByte reports whether c is a tchar (RFC 9110 §5.6.2).
func isTokenByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
