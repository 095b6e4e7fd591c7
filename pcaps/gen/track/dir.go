// Package track keeps the books of a generated connection: what each side sent,
// and which of its bytes came into the capture.
//
//	sender ─► Dir.Sent, Start, Complete ┐
//	                                    ├─► Dir.Finish ─► manifest.Direction
//	capture file ─► Dir.Captured ───────┘
//
// The two inputs are independent: what was lost is what was sent and never captured.
package track

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/sockeye-dev/sockeye/pcaps/gen/manifest"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// Detail says how much of a connection a manifest tells.
type Detail uint8

// Details, in rising order.
const (
	Totals      Detail = iota // counts only: nothing is hashed
	Connections               // digests a direction, messages where bytes were lost
	Messages                  // every message
)

func (d Detail) String() string {
	return [...]string{"totals", "connections", "messages", "detail-3"}[d&3]
}

// Dir keeps the books of one direction. Its zero value is not ready: see Reset.
type Dir struct {
	// Cause names why bytes are missing: "lost" unless set.
	Cause string

	detail    Detail
	list      bool // messages are listed, in case bytes get lost
	sent      uint64
	base      uint64 // in midstream: where the capture begins
	begun     bool   // in midstream: base is set
	midstream bool
	stream    hash.Hash
	payloads  hash.Hash
	one       hash.Hash // the message under way, where messages are listed
	captured  Ranges
	conflicts []manifest.Range
	msgs      []message
	d         manifest.Direction
	started   uint64
	open      bool      // a data message is under way
	mark      hash.Hash // payloads as it was before the message that is sent piece by piece
}

type message struct {
	m     manifest.Message
	parts []span // stream ranges of its frames
}

// Reset makes the books ready for a new connection. perfect says that no byte
// of it will be lost in the capture, which spares the list of messages.
func (d *Dir) Reset(detail Detail, perfect bool) {
	stream, payloads, one := d.stream, d.payloads, d.one
	*d = Dir{detail: detail, list: detail == Messages || detail == Connections && !perfect}
	if detail == Totals && !perfect {
		d.list = true // the totals count affected messages
	}
	if stream == nil {
		stream, payloads, one = sha256.New(), sha256.New(), sha256.New()
	}
	stream.Reset()
	payloads.Reset()
	one.Reset()
	d.stream, d.payloads, d.one = stream, payloads, one
}

// Midstream says that the capture has not begun: bytes sent before Begin do not count.
func (d *Dir) Midstream() { d.midstream = true }

// Begin says that the capture begins with the next byte sent.
func (d *Dir) Begin() {
	if d.midstream && !d.begun {
		d.begun, d.base = true, d.sent
		d.captured.Add(0, d.sent)
	}
}

// Began reports whether the capture holds what is sent now.
func (d *Dir) Began() bool { return !d.midstream || d.begun }

// Offset returns how many bytes were sent so far.
func (d *Dir) Offset() uint64 { return d.sent }

// Sent adds stream bytes.
func (d *Dir) Sent(b []byte) {
	d.sent += uint64(len(b))
	if d.detail > Totals && d.Began() {
		d.stream.Write(b)
	}
}

// Captured says that n stream bytes from offset on are in the capture.
func (d *Dir) Captured(offset uint64, n int) { d.captured.Add(offset, offset+uint64(n)) }

// Holds reports whether the capture has all bytes of [from, to).
func (d *Dir) Holds(from, to uint64) bool { return d.captured.Has(from, to) }

// Conflict says that a later copy of n bytes from offset on is in the capture with other bytes.
func (d *Dir) Conflict(offset uint64, n int) {
	d.conflicts = append(d.conflicts, manifest.Range{Offset: offset, Length: uint64(n)})
}

// Msg is a message under way.
type Msg struct {
	m     manifest.Message
	parts []span
	data  bool
}

// Start begins a message whose first frame comes next.
func (d *Dir) Start(op byte, compressed bool) Msg {
	d.started++
	m := Msg{data: op < ws.Close}
	if m.data {
		d.open = true
	}
	m.m.Number, m.m.Type, m.m.Compressed = d.started, ws.Name(op), compressed
	return m
}

// StartStream is Start for a message whose payload comes piece by piece.
func (d *Dir) StartStream(op byte) Msg {
	if c, ok := d.payloads.(hash.Cloner); ok && d.detail > Totals {
		d.mark, _ = c.Clone() // fails for hashes of hardware keys only
	}
	return d.Start(op, false)
}

// Frame adds a frame of the message that takes [from, to) of the stream.
func (d *Dir) Frame(m *Msg, from, to uint64) {
	if m.m.Frames == 0 {
		m.m.Offset = int64(from)
	}
	m.m.Frames++
	if !d.list {
		return
	}
	if n := len(m.parts); n > 0 && m.parts[n-1].to == from {
		m.parts[n-1].to = to
		return
	}
	m.parts = append(m.parts, span{from, to})
}

// Payload adds decoded payload of a message that Complete will end. Where
// control messages come between the pieces, only Complete may be given payload.
func (d *Dir) Payload(m *Msg, b []byte) {
	m.m.Length += uint64(len(b))
	if d.detail == Totals {
		return
	}
	d.payloads.Write(b)
	if d.list {
		d.one.Write(b)
	}
}

// Complete ends a message; payload is the rest of its decoded payload. Those
// that ended before a midstream capture began are forgotten.
func (d *Dir) Complete(m *Msg, payload []byte) {
	if m.data {
		d.open, d.mark = false, nil
	}
	if !d.Began() {
		d.started = 0
		return
	}
	d.Payload(m, payload)
	d.d.Messages++
	d.d.Frames += m.m.Frames
	d.d.MessageBytes += m.m.Length
	if !d.list {
		return
	}
	if d.detail > Totals {
		m.m.SHA256 = hex.EncodeToString(d.one.Sum(nil))
		d.one.Reset()
	}
	d.msgs = append(d.msgs, message{m.m, m.parts})
}

// Finish closes the books.
func (d *Dir) Finish() manifest.Direction {
	out := d.d
	if d.midstream && !d.begun {
		return manifest.Direction{}
	}
	out.StreamBytes = d.sent - d.base
	if d.open {
		out.Incomplete = 1
		if d.mark != nil {
			d.payloads = d.mark
		}
	}
	if d.Cause == "" {
		d.Cause = "lost"
	}
	for _, h := range d.captured.Holes(d.sent) {
		out.LostBytes += h.to - h.from
		out.Lost = append(out.Lost, manifest.Hole{Range: manifest.Range{Offset: h.from - d.base, Length: h.to - h.from}, Cause: d.Cause})
	}
	if d.list && (out.LostBytes > 0 || d.midstream || d.detail == Messages) {
		out.List = d.messages()
	}
	for _, c := range d.conflicts {
		out.Conflicts = append(out.Conflicts, manifest.Range{Offset: c.Offset - d.base, Length: c.Length})
	}
	if d.detail > Totals && out.StreamBytes > 0 {
		out.StreamSHA256 = hex.EncodeToString(d.stream.Sum(nil))
		if out.Messages > 0 {
			out.MessageSHA256 = hex.EncodeToString(d.payloads.Sum(nil))
		}
	}
	return out
}

// messages returns the list with each message's fate.
func (d *Dir) messages() []manifest.Message {
	list := make([]manifest.Message, len(d.msgs))
	for i := range d.msgs {
		m := d.msgs[i].m
		m.Whole = m.Offset >= int64(d.base)
		for _, p := range d.msgs[i].parts {
			m.Whole = m.Whole && d.captured.Has(p.from, p.to)
		}
		m.Offset -= int64(d.base)
		list[i] = m
	}
	return list
}
