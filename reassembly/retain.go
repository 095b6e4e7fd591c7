package reassembly

// retained is a copy of the bytes of a direction that were handed on and not
// yet acknowledged by the peer, beyond those that are among the latest. A
// retransmission is compared with it. What the peer acknowledged cannot change any
// more and is let go, so an idle connection holds nothing.
type retained struct {
	owner        *half
	number       uint32 // half.retained of its owner
	lo, hi       uint64 // offsets held
	at           int    // index of lo in buf
	buf          []byte
	marks        [8]origin // ring: where the latest segments began
	nmarks       uint
	older, newer *retained
}

type origin struct{ off, pkt uint64 }

// keeper owns all retained copies, the least recently extended first.
type keeper struct {
	all            []*retained // by number less 1
	oldest, newest *retained
	free           *retained // chained by newer
	bytes          int64     // of the buffers in use
	spare          int64     // of those that free ones keep
}

// A free copy keeps a buffer of the usual size, as long as few bytes lie idle so.
const (
	spareBuffer = 4 << 10
	spareBytes  = 1 << 20
)

// of returns the retained copy of a direction; nil: it has none.
func (k *keeper) of(h *half) *retained {
	if h.retained == 0 {
		return nil
	}
	return k.all[h.retained-1]
}

// retain copies b, handed on at off by packet pkt.
func (t *Table) retain(h *half, b []byte, off, pkt uint64) {
	r := t.keep.of(h)
	if r == nil {
		r = t.keep.take()
		r.owner, r.lo, r.hi, r.at, r.nmarks = h, off, off, 0, 0
		h.retained = r.number
	} else {
		t.keep.unlink(r)
		if r.hi != off { // a gap lies between
			r.lo, r.hi, r.at, r.nmarks = off, off, 0, 0
		}
	}
	if limit := int(t.limits.RetainDirBytes); len(b) > limit {
		cut := len(b) - limit
		b, off = b[cut:], off+uint64(cut)
		r.lo, r.hi, r.at = off, off, 0
	}
	t.room(r, len(b))
	copy(r.buf[r.at+int(r.hi-r.lo):], b)
	r.hi = off + uint64(len(b))
	r.marks[r.nmarks%uint(len(r.marks))] = origin{off, pkt}
	r.nmarks++
	t.keep.link(r)
	for t.keep.bytes+int64(len(t.latest.buf)) > t.limits.RetainBytes && t.keep.oldest != nil {
		t.dropRetained(t.keep.oldest.owner)
	}
}

// room makes place for n more bytes behind hi.
func (t *Table) room(r *retained, n int) {
	live := int(r.hi - r.lo)
	if r.at+live+n <= len(r.buf) {
		return
	}
	if over := live + n - int(t.limits.RetainDirBytes); over > 0 {
		r.lo += uint64(over)
		r.at += over
		live -= over
	}
	// Sliding is worth it while it frees at least half; else a larger buffer.
	if 2*(live+n) <= len(r.buf) {
		copy(r.buf, r.buf[r.at:r.at+live])
		r.at = 0
		return
	}
	buf := t.pool.get(max(2*(live+n), 512))
	buf = buf[:cap(buf)]
	copy(buf, r.buf[r.at:r.at+live])
	t.keep.bytes += int64(len(buf) - len(r.buf))
	if r.buf != nil {
		t.pool.put(r.buf)
	}
	r.buf, r.at = buf, 0
}

// releaseRetained lets go of what lies before off.
func (t *Table) releaseRetained(h *half, off uint64) {
	r := t.keep.of(h)
	if r == nil || off <= r.lo {
		return
	}
	if off >= r.hi {
		t.dropRetained(h)
		return
	}
	r.at += int(off - r.lo)
	r.lo = off
}

func (t *Table) dropRetained(h *half) {
	r := t.keep.of(h)
	if r == nil {
		return
	}
	h.retained = 0
	t.keep.unlink(r)
	n := int64(len(r.buf))
	t.keep.bytes -= n
	if n <= spareBuffer && t.keep.spare+n <= spareBytes {
		t.keep.spare += n
	} else {
		t.pool.put(r.buf)
		r.buf = nil
	}
	r.owner = nil
	r.newer = t.keep.free
	t.keep.free = r
}

// bytes returns the copy of [lo, hi), which must be held.
func (r *retained) bytes(lo, hi uint64) []byte {
	return r.buf[r.at+int(lo-r.lo) : r.at+int(hi-r.lo)]
}

// origin returns the packet that carried off, 0 if that is not known any more.
func (r *retained) origin(off uint64) uint64 {
	n := min(r.nmarks, uint(len(r.marks)))
	for i := uint(1); i <= n; i++ {
		if m := r.marks[(r.nmarks-i)%uint(len(r.marks))]; m.off <= off {
			return m.pkt
		}
	}
	return 0
}

func (k *keeper) take() *retained {
	r := k.free
	if r == nil {
		r = &retained{number: uint32(len(k.all) + 1)}
		k.all = append(k.all, r)
		return r
	}
	k.free = r.newer
	r.newer = nil
	n := int64(len(r.buf))
	k.spare -= n
	k.bytes += n
	return r
}

func (k *keeper) link(r *retained) {
	r.older, r.newer = k.newest, nil
	if k.newest != nil {
		k.newest.newer = r
	} else {
		k.oldest = r
	}
	k.newest = r
}

func (k *keeper) unlink(r *retained) {
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		k.oldest = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		k.newest = r.older
	}
	r.older, r.newer = nil, nil
}
