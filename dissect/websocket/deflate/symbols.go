package deflate

import "encoding/binary"

// Margins of the fast loop: the input bytes an iteration may look at, and the output it may write (two literals, a
// match, and what an eight-byte copy writes past its end).
const (
	fastIn  = 16
	fastOut = 2 + maxMatch + 8 + 8
)

// symbols decodes the literals and matches of a block (RFC 1951 §3.2.5): in the fast loop where there is plenty of
// input and room, one checked symbol at a time elsewhere. A symbol is used whole or not at all, so that it may be cut
// anywhere: it has at most 48 bits, which the bit buffer holds.
func (f *Inflater) symbols() status {
	r := f.run
	t := r.codes
	for {
		if len(r.in)-r.pos >= fastIn && f.fast() {
			return r.endOfBlock()
		}
		if len(f.win)-f.w < maxMatch {
			return needRoom
		}
		for r.n <= 56 && r.pos < len(r.in) {
			r.bits |= uint64(r.in[r.pos]) << r.n
			r.pos++
			r.n += 8
		}
		bits, have := r.bits, r.n
		e := t.lit[bits&uint64(t.litMask)&(litSize-1)]
		if e&entSecond != 0 && e&entLiteral == 0 {
			if uint(e&63) > have {
				return needInput
			}
			bits >>= e & 63
			have -= uint(e & 63)
			e = t.lit[(uint64(e>>16)+bits&(1<<(e>>8&15)-1))&(litSize-1)]
		}
		used := uint(e & 63)
		if used > have {
			return needInput
		}
		switch {
		case e&entLiteral != 0:
			f.win[f.w] = byte(e >> 16)
			f.w++
			r.bits, r.n = bits>>used, have-used
		case e&entSpecial != 0:
			if e&entEnd == 0 {
				return f.fail(Symbol, r.offset())
			}
			r.bits, r.n = bits>>used, have-used
			return r.endOfBlock()
		default:
			length := int(e>>16) + int(bits&(1<<used-1)>>(e>>8&15))
			if s := f.match(length, bits>>used, have-used); s != proceed {
				return s
			}
		}
		if r.base+int64(f.w) > r.nextStop && !f.overStop(r.offset()) {
			return failed
		}
	}
}

// match reads the distance that belongs to a length and copies. bits and have are the bit buffer behind the length;
// that of the run still begins with the length.
func (f *Inflater) match(length int, bits uint64, have uint) status {
	r := f.run
	t := r.codes
	e := t.dist[bits&uint64(t.distMask)&(distSize-1)]
	if e&entSecond != 0 && e&entSpecial != 0 {
		if uint(e&63) > have {
			return needInput
		}
		bits >>= e & 63
		have -= uint(e & 63)
		e = t.dist[(uint64(e>>16)+bits&(1<<(e>>8&15)-1))&(distSize-1)]
	}
	used := uint(e & 63)
	if used > have {
		return needInput
	}
	if e&entSpecial != 0 {
		return f.fail(Symbol, r.offset())
	}
	distance := int(e>>16) + int(bits&(1<<used-1)>>(e>>8&15))
	if distance > f.w {
		cause := TooFar
		if f.lost {
			cause = UnknownHistory
		}
		f.fail(cause, r.offset())
		r.err.Distance, r.err.Known = distance, f.Known()
		return failed
	}
	r.result.MaxDistance = max(r.result.MaxDistance, distance)
	f.w = copyMatch(f.win, f.w, distance, length)
	r.bits, r.n = bits>>used, have-used
	return proceed
}

// copyMatch copies length bytes from distance before w to w and returns the index behind them. The source may run into
// the target: what was copied is then copied again, twice as much each time.
func copyMatch(win []byte, w, distance, length int) int {
	from, end := w-distance, w+length
	for w < end {
		w += copy(win[w:end], win[from:w])
	}
	return w
}

// fast decodes while there are fastIn bytes of input and fastOut bytes of room before the window's end and the next
// look at the limits. It returns true at the end of the block; otherwise the next symbol is for the slow loop, which
// also finds what is wrong with it.
func (f *Inflater) fast() (ended bool) {
	r := f.run
	in, pos, bits, n := r.in, r.pos, r.bits, r.n
	win, w := f.win, f.w
	outEnd := int(min(int64(len(win)), r.nextStop-r.base)) - fastOut
	inEnd := len(in) - fastIn
	t, farthest := r.codes, r.result.MaxDistance
	litMask, distMask := uint64(t.litMask)&(litSize-1), uint64(t.distMask)&(distSize-1)
	for pos <= inEnd && w < outEnd {
		bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := t.lit[bits&litMask]
		if e&entLiteral != 0 {
			win[w] = byte(e >> 16)
			w++
			bits >>= e & 63
			n -= uint(e & 63)
			if e = t.lit[bits&litMask]; e&entLiteral != 0 {
				win[w] = byte(e >> 16)
				w++
				bits >>= e & 63
				n -= uint(e & 63)
				if e = t.lit[bits&litMask]; e&entLiteral != 0 {
					win[w] = byte(e >> 16)
					w++
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
					win[w] = byte(e >> 16)
					w++
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
		d := t.dist[bits&distMask]
		if d&entSpecial != 0 {
			if d&entSecond != 0 {
				bits >>= d & 63
				n -= uint(d & 63)
				d = t.dist[(uint64(d>>16)+bits&(1<<(d>>8&15)-1))&(distSize-1)]
			}
			if d&entSpecial != 0 {
				bits, n = bits0, n0
				break
			}
		}
		distance := int(d>>16) + int(bits&(1<<(d&63)-1)>>(d>>8&15))
		from := w - distance
		if from < 0 {
			bits, n = bits0, n0
			break
		}
		bits >>= d & 63
		n -= uint(d & 63)
		farthest = max(farthest, distance)
		end := w + length
		switch {
		case distance >= 8 && length <= 64:
			for w < end {
				binary.LittleEndian.PutUint64(win[w:], binary.LittleEndian.Uint64(win[from:]))
				w += 8
				from += 8
			}
			w = end
		case distance == 1:
			v := uint64(win[from]) * 0x0101010101010101
			for w < end {
				binary.LittleEndian.PutUint64(win[w:], v)
				w += 8
			}
			w = end
		default:
			w = copyMatch(win, w, distance, length)
		}
	}
	r.pos, r.bits, r.n = pos, bits&(1<<n-1), n
	f.w, r.result.MaxDistance = w, farthest
	return ended
}
