package query

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Completion is one way to go on at the cursor.
type Completion struct {
	// Start and End are the bytes of the filter that Text takes the place of: the
	// word at the cursor, or nothing.
	Start, End int
	Text       string
	Meaning    string // one line; may be empty
}

// place in a filter, by what is expected there.
type expected uint8

const (
	expectTest expected = iota
	expectOperator
	expectValue
	expectBrace // after in
	expectSet   // between { and }
	expectConnective
)

// Complete offers what can stand at byte cursor of a filter that is being typed:
// fields, the operators that the field before takes, the values that it has,
// and, or, not. What begins like the word at the cursor comes first, then other
// names that do, then names that contain it. It offers nothing inside of a string or after what cannot be
// read.
func Complete(expr string, cursor int) []Completion {
	cursor = min(max(cursor, 0), len(expr))
	for cursor > 0 && cursor < len(expr) && !utf8.RuneStart(expr[cursor]) {
		cursor--
	}
	tokens, err := lex(expr[:cursor])
	if err != nil {
		return nil
	}
	tokens = tokens[:len(tokens)-1]
	word := token{pos: cursor}
	if n := len(tokens); n > 0 && tokens[n-1].kind == tokWord && tokens[n-1].end == cursor {
		word, tokens = tokens[n-1], tokens[:n-1]
	}
	end := cursor
	for end < len(expr) {
		r, n := utf8.DecodeRuneInString(expr[end:])
		if !wordRune(r) {
			break
		}
		end += n
	}
	o := offers{word: strings.ToLower(word.text), start: word.pos, end: end}
	at, fd := walk(tokens)
	switch at {
	case expectTest:
		for _, f := range table {
			o.field(f)
		}
		o.add("not", "turn round what follows")
	case expectOperator:
		if fd != nil {
			for _, op := range fd.operators() {
				o.add(op, operatorMeanings[op])
			}
		}
		o.connectives()
	case expectBrace:
		o.add("{", "the values of the set")
	case expectValue, expectSet:
		o.values(fd)
	case expectConnective:
		o.connectives()
	}
	return slices.Concat(o.begins, o.aliases, o.contains)
}

var operatorMeanings = map[string]string{
	"==": "any value is equal", "!=": "it is there and all values differ", "<": "less", "<=": "less or equal", ">": "greater", ">=": "greater or equal",
	"contains": "the text has this in it", "matches": "the text has what the RE2 pattern describes", "in": "one of { }, ranges as in 1..5",
}

// walk goes through whole tokens and says what comes next, and of which field.
func walk(tokens []token) (at expected, fd *field) {
	for _, t := range tokens {
		switch at {
		case expectTest:
			if t.kind == tokWord && !isNot(t) {
				ref, err := lookup(t)
				if fd = ref.field; err != nil {
					fd = nil
				}
				at = expectOperator
			}
		case expectOperator, expectConnective:
			op := among(operators, t)
			switch {
			case among(connectives, t) != "":
				at = expectTest
			case t.is(")"):
				at = expectConnective
			case op == "in" && at == expectOperator:
				at = expectBrace
			case op != "" && at == expectOperator:
				at = expectValue
			}
		case expectBrace:
			at = expectSet
		case expectValue:
			at = expectConnective
		case expectSet:
			if t.is("}") {
				at = expectConnective
			}
		}
	}
	return at, fd
}

// offers collects completions of a word.
type offers struct {
	word                      string
	start, end                int
	begins, aliases, contains []Completion
}

func (o *offers) add(text, meaning string) {
	c := Completion{o.start, o.end, text, meaning}
	switch low := strings.ToLower(text); {
	case strings.HasPrefix(low, o.word):
		o.begins = append(o.begins, c)
	case len(o.word) > 1 && strings.Contains(low, o.word):
		o.contains = append(o.contains, c)
	}
}

// field offers a field by its name, or by the alias that is being typed.
func (o *offers) field(f *field) {
	switch f.Name {
	case "header.NAME":
		o.add(headerPrefix, f.Meaning)
	case "json.PATH":
		if !isJSON(o.word) {
			o.add("json.", f.Meaning)
		}
		return
	default:
		n := len(o.begins)
		o.add(f.Name, f.Meaning)
		if len(o.begins) > n {
			return
		}
	}
	for _, a := range f.Aliases {
		if len(o.word) > 1 && strings.HasPrefix(a, o.word) {
			o.aliases = append(o.aliases, Completion{o.start, o.end, a, f.Meaning})
		}
	}
}

func (o *offers) connectives() {
	o.add("and", "both")
	o.add("or", "either")
}

func (o *offers) values(f *field) {
	if f == nil {
		return
	}
	values := f.Values
	if f.Type == Flag {
		values = []string{"true", "false"}
	}
	for _, v := range values {
		o.add(v, "")
	}
}
