package tui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Capture is a capture that is going on, as the inspector shows and steers it.
// Its methods may be called by any goroutine.
type Capture interface {
	// Status says how it goes.
	Status() CaptureStatus
	// Let lets packets in, or leaves them out, until the next call.
	Let(in bool)
	// Write writes all packets that are kept to a new file, and returns how many
	// bytes that were. It may take a while.
	Write(path string) (int64, error)
}

// CaptureStatus is how a capture goes.
type CaptureStatus struct {
	Packets, Bytes uint64 // taken so far
	Dropped        uint64 // by the kernel
	Paused         bool   // packets are left out
	Ended          bool   // nothing more comes
	Err            error  // why it ended, nil if it was to
	Kept, Bound    int64  // bytes of packets that can be looked at, and how many there may be
	Short          error  // why fewer are kept than might be; nil: they are not
	// Notes are what happened to interfaces, oldest first.
	Notes []string
}

// meter knows how fast packets come.
type meter struct {
	at             time.Time
	status         CaptureStatus // as it was then
	packets, bytes float64       // a second, between the last two looks
	told           int           // notes that were shown
}

// meterInterval is the least time between two looks at a capture.
const meterInterval = time.Second

// look takes over how the capture goes, once a second.
func (m *meter) look(c Capture, now time.Time) {
	since := now.Sub(m.at)
	if !m.at.IsZero() && since < meterInterval {
		return
	}
	s := c.Status()
	if !m.at.IsZero() {
		m.packets = float64(s.Packets-m.status.Packets) / since.Seconds()
		m.bytes = float64(s.Bytes-m.status.Bytes) / since.Seconds()
	}
	m.at, m.status = now, s
}

// lookAtCapture looks at the capture, and says what is new.
func (a *App) lookAtCapture(now time.Time) {
	if a.opt.Capture == nil {
		return
	}
	ended := a.meter.status.Ended
	a.meter.look(a.opt.Capture, now)
	if s := &a.meter.status; s.Ended && !ended && s.Err != nil {
		a.say(rError, "the capture has ended: %v", s.Err)
		return
	}
	if notes := a.meter.status.Notes; len(notes) > a.meter.told {
		a.meter.told = len(notes)
		a.say(rWarning, "%s", notes[len(notes)-1])
	}
}

// captureText is the capture's part of the first line: the most important comes last.
func (a *App) captureText() []string {
	s := &a.meter.status
	var out []string
	if s.Short != nil {
		out = append(out, "⚠ "+s.Short.Error()+": "+event.Size(uint64(s.Kept))+" kept")
	}
	if s.Dropped > 0 {
		out = append(out, "✖ "+event.Count(s.Dropped)+" dropped")
	}
	switch {
	case s.Ended && s.Err != nil:
		return append(out, "■ ended: "+s.Err.Error())
	case s.Ended:
		return append(out, "■ capture ended")
	case s.Paused:
		return append(out, "■ stopped, C goes on")
	}
	unit := "p"
	if a.width >= 100 {
		unit = "packets"
	}
	return append(out, sprintf("● %s %s/s %s/s", rateCount(a.meter.packets), unit, event.Size(uint64(a.meter.bytes))))
}

// rateCount is a number of packets a second in few columns.
func rateCount(n float64) string {
	switch {
	case n >= 999_500:
		return sprintf("%.1fM", n/1e6)
	case n >= 9_995:
		return sprintf("%.0fk", n/1e3)
	}
	return sprintf("%.0f", n)
}

func (a *App) live() bool { return a.opt.Capture != nil }

// toggleCapture leaves packets out from now on, or lets them in again.
func (a *App) toggleCapture() {
	s := a.opt.Capture.Status()
	if s.Ended {
		a.say(rWarning, "the capture has ended")
		return
	}
	a.opt.Capture.Let(s.Paused)
	a.meter.status.Paused = !s.Paused
	a.say(rDim, "%s", map[bool]string{
		true: "capturing again", false: "stopped: packets are left out until C is pressed again, and missing from connections that go on",
	}[s.Paused])
}

// askWrite asks where the packets of the whole capture are to go.
func (a *App) askWrite() {
	p := &prompt{label: "write all packets to "}
	p.verdict = func(string) (role, string) { return rDim, "a file that exists is not replaced" }
	p.accept = func(s string) {
		if wrong := a.writeCapture(s); wrong != "" {
			a.say(rError, "%s", wrong)
		}
	}
	a.prompt = p
	p.set("capture-" + time.Now().Format("20060102-150405") + ".pcapng")
}

// writeCapture writes all packets that are kept to a new file.
func (a *App) writeCapture(path string) string {
	if _, err := os.Lstat(path); err == nil {
		return path + " exists; nothing was written"
	}
	var n int64
	var err error
	a.say(rDim, "writing…")
	a.background(func() { n, err = a.opt.Capture.Write(path) }, func() {
		if err != nil {
			a.say(rError, "not written: %s", a.saveError(err))
			return
		}
		a.say(rGood, "wrote all packets that are kept, %s, to %s", event.Size(uint64(n)), path)
	})
	return ""
}

// saveError says why a file could not be written, and what helps.
func (a *App) saveError(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	if errors.Is(err, fs.ErrPermission) && a.opt.SaveHint != "" {
		return err.Error() + "; " + a.opt.SaveHint
	}
	return err.Error()
}

// lostText says what an opened connection lacks; empty: nothing.
func lostText(v View) string {
	var out []string
	if n := v.Lost(); n > 0 {
		out = append(out, "⚠ first "+plural(n, "packet")+" gone")
	}
	if err := v.Err(); err != nil {
		out = append(out, "✖ "+err.Error())
	}
	return strings.Join(out, " ")
}
