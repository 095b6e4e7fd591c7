package websocket

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Unmask appends src, unmasked with key (RFC 6455 §5.3), to dst and returns the
// extended slice. pos is the offset in the frame's payload of src's first byte,
// so that a payload can come in pieces. src is not changed; masking is the
// same operation.
func Unmask(dst, src []byte, key [4]byte, pos uint64) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(src))[:n+len(src)]
	UnmaskInto(dst[n:], src, key, pos)
	return dst
}

// UnmaskInto writes src, unmasked with key, to the first len(src) bytes of dst,
// which must be that long. dst and src may be the same bytes; otherwise they
// must not overlap. pos is as for Unmask.
func UnmaskInto(dst, src []byte, key [4]byte, pos uint64) {
	n := len(src)
	dst = dst[:n]
	key32 := keyAt(key, pos)
	if unmaskVector(dst, src, key32) {
		return
	}
	// The key as a word that repeats it, its first byte in memory key[pos%4].
	k := uint64(key32)<<32 | uint64(key32)
	if n < 8 {
		for i, c := range src {
			dst[i] = c ^ byte(k>>(8*i))
		}
		return
	}
	// The last eight bytes are written last, but read now: they may be the same.
	end := dst[n-8:]
	last := binary.LittleEndian.Uint64(src[n-8:]) ^ bits.RotateLeft64(k, -8*(n&7))
	for len(src) >= 32 {
		d, s := dst[:32], src[:32]
		v0 := binary.LittleEndian.Uint64(s[0:8]) ^ k
		v1 := binary.LittleEndian.Uint64(s[8:16]) ^ k
		v2 := binary.LittleEndian.Uint64(s[16:24]) ^ k
		v3 := binary.LittleEndian.Uint64(s[24:32]) ^ k
		binary.LittleEndian.PutUint64(d[0:8], v0)
		binary.LittleEndian.PutUint64(d[8:16], v1)
		binary.LittleEndian.PutUint64(d[16:24], v2)
		binary.LittleEndian.PutUint64(d[24:32], v3)
		dst, src = dst[32:], src[32:]
	}
	for len(src) > 8 && len(dst) > 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)^k)
		dst, src = dst[8:], src[8:]
	}
	binary.LittleEndian.PutUint64(end, last)
}
