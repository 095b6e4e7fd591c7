package pcapfile

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

func TestPcapngSections(t *testing.T) {
	for name, o := range orders {
		other := orders[map[string]string{"little": "big", "big": "little"}[name]]
		t.Run(name, func(t *testing.T) {
			file := join(
				o.section(o.option(optComment, "first section"), o.option(optEnd)),
				o.iface(1, 65535, o.option(optIfName, "eth0"), o.option(optIfDescription, "the wire"),
					o.option(optIfFilter, "\x00tcp"), o.option(optIfOS, "Linux"), o.option(optIfFCSLen, uint8(4)), o.option(optEnd)),
				o.iface(276, 0, o.option(optIfTsresol, uint8(9)), o.option(optIfTsoffset, uint64(1000))),
				o.packet(0, 1700000000_123456, 60, "abc", o.option(optComment, "look"), o.option(optEnd)),
				o.packet(1, 5_000000007, 4, "defg"),
				o.block(4, make([]byte, 100)), // name resolution: skipped
				o.block(blockStatistics, uint32(1), uint32(0), uint32(0), o.option(optStatsStart, uint32(0), uint32(7)), o.option(optStatsEnd, uint32(1), uint32(0)), o.option(optStatsReceived, uint64(70)), o.option(optStatsDropped, uint64(3)), o.option(optStatsOSDrop, uint64(4))),
				o.block(blockStatistics, uint32(9), uint32(0), uint32(0)), // of no interface
				other.section(),
				other.iface(101, 0, other.option(optIfTsresol, uint8(0x80|10))),
				other.block(blockSecrets, uint32(SecretsTLS), uint32(5), "lines"),
				other.packet(0, 1024+512, 2, "hi", other.option(optPacketFlags, uint32(4<<5))),
				other.block(0x0bad, make([]byte, 9)),
			)
			got, r := readBytes(t, file)
			samePackets(t, got, []capture.Packet{
				{Number: 1, Time: 1700000000_123456000, OrigLen: 60, Link: 1, FCSLen: 4, Data: []byte("abc")},
				{Number: 2, Time: 1005_000000007, OrigLen: 4, Interface: 1, Link: 276, Data: []byte("defg")},
				{Number: 3, Time: 1_500000000, OrigLen: 2, Interface: 2, Link: 101, FCSLen: 4, Data: []byte("hi")},
			})
			if s := fmt.Sprint(r.Interfaces()); s != "[{ethernet 65535 4 eth0 the wire tcp Linux 10^-6 s 0} {linux-sll2 0 0     10^-9 s 1000} {raw 0 0     2^-10 s 0}]" {
				t.Error(s)
			}
			if s := fmt.Sprint(r.Comments(), r.Stats(), r.Secrets()); s != "[{0 first section} {1 look}] [{1 70 3 4 1000000000007 1004294967296}] [{1414288203 [108 105 110 101 115]}]" {
				t.Error(s)
			}
			if r.Format() != "pcapng" {
				t.Error(r.Format())
			}
		})
	}
}

func TestPcapngSimpleAndOldPackets(t *testing.T) {
	for name, o := range orders {
		t.Run(name, func(t *testing.T) {
			got, _ := readBytes(t, join(o.section(), o.iface(1, 4), o.iface(101, 0),
				o.block(blockSimple, uint32(9), "abcd"),     // cut by the snap length
				o.block(blockSimple, uint32(3), "abc"),      //
				o.block(blockSimple, uint32(3), "abcd0123"), // more in the block than the packet has
				o.block(blockOldPacket, uint16(1), uint16(77), uint32(0), uint32(2_000001), uint32(5), uint32(6), "hello"),
			))
			samePackets(t, got, []capture.Packet{
				{Number: 1, OrigLen: 9, Link: 1, Data: []byte("abcd")},
				{Number: 2, OrigLen: 3, Link: 1, Data: []byte("abc")},
				{Number: 3, OrigLen: 3, Link: 1, Data: []byte("abc")},
				{Number: 4, Time: 2_000001000, OrigLen: 6, Interface: 1, Link: 101, Data: []byte("hello")},
			})
		})
	}
	// The snap length is wrong: the block's length decides.
	got, _ := readBytes(t, join(little.section(), little.iface(1, 0), little.block(blockSimple, uint32(900), "abcdefgh")))
	samePackets(t, got, []capture.Packet{{Number: 1, OrigLen: 900, Link: 1, Data: []byte("abcdefgh")}})
}

func TestPcapngDamage(t *testing.T) {
	o := little
	head := join(o.section(), o.iface(1, 0), o.packet(0, 1, 3, "abc"))
	at := int64(len(head))
	trailer := func(b []byte) []byte { b[len(b)-4]++; return b }
	for _, c := range []struct {
		name string
		tail []byte
		says string
	}{
		{"trailing length", trailer(o.packet(0, 1, 3, "abc")), "block begins with length 36 and ends with length 37"},
		{"trailing length of a skipped block", trailer(o.block(77, "abcd")), "block begins with length 16 and ends with length 17"},
		{"length not a multiple of 4", o.fields(uint32(77), uint32(13), make([]byte, 64)), "impossible length 13"},
		{"length below the minimum", o.fields(uint32(77), uint32(8), make([]byte, 64)), "impossible length 8"},
		{"length 0", make([]byte, 64), "impossible length 0"},
		{"short packet block", o.block(blockPacket, uint32(0)), "has 16 bytes; it must have 32 to"},
		{"huge packet block", o.fields(uint32(blockPacket), uint32(0xfffffff0), make([]byte, 64)), "has 4294967280 bytes"},
		{"interface out of range", o.packet(1, 1, 3, "abc"), "packet of interface 1, but the section has declared 1"},
		{"no interface", join(o.section(), o.packet(0, 1, 3, "abc")), "packet of interface 0, but the section has declared 0"},
		{"simple without interface", join(o.section(), o.block(blockSimple, uint32(3), "abc")), "packet of interface 0"},
		{"captured length beyond the block", o.block(blockPacket, uint32(0), uint32(0), uint32(0), uint32(5), uint32(5), "abcd"), "packet claims 5 captured bytes in a block of 36"},
		{"captured length absurd", o.block(blockPacket, uint32(0), uint32(0), uint32(0), uint32(math.MaxUint32), uint32(5), "abcd"), "packet claims 4294967295 captured bytes"},
		{"captured length beyond the limit", o.packet(0, 1, 3, strings.Repeat("x", MinRecordLimit+1)), "more than the limit of 262144"},
		{"no byte order", o.block(blockSection, uint32(0x01020304), uint32(1), ^uint64(0)), "section header without byte order: 04 03 02 01"},
		{"version", o.block(blockSection, uint32(byteOrderMagic), uint16(2), uint16(0), ^uint64(0)), "pcapng version 2.0 is not supported"},
		{"damaged interface option", o.iface(1, 0, o.fields(uint16(optIfName), uint16(999))), "damaged option"},
		{"resolution of two bytes", o.iface(1, 0, o.option(optIfTsresol, uint16(9))), "damaged option"},
		{"secrets beyond the block", o.block(blockSecrets, uint32(SecretsTLS), uint32(99), "abcd"), "secrets of 99 bytes in a block of 24"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readDamaged(t, join(head, c.tail, o.packet(0, 2, 3, "def")))
			want := at
			if strings.HasPrefix(c.name, "no interface") || strings.HasPrefix(c.name, "simple") {
				want += int64(len(o.section()))
			}
			if len(got) != 1 || err.Offset != want || err.Truncated || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%d packets, then %v (want offset %d)", len(got), err, want)
			}
		})
	}
}

// A section's declared length is not believed.
func TestPcapngSectionLengthIsNotTrusted(t *testing.T) {
	for _, n := range []uint64{0, 1, 4, 1 << 40, math.MaxUint64, 1 << 63} {
		section := little.block(blockSection, uint32(byteOrderMagic), uint16(1), uint16(0), n)
		got, _ := readBytes(t, join(section, little.iface(1, 0), little.packet(0, 1, 1, "x")))
		if len(got) != 1 {
			t.Errorf("section length %d: %d packets", n, len(got))
		}
	}
}

// Damaged options of a packet do not hurt the packet.
func TestPcapngPacketOptionsDamaged(t *testing.T) {
	got, r := readBytes(t, join(little.section(), little.iface(1, 0),
		little.packet(0, 1, 1, "x", little.option(optComment, "kept"), little.fields(uint16(optComment), uint16(60000), "lost"))))
	if len(got) != 1 || len(r.Comments()) != 1 || r.Comments()[0].Text != "kept" {
		t.Errorf("%d packets, comments %v", len(got), r.Comments())
	}
}

func TestPcapngCaps(t *testing.T) {
	o := little
	parts := [][]byte{o.section()}
	for range MaxComments + 5 {
		parts = append(parts, o.section(o.option(optComment, "c")))
	}
	secret := o.block(blockSecrets, uint32(SecretsTLS), uint32(4<<20), make([]byte, 4<<20))
	for range 6 {
		parts = append(parts, secret)
	}
	parts = append(parts, o.iface(1, 0), o.packet(0, 1, 1, "x"))
	got, r := readBytes(t, join(parts...))
	if len(got) != 1 || len(r.Comments()) != MaxComments || r.CommentsLeftOut() != 5 || len(r.Secrets()) != 3 || r.SecretsLeftOut() != 3 {
		t.Errorf("%d packets, %d comments and %d more, %d secrets and %d more",
			len(got), len(r.Comments()), r.CommentsLeftOut(), len(r.Secrets()), r.SecretsLeftOut())
	}
	parts = [][]byte{o.section()}
	for range MaxInterfaces + 1 {
		parts = append(parts, o.iface(1, 0))
	}
	if _, err := readDamaged(t, join(parts...)); !strings.Contains(err.Error(), "more than 65536 interfaces") {
		t.Error(err)
	}
}

// exactTime is what a timestamp means, worked out with big numbers.
func exactTime(res Resolution, offset int64, ticks uint64) int64 {
	per := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(res)), nil)
	if res&0x80 != 0 {
		per = new(big.Int).Lsh(big.NewInt(1), uint(res&0x7f))
	}
	ns := new(big.Int).SetUint64(ticks)
	ns.Mul(ns, big.NewInt(1e9))
	ns.Div(ns, per)
	ns.Add(ns, new(big.Int).Mul(big.NewInt(offset), big.NewInt(1e9)))
	return ns.Int64()
}

func TestPcapngClock(t *testing.T) {
	ticks := []uint64{0, 1, 999, 1 << 20, 1<<32 - 1, 1 << 32, 1700000000, 1700000000_123456, 1700000000_123456789, 1<<63 - 1}
	for _, offset := range []int64{0, 1, -1, 3600, -3600} {
		for res := range 256 {
			per, ok := Resolution(res).perSecond()
			if ok != (res <= 19 || res >= 0x80 && res < 0x80+64) {
				t.Fatalf("resolution %#x: %v", res, ok)
			}
			if !ok {
				continue
			}
			c := newClock(&Interface{Resolution: Resolution(res), Offset: offset})
			for _, n := range ticks {
				if n/per > 9_000_000_000 {
					continue
				}
				if got, want := c.time(n), exactTime(Resolution(res), offset, n); got != want {
					t.Errorf("%d in units of %v, offset %d: %d; want %d", n, Resolution(res), offset, got, want)
				}
			}
		}
	}
}

func TestPcapngClockOutOfRange(t *testing.T) {
	for _, c := range []struct {
		res    Resolution
		offset int64
		ticks  uint64
		want   int64
	}{
		{0, 0, math.MaxUint64, math.MaxInt64},
		{6, 0, math.MaxUint64, math.MaxInt64},
		{9, 0, math.MaxUint64, math.MaxInt64},
		{9, math.MaxInt64, 0, math.MaxInt64},
		{9, math.MinInt64, 0, math.MinInt64},
		{0, math.MinInt64, 1 << 63, 0},
		{0, math.MaxInt64, math.MaxUint64, math.MaxInt64},
		{9, 9_223_372_036, 900_000_000, math.MaxInt64},
		{6, -1_700_000_000, 1_700_000_001_000_000, 1e9},
		{0x80 | 63, -1, math.MaxUint64, 999_999_999},
	} {
		k := newClock(&Interface{Resolution: c.res, Offset: c.offset})
		if got := k.time(c.ticks); got != c.want {
			t.Errorf("%d in units of %v, offset %d: %d; want %d", c.ticks, c.res, c.offset, got, c.want)
		}
	}
}

// An absurd resolution matters only to packets of that interface.
func TestPcapngAbsurdResolution(t *testing.T) {
	for res, unit := range map[uint8]string{0x7f: "10^-127 s", 0xff: "2^-127 s", 20: "10^-20 s", 0x80 | 64: "2^-64 s"} {
		head := join(little.section(), little.iface(1, 0), little.iface(1, 0, little.option(optIfTsresol, res)), little.packet(0, 1, 1, "x"))
		if got, _ := readBytes(t, head); len(got) != 1 {
			t.Errorf("resolution %#x: %d packets", res, len(got))
		}
		got, err := readDamaged(t, join(head, little.packet(1, 1, 1, "x")))
		want := fmt.Sprintf("test: byte %d: interface 1: timestamps in units of %s cannot be read", len(head), unit)
		if len(got) != 1 || err.Error() != want {
			t.Errorf("resolution %#x: %d packets, %v; want %s", res, len(got), err, want)
		}
	}
}
