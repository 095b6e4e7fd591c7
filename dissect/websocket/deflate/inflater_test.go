package deflate

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand"
	"testing"
)

// collector is a sink that keeps what it gets.
type collector struct{ bytes.Buffer }

func (c *collector) Inflated(p []byte) { c.Write(p) }

// sender compresses messages as an endpoint does (RFC 7692 §7.2.1).
type sender struct {
	buf  bytes.Buffer
	w    *flate.Writer
	nctx bool
}

func newSender(t testing.TB, level int, noTakeover bool) *sender {
	s := &sender{nctx: noTakeover}
	w, err := flate.NewWriter(&s.buf, level)
	if err != nil {
		t.Fatal(err)
	}
	s.w = w
	return s
}

func (s *sender) message(p []byte) []byte {
	s.buf.Reset()
	if s.nctx {
		s.w.Reset(&s.buf)
	}
	s.w.Write(p)
	s.w.Flush()
	out := s.buf.Bytes()
	return append([]byte(nil), out[:len(out)-4]...)
}

func newInflater(p Params) *Inflater {
	var f Inflater
	f.Init(NewPool(Limits{}), p)
	return &f
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The examples of RFC 7692 §7.2.3.
func TestExamples(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		notes         Notes
	}{
		{"§7.2.3.1 one block", "f248cdc9c90700", 0},
		{"§7.2.3.3 stored", "000500faff48656c6c6f00", 0},
		{"§7.2.3.4 BFINAL", "f348cdc9c90700", FinalBlock},
		{"§7.2.3.4 BFINAL, nothing after it", "f348cdc9c907", FinalBlock},
		{"§7.2.3.5 two blocks", "f24805000000ffffcac9c90700", 0},
		{"BFINAL between blocks", "f3480500000000ffffcac9c90700", FinalBlock},
		{"tail kept", "f248cdc9c907000000ffff", Unflushed | TailKept},
		{"stored block and no flush", "000500faff48656c6c6f", Unflushed},
	} {
		f := newInflater(Params{})
		got, res, err := f.Message(nil, unhex(t, c.payload), 100)
		if err != nil || string(got) != "Hello" || res.Notes != c.notes || res.Bytes != 5 {
			t.Errorf("%s: %q, %+v, %v", c.name, got, res, err)
		}
	}
	f := newInflater(Params{})
	first, _, err := f.Message(nil, unhex(t, "f248cdc9c90700"), 100)
	second, res, err2 := f.Message(nil, unhex(t, "f200110000"), 100) // §7.2.3.2
	if err != nil || err2 != nil || string(first) != "Hello" || string(second) != "Hello" || res.MaxDistance != 5 {
		t.Errorf("§7.2.3.2: %q %v, %q %v %+v", first, err, second, err2, res)
	}
	for payload, notes := range map[string]Notes{"00": 0, "": Unflushed, "0300": FinalBlock} {
		got, res, err := f.Message(nil, unhex(t, payload), 100)
		if err != nil || len(got) != 0 || res.Notes != notes {
			t.Errorf("empty %q: %q %+v %v", payload, got, res, err)
		}
	}
}

// chat returns n messages of JSON as applications send them.
func chat(n, size int) [][]byte {
	rng := rand.New(rand.NewSource(1))
	words := []string{"price", "update", "temperature", "alice", "bob", "message", "hello there", "order", "cancelled", "room"}
	out := make([][]byte, n)
	for i := range out {
		b := fmt.Appendf(nil, `{"type":"%s","id":%d,"ts":%d`, words[rng.Intn(len(words))], rng.Intn(1e6), 1700000000000+int64(i)*137+int64(rng.Intn(100)))
		for len(b) < size {
			b = fmt.Appendf(b, `,"%s":"%s %s %d"`, words[rng.Intn(len(words))], words[rng.Intn(len(words))], words[rng.Intn(len(words))], rng.Intn(1e5))
		}
		out[i] = append(b, '}')
	}
	return out
}

func TestRoundTrips(t *testing.T) {
	messages := chat(400, 250)
	big := bytes.Join(messages, nil)
	random := make([]byte, 150_000)
	rand.New(rand.NewSource(2)).Read(random)
	messages = append(messages, big, nil, random, bytes.Repeat([]byte{'a'}, 300_000), bytes.Repeat([]byte("abc"), 50_000), []byte("x"))
	messages = append(messages, chat(50, 900)...)
	for level := flate.HuffmanOnly; level <= 9; level++ {
		for _, nctx := range []bool{false, true} {
			s := newSender(t, level, nctx)
			f := newInflater(Params{NoTakeover: nctx})
			for i, m := range messages {
				got, res, err := f.Message(nil, s.message(m), 1<<30)
				if err != nil || !bytes.Equal(got, m) || res.Bytes != uint64(len(m)) || res.Notes != 0 {
					t.Fatalf("level %d, no takeover %v, message %d: %d of %d bytes, %+v, %v", level, nctx, i, len(got), len(m), res, err)
				}
				if nctx && f.Footprint() != 0 {
					t.Fatalf("no takeover, but %d bytes held", f.Footprint())
				}
			}
		}
	}
}

func TestUnknownHistory(t *testing.T) {
	messages := chat(40, 250)
	s := newSender(t, 6, false)
	f := newInflater(Params{})
	right, failed := 0, 0
	for i, m := range messages {
		p := s.message(m)
		switch i {
		case 10:
			f.Lost()
			continue
		case 20:
			s = newSender(t, 6, false) // the sender begins anew: nothing refers back any more
			p = s.message(m)
		}
		got, _, err := f.Message(nil, p, 1<<20)
		if !bytes.HasPrefix(m, got) {
			t.Fatalf("message %d: wrong bytes", i)
		}
		if err == nil {
			right++
			if !bytes.Equal(got, m) {
				t.Fatalf("message %d: no error, but incomplete", i)
			}
			continue
		}
		failed++
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrUnknownHistory) || e.Distance <= e.Known || e.Known != len(got) || i < 10 || i >= 20 {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if right != 30 || failed != 9 {
		t.Errorf("%d right, %d failed", right, failed)
	}
}

// Long messages in pieces of every size slide the window many times, between messages that came whole.
func TestPiecesOfLargeMessages(t *testing.T) {
	random := make([]byte, 100_000)
	rand.New(rand.NewSource(4)).Read(random)
	messages := [][]byte{bytes.Join(chat(900, 220), nil), random, bytes.Repeat([]byte("abcde"), 40_000), bytes.Join(chat(300, 500), nil)}
	for _, size := range []int{1, 2, 3, 7, 15, 16, 17, 100, 1460, 65535} {
		s := newSender(t, 6, false)
		f := newInflater(Params{})
		for i, m := range messages {
			var got collector
			f.Begin(&got)
			for p := s.message(m); len(p) > 0; p = p[min(size, len(p)):] {
				if err := f.Write(p[:min(size, len(p))]); err != nil {
					t.Fatalf("pieces of %d, message %d: %v", size, i, err)
				}
			}
			res, err := f.End()
			if err != nil || !bytes.Equal(got.Bytes(), m) || res.Bytes != uint64(len(m)) || res.Notes != 0 {
				t.Fatalf("pieces of %d, message %d: %d of %d bytes, %+v, %v", size, i, got.Len(), len(m), res, err)
			}
			small := chat(i+1, 250)[i]
			if got, _, err := f.Message(nil, s.message(small), 1<<20); err != nil || !bytes.Equal(got, small) {
				t.Fatalf("pieces of %d, after message %d: %q, %v", size, i, got, err)
			}
		}
	}
}
