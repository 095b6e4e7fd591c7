//go:build !purego

package event

import (
	"encoding/base64"

	"golang.org/x/sys/cpu"
)

// hasVectors tells whether the processor has the instructions of the functions below.
var hasVectors = cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2 &&
	cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

// escapeRun writes the beginning of p to d as the inside of a JSON string: it reads
// n bytes and writes w. It stops before what is none of its, by the tables: what has
// to become \uXXXX, and what would have to be looked at more closely. d has room for
// twice p and runSlack; what it holds behind w bytes is undefined.
func escapeRun(d, p []byte, t *runTables) (w, n int) {
	if !hasVectors || len(p) == 0 {
		return escapeWords(d, p, t)
	}
	_ = d[2*len(p)+runSlack-1]
	return escapeVBMI2(&d[0], &p[0], len(p), t)
}

//go:noescape
func escapeVBMI2(d, p *byte, size int, t *runTables) (w, n int)

// encodeRun writes p to d in base64. d has room for that and runSlack; what it holds
// behind is undefined.
func encodeRun(d, p []byte) {
	if hasVectors && len(p) > 2 {
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
