package tui

import (
	"context"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/dissect/session"
)

// Options of the inspector.
type Options struct {
	NoColor bool   // NO_COLOR was asked for
	Title   string // what is being looked at: file names
	Config  string // the program's config folder, where themes are; empty: none
	Theme   string // the theme to begin with; empty: the one in theme.toml, else dark
	Filter  string // the display filter to begin with; one that does not compile is left out
	// Themes, unless nil, were read before, and Config, Theme and NoColor do not matter.
	Themes *Themes
	// Capture is the capture that goes on behind the source; nil: there is none.
	Capture Capture
	// SaveHint is what helps where a file may not be written; empty: nothing to say.
	SaveHint string
}

// Source is an opened capture as the inspector needs it.
type Source interface {
	// Rows returns the connections in order of their numbers, from 1 without a
	// hole. The slice is valid until the next call, which also refreshes the rows
	// themselves; their addresses stay.
	Rows() []*session.Row
	// Open returns a connection's events.
	Open(number uint64) (View, error)
	// Info is what a display filter is told of a connection.
	Info(r *session.Row) *query.ConnInfo
	// Payload reads a message again with its whole payload.
	Payload(conn uint64, id session.MessageID) (*event.Event, error)
	// Raw returns the pieces and holes of a connection's stream.
	Raw(conn uint64) (View, error)
	// Stream reads a range of what a side sent, as it was on the wire.
	Stream(conn uint64, from event.Side, offset, n uint64) ([]session.Chunk, error)
	// Findings returns a connection's findings so far; it may take a while.
	Findings(conn uint64) ([]*event.Event, error)
	// Packets returns the numbers of a connection's packets from first to last.
	Packets(conn, first, last uint64) []uint64
	// Packet reads a packet of a connection, owned.
	Packet(conn, number uint64) (Packet, error)
	// Save writes the packets of connections to a new file.
	Save(path string, conns []uint64) error
	// Changed is told when there is something new.
	Changed() <-chan struct{}
	// State says how far the capture was read.
	State() State
}

// State says how far a capture was read.
type State struct {
	Packets     uint64
	Messages    uint64
	Errors      uint64
	Warnings    uint64
	Read, Total int64 // bytes; Total 0: not known
	Done        bool
	Waiting     bool // all there is was read, and more may come
	Err         error
	Rate        float64 // bytes a second
}

// Packet is a captured packet.
type Packet struct {
	Number   uint64
	Time     int64 // ns
	Length   int   // on the wire
	LinkType int
	Data     []byte
}

// View is an opened connection.
type View interface {
	// Len returns the number of events so far.
	Len() int
	// Items appends the short forms of events from an index on, at most n.
	Items(dst []session.Item, from, n int) []session.Item
	// Event returns an event, not to be changed; messages with a preview of their
	// payload. It may have to be read again.
	Event(i int) (*event.Event, error)
	// Passing returns the events that pass a filter, which sees whole payloads, in
	// order; it may take a while.
	Passing(ctx context.Context, f *query.Filter) ([]int, error)
	// Wait returns when there is all that was known of the connection when it was
	// called; it may take a while.
	Wait()
	// Done tells whether all events are there, or no more will come.
	Done() bool
	// Err says why events are missing at the end; nil: they are not.
	Err() error
	// Lost returns how many packets are missing at the connection's beginning,
	// because they are not kept any more.
	Lost() uint64
	Close()
}
