package truth

import "github.com/sockeye-dev/sockeye/dissect/event"

// Record keeps every event of an analysis, sorted by connection and kind. It is
// an event.Sink; events are owned, so it keeps them as they are.
type Record struct {
	Conns map[uint64]*Conn
	// Order is the connection numbers in order of their connection events.
	Order []uint64
	// Events are all of them, in order.
	Events []*event.Event
}

// Conn is what was said about one connection. Arrays are by event.Side.
type Conn struct {
	Number     uint64
	Connection *event.Connection // nil: no such event
	Handshakes []Handshook
	Messages   [2][]Said[*event.Message]
	Frames     [2][]Said[*event.Frame]
	Data       [2][]Said[*event.Data]
	Gaps       [2][]Said[*event.Gap]
	Findings   []Said[*event.Finding]
}

// Handshook is a handshake with its event.
type Handshook = Said[*event.Handshake]

// Said is a detail with its event.
type Said[D event.Detail] struct {
	*event.Event
	D D
}

// NewRecord returns an empty record.
func NewRecord() *Record { return &Record{Conns: map[uint64]*Conn{}} }

// Event implements event.Sink.
func (r *Record) Event(e *event.Event) {
	r.Events = append(r.Events, e)
	c := r.Conns[e.Conn]
	if c == nil {
		c = &Conn{Number: e.Conn}
		r.Conns[e.Conn] = c
	}
	side := e.From & 1
	switch d := e.Detail.(type) {
	case *event.Connection:
		c.Connection = d
		r.Order = append(r.Order, e.Conn)
	case *event.Handshake:
		c.Handshakes = append(c.Handshakes, Handshook{e, d})
	case *event.Message:
		c.Messages[side] = append(c.Messages[side], Said[*event.Message]{e, d})
	case *event.Frame:
		c.Frames[side] = append(c.Frames[side], Said[*event.Frame]{e, d})
	case *event.Data:
		c.Data[side] = append(c.Data[side], Said[*event.Data]{e, d})
	case *event.Gap:
		c.Gaps[side] = append(c.Gaps[side], Said[*event.Gap]{e, d})
	case *event.Finding:
		c.Findings = append(c.Findings, Said[*event.Finding]{e, d})
	}
}

// Stream returns a side's stream bytes, holes left out.
func (c *Conn) Stream(side event.Side) []byte {
	var b []byte
	for _, d := range c.Data[side] {
		b = append(b, d.D.Bytes...)
	}
	return b
}

// inStream keeps those of an HTTP/2 stream; all of them when stream is nil.
func inStream[D event.Detail](in []Said[D], stream *uint32) []Said[D] {
	if stream == nil {
		return in
	}
	var out []Said[D]
	for _, s := range in {
		if s.Stream == *stream {
			out = append(out, s)
		}
	}
	return out
}
