package query

import (
	"fmt"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Error is what is wrong with a filter, and where.
type Error struct {
	// Pos and End are byte offsets in the filter, 0 ≤ Pos ≤ End ≤ its length. They
	// are equal where something is missing.
	Pos, End int
	// Msg says what is wrong, without a full stop.
	Msg string
	// Suggest may stand in place of the bytes from Pos to End; empty: no idea.
	Suggest string
}

// Error is one line: the place, what is wrong, what may be meant.
func (e *Error) Error() string {
	return fmt.Sprintf("filter, column %d: %s", e.Pos+1, e.Advice())
}

// Advice is what is wrong and what may be meant, without the place.
func (e *Error) Advice() string {
	s := event.SafeString(e.Msg)
	if e.Suggest != "" {
		s += "; did you mean " + event.SafeString(e.Suggest) + "?"
	}
	return s
}

// Caret draws the filter and, under it, where the error is, without a line feed
// at the end. What does not print is shown in the visible form of event.SafeText.
//
//	opcde == text
//	^~~~~
func (e *Error) Caret(expr string) string {
	pos := min(max(e.Pos, 0), len(expr))
	end := min(max(e.End, pos), len(expr))
	before, at, after := event.SafeString(expr[:pos]), event.SafeString(expr[pos:end]), event.SafeString(expr[end:])
	marks := max(event.Width(at), 1) - 1
	return before + at + after + "\n" +
		strings.Repeat(" ", event.Width(before)) + "^" + strings.Repeat("~", marks)
}
