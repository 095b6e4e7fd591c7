package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// checkFlags are the flags that only check has.
type checkFlags struct {
	only, ignore []string // IDs of rules
	severity     string
	format       string
	strict       bool
}

var (
	severityValues = []string{"info", "warning", "error"}
	formatValues   = []string{"text", "json", "github", "junit", "sarif"}
)

const checkLong = `Report what breaks RFC 6455, RFC 7692 and the rules of HTTP and TCP around them:
one line a finding, with the packet, the side at fault and the clause. What was
not captured is not judged. sockeye explain RULE says what a rule means.

The exit code is 1 if errors were reported; with --strict, also for warnings. A
file that is cut short or damaged ends with 3, whatever was found.

Several files are merged by time, as one capture: a conversation may go on from
one to the next. Packets are numbered through all of them, and the findings
begin with "merged" in place of a file's name.`

const checkExample = `  sockeye check chat.pcap
  sockeye check --severity warning --ignore WS-NO-CLOSE chat.pcap
  sockeye check --rule HS- --rule PMD- chat.pcap     only these families
  sockeye check --format github chat.pcap            annotations of a workflow
  sockeye check --format sarif chat.pcap > sockeye.sarif
  sockeye check --json chat.pcap | jq -r 'select(.kind=="finding").rule'`

func newCheck() *cobra.Command {
	o, c := newOptions(), &checkFlags{severity: "info", format: "text"}
	cmd := &cobra.Command{
		Use: "check [FILE... | -i IF]", Short: "Hold every conversation against the RFCs", GroupID: groupReading,
		Long: checkLong, Example: checkExample,
		RunE: func(cmd *cobra.Command, args []string) error { return o.runCheck(cmd, c, args) },
	}
	o.addTo(cmd, "payload") // findings have none
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
	own(groupSelect, "ignore", "all but `RULE`, or those that begin with it; may be repeated", &rulesValue{&c.ignore}, ruleIDs())
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

// rulesValue takes rules in any letter case, and beginnings of rules, which it
// replaces with the rules meant: WS-MASK is that rule and not WS-MASK-KEY too.
type rulesValue struct{ p *[]string }

func (v *rulesValue) String() string { return strings.Join(*v.p, ",") }
func (v *rulesValue) Type() string   { return "rules" }
func (v *rulesValue) Set(s string) error {
	var meant []string
	for _, name := range strings.Split(s, ",") {
		id := strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(name)), "*")
		known := ruleIDs()
		if !slices.Contains(known, id) {
			known = slices.DeleteFunc(known, func(k string) bool { return id == "" || !strings.HasPrefix(k, id) })
			if len(known) == 0 {
				return fmt.Errorf("there is no such rule%s", orNearest(name))
			}
			meant = append(meant, known...)
			continue
		}
		meant = append(meant, id)
	}
	*v.p = append(*v.p, meant...)
	return nil
}

// orNearest says which rules id may have been meant to be, or where all are.
func orNearest(id string) string {
	if near := rules.Nearest(id); len(near) > 0 {
		return "; did you mean " + orList(near) + "?"
	}
	return "; sockeye explain --all has them all"
}

// wants tells whether a finding was asked for.
func (c *checkFlags) wants(f *event.Finding) bool {
	return int(f.Severity) >= slices.Index(severityValues, c.severity) &&
		(len(c.only) == 0 || slices.Contains(c.only, f.Rule)) && !slices.Contains(c.ignore, f.Rule)
}

// findingColumns are those of CSV unless --fields says otherwise.
const findingColumns = "time,conn,from,packets,severity,finding,frame,message,text,reference,evidence,advice"

// checkFormat refuses two formats at once, and settles which it is.
func (o *options) checkFormat(cmd *cobra.Command, c *checkFlags) error {
	if o.isJSON() && cmd.Flags().Changed("format") && c.format != "json" {
		return fmt.Errorf("--format %s or JSON Lines, not both", c.format)
	}
	if o.isJSON() {
		c.format = "json"
	}
	o.json = c.format == "json"
	if c.format != "text" && c.format != "json" && (o.fields != "" || o.output == "csv") {
		return fmt.Errorf("--format %s or columns, not both", c.format)
	}
	return nil
}

// runCheck reads the input and prints what it finds.
func (o *options) runCheck(cmd *cobra.Command, c *checkFlags, args []string) error {
	inputs, err := o.sources(args)
	if err := errors.Join(err, o.checkFormat(cmd, c)); err != nil {
		return misuse(cmd, err)
	}
	if err := o.compileColumns(findingColumns); err != nil {
		return misuse(cmd, err)
	}
	s := &checkSink{flags: c, limit: o.limit, display: o.newDisplay()}
	kinds := []event.Kind{event.KindFinding}
	switch {
	case c.format == "json" || o.columns != nil:
		s.printer = o.printer(event.ViewFindings, event.PayloadNone)
	case c.format == "text":
		s.printer = &linePrinter{w: os.Stdout, file: inputName(inputs), color: when(o.color, colorWanted)}
	default:
		s.printer = newReportPrinter(c.format, inputs, o.live.on())
		kinds = append(kinds, event.KindConnection)
	}
	analyzer, until := o.newAnalyzer(kinds, event.PayloadNone, s)
	s.display.observe(analyzer)
	observe(s.printer, analyzer)
	p := &process{
		options: o, inputs: inputs, out: s, results: "findings", enough: s.enough,
		analyzer: analyzer, until: until,
		notes: s.notes, summary: s.summary, failed: s.failed,
	}
	s.process = p
	return p.run()
}

// mergedName stands for the file's name where packets are of several files.
const mergedName = "merged"

// inputName is what the lines of findings begin with.
func inputName(inputs []string) string {
	if len(inputs) > 1 {
		return mergedName
	}
	return inputs[0]
}
