package spool

import (
	"io"
	"sort"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// State is how a ring is.
type State struct {
	Size  int64 // of the stream: all that was ever written, and the head
	From  int64 // place from which on packets are there
	Used  int64 // bytes of packets on disk
	Bound int64 // how many there may be
	Files int
	// Shrunk is why the ring holds less than its bound: the disk is full. nil otherwise.
	Shrunk error
	// Ended: nothing more will be written; Err says why, nil if it was to end.
	Ended bool
	Err   error
}

// State returns how the ring is now.
func (r *Ring) State() State {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return State{
		Size: r.size, From: r.from(), Used: r.used, Bound: r.o.Size, Files: len(r.files),
		Shrunk: r.shrunk, Ended: r.ended, Err: r.err,
	}
}

// Stored returns the size of the stream: what can be read now ends there.
func (r *Ring) Stored() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.size
}

// From returns the place from which on packets are there; what comes before it fell out.
func (r *Ring) From() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.from()
}

func (r *Ring) from() int64 {
	if len(r.files) == 0 {
		return r.size
	}
	return r.files[0].start
}

// Ended tells whether nothing more will be written, and why.
func (r *Ring) Ended() (bool, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.ended, r.err
}

// Grown is told when there is more to read, or the ring has ended. One goroutine
// should receive.
func (r *Ring) Grown() <-chan struct{} { return r.grown }

// ReadAt reads the stream: the head, then packets (io.ReaderAt). It returns
// ErrGone for places that fell out, and io.EOF at the end of what was written.
func (r *Ring) ReadAt(p []byte, at int64) (n int, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if at < int64(len(r.head)) {
		n = copy(p, r.head[at:])
	}
	i := sort.Search(len(r.files), func(i int) bool { return r.files[i].end() > at+int64(n) })
	for ; n < len(p); i++ {
		place := at + int64(n)
		switch {
		case place < r.from():
			return n, ErrGone
		case i >= len(r.files):
			return n, io.EOF
		}
		f := r.files[i]
		in := place - f.start
		part := p[n:min(int64(len(p)), int64(n)+f.size-in)]
		got, err := f.f.ReadAt(part, int64(len(r.head))+in)
		if n += got; got < len(part) {
			return n, spoolError(err)
		}
	}
	return n, nil
}

// Copy writes everything that is in the ring to w as one pcapng capture, with
// the counts of stats at its end, taken at the time at (ns since the epoch), and
// returns how many bytes that were. What is
// there when it begins does not fall out meanwhile; its files may stay on disk
// for longer than the ring's bound allows.
func (r *Ring) Copy(w io.Writer, stats []pcapfile.Statistics, at int64) (int64, error) {
	r.mu.Lock()
	files := append([]*file(nil), r.files...)
	sizes := make([]int64, len(files))
	for i, f := range files {
		f.users++
		sizes[i] = f.size
	}
	head := r.head
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, f := range files {
			r.leave(f)
		}
	}()
	n, err := w.Write(head)
	total := int64(n)
	for i := 0; i < len(files) && err == nil; i++ {
		var got int64
		got, err = io.Copy(w, io.NewSectionReader(files[i].f, int64(len(head)), sizes[i]))
		total += got
	}
	if err != nil {
		return total, err
	}
	if err != nil {
		return total, err
	}
	block, err := statistics(stats, at)
	if err != nil {
		return total, err
	}
	n, err = w.Write(block)
	return total + int64(n), err
}

// statistics returns the blocks with the counts of interfaces.
func statistics(stats []pcapfile.Statistics, at int64) ([]byte, error) {
	var out held
	w, err := pcapfile.NewNgWriter(&out, pcapfile.NgOptions{})
	if err != nil {
		return nil, err
	}
	known := uint32(0)
	for _, s := range stats {
		for ; known <= s.Interface; known++ {
			if _, err := w.AddInterface(pcapfile.Interface{}); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	out = out[:0] // the blocks alone are wanted, not the head that the writer needs
	for _, s := range stats {
		if err := w.WriteStatistics(s, at); err != nil {
			return nil, err
		}
	}
	err = w.Flush()
	return out, err
}

var _ io.ReaderAt = (*Ring)(nil)
