//go:build ignore

package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture/live/veth"
)

// pair is two network namespaces joined by the interfaces near and far.
type pair struct {
	near, far *veth.Namespace
	sender    *sender
}

func newPair() (_ *pair, err error) {
	p := &pair{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.near, err = veth.NewQuiet(); err != nil {
		return nil, fmt.Errorf("a network namespace: %w", err)
	}
	if p.far, err = veth.NewQuiet(); err != nil {
		return nil, fmt.Errorf("a network namespace: %w", err)
	}
	if err = p.near.Link(p.far, "near", "far"); err != nil {
		return nil, err
	}
	err = p.far.Do(func() (err error) { p.sender, err = newSender("far"); return err })
	return p, err
}

func (p *pair) close() {
	if p.sender != nil {
		unix.Close(p.sender.fd)
	}
	for _, n := range []*veth.Namespace{p.near, p.far} {
		if n != nil {
			n.Close()
		}
	}
}

// sender sends on one interface. A chain of TCP segments of one length goes to
// the kernel as a single large one, which the kernel divides before it sends it,
// as it does for its own TCP: a call for each packet would be slower than what
// is measured.
type sender struct{ fd int }

// virtioHeader is struct virtio_net_hdr of linux/virtio_net.h, in the machine's order.
type virtioHeader struct {
	flags, gsoType                          uint8
	headerLen, gsoSize, sumStart, sumOffset uint16
}

func newSender(name string) (*sender, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ifr, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr)
	}
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: int(ifr.Uint32())})
	}
	if err == nil {
		err = divideBefore(fd, name)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &sender{fd}, nil
}

// divideBefore switches off segmentation by the interface: veth would hand large
// segments over as they are.
func divideBefore(fd int, name string) error {
	const setTSO = 0x1f // ETHTOOL_STSO of linux/ethtool.h
	value := struct{ cmd, data uint32 }{setTSO, 0}
	var request struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(request.name[:], name)
	request.data = unsafe.Pointer(&value)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("ethtool: %w", errno)
	}
	return nil
}

// send sends a frame; with segment above 0, an Ethernet frame of IPv4 and TCP
// that is divided into segments with so many bytes of payload.
func (s *sender) send(frame []byte, segment int) error {
	var h virtioHeader
	if segment > 0 {
		h = virtioHeader{
			flags: unix.VIRTIO_NET_HDR_F_NEEDS_CSUM, gsoType: unix.VIRTIO_NET_HDR_GSO_TCPV4,
			headerLen: headerLen, gsoSize: uint16(segment), sumStart: tcpAt, sumOffset: 16,
		}
	}
	for {
		_, err := unix.Writev(s.fd, [][]byte{unsafe.Slice((*byte)(unsafe.Pointer(&h)), unsafe.Sizeof(h)), frame})
		if err != unix.ENOBUFS && err != unix.EINTR {
			return err
		}
	}
}
