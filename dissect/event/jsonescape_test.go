package event

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// referenceEscape escapes p, a character at a time.
func referenceEscape(p []byte) (out []byte) {
	for _, r := range string(p) {
		switch short := strings.IndexRune("\n\r\t\"\\", r); {
		case short >= 0:
			out = append(out, '\\', `nrt"\`[short])
		case r < ' ' || r == 0x7f || deceives(r):
			for _, u := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, u)
			}
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// escaper is escapeRun, or what may stand for it.
type escaper func(d, p []byte, t *runTables) (w, n int)

// checkText holds that text, which is valid UTF-8, is escaped as it should be, also
// by what other processors use, and that what stands in the buffer stays.
func checkText(t *testing.T, text []byte) {
	t.Helper()
	want := string(referenceEscape(text))
	before := []byte("before")
	before = before[:len(before):len(before)]
	if got := string(appendText(before, text)); got != "before"+want {
		t.Fatalf("text %q\ngot  before%q\nwant %q", text, got, want)
	}
	if got := string(appendString(before, text)); got != "before"+want {
		t.Fatalf("string %q\ngot  before%q\nwant %q", text, got, want)
	}
	for _, tables := range []*runTables{textRuns, asciiRuns} {
		d := make([]byte, 2*len(text)+runSlack)
		w, n := escapeWords(d, text, tables)
		words := string(d[:w])
		for name, escape := range escapers {
			if w, m := escape(d, text, tables); n != m || string(d[:w]) != words {
				t.Fatalf("%q: by words, %d bytes become %q, by %s %d become %q", text, n, words, name, m, d[:w])
			}
		}
	}
}

// TestTextEveryCharacter puts characters at the beginning, the end and the borders
// of blocks: all that deceive, and of the many others some of each two first bytes.
func TestTextEveryCharacter(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) || r >= 0x3000 && !deceives(r) && r%31 != 0 {
			continue
		}
		c := utf8.AppendRune(nil, r)
		checkText(t, c)
		for at := 61; at <= 64; at++ {
			text := bytes.Repeat([]byte("."), 2*at+len(c))
			copy(text[at:], c)
			copy(text[2*at:], c)
			checkText(t, text)
		}
	}
}

// TestTextEveryLength escapes text of all densities of quotes at every length and
// offset within blocks.
func TestTextEveryLength(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, letters := range []string{"a", `"`, `a"`, `abcdefg"`, "ab\n\r\t\\cdé", "日é🚀a", "a\x00bcdefgh\u2028ijk\u202e", strings.Repeat("abcdefgh", 8) + "\x1f"} {
		runes := []rune(letters)
		var text []byte
		for len(text) < 300 {
			text = utf8.AppendRune(text, runes[random.IntN(len(runes))])
		}
		for i := range text {
			for _, from := range []int{0, i % 67} {
				if from <= i && utf8.Valid(text[from:i]) {
					checkText(t, text[from:i])
				}
			}
		}
	}
}

// FuzzJSONText holds that what knows its text to be valid makes the same of it as
// what does not, at any offset.
func FuzzJSONText(f *testing.F) {
	for _, s := range []string{"", `{"a":"b\\c"}`, strings.Repeat("x", 63) + `"`, "é日🚀\u2019\u2028\u0085\u00a0\ufeff\uff0c\u061c\u0627\U000e0041\U000f0000", "\x00\n\r\t\x1f\x7f"} {
		f.Add(s, uint8(3))
	}
	f.Fuzz(func(t *testing.T, s string, pad uint8) {
		text := append(bytes.Repeat([]byte("x"), int(pad)), strings.ToValidUTF8(s, `"`)...)
		checkText(t, text)
		checkText(t, append(text, text...))
	})
}

// TestBase64EveryLength holds appendBase64 against encoding/base64, at the end of an
// array too.
func TestBase64EveryLength(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	p := make([]byte, 400)
	for i := range p {
		p[i] = byte(random.Uint32())
	}
	for n := range p {
		part := p[len(p)-n:]
		want := "before" + base64.StdEncoding.EncodeToString(part)
		if got := string(appendBase64([]byte("before"), part)); got != want {
			t.Fatalf("%d bytes:\ngot  %s\nwant %s", n, got, want)
		}
	}
}

// BenchmarkJSONChat escapes messages of which no two are alike: JSON of 60 to 400
// bytes, some words of it not ASCII.
func BenchmarkJSONChat(b *testing.B) {
	for name, escape := range escapers {
		b.Run(name, func(b *testing.B) { benchmarkEscape(b, escape) })
	}
}

func benchmarkEscape(b *testing.B, escape escaper) {
	random := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("price again now Grüße the details please café deploy naïve 🙂 rolled tomorrow who knows build ok 駅 see you at eight")
	var texts [1024][]byte
	n := 0
	for i := range texts {
		text := []byte(`{"type":"tick","id":224,"user":"ünal","text":"`)
		for range random.IntN(60) {
			text = append(append(text, words[random.IntN(len(words))]...), ' ')
		}
		texts[i] = append(text, `"}`...)
		n += len(texts[i])
	}
	dst := make([]byte, 2<<10)
	b.SetBytes(int64(n / len(texts)))
	i := 0
	for b.Loop() {
		escape(dst, texts[i%len(texts)], textRuns)
		i++
	}
}
