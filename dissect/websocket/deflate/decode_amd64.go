//go:build !purego

package deflate

import "golang.org/x/sys/cpu"

// fastMachine says that the machine has BMI2. Only tests change it.
var fastMachine = cpu.X86.HasBMI2

// decode decodes symbols into sequences; see decodeGeneric.
func (d *decoder) decode() {
	if fastMachine {
		decodeBMI2(d)
		return
	}
	d.decodeGeneric()
}

// copy copies sequences to the output. Where it reports a special one, its match, that of the sequence
// before next, is to be copied by the caller.
func (d *decoder) copy() (special bool) {
	if fastMachine {
		return copyVector(d)
	}
	d.copyGeneric()
	return false
}

// decodeBMI2 is decodeGeneric, and asks for the lines of the history that will be copied.
//
//go:noescape
func decodeBMI2(d *decoder)

// copyVector is copyGeneric for matches that lie in one page, or in the output, and do not run into themselves.
//
//go:noescape
func copyVector(d *decoder) (special bool)

// prefetchRing asks for the lines of r, not for its pages. r may be nil.
//
//go:noescape
func prefetchRing(r *ring)
