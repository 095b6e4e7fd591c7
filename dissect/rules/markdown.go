package rules

import (
	"fmt"
	"strings"
)

// Markdown returns docs/rules.md: an overview, and a section a rule whose
// anchor is Rule.Anchor.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# The rules of sockeye check

<!-- Made from dissect/rules by "go generate ./dissect/rules". Edit it there. -->

` + "`sockeye check`" + ` holds every conversation of a capture against these rules; ` + "`sockeye explain RULE`" + ` prints one of them.
[check.md](check.md) shows how to use it, by hand and in CI.
IDs are stable and never reused. An *error* is a breach of what a specification requires, and makes ` + "`check`" + ` exit with 1.
A *warning* is a breach that does not stop a conversation, or one that is not certain to be a fault. An *info* helps to read
the rest. What a capture does not show is not judged: a rule keeps silent where a hole or a missing handshake leaves doubt.
`)
	all := All()
	for _, f := range families() {
		fmt.Fprintf(&b, "\n## %s\n\n| rule | severity | what is wrong | reference |\n|---|---|---|---|\n", f.heading)
		for _, r := range all {
			if r.Family() == f.name {
				fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", r.ID, r.Anchor(), r.Severity, escape(r.Summary), r.Reference)
			}
		}
		for _, r := range all {
			if r.Family() == f.name {
				fmt.Fprintf(&b, "\n### %s\n\n%s", r.ID, Section(r))
			}
		}
	}
	return b.String()
}

// Section returns the rule's explanation in Markdown, without its heading.
func Section(r Rule) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "**%s.** Severity: %s.", escape(upperFirst(r.Summary)), r.Severity)
	if r.Reference != "" {
		fmt.Fprintf(b, " %s.", r.Reference)
	}
	fmt.Fprintf(b, "\n\n%s\n\n**Evidence.** %s\n\n**Usual causes.**\n\n", escape(r.Meaning), escape(r.Evidence))
	for _, c := range r.Causes {
		fmt.Fprintf(b, "- %s\n", escape(c))
	}
	fmt.Fprintf(b, "\n**Fix.** %s\n\n**References.**", escape(r.Fix))
	for i, ref := range r.References {
		sep := ";"
		if i == 0 {
			sep = ""
		}
		label := ref.String()
		fmt.Fprintf(b, "%s [%s](%s)", sep, escape(label), ref.URL())
		if t := strings.TrimPrefix(citation(ref), label); t != "" {
			b.WriteString(escape(t))
		}
	}
	b.WriteString(".\n")
	return b.String()
}

// escape takes their meaning from the characters of a text that Markdown would act on.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, "`", "\\`", `<`, `&lt;`, `|`, `\|`, `[`, `\[`, `]`, `\]`).Replace(s)
}
