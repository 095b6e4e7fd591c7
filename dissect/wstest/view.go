package wstest

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
)

// view is what the analyzer says about a recording at one moment. It is not
// changed once it was made.
type view struct {
	version uint64
	convs   []*conversation // in order of number
	err     error           // why the recording is not whole
}

// conversation is what was said on one connection.
type conversation struct {
	number uint64
	sum    *event.Connection
	// events are its handshakes, frames, messages, gaps and findings, in order.
	events []event.Event
	data   [2][]*event.Data // by Side: the streams' bytes, in order
	rec    *tail            // nil: from a capture file
}

// open tells whether more may come.
func (c *conversation) open() bool { return c.rec != nil && c.rec.open }

// webSocket tells whether anything of the conversation is WebSocket.
func (c *conversation) webSocket() bool {
	if c.sum != nil && c.sum.Protocol == "websocket" {
		return true
	}
	for i := range c.events {
		if c.events[i].Detail.Kind() == event.KindHandshake {
			return true
		}
	}
	return false
}

// bytes returns up to n bytes of a side's stream from offset, owned by the view.
func (c *conversation) bytes(side Side, offset, n uint64) []byte {
	var out []byte
	for _, d := range c.data[side] {
		end := d.Offset + uint64(len(d.Bytes))
		if end <= offset {
			continue
		}
		if d.Offset > offset {
			break // a hole
		}
		take := min(end-offset, n)
		out = append(out, d.Bytes[offset-d.Offset:][:take]...)
		offset, n = offset+take, n-take
		if n == 0 {
			break
		}
	}
	return out
}

// collector is the sink that makes a view.
type collector struct {
	convs []*conversation
	by    map[uint64]*conversation
	kept  int64 // charged as in a Recorder
}

// Event implements event.Sink.
func (k *collector) Event(e *event.Event) {
	c := k.by[e.Conn]
	if c == nil {
		c = &conversation{number: e.Conn}
		k.by[e.Conn] = c
	}
	switch d := e.Detail.(type) {
	case *event.Connection:
		c.sum = d
	case *event.Data:
		k.kept += entryCharge + int64(len(d.Bytes))
		if e.From < event.NoSide {
			c.data[e.From] = append(c.data[e.From], d)
		}
	default:
		k.kept += entryCharge
		c.events = append(c.events, *e)
	}
}

// newCollector returns a sink and the analyzer that feeds it.
func newCollector() (*collector, *dissect.Analyzer) {
	want := event.Want{Payload: event.PayloadFull}
	for i := range want.Kinds {
		want.Kinds[i] = true
	}
	k := &collector{by: map[uint64]*conversation{}}
	return k, dissect.New(dissect.Options{Want: want}, k)
}

// finish returns the conversations 1 to n; those that said nothing are there too.
func (k *collector) finish(n uint64) []*conversation {
	for i := uint64(1); i <= n; i++ {
		c := k.by[i]
		if c == nil {
			c = &conversation{number: i}
		}
		k.convs = append(k.convs, c)
	}
	return k.convs
}

// view analyzes the log, or returns the view made before if nothing changed.
func (r *Recorder) view() (*view, <-chan struct{}) {
	r.viewing.Lock()
	defer r.viewing.Unlock()
	l, changed := r.copyLog()
	if r.seen != nil && r.seen.version == l.version {
		return r.seen, changed
	}
	k, a := newCollector()
	// The analyzer takes every packet: out does not fail.
	_ = writeTape(&l, func(p *capture.Packet, _ string) error { a.Packet(p); return nil })
	a.Close()
	v := &view{version: l.version, convs: k.finish(uint64(len(l.tails)))}
	for i, c := range v.convs {
		c.rec = &l.tails[i]
		c.sharpen()
	}
	if l.full {
		v.err = r.limitError()
	}
	r.seen = v
	return v, changed
}

// sharpen leaves out what only seems so because the connection is still open:
// messages of which more is to come, a request whose answer is to come.
func (c *conversation) sharpen() {
	if !c.open() {
		return
	}
	kept := c.events[:0]
	for _, e := range c.events {
		switch d := e.Detail.(type) {
		case *event.Message:
			if !d.Complete {
				continue
			}
		case *event.Handshake:
			if d.Status == 0 {
				continue
			}
		}
		kept = append(kept, e)
	}
	c.events = kept
}

// settled tells whether the connections in question have all ended, and there are some.
func (v *view) settled(conn uint64) bool {
	some := false
	for _, c := range v.convs {
		if conn != 0 && c.number != conn {
			continue
		}
		if c.open() {
			return false
		}
		some = true
	}
	return some
}

// readFile makes the view of a capture file.
func readFile(path string, limit int64) (*view, error) {
	f, err := pcapfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	k, a := newCollector()
	for {
		p, err := f.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		a.Packet(&p)
		if k.kept > limit {
			return nil, fmt.Errorf("%s: more than %d bytes of conversations (wstest.Limit)", path, limit)
		}
	}
	a.Close()
	return &view{convs: k.finish(a.Totals().Connections)}, nil
}

// timeOf is an event's time for a test to read.
func timeOf(ns int64) time.Time { return time.Unix(0, ns) }
