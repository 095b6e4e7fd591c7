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
