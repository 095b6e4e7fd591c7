// Package live takes packets from network interfaces.
//
// On Linux a packet travels like this, without cgo:
//
//	interface ─► kernel filter ─► block of the ring (memory shared with the kernel)
//	                                  │ a full block, or one that is Latency old
//	                                  ▼
//	             Next: pick the oldest head of all rings, put the VLAN tag back,
//	                   write the cooked header ─► capture.Packet, borrowed from the block
//	                                  │ the Next after a block's last packet
//	                                  ▼
//	             the block goes back to the kernel
//
// Nothing is copied but the few header bytes that the kernel keeps outside the
// packet. A consumer that is too slow leaves the kernel without a free block: the
// kernel then drops packets and counts them, and Stats says how many.
//
// On FreeBSD and macOS packets are read from /dev/bpf, on Windows (amd64) through
// Npcap with gopacket/pcap: one interface at a time, timestamps in microseconds,
// VLAN tags as the system shows them. Elsewhere Open returns an *Error of kind
// Unsupported.
package live

import (
	"time"

	"golang.org/x/net/bpf"

	"github.com/sockeye-dev/sockeye/capture"
)

// Any is the name that stands for all interfaces of the network namespace.
const Any = "any"

// The defaults of Options.
const (
	// DefaultSnapLen is tcpdump's: no segment that offloading makes today is longer.
	DefaultSnapLen = 262144
	// DefaultRingSize holds 14 ms of a full 10 Gbit/s link.
	DefaultRingSize = 16 << 20
	// DefaultLatency is short for a reader in front of a screen, and long enough
	// that a ring lasts for more than a second when each block has one packet only.
	DefaultLatency = 50 * time.Millisecond
)

// MaxSnapLen is the largest snap length in bytes, tcpdump's as well.
const MaxSnapLen = 262144

// Options say what to capture. The zero value captures nothing: an interface
// must be named.
type Options struct {
	// Interfaces are the names to capture on, without repetition. Any, alone,
	// stands for all interfaces, those that appear later included.
	Interfaces []string
	// SnapLen is the number of bytes kept of a packet, 1 to MaxSnapLen;
	// 0 means DefaultSnapLen.
	SnapLen uint32
	// RingSize is the memory in bytes that holds packets on their way from the
	// kernel, for each interface; 0 means DefaultRingSize. It is rounded up to whole
	// blocks, two at least.
	RingSize int
	// Latency is the time that a packet may wait in a block that is not full;
	// 0 means DefaultLatency. The kernel looks at this interval, so a packet may
	// wait for twice as long. Not below a millisecond.
	Latency time.Duration
	// Promiscuous asks for frames to other stations too. Any has no such mode.
	Promiscuous bool
	// Direction keeps packets of one direction only; 0 keeps both.
	Direction capture.Direction
	// Filter, unless nil, returns a classic BPF program for packets of a link type;
	// an empty program keeps everything. It is called once for each interface,
	// before any packet is taken. The program sees packets as Next delivers them.
	Filter func(capture.LinkType) ([]bpf.RawInstruction, error)
	// Wait, unless nil, runs block, which waits for packets. A caller can flush
	// its output first. Called on Next's goroutine, and only where no packet is ready.
	Wait func(block func())
	// Changed, unless nil, is told of an interface that goes down, vanishes, or
	// comes back. Called on Next's goroutine. Capture goes on in any case.
	Changed func(Change)
}

// Change says what became of an interface during capture.
type Change struct {
	Interface string
	State     State
}

// State is the condition of an interface that is captured on.
type State uint8

// The states.
const (
	Up   State = iota // packets can come
	Down              // switched off: packets come again when it is switched on
	Gone              // removed: packets come again when one of the same name appears
)

// String returns the state as a word.
func (s State) String() string {
	switch s {
	case Up:
		return "up"
	case Down:
		return "down"
	case Gone:
		return "gone"
	}
	return "unknown"
}

// Interface is one of the interfaces of a handle; capture.Packet.Interface is its
// index in Handle.Interfaces.
type Interface struct {
	Name    string
	Link    capture.LinkType
	SnapLen uint32 // bytes, as in Options
}

// Stats are the kernel's counters since Open, of one interface or of all. Packets
// that the filter refused are in none of them.
type Stats struct {
	Received uint64 // packets that passed the filter and found a place
	Dropped  uint64 // packets that passed the filter and found none: the consumer was too slow
	Freezes  uint64 // times that all blocks were full (Linux only)
}

// Stats returns the counters of all interfaces together, from any goroutine. After
// Close they are the last ones.
func (h *Handle) Stats() (Stats, error) {
	var sum Stats
	list, err := h.InterfaceStats()
	for _, s := range list {
		sum.Received += s.Received
		sum.Dropped += s.Dropped
		sum.Freezes += s.Freezes
	}
	return sum, err
}

func (o *Options) setDefaults() {
	if o.SnapLen == 0 || o.SnapLen > MaxSnapLen {
		o.SnapLen = DefaultSnapLen
	}
	if o.RingSize <= 0 {
		o.RingSize = DefaultRingSize
	}
	if o.Latency == 0 {
		o.Latency = DefaultLatency
	}
	o.Latency = max(o.Latency, time.Millisecond)
	if o.Wait == nil {
		o.Wait = func(block func()) { block() }
	}
	if o.Changed == nil {
		o.Changed = func(Change) {}
	}
}

// names returns the interfaces to open: Any swallows the others, and each is
// named once, so that no packet counts twice.
func (o *Options) names() []string {
	var names []string
	seen := map[string]bool{}
	for _, n := range o.Interfaces {
		if n == Any {
			return []string{Any}
		}
		if !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}
