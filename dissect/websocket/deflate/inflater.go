package deflate

// Params are the parameters of one direction (RFC 7692 §7.1).
type Params struct {
	WindowBits uint8 // 8 to 15, *_max_window_bits; 0 means 15
	NoTakeover bool  // *_no_context_takeover: every message starts with an empty history
}

// Sink takes inflated bytes in order. p is borrowed: it aliases the window and is valid until Inflated returns.
type Sink interface{ Inflated(p []byte) }

// Notes are oddities of a message that inflates all the same.
type Notes uint8

// Notes.
const (
	FinalBlock Notes = 1 << iota // a block with BFINAL set (§7.2.3.4); receivers that stop there lose what follows
	Unflushed                    // the payload does not end with the start of an empty stored block (§7.2.1), or is empty
	TailKept                     // 00 00 ff ff was not removed from the end of the payload (§7.2.1)
	WideWindow                   // a distance beyond Params.WindowBits: the sender disobeys the negotiation
)

// Result describes a message, complete or up to its error. It has no more fields than travel in registers.
type Result struct {
	Bytes       uint64 // inflated
	Compressed  uint64 // payload bytes taken
	MaxDistance int    // longest distance used, 0 to 32768
	Notes       Notes
}

// Inflater inflates the messages of one direction of a connection, one after the other. Init makes it ready. Either
// Message or Whole takes a whole payload, or Begin, Write and End take it in pieces, cut anywhere.
//
// Between messages it holds its history: nothing at first and without context takeover, else 2 to 32 KiB.
type Inflater struct {
	pool   *Pool
	run    *run // state of the running message, nil between messages
	past   history
	params Params
	lost   bool // bytes before the history's first existed and are not known
}

// Init makes f ready for the first message of a direction with an empty history. A direction whose first messages were
// not captured calls Lost after it.
func (f *Inflater) Init(p *Pool, params Params) {
	if params.WindowBits < 8 || params.WindowBits > 15 {
		params.WindowBits = 15
	}
	*f = Inflater{pool: p, params: params}
}

// Known returns how many bytes of history the next message may refer to, 0 to 32768.
func (f *Inflater) Known() int { return int(f.past.known) }

// Footprint returns the bytes of history that f holds.
func (f *Inflater) Footprint() int { return f.past.held() }

// Lost says that bytes of this direction are missing from here on, or that the running message is broken off: the
// history is unknown. Messages that refer only to what comes after inflate right, others fail with ErrUnknownHistory.
func (f *Inflater) Lost() {
	f.endRun()
	f.forget()
	f.lost = true
}

// Release gives everything back to the pool. f is as after Lost.
func (f *Inflater) Release() { f.Lost() }

// Message inflates the whole payload of one message. It appends the first keep bytes of the output to dst, which may be
// nil, and returns it also on error, with what was inflated before it. The error is an *Error or nil.
func (f *Inflater) Message(dst, payload []byte, keep int) ([]byte, Result, error) {
	k := &f.pool.keeper
	*k = keeper{dst, max(keep, 0)}
	result, err := f.Whole(k, payload)
	dst = k.dst
	*k = keeper{}
	return dst, result, err
}

// keeper is a sink that keeps the beginning of what is inflated.
type keeper struct {
	dst  []byte
	room int
}

func (k *keeper) Inflated(p []byte) {
	n := min(k.room, len(p))
	k.dst = append(k.dst, p[:n]...)
	k.room -= n
}

// Whole inflates the whole payload of one message, as Begin, Write and End do with one piece, but cheaper. sink may be
// nil. The error is an *Error or nil.
func (f *Inflater) Whole(sink Sink, payload []byte) (Result, error) {
	f.Begin(sink)
	f.feed(payload)
	f.finish()
	f.emit()
	result := f.run.result(f.params)
	if !f.params.NoTakeover && f.run.err == nil {
		f.remember()
	}
	return result, f.close()
}

// Begin starts a message whose output goes to sink, which may be nil. A message that was not ended is broken off.
func (f *Inflater) Begin(sink Sink) {
	if f.run != nil {
		f.Lost()
	}
	if f.params.NoTakeover {
		f.lost = false
	}
	prefetchRing(f.past.ring)
	r := f.pool.run()
	f.run = r
	l := &f.pool.limits
	r.sink = sink
	r.nextStop = int64(min(l.MaxOutput, l.RatioAbove, 1<<62))
}

// Write inflates the next piece of the payload; everything it decodes has gone to the sink when it returns. piece is
// borrowed. The error is an *Error or nil, and remains; with no message begun, or after Lost, its cause is NoMessage.
func (f *Inflater) Write(piece []byte) error {
	if f.run == nil {
		return &Error{Cause: NoMessage}
	}
	f.feed(piece)
	f.emit()
	f.remember()
	if f.run.err != nil {
		return f.run.err
	}
	return nil
}

// End ends the message that Begin began. The error is an *Error or nil; after one the history is unknown.
func (f *Inflater) End() (Result, error) {
	if f.run == nil {
		return Result{}, &Error{Cause: NoMessage}
	}
	f.finish()
	result := f.run.result(f.params)
	return result, f.close()
}

func (r *run) result(p Params) Result {
	result := Result{uint64(r.base + int64(r.w)), r.taken, r.farthest, r.notes}
	if r.err != nil {
		result.Bytes, result.Compressed = r.err.Output, (r.err.Bit+7)/8
	}
	if r.farthest > 1<<p.WindowBits {
		result.Notes |= WideWindow
	}
	return result
}

// close leaves the message and keeps, or drops, the history.
func (f *Inflater) close() error {
	if err := f.run.err; err != nil {
		f.Lost()
		return err
	}
	f.endRun()
	if f.params.NoTakeover {
		f.forget()
	}
	return nil
}

func (f *Inflater) endRun() {
	if f.run != nil {
		f.pool.putRun(f.run)
		f.run = nil
	}
}

// remember moves the output to the history.
func (f *Inflater) remember() {
	r := f.run
	if r.w == 0 {
		return
	}
	f.past.write(f.pool, f.pool.out[:r.w])
	r.base += int64(r.w)
	r.w = 0
}

func (f *Inflater) forget() {
	if f.past.ring != nil {
		f.pool.putRing(f.past.ring)
	}
	f.past = history{}
}
