package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
)

// options are the flags that all reading commands share.
type options struct {
	read       []string
	follow     bool // the input grows
	decodeAs   map[uint16]string
	bpf        string // capture filter; "": none
	bpfRaw     string // file with a compiled one
	filter     string // display filter; "": none
	until      string // display filter that ends reading; "": none
	maxMessage int64
	conn       uint64
	limit      uint64
	workers    uint64 // 0: as many as there are processors
	payload    string // "" is the command's default
	output     string
	json       bool
	fields     string // columns to print; "": what the command prints
	hex, raw   bool
	write      string // file to save packets to; "" is none
	theme      string
	color      string
	progress   string
	quiet      bool
	verbose    bool
	live       liveOptions

	// What check made of the filters: nil lets everything through.
	packets *captureFilter
	display *query.Filter
	stopAt  *query.Filter  // of --until
	columns *query.Columns // nil: none were chosen
}

func newOptions() *options {
	return &options{
		decodeAs: map[uint16]string{}, maxMessage: dissect.DefaultMessage,
		output: "text", color: "auto", progress: "auto",
	}
}

// Groups of flags, in the order in which help shows them.
const (
	groupInput  = "Input"
	groupSelect = "What to show"
	groupOutput = "Output"
	groupError  = "On standard error"
)

var groups = []string{groupInput, groupLive, groupSelect, groupOutput, groupError}

var whenValues = []string{"auto", "always", "never"}

// flagSpec is one flag of the reading commands.
type flagSpec struct {
	group, name, short, usage string
	value                     func(o *options) pflag.Value
	choices                   []string // completed by the shell
	only                      string   // the commands that have it; "" is all
}

var flagSpecs = []flagSpec{
	{groupInput, "read", "r", "read `FILE`, as an argument does; - is standard input",
		func(o *options) pflag.Value { return (*listValue)(&o.read) }, nil, ""},
	{groupInput, "follow", "", "wait for more at the end of a file that another program writes, until Ctrl-C",
		func(o *options) pflag.Value { return (*boolValue)(&o.follow) }, nil, ""},
	{groupInput, "decode-as", "", "what a TCP port speaks, whatever it looks like, as `PORT=PROTOCOL`: " + orList(dissect.ProtocolNames()) + "; may be repeated",
		func(o *options) pflag.Value { return &portsValue{p: o.decodeAs} }, nil, ""},
	{groupInput, "max-message", "", "keep at most `SIZE` of one message (64k, 16M, 1G); the rest is counted",
		func(o *options) pflag.Value { return &sizeValue{&o.maxMessage, "16M"} }, nil, ""},
	{groupInput, "bpf", "f", "only packets that match tcpdump's `EXPR`, as in 'tcp port 8080'; the others are left out before anything is made of them",
		func(o *options) pflag.Value { return (*textValue)(&o.bpf) }, nil, ""},
	{groupInput, "bpf-raw", "", "a capture filter that tcpdump -ddd compiled to `FILE`",
		func(o *options) pflag.Value { return (*textValue)(&o.bpfRaw) }, nil, ""},
	{groupSelect, "filter", "Y", "only results that match `EXPR`, as in 'opcode == text and length > 4k'; sockeye fields lists the fields",
		func(o *options) pflag.Value { return (*textValue)(&o.filter) }, nil, ""},
	{groupSelect, "until", "", "stop at the first result that matches the display filter `EXPR`, once it is printed",
		func(o *options) pflag.Value { return (*textValue)(&o.until) }, nil, ""},
	{groupSelect, "conn", "", "only connection `N`, as conns numbers them",
		func(o *options) pflag.Value { return (*countValue)(&o.conn) }, nil, ""},
	{groupSelect, "limit", "n", "stop after `N` results",
		func(o *options) pflag.Value { return (*countValue)(&o.limit) }, nil, ""},
	{groupSelect, "payload", "", "`HOW` much payload to show: none, preview or full (default: preview; full with --json and for follow)",
		func(o *options) pflag.Value { return &choiceValue{&o.payload, payloadValues} }, payloadValues, ""},
	{groupOutput, "json", "", "JSON Lines, as -o json",
		func(o *options) pflag.Value { return (*boolValue)(&o.json) }, nil, ""},
	{groupOutput, "output", "o", "output `FORMAT`: " + orList(outputValues),
		func(o *options) pflag.Value { return &choiceValue{&o.output, outputValues} }, outputValues, ""},
	{groupOutput, "fields", "", "only these `FIELDS`, with commas between them: as text divided by tabs, as CSV or JSON; sockeye fields lists them",
		func(o *options) pflag.Value { return (*textValue)(&o.fields) }, nil, ""},
	{groupOutput, "workers", "", "use `N` processors where it pays: for JSON with payload (default: all); the output is the same",
		func(o *options) pflag.Value { return (*countValue)(&o.workers) }, nil, ""},
	{groupOutput, "write", "w", "also save the packets that -f lets through to `FILE`, as pcapng; .gz and .zst are compressed",
		func(o *options) pflag.Value { return (*pathValue)(&o.write) }, nil, ""},
	{groupOutput, "hex", "", "bytes as a hex dump",
		func(o *options) pflag.Value { return (*boolValue)(&o.hex) }, nil, "follow"},
	{groupOutput, "raw", "", "the bytes themselves and nothing else",
		func(o *options) pflag.Value { return (*boolValue)(&o.raw) }, nil, "follow"},
	{groupOutput, "color", "", "`WHEN` to colour: auto, always or never",
		func(o *options) pflag.Value { return &choiceValue{&o.color, whenValues} }, whenValues, ""},
	{groupOutput, "theme", "", "the inspector's theme `NAME`: dark, light, none, or that of a file in the config folder",
		func(o *options) pflag.Value { return (*textValue)(&o.theme) }, nil, "sockeye tui"},
	{groupError, "progress", "", "`WHEN` to show progress: auto, always or never",
		func(o *options) pflag.Value { return &choiceValue{&o.progress, whenValues} }, whenValues, ""},
	{groupError, "quiet", "q", "neither summary nor notes",
		func(o *options) pflag.Value { return (*boolValue)(&o.quiet) }, nil, ""},
	{groupError, "verbose", "v", "also say what was read, what was not decoded, and the bounds",
		func(o *options) pflag.Value { return (*boolValue)(&o.verbose) }, nil, ""},
}

var (
	payloadValues = []string{"none", "preview", "full"}
	outputValues  = []string{"text", "json", "csv"}
)

// groupKey marks a flag with the group that help shows it in.
const groupKey = "sockeye-group"

// addTo gives cmd the shared flags, but not those named in without.
func (o *options) addTo(cmd *cobra.Command, without ...string) {
	f := cmd.Flags()
	f.SortFlags = false
	for _, s := range slices.Concat(flagSpecs, liveFlags) {
		if s.only != "" && !slices.Contains(strings.Fields(s.only), cmd.Name()) || slices.Contains(without, s.name) {
			continue
		}
		v := s.value(o)
		added := f.VarPF(v, s.name, s.short, s.usage)
		if v.Type() == "bool" {
			added.NoOptDefVal = "true"
		}
		f.SetAnnotation(s.name, groupKey, []string{s.group})
		if s.choices != nil {
			cmd.RegisterFlagCompletionFunc(s.name, cobra.FixedCompletions(s.choices, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	cmd.RegisterFlagCompletionFunc("decode-as", completeDecodeAs)
	cmd.RegisterFlagCompletionFunc("bpf", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("filter", completeDisplay)
	cmd.RegisterFlagCompletionFunc("until", completeDisplay)
	cmd.RegisterFlagCompletionFunc("fields", completeFields)
}

// completeDecodeAs offers the protocols once a port was typed.
func completeDecodeAs(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	port, _, ok := strings.Cut(typed, "=")
	if !ok {
		return nil, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	var list []string
	for _, name := range dissect.ProtocolNames() {
		list = append(list, port+"="+name)
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// inputs are the captures that were named, by flag and by argument.
func (o *options) inputs(args []string) []string {
	return append(o.read[:len(o.read):len(o.read)], args...)
}

// isJSON reports whether results are JSON Lines.
func (o *options) isJSON() bool { return o.json || o.output == "json" }

// check refuses what contradicts itself, and compiles the filters.
func (o *options) check(inputs []string) error {
	stdin := 0
	for _, name := range inputs {
		if name == "-" {
			stdin++
		}
	}
	switch {
	case stdin > 1:
		return fmt.Errorf("- was given %d times: standard input can be read only once", stdin)
	case stdin == 1 && isTerminal(os.Stdin):
		return fmt.Errorf("-: standard input is the terminal: pipe a capture into it, as in tcpdump -w - | sockeye -")
	case o.isJSON() && (o.hex || o.raw):
		return fmt.Errorf("--hex and --raw are forms of text output: not with --json")
	case o.hex && o.raw:
		return fmt.Errorf("--hex or --raw, not both")
	case o.quiet && o.verbose:
		return fmt.Errorf("--quiet or --verbose, not both")
	}
	return o.compileFilters()
}

// analyzer are the analyzer's options for a command that looks at kinds.
func (o *options) analyzer(kinds []event.Kind, payload event.Payload) dissect.Options {
	a := dissect.Options{Conn: o.conn, DecodeAs: o.decodeAs, Limits: dissect.Limits{Message: o.maxMessage}}
	for _, k := range kinds {
		a.Want.Kinds[k] = true
	}
	a.Want.Borrowed = true // a printer is done with an event once it was given it
	a.Want.EventsOnly = o.display == nil && o.columns == nil && o.stopAt == nil
	a.Want.Payload = max(payload, o.display.Needs())
	return a
}

// wantPayload is how much payload to show; full says that text shows all of it too.
func (o *options) wantPayload(full bool) event.Payload {
	switch o.payload {
	case "none":
		return event.PayloadNone
	case "preview":
		return event.PayloadPreview
	case "full":
		return event.PayloadFull
	}
	if o.isJSON() || full {
		return event.PayloadFull
	}
	return event.PayloadPreview
}

// processors is how many to use.
func (o *options) processors() uint64 {
	if o.workers == 0 {
		return uint64(runtime.NumCPU())
	}
	return o.workers
}

// when decides on a choice of auto, always or never.
func when(value string, auto func() bool) bool {
	return value == "always" || value == "auto" && auto()
}
