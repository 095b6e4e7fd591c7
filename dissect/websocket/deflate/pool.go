// Package deflate inflates the messages of permessage-deflate (RFC 7692) without ever resetting a decoder.
//
//	compressed payload ─► Write ─► bit buffer ─► blocks ─► window ─► Sink (borrowed slices of the window)
//	(unmasked, in pieces)                                    │
//	                          kept for the next message ─────┘   [known history | output of this message]
//
// One [Inflater] serves one direction of a connection. Its window is a linear buffer: a message's output is written
// behind the history and becomes history by staying where it is. It slides only when full, so that a small message
// costs no copy of 32 KiB. What only a running message needs (bit buffer, code tables) comes from the [Pool] and goes
// back with the message; what only the context needs (the window) grows with the history there is.
//
// What is not known is never guessed: after bytes were lost the known history is empty, and a message that refers
// beyond it fails with [ErrUnknownHistory].
package deflate

// Format limits of RFC 1951.
const (
	maxHistory = 32 << 10 // longest distance, §3.2.5
	maxMatch   = 258      // longest match, §3.2.5
)

// classes are the window sizes in bytes. All but the last serve connections that have said little so far; the last
// holds a full history and 8 KiB to write into before it slides. It is a multiple of the runtime's page.
var classes = [...]int{1 << 10, 4 << 10, 16 << 10, maxHistory + 8<<10}

const (
	fullClass = len(classes) - 1
	keepFree  = 32 // free windows of a class, tables, and states of messages that a pool keeps
	// keepWindows is up to how many bytes of free windows it keeps more of a class: connections that begin together
	// outgrow the smaller ones together, end together, and others follow them.
	keepWindows = 32 << 20
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

// Pool owns the memory that inflaters borrow: windows by size, and the state of running messages. It belongs to one
// goroutine, with all inflaters initialised from it.
type Pool struct {
	limits  Limits
	fixed   tables
	windows [len(classes)][][]byte
	free    int // bytes in windows
	runs    []*run
	tables  []*tables
}

// NewPool returns a pool whose inflaters obey l.
func NewPool(l Limits) *Pool {
	p := &Pool{limits: l.withDefaults()}
	p.fixed.setFixed()
	return p
}

// window returns a window of at least n bytes; its content is arbitrary.
func (p *Pool) window(n int) []byte {
	c := 0
	for c < fullClass && classes[c] < n {
		c++
	}
	if free := p.windows[c]; len(free) > 0 {
		b := free[len(free)-1]
		p.windows[c] = free[:len(free)-1]
		p.free -= len(b)
		return b
	}
	return make([]byte, classes[c])
}

func (p *Pool) putWindow(b []byte) {
	for c, n := range classes {
		if len(b) == n && (len(p.windows[c]) < keepFree || p.free+n <= keepWindows) {
			p.windows[c] = append(p.windows[c], b)
			p.free += n
		}
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
