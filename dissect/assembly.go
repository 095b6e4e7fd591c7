package dissect

import (
	"fmt"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// assembly is a message that is being put together from frames.
type assembly struct {
	progress
	buf pieces // what is kept of the payload
}

// progress is how far an assembly is.
type progress struct {
	compressed bool
	streamed   bool // compressed, and inflated while it comes in
	masked     bool
	spoilt     bool // a frame of it was illegal in a way that makes its payload meaningless
	bad        bool // text that is not UTF-8, from badAt on
	opcode     websocket.Opcode
	number     uint64
	frames     uint64
	wire       uint64 // payload bytes on the wire, captured or not
	missing    uint64
	keep       int  // how much of the payload is kept
	held       int  // bytes of buf that the budget counts
	short      bool // less was kept, because the budget was used up
	utf8       websocket.UTF8
	badAt      uint64
	span       span
	offset     uint64
}

// assemblies recycles them. Most messages begin and end in one segment: they use
// the one that was used last, and a connection holds none.
type assemblies struct{ freeList[assembly] }

const maxFreeAssemblies = 256

func (p *assemblies) put(m *assembly) {
	if len(p.free) < maxFreeAssemblies {
		p.free = append(p.free, m)
	}
}

// begin starts a message with its first frame.
func (m *assembly) begin(k *Conn, number uint64, h *websocket.Header, compressed bool, offset uint64) {
	m.progress = progress{} // and not with its values: those would be put together elsewhere, and copied
	m.compressed, m.masked, m.opcode = compressed, h.Masked, h.Opcode
	m.number, m.offset = number, offset
	switch {
	case compressed:
		m.keep = max(k.kept, streamAbove)
	case h.Opcode.IsControl():
		m.keep = max(k.kept, websocket.MaxControlPayload)
	default:
		m.keep = k.kept
	}
}

// keep is how much of a message's payload the sinks look at.
func keep(o *Options, messages bool) int {
	if !messages {
		return 0
	}
	switch o.Want.Payload {
	case event.PayloadFull:
		return int(o.Limits.Message)
	case event.PayloadPreview:
		return event.PreviewBytes
	}
	return 0
}

// add takes captured payload bytes, the first of which stands at pos in its frame.
func (m *assembly) add(k *Conn, s *wsSide, b []byte, masked bool, key [4]byte, pos uint64) {
	kept := b[:m.room(k, len(b))]
	if m.compressed && m.missing == 0 && (m.streamed || m.short || m.wire+uint64(len(b)) > streamAbove) {
		m.stream(k, s, b, masked, key, pos)
	}
	m.wire += uint64(len(b))
	text := m.opcode == websocket.Text && !m.compressed && m.missing == 0 && !m.bad
	ok := true
	for at := 0; at < len(kept); {
		dst := m.buf.next(&k.a.chunks, len(kept)-at)
		if masked {
			websocket.UnmaskInto(dst, kept[at:at+len(dst)], key, pos+uint64(at))
		} else {
			copy(dst, kept[at:])
		}
		at += len(dst)
		ok = ok && (!text || m.utf8.Write(dst))
	}
	if rest := b[len(kept):]; text && len(rest) > 0 && ok {
		if masked {
			ok = m.utf8.WriteMasked(rest, key, pos+uint64(len(kept)))
		} else {
			ok = m.utf8.Write(rest)
		}
	}
	m.check(&m.utf8, ok)
}

// room returns how many of n further bytes of payload are to be kept. Once the
// budget is used up, nothing more of the message is: what is kept has no holes
// that are not told.
func (m *assembly) room(k *Conn, n int) int {
	n = min(n, max(0, m.keep-m.buf.len()))
	if n == 0 || m.opcode.IsControl() {
		return n
	}
	got := k.a.payload.take(n)
	m.held += got
	if got < n {
		m.keep, m.short = m.buf.len()+got, true
	}
	return got
}

// check notes where text stops being UTF-8.
func (m *assembly) check(u *websocket.UTF8, ok bool) {
	if !ok && !m.bad {
		m.bad, m.badAt = true, u.Offset()
	}
}

// stream inflates a long message while it comes in: first what is held of it.
func (m *assembly) stream(k *Conn, s *wsSide, b []byte, masked bool, key [4]byte, pos uint64) {
	if !m.streamed {
		m.streamed = true
		s.inflater.stream(k, m, m.buf.head) // so short, it has no chunks
	}
	if masked {
		k.a.scratch = websocket.Unmask(k.a.scratch[:0], b, key, pos)
		b = k.a.scratch
	}
	s.inflater.stream(k, m, b)
}

// hole notes payload bytes that were not captured.
func (m *assembly) hole(n uint64) {
	m.missing += n
	m.wire += n
}

// zeros keeps the place of missing bytes in the payload that is kept.
func (m *assembly) zeros(k *Conn, n uint64) {
	for room := m.room(k, int(min(n, uint64(max(0, m.keep-m.buf.len()))))); room > 0; {
		dst := m.buf.next(&k.a.chunks, room)
		clear(dst)
		room -= len(dst)
	}
}

// finishMessage decodes what was put together, judges and reports it.
func (w *webSocket) finishMessage(k *Conn, s *wsSide, m *assembly, complete bool) {
	k.a.payload.give(m.held)
	if m == s.data {
		s.data = nil
	}
	kept, length, undecoded := &m.buf, m.wire, ""
	switch {
	case m.compressed:
		kept, length, undecoded = w.inflate(k, s, m, complete)
	case complete && m.opcode == websocket.Text && m.missing == 0 && !m.bad:
		m.check(&m.utf8, m.utf8.Close())
	}
	payload := k.a.chunks.whole(kept, !k.borrows())
	if undecoded == "" {
		w.judgePayload(k, s, m, payload)
	}
	k.a.totals.message(k.side(s.dir), m, length, undecoded != "")
	latency := w.latency(k, s, m, payload, complete)
	if m.short {
		k.a.totals.Bounded++
	}
	if m.opcode == websocket.Close {
		s.closed = true
		k.noteClose(s.dir, payload, complete && m.missing == 0)
	}
	if k.wants(event.KindMessage) {
		both := k.newMessage()
		both.message = event.Message{
			Number: m.number, Opcode: uint8(m.opcode), Length: length, WireLength: m.wire, Frames: m.frames,
			Masked: m.masked, Compressed: m.compressed, Missing: m.missing, Complete: complete,
			Undecoded: undecoded, Latency: latency, Offset: m.offset,
			Text: m.opcode == websocket.Text && complete && !m.bad && undecoded == "" && m.missing == 0,
		}
		k.emitMessage(both, s, m, kept, payload)
	}
	kept.reset(&k.a.chunks)
	m.buf.reset(&k.a.chunks)
	k.a.assemblies.put(m)
}

// newMessage returns where a message is told in.
func (k *Conn) newMessage() *messageEvent {
	if k.borrows() {
		return &k.a.lent
	}
	return k.a.slabs.message()
}

// emitMessage hands a message to the sink with as much of its payload, which is
// that of kept, as the sink wants: a copy of its own if it may keep it.
func (k *Conn) emitMessage(both *messageEvent, s *wsSide, m *assembly, kept *pieces, payload []byte) {
	e := &both.message
	if limit := uint64(max(int(k.a.opt.Limits.Message), controlKeep(m))); e.Length > limit && e.Complete {
		e.Truncated = e.Length - limit
	}
	if m.short && k.kept > 0 {
		e.Truncated = max(e.Truncated, e.Length-min(e.Length, uint64(len(payload))))
	}
	e.Payload = payload[:min(len(payload), max(k.kept, controlKeep(m)))]
	if !k.borrows() {
		e.Payload = k.a.slabs.payload(kept, e.Payload, kept == &m.buf)
	}
	k.emitIn(&both.event, s.dir, m.span.time, m.span.packets(), e)
}

// inflate decompresses a message; undecoded says why it could not be.
func (w *webSocket) inflate(k *Conn, s *wsSide, m *assembly, complete bool) (out *pieces, length uint64, undecoded string) {
	switch {
	case m.missing > 0:
		undecoded = fmt.Sprintf("%d bytes of the compressed payload are missing", m.missing)
	case !complete:
		undecoded = "the compressed message is not complete"
	default:
		out, r, err := s.inflater.message(k, m)
		w.judgeInflate(k, s, m, r, err)
		if err == nil {
			return out, r.Bytes, ""
		}
		out.reset(&k.a.chunks)
		return &m.buf, m.wire, s.inflater.why(err)
	}
	s.inflater.lose()
	return &m.buf, m.wire, undecoded
}

func controlKeep(m *assembly) int {
	if m.opcode.IsControl() {
		return websocket.MaxControlPayload
	}
	return 0
}
