package export

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// node is an XML element as it was written.
type node struct {
	name  string
	attrs map[string]string
	kids  []*node
	text  string
}

func parseXML(b []byte) (*node, error) {
	dec := xml.NewDecoder(bytes.NewReader(b))
	root := &node{}
	stack := []*node{root}
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch x := tok.(type) {
		case xml.StartElement:
			n := &node{name: x.Name.Local, attrs: map[string]string{}}
			for _, a := range x.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			top.kids = append(top.kids, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(x)
		}
	}
	if len(root.kids) != 1 {
		return nil, fmt.Errorf("%d root elements", len(root.kids))
	}
	return root.kids[0], nil
}

// element is what may stand in an element: the strictest of what Jenkins's
// junit-10.xsd and the Ant schema that other tools check against allow, but that
// only the former knows output of a single test case.
type element struct {
	required, optional []string // attributes
	kids               []string
	ordered            bool // kids come in this order
}

var junitGrammar = map[string]element{
	"testsuites": {optional: []string{"name", "time", "tests", "failures", "errors"}, kids: []string{"testsuite"}},
	"testsuite": {required: []string{"name", "tests", "failures", "errors", "time", "timestamp", "hostname", "id", "package"},
		optional: []string{"skipped"}, kids: []string{"properties", "testcase", "system-out", "system-err"}, ordered: true},
	"properties": {kids: []string{"property"}},
	"property":   {required: []string{"name", "value"}},
	"testcase":   {required: []string{"name", "classname", "time"}, kids: []string{"skipped", "failure", "error", "system-out", "system-err"}, ordered: true},
	"failure":    {required: []string{"type", "message"}},
	"system-out": {}, "system-err": {},
}

var (
	decimal   = regexp.MustCompile(`^\d+\.\d{3}$`)
	timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`)
)

// validate returns what the schemas would refuse, and wrong totals.
func validate(n *node) []string {
	var bad []string
	g, ok := junitGrammar[n.name]
	if !ok {
		return []string{"element " + n.name}
	}
	for _, a := range g.required {
		if _, ok := n.attrs[a]; !ok {
			bad = append(bad, n.name+" lacks "+a)
		}
	}
	for a, v := range n.attrs {
		if !slices.Contains(g.required, a) && !slices.Contains(g.optional, a) {
			bad = append(bad, n.name+" has "+a)
		}
		if a == "time" && !decimal.MatchString(v) || a == "timestamp" && !timestamp.MatchString(v) {
			bad = append(bad, a+" is "+v)
		}
	}
	last := 0
	for _, k := range n.kids {
		at := slices.Index(g.kids, k.name)
		if at < 0 || g.ordered && at < last {
			bad = append(bad, k.name+" in "+n.name)
		}
		last = at
		bad = append(bad, validate(k)...)
	}
	if n.name == "testsuite" || n.name == "testsuites" {
		tests, failures := count(n, "testcase"), count(n, "failure")
		if n.attrs["tests"] != strconv.Itoa(tests) || n.attrs["failures"] != strconv.Itoa(failures) || n.attrs["errors"] != "0" {
			bad = append(bad, fmt.Sprintf("totals of %s: %v, there are %d tests and %d failures", n.name, n.attrs, tests, failures))
		}
	}
	return bad
}

func count(n *node, name string) int {
	c := 0
	for _, k := range n.kids {
		if k.name == name {
			c++
		}
		c += count(k, name)
	}
	return c
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := JUnit(&b, sample()); err != nil {
		t.Fatal(err)
	}
	golden(t, "findings.junit.xml", b.Bytes())
	root, err := parseXML(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range validate(root) {
		t.Error(bad)
	}
	if root.attrs["tests"] != "6" || root.attrs["failures"] != "3" || len(root.kids) != 3 {
		t.Errorf("totals %v, %d suites", root.attrs, len(root.kids))
	}
}

func TestJUnitMany(t *testing.T) {
	r := Report{File: "x.pcap"}
	for i := range uint64(maxListed + 30) {
		r.Findings = append(r.Findings, finding(1, event.Client, i+1, event.Finding{Rule: "WS-CLOSE", Severity: event.Error, Text: "wrong"}))
	}
	var b bytes.Buffer
	if err := JUnit(&b, []Report{r}); err != nil {
		t.Fatal(err)
	}
	s := b.String()
	if n := strings.Count(s, "x.pcap:"); n < maxListed || !strings.Contains(s, "and 30 more") {
		t.Errorf("%d lines, want %d and a count of the rest", n, maxListed)
	}
}

func TestJUnitEmpty(t *testing.T) {
	var b bytes.Buffer
	if err := JUnit(&b, nil); err != nil {
		t.Fatal(err)
	}
	root, err := parseXML(b.Bytes())
	if err != nil || root.attrs["tests"] != "0" || len(validate(root)) != 0 {
		t.Errorf("%s: %v", b.Bytes(), err)
	}
}

func FuzzJUnit(f *testing.F) {
	f.Add("a.pcap", "WS-MASK", "client frame is not masked", "header 81 05", uint64(3), int64(0), byte(2))
	f.Add("]]>\x00\n", "X\x01", hostile, hostile, uint64(0), int64(-1)<<63, byte(1))
	f.Fuzz(func(t *testing.T, file, rule, text, evidence string, conn uint64, time int64, severity byte) {
		e := finding(conn, event.Server, 5, event.Finding{Rule: rule, Severity: event.Severity(severity % 3), Text: text, Evidence: evidence})
		e.Time = time
		r := Report{File: file, Findings: []event.Event{e}, Connections: []Connection{{Number: 7, Protocol: text, Start: time, End: -time}}}
		var b bytes.Buffer
		if err := JUnit(&b, []Report{r}); err != nil {
			t.Fatal(err)
		}
		root, err := parseXML(b.Bytes())
		if err != nil {
			t.Fatalf("%v: %q", err, b.Bytes())
		}
		if bad := validate(root); bad != nil {
			t.Fatalf("%q in %s", bad, b.Bytes())
		}
		suite := root.kids[0]
		if suite.attrs["name"] != r.name() {
			t.Fatalf("suite %q for file %q", suite.attrs["name"], file)
		}
		i := slices.IndexFunc(suite.kids, func(n *node) bool { return n.name == "testcase" && n.attrs["name"] == event.SafeString(rule) })
		if i < 0 {
			t.Fatalf("no case for rule %q", rule)
		}
		c := suite.kids[i]
		body := c.kids[0].text
		if severity%3 == 2 && c.kids[0].attrs["message"] != event.SafeString(text) {
			t.Fatalf("message %q for %q", c.kids[0].attrs["message"], text)
		}
		if (c.kids[0].name == "failure") != (severity%3 == 2) || body != detailLines(file, &e, e.Detail.(*event.Finding)) {
			t.Fatalf("%s with %q", c.kids[0].name, body)
		}
	})
}
