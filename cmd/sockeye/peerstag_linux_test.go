package main

import (
	endian "encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// tagger is what a VLAN interface is, where the kernel has none: frames from a
// tap get their tags and go out on the lower interface; of frames that come in
// there the tags are taken off.
//
//	programs ─ tap ─► tags on ─► packet socket ─ lower
//	programs ─ tap ◄─ tags off ◄─ packet socket ─ lower
type tagger struct {
	tap   *os.File
	wire  *os.File // packet socket
	raw   syscall.RawConn
	lower unix.SockaddrLinklayer
	cable *cable
}

// cable is what the frames between two places have, or suffer.
type cable struct {
	tags     []tag
	unsteady bool
}

// way is one direction of a cable. An unsteady one loses a frame in 250, repeats
// one, and lets two be overtaken by the next.
type way struct {
	send func([]byte) error
	dice *rand.Rand // nil: steady
	held []byte     // was overtaken, or will be
}

func newWay(unsteady bool, seed uint64, send func([]byte) error) *way {
	w := &way{send: send}
	if unsteady {
		w.dice = rand.New(rand.NewPCG(1, seed))
	}
	return w
}

func (w *way) pass(frame []byte) error {
	if w.dice == nil || len(frame) <= 60 { // without ARP nothing works
		return w.send(frame)
	}
	frames := [][]byte{frame}
	switch w.dice.IntN(250) {
	case 0:
		frames = nil
	case 1:
		frames = append(frames, frame)
	case 2, 3:
		if w.held == nil {
			w.held = slices.Clone(frame)
			return nil
		}
	}
	if w.held != nil {
		frames, w.held = append(frames, w.held), nil
	}
	for _, f := range frames {
		if err := w.send(f); err != nil {
			return err
		}
	}
	return nil
}

const (
	macs     = 12 // bytes of the two addresses that a tag follows
	maxFrame = 1 << 16
)

// startTagger makes the tap, with the name given, and passes frames on.
func startTagger(n *namespace, lower, name string, c *cable) {
	n.t.Helper()
	g := &tagger{cable: c}
	err := n.Do(func() error { return g.open(lower, name) })
	if err != nil {
		n.t.Skip("this machine can neither make VLAN interfaces nor taps:", err)
	}
	n.t.Cleanup(func() {
		g.tap.Close()
		g.wire.Close()
	})
	n.ip("link set " + name + " up mtu 1500") // before: a tap that is down takes nothing and gives nothing
	go g.out()
	go g.in()
}

func (g *tagger) open(lower, name string) error {
	tap, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(tap, unix.TUNSETIFF, ifr); err != nil {
		unix.Close(tap)
		return err
	}
	g.tap = os.NewFile(uintptr(tap), name) // non-blocking, so that Close ends a Read
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	g.wire = os.NewFile(uintptr(fd), lower)
	if g.raw, err = g.wire.SyscallConn(); err != nil {
		return err
	}
	if ifr, err = unix.NewIfreq(lower); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return err
	}
	all := endian.BigEndian.Uint16(endian.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL))
	g.lower = unix.SockaddrLinklayer{Ifindex: int(ifr.Uint32()), Protocol: all}
	// Promiscuous, because the addresses of tap and lower differ; with room for
	// whole windows, because TCP would repair a loss, but slowly.
	return errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
		unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
			&unix.PacketMreq{Ifindex: int32(g.lower.Ifindex), Type: unix.PACKET_MR_PROMISC}),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20),
		unix.Bind(fd, &g.lower))
}

func (g *tagger) out() {
	b := make([]byte, maxFrame)
	w := newWay(g.cable.unsteady, 1, func(frame []byte) error {
		return g.raw.Write(func(fd uintptr) bool {
			err := unix.Sendto(int(fd), frame, 0, &g.lower)
			return !errors.Is(err, unix.EAGAIN)
		})
	})
	for {
		n, err := g.tap.Read(b)
		if err != nil {
			return
		}
		if n < macs {
			continue
		}
		frame := b[:macs:macs]
		for _, t := range g.cable.tags {
			frame = endian.BigEndian.AppendUint16(frame, t.protocol)
			frame = endian.BigEndian.AppendUint16(frame, t.id)
		}
		if w.pass(append(frame, b[macs:n]...)) != nil {
			return
		}
	}
}

func (g *tagger) in() {
	b, oob := make([]byte, maxFrame), make([]byte, 256)
	w := newWay(g.cable.unsteady, 2, func(frame []byte) error {
		_, err := g.tap.Write(frame)
		return err
	})
	for {
		var n, oobn int
		var from unix.Sockaddr
		err := g.raw.Read(func(fd uintptr) bool {
			var err error
			n, oobn, _, from, err = unix.Recvmsg(int(fd), b, oob, 0)
			return !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
		})
		if err != nil {
			return
		}
		if a, ok := from.(*unix.SockaddrLinklayer); !ok || a.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		rest, ok := g.untag(b[:n], oob[:oobn])
		if !ok {
			continue // of another VLAN
		}
		if w.pass(rest) != nil {
			return
		}
	}
}

// untag takes the tags off: the kernel has put the outermost into the control
// message already.
func (g *tagger) untag(frame, oob []byte) ([]byte, bool) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(messages) != 1 || len(messages[0].Data) < 20 {
		return nil, false
	}
	aux := messages[0].Data // struct tpacket_auxdata
	outer := tag{endian.NativeEndian.Uint16(aux[18:]), endian.NativeEndian.Uint16(aux[16:]) & 0xfff}
	if endian.NativeEndian.Uint32(aux)&unix.TP_STATUS_VLAN_VALID == 0 || outer != g.cable.tags[0] {
		return nil, false
	}
	for _, t := range g.cable.tags[1:] {
		if len(frame) < macs+4 || (tag{endian.BigEndian.Uint16(frame[macs:]), endian.BigEndian.Uint16(frame[macs+2:]) & 0xfff}) != t {
			return nil, false
		}
		frame = slices.Delete(frame, macs, macs+4)
	}
	return frame, true
}
