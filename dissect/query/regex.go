package query

import (
	"errors"
	"regexp"
	"regexp/syntax"
)

// pattern compiles an RE2 pattern within the bounds: Go's syntax, letter case
// matters unless (?i) says otherwise, anywhere in the value unless anchored.
func pattern(s string) (*regexp.Regexp, *fault) {
	if len(s) > MaxPattern {
		return nil, wrong("the pattern is longer than %d bytes", MaxPattern)
	}
	tree, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		var e *syntax.Error
		if errors.As(err, &e) {
			return nil, wrong("the pattern is not valid: %s: %s", e.Code, e.Expr)
		}
		return nil, wrong("the pattern is not valid: %v", err)
	}
	if states(tree) > MaxProgram {
		return nil, wrong("the pattern repeats too much: more than %d states", MaxProgram)
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, wrong("the pattern is not valid: %v", err)
	}
	return re, nil
}

// states estimates the size of a pattern's program, repetitions written out. It
// stops counting soon after MaxProgram.
func states(re *syntax.Regexp) int {
	n := 1
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpRepeat:
		times := re.Max
		if times < 0 {
			times = re.Min + 1
		}
		return min(states(re.Sub[0])+1, MaxProgram+1) * max(times, 1)
	}
	for _, sub := range re.Sub {
		if n += states(sub) + 1; n > MaxProgram {
			return MaxProgram + 1
		}
	}
	return n
}

// matches reports whether re matches s, of which only the beginning is looked at.
func matches(re *regexp.Regexp, s string) bool {
	return re.MatchString(s[:min(len(s), MaxMatchInput)])
}
