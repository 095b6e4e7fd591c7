package deflate

// Sizes of the output and margins of the fast loop: the input bytes an iteration may look at, and the output it may
// write (three literals or a match, and what a copy of 16 bytes writes past its end).
const (
	outSize   = 32 << 10
	outMargin = 16
	fastIn    = 16
	fastOut   = 3 + maxMatch + outMargin
)

// output is what was inflated and is not history yet.
type output [outSize + outMargin]byte

// symbols decodes the literals and matches of a block (RFC 1951 §3.2.5): in the fast loop where there is plenty of
// input and room, one checked symbol at a time elsewhere. A symbol is used whole or not at all, so that it may be cut
// anywhere: it has at most 48 bits, which the bit buffer holds.
func (f *Inflater) symbols() status {
	r := f.run
	t, out := r.codes, &f.pool.out
	for padded := false; ; {
		if len(r.in)-r.pos >= fastIn {
			if f.fast() {
				return r.endOfBlock()
			}
		} else if !padded {
			padded = true
			if f.fastTail() {
				return r.endOfBlock()
			}
		}
		if outSize-r.w < maxMatch {
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
			out[r.w] = byte(e >> 16)
			r.w++
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
		if r.base+int64(r.w) > r.nextStop && !f.overStop(r.offset()) {
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
	if known := r.w + f.Known(); distance > known {
		cause := TooFar
		if f.lost {
			cause = UnknownHistory
		}
		f.fail(cause, r.offset())
		r.err.Distance, r.err.Known = distance, min(known, maxHistory)
		return failed
	}
	r.farthest = max(r.farthest, distance)
	r.w = f.pool.out.match(&f.past, r.w, distance, length)
	r.bits, r.n = bits>>used, have-used
	return proceed
}

// match copies length bytes from distance before w to w and returns the index behind them. What lies before the output
// is in past. The source may run into the target: what was copied is then copied again, twice as much each time.
func (out *output) match(past *history, w, distance, length int) int {
	end := w + length
	if back := distance - w; back > 0 {
		n := min(back, length)
		past.copyTo(out[w:w+n], back)
		w += n
	}
	for from := w - distance; w < end; {
		w += copy(out[w:end], out[from:w])
	}
	return w
}

// fastTail lets the fast loop decode what is too little input for it, with zeros behind. If it came to use those, what
// it did is undone, and left to the slow loop.
func (f *Inflater) fastTail() (ended bool) {
	r := f.run
	rest := len(r.in) - r.pos
	have := rest*8 + int(r.n)
	if have < 16 {
		return false
	}
	farthest := r.farthest
	padded := &f.pool.padded
	*padded = [3 * fastIn]byte{}
	copy(padded[:fastIn], r.in[r.pos:])
	in, pos, bits, n, w := r.in, r.pos, r.bits, r.n, r.w
	r.in, r.pos = padded[:rest+8+fastIn], 0
	ended = f.fast()
	left := have - (int(n) + r.pos*8 - int(r.n))
	if left < 0 {
		r.in, r.pos, r.bits, r.n, r.w, r.farthest = in, pos, bits, n, w, farthest
		return false
	}
	r.n = min(r.n, uint(left))
	r.bits &= 1<<r.n - 1
	r.in, r.pos = in, pos+min(r.pos, rest)
	return ended
}
