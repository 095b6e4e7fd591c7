package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind of a token.
type kind uint8

const (
	tokEnd    kind = iota
	tokWord        // name, number, address: text is as written
	tokString      // text is what stands between the quotes, escapes undone
	tokSign        // operator or bracket: text is its canonical form
)

type token struct {
	kind     kind
	text     string
	pos, end int
}

// is reports whether t is that sign.
func (t token) is(sign string) bool { return t.kind == tokSign && t.text == sign }

// lex takes a filter apart. The last token is tokEnd. After an error, tokens
// holds what came before it.
func lex(expr string) (tokens []token, err *Error) {
	l := lexer{s: expr}
	if len(expr) > MaxExpr {
		return nil, &Error{Pos: 0, End: 0, Msg: "the filter is too long"}
	}
	if i := invalidUTF8(expr); i >= 0 {
		return nil, &Error{Pos: i, End: i + 1, Msg: "the filter is not UTF-8 here; in a string, write the byte as \\xNN"}
	}
	for {
		t, err := l.next()
		if err != nil {
			return tokens, err
		}
		tokens = append(tokens, t)
		if t.kind == tokEnd {
			return tokens, nil
		}
	}
}

func invalidUTF8(s string) int {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return i
		}
	}
	return -1
}

type lexer struct {
	s string
	i int
}

// signs from the longest to the shortest, with their canonical form.
var signs = []struct{ text, sign string }{
	{"&&", "and"}, {"||", "or"}, {"==", "=="}, {"!=", "!="}, {"<=", "<="}, {">=", ">="},
	{"<", "<"}, {">", ">"}, {"~", "matches"}, {"!", "not"},
	{"(", "("}, {")", ")"}, {"{", "{"}, {"}", "}"}, {",", ","},
}

// slips are signs that other languages have.
var slips = []struct{ text, meant string }{
	{"===", "=="}, {"!==", "!="}, {"=>", ">="}, {"=<", "<="}, {"<>", "!="}, {"=~", "matches"}, {"=", "=="}, {"&", "&&"}, {"|", "||"},
}

func (l *lexer) next() (token, *Error) {
	rest := strings.TrimLeftFunc(l.s[l.i:], unicode.IsSpace)
	l.i = len(l.s) - len(rest)
	if rest == "" {
		return token{kind: tokEnd, pos: l.i, end: l.i}, nil
	}
	for _, s := range slips {
		// The right sign may begin like a slip: && does like &.
		if strings.HasPrefix(rest, s.text) && !(len(s.text) == 1 && len(rest) > 1 && rest[1] == rest[0]) {
			e := &Error{l.i, l.i + len(s.text), "there is no " + s.text, s.meant}
			if last, _ := utf8.DecodeLastRuneInString(l.s[:l.i]); l.i > 0 && wordRune(last) {
				e.Msg += ", and a value that has one goes into quotes"
			}
			return token{}, e
		}
	}
	for _, s := range signs {
		if strings.HasPrefix(rest, s.text) {
			t := token{tokSign, s.sign, l.i, l.i + len(s.text)}
			l.i = t.end
			return t, nil
		}
	}
	switch {
	case rest[0] == '"' || rest[0] == '\'':
		return l.quoted(false)
	case (rest[0] == 'r' || rest[0] == 'R') && len(rest) > 1 && rest[1] == '"':
		l.i++
		return l.quoted(true)
	}
	return l.word()
}

// wordRune reports whether a rune may stand in a word.
func wordRune(r rune) bool {
	return r > ' ' && r != 0x7f && !strings.ContainsRune("(){},\"'=!<>&|~`“”„‘’«»", r) && !unicode.IsSpace(r) && !unicode.IsControl(r)
}

func (l *lexer) word() (token, *Error) {
	start := l.i
	for l.i < len(l.s) {
		r, n := utf8.DecodeRuneInString(l.s[l.i:])
		if r == '"' && l.i > start && l.s[l.i-1] == '.' && isJSON(l.s[start:l.i]) {
			// A quoted key of a json path belongs to the word.
			if _, err := l.quoted(false); err != nil {
				return token{}, err
			}
			continue
		}
		if !wordRune(r) {
			break
		}
		l.i += n
	}
	if l.i > start {
		return token{tokWord, l.s[start:l.i], start, l.i}, nil
	}
	r, n := utf8.DecodeRuneInString(l.s[start:])
	err := &Error{Pos: start, End: start + n, Msg: "a filter has no such character"}
	if strings.ContainsRune("“”„‘’«»`", r) {
		err.Msg, err.Suggest = "these are not the quotes of a string", `"`
	}
	return token{}, err
}

// isJSON reports whether a word is a path into JSON.
func isJSON(word string) bool {
	return len(word) >= 4 && strings.EqualFold(word[:4], "json") && (len(word) == 4 || word[4] == '.' || word[4] == '[')
}

// quoted reads a string from its opening quote. A raw one has no escapes.
func (l *lexer) quoted(raw bool) (token, *Error) {
	start := l.i
	if raw {
		start--
	}
	quote := l.s[l.i]
	var b strings.Builder
	for l.i++; l.i < len(l.s); {
		switch c := l.s[l.i]; {
		case c == quote:
			l.i++
			return token{tokString, b.String(), start, l.i}, nil
		case c == '\\' && !raw && l.i+1 < len(l.s):
			n, err := unescape(&b, l.s[l.i:])
			if err != "" {
				return token{}, &Error{Pos: l.i, End: l.i + n, Msg: err}
			}
			l.i += n
		default:
			b.WriteByte(c)
			l.i++
		}
	}
	return token{}, &Error{Pos: start, End: start + 1, Msg: "the string that begins here does not end"}
}

// unescape undoes the escape that s begins with and returns its length. An
// escape that means nothing here stays as it is, so that "\d+" is a pattern.
func unescape(b *strings.Builder, s string) (n int, problem string) {
	digits := 0
	switch c := s[1]; c {
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case '\\', '"', '\'':
		b.WriteByte(c)
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	default:
		b.WriteByte('\\')
		return 1, ""
	}
	if digits == 0 {
		return 2, ""
	}
	v := rune(0)
	for i := 2; i < 2+digits; i++ {
		d := -1
		if i < len(s) {
			d = hexDigit(s[i])
		}
		if d < 0 {
			return min(2, len(s)), "after " + s[:2] + " come " + [...]string{2: "two", 4: "four"}[digits] + " hexadecimal digits"
		}
		v = v<<4 | rune(d)
	}
	if digits == 2 {
		b.WriteByte(byte(v))
	} else {
		b.WriteRune(v)
	}
	return 2 + digits, ""
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// quote writes s as a string that lexes to s again.
func quote(s string) string {
	const hex = "0123456789abcdef"
	b := []byte{'"'}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == utf8.RuneError && n == 1 || r < ' ' || r == 0x7f:
			b = append(b, '\\', 'x', hex[s[i]>>4], hex[s[i]&15])
		default:
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return string(append(b, '"'))
}
