package event

import "io"

// flushAt is how much a printer gathers before a write.
const flushAt = 64 << 10

// output is a printer's buffer. Without a writer everything stays in buf. The
// first error of a write stays, and nothing is written after it.
type output struct {
	buf []byte
	w   io.Writer
	err error
}

// spill writes the buffer out once it is worth a write.
func (o *output) spill() {
	if o.w != nil && len(o.buf) >= flushAt {
		o.flush()
	}
}

func (o *output) flush() {
	if o.err == nil && len(o.buf) > 0 {
		_, o.err = o.w.Write(o.buf)
	}
	o.buf = o.buf[:0]
}

func (o *output) lit(s string) { o.buf = append(o.buf, s...) }
