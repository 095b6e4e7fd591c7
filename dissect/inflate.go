package dissect

import (
	"errors"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/dissect/websocket/deflate"
)

// streamAbove is the compressed size above which a message is inflated while it
// comes in. Below it, the payload is held until it is whole: it may turn out to
// have a hole, and then the window is not touched.
const streamAbove = 64 << 10

// inflater decompresses the messages of one direction (RFC 7692 §7.2.2).
type inflater struct {
	f       deflate.Inflater
	known   bool // the handshake was captured
	missing bool // bytes of this direction are in a hole
	running bool // a long message is being inflated while it comes in
	out     *inflated
}

// inflated takes what is inflated: it keeps the beginning and checks UTF-8.
type inflated struct {
	buf  pieces
	pool *chunks
	keep int
	text bool
	utf8 websocket.UTF8
	// A long message's output stays while it comes in: it is of a budget.
	from  *budget
	held  int
	short bool // the budget was used up
}

func (o *inflated) Inflated(p []byte) {
	n := min(len(p), max(0, o.keep-o.buf.len()))
	if o.from != nil && n > 0 {
		got := o.from.take(n)
		o.held += got
		if got < n {
			n, o.keep, o.short = got, o.buf.len()+got, true
		}
	}
	o.buf.append(o.pool, p[:n])
	if o.text {
		o.text = o.utf8.Write(p)
	}
}

func (i *inflater) init(a *Analyzer, c compression, side event.Side) {
	i.known = c.known
	var p deflate.Params
	if c.on {
		p = deflate.Params{WindowBits: c.pmd.ServerMaxWindowBits, NoTakeover: c.pmd.ServerNoContextTakeover}
		if side == event.Client {
			p = deflate.Params{WindowBits: c.pmd.ClientMaxWindowBits, NoTakeover: c.pmd.ClientNoContextTakeover}
		}
	}
	i.f.Init(a.pool, p)
	if !c.known {
		i.f.Lost()
	}
}

// release says that the output is not held against the budget any more.
func (o *inflated) release() {
	if o.from != nil {
		o.from.give(o.held)
		o.held = 0
	}
}

// lose says that the sender's window holds bytes that were not seen.
func (i *inflater) lose() {
	i.stop()
	i.missing = true
	i.f.Lost()
}

// stop gives up the message that is being inflated.
func (i *inflater) stop() {
	if i.running {
		o := i.done()
		o.buf.reset(o.pool)
	}
}

// done ends the message that is being inflated. Its output may be long: it is not held any more.
func (i *inflater) done() (o *inflated) {
	o, i.out, i.running = i.out, nil, false
	o.release()
	return o
}

// close gives the window back.
func (i *inflater) close() {
	i.stop()
	i.f.Release()
}

// begin makes o ready for the output of a message.
func (o *inflated) begin(k *Conn, m *assembly) {
	o.buf.head, o.buf.chunks = o.buf.head[:0], nil
	o.pool, o.keep, o.text, o.utf8 = &k.a.chunks, k.kept, m.opcode == websocket.Text, websocket.UTF8{}
	o.held, o.short = 0, false
}

// stream inflates what came of a long message so far. It has an output of its own,
// because others are inflated before it ends.
func (i *inflater) stream(k *Conn, m *assembly, piece []byte) {
	if !i.running {
		i.out, i.running = &inflated{from: &k.a.payload}, true
		i.out.begin(k, m)
		i.f.Begin(i.out)
	}
	i.f.Write(piece) //nolint:errcheck // the error remains until End
}

// message ends a message: the whole of it is in m, or was streamed. It returns
// the kept output, which the caller resets, and notes where text is not UTF-8.
func (i *inflater) message(k *Conn, m *assembly) (out *pieces, r deflate.Result, err error) {
	o := &k.a.inflated
	if i.running {
		o = i.done()
		r, err = i.f.End()
	} else {
		o.begin(k, m)
		r, err = i.f.Whole(o, m.buf.head) // so short, it has no chunks
	}
	m.short = m.short && err != nil || o.short
	if errors.Is(err, deflate.ErrLimit) {
		k.a.totals.Bounded++
	}
	if err == nil && m.opcode == websocket.Text {
		m.check(&o.utf8, o.text && o.utf8.Close())
	}
	return &o.buf, r, err
}

// why says in a sentence why a message could not be decompressed.
func (i *inflater) why(err error) string {
	switch {
	case errors.Is(err, deflate.ErrUnknownHistory) && !i.known:
		return "compression state unknown: it refers to messages from before the capture"
	case errors.Is(err, deflate.ErrUnknownHistory) && i.missing:
		return "compression state unknown: it refers to bytes that are missing in the capture"
	case errors.Is(err, deflate.ErrUnknownHistory):
		return "compression state unknown: it refers to a message that could not be decompressed"
	}
	return strings.TrimPrefix(err.Error(), "deflate: ")
}
