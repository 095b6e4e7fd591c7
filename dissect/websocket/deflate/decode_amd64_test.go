//go:build !purego

package deflate

// eachMachine runs f as this machine would, and as one without its instructions would.
func eachMachine(f func()) {
	best := fastMachine
	defer func() { fastMachine = best }()
	f()
	if best {
		fastMachine = false
		f()
	}
}
