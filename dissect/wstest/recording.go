package wstest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// A Recording is a conversation, or several, that can be looked at and judged:
// the connections of a Recorder, one of them, or a capture file.
type Recording struct {
	rec  *Recorder // nil: of a file
	file string
	read *view // of the file
	conn uint64
	opt  options
}

// Handshake is an opening handshake: see package event.
type Handshake = event.Handshake

// Connection sums a connection up: see package event.
type Connection = event.Connection

// Message is one WebSocket message. Its Payload is unmasked and decompressed.
type Message struct {
	event.Message
	Conn uint64 // connection number, from 1
	From Side
	Time time.Time
}

// String returns who sent what, for people.
func (m Message) String() string {
	s := m.From.String() + " " + event.OpcodeName(m.Opcode)
	payload := m.Payload
	if code, reason, ok := m.CloseCode(); ok {
		s += fmt.Sprintf(" %d", code)
		payload = reason
	}
	if len(payload) > 0 {
		s += ` "` + string(event.SafeText(nil, payload, 80)) + `"`
	}
	return s
}

// Frame is one WebSocket frame.
type Frame struct {
	event.Frame
	Conn uint64
	From Side
	Time time.Time
}

// Finding is one breach of a rule; From is the side at fault.
type Finding struct {
	event.Finding
	Conn uint64
	From Side
	Time time.Time
}

// String returns the rule, whose fault it is, what is wrong, and the clause.
func (f Finding) String() string {
	whose := f.Severity.String()
	if f.From < event.NoSide {
		whose += " of the " + f.From.String()
	}
	return fmt.Sprintf("%s (%s): %s (%s)", f.Rule, whose, event.SafeString(f.Text), f.Reference)
}

// FromCapture reads a capture file, of any form that sockeye reads. The test
// fails at once if the file cannot be read to its end, or holds more than Limit.
func FromCapture(t testing.TB, path string, opts ...Option) *Recording {
	t.Helper()
	o := newOptions(opts)
	v, err := readFile(path, o.limit)
	if err != nil {
		t.Fatalf("wstest: %v", err)
	}
	return &Recording{file: path, read: v, opt: o}
}

// Connection narrows the recording to its nth connection, from 1 in the order in
// which they began. It waits for the connection to be there.
func (r *Recording) Connection(t testing.TB, n int) *Recording {
	t.Helper()
	v := r.wait(t, func(v *view) bool { return len(v.convs) >= n })
	if n < 1 || n > len(v.convs) {
		t.Fatalf("wstest: there is no connection %d: %d were recorded", n, len(v.convs))
	}
	out := *r
	out.conn = uint64(n)
	return &out
}

// Connections sums up every connection, whatever it speaks.
func (r *Recording) Connections(t testing.TB) []*Connection {
	t.Helper()
	var out []*Connection
	for _, c := range r.look(t) {
		if c.sum != nil {
			out = append(out, c.sum)
		}
	}
	return out
}

// Handshakes returns every opening handshake that was answered, refused ones too.
func (r *Recording) Handshakes(t testing.TB) []*Handshake {
	t.Helper()
	var out []*Handshake
	for _, c := range r.look(t) {
		out = append(out, c.handshakes()...)
	}
	return out
}

// Handshake returns the opening handshake, waiting for it. Where there are
// several, it is the accepted one. The test fails at once if there is none, or
// more than one to choose from: then use Connection.
func (r *Recording) Handshake(t testing.TB) *Handshake {
	t.Helper()
	list, ok := r.await(t, "Handshake", answered)
	if !ok {
		t.FailNow()
	}
	var all, accepted []*Handshake
	for _, c := range list {
		for _, h := range c.handshakes() {
			all = append(all, h)
			if h.Accepted {
				accepted = append(accepted, h)
			}
		}
	}
	switch {
	case len(accepted) == 1:
		return accepted[0]
	case len(accepted) == 0 && len(all) == 1:
		return all[0]
	case len(all) == 0:
		t.Fatalf("wstest: Handshake: no opening handshake was recorded%s", outline(list))
	default:
		t.Fatalf("wstest: Handshake: there are %d handshakes; choose a connection with Connection%s", len(all), outline(list))
	}
	return nil
}

// Messages returns the WebSocket messages, control messages too, in the order in
// which they were complete. Those not yet complete on an open connection are left out.
func (r *Recording) Messages(t testing.TB) []Message {
	t.Helper()
	return messages(r.look(t))
}

// WaitMessages returns the messages as soon as there are n of them. The test
// fails at once if the connections end or Timeout is over before.
func (r *Recording) WaitMessages(t testing.TB, n int) []Message {
	t.Helper()
	v := r.wait(t, func(v *view) bool { return len(messages(r.of(v))) >= n })
	r.whole(t, v)
	got := messages(r.of(v))
	if len(got) < n {
		t.Fatalf("wstest: WaitMessages: %d of %d messages came%s", len(got), n, outline(r.of(v)))
	}
	return got
}

// Frames returns the WebSocket frames in order.
func (r *Recording) Frames(t testing.TB) []Frame {
	t.Helper()
	var out []Frame
	for _, c := range r.look(t) {
		for _, e := range c.events {
			if f, ok := e.Detail.(*event.Frame); ok {
				out = append(out, Frame{*f, e.Conn, e.From, timeOf(e.Time)})
			}
		}
	}
	return out
}

// Findings returns every breach of a rule, of any severity, in order.
func (r *Recording) Findings(t testing.TB) []Finding {
	t.Helper()
	var out []Finding
	for _, c := range r.look(t) {
		out = append(out, c.findings()...)
	}
	return out
}

// Wait waits until at least one connection was recorded and all of them ended:
// the recorded end closed them, or they were reset. The test fails at once if
// that takes longer than Timeout.
func (r *Recording) Wait(t testing.TB) {
	t.Helper()
	v := r.wait(t, func(*view) bool { return false })
	if r.rec != nil && !v.settled(r.conn) {
		t.Fatalf("wstest: Wait: connections did not end within %v%s", r.patience(t), outline(r.of(v)))
	}
}

// patience is how long to wait: Timeout, but not into the test's own deadline.
func (r *Recording) patience(t testing.TB) time.Duration {
	d := r.opt.timeout
	if limited, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if at, ok := limited.Deadline(); ok {
			d = min(d, max(0, time.Until(at)*9/10))
		}
	}
	return d
}

// wait returns the first view that is ready, or where nothing more can come, or
// the one at the end of patience.
func (r *Recording) wait(t testing.TB, ready func(*view) bool) *view {
	return r.watch(r.patience(t), r.patience(t), ready)
}

// watch is wait with given patience; it also ends when nothing happened for quiet.
func (r *Recording) watch(patience, quiet time.Duration, ready func(*view) bool) *view {
	if r.rec == nil {
		return r.read
	}
	over := time.NewTimer(patience)
	defer over.Stop()
	for {
		began := time.Now()
		v, changed := r.rec.view()
		if v.err != nil || ready(v) || v.settled(r.conn) {
			return v
		}
		// A long recording takes long to look at: do not look all the time.
		pause := time.NewTimer(min(3*time.Since(began), patience))
		idle := time.NewTimer(quiet)
		select {
		case <-over.C:
			pause.Stop()
			idle.Stop()
			v, _ = r.rec.view()
			return v
		case <-idle.C:
			pause.Stop()
			select {
			case <-changed: // it did happen, and this goroutine was held up
			default:
				return v
			}
		case <-changed:
			<-pause.C
		}
		idle.Stop()
	}
}

// of returns the conversations of a view that the recording is about.
func (r *Recording) of(v *view) []*conversation {
	if r.conn == 0 {
		return v.convs
	}
	for _, c := range v.convs {
		if c.number == r.conn {
			return []*conversation{c}
		}
	}
	return nil
}

// whole ends the test if the recording lacks anything.
func (r *Recording) whole(t testing.TB, v *view) {
	t.Helper()
	if v.err != nil {
		t.Fatalf("wstest: %v%s", v.err, outline(r.of(v)))
	}
}

// look returns the conversations when they ended or went quiet.
func (r *Recording) look(t testing.TB) []*conversation {
	t.Helper()
	v := r.watch(r.patience(t), r.opt.quiet, func(*view) bool { return false })
	r.whole(t, v)
	return r.of(v)
}

func (c *conversation) handshakes() (out []*Handshake) {
	for _, e := range c.events {
		if h, ok := e.Detail.(*event.Handshake); ok {
			out = append(out, h)
		}
	}
	return out
}

func (c *conversation) findings() (out []Finding) {
	for _, e := range c.events {
		if f, ok := e.Detail.(*event.Finding); ok {
			out = append(out, Finding{*f, e.Conn, e.From, timeOf(e.Time)})
		}
	}
	return out
}

func messages(list []*conversation) (out []Message) {
	for _, c := range list {
		for _, e := range c.events {
			if m, ok := e.Detail.(*event.Message); ok {
				out = append(out, Message{*m, e.Conn, e.From, timeOf(e.Time)})
			}
		}
	}
	return out
}

// outline is a list of the conversations, a line each, to be put behind a failure.
func outline(list []*conversation) string {
	if len(list) == 0 {
		return "\n  no connection was recorded"
	}
	var b strings.Builder
	for i, c := range list {
		if i == 10 {
			fmt.Fprintf(&b, "\n  and %d more", len(list)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s", c.title())
	}
	return b.String()
}
