package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/export"
)

// checkSink lets through the findings that were asked for, and counts them.
type checkSink struct {
	printer
	flags      *checkFlags
	process    *process
	display    *displayFilter
	limit      uint64    // 0: none
	bySeverity [3]uint64 // findings printed
	left       uint64    // findings that were not asked for
}

// Event implements event.Sink.
func (s *checkSink) Event(e *event.Event) {
	if f, ok := e.Detail.(*event.Finding); ok {
		if s.enough() {
			return
		}
		if !s.flags.wants(f) || !s.display.pass(e) {
			s.left++
			return
		}
		s.bySeverity[f.Severity]++
	}
	s.printer.Event(e)
}

// End adds what is found out about the capture as a whole.
func (s *checkSink) End(end event.End) error {
	if end.Dropped > 0 && !s.enough() {
		s.Event(s.droppedFinding(end.Dropped))
		end.Findings++
	}
	return s.printer.End(end)
}

// droppedFinding says that packets were lost while they were captured. It is of
// no connection, and has the time of the last packet.
func (s *checkSink) droppedFinding(n uint64) *event.Event {
	packets := event.Plural(n, "packet") + " dropped while capturing"
	f := &event.Finding{
		Rule: "CAP-DROPPED", Severity: event.Warning,
		Text: packets + ", says the capture: conversations, or parts of them, may be missing",
	}
	if d, ok := s.process.src.(pcapfile.Details); ok {
		f.Evidence = dropsText(d)
	}
	t := s.process.analyzer.Totals()
	return &event.Event{Time: t.Last, From: event.NoSide, Detail: f}
}

// dropsText lists the interfaces that lost packets, with their counts.
func dropsText(d pcapfile.Details) string {
	var parts []string
	interfaces := d.Interfaces()
	for _, st := range d.Stats() {
		if st.Dropped <= 0 && st.OSDropped <= 0 {
			continue
		}
		part := fmt.Sprintf("interface %d", st.Interface)
		if int(st.Interface) < len(interfaces) && interfaces[st.Interface].Name != "" {
			part += " (" + interfaces[st.Interface].Name + ")"
		}
		sep := ": "
		say := func(n int64, what string) {
			if n >= 0 { // negative: the file does not say
				part += fmt.Sprintf("%s%d %s", sep, n, what)
				sep = ", "
			}
		}
		say(st.Received, "received")
		say(st.Dropped, "dropped by the interface")
		say(st.OSDropped, "dropped by the operating system")
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// total is how many findings were printed.
func (s *checkSink) total() uint64 { return s.bySeverity[0] + s.bySeverity[1] + s.bySeverity[2] }

func (s *checkSink) enough() bool { return s.limit > 0 && s.total() >= s.limit }

// failed tells whether what was found makes the exit code 1.
func (s *checkSink) failed() bool {
	return s.bySeverity[event.Error] > 0 || s.flags.strict && s.bySeverity[event.Warning] > 0
}

// summary is the line that the findings end with.
func (s *checkSink) summary(end event.End) string {
	line := "no findings"
	if s.total() > 0 {
		line = event.Plural(s.bySeverity[event.Error], "error") + ", " +
			event.Plural(s.bySeverity[event.Warning], "warning") + ", " + event.Count(s.bySeverity[event.Info]) + " info"
	}
	if s.left > 0 {
		line += " (" + event.Count(s.left) + " not asked for)"
	}
	if conn := s.process.conn; conn != 0 {
		line += fmt.Sprintf(" in connection %d", conn)
	} else {
		line += " in " + event.Plural(end.Connections, "connection")
	}
	if end.TruncatedInput {
		line += "; the input is damaged or cut short"
	}
	return line
}

// notes are what a reader of the findings should know about them.
func (s *checkSink) notes(t *dissect.Totals, o *options) []string {
	switch {
	case s.enough():
		return nil
	case o.conn > t.Connections:
		return []string{fmt.Sprintf("there is no connection %d: the capture has %d", o.conn, t.Connections)}
	case o.isJSON():
		return nil
	}
	var l []string
	if o.conn == 0 && t.ByProtocol["websocket"] == 0 && t.Handshakes == [2]uint64{} {
		l = append(l, "no WebSocket conversations, so most rules have nothing to judge; sockeye conns shows what there is")
	}
	if n := len(s.process.inputs); n > 1 && s.total() > 0 {
		l = append(l, fmt.Sprintf("packets are numbered through all %d files, merged by time", n))
	}
	return l
}

// linePrinter prints a line a finding.
type linePrinter struct {
	w     io.Writer
	file  string
	color bool
	buf   []byte
	err   error
}

func (p *linePrinter) Event(e *event.Event) {
	if p.color {
		p.buf = export.ColorLine(p.buf, p.file, e)
	} else {
		p.buf = export.Line(p.buf, p.file, e)
	}
	if len(p.buf) > 1<<16 {
		p.Flush()
	}
}
func (p *linePrinter) StartAt(int64)       {}
func (p *linePrinter) Err() error          { return p.err }
func (p *linePrinter) End(event.End) error { return p.Flush() }
func (p *linePrinter) Flush() error {
	if p.err == nil && len(p.buf) > 0 {
		_, p.err = p.w.Write(p.buf)
	}
	p.buf = p.buf[:0]
	return p.err
}

// reportPrinter gathers everything and writes a document at the end.
type reportPrinter struct {
	*export.Collector
	label string
	write func(io.Writer, []export.Report) error
	err   error
}

func newReportPrinter(format string, inputs []string, live bool) *reportPrinter {
	p := &reportPrinter{}
	switch format {
	case "github":
		p.write = export.GitHub
	case "junit":
		p.write = export.JUnit
	case "sarif":
		p.write = func(w io.Writer, r []export.Report) error { return export.SARIF(w, version, r) }
	}
	switch {
	case live:
		p.Collector, p.label = export.NewCollector("", 0), inputs[0]
	case len(inputs) == 1:
		p.Collector = export.NewCollector(inputs[0], 0)
	default: // what is in no one file must not be looked for in one
		p.Collector, p.label = export.NewCollector("", 0), mergedName
	}
	return p
}

func (p *reportPrinter) StartAt(int64) {}
func (p *reportPrinter) Flush() error  { return p.err }
func (p *reportPrinter) Err() error    { return p.err }
func (p *reportPrinter) End(end event.End) error {
	// Packets that were dropped are a finding: not to be told twice.
	end.Dropped = 0
	r := p.Report(end)
	r.Label = p.label
	p.err = p.write(os.Stdout, []export.Report{r})
	return p.err
}
