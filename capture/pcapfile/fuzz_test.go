package pcapfile

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

// fuzzSeeds are small files of every form.
func fuzzSeeds(f *testing.F) [][]byte {
	f.Helper()
	pcap, _ := smallPcap()
	ng, _ := smallPcapng()
	seeds := [][]byte{
		pcap, ng, nil, pcap[:30], ng[:50],
		join(little.pcapHeader(magicModified, 0, 1), little.fields(uint32(1), uint32(2), uint32(1), uint32(1), uint64(0), "x")),
		join(little.section(), little.iface(1, 3, little.option(optIfTsresol, uint8(0xff)), little.option(optIfTsoffset, ^uint64(0))),
			little.block(blockOldPacket, uint32(0), uint64(1), uint32(1), uint32(1), "x"), little.packet(0, 1, 1, "x")),
	}
	for kind := range compressors {
		seeds = append(seeds, compress(f, kind, pcap), compress(f, kind, ng))
	}
	for _, path := range samples(f) {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, b[:min(len(b), 1500)])
	}
	return seeds
}

// FuzzReader: whatever the bytes are, packets are numbered from 1 and inside
// the limits, the end is io.EOF or an InputError that repeats, and memory
// follows what was read, not what was claimed. Reading byte by byte gives the same.
func FuzzReader(f *testing.F) {
	for _, seed := range fuzzSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, size, err := fuzzRead(t, bytes.NewReader(b), 4096)
		n2, size2, err2 := fuzzRead(t, &stutter{b: b}, 64)
		if n != n2 || size != size2 || (err == io.EOF) != (err2 == io.EOF) {
			t.Errorf("%d packets, %d bytes, %v in blocks; %d packets, %d bytes, %v bit by bit", n, size, err, n2, size2, err2)
		}
	})
}

func fuzzRead(t *testing.T, src io.Reader, block int) (packets uint64, size int64, err error) {
	var ie *capture.InputError
	r, err := newReader("fuzz", src, 0, block)
	if err != nil {
		if !errors.As(err, &ie) || ie.Name != "fuzz" {
			t.Fatalf("opening: %T %v", err, err)
		}
		return 0, 0, err
	}
	defer r.Close()
	for size < 16<<20 { // compressed bombs may go on for long
		var p capture.Packet
		if p, err = r.Next(); err != nil {
			break
		}
		packets++
		size += int64(len(p.Data))
		if p.Number != packets || int64(p.OrigLen) < int64(len(p.Data)) || len(p.Data) > MaxRecord ||
			int(p.Interface) >= len(r.Interfaces()) || p.Link != r.Interfaces()[p.Interface].Link {
			t.Fatalf("packet %d: %+v of %d interfaces", packets, p, len(r.Interfaces()))
		}
	}
	if err != nil {
		if err != io.EOF && !errors.As(err, &ie) {
			t.Fatalf("%T %v", err, err)
		}
		if _, again := r.Next(); again != err {
			t.Fatalf("%v, then %v", err, again)
		}
		if ie != nil && (ie.Offset < 0 || ie.Offset > r.in.base+int64(r.in.pos)) {
			t.Fatalf("offset %d, but only %d bytes were read: %v", ie.Offset, r.in.offset(), err)
		}
	}
	if got := r.in.base + int64(len(r.in.buf)); int64(len(r.in.buf)) > max(int64(block), 2*got) {
		t.Fatalf("buffer of %d bytes after %d were read", len(r.in.buf), got)
	}
	return packets, size, err
}

// stutter returns 1 to 3 bytes a Read, and sometimes none.
type stutter struct {
	b []byte
	n int
}

func (s *stutter) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	s.n++
	n := copy(p, s.b[:min(s.n%4, len(s.b))])
	s.b = s.b[n:]
	return n, nil
}

// FuzzRoundTrip: what is written is read back, in every form, whatever the
// packets are.
func FuzzRoundTrip(f *testing.F) {
	f.Add(uint64(1), 3, 50, int64(0), []byte("comment"))
	f.Add(uint64(2), 40, 3000, int64(-5), []byte{})
	f.Fuzz(func(t *testing.T, seed uint64, n, maxLen int, offset int64, comment []byte) {
		rng := rand.New(rand.NewPCG(seed, 0))
		packets := randomPackets(rng, min(max(n, 0), 100), min(max(maxLen, 0), 5000))
		got, _ := readBytes(t, pcapBytes(t, packets, WriterOptions{Link: capture.LinkEthernet}))
		samePackets(t, got, packets)

		i := Interface{Link: capture.LinkEthernet, Name: string(comment), Offset: offset % 5_000_000_000}
		var b bytes.Buffer
		w, err := NewNgWriter(&b, NgOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.AddInterface(i); err != nil {
			t.Fatal(err)
		}
		written := packets[:0:0]
		for k := range packets {
			if err := w.WritePacketComment(&packets[k], string(comment)); err == nil {
				packets[k].Number = uint64(len(written) + 1)
				written = append(written, packets[k])
			} else if packets[k].Time >= i.Offset*1e9 {
				t.Fatal(err)
			}
		}
		w.Flush()
		got, r := readBytes(t, b.Bytes())
		samePackets(t, got, written)
		comment = comment[:min(len(comment), 65535)]
		for k, c := range r.Comments() {
			if c.Packet != uint64(k+1) || c.Text != string(comment) {
				t.Fatalf("comment %d: packet %d", k, c.Packet)
			}
		}
		if len(comment) > 0 && len(r.Comments()) != len(written) && r.CommentsLeftOut() == 0 {
			t.Fatalf("%d comments on %d packets", len(r.Comments()), len(written))
		}
	})
}

// A compressed file that expands without end is read in constant memory.
func TestBombMemory(t *testing.T) {
	file := join(little.section(), little.iface(1, 0), little.fields(uint32(0x0bad), uint32(64<<20)))
	file = append(file, make([]byte, 64<<20)...) // one block to skip, with a wrong end
	for kind := range compressors {
		z := compress(t, kind, file)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := mustReader(t, z)
		if _, err := readAll(t, r); err == io.EOF {
			t.Errorf("%s: the wrong end was not noticed", kind)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: %d bytes of %d were held", kind, used, len(file))
		}
	}
}
