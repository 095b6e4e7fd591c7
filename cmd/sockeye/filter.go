package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/filter"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// Two filters, in two languages: --bpf stands before the analyzer and looks at
// packets, --filter stands behind it and looks at events.
//
//	packets ─► captureFilter ─► dissect.Analyzer ─► displayFilter ─► printer

// placedError is a mistake in an expression on the command line: said in a line,
// then shown with a caret under the place.
type placedError struct {
	text  string
	caret string // two lines that print: the expression, the marks
}

func (e *placedError) Error() string { return e.text }

// filterMisuse is what a wrong expression of a flag ends the program with.
func filterMisuse(flag string, pos int, advice, caret, hint, help string) error {
	text := fmt.Sprintf("%s: column %d: %s%s", flag, pos+1, advice, hint)
	lines := strings.SplitN(caret, "\n", 3)
	return &usageError{&placedError{text, strings.Join(lines[:min(2, len(lines))], "\n")}, help}
}

// compileFilters compiles what the flags say, to be told of mistakes before
// anything is read.
func (o *options) compileFilters() (err error) {
	if o.packets, err = newCaptureFilter(o.bpf, o.bpfRaw); err != nil {
		return err
	}
	if o.display, err = compileDisplay("-Y/--filter", o.filter); err != nil {
		return err
	}
	o.stopAt, err = compileDisplay("--until", o.until)
	return err
}

// compileDisplay compiles a flag's display filter; nil if there is none.
func compileDisplay(flag, expr string) (*query.Filter, error) {
	if expr == "" {
		return nil, nil
	}
	f, err := query.Compile(expr)
	var e *query.Error
	if !errors.As(err, &e) {
		return f, err
	}
	hint := ""
	if _, err := filter.Compile(expr, capture.LinkEthernet, 0); err == nil {
		hint = " (as a capture filter it goes to -f)"
	}
	return nil, filterMisuse(flag, e.Pos, e.Advice(), e.Caret(expr), hint, "sockeye fields")
}

// captureFilter decides which packets are analyzed. A nil one takes all.
type captureFilter struct {
	expr string
	any  bool // the program is for packets of every link type: --bpf-raw

	// The program for packets of link, the latest type met; others are in known.
	// Nil: no packet of this type matches.
	program filter.Program
	link    capture.LinkType
	started bool
	known   map[capture.LinkType]filter.Program

	compiled bool               // for at least one link type
	refused  error              // why not for another, the first
	left     []capture.LinkType // types of packets on which the expression has no meaning
	read     uint64             // packets looked at
	passed   uint64
}

func newCaptureFilter(expr, rawFile string) (*captureFilter, error) {
	switch {
	case expr != "" && rawFile != "":
		return nil, errors.New("--bpf or --bpf-raw, not both")
	case rawFile != "":
		return readRawFilter(rawFile)
	case expr == "":
		return nil, nil
	}
	// Which link types there will be is not known yet. What is wrong on any is
	// wrong on Ethernet.
	_, err := filter.Compile(expr, capture.LinkEthernet, 0)
	if err != nil && !errors.Is(err, filter.ErrLinkType) && !errors.Is(err, filter.ErrRejectsAll) {
		return nil, captureMisuse(expr, err)
	}
	return &captureFilter{expr: expr, known: map[capture.LinkType]filter.Program{}}, nil
}

func captureMisuse(expr string, err error) error {
	var e *filter.Error
	if !errors.As(err, &e) {
		return err
	}
	hint := ""
	if _, err := query.Compile(expr); err == nil {
		hint = " (as a display filter it goes to -Y)"
	}
	_, advice, _ := strings.Cut(e.Error(), ": ")
	return filterMisuse("-f/--bpf", e.Pos, advice, e.Caret(expr), hint, "man 7 pcap-filter")
}

// readRawFilter reads a program as tcpdump -ddd prints it.
func readRawFilter(file string) (*captureFilter, error) {
	b, err := readSome(file, filter.MaxExpression+1)
	if err != nil {
		return nil, fmt.Errorf("--bpf-raw %s: %w", file, err)
	}
	p, err := filter.ParseRaw(string(b))
	var e *filter.Error
	if errors.As(err, &e) {
		_, advice, _ := strings.Cut(e.Error(), ": ")
		line := 1 + strings.Count(string(b[:min(max(e.Pos, 0), len(b))]), "\n")
		text := fmt.Sprintf("--bpf-raw: %s, line %d: %s", file, line, advice)
		caret := strings.SplitN(e.Caret(string(b)), "\n", 3)
		return nil, &usageError{&placedError{text, caret[0] + "\n" + caret[1]}, "tcpdump -ddd EXPR"}
	}
	return &captureFilter{program: p, any: true, compiled: true}, err
}

// readSome reads the first bytes of a file, limit at most.
func readSome(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return nil, pe.Err // the caller names the file
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return b, err
}

// forSession returns what makes filters for the readers of a session; nil for a nil one.
func (f *captureFilter) forSession() func() session.PacketFilter {
	if f == nil {
		return nil
	}
	return func() session.PacketFilter {
		own := *f
		if !f.any {
			own.known = map[capture.LinkType]filter.Program{}
		}
		return &browsingFilter{own}
	}
}

// browsingFilter is a captureFilter in a session.
type browsingFilter struct{ f captureFilter }

func (b *browsingFilter) Pass(p *capture.Packet, from session.Interfaces) (bool, error) {
	return b.f.pass(p, from)
}

func (b *browsingFilter) Verdict() error { return b.f.verdict() }

// pass tells whether a packet is to be analyzed. src may know the input's interfaces. An error says that the
// expression can mean nothing on this input.
func (f *captureFilter) pass(p *capture.Packet, src any) (bool, error) {
	if f == nil {
		return true, nil
	}
	return f.match(p, src)
}

// match is pass of a filter: apart, so that asking whether there is one costs no call.
func (f *captureFilter) match(p *capture.Packet, src any) (bool, error) {
	f.read++
	if !f.any && (p.Link != f.link || !f.started) {
		if err := f.turnTo(p.Link, src); err != nil {
			return false, err
		}
	}
	if f.program == nil || !f.program.Match(p.Data, int(p.OrigLen)) {
		return false, nil
	}
	f.passed++
	return true, nil
}

// turnTo makes the program for packets of link the one in use.
func (f *captureFilter) turnTo(link capture.LinkType, src any) error {
	program, ok := f.known[link]
	if !ok {
		var err error
		if program, err = filter.Compile(f.expr, link, 0); err != nil {
			program = nil
			if f.refused == nil {
				f.refused = captureMisuse(f.expr, err)
			}
			// As tcpdump does, unless other packets may come that it does mean something on.
			if !f.compiled && !otherLinks(src, link) {
				return f.refused
			}
			if !errors.Is(err, filter.ErrRejectsAll) {
				f.left = append(f.left, link)
			}
		} else {
			f.compiled = true
		}
		f.known[link] = program
	}
	f.program, f.link, f.started = program, link, true
	return nil
}

// otherLinks tells whether the input has, as far as is known, interfaces of
// another link type.
func otherLinks(src any, link capture.LinkType) bool {
	d, ok := src.(interface{ Interfaces() []pcapfile.Interface })
	if !ok {
		return false
	}
	for _, i := range d.Interfaces() {
		if i.Link != link {
			return true
		}
	}
	return false
}

// verdict is asked at the end of the input: an error says that no packet was of
// a link type on which the expression means anything.
func (f *captureFilter) verdict() error {
	if f == nil || f.compiled {
		return nil
	}
	return f.refused
}

// notes say what a reader should know who sees only what passed.
func (f *captureFilter) notes() []string {
	if f == nil {
		return nil
	}
	var l []string
	for _, link := range f.left {
		l = append(l, fmt.Sprintf("the capture filter has no meaning on packets of link type %s: all left out", link))
	}
	if f.nothing() {
		l = append(l, fmt.Sprintf("no packet of %d passed the capture filter", f.read))
	}
	return l
}

// nothing tells whether packets came, and none passed.
func (f *captureFilter) nothing() bool { return f != nil && f.read > 0 && f.passed == 0 }

// displayFilter decides which events are shown. A nil one takes all.
type displayFilter struct {
	filter *query.Filter
	conn   connInfo
}

// newDisplay returns what stands between the analyzer and the printer, nil
// without --filter. The analyzer is set once it is made.
func (o *options) newDisplay() *displayFilter {
	if o.display == nil {
		return nil
	}
	return &displayFilter{filter: o.display}
}

// observe names the analyzer that events come from.
func (d *displayFilter) observe(a *dissect.Analyzer) {
	if d != nil {
		d.conn.analyzer = a
	}
}

// pass tells whether an event is to be shown.
func (d *displayFilter) pass(e *event.Event) bool {
	return d == nil || d.filter.Match(e, d.conn.now())
}

// connInfo is what an analyzer knows of the connection of the event that it emits.
type connInfo struct {
	analyzer *dissect.Analyzer
	info     query.ConnInfo // scratch
}

// now returns what is known at this moment, nil if the event is of no
// connection; it is valid until the next call. It formats nothing and allocates
// nothing, so it is done for every event anew.
func (c *connInfo) now() *query.ConnInfo {
	k := c.analyzer.Emitting()
	if k == nil {
		return nil
	}
	tcp, sum, ends := k.TCP(), k.Summary(), k.Endpoints()
	c.info = query.ConnInfo{
		Client: ends[event.Client], Server: ends[event.Server],
		Protocol: sum.Protocol, Layers: sum.Layers, Guess: sum.Guess,
		State: tcp.State().String(), ClosedBy: k.ClosedBy(), Midstream: tcp.Midstream,
		Host: sum.Host, Path: sum.Path, Status: sum.Status, Subprotocol: sum.Subprotocol,
		SNI: sum.SNI, ALPN: sum.ALPN, RTT: tcp.RTT, Rules: k.Rules(),
	}
	return &c.info
}

// completeDisplay goes on with a display filter; the cursor is at its end.
func completeDisplay(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var list []string
	for _, c := range query.Complete(typed, len(typed)) {
		list = append(list, typed[:c.Start]+c.Text+typed[c.End:]+"\t"+c.Meaning)
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
