package live

import (
	"errors"
	"fmt"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture"
)

// Open starts a capture. Its sockets belong to the network namespace of the
// calling goroutine's thread; no other thread is used. Packets from before Open
// returns are delivered too, none of them unfiltered.
//
// The error is an *Error, or what Options.Filter returned.
func Open(o Options) (*Handle, error) {
	o.setDefaults()
	names := o.names()
	if len(names) == 0 {
		return nil, &Error{Kind: NoInterface, Text: "no interface named", Remedy: "sockeye interfaces lists them; any is all of them"}
	}
	h := &Handle{o: o, wake: -1}
	for _, name := range names {
		r, err := openRing(name, &h.o)
		if err != nil {
			h.Close()
			return nil, err
		}
		h.rings = append(h.rings, r)
		h.stats = append(h.stats, Stats{})
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		h.Close()
		return nil, &Error{Kind: Failed, Text: "eventfd", Err: err}
	}
	h.wake = wake
	// Only now, with nothing left that may fail, does the kernel begin to fill rings.
	for _, r := range h.rings {
		if err := r.bind(); err != nil {
			h.Close()
			return nil, err
		}
	}
	return h, nil
}

// openRing makes a socket with its ring and filter. It was made for no protocol,
// so nothing can arrive before bind: the queue needs no draining.
func openRing(name string, o *Options) (*ring, error) {
	r := &ring{name: name, fd: -1, snap: o.SnapLen}
	in := filterInput{any: name == Any, direction: o.Direction, snap: o.SnapLen}
	var err error
	if in.any {
		r.cooked, r.link = true, capture.LinkLinuxSLL2
		in.loopback, err = loopbackIndex()
	} else {
		in.loopback, err = r.look()
	}
	if err != nil {
		return nil, err
	}
	if r.fd, err = packetSocket(); err != nil {
		return nil, err
	}
	in.cooked = r.cooked
	if err := r.attach(o, in); err != nil {
		r.close()
		return nil, err
	}
	if err := r.mapRing(o); err != nil {
		r.close()
		return nil, err
	}
	if o.Promiscuous && r.ifindex != 0 {
		if err := r.promiscuous(); err != nil {
			r.close()
			return nil, err
		}
	}
	return r, nil
}

// look finds out what the named interface is; it returns its index if it is a
// loopback interface, otherwise 0.
func (r *ring) look() (loopback int, err error) {
	info, err := findInterface(r.name)
	if err != nil {
		return 0, err
	}
	r.ifindex, r.hatype = info.Index, info.hatype
	r.link, r.cooked = linkOf(info.hatype)
	if !info.Up {
		r.state = Down
	}
	if info.Loopback {
		loopback = info.Index
	}
	return loopback, nil
}

// attach divides the user's filter and gives the kernel its part.
func (r *ring) attach(o *Options, in filterInput) error {
	var user []bpf.RawInstruction
	if o.Filter != nil {
		var err error
		if user, err = o.Filter(r.link); err != nil {
			return err
		}
	}
	p, err := planFilter(user, in)
	if err != nil {
		return err
	}
	r.vm, r.soft = p.vm, p.soft
	if err := attachProgram(r.fd, p.kernel); err != nil {
		return &Error{Kind: Failed, Interface: r.name, Text: "the kernel refuses the filter", Err: err}
	}
	return nil
}

func attachProgram(fd int, prog []bpf.RawInstruction) error {
	raw := make([]unix.SockFilter, len(prog))
	for n, i := range prog {
		raw[n] = unix.SockFilter{Code: i.Op, Jt: i.Jt, Jf: i.Jf, K: i.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(raw)), Filter: &raw[0]})
}

func (r *ring) mapRing(o *Options) error {
	blocks := max((o.RingSize+blockSize-1)/blockSize, 2)
	fail := func(what string, err error) error {
		e := &Error{Kind: Failed, Interface: r.name, Text: what, Err: err}
		if errors.Is(err, unix.ENOMEM) {
			e.Remedy = "a smaller ring may fit"
		}
		return e
	}
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fail("the kernel has no TPACKET_V3 (Linux 3.2)", err)
	}
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_RESERVE, headroom); err != nil {
		return fail("PACKET_RESERVE", err)
	}
	req := unix.TpacketReq3{
		Block_size: blockSize,
		Block_nr:   uint32(blocks),
		// TPACKET_V3 packs packets of any size; the frame size only has to divide.
		Frame_size:     blockSize,
		Frame_nr:       uint32(blocks),
		Retire_blk_tov: uint32(o.Latency.Milliseconds()),
	}
	if err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fail(fmt.Sprintf("a ring of %d bytes", blocks*blockSize), err)
	}
	mem, err := unix.Mmap(r.fd, 0, blocks*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fail("mapping the ring", err)
	}
	r.mem = mem
	return nil
}

// promiscuous needs no right of its own. The kernel undoes it when the socket closes.
func (r *ring) promiscuous() error {
	err := unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
		&unix.PacketMreq{Ifindex: int32(r.ifindex), Type: unix.PACKET_MR_PROMISC})
	if err != nil {
		return &Error{Kind: Failed, Interface: r.name, Text: "promiscuous mode", Err: err}
	}
	return nil
}

// bind lets packets in. It needs no right of its own: an interface that comes
// back is bound to again after all rights were given up.
func (r *ring) bind() error {
	err := unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: r.ifindex})
	if errors.Is(err, unix.ENODEV) {
		return noInterface(r.name, err)
	}
	if err != nil && !errors.Is(err, unix.ENETDOWN) {
		return &Error{Kind: Failed, Interface: r.name, Text: "bind", Err: err}
	}
	return nil
}
