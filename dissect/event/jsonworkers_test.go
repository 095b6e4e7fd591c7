package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// workEvents makes events of every size and several kinds.
func workEvents(n int) []Event {
	r := rand.New(rand.NewPCG(7, 8))
	out := make([]Event, n)
	for i := range out {
		p := make([]byte, r.IntN(300))
		if i%499 == 498 {
			p = make([]byte, 400<<10)
		}
		for j := range p {
			p[j] = 'a' + byte(r.IntN(26))
		}
		for j := 2 * r.IntN(2); j+3 < len(p); j += 3 {
			copy(p[j:], "€") // pieces would part it
		}
		e := Event{Time: int64(i) * 1e6, Conn: uint64(i % 7), From: Side(i % 2), Packets: [2]uint64{uint64(i), uint64(i + 1)}}
		switch i % 5 {
		case 0:
			e.Detail = &Gap{Offset: uint64(i), Length: 3, Cause: "lost"}
		case 1:
			e.Detail = &Frame{Number: uint64(i), Opcode: uint8(i & 15), Length: uint64(i)}
		default:
			e.Detail = &Message{Number: uint64(i), Opcode: uint8(1 + i%2), Text: i%2 == 0, Payload: p, Length: uint64(len(p)), Complete: true, Latency: -1}
		}
		out[i] = e
	}
	return out
}

func TestJSONWorkersSameBytes(t *testing.T) {
	events := workEvents(3000)
	var want bytes.Buffer
	j := NewJSON(&want, PayloadFull)
	for i := range events {
		j.Event(&events[i])
	}
	if err := j.End(End{Packets: 5}); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 4; n++ {
		var got bytes.Buffer
		w := NewJSONWorkers(&got, PayloadFull, n)
		for i := range events {
			lend(w, &events[i])
			if i == 1000 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
				if lines := bytes.Count(got.Bytes(), []byte("\n")); lines != 1001 {
					t.Errorf("%d workers: %d lines after Flush, want 1001", n, lines)
				}
			}
		}
		if err := w.End(End{Packets: 5}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want.Bytes(), got.Bytes()) {
			t.Errorf("%d workers: output differs", n)
		}
	}
}

// lend gives e to a sink in memory that is overwritten afterwards, as far as a
// sink may have borrowed it.
func lend(s Sink, e *Event) {
	own := *e
	switch d := e.Detail.(type) {
	case *Frame:
		f := *d
		own.Detail = &f
		s.Event(&own)
		f = Frame{}
	case *Message:
		m := *d
		m.Payload = bytes.Clone(d.Payload)
		own.Detail = &m
		s.Event(&own)
		for i := range m.Payload {
			m.Payload[i] = '!'
		}
		m = Message{}
	default:
		s.Event(&own)
	}
	own = Event{}
}

type failingWriter struct{ left int }

func (f *failingWriter) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestJSONWorkersFailedWrite(t *testing.T) {
	w := NewJSONWorkers(&failingWriter{left: 100_000}, PayloadFull, 2)
	events := workEvents(3000)
	for i := range events {
		w.Event(&events[i])
	}
	if err := w.End(End{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("End: %v", err)
	}
	if !errors.Is(w.Err(), io.ErrClosedPipe) {
		t.Errorf("Err: %v", w.Err())
	}
}

func BenchmarkJSONWorkers(b *testing.B) {
	for n := 1; n <= 2; n++ {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			events := workEvents(3000)
			w := NewJSONWorkers(io.Discard, PayloadFull, n)
			b.ResetTimer()
			for i := range b.N {
				e := events[i%len(events)]
				w.Event(&e)
			}
			w.End(End{})
		})
	}
}
