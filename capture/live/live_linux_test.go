package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/packet"
)

// kept is a packet with bytes of its own.
type kept struct {
	capture.Packet
	data []byte
}

// arrived waits until at least n packets came in, and no more do. What was sent
// may still be on its way on a busy machine.
func arrived(t *testing.T, h *Handle, n uint64) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for before, after := (Stats{Received: 1}), (Stats{}); before != after || after.Received+after.Dropped < n && time.Now().Before(end); {
		var err error
		before = after
		time.Sleep(50 * time.Millisecond)
		if after, err = h.Stats(); err != nil {
			t.Error(err)
			return
		}
	}
}

// drain interrupts the capture when at least n packets came in, and returns all
// it has seen.
func drain(t *testing.T, h *Handle, n uint64) []kept {
	t.Helper()
	arrived(t, h, n)
	h.Interrupt()
	var all []kept
	for {
		p, err := h.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, kept{p, bytes.Clone(p.Data)})
	}
}

// next returns the next packet, or fails after a minute.
func next(t *testing.T, h *Handle) kept {
	t.Helper()
	timer := time.AfterFunc(time.Minute, func() { h.Interrupt(); h.Interrupt() })
	defer timer.Stop()
	p, err := h.Next()
	if err != nil {
		t.Fatal("no packet came:", err)
	}
	return kept{p, bytes.Clone(p.Data)}
}

func mustSend(t *testing.T, s *sender, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		if err := s.send(f); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCapturesWhatWasSent(t *testing.T) {
	near, far := pair(t, "near", "far")
	h := near.open(Options{Interfaces: []string{"near"}})
	s := far.sender("far")
	before := time.Now()
	const count = 1000
	for i := range count {
		mustSend(t, s, frame(9, numbered(i)))
	}
	after := time.Now()
	got := drain(t, h, count)
	if len(got) != count {
		t.Fatalf("%d packets of %d", len(got), count)
	}
	last, fine := int64(0), false
	for i, p := range got {
		want := frame(9, numbered(i))
		if !bytes.Equal(p.data, want) || p.OrigLen != uint32(len(want)) {
			t.Fatalf("packet %d: %x (%d on the wire), want %x", i, p.data, p.OrigLen, want)
		}
		if p.Number != uint64(i+1) || p.Link != capture.LinkEthernet || p.Direction != capture.Inbound {
			t.Fatalf("packet %d: %+v", i, p.Packet)
		}
		if p.Time < last || p.Time < before.UnixNano() || p.Time > after.UnixNano() {
			t.Fatalf("packet %d: time %d", i, p.Time)
		}
		last = p.Time
		fine = fine || p.Time%1000 != 0
	}
	if !fine {
		t.Error("no timestamp is finer than a microsecond")
	}
	if _, err := h.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("Next after the end: %v", err)
	}
	if st, err := h.Stats(); err != nil || st != (Stats{Received: count}) {
		t.Errorf("counters %+v, %v", st, err)
	}
}

func TestVLANTagsArePutBack(t *testing.T) {
	near, far := pair(t, "near", "far")
	for name, c := range map[string]struct {
		tags []byte
		ids  uint16
	}{
		"802.1Q":          {[]byte{0x81, 0, 0x20, 0x2a}, 42},
		"802.1ad":         {[]byte{0x88, 0xa8, 0, 7}, 7},
		"QinQ":            {[]byte{0x88, 0xa8, 0, 7, 0x81, 0, 0, 9}, 9},
		"priority tagged": {[]byte{0x81, 0, 0xe0, 0}, 0},
	} {
		for _, iface := range []string{"near", Any} {
			t.Run(name+" on "+iface, func(t *testing.T) {
				h := near.open(Options{Interfaces: []string{iface}})
				want := tagged(c.tags, 9, []byte("tagged"))
				mustSend(t, far.sender("far"), want)
				p := next(t, h)
				if iface == Any {
					want = append(p.data[:20:20], want[14:]...)
					if binary.BigEndian.Uint16(p.data) != binary.BigEndian.Uint16(c.tags) {
						t.Errorf("protocol %x of the cooked header, want the tag's", p.data[:2])
					}
				}
				if !bytes.Equal(p.data, want) || p.OrigLen != uint32(len(want)) {
					t.Fatalf("got %x (%d)\nwant %x", p.data, p.OrigLen, want)
				}
				var d packet.Decoded
				d.Decode(&capture.Packet{Link: p.Link, Data: p.data, OrigLen: p.OrigLen})
				if d.VLAN != c.ids || string(d.Payload) != "tagged" {
					t.Errorf("decoded: VLAN %d, payload %q", d.VLAN, d.Payload)
				}
			})
		}
	}
}

func TestSnapLength(t *testing.T) {
	near, far := pair(t, "near", "far")
	for _, iface := range []string{"near", Any} {
		for _, tag := range [][]byte{nil, {0x81, 0, 0, 5}} {
			h := near.open(Options{Interfaces: []string{iface}, SnapLen: 60})
			f := tagged(tag, 9, make([]byte, 500))
			mustSend(t, far.sender("far"), f)
			p := next(t, h)
			wire := len(f)
			if iface == Any {
				wire += 20 - 14
			}
			if len(p.data) != 60 || p.OrigLen != uint32(wire) {
				t.Errorf("%s, tag %x: %d bytes of %d, want 60 of %d", iface, tag, len(p.data), p.OrigLen, wire)
			}
		}
	}
}

func TestAny(t *testing.T) {
	near, far := pair(t, "one", "far1")
	near.link(far, "two", "far2")
	near.ip("link set lo up")
	h := near.open(Options{Interfaces: []string{"one", Any}})
	if i := h.Interfaces(); len(i) != 1 || i[0].Name != Any || i[0].Link != capture.LinkLinuxSLL2 {
		t.Errorf("interfaces %+v", i)
	}
	mustSend(t, far.sender("far1"), frame(1, []byte("first")))
	arrived(t, h, 1)
	mustSend(t, near.sender("two"), frame(2, []byte("second")))
	arrived(t, h, 2)
	ping(t, near)
	indexes := map[uint32]bool{}
	got := drain(t, h, 3)
	if len(got) != 3 {
		t.Fatalf("%d packets, want one of each interface", len(got))
	}
	for i, want := range []struct {
		payload string
		dir     capture.Direction
		pkttype byte
	}{
		{"first", capture.Inbound, unix.PACKET_OTHERHOST},
		{"second", capture.Outbound, unix.PACKET_OUTGOING},
		{"ping", capture.Inbound, unix.PACKET_HOST},
	} {
		p := got[i]
		var d packet.Decoded
		d.Decode(&capture.Packet{Link: p.Link, Data: p.data, OrigLen: p.OrigLen})
		if string(d.Payload) != want.payload || p.Direction != want.dir || p.data[10] != want.pkttype {
			t.Errorf("%q, direction %d, packet type %d, want %v", d.Payload, p.Direction, p.data[10], want)
		}
		indexes[binary.BigEndian.Uint32(p.data[4:])] = true
	}
	if len(indexes) != 3 {
		t.Errorf("interface indexes %v", indexes)
	}
	if mac := got[0].data[12:18]; !bytes.Equal(mac, macA) || got[0].data[11] != 6 {
		t.Errorf("link-layer address %x of %d bytes", mac, got[0].data[11])
	}
}

// ping sends a datagram to loopback.
func ping(t *testing.T, n *namespace) {
	t.Helper()
	n.do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		// Bound to itself, so that nobody answers that the port is closed.
		to := &unix.SockaddrInet4{Port: 4242, Addr: [4]byte{127, 0, 0, 1}}
		if err := unix.Bind(fd, to); err != nil {
			return err
		}
		return unix.Sendto(fd, []byte("ping"), 0, to)
	})
}

func TestLoopbackOnce(t *testing.T) {
	n := newNamespace(t)
	n.ip("link set lo up")
	for _, iface := range []string{"lo", Any} {
		h := n.open(Options{Interfaces: []string{iface}})
		for range 10 {
			ping(t, n)
		}
		if got := drain(t, h, 10); len(got) != 10 {
			t.Errorf("%s: %d packets of 10", iface, len(got))
		}
		if st, _ := h.Stats(); st.Received != 10 {
			t.Errorf("%s: counters %+v", iface, st)
		}
	}
}

func TestDirection(t *testing.T) {
	near, far := pair(t, "near", "far")
	for dir, want := range map[capture.Direction]string{
		capture.NoDirection: "in out ", capture.Inbound: "in ", capture.Outbound: "out ",
	} {
		h := near.open(Options{Interfaces: []string{"near"}, Direction: dir})
		mustSend(t, far.sender("far"), frame(1, []byte("in ")))
		mustSend(t, near.sender("near"), frame(1, []byte("out ")))
		var seen []string // in any order: the two come on different ways
		for range strings.Fields(want) {
			seen = append(seen, string(next(t, h).data[42:]))
		}
		for _, p := range drain(t, h, uint64(len(seen))) {
			seen = append(seen, string(p.data[42:]))
		}
		slices.Sort(seen)
		if got := strings.Join(seen, ""); got != want {
			t.Errorf("direction %d: %q, want %q", dir, got, want)
		}
	}
}

// port9 is "udp port 9" over IPv4 without options, behind a network header at off,
// whose type is at off-2 (or, in SLL2, at 0).
func port9(link capture.LinkType) ([]bpf.RawInstruction, error) {
	typ, off := uint32(12), uint32(14)
	if link == capture.LinkLinuxSLL2 {
		typ, off = 0, 20
	}
	return bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: typ, Size: 2},
		bpf.JumpIf{Val: 0x0800, SkipFalse: 4},
		bpf.LoadMemShift{Off: off},
		bpf.LoadIndirect{Off: off + 2, Size: 2},
		bpf.JumpIf{Val: 9, SkipFalse: 1},
		bpf.RetConstant{Val: 262144},
		bpf.RetConstant{Val: 0},
	})
}

// vlan5 is "vlan 5": a program that needs the tag in its place.
func vlan5(capture.LinkType) ([]bpf.RawInstruction, error) {
	return bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 12, Size: 2},
		bpf.JumpIf{Val: 0x8100, SkipFalse: 4},
		bpf.LoadAbsolute{Off: 14, Size: 2},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff},
		bpf.JumpIf{Val: 5, SkipFalse: 1},
		bpf.RetConstant{Val: 262144},
		bpf.RetConstant{Val: 0},
	})
}

// long keeps packets by their length, which the kernel counts otherwise in cooked mode.
func long(capture.LinkType) ([]bpf.RawInstruction, error) {
	return bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtLen},
		bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: 100, SkipFalse: 1},
		bpf.RetConstant{Val: 262144},
		bpf.RetConstant{Val: 0},
	})
}

func TestFilter(t *testing.T) {
	near, far := pair(t, "near", "far")
	tag5, tag6 := []byte{0x81, 0, 0, 5}, []byte{0x81, 0, 0, 6}
	for name, c := range map[string]struct {
		iface  string
		filter func(capture.LinkType) ([]bpf.RawInstruction, error)
		want   string
		kernel uint64 // packets the kernel let pass
	}{
		"port":              {"near", port9, "ac", 4},
		"port, cooked":      {Any, port9, "ac", 4},
		"vlan":              {"near", vlan5, "d", 2},
		"length":            {"near", long, "c", 3},
		"length, in cooked": {Any, long, "c", 5},
	} {
		t.Run(name, func(t *testing.T) {
			h := near.open(Options{Interfaces: []string{c.iface}, Filter: c.filter})
			s := far.sender("far")
			mustSend(t, s, frame(9, []byte("a")), frame(10, []byte("b")), frame(9, append([]byte("c"), make([]byte, 100)...)),
				tagged(tag5, 10, []byte("d")), tagged(tag6, 9, []byte("e")))
			seen := ""
			for _, p := range drain(t, h, c.kernel) {
				var d packet.Decoded
				d.Decode(&capture.Packet{Link: p.Link, Data: p.data, OrigLen: p.OrigLen})
				seen += string(d.Payload[:1])
			}
			st, err := h.Stats()
			if seen != c.want || err != nil || st.Received != c.kernel {
				t.Errorf("%q passed, want %q; the kernel passed %d (%v), want %d", seen, c.want, st.Received, err, c.kernel)
			}
		})
	}
}

func TestNothingUnfilteredBeforeOpenReturns(t *testing.T) {
	near, far := pair(t, "near", "far")
	s := far.sender("far")
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
				if err := s.send(frame(10, []byte("not asked for"))); err != nil {
					stopped <- err
					return
				}
			}
		}
	}()
	for range 10 {
		h := near.open(Options{Interfaces: []string{"near"}, Filter: port9, RingSize: 1 << 20, Latency: time.Millisecond})
		if got := drain(t, h, 0); len(got) != 0 {
			t.Fatalf("%d packets passed that the filter refuses", len(got))
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
}

// A frame that goes out with its tag in its bytes shows the tag on any, too, and
// a filter finds what is behind it.
func TestAnyOutgoingTags(t *testing.T) {
	near, _ := pair(t, "near", "far")
	behindTag := func(capture.LinkType) ([]bpf.RawInstruction, error) {
		return bpf.Assemble([]bpf.Instruction{
			bpf.LoadAbsolute{Off: 0, Size: 2},
			bpf.JumpIf{Val: 0x8100, SkipFalse: 3},
			bpf.LoadAbsolute{Off: 20 + 4 + 20, Size: 2}, // source port, after tag and IP header
			bpf.JumpIf{Val: 9, SkipFalse: 1},
			bpf.RetConstant{Val: 262144},
			bpf.RetConstant{Val: 0},
		})
	}
	h := near.open(Options{Interfaces: []string{Any}, Filter: behindTag})
	s := near.sender("near")
	tag := []byte{0x81, 0, 0, 5}
	mustSend(t, s, tagged(tag, 8, []byte("no")), tagged(tag, 9, []byte("yes")), frame(9, []byte("no")))
	got := drain(t, h, 1)
	if len(got) != 1 {
		t.Fatalf("%d packets, want 1", len(got))
	}
	want := tagged(tag, 9, []byte("yes"))
	if p := got[0]; !bytes.Equal(p.data[20:], want[14:]) || p.data[0] != 0x81 || p.OrigLen != uint32(len(want)+6) {
		t.Errorf("got %x, %d on the wire", p.data, p.OrigLen)
	}
}
