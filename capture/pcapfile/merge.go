package pcapfile

import (
	"container/heap"
	"errors"
	"io"

	"github.com/sockeye-dev/sockeye/capture"
)

// Source is one capture file, or several merged.
type Source interface {
	capture.Source
	Close() error
	// Progress returns the bytes read of all files as stored, and their sizes
	// together, 0 where one is not known. Any goroutine may call it.
	Progress() (read, total int64)
}

// Details is what files say besides their packets. Every Source of this
// package is also a Details. All lists are borrowed until the next Next and
// hold what was seen so far; Interfaces and Secrets only grow.
type Details interface {
	Interfaces() []Interface
	Secrets() []Secret
	Comments() []Comment
	Stats() []Statistics
	Format() string
}

var (
	_ Source  = (*Reader)(nil)
	_ Details = (*Reader)(nil)
	_ Source  = (*merged)(nil)
	_ Details = (*merged)(nil)
)

// OpenAll opens one or several files, merged by time as Merge does it. When one
// cannot be opened, none stays open.
func OpenAll(paths []string) (Source, error) {
	if len(paths) == 0 {
		return nil, inputError("capture", errors.New("no file given"))
	}
	if len(paths) == 1 {
		return Open(paths[0])
	}
	block := blockFor(len(paths))
	readers := make([]*Reader, 0, len(paths))
	for _, path := range paths {
		r, err := open(path, block)
		if err != nil {
			for _, r := range readers {
				r.Close()
			}
			return nil, err
		}
		readers = append(readers, r)
	}
	return Merge(readers...), nil
}

// blockFor returns the size of each reader's buffer when so many are at work.
func blockFor(files int) int {
	return min(max(mergeBlocks/max(files, 1), smallestBlock), DefaultBlock)
}

// Merge delivers the packets of several readers by time; of equal times, those
// of the earlier argument first. Each reader's own order is kept, also where its
// times go backwards. Packets are numbered from 1 again, and interface numbers
// kept distinct. When an input is damaged the others are still read to their
// ends; then the first error comes instead of io.EOF. Closing the Source closes
// the readers.
func Merge(readers ...*Reader) Source {
	m := &merged{inputs: make([]*mergeInput, len(readers))}
	for i, r := range readers {
		m.inputs[i] = &mergeInput{r: r, order: i}
	}
	return m
}

// merged is the Source of Merge. A reader is advanced only when the caller is
// done with the packet it delivered last, so Data stays in place.
type merged struct {
	inputs  []*mergeInput
	heads   mergeHeap   // the inputs that have a packet, earliest first
	current *mergeInput // its head was delivered, and is to be replaced
	started bool
	number  uint64
	err     error // the first damage of any input
	done    error // what Next ended with

	ifaces   []Interface
	secrets  []Secret
	comments []Comment
}

type mergeInput struct {
	r      *Reader
	order  int
	head   capture.Packet
	global []uint32 // its interfaces' numbers in the merged source
	// How much of the reader's lists was taken over.
	secrets, comments int
}

// Next delivers the earliest packet of all inputs.
func (m *merged) Next() (capture.Packet, error) {
	if m.done != nil {
		return capture.Packet{}, m.done
	}
	if !m.started {
		m.start()
	}
	if c := m.current; c != nil {
		m.current = nil
		if m.advance(c) {
			heap.Fix(&m.heads, 0)
		} else {
			heap.Pop(&m.heads)
		}
	}
	if len(m.heads) == 0 {
		if m.done = m.err; m.done == nil {
			m.done = io.EOF
		}
		return capture.Packet{}, m.done
	}
	in := m.heads[0]
	m.current = in
	m.number++
	m.takeComments(in)
	p := in.head
	p.Number = m.number
	p.Interface = in.global[p.Interface]
	return p, nil
}

func (m *merged) start() {
	m.started = true
	for _, in := range m.inputs {
		if m.advance(in) {
			m.heads = append(m.heads, in)
		}
	}
	heap.Init(&m.heads)
}

// advance reads an input's next head; false when it has no more.
func (m *merged) advance(in *mergeInput) bool {
	var err error
	in.head, err = in.r.Next()
	for _, i := range in.r.Interfaces()[len(in.global):] {
		in.global = append(in.global, uint32(len(m.ifaces)))
		m.ifaces = append(m.ifaces, i)
	}
	m.secrets = append(m.secrets, in.r.Secrets()[in.secrets:]...)
	in.secrets = len(in.r.Secrets())
	if err == nil {
		return true
	}
	m.takeComments(in)
	if err != io.EOF && m.err == nil {
		m.err = err
	}
	return false
}

// takeComments takes over an input's new comments. Packet comments among them
// are of its head: the one that is being delivered.
func (m *merged) takeComments(in *mergeInput) {
	for _, c := range in.r.Comments()[in.comments:] {
		if c.Packet != 0 {
			c.Packet = m.number
		}
		m.comments = append(m.comments, c)
	}
	in.comments = len(in.r.Comments())
}

// Close closes all inputs and returns the first error.
func (m *merged) Close() error {
	var first error
	for _, in := range m.inputs {
		if err := in.r.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Progress adds up all inputs.
func (m *merged) Progress() (read, total int64) {
	known := true
	for _, in := range m.inputs {
		r, t := in.r.Progress()
		read, total = read+r, total+t
		known = known && t > 0
	}
	if !known {
		total = 0
	}
	return read, total
}

func (m *merged) Interfaces() []Interface { return m.ifaces }
func (m *merged) Secrets() []Secret       { return m.secrets }
func (m *merged) Comments() []Comment     { return m.comments }

// Stats returns the latest statistics of each interface of all inputs.
func (m *merged) Stats() []Statistics {
	var all []Statistics
	for _, in := range m.inputs {
		for _, s := range in.r.Stats() {
			if int(s.Interface) < len(in.global) {
				s.Interface = in.global[s.Interface]
				all = append(all, s)
			}
		}
	}
	return all
}

// Format is the inputs' common format, or "mixed".
func (m *merged) Format() string {
	format := ""
	for i, in := range m.inputs {
		if i > 0 && in.r.Format() != format {
			return "mixed"
		}
		format = in.r.Format()
	}
	return format
}

// mergeHeap orders inputs by the time of their heads, then by argument.
type mergeHeap []*mergeInput

func (h mergeHeap) Len() int      { return len(h) }
func (h mergeHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h mergeHeap) Less(i, j int) bool {
	if h[i].head.Time != h[j].head.Time {
		return h[i].head.Time < h[j].head.Time
	}
	return h[i].order < h[j].order
}
func (h *mergeHeap) Push(x any) { *h = append(*h, x.(*mergeInput)) }
func (h *mergeHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
