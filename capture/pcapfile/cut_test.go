package pcapfile

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/sockeye-dev/sockeye/capture"
)

// borders are the offsets at which a file may end: after each record or block.
// whole tells how many packets lie before a border.
type borders map[int]int

func (b borders) packetsBefore(cut int) (n int) {
	for at, packets := range b {
		if at <= cut {
			n = max(n, packets)
		}
	}
	return n
}

func smallPcap() ([]byte, borders) {
	file, at := large.pcapHeader(magicNano, 100, 1), borders{24: 0}
	for i, data := range []string{"", "a", "packet", "another packet"} {
		file = append(file, large.record(uint32(i), 5, 0, data)...)
		at[len(file)] = i + 1
	}
	return file, at
}

func smallPcapng() ([]byte, borders) {
	o, at := little, borders{}
	var file []byte
	packets := 0
	for _, b := range [][]byte{
		o.section(), o.iface(1, 0, o.option(optIfName, "eth0")), o.packet(0, 1, 1, "x"), o.packet(0, 2, 5, "hello", o.option(optComment, "hi")),
		o.block(0x0bad, make([]byte, 30)), o.block(blockSecrets, uint32(1), uint32(3), "abc"), o.block(blockSimple, uint32(3), "abc"),
		large.section(), large.iface(1, 0), large.packet(0, 7, 3, "end"), large.block(blockStatistics, uint32(0), uint64(0)),
	} {
		file = append(file, b...)
		if typ := b[0] | b[3]; typ == blockPacket || typ == blockSimple {
			packets++
		}
		at[len(file)] = packets
	}
	return file, at
}

// Every prefix of a file yields exactly the whole packets before the cut.
func TestEveryCut(t *testing.T) {
	pcap, pcapAt := smallPcap()
	ng, ngAt := smallPcapng()
	for _, c := range []struct {
		name string
		file []byte
		at   borders
	}{{"pcap", pcap, pcapAt}, {"pcapng", ng, ngAt}} {
		all, _ := readBytes(t, c.file)
		if len(all) != c.at[len(c.file)] {
			t.Fatalf("%s: %d packets; want %d", c.name, len(all), c.at[len(c.file)])
		}
		for cut := 1; cut < len(c.file); cut++ {
			for name, src := range map[string]io.Reader{
				"whole":          bytes.NewReader(c.file[:cut]),
				"bytes":          iotest.OneByteReader(bytes.NewReader(c.file[:cut])),
				"data and error": iotest.DataErrReader(bytes.NewReader(c.file[:cut])),
			} {
				r, err := newReader("test", src, 0, 64)
				var got []capture.Packet
				if err == nil {
					got, err = readAll(t, r)
				}
				samePackets(t, got, all[:c.at.packetsBefore(cut)])
				if _, border := c.at[cut]; border {
					if err != io.EOF {
						t.Errorf("%s, %s cut at border %d: %v", c.name, name, cut, err)
					}
					continue
				}
				var ie *capture.InputError
				if !errors.As(err, &ie) || !ie.Truncated {
					t.Errorf("%s, %s cut at %d: %v", c.name, name, cut, err)
					continue
				}
				start := 0 // of what was cut
				for at := range c.at {
					if at <= cut {
						start = max(start, at)
					}
				}
				if ie.Offset != int64(start) {
					t.Errorf("%s, %s cut at %d: %v; want offset %d", c.name, name, cut, err, start)
				}
			}
		}
	}
}

// Every prefix of a compressed file yields packets that are whole and right,
// no fewer than a shorter prefix did, and says that the file was cut.
func TestEveryCutCompressed(t *testing.T) {
	packets := randomPackets(rand.New(rand.NewPCG(1, 2)), 20, 60)
	file := ngBytes(t, packets, Interface{Link: capture.LinkEthernet})
	for kind := range compressors {
		t.Run(kind, func(t *testing.T) {
			z := compress(t, kind, file)
			last := 0
			for cut := 1; cut < len(z); cut++ {
				r, err := newReader("test", bytes.NewReader(z[:cut]), 0, 4096)
				var got []capture.Packet
				if err == nil {
					got, err = readAll(t, r)
					r.Close()
				}
				var ie *capture.InputError
				if !errors.As(err, &ie) || !ie.Truncated {
					t.Fatalf("cut at %d of %d: %d packets, %v", cut, len(z), len(got), err)
				}
				if len(got) < last {
					t.Fatalf("cut at %d: %d packets, %d before", cut, len(got), last)
				}
				last = len(got)
				samePackets(t, got, packets[:len(got)])
			}
			if kind == "zstd" {
				return // one block, which the library gives out only with its checksum
			}
			if last != len(packets) {
				t.Errorf("without the last byte: %d of %d packets", last, len(packets))
			}
		})
	}
}

// A long compressed file that is cut yields what was decompressed before.
func TestCutCompressedKeepsBlocks(t *testing.T) {
	packets := randomPackets(rand.New(rand.NewPCG(3, 4)), 4000, 1000)
	file := pcapBytes(t, packets, WriterOptions{Link: capture.LinkEthernet})
	for kind := range compressors {
		z := compress(t, kind, file)
		r := mustReader(t, z[:len(z)/2])
		got, err := readAll(t, r)
		var ie *capture.InputError
		if !errors.As(err, &ie) || !ie.Truncated {
			t.Errorf("%s: %v", kind, err)
		}
		samePackets(t, got, packets[:len(got)])
		t.Logf("%s: half the file has %d of %d packets; then %v", kind, len(got), len(packets), err)
		if len(got) < len(packets)*2/5-200 {
			t.Errorf("%s: half the file has %d of %d packets", kind, len(got), len(packets))
		}
	}
}

// A flipped byte in compressed data is an error, and never a silent end.
func TestCompressedDamage(t *testing.T) {
	packets := randomPackets(rand.New(rand.NewPCG(5, 6)), 50, 100)
	file := pcapBytes(t, packets, WriterOptions{Link: capture.LinkEthernet})
	for kind := range compressors {
		z := compress(t, kind, file)
		for _, at := range []int{len(z) / 3, len(z) / 2, len(z) * 3 / 4} {
			broken := bytes.Clone(z)
			broken[at] ^= 0x55
			r, err := NewReader("test", bytes.NewReader(broken))
			if err == nil {
				_, err = readAll(t, r)
				r.Close()
			}
			if err == io.EOF {
				t.Errorf("%s: byte %d of %d flipped unnoticed", kind, at, len(z))
			}
		}
	}
}

// Compressed files that were concatenated are read as one.
func TestCompressedMembers(t *testing.T) {
	packets := randomPackets(rand.New(rand.NewPCG(7, 8)), 30, 100)
	file := pcapBytes(t, packets, WriterOptions{Link: capture.LinkEthernet})
	for kind := range compressors {
		z := slices.Concat(compress(t, kind, file[:500]), compress(t, kind, nil), compress(t, kind, file[500:]))
		switch kind {
		case "zstd", "lz4": // a skippable frame between
			z = append(z, 0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c')
		case "xz": // stream padding
			z = append(z, 0, 0, 0, 0)
		}
		got, r := readBytes(t, z)
		samePackets(t, got, packets)
		if r.Format() != "pcap (ns), "+kind {
			t.Error(r.Format())
		}
	}
}
