package reassembly

// pool keeps free buffers by size class, so that a steady flow of reordered
// segments allocates nothing.
type pool struct {
	free  [len(classes)][][]byte
	bytes int64
}

// classes are the buffer sizes in bytes; a larger buffer is made to measure.
var classes = [...]int{64, 128, 256, 512, 1024, 1536, 2048, 4096, 8192, 16384, 32768, 65536, 131072}

func classOf(n int) int {
	for i, size := range &classes {
		if n <= size {
			return i
		}
	}
	return len(classes)
}

// get returns a buffer of length n, of which the caller owns all of cap.
func (p *pool) get(n int) []byte {
	k := classOf(n)
	if k == len(classes) {
		return make([]byte, n)
	}
	if f := p.free[k]; len(f) > 0 {
		b := f[len(f)-1]
		p.free[k] = f[:len(f)-1]
		p.bytes -= int64(cap(b))
		return b[:n]
	}
	return make([]byte, n, classes[k])
}

func (p *pool) put(b []byte) {
	k := classOf(cap(b))
	if k == len(classes) || classes[k] != cap(b) || p.bytes+int64(cap(b)) > poolBytes {
		return
	}
	p.bytes += int64(cap(b))
	p.free[k] = append(p.free[k], b)
}
