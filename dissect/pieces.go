package dissect

import (
	"math/bits"
	"slices"
)

// pieces is payload as it comes: its beginning in an array that short messages do
// not leave, the rest in chunks. So a long message that grows copies nothing, and
// leaves nothing behind for the garbage collector. The zero value is empty.
type pieces struct {
	head   []byte
	chunks [][]byte // all but the last are full
}

const (
	headBytes  = 64 << 10
	chunkBytes = 64 << 10
	// maxFreeChunks bounds what is kept of chunks for later messages: 8 MiB.
	maxFreeChunks = 128
	// maxJoined is the largest array that is kept to join chunks in.
	maxJoined = 4 << 20
)

// chunks recycles the chunks of pieces.
type chunks struct {
	free   [][]byte
	joined []byte
}

func (p *pieces) len() int {
	if n := len(p.chunks); n > 0 {
		return len(p.head) + (n-1)*chunkBytes + len(p.chunks[n-1])
	}
	return len(p.head)
}

// next appends between one and n bytes, n ≥ 1, of any content, and returns them.
func (p *pieces) next(c *chunks, n int) []byte {
	if at := len(p.head); at < headBytes {
		n = min(n, headBytes-at)
		p.head = slices.Grow(p.head, n)[:at+n]
		return p.head[at:]
	}
	last := len(p.chunks) - 1
	if last < 0 || len(p.chunks[last]) == chunkBytes {
		p.chunks = append(p.chunks, c.get())
		last++
	}
	chunk := p.chunks[last]
	at := len(chunk)
	n = min(n, chunkBytes-at)
	p.chunks[last] = chunk[:at+n]
	return chunk[at : at+n]
}

// append appends b.
func (p *pieces) append(c *chunks, b []byte) {
	for len(b) > 0 {
		b = b[copy(p.next(c, len(b)), b):]
	}
}

// reset empties p. Its chunks go back; the array of its beginning stays for use again.
func (p *pieces) reset(c *chunks) {
	if p.chunks != nil { // as few messages have: nothing but a length is written for the others
		for _, chunk := range p.chunks {
			c.put(chunk)
		}
		p.chunks = nil
	}
	p.head = p.head[:0]
}

func (c *chunks) get() []byte {
	if n := len(c.free); n > 0 {
		chunk := c.free[n-1]
		c.free = c.free[:n-1]
		return chunk
	}
	return make([]byte, 0, chunkBytes)
}

func (c *chunks) put(chunk []byte) {
	if len(c.free) < maxFreeChunks {
		c.free = append(c.free, chunk[:0])
	}
}

// whole returns all of p in one array. Where there are no chunks it is p's own;
// else it is the caller's if own is set, or borrowed until the next call of whole.
func (c *chunks) whole(p *pieces, own bool) []byte {
	n := p.len()
	if len(p.chunks) == 0 {
		return p.head
	}
	var b []byte
	switch {
	case own:
		b = make([]byte, 0, n)
	case n <= maxJoined:
		if cap(c.joined) < n {
			c.joined = make([]byte, 0, 1<<bits.Len(uint(n-1)))
		}
		b = c.joined[:0]
	default:
		b = make([]byte, 0, n)
	}
	b = append(b, p.head...)
	for _, chunk := range p.chunks {
		b = append(b, chunk...)
	}
	return b
}
