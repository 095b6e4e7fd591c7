// Package rules explains the rules that conversations are checked against: what
// each says, what is looked at, what usually breaks it, and what to change.
//
//	rule's ID ─► ByID ─► Rule ─► Text (terminal), Markdown (docs/rules.md), reports for CI
//
// The texts are the project's own; nothing in them comes from a capture.
package rules

import (
	"strconv"
	"strings"
)

//go:generate go test -run "TestDocs|TestTextGolden" -update

// DocsURL is where docs/rules.md can be read. A rule's own place is DocsURL +
// "#" + Rule.Anchor().
const DocsURL = "https://github.com/sockeye-dev/sockeye/blob/main/docs/rules.md"

// Severity of a rule's breaches.
type Severity uint8

// Severities. Their values and names are those of the findings.
const (
	Info Severity = iota
	Warning
	Error
)

func (s Severity) String() string { return [...]string{"info", "warning", "error", ""}[s&3] }

// Rule is one rule, explained. Every text is plain: no markup, one paragraph, sentences.
type Rule struct {
	ID        string // stable, never reused; capitals, as in "WS-MASK-KEY"
	Severity  Severity
	Reference string   // where it comes from in short, as in "RFC 6455 §5.1"; empty for the CAP rules
	Summary   string   // one line, no full stop: what is wrong when it is broken
	Meaning   string   // what the rule says, and why it matters
	Evidence  string   // which bytes and fields are looked at, and when the rule keeps silent
	Causes    []string // what usually breaks it, the most frequent first
	Fix       string   // what to change
	// References are the clauses to read, the most important first.
	References []Ref
}

// Anchor returns the fragment of the rule's heading in docs/rules.md.
func (r Rule) Anchor() string { return strings.ToLower(r.ID) }

// URL returns the address of the rule in DocsURL.
func (r Rule) URL() string { return DocsURL + "#" + r.Anchor() }

// Family returns what the ID begins with: HS, WS, PMD, TCP or CAP.
func (r Rule) Family() string {
	family, _, _ := strings.Cut(r.ID, "-")
	return family
}

// Ref is a place to read on: a section of an RFC, or a page.
type Ref struct {
	RFC     int    // 0: not an RFC
	Section string // "5.5.1"; empty for all of it
	Title   string
	Page    string // address of what is not an RFC
}

// String returns the reference as it is cited: "RFC 6455 §5.1", or the title of a page.
func (r Ref) String() string {
	switch {
	case r.RFC == 0:
		return r.Title
	case r.Section == "":
		return "RFC " + strconv.Itoa(r.RFC)
	}
	return "RFC " + strconv.Itoa(r.RFC) + " §" + r.Section
}

// URL returns the address of the section or page.
func (r Ref) URL() string {
	switch {
	case r.RFC == 0:
		return r.Page
	case r.Section == "":
		return "https://www.rfc-editor.org/rfc/rfc" + strconv.Itoa(r.RFC)
	}
	return "https://www.rfc-editor.org/rfc/rfc" + strconv.Itoa(r.RFC) + "#section-" + r.Section
}

// families in the order of the table, with their headings.
func families() []struct{ name, heading string } {
	return []struct{ name, heading string }{
		{"HS", "Opening handshake"},
		{"WS", "Frames and messages"},
		{"PMD", "permessage-deflate"},
		{"TCP", "Transport"},
		{"CAP", "The capture itself"},
	}
}

// All returns every rule: handshake, frames and messages, permessage-deflate,
// transport, capture. The order is fixed; the caller owns the slice.
func All() []Rule {
	var out []Rule
	for _, part := range [][]Rule{requestRules(), answerRules(), frameRules(), messageRules(), closeRules(), deflateRules(), tcpRules(), captureRules()} {
		out = append(out, part...)
	}
	return out
}

// ByID returns the rule of that ID, in any letter case.
func ByID(id string) (Rule, bool) {
	for _, r := range All() {
		if strings.EqualFold(r.ID, id) {
			return r, true
		}
	}
	return Rule{}, false
}
