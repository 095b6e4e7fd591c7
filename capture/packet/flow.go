package packet

import "math/bits"

// mapped is the second half of an IPv4-mapped address (::ffff:0:0, RFC 4291
// §2.5.5.2) before the IPv4 address.
const mapped = 0x0000_ffff_0000_0000

// flow4 sets Flow and Dir for IPv4 addresses. ports has the source in its upper half.
func (d *Decoded) flow4(src, dst, ports uint32) {
	d.Flow.Proto = d.Proto
	d.Flow.Version = 4
	if src > dst || src == dst && ports>>16 > ports&0xffff {
		d.Dir = HiToLo
		src, dst = dst, src
		ports = ports<<16 | ports>>16
	}
	be.PutUint64(d.Flow.Lo[8:], mapped|uint64(src))
	be.PutUint64(d.Flow.Hi[8:], mapped|uint64(dst))
	d.Flow.LoPort = uint16(ports >> 16)
	d.Flow.HiPort = uint16(ports)
}

// flow6 sets Flow and Dir for IPv6 addresses of 16 bytes. ports has the source
// in its upper half.
func (d *Decoded) flow6(src, dst []byte, ports uint32) {
	d.Flow.Proto = d.Proto
	d.Flow.Version = 6
	s0, s1 := be.Uint64(src), be.Uint64(src[8:])
	t0, t1 := be.Uint64(dst), be.Uint64(dst[8:])
	if s0 > t0 || s0 == t0 && (s1 > t1 || s1 == t1 && ports>>16 > ports&0xffff) {
		d.Dir = HiToLo
		s0, s1, t0, t1 = t0, t1, s0, s1
		ports = ports<<16 | ports>>16
	}
	be.PutUint64(d.Flow.Lo[:], s0)
	be.PutUint64(d.Flow.Lo[8:], s1)
	be.PutUint64(d.Flow.Hi[:], t0)
	be.PutUint64(d.Flow.Hi[8:], t1)
	d.Flow.LoPort = uint16(ports >> 16)
	d.Flow.HiPort = uint16(ports)
}

// Hash returns a hash of f, the same for both directions because f is canonical.
// Whoever made the capture chose the addresses and ports: a table that must not
// degenerate takes a seed they cannot know. Nothing that is printed may depend
// on the hash or on an order that comes from it.
func (f *Flow) Hash(seed uint64) uint64 {
	// Odd constants of high entropy, from the fraction of pi.
	const (
		k0 = 0x243f6a8885a308d3
		k1 = 0x13198a2e03707345
		k2 = 0xa4093822299f31d1
	)
	s, t := seed^k0, bits.RotateLeft64(seed, 32)^k1
	a := mix(be.Uint64(f.Lo[:])^s, be.Uint64(f.Lo[8:])^t)
	b := mix(be.Uint64(f.Hi[:])^t^k2, be.Uint64(f.Hi[8:])^s^k2)
	c := uint64(f.LoPort)<<48 | uint64(f.HiPort)<<32 | uint64(f.Proto)<<8 | uint64(f.Version)
	return mix(a^c^k1, b^c^s)
}

// mix folds the 128-bit product of two words into one, as wyhash does.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
