package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/export"
	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// checkFlags are the flags that only check has.
type checkFlags struct {
	only, ignore []string // rules
	severity     string
	format       string
	strict       bool
}

var (
	severityValues = []string{"info", "warning", "error"}
	formatValues   = []string{"text", "json", "github", "junit", "sarif"}
)

func newCheck() *cobra.Command {
	o, c := newOptions(), &checkFlags{severity: "info", format: "text"}
	cmd := &cobra.Command{
		Use: "check [FILE...]", Short: "Hold every conversation against the RFCs", GroupID: groupReading,
		Long: `Report what breaks RFC 6455, RFC 7692 and the rules of HTTP and TCP around them:
one line a finding, with the packet, the side at fault and the clause. What was
not captured is not judged. sockeye explain RULE says what a rule means.

The exit code is 1 if there are errors; with --strict, if there are warnings.`,
		Example: `  sockeye check chat.pcap
  sockeye check --severity warning --ignore WS-NO-CLOSE chat.pcap
  sockeye check --format github chat.pcap      annotations of a workflow
  sockeye check --format sarif chat.pcap > sockeye.sarif
  sockeye check --json chat.pcap | jq -r 'select(.kind=="finding").rule' | sort | uniq -c`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.runCheck(cmd, c, args) },
	}
	o.addTo(cmd)
	f := cmd.Flags()
	own := func(group, name, usage string, v pflag.Value, choices []string) {
		if added := f.VarPF(v, name, "", usage); v.Type() == "bool" {
			added.NoOptDefVal = "true"
		}
		f.SetAnnotation(name, groupKey, []string{group})
		if choices != nil {
			cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	own(groupSelect, "rule", "only `RULE`, or all that begin with it, as in WS-; may be repeated", &rulesValue{&c.only}, ruleIDs())
	own(groupSelect, "ignore", "all but `RULE`; may be repeated", &rulesValue{&c.ignore}, ruleIDs())
	own(groupSelect, "severity", "findings from `SEVERITY` on: info, warning or error", &choiceValue{&c.severity, severityValues}, severityValues)
	own(groupOutput, "format", "output `FORMAT`: text, json, github, junit or sarif", &choiceValue{&c.format, formatValues}, formatValues)
	own(groupOutput, "strict", "exit with 1 for warnings too", (*boolValue)(&c.strict), nil)
	return cmd
}

func ruleIDs() []string {
	var ids []string
	for _, r := range rules.All() {
		ids = append(ids, r.ID)
	}
	return ids
}

// rulesValue takes rules and their beginnings, in any case.
type rulesValue struct{ p *[]string }

func (v *rulesValue) String() string { return strings.Join(*v.p, ",") }
func (v *rulesValue) Type() string   { return "rules" }
func (v *rulesValue) Set(s string) error {
	for _, id := range strings.Split(s, ",") {
		id = strings.ToUpper(strings.TrimSpace(id))
		if !slices.ContainsFunc(ruleIDs(), func(known string) bool { return id != "" && strings.HasPrefix(known, id) }) {
			return fmt.Errorf("there is no rule %s%s; sockeye explain --all lists them", event.SafeString(id), orNearest(id))
		}
		*v.p = append(*v.p, id)
	}
	return nil
}

func orNearest(id string) string {
	if near := rules.Nearest(id); len(near) > 0 {
		return "; did you mean " + orList(near) + "?"
	}
	return ""
}

// runCheck reads the input and prints what it finds.
func (o *options) runCheck(cmd *cobra.Command, c *checkFlags, args []string) error {
	inputs := o.inputs(args)
	if len(inputs) == 0 {
		return misuse(cmd, errors.New("no input: name a capture file, or - for standard input"))
	}
	if err := o.check(inputs); err != nil {
		return misuse(cmd, err)
	}
	if c.format == "json" {
		o.json = true
	}
	if o.isJSON() && c.format != "json" && c.format != "text" {
		return misuse(cmd, fmt.Errorf("--format %s or JSON Lines, not both", c.format))
	}
	file := inputs[0]
	if len(inputs) > 1 {
		file = fmt.Sprintf("%d files", len(inputs))
	}
	s := &checkSink{flags: c, limit: o.limit}
	kinds := []event.Kind{event.KindFinding}
	switch {
	case o.isJSON():
		s.printer = o.printer(event.ViewFindings, event.PayloadNone)
	case c.format == "text":
		s.printer = &linePrinter{w: os.Stdout, file: file}
	default:
		s.printer = newReportPrinter(c.format, file)
		kinds = append(kinds, event.KindConnection)
	}
	p := &process{
		options: o, inputs: inputs, out: s, results: "findings", enough: s.enough,
		analyzer: dissect.New(o.analyzer(kinds, event.PayloadNone), s), notes: s.notes, failed: s.failed,
	}
	return p.run()
}

// checkSink lets through the findings that were asked for, and counts them.
type checkSink struct {
	printer
	flags      *checkFlags
	limit      uint64
	bySeverity [3]uint64
}

// Event implements event.Sink.
func (s *checkSink) Event(e *event.Event) {
	if f, ok := e.Detail.(*event.Finding); ok {
		if !s.flags.wants(f) || s.enough() {
			return
		}
		s.bySeverity[f.Severity]++
	}
	s.printer.Event(e)
}

func (c *checkFlags) wants(f *event.Finding) bool {
	named := func(list []string) bool {
		return slices.ContainsFunc(list, func(id string) bool { return strings.HasPrefix(f.Rule, id) })
	}
	return int(f.Severity) >= slices.Index(severityValues, c.severity) && (len(c.only) == 0 || named(c.only)) && !named(c.ignore)
}

func (s *checkSink) enough() bool {
	return s.limit > 0 && s.bySeverity[0]+s.bySeverity[1]+s.bySeverity[2] >= s.limit
}

// failed tells whether what was found makes the exit code 1.
func (s *checkSink) failed() bool {
	return s.bySeverity[event.Error] > 0 || s.flags.strict && s.bySeverity[event.Warning] > 0
}

func (s *checkSink) notes(_ *dissect.Totals, o *options) []string {
	if o.isJSON() {
		return nil
	}
	return []string{fmt.Sprintf("errors: %d, warnings: %d, informative: %d", s.bySeverity[event.Error], s.bySeverity[event.Warning], s.bySeverity[event.Info])}
}

// linePrinter prints a line a finding.
type linePrinter struct {
	w    io.Writer
	file string
	buf  []byte
	err  error
}

func (p *linePrinter) Event(e *event.Event) {
	p.buf = export.Line(p.buf, p.file, e)
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
	write func(io.Writer, []export.Report) error
	err   error
}

func newReportPrinter(format, file string) *reportPrinter {
	write := map[string]func(io.Writer, []export.Report) error{
		"github": export.GitHub,
		"junit":  export.JUnit,
		"sarif":  func(w io.Writer, r []export.Report) error { return export.SARIF(w, version, r) },
	}[format]
	return &reportPrinter{Collector: export.NewCollector(file, 0), write: write}
}

func (p *reportPrinter) StartAt(int64) {}
func (p *reportPrinter) Flush() error  { return p.err }
func (p *reportPrinter) Err() error    { return p.err }
func (p *reportPrinter) End(end event.End) error {
	p.err = p.write(os.Stdout, []export.Report{p.Report(end)})
	return p.err
}
