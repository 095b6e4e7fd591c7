package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
)

// Query says which events of a connection are looked at.
type Query struct {
	// Kinds of events; none set means all but data and connection.
	Kinds [event.NumKinds]bool
	// Filter, unless nil, is what events must pass. It sees whole payloads where
	// it needs them.
	Filter *query.Filter
	// Since, unless 0, is where another View began that this one is to agree with
	// in its numbers, or Beginning; when packets from there on fell out of the ring
	// of a live capture, the view ends in spool.ErrGone. 0: as early as possible.
	Since Since
}

// All returns a Query of these kinds of events.
func All(kinds ...event.Kind) Query {
	var q Query
	for _, k := range kinds {
		q.Kinds[k] = true
	}
	return q
}

func (q *Query) withDefaults() {
	if q.Kinds == [event.NumKinds]bool{} {
		for k := range q.Kinds {
			q.Kinds[k] = true
		}
		q.Kinds[event.KindData], q.Kinds[event.KindConnection] = false, false
	}
}

func (q *Query) key(conn uint64) string { return fmt.Sprint(conn, q.Kinds, q.Since, q.Filter.String()) }

// Item is the short form of an event, 56 bytes, held for every event of a View.
type Item struct {
	Time     int64
	Packets  [2]uint64
	Number   uint64 // of the message or frame, 0 for other kinds
	Length   uint64 // of a message or frame its payload, of data and gaps their bytes
	Stream   uint32
	Kind     event.Kind
	From     event.Side
	Opcode   uint8
	Severity event.Severity // of a finding
	seq      uint64         // place among all events of these kinds, whether or not they passed the filter
}

// Place returns the event's place, from 0, among all events of the kinds that
// the view asks for, whether or not they pass its filter.
func (i *Item) Place() int { return int(i.seq) }

// View is a connection's events in order. It fills in the background, and goes
// on filling while the connection goes on. Its methods may be called by any
// goroutine.
type View struct {
	s      *Session
	number uint64
	key    string
	q      Query
	page   int // events decoded again at a time
	since  Since
	lost   uint64
	cancel context.CancelFunc
	users  int // guarded by cache.mu
	done   chan struct{}
	info   *query.ConnInfo // of the filling goroutine
	seq    uint64          // of the filling goroutine

	over atomic.Bool

	mu     sync.RWMutex
	items  [][]Item // chunks of chunkItems
	n      int
	events []*event.Event // the first ones, while there is room
	bytes  int64
	full   bool
	err    error
	judged int           // events so far, whether or not they passed the filter
	read   uint64        // all that was known at the session's growth before this one was read
	turn   chan struct{} // closed and replaced when read or judged were counted up

	pages pages
}

const (
	chunkItems = 1024
	itemBytes  = 56
)

// Events opens a view of a connection's events. It returns at once: the view
// fills in the background, which Changed and Done tell of. ctx bounds the
// filling. The view must be closed; it may be opened again quickly then.
func (s *Session) Events(ctx context.Context, conn uint64, q Query) (*View, error) {
	if _, ok := s.Row(conn); !ok {
		return nil, ErrNoConnection
	}
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	q.withDefaults()
	key := q.key(conn)
	return s.cache.open(key, func() *View {
		v := &View{s: s, number: conn, key: key, q: q, done: make(chan struct{}), turn: make(chan struct{}), page: pageItems}
		v.since, v.lost = s.since(conn)
		if q.Since != 0 {
			v.since = q.Since
		}
		if q.Kinds[event.KindData] {
			v.page = pageItems / 16
		}
		ctx, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(s.ctx, cancel)
		v.cancel = func() { stop(); cancel() }
		s.work.Add(1)
		go v.fill(ctx)
		return v
	}), nil
}

// want is what the analyzer must make for the view.
func (v *View) want() event.Want {
	return event.Want{Kinds: v.q.Kinds, Payload: max(event.PayloadPreview, v.q.Filter.Needs())}
}

// fill reads the connection, and goes on while it goes on.
func (v *View) fill(ctx context.Context) {
	defer v.s.work.Done()
	defer close(v.done)
	r := v.s.run(v.number, v.since, v.want(), event.SinkFunc(v.take))
	steps := 0
	stop := func() bool {
		if steps++; steps%512 == 0 {
			v.s.change.notify()
		}
		return false
	}
	for {
		v.s.mu.RLock()
		grown, growth := v.s.grown, v.s.growth
		row := v.s.entry(v.number).Row
		v.s.mu.RUnlock()
		if info := v.s.Info(&row); v.q.Filter != nil && !reflect.DeepEqual(info, v.info) {
			if v.seq > 0 { // what passed was judged by what was known then
				v.reset()
				r = v.s.run(v.number, v.since, v.want(), event.SinkFunc(v.take))
			}
			v.info = info
		}
		over, err := r.advance(ctx, stop)
		if err == nil && !over {
			err = ctx.Err() // closed while it waited for more
		}
		if over || err != nil {
			v.mu.Lock()
			v.err = err
			v.mu.Unlock()
			v.over.Store(over)
			v.s.change.notify()
			return
		}
		v.turned(growth + 1)
		v.s.change.notify()
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

// reset forgets all events; they are judged again.
func (v *View) reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seq, v.judged = 0, 0
	v.items, v.n, v.events, v.bytes, v.full = nil, 0, nil, 0, false
}

// turned says how far the view has come.
func (v *View) turned(read uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.read, v.judged = read, int(v.seq)
	close(v.turn)
	v.turn = make(chan struct{})
}

// Catch waits until the view has all that Rows told of when it was called, and has
// looked at n events, whether or not they passed its filter; or until it is
// complete, or failed, or ctx ends.
func (v *View) Catch(ctx context.Context, n int) error {
	v.s.mu.RLock()
	known := v.s.growth
	v.s.mu.RUnlock()
	for {
		v.mu.RLock()
		there, turn := v.read > known && v.judged >= n, v.turn
		v.mu.RUnlock()
		if there {
			return nil
		}
		select {
		case <-turn:
		case <-v.done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take is the sink of the filling goroutine.
func (v *View) take(e *event.Event) {
	seq := v.seq
	v.seq++
	if v.q.Filter != nil && !v.q.Filter.Match(e, v.info) {
		return
	}
	it := item(e, seq)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.n%chunkItems == 0 {
		v.items = append(v.items, make([]Item, 0, chunkItems))
		v.bytes += chunkItems * itemBytes
	}
	last := &v.items[len(v.items)-1]
	*last = append(*last, it)
	v.n++
	if v.full {
		return
	}
	trim(e)
	v.events = append(v.events, e)
	v.bytes += eventBytes(e)
	v.full = v.bytes >= v.s.limits.View
}

// item returns an event's short form.
func item(e *event.Event, seq uint64) Item {
	it := Item{Time: e.Time, Packets: e.Packets, Stream: e.Stream, Kind: e.Detail.Kind(), From: e.From, seq: seq}
	switch d := e.Detail.(type) {
	case *event.Message:
		it.Number, it.Length, it.Opcode = d.Number, d.Length, d.Opcode
	case *event.Frame:
		it.Number, it.Length, it.Opcode = d.Number, d.Length, d.Opcode
	case *event.Data:
		it.Length = uint64(len(d.Bytes))
	case *event.Gap:
		it.Length = d.Length
	case *event.Finding:
		it.Severity = d.Severity
	}
	return it
}

// trim leaves the preview of a message that was made with more for a filter.
func trim(e *event.Event) {
	if m, ok := e.Detail.(*event.Message); ok && len(m.Payload) > event.PreviewBytes {
		m.Payload = bytes.Clone(m.Payload[:event.PreviewBytes])
	}
}

// eventBytes estimates the memory of an event.
func eventBytes(e *event.Event) int64 {
	const base = 64 + 8 // the event, and its place in the list
	switch d := e.Detail.(type) {
	case *event.Message:
		return base + 224 + int64(cap(d.Payload)+len(d.Undecoded)+len(d.Type))
	case *event.Frame:
		return base + 72
	case *event.Data:
		return base + 32 + int64(cap(d.Bytes))
	case *event.Finding:
		return base + 128 + int64(len(d.Text)+len(d.Evidence)+len(d.Advice))
	case *event.Handshake:
		n := base + 512 + len(d.Target)
		for _, h := range [...][]event.Header{d.RequestHeaders, d.ResponseHeaders} {
			for i := range h {
				n += 32 + len(h[i].Name) + len(h[i].Value)
			}
		}
		return int64(n)
	}
	return base + 64
}

// Conn returns the connection's number.
func (v *View) Conn() uint64 { return v.number }

// Since returns where reading the connection began: see Query and MessageID.
func (v *View) Since() Since { return v.since }

// Lost returns how many packets at the connection's beginning fell out of the
// ring of a live capture before the view was opened. If there are any, the
// connection is shown as one whose beginning was not captured, and messages and
// frames are numbered from the first that is there.
func (v *View) Lost() uint64 { return v.lost }

// hollow tells whether events that the view does not hold can be read no more.
func (v *View) hollow() bool {
	v.mu.RLock()
	full := v.full
	v.mu.RUnlock()
	return full && v.s.Lost(v.number) > v.lost
}

// Len returns how many events there are so far.
func (v *View) Len() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.n
}

// Items appends items from (0 is the first) on to dst, at most n, and returns it.
func (v *View) Items(dst []Item, from, n int) []Item {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for i := max(from, 0); i < min(max(from, 0)+n, v.n); i++ {
		dst = append(dst, v.items[i/chunkItems][i%chunkItems])
	}
	return dst
}

// Done is closed when the view is complete, or has failed.
func (v *View) Done() <-chan struct{} { return v.done }

// Complete returns whether all events are there, and why the view ends early if
// it failed. An open connection of a growing capture stays incomplete.
func (v *View) Complete() (bool, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.over.Load(), v.err
}

// Ready returns an event when it is in memory; false if Events has to read it.
func (v *View) Ready(i int) (*event.Event, bool) {
	v.mu.RLock()
	if i >= 0 && i < len(v.events) {
		defer v.mu.RUnlock()
		return v.events[i], true
	}
	v.mu.RUnlock()
	return v.pages.ready(i, v.page)
}

// Events returns events from (0 is the first) on, at most n, with the first
// event.PreviewBytes of payload. Those beyond Limits.View are decoded again,
// which takes time: the more, the further back they are from the last ones so
// read. Shared: not to be changed.
func (v *View) Events(ctx context.Context, from, n int) ([]*event.Event, error) {
	var out []*event.Event
	for i, end := max(from, 0), min(max(from, 0)+n, v.Len()); i < end; i++ {
		e, ok := v.Ready(i)
		if !ok {
			list, err := v.pages.read(ctx, v, i/v.page)
			if err != nil {
				return out, err
			}
			if i%v.page >= len(list) {
				return out, errors.New("the file was changed")
			}
			e = list[i%v.page]
		}
		out = append(out, e)
	}
	return out, nil
}

// size returns the memory that the view holds.
func (v *View) size() int64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.bytes
}

// Close gives the view back. Complete ones stay for a while, to be opened again.
func (v *View) Close() { v.s.cache.close(v) }
