package http1

import "strings"

// Field is one header field: the name as written, the value without white
// space around it.
type Field struct{ Name, Value string }

// Headers are a head's fields in the order of the wire.
type Headers []Field

// Get returns the value of the first field with that name, in any case, or "".
func (h Headers) Get(name string) string {
	for i := range h {
		if len(h[i].Name) == len(name) && strings.EqualFold(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// Values returns the values of all fields with that name, in any case, in order.
func (h Headers) Values(name string) []string {
	var out []string
	for i := range h {
		if len(h[i].Name) == len(name) && strings.EqualFold(h[i].Name, name) {
			out = append(out, h[i].Value)
		}
	}
	return out
}

// Has tells whether there is a field with that name, in any case.
func (h Headers) Has(name string) bool {
	for i := range h {
		if len(h[i].Name) == len(name) && strings.EqualFold(h[i].Name, name) {
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
		if len(h[i].Name) == len(name) && strings.EqualFold(h[i].Name, name) {
			out = appendList(out, h[i].Value)
		}
	}
	return out
}

// HasToken tells whether the list of that name has the token as an element, in any case.
func (h Headers) HasToken(name, token string) bool {
	for _, e := range h.List(name) {
		if strings.EqualFold(e, token) {
			return true
		}
	}
	return false
}

// UpgradeTokens returns the protocols named in Upgrade, as written, for
// example "websocket" or "h2c" (RFC 9110 §7.8).
func (h Headers) UpgradeTokens() []string { return h.List("Upgrade") }

func appendList(out []string, v string) []string {
	start, quoted := 0, false
	for i := 0; i <= len(v); i++ {
		switch {
		case i == len(v) || v[i] == ',' && !quoted:
			if e := trim(v[start:i]); e != "" {
				out = append(out, e)
			}
			start = i + 1
		case v[i] == '"':
			quoted = !quoted
		case v[i] == '\\' && quoted && i+1 < len(v):
			i++
		}
	}
	return out
}
