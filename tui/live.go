package tui

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// opened is a session as a Source. Its rows are copies that only the event
// loop's goroutine reads and refreshes.
type opened struct {
	s      *session.Session
	ctx    context.Context
	chunks [][]session.Row // of chunkRows
	final  []bool          // nothing will change in the chunk any more
	refs   []*session.Row

	mu    sync.Mutex
	since map[uint64]session.Since // of connections that were opened without their beginning
}

const chunkRows = 1024

// FromSession returns a session as the inspector's source. ctx ends what is
// being read for it.
func FromSession(ctx context.Context, s *session.Session) Source { return &opened{s: s, ctx: ctx} }

// Rows implements Source.
func (o *opened) Rows() []*session.Row {
	n := o.s.Count()
	for i := 0; i*chunkRows < n; i++ {
		if i == len(o.chunks) {
			o.chunks = append(o.chunks, make([]session.Row, 0, chunkRows))
			o.final = append(o.final, false)
		}
		if !o.final[i] {
			o.refresh(i)
		}
	}
	return o.refs
}

// refresh takes over the rows of a chunk.
func (o *opened) refresh(i int) {
	rows := o.s.Rows(o.chunks[i][:0], i*chunkRows, chunkRows)
	o.chunks[i] = rows
	o.final[i] = len(rows) == chunkRows
	for k := range rows {
		o.final[i] = o.final[i] && rows[k].Final
		if i*chunkRows+k == len(o.refs) {
			o.refs = append(o.refs, &rows[k])
		}
	}
}

// Open implements Source.
func (o *opened) Open(number uint64) (View, error) {
	all := session.All(event.KindHandshake, event.KindFrame, event.KindMessage, event.KindGap, event.KindFinding)
	if row, ok := o.s.Row(number); ok && row.Protocol != "websocket" {
		all.Kinds[event.KindData] = true
	}
	v, err := o.s.Events(o.ctx, number, all)
	if err != nil {
		return nil, err
	}
	o.began(number, v.Since())
	return o.view(v, all), nil
}

// view is a session's view as a View. Most are read within a few milliseconds,
// and need not be drawn twice.
func (o *opened) view(v *session.View, q session.Query) View {
	select {
	case <-v.Done():
	case <-time.After(openWait):
	}
	return openedView{v, o, q}
}

// began notes where a connection's view began.
func (o *opened) began(conn uint64, since session.Since) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case since == 0:
		delete(o.since, conn)
	case o.since == nil:
		o.since = map[uint64]session.Since{conn: since}
	default:
		o.since[conn] = since
	}
}

// sinceOf is where the view of a connection began that was opened last: what is
// read of it besides must have the same numbers.
func (o *opened) sinceOf(conn uint64) session.Since {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.since[conn]
}

// openWait is how long opening a connection waits for its events.
const openWait = 15 * time.Millisecond

// Raw implements Source.
func (o *opened) Raw(number uint64) (View, error) {
	q := session.All(event.KindData, event.KindGap)
	q.Since = cmp.Or(o.sinceOf(number), session.Beginning)
	v, err := o.s.Events(o.ctx, number, q)
	if err != nil {
		return nil, err
	}
	return o.view(v, q), nil
}

// Stream implements Source.
func (o *opened) Stream(conn uint64, from event.Side, offset, n uint64) ([]session.Chunk, error) {
	return o.s.Stream(o.ctx, conn, from, offset, n)
}

// Payload implements Source.
func (o *opened) Payload(conn uint64, id session.MessageID) (*event.Event, error) {
	id.Since = o.sinceOf(conn)
	return o.s.Payload(o.ctx, conn, id, 0)
}

// Findings implements Source.
func (o *opened) Findings(conn uint64) ([]*event.Event, error) {
	q := session.All(event.KindFinding)
	q.Since = o.sinceOf(conn)
	v, err := o.whole(o.ctx, conn, q, 0)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return v.Events(o.ctx, 0, maxFindings)
}

// whole opens a view and waits until it is complete, or, of a connection that
// goes on, until it has all that is known now and has looked at n events. It is
// to be closed.
func (o *opened) whole(ctx context.Context, conn uint64, q session.Query, n int) (*session.View, error) {
	v, err := o.s.Events(ctx, conn, q)
	if err != nil {
		return nil, err
	}
	if err := v.Catch(ctx, n); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// maxFindings is how many findings of all connections are listed.
const maxFindings = 5000

// Info implements Source.
func (o *opened) Info(r *session.Row) *query.ConnInfo { return o.s.Info(r) }

// Packets implements Source.
func (o *opened) Packets(conn, first, last uint64) []uint64 {
	numbers, _ := o.s.Packets(conn)
	var out []uint64
	for _, n := range numbers {
		if n >= first && n <= last {
			out = append(out, n)
		}
	}
	return out
}

// Packet implements Source.
func (o *opened) Packet(conn, number uint64) (Packet, error) {
	p, err := o.s.Packet(o.ctx, conn, number)
	return Packet{Number: p.Number, Time: p.Time, Length: int(p.OrigLen), LinkType: int(p.Link), Data: p.Data}, err
}

// Save implements Source.
func (o *opened) Save(path string, conns []uint64) error { return o.s.Save(o.ctx, conns, path) }

// Changed implements Source.
func (o *opened) Changed() <-chan struct{} { return o.s.Changed() }

// State implements Source.
func (o *opened) State() State {
	p := o.s.Progress()
	return State{
		Packets: p.Packets, Messages: p.Messages, Errors: p.Errors, Warnings: p.Warnings,
		Read: p.Read, Total: p.Total, Rate: p.Rate, Done: p.Done, Waiting: p.Waiting, Err: p.Err,
	}
}

// openedView is a session's view as a View.
type openedView struct {
	*session.View
	o *opened
	q session.Query // what it was opened with
}

// Passing implements View.
func (v openedView) Passing(ctx context.Context, f *query.Filter) ([]int, error) {
	q := v.q
	q.Filter, q.Since = f, cmp.Or(v.Since(), session.Beginning)
	w, err := v.o.whole(ctx, v.Conn(), q, v.Len())
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if _, err := w.Complete(); err != nil {
		return nil, err
	}
	items := w.Items(nil, 0, w.Len())
	out := make([]int, len(items))
	for i := range items {
		out[i] = items[i].Place()
	}
	return out, nil
}

// Wait implements View.
func (v openedView) Wait() {
	_ = v.Catch(v.o.ctx, 0) // the inspector ends: what is there is there
}

// Event implements View.
func (v openedView) Event(i int) (*event.Event, error) {
	if e, ok := v.Ready(i); ok {
		return e, nil
	}
	list, err := v.Events(v.o.ctx, i, 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, session.ErrNoMessage
	}
	return list[0], nil
}

// Err implements View.
func (v openedView) Err() error {
	_, err := v.Complete()
	return err
}

// Done implements View.
func (v openedView) Done() bool {
	over, err := v.Complete()
	return over || err != nil
}
