package deflate

// A history is kept in pages, so that a direction holds little more than it has sent, that nothing is copied when it
// grows, and that the pages of one direction serve every other.
const (
	pageShift = 11
	pageSize  = 1 << pageShift
	pages     = maxHistory / pageSize
	pageSlab  = 16       // pages that are allocated at once
	keepPages = 16 << 10 // free pages that a pool keeps
)

type page [pageSize]byte

// history is what a direction has sent lately: a ring of maxHistory bytes, in pages that come as they are written.
type history struct {
	ring  *ring // nil where nothing is known
	at    int32 // ring index of the next byte
	known int32 // bytes before it that are known, 0 to maxHistory
}

type ring [pages]*page

// write appends b.
func (h *history) write(p *Pool, b []byte) {
	if h.ring == nil {
		h.ring = p.ring()
	}
	at := int(h.at)
	h.known = min(h.known+int32(len(b)), maxHistory)
	for len(b) > 0 {
		// A page is nil or is written to: that the compiler looks whether it is nil would cost a line of the cache.
		to := h.ring[at/pageSize%pages]
		if to == nil {
			h.ring[at/pageSize%pages] = p.page()
			continue
		}
		n := copy(to[at%pageSize:], b)
		b = b[n:]
		at = (at + n) % maxHistory
	}
	h.at = int32(at)
}

// copyTo fills dst with the bytes that begin back bytes before the end; 1 to back bytes, back at most known.
func (h *history) copyTo(dst []byte, back int) {
	for len(dst) > 0 {
		from := (int(h.at) - back) & (maxHistory - 1)
		p := h.ring[from/pageSize]
		if p == nil {
			return // not so far back
		}
		n := copy(dst, p[from%pageSize:])
		dst, back = dst[n:], back-n
	}
}

// held returns how many bytes of pages h has.
func (h *history) held() int {
	n := 0
	if h.ring != nil {
		for _, p := range h.ring {
			if p != nil {
				n += pageSize
			}
		}
	}
	return n
}
