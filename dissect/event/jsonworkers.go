package event

import (
	"io"
	"sync"
	"sync/atomic"
)

// batchEvents is how many events are encoded together: enough that handing them
// over costs little beside encoding them, few enough that results come soon.
const batchEvents = 128

// batchBytes of payload end a batch early, and a longer payload is encoded in
// pieces of that many, each a batch: what is held must not depend on how long
// messages are. It is a multiple of 3: base64 pieces join without padding.
const batchBytes = 96 << 10

// JSONWorkers is a JSON printer whose encoding is done by several goroutines. Its
// output is the same, byte for byte: batches of events are encoded apart and
// written in order.
//
//	Event ─► batch ─┬─► worker: AppendJSON ─┬─► writer, in order of the batches
//	                └─► worker: AppendJSON ─┘
//
// It pays where payload is printed; where events are small, or few, a JSON does
// as well with less. It keeps nothing of the frames and messages that it is given:
// see Want.Borrowed. It must be ended with End, which stops its goroutines.
type JSONWorkers struct {
	payload Payload
	batch   *jsonBatch
	line    jsonEncoder // of an event with a long payload
	work    chan *jsonBatch
	order   chan *jsonBatch
	free    chan *jsonBatch
	wg      sync.WaitGroup
	done    chan struct{}
	stopped bool

	mu        sync.Mutex
	pending   sync.Cond // signalled when unwritten falls to 0
	unwritten int
	err       error
	failed    atomic.Bool // err is set: asked for every packet, it must cost nothing
	w         io.Writer
}

// jsonBatch is a run of events on its way, or a piece of a long payload. What
// it holds is used again.
type jsonBatch struct {
	events   []Event
	frames   []Frame   // of events
	messages []Message // of events
	bytes    []byte    // payload of messages, or the piece
	piece    jsonPiece
	out      []byte        // encoded; what stands in it from the beginning comes first
	encoded  chan struct{} // one token once out is complete
}

// jsonPiece is what a batch's bytes are, if they are a piece of a long payload.
type jsonPiece uint8

const (
	noPiece jsonPiece = iota
	textPiece
	dataPiece
)

func newJSONBatch() *jsonBatch {
	return &jsonBatch{
		events: make([]Event, 0, batchEvents), frames: make([]Frame, 0, batchEvents), messages: make([]Message, 0, batchEvents),
		encoded: make(chan struct{}, 1),
	}
}

// add takes an event. The frame or message that it refers to is copied.
func (b *jsonBatch) add(e *Event) {
	own := *e
	switch d := e.Detail.(type) {
	case *Frame:
		b.frames = append(b.frames, *d)
		own.Detail = &b.frames[len(b.frames)-1]
	case *Message:
		m := *d
		n := len(b.bytes)
		b.bytes = append(b.bytes, m.Payload...)
		m.Payload = b.bytes[n:len(b.bytes):len(b.bytes)]
		b.messages = append(b.messages, m)
		own.Detail = &b.messages[len(b.messages)-1]
	}
	b.events = append(b.events, own)
}

// encode fills out.
func (b *jsonBatch) encode(enc *jsonEncoder) {
	enc.buf = b.out
	for i := range b.events {
		enc.event(&b.events[i])
	}
	switch b.piece {
	case textPiece:
		enc.buf = appendText(enc.buf, b.bytes)
	case dataPiece:
		enc.buf = appendBase64(enc.buf, b.bytes)
	}
	b.out = enc.buf
	clear(b.events) // what they refer to is not needed any more
	b.events, b.frames, b.messages, b.bytes, b.piece = b.events[:0], b.frames[:0], b.messages[:0], b.bytes[:0], noPiece
}

// NewJSONWorkers returns a printer to w that encodes with n goroutines, n ≥ 1,
// and prints p of each payload.
func NewJSONWorkers(w io.Writer, p Payload, n int) *JSONWorkers {
	j := &JSONWorkers{
		payload: p, w: w, done: make(chan struct{}),
		work: make(chan *jsonBatch, 2*n), order: make(chan *jsonBatch, 2*n), free: make(chan *jsonBatch, 2*n+1),
	}
	j.pending.L = &j.mu
	for range 2*n + 1 {
		j.free <- newJSONBatch()
	}
	j.line = jsonEncoder{payload: p, long: j.pieces}
	j.batch = <-j.free
	j.wg.Add(n)
	for range n {
		go j.encode()
	}
	go j.write()
	return j
}

// Event implements Sink. It waits when the writer is behind, so what is held is bounded.
func (j *JSONWorkers) Event(e *Event) {
	n := 0
	switch d := e.Detail.(type) {
	case *Message:
		n = len(d.Payload)
	case *Data:
		n = len(d.Bytes)
	}
	if n > batchBytes {
		j.send()
		j.line.event(e)
		j.batch.out, j.line.buf = append(j.batch.out, j.line.buf...), j.line.buf[:0]
		return
	}
	if j.batch.add(e); len(j.batch.events) == batchEvents || len(j.batch.bytes) >= batchBytes {
		j.send()
	}
}

// pieces hands a long payload over, and before it what stands in its line.
func (j *JSONWorkers) pieces(p []byte, kind jsonPiece) {
	for len(p) > 0 {
		n := min(len(p), batchBytes)
		if kind == textPiece && n < len(p) {
			n = len(wholeRunes(p[:n]))
		}
		j.batch.out, j.line.buf = append(j.batch.out, j.line.buf...), j.line.buf[:0]
		j.batch.bytes, j.batch.piece = append(j.batch.bytes, p[:n]...), kind
		j.send()
		p = p[n:]
	}
}

// send hands the batch at hand over and takes a free one.
func (j *JSONWorkers) send() {
	b := j.batch
	if len(b.events) == 0 && len(b.out) == 0 && b.piece == noPiece {
		return
	}
	j.mu.Lock()
	j.unwritten++
	j.mu.Unlock()
	j.work <- b
	j.order <- b
	j.batch = <-j.free
}

func (j *JSONWorkers) encode() {
	defer j.wg.Done()
	enc := jsonEncoder{payload: j.payload}
	for b := range j.work {
		b.encode(&enc)
		b.encoded <- struct{}{}
	}
}

func (j *JSONWorkers) write() {
	defer close(j.done)
	for b := range j.order {
		<-b.encoded
		j.put(b.out)
		if b.out = b.out[:0]; cap(b.out) > 1<<20 {
			b.out = nil
		}
		j.mu.Lock()
		if j.unwritten--; j.unwritten == 0 {
			j.pending.Broadcast()
		}
		j.mu.Unlock()
		j.free <- b
	}
}

// put writes unless a write failed before.
func (j *JSONWorkers) put(b []byte) {
	if j.Err() != nil {
		return
	}
	if _, err := j.w.Write(b); err != nil {
		j.fail(err)
	}
}

func (j *JSONWorkers) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = err
	j.failed.Store(true)
}

// Flush writes everything that was given so far. It returns the first error of any write.
func (j *JSONWorkers) Flush() error {
	if !j.stopped {
		j.send()
		j.mu.Lock()
		for j.unwritten > 0 {
			j.pending.Wait()
		}
		j.mu.Unlock()
	}
	return j.Err()
}

// Err returns the first error of any write (a closed pipe: EPIPE), nil if there was none.
func (j *JSONWorkers) Err() error {
	if !j.failed.Load() {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// End writes what is left and the last line, and stops the goroutines. It returns
// the first error of any write. Nothing may be printed afterwards.
func (j *JSONWorkers) End(end End) error {
	j.Flush() //nolint:errcheck // the error stays
	if !j.stopped {
		j.stopped = true
		close(j.work)
		j.wg.Wait()
		close(j.order)
		<-j.done
	}
	if err := j.Err(); err != nil {
		return err
	}
	if err := NewJSON(j.w, j.payload).End(end); err != nil {
		j.fail(err)
	}
	return j.Err()
}
