package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

const captureLong = `Record packets to a pcapng file and nothing else: without --until they are not
looked at, so it keeps up where reading them would not. The file says on which
interface each packet was seen, and at its end how many were lost. It is flushed
twice a second: after a crash it lacks no more than that.

--rotate begins a new file at a size (100M) or a time (10m), named with a number
and the time: chat_00001_20261121T130000Z.pcapng. --keep N removes the oldest.
A new file begins when a packet comes for it.

Started as root, it gives up root's rights once the interface is open, and all
rights but that of writing files in that one folder.`

const captureExample = `  sockeye capture -i eth0 -w chat.pcapng -f 'tcp port 8080'
  sockeye capture -i any -w all.pcapng.zst --duration 10m
  sockeye capture -i eth0 -w ring.pcapng --rotate 100M --keep 10
  sockeye capture -i eth0 -w bug.pcapng --until 'close.code == 1011'
  ssh host sudo sockeye capture -i any -w - -f 'port 80' | sockeye messages -`

// captureFlags are those of the reading commands that capture has too.
var captureFlags = []string{"bpf", "bpf-raw", "until", "write", "quiet"}

func newCapture() *cobra.Command {
	o, rotate, keep := newOptions(), &rotateValue{}, uint64(0)
	cmd := &cobra.Command{
		Use: "capture -i IF -w FILE", Short: "Record packets to a file, or a ring of files", GroupID: groupCapture,
		Long: captureLong, Example: captureExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.checkCapture(args, rotate, keep); err != nil {
				return misuse(cmd, err)
			}
			return o.record(newSaver(o.write, *rotate, int(keep)))
		},
	}
	var without []string
	for _, s := range flagSpecs {
		if !slices.Contains(captureFlags, s.name) {
			without = append(without, s.name)
		}
	}
	o.addTo(cmd, without...)
	f := cmd.Flags()
	f.Lookup("interface").Usage = "capture on `IF`: a name, several with commas between them, or any; may be repeated"
	f.Lookup("until").Usage = untilEvent
	f.Lookup("write").Usage = "`FILE` to write, as pcapng; .gz and .zst are compressed; - is standard output"
	f.Var(rotate, "rotate", "begin a new file after `SIZE|TIME`: 100M is a size, 10m are ten minutes")
	f.Var((*countValue)(&keep), "keep", "with --rotate, keep the latest `N` files (default: all)")
	f.Lookup("keep").DefValue = "" // said in words
	for _, name := range []string{"rotate", "keep"} {
		f.SetAnnotation(name, groupKey, []string{groupLive})
	}
	return cmd
}

// checkCapture refuses what cannot be obeyed.
func (o *options) checkCapture(args []string, rotate *rotateValue, keep uint64) error {
	switch {
	case len(args) > 0:
		return fmt.Errorf("capture takes no arguments: %s; a filter goes to -f, in quotes", args[0])
	case !o.live.on():
		return errors.New("no interface: name one with -i, as sockeye interfaces lists them")
	case o.write == "":
		return errors.New("no file: name one with -w")
	case o.write == "-" && rotate.text != "":
		return errors.New("--rotate is for files: not with -w -")
	case o.write == "-" && isTerminal(os.Stdout):
		return errors.New("-w -: standard output is the terminal: name a file, or pipe it into a program")
	case keep > 0 && rotate.text == "":
		return errors.New("--keep says how many files --rotate leaves: it goes with it")
	case keep > maxKeep:
		return fmt.Errorf("--keep: it takes at most %d", maxKeep)
	}
	return o.check(nil)
}

// maxKeep bounds the names of files that are remembered.
const maxKeep = 1_000_000

// record copies packets from the capture to the saver until something ends it.
func (o *options) record(s *saver) error {
	signals, stop := notifyInterrupts() // before it is opened, as for what comes later
	defer stop()
	var opened atomic.Pointer[liveSource]
	var interrupted, told atomic.Bool
	tell := func() { // once: a second time means at once
		if src := opened.Load(); src != nil && interrupted.Load() && told.CompareAndSwap(false, true) {
			src.Interrupt()
		}
	}
	go func() {
		<-signals
		interrupted.Store(true)
		tell()
		<-signals
		if src := opened.Load(); src != nil {
			src.Interrupt()
			<-signals
		}
		os.Exit(exitInterrupted)
	}()
	src, err := o.openLive(s, nil)
	if err != nil {
		return err
	}
	opened.Store(src)
	tell()
	began := time.Now()
	err = o.copyPackets(src, s)
	took := time.Since(began)
	closeErr := src.Close()
	stats, _ := src.Handle.Stats() // the last ones: the capture is closed
	saveErr := s.close()
	ending := ""
	if errors.Is(err, errUntil) {
		ending = "; stopped where --until matched"
	}
	if !o.quiet {
		fmt.Fprintf(os.Stderr, "captured on %s in %s: %s, %s; dropped by the kernel: %d; %s%s\n",
			event.SafeString(o.live.name()), took.Round(time.Millisecond), event.Plural(s.packets, "packet"),
			event.Size(uint64(src.bytes.Load())), stats.Dropped, event.SafeString(s.summary()), ending)
	}
	switch {
	case errors.Is(saveErr, syscall.EPIPE) && o.write == "-":
		return nil // its reader had enough
	case saveErr != nil || closeErr != nil:
		return &exitError{exitIncomplete, errors.Join(saveErr, closeErr)}
	case err != io.EOF && !errors.Is(err, errUntil):
		return liveError(err)
	case interrupted.Load():
		return &exitError{exitInterrupted, nil}
	case stats.Dropped > 0:
		return &exitError{exitIncomplete, errors.New(dropAdvice(stats.Dropped))}
	}
	return nil
}

// copyPackets saves packets until the capture ends, saving fails, or --until
// matches: only for that are they looked at. The error says which; of saving, s
// knows more.
func (o *options) copyPackets(src *liveSource, s *saver) error {
	var analyzer *dissect.Analyzer
	var until *lookout
	if o.stopAt != nil {
		analyzer, until = o.newAnalyzer(nil, event.PayloadNone, event.SinkFunc(func(*event.Event) {}))
	}
	for !until.reached() {
		p, err := src.Next()
		if err != nil {
			return err
		}
		if s.packet(&p) != nil {
			return errSaving
		}
		if analyzer != nil {
			analyzer.Packet(&p)
		}
	}
	return errUntil
}
