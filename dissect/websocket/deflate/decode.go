package deflate

import "encoding/binary"

// seqBytes is how much output the fast loop decodes before it is copied.
const seqBytes = 1 << 10

// sequences is what the fast loop has decoded and not copied yet: each sequence is a run of literals and a match.
// Literals behind the last match are in no sequence.
type sequences struct {
	literals [seqBytes + 3 + outMargin]byte
	list     [seqBytes/3 + 2]uint64 // count of literals<<32 | length<<16 | distance-1
}

// decoder is what the fast loop works on.
type decoder struct {
	// Input: in[pos:] is not taken yet, bits holds the n bits taken and not used, the next one lowest; the bits above
	// them are zero or equal to the input that follows.
	in    []byte
	pos   int
	bits  uint64
	n     uint
	codes *tables

	w        int // bytes in out
	out      *output
	past     history // as the inflater's, but in the fast loop its ring is not nil
	farthest int     // longest distance used

	last  int // no symbol is begun with pos behind it
	room  int // nor with so many bytes decoded
	known int // bytes before the next one, in past and out
	seq   *sequences
	// What is in seq, and how much of it was copied.
	count, literals int
	next, copied    int
	ended           bool // the last symbol was the end of the block
}

// fast decodes while there are fastIn bytes of input and fastOut bytes of room before the output's end and the next
// look at the limits. It returns true at the end of the block; otherwise the next symbol is for the slow loop, which
// also finds what is wrong with it.
//
// What matches refer to is rarely in the cache. So symbols are decoded first, many at a time, and copied after: the
// processor then waits for many of them at once.
func (f *Inflater) fast() (ended bool) {
	d := &f.run.decoder
	outEnd := int(min(outSize, f.run.nextStop-f.run.base)) - fastOut
	d.last = len(d.in) - fastIn
	if d.past = f.past; d.past.ring == nil {
		d.past.ring = &f.pool.none
	}
	for d.pos <= d.last && d.w < outEnd {
		d.room, d.known = min(outEnd-d.w, seqBytes), int(d.past.known)+d.w
		d.decode()
		d.next, d.copied = 0, 0
		for d.copy() {
			s := d.seq.list[d.next-1]
			d.w = d.out.match(&d.past, d.w, int(s&0xffff)+1, int(s>>16&0xffff))
		}
		d.w += copy(d.out[d.w:], d.seq.literals[d.copied:d.literals])
		if d.ended || d.count+d.literals == 0 {
			return d.ended
		}
	}
	return false
}

// decodeGeneric decodes symbols into sequences until there is too little input or room, the block ends, or a symbol
// is wrong, which it leaves.
func (d *decoder) decodeGeneric() {
	in, pos, bits, n := d.in, d.pos, d.bits, d.n
	seq, t, ended := d.seq, d.codes, false
	litMask, distMask := uint64(t.litMask)&(litSize-1), uint64(t.distMask)&(distSize-1)
	l, lastL, q, m := 0, 0, 0, 0 // literals, of them in sequences; sequences, bytes of matches
	for pos <= d.last && l+m < d.room {
		bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := t.lit[bits&litMask]
		if e&entLiteral != 0 {
			seq.literals[l] = byte(e >> 16)
			l++
			bits >>= e & 63
			n -= uint(e & 63)
			if e = t.lit[bits&litMask]; e&entLiteral != 0 {
				seq.literals[l] = byte(e >> 16)
				l++
				bits >>= e & 63
				n -= uint(e & 63)
				if e = t.lit[bits&litMask]; e&entLiteral != 0 {
					seq.literals[l] = byte(e >> 16)
					l++
					bits >>= e & 63
					n -= uint(e & 63)
					continue
				}
			}
			bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
			pos += int((63 - n) >> 3)
			n |= 56
		}
		bits0, n0 := bits, n
		if e&entSpecial != 0 {
			if e&entSecond != 0 {
				bits >>= e & 63
				n -= uint(e & 63)
				e = t.lit[(uint64(e>>16)+bits&(1<<(e>>8&15)-1))&(litSize-1)]
				if e&entLiteral != 0 {
					seq.literals[l] = byte(e >> 16)
					l++
					bits >>= e & 63
					n -= uint(e & 63)
					continue
				}
			}
			if e&entSpecial != 0 {
				if ended = e&entEnd != 0; ended {
					bits >>= e & 63
					n -= uint(e & 63)
				} else {
					bits, n = bits0, n0
				}
				break
			}
		}
		length := int(e>>16) + int(bits&(1<<(e&63)-1)>>(e>>8&15))
		bits >>= e & 63
		n -= uint(e & 63)
		x := t.dist[bits&distMask]
		if x&entSpecial != 0 {
			if x&entSecond != 0 {
				bits >>= x & 63
				n -= uint(x & 63)
				x = t.dist[(uint64(x>>16)+bits&(1<<(x>>8&15)-1))&(distSize-1)]
			}
			if x&entSpecial != 0 {
				bits, n = bits0, n0
				break
			}
		}
		distance := int(x>>16) + int(bits&(1<<(x&63)-1)>>(x>>8&15))
		if distance > d.known+l+m {
			bits, n = bits0, n0
			break
		}
		bits >>= x & 63
		n -= uint(x & 63)
		seq.list[q] = uint64(l-lastL)<<32 | uint64(length)<<16 | uint64(distance-1)
		lastL = l
		m += length
		q++
	}
	d.pos, d.bits, d.n = pos, bits&(1<<n-1), n
	d.count, d.literals, d.ended = q, l, ended
}

// copyGeneric copies all sequences to the output.
func (d *decoder) copyGeneric() {
	out, seq, past, w, l := d.out, d.seq, &d.past, d.w, 0
	for _, s := range seq.list[:d.count] {
		run, length, distance := int(s>>32), int(s>>16&0xffff), int(s&0xffff)+1
		*(*[16]byte)(out[w:]) = *(*[16]byte)(seq.literals[l:])
		if run > 16 {
			copy(out[w+16:w+run], seq.literals[l+16:l+run])
		}
		l += run
		w += run
		d.farthest = max(d.farthest, distance)
		if distance <= w {
			if length <= distance && length <= 16 {
				*(*[16]byte)(out[w:]) = *(*[16]byte)(out[w-distance:])
				w += length
				continue
			}
		} else {
			back := distance - w
			from := (int(past.at) - back) & (maxHistory - 1)
			if p := past.ring[from/pageSize]; length <= back && length <= 16 && from%pageSize <= pageSize-16 && p != nil {
				*(*[16]byte)(out[w:]) = *(*[16]byte)(p[from%pageSize:])
				w += length
				continue
			}
		}
		w = out.match(past, w, distance, length)
	}
	d.next, d.copied, d.w = d.count, l, w
}
