package filter

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/sockeye-dev/sockeye/internal/spelling"
)

// What an *Error of Compile may wrap.
var (
	// ErrUnsupported: tcpdump's language has it, this package does not.
	ErrUnsupported = errors.New("not supported")
	// ErrLinkType: it means nothing on packets of the given link type.
	ErrLinkType = errors.New("not for this link type")
	// ErrRejectsAll: no packet of the given link type can match. libpcap makes
	// an error of it, too; a caller with several link types may drop the packets.
	ErrRejectsAll = errors.New("no packet can match")
)

// Error says where an expression, or the text of a program, is wrong, and why.
type Error struct {
	// Pos and End are the byte offsets of the place: Pos <= End <= len(expr).
	// Pos is len(expr) where something is missing at the end.
	Pos, End int
	// Msg says what is wrong, without the place.
	Msg string
	// Suggest is what was perhaps meant in that place, or empty.
	Suggest string

	err error // one of the sentinels, or nil
}

// Error gives one line: the column (from 1, in bytes), what is wrong, what was
// perhaps meant, and the way out where there is one.
func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Pos+1, e.explain()) }

// Unwrap returns ErrUnsupported, ErrLinkType, ErrRejectsAll or nil.
func (e *Error) Unwrap() error { return e.err }

func (e *Error) explain() string {
	s := e.Msg
	if e.Suggest != "" {
		s += fmt.Sprintf("; did you mean %q?", e.Suggest)
	}
	if errors.Is(e.err, ErrUnsupported) {
		s += "; give what `tcpdump -ddd` prints for it to --bpf-raw"
	}
	return s
}

// caretWidth is the greatest width of the shown piece of an expression, in runes.
const caretWidth = 72

// Caret draws the expression with the place marked, and what is wrong, in three
// lines without a final newline. A long expression is cut around the place.
// Bytes that would disturb a terminal are shown as "?".
func (e *Error) Caret(expr string) string {
	pos, end := min(max(e.Pos, 0), len(expr)), min(max(e.End, 0), len(expr))
	before, at, after := printable(expr[:pos]), printable(expr[pos:max(pos, end)]), printable(expr[max(pos, end):])
	if len(at) > caretWidth/2 {
		at, after = at[:caretWidth/2], nil
	}
	if n := len(before) - caretWidth/3; n > 0 {
		before = append([]rune("..."), before[n:]...)
	}
	if room := caretWidth - len(before) - len(at); len(after) > room {
		after = append(after[:max(room-3, 0):max(room-3, 0)], '.', '.', '.')
	}
	mark := "^" + strings.Repeat("~", max(len(at)-1, 0))
	return fmt.Sprintf("%s%s%s\n%s%s\n%s", string(before), string(at), string(after),
		strings.Repeat(" ", len(before)), mark, e.explain())
}

func printable(s string) []rune {
	out := []rune(s)
	for i, r := range out {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			out[i] = ' '
		case r >= 0x7f && !unicode.IsLetter(r), r < 0x20:
			out[i] = '?'
		}
	}
	return out
}

// closest returns the word nearest to s, at most a third of its letters away,
// or "".
func closest(s string, words []string) string {
	best, dist := "", len(s)/3+1
	if len(s) < 2 || len(s) > 24 {
		return ""
	}
	for _, w := range words {
		if w == s || len(w) > len(s)+dist || len(s) > len(w)+dist {
			continue
		}
		if d := spelling.Distance(s, w); d < dist || d == dist && best != "" && w < best {
			best, dist = w, d
		}
	}
	return best
}
