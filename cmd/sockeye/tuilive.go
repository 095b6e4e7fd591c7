package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/capture/live"
	"github.com/sockeye-dev/sockeye/capture/sandbox"
	"github.com/sockeye-dev/sockeye/capture/spool"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/session"
	"github.com/sockeye-dev/sockeye/tui"
)

// inspectLive runs the inspector on a capture; screen is nil for the terminal.
//
//	-i ─► liveSource ─► recorder ─► spool.Ring ─► session ─► tui
//	          └ saver (-w)                └ :write
func (o *options) inspectLive(ctx context.Context, cmd *cobra.Command, screen tcell.Screen) error {
	looks, err := o.themes() // what is in the config folder cannot be read later
	if err != nil {
		return misuse(cmd, err)
	}
	ring, err := spool.New(spool.Options{Size: o.live.spool})
	if err != nil {
		return &exitError{exitIncomplete, err}
	}
	defer ring.Close()
	o.live.needs = sandbox.Options{Own: []string{ring.Folder()}, Write: writable(ring), Terminal: true}
	rec := &recorder{ring: ring, done: make(chan struct{})}
	o.live.changed = rec.changed
	if o.write != "" {
		rec.saver = newSaver(o.write, rotateValue{}, 0)
	}
	src, err := o.openLive(rec.saver, rec.wait)
	if err != nil {
		return err
	}
	rec.src = src
	if err := ring.Declare(src.listed, "sockeye "+version); err != nil {
		src.Close()
		return &exitError{exitIncomplete, err}
	}
	browsed, err := session.Open(ctx, session.Options{
		Live: ring, Name: o.live.name(), Notify: 25 * time.Millisecond, DecodeAs: o.decodeAs, Analyzer: dissect.Limits{Message: o.maxMessage},
	})
	if err != nil {
		src.Close()
		return &exitError{exitIncomplete, err}
	}
	began := time.Now()
	go rec.run()
	title := o.live.name()
	if o.bpf != "" {
		title += " · " + o.bpf
	}
	err = tui.Run(ctx, tui.FromSession(ctx, browsed), tui.Options{
		Themes: looks, Title: title, Filter: o.filter, Capture: rec, SaveHint: o.saveHint(),
	}, screen)
	rec.stop()
	if closed := browsed.Close(); err == nil {
		err = closed
	}
	rec.report(o, time.Since(began))
	return rec.verdict(err)
}

// writable are the folders in which files may be made once rights were given
// up: that of the spool, and the working folder, to save to.
func writable(ring *spool.Ring) []string {
	list := []string{filepath.Dir(ring.Folder())}
	if here, err := os.Getwd(); err == nil {
		list = append(list, here)
	}
	return list
}

// saveHint says what helps where a file may not be written.
func (o *options) saveHint() string {
	if o.live.noSandbox {
		return ""
	}
	return "rights were given up: only the folder of the start, if --user may write there, and that of -w"
}

// recorder moves packets from a capture to its spool, and steers it for the inspector.
type recorder struct {
	src   *liveSource
	ring  *spool.Ring
	saver *saver        // nil without -w
	done  chan struct{} // closed when nothing more comes

	packets, bytes atomic.Uint64
	failed         error // of a Flush in wait; run's goroutine only

	mu    sync.Mutex
	notes []string
	err   error // what the capture ended with
}

var _ tui.Capture = (*recorder)(nil)

// run takes packets until the capture ends.
func (r *recorder) run() {
	defer close(r.done)
	var err error
	for err == nil {
		p, got := r.src.Next()
		if err = got; err == nil {
			r.packets.Add(1)
			r.bytes.Add(uint64(p.OrigLen))
			err = cmp.Or(r.saver.packet(&p), r.ring.Write(&p))
		}
	}
	if err == io.EOF {
		err = cmp.Or(r.failed, r.ring.Flush())
	}
	saved := r.saver.close() // before its source: it asks for the counts
	closed := r.src.Close()
	if err == nil || errors.Is(err, spool.ErrClosed) {
		err = cmp.Or(saved, closed)
	}
	r.mu.Lock()
	r.err = err
	r.mu.Unlock()
	r.ring.End(err)
}

// wait shows what has come before the capture waits for more.
func (r *recorder) wait(block func()) {
	if err := r.ring.Flush(); err != nil {
		r.failed = err
		r.src.Interrupt()
	}
	block()
}

// stop ends the capture and waits until what was captured is in the spool and saved.
func (r *recorder) stop() {
	r.src.Interrupt()
	r.ring.Release(math.MaxInt64) // nobody looks at the spool any more: it waits for nobody
	<-r.done
}

// changed notes what became of an interface.
func (r *recorder) changed(c live.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes[:len(r.notes):len(r.notes)], fmt.Sprintf("%s is %s", c.Interface, c.State))
}

// Status implements tui.Capture.
func (r *recorder) Status() tui.CaptureStatus {
	stats, _ := r.src.Handle.Stats()
	spooled := r.ring.State()
	r.mu.Lock()
	defer r.mu.Unlock()
	return tui.CaptureStatus{
		Packets: r.packets.Load(), Bytes: r.bytes.Load(), Dropped: stats.Dropped, Paused: !r.src.lets(math.MaxInt64),
		Ended: spooled.Ended, Err: spooled.Err, Kept: spooled.Used, Bound: spooled.Bound, Short: spooled.Shrunk, Notes: r.notes,
	}
}

// Let implements tui.Capture.
func (r *recorder) Let(in bool) { r.src.let(in) }

// Write implements tui.Capture.
func (r *recorder) Write(path string) (n int64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	n, err = r.ring.Copy(f, r.src.Stats(), time.Now().UnixNano())
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
	}
	return n, err
}

// report says on standard error what was captured.
func (r *recorder) report(o *options, took time.Duration) {
	stats, _ := r.src.Handle.Stats()
	file := ""
	if r.saver != nil {
		file = "; " + r.saver.summary()
	}
	fmt.Fprintf(os.Stderr, "captured on %s in %s: %s, %s; dropped by the kernel: %d%s\n",
		event.SafeString(o.live.name()), took.Round(time.Millisecond), event.Plural(r.packets.Load(), "packet"),
		event.Size(r.bytes.Load()), stats.Dropped, event.SafeString(file))
}

// verdict is what the command ends with; err is the inspector's own.
func (r *recorder) verdict(err error) error {
	stats, _ := r.src.Handle.Stats()
	switch {
	case err != nil:
		return &exitError{exitIncomplete, err}
	case r.err != nil:
		var capture *live.Error
		if errors.As(r.err, &capture) {
			return &exitError{exitCapture, r.err}
		}
		return &exitError{exitIncomplete, r.err}
	case stats.Dropped > 0:
		return &exitError{exitIncomplete, errors.New(dropAdvice(stats.Dropped))}
	}
	return nil
}
