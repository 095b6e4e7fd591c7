package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

// BenchmarkSmall inflates a conversation of 250-byte JSON messages with context takeover.
func BenchmarkSmall(b *testing.B) {
	messages := chat(3000, 220)
	s := newSender(b, 6, false)
	var payloads [][]byte
	size, compressed := 0, 0
	for _, m := range messages {
		payloads = append(payloads, s.message(m))
		size += len(m)
		compressed += len(payloads[len(payloads)-1])
	}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		f := newInflater(Params{})
		var out []byte
		var err error
		for i := 0; b.Loop(); i = (i + 1) % len(payloads) {
			if i == 0 {
				f.Lost()
			}
			if out, _, err = f.Message(out[:0], payloads[i], 1<<20); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(size/len(messages)), "B/msg")
		b.ReportMetric(float64(compressed/len(messages)), "compressedB/msg")
	})
	b.Run("std", func(b *testing.B) {
		b.ReportAllocs()
		var in bytes.Reader
		r := flate.NewReader(&in)
		var history, src, out []byte
		out = make([]byte, 4096)
		for i := 0; b.Loop(); i = (i + 1) % len(payloads) {
			if i == 0 {
				history = history[:0]
			}
			src = append(append(src[:0], payloads[i]...), "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...)
			in.Reset(src)
			r.(flate.Resetter).Reset(&in, history[max(0, len(history)-maxHistory):])
			n, err := io.ReadFull(r, out)
			if err != io.ErrUnexpectedEOF {
				b.Fatal(err)
			}
			if history = append(history, out[:n]...); len(history) > 4*maxHistory {
				history = append(history[:0], history[len(history)-maxHistory:]...)
			}
		}
	})
}

// BenchmarkSmallDynamic inflates messages that stand alone and carry their own codes.
func BenchmarkSmallDynamic(b *testing.B) {
	s := newSender(b, 6, true)
	p := s.message(chat(1, 500)[0])
	if p[0]&6 != 4 {
		b.Fatalf("not a dynamic block: %x", p[0])
	}
	f := newInflater(Params{NoTakeover: true})
	var out []byte
	var err error
	b.ReportAllocs()
	for b.Loop() {
		if out, _, err = f.Message(out[:0], p, 1<<20); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(out)), "B/msg")
	b.ReportMetric(float64(len(p)), "compressedB/msg")
}

// BenchmarkLarge inflates a message of 1 MiB.
func BenchmarkLarge(b *testing.B) {
	message := bytes.Join(chat(5000, 220), nil)[:1<<20]
	payload := newSender(b, 6, false).message(message)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(1 << 20)
		f := newInflater(Params{})
		for b.Loop() {
			f.Lost()
			f.Begin(nil)
			if err := f.Write(payload); err != nil {
				b.Fatal(err)
			}
			if _, err := f.End(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("klauspost", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(1 << 20)
		var in bytes.Reader
		r := kflate.NewReader(&in)
		src := append(bytes.Clone(payload), "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...)
		for b.Loop() {
			in.Reset(src)
			r.(kflate.Resetter).Reset(&in, nil)
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("std", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(1 << 20)
		var in bytes.Reader
		r := flate.NewReader(&in)
		src := append(bytes.Clone(payload), "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...)
		for b.Loop() {
			in.Reset(src)
			r.(flate.Resetter).Reset(&in, nil)
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
