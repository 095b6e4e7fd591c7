// Package deflate inflates the messages of permessage-deflate (RFC 7692) without ever resetting a decoder.
//
//	compressed payload ─► bit buffer ─► blocks ─► output ─► Sink (borrowed slices of the output)
//	(unmasked, in pieces)                          ▲  │
//	                                       matches │  ▼
//	                                            history, kept for the next message
//
// One [Inflater] serves one direction of a connection. What it keeps between messages is its history, the last 32 KiB of
// output in pages of 2 KiB. A running message is inflated into an array that all inflaters of a [Pool] share, and that
// the cache therefore holds; the history is read where a match refers to it, and written once, with all the output.
//
// What is not known is never guessed: after bytes were lost the known history is empty, and a message that refers
// beyond it fails with [ErrUnknownHistory].
package deflate

// Format limits of RFC 1951.
const (
	maxHistory = 32 << 10 // longest distance, §3.2.5
	maxMatch   = 258      // longest match, §3.2.5
)

// How many rings, and states of messages, a pool keeps.
const (
	keepRings = 1 << 10
	keepRuns  = 32
)

// Limits bound one message. The zero value of a field means its default.
type Limits struct {
	MaxOutput  uint64 // inflated bytes of one message; default 64 MiB
	Ratio      uint64 // inflated to compressed bytes; default 1100 (DEFLATE itself cannot exceed 1032)
	RatioAbove uint64 // the ratio is looked at above so many inflated bytes; default 1 MiB
}

func (l Limits) withDefaults() Limits {
	if l.MaxOutput == 0 {
		l.MaxOutput = 64 << 20
	}
	if l.Ratio == 0 {
		l.Ratio = 1100
	}
	if l.RatioAbove == 0 {
		l.RatioAbove = 1 << 20
	}
	return l
}

// Pool owns the memory that inflaters borrow: pages of history, and the state of running messages. It belongs to one
// goroutine, with all inflaters initialised from it.
type Pool struct {
	limits Limits
	fixed  tables
	none   ring // without pages
	seq    sequences
	out    output           // of the message that is being inflated right now
	padded [3 * fastIn]byte // the end of a piece of input, and zeros
	keeper keeper
	pages  []*page
	rings  []*ring
	runs   []*run
}

// NewPool returns a pool whose inflaters obey l.
func NewPool(l Limits) *Pool {
	p := &Pool{limits: l.withDefaults()}
	p.fixed.setFixed()
	return p
}

// page returns a page of arbitrary content.
func (p *Pool) page() *page {
	if len(p.pages) == 0 {
		slab := new([pageSlab]page)
		for i := range slab {
			p.pages = append(p.pages, &slab[i])
		}
	}
	n := len(p.pages) - 1
	b := p.pages[n]
	p.pages = p.pages[:n]
	return b
}

// ring returns a ring without pages.
func (p *Pool) ring() *ring {
	if n := len(p.rings); n > 0 {
		r := p.rings[n-1]
		p.rings = p.rings[:n-1]
		return r
	}
	return new(ring)
}

// putRing takes back r and its pages.
func (p *Pool) putRing(r *ring) {
	for i, b := range r {
		if b != nil {
			r[i] = nil
			if len(p.pages) < keepPages {
				p.pages = append(p.pages, b)
			}
		}
	}
	if len(p.rings) < keepRings {
		p.rings = append(p.rings, r)
	}
}

// run returns the state of a message at its beginning.
func (p *Pool) run() *run {
	if n := len(p.runs); n > 0 {
		r := p.runs[n-1]
		p.runs = p.runs[:n-1]
		return r
	}
	return &run{decoder: decoder{out: &p.out, seq: &p.seq}}
}

// putRun takes back r. It keeps its code tables.
func (p *Pool) putRun(r *run) {
	if len(p.runs) == keepRuns {
		return
	}
	r.reset()
	p.runs = append(p.runs, r)
}
