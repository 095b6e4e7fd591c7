package sim

import (
	"encoding/base64"

	"github.com/sockeye-dev/sockeye/pcaps/gen/track"
	"github.com/sockeye-dev/sockeye/pcaps/gen/ws"
)

// Message is one WebSocket message to send.
type Message struct {
	Op      byte
	Payload []byte // decoded
	Wire    []byte // compressed payload, sent with RSV1; nil: Payload as it is
	Pieces  int    // frames to cut it into; 0 and 1: one
	Ping    bool   // a ping between the first two frames
	Empty   bool   // end with an empty FIN frame
}

// Key draws a Sec-WebSocket-Key.
func (s *Sim) Key() string {
	var k [16]byte
	for i := range k {
		k[i] = byte(s.R.N(256))
	}
	return base64.StdEncoding.EncodeToString(k[:])
}

// Upgrade plays the opening handshake (RFC 6455 §4).
func (c *Conn) Upgrade(host, path, offer string) {
	key := c.S.Key()
	c.Write(C2S, ws.AppendRequest(nil, host, path, key, offer))
	c.Flush(C2S)
	c.travel()
	c.Write(S2C, ws.AppendResponse(nil, key, c.Extensions))
	c.Flush(S2C)
}

// UpgradeFast plays the opening handshake with the request on the SYN.
func (c *Conn) UpgradeFast(host, path string) {
	key := c.S.Key()
	c.OpenFast(ws.AppendRequest(nil, host, path, key, ""))
	c.Write(S2C, ws.AppendResponse(nil, key, ""))
	c.Flush(S2C)
}

// Send writes a message; Flush sends it.
func (c *Conn) Send(dir int, m *Message) {
	h := &c.half[dir]
	body := m.Payload
	if m.Wire != nil {
		body = m.Wire
	}
	msg := h.books.Start(m.Op, m.Wire != nil)
	pieces := max(1, m.Pieces)
	total := pieces
	if m.Empty {
		total++
	}
	for i := range total {
		part := body[min(i, pieces)*len(body)/pieces : min(i+1, pieces)*len(body)/pieces]
		f := ws.Frame{Fin: i == total-1, RSV1: i == 0 && m.Wire != nil, Masked: dir == C2S, Length: uint64(len(part))}
		if i == 0 {
			f.Op = m.Op
		}
		from := h.books.Offset() + uint64(len(h.buf))
		c.frame(dir, &f, part)
		h.books.Frame(&msg, from, h.books.Offset()+uint64(len(h.buf)))
		if i == 0 && m.Ping && total > 1 {
			c.Control(dir, ws.Ping, []byte("between"))
		}
	}
	h.books.Complete(&msg, m.Payload)
}

// Control writes a control message.
func (c *Conn) Control(dir int, op byte, payload []byte) {
	c.Send(dir, &Message{Op: op, Payload: payload})
}

func (c *Conn) frame(dir int, f *ws.Frame, payload []byte) {
	h := &c.half[dir]
	if f.Masked {
		k := c.S.R.Uint64() | 1
		f.Key = [4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}
	}
	h.buf = ws.AppendHeader(h.buf, f)
	h.buf = ws.AppendPayload(h.buf, f, payload, 0)
}

// Bye plays the closing handshake (RFC 6455 §7.1.2), begun by dir's sender, and
// closes the connection as a server should: first.
func (c *Conn) Bye(dir int, code uint16, reason string) {
	body := append([]byte{byte(code >> 8), byte(code)}, reason...)
	c.Control(dir, ws.Close, body)
	c.Flush(dir)
	c.Control(1-dir, ws.Close, body[:2])
	c.Flush(1 - dir)
	c.Close(S2C)
}

// Stream is a message sent piece by piece.
type Stream struct {
	dir  int
	op   byte
	msg  track.Msg
	f    ws.Frame
	pos  uint64 // payload bytes of the frame written so far
	from uint64 // stream offset of the frame
}

// StartStream begins a message that is sent piece by piece.
func (c *Conn) StartStream(dir int, op byte) Stream {
	return Stream{dir: dir, op: op, msg: c.half[dir].books.StartStream(op)}
}

// StreamFrame begins the next frame of st.
func (c *Conn) StreamFrame(st *Stream, length uint64, fin bool) {
	h := &c.half[st.dir]
	st.f = ws.Frame{Op: st.op, Fin: fin, Masked: st.dir == C2S, Length: length}
	st.op, st.pos = ws.Continuation, 0
	if st.f.Masked {
		k := c.S.R.Uint64() | 1
		st.f.Key = [4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}
	}
	st.from = h.books.Offset() + uint64(len(h.buf))
	h.buf = ws.AppendHeader(h.buf, &st.f)
}

// StreamData adds payload to the frame begun last. The last piece of the last frame ends the message.
func (c *Conn) StreamData(st *Stream, b []byte) {
	h := &c.half[st.dir]
	h.buf = ws.AppendPayload(h.buf, &st.f, b, st.pos)
	st.pos += uint64(len(b))
	h.books.Payload(&st.msg, b)
	if st.pos < st.f.Length {
		return
	}
	h.books.Frame(&st.msg, st.from, h.books.Offset()+uint64(len(h.buf)))
	if st.f.Fin {
		h.books.Complete(&st.msg, nil)
	}
}
