package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// larger is a capture of some MB.
func larger(t *testing.T) string {
	t.Helper()
	src, err := pcapfile.Open(pcap("chat-small.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var out bytes.Buffer
	w, err := pcapfile.NewWriter(&out, pcapfile.WriterOptions{Link: src.Interfaces()[0].Link})
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := src.Next()
		if err != nil {
			break
		}
		for range 50 {
			if err := w.WritePacket(&p); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "larger.pcap")
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestSaveReaderGone: -w to a named pipe whose reader goes away ends reading at once.
func TestSaveReaderGone(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		f, err := os.Open(pipe)
		if err == nil {
			io.CopyN(io.Discard, f, 300<<10)
			f.Close()
		}
	}()
	r := sockeye(t, "stats", "--json", "-w", pipe, larger(t))
	r.want(t, exitIncomplete, "sockeye: "+pipe+": broken pipe")
	end := lastObject(t, r.stdout)
	if n := end["packets"].(float64); n < 1000 || n > 30_000 || end["truncated_input"] != false {
		t.Errorf("end %v", end)
	}
}

// TestSaveFullDisk: reading ends with the disk, and what is on it is whole.
func TestSaveFullDisk(t *testing.T) {
	dir := smallDisk(t, "300k")
	input := larger(t)
	for name, size := range map[string]int64{"full.pcapng": 0, "full.pcapng.gz": 200 << 10, "full.pcapng.zst": 280 << 10} {
		// What is compressed would fit: most of the disk is taken.
		if err := os.WriteFile(filepath.Join(dir, "other"), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name)
		r := sockeye(t, "conns", "--json", "-w", file, input)
		r.want(t, exitIncomplete, "sockeye: "+file+": no space left on device")
		read, back := lastObject(t, r.stdout), sockeye(t, "conns", "--json", file)
		back.want(t, exitDone)
		saved := lastObject(t, back.stdout)
		if n := saved["packets"].(float64); n < 1000 || n > read["packets"].(float64) || read["packets"] == 46650.0 {
			t.Errorf("%s: %v packets saved of %v read", name, n, read["packets"])
		}
		if n := tsharkCount(t, file); n != int(saved["packets"].(float64)) {
			t.Errorf("tshark reads %d packets, not %v", n, saved["packets"])
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}
