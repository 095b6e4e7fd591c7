package event

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strconv"
)

// What every message and frame has is written by index into room that was made
// for all of it at once. The functions of this file write to d at w, where there
// is that room, and return the index behind; more than that may be overwritten.

// lineRoom is more than the parts of a line take whose length is bounded: all of a
// frame, and of a message all but its payload and texts.
const lineRoom = 640

// room returns the buffer with room for at least n more bytes, at full length, and
// how many bytes stand in it.
func (j *jsonEncoder) room(n int) (d []byte, w int) {
	w = len(j.buf)
	d = slices.Grow(j.buf, n)
	return d[:cap(d)], w
}

// literal is a constant part of a line. All 32 bytes are stored, whatever its
// length: that is four instructions, where copying its length is a call.
type literal struct {
	text [32]byte
	size int
}

func literalOf(s string) (l literal) {
	l.size = copy(l.text[:len(s)], s)
	return l
}

func (l *literal) put(d []byte, w int) int {
	*(*[32]byte)(d[w:]) = l.text
	return w + l.size
}

// flagLiterals are a member that is always there: false and true.
func flagLiterals(key string) [2]literal {
	return [2]literal{literalOf(`,"` + key + `":false`), literalOf(`,"` + key + `":true`)}
}

func putFlag(d []byte, w int, l *[2]literal, is bool) int {
	i := 0
	if is {
		i = 1
	}
	return l[i].put(d, w)
}

// putCount writes a member that is a number.
func putCount(d []byte, w int, key *literal, n uint64) int {
	return putUint(d, key.put(d, w), n)
}

// putUint writes n in decimal, up to 20 digits.
func putUint(d []byte, w int, n uint64) int {
	if n >= 1e8 {
		return len(strconv.AppendUint(d[:w], n, 10))
	}
	text, size := digits(uint32(n))
	binary.LittleEndian.PutUint64(d[w:], text)
	return w + size
}

// putCounts is putCount of two members, which mostly are the same number.
func putCounts(d []byte, w int, key1 *literal, n1 uint64, key2 *literal, n2 uint64) int {
	if n1 != n2 || n1 >= 1e8 {
		return putCount(d, putCount(d, w, key1, n1), key2, n2)
	}
	text, size := digits(uint32(n1))
	w = key1.put(d, w)
	binary.LittleEndian.PutUint64(d[w:], text)
	w = key2.put(d, w+size)
	binary.LittleEndian.PutUint64(d[w:], text)
	return w + size
}

// digits returns n, below 100,000,000, in decimal, as the bytes of a word, the
// first digit lowest, and how many digits that are.
func digits(n uint32) (text uint64, size int) {
	v := digits8(n)
	zeros := bits.TrailingZeros64(v|1<<56) / 8 // before the first digit; one stays
	return (v | ones*'0') >> (8 * zeros), 8 - zeros
}

// digits8 returns the eight decimal digits of n, below 100,000,000, as the bytes of
// a word, the first of them lowest. The digits of all pairs are told apart in
// the same steps: x*10486>>20 is x/100 below 10,000, x*103>>10 is x/10 below 100.
func digits8(n uint32) uint64 {
	v := uint64(n/10_000) | uint64(n%10_000)<<32
	high := v * 10486 >> 20 & (0x7f<<32 | 0x7f)
	v = high | (v-high*100)<<16
	high = v * 103 >> 10 & 0x000f_000f_000f_000f
	return high | (v-high*10)<<8
}

// The literals of what every event, message and frame has.
var (
	litStart      = startLiterals()
	litConn       = literalOf(`,"conn":`)
	litStream     = literalOf(`,"stream":`)
	litFrom       = [4]literal{Client: literalOf(`,"from":"client"`), Server: literalOf(`,"from":"server"`)}
	litPackets    = literalOf(`,"packets":[`)
	litComma      = literalOf(`,`)
	litMessage    = literalOf(`,"message":`)
	litOpcode     = opcodeLiterals()
	litLength     = literalOf(`,"length":`)
	litWireLength = literalOf(`,"wire_length":`)
	litFrames     = literalOf(`,"frames":`)
	litOneFrame   = literalOf(`,"frames":1`)
	litMasked     = flagLiterals("masked")
	litCompressed = flagLiterals("compressed")
	litFrame      = literalOf(`,"frame":`)
	litOffset     = literalOf(`,"offset":`)
	litFin        = flagLiterals("fin")
	litRSV        = literalOf(`,"rsv":`)
	litMask       = literalOf(`,"mask":"`)
	litHeader     = literalOf(`,"header_length":`)
	litMissing    = literalOf(`,"missing":`)
)

// startLiterals are the beginnings of lines, by Kind.
func startLiterals() (t [NumKinds]literal) {
	for k := range t {
		t[k] = literalOf(`{"kind":"` + Kind(k).String() + `","time":"`)
	}
	return t
}

func opcodeLiterals() (t [16]literal) {
	for op := range t {
		t[op] = literalOf(`,"opcode":"` + OpcodeName(uint8(op)) + `"`)
	}
	return t
}
