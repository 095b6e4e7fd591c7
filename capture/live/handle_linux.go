package live

import (
	"errors"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture"
)

// Handle is a running capture. It is a capture.Source.
//
// Next and Close belong to one goroutine, because a packet's bytes are memory
// shared with the kernel that is gone after Close. Interrupt and Stats may be
// called from any.
type Handle struct {
	o     Options
	rings []*ring
	n     uint64 // packets delivered
	err   error  // what Next returns for ever

	wake     int           // eventfd that ends a wait
	stop     atomic.Uint32 // calls of Interrupt
	draining bool
	drained  time.Time // when nothing can be in the rings any more, once draining

	horizon int64     // time before which no ring can still show a packet, ns since the epoch
	checked time.Time // when interfaces that are not up were looked at

	mu     sync.Mutex // guards what follows, and wake and the sockets against Close
	closed bool
	stats  []Stats // of each ring
}

var _ capture.Source = (*Handle)(nil)

// Next returns the next packet, and waits until there is one. With several
// interfaces, packets come in the order of their time.
//
// After Interrupt it delivers what was captured until then, and then returns
// io.EOF. Any other error is an *Error. The packet's Data is borrowed until the
// next call of Next or Close.
func (h *Handle) Next() (capture.Packet, error) {
	var p capture.Packet
	for h.err == nil {
		if n := h.stop.Load(); n != 0 {
			h.interrupted(n)
			if h.err != nil {
				break
			}
		}
		i := h.oldest()
		if i < 0 {
			h.err = h.wait()
			continue
		}
		if h.rings[i].take(&p) {
			h.n++
			p.Number = h.n
			p.Interface = uint32(i)
			return p, nil
		}
	}
	return capture.Packet{}, h.err
}

// oldest returns the index of the ring whose next packet is due, or -1.
//
// A ring without a packet may still show one that is older than the heads of the
// others: its block is not handed over yet. The kernel does so within two
// intervals, so what is older than that is due.
func (h *Handle) oldest() int {
	if len(h.rings) == 1 {
		if h.rings[0].ready() {
			return 0
		}
		return -1
	}
	best, at, missing := h.heads()
	if !missing || best < 0 || at <= h.horizon {
		return best
	}
	now := time.Now()
	h.horizon = now.Add(-h.settle()).UnixNano()
	// Again, for it may be long since: what is older than the horizon is here now.
	best, at, missing = h.heads()
	// A system clock that was set back must hold nothing up: a block that has been
	// here for that long is due whatever its times say.
	if !missing || at <= h.horizon || now.Sub(h.rings[best].since) >= h.settle() {
		return best
	}
	return -1
}

// heads returns the ring with the oldest next packet, its time, and whether
// another ring has none; -1 if all have none.
func (h *Handle) heads() (best int, at int64, missing bool) {
	best, at = -1, math.MaxInt64
	for i, r := range h.rings {
		if !r.ready() {
			missing = true
		} else if t := r.time(); t < at {
			best, at = i, t
		}
	}
	return best, at, missing
}

// settle is the time after which the kernel has surely handed a packet over.
func (h *Handle) settle() time.Duration { return 2*h.o.Latency + 20*time.Millisecond }

// interrupted stops the flow and lets the rings run empty; the second time, what
// is in them is lost.
func (h *Handle) interrupted(times uint32) {
	if times > 1 {
		h.err = io.EOF
		return
	}
	if h.draining {
		return
	}
	h.draining = true
	h.drained = time.Now().Add(h.settle())
	for _, r := range h.rings {
		// A filter that refuses everything is replaced at once, where unbinding waits.
		if err := attachProgram(r.fd, []bpf.RawInstruction{{Op: opRetK}}); err != nil {
			h.err = &Error{Kind: Failed, Interface: r.name, Text: "stopping", Err: err}
		}
	}
}

// Interrupt ends the capture, from any goroutine: see Next. A second call ends it
// at once. It is harmless after Close.
func (h *Handle) Interrupt() {
	h.stop.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		// A full counter (EAGAIN) wakes as well.
		_, _ = unix.Write(h.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// Interfaces returns the interfaces captured on; the caller owns the slice.
func (h *Handle) Interfaces() []Interface {
	list := make([]Interface, len(h.rings))
	for i, r := range h.rings {
		list[i] = Interface{Name: r.name, Link: r.link, SnapLen: r.snap}
	}
	return list
}

// InterfaceStats returns the counters of each of Interfaces, from any goroutine;
// the caller owns the slice. After Close they are the last ones.
func (h *Handle) InterfaceStats() ([]Stats, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var err error
	if !h.closed {
		err = h.count()
	}
	return append([]Stats(nil), h.stats...), err
}

// count adds what happened since the last count: reading sets the kernel's to zero.
func (h *Handle) count() error {
	for i, r := range h.rings {
		if r.fd < 0 {
			continue
		}
		s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err != nil {
			return &Error{Kind: Failed, Interface: r.name, Text: "reading the counters", Err: err}
		}
		h.stats[i].Received += uint64(s.Packets - s.Drops) // Packets counts the dropped ones as well
		h.stats[i].Dropped += uint64(s.Drops)
		h.stats[i].Freezes += uint64(s.Freeze_q_cnt)
	}
	return nil
}

// Close ends the capture and frees the rings. Data of the last packet must not be
// touched any more. Calling it again does nothing.
func (h *Handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	err := h.count()
	h.closed = true
	if h.err == nil {
		h.err = io.EOF
	}
	for _, r := range h.rings {
		err = errors.Join(err, r.close())
	}
	if h.wake >= 0 {
		err = errors.Join(err, unix.Close(h.wake))
	}
	return err
}
