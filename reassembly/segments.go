package reassembly

// segment is a run of bytes that waits behind a hole: owned data, or (data nil)
// bytes that the snap length cut off.
type segment struct {
	off  uint64
	n    uint64
	data []byte // owned, from the pool; cap is the buffer
	pkt  uint64
	time int64
}

func (s *segment) end() uint64 { return s.off + s.n }

func (s *segment) charge() int64 { return int64(cap(s.data)) + segmentCharge }

// segments is an ordered list of disjoint segments in blocks: adding at either
// end or in the middle costs a binary search and the move of at most one block,
// also when a sender leaves every other byte out.
type segments struct {
	blocks []*block // blocks[:first] are used up
	first  int
	bytes  int64 // charged
	count  int
	// islands is how many runs of segments there are with a hole between them.
	islands int
}

const blockSize = 32

type block struct {
	lo, hi int // s[lo:hi] is in use; never empty in the list
	s      [blockSize]segment
}

func (q *segments) empty() bool { return q.count == 0 }

func (q *segments) head() *segment {
	b := q.blocks[q.first]
	return &b.s[b.lo]
}

func (q *segments) tail() *segment {
	b := q.blocks[len(q.blocks)-1]
	return &b.s[b.hi-1]
}

// pop takes the first segment out; its buffer is then the caller's, who has it from head.
func (q *segments) pop(free *[]*block) {
	b := q.blocks[q.first]
	s := &b.s[b.lo]
	end := s.end()
	q.bytes -= s.charge()
	q.count--
	s.data = nil
	b.lo++
	if b.lo == b.hi {
		q.blocks[q.first] = nil
		q.first++
		freeBlock(free, b)
		if q.count == 0 {
			q.blocks, q.first, q.islands = q.blocks[:0], 0, 0
			return
		}
		if q.first >= 64 && q.first*2 >= len(q.blocks) {
			n := copy(q.blocks, q.blocks[q.first:])
			clear(q.blocks[n:])
			q.blocks, q.first = q.blocks[:n], 0
		}
	}
	if q.head().off != end {
		q.islands--
	}
}

// after returns the first segment that ends beyond off, nil if none does.
func (q *segments) after(off uint64) *segment {
	if q.count == 0 || q.tail().end() <= off {
		return nil
	}
	b := q.blocks[q.blockAfter(off)]
	return &b.s[b.indexAfter(off)]
}

// blockAfter returns the first block whose last segment ends beyond off.
func (q *segments) blockAfter(off uint64) int {
	lo, hi := q.first, len(q.blocks)-1
	for lo < hi {
		m := (lo + hi) / 2
		if b := q.blocks[m]; b.s[b.hi-1].end() > off {
			hi = m
		} else {
			lo = m + 1
		}
	}
	return lo
}

func (b *block) indexAfter(off uint64) int {
	lo, hi := b.lo, b.hi
	for lo < hi {
		m := (lo + hi) / 2
		if b.s[m].end() > off {
			hi = m
		} else {
			lo = m + 1
		}
	}
	return lo
}

// insert adds a segment that overlaps none of the list.
func (q *segments) insert(s segment, free *[]*block) {
	q.bytes += s.charge()
	q.count++
	var last uint64 // end of all
	if q.count > 1 {
		last = q.tail().end()
	}
	if q.count == 1 || last <= s.off {
		if q.count == 1 || q.blocks[len(q.blocks)-1].hi == blockSize {
			b := newBlock(free)
			b.lo, b.hi = 0, 0
			q.blocks = append(q.blocks, b)
		}
		if q.count == 1 || last != s.off {
			q.islands++
		}
		b := q.blocks[len(q.blocks)-1]
		b.s[b.hi] = s
		b.hi++
		return
	}
	k := q.blockAfter(s.off)
	b := q.blocks[k]
	q.islands += q.parts(k, &s)
	if b.lo == 0 && b.hi == blockSize {
		// Split: the upper half moves to a block of its own.
		u := newBlock(free)
		u.lo, u.hi = blockSize/2, blockSize
		copy(u.s[u.lo:], b.s[u.lo:])
		clear(b.s[u.lo:])
		b.hi = u.lo
		q.blocks = append(q.blocks, nil)
		copy(q.blocks[k+2:], q.blocks[k+1:])
		q.blocks[k+1] = u
		if b.s[b.hi-1].end() <= s.off {
			b = u
		}
	}
	i := b.indexAfter(s.off)
	if b.lo > 0 && (b.hi == blockSize || i-b.lo < b.hi-i) {
		copy(b.s[b.lo-1:], b.s[b.lo:i])
		b.lo--
		b.s[i-1] = s
		return
	}
	copy(b.s[i+1:b.hi+1], b.s[i:b.hi])
	b.hi++
	b.s[i] = s
}

// parts returns by how much s, which belongs before the end of block k, raises the
// number of islands: by one, or by none or minus one where it touches its neighbours.
func (q *segments) parts(k int, s *segment) int {
	n := 1
	b := q.blocks[k]
	i := b.indexAfter(s.off)
	if b.s[i].off == s.end() {
		n--
	}
	if i == b.lo && k > q.first {
		b = q.blocks[k-1]
		i = b.hi
	}
	if i > b.lo && b.s[i-1].end() == s.off {
		n--
	}
	return n
}

// shift subtracts d from all offsets.
func (q *segments) shift(d uint64) {
	for _, b := range q.blocks[q.first:] {
		for i := b.lo; i < b.hi; i++ {
			b.s[i].off -= d
		}
	}
}

func newBlock(free *[]*block) *block {
	if n := len(*free); n > 0 {
		b := (*free)[n-1]
		*free = (*free)[:n-1]
		return b
	}
	return new(block)
}

func freeBlock(free *[]*block, b *block) {
	if len(*free) < 1024 {
		*free = append(*free, b)
	}
}
