package main

import (
	endian "encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture/live/veth"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// wire is two network namespaces: the program captures on near, and the test
// sends from far.
type wire struct {
	t         *testing.T
	near, far *veth.Namespace
	fd        int // sends from far
	sent      int
}

func newWire(t *testing.T) *wire {
	t.Helper()
	needsCapture(t)
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs ip (Debian package iproute2):", err)
	}
	w := &wire{t: t, fd: -1}
	for _, n := range []**veth.Namespace{&w.near, &w.far} {
		var err error
		if *n, err = veth.NewQuiet(); err != nil {
			t.Skip("this root may not make network namespaces:", err)
		}
		t.Cleanup((*n).Close)
	}
	w.link()
	t.Cleanup(func() { unix.Close(w.fd) })
	return w
}

// link makes the pair of interfaces, also anew.
func (w *wire) link() {
	w.t.Helper()
	w.must(w.near.Link(w.far, "near", "far"))
	w.must(w.far.Do(func() (err error) {
		unix.Close(w.fd)
		if w.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		i, err := net.InterfaceByName("far")
		if err != nil {
			return err
		}
		return unix.Bind(w.fd, &unix.SockaddrLinklayer{Ifindex: i.Index})
	}))
}

func (w *wire) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// send sends datagrams of size bytes, which hold their number, from 0.
func (w *wire) send(count, size int) {
	w.t.Helper()
	frame := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}
	total := 28 + size
	frame = append(frame, 0x45, 0, byte(total>>8), byte(total), 0, 1, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	frame = append(frame, 0, 9, 0, 9, byte((total-20)>>8), byte(total-20), 0, 0)
	at := len(frame)
	frame = append(frame, make([]byte, size)...)
	for range count {
		endian.BigEndian.PutUint64(frame[at:], uint64(w.sent))
		for {
			_, err := unix.Write(w.fd, frame)
			if err == nil {
				break
			}
			if err != unix.ENOBUFS && err != unix.EINTR {
				w.t.Fatal(err)
			}
		}
		w.sent++
	}
}

// start starts the program on near.
func (w *wire) start(args ...string) (r *running) {
	w.t.Helper()
	w.must(w.near.Do(func() error { r = startLive(w.t, args...); return nil }))
	return r
}

// numbers are those of the datagrams in a file.
func numbers(t *testing.T, file string) (l []int, stats []pcapfile.Statistics) {
	t.Helper()
	r, err := pcapfile.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		p, err := r.Next()
		if err != nil {
			return l, append(stats, r.Stats()...)
		}
		l = append(l, int(endian.BigEndian.Uint64(p.Data[42:])))
	}
}

// savedNumbers returns the packets of a file that is perhaps still being written.
func savedNumbers(file string) (l []int) {
	r, err := pcapfile.Open(file)
	if err != nil {
		return nil
	}
	defer r.Close()
	for {
		p, err := r.Next()
		if err != nil {
			return l
		}
		l = append(l, int(endian.BigEndian.Uint64(p.Data[42:])))
	}
}

// drained waits until what was sent was read from the ring and saved in a folder,
// or lost: until a packet that is sent now is saved.
func (w *wire) drained(dir string) {
	w.t.Helper()
	await(w.t, "the ring is empty", func() bool {
		w.send(1, 1000)
		for range 50 {
			files, _ := filepath.Glob(filepath.Join(dir, "r_*.pcapng"))
			for _, file := range files[max(len(files)-2, 0):] {
				if l := savedNumbers(file); len(l) > 0 && l[len(l)-1] == w.sent-1 {
					return true
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
		return false
	})
}

// TestInterfaceLost: an interface that is switched off or removed does not end a
// capture, and what comes after it is captured too.
func TestInterfaceLost(t *testing.T) {
	w := newWire(t)
	for _, command := range []string{"capture", "stats"} {
		t.Run(command, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.pcapng")
			p := w.start(command, "-i", "near", "-w", file)
			says := func(what string) {
				t.Helper()
				line, err := p.errs.ReadString('\n')
				p.said.WriteString(line)
				if err != nil || line != "note: near is "+what+"\n" {
					t.Fatalf("%v: it says %q, not that near is %s", err, line, what)
				}
			}
			saved := func(n int) {
				t.Helper()
				await(t, fmt.Sprint(n, " packets are in the file"), func() bool { return len(savedNumbers(file)) >= n })
			}
			w.sent = 0
			w.send(10, 100)
			saved(10)
			w.must(w.near.IP("link set near down"))
			says("down")
			w.must(w.near.IP("link set near up"))
			says("up")
			w.send(10, 100)
			saved(20) // removal loses what was not handed over
			w.must(w.near.IP("link del near"))
			says("down")
			says("gone")
			w.link()
			says("up")
			w.send(10, 100)
			saved(30)
			p.Process.Signal(syscall.SIGTERM)
			p.end(t).want(t, exitInterrupted)
			got, stats := numbers(t, file)
			if fmt.Sprint(got) != fmt.Sprint(count(30)) {
				t.Errorf("captured %v", got)
			}
			if len(stats) != 1 || stats[0].Received != 30 || stats[0].OSDropped != 0 {
				t.Errorf("statistics %+v", stats)
			}
		})
	}
}

func count(n int) (l []int) {
	for i := range n {
		l = append(l, i)
	}
	return l
}

// TestKilledWhileWriting: kill -9 in the middle of a flood leaves a file that
// opens, here and in tshark, and lacks nothing but its end.
func TestKilledWhileWriting(t *testing.T) {
	w := newWire(t)
	for _, c := range []struct{ command, suffix string }{{"capture", ""}, {"stats", ""}, {"capture", ".gz"}, {"capture", ".zst"}} {
		t.Run(c.command+c.suffix, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.pcapng"+c.suffix)
			p := w.start(c.command, "-i", "near", "-w", file, "--ring", "64M")
			w.sent = 0
			w.send(5000, 500)
			early := w.sent
			await(t, "the first packets are in the file, while more come", func() bool {
				w.send(200, 500)
				return len(savedNumbers(file)) >= early
			})
			p.Process.Kill()
			p.end(t)
			got, _ := numbers(t, file)
			if len(got) < early || fmt.Sprint(got) != fmt.Sprint(count(len(got))) {
				t.Errorf("%d packets were saved of %d, of which %d had been saved", len(got), w.sent, early)
			}
			r := sockeye(t, "stats", "--json", file)
			if r.code != exitDone && r.code != exitInput { // cut short inside a block
				t.Errorf("exit code %d: %s", r.code, r.stderr)
			}
			if n := lastObject(t, r.stdout)["packets"].(float64); int(n) != len(got) {
				t.Errorf("%v packets, not %d", n, len(got))
			}
			if _, err := exec.LookPath("tshark"); err != nil || c.suffix == ".zst" { // not every tshark reads zstd
				return
			}
			out, err := exec.Command("tshark", "-r", file, "-T", "fields", "-e", "frame.number").CombinedOutput()
			if err != nil && !strings.Contains(string(out), "cut short") {
				t.Errorf("tshark: %v: %s", err, out)
			}
			if n := strings.Count(string(out), "\n"); n < len(got) {
				t.Errorf("tshark reads %d packets, not %d", n, len(got))
			}
		})
	}
}

// TestRotatedStatistics: each file of a ring says what was received and lost
// while it was written, and the counts add up to what was sent.
func TestRotatedStatistics(t *testing.T) {
	w := newWire(t)
	dir := openDir(t)
	w.must(os.Chmod(dir, 0o777))
	w.must(w.near.IP("link set lo up"))
	p := w.start("capture", "-i", "near,lo", "-w", filepath.Join(dir, "r.pcapng"), "--rotate", "1M", "--ring", "1M")
	// While it is stopped, the ring overflows.
	for range 4 {
		p.Process.Signal(syscall.SIGSTOP)
		w.send(3000, 1000)
		p.Process.Signal(syscall.SIGCONT)
		w.drained(dir)
		w.send(300, 1000)
		w.drained(dir)
	}
	p.Process.Signal(syscall.SIGINT)
	p.end(t)
	files, err := filepath.Glob(filepath.Join(dir, "r_*.pcapng"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%v: files %v", err, files)
	}
	saved, received, dropped, lossy := 0, 0, 0, 0
	var end int64
	for _, file := range files {
		got, stats := numbers(t, file)
		saved += len(got)
		if len(stats) != 2 || stats[0].Interface != 0 || stats[1].Interface != 1 || stats[1].Received != 0 || stats[1].OSDropped != 0 {
			t.Fatalf("%s: statistics %+v", file, stats)
		}
		if s := stats[0]; s.Start == 0 || s.End <= s.Start || end != 0 && s.Start != end {
			t.Errorf("%s: statistics from %d to %d, the file before until %d", file, s.Start, s.End, end)
		}
		end = stats[0].End
		received += int(stats[0].Received)
		dropped += int(stats[0].OSDropped)
		if stats[0].OSDropped > 0 {
			lossy++
		}
	}
	if received != w.sent || saved+dropped != w.sent || dropped == 0 || lossy < 2 || lossy == len(files) && lossy > 8 {
		t.Errorf("%d sent: %d received, %d saved, %d dropped, in %d of %d files", w.sent, received, saved, dropped, lossy, len(files))
	}
	// Read together, they say how much was lost.
	r := sockeye(t, append([]string{"conns", "--json"}, files...)...)
	r.want(t, exitDone)
	if n := lastObject(t, r.stdout)["dropped"].(float64); int(n) != dropped {
		t.Errorf("%v dropped, not %d", n, dropped)
	}
}

// TestSaveFailsAtOnce: a disk that is full while nothing more arrives, and one
// that fills in the flood, end a live command at once and not at its end.
func TestSaveFailsAtOnce(t *testing.T) {
	w := newWire(t)
	dir := smallDisk(t, "64k")
	for _, c := range []struct {
		command string
		packets int
	}{{"capture", 100}, {"stats", 100}, {"messages", 20_000}} {
		t.Run(c.command, func(t *testing.T) {
			file := filepath.Join(dir, "x.pcapng")
			p := w.start(c.command, "-i", "near", "-w", file, "--duration", "4m")
			begun := time.Now()
			w.sent = 0
			w.send(c.packets, 1000)
			r := p.end(t)
			r.want(t, exitIncomplete, "sockeye: "+file+": no space left on device")
			if took := time.Since(begun); took > 2*time.Minute {
				t.Errorf("it took %v", took)
			}
			got, _ := numbers(t, file)
			if len(got) < 40 || len(got) > 64 || fmt.Sprint(got) != fmt.Sprint(count(len(got))) {
				t.Errorf("%d packets are on the disk: %v", len(got), got)
			}
			sockeye(t, "conns", file).want(t, exitDone)
			w.must(os.Remove(file))
		})
	}
}

// TestLiveUntil: a capture ends with the message that was waited for, and the file
// that is saved with its packet.
func TestLiveUntil(t *testing.T) {
	needsCapture(t)
	c := newChat(t)
	for _, command := range []string{"messages", "capture"} {
		file := filepath.Join(t.TempDir(), "x.pcapng")
		args := []string{command, "-i", "lo", "-f", "tcp port " + c.port, "-w", file, "--until", `text == "echo message 3"`}
		if command == "messages" {
			args = append(args, "--json")
		}
		p := startLive(t, args...)
		want := c.talk(t, 10)[:8]
		r := p.end(t)
		r.want(t, exitDone, "stopped where --until matched")
		back := sockeye(t, "messages", "--json", file)
		back.want(t, exitDone)
		if command == "messages" && body(r.stdout) != body(back.stdout) {
			t.Errorf("printed\n%s\nnot\n%s", r.stdout, back.stdout)
		}
		if got := spoken(objects(t, back.stdout)); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s saved %q, not %q", command, got, want)
		}
	}
}

// TestSaveForbidden: a folder that the user whom the program became cannot write.
func TestSaveForbidden(t *testing.T) {
	needsCapture(t)
	dir := openDir(t) // root's, for others to read
	r := sockeye(t, "capture", "-i", "lo", "-w", filepath.Join(dir, "x.pcapng"), "--rotate", "1M")
	r.want(t, exitIncomplete, filepath.Join(dir, "x_00001_"), "permission denied for the user that sockeye became: --user names another")
	// A single file there is opened before.
	r = sockeye(t, "conns", "-i", "lo", "-w", filepath.Join(dir, "x.pcapng"), "--duration", "100ms")
	r.want(t, exitDone)
	if left, _ := os.ReadDir(dir); len(left) != 1 || left[0].Name() != "x.pcapng" {
		t.Errorf("left %v", left)
	}
}

// TestInterruptTwice: a second interrupt does not wait for output that nobody takes.
func TestInterruptTwice(t *testing.T) {
	needsCapture(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	p := startLive(t, "follow", "--json", "-i", "lo", "-f", "tcp port "+port)
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // until the pipe is full
	ended := make(chan struct{})
	go func() { p.Wait(); close(ended) }()
	await(t, "two interrupts that it takes for two end it", func() bool {
		p.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
			return true
		case <-time.After(2 * time.Second):
			return false
		}
	})
	if code := p.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
}
