package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
)

// compileColumns reads --fields; with -o csv, usual are those that are not named.
func (o *options) compileColumns(usual string) error {
	list := o.fields
	if list == "" && o.output == "csv" && !o.json {
		list = usual
	}
	if list == "" {
		return nil
	}
	if o.hex || o.raw {
		return fmt.Errorf("--hex and --raw are forms of text output: not with columns")
	}
	var err error
	o.columns, err = query.ParseColumns(list)
	var e *query.Error
	if errors.As(err, &e) {
		return &usageError{&placedError{"--fields: " + e.Advice(), e.Caret(list)}, "sockeye fields"}
	}
	return err
}

// completeFields goes on with a list of fields.
func completeFields(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	var list []string
	for _, f := range query.Fields() {
		list = append(list, before+f.Name+"\t"+f.Meaning)
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// columnsPrinter prints a row for each event: the values of chosen fields,
// divided by tabs, as CSV (RFC 4180), or as JSON Lines.
type columnsPrinter struct {
	columns *query.Columns
	names   []string
	conn    connInfo
	row     func(*event.Event, *query.ConnInfo)
	out     *bufio.Writer
	err     error
	json    bool
	safe    bool // cells are printed in the visible form
	cell    []byte
	visible []byte
}

// observe names the analyzer that events come from to a printer of columns.
func observe(p printer, a *dissect.Analyzer) {
	if rows, ok := p.(*columnsPrinter); ok {
		rows.conn.analyzer = a
	}
}

// newColumnsPrinter prints rows to standard output, once observe has been called.
func (o *options) newColumnsPrinter() *columnsPrinter {
	p := &columnsPrinter{
		columns: o.columns, names: o.columns.Names(), out: bufio.NewWriterSize(os.Stdout, 64<<10),
		json: o.isJSON(), safe: true,
	}
	switch {
	case p.json:
		p.row = p.jsonRow
	case o.output == "csv":
		p.row, p.safe = p.csvRow, isTerminal(os.Stdout)
		for i, name := range p.names {
			p.csvCell(i, []byte(name))
		}
		p.write([]byte("\r\n"))
	default:
		p.row = p.textRow
	}
	return p
}

// Event implements event.Sink.
func (p *columnsPrinter) Event(e *event.Event) { p.row(e, p.conn.now()) }

// StartAt implements printer: times are absolute.
func (p *columnsPrinter) StartAt(int64) {}

// End implements printer.
func (p *columnsPrinter) End(e event.End) error {
	if p.json {
		if err := event.NewJSON(p.out, event.PayloadNone).End(e); p.err == nil {
			p.err = err
		}
	}
	return p.Flush()
}

// Flush implements printer.
func (p *columnsPrinter) Flush() error {
	if err := p.out.Flush(); p.err == nil {
		p.err = err
	}
	return p.err
}

// Err implements printer.
func (p *columnsPrinter) Err() error { return p.err }

func (p *columnsPrinter) write(b []byte) {
	if _, err := p.out.Write(b); p.err == nil {
		p.err = err
	}
}

func (p *columnsPrinter) textRow(e *event.Event, c *query.ConnInfo) {
	for i := range p.names {
		if i > 0 {
			p.write([]byte{'\t'})
		}
		p.cell, _ = p.columns.Append(p.cell[:0], e, c, i)
		p.write(p.shown(p.cell))
	}
	p.write([]byte{'\n'})
}

// shown is a cell in the form in which it is printed, valid until the next one.
func (p *columnsPrinter) shown(cell []byte) []byte {
	if !p.safe {
		return cell
	}
	p.visible = event.SafeText(p.visible[:0], cell, 0)
	return p.visible
}

func (p *columnsPrinter) csvRow(e *event.Event, c *query.ConnInfo) {
	for i := range p.names {
		p.cell, _ = p.columns.Append(p.cell[:0], e, c, i)
		p.csvCell(i, p.shown(p.cell))
	}
	p.write([]byte("\r\n"))
}

// csvCell writes the i-th cell of a row (RFC 4180 §2).
func (p *columnsPrinter) csvCell(i int, cell []byte) {
	if i > 0 {
		p.write([]byte{','})
	}
	if !bytes.ContainsAny(cell, "\",\r\n") {
		p.write(cell)
		return
	}
	p.write([]byte{'"'})
	p.write(bytes.ReplaceAll(cell, []byte{'"'}, []byte(`""`)))
	p.write([]byte{'"'})
}

func (p *columnsPrinter) jsonRow(e *event.Event, c *query.ConnInfo) {
	p.cell = append(append(append(p.cell[:0], `{"kind":"`...), e.Detail.Kind().String()...), '"')
	for i, name := range p.names {
		if name == "kind" {
			continue
		}
		start := len(p.cell)
		p.cell = append(strconv.AppendQuote(append(p.cell, ','), name), ':')
		var ok bool
		if p.cell, ok = p.columns.AppendJSON(p.cell, e, c, i); !ok {
			p.cell = p.cell[:start]
		}
	}
	p.write(append(p.cell, "}\n"...))
}
