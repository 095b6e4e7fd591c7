package wstest

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Side is an endpoint's role in its connection.
type Side = event.Side

// The sides.
const (
	ClientSide = event.Client
	ServerSide = event.Server
)

// A Recorder records any number of connections. Its assertions, those of the
// Recording in it, are about all of them. Make it with New.
type Recorder struct {
	*Recording
	opt options

	mu      sync.Mutex
	conns   []*Conn
	log     []entry
	charged int64 // against the limit
	full    bool  // the limit was reached: log ends there
	version uint64
	changed chan struct{} // closed at the next change
	last    int64         // time of the newest entry

	viewing sync.Mutex // held while a view is made
	seen    *view      // the newest one
}

// action is what happened on a connection.
type action uint8

const (
	opened   action = iota
	sent            // bytes went from one side to the other
	finished        // a side ended its direction
	aborted         // a side reset the connection
)

// entry is one line of the recorder's log.
type entry struct {
	conn int // index in conns
	what action
	from Side
	at   int64  // ns since the epoch, never before the entry above
	b    []byte // of sent; never written to
}

// New returns a Recorder without connections; WrapListener, DialContext,
// Transport and the like give it some. When the test ends, recorded connections
// that are still open are closed.
func New(t testing.TB, opts ...Option) *Recorder {
	t.Helper()
	r := &Recorder{opt: newOptions(opts), changed: make(chan struct{})}
	r.Recording = &Recording{rec: r, opt: r.opt}
	t.Cleanup(func() {
		if path := r.opt.saveOnFailure; path != "" && t.Failed() {
			if err := r.Save(path); err != nil {
				t.Logf("wstest: the recording was not saved whole: %v", err)
			} else {
				t.Logf("wstest: the recording is in %s", path)
			}
		}
		r.closeAll()
	})
	return r
}

func (r *Recorder) closeAll() {
	r.mu.Lock()
	conns := slices.Clone(r.conns)
	r.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
}

// WrapServer records c, a connection that the tested program serves.
func (r *Recorder) WrapServer(c net.Conn) *Conn { return r.wrap(c, ServerSide) }

// WrapClient records c, a connection that the tested program made.
func (r *Recorder) WrapClient(c net.Conn) *Conn { return r.wrap(c, ClientSide) }

func (r *Recorder) wrap(inner net.Conn, side Side) *Conn {
	c := &Conn{inner: inner, rec: r, side: side}
	c.addr[side] = addrPort(inner.LocalAddr())
	c.addr[side.Other()] = addrPort(inner.RemoteAddr())
	r.mu.Lock()
	defer r.mu.Unlock()
	c.index = len(r.conns)
	c.Recording = &Recording{rec: r, opt: r.opt, conn: uint64(c.index + 1)}
	r.conns = append(r.conns, c)
	r.add(entry{conn: c.index, what: opened, from: ClientSide})
	return c
}

// change tells those who wait. r.mu is held.
func (r *Recorder) change() {
	r.version++
	close(r.changed)
	r.changed = make(chan struct{})
}

// add appends to the log, unless it is full, and returns where. r.mu is held.
func (r *Recorder) add(e entry) (index int, ok bool) {
	r.change()
	cost := int64(len(e.b)) + entryCharge
	if r.full || r.charged+cost > r.opt.limit {
		r.full = true
		return 0, false
	}
	r.charged += cost
	e.at = max(r.last, time.Now().UnixNano())
	r.last = e.at
	if e.what == sent {
		e.b = slices.Clone(e.b)
	}
	r.log = append(r.log, e)
	return len(r.log) - 1, true
}

// note records what happened on c.
func (r *Recorder) note(c *Conn, what action, from Side, b []byte) (index int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.add(entry{conn: c.index, what: what, from: from, b: b})
}

// shorten corrects an entry of which only n bytes were sent.
func (r *Recorder) shorten(index, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version++
	r.log[index].b = r.log[index].b[:n]
}

// limitError says that the recording is not whole.
func (r *Recorder) limitError() error {
	return fmt.Errorf("the recording is incomplete: more than %d bytes were exchanged (wstest.Limit), nothing after that is kept", r.opt.limit)
}

// copyLog returns a copy of the log, what is known about its connections, and
// a channel that is closed at the next change.
func (r *Recorder) copyLog() (l logCopy, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l = logCopy{entries: slices.Clone(r.log), version: r.version, full: r.full}
	for _, c := range r.conns {
		l.tails = append(l.tails, c.tail())
	}
	return l, r.changed
}

// logCopy is a recorder's log at one moment.
type logCopy struct {
	entries []entry
	tails   []tail // by index of the connection
	version uint64
	full    bool
}
