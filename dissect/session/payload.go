package session

import (
	"context"
	"errors"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// MessageID names a message within its connection.
type MessageID struct {
	Stream uint32 // HTTP/2 stream, 0 otherwise
	From   event.Side
	Number uint64 // from 1, per stream and side
	Since  Since  // of the View that the number is from
}

// ErrNoMessage is what Payload returns for a message that the connection does not have.
var ErrNoMessage = errors.New("the connection has no such message")

// Payload decodes one message again with its payload, of which at most limit
// bytes are kept (0: dissect's limit, 16 MiB); Truncated says how many are left
// out. The event, a *event.Message, is owned. It is spool.ErrGone when packets
// from Since on fell out of the ring of a live capture.
func (s *Session) Payload(ctx context.Context, conn uint64, id MessageID, limit int64) (*event.Event, error) {
	if _, ok := s.Row(conn); !ok {
		return nil, ErrNoConnection
	}
	var found *event.Event
	sink := event.SinkFunc(func(e *event.Event) {
		m, ok := e.Detail.(*event.Message)
		if ok && found == nil && e.From == id.From && e.Stream == id.Stream && m.Number == id.Number {
			found = e
		}
	})
	l := s.opt.Analyzer
	if limit > 0 {
		l.Message = limit
	}
	r := s.runWith(conn, id.Since, wants(event.PayloadFull, event.KindMessage), l, sink)
	if _, err := r.advance(ctx, func() bool { return found != nil }); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, ErrNoMessage
	}
	return found, nil
}

// Chunk is a piece of a direction's stream: bytes, or a hole.
type Chunk struct {
	Offset  uint64
	Bytes   []byte // owned
	Missing uint64 // bytes that were not captured; Bytes is nil then
	Time    int64
	Packet  uint64
}

// Stream reads a range of what a side sent, in order, from offset on, at most n
// bytes and holes included. It ends early where the stream does so far, and is
// spool.ErrGone when the connection's beginning fell out of the ring of a live capture.
func (s *Session) Stream(ctx context.Context, conn uint64, from event.Side, offset, n uint64) ([]Chunk, error) {
	if _, ok := s.Row(conn); !ok {
		return nil, ErrNoConnection
	}
	end := offset + n
	if end < offset {
		end = 1<<64 - 1
	}
	var out []Chunk
	reached := false
	sink := event.SinkFunc(func(e *event.Event) {
		if e.From != from {
			return
		}
		c := Chunk{Time: e.Time, Packet: e.Packets[0]}
		size := uint64(0)
		switch d := e.Detail.(type) {
		case *event.Data:
			c.Offset, c.Bytes, size = d.Offset, d.Bytes, uint64(len(d.Bytes))
		case *event.Gap:
			if d.Cause == "midstream" {
				return // these bytes are there
			}
			c.Offset, c.Missing, size = d.Offset, d.Length, d.Length
		}
		reached = reached || c.Offset+size >= end
		if c.cut(size, offset, end) {
			out = append(out, c)
		}
	})
	r := s.run(conn, 0, wants(event.PayloadNone, event.KindData, event.KindGap), sink)
	_, err := r.advance(ctx, func() bool { return reached })
	return out, err
}

// cut leaves what lies between from and to; false if nothing does.
func (c *Chunk) cut(size, from, to uint64) bool {
	lo, hi := max(c.Offset, from), min(c.Offset+size, to)
	if lo >= hi {
		return false
	}
	if c.Bytes != nil {
		c.Bytes = c.Bytes[lo-c.Offset : hi-c.Offset]
	} else {
		c.Missing = hi - lo
	}
	c.Offset = lo
	return true
}
