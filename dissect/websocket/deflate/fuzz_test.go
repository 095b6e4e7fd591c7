package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand"
	"reflect"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

// prelude is what an earlier message left as history.
var prelude = bytes.Join(chat(12, 200), []byte{'\n'})

// oracle inflates a payload with compress/flate, going on at the byte boundary behind a BFINAL block.
func oracle(history, payload []byte, limit int64) (out []byte, err error) {
	src := bytes.NewReader(append(bytes.Clone(payload), "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...))
	end := src.Len() - len(payload)
	r := flate.NewReaderDict(src, history)
	for {
		part, err := io.ReadAll(io.LimitReader(r, limit-int64(len(out))))
		out = append(out, part...)
		if err != nil || src.Len() <= end || int64(len(out)) >= limit {
			return out, err
		}
		past := append(bytes.Clone(history), out...)
		r.(flate.Resetter).Reset(src, past[max(0, len(past)-maxHistory):])
	}
}

func seeds(f *testing.F, add func([]byte)) {
	for _, s := range []string{"f248cdc9c90700", "f200110000", "000500faff48656c6c6f00", "f348cdc9c90700", "f348cdc9c907",
		"f24805000000ffffcac9c90700", "f3480500000000ffffcac9c90700", "00", "", "07", "4b04", "0500", "ffffffff", "02", "000400fbff"} {
		add(unhex(f, s))
	}
	for _, level := range []int{flate.HuffmanOnly, 1, 6, 9} {
		s := newSender(f, level, false)
		add(s.message(prelude))
		for _, m := range append(chat(3, 250), prelude, bytes.Repeat([]byte("ab"), 5000), chat(1, 3000)[0]) {
			add(s.message(m))
		}
	}
}

// FuzzInflate compares with compress/flate, fed the implied tail and a final empty block. Lawful differences:
//   - a payload that ends at a block boundary without a flush is whole here (noted as Unflushed), an error there;
//   - output that would be decoded from the tail is never delivered here: the payload is Truncated;
//   - a code set without an end of block is refused at once here, when it runs on there; neither succeeds.
func FuzzInflate(f *testing.F) {
	seeds(f, func(b []byte) { f.Add(b) })
	pool := NewPool(Limits{MaxOutput: 1 << 20})
	s := newSender(f, 6, false)
	first := s.message(prelude)
	f.Fuzz(func(t *testing.T, payload []byte) { eachMachine(func() { inflateAndCompare(t, pool, first, payload) }) })
}

func inflateAndCompare(t *testing.T, pool *Pool, first, payload []byte) {
	var in Inflater
	in.Init(pool, Params{})
	defer in.Release()
	if _, _, err := in.Message(nil, first, 0); err != nil {
		t.Fatal(err)
	}
	got, res, err := in.Message(nil, payload, 1<<30)
	want, wantErr := oracle(prelude, payload, 1<<20+1)
	if !bytes.HasPrefix(want, got) || res.Bytes != uint64(len(got)) {
		t.Fatalf("%d bytes (%d said) are not a prefix of %d: %v, %v", len(got), res.Bytes, len(want), err, wantErr)
	}
	switch {
	case err == nil && wantErr == nil, err == nil && res.Notes&Unflushed != 0:
		if len(got) != len(want) {
			t.Fatalf("%d of %d bytes without an error", len(got), len(want))
		}
	case err == nil:
		t.Fatalf("inflates, but compress/flate says %v", wantErr)
	case errors.Is(err, ErrLimit):
		if len(got) != 1<<20 {
			t.Fatalf("limit after %d bytes", len(got))
		}
	case wantErr == nil && !errors.Is(err, ErrTruncated):
		t.Fatalf("compress/flate inflates it, but %v", err)
	}
	var e *Error
	if errors.As(err, &e) && (e.Bit > uint64(len(payload))*8 || e.Output != uint64(len(got)) || e.Cause == UnknownHistory) {
		t.Fatalf("%v of %d bytes, %d inflated", e, len(payload), len(got))
	}
	if err != nil && (in.Known() != 0 || in.Footprint() != 0) {
		t.Fatalf("history of %d bytes after an error", in.Known())
	}
	if err == nil { // what came is history
		if known := min(len(prelude)+len(got), maxHistory); in.Known() != known {
			t.Fatalf("history of %d bytes, want %d", in.Known(), known)
		}
	}
}

// FuzzSegments cuts the payload anywhere and asks for the same output, result and error as in one piece.
func FuzzSegments(f *testing.F) {
	seeds(f, func(b []byte) { f.Add(b, []byte{1, 2, 3}, true); f.Add(b, []byte{1}, false) })
	pool := NewPool(Limits{MaxOutput: 1 << 19, Ratio: 500, RatioAbove: 100_000})
	s := newSender(f, 6, false)
	first := s.message(prelude)
	f.Fuzz(func(t *testing.T, payload, cuts []byte, lost bool) {
		var whole, pieces, generic Inflater
		for _, in := range []*Inflater{&whole, &pieces, &generic} {
			in.Init(pool, Params{WindowBits: 9})
			defer in.Release()
			if lost {
				in.Lost()
			} else if _, _, err := in.Message(nil, first, 0); err != nil {
				t.Fatal(err)
			}
		}
		want, wantRes, wantErr := whole.Message(nil, payload, 1<<30)
		var got collector
		pieces.Begin(&got)
		rest, failed := payload, error(nil)
		for i := 0; len(rest) > 0; i++ {
			n := len(rest)
			if len(cuts) > 0 {
				n = min(n, int(cuts[i%len(cuts)]))
			}
			if n == 0 && i%len(cuts) == len(cuts)-1 {
				n = 1
			}
			piece := bytes.Clone(rest[:n])
			err := pieces.Write(piece)
			clear(piece) // it was borrowed
			if failed != nil && err != failed {
				t.Fatalf("the error %v did not remain: %v", failed, err)
			}
			failed = err
			rest = rest[n:]
		}
		res, err := pieces.End()
		if !bytes.Equal(got.Bytes(), want) || res != wantRes || !reflect.DeepEqual(err, wantErr) {
			t.Fatalf("in pieces %d bytes, %+v, %v\nwhole %d bytes, %+v, %v", got.Len(), res, err, len(want), wantRes, wantErr)
		}
		if !bytes.Equal(known(&whole), known(&pieces)) {
			t.Fatal("another history")
		}
		eachMachine(func() {
			generic.Release()
			generic.Init(pool, Params{WindowBits: 9})
			if lost {
				generic.Lost()
			} else if _, _, err := generic.Message(nil, first, 0); err != nil {
				t.Fatal(err)
			}
			got, res, err := generic.Message(nil, payload, 1<<30)
			if !bytes.Equal(got, want) || res != wantRes || !reflect.DeepEqual(err, wantErr) || !bytes.Equal(known(&whole), known(&generic)) {
				t.Fatalf("another machine: %d bytes, %+v, %v\nthis: %d bytes, %+v, %v", len(got), res, err, len(want), wantRes, wantErr)
			}
		})
	})
}

// FuzzConversation inflates what a second encoder makes of messages in one context, long enough for the history to
// come round: they consist of words, of random bytes and of pieces of what was sent before, at any distance.
func FuzzConversation(f *testing.F) {
	f.Add(int64(1), int8(6), []byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Add(int64(2), int8(9), bytes.Repeat([]byte{3, 100, 255}, 40))
	f.Add(int64(3), int8(1), bytes.Repeat([]byte{200, 1}, 60))
	f.Add(int64(4), int8(-2), []byte{0, 255, 7})
	f.Fuzz(func(t *testing.T, seed int64, level int8, sizes []byte) {
		var buf bytes.Buffer
		w, err := kflate.NewWriter(&buf, int(level))
		if err != nil || len(sizes) > 300 {
			return
		}
		messages := conversation(seed, sizes)
		payloads := make([][]byte, len(messages))
		for i, m := range messages {
			w.Write(m)
			w.Flush()
			payloads[i] = bytes.Clone(buf.Bytes()[:buf.Len()-4])
			buf.Reset()
		}
		eachMachine(func() {
			in := newInflater(Params{})
			for i, p := range payloads {
				var got collector
				in.Begin(&got)
				cut := int(uint64(seed) % uint64(len(p)))
				in.Write(p[:cut])
				in.Write(p[cut:])
				if res, err := in.End(); err != nil || res.Notes != 0 || !bytes.Equal(got.Bytes(), messages[i]) {
					t.Fatalf("message %d: %d bytes of %d, %+v, %v", i, got.Len(), len(messages[i]), res, err)
				}
			}
		})
	})
}

// conversation returns messages of the given sizes, in units of seven bytes and some more.
func conversation(seed int64, sizes []byte) (messages [][]byte) {
	rng := rand.New(rand.NewSource(seed))
	var sent []byte
	for _, size := range sizes {
		begin := len(sent)
		for len(sent)-begin < int(size)*7 {
			switch n := rng.Intn(300); rng.Intn(4) {
			case 0:
				for range n / 16 {
					sent = append(sent, byte(rng.Intn(256)))
				}
			case 1:
				sent = append(sent, bytes.Repeat([]byte{byte(n)}, rng.Intn(40))...)
			case 2:
				sent = append(sent, chat(1, n)[0]...)
			default:
				from := max(0, len(sent)-1-rng.Intn(40_000))
				sent = append(sent, sent[from:min(len(sent), from+n)]...)
			}
		}
		messages = append(messages, sent[begin:])
	}
	return messages
}

// known returns the history of f.
func known(f *Inflater) []byte {
	b := make([]byte, f.Known())
	if len(b) > 0 {
		f.past.copyTo(b, len(b))
	}
	return b
}
