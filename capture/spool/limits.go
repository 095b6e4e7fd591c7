package spool

// The bounds of a ring.
const (
	// DefaultSize is how many bytes all files of a ring have together at most.
	DefaultSize = 1 << 30
	// DefaultFile is how many one file has. Whole files fall out of the ring.
	DefaultFile = 64 << 20
	// MinSize is the smallest ring.
	MinSize = 1 << 20
	// piece is how many bytes of packets are held back at most before they are
	// written. The largest packet may exceed it.
	piece = 256 << 10
	// minFiles is how many files a ring has at least, so that little falls out at a time.
	minFiles = 4
)

func (o *Options) setDefaults() {
	if o.Size <= 0 {
		o.Size = DefaultSize
	}
	o.Size = max(o.Size, MinSize)
	if o.File <= 0 {
		o.File = DefaultFile
	}
	o.File = min(o.File, o.Size/minFiles)
}
