package websocket

import (
	"encoding/binary"
	"math/bits"
)

// UTF8 checks a payload that comes in pieces for well-formed UTF-8 (RFC 3629:
// no overlong forms, no surrogates, nothing above U+10FFFF; RFC 6455 §8.1). The
// zero value is ready. It holds no bytes.
type UTF8 struct {
	pos    uint64 // bytes seen
	start  uint64 // where the sequence that is being read began
	need   uint8  // continuation bytes it still needs
	lo, hi uint8  // range of the next one
	bad    bool
	known  uint64
}

// Reset makes u ready for another payload.
func (u *UTF8) Reset() { *u = UTF8{} }

// Write checks the next bytes. It returns false as soon as the payload so far
// cannot be the beginning of well-formed UTF-8, and from then on.
func (u *UTF8) Write(p []byte) bool {
	if u.bad {
		return false
	}
	if u.need == 0 {
		// Most payloads are right; only what is not, or is cut off, is looked at closely.
		n := validPrefix(p)
		u.pos += uint64(n)
		if p = p[n:]; len(p) == 0 {
			return true
		}
	}
	base := u.pos
	u.pos += uint64(len(p))
	i := 0
	for i < len(p) {
		if u.need > 0 { // inside a sequence
			c := p[i]
			if c < u.lo || c > u.hi {
				u.bad, u.known = true, base+uint64(i)
				return false
			}
			u.need--
			u.lo, u.hi = 0x80, 0xBF
			i++
			continue
		}
		// ASCII, eight bytes at a time.
		for len(p)-i >= 8 && binary.LittleEndian.Uint64(p[i:])&highBits == 0 {
			i += 8
		}
		for i < len(p) && p[i] < 0x80 {
			i++
		}
		if i == len(p) {
			break
		}
		u.start = base + uint64(i)
		if !u.lead(p[i]) {
			u.bad, u.known = true, u.start
			return false
		}
		i++
	}
	return true
}

// WriteMasked is Write for payload that is still masked with key, the first byte
// of which stands at pos in its frame. ASCII is checked without unmasking it
// anywhere: only its top bits matter. p is not changed.
func (u *UTF8) WriteMasked(p []byte, key [4]byte, pos uint64) bool {
	k := keyAt(key, pos)
	word := uint64(k)<<32 | uint64(k)
	if u.need == 0 && !u.bad {
		n := asciiRun(p, word)
		for len(p)-n >= 8 && (binary.LittleEndian.Uint64(p[n:])^word)&highBits == 0 {
			n += 8
		}
		p = p[n:]
		u.pos += uint64(n)
	}
	var buf [256]byte
	for i := 0; i < len(p); {
		n := min(len(p)-i, len(buf))
		UnmaskInto(buf[:n], p[i:i+n], key, pos+uint64(i))
		if !u.Write(buf[:n]) {
			return false
		}
		i += n
	}
	return !u.bad
}

const highBits = 0x8080808080808080

// validPrefix returns how many bytes of p are whole well-formed sequences, from
// the first byte on (RFC 3629 §4). ASCII passes eight bytes at a time, wherever
// it stands: unicode/utf8.Valid goes byte by byte behind the first that is not.
func validPrefix(p []byte) int {
	i := asciiRun(p, 0)
	for i < len(p) {
		if len(p)-i >= 8 {
			v := binary.LittleEndian.Uint64(p[i:]) & highBits
			if v == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(v) >> 3
		} else if p[i] < 0x80 {
			i++
			continue
		}
		for i < len(p) && p[i] >= 0x80 {
			n := sequence(p[i:])
			if n == 0 {
				return i
			}
			i += n
		}
	}
	return i
}

// sequence returns the length of the well-formed sequence of two to four bytes
// that p begins with, 0 if there is none or it is cut off.
func sequence(p []byte) int {
	c := p[0]
	switch {
	case c < 0xC2: // a continuation byte, or overlong
		return 0
	case c < 0xE0:
		if len(p) >= 2 && p[1]&0xC0 == 0x80 {
			return 2
		}
	case c < 0xF0:
		// E0 80..9F is overlong, ED A0..BF a surrogate.
		if len(p) >= 3 && p[1]&0xC0 == 0x80 && p[2]&0xC0 == 0x80 && !(c == 0xE0 && p[1] < 0xA0) && !(c == 0xED && p[1] >= 0xA0) {
			return 3
		}
	case c < 0xF5:
		// F0 80..8F is overlong, F4 90 and up above U+10FFFF.
		if len(p) >= 4 && p[1]&0xC0 == 0x80 && p[2]&0xC0 == 0x80 && p[3]&0xC0 == 0x80 && !(c == 0xF0 && p[1] < 0x90) && !(c == 0xF4 && p[1] >= 0x90) {
			return 4
		}
	}
	return 0
}

// asciiRun returns how many bytes of p, in steps of 32, are ASCII once XORed with word.
func asciiRun(p []byte, word uint64) int {
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

// lead takes the first byte of a sequence, 0x80 or above, by the table of
// RFC 3629 §4.
func (u *UTF8) lead(c byte) bool {
	u.lo, u.hi = 0x80, 0xBF
	switch {
	case c >= 0xC2 && c <= 0xDF:
		u.need = 1
	case c == 0xE0:
		u.need, u.lo = 2, 0xA0 // below: overlong
	case c == 0xED:
		u.need, u.hi = 2, 0x9F // above: surrogates
	case c >= 0xE1 && c <= 0xEF:
		u.need = 2
	case c == 0xF0:
		u.need, u.lo = 3, 0x90 // below: overlong
	case c >= 0xF1 && c <= 0xF3:
		u.need = 3
	case c == 0xF4:
		u.need, u.hi = 3, 0x8F // above: U+10FFFF
	default: // a continuation byte, C0, C1, F5 to FF
		return false
	}
	return true
}

// Close ends the payload and reports whether all of it was well-formed: a
// sequence cut short is not.
func (u *UTF8) Close() bool {
	if !u.bad && u.need > 0 {
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
