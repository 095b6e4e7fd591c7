package pcapfile

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/sockeye-dev/sockeye/capture"
)

// Interface is what a file says about one capturing interface. A pcap file has
// exactly one, without a name.
type Interface struct {
	Link    capture.LinkType
	SnapLen uint32 // as declared; 0 means no limit
	FCSLen  uint8  // bytes of frame check sequence at the end of each frame
	// Name, Description, Filter (as its user wrote it) and OS are captured text:
	// not to be printed to a terminal without making control characters visible.
	Name, Description, Filter, OS string
	// Resolution is the unit of its timestamps.
	Resolution Resolution
	// Offset is added to its timestamps, in seconds (if_tsoffset).
	Offset int64
}

// Resolution is a timestamp unit as if_tsresol writes it: n means 10^-n
// seconds, and n with the top bit set 2^-n seconds
// (draft-ietf-opsawg-pcapng §4.2).
type Resolution uint8

// The usual resolutions.
const (
	Microseconds Resolution = 6
	Nanoseconds  Resolution = 9
)

// String returns the unit in seconds, as in "10^-6 s".
func (s Resolution) String() string {
	if s&0x80 != 0 {
		return fmt.Sprintf("2^-%d s", s&0x7f)
	}
	return fmt.Sprintf("10^-%d s", uint8(s))
}

// perSecond returns the units in a second; ok is false where 64 bits cannot hold them.
func (s Resolution) perSecond() (n uint64, ok bool) {
	if s&0x80 != 0 {
		return 1 << (s & 0x7f), s&0x7f < 64
	}
	if s > 19 {
		return 0, false
	}
	n = 1
	for range s {
		n *= 10
	}
	return n, true
}

// clock turns an interface's timestamps into nanoseconds since the epoch.
type clock struct {
	maxCap    uint32
	link      capture.LinkType
	fcs       uint8
	perSecond uint64 // 0: a resolution that 64 bits cannot hold
	offset    int64  // seconds

	// The short way, for decimal resolutions down to a nanosecond: time is
	// ticks*mul+add as long as ticks is at most maxTicks. mul 0: no short way.
	mul, maxTicks uint64
	add           int64
}

func newClock(i *Interface) clock {
	c := clock{maxCap: recordLimit(i.SnapLen), link: i.Link, fcs: i.FCSLen, offset: i.Offset}
	c.perSecond, _ = i.Resolution.perSecond()
	const reach = math.MaxInt64 / 1_000_000_000
	if i.Resolution <= Nanoseconds && -reach <= i.Offset && i.Offset <= reach {
		c.mul = 1_000_000_000 / c.perSecond
		c.add = i.Offset * 1_000_000_000
		c.maxTicks = uint64(math.MaxInt64-max(c.add, 0)) / c.mul
	}
	return c
}

// time returns nanoseconds since the epoch, rounded down, and held at the ends
// of the range of int64 (years 1677 and 2262) where ticks lie outside it.
// perSecond must not be 0.
func (c *clock) time(ticks uint64) int64 {
	if c.mul != 0 && ticks <= c.maxTicks {
		return int64(ticks*c.mul) + c.add
	}
	sec, rest := ticks/c.perSecond, ticks%c.perSecond
	hi, lo := bits.Mul64(rest, 1_000_000_000)
	frac, _ := bits.Div64(hi, lo, c.perSecond) // rest < perSecond, so the quotient is below 10^9
	// sec and offset can both be near the ends of their ranges: add them in 128 bits.
	low, carry := bits.Add64(sec, uint64(c.offset), 0)
	high := uint64(c.offset>>63) + carry
	const reach = math.MaxInt64/1_000_000_000 - 1
	switch {
	case high == 0 && low <= reach:
		return int64(low)*1_000_000_000 + int64(frac)
	case high == math.MaxUint64 && int64(low) >= -reach && int64(low) < 0:
		return int64(low)*1_000_000_000 + int64(frac)
	case high>>63 == 0:
		return math.MaxInt64
	}
	return math.MinInt64
}
