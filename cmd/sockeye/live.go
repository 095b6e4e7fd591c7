package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/net/bpf"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/filter"
	"github.com/sockeye-dev/sockeye/capture/live"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/capture/sandbox"
	"github.com/sockeye-dev/sockeye/capture/spool"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// liveOptions are the flags of a capture from interfaces.
//
//	-i ─► live.Open ─► sandbox.Apply ─► liveSource ─► process.pump ─► analyzer
//	                                                       └ saver (-w)
type liveOptions struct {
	interfaces    []string
	count         uint64        // packets; 0: no limit
	duration      time.Duration // 0: no limit
	noPromiscuous bool
	snaplen       uint64 // bytes; 0: live.DefaultSnapLen
	ring          int64  // bytes
	user          string
	noSandbox     bool
	spool         int64 // bytes that the inspector keeps to look back

	needs   sandbox.Options   // what else is needed when rights were given up
	changed func(live.Change) // told of interfaces that go down or come back; nil: standard error
}

const groupLive = "Live capture"

// liveFlags are the flags of every command that captures.
var liveFlags = []flagSpec{
	{groupLive, "interface", "i", "capture on `IF` in place of a FILE: a name, several with commas between them, or any; may be repeated",
		func(o *options) pflag.Value { return (*interfacesValue)(&o.live.interfaces) }, nil, ""},
	{groupLive, "count", "c", "stop after `N` packets",
		func(o *options) pflag.Value { return (*countValue)(&o.live.count) }, nil, ""},
	{groupLive, "duration", "", "stop after `TIME`: 30s, 10m, 1h30m",
		func(o *options) pflag.Value { return &durationValue{&o.live.duration} }, nil, ""},
	{groupLive, "no-promiscuous", "p", "only frames that are for this machine; otherwise all that the interface sees",
		func(o *options) pflag.Value { return (*boolValue)(&o.live.noPromiscuous) }, nil, ""},
	{groupLive, "snaplen", "", "keep at most `N` bytes of a packet (default: all)",
		func(o *options) pflag.Value { return &snaplenValue{&o.live.snaplen} }, nil, ""},
	{groupLive, "ring", "", "`SIZE` of the memory for packets on their way, for each interface",
		func(o *options) pflag.Value { return &sizeValue{&o.live.ring, sizeText(live.DefaultRingSize)} }, nil, ""},
	{groupLive, "spool", "", "keep the latest packets on disk to look back, `SIZE` at most",
		func(o *options) pflag.Value { return &sizeValue{&o.live.spool, sizeText(spool.DefaultSize)} }, nil, "tui"},
	{groupLive, "user", "", "once root has opened the capture, become `USER`, as name or name:group (default: the folder's owner, or nobody)",
		func(o *options) pflag.Value { return (*pathValue)(&o.live.user) }, nil, ""},
	{groupLive, "no-sandbox", "", "keep all rights while packets are read",
		func(o *options) pflag.Value { return (*boolValue)(&o.live.noSandbox) }, nil, ""},
}

// on tells whether packets come from interfaces.
func (l *liveOptions) on() bool { return len(l.interfaces) > 0 }

// name stands for the capture where a file's name would.
func (l *liveOptions) name() string { return strings.Join(l.interfaces, ",") }

// given names the first flag that makes sense for a live capture only, or "".
func (l *liveOptions) given() string {
	for _, f := range []struct {
		set  bool
		name string
	}{
		{l.count > 0, "-c/--count"}, {l.duration > 0, "--duration"},
		{l.noPromiscuous, "-p/--no-promiscuous"}, {l.snaplen > 0, "--snaplen"},
		{l.ring > 0, "--ring"}, {l.spool > 0, "--spool"}, {l.user != "", "--user"}, {l.noSandbox, "--no-sandbox"},
	} {
		if f.set {
			return f.name
		}
	}
	return ""
}

// sources are the names of what is read: files, or the interfaces as one name.
// An error is one of usage.
func (o *options) sources(args []string) ([]string, error) {
	inputs := o.inputs(args)
	switch flag := o.live.given(); {
	case o.live.on() && len(inputs) > 0:
		return nil, fmt.Errorf("-i captures live and %s is a file: one of them", inputs[0])
	case o.write == "-":
		return nil, errors.New("-w -: standard output is for the results; sockeye capture -w - writes packets to it")
	case o.live.on() && o.follow:
		return nil, errors.New("--follow is for files: -i captures until Ctrl-C anyway")
	case o.live.on():
		return []string{o.live.name()}, o.check(nil)
	case o.follow && len(inputs) > 1:
		return nil, fmt.Errorf("--follow takes one file; %d were named", len(inputs))
	case len(inputs) == 0:
		return nil, errors.New("no input: name a capture file, or - for standard input, or an interface with -i")
	case flag != "":
		return nil, fmt.Errorf("%s is for live capture: it goes with -i", flag)
	case o.overwrites(inputs):
		return nil, fmt.Errorf("-w %s: it is one of the inputs, which would be lost", o.write)
	}
	return inputs, o.check(inputs)
}

// overwrites tells whether saving to -w would destroy an input.
func (o *options) overwrites(inputs []string) bool {
	saved, err := os.Stat(o.write)
	if o.write == "" || err != nil {
		return false
	}
	for _, name := range inputs {
		info, err := os.Stat(name)
		if name == "-" {
			info, err = os.Stdin.Stat()
		}
		if err == nil && os.SameFile(info, saved) {
			return true
		}
	}
	return false
}

// kernelFilter returns what the kernel is to run, nil without a capture filter.
func (o *options) kernelFilter() func(capture.LinkType) ([]bpf.RawInstruction, error) {
	f := o.packets
	switch {
	case f == nil:
		return nil
	case f.any:
		return func(capture.LinkType) ([]bpf.RawInstruction, error) { return f.program.Raw(), nil }
	}
	return func(link capture.LinkType) ([]bpf.RawInstruction, error) {
		program, err := filter.Compile(f.expr, link, 0)
		if err != nil {
			return nil, captureMisuse(f.expr, err)
		}
		return program.Raw(), nil
	}
}

// liveSource is a capture in the shape of a file: what was captured, what was
// dropped, on which interfaces.
type liveSource struct {
	*live.Handle
	o      *liveOptions
	timer  *time.Timer
	listed []pcapfile.Interface
	opened int64 // nanoseconds since the epoch
	n      uint64
	bytes  atomic.Int64
	turns  atomic.Pointer[[]turn] // nil: packets are let in
}

var (
	_ pcapfile.Source  = (*liveSource)(nil)
	_ pcapfile.Details = (*liveSource)(nil)
)

// openLive opens the interfaces and the file to save to, and gives up all rights
// that reading does not need. When s can save no more, the capture ends. wait is
// live.Options.Wait. The error carries the exit code.
func (o *options) openLive(s *saver, wait func(block func())) (*liveSource, error) {
	l := &o.live
	changed := l.changed
	if changed == nil {
		changed = o.tellChange
	}
	h, err := live.Open(live.Options{
		Interfaces: l.interfaces, SnapLen: uint32(l.snaplen), RingSize: int(l.ring),
		Promiscuous: !l.noPromiscuous, Filter: o.kernelFilter(), Wait: wait, Changed: changed,
	})
	if err != nil {
		return nil, liveError(err)
	}
	o.packets = nil // the kernel does it
	src := &liveSource{Handle: h, o: l, listed: declare(h.Interfaces(), o.bpf), opened: time.Now().UnixNano()}
	if s != nil {
		s.failing = h.Interrupt
	}
	if err := o.enter(src, s); err != nil {
		h.Close()
		return nil, err
	}
	if l.duration > 0 {
		src.timer = time.AfterFunc(l.duration, h.Interrupt)
	}
	return src, nil
}

// enter opens the file to save to, and the sandbox, in the order that leaves
// root's rights unused where another user's rights will do.
func (o *options) enter(src *liveSource, s *saver) error {
	early := false
	if s != nil {
		// In a folder that only root can write, nobody else can lay a trap for
		// the name, and nobody else could make the file.
		if early = os.Geteuid() == 0 && !s.rotates() && rootsOwn(s.folder()) || s.path == "-" || o.live.noSandbox; early {
			if err := s.open(src); err != nil {
				return &exitError{exitIncomplete, err}
			}
		}
	}
	if !o.live.noSandbox {
		box := o.live.needs
		box.User = o.live.user
		if s != nil && s.path != "-" {
			box.Write = append(box.Write, s.folder())
			if box.User == "" {
				box.User = folderOwner(s.folder())
			}
		}
		report, err := sandbox.Apply(box)
		if err != nil {
			return &exitError{exitCapture, fmt.Errorf("giving up rights: %w; --user names another user, --no-sandbox keeps all rights", err)}
		}
		if !o.quiet {
			fmt.Fprintln(os.Stderr, "sandbox:", report)
		}
	}
	if s == nil || early {
		return nil
	}
	err := s.open(src)
	if errors.Is(err, os.ErrPermission) && !o.live.noSandbox {
		err = fmt.Errorf("%w for the user that sockeye became: --user names another, or save to a folder that user can write", err)
	}
	if err != nil {
		return &exitError{exitIncomplete, err}
	}
	return nil
}

// liveError gives an error of a capture its exit code.
func liveError(err error) error {
	var e *live.Error
	if errors.As(err, &e) {
		return &exitError{exitCapture, err}
	}
	return err
}

// declare describes the interfaces as a file would.
func declare(list []live.Interface, expr string) []pcapfile.Interface {
	var l []pcapfile.Interface
	for _, i := range list {
		l = append(l, pcapfile.Interface{Link: i.Link, SnapLen: i.SnapLen, Name: i.Name, Filter: expr, Resolution: pcapfile.Nanoseconds})
	}
	return l
}

// tellChange says what became of an interface.
func (o *options) tellChange(c live.Change) {
	if !o.quiet {
		fmt.Fprintf(os.Stderr, "note: %s is %s\n", event.SafeString(c.Interface), c.State)
	}
}

// Next ends after as many packets as were asked for.
func (s *liveSource) Next() (capture.Packet, error) {
	if s.o.count > 0 && s.n == s.o.count {
		return capture.Packet{}, io.EOF
	}
	p, err := s.Handle.Next()
	for err == nil && !s.lets(p.Time) {
		p, err = s.Handle.Next()
	}
	if err != nil {
		return p, err
	}
	s.n++
	s.bytes.Add(int64(p.OrigLen))
	return p, nil
}

// turn is when packets began to be let in, or left out.
type turn struct {
	at int64 // ns since the epoch
	in bool
}

// maxTurns bounds those that are remembered: packets that wait in the rings are
// younger than the last few.
const maxTurns = 64

// let lets packets in from now on, or leaves them out. Any goroutine may call it.
func (s *liveSource) let(in bool) {
	for {
		old := s.turns.Load()
		var turns []turn
		if old != nil {
			turns = (*old)[max(0, len(*old)-maxTurns):]
		}
		turns = append(turns[:len(turns):len(turns)], turn{time.Now().UnixNano(), in})
		if s.turns.CompareAndSwap(old, &turns) {
			return
		}
	}
}

// lets tells whether a packet of a time is let in: what was on the wire while
// packets were left out does not come in later.
func (s *liveSource) lets(at int64) bool {
	turns := s.turns.Load()
	if turns == nil {
		return true
	}
	for i := len(*turns) - 1; i >= 0; i-- {
		if t := (*turns)[i]; t.at <= at {
			return t.in
		}
	}
	return len(*turns) == 0 || !(*turns)[0].in
}

// Close ends the capture.
func (s *liveSource) Close() error {
	if s.timer != nil {
		s.timer.Stop()
	}
	return s.Handle.Close()
}

// Progress returns the bytes on the wire of the packets so far; there is no total.
func (s *liveSource) Progress() (read, total int64) { return s.bytes.Load(), 0 }

func (s *liveSource) Interfaces() []pcapfile.Interface { return s.listed }
func (s *liveSource) Secrets() []pcapfile.Secret       { return nil }
func (s *liveSource) Comments() []pcapfile.Comment     { return nil }
func (s *liveSource) Format() string                   { return "live capture" }

// Stats returns the kernel's counts of each interface: what the interface itself
// dropped is not known.
func (s *liveSource) Stats() []pcapfile.Statistics {
	counts, err := s.InterfaceStats()
	if err != nil {
		return nil
	}
	now := time.Now().UnixNano()
	var l []pcapfile.Statistics
	for i, c := range counts {
		l = append(l, pcapfile.Statistics{
			Interface: uint32(i), Received: int64(c.Received + c.Dropped), Dropped: -1, OSDropped: int64(c.Dropped),
			Start: s.opened, End: now,
		})
	}
	return l
}

// dropAdvice says what helps against drops.
func dropAdvice(n uint64) string {
	return fmt.Sprintf("incomplete: the kernel dropped %s, because they came faster than they were read; a narrower -f or a larger --ring helps",
		event.Plural(n, "packet"))
}
