package reassembly

import "github.com/sockeye-dev/sockeye/capture/packet"

// trouble is what a direction needs while it is not simply in order. Most
// directions never have one.
type trouble struct {
	c     *Conn
	dir   packet.Dir
	queue segments
	since int64 // table clock when the wait behind the present hole began

	// A hole is proven when the peer acknowledged beyond it. The proof is kept
	// until it is old enough not to be a reordering in the capture.
	proofUpTo uint64 // 0: none
	proofPkts uint64 // Conn.Packets then
	proofTime int64  // table clock then
	proofAt   At

	resetAt   uint64 // where the RST stands, if the direction is frozen
	resetPkts uint64 // Conn.Packets then
	wentOn    uint64 // end of what its sender said after it, though not beyond it; 0: nothing

	// A sequence number far outside the stream, and how often it was followed on.
	wildNext  uint32
	wildStart uint32
	wildRun   uint8
	wildAcked bool

	listed       bool
	older, newer *trouble // in troubles, by since
}

// troubles lists directions with waiting data, the longest wait first.
type troubles struct {
	oldest, newest *trouble
	free           *trouble // chained by newer
	blocks         []*block // free
	held           int64    // charged bytes of all queues
}

func (t *Table) troubleOf(c *Conn, dir packet.Dir) *trouble {
	h := &c.half[dir]
	if h.trouble == nil {
		x := t.waits.free
		if x == nil {
			x = new(trouble)
		} else {
			t.waits.free = x.newer
			x.newer = nil
		}
		x.c, x.dir = c, dir
		h.trouble = x
	}
	return h.trouble
}

// settleTrouble frees the trouble of a direction that has none any more.
func (t *Table) settleTrouble(h *half) {
	x := h.trouble
	if x == nil || !x.queue.empty() || x.wildRun > 0 || h.flags&(frozen|started) != started || h.acked > h.nxt {
		return
	}
	t.freeTrouble(h)
}

func (t *Table) freeTrouble(h *half) {
	x := h.trouble
	if x == nil {
		return
	}
	t.dropQueue(x)
	blocks := x.queue.blocks[:0]
	*x = trouble{newer: t.waits.free}
	if cap(blocks) <= 64 {
		x.queue.blocks = blocks
	}
	t.waits.free = x
	h.trouble = nil
}

// enqueue adds a segment that overlaps none of the queue.
func (t *Table) enqueue(x *trouble, s segment) {
	before := x.queue.bytes
	x.queue.insert(s, &t.waits.blocks)
	t.waits.held += x.queue.bytes - before
	t.stats.HeldPeak = max(t.stats.HeldPeak, t.waits.held)
	if !x.listed {
		t.waits.list(x, t.now)
		t.due(t.now + int64(t.limits.HoleAge))
	}
}

// dequeue takes the first segment out; its buffer must go back to the pool.
func (t *Table) dequeue(x *trouble) {
	before := x.queue.bytes
	x.queue.pop(&t.waits.blocks)
	t.waits.held += x.queue.bytes - before
	if x.queue.empty() {
		t.waits.unlist(x)
	}
}

// dropQueue forgets waiting data that will never be part of the stream.
func (t *Table) dropQueue(x *trouble) {
	for !x.queue.empty() {
		data := x.queue.head().data
		t.dequeue(x)
		t.stats.Ignored++
		t.stats.IgnoredBytes += uint64(len(data))
		t.pool.put(data)
	}
}

// list puts x at the end: its wait begins now.
func (l *troubles) list(x *trouble, now int64) {
	if x.listed && l.newest == x {
		x.since = now
		return
	}
	if x.listed {
		l.unlist(x)
	}
	x.listed, x.since = true, now
	x.older, x.newer = l.newest, nil
	if l.newest != nil {
		l.newest.newer = x
	} else {
		l.oldest = x
	}
	l.newest = x
}

func (l *troubles) unlist(x *trouble) {
	if !x.listed {
		return
	}
	x.listed = false
	if x.older != nil {
		x.older.newer = x.newer
	} else {
		l.oldest = x.newer
	}
	if x.newer != nil {
		x.newer.older = x.older
	} else {
		l.newest = x.older
	}
	x.older, x.newer = nil, nil
}
