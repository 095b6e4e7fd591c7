package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestCapture: what capture wrote, the other commands and tshark read.
func TestCapture(t *testing.T) {
	needsCapture(t)
	c := newChat(t)
	file := filepath.Join(t.TempDir(), "chat.pcapng")
	p := startLive(t, "capture", "-i", "lo", "-w", file, "-f", "tcp port "+c.port)
	want := c.talk(t, 20)
	p.Process.Signal(syscall.SIGTERM)
	r := p.end(t)
	r.want(t, exitInterrupted, "captured on lo in ", "dropped by the kernel: 0; "+file)
	back := sockeye(t, "messages", "--json", "-v", file)
	back.want(t, exitDone, "name lo", "filter tcp port "+c.port, "pcapng")
	list := objects(t, back.stdout)
	if got := spoken(list); !slices.Equal(got, want) {
		t.Errorf("got %q, the endpoints said %q", got, want)
	}
	packets := list[len(list)-1]["packets"].(float64)
	if !strings.Contains(r.stderr, fmt.Sprintf(": %v packets, ", packets)) {
		t.Errorf("the file has %v packets: %q", packets, r.stderr)
	}
	if n := tsharkCount(t, file); n != int(packets) {
		t.Errorf("tshark reads %d packets, not %v", n, packets)
	}
}

// TestCapturePipe: capture's standard output is another sockeye's input.
func TestCapturePipe(t *testing.T) {
	needsCapture(t)
	c := newChat(t)
	p := startLive(t, "capture", "-i", "lo", "-w", "-", "-f", "tcp port "+c.port)
	want := c.talk(t, 3)
	p.Process.Signal(syscall.SIGINT)
	reader := command("messages", "--json", "-")
	reader.Stdin = p.out
	r := finish(t, reader)
	r.want(t, exitDone)
	if got := spoken(objects(t, r.stdout)); !slices.Equal(got, want) {
		t.Errorf("got %q, the endpoints said %q", got, want)
	}
	p.end(t).want(t, exitInterrupted, "written to standard output")
}

// TestCaptureKilled: a crash costs what was not flushed, and nothing else.
func TestCaptureKilled(t *testing.T) {
	needsCapture(t)
	c := newChat(t)
	for _, suffix := range []string{"", ".gz", ".zst"} {
		file := filepath.Join(t.TempDir(), "chat.pcapng"+suffix)
		p := startLive(t, "capture", "-i", "lo", "-w", file, "-f", "tcp port "+c.port)
		want := c.talk(t, 3)
		await(t, "what was said is in the file, though no more comes", func() bool { return slices.Equal(saidIn(t, file), want) })
		p.Process.Kill()
		p.end(t)
		r := sockeye(t, "messages", "--json", file)
		r.want(t, exitDone)
		if got := spoken(objects(t, r.stdout)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, the endpoints said %q", file, got, want)
		}
	}
}

// TestCaptureRotate: a ring of whole files, by size and by time.
func TestCaptureRotate(t *testing.T) {
	needsCapture(t)
	c := newChat(t)
	dir := filepath.Join(openDir(t), "ring")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// Another user's folder: the files are theirs.
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	p := startLive(t, "capture", "-i", "lo", "-w", filepath.Join(dir, "r.pcapng"), "-f", "tcp port "+c.port, "--rotate", "64k", "--keep", "3")
	for range 4 {
		c.talk(t, 300)
	}
	p.Process.Signal(syscall.SIGINT)
	p.end(t).want(t, exitInterrupted, "kept: 3")
	files, err := filepath.Glob(filepath.Join(dir, "r_0*_*Z.pcapng"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%v: files %v", err, files)
	}
	for i, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 65534 {
			t.Errorf("%s belongs to %d", file, owner)
		}
		if size := info.Size(); size > 100<<10 || i < 2 && size < 64<<10 {
			t.Errorf("%s has %d bytes", file, size)
		}
		sockeye(t, "conns", file).want(t, exitDone)
	}
	sockeye(t, append([]string{"messages"}, files...)...).want(t, exitDone)
}

// TestCaptureFullDisk: the error is named, and the file is whole as far as it goes.
func TestCaptureFullDisk(t *testing.T) {
	needsCapture(t)
	c := newChat(t)
	dir := smallDisk(t, "64k")
	for _, name := range []string{"full.pcapng", "full.pcapng.gz"} {
		file := filepath.Join(dir, name)
		p := startLive(t, "capture", "-i", "lo", "-w", file, "-f", "tcp port "+c.port, "--duration", "10s")
		for range 8 {
			c.talk(t, 300)
		}
		r := p.end(t)
		r.want(t, exitIncomplete, "sockeye: "+file+": no space left on device")
		back := sockeye(t, "conns", "--json", file)
		back.want(t, exitDone)
		list := objects(t, back.stdout)
		if n := list[len(list)-1]["packets"].(float64); n < 200 && !strings.HasSuffix(name, ".gz") {
			t.Errorf("only %v packets are on the disk of 64 kB", n)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}
