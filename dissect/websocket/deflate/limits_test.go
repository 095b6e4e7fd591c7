package deflate

import (
	"bytes"
	"errors"
	"math/rand"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

// A second encoder, with small windows and every level, over one context.
func TestSecondEncoder(t *testing.T) {
	messages := append(chat(200, 300), bytes.Join(chat(600, 200), nil), chat(1, 40_000)[0])
	messages = append(messages, chat(50, 60)...)
	for windowBits := uint8(8); windowBits <= 15; windowBits++ {
		var buf bytes.Buffer
		w, err := kflate.NewWriterWindow(&buf, 1<<windowBits)
		if err != nil {
			t.Fatal(err)
		}
		checkContext(t, &buf, w, messages, Params{WindowBits: windowBits}, 1<<windowBits)
	}
	for level := kflate.HuffmanOnly; level <= 9; level++ {
		var buf bytes.Buffer
		w, err := kflate.NewWriter(&buf, level)
		if err != nil {
			t.Fatal(err)
		}
		checkContext(t, &buf, w, messages, Params{}, maxHistory)
	}
}

func checkContext(t *testing.T, buf *bytes.Buffer, w *kflate.Writer, messages [][]byte, p Params, window int) {
	t.Helper()
	f := newInflater(p)
	for i, m := range messages {
		buf.Reset()
		w.Write(m)
		w.Flush()
		payload := buf.Bytes()[:buf.Len()-4]
		got, res, err := f.Message(nil, payload, 1<<30)
		if err != nil || !bytes.Equal(got, m) || res.Notes != 0 || res.MaxDistance > window {
			t.Fatalf("%+v, message %d: %d of %d bytes, %+v, %v", p, i, len(got), len(m), res, err)
		}
		if known := f.Known(); f.Footprint() != (known+pageSize-1)/pageSize*pageSize {
			t.Fatalf("%d bytes of history in %d", known, f.Footprint())
		}
	}
}

// A sender that disobeys the negotiated window is noticed and understood all the same.
func TestWideWindow(t *testing.T) {
	random := make([]byte, 2000)
	rand.New(rand.NewSource(3)).Read(random)
	s := newSender(t, 9, false)
	f := newInflater(Params{WindowBits: 10})
	for i, notes := range []Notes{0, WideWindow} {
		got, res, err := f.Message(nil, s.message(random), 1<<20)
		if err != nil || !bytes.Equal(got, random) || res.Notes != notes {
			t.Errorf("message %d: %d bytes, %+v, %v", i, len(got), res, err)
		}
	}
}

// A sender that keeps its context although it must not is caught, and the next message starts anew.
func TestTakeoverAgainstTheRules(t *testing.T) {
	s := newSender(t, 6, false)
	f := newInflater(Params{NoTakeover: true})
	m := chat(1, 250)[0]
	if _, _, err := f.Message(nil, s.message(m), 0); err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, _, err := f.Message(nil, s.message(m), 0); !errors.As(err, &e) || e.Cause != TooFar || e.Known != 0 || e.Distance != len(m) {
		t.Fatalf("%v", e)
	}
	if got, _, err := f.Message(nil, newSender(t, 6, false).message(m), 1<<20); err != nil || !bytes.Equal(got, m) {
		t.Fatalf("%q %v", got, err)
	}
}

func TestBombs(t *testing.T) {
	const size = 100 << 20
	bomb := newSender(t, 9, false).message(make([]byte, size))
	for _, c := range []struct {
		limits Limits
		cause  Cause
		bytes  uint64
	}{
		{Limits{}, OutputLimit, 64 << 20},
		{Limits{MaxOutput: 12_345}, OutputLimit, 12_345},
		{Limits{MaxOutput: size}, 0, size},
		{Limits{MaxOutput: size - 1}, OutputLimit, size - 1},
		{Limits{Ratio: 100}, RatioLimit, 1 << 20},
	} {
		var f Inflater
		f.Init(NewPool(c.limits), Params{})
		out, res, err := f.Message(nil, bomb, 1000)
		var e *Error
		errors.As(err, &e)
		if len(out) != 1000 || res.Bytes != c.bytes || (e == nil) != (c.cause == 0) {
			t.Errorf("%+v: %d kept, %+v, %v", c.limits, len(out), res, err)
		}
		if e != nil && (e.Cause != c.cause || !errors.Is(err, ErrLimit) || e.Output != c.bytes || f.Known() != 0) {
			t.Errorf("%+v: %+v", c.limits, e)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		cause         Cause
		bit           uint64
	}{
		{"type 3", "07", BlockType, 0},
		{"type 3 in the second block", "000100feff4107", BlockType, 48},
		{"stored length", "000500fbff", StoredLength, 8},
		{"stored bytes missing", "000500faff4865", Truncated, 56},
		{"stored bytes that would come from the tail", "000400fbff", Truncated, 40},
		{"287 literal codes", "f4ff0000", CodeCount, 0},
		{"all code length codes of one bit", "04c02449922449922400", Oversubscribed, 0},
		{"no code length codes", "0400000000000000000000", Incomplete, 0},
		{"distance before the first byte, behind a literal", "f20011000000", TooFar, 11},
		{"cut in a symbol", "f248cd", Truncated, 24},
		{"cut in a dynamic header", "0cc0", Truncated, 16},
		{"a tail of three bytes", "f248cdc9c907000000ff", Truncated, 80},
	} {
		f := newInflater(Params{})
		_, res, err := f.Message(nil, unhex(t, c.payload), 0)
		var e *Error
		if !errors.As(err, &e) || e.Cause != c.cause || e.Bit != c.bit {
			t.Errorf("%s: %+v, %+v", c.name, e, res)
		}
		if f.Known() != 0 || f.Footprint() != 0 || f.run != nil {
			t.Errorf("%s: still holds something", c.name)
		}
	}
}

// Write and End without a message, and a message that another or a loss breaks off.
func TestOutOfOrderCalls(t *testing.T) {
	f := newInflater(Params{})
	isNoMessage := func(err error) bool {
		var e *Error
		return errors.As(err, &e) && e.Cause == NoMessage
	}
	if _, err := f.End(); !isNoMessage(err) || !isNoMessage(f.Write([]byte{0})) {
		t.Error("a message ended that never began")
	}
	if _, _, err := f.Message(nil, unhex(t, "f248cdc9c90700"), 0); err != nil || f.Known() != 5 {
		t.Fatal(err)
	}
	f.Begin(nil)
	if err := f.Write(unhex(t, "f248")); err != nil {
		t.Fatal(err)
	}
	f.Begin(nil)
	if f.Known() != 0 || f.Write(unhex(t, "f248")) != nil {
		t.Error("a message that was broken off left history behind")
	}
	f.Lost()
	if _, err := f.End(); !isNoMessage(err) || !isNoMessage(f.Write([]byte{0})) {
		t.Error("the message went on after a loss")
	}
	if _, _, err := f.Message(nil, unhex(t, "f200110000"), 0); !errors.Is(err, ErrUnknownHistory) {
		t.Errorf("%v", err)
	}
}

// Small messages allocate nothing, whole or in pieces, with or without takeover.
func TestAllocations(t *testing.T) {
	var sink collector
	sink.Grow(1 << 20)
	for _, nctx := range []bool{false, true} {
		s := newSender(t, 6, true)
		p := s.message(chat(1, 2000)[0]) // long enough for a dynamic block
		f := newInflater(Params{NoTakeover: nctx})
		out := make([]byte, 0, 4096)
		n := testing.AllocsPerRun(200, func() {
			sink.Reset()
			var err error
			if out, _, err = f.Message(out[:0], p, 4096); err != nil {
				t.Fatal(err)
			}
			f.Begin(&sink)
			for _, b := range [][]byte{p[:7], p[7:100], p[100:]} {
				if err := f.Write(b); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := f.End(); err != nil || !bytes.Equal(out, sink.Bytes()) {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("no takeover %v: %v allocations", nctx, n)
		}
	}
}
