package export

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

var update = flag.Bool("update", false, "write the golden files of this package anew")

// hostile is what a capture may hold to break out of a report.
const hostile = "100%\r\n::error file=x::owned\x1b[31m]]></failure>\u202e{0}[click](https://evil.example)\x00\ufffe\xff<&\"',:%0A"

const second = 1_000_000_000

func finding(conn uint64, from event.Side, packet uint64, f event.Finding) event.Event {
	return event.Event{Time: 1_700_000_000*second + int64(packet)*second/10, Conn: conn, From: from, Packets: [2]uint64{packet, packet}, Detail: &f}
}

// sample is a report of each sort: faults of both sides, the capture's own,
// hostile text, a connection without a finding, an incomplete result.
func sample() []Report {
	connection := func(n uint64, protocol string) event.Event {
		return event.Event{Conn: n, From: event.NoSide, Detail: &event.Connection{
			Client: "10.0.0.5:40000", Server: "10.0.0.9:80", Protocol: protocol, Start: 1_700_000_000 * second, End: 1_700_000_000*second + int64(n)*second,
		}}
	}
	c := NewCollector("captures/chat 1.pcap", 0)
	for _, e := range []event.Event{
		finding(2, event.Client, 128, event.Finding{Rule: "WS-MASK", Severity: event.Error, Frame: 7, Message: 6,
			Text: "client frame is not masked", Reference: "RFC 6455 §5.1", Evidence: "header 81 05", Advice: "set the mask bit"}),
		finding(1, event.Server, 4, event.Finding{Rule: "HS-STATUS", Severity: event.Warning, Text: "the server answered 403 Forbidden", Reference: "RFC 6455 §4.2.2"}),
		finding(2, event.Server, 130, event.Finding{Rule: "WS-UTF8", Severity: event.Error, Frame: 2, Message: 2, Text: hostile, Reference: "RFC 6455 §8.1", Evidence: hostile, Advice: hostile}),
		finding(2, event.Client, 140, event.Finding{Rule: "WS-MASK", Severity: event.Error, Frame: 8, Message: 7, Text: "client frame is not masked, again", Reference: "RFC 6455 §5.1"}),
		finding(4, event.NoSide, 0, event.Finding{Rule: "CAP-LOST", Severity: event.Info, Text: "1460 bytes were not captured"}),
		connection(3, "websocket"), connection(1, "http"), connection(2, "websocket"),
	} {
		c.Event(&e)
	}
	one := c.Report(event.End{Packets: 200, Connections: 4, Messages: 20, Findings: 5, TruncatedInput: true})
	h2 := finding(1, event.Client, 9, event.Finding{Rule: "WS-OPCODE", Severity: event.Error, Frame: 1, Text: "opcode 0x3 is reserved", Reference: "RFC 6455 §5.2"})
	h2.Stream = 5
	two := Report{File: "-", Findings: []event.Event{h2}, End: event.End{Packets: 9, Dropped: 1}, OmittedFindings: 3}
	return []Report{one, two, {File: "/tmp/a:b,c%.pcapng"}}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

func TestCollector(t *testing.T) {
	c := NewCollector("x.pcap", 2)
	w := c.Want()
	if !w.Kinds[event.KindFinding] || !w.Kinds[event.KindConnection] || w.Kinds[event.KindMessage] || w.Payload != event.PayloadNone {
		t.Errorf("wants %+v", w)
	}
	for n := uint64(5); n > 0; n-- {
		e := finding(n, event.Client, n, event.Finding{Rule: "WS-MASK"})
		c.Event(&e)
		c.Event(&event.Event{Conn: n, Detail: &event.Connection{}})
		c.Event(&event.Event{Conn: n, Detail: &event.Message{}})
	}
	r := c.Report(event.End{Packets: 5})
	if len(r.Findings) != 2 || r.OmittedFindings != 3 || len(r.Connections) != 2 || r.OmittedConnections != 3 || r.End.Packets != 5 {
		t.Errorf("report %+v", r)
	}
	if r.Connections[0].Number != 4 || r.Connections[1].Number != 5 || r.Findings[0].Conn != 5 {
		t.Errorf("order: %+v", r)
	}
	want := []string{"3 more findings not listed", "3 more connections not listed"}
	if got := r.notes(); !slices.Equal(got, want) {
		t.Errorf("notes %q, want %q", got, want)
	}
}

func TestLine(t *testing.T) {
	var out []byte
	for _, r := range sample() {
		for i := range r.Findings {
			out = Line(out, r.File, &r.Findings[i])
		}
	}
	golden(t, "findings.txt", out)
	if got := Line(nil, "x", &event.Event{Detail: &event.Message{}}); got != nil {
		t.Errorf("a message is a line: %q", got)
	}
}

func TestGitHub(t *testing.T) {
	var b bytes.Buffer
	if err := GitHub(&b, sample()); err != nil {
		t.Fatal(err)
	}
	golden(t, "findings.github", b.Bytes())
	for line := range strings.Lines(b.String()) {
		if _, _, _, ok := parseCommand(strings.TrimSuffix(line, "\n")); !ok {
			t.Errorf("not a command: %q", line)
		}
	}
}

// parseCommand reads a workflow command as the runner does: the first "::" after
// the beginning ends the properties, and escapes are undone.
func parseCommand(line string) (level string, props map[string]string, message string, ok bool) {
	rest, ok := strings.CutPrefix(line, "::")
	if !ok {
		return "", nil, "", false
	}
	head, data, ok := strings.Cut(rest, "::")
	if !ok || strings.ContainsAny(line, "\r\n") {
		return "", nil, "", false
	}
	level, list, ok := strings.Cut(head, " ")
	if !ok {
		return "", nil, "", false
	}
	props = map[string]string{}
	for p := range strings.SplitSeq(list, ",") {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name != "file" && name != "title" {
			return "", nil, "", false
		}
		props[name] = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(value)
	}
	return level, props, strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(data), true
}

func FuzzText(f *testing.F) {
	f.Add("a.pcap", "WS-MASK", "client frame is not masked", uint64(3), uint64(9), byte(0))
	f.Add("a:b,c%\n.pcap", "X::Y", hostile, uint64(0), uint64(0), byte(2))
	f.Fuzz(func(t *testing.T, file, rule, text string, conn, packet uint64, side byte) {
		e := finding(conn, event.Side(side%3), packet, event.Finding{Rule: rule, Severity: event.Severity(side % 3), Text: text, Reference: "RFC 6455 §5.1"})
		line := string(Line(nil, file, &e))
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") || strings.ContainsAny(line, "\x1b\r\u202e") || !utf8.ValidString(line) {
			t.Fatalf("not one safe line: %q", line)
		}
		tail := event.SafeString(text) + " (RFC 6455 §5.1)"
		if !strings.HasPrefix(line, event.SafeString(file)) || !strings.HasSuffix(line, ": "+tail+"\n") {
			t.Fatalf("the line lost something: %q", line)
		}

		var b bytes.Buffer
		if err := GitHub(&b, []Report{{File: file, Findings: []event.Event{e}}}); err != nil {
			t.Fatal(err)
		}
		level, props, message, ok := parseCommand(strings.TrimSuffix(b.String(), "\n"))
		if !ok || level != [...]string{"notice", "warning", "error"}[side%3] {
			t.Fatalf("not a command: %q", b.String())
		}
		if props["title"] != event.SafeString(rule) || !strings.HasSuffix(message, tail) {
			t.Fatalf("title %q, message %q", props["title"], message)
		}
		if got, isFile := props["file"], file != "" && file != "-"; isFile && got != file || !isFile && got != "" {
			t.Fatalf("file %q, want %q", got, file)
		}
	})
}

// TestLabel: what is in no one file is not said to be in one, nor on standard input.
func TestLabel(t *testing.T) {
	e := finding(3, event.Client, 12, event.Finding{Rule: "WS-MASK", Severity: event.Error, Frame: 7, Text: "client frame is not masked"})
	r := []Report{{Label: "merged", Findings: []event.Event{e}, End: event.End{TruncatedInput: true}}}
	var gh, ju bytes.Buffer
	if err := errors.Join(GitHub(&gh, r), JUnit(&ju, r)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(gh.String(), "file=") || !strings.Contains(gh.String(), "::merged: the input is damaged") {
		t.Errorf("GitHub %q", &gh)
	}
	if !strings.Contains(ju.String(), `<testsuite name="merged"`) || !strings.Contains(ju.String(), ">merged:12 error WS-MASK conn 3") {
		t.Errorf("JUnit %q", &ju)
	}
	b, log := sarifOf(t, r)
	check(t, loadSchema(t), b)
	if log.Runs[0].Results[0].Locations[0].PhysicalLocation != nil || len(log.Runs[0].Artifacts) != 0 {
		t.Errorf("SARIF %s", b)
	}
}

func TestColorLine(t *testing.T) {
	for severity, want := range map[event.Severity]string{
		event.Error:   "a.pcap:12 \x1b[31merror X\x1b[0m conn 3, client: t\n",
		event.Warning: "a.pcap:12 \x1b[33mwarning X\x1b[0m conn 3, client: t\n",
		event.Info:    "a.pcap:12 info X conn 3, client: t\n",
	} {
		e := finding(3, event.Client, 12, event.Finding{Rule: "X", Severity: severity, Text: "t"})
		if got := string(ColorLine(nil, "a.pcap", &e)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
