package live

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture/live/veth"
)

// namespace is a network namespace that ends with the test.
type namespace struct {
	*veth.Namespace
	t *testing.T
}

func newNamespace(t *testing.T) *namespace {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make a network namespace")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs ip (Debian package iproute2):", err)
	}
	n, err := veth.NewQuiet()
	if err != nil {
		t.Skip("this root may not make network namespaces:", err)
	}
	t.Cleanup(n.Close)
	return &namespace{n, t}
}

// do runs f on the namespace's thread and waits for it.
func (n *namespace) do(f func() error) {
	n.t.Helper()
	if err := n.Do(f); err != nil {
		n.t.Fatal(err)
	}
}

// ip runs ip(8) in the namespace.
func (n *namespace) ip(args string) {
	n.t.Helper()
	if err := n.IP(args); err != nil {
		n.t.Fatal(err)
	}
}

// pair makes two namespaces joined by a pair of interfaces, here in the first and
// there in the second.
func pair(t *testing.T, here, there string) (near, far *namespace) {
	t.Helper()
	near, far = newNamespace(t), newNamespace(t)
	near.link(far, here, there)
	return near, far
}

func (n *namespace) link(far *namespace, here, there string) {
	n.t.Helper()
	if err := n.Link(far.Namespace, here, there); err != nil {
		n.t.Fatal(err)
	}
}

// open opens a capture in the namespace; it is closed at the end of the test.
func (n *namespace) open(o Options) *Handle {
	n.t.Helper()
	var h *Handle
	n.do(func() (err error) {
		h, err = Open(o)
		return err
	})
	n.t.Cleanup(func() {
		if err := h.Close(); err != nil {
			n.t.Error(err)
		}
	})
	return h
}

// sender sends whole frames on one interface.
type sender struct{ fd, ifindex int }

func (n *namespace) sender(name string) *sender {
	n.t.Helper()
	s := &sender{fd: -1}
	n.do(func() (err error) {
		if s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		s.ifindex, _, _, err = lookInterface(s.fd, name)
		if err != nil {
			return err
		}
		return unix.Bind(s.fd, &unix.SockaddrLinklayer{Ifindex: s.ifindex})
	})
	n.t.Cleanup(func() { unix.Close(s.fd) })
	return s
}

func (s *sender) send(frame []byte) error {
	for {
		_, err := unix.Write(s.fd, frame)
		if err != unix.ENOBUFS && err != unix.EINTR {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

var (
	macA = []byte{2, 0, 0, 0, 0, 0xa}
	macB = []byte{2, 0, 0, 0, 0, 0xb}
)

// frame makes an Ethernet frame of UDP over IPv4 with the given payload.
func frame(port uint16, payload []byte) []byte {
	return tagged(nil, port, payload)
}

// tagged puts the bytes of VLAN tags between the addresses and the type.
func tagged(tags []byte, port uint16, payload []byte) []byte {
	b := bytes.Join([][]byte{macB, macA, tags, {8, 0}}, nil)
	total := 28 + len(payload)
	b = append(b, 0x45, 0, byte(total>>8), byte(total), 0, 1, 0x40, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2)
	b = append(b, byte(port>>8), byte(port), byte(port>>8), byte(port), byte((total-20)>>8), byte(total-20), 0, 0)
	return append(b, payload...)
}

func numbered(i int) []byte { return []byte("packet " + strconv.Itoa(i)) }
