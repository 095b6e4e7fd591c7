package live

import (
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture"
)

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

// flood sends count frames whose payload is their number, as fast as they go.
func (s *sender) flood(count, size int) error {
	if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		return err
	}
	const batch = 64
	frames, msgs, iovs := make([][]byte, batch), make([]mmsghdr, batch), make([]unix.Iovec, batch)
	for i := range frames {
		frames[i] = frame(9, make([]byte, max(size-42, 8)))
		iovs[i] = unix.Iovec{Base: &frames[i][0]}
		iovs[i].SetLen(len(frames[i]))
		msgs[i].hdr.Iov = &iovs[i]
		msgs[i].hdr.SetIovlen(1)
	}
	for sent := 0; sent < count; {
		n := min(batch, count-sent)
		for i := range n {
			binary.BigEndian.PutUint64(frames[i][42:], uint64(sent+i))
		}
		done, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&msgs[0])), uintptr(n), 0, 0, 0)
		if errno != 0 {
			if errno == unix.ENOBUFS || errno == unix.EINTR {
				time.Sleep(100 * time.Microsecond)
				continue
			}
			return errno
		}
		sent += int(done)
	}
	runtime.KeepAlive(frames)
	return nil
}

func cpu() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A million packets: the counters account for each of them, each one delivered is
// whole and in order, and as many are delivered as the counters say.
func TestFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("a million packets take seconds: left out with -short")
	}
	near, far := pair(t, "near", "far")
	const count = 1_000_000
	h := near.open(Options{Interfaces: []string{"near"}})
	s := far.sender("far")
	start := time.Now()
	var elapsed time.Duration
	sent := make(chan error, 1)
	go func() {
		sent <- s.flood(count, 64)
		elapsed = time.Since(start)
		arrived(t, h, count)
		h.Interrupt()
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, got, last := cpu(), 0, -1
	for {
		p, err := h.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n := int(binary.BigEndian.Uint64(p.Data[42:]))
		if n <= last {
			t.Fatalf("packet %d after %d", n, last)
		}
		last = n
		got++
	}
	used := cpu() - before
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	st, err := h.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if st.Received+st.Dropped != count || uint64(got) != st.Received {
		t.Errorf("%d delivered, counters %+v, %d sent", got, st, count)
	}
	t.Logf("%.0f packets/s, %d dropped, %v of the reader's CPU a million", count/elapsed.Seconds(), st.Dropped, used)
}

// A consumer that sleeps loses packets, and knows how many.
func TestSlowConsumer(t *testing.T) {
	near, far := pair(t, "near", "far")
	const count = 50_000
	h := near.open(Options{Interfaces: []string{"near"}, RingSize: 1 << 20})
	s := far.sender("far")
	if err := s.flood(count, 200); err != nil {
		t.Fatal(err)
	}
	got := len(drain(t, h, count))
	st, err := h.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if st.Dropped == 0 || st.Freezes == 0 || st.Received+st.Dropped != count || uint64(got) != st.Received {
		t.Errorf("%d delivered, counters %+v, %d sent", got, st, count)
	}
	if again, err := h.Stats(); err != nil || again != st {
		t.Errorf("counters %+v, then %+v, %v", st, again, err)
	}
}

func TestOffloadedSegment(t *testing.T) {
	n := newNamespace(t)
	n.ip("link set lo up")
	h := n.open(Options{Interfaces: []string{"lo"}})
	const size = 65000
	n.do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		to := &unix.SockaddrInet4{Port: 4242, Addr: [4]byte{127, 0, 0, 1}}
		if err := unix.Bind(fd, to); err != nil {
			return err
		}
		for range 20 {
			if err := unix.Sendto(fd, make([]byte, size), 0, to); err != nil {
				return err
			}
		}
		return nil
	})
	got := drain(t, h, 20)
	if len(got) != 20 {
		t.Fatalf("%d packets of 20", len(got))
	}
	for _, p := range got {
		if len(p.data) != size+42 || p.OrigLen != size+42 {
			t.Fatalf("%d bytes of %d", len(p.data), p.OrigLen)
		}
	}
}

func TestSeveralInterfacesInOrder(t *testing.T) {
	near, far := pair(t, "one", "far1")
	near.link(far, "two", "far2")
	h := near.open(Options{Interfaces: []string{"one", "two", "one"}})
	if i := h.Interfaces(); len(i) != 2 || i[0].Name != "one" || i[1].Name != "two" {
		t.Fatalf("interfaces %+v", i)
	}
	s := []*sender{far.sender("far1"), far.sender("far2")}
	const count = 400
	go func() {
		defer h.Interrupt()
		runtime.LockOSThread() // to one processor: packets on two may come to the rings in another order
		var one unix.CPUSet
		if err := unix.SchedGetaffinity(0, &one); err != nil {
			t.Error(err)
			return
		}
		for n := 0; one.Count() > 1; n++ {
			one.Clear(n)
		}
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			t.Error(err)
			return
		}
		for i := range count {
			// Runs on one interface, with pauses about as long as a block stays open.
			if err := s[i/7%2].send(frame(9, numbered(i))); err != nil {
				return
			}
			if i%40 == 0 {
				time.Sleep(30 * time.Millisecond)
			}
		}
	}()
	for i := range count {
		p, err := h.Next()
		if err != nil {
			t.Fatal(i, err)
		}
		if string(p.Data[42:]) != string(numbered(i)) || p.Interface != uint32(i/7%2) {
			t.Fatalf("packet %d: %q of interface %d", i, p.Data[42:], p.Interface)
		}
	}
	if _, err := h.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// changes collects what a handle says of its interfaces.
type changes struct {
	mu   sync.Mutex
	list []string
}

func (c *changes) add(ch Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, ch.Interface+" "+ch.State.String())
}

func (c *changes) await(t *testing.T, want string) {
	t.Helper()
	var have string
	for range 6000 {
		c.mu.Lock()
		have = strings.Join(c.list, ", ")
		c.mu.Unlock()
		if have == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("changes: %s; want %s", have, want)
}

func TestInterfaceGoesDownAndComesBack(t *testing.T) {
	near, far := pair(t, "near", "far")
	var c changes
	h := near.open(Options{Interfaces: []string{"near"}, Changed: c.add, Promiscuous: true})
	payloads, ended := make(chan string, 10), make(chan error, 1)
	go func() {
		for {
			p, err := h.Next()
			if err != nil {
				ended <- err
				return
			}
			payloads <- string(p.Data[42:])
		}
	}()
	expect := func(payload string) {
		t.Helper()
		mustSend(t, far.sender("far"), frame(9, []byte(payload)))
		select {
		case got := <-payloads:
			if got != payload {
				t.Fatalf("got %q, want %q", got, payload)
			}
		case err := <-ended:
			t.Fatal("the capture ended:", err)
		case <-time.After(time.Minute):
			t.Fatalf("%q did not come", payload)
		}
	}
	expect("before")
	near.ip("link set near down")
	c.await(t, "near down")
	near.ip("link set near up")
	c.await(t, "near down, near up")
	expect("switched on again")

	near.ip("link del near")
	c.await(t, "near down, near up, near down, near gone")
	near.link(far, "near", "far")
	c.await(t, "near down, near up, near down, near gone, near up")
	expect("made anew")

	h.Interrupt()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestInterruptEndsAWait(t *testing.T) {
	n := newNamespace(t)
	n.ip("link set lo up")
	waiting := make(chan struct{}, 100)
	h := n.open(Options{Interfaces: []string{"lo"}, Wait: func(block func()) { waiting <- struct{}{}; block() }})
	ended := make(chan error)
	go func() { _, err := h.Next(); ended <- err }()
	<-waiting
	h.Interrupt()
	select {
	case err := <-ended:
		if !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Next hangs")
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	h.Interrupt() // harmless
	if _, err := h.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("Next after Close: %v", err)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	n := newNamespace(t)
	n.ip("link set lo up")
	n.do(func() error {
		_, err := Open(Options{Interfaces: []string{"nope0"}})
		var e *Error
		if !errors.As(err, &e) || e.Kind != NoInterface || !strings.Contains(err.Error(), "there are lo") {
			t.Errorf("no such interface: %v", err)
		}
		if _, err = Open(Options{}); !errors.As(err, &e) || e.Kind != NoInterface {
			t.Errorf("no interface: %v", err)
		}
		return MayCapture()
	})
	// A thread without the capability stands for a user without it.
	n.do(func() error {
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&head, &none[0]); err != nil {
			return err
		}
		var e *Error
		if err := MayCapture(); !errors.As(err, &e) || e.Kind != Permission || e.Remedy == "" || !errors.Is(err, unix.EPERM) {
			t.Errorf("without CAP_NET_RAW: %v", err)
		}
		return nil
	})
}

func TestInterfaces(t *testing.T) {
	near, far := pair(t, "near", "far")
	near.ip("addr add 10.9.0.1/24 dev near")
	mustSend(t, far.sender("far"), frame(9, []byte("counted")))
	var infos []InterfaceInfo
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // until it has arrived
		near.do(func() (err error) { infos, err = Interfaces(); return err })
		if len(infos) != 2 || infos[1].RxPackets > 0 || time.Now().After(end) {
			break
		}
	}
	if len(infos) != 2 || infos[0].Name != "lo" || !infos[0].Loopback || infos[0].Up || infos[0].Link != capture.LinkEthernet {
		t.Fatalf("%+v", infos)
	}
	i := infos[1]
	if i.Name != "near" || !i.Up || !i.Running || i.MTU != 1500 || len(i.MAC) != 17 ||
		len(i.Addrs) != 1 || i.Addrs[0].String() != "10.9.0.1/24" || !i.Counted || i.RxPackets != 1 || i.RxBytes == 0 {
		t.Errorf("%+v", i)
	}
}
