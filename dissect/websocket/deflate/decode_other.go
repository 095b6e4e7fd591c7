//go:build !amd64 || purego

package deflate

// decode decodes symbols into sequences.
func (d *decoder) decode() { d.decodeGeneric() }

// copy copies sequences to the output, and leaves none to the caller.
func (d *decoder) copy() (special bool) {
	d.copyGeneric()
	return false
}

// prefetchRing does nothing: there are no instructions for it.
func prefetchRing(*ring) {}
