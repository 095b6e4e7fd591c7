package websocket

import (
	"encoding/binary"
	"math/bits"
)

// UTF8 checks a payload that comes in pieces for well-formed UTF-8 (RFC 3629:
// no overlong forms, no surrogates, nothing above U+10FFFF; RFC 6455 §8.1). The
// zero value is ready. It holds no bytes.
type UTF8 struct {
	pos   uint64 // bytes seen
	start uint64 // where the sequence that is being read began
	state uint8  // what may follow: utf8Whole or one of those below it
	bad   bool
	known uint64
}

// Reset makes u ready for another payload.
func (u *UTF8) Reset() { *u = UTF8{} }

// Write checks the next bytes. It returns false as soon as the payload so far
// cannot be the beginning of well-formed UTF-8, and from then on.
func (u *UTF8) Write(p []byte) bool { return u.write(p, 0) }

// WriteMasked is Write for payload that is still masked with key, the first byte
// of which stands at pos in its frame. It is unmasked in registers: p is not changed.
func (u *UTF8) WriteMasked(p []byte, key [4]byte, pos uint64) bool {
	k := keyAt(key, pos)
	return u.write(p, uint64(k)<<32|uint64(k))
}

const highBits = 0x8080808080808080

// write checks bytes once XORed with word, which repeats every eight: as far as
// wellFormed goes from the first character on that begins in p, and the rest with the
// table, eight bytes at a time without a branch, as which of them stand where is hard
// to foresee.
func (u *UTF8) write(p []byte, word uint64) bool {
	if u.bad {
		return false
	}
	state, i := uint64(u.state), 0
	for state != utf8Whole && i < len(p) {
		s := utf8Steps[p[i]^byte(word>>(8*(i&7)))] >> (state & 63) & 63
		if s == utf8Bad {
			break
		}
		state, i = s, i+1
	}
	if state == utf8Whole {
		i += wellFormed(p[i:], bits.RotateLeft32(uint32(word), -8*(i&3)))
		if i == len(p) {
			u.pos, u.state = u.pos+uint64(i), utf8Whole
			return true
		}
	}
	return u.table(p, word, i, state)
}

// table is write from offset i of p on, where the state is state.
func (u *UTF8) table(p []byte, word uint64, i int, state uint64) bool {
	for turned := bits.RotateLeft64(word, -8*(i&7)); len(p)-i >= 8; i += 8 {
		v := binary.LittleEndian.Uint64(p[i:]) ^ turned
		if v&highBits|state == 0 {
			continue
		}
		s := utf8Steps[byte(v)] >> (state & 63)
		s = utf8Steps[byte(v>>8)] >> (s & 63)
		s = utf8Steps[byte(v>>16)] >> (s & 63)
		s = utf8Steps[byte(v>>24)] >> (s & 63)
		s = utf8Steps[byte(v>>32)] >> (s & 63)
		s = utf8Steps[byte(v>>40)] >> (s & 63)
		s = utf8Steps[byte(v>>48)] >> (s & 63)
		s = utf8Steps[byte(v>>56)] >> (s & 63)
		if s &= 63; s == utf8Bad {
			break
		}
		state = s
	}
	for ; i < len(p); i++ {
		s := utf8Steps[p[i]^byte(word>>(8*(i&7)))] >> (state & 63) & 63
		if s == utf8Bad {
			u.bad, u.known = true, u.pos+uint64(i)
			break
		}
		state = s
	}
	if u.bad || state != utf8Whole {
		u.begins(p[:i], word, state)
	}
	u.pos += uint64(len(p))
	u.state = uint8(state)
	return !u.bad
}

// begins notes where the sequence begins that stands, unfinished, at the end of
// p; none does if the state is utf8Whole.
func (u *UTF8) begins(p []byte, word, state uint64) {
	i := len(p)
	if state != utf8Whole {
		for i--; i >= 0 && p[i]^byte(word>>(8*(i&7))) < 0xC0; i-- {
		}
	}
	if i >= 0 { // else it began in an earlier piece
		u.start = u.pos + uint64(i)
	}
}

// States of the table of RFC 3629 §4, as bit positions in an entry of utf8Steps.
const (
	utf8Whole = 6 * iota
	utf8Bad
	utf8Need1 // so many continuation bytes follow
	utf8Need2
	utf8Need3
	utf8E0 // 80 to 9F would be overlong
	utf8ED // A0 to BF would be surrogates
	utf8F0 // 80 to 8F would be overlong
	utf8F4 // 90 to BF would be above U+10FFFF
)

// utf8Steps says for each byte which state follows which: the six bits from the
// state's position on.
var utf8Steps = makeUTF8Steps()

func makeUTF8Steps() (t [256]uint64) {
	for c := range t {
		step := func(from, to uint64) { t[c] ^= (utf8Bad ^ to) << from }
		for from := utf8Whole; from <= utf8F4; from += 6 {
			t[c] |= utf8Bad << from
		}
		switch {
		case c < 0x80:
			step(utf8Whole, utf8Whole)
		case c < 0xC0:
			step(utf8Need1, utf8Whole)
			step(utf8Need2, utf8Need1)
			step(utf8Need3, utf8Need2)
			if c >= 0xA0 {
				step(utf8E0, utf8Need1)
			} else {
				step(utf8ED, utf8Need1)
			}
			if c >= 0x90 {
				step(utf8F0, utf8Need2)
			} else {
				step(utf8F4, utf8Need2)
			}
		case c < 0xC2: // overlong
		case c < 0xE0:
			step(utf8Whole, utf8Need1)
		case c == 0xE0:
			step(utf8Whole, utf8E0)
		case c == 0xED:
			step(utf8Whole, utf8ED)
		case c < 0xF0:
			step(utf8Whole, utf8Need2)
		case c == 0xF0:
			step(utf8Whole, utf8F0)
		case c < 0xF4:
			step(utf8Whole, utf8Need3)
		case c == 0xF4:
			step(utf8Whole, utf8F4)
		}
	}
	return t
}

// asciiRun returns how many bytes of p, in steps of 32, are ASCII once XORed with key.
func asciiRun(p []byte, key uint32) int {
	word := uint64(key)<<32 | uint64(key)
	n := 0
	for ; len(p)-n >= 32; n += 32 {
		b := p[n : n+32]
		v := binary.LittleEndian.Uint64(b) ^ word
		v |= binary.LittleEndian.Uint64(b[8:]) ^ word
		v |= binary.LittleEndian.Uint64(b[16:]) ^ word
		v |= binary.LittleEndian.Uint64(b[24:]) ^ word
		if v&highBits != 0 {
			break
		}
	}
	return n
}

// keyAt returns the masking key as it applies from payload offset pos on, as a
// little-endian word: its lowest byte masks the byte at pos.
func keyAt(key [4]byte, pos uint64) uint32 {
	return bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*int(pos&3))
}

// Close ends the payload and reports whether all of it was well-formed: a
// sequence cut short is not.
func (u *UTF8) Close() bool {
	if !u.bad && u.state != utf8Whole {
		u.bad, u.known = true, u.pos
	}
	return !u.bad
}

// Valid reports whether nothing ill-formed was seen so far.
func (u *UTF8) Valid() bool { return !u.bad }

// Offset returns the offset in the payload at which the first ill-formed
// sequence begins. It means something once Write or Close has returned false.
func (u *UTF8) Offset() uint64 { return u.start }

// Known returns the offset of the byte that made it certain: not less than
// Offset; the payload's length if only the end showed it.
func (u *UTF8) Known() uint64 { return u.known }
