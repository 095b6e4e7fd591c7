package deflate

// run is the state of one message while it is being inflated. Everything needed to stop after any byte of input and go
// on with the next is here: bits taken but not used, the place in the block, the codes.
type run struct {
	decoder
	taken uint64 // payload bytes taken before in

	base     int64 // bytes of output in the history, before the w bytes in out
	nextStop int64 // count of output at which limits are looked at
	sink     Sink

	state  state
	final  bool    // the block has BFINAL
	empty  bool    // the last block was an empty stored one
	tail   bool    // in is the implied 00 00 ff ff
	left   int     // bytes left of a stored block
	own    *tables // codes to build in, nil until a dynamic block comes
	header dynamicHeader
	err    *Error
	notes  Notes
}

// reset makes r ready for another message: what a block sets before it is used stays.
func (r *run) reset() {
	d := &r.decoder
	d.in, d.pos, d.bits, d.n = nil, 0, 0, 0
	d.w, d.farthest = 0, 0
	d.past.ring = nil
	r.taken, r.base = 0, 0
	r.sink, r.err = nil, nil
	r.notes = 0
	r.state, r.final, r.empty, r.tail = atBlock, false, false, false
}

// dynamicHeader is the place in a dynamic block's header.
type dynamicHeader struct {
	lit, dist, clen int // counts of code lengths
	done            int // code lengths read
	coded           int // of them, those that are not 0
	lens            [19]uint8
	at              uint64 // bit offset of the block
}

type state uint8

const (
	atBlock       state = iota // before a block header
	afterFinal                 // after a block with BFINAL, before the byte boundary
	inStoredLen                // before LEN and NLEN
	inStored                   // in the bytes of a stored block
	inCodeLengths              // in the lengths of the code length code
	inLengths                  // in the code lengths
	inBlock                    // among the symbols
)

// status is what a step came to.
type status uint8

const (
	proceed   status = iota // the state has changed
	needInput               // all input is taken
	needRoom                // the output is full
	failed                  // err is set
)

// feed inflates p as far as it goes. What comes of it is in the output, or was delivered where that had no room left.
func (f *Inflater) feed(p []byte) {
	r := f.run
	if r.err != nil {
		return
	}
	r.in, r.pos = p, 0
	for {
		switch f.step() {
		case needRoom:
			f.emit()
			f.remember()
			continue
		case proceed:
			continue
		}
		r.taken += uint64(r.pos)
		r.in, r.pos = nil, 0
		return
	}
}

// emit delivers the output.
func (f *Inflater) emit() {
	if r := f.run; r.sink != nil && r.w > 0 {
		r.sink.Inflated(f.pool.out[:r.w])
	}
}

func (f *Inflater) step() status {
	r := f.run
	switch r.state {
	case atBlock:
		return f.blockHeader()
	case afterFinal:
		if r.tail { // the block took its last bits from the tail; zlib stops here
			return needInput
		}
		r.drop(r.n & 7)
		if r.n == 0 && r.pos == len(r.in) {
			return needInput
		}
		r.state = atBlock
		return proceed
	case inStoredLen:
		return f.storedHeader()
	case inStored:
		return f.stored()
	case inCodeLengths:
		return f.codeLengthCode()
	case inLengths:
		return f.codeLengths()
	}
	return f.symbols()
}

// finish ends the payload: it decides whether it ends where a message may, reading the implied tail if need be.
func (f *Inflater) finish() {
	r := f.run
	switch {
	case r.err != nil:
		return
	case r.state == inStoredLen && r.n == 0:
		return // the usual end: the tail is this empty block's LEN and NLEN
	case r.state == afterFinal:
		return
	case r.state == atBlock && r.bits == 0: // fewer than three bits, all zero
		r.notes |= Unflushed
		if r.empty && r.n == 0 {
			r.notes |= TailKept
		}
		return
	}
	taken, total := r.taken, r.base+int64(r.w)
	r.tail, r.empty = true, false
	r.nextStop = total // no output comes from the tail
	f.feed([]byte{0, 0, 0xff, 0xff})
	if r.err == nil && r.state != afterFinal && !(r.state == atBlock && r.n == 0 && r.empty) {
		f.fail(Truncated, 0)
	}
	r.taken = taken
	if r.err != nil { // whatever the tail broke, the payload is what ended too early
		r.err.Cause, r.err.Bit, r.err.Distance, r.err.Known = Truncated, taken*8, 0, 0
		r.err.Output = uint64(total)
	}
}

// offset returns the bit offset of the next unused bit in the payload.
func (r *run) offset() uint64 { return (r.taken+uint64(r.pos))*8 - uint64(r.n) }

// fail records an error at a bit offset. Output after the limit, or decoded from the tail, is not delivered.
func (f *Inflater) fail(c Cause, bit uint64) status {
	r := f.run
	r.err = &Error{Cause: c, Bit: bit, Output: uint64(r.base + int64(r.w))}
	return failed
}

// overStop looks at the limits; it is called when the output has passed nextStop, at the symbol at the given offset.
func (f *Inflater) overStop(bit uint64) (ok bool) {
	r, l := f.run, &f.pool.limits
	total := uint64(r.base + int64(r.w))
	var cause Cause
	switch {
	case r.tail:
		cause = Truncated
	case total > l.MaxOutput:
		cause = OutputLimit
	case total > l.RatioAbove && total/l.Ratio > bit/8+1:
		cause = RatioLimit
	default:
		r.nextStop = int64(min(l.MaxOutput, total+64<<10, 1<<62))
		return true
	}
	r.w = int(r.nextStop - r.base)
	f.fail(cause, bit)
	return false
}

// fill takes input until n bits are there, or all of it.
func (r *run) fill(n uint) bool {
	for r.n < n {
		if r.pos >= len(r.in) {
			return false
		}
		r.bits |= uint64(r.in[r.pos]) << r.n
		r.pos++
		r.n += 8
	}
	return true
}

func (r *run) drop(n uint) {
	r.bits >>= n
	r.n -= n
}

// take returns and drops n bits that are there.
func (r *run) take(n uint) int {
	v := r.bits & (1<<n - 1)
	r.drop(n)
	return int(v)
}
