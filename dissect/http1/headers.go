package http1

import "strings"

// Field is one header field: the name as written, the value without white
// space around it.
type Field struct{ Name, Value string }

// is tells whether the field has that name, in any case.
func (f *Field) is(name string) bool {
	return f.Name == name || len(f.Name) == len(name) && strings.EqualFold(f.Name, name)
}

// Headers are a head's fields in the order of the wire.
type Headers []Field

// Get returns the value of the first field with that name, in any case, or "".
func (h Headers) Get(name string) string {
	for i := range h {
		if h[i].is(name) {
			return h[i].Value
		}
	}
	return ""
}

// Values returns the values of all fields with that name, in any case, in order.
func (h Headers) Values(name string) []string {
	var out []string
	for i := range h {
		if h[i].is(name) {
			out = append(out, h[i].Value)
		}
	}
	return out
}

// Has tells whether there is a field with that name, in any case.
func (h Headers) Has(name string) bool {
	for i := range h {
		if h[i].is(name) {
			return true
		}
	}
	return false
}

// List returns the elements of a comma-separated list that may be spread over
// several fields (RFC 9110 §5.6.1). Commas within quoted strings do not
// divide; empty elements are left out.
func (h Headers) List(name string) []string {
	var out []string
	for i := range h {
		if h[i].is(name) {
			out = appendList(out, h[i].Value)
		}
	}
	return out
}

// HasToken tells whether the list of that name has the token as an element, in any case.
func (h Headers) HasToken(name, token string) bool {
	for i := range h {
		if !h[i].is(name) {
			continue
		}
		if h[i].Value == token { // as it usually is
			return true
		}
		for rest := h[i].Value; rest != ""; {
			var e string
			if e, rest = nextElement(rest); strings.EqualFold(e, token) {
				return true
			}
		}
	}
	return false
}

// Upgrades tells whether Upgrade names any protocol (RFC 9110 §7.8).
func (h Headers) Upgrades() bool {
	for i := range h {
		if !h[i].is("Upgrade") {
			continue
		}
		for rest := h[i].Value; rest != ""; {
			var e string
			if e, rest = nextElement(rest); e != "" {
				return true
			}
		}
	}
	return false
}

func appendList(out []string, v string) []string {
	for v != "" {
		var e string
		if e, v = nextElement(v); e != "" {
			out = append(out, e)
		}
	}
	return out
}

// nextElement takes the first element of a list, which may be empty, and its comma.
func nextElement(v string) (e, rest string) {
	quoted := false
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == ',' && !quoted:
			return trim(v[:i]), v[i+1:]
		case v[i] == '"':
			quoted = !quoted
		case v[i] == '\\' && quoted && i+1 < len(v):
			i++
		}
	}
	return trim(v), ""
}
