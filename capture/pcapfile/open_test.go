package pcapfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sockeye-dev/sockeye/capture"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ path, says string }{
		{dir, "is a directory"},
		{filepath.Join(dir, "none"), "no such file or directory"},
		{write("empty", nil), "is empty: not a capture file"},
		{write("text", []byte("hello")), "not a capture file: begins with 68 65 6c 6c; expected pcap or pcapng, perhaps compressed with gzip, zstd, lz4, xz"},
		{write("short", []byte("h")), "not a capture file: begins with 68;"},
		{write("text.gz", compress(t, "gzip", []byte("hello"))), "not a capture file inside gzip: begins with 68 65 6c 6c"},
		{write("empty.lz4", compress(t, "lz4", nil)), "is empty inside lz4: not a capture file"},
		{write("empty.xz", compress(t, "xz", nil)), "is empty inside xz: not a capture file"},
	} {
		_, err := Open(c.path)
		var ie *capture.InputError
		if !errors.As(err, &ie) || ie.Name != c.path || ie.Truncated || !strings.HasPrefix(err.Error(), c.path+": "+c.says) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not wrap fs.ErrNotExist", err)
	}
}

func TestOpenStandardInput(t *testing.T) {
	file, _ := smallPcap()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stdin
	os.Stdin = in
	defer func() { os.Stdin = old }()
	go func() {
		out.Write(file)
		out.Close()
	}()
	r, err := Open("-")
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(t, r)
	read, total := r.Progress()
	if err != io.EOF || len(got) != 4 || r.Name() != StdinName || read != int64(len(file)) || total != 0 {
		t.Errorf("%d packets, %v, %s, progress %d of %d", len(got), err, r.Name(), read, total)
	}
}

// A packet that is whole is delivered before more bytes are waited for.
func TestPipeIsNotWaitedFor(t *testing.T) {
	file, ends := smallPcap()
	in, out := io.Pipe()
	opened := make(chan *Reader)
	go func() {
		r, err := NewReader("pipe", in)
		if err != nil {
			t.Error(err)
		}
		opened <- r
	}()
	out.Write(file[:24])
	r := <-opened
	at := 24
	for n := 1; n <= 4; n++ {
		end := 0
		for e, packets := range ends {
			if packets == n {
				end = e
			}
		}
		go out.Write(file[at:end])
		if p, err := r.Next(); err != nil || p.Number != uint64(n) {
			t.Fatalf("packet %d: %v", n, err)
		}
		at = end
	}
	out.Close()
}

// An error of the operating system is not taken for the end of the file.
func TestReadError(t *testing.T) {
	file, _ := smallPcap()
	broken := errors.New("input/output error")
	r, err := NewReader("disk", io.MultiReader(bytes.NewReader(file[:len(file)-3]), iotest.ErrReader(broken)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(t, r)
	var ie *capture.InputError
	if len(got) != 3 || !errors.Is(err, broken) || !errors.As(err, &ie) || ie.Truncated {
		t.Errorf("%d packets, %v", len(got), err)
	}
}

func TestNextAfterClose(t *testing.T) {
	file, _ := smallPcap()
	r := mustReader(t, file)
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if _, err := r.Next(); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}
