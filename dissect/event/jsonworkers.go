package event

import (
	"io"
	"sync"
)

// batchEvents is how many events are encoded together: enough that handing them
// over costs little beside encoding them, few enough that results come soon.
const batchEvents = 128

// batchBytes of payload end a batch early: what is held must not depend on how
// long messages are.
const batchBytes = 128 << 10

// JSONWorkers is a JSON printer whose encoding is done by several goroutines. Its
// output is the same, byte for byte: batches of events are encoded apart and
// written in order.
//
//	Event ─► batch ─┬─► worker: AppendJSON ─┬─► writer, in order of the batches
//	                └─► worker: AppendJSON ─┘
//
// It pays where payload is printed; where events are small, or few, a JSON does
// as well with less. It must be ended with End, which stops its goroutines.
type JSONWorkers struct {
	payload Payload
	batch   *jsonBatch
	bytes   int // of payload in batch
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
	w         io.Writer
}

// jsonBatch is a run of events on its way.
type jsonBatch struct {
	events  []Event
	out     []byte
	encoded chan struct{} // one token once out is complete
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
		j.free <- &jsonBatch{events: make([]Event, 0, batchEvents), encoded: make(chan struct{}, 1)}
	}
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
	j.batch.events = append(j.batch.events, *e)
	switch d := e.Detail.(type) {
	case *Message:
		j.bytes += len(d.Payload)
	case *Data:
		j.bytes += len(d.Bytes)
	}
	if len(j.batch.events) == batchEvents || j.bytes >= batchBytes {
		j.send()
	}
}

// send hands the batch at hand over and takes a free one.
func (j *JSONWorkers) send() {
	if len(j.batch.events) == 0 {
		return
	}
	j.mu.Lock()
	j.unwritten++
	j.mu.Unlock()
	j.work <- j.batch
	j.order <- j.batch
	j.batch, j.bytes = <-j.free, 0
}

func (j *JSONWorkers) encode() {
	defer j.wg.Done()
	enc := jsonEncoder{payload: j.payload}
	for b := range j.work {
		enc.buf = b.out
		for i := range b.events {
			enc.event(&b.events[i])
			b.events[i] = Event{} // its payload is not needed any more
		}
		b.out = enc.buf
		b.encoded <- struct{}{}
	}
}

func (j *JSONWorkers) write() {
	defer close(j.done)
	for b := range j.order {
		<-b.encoded
		j.put(b.out)
		b.events = b.events[:0]
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
		j.mu.Lock()
		j.err = err
		j.mu.Unlock()
	}
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
	j.err = NewJSON(j.w, j.payload).End(end)
	return j.err
}
