package live

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// watchEvery is how often interfaces that are not up are looked at.
const watchEvery = 250 * time.Millisecond

// wait returns when packets may be there, when Interrupt was called, or when it
// is time to look at something again. Its error ends the capture.
func (h *Handle) wait() error {
	if err := h.watch(); err != nil {
		return err
	}
	timeout := time.Duration(-1)
	within := func(d time.Duration) {
		if d = max(d, 0); timeout < 0 || d < timeout {
			timeout = d
		}
	}
	fds := make([]unix.PollFd, 1, 8)
	fds[0] = unix.PollFd{Fd: int32(h.wake), Events: unix.POLLIN}
	if h.draining {
		left := time.Until(h.drained) // before: what was captured is in the rings then
		if left <= 0 && !h.holding() {
			return io.EOF
		}
		within(max(left, time.Millisecond))
		fds = fds[:0] // Interrupt has woken it, for good
	}
	polled := make([]*ring, 0, 8)
	for _, r := range h.rings {
		if r.state != Up {
			within(watchEvery)
		}
		if r.left > 0 {
			// Its head waits until it is due. Polling it would return at once.
			within(time.Until(time.Unix(0, r.time())) + h.settle())
			within(time.Until(r.since) + h.settle())
			continue
		}
		fds = append(fds, unix.PollFd{Fd: int32(r.fd), Events: unix.POLLIN})
		polled = append(polled, r)
	}
	if err := h.poll(fds, timeout); err != nil {
		return err
	}
	for i, r := range polled {
		if fds[len(fds)-len(polled)+i].Revents&^unix.POLLIN != 0 {
			if err := h.trouble(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// holding reports whether a ring has a packet.
func (h *Handle) holding() bool {
	return slices.ContainsFunc(h.rings, (*ring).ready)
}

func (h *Handle) poll(fds []unix.PollFd, timeout time.Duration) error {
	var err error
	ms := -1
	if timeout >= 0 {
		ms = int((timeout + time.Millisecond - 1) / time.Millisecond)
	}
	h.o.Wait(func() { _, err = unix.Poll(fds, ms) })
	if err != nil && !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
		return &Error{Kind: Failed, Text: "poll", Err: err}
	}
	return nil
}

// trouble reads and clears a socket's pending error.
func (h *Handle) trouble(r *ring) error {
	errno, err := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return &Error{Kind: Failed, Interface: r.name, Text: "reading the socket's error", Err: err}
	case errno == 0:
		return nil
	case unix.Errno(errno) == unix.ENETDOWN && r.ifindex != 0:
		h.checked = time.Time{}
		h.set(r, Down) // watch finds out whether it is gone
		return nil
	case unix.Errno(errno) == unix.ENETDOWN || unix.Errno(errno) == unix.ENOBUFS:
		return nil // one of all interfaces went down
	}
	return &Error{Kind: Failed, Interface: r.name, Text: "capturing", Err: unix.Errno(errno)}
}

func (h *Handle) set(r *ring, s State) {
	if r.state != s {
		r.state = s
		h.o.Changed(Change{Interface: r.name, State: s})
	}
}

// watch looks at the interfaces that are not up, at intervals.
func (h *Handle) watch() error {
	due := false
	for _, r := range h.rings {
		due = due || r.state != Up
	}
	if !due || time.Since(h.checked) < watchEvery {
		return nil
	}
	h.checked = time.Now()
	for _, r := range h.rings {
		if r.state == Up {
			continue
		}
		if err := h.look(r); err != nil {
			return err
		}
	}
	return nil
}

// look asks, through the socket it has, what became of an interface. One that is
// switched on again goes on by itself; one that was removed and made anew has
// another index and is bound to again.
func (h *Handle) look(r *ring) error {
	index, flags, hatype, err := lookInterface(r.fd, r.name)
	switch {
	case errors.Is(err, unix.ENODEV):
		h.set(r, Gone)
		return nil
	case err != nil:
		return &Error{Kind: Failed, Interface: r.name, Text: "looking at the interface", Err: err}
	case hatype != r.hatype:
		return &Error{Kind: NoInterface, Interface: r.name,
			Text: fmt.Sprintf("came back as another kind of interface (hardware type %d, before %d)", hatype, r.hatype)}
	}
	if index != r.ifindex {
		r.ifindex = index
		if h.o.Promiscuous {
			if err := r.promiscuous(); err != nil {
				return err
			}
		}
		if err := r.bind(); err != nil {
			return err
		}
	}
	if flags&unix.IFF_UP == 0 {
		h.set(r, Down)
		return nil
	}
	h.set(r, Up)
	return nil
}

// lookInterface returns an interface's index, flags and ARPHRD type; ENODEV if
// there is none of the name.
func lookInterface(fd int, name string) (index int, flags, hatype uint16, err error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return 0, 0, 0, unix.ENODEV // a name that no interface can have
	}
	if err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return 0, 0, 0, err
	}
	index = int(ifr.Uint32())
	if err = unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, ifr); err != nil {
		return 0, 0, 0, err
	}
	flags = ifr.Uint16()
	if err = unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, ifr); err != nil {
		return 0, 0, 0, err
	}
	return index, flags, ifr.Uint16(), nil
}
