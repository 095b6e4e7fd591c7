package pcapfile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// growing is a file that shows only its first n bytes so far.
type growing struct {
	b []byte
	n int
}

func (g *growing) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(g.n) {
		return 0, io.EOF
	}
	n := copy(p, g.b[off:g.n])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// readAgain reads the record at an offset through x.
func readAgain(t testing.TB, x *pcapfile.Records, b []byte, at int64) capture.Packet {
	t.Helper()
	size, err := x.Size(b[at:], at)
	if err != nil || at+int64(size) > int64(len(b)) {
		t.Fatalf("record at %d has size %d, error %v", at, size, err)
	}
	p, err := x.Parse(b[at:at+int64(size)], at)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// checkAgain holds the records of a capture, read by their offsets in a strange
// order and while the Reader is still on its way, against the Reader's.
func checkAgain(t testing.TB, name string, b []byte) {
	r, err := pcapfile.NewReaderAt(name, &growing{b, len(b)}, 1)
	if err != nil {
		return
	}
	var want []capture.Packet
	var at []int64
	var x *pcapfile.Records
	for declared := -1; ; {
		p, err := r.Next()
		if err != nil {
			break
		}
		if r.Declared() != declared {
			declared, x = r.Declared(), r.Records()
		}
		p.Data = bytes.Clone(p.Data)
		want, at = append(want, p), append(at, r.RecordOffset())
		for _, i := range []int{len(want) - 1, len(want) / 2, 0} {
			got := readAgain(t, x, b, at[i])
			w := want[i]
			w.Number = 0
			got.Data = bytes.Clone(got.Data)
			if !reflect.DeepEqual(got, w) {
				t.Fatalf("%s: packet %d at %d: %+v, want %+v", name, i+1, at[i], got, w)
			}
		}
	}
}

func samples(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.pcap", "*.pcapng"} {
		f, err := filepath.Glob(filepath.Join("../../pcaps", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f...)
	}
	if len(files) == 0 {
		t.Fatal("no sample captures")
	}
	return files
}

func TestRecordsAgain(t *testing.T) {
	for _, path := range samples(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		checkAgain(t, path, b)
	}
	checkAgain(t, "two sections", twoSections(t))
}

// twoSections is a pcapng file of two sections with different interfaces.
func twoSections(t testing.TB) []byte {
	var out bytes.Buffer
	for i, link := range []capture.LinkType{1, 101} {
		w, err := pcapfile.NewNgWriter(&out, pcapfile.NgOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			_, err = w.AddInterface(pcapfile.Interface{Link: 113, Offset: 5})
		}
		id, err2 := w.AddInterface(pcapfile.Interface{Link: link})
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		for n := range 3 {
			p := capture.Packet{Time: int64(1e9 + n), Interface: id, Link: link, OrigLen: 9, Data: []byte{byte(i), byte(n), 7}}
			if err := w.WritePacketComment(&p, "hello"[:n]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// TestResume lets files grow byte by byte or in larger steps: what is read in
// the end is what a whole file gives.
func TestResume(t *testing.T) {
	for _, path := range []string{"../../pcaps/endings.pcap", "../../pcaps/one-way.pcap"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		checkResume(t, path, b, 7)
	}
	checkResume(t, "two sections", twoSections(t), 1)
}

func checkResume(t *testing.T, name string, b []byte, step int) {
	var want []capture.Packet
	whole, err := pcapfile.NewReader(name, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := whole.Next()
		if err != nil {
			break
		}
		p.Data = bytes.Clone(p.Data)
		want = append(want, p)
	}
	g := &growing{b: b, n: 28}
	r, err := pcapfile.NewReaderAt(name, g, 1)
	if err != nil {
		t.Fatal(err)
	}
	if r.Resume() {
		t.Fatal("resumed before the end")
	}
	for i := 0; ; {
		p, err := r.Next()
		if err == nil {
			if !reflect.DeepEqual(p, want[i]) {
				t.Fatalf("%s: packet %d: %+v, want %+v", name, i+1, p, want[i])
			}
			i++
			continue
		}
		if g.n == len(b) {
			if err != io.EOF || i != len(want) {
				t.Fatalf("%s: ended with %v after %d of %d packets", name, err, i, len(want))
			}
			if read, _ := r.Progress(); read != int64(len(b)) {
				t.Errorf("%s: progress says %d of %d bytes", name, read, len(b))
			}
			break
		}
		g.n = min(g.n+step, len(b))
		if !r.Resume() {
			t.Fatalf("%s: not resumed after %v", name, err)
		}
	}
}

func TestResumeRefusesDamage(t *testing.T) {
	b, err := os.ReadFile("../../pcaps/one-way.pcap")
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Clone(b)
	copy(b[24+8:], "\xff\xff\xff\x7f") // the first record's length
	r, err := pcapfile.NewReaderAt("damaged", bytes.NewReader(b), 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Next()
	var damage *capture.InputError
	if !errors.As(err, &damage) || r.Resume() {
		t.Fatalf("resumed after %v", err)
	}
}

// FuzzRecords: whatever a Reader delivers is delivered again by its offset.
func FuzzRecords(f *testing.F) {
	for _, name := range []string{"one-way.pcap", "urgent-data.pcap"} {
		b, err := os.ReadFile(filepath.Join("../../pcaps", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(twoSections(f))
	f.Fuzz(func(t *testing.T, b []byte) { checkAgain(t, "fuzz", b) })
}
