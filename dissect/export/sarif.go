package export

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// SARIF writes a SARIF 2.1.0 log with one run: all rules, and a result a
// finding. version is the program's, for people; it may be empty.
//
// A capture has no lines, so a result's place is the file and the logical
// location "connection 3/client/frame 7/packet 128". A result's message is for people
// (the visible form, with what SARIF takes for placeholders and links escaped);
// its property "text" is the exact sentence. Fingerprints depend on the rule and
// the place alone, so that they survive a better wording.
//
// Results are encoded one by one; the log is never held as a whole.
func SARIF(w io.Writer, version string, reports []Report) error {
	s := sarifWriter{w: bufio.NewWriter(w), index: map[string]int{}, seen: map[string]int{}}
	all := rules.All()
	for i, r := range all {
		s.index[r.ID] = i
	}
	s.lit(`{"$schema":"` + sarifSchema + `","version":"2.1.0","runs":[{"tool":`)
	s.value(sarifTool{sarifDriver(version, all)})
	s.lit(`,"invocations":[`)
	s.value(sarifInvocationOf(reports))
	s.lit(`],"artifacts":`)
	s.value(sarifArtifacts(reports))
	s.lit(`,"results":[`)
	artifact := 0
	for i := range reports {
		r := &reports[i]
		at := -1
		if r.isFile() {
			at = artifact
			artifact++
		}
		r.each(func(e *event.Event, f *event.Finding) {
			if s.results > 0 {
				s.lit(",")
			}
			s.results++
			s.lit("\n")
			s.value(s.result(r, at, e, f))
		})
	}
	s.lit("\n]}]}\n")
	if s.err != nil {
		return s.err
	}
	return s.w.Flush()
}

// sarifWriter writes a log piece by piece. The first error stays.
type sarifWriter struct {
	w       *bufio.Writer
	err     error
	results int
	index   map[string]int // rule ID to its place in the driver's rules
	seen    map[string]int // how often a fingerprint was given
}

func (s *sarifWriter) lit(text string) {
	if s.err == nil {
		_, s.err = s.w.WriteString(text)
	}
}

func (s *sarifWriter) value(v any) {
	b, err := json.Marshal(v)
	if s.err == nil {
		s.err = err
	}
	s.lit(escapeHidden(string(b)))
}

// escapeHidden writes what a terminal or an editor would act on, in JSON text, as
// \u escapes: DEL, C1 and bidirectional controls, invisible characters. They can
// stand in strings only, and mean the same there.
func escapeHidden(text string) string {
	hidden := func(r rune) bool { return !unicode.IsGraphic(r) && r != '\n' }
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func (s *sarifWriter) result(r *Report, artifact int, e *event.Event, f *event.Finding) sarifResult {
	out := sarifResult{
		RuleID:  f.Rule,
		Level:   sarifLevel(f.Severity),
		Message: sarifText{Text: sarifMessage(sentence(f))},
		Properties: sarifProperties{
			Text: strings.ToValidUTF8(f.Text, "\uFFFD"), Packet: packetOf(e), Packets: packets(e), Conn: e.Conn, Stream: e.Stream,
			From: e.From.String(), Frame: f.Frame, Message: f.Message,
			Reference: f.Reference, Evidence: event.SafeString(f.Evidence), Advice: event.SafeString(f.Advice),
		},
	}
	if i, ok := s.index[f.Rule]; ok {
		out.RuleIndex = &i
	}
	loc := sarifLocation{LogicalLocations: []sarifLogical{sarifLogicalOf(e, f)}}
	if artifact >= 0 {
		loc.PhysicalLocation = &sarifPhysical{sarifArtifactLocation{URI: fileURI(r.File), Index: &artifact}}
	}
	out.Locations = []sarifLocation{loc}
	out.PartialFingerprints = s.fingerprints(r, e, f)
	return out
}

// fingerprints identify a result across runs: the rule and the place. The
// second has the name and form that GitHub compares: the hash, and which of
// several with the same hash it is.
func (s *sarifWriter) fingerprints(r *Report, e *event.Event, f *event.Finding) map[string]string {
	id, err := json.Marshal([]any{f.Rule, filepath.ToSlash(r.File), e.Conn, e.Stream, e.From.String(), f.Frame, f.Message})
	if s.err == nil {
		s.err = err
	}
	sum := sha256.Sum256(id)
	hash := hex.EncodeToString(sum[:16])
	s.seen[hash]++
	nth := hash + ":" + strconv.Itoa(s.seen[hash])
	return map[string]string{"sockeyePlace/v1": nth, "primaryLocationLineHash": nth}
}

// sarifLogicalOf names the place in the conversation, from the outside to the inside.
func sarifLogicalOf(e *event.Event, f *event.Finding) sarifLogical {
	var parts []string
	add := func(what string, n uint64) {
		if n != 0 {
			parts = append(parts, what+" "+strconv.FormatUint(n, 10))
		}
	}
	add("connection", e.Conn)
	add("stream", uint64(e.Stream))
	if who := e.From.String(); who != "" {
		parts = append(parts, who)
	}
	add("message", f.Message)
	add("frame", f.Frame)
	add("packet", packetOf(e))
	if len(parts) == 0 {
		parts = []string{"capture"}
	}
	name := parts[len(parts)-1]
	kind, _, _ := strings.Cut(name, " ")
	return sarifLogical{Name: name, FullyQualifiedName: strings.Join(parts, "/"), Kind: kind}
}

func packets(e *event.Event) []uint64 {
	if e.Packets == [2]uint64{} {
		return nil
	}
	return e.Packets[:]
}

func sarifLevel(s event.Severity) string {
	switch s {
	case event.Error:
		return "error"
	case event.Warning:
		return "warning"
	}
	return "note"
}

// sarifMessage takes their meaning from braces, which stand for arguments (SARIF
// §3.11.5), and keeps captured text from becoming a link (§3.11.6).
func sarifMessage(s string) string {
	return strings.NewReplacer("{", "{{", "}", "}}", "](", "] (").Replace(s)
}

// fileURI is a path as a URI reference: relative ones stay relative, absolute
// ones get the file scheme.
func fileURI(file string) string {
	p := filepath.ToSlash(file)
	u := url.URL{Path: p}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
		if !strings.HasPrefix(p, "/") { // a drive letter
			u.Path = "/" + p
		}
	}
	return u.String()
}

// sarifArtifacts lists the captures that are files.
func sarifArtifacts(reports []Report) []sarifArtifact {
	out := []sarifArtifact{}
	for i := range reports {
		if r := &reports[i]; r.isFile() {
			out = append(out, sarifArtifact{
				Location: sarifArtifactLocation{URI: fileURI(r.File)},
				Roles:    []string{"analysisTarget"},
			})
		}
	}
	return out
}

// sarifInvocationOf says whether everything could be read. A damaged capture is
// an error of the run, not a result.
func sarifInvocationOf(reports []Report) sarifInvocation {
	inv := sarifInvocation{Successful: true}
	for i := range reports {
		r := &reports[i]
		for _, n := range r.notes() {
			inv.Notifications = append(inv.Notifications, sarifNotification{
				Level: "warning", Message: sarifText{Text: sarifMessage(r.name() + ": " + n)},
			})
		}
		inv.Successful = inv.Successful && !r.End.TruncatedInput
	}
	return inv
}
