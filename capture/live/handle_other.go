//go:build !linux

package live

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"golang.org/x/net/bpf"

	"github.com/sockeye-dev/sockeye/capture"
)

// Handle is a running capture. It is a capture.Source.
//
// Next and Close belong to one goroutine. Interrupt and Stats may be called from any.
type Handle struct {
	o    Options
	name string
	link capture.LinkType
	dev  *device
	n    uint64 // packets delivered
	err  error  // what Next returns for ever

	stop  atomic.Uint32 // calls of Interrupt
	final bool          // the device was emptied for the last time

	mu     sync.Mutex // guards the device against Close
	closed bool
	last   Stats
}

var _ capture.Source = (*Handle)(nil)

// Open starts a capture on one interface; on this system there is no Any, and no
// capture on several at once. The error is an *Error, or what Options.Filter returned.
func Open(o Options) (*Handle, error) {
	o.setDefaults()
	names := o.names()
	switch {
	case len(names) == 0:
		return nil, &Error{Kind: NoInterface, Text: "no interface named", Remedy: "sockeye interfaces lists them"}
	case len(names) > 1 || names[0] == Any:
		return nil, &Error{Kind: Unsupported, Text: "this system captures on one interface at a time",
			Remedy: "name one; sockeye interfaces lists them"}
	}
	h := &Handle{o: o, name: names[0]}
	var err error
	if h.dev, h.link, err = openDevice(h.name, &h.o); err != nil {
		return nil, err
	}
	return h, nil
}

// Next returns the next packet, and waits until there is one. After Interrupt it
// delivers what is at hand, and then returns io.EOF. Any other error is an *Error.
// The packet's Data is borrowed until the next call of Next or Close.
func (h *Handle) Next() (capture.Packet, error) {
	var p capture.Packet
	for h.err == nil {
		stops := h.stop.Load()
		if stops < 2 && h.dev.take(&p) {
			h.n++
			p.Number, p.Link = h.n, h.link
			return p, nil
		}
		if stops > 1 || h.final {
			h.err = io.EOF
			break
		}
		h.final = stops > 0
		h.o.Wait(func() { h.err = h.dev.fill() })
	}
	return capture.Packet{}, h.err
}

// Interrupt ends the capture, from any goroutine, within Options.Latency: see
// Next. A second call loses what is at hand. It is harmless after Close.
func (h *Handle) Interrupt() { h.stop.Add(1) }

// Interfaces returns the interface captured on.
func (h *Handle) Interfaces() []Interface {
	return []Interface{{Name: h.name, Link: h.link, SnapLen: h.o.SnapLen}}
}

// InterfaceStats returns the counters of each of Interfaces, from any goroutine;
// the caller owns the slice. After Close they are the last ones.
func (h *Handle) InterfaceStats() ([]Stats, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return []Stats{h.last}, nil
	}
	s, err := h.dev.stats()
	return []Stats{s}, err
}

// Close ends the capture. Data of the last packet must not be touched any more.
// Calling it again does nothing.
func (h *Handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	var err error
	h.last, err = h.dev.stats()
	h.closed = true
	if h.err == nil {
		h.err = io.EOF
	}
	return errors.Join(err, h.dev.close())
}

// program is the filter as the system is to run it: the user's, with the snap length.
func (o *Options) program(link capture.LinkType) ([]bpf.RawInstruction, error) {
	const retK = 0x06
	keep := bpf.RawInstruction{Op: retK, K: o.SnapLen}
	if o.Filter == nil {
		return []bpf.RawInstruction{keep}, nil
	}
	user, err := o.Filter(link)
	if err != nil {
		return nil, err
	}
	prog := append([]bpf.RawInstruction(nil), user...)
	for i := range prog {
		if prog[i].Op == retK && prog[i].K != 0 {
			prog[i] = keep
		}
	}
	if len(prog) == 0 {
		prog = append(prog, keep)
	}
	return prog, nil
}
