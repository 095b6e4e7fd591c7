//go:build !purego

package event

import (
	"encoding/base64"

	"golang.org/x/sys/cpu"
)

// Which instructions the processor has.
var (
	hasVBMI2 = cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2 &&
		cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
	hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT
)

// escapeRun writes the beginning of p to d as the inside of a JSON string: it reads
// n bytes and writes w. It stops before what is none of its, by the tables: what has
// to become \uXXXX, and what would have to be looked at more closely. d has room for
// twice p and runSlack; what it holds behind w bytes is undefined.
func escapeRun(d, p []byte, t *runTables) (w, n int) {
	if !hasVBMI2 || len(p) == 0 {
		return escapeHalves(d, p, t)
	}
	_ = d[2*len(p)+runSlack-1]
	return escapeVBMI2(&d[0], &p[0], len(p), t)
}

// escapeHalves is escapeRun with AVX2 as far as that goes, and by words.
func escapeHalves(d, p []byte, t *runTables) (w, n int) {
	if hasAVX2 && len(p) > 32 {
		_ = d[2*len(p)+runSlack-1]
		nibbles := textNibbles
		if t == asciiRuns {
			nibbles = asciiNibbles
		}
		w, n = escapeAVX2(&d[0], &p[0], len(p), nibbles)
	}
	rest, read := escapeWords(d[w:], p[n:], t)
	return w + rest, n + read
}

//go:noescape
func escapeVBMI2(d, p *byte, size int, t *runTables) (w, n int)

//go:noescape
func escapeAVX2(d, p *byte, size int, t *nibbleTables) (w, n int)

// nibbleTables are runTables by the halves of a byte, for escapeAVX2.
type nibbleTables struct {
	// low and high have a bit in common where an ASCII character does not stay as it
	// is: one of the lowest three for short escapes, which become a backslash and the
	// letter; another one for what is none of escapeRun's.
	low, high, letter [16]byte
	// All four have a bit in common for a byte that is not ASCII and one behind it
	// where that is none of escapeRun's.
	leadLow, leadHigh, nextLow, nextHigh [16]byte
	// spread says, by which of eight bytes need a backslash before them, where the
	// bytes go; 0x80: a backslash, or nothing.
	spread [256][16]byte
}

var (
	textNibbles  = makeNibbles(textRuns)
	asciiNibbles = makeNibbles(asciiRuns)
)

func makeNibbles(runs *runTables) *nibbleTables {
	t := new(nibbleTables)
	short := map[int]byte{0: 1, 2: 2, 5: 4} // bits by high half
	for c, e := range runs.ascii {
		var bit byte
		switch e {
		case 0:
			continue
		case runStops:
			bit = map[int]byte{0: 8, 1: 16, 7: 32}[c>>4]
		default:
			bit = short[c>>4]
			t.letter[c&15] = e
		}
		t.low[c&15] |= bit
		t.high[c>>4] |= bit
	}
	for c := int(runs.from); c < 256; c++ {
		t.leadLow[c&15] |= runs.lead[c&63]
		t.leadHigh[c>>4] |= runs.lead[c&63]
	}
	for c := range 256 {
		t.nextLow[c&15] |= runs.next[c&63]
		t.nextHigh[c>>4] |= runs.next[c&63]
	}
	for mask := range t.spread {
		to := &t.spread[mask]
		for i := range to {
			to[i] = 0x80
		}
		w := 0
		for i := range byte(8) {
			w += mask >> i & 1
			to[w] = i
			w++
		}
	}
	return t
}

// encodeRun writes p to d in base64. d has room for that and runSlack; what it holds
// behind is undefined.
func encodeRun(d, p []byte) {
	if hasVBMI2 && len(p) > 2 {
		n := len(p) - len(p)%3
		_ = d[n/3*4+runSlack-1]
		base64VBMI(&d[0], &p[0], n, &base64Runs)
		d, p = d[n/3*4:], p[n:]
	}
	base64.StdEncoding.Encode(d, p)
}

//go:noescape
func base64VBMI(d, p *byte, size int, t *base64Tables)

// base64Tables are what base64VBMI looks up.
type base64Tables struct {
	pick     [64]byte // which bytes go into four characters: of three, the second, first, third, second
	shifts   [64]byte // how far the six bits of a character stand from the lowest of eight bytes picked
	alphabet [64]byte
}

var base64Runs = makeBase64Tables()

func makeBase64Tables() (t base64Tables) {
	for i := range t.pick {
		t.pick[i] = byte(i/4*3) + [4]byte{1, 0, 2, 1}[i%4]
		t.shifts[i] = [8]byte{10, 4, 22, 16, 42, 36, 54, 48}[i%8]
	}
	copy(t.alphabet[:], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
	return t
}
