package export

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// TestCaptures writes what is found in the sample captures in every format and
// holds it against the format's rules: each finding is in each of them, and
// each finding's rule is explained, with the severity that was reported.
func TestCaptures(t *testing.T) {
	files, err := filepath.Glob("../../pcaps/*.pcap*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	var reports []Report
	total, errs := 0, 0
	for _, file := range files {
		r := reportOf(t, file)
		total += len(r.Findings)
		r.each(func(e *event.Event, f *event.Finding) {
			rule, ok := rules.ByID(f.Rule)
			if !ok || rule.Severity.String() != f.Severity.String() {
				t.Errorf("%s: %s is reported as %v, explained as %v (%v)", file, f.Rule, f.Severity, rule.Severity, ok)
			}
			if f.Severity == event.Error {
				errs++
			}
		})
		reports = append(reports, r)
	}
	if total < 20 || errs == 0 {
		t.Fatalf("%d findings, %d errors: the captures hold more", total, errs)
	}

	var gh, ju bytes.Buffer
	if err := errors.Join(GitHub(&gh, reports), JUnit(&ju, reports)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(gh.String(), "\n::error ") + strings.Count(gh.String()[:8], "::error "); got != errs {
		t.Errorf("GitHub: %d errors of %d", got, errs)
	}
	root, err := parseXML(ju.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if bad := validate(root); bad != nil {
		t.Errorf("JUnit: %q", bad)
	}
	if !slices.Equal(suiteNames(root), files) {
		t.Errorf("JUnit: suites %q", suiteNames(root))
	}
	b, log := sarifOf(t, reports)
	check(t, loadSchema(t), b)
	if got := len(log.Runs[0].Results); got != total {
		t.Errorf("SARIF: %d results of %d", got, total)
	}
}

func suiteNames(root *node) []string {
	var out []string
	for _, s := range root.kids {
		out = append(out, s.attrs["name"])
	}
	return out
}

func reportOf(t *testing.T, file string) Report {
	t.Helper()
	src, err := pcapfile.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	c := NewCollector(file, 0)
	a := dissect.New(dissect.Options{Want: c.Want()}, c)
	for {
		p, err := src.Next()
		if err != nil {
			a.Close()
			if !errors.Is(err, io.EOF) {
				t.Logf("%s: %v", file, err)
			}
			return c.Report(event.End{TruncatedInput: !errors.Is(err, io.EOF)})
		}
		a.Packet(&p)
	}
}
