package rules_test

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/dissect/rules"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

var update = flag.Bool("update", false, "write docs/rules.md and the golden files of this package anew")

// ids are the published names. Names are never reused and never disappear.
var ids = strings.Fields(`HS-METHOD HS-HOST HS-UPGRADE HS-CONNECTION HS-SYNTAX HS-KEY HS-VERSION HS-ACCEPT
	HS-SUBPROTOCOL HS-EXTENSION HS-STATUS HS-EARLY-DATA WS-MASK WS-MASK-KEY WS-RSV WS-OPCODE WS-LENGTH WS-CONTROL
	WS-FRAGMENT WS-UTF8 WS-PONG WS-CLOSE WS-AFTER-CLOSE WS-NO-CLOSE PMD-INFLATE PMD-PARAM TCP-OVERLAP TCP-RESET
	TCP-HALF-OPEN CAP-LOST CAP-SNAPLEN CAP-ONE-WAY CAP-MIDSTREAM CAP-DROPPED`)

var severities = map[string]rules.Severity{
	"HS-STATUS": rules.Warning, "HS-SYNTAX": rules.Warning, "WS-MASK-KEY": rules.Warning, "WS-NO-CLOSE": rules.Warning,
	"TCP-OVERLAP": rules.Warning, "CAP-DROPPED": rules.Warning,
	"WS-PONG": rules.Info, "TCP-RESET": rules.Info, "TCP-HALF-OPEN": rules.Info, "CAP-LOST": rules.Info,
	"CAP-SNAPLEN": rules.Info, "CAP-ONE-WAY": rules.Info, "CAP-MIDSTREAM": rules.Info,
}

func TestTable(t *testing.T) {
	var got []string
	for _, r := range rules.All() {
		got = append(got, r.ID)
		want, ok := severities[r.ID]
		if !ok {
			want = rules.Error
		}
		if r.Severity != want {
			t.Errorf("%s: severity %v, want %v", r.ID, r.Severity, want)
		}
	}
	if !slices.Equal(got, ids) {
		t.Errorf("rules\n%v, want\n%v", got, ids)
	}
}

// TestGrammar holds the texts against the table of the package that judges.
func TestGrammar(t *testing.T) {
	for _, w := range websocket.Rules() {
		r, ok := rules.ByID(string(w.Rule))
		if !ok {
			t.Errorf("%s is judged but not explained", w.Rule)
			continue
		}
		if r.Severity.String() != w.Severity.String() || r.Severity.String() != w.Rule.Severity().String() {
			t.Errorf("%s: severity %v here, %v there", r.ID, r.Severity, w.Severity)
		}
		if r.Reference != w.Reference {
			t.Errorf("%s: reference %q here, %q there", r.ID, r.Reference, w.Reference)
		}
	}
}

var (
	fullStop = regexp.MustCompile(`[.!?]( [A-Z"(]|$)`)
	clause   = regexp.MustCompile(`RFC (\d+)|§[\d.]+\d`)
)

// TestTexts checks what a reader relies on: every part is there, in sentences,
// in characters that every terminal shows one column wide.
func TestTexts(t *testing.T) {
	for _, r := range rules.All() {
		if strings.HasSuffix(r.Summary, ".") || utf8.RuneCountInString(r.Summary) > 120 || r.Summary == "" {
			t.Errorf("%s: summary %q", r.ID, r.Summary)
		}
		if n := len(fullStop.FindAllString(r.Meaning, -1)); n < 2 || n > 6 {
			t.Errorf("%s: the meaning has %d sentences", r.ID, n)
		}
		if len(r.Causes) < 3 || len(r.References) == 0 {
			t.Errorf("%s: %d causes, %d references", r.ID, len(r.Causes), len(r.References))
		}
		for _, s := range append([]string{r.Meaning, r.Evidence, r.Fix}, r.Causes...) {
			if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "then.") || strings.Contains(s, "  ") || strings.TrimSpace(s) != s {
				t.Errorf("%s: not a tidy sentence: %q", r.ID, s)
			}
			for _, c := range s {
				if (c < 0x20 || c > 0x7e) && !strings.ContainsRune("§é", c) || strings.ContainsRune("{}", c) {
					t.Errorf("%s: character %q in %q", r.ID, c, s)
				}
			}
		}
		// What the short reference cites can be looked up.
		rfc := ""
		for _, m := range clause.FindAllStringSubmatch(r.Reference, -1) {
			if m[1] != "" {
				rfc = m[0]
				continue
			}
			if !slices.ContainsFunc(r.References, func(ref rules.Ref) bool {
				s := ref.String()
				return s == rfc+" "+m[0] || strings.HasPrefix(s, rfc+" "+m[0]+".")
			}) {
				t.Errorf("%s: %s %s is not among its references", r.ID, rfc, m[0])
			}
		}
		for _, ref := range r.References {
			if !strings.HasPrefix(ref.URL(), "https://") || ref.String() == "" {
				t.Errorf("%s: reference %+v", r.ID, ref)
			}
		}
	}
}

func TestByID(t *testing.T) {
	for _, id := range ids {
		for _, asked := range []string{id, strings.ToLower(id)} {
			if r, ok := rules.ByID(asked); !ok || r.ID != id {
				t.Errorf("ByID(%q) = %q, %v", asked, r.ID, ok)
			}
		}
	}
	if r, ok := rules.ByID("WS"); ok {
		t.Errorf("a family is a rule: %+v", r)
	}
}

func TestNearest(t *testing.T) {
	for asked, want := range map[string]string{
		"WS-MSAK":       "WS-MASK",
		"ws_mask":       "WS-MASK",
		"mask":          "WS-MASK",
		"maskkey":       "WS-MASK-KEY",
		"accept":        "HS-ACCEPT",
		"WS-ACCEPT":     "HS-ACCEPT",
		"PDM-INFLATE":   "PMD-INFLATE",
		"inflat":        "PMD-INFLATE",
		"half open":     "TCP-HALF-OPEN",
		"WS-UTF-8":      "WS-UTF8",
		"HS-SUBPROTOCL": "HS-SUBPROTOCOL",
		"noclose":       "WS-NO-CLOSE",
	} {
		if got := rules.Nearest(asked); len(got) == 0 || got[0] != want {
			t.Errorf("Nearest(%q) = %v, want %s first", asked, got, want)
		}
	}
	for _, asked := range []string{"", " ", "xyzzy", "WebSocket handshake of death", strings.Repeat("Q", 1<<20)} {
		if got := rules.Nearest(asked); len(got) != 0 {
			t.Errorf("Nearest(%.20q) = %v, want nothing", asked, got)
		}
	}
}

func FuzzNearest(f *testing.F) {
	for _, s := range []string{"ws-mask", "HS-", "CAP-LOST ", "\xff\xfe", "ß", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		got := rules.Nearest(asked)
		if len(got) > 5 {
			t.Fatalf("%d suggestions", len(got))
		}
		for i, id := range got {
			if !slices.Contains(ids, id) || slices.Contains(got[:i], id) {
				t.Fatalf("Nearest(%q) = %v", asked, got)
			}
		}
		if r, ok := rules.ByID(asked); ok && (len(got) == 0 || got[0] != r.ID) {
			t.Fatalf("Nearest(%q) = %v, it is a rule itself", asked, got)
		}
	})
}

func TestTextWidth(t *testing.T) {
	for _, r := range rules.All() {
		for _, width := range []int{1, 24, 60, 80, 200} {
			text := rules.Text(r, width)
			if !strings.HasSuffix(text, "\n") {
				t.Fatalf("%s does not end in a line feed", r.ID)
			}
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s at %d: spaces at the end of %q", r.ID, width, line)
				}
				n := utf8.RuneCountInString(line)
				if n > max(width, 24) && len(strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "- "))) > 1 {
					t.Errorf("%s at %d: %d columns: %q", r.ID, width, n, line)
				}
			}
		}
		if words(rules.Text(r, 40)) != words(rules.Text(r, 0)) {
			t.Errorf("%s: wrapping changed the text", r.ID)
		}
		if !strings.Contains(rules.Text(r, 0), "\n  "+r.Meaning+"\n") {
			t.Errorf("%s: width 0 wraps", r.ID)
		}
	}
}

func words(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestTextGolden(t *testing.T) {
	r, _ := rules.ByID("ws-mask")
	golden(t, "testdata/ws-mask-80.golden", rules.Text(r, 80))
}

// TestDocs keeps docs/rules.md up to date.
func TestDocs(t *testing.T) { golden(t, "../../docs/rules.md", rules.Markdown()) }

var (
	link    = regexp.MustCompile(`\]\(#([^)]*)\)`)
	heading = regexp.MustCompile(`(?m)^### (.*)$`)
)

func TestMarkdownAnchors(t *testing.T) {
	doc := rules.Markdown()
	var headings []string
	for _, m := range heading.FindAllStringSubmatch(doc, -1) {
		headings = append(headings, strings.ToLower(m[1]))
	}
	links := link.FindAllStringSubmatch(doc, -1)
	if len(links) != len(ids) || len(headings) != len(ids) {
		t.Fatalf("%d links and %d headings for %d rules", len(links), len(headings), len(ids))
	}
	for _, m := range links {
		if !slices.Contains(headings, m[1]) {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
	for _, r := range rules.All() {
		if !slices.Contains(headings, r.Anchor()) || !strings.HasSuffix(r.URL(), "docs/rules.md#"+r.Anchor()) {
			t.Errorf("%s: anchor %q, address %s", r.ID, r.Anchor(), r.URL())
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not up to date: go generate ./dissect/rules", file)
	}
}
