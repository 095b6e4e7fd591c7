package deflate

// A history is kept in pages, so that a direction holds little more than it has sent, that nothing is copied when it
// grows, and that the pages of one direction serve every other.
const (
	pageShift = 10
	pageSize  = 1 << pageShift
	pages     = maxHistory / pageSize
	pageSlab  = 16       // pages that are allocated at once
	keepPages = 16 << 10 // free pages that a pool keeps
)

type page [pageSize]byte

// history is what a direction has sent lately: a ring of maxHistory bytes, in pages that come as they are written.
type history struct {
	ring  [pages]*page
	at    int // ring index of the next byte
	known int // bytes before it that are known, 0 to maxHistory
}

// write appends b.
func (h *history) write(p *Pool, b []byte) {
	h.known = min(h.known+len(b), maxHistory)
	for len(b) > 0 {
		to := &h.ring[h.at/pageSize%pages]
		if *to == nil {
			*to = p.page()
		}
		n := copy((*to)[h.at%pageSize:], b)
		b = b[n:]
		h.at = (h.at + n) % maxHistory
	}
}

// copyTo fills dst with the bytes that begin back bytes before the end; 1 to back bytes, back at most known.
func (h *history) copyTo(dst []byte, back int) {
	for len(dst) > 0 {
		from := (h.at - back) & (maxHistory - 1)
		n := copy(dst, h.ring[from/pageSize][from%pageSize:])
		dst, back = dst[n:], back-n
	}
}

// held returns how many bytes of pages h has.
func (h *history) held() int {
	n := 0
	for _, p := range h.ring {
		if p != nil {
			n += pageSize
		}
	}
	return n
}
