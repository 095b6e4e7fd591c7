package websocket

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// conversation is one direction's bytes with the offsets of its headers.
type conversation struct {
	b       []byte
	headers map[int]bool
}

func (c *conversation) add(h Header, payload []byte) {
	if c.headers == nil {
		c.headers = map[int]bool{}
	}
	c.headers[len(c.b)] = true
	h.Length = uint64(len(payload))
	c.b = h.Append(c.b)
	c.b = Unmask(c.b, payload, h.Mask, 0)
}

const words = `{"type":"message","room":"général","user":42,"text":"the quick brown fox — jumps over"}`

// chat makes n frames as applications send them: mostly text, some binary, some
// fragmented, compressed if told so.
func chat(r *rand.Rand, n int, masked, compressed bool, typical int) *conversation {
	c := &conversation{}
	var deflated bytes.Buffer
	z, err := flate.NewWriter(&deflated, 1)
	if err != nil {
		panic(err)
	}
	for range n {
		h := Header{Fin: true, Opcode: Text, Masked: masked}
		if masked {
			binary.BigEndian.PutUint32(h.Mask[:], r.Uint32())
		}
		size := 1 + r.IntN(2*typical)
		p := []byte(strings.Repeat(words, size/len(words)+1))
		for size < len(p) && p[size]&0xc0 == 0x80 {
			size++
		}
		p = p[:size]
		switch k := r.IntN(12); {
		case compressed:
			h.RSV = RSV1
			for i := range p {
				p[i] = 'a' + byte(r.IntN(26))
			}
			deflated.Reset()
			z.Write(p)
			z.Flush()
			p = bytes.Clone(bytes.TrimSuffix(deflated.Bytes(), []byte{0, 0, 0xff, 0xff})) // RFC 7692 §7.2.1
		case k == 0:
			h.Opcode = Ping
			p = p[:min(4, size)]
		case k < 3:
			h.Opcode = Binary
			fill(r, p)
		case k == 3:
			h.Fin = false
			c.add(h, p[:size/2])
			h.Opcode, h.Fin, p = Continuation, true, p[size/2:]
		}
		c.add(h, p)
	}
	return c
}

func fill(r *rand.Rand, p []byte) {
	for i := range p {
		p[i] = byte(r.Uint32())
	}
}

// segments cuts b[from:to] into segments: at most mss long; with push also
// wherever a frame begins. It returns their starts, relative to from.
func (c *conversation) segments(from, to, mss int, push bool) []int {
	starts := []int{0}
	for p, n := from, 0; p < to; p++ {
		if p > from && (n == mss || push && c.headers[p]) {
			starts = append(starts, p-from)
			n = 0
		}
		n++
	}
	return starts
}

// rateOf searches cut conversations and counts what is found: truly, wrongly.
func rateOf(r *rand.Rand, masked, compressed bool, typical int, push, boundary bool) (right, wrong, rounds int) {
	rsv := No
	if compressed {
		rsv = Yes
	}
	rounds = 100
	for range rounds {
		c := chat(r, 60, masked, compressed, typical)
		from := r.IntN(len(c.b) / 3)
		for boundary && !c.headers[from] {
			from++
		}
		to := min(len(c.b), from+SearchWindow)
		res := Search(c.b[from:to], c.segments(from, to, 1448, push), Expect{Masked: TriOf(masked), RSV1: rsv}, to == len(c.b))
		switch {
		case res.State != Found:
		case c.headers[from+res.Pos]:
			right++
		default:
			wrong++
		}
	}
	return right, wrong, rounds
}

func TestSearchFindsChat(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, masked := range []bool{true, false} {
		for _, compressed := range []bool{false, true} {
			for _, typical := range []int{10, 60, 500, 4000} {
				if testing.Short() && typical == 4000 {
					continue // most of the work: with the race detector it is a minute
				}
				for _, push := range []bool{true, false} {
					right, wrong, n := rateOf(r, masked, compressed, typical, push, push)
					t.Logf("masked %v compressed %v size ~%d segments at frames %v: %d right, %d wrong of %d", masked, compressed, typical, push, right, wrong, n)
					if right < n*95/100 || wrong > n*4/100 {
						t.Errorf("masked %v compressed %v size ~%d segments at frames %v: %d right, %d wrong of %d", masked, compressed, typical, push, right, wrong, n)
					}
				}
			}
		}
	}
}

func TestSearchLargeFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, masked := range []bool{true, false} {
		c := &conversation{}
		big := make([]byte, 1<<20)
		fill(r, big)
		c.add(Header{Fin: true, Opcode: Binary, Masked: masked, Mask: [4]byte{9, 7, 5, 3}}, big)
		b := c.b[:3000]
		if res := Search(b, []int{0, 1448, 2896}, Expect{Masked: TriOf(masked), RSV1: No}, false); res.State != Found || res.Pos != 0 {
			t.Errorf("a frame larger than the window at a segment start: %+v", res)
		}
		// 60,000 bytes: its end lies in the window, what follows confirms it.
		c = &conversation{}
		c.add(Header{Fin: true, Opcode: Binary, Masked: masked, Mask: [4]byte{9, 7, 5, 3}}, big[:60000])
		c.add(Header{Fin: true, Opcode: Text, Masked: masked, Mask: [4]byte{1, 2, 3, 4}}, []byte("and on"))
		first := Search(c.b[:1448], []int{0}, Expect{Masked: TriOf(masked), RSV1: No}, false)
		if first.State != NeedMore || first.Discard != 0 {
			t.Errorf("its beginning: %+v", first)
		}
		res := Search(c.b, c.segments(0, len(c.b), 1448, false), Expect{Masked: TriOf(masked), RSV1: No}, false)
		if res.State != Found || res.Pos != 0 {
			t.Errorf("all of it: %+v", res)
		}
	}
}

// TestSearchAfterLongPayload has the hole end inside a message of 300 KB: the
// search goes on from window to window until the next header.
func TestSearchAfterLongPayload(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	c := &conversation{}
	big := make([]byte, 300000)
	fill(r, big)
	c.b = append(c.b, big...)
	for range 20 {
		c.add(Header{Fin: true, Opcode: Text}, []byte(words))
	}
	var held []byte
	base, wait, calls := 0, 0, 0
	for p := 0; p < len(c.b); p += 1448 {
		end := min(p+1448, len(c.b))
		held = append(held, c.b[p:end]...)
		if wait -= end - p; wait > 0 && end < len(c.b) {
			continue
		}
		var starts []int
		for s := (base + 1447) / 1448 * 1448; s < end; s += 1448 {
			starts = append(starts, s-base)
		}
		res := Search(held, starts, Expect{Masked: No, RSV1: No}, end == len(c.b))
		calls++
		if res.State == Found {
			if !c.headers[base+res.Pos] {
				t.Fatalf("%+v at %d is no header", res, base+res.Pos)
			}
			t.Logf("found after %d calls, %d bytes held", calls, len(held))
			return
		}
		held, base, wait = held[res.Discard:], base+res.Discard, res.More
	}
	t.Fatal("not found")
}

// TestSearchFalsePositives measures how often bytes that are no WebSocket are
// taken for it.
func TestSearchFalsePositives(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	type source struct {
		name string
		make func() []byte
	}
	const rounds, size = 150, 16 << 10
	self, err := os.ReadFile(os.Args[0]) // machine code
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(self[:min(len(self), 4<<20)])
	z.Close()
	piece := func(b []byte, n int) []byte { i := r.IntN(len(b) - n); return b[i : i+n] }
	sources := []source{
		{"random", func() []byte { b := make([]byte, size); fill(r, b); return b }},
		{"TLS", func() []byte {
			var b []byte
			for len(b) < size {
				p := make([]byte, 20+r.IntN(1400))
				fill(r, p)
				b = append(binary.BigEndian.AppendUint16(append(b, 0x17, 3, 3), uint16(len(p))), p...)
			}
			return b
		}},
		{"32-bit lengths", func() []byte {
			var b []byte
			for len(b) < size {
				p := make([]byte, r.IntN(200))
				fill(r, p)
				b = append(binary.BigEndian.AppendUint32(b, uint32(len(p))), p...)
			}
			return b
		}},
		{"type and 16-bit length", func() []byte {
			var b []byte
			for len(b) < size {
				p := make([]byte, r.IntN(300))
				fill(r, p)
				b = append(binary.BigEndian.AppendUint16(append(b, byte(r.IntN(12))), uint16(len(p))), p...)
			}
			return b
		}},
		{"text", func() []byte {
			return []byte(strings.Repeat("GET /path?q=AB HTTP/1.1\r\nHost: b.example\r\nAccept: */*\r\n\r\n"+words+"\n"+strings.Repeat("日本語テキスト\u0441\u0442\u0440\u0430", 20), size/400)[:size])
		}},
		{"gzip", func() []byte { return piece(zipped.Bytes(), size) }},
		{"machine code", func() []byte { return piece(self, size) }},
		{"one value", func() []byte { return bytes.Repeat([]byte{byte(r.Uint32())}, size) }},
		{"two values", func() []byte { return bytes.Repeat([]byte{byte(r.Uint32()), byte(r.Uint32())}, size/2) }},
	}
	for _, src := range sources {
		for _, e := range []Expect{{Masked: Yes, RSV1: No}, {Masked: No, RSV1: No}, {Masked: Yes}, {Masked: No}, {Masked: Yes, Bits: MidstreamBits}, {Masked: No, Bits: MidstreamBits}} {
			found := 0
			sum := 0
			for range rounds {
				res := Search(src.make(), segmentStarts(r, size), e, true)
				sum += res.Bits
				if res.State == Found {
					found++
				}
			}
			t.Logf("%-22s masked %d rsv1 %d bits %2d: %3d of %d found, best %4.1f bits on average", src.name, e.Masked, e.RSV1, e.Bits, found, rounds, float64(sum)/rounds)
			most := rounds / 50
			// Machine code differs from build to build and has tables that look
			// like anything.
			if e.Bits == MidstreamBits && src.name != "machine code" {
				most = 0
			}
			if found > most {
				t.Errorf("%s, %+v: %d of %d", src.name, e, found, rounds)
			}
		}
	}
}

func segmentStarts(r *rand.Rand, n int) []int {
	var s []int
	for p := 0; p < n; p += 1 + r.IntN(1448) {
		s = append(s, p)
	}
	return s
}

func TestPlausible(t *testing.T) {
	client := Expect{Masked: Yes, RSV1: No}
	for _, tt := range []struct {
		h    Header
		want bool
	}{
		{Header{Fin: true, Opcode: Text, Masked: true, Form: 7, Length: 5}, true},
		{Header{Fin: true, Opcode: Text, Form: 7, Length: 5}, false},
		{Header{Fin: true, Opcode: Text, Masked: true, Form: 16, Length: 5}, false},
		{Header{Fin: true, Opcode: Text, Masked: true, RSV: RSV1, Form: 7}, false},
		{Header{Fin: true, Opcode: Text, Masked: true, RSV: RSV2, Form: 7}, false},
		{Header{Fin: true, Opcode: 3, Masked: true, Form: 7}, false},
		{Header{Opcode: Ping, Masked: true, Form: 7}, false},
		{Header{Fin: true, Opcode: Ping, Masked: true, Form: 16, Length: 126}, false},
		{Header{Fin: true, Opcode: Close, Masked: true, Form: 7, Length: 1}, false},
		{Header{Fin: true, Opcode: Binary, Masked: true, Form: 64, Length: 1 << 41}, false},
	} {
		if got := Plausible(&tt.h, &client); got != tt.want {
			t.Errorf("%+v: %v", tt.h, got)
		}
	}
	z := Header{Fin: true, Opcode: Binary, RSV: RSV1, Form: 7}
	if !Plausible(&z, &Expect{}) || !Plausible(&z, &Expect{RSV1: Yes}) {
		t.Error("RSV1 on a data frame is plausible unless it is known not to be")
	}
	z.Opcode = Continuation
	if Plausible(&z, &Expect{}) {
		t.Error("RSV1 on a continuation is not plausible (RFC 7692 §6.1)")
	}
}

// TestSearchCut looks for a frame that the snap length cut: it ends where its
// segment does, which is evidence enough behind a hole, also of a header of which
// only the length is left.
func TestSearchCut(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, tt := range []struct {
		b      string
		masked Tri
		cut    uint64
		least  int
	}{
		{"\x82\x7e\x03\xe8" + "abcdefghijklmnopqrst", No, 980, 15},
		{"\x82\x7e\x03\xe8" + "abcdefghijklmnopqrst", No, 979, 0},
		{"\x82\x20" + "abcdefgh", No, 24, 12},
		{"\x81\xfe\x01\x00", Yes, 4 + 256, 15},
		{"\x81\xfe\x01\x00", Yes, 4 + 255, 0},
	} {
		res := Search([]byte(tt.b), []int{0}, Expect{Masked: tt.masked, RSV1: No, Cut: tt.cut}, true)
		if res.Pos != 0 || res.Bits < tt.least || tt.least == 0 && res.Bits >= 12 {
			t.Errorf("% x and %d more: %+v, want %d bits", tt.b, tt.cut, res, tt.least)
		}
	}
	found := 0
	for range 100_000 {
		b := make([]byte, 40)
		fill(r, b)
		if res := Search(b, []int{0}, Expect{Masked: No, Cut: uint64(r.IntN(1400))}, true); res.Bits >= 12 && res.Pos == 0 {
			found++
		}
	}
	if found > 60 {
		t.Errorf("%d of 100,000 pieces of random bytes look like frames", found)
	}
}

func FuzzSearch(f *testing.F) {
	c := chat(rand.New(rand.NewPCG(1, 1)), 6, true, false, 30)
	f.Add(c.b, uint16(3), uint8(1), uint16(0), true)
	f.Add(bytes.Repeat([]byte{0x89}, 300), uint16(0), uint8(0), uint16(0), false)
	f.Add([]byte("\x88\x02\x03\xe8"), uint16(4), uint8(2), uint16(0), true)
	f.Add([]byte("\x81\xfe\x01\x00\x01"), uint16(5), uint8(1), uint16(259), true)
	f.Fuzz(func(t *testing.T, b []byte, mss uint16, how uint8, cut uint16, atEnd bool) {
		var starts []int
		for p := 0; p < len(b) && mss > 0; p += int(mss) {
			starts = append(starts, p)
		}
		e := Expect{Masked: Tri(how % 3), RSV1: Tri(how / 3 % 3), Bits: int(how / 9), Cut: uint64(cut)}
		res := Search(b, starts, e, atEnd)
		switch {
		case res.Pos < 0 || res.Pos > len(b) || res.Discard < 0 || res.Discard > len(b):
			t.Fatalf("%+v of %d", res, len(b))
		case res.State == Found:
			h, n := ParseHeader(b[res.Pos:])
			if n == 0 && cut > 0 {
				var total uint64
				if h, total, _ = PartialHeader(b[res.Pos:]); total == uint64(len(b)-res.Pos)+uint64(cut) {
					n = 1
				}
			}
			if n == 0 || !Plausible(&h, &e) || res.Frames == 0 {
				t.Fatalf("%+v: %+v", res, h)
			}
		case atEnd && (len(b) <= SearchWindow && res.Discard != len(b) || res.State == NeedMore && len(b) <= SearchWindow):
			t.Fatalf("at the end: %+v of %d", res, len(b))
		case !atEnd && res.More < 1:
			t.Fatalf("%+v does not say how much more", res)
		}
	})
}

func BenchmarkSearchRandom(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	p := make([]byte, 64<<10)
	fill(r, p)
	for _, m := range []Tri{Yes, No} {
		b.Run(fmt.Sprint(m), func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				Search(p, nil, Expect{Masked: m, RSV1: No}, false)
			}
		})
	}
}

func BenchmarkSearchWorst(b *testing.B) {
	p := bytes.Repeat([]byte("\x81\x02aa\x02\x02"), SearchWindow/6)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		Search(p, nil, Expect{Masked: No, Bits: 1 << 20}, false)
	}
}
