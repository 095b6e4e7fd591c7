package websocket

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// keyHistory watches the masking keys of one direction (RFC 6455 §5.3: derived
// from a strong source of entropy, not predictable from those before; §10.3).
// Random keys are called predictable once in 2^45 frames at most.
type keyHistory struct {
	last [4][4]byte // the latest keys, newest first
	n    uint8      // how many of them count, up to 4
	done bool       // reported
}

// forget drops the history: the next key does not directly follow the last one.
func (k *keyHistory) forget() { k.n = 0 }

// add takes the next key and returns why it is bad, "" if it is not. It speaks
// once only: a client that masks badly masks all its frames so.
func (k *keyHistory) add(key [4]byte) string {
	if k.done {
		return ""
	}
	if key == [4]byte{} {
		k.done = true
		return "masking key 00000000 leaves the payload as it is"
	}
	k.last[3], k.last[2], k.last[1], k.last[0] = k.last[2], k.last[1], k.last[0], key
	k.n = min(k.n+1, 4)
	if k.n < 3 {
		return ""
	}
	why := k.judge()
	k.done = why != ""
	return why
}

// addGood takes the next key if nothing is wrong with it. It returns false, with
// nothing changed, if something is, or may be: add tells.
func (k *keyHistory) addGood(key [4]byte) bool {
	v := binary.BigEndian.Uint32(key[:])
	if !k.done {
		if v == 0 || k.n >= 2 && k.suspicious(v) {
			return false
		}
		k.last[3], k.last[2], k.last[1], k.last[0] = k.last[2], k.last[1], k.last[0], key
		k.n = min(k.n+1, 4)
	}
	return true
}

// suspicious is a quick look at v, the next key after two or more: whatever judge
// would speak of is suspicious, and of random keys one in 2^29.
func (k *keyHistory) suspicious(v uint32) bool {
	a, b, c := binary.BigEndian.Uint32(k.last[0][:]), binary.BigEndian.Uint32(k.last[1][:]), binary.BigEndian.Uint32(k.last[2][:])
	if v == b || v == a {
		return true // repeated, or two by turns
	}
	d0, d1, d2 := v-a, a-b, b-c
	// A constant step, or steps with a constant factor: d1 = f·d2 and d0 = f·d1.
	if d0 == d1 || d1*d1 == d0*d2 {
		return true
	}
	v, a, b, c = bits.ReverseBytes32(v), bits.ReverseBytes32(a), bits.ReverseBytes32(b), bits.ReverseBytes32(c)
	d0, d1, d2 = v-a, a-b, b-c
	return d0 == d1 || d1*d1 == d0*d2
}

func (k *keyHistory) judge() string {
	if k.last[0] == k.last[1] && k.last[1] == k.last[2] {
		return fmt.Sprintf("masking key %x used three times running", k.last[0])
	}
	if k.n == 4 && k.last[0] == k.last[2] && k.last[1] == k.last[3] {
		return fmt.Sprintf("masking key %x is predictable: the keys alternate between two", k.last[0])
	}
	if why := k.progression(binary.BigEndian, "big"); why != "" {
		return why
	}
	return k.progression(binary.LittleEndian, "little")
}

// smallStep bounds the steps that three keys are enough for: two equal ones
// that small come by chance once in 2^47, two equal ones of any size once in
// 2^32, so those need a third.
const smallStep = 1 << 16

// progression recognises counters and linear congruential generators, which
// are what is used where a real source is not.
func (k *keyHistory) progression(order binary.ByteOrder, name string) string {
	var v [4]uint32
	for i := range k.last {
		v[i] = order.Uint32(k.last[i][:])
	}
	d0, d1, d2 := v[0]-v[1], v[1]-v[2], v[2]-v[3]
	if d0 == d1 && d0 != 0 {
		step := int32(d0)
		if step > -smallStep && step < smallStep || k.n == 4 && d1 == d2 {
			return fmt.Sprintf("masking key %x is predictable: each differs from the one before by %d (%s-endian)", k.last[0], step, name)
		}
	}
	if k.n < 4 {
		return ""
	}
	// x' = a·x + c (mod 2^32) makes differences that are multiplied by a each time.
	// With four keys only small multipliers are conclusive: any odd d2 has some a,
	// and that it explains d0 too happens once in 2^32.
	if d2&1 == 0 {
		return ""
	}
	a := d1 * inverse(d2)
	if a*d1 == d0 && (bits.Len32(a) <= 16 || knownMultiplier(a)) {
		return fmt.Sprintf("masking key %x is predictable: the keys follow a linear congruential generator with multiplier %d (%s-endian)", k.last[0], a, name)
	}
	return ""
}

// knownMultiplier reports whether a is that of a generator in common use: ANSI
// C, Numerical Recipes, Borland and Visual C (RFC 6455 §10.3 rules all out).
func knownMultiplier(a uint32) bool {
	switch a {
	case 1103515245, 1664525, 22695477, 214013, 134775813, 69069:
		return true
	}
	return false
}

// inverse returns the inverse of an odd d modulo 2^32, by Newton's iteration:
// the number of right bits doubles each time, from 3.
func inverse(d uint32) uint32 {
	x := d
	for range 4 {
		x *= 2 - d*x
	}
	return x
}
