package websocket

import (
	"encoding/binary"
	"math/bits"
)

// firstBytes says of each value whether it is a plausible first byte of a header:
// everywhere (1), where RSV1 may be set (2), or not at all. One random byte in 20
// to 28 is.
var firstBytes = makeFirstBytes()

func makeFirstBytes() (t [256]uint8) {
	for c := range t {
		switch op := Opcode(c & 0xf); {
		case c&0x30 != 0 || op.IsReserved():
		case c&0x40 != 0:
			if op == Text || op == Binary {
				t[c] = 2
			}
		case c&0x80 != 0 || !op.IsControl():
			t[c] = 1
		}
	}
	return t
}

// allowed is what of firstBytes is expected.
func (s *search) allowed() uint8 {
	if s.e.RSV1 == No {
		return 1
	}
	return 3
}

// firstByte is the cheap half of Plausible.
func (s *search) firstByte(b0 byte) bool { return firstBytes[b0]&s.allowed() != 0 }

// next returns the first offset from p on where two bytes can begin a header, or
// the last one of b alone; len(b) if there is none. It looks at many at a time: most
// of what is searched begins none.
func (s *search) next(p int) int {
	if p >= len(s.b) {
		return p
	}
	n, found := skipVector(s.b[p:], s.e)
	if p += n; found {
		return p
	}
	const high = 0x8080808080808080 // one bit for each byte
	var maskBit, anyMask, noRSV1 uint64
	switch s.e.Masked {
	case Yes:
		maskBit = high
	case Unknown:
		anyMask = high
	}
	if s.e.RSV1 == No {
		noRSV1 = high
	}
	for ; p+9 <= len(s.b); p += 8 {
		x, y := binary.LittleEndian.Uint64(s.b[p:]), binary.LittleEndian.Uint64(s.b[p+1:])
		bad := x&(high>>2|high>>3|high>>5) + (high - high>>7) // RSV2, RSV3, opcodes 4 to 7 and 12 to 15
		bad |= x << 7 & (x << 6)                              // opcodes 3 and 11
		bad |= x << 4 & (^x | x<<1)                           // control frames without FIN, or with RSV1
		bad |= x << 1 & (^(x<<7 | x<<6) | noRSV1)             // RSV1 of a continuation, or of any frame
		bad |= (y ^ maskBit) &^ anyMask
		if good := ^bad & high; good != 0 {
			return p + bits.TrailingZeros64(good)/8
		}
	}
	allowed := s.allowed()
	for ; p < len(s.b); p++ {
		if firstBytes[s.b[p]]&allowed != 0 && (p+1 == len(s.b) || s.secondByte(s.b[p+1])) {
			break
		}
	}
	return p
}

// secondByte reports whether the mask bit is as expected.
func (s *search) secondByte(b1 byte) bool {
	return s.e.Masked == Unknown || (s.e.Masked == Yes) == (b1&0x80 != 0)
}
