package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// show reads the input through the analyzer and prints what the view shows.
func (o *options) show(cmd *cobra.Command, v *view, args []string) error {
	inputs, err := o.sources(args)
	if err != nil {
		return misuse(cmd, err)
	}
	if err := o.compileColumns(v.columns); err != nil {
		return misuse(cmd, err)
	}
	payload := o.wantPayload(v.full)
	if o.columns != nil {
		payload = o.columns.Needs()
	}
	out := o.printer(v.text, payload)
	s := &resultSink{out: out, kind: v.kinds[0], limit: o.limit, raw: o.raw, display: o.newDisplay()}
	analyzer, until := o.newAnalyzer(v.kinds, payload, s)
	s.display.observe(analyzer)
	observe(out, analyzer)
	p := &process{
		options: o, inputs: inputs, out: out, results: v.name, enough: s.enough,
		analyzer: analyzer, until: until, notes: s.notes,
	}
	return p.run()
}

// resultSink gives events to a printer until the results asked for are there.
type resultSink struct {
	out     printer
	kind    event.Kind // what counts as a result
	limit   uint64     // 0: none
	results uint64
	display *displayFilter
	hidden  uint64 // events that did not pass it

	// With --raw, what its bytes cannot show.
	raw         bool
	holes, lost uint64
	first       uint64 // the first connection printed
	mixed       bool   // there was another
}

// Event implements event.Sink.
func (s *resultSink) Event(e *event.Event) {
	if s.limit > 0 && s.results >= s.limit {
		return
	}
	if !s.display.pass(e) {
		s.hidden++
		return
	}
	if e.Detail.Kind() == s.kind {
		s.results++
	}
	if s.raw {
		if s.first == 0 {
			s.first = e.Conn
		}
		s.mixed = s.mixed || s.first != e.Conn
		if g, ok := e.Detail.(*event.Gap); ok {
			s.holes++
			s.lost += g.Length
		}
	}
	s.out.Event(e)
}

// enough reports whether all results asked for were printed.
func (s *resultSink) enough() bool { return s.limit > 0 && s.results >= s.limit }

// notes are what a reader of the results should know about them.
func (s *resultSink) notes(t *dissect.Totals, o *options) []string {
	var l []string
	if s.holes > 0 {
		l = append(l, fmt.Sprintf("holes in these bytes: %d, together %d bytes that were not captured", s.holes, s.lost))
	}
	if s.mixed {
		l = append(l, "these are the bytes of several connections, mixed; --conn N takes one")
	}
	switch {
	case s.results > 0 || s.enough():
	case o.conn > t.Connections:
		l = append(l, fmt.Sprintf("there is no connection %d: the capture has %d", o.conn, t.Connections))
	case o.isJSON() || t.Connections == 0:
	case s.hidden > 0:
		l = append(l, "nothing passed the display filter: "+o.display.String())
	case s.kind == event.KindMessage || s.kind == event.KindFrame:
		l = append(l, "no WebSocket "+s.kind.String()+"s; sockeye conns shows what the connections spoke")
	case s.kind == event.KindHandshake:
		l = append(l, "no WebSocket handshakes; sockeye conns shows what the connections spoke")
	}
	return l
}

// printer is a sink with a beginning and an end.
type printer interface {
	event.Sink
	StartAt(ns int64)
	End(event.End) error
	Flush() error
	Err() error
}

// printer makes the sink for the output that was asked for.
func (o *options) printer(v event.View, payload event.Payload) printer {
	switch {
	case o.columns != nil:
		return o.newColumnsPrinter()
	case !o.isJSON():
	case o.processors() > 1 && (v == event.ViewMessages || v == event.ViewFollow):
		// One goroutine reads and decodes, the others encode.
		return jsonPrinter{event.NewJSONWorkers(os.Stdout, payload, int(min(o.processors()-1, maxEncoders)))}
	default:
		return jsonPrinter{event.NewJSON(os.Stdout, payload)}
	}
	form := event.FormText
	switch {
	case o.raw:
		form = event.FormRaw
	case o.hex:
		form = event.FormHex
	}
	return textPrinter{event.NewText(os.Stdout, event.TextOptions{
		View: v, Form: form, Width: outputWidth(os.Stdout), Color: when(o.color, colorWanted), Payload: payload,
	})}
}

// maxEncoders is how many goroutines encode at most: decoding keeps no more of them busy.
const maxEncoders = 4

// jsonPrinter is a JSON printer: its times are absolute.
type jsonPrinter struct{ jsonSink }

type jsonSink interface {
	event.Sink
	End(event.End) error
	Flush() error
	Err() error
}

func (jsonPrinter) StartAt(int64) {}

// textPrinter is a Text whose end is told by the summary on standard error.
type textPrinter struct{ *event.Text }

func (p textPrinter) End(event.End) error { return p.Flush() }
