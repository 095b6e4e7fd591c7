package pcapfile

import (
	"io"
	"math"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

func TestPcapForms(t *testing.T) {
	for name, o := range orders {
		t.Run(name, func(t *testing.T) {
			for _, c := range []struct {
				format string
				magic  uint32
				unit   int64
				extra  string // what Kuznetzov's records have more
			}{
				{"pcap", magicMicro, 1000, ""},
				{"pcap (ns)", magicNano, 1, ""},
				{"pcap (modified)", magicModified, 1000, "\x00\x00\x00\x02\x00\x08\x04\x00"},
			} {
				file := join(o.pcapHeader(c.magic, 96, 1),
					o.fields(uint32(1700000000), uint32(123456), uint32(3), uint32(60), c.extra, "abc"),
					o.fields(uint32(math.MaxUint32), uint32(math.MaxUint32), uint32(0), uint32(0), c.extra),
					o.fields(uint32(1), uint32(2), uint32(4), uint32(1), c.extra, "defg"))
				got, r := readBytes(t, file)
				samePackets(t, got, []capture.Packet{
					{Number: 1, Time: 1700000000e9 + 123456*c.unit, OrigLen: 60, Link: 1, Data: []byte("abc")},
					{Number: 2, Time: math.MaxUint32*1e9 + math.MaxUint32*c.unit, Link: 1},
					{Number: 3, Time: 1e9 + 2*c.unit, OrigLen: 4, Link: 1, Data: []byte("defg")}, // original length below captured
				})
				if r.Format() != c.format || r.Interfaces()[0].SnapLen != 96 {
					t.Errorf("format %q, interfaces %+v", r.Format(), r.Interfaces())
				}
			}
		})
	}
}

func TestPcapLinkTypeAndFCS(t *testing.T) {
	for _, c := range []struct {
		network uint32
		link    capture.LinkType
		fcs     uint8
	}{
		{1, 1, 0},
		{276, 276, 0},                          // beyond 8 bits
		{0x0000ffff, 0xffff, 0},                //
		{0x24000001, 1, 4},                     // f bit, two 16-bit words
		{0x20000001, 1, 0},                     // a length without the f bit says nothing
		{0xf4000114, 276, 30},                  //
		{0x0b330001, 1, 0},                     // other reserved bits
		{uint32(0x10000000) | 1<<26, 0, 2},     //
		{uint32(0x10000000) | 1<<27 | 1, 1, 0}, //
	} {
		got, r := readBytes(t, join(little.pcapHeader(magicMicro, 0, c.network), little.record(1, 0, 1, "x")))
		if got[0].Link != c.link || got[0].FCSLen != c.fcs || r.Interfaces()[0].Link != c.link {
			t.Errorf("network %#x: link %d, fcs %d; want %d, %d", c.network, got[0].Link, got[0].FCSLen, c.link, c.fcs)
		}
	}
}

func TestPcapSnapLenIsNotTrusted(t *testing.T) {
	data := strings.Repeat("x", MinRecordLimit)
	for _, snaplen := range []uint32{0, 1, 96, math.MaxUint32} {
		got, _ := readBytes(t, join(little.pcapHeader(magicMicro, snaplen, 1), little.record(1, 0, 0, data)))
		if len(got) != 1 || string(got[0].Data) != data {
			t.Errorf("snaplen %d: %d packets", snaplen, len(got))
		}
	}
}

func TestPcapDamage(t *testing.T) {
	good := join(little.pcapHeader(magicMicro, 65535, 1), little.record(1, 0, 3, "abc"))
	for _, c := range []struct {
		name      string
		file      []byte
		packets   int
		offset    int64
		truncated bool
		says      string
	}{
		{"absurd length", join(good, little.fields(uint32(1), uint32(0), uint32(math.MaxUint32), uint32(1), "tail")), 1, 43, false, "record claims 4294967295 captured bytes, more than the limit of 262144"},
		{"one too long", join(good, little.fields(uint32(1), uint32(0), uint32(MinRecordLimit+1), uint32(1), make([]byte, MinRecordLimit+1))), 1, 43, false, "more than the limit"},
		{"cut in data", join(good, little.fields(uint32(1), uint32(0), uint32(78), uint32(78), make([]byte, 21))), 1, 43, true, "record of 94 bytes cut after 37"},
		{"cut in header", join(good, []byte("12345")), 1, 43, true, "record header of 16 bytes cut after 5"},
		{"cut in file header", good[:10], 0, 0, true, "file header of 24 bytes cut after 10"},
		{"cut in magic", good[:3], 0, 0, true, "file header of 24 bytes cut after 3"},
		{"version", little.fields(uint32(magicMicro), uint16(9), uint16(1), make([]byte, 16)), 0, 0, false, "pcap version 9.1 is not supported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readDamaged(t, c.file)
			if len(got) != c.packets || err.Offset != c.offset || err.Truncated != c.truncated || err.Name != "test" || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%d packets, then %v (offset %d, truncated %v)", len(got), err, err.Offset, err.Truncated)
			}
		})
	}
}

// A declared length must not decide how much is allocated.
func TestDeclaredLengthAllocatesNothing(t *testing.T) {
	for name, file := range map[string][]byte{
		"pcap": join(little.pcapHeader(magicMicro, math.MaxUint32, 1),
			little.fields(uint32(1), uint32(0), uint32(MaxRecord), uint32(1), "tail")),
		"pcapng":  join(little.section(), little.iface(1, 0), little.fields(uint32(blockPacket), uint32(maxBlock-4), "tail")),
		"skipped": join(little.section(), little.fields(uint32(0x0bad), uint32(0xfffffff0), "tail")),
	} {
		r, err := newReader("test", strings.NewReader(string(file)), 0, 4096)
		if err != nil {
			t.Fatal(err)
		}
		_, err = readAll(t, r)
		if err == io.EOF || len(r.in.buf) > 8192 {
			t.Errorf("%s: %v, buffer of %d bytes", name, err, len(r.in.buf))
		}
	}
}

// A large record makes the buffer grow, and the next small one makes it shrink.
func TestBufferFollowsRecords(t *testing.T) {
	large := strings.Repeat("L", 1<<20)
	var parts [][]byte
	parts = append(parts, little.pcapHeader(magicMicro, 2<<20, 1), little.record(1, 0, 0, large))
	for range 1000 {
		parts = append(parts, little.record(2, 0, 0, "small"))
	}
	r, err := newReader("test", strings.NewReader(string(join(parts...))), 0, 4096)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Next()
	if err != nil || string(p.Data) != large || len(r.in.buf) > 2*len(large) {
		t.Fatalf("%d bytes, %v, buffer of %d", len(p.Data), err, len(r.in.buf))
	}
	for i := range 1000 {
		if p, err := r.Next(); err != nil || string(p.Data) != "small" {
			t.Fatalf("small packet %d: %q, %v", i, p.Data, err)
		}
	}
	if _, err := r.Next(); err != io.EOF || len(r.in.buf) != 4096 {
		t.Errorf("%v, buffer of %d bytes", err, len(r.in.buf))
	}
}
