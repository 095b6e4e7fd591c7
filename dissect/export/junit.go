package export

import (
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// maxListed is how many findings of one rule on one connection a test case
// lists; a client that never masks would fill the report otherwise.
const maxListed = 50

// The elements of a JUnit report, as Jenkins's junit-10.xsd has them.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Package    string          `xml:"package,attr"`
	ID         int             `xml:"id,attr"`
	Hostname   string          `xml:"hostname,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Properties *junitPropertys `xml:"properties"`
	Cases      []junitCase     `xml:"testcase"`
	SystemOut  string          `xml:"system-out"`
	SystemErr  string          `xml:"system-err"`
}

type junitPropertys struct {
	Property []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Class     string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	Failure   *junitFailure `xml:"failure"`
	SystemOut string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a JUnit XML report: a test suite a capture, a test case for each
// rule that something was found for on a connection, and one that passes for
// each connection without a finding. Test cases are grouped by connection (their
// class name), and their names stay the same from run to run.
//
// An error fails its test case. Warnings and infos pass, and stand in the case's
// output. What makes a report incomplete is the suite's error output.
func JUnit(w io.Writer, reports []Report) error {
	doc := junitSuites{Name: "sockeye check", Suites: []junitSuite{}}
	var total time.Duration
	for i := range reports {
		s, took := suiteOf(&reports[i], i)
		doc.Tests += s.Tests
		doc.Failures += s.Failures
		total += took
		doc.Suites = append(doc.Suites, s)
	}
	doc.Time = seconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitGroup is what was found for one rule on one connection.
type junitGroup struct {
	conn     string
	number   uint64
	rule     string
	severity event.Severity
	message  string // of the worst finding, the first of those
	lines    []string
	count    int
}

func suiteOf(r *Report, id int) (junitSuite, time.Duration) {
	groups := groupFindings(r)
	s := junitSuite{
		Name: r.name(), Package: r.name(), ID: id, Hostname: "localhost",
		Properties: &junitPropertys{[]junitProperty{
			{"packets", strconv.FormatUint(r.End.Packets, 10)},
			{"connections", strconv.FormatUint(r.End.Connections, 10)},
			{"messages", strconv.FormatUint(r.End.Messages, 10)},
			{"findings", strconv.FormatUint(r.End.Findings, 10)},
		}},
		SystemErr: strings.Join(r.notes(), "\n"),
	}
	first, last := span(r)
	s.Timestamp = time.Unix(0, first).UTC().Format("2006-01-02T15:04:05")
	took := time.Duration(last - first)
	s.Time = seconds(took)

	conns, faulty := map[uint64]*Connection{}, map[uint64]bool{}
	for i := range r.Connections {
		conns[r.Connections[i].Number] = &r.Connections[i]
	}
	for _, g := range groups {
		faulty[g.number] = true
	}
	next := 0
	clean := func(before uint64) { // connections without findings, in their places
		for ; next < len(r.Connections) && r.Connections[next].Number < before; next++ {
			if c := &r.Connections[next]; !faulty[c.Number] {
				s.Cases = append(s.Cases, junitCase{Name: "no findings", Class: className(r, strconv.FormatUint(c.Number, 10), c), Time: connTime(c)})
			}
		}
	}
	for _, g := range groups {
		clean(g.number)
		c := g.testCase(className(r, g.conn, conns[g.number]), conns[g.number])
		if c.Failure != nil {
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
	clean(1<<64 - 1)
	s.Tests = len(s.Cases)
	return s, took
}

// groupFindings gathers the findings by connection and rule, connections by
// number and rules in order of their first finding.
func groupFindings(r *Report) []*junitGroup {
	type key struct {
		conn   uint64
		stream uint32
		rule   string
	}
	index := map[key]*junitGroup{}
	var groups []*junitGroup
	r.each(func(e *event.Event, f *event.Finding) {
		k := key{e.Conn, e.Stream, f.Rule}
		g := index[k]
		if g == nil {
			g = &junitGroup{conn: connNumber(e), number: e.Conn, rule: event.SafeString(f.Rule)}
			index[k] = g
			groups = append(groups, g)
		}
		if g.count == 0 || f.Severity > g.severity {
			g.severity, g.message = f.Severity, sentence(f)
		}
		if g.count++; g.count <= maxListed {
			g.lines = append(g.lines, detailLines(r.prefix(), e, f))
		}
	})
	slices.SortStableFunc(groups, func(a, b *junitGroup) int {
		switch {
		case a.number < b.number:
			return -1
		case a.number > b.number:
			return 1
		}
		return 0
	})
	return groups
}

// detailLines is a finding with its evidence and advice.
func detailLines(file string, e *event.Event, f *event.Finding) string {
	s := string(Line(nil, file, e))
	if f.Evidence != "" {
		s += "  evidence: " + event.SafeString(f.Evidence) + "\n"
	}
	if f.Advice != "" {
		s += "  advice: " + event.SafeString(f.Advice) + "\n"
	}
	return s
}

func (g *junitGroup) testCase(class string, conn *Connection) junitCase {
	text := strings.Join(g.lines, "")
	if more := g.count - len(g.lines); more > 0 {
		text += "and " + strconv.Itoa(more) + " more\n"
	}
	c := junitCase{Name: g.rule, Class: class, Time: connTime(conn)}
	if g.severity == event.Error {
		c.Failure = &junitFailure{Message: g.message, Type: g.rule, Text: text}
	} else {
		c.SystemOut = text
	}
	return c
}

// className groups the cases of a connection: "chat.pcap: conn 3". It holds no
// addresses: ports change from run to run, and with them would the test's history.
func className(r *Report, number string, c *Connection) string {
	s := r.name()
	if number != "0" {
		s += ": conn " + number
	}
	if c != nil && c.Protocol != "" {
		s += " (" + event.SafeString(c.Protocol) + ")"
	}
	return s
}

// span is the time that the report covers, ns.
func span(r *Report) (first, last int64) {
	begun := false
	add := func(from, to int64) {
		if !begun {
			first, last, begun = from, to, true
		}
		first, last = min(first, from), max(last, to)
	}
	for i := range r.Connections {
		add(r.Connections[i].Start, r.Connections[i].End)
	}
	r.each(func(e *event.Event, _ *event.Finding) { add(e.Time, e.Time) })
	return first, last
}

func connTime(c *Connection) string {
	if c == nil {
		return seconds(0)
	}
	return seconds(time.Duration(c.End - c.Start))
}

// seconds is a decimal number that is not negative, whatever times a capture claims.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(max(0, d).Seconds(), 'f', 3, 64)
}
