package query

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// step goes from a JSON value to one inside it: by key, or by index from 0.
type step struct {
	key   string
	index int // -1: by key
}

// parsePath reads what follows "json" in a word that begins at byte pos of the
// filter: .key, ."any key", [index].
func parsePath(s string, pos int) ([]step, *Error) {
	var path []step
	bad := func(from, to int, msg string) ([]step, *Error) {
		return nil, &Error{Pos: pos + from, End: pos + to, Msg: msg}
	}
	for i := 0; i < len(s); {
		if len(path) == MaxPath {
			return bad(i, len(s), "the path is longer than "+strconv.Itoa(MaxPath)+" steps")
		}
		switch {
		case s[i] == '[':
			n := strings.IndexByte(s[i:], ']')
			if n < 0 || !isDigits(s[i+1:i+n]) || n > 10 {
				return bad(i, len(s), "an index is a number in brackets, as in json.items[0]")
			}
			v, _ := strconv.Atoi(s[i+1 : i+n])
			path = append(path, step{index: v})
			i += n + 1
		case s[i] == '.' && i+1 < len(s) && s[i+1] == '"':
			l := lexer{s: s, i: i + 1}
			t, err := l.quoted(false)
			if err != nil {
				return bad(err.Pos, err.End, err.Msg)
			}
			path = append(path, step{key: t.text, index: -1})
			i = l.i
		case s[i] == '.':
			n := strings.IndexAny(s[i+1:], ".[]\"")
			if n < 0 {
				n = len(s) - i - 1
			}
			if n == 0 {
				return bad(i, i+1, "a key is missing after this dot")
			}
			path = append(path, step{key: s[i+1 : i+1+n], index: -1})
			i += 1 + n
		default:
			_, n := utf8.DecodeRuneInString(s[i:])
			return bad(i, i+n, "a path goes on with a dot or a bracket, as in json.items[0].name")
		}
	}
	return path, nil
}

// pathString writes a path as parsePath reads it.
func pathString(path []step) string {
	var b strings.Builder
	for _, s := range path {
		switch {
		case s.index >= 0:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case plainKey(s.key):
			b.WriteString("." + s.key)
		default:
			b.WriteString("." + quote(s.key))
		}
	}
	return b.String()
}

func plainKey(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '$' || c == '@') {
			return false
		}
	}
	return s != ""
}
