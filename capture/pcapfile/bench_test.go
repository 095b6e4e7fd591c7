package pcapfile

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// endless repeats a file's records after its header.
type endless struct {
	head, body []byte
	at         int
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.head) > 0 {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	n := copy(p, e.body[e.at:])
	e.at = (e.at + n) % len(e.body)
	return n, nil
}

func endlessPcap(t testing.TB, maxLen int) io.Reader {
	b := pcapBytes(t, randomPackets(rand.New(rand.NewPCG(1, 1)), 5000, maxLen), WriterOptions{Link: 1})
	return &endless{head: b[:24], body: b[24:]}
}

func endlessPcapng(t testing.TB, maxLen int) io.Reader {
	b := ngBytes(t, randomPackets(rand.New(rand.NewPCG(1, 1)), 5000, maxLen), Interface{Link: 1})
	head := len(ngBytes(t, nil, Interface{Link: 1}))
	return &endless{head: b[:head], body: b[head:]}
}

// Reading allocates nothing for a packet.
func TestNextDoesNotAllocate(t *testing.T) {
	for name, src := range map[string]io.Reader{"pcap": endlessPcap(t, 200), "pcapng": endlessPcapng(t, 200)} {
		r, err := NewReader(name, src)
		if err != nil {
			t.Fatal(err)
		}
		allocs := testing.AllocsPerRun(10, func() {
			for range 50_000 { // several blocks
				if _, err := r.Next(); err != nil {
					t.Fatal(err)
				}
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations in 50,000 packets", name, allocs)
		}
	}
}

func TestWriteDoesNotAllocate(t *testing.T) {
	p := randomPackets(rand.New(rand.NewPCG(1, 1)), 1, 1500)[0]
	w, err := NewWriter(io.Discard, WriterOptions{Link: 1})
	if err != nil {
		t.Fatal(err)
	}
	n, err := NewNgWriter(io.Discard, NgOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.AddInterface(Interface{Link: 1}); err != nil {
		t.Fatal(err)
	}
	for _, w := range []PacketWriter{w, n} {
		if allocs := testing.AllocsPerRun(1000, func() {
			if err := w.WritePacket(&p); err != nil {
				t.Fatal(err)
			}
		}); allocs != 0 {
			t.Errorf("%T: %v allocations a packet", w, allocs)
		}
	}
}

func benchmarkRead(b *testing.B, src io.Reader) {
	r, err := NewReader("bench", src)
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		p, err := r.Next()
		if err != nil {
			b.Fatal(err)
		}
		size += len(p.Data)
	}
	b.SetBytes(int64(size / b.N))
}

// The time of a packet includes copying it into the block, which for a file is
// the read system call's work.
func BenchmarkReadPcap(b *testing.B) {
	for _, n := range []int{120, 1500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkRead(b, endlessPcap(b, n)) })
	}
}

func BenchmarkReadPcapng(b *testing.B) {
	for _, n := range []int{120, 1500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkRead(b, endlessPcapng(b, n)) })
	}
}

func BenchmarkMerge(b *testing.B) {
	var readers []*Reader
	for range 4 {
		r, err := NewReader("bench", endlessPcap(b, 120))
		if err != nil {
			b.Fatal(err)
		}
		readers = append(readers, r)
	}
	m := Merge(readers...)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, err := m.Next(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadCompressed(b *testing.B) {
	file := pcapBytes(b, randomPackets(rand.New(rand.NewPCG(1, 1)), 5000, 1000), WriterOptions{Link: 1})
	for kind := range compressors {
		z := compress(b, kind, file)
		b.Run(kind, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for range b.N {
				r, err := NewReader("bench", bytes.NewReader(z))
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = r.Next()
				}
				if err != io.EOF {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	p := randomPackets(rand.New(rand.NewPCG(1, 1)), 1, 120)[0]
	w, err := NewWriter(io.Discard, WriterOptions{Link: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for range b.N {
		if err := w.WritePacket(&p); err != nil {
			b.Fatal(err)
		}
	}
}
