package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// process drives the input through an analyzer to the end of the output.
type process struct {
	*options
	inputs   []string
	analyzer *dissect.Analyzer
	out      printer
	results  string      // what it prints, for notes
	enough   func() bool // ends reading early; may be nil
	until    *lookout    // does so too; nil without --until
	totals   bool        // its results are the totals: they need no summary
	// notes are told on standard error unless --quiet.
	notes func(*dissect.Totals, *options) []string

	// summary ends the results for people; nil is event.Summary.
	summary func(event.End) string

	// failed says that the results themselves are bad news: exit code 1. May be nil.
	failed func() bool

	src         pcapfile.Source // nil until it is open
	read        uint64          // packets, whether the capture filter let them pass or not
	gate        gate
	interrupted atomic.Bool
	told        atomic.Bool                // the capture was told of it
	capture     atomic.Pointer[liveSource] // src, if it is live
	saver       *saver                     // nil without -w
	progress    progress
}

// Why reading ended before the end of the input.
var (
	errLimit       = errors.New("limit reached")
	errUntil       = errors.New("--until matched")
	errInterrupted = errors.New("interrupted")
	errSaving      = errors.New("packets cannot be saved") // the saver knows why
)

// run reads everything and prints the end. The error carries the exit code.
func (p *process) run() error {
	p.gate.flush = func() { p.out.Flush() }
	release := p.onInterrupt()
	src, err := p.open()
	if err != nil {
		release()
		return err
	}
	defer src.Close()
	p.src = src
	if when(p.options.progress, progressWanted) {
		p.progress.start(src)
	}
	err = p.pump()
	if p.capture.Load() != nil {
		src.Close() // the counts are final
	}
	release()
	var wrong *usageError
	if errors.As(err, &wrong) { // the capture filter means nothing here
		p.progress.stop()
		p.saver.discard()
		return err
	}
	return p.finish(err)
}

// open opens the files, or the capture. The error carries the exit code.
func (p *process) open() (pcapfile.Source, error) {
	if p.write != "" {
		p.saver = newSaver(p.write, rotateValue{}, 0)
	}
	if !p.live.on() {
		return p.openFiles()
	}
	// An interrupt is told to the capture: the gate, which ends the process where
	// it waits, is for files.
	src, err := p.openLive(p.saver, func(block func()) { p.out.Flush(); block() })
	if err != nil {
		return nil, err
	}
	p.capture.Store(src)
	p.interrupt()
	return src, nil
}

// openFiles opens the inputs, and then the file to save to: a mistake in the name
// of an input costs no file.
func (p *process) openFiles() (pcapfile.Source, error) {
	open := p.gate.open
	if p.follow {
		open = p.gate.follow
	}
	src, err := open(p.inputs)
	if err != nil {
		return nil, &exitError{exitInput, inputAdvice(err)}
	}
	if p.saver == nil {
		return src, nil
	}
	if err := p.saver.open(src.(pcapfile.Details)); err != nil {
		src.Close()
		return nil, &exitError{exitIncomplete, err}
	}
	return src, nil
}

// pump gives packets to the analyzer. It returns nil at the true end of the
// input, else why it ended early.
func (p *process) pump() error {
	live := p.capture.Load() != nil
	src := intoSource(p.src)
	var packet capture.Packet
	for n := 0; live || !p.interrupted.Load(); n++ {
		if n%gcPackets == 0 {
			tuneGC(p.analyzer.Connections())
		}
		err := src.NextInto(&packet)
		if err == io.EOF && p.interrupted.Load() { // a capture, after what was on its way
			return errInterrupted
		}
		if err == io.EOF {
			return p.packets.verdict()
		}
		if err != nil {
			return err
		}
		if n == 0 {
			p.out.StartAt(packet.Time)
		}
		p.read++
		if passes, err := p.packets.pass(&packet, p.src); err != nil {
			return err
		} else if !passes {
			continue
		}
		if p.saver.packet(&packet) != nil {
			return errSaving
		}
		p.analyzer.Packet(&packet)
		if p.until.reached() {
			return errUntil
		}
		if p.enough != nil && p.enough() {
			return errLimit
		}
		if err := p.out.Err(); err != nil {
			return err
		}
	}
	return errInterrupted
}

// packetSource delivers packets in place: copying one costs as much as parsing it.
type packetSource interface{ NextInto(*capture.Packet) error }

// intoSource returns src, or what makes a packetSource of it.
func intoSource(src capture.Source) packetSource {
	if s, ok := src.(packetSource); ok {
		return s
	}
	return copied{src}
}

type copied struct{ capture.Source }

func (s copied) NextInto(to *capture.Packet) (err error) {
	*to, err = s.Next()
	return err
}

// interrupt tells the capture of the first interrupt, once there are both.
func (p *process) interrupt() {
	if live := p.capture.Load(); live != nil && p.interrupted.Load() && p.told.CompareAndSwap(false, true) {
		live.Interrupt() // Next delivers the rest, then ends
	}
}

// onInterrupt lets the first SIGINT or SIGTERM end reading, also where it waits
// for input that does not come. A second one ends the process at once.
func (p *process) onInterrupt() (release func()) {
	signals, stop := notifyInterrupts()
	done := make(chan struct{})
	go func() {
		select {
		case <-done:
			return
		case <-signals:
			p.interrupted.Store(true)
		}
		p.interrupt()
		// The writer of a pipe was probably interrupted as well: its last bytes may come yet.
		again := 0
		var patience <-chan time.Time // once a capture was told to end at once
		for tick := time.Tick(100 * time.Millisecond); ; {
			select {
			case <-done:
				return
			case <-signals:
				live := p.capture.Load()
				if again++; live == nil || again > 1 {
					os.Exit(exitInterrupted)
				}
				live.Interrupt() // ends at once, unless nobody takes its output
				patience = time.After(time.Second)
			case <-patience:
				os.Exit(exitInterrupted)
			case <-tick:
				if p.gate.take() {
					os.Exit(report(p.finish(errInterrupted)))
				}
			}
		}
	}()
	return func() { stop(); close(done) }
}

// finish prints the end, and turns how reading ended into an exit code.
func (p *process) finish(err error) error {
	p.progress.stop()
	saveErr := p.saver.close()
	limited, interrupted := errors.Is(err, errLimit), errors.Is(err, errInterrupted)
	// What would be printed of the end comes behind the last result.
	if !limited && (p.totals || !p.until.reached()) {
		p.analyzer.Close()
	}
	t := p.analyzer.Totals()
	damaged := err != nil && !limited && !interrupted && !errors.Is(err, errUntil) && !errors.Is(err, errSaving)
	end := event.End{
		Packets: t.Packets, Connections: t.Connections, Messages: t.Messages, Findings: t.Findings,
		TruncatedInput: damaged, Dropped: p.dropped(),
	}
	if p.packets != nil {
		end.PacketsRead = p.read
	}
	p.out.End(end)
	p.out.Flush()
	switch werr := p.out.Err(); {
	case errors.Is(werr, syscall.EPIPE):
		return nil // its reader had enough
	case werr != nil:
		return &exitError{exitIncomplete, outputError(werr)}
	}
	p.tell(&t, end, limited)
	switch {
	case interrupted && saveErr == nil:
		return &exitError{exitInterrupted, nil}
	case saveErr != nil:
		return &exitError{exitIncomplete, saveErr}
	case damaged && p.live.on():
		return liveError(err)
	case end.Dropped > 0 && p.live.on():
		return &exitError{exitIncomplete, nil}
	case damaged && t.Bounded > 0:
		return &exitError{exitIncomplete, damageText(err, p.read)}
	case damaged:
		return &exitError{exitInput, damageText(err, p.read)}
	case t.Bounded > 0:
		return &exitError{exitIncomplete, nil}
	case p.failed != nil && p.failed():
		return &exitError{exitFindings, nil}
	}
	return nil
}

// outputError says that results could not be written.
func outputError(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("standard output: %w; the results are incomplete", err)
}
