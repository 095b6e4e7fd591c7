package deflate

import "encoding/binary"

// blockHeader reads BFINAL and BTYPE (RFC 1951 §3.2.3).
func (f *Inflater) blockHeader() status {
	r := f.run
	if !r.fill(3) {
		return needInput
	}
	at := r.offset()
	r.final = r.take(1) != 0
	r.empty = false
	if r.final {
		r.notes |= FinalBlock
	}
	switch r.take(2) {
	case 0:
		r.drop(r.n & 7)
		r.state = inStoredLen
	case 1:
		r.codes = &f.pool.fixed
		r.state = inBlock
	case 2:
		r.header = dynamicHeader{at: at}
		r.state = inCodeLengths
	default:
		return f.fail(BlockType, at)
	}
	return proceed
}

// endOfBlock returns to the next block, or to the byte boundary after a final one.
func (r *run) endOfBlock() status {
	r.state = atBlock
	if r.final {
		r.state = afterFinal
	}
	return proceed
}

// storedHeader reads LEN and NLEN (§3.2.4).
func (f *Inflater) storedHeader() status {
	r := f.run
	if !r.fill(32) {
		return needInput
	}
	at := r.offset()
	length, complement := r.take(16), r.take(16)
	if length != complement^0xffff {
		return f.fail(StoredLength, at)
	}
	r.left, r.empty = length, length == 0
	r.state = inStored
	return proceed
}

// stored copies the bytes of a stored block: first those in the bit buffer, then from the input.
func (f *Inflater) stored() status {
	r, out := f.run, &f.pool.out
	for r.left > 0 {
		if r.w >= outSize {
			return needRoom
		}
		if r.n > 0 {
			out[r.w] = byte(r.take(8))
			r.w++
			r.left--
		} else {
			r.bits = 0
			room := min(r.left, outSize-r.w, int(min(r.nextStop-r.base+1-int64(r.w), 1<<30)))
			n := copy(out[r.w:r.w+room], r.in[r.pos:])
			if n == 0 {
				return needInput
			}
			r.w += n
			r.pos += n
			r.left -= n
		}
		if r.base+int64(r.w) > r.nextStop && !f.overStop(r.offset()) {
			return failed
		}
	}
	return r.endOfBlock()
}

// clenOrder is the order of the code length code's lengths (§3.2.7).
var clenOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// codeLengthCode reads the counts of a dynamic block and builds its code length code.
func (f *Inflater) codeLengthCode() status {
	r := f.run
	h := &r.header
	if h.clen == 0 {
		if !r.fill(14) {
			return needInput
		}
		h.lit, h.dist, h.clen = r.take(5)+257, r.take(5)+1, r.take(4)+4
		if h.lit > maxLitLen || h.dist > maxDist {
			return f.fail(CodeCount, h.at)
		}
	}
	for ; h.done < h.clen; h.done++ {
		if !r.fill(3) {
			return needInput
		}
		h.lens[clenOrder[h.done]] = uint8(r.take(3))
	}
	if r.own == nil {
		r.own = new(tables)
	}
	if cause := r.own.buildCodeLengths(&h.lens); cause != 0 {
		return f.fail(cause, h.at)
	}
	h.done, h.coded = 0, 0
	r.state = inLengths
	return proceed
}

// codeLengths reads the code lengths of both codes and builds them.
func (f *Inflater) codeLengths() status {
	r := f.run
	h, t := &r.header, r.own
	total, done, coded := h.lit+h.dist, h.done, h.coded
	bits, n := r.bits, r.n
	next := proceed
	for done < total {
		if n < 14 {
			if len(r.in)-r.pos >= 8 {
				bits |= binary.LittleEndian.Uint64(r.in[r.pos:]) << (n & 63)
				r.pos += int((63 - n) >> 3)
				n |= 56
			} else {
				for n <= 48 && r.pos < len(r.in) {
					bits |= uint64(r.in[r.pos]) << (n & 63)
					r.pos++
					n += 8
				}
			}
		}
		e := t.clen[bits&uint64(t.clenMask)&127]
		used := uint(e & 63)
		if used > n {
			next = needInput
			break
		}
		count := int(e>>16&63) + int(bits&(1<<used-1)>>(e>>8&15))
		if e&clenPrevious != 0 || done+count > total {
			if done == 0 || done+count > total {
				next = failed
				break
			}
			if coded > 0 && t.coded[coded-1].symbol() == done-1 { // else the previous length is 0
				for i := range count {
					t.coded[coded+i] = codedSymbol(done+i, t.coded[coded-1].length())
				}
				coded += count
			}
		} else {
			t.coded[coded] = codedSymbol(done, uint8(e>>12)) // of 0, until the next one
			coded += int(e >> 24 & 1)
		}
		done += count
		bits >>= used
		n -= used
	}
	r.bits, r.n = bits&(1<<n-1), n
	h.done, h.coded = done, coded
	switch next {
	case needInput:
		return needInput
	case failed:
		return f.fail(Repeat, r.offset())
	}
	return f.buildCodes()
}

func (f *Inflater) buildCodes() status {
	r := f.run
	h, t := &r.header, r.own
	lit, dist := t.split(h)
	end := len(lit) - 1
	for end >= 0 && lit[end].symbol() > endBlock {
		end--
	}
	if end < 0 || lit[end].symbol() != endBlock {
		return f.fail(NoEndOfBlock, h.at)
	}
	var cause Cause
	if t.litMask, cause = build(t.lit[:], lit, &t.sorted, entries.lit[:], litBits); cause != 0 {
		return f.fail(cause, h.at)
	}
	if t.distMask, cause = build(t.dist[:], dist, &t.sorted, entries.dist[:], distBits); cause != 0 {
		return f.fail(cause, h.at)
	}
	r.codes = t
	r.state = inBlock
	return proceed
}
