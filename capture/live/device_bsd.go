//go:build darwin || freebsd

package live

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture"
)

// maxDevices is how many /dev/bpfN are tried where the system does not clone /dev/bpf.
const maxDevices = 256

// device is a BPF device, bpf(4). A read returns many packets, each behind a
// header and padded.
type device struct {
	fd   int
	buf  []byte
	data []byte // what is left of the last read
}

// MayCapture returns nil if this process may capture, otherwise the *Error that
// Open would return. It opens a BPF device and closes it again.
func MayCapture() error {
	fd, err := openBPF()
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func openBPF() (int, error) {
	const flags = unix.O_RDWR | unix.O_CLOEXEC
	fd, err := unix.Open("/dev/bpf", flags, 0)
	if errors.Is(err, unix.ENOENT) {
		err = unix.EBUSY
	}
	for i := 0; i < maxDevices && errors.Is(err, unix.EBUSY); i++ {
		fd, err = unix.Open(fmt.Sprintf("/dev/bpf%d", i), flags, 0)
	}
	switch {
	case err == nil:
		return fd, nil
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return -1, &Error{Kind: Permission, Text: "this user may not capture", Err: err, Remedy: bpfRemedy()}
	}
	return -1, &Error{Kind: Failed, Text: "opening a BPF device", Err: err}
}

func bpfRemedy() string {
	if runtime.GOOS == "darwin" {
		return "run it with sudo, or: sudo chown $USER /dev/bpf* (until the next start)"
	}
	return "run it with sudo, or give your group the right: sudo chmod 660 /dev/bpf (until the next start)"
}

func openDevice(name string, o *Options) (*device, capture.LinkType, error) {
	fd, err := openBPF()
	if err != nil {
		return nil, 0, err
	}
	d := &device{fd: fd}
	link, err := d.attach(name, o)
	if err != nil {
		d.close()
		return nil, 0, err
	}
	return d, link, nil
}

// attach sets the device up. Until its interface's link type is known, a program
// that refuses everything stands in for the filter; setting a program empties the
// buffers.
func (d *device) attach(name string, o *Options) (capture.LinkType, error) {
	fail := func(what string, err error) error {
		return &Error{Kind: Failed, Interface: name, Text: what, Err: err}
	}
	size := o.RingSize
	for { // the system allows what it allows
		got, err := syscall.SetBpfBuflen(d.fd, size)
		if err == nil {
			d.buf = make([]byte, got)
			break
		}
		if size /= 2; size < 4096 {
			return 0, fail("buffer", err)
		}
	}
	if err := d.set([]bpf.RawInstruction{{Op: 0x06}}); err != nil {
		return 0, fail("filter", err)
	}
	if err := syscall.SetBpfInterface(d.fd, name); errors.Is(err, unix.ENXIO) {
		return 0, noInterface(name, err)
	} else if err != nil {
		return 0, fail("attaching", err)
	}
	dlt, err := syscall.BpfDatalink(d.fd)
	if err != nil {
		return 0, fail("link type", err)
	}
	link := capture.LinkType(dlt)
	if link == capture.LinkRawBSD {
		link = capture.LinkRaw
	}
	if err := d.options(o); err != nil {
		return 0, fail("options", err)
	}
	prog, err := o.program(link)
	if err != nil {
		return 0, err
	}
	if err := d.set(prog); err != nil {
		return 0, fail("the system refuses the filter", err)
	}
	return link, nil
}

func (d *device) options(o *Options) error {
	switch o.Direction {
	case capture.Outbound:
		return errors.New("packets that go out cannot be told apart here")
	case capture.Inbound:
		if err := unix.IoctlSetPointerInt(d.fd, unix.BIOCSSEESENT, 0); err != nil {
			return err
		}
	}
	timeout := syscall.NsecToTimeval(o.Latency.Nanoseconds())
	if err := syscall.SetBpfTimeout(d.fd, &timeout); err != nil {
		return err
	}
	if o.Promiscuous {
		return syscall.SetBpfPromisc(d.fd, 1)
	}
	return nil
}

func (d *device) set(prog []bpf.RawInstruction) error {
	raw := make([]syscall.BpfInsn, len(prog))
	for n, i := range prog {
		raw[n] = syscall.BpfInsn{Code: i.Op, Jt: i.Jt, Jf: i.Jf, K: i.K}
	}
	return syscall.SetBpf(d.fd, raw)
}

// fill reads what there is; the read ends after Options.Latency in any case.
func (d *device) fill() error {
	n, err := unix.Read(d.fd, d.buf)
	if err != nil && !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
		return &Error{Kind: Failed, Text: "reading the BPF device", Err: err}
	}
	d.data = d.buf[:max(n, 0)]
	return nil
}

func (d *device) take(p *capture.Packet) bool {
	var h unix.BpfHdr
	size := int(unsafe.Offsetof(h.Hdrlen) + unsafe.Sizeof(h.Hdrlen))
	if len(d.data) < size {
		return false
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&h)), size), d.data)
	start, end := int(h.Hdrlen), int(h.Hdrlen)+int(h.Caplen)
	if start < size || end > len(d.data) {
		d.data = nil // not what bpf(4) promises
		return false
	}
	p.Data = d.data[start:end:end]
	p.OrigLen = max(h.Datalen, h.Caplen)
	p.Time = int64(h.Tstamp.Sec)*1e9 + int64(h.Tstamp.Usec)*1e3
	d.data = d.data[min((end+bpfAlign-1)&^(bpfAlign-1), len(d.data)):]
	return true
}

func (d *device) stats() (Stats, error) {
	s, err := syscall.BpfStats(d.fd)
	if err != nil {
		return Stats{}, &Error{Kind: Failed, Text: "reading the counters", Err: err}
	}
	// bpf(4): packets received, the dropped ones included, since the last reset.
	return Stats{Received: uint64(s.Recv - min(s.Drop, s.Recv)), Dropped: uint64(s.Drop)}, nil
}

func (d *device) close() error { return unix.Close(d.fd) }

// Interfaces returns the interfaces of this system, without counters. It needs no
// rights. Link is what interfaces of their kind have.
func Interfaces() ([]InterfaceInfo, error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, &Error{Kind: Failed, Text: "listing the interfaces", Err: err}
	}
	var infos []InterfaceInfo
	for _, i := range list {
		info := InterfaceInfo{Name: i.Name, Index: i.Index, MTU: i.MTU, MAC: i.HardwareAddr.String(), Link: capture.LinkEthernet,
			Up: i.Flags&net.FlagUp != 0, Running: i.Flags&net.FlagRunning != 0, Loopback: i.Flags&net.FlagLoopback != 0}
		if info.Loopback || i.Flags&net.FlagPointToPoint != 0 {
			info.Link = capture.LinkNull
		}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, &Error{Kind: Failed, Interface: i.Name, Text: "listing the addresses", Err: err}
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				info.Addrs = append(info.Addrs, p)
			}
		}
		infos = append(infos, info)
	}
	return infos, nil
}
