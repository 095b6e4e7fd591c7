package websocket

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// wire reads a bit diagram: groups of 0 and 1 are bits, two-digit groups after
// an x are bytes in hex.
func wire(t *testing.T, s string) []byte {
	t.Helper()
	var bits strings.Builder
	for _, g := range strings.Fields(s) {
		if h, ok := strings.CutPrefix(g, "x"); ok {
			for i := 0; i < len(h); i += 2 {
				v, err := strconv.ParseUint(h[i:i+2], 16, 8)
				if err != nil {
					t.Fatal(err)
				}
				for k := 7; k >= 0; k-- {
					bits.WriteByte('0' + byte(v>>k&1))
				}
			}
			continue
		}
		bits.WriteString(g)
	}
	all := bits.String()
	var out []byte
	for ; len(all) >= 8; all = all[8:] {
		v, err := strconv.ParseUint(all[:8], 2, 8)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, byte(v))
	}
	if all != "" {
		t.Fatalf("%q: %d bits too many", s, len(all))
	}
	return out
}

func TestHeaderDiagrams(t *testing.T) {
	tests := []struct {
		//     F RSV opco M length
		bits string
		want Header
		min  bool
	}{
		{"1 000 0001 0 0000101", Header{Fin: true, Opcode: Text, Form: 7, Len: 2, Length: 5}, true},
		{"0 000 0010 0 1111101", Header{Opcode: Binary, Form: 7, Len: 2, Length: 125}, true},
		{"1 100 0001 1 0000000 x01020304", Header{Fin: true, RSV: RSV1, Opcode: Text, Masked: true, Mask: [4]byte{1, 2, 3, 4}, Form: 7, Len: 6}, true},
		{"1 011 0000 0 1111110 x007e", Header{Fin: true, RSV: RSV2 | RSV3, Form: 16, Len: 4, Length: 126}, true},
		{"1 000 1001 0 1111110 x007d", Header{Fin: true, Opcode: Ping, Form: 16, Len: 4, Length: 125}, false},
		{"1 000 0010 1 1111111 x0000000000010000 xdeadbeef", Header{Fin: true, Opcode: Binary, Masked: true, Mask: [4]byte{0xde, 0xad, 0xbe, 0xef}, Form: 64, Len: 14, Length: 65536}, true},
		{"1 000 0010 0 1111111 x00000000000000c8", Header{Fin: true, Opcode: Binary, Form: 64, Len: 10, Length: 200}, false},
		{"1 000 0010 0 1111111 xffffffffffffffff", Header{Fin: true, Opcode: Binary, Form: 64, Len: 10, Length: 1<<64 - 1}, true},
		{"0 111 1111 0 0000000", Header{RSV: 7, Opcode: 15, Form: 7, Len: 2}, true},
	}
	for _, tt := range tests {
		b := wire(t, tt.bits)
		h, n := ParseHeader(append(b, "payload"...))
		if n != len(b) || h != tt.want {
			t.Errorf("%s: got %+v, %d", tt.bits, h, n)
		}
		if h.Minimal() != tt.min {
			t.Errorf("%s: Minimal is %v", tt.bits, h.Minimal())
		}
		for i := range b {
			if _, n := ParseHeader(b[:i]); n != 0 {
				t.Errorf("%s: %d of %d bytes make a header", tt.bits, i, len(b))
			}
		}
		if got := h.Append(nil); !bytes.Equal(got, b) {
			t.Errorf("%s: Append gives %x", tt.bits, got)
		}
	}
}

func randomHeader(r *rand.Rand) Header {
	h := Header{Fin: r.IntN(2) == 0, RSV: uint8(r.IntN(8)), Opcode: Opcode(r.IntN(16)), Masked: r.IntN(2) == 0, Length: r.Uint64() >> r.IntN(64)}
	h.Form = formOf(h.Length)
	if r.IntN(4) == 0 {
		h.Form = 64
	}
	h.Len = map[uint8]int{7: 2, 16: 4, 64: 10}[h.Form]
	if h.Masked {
		h.Len += 4
		for i := range h.Mask {
			h.Mask[i] = byte(r.Uint32())
		}
	}
	return h
}

func TestHeaderRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		h := randomHeader(r)
		b := h.Append([]byte("before"))[6:]
		got, n := ParseHeader(b)
		if n != len(b) || n != h.Len || got != h || HeaderSize(b[0], b[1]) != n {
			t.Fatalf("%+v became %x became %+v, %d", h, b, got, n)
		}
		h.Form = 0 // shortest
		if got, _ := ParseHeader(h.Append(nil)); !got.Minimal() || got.Length != h.Length {
			t.Fatalf("%+v: shortest form is %+v", h, got)
		}
	}
}

func TestOpcode(t *testing.T) {
	for o, want := range map[Opcode]string{0: "continuation", 1: "text", 2: "binary", 3: "reserved-3", 8: "close", 9: "ping", 10: "pong", 15: "reserved-15", 16: "opcode-16"} {
		if o.String() != want {
			t.Errorf("%d: %s", o, o)
		}
	}
	for o := range Opcode(16) {
		if o.IsReserved() != strings.HasPrefix(o.String(), "reserved") || o.IsControl() != (o >= 8) || o.IsData() != (o < 3) {
			t.Errorf("%d: reserved %v, control %v, data %v", o, o.IsReserved(), o.IsControl(), o.IsData())
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("\x81\x05hello"))
	f.Add([]byte("\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00abcd"))
	f.Add([]byte("\xff\x7e\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n := ParseHeader(b)
		if n == 0 {
			if len(b) >= 2 && len(b) >= HeaderSize(b[0], b[1]) {
				t.Fatalf("%x holds a header", b)
			}
			return
		}
		if n != h.Len || n < 2 || n > MaxHeaderSize || n > len(b) {
			t.Fatalf("size %d, Len %d of %d", n, h.Len, len(b))
		}
		if got := h.Append(nil); !bytes.Equal(got, b[:n]) {
			t.Fatalf("%x became %x", b[:n], got)
		}
	})
}

func BenchmarkParseHeader(b *testing.B) {
	p := []byte("\x82\xfe\x01\x00abcd")
	for b.Loop() {
		if h, _ := ParseHeader(p); h.Length != 256 {
			b.Fatal(h)
		}
	}
}
