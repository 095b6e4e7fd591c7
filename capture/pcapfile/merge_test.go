package pcapfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

func at(link capture.LinkType, data string, times ...int64) []capture.Packet {
	var all []capture.Packet
	for i, n := range times {
		d := fmt.Sprintf("%s%d", data, i)
		all = append(all, capture.Packet{Time: n, Link: link, OrigLen: uint32(len(d)), Data: []byte(d)})
	}
	return all
}

func TestMerge(t *testing.T) {
	// The second file's own order is kept where its time goes backwards, and
	// its last packet is cut.
	one := pcapBytes(t, at(1, "a", 10, 20, 20, 40), WriterOptions{Link: 1})
	two := pcapBytes(t, at(101, "b", 10, 5, 30, 99), WriterOptions{Link: 101})
	three := ngBytes(t, at(113, "c", 20, 50), Interface{Link: 113, Name: "x"})
	m := Merge(mustReader(t, one), mustReader(t, two[:len(two)-1]), mustReader(t, three))
	got, err := readAll(t, m)
	var ie *capture.InputError
	if !errors.As(err, &ie) || !ie.Truncated {
		t.Errorf("the cut input was not reported: %v", err)
	}
	var s []string
	for _, p := range got {
		s = append(s, fmt.Sprintf("%s@%d/%d/%v", p.Data, p.Time, p.Interface, p.Link))
	}
	want := []string{"a0@10/0/ethernet", "b0@10/1/raw", "b1@5/1/raw", "a1@20/0/ethernet", "a2@20/0/ethernet",
		"c0@20/2/linux-sll", "b2@30/1/raw", "a3@40/0/ethernet", "c1@50/2/linux-sll"}
	if !slices.Equal(s, want) {
		t.Errorf("got  %v\nwant %v", s, want)
	}
	d := m.(Details)
	if i := d.Interfaces(); len(i) != 3 || i[2].Name != "x" || d.Format() != "mixed" {
		t.Error(i, d.Format())
	}
}

// Merging is a stable sort when every input is in order, and each packet's Data
// stays in place until the next Next.
func TestMergeSorts(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	var readers []*Reader
	var want []capture.Packet
	for f := range 9 {
		packets := randomPackets(rng, rng.IntN(200), 80)
		for i := range packets {
			packets[i].Time = rng.Int64N(50) // many ties
		}
		slices.SortStableFunc(packets, func(a, b capture.Packet) int { return int(a.Time - b.Time) })
		r, err := newReader("test", bytes.NewReader(pcapBytes(t, packets, WriterOptions{Link: 1})), 0, 256)
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, r)
		for _, p := range packets {
			p.Interface = uint32(f)
			want = append(want, p)
		}
	}
	slices.SortStableFunc(want, func(a, b capture.Packet) int { return int(a.Time - b.Time) })
	for i := range want {
		want[i].Number = uint64(i + 1)
	}
	got, err := readAll(t, Merge(readers...))
	if err != io.EOF {
		t.Fatal(err)
	}
	samePackets(t, got, want)
}

func TestMergeDetails(t *testing.T) {
	o := little
	file := func(name string, when uint64) []byte {
		return join(o.section(o.option(optComment, name)), o.iface(1, 0, o.option(optIfName, name)),
			o.block(blockSecrets, uint32(1), uint32(1), name),
			o.packet(0, when, 1, "x", o.option(optComment, "packet of "+name)), o.packet(0, when+10, 1, "x"),
			o.block(blockStatistics, uint32(0), uint64(0), o.option(optStatsDropped, when)))
	}
	m := Merge(mustReader(t, file("b", 5)), mustReader(t, file("a", 3))).(Details)
	if _, err := readAll(t, m.(Source)); err != io.EOF {
		t.Fatal(err)
	}
	want := "[{0 a} {1 packet of a} {0 b} {2 packet of b}] [{1 [98]} {1 [97]}] [{0 -1 5 -1 0 0} {1 -1 3 -1 0 0}]"
	if s := fmt.Sprint(m.Comments(), m.Secrets(), m.Stats()); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if i := m.Interfaces(); len(i) != 2 || i[0].Name != "b" || i[1].Name != "a" || m.Format() != "pcapng" {
		t.Error(i, m.Format())
	}
}

func TestOpenAll(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	total := int64(0)
	for i := range 3 {
		path := filepath.Join(dir, fmt.Sprint(i))
		b := pcapBytes(t, at(1, "p", int64(3-i), int64(10+i)), WriterOptions{Link: 1})
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		paths, total = append(paths, path), total+int64(len(b))
	}
	for n := 1; n <= 3; n++ {
		s, err := OpenAll(paths[:n])
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t, s)
		if err != io.EOF || len(got) != 2*n || got[0].Time != int64(4-n) {
			t.Errorf("%d files: %d packets, %v", n, len(got), err)
		}
		if read, size := s.Progress(); read != size || n == 3 && size != total {
			t.Errorf("%d files: progress %d of %d", n, read, size)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := OpenAll(append(paths, filepath.Join(dir, "none"))); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := OpenAll(nil); err == nil {
		t.Error("no file was accepted")
	}
}
