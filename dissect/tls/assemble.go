package tls

import "fmt"

// Message is one handshake message (RFC 8446 §4).
type Message struct {
	Type HandshakeType
	Body []byte // without the header of four bytes; borrowed until the Assembler's next Add
}

// Assembler puts handshake messages together from the payloads of handshake
// records, over whose borders they may lie and of which one may hold several
// (RFC 8446 §5.1). It holds at most one message of MaxMessage bytes and one
// record. The zero value is ready.
type Assembler struct {
	buf []byte
	pos int // start of what Next has not returned
	err error
}

// Add takes the payload of the next handshake record, which it copies. Take
// all messages with Next between calls.
func (a *Assembler) Add(fragment []byte) error {
	if a.err != nil {
		return a.err
	}
	a.buf = append(a.buf[:0], a.buf[a.pos:]...)
	a.pos = 0
	if len(a.buf)+len(fragment) > 4+MaxMessage+MaxRecord {
		a.err = fmt.Errorf("tls: more than %d bytes of handshake were not taken", len(a.buf))
		return a.err
	}
	a.buf = append(a.buf, fragment...)
	return nil
}

// Next returns the next whole message; ok is false when more bytes are needed,
// or after an error. An error stays: a message is declared to be longer than
// MaxMessage.
func (a *Assembler) Next() (m Message, ok bool, err error) {
	if a.err != nil {
		return m, false, a.err
	}
	c := newCursor("handshake", a.buf[a.pos:])
	m.Type = HandshakeType(c.u8("type"))
	length := c.number("length", 3)
	if !c.ok() {
		return Message{}, false, nil
	}
	if length > MaxMessage {
		a.err = fmt.Errorf("tls: %v of %d bytes is longer than %d", m.Type, length, MaxMessage)
		return Message{}, false, a.err
	}
	if m.Body = c.bytes("body", length); !c.ok() {
		return Message{}, false, nil
	}
	a.pos += 4 + length
	return m, true, nil
}
