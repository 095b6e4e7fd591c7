package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// printer is a sink with an end.
type printer interface {
	event.Sink
	End(event.End) error
	Flush() error
	Err() error
}

// errLimit ends reading after the number of results that was asked for.
var errLimit = errors.New("limit reached")

// show reads the input through the analyzer and prints what the view shows.
func (o *options) show(v *view, files []string) error {
	s, err := o.settings(v)
	if err != nil {
		return &usageError{err}
	}
	src, err := pcapfile.OpenAll(append(o.read, files...))
	if err != nil {
		return &exitError{exitInput, err}
	}
	defer src.Close()
	out := o.printer(v, s)
	results := uint64(0)
	sink := event.SinkFunc(func(e *event.Event) {
		if e.Detail.Kind() != v.kinds[0] {
			if o.limit == 0 || results < o.limit {
				out.Event(e)
			}
			return
		}
		if results++; o.limit == 0 || results <= o.limit {
			out.Event(e)
		}
	})
	a := dissect.New(s.analyzer, sink)
	stop := func() {}
	if s.progress {
		stop = showProgress(src)
	}
	err = pump(src, a, out, func() bool { return o.limit > 0 && results >= o.limit })
	stop()
	return o.finish(a, out, err)
}

// pump drives packets through the analyzer. It returns nil at the true end of
// the input, else why it ended early.
func pump(src pcapfile.Source, a *dissect.Analyzer, out printer, enough func() bool) error {
	var interrupted atomic.Bool
	release := onInterrupt(&interrupted, src)
	defer release()
	for !interrupted.Load() {
		p, err := src.Next()
		if err != nil {
			if interrupted.Load() {
				break
			}
			if err == io.EOF {
				return nil
			}
			return err
		}
		a.Packet(&p)
		if enough() {
			return errLimit
		}
		if out.Err() != nil {
			return out.Err()
		}
	}
	return errInterrupted
}

var errInterrupted = errors.New("interrupted")

// onInterrupt sets flag at the first SIGINT or SIGTERM, and unblocks a read that
// waits for input; a second one ends the process at once.
func onInterrupt(flag *atomic.Bool, src io.Closer) (release func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-done:
			return
		case <-signals:
		}
		flag.Store(true)
		select {
		case <-done:
			return
		case <-time.After(200 * time.Millisecond):
			src.Close() // the reader waits for input that does not come
		case <-signals:
			os.Exit(exitInterrupted)
		}
		select {
		case <-done:
		case <-signals:
			os.Exit(exitInterrupted)
		}
	}()
	return func() { signal.Stop(signals); close(done) }
}

// finish prints the end, and turns how reading ended into an exit code.
func (o *options) finish(a *dissect.Analyzer, out printer, err error) error {
	if !errors.Is(err, errLimit) {
		a.Close()
	}
	t := a.Totals()
	var damaged *capture.InputError
	isDamaged := errors.As(err, &damaged)
	end := event.End{
		Packets: t.Packets, Connections: t.Connections, Messages: t.Messages, Findings: t.Findings,
		TruncatedInput: isDamaged,
	}
	out.End(end)
	out.Flush()
	switch werr := out.Err(); {
	case errors.Is(werr, syscall.EPIPE):
		return nil // the reader had enough
	case werr != nil:
		return &exitError{exitInput, fmt.Errorf("standard output: %w", werr)}
	}
	if !o.quiet && !o.raw {
		o.notes(&t, end)
	}
	switch {
	case t.Bounded > 0 && (err == nil || isDamaged):
		if err != nil {
			fmt.Fprintln(os.Stderr, "sockeye:", err)
		}
		return &exitError{exitIncomplete, nil}
	case err == nil, errors.Is(err, errLimit):
		return nil
	case errors.Is(err, errInterrupted):
		return &exitError{exitInterrupted, nil}
	}
	return &exitError{exitInput, err}
}

// printer makes the sink for the output that was asked for.
func (o *options) printer(v *view, s *settings) printer {
	if s.json {
		return event.NewJSON(os.Stdout, s.analyzer.Want.Payload)
	}
	form := event.FormText
	switch {
	case o.raw:
		form = event.FormRaw
	case o.hex:
		form = event.FormHex
	}
	return textPrinter{event.NewText(os.Stdout, event.TextOptions{
		View: v.text, Form: form, Width: outputWidth(), Color: s.color, Payload: s.analyzer.Want.Payload,
	})}
}

// textPrinter is a Text whose end is told by the summary on standard error.
type textPrinter struct{ *event.Text }

func (p textPrinter) End(event.End) error { return p.Flush() }
