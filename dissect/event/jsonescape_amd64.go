//go:build !purego

package event

import "golang.org/x/sys/cpu"

// canEscapeRun tells whether the processor has the instructions of escapeRun.
var canEscapeRun = cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2 &&
	cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

// escapeRun writes the beginning of p, valid UTF-8, to d as the inside of a JSON
// string: it reads n bytes and writes w. It stops before a character that has to
// become \uXXXX, and before some that only begin like one. d has room for twice p
// and runSlack; what it holds behind w bytes is undefined.
func escapeRun(d, p []byte) (w, n int) {
	if len(p) == 0 {
		return 0, 0
	}
	_ = d[2*len(p)+runSlack-1]
	return escapeVBMI2(&d[0], &p[0], len(p), escapeRunTables)
}

//go:noescape
func escapeVBMI2(d, p *byte, size int, t *runTables) (w, n int)
