package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// viewer is the program on a terminal, with a watch on what it draws.
type viewer struct {
	tb      testing.TB
	c       *exec.Cmd
	master  *os.File
	started time.Time

	mu   sync.Mutex
	out  []byte
	last time.Time // of the latest output
}

// newViewer starts the program on a terminal of a size.
func newViewer(tb testing.TB, width, height uint16, args ...string) *viewer {
	tb.Helper()
	master, slave := terminal(tb, width, height)
	v := &viewer{tb: tb, c: command(args...), master: master}
	v.c.Env = append(v.c.Env, "TMPDIR="+tb.TempDir(), "XDG_CACHE_HOME="+tb.TempDir(), "XDG_CONFIG_HOME="+tb.TempDir())
	v.c.Stdin, v.c.Stdout, v.c.Stderr = slave, slave, slave
	v.c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	v.started = time.Now()
	if err := v.c.Start(); err != nil {
		tb.Fatal(err)
	}
	slave.Close()
	tb.Cleanup(func() { v.c.Process.Kill(); v.c.Wait() })
	go func() {
		var p [1 << 16]byte
		for {
			n, err := master.Read(p[:])
			v.mu.Lock()
			v.out, v.last = append(v.out, p[:n]...), time.Now()
			v.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return v
}

// until waits until the output from a place on has a text, and returns when it came.
func (v *viewer) until(text string, from int) time.Time {
	v.tb.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Microsecond) {
		v.mu.Lock()
		seen, at := bytes.Contains(v.out[from:], []byte(text)), v.last
		v.mu.Unlock()
		if seen {
			return at
		}
	}
	v.tb.Fatalf("%q was not drawn", text)
	return time.Time{}
}

// quiet waits until nothing has been drawn for a while, and returns when it was last drawn.
func (v *viewer) quiet(d time.Duration) time.Time {
	for {
		v.mu.Lock()
		last := v.last
		v.mu.Unlock()
		if rest := d - time.Since(last); rest > 0 {
			time.Sleep(rest)
			continue
		}
		return last
	}
}

// drawn returns how much was drawn so far.
func (v *viewer) drawn() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.out)
}

// key types something and returns how long it took until something was drawn
// for it, and until the screen stood still.
func (v *viewer) key(s string) (echo, still time.Duration) {
	start, from := time.Now(), v.drawn()
	v.master.WriteString(s)
	for v.drawn() == from {
		if time.Since(start) > 100*time.Millisecond { // some keys change nothing
			return 0, 0
		}
		time.Sleep(50 * time.Microsecond)
	}
	echo = time.Since(start)
	return echo, v.quiet(80 * time.Millisecond).Sub(start)
}

// memory returns the most memory the program ever had, in bytes.
func (v *viewer) memory() int64 {
	v.tb.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", v.c.Process.Pid))
	if err != nil {
		v.tb.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				v.tb.Fatal(err)
			}
			return n << 10
		}
	}
	v.tb.Fatal("the system does not tell how much memory a process had")
	return 0
}

// took is a series of durations.
type took []time.Duration

func (s took) report(b *testing.B, name string) {
	slices.Sort(s)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	b.ReportMetric(ms(s[len(s)/2]), name+"-ms")
	b.ReportMetric(ms(s[len(s)-1]), name+"-worst-ms")
}

// BenchmarkInspector drives the inspector on a terminal with a capture of 1 GB
// and 2.7 million messages, from its start on, by its keys. Times are from a
// key to the last byte that is drawn for it. SOCKEYE_BENCH_CAPTURE names another capture.
func BenchmarkInspector(b *testing.B) {
	path := os.Getenv("SOCKEYE_BENCH_CAPTURE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "chat.pcap")
		if out, err := exec.Command("go", "run", "../../pcaps/gen", "--profile", "chat", "--size", "1GB", "-o", path).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	for b.Loop() {
		driveInspector(b, path)
	}
	b.ReportMetric(0, "ns/op")
}

func driveInspector(b *testing.B, path string) {
	v := newViewer(b, 200, 50, "tui", path)
	first := v.until("websocket", 0)
	b.ReportMetric(float64(first.Sub(v.started).Microseconds())/1e3, "first-rows-ms")

	var loading, open, scroll, list, typing took
	for range 20 {
		from, start := v.drawn(), time.Now()
		v.master.WriteString("j")
		for v.drawn() == from {
			time.Sleep(50 * time.Microsecond)
		}
		loading = append(loading, time.Since(start))
		time.Sleep(20 * time.Millisecond)
	}
	for shown := false; !shown; { // all of the screen is drawn anew: what is new is not always drawn in one piece
		from := v.drawn()
		v.master.WriteString("\x0c")
		time.Sleep(20 * time.Millisecond)
		v.mu.Lock()
		shown = bytes.Contains(v.out[from:], []byte("done"))
		v.mu.Unlock()
	}
	b.ReportMetric(time.Since(v.started).Seconds(), "loaded-s")
	v.quiet(200 * time.Millisecond)

	random := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		v.key(":")
		v.key(fmt.Sprintf("open %d", 1+random.IntN(13000)))
		_, still := v.key("\r")
		open = append(open, still)
	}
	// Every key moves something: down by lines, then pages to and fro.
	scrolled := func(s *took) {
		for i := range 60 {
			key := "j"
			if i >= 40 {
				key = [2]string{pageDown, pageUp}[i%2]
			}
			echo, _ := v.key(key)
			if echo == 0 {
				b.Errorf("key %d of scrolling drew nothing", i)
			}
			*s = append(*s, echo)
		}
	}
	v.key("2")
	scrolled(&scroll)
	v.key("1")
	scrolled(&list)
	for _, expr := range []string{`opcode == text and length > 120`, `path contains "room" and errors == 0`, `json.type == "message" and from == server`} {
		v.key("/\x15")
		for _, r := range expr {
			_, still := v.key(string(r))
			typing = append(typing, still)
		}
		v.key("\r")
	}
	loading.report(b, "key-while-loading")
	open.report(b, "open")
	scroll.report(b, "scroll-messages")
	list.report(b, "scroll-connections")
	typing.report(b, "filter-key")
	b.ReportMetric(float64(v.memory())/(1<<20), "peak-MiB")
	v.master.WriteString("q")
	if err := v.c.Wait(); err != nil {
		b.Error(err)
	}
}

const (
	pageUp   = "\x1b[5~"
	pageDown = "\x1b[6~"
)
