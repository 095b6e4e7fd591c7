// Package deflate inflates the messages of permessage-deflate (RFC 7692) without ever resetting a decoder.
//
//	compressed payload ─► bit buffer ─► blocks ─► output ─► Sink (borrowed slices of the output)
//	(unmasked, in pieces)                          ▲  │
//	                                       matches │  ▼
//	                                            history, kept for the next message
//
// One [Inflater] serves one direction of a connection. What it keeps between messages is its history, the last 32 KiB of
// output in pages of 1 KiB. A running message is inflated into an array that all inflaters of a [Pool] share, and that
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

// keepFree is how many histories, tables, and states of messages a pool keeps.
const keepFree = 32

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
	limits    Limits
	fixed     tables
	none      history // without anything in it
	seq       sequences
	out       output           // of the message that is being inflated right now
	padded    [3 * fastIn]byte // the end of a piece of input, and zeros
	keeper    keeper
	pages     []*page
	histories []*history
	runs      []*run
	tables    []*tables
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

// history returns an empty history.
func (p *Pool) history() *history {
	if n := len(p.histories); n > 0 {
		h := p.histories[n-1]
		p.histories = p.histories[:n-1]
		return h
	}
	return new(history)
}

// putHistory takes back h and its pages.
func (p *Pool) putHistory(h *history) {
	for _, b := range h.ring {
		if b != nil && len(p.pages) < keepPages {
			p.pages = append(p.pages, b)
		}
	}
	*h = history{}
	if len(p.histories) < keepFree {
		p.histories = append(p.histories, h)
	}
}

func (p *Pool) run() *run {
	if n := len(p.runs); n > 0 {
		r := p.runs[n-1]
		p.runs = p.runs[:n-1]
		return r
	}
	return new(run)
}

// putRun takes back r and the code tables it may hold.
func (p *Pool) putRun(r *run) {
	if r.own != nil && len(p.tables) < keepFree {
		p.tables = append(p.tables, r.own)
	}
	*r = run{}
	if len(p.runs) < keepFree {
		p.runs = append(p.runs, r)
	}
}

// codeTables returns tables to build a dynamic block's codes in.
func (p *Pool) codeTables() *tables {
	if n := len(p.tables); n > 0 {
		t := p.tables[n-1]
		p.tables = p.tables[:n-1]
		return t
	}
	return new(tables)
}
