package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestCheckGolden(t *testing.T) {
	file := pcap("misbehave-a.pcap")
	for name, args := range map[string][]string{
		"check-text":   {"check", file},
		"check-json":   {"check", "--json", file},
		"check-github": {"check", "--format", "github", "--rule", "HS-", file},
		"check-junit":  {"check", "--format", "junit", pcap("endings.pcap")},
	} {
		t.Run(name, func(t *testing.T) {
			r := sockeye(t, args...)
			want := exitFindings
			if name == "check-junit" {
				want = exitDone
			}
			r.want(t, want)
			golden(t, name, r.stdout)
		})
	}
}

// findings are the objects of that kind in JSON Lines.
func findings(t *testing.T, s string) []map[string]any {
	t.Helper()
	list := objects(t, s)
	for _, o := range list[:len(list)-1] {
		if o["kind"] != "finding" {
			t.Fatalf("kind %v", o["kind"])
		}
	}
	return list[:len(list)-1]
}

// textLine is the form of a finding in text.
var textLine = regexp.MustCompile(`^(.+?)(?::(\d+))? (error|warning|info) ([A-Z]+(?:-[A-Z0-9]+)+)(?: conn (\d+))?[^:]*: (.+)$`)

// TestCheckFormats: text, JSON and the formats for CI say the same.
func TestCheckFormats(t *testing.T) {
	file := pcap("misbehave-a.pcap")
	objs := findings(t, sockeye(t, "check", "--json", file).stdout)
	if same := sockeye(t, "check", "--format", "json", file).stdout; same != sockeye(t, "check", "-o", "json", file).stdout || len(findings(t, same)) != len(objs) {
		t.Error("--format json is not -o json")
	}
	bySeverity := map[string]int{}
	lines := strings.Split(strings.TrimSuffix(sockeye(t, "check", file).stdout, "\n"), "\n")
	if len(lines) != len(objs) || len(objs) < 40 {
		t.Fatalf("%d lines, %d objects", len(lines), len(objs))
	}
	for i, o := range objs {
		bySeverity[o["severity"].(string)]++
		m := textLine.FindStringSubmatch(lines[i])
		if m == nil || m[1] != file || m[3] != o["severity"] || m[4] != o["rule"] || m[5] != strconv.Itoa(int(o["conn"].(float64))) {
			t.Errorf("%q says other than %v", lines[i], o)
		}
		if ref, _ := o["reference"].(string); ref != "" && !strings.HasSuffix(lines[i], " ("+ref+")") {
			t.Errorf("%q lacks %q", lines[i], ref)
		}
	}

	r := sockeye(t, "check", "--format", "github", file)
	r.want(t, exitFindings, "31 errors, 11 warnings, 1 info in 47 connections\n")
	for level, severity := range map[string]string{"error": "error", "warning": "warning", "notice": "info"} {
		if n := strings.Count("\n"+r.stdout, "\n::"+level+" file="+file+",title="); n != bySeverity[severity] {
			t.Errorf("github: %d of level %s, not %d", n, level, bySeverity[severity])
		}
	}
	checkJUnit(t, sockeye(t, "check", "--format", "junit", file).stdout, 47)
	results := checkSARIF(t, sockeye(t, "check", "--format", "sarif", file).stdout)
	if results != len(objs) {
		t.Errorf("SARIF: %d results of %d", results, len(objs))
	}
}

// checkJUnit holds a report's counts against its contents.
func checkJUnit(t *testing.T, s string, connections int) {
	t.Helper()
	var doc struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				Class   string `xml:"classname,attr"`
				Failure *struct {
					Type string `xml:"type,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(s), &doc); err != nil {
		t.Fatal(err)
	}
	classes, failures := map[string]bool{}, 0
	for _, c := range doc.Suites[0].Cases {
		classes[c.Class] = true
		if c.Failure != nil {
			failures++
			if c.Failure.Type != c.Name {
				t.Errorf("case %s failed by %s", c.Name, c.Failure.Type)
			}
		}
	}
	if n := len(doc.Suites[0].Cases); doc.Tests != n || doc.Failures != failures || failures == 0 || len(classes) != connections {
		t.Errorf("JUnit: tests %d of %d, failures %d of %d, connections %d of %d", doc.Tests, n, doc.Failures, failures, len(classes), connections)
	}
}

// checkSARIF validates a log against the schema of OASIS and returns the number of results.
func checkSARIF(t *testing.T, s string) int {
	t.Helper()
	const address = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	b, err := os.ReadFile("../../dissect/export/testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(address, schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(address)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(doc); err != nil {
		t.Error(err)
	}
	var log struct {
		Runs []struct{ Results []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(s), &log); err != nil {
		t.Fatal(err)
	}
	return len(log.Runs[0].Results)
}

func TestCheckExitCodes(t *testing.T) {
	bad := pcap("misbehave-a.pcap")
	whole, err := os.ReadFile(bad)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.pcap")
	if err := os.WriteFile(cut, whole[:20_000], 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{bad, exitFindings, "31 errors, 11 warnings, 1 info in 47 connections\n"},
		{"--format junit " + bad, exitFindings, "31 errors"},
		{"--rule WS-PONG " + bad, exitDone, "0 errors, 0 warnings, 1 info (42 not asked for) in 47 connections\n"},
		{"--rule WS-PONG --strict " + bad, exitDone, "1 info"},
		{"--rule WS-NO-CLOSE " + bad, exitDone, "0 errors, 8 warnings, 0 info (35 not asked for)"},
		{"--rule WS-NO-CLOSE --strict " + bad, exitFindings, "8 warnings"},
		{"--severity error --strict --rule WS-NO-CLOSE " + bad, exitDone, "no findings (43 not asked for)"},
		{"--conn 18 " + bad, exitDone, "no findings in connection 18\n"},
		{"--conn 99 " + bad, exitDone, "note: there is no connection 99: the capture has 47\n"},
		{pcap("raw-small.pcap"), exitDone, "no findings in 8 connections\n"},
		{pcap("wss-tls13.pcap"), exitDone, "note: no WebSocket conversations, so most rules have nothing to judge"},
		{pcap("endings.pcap"), exitDone, "0 errors, 14 warnings, 5 info in 10 connections\n"},
		{pcap("endings.pcap") + " --strict", exitFindings, ""},
		{cut, exitInput, "; the input is damaged or cut short\n"}, // though there are errors before the cut
		{cut + " --format sarif", exitInput, cut + ": byte "},
		{"nosuch.pcap", exitInput, "no such file"},
		{"", exitUsage, "no input"},
		{"--rule WS-MSAK " + bad, exitUsage, `--rule "WS-MSAK": there is no such rule; did you mean WS-MASK?`},
		{"--ignore nosuch " + bad, exitUsage, `--ignore "nosuch": there is no such rule; sockeye explain --all has them all`},
		{"--rule= " + bad, exitUsage, "there is no such rule"},
		{"--severity fatal " + bad, exitUsage, `--severity "fatal": it takes info, warning or error`},
		{"--format xml " + bad, exitUsage, `--format "xml": it takes text, json, github, junit or sarif`},
		{"--format sarif --json " + bad, exitUsage, "--format sarif or JSON Lines, not both"},
		{"--payload full " + bad, exitUsage, "there is no flag --payload"},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := sockeye(t, append([]string{"check"}, strings.Fields(c.args)...)...)
			r.want(t, c.code, c.says)
			if c.code == exitUsage && r.stdout != "" {
				t.Errorf("printed %q", r.stdout)
			}
			if n := strings.Count(r.stderr, " connections"); c.code < exitUsage && n > 1 {
				t.Errorf("the totals are told %d times: %s", n, r.stderr)
			}
		})
	}
	if r := sockeye(t, "check", cut); !strings.Contains(r.stdout, " error ") {
		t.Errorf("no errors before the cut: %s", r.stdout)
	}
	if r := sockeye(t, "check", "-q", bad); r.stderr != "" || r.code != exitFindings {
		t.Errorf("with --quiet: %d, %q", r.code, r.stderr)
	}
	if r := sockeye(t, "check", "--json", bad); r.stderr != "" {
		t.Errorf("with --json: %q", r.stderr)
	}
}

func TestCheckSelection(t *testing.T) {
	file := pcap("misbehave-a.pcap")
	rulesOf := func(args ...string) map[string]int {
		got := map[string]int{}
		for _, o := range findings(t, sockeye(t, append([]string{"check", "--json", file}, args...)...).stdout) {
			got[o["rule"].(string)]++
		}
		return got
	}
	all := rulesOf()
	count := func(keep func(rule string) bool) (n int) {
		for rule, of := range all {
			if keep(rule) {
				n += of
			}
		}
		return n
	}
	ws := func(rule string) bool { return strings.HasPrefix(rule, "WS-") }
	for _, c := range []struct {
		args string
		keep func(string) bool
	}{
		{"--rule WS-", ws},
		{"--rule ws-*", ws},
		{"--rule WS", ws},
		{"--rule WS-MASK", func(r string) bool { return r == "WS-MASK" }}, // not WS-MASK-KEY
		{"--rule hs-key,HS-HOST --rule WS-RSV", func(r string) bool { return r == "HS-KEY" || r == "HS-HOST" || r == "WS-RSV" }},
		{"--ignore WS-", func(r string) bool { return !ws(r) }},
		{"--rule WS- --ignore WS-MASK --ignore WS-CLOSE", func(r string) bool { return ws(r) && r != "WS-MASK" && r != "WS-CLOSE" }},
		{"--severity warning", func(r string) bool { return r != "WS-PONG" }},
		{"--severity error", func(r string) bool {
			return !strings.Contains(" WS-PONG WS-NO-CLOSE WS-MASK-KEY HS-STATUS ", " "+r+" ")
		}},
	} {
		got, n := rulesOf(strings.Fields(c.args)...), 0
		for rule, of := range got {
			n += of
			if !c.keep(rule) {
				t.Errorf("%s: %s", c.args, rule)
			}
		}
		if want := count(c.keep); n != want || n == 0 {
			t.Errorf("%s: %d findings, not %d", c.args, n, want)
		}
	}
	r := sockeye(t, "check", "-n", "3", "--rule", "WS-CLOSE", file)
	r.want(t, exitFindings, "3 errors", "note: stopped after 3 results (--limit)")
	if n := strings.Count(r.stdout, " error WS-CLOSE "); n != 3 || strings.Count(r.stdout, "\n") != 3 {
		t.Errorf("limited to 3:\n%s", r.stdout)
	}
	for _, o := range findings(t, sockeye(t, "check", "--json", "--conn", "9", file).stdout) {
		if o["conn"] != 9.0 {
			t.Errorf("of connection %v", o["conn"])
		}
	}
}

// TestCheckSeveralFiles: they are one capture; nothing is said to be in one of them.
func TestCheckSeveralFiles(t *testing.T) {
	a, b := pcap("misbehave-a.pcap"), pcap("endings.pcap")
	r := sockeye(t, "check", a, b)
	r.want(t, exitFindings, "31 errors, 25 warnings, 6 info in 57 connections\n", "note: packets are numbered through all 2 files, merged by time\n")
	for _, line := range strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n") {
		if m := textLine.FindStringSubmatch(line); m == nil || m[1] != "merged" {
			t.Errorf("%q", line)
		}
	}
	if gh := sockeye(t, "check", "--format", "github", a, b).stdout; strings.Contains(gh, "file=") || strings.Count(gh, "\n") != 62 {
		t.Errorf("github:\n%s", gh)
	}
	checkJUnit(t, sockeye(t, "check", "--format", "junit", a, b).stdout, 57)
	if s := sockeye(t, "check", "--format", "sarif", a, b).stdout; checkSARIF(t, s) != 62 || strings.Contains(s, "physicalLocation") {
		t.Error("SARIF: a result is said to be in one file")
	}
}

func TestCheckStandardInput(t *testing.T) {
	for _, format := range formatValues {
		c := command("check", "--format", format, "-")
		f, err := os.Open(pcap("misbehave-a.pcap"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c.Stdin = f
		piped, named := finish(t, c), sockeye(t, "check", "--format", format, pcap("misbehave-a.pcap"))
		piped.want(t, exitFindings)
		got := piped.stdout
		switch format {
		case "text":
			got = regexp.MustCompile(`(?m)^-:`).ReplaceAllLiteralString(got, pcap("misbehave-a.pcap")+":")
		case "json":
		case "junit":
			checkJUnit(t, got, 47)
			if !strings.Contains(got, `<testsuite name="standard input"`) {
				t.Errorf("junit does not say standard input: %s", got[:300])
			}
			continue
		case "sarif":
			if n := checkSARIF(t, got); n != 43 {
				t.Errorf("SARIF: %d results", n)
			}
			continue
		case "github":
			got = strings.ReplaceAll(got, " title=", " file="+pcap("misbehave-a.pcap")+",title=")
		}
		if got != named.stdout {
			t.Errorf("%s: differs from that of the file:\n%s", format, got)
		}
	}
}

// TestCheckNoFalseAlarm: correct implementations talking to each other make no errors.
func TestCheckNoFalseAlarm(t *testing.T) {
	var files []string
	for _, pattern := range []string{"websockets-plain.pcap", "websockets-deflate-*.pcap", "nginx-proxy.pcap",
		"socketio-aiohttp.pcap", "capture-forms-*.pcap*", "endings.pcap", "lossy-v4.pcap", "midstream.pcap"} {
		list, err := filepath.Glob(pcap(pattern))
		if err != nil || len(list) == 0 {
			t.Fatalf("no capture %s: %v", pattern, err)
		}
		files = append(files, list...)
	}
	conns, messages := 0.0, 0.0
	for _, file := range files {
		r := sockeye(t, "check", "--json", "--severity", "error", file)
		r.want(t, exitDone)
		list := objects(t, r.stdout)
		for _, f := range list[:len(list)-1] {
			t.Errorf("%s: %v", file, f)
		}
		end := list[len(list)-1]
		conns += end["connections"].(float64)
		messages += end["messages"].(float64)
	}
	t.Logf("%d captures, %.0f connections, %.0f messages", len(files), conns, messages)
	if len(files) < 16 || conns < 50 || messages < 1000 {
		t.Errorf("only %d captures, %.0f connections, %.0f messages were held against the rules", len(files), conns, messages)
	}
}

func TestCheckColor(t *testing.T) {
	file := pcap("misbehave-a.pcap")
	plain, colored := sockeye(t, "check", file).stdout, sockeye(t, "check", "--color", "always", file).stdout
	for _, want := range []string{":8 \x1b[31merror WS-MASK\x1b[0m conn 1", " \x1b[33mwarning WS-NO-CLOSE\x1b[0m conn 6", " info WS-PONG conn 43"} {
		if !strings.Contains(colored, want) {
			t.Errorf("no %q", want)
		}
	}
	if bare := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(colored, ""); bare != plain || strings.Contains(plain, "\x1b") {
		t.Error("colours change the text")
	}
	if gh := sockeye(t, "check", "--color", "always", "--format", "github", file).stdout; strings.Contains(gh, "\x1b") {
		t.Error("colour in an annotation")
	}
}
