package websocket

import (
	"encoding/binary"
	"strconv"
)

// Opcode is a frame's opcode, 0 to 15 (RFC 6455 §5.2). Unknown values stay numbers.
type Opcode uint8

// The opcodes that RFC 6455 §11.8 registers.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

var opcodeNames = [16]string{
	"continuation", "text", "binary", "reserved-3", "reserved-4", "reserved-5", "reserved-6", "reserved-7",
	"close", "ping", "pong", "reserved-11", "reserved-12", "reserved-13", "reserved-14", "reserved-15",
}

// String returns the opcode's name, "reserved-3" for one that has none.
func (o Opcode) String() string {
	if o > 15 {
		return "opcode-" + strconv.Itoa(int(o))
	}
	return opcodeNames[o]
}

// IsControl reports whether the opcode is a control one, known or reserved: 8 to 15 (RFC 6455 §5.5).
func (o Opcode) IsControl() bool { return o&8 != 0 }

// IsData reports whether the opcode is continuation, text or binary (RFC 6455 §5.6).
func (o Opcode) IsData() bool { return o <= Binary }

// IsReserved reports whether the opcode has no meaning in RFC 6455: 3 to 7 and 11 to 15.
func (o Opcode) IsReserved() bool { return o > Binary && o < Close || o > Pong }

// The reserved bits as they stand in Header.RSV.
const (
	RSV1 = 4 // the message is compressed, where permessage-deflate was agreed (RFC 7692 §6)
	RSV2 = 2
	RSV3 = 1
)

// MaxHeaderSize is the size of the longest frame header: 64-bit length and masking key.
const MaxHeaderSize = 14

// Header is a frame header (RFC 6455 §5.2), legal or not.
type Header struct {
	Fin    bool
	Masked bool
	Opcode Opcode  // 0 to 15
	RSV    uint8   // 0 to 7: RSV1, RSV2, RSV3
	Form   uint8   // how the length is written: 7, 16 or 64 bits
	Len    int     // bytes of the header itself, 2 to 14
	Mask   [4]byte // the masking key; zero when not masked
	Length uint64  // payload bytes, as declared; the top bit is kept though it is illegal
}

// HeaderSize returns the size in bytes (2 to 14) of the header that begins with b0 and b1.
func HeaderSize(b0, b1 byte) int {
	n := 2 + int(b1>>7)<<2
	switch b1 & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	return n
}

// ParseHeader parses the header at the start of b and returns it with its size.
// n is 0 when b does not hold all of it (2 to 14 bytes are needed). It never
// fails: an illegal header is returned as it is.
func ParseHeader(b []byte) (h Header, n int) {
	n = h.Parse(b)
	return h, n
}

// Parse is ParseHeader into h, which it changes only where b holds the whole header:
// who reads very many frames is spared the copy.
func (h *Header) Parse(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	b0, b1 := b[0], b[1]
	n := HeaderSize(b0, b1)
	if len(b) < n {
		return 0
	}
	h.Fin = b0&0x80 != 0
	h.RSV = b0 >> 4 & 7
	h.Opcode = Opcode(b0 & 0xf)
	h.Masked = b1&0x80 != 0
	h.Len = n
	switch l := b1 & 0x7f; l {
	case 126:
		h.Form, h.Length = 16, uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		h.Form, h.Length = 64, binary.BigEndian.Uint64(b[2:])
	default:
		h.Form, h.Length = 7, uint64(l)
	}
	h.Mask = [4]byte{}
	if h.Masked {
		h.Mask = [4]byte(b[n-4 : n])
	}
	return n
}

// Minimal reports whether the length is written in the shortest form that
// holds it, as RFC 6455 §5.2 requires.
func (h Header) Minimal() bool { return h.Form == formOf(h.Length) }

// formOf returns the shortest form for a payload length.
func formOf(n uint64) uint8 {
	switch {
	case n <= 125:
		return 7
	case n <= 0xffff:
		return 16
	}
	return 64
}

// Append appends the header's bytes to dst: exactly those that ParseHeader
// read. Form 0, or one too short for Length, means the shortest that holds it.
// Len is not looked at.
func (h Header) Append(dst []byte) []byte {
	b0 := byte(h.Opcode&0xf) | h.RSV&7<<4
	if h.Fin {
		b0 |= 0x80
	}
	var m byte
	if h.Masked {
		m = 0x80
	}
	switch max(h.Form, formOf(h.Length)) {
	case 7:
		dst = append(dst, b0, m|byte(h.Length))
	case 16:
		dst = append(dst, b0, m|126, byte(h.Length>>8), byte(h.Length))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, b0, m|127), h.Length)
	}
	if h.Masked {
		dst = append(dst, h.Mask[:]...)
	}
	return dst
}
