// Package export writes findings for others to read: CI systems and editors.
//
//	Analyzer ─► Collector (Sink) ─► Report, one a capture ─┬─► GitHub  workflow commands, annotations
//	                                                       ├─► JUnit   XML, test reports
//	                                                       └─► SARIF   2.1.0, code scanning
//	            Event ─► Line: one line of text, at once
//
// What was captured is hostile: it appears in the visible form of event.SafeText
// wherever people read it, escaped for the format around that.
package export

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// DefaultLimit is how many findings, and how many connections, a Collector
// keeps where it is not told otherwise. Code scanning services take fewer.
const DefaultLimit = 100_000

// Report is what was found in one capture. It is owned.
type Report struct {
	File        string        // as the user named it; "-" or empty: not a file
	Label       string        // where there is no one file, what people read in its place; empty: standard input
	Findings    []event.Event // each Detail is an *event.Finding; others are passed over
	Connections []Connection  // those that were checked, faulty or not; JUnit lists them
	End         event.End     // the totals, and what makes the result incomplete
	// OmittedFindings and OmittedConnections were seen but are not in the lists.
	OmittedFindings, OmittedConnections uint64
}

// Connection names one connection.
type Connection struct {
	Number         uint64 // from 1
	Client, Server string // "ip:port"
	Protocol       string
	Start, End     int64 // ns since the epoch
}

// Collector is a Sink that gathers a Report. Its zero value is not usable; make it with NewCollector.
type Collector struct {
	limit  int
	report Report
}

// NewCollector returns a collector for one capture that keeps at most limit
// findings and limit connections; what comes later is counted. Limit 0 is DefaultLimit.
func NewCollector(file string, limit int) *Collector {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Collector{limit: limit, report: Report{File: file}}
}

// Want returns what a collector looks at.
func (c *Collector) Want() event.Want {
	var w event.Want
	w.Kinds[event.KindFinding] = true
	w.Kinds[event.KindConnection] = true
	return w
}

// Event implements event.Sink.
func (c *Collector) Event(e *event.Event) {
	switch d := e.Detail.(type) {
	case *event.Finding:
		if len(c.report.Findings) >= c.limit {
			c.report.OmittedFindings++
			return
		}
		c.report.Findings = append(c.report.Findings, *e)
	case *event.Connection:
		if len(c.report.Connections) >= c.limit {
			c.report.OmittedConnections++
			return
		}
		c.report.Connections = append(c.report.Connections, Connection{
			Number: e.Conn, Client: d.Client, Server: d.Server, Protocol: d.Protocol, Start: d.Start, End: d.End,
		})
	}
}

// Report returns what was gathered, with the totals of the run. The connections
// are in order of their numbers. The collector must not be used afterwards.
func (c *Collector) Report(end event.End) Report {
	r := c.report
	r.End = end
	slices.SortStableFunc(r.Connections, func(a, b Connection) int { return cmp.Compare(a.Number, b.Number) })
	return r
}

// notes says what makes a report incomplete, a sentence each.
func (r *Report) notes() []string {
	var out []string
	if r.End.TruncatedInput {
		out = append(out, "the input is damaged or cut short; everything before the damage was checked")
	}
	if r.End.Dropped > 0 {
		out = append(out, plural(r.End.Dropped, "packet")+" dropped while capturing")
	}
	if r.OmittedFindings > 0 {
		out = append(out, plural(r.OmittedFindings, "more finding")+" not listed")
	}
	if r.OmittedConnections > 0 {
		out = append(out, plural(r.OmittedConnections, "more connection")+" not listed")
	}
	return out
}

func plural(n uint64, what string) string {
	s := strconv.FormatUint(n, 10) + " " + what
	if n != 1 {
		s += "s"
	}
	return s
}

// isFile reports whether the report's name is that of a file.
func (r *Report) isFile() bool { return r.File != "" && r.File != "-" }

// name is the report's name for people, in the visible form.
func (r *Report) name() string {
	switch {
	case r.isFile():
		return event.SafeString(r.File)
	case r.Label != "":
		return event.SafeString(r.Label)
	}
	return "standard input"
}

// prefix is what begins the lines of the report's findings.
func (r *Report) prefix() string {
	if !r.isFile() && r.Label != "" {
		return r.Label
	}
	return r.File
}

// packetOf returns the packet to look at first, 0 if none is known.
func packetOf(e *event.Event) uint64 {
	if e.Packets[0] != 0 {
		return e.Packets[0]
	}
	return e.Packets[1]
}

// place says where in the conversation a finding is: "conn 3, client frame 7".
func place(e *event.Event, f *event.Finding) string {
	var parts []string
	if e.Conn != 0 {
		s := "conn " + connNumber(e)
		parts = append(parts, s)
	}
	who := e.From.String()
	switch {
	case f.Frame != 0:
		who = strings.TrimLeft(who+" frame "+strconv.FormatUint(f.Frame, 10), " ")
	case f.Message != 0:
		who = strings.TrimLeft(who+" message "+strconv.FormatUint(f.Message, 10), " ")
	}
	if who != "" {
		parts = append(parts, who)
	}
	return strings.Join(parts, ", ")
}

// connNumber is a connection's number, with the HTTP/2 stream after a slash.
func connNumber(e *event.Event) string {
	s := strconv.FormatUint(e.Conn, 10)
	if e.Stream != 0 {
		s += "/" + strconv.FormatUint(uint64(e.Stream), 10)
	}
	return s
}

// sentence is the finding's sentence and its reference, in the visible form.
func sentence(f *event.Finding) string {
	s := event.SafeString(f.Text)
	if f.Reference != "" {
		s += " (" + event.SafeString(f.Reference) + ")"
	}
	return s
}

// each calls do for every finding of the report, in order.
func (r *Report) each(do func(*event.Event, *event.Finding)) {
	for i := range r.Findings {
		if f, ok := r.Findings[i].Detail.(*event.Finding); ok {
			do(&r.Findings[i], f)
		}
	}
}
