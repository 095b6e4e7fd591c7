package rules

import (
	"strings"
	"unicode/utf8"
)

// minWidth is the narrowest text that is still read: a smaller width is taken for it.
const minWidth = 24

// Text returns the rule for a terminal, in lines of at most width columns (an
// address or a word that is longer stands on a line of its own). Width 0 does
// not wrap. It ends in a line feed.
func Text(r Rule, width int) string {
	if width > 0 {
		width = max(width, minWidth)
	}
	var b strings.Builder
	head := r.ID + " (" + r.Severity.String()
	if r.Reference != "" {
		head += ", " + r.Reference
	}
	wrap(&b, head+")", width, "", "  ")
	wrap(&b, upperFirst(r.Summary), width, "", "")
	section := func(title string) { b.WriteString("\n" + title + "\n") }
	section("Meaning")
	wrap(&b, r.Meaning, width, "  ", "  ")
	section("Evidence")
	wrap(&b, r.Evidence, width, "  ", "  ")
	section("Usual causes")
	for _, c := range r.Causes {
		wrap(&b, c, width, "  - ", "    ")
	}
	section("Fix")
	wrap(&b, r.Fix, width, "  ", "  ")
	section("References")
	for _, ref := range r.References {
		wrap(&b, citation(ref), width, "  ", "    ")
		wrap(&b, ref.URL(), width, "    ", "    ")
	}
	return b.String()
}

// citation is a reference with what it is about.
func citation(r Ref) string {
	if r.RFC == 0 || r.Title == "" {
		return r.String()
	}
	return r.String() + ", " + r.Title
}

// upperFirst makes a summary a line of its own.
func upperFirst(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}

// wrap writes s as lines of at most width columns, the first after the prefix
// first, the others after next. All characters of the rules are one column wide.
func wrap(b *strings.Builder, s string, width int, first, next string) {
	b.WriteString(first)
	at, begun := len(first), false
	for _, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case !begun:
		case width > 0 && at+1+n > width:
			b.WriteString("\n" + next)
			at = len(next)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
		begun = true
	}
	b.WriteByte('\n')
}
