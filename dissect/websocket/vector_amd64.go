//go:build amd64 && !purego

package websocket

import (
	"math/bits"

	"golang.org/x/sys/cpu"
)

// vectors says which of the machine's vector instructions wellFormed uses.
type vectors uint8

const (
	noVectors vectors = iota
	avx2
	avx512
)

// level is the best that this machine has. Only tests change it.
var level = detectVectors()

// detectVectors asks for VBMI not only for its VPERMB: processors without it that
// have AVX-512 lower their clock where wide registers are used.
func detectVectors() vectors {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasBMI2:
		return noVectors
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VBMI:
		return avx512
	}
	return avx2
}

// wellFormed returns how many bytes at the beginning of p, XORed with key, are well-formed
// characters, each of them whole: fewer than there are where the table has to say. The
// first byte of p is the first of a character.
func wellFormed(p []byte, key uint32) int {
	n := 0
	switch {
	case level == avx512 && len(p) > 0:
		n = wellFormedAVX512(p, key)
	case level == avx2 && len(p) >= 4:
		n = wellFormedAVX2(p, key)
	case level == noVectors:
		return asciiRun(p, key)
	}
	// The last character, unless it is whole.
	for back := 1; back <= 3 && back <= n; back++ {
		c := p[n-back] ^ byte(key>>(8*((n-back)&3)))
		if c < 0x80 {
			break
		}
		if c >= 0xC0 { // as many bytes as it has leading ones
			if bits.LeadingZeros8(^c) > back {
				n -= back
			}
			break
		}
	}
	return n
}

// wellFormedAVX512 returns how many bytes at the beginning of p, XORed with key, have nothing
// ill-formed in them: all of them, or those before the block of at most 128 that has. The last
// character may be unfinished, or begin with a byte that begins none. p must not be empty.
//
//go:noescape
func wellFormedAVX512(p []byte, key uint32) int

// wellFormedAVX2 is like wellFormedAVX512, in blocks of 32. p has at least four bytes.
//
//go:noescape
func wellFormedAVX2(p []byte, key uint32) int

// unmaskVector is UnmaskInto, if vector instructions can do it.
func unmaskVector(dst, src []byte, key uint32) bool {
	if level == noVectors || len(src) < 32 {
		return false
	}
	unmaskAVX2(dst, src, key)
	return true
}

// unmaskAVX2 writes src, XORed with key, to dst: at least 32 bytes, as many as src has.
//
//go:noescape
func unmaskAVX2(dst, src []byte, key uint32)

// headerNibbles say which kinds of frame a first byte can begin, of the low half of
// the byte and behind that of the high one: continuations (1), text and binary (2),
// control frames (4). Both halves must agree. The second table is for where RSV1 may be set.
var headerNibbles = [2][32]byte{
	{0: 1, 1: 2, 2: 2, 8: 4, 9: 4, 10: 4, 16 + 0x0: 1 | 2, 16 + 0x8: 1 | 2 | 4},
	{0: 1, 1: 2, 2: 2, 8: 4, 9: 4, 10: 4, 16 + 0x0: 1 | 2, 16 + 0x8: 1 | 2 | 4, 16 + 0x4: 2, 16 + 0xC: 2},
}

// skipVector looks through the beginning of p: n places begin no header, and at n there
// is one, if found, or the rest begins that is too short for vector instructions.
func skipVector(p []byte, e Expect) (n int, found bool) {
	const least = 33 // bytes that a block of 32 places needs
	if level == noVectors || len(p) < least {
		return 0, false
	}
	nibbles, flip, care := &headerNibbles[1], uint32(0), ^uint32(0)
	if e.RSV1 == No {
		nibbles = &headerNibbles[0]
	}
	switch e.Masked {
	case Yes:
		flip = ^uint32(0)
	case Unknown:
		care = 0
	}
	n = skipAVX2(p, nibbles, flip, care)
	return n, n+least <= len(p)
}

// skipAVX2 returns the first offset of p where two bytes can begin a header, or the end of
// the last block of 32 behind which there is one byte more at least. Mask bits are bad where
// they are not flip's, and care says where they matter. p has at least 33 bytes.
//
//go:noescape
func skipAVX2(p []byte, nibbles *[32]byte, flip, care uint32) int
