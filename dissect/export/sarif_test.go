package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// loadSchema compiles the schema that OASIS publishes for SARIF 2.1.0.
func loadSchema(t testing.TB) *jsonschema.Schema {
	f, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(sarifSchema, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(sarifSchema)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sarifOf(t testing.TB, reports []Report) ([]byte, sarifLog) {
	t.Helper()
	var b bytes.Buffer
	if err := SARIF(&b, "1.2.3", reports); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatalf("%v: %q", err, b.Bytes())
	}
	return b.Bytes(), log
}

// sarifLog reads back what a consumer would.
type sarifLog struct {
	Schema  string `json:"$schema"`
	Version string
	Runs    []struct {
		Tool        sarifTool
		Invocations []sarifInvocation
		Artifacts   []sarifArtifact
		Results     []sarifResult
	}
}

func check(t testing.TB, schema *jsonschema.Schema, log []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Fatalf("%v: %s", err, log)
	}
}

func TestSARIF(t *testing.T) {
	schema := loadSchema(t)
	b, log := sarifOf(t, sample())
	check(t, schema, b)
	run := log.Runs[0]
	if log.Version != "2.1.0" || log.Schema != sarifSchema || len(log.Runs) != 1 {
		t.Errorf("log %+v", log)
	}
	if len(run.Tool.Driver.Rules) != len(rules.All()) || run.Tool.Driver.Version != "1.2.3" {
		t.Errorf("driver %+v", run.Tool.Driver)
	}
	if run.Invocations[0].Successful || len(run.Invocations[0].Notifications) != 3 {
		t.Errorf("invocation %+v", run.Invocations[0])
	}
	levels := map[string]string{"WS-MASK": "error", "HS-STATUS": "warning", "CAP-LOST": "note"}
	prints := map[string]bool{}
	for _, r := range run.Results {
		if got := run.Tool.Driver.Rules[*r.RuleIndex]; got.ID != r.RuleID {
			t.Errorf("%s has the index of %s", r.RuleID, got.ID)
		} else if got.Default.Level != r.Level {
			t.Errorf("%s: level %s, the rule's is %s", r.RuleID, r.Level, got.Default.Level)
		}
		if want := levels[r.RuleID]; want != "" && r.Level != want {
			t.Errorf("%s: level %s, want %s", r.RuleID, r.Level, want)
		}
		if p := r.PartialFingerprints["primaryLocationLineHash"]; p == "" || prints[p] {
			t.Errorf("fingerprint %q is empty or not unique", p)
		} else {
			prints[p] = true
		}
		if p := r.Locations[0].PhysicalLocation; p != nil && run.Artifacts[*p.ArtifactLocation.Index].Location.URI != p.ArtifactLocation.URI {
			t.Errorf("%s: index %d is not that of %s", r.RuleID, *p.ArtifactLocation.Index, p.ArtifactLocation.URI)
		}
	}
	if n := len(run.Results); n != 6 || run.Results[5].Locations[0].PhysicalLocation != nil {
		t.Errorf("%d results; standard input has no file", n)
	}

	// Without the rules, which have a golden file of their own, the log is read easily.
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc["runs"].([]any)[0].(map[string]any)["tool"].(map[string]any)["driver"].(map[string]any), "rules")
	var pretty bytes.Buffer
	enc := json.NewEncoder(&pretty)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		t.Fatal(err)
	}
	golden(t, "findings.sarif.json", pretty.Bytes())
}

func TestSARIFEmpty(t *testing.T) {
	b, log := sarifOf(t, nil)
	check(t, loadSchema(t), b)
	if log.Runs[0].Results == nil || !log.Runs[0].Invocations[0].Successful {
		t.Errorf("an empty run has an empty list of results and is a success: %s", b)
	}
}

// TestSARIFFingerprints: another wording leaves them, another place does not.
func TestSARIFFingerprints(t *testing.T) {
	printOf := func(change func(*event.Event, *event.Finding)) string {
		f := event.Finding{Rule: "WS-MASK", Frame: 7, Text: "client frame is not masked"}
		e := finding(3, event.Client, 12, f)
		d := e.Detail.(*event.Finding)
		change(&e, d)
		_, log := sarifOf(t, []Report{{File: "a.pcap", Findings: []event.Event{e}}})
		return log.Runs[0].Results[0].PartialFingerprints["sockeyePlace/v1"]
	}
	same := printOf(func(*event.Event, *event.Finding) {})
	if got := printOf(func(e *event.Event, f *event.Finding) { f.Text, f.Evidence, e.Time = "unmasked", "81", 5 }); got != same {
		t.Errorf("wording changes the fingerprint: %s, %s", same, got)
	}
	for name, change := range map[string]func(*event.Event, *event.Finding){
		"rule":  func(_ *event.Event, f *event.Finding) { f.Rule = "WS-RSV" },
		"frame": func(_ *event.Event, f *event.Finding) { f.Frame = 8 },
		"conn":  func(e *event.Event, _ *event.Finding) { e.Conn = 4 },
		"side":  func(e *event.Event, _ *event.Finding) { e.From = event.Server },
	} {
		if printOf(change) == same {
			t.Errorf("another %s has the same fingerprint", name)
		}
	}
}

func TestFileURI(t *testing.T) {
	for file, want := range map[string]string{
		"a.pcap":             "a.pcap",
		"captures/a b.pcap":  "captures/a%20b.pcap",
		"a:b.pcap":           "./a:b.pcap",
		"/tmp/a%?#.pcap":     "file:///tmp/a%25%3F%23.pcap",
		"../x/\xff\n[].pcap": "../x/%FF%0A%5B%5D.pcap",
	} {
		if got := fileURI(file); got != want {
			t.Errorf("fileURI(%q) = %q, want %q", file, got, want)
		}
	}
}

type failing struct{ after int }

var errFull = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestWriteErrors: a writer that fails is reported by every format.
func TestWriteErrors(t *testing.T) {
	for _, after := range []int{0, 10, 2000} {
		for name, err := range map[string]error{
			"SARIF":  SARIF(&failing{after}, "1", sample()),
			"JUnit":  JUnit(&failing{after}, sample()),
			"GitHub": GitHub(&failing{min(after, 10)}, sample()),
		} {
			if !errors.Is(err, errFull) {
				t.Errorf("%s after %d bytes: %v", name, after, err)
			}
		}
	}
}

func FuzzSARIF(f *testing.F) {
	schema := loadSchema(f)
	f.Add("a.pcap", "WS-MASK", "client frame is not masked", "header 81 05", uint64(3), uint64(7), byte(0))
	f.Add("a:b\x00/\xff", "X", hostile, hostile, uint64(0), uint64(1)<<63, byte(2))
	f.Fuzz(func(t *testing.T, file, rule, text, evidence string, conn, frame uint64, side byte) {
		e := finding(conn, event.Side(side%3), frame, event.Finding{Rule: rule, Severity: event.Severity(side % 3), Frame: frame, Text: text, Evidence: evidence})
		r := Report{File: file, Findings: []event.Event{e, e}, End: event.End{TruncatedInput: side > 128}}
		b, log := sarifOf(t, []Report{r})
		// The rules are always the same, and take long to validate.
		begin, end := bytes.Index(b, []byte(`"rules":[`)), bytes.Index(b, []byte(`},"invocations"`))
		check(t, schema, slices.Concat(b[:begin], []byte(`"rules":[]}`), b[end:]))
		if i := bytes.IndexFunc(b, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }); i >= 0 {
			t.Fatalf("a hidden character at %d: %q", i, b)
		}
		res := log.Runs[0].Results
		if len(res) != 2 || res[0].PartialFingerprints["sockeyePlace/v1"] == res[1].PartialFingerprints["sockeyePlace/v1"] {
			t.Fatalf("results %+v", res)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); res[0].Properties.Text != want {
			t.Fatalf("text %q came out as %q", text, res[0].Properties.Text)
		}
		m := res[0].Message.Text
		if strings.Contains(m, "](") || strings.ContainsAny(m, "\n\x1b\u202e") {
			t.Fatalf("message %q", m)
		}
		if got := strings.NewReplacer("{{", "{", "}}", "}").Replace(m); got != strings.ReplaceAll(event.SafeString(text), "](", "] (") {
			t.Fatalf("message %q for %q", m, text)
		}
		if !r.isFile() {
			return
		}
		u, err := url.Parse(res[0].Locations[0].PhysicalLocation.ArtifactLocation.URI)
		if err != nil || strings.TrimPrefix(u.Path, "./") != strings.TrimPrefix(file, "./") {
			t.Fatalf("file %q has the address %v: %v", file, u, err)
		}
	})
}
