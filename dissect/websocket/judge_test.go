package websocket

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// said writes problems as "RULE@frame RULE@frame".
func said(j *FrameJudge, frames []Header) string {
	var out []string
	for i, h := range frames {
		for _, p := range j.Judge(nil, h) {
			out = append(out, fmt.Sprintf("%s@%d", p.Rule, i+1))
		}
	}
	return strings.Join(out, " ")
}

// spec reads frames as "t5 c0 p200!": opcode letter (t b c x i o, or a digit
// for a number), length, and marks: - no FIN, 1 2 3 after / reserved bits,
// ! not the shortest form, u unmasked, m masked, ^ top bit of the length.
func spec(t *testing.T, s string, client bool) []Header {
	t.Helper()
	var out []Header
	for n, f := range strings.Fields(s) {
		ops := map[byte]Opcode{'t': Text, 'b': Binary, 'c': Continuation, 'x': Close, 'i': Ping, 'o': Pong, 'r': 3, 'R': 11}
		op, ok := ops[f[0]]
		if !ok {
			t.Fatalf("no opcode %q", f)
		}
		h := Header{Fin: true, Opcode: op, Masked: client}
		f = f[1:]
		for f != "" && f[0] >= '0' && f[0] <= '9' {
			h.Length = h.Length*10 + uint64(f[0]-'0')
			f = f[1:]
		}
		h.Form = formOf(h.Length)
		for _, c := range f {
			switch c {
			case '-':
				h.Fin = false
			case 'A':
				h.RSV |= RSV1
			case 'B':
				h.RSV |= RSV2
			case 'C':
				h.RSV |= RSV3
			case '!':
				h.Form = 64
			case '^':
				h.Form, h.Length = 64, h.Length|1<<63
			case 'u':
				h.Masked = false
			case 'm':
				h.Masked = true
			default:
				t.Fatalf("no mark %q", c)
			}
		}
		if h.Masked {
			binary.BigEndian.PutUint32(h.Mask[:], uint32(n+1)*uint32(n+3)*0x9e3779b1^0x5bd1e995)
		}
		out = append(out, h)
	}
	return out
}

func TestFrameJudge(t *testing.T) {
	client, server := Context{Side: Client, Deflate: No}, Context{Side: Server, Deflate: No}
	deflate := Context{Side: Server, Deflate: Yes}
	midstream := Context{Side: Server, Midstream: true}
	for _, tt := range []struct {
		ctx          Context
		frames, want string
	}{
		{client, "t5 b0 i4 o4 t70000 x2", ""},
		{server, "t5- c3- i0 c0 t126 b65536", ""},
		{client, "t5u t5u", "WS-MASK@1"},
		{server, "t5 t5m t5m", "WS-MASK@2"},
		{client, "t5A", "WS-RSV@1"},
		{server, "b5C i0B", "WS-RSV@1 WS-RSV@2"},
		{server, "t5ABC", "WS-RSV@1"},
		{deflate, "t5A b5A t5A- c5 t9", ""},
		{deflate, "t5A- c5A", "WS-RSV@2"},
		{deflate, "i5A t5AC", "WS-RSV@1 WS-RSV@2"},
		{Context{Side: Server, OtherExt: true}, "t5ABC r5C i0B", ""},
		{midstream, "c5A- c5 t5A", "WS-RSV@1"},
		{midstream, "c5 c5", "WS-FRAGMENT@2"},
		{midstream, "c5- t5", "WS-FRAGMENT@2"},
		{server, "r7 t5", "WS-OPCODE@1"},
		{server, "R200-A t5", "WS-OPCODE@1"},
		{server, "b200!", "WS-LENGTH@1"},
		{server, "i9!", "WS-LENGTH@1"},
		{client, "b5^", "WS-LENGTH@1"},
		{client, "i5^", "WS-LENGTH@1"},
		{server, "x2-", "WS-CONTROL@1"},
		{server, "o70000", "WS-CONTROL@1"},
		{server, "i200-", "WS-CONTROL@1"},
		{server, "i0- c0", "WS-CONTROL@1 WS-FRAGMENT@2"},
		{server, "c5 t5", "WS-FRAGMENT@1"},
		{server, "c5- t5", "WS-FRAGMENT@1"},
		{server, "t5- c5 c5- t5", "WS-FRAGMENT@3"},
		{server, "c5- t5- c5 c5- t5- c5", "WS-FRAGMENT@1 WS-FRAGMENT@4"},
		{server, "t5- t5 c5", "WS-FRAGMENT@2"},
		{server, "t5- b5- c5 t5", "WS-FRAGMENT@2"},
		{server, "x2 x2 t5 r5", "WS-AFTER-CLOSE@2"},
		{server, "t5- x2 c5", "WS-AFTER-CLOSE@3"},
	} {
		j := NewFrameJudge(tt.ctx)
		if got := said(&j, spec(t, tt.frames, tt.ctx.Side == Client)); got != tt.want {
			t.Errorf("%v %q: %q, want %q", tt.ctx, tt.frames, got, tt.want)
		}
	}
}

func TestFrameJudgeHole(t *testing.T) {
	j := NewFrameJudge(Context{Side: Server, Deflate: No})
	if got := said(&j, spec(t, "t5-", false)); got != "" {
		t.Error(got)
	}
	j.Hole()
	if got := said(&j, spec(t, "t5 t5", false)); got != "" {
		t.Error(got)
	}
	j.Hole()
	if got := said(&j, spec(t, "c5 c5", false)); got != "WS-FRAGMENT@2" {
		t.Error(got)
	}
}

func TestMaskKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	lcg := uint32(1)
	for _, tt := range []struct {
		name string
		next func(i int) uint32
		want string
	}{
		{"random", func(int) uint32 { return r.Uint32() }, ""},
		{"zero", func(int) uint32 { return 0 }, "WS-MASK-KEY@1"},
		{"the same", func(int) uint32 { return 0x01020304 }, "WS-MASK-KEY@3"},
		{"twice the same", func(i int) uint32 { return []uint32{7, 7, 0xbadcafe, 0x7777777, 0x7777777, 0x12345678}[i%6] }, ""},
		{"counter", func(i int) uint32 { return 0x1000 + uint32(i) }, "WS-MASK-KEY@3"},
		{"counter, low byte first", func(i int) uint32 { return uint32(i) << 24 }, "WS-MASK-KEY@1"}, // begins at zero
		{"large steps", func(i int) uint32 { return 5 + uint32(i)*0x9e3779b1 }, "WS-MASK-KEY@4"},
		{"alternating", func(i int) uint32 { return []uint32{0x8badf00d, 0x0badcafe}[i%2] }, "WS-MASK-KEY@4"},
		{"rand()", func(int) uint32 { lcg = lcg*1103515245 + 12345; return lcg }, "WS-MASK-KEY@"},
	} {
		var frames []Header
		for i := range 60 {
			h := Header{Fin: true, Opcode: Text, Masked: true, Form: 7}
			binary.BigEndian.PutUint32(h.Mask[:], tt.next(i))
			frames = append(frames, h)
		}
		j := NewFrameJudge(Context{Side: Client, Deflate: No})
		got := said(&j, frames)
		if tt.name == "rand()" {
			if !strings.HasPrefix(got, tt.want) || strings.Count(got, "@") != 1 {
				t.Errorf("%s: %q", tt.name, got)
			}
		} else if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	// No false alarm in a million random keys.
	var k keyHistory
	for range 1_000_000 {
		var key [4]byte
		binary.BigEndian.PutUint32(key[:], r.Uint32()|1)
		if why := k.add(key); why != "" {
			t.Fatal(why)
		}
	}
}

func TestJudgeAllocates(t *testing.T) {
	j := NewFrameJudge(Context{Side: Client, Deflate: No})
	r := rand.New(rand.NewPCG(17, 18))
	var dst []Problem
	if n := testing.AllocsPerRun(1000, func() {
		h := Header{Fin: true, Opcode: Text, Masked: true, Form: 7, Length: 9}
		binary.BigEndian.PutUint32(h.Mask[:], r.Uint32()|1)
		dst = j.Judge(dst[:0], h)
	}); n != 0 || len(dst) != 0 {
		t.Errorf("%v allocations, %v", n, dst)
	}
}

func TestJudgeClose(t *testing.T) {
	for _, tt := range []struct {
		body, want string
		offset     int
	}{
		{"", "", 0}, {"\x03\xe8", "", 0}, {"\x03\xe8bye", "", 0}, {"\x03", "WS-CLOSE", 0}, {"\x03\xec", "WS-CLOSE", 0},
		{"\x03\xe8ab\xc0\xaf", "WS-UTF8", 2}, {"\x03\xeeab\xe2\x82", "WS-CLOSE WS-UTF8", 2},
	} {
		var got []string
		offset := 0
		for _, p := range JudgeClose([]byte(tt.body), Server) {
			got = append(got, string(p.Rule))
			offset = p.Offset
			if p.Side != Server || p.Text == "" || p.Reference == "" {
				t.Errorf("%x: %+v", tt.body, p)
			}
		}
		if strings.Join(got, " ") != tt.want || offset != tt.offset {
			t.Errorf("%x: %v at %d, want %s at %d", tt.body, got, offset, tt.want, tt.offset)
		}
	}
	allowed := func(c int) bool {
		return c >= 1000 && c <= 1003 || c >= 1007 && c <= 1014 || c >= 3000 && c <= 4999
	}
	for c := range 65536 {
		if CloseCodeAllowed(uint16(c)) != allowed(c) {
			t.Errorf("close code %d: %v", c, !allowed(c))
		}
	}
}

func TestRules(t *testing.T) {
	seen := map[Rule]bool{}
	for _, r := range Rules() {
		if seen[r.Rule] || r.Severity != r.Rule.Severity() || r.Reference == "" || r.Summary == "" {
			t.Errorf("%+v", r)
		}
		seen[r.Rule] = true
	}
	if len(seen) != 26 || RuleStatus.Severity() != Warning || RuleMask.Severity() != Error || RulePong.Severity() != Info {
		t.Errorf("%d rules", len(seen))
	}
}

func BenchmarkJudge(b *testing.B) {
	j := NewFrameJudge(Context{Side: Client, Deflate: No})
	h := Header{Fin: true, Opcode: Text, Masked: true, Form: 7, Length: 9}
	var dst []Problem
	key := uint32(1)
	for b.Loop() {
		key = key*key + 0x9e3779b9
		binary.LittleEndian.PutUint32(h.Mask[:], key)
		dst = j.Judge(dst[:0], h)
	}
}
