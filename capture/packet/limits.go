package packet

import "time"

// Limits bounds a Decoder. The zero value of each field means its default.
type Limits struct {
	// Tunnels bounds the encapsulations entered in one packet; the next one ends
	// decoding with StopTunnel. Default 8, at most 255.
	Tunnels int
	// DatagramBytes bounds the payload of a datagram that comes in fragments;
	// fragments beyond it are malformed. Default and maximum 65,535.
	DatagramBytes int
	// FragmentBytes bounds the bytes of all fragments held, with their headers
	// and lists. Default 16 MiB.
	FragmentBytes int64
	// Datagrams bounds the datagrams of which fragments are held, each with
	// about 300 bytes beyond FragmentBytes. Default 65,536.
	Datagrams int
	// FragmentAge is how long, in capture time, a datagram's first fragment waits
	// for the others. Default 30 s, as receivers do (RFC 1122 §3.3.2 allows 60 s,
	// Linux waits 30 s).
	FragmentAge time.Duration
	// RepeatAge is how long, in capture time, a datagram that is complete is
	// remembered, so that a second copy of its fragments (of a mirror port, of
	// another interface) is known as such. Default 1 s.
	RepeatAge time.Duration
}

// Bounds that are part of the rules, not settings.
const (
	defaultTunnels = 8
	maxTunnels     = 255
	maxVLANs       = 255 // tags counted; more are stepped over
	maxLabels      = 16  // MPLS labels of one stack
	// maxExtensions bounds the walk over the extension headers of IPv6, and of
	// GTP-U. No sender needs more than a handful; RFC 8504 §5.3 lets a host
	// refuse far fewer.
	maxExtensions = 32
	// maxRounds bounds how often one packet may complete a datagram that completes
	// a datagram.
	maxRounds   = 8
	maxDatagram = 65_535                  // bytes of payload: what both IP length fields can say
	maxJump     = 10 * int64(time.Minute) // of the clock, on the word of a single fragment
	mirrorFrame = 1 << 17                 // length taken for a mirrored frame that says it was cut: more than IP can declare
	freeBytes   = 4 << 10                 // a datagram with larger buffers is not reused
	freeCount   = 1024                    // datagrams kept for reuse
)

func (l Limits) withDefaults() Limits {
	if l.Tunnels <= 0 {
		l.Tunnels = defaultTunnels
	}
	l.Tunnels = min(l.Tunnels, maxTunnels)
	if l.DatagramBytes <= 0 || l.DatagramBytes > maxDatagram {
		l.DatagramBytes = maxDatagram
	}
	if l.FragmentBytes <= 0 {
		l.FragmentBytes = 16 << 20
	}
	if l.Datagrams <= 0 {
		l.Datagrams = 65_536
	}
	if l.FragmentAge <= 0 {
		l.FragmentAge = 30 * time.Second
	}
	if l.RepeatAge <= 0 {
		l.RepeatAge = time.Second
	}
	return l
}
