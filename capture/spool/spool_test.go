package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// one is the interface of these tests' packets.
var one = []pcapfile.Interface{{Name: "test0", Link: capture.LinkEthernet, Filter: "tcp"}}

// newRing makes a ring in a folder of the test, with everything in it released at once.
func newRing(t *testing.T, o Options) *Ring {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if err := r.Declare(one, "test"); err != nil {
		t.Fatal(err)
	}
	return r
}

// packet is the n-th packet: its bytes tell which it is.
func packet(n, size int) *capture.Packet {
	data := bytes.Repeat([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0xa5}, size/4)
	return &capture.Packet{Number: uint64(n), Time: int64(n) * 1e6, OrigLen: uint32(len(data)), Link: capture.LinkEthernet, Data: data}
}

// fill writes packets from to to, and releases everything each time.
func fill(t *testing.T, r *Ring, from, to, size int) {
	t.Helper()
	for n := from; n < to; n++ {
		if err := r.Write(packet(n, size)); err != nil {
			t.Fatal(err)
		}
		r.Release(r.Stored())
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
}

// numbers reads a capture and returns the times of its packets in milliseconds;
// it checks the bytes of each.
func numbers(t *testing.T, src *pcapfile.Reader) []int {
	t.Helper()
	var list []int
	for {
		p, err := src.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		n := int(p.Time / 1e6)
		if want := packet(n, len(p.Data)); !bytes.Equal(p.Data, want.Data) {
			t.Fatalf("packet %d has other bytes than were written", n)
		}
		list = append(list, n)
	}
}

func files(t *testing.T, dir string) (names []string, bytes int64) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Name())
		bytes += info.Size()
	}
	return names, bytes
}

// TestRing: the bound holds at all times, the newest packets are there, each
// file is a capture of its own, and all of them are one stream.
func TestRing(t *testing.T) {
	dir := t.TempDir()
	r := newRing(t, Options{Dir: dir, Size: 4 << 20, File: 1 << 20})
	const size = 1000
	for n := 0; n < 20_000; n += 500 {
		fill(t, r, n, n+500, size)
		if _, used := files(t, r.Folder()); used > 4<<20+8*1024 {
			t.Fatalf("%d bytes on disk after %d packets", used, n+500)
		}
	}
	s := r.State()
	if s.Used > s.Bound || s.Files < 4 || s.From <= int64(len(r.head)) || s.Size < 20_000*size {
		t.Fatalf("%+v", s)
	}
	names, _ := files(t, r.Folder())
	next := -1
	for _, name := range names { // in order of name, each readable alone
		src, err := pcapfile.Open(filepath.Join(r.Folder(), name))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range numbers(t, src) {
			if next >= 0 && n != next {
				t.Fatalf("%s: packet %d, want %d", name, n, next)
			}
			next = n + 1
		}
		if i := src.Interfaces(); len(i) != 1 || i[0].Name != "test0" || i[0].Filter != "tcp" {
			t.Fatalf("%s: %+v", name, i)
		}
		src.Close()
	}
	if next != 20_000 {
		t.Fatalf("the last packet is %d", next-1)
	}
	info, err := os.Stat(r.Folder())
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := files(t, dir); len(left) > 0 {
		t.Fatalf("%v are left", left)
	}
	if err := r.Write(packet(1, 4000)); err == nil {
		err = r.Flush()
		if !errors.Is(err, ErrClosed) {
			t.Fatalf("written to a closed ring: %v", err)
		}
	}
}

// TestPlaces: a place stays what it is while files fall out, and a reader of the
// stream gets every packet, over the borders of files.
func TestPlaces(t *testing.T) {
	r := newRing(t, Options{Size: 2 << 20, File: 256 << 10})
	src, err := pcapfile.NewReaderAt("spool", r, 1)
	if err != nil {
		t.Fatal(err)
	}
	places := map[int]int64{}
	read := 0
	for n := 0; n < 10_000; n += 100 {
		fill(t, r, n, n+100, 1000)
		src.Resume()
		for {
			p, err := src.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if int(p.Time/1e6) != read {
				t.Fatalf("packet %d, want %d", p.Time/1e6, read)
			}
			places[read] = src.RecordOffset()
			read++
		}
	}
	if read != 10_000 {
		t.Fatalf("%d packets were read", read)
	}
	records := src.Records()
	gone, there := 0, 0
	for n, at := range places {
		var b [2000]byte
		got, err := r.ReadAt(b[:1032], at)
		if at < r.From() {
			if !errors.Is(err, ErrGone) || got != 0 {
				t.Fatalf("packet %d fell out: %d bytes, %v", n, got, err)
			}
			gone++
			continue
		}
		if err != nil {
			t.Fatalf("packet %d: %v", n, err)
		}
		p, err := records.Parse(b[:1032], at)
		if err != nil || !bytes.Equal(p.Data, packet(n, 1000).Data) {
			t.Fatalf("packet %d: %v", n, err)
		}
		there++
	}
	if gone < 7000 || there < 1500 {
		t.Errorf("%d fell out, %d are there", gone, there)
	}
	if n, err := r.ReadAt(make([]byte, 10), r.Stored()-4); n != 4 || err != io.EOF {
		t.Errorf("at the end: %d bytes, %v", n, err)
	}
}

// TestUnread: nothing falls out before it was released; writing waits.
func TestUnread(t *testing.T) {
	r := newRing(t, Options{Size: 1 << 20, File: 256 << 10})
	done := make(chan int)
	go func() {
		n := 0
		for ; n < 3000 && r.Write(packet(n, 1000)) == nil; n++ {
		}
		done <- n
	}()
	for r.State().Used < 700<<10 {
		time.Sleep(time.Millisecond)
	}
	select {
	case n := <-done:
		t.Fatalf("%d packets were written into a ring of half their size that nobody read", n)
	case <-time.After(50 * time.Millisecond):
	}
	if from := r.From(); from != int64(len(r.head)) {
		t.Fatalf("what was not read fell out: %d", from)
	}
	for n := 0; n == 0; { // read, and it goes on
		select {
		case n = <-done:
			if n != 3000 {
				t.Fatalf("%d packets written", n)
			}
		case <-time.After(time.Millisecond):
			r.Release(r.Stored())
		}
	}
	// Closed, it waits no more.
	go func() {
		n := 0
		for ; n < 5000 && r.Write(packet(n, 1000)) == nil; n++ {
		}
		done <- n
	}()
	time.Sleep(20 * time.Millisecond)
	r.Close()
	if n := <-done; n == 5000 {
		t.Error("everything was written into a closed ring")
	}
}

// TestCopy: the ring as one capture, with the counts, while it goes on.
func TestCopy(t *testing.T) {
	r := newRing(t, Options{Size: 1 << 20, File: 256 << 10})
	fill(t, r, 0, 3000, 1000)
	slow := &slowWriter{wrote: func() { fill(t, r, 3000, 3600, 1000) }}
	n, err := r.Copy(slow, []pcapfile.Statistics{{Received: 3010, Dropped: -1, OSDropped: 10}}, 5e9)
	if err != nil || n != int64(slow.Len()) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	src, err := pcapfile.NewReader("copy", bytes.NewReader(slow.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	list := numbers(t, src)
	if len(list) < 700 || list[len(list)-1] != 2999 || list[0] != 3000-len(list) {
		t.Fatalf("%d packets from %d to %d", len(list), list[0], list[len(list)-1])
	}
	if s := src.Stats(); len(s) != 1 || s[0].OSDropped != 10 || s[0].Received != 3010 {
		t.Errorf("%+v", s)
	}
	names, _ := files(t, r.Folder())
	if s := r.State(); len(names) != s.Files {
		t.Errorf("%d files in the folder, %d in the ring", len(names), s.Files)
	}
}

// slowWriter is overtaken while it writes.
type slowWriter struct {
	bytes.Buffer
	wrote func()
}

func (w *slowWriter) Write(b []byte) (int, error) {
	if w.wrote != nil {
		w.wrote()
		w.wrote = nil
	}
	return w.Buffer.Write(b)
}

// TestLeftovers: what the dead left is removed, what is alive or not a spool stays.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	alive := newRing(t, Options{Dir: dir})
	copying, err := CreateTemp(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer copying.Close()
	make := func(name string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	make("spool-dead/000001.pcapng")
	make("spool-dead/000002.pcapng")
	make("spool-file")
	make("else/spool-x")
	make("theme")
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "spool-link")); err != nil {
		t.Fatal(err)
	}
	second := newRing(t, Options{Dir: dir})
	got, _ := files(t, dir)
	want := map[string]bool{
		"else": true, "theme": true, "spool-link": true, filepath.Base(alive.Folder()): true,
		filepath.Base(second.Folder()): true, filepath.Base(copying.Name()): true,
	}
	for _, name := range got {
		if !want[name] {
			t.Errorf("%s was not removed", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("%v were removed", want)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error("what a link leads to was removed:", err)
	}
	if names, _ := files(t, alive.Folder()); len(names) != 1 {
		t.Errorf("the living ring has %v", names)
	}
}

// TestHugePacket: one packet may be larger than a file is to be.
func TestHugePacket(t *testing.T) {
	r := newRing(t, Options{Size: 1 << 20, File: 100 << 10})
	for n := range 20 {
		if err := r.Write(packet(n, 200<<10)); err != nil {
			t.Fatal(err)
		}
		r.Release(r.Stored())
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := r.Copy(&out, nil, 0); err != nil {
		t.Fatal(err)
	}
	src, err := pcapfile.NewReader("copy", &out)
	if err != nil {
		t.Fatal(err)
	}
	if list := numbers(t, src); len(list) < 3 || list[len(list)-1] != 19 {
		t.Errorf("%v", list)
	}
}
