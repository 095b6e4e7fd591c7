package query

import (
	"slices"
	"strings"

	"github.com/sockeye-dev/sockeye/internal/spelling"
)

// index finds fields by every name they have, in small letters. It is never changed.
var index = makeIndex()

func makeIndex() map[string]*field {
	m := map[string]*field{}
	for _, f := range table {
		m[strings.ToLower(f.Name)] = f
		for _, a := range f.Aliases {
			m[a] = f
		}
	}
	return m
}

// The rows of the table for fields without number.
const (
	headerRow = "header.name"
	jsonRow   = "json.path"
)

// lookup finds the field that a word names, in any letter case.
func lookup(t token) (fieldRef, *Error) {
	ref := fieldRef{pos: t.pos, end: t.end}
	if isJSON(t.text) {
		path, err := parsePath(t.text[len("json"):], t.pos+len("json"))
		ref.field, ref.path, ref.name = index[jsonRow], path, "json"+pathString(path)
		return ref, err
	}
	name := strings.ToLower(t.text)
	f := index[name]
	if f != nil && f.Name == "header.NAME" && name != headerRow {
		name = headerAlias(name)
	}
	if header, ok := strings.CutPrefix(name, headerPrefix); ok {
		if !isToken(header) {
			return ref, &Error{Pos: t.pos, End: t.end, Msg: "after header. comes the name of a header field, as in header.user-agent"}
		}
		ref.field, ref.name = headerField(index[headerRow], header), name
		return ref, nil
	}
	if f == nil {
		return ref, unknownField(t)
	}
	ref.field, ref.name = f, f.Name
	if f.Type == Duration && strings.HasSuffix(name, "_ms") {
		ref.name, ref.millis = name, true
	}
	return ref, nil
}

// isToken reports whether s can be the name of a header field (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("#$%*+-.^_", c) >= 0) {
			return false
		}
	}
	return s != ""
}

// unknownField says that there is no such field, and what was probably meant:
// a value that was taken for a field ("ping"), else the nearest name.
func unknownField(t token) *Error {
	e := &Error{Pos: t.pos, End: t.end, Msg: "there is no field " + t.text}
	word := strings.ToLower(t.text)
	if word[0] >= '0' && word[0] <= '9' {
		e.Msg = "a test begins with a field, as in length > 4k"
		return e
	}
	for _, f := range valueFields() {
		for _, v := range f.Values {
			if strings.EqualFold(v, word) {
				e.Suggest = f.Name + " == " + v
				return e
			}
		}
	}
	var names []string
	for _, f := range table {
		if f.Name != "header.NAME" && f.Name != "json.PATH" {
			names = append(names, f.Name)
		}
	}
	for _, f := range table {
		names = append(names, f.Aliases...)
	}
	e.Suggest = nearest(word, names)
	return e
}

// valueFields are the fields that have values of their own, those first whose
// values are likely to be taken for fields.
func valueFields() []*field {
	var l []*field
	for _, name := range []string{"opcode", "kind", "finding", "state", "severity", "cause", "guess"} {
		l = append(l, index[name])
	}
	return l
}

// nearest is the one of names that word was probably meant to be, or "". Among
// equals the first is taken.
func nearest(word string, names []string) string {
	const maxWord = 64
	if word == "" || len(word) > maxWord {
		return ""
	}
	best, least := "", max(1, len(word)/3)*2+1 // in half slips
	for _, n := range names {
		d := 2 * spelling.Distance(word, strings.ToLower(n))
		if len(word) >= 3 && (strings.HasPrefix(n, word) || strings.HasSuffix(n, "."+word)) {
			d = 1 // a part of it was typed
		}
		if d < least && d < 2*len(n) {
			best, least = n, d
		}
	}
	return best
}

// takes reports whether a field can be compared with op.
func (f *field) takes(op string) bool { return slices.Contains(f.operators(), op) }
