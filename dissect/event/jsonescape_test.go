package event

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkText holds that appendText and appendEscaped make the same of text, which
// is valid UTF-8, and that it is written behind what stands there.
func checkText(t *testing.T, text []byte) {
	t.Helper()
	want := appendEscaped(nil, text)
	before := []byte("before")
	got := appendText(before[:len(before):len(before)], text)
	if !bytes.HasPrefix(got, before) || !bytes.Equal(got[len(before):], want) {
		t.Fatalf("of %q\ngot  %q\nwant %q", text, got[len(before):], want)
	}
}

// TestTextEveryCharacter puts every character at the beginning, the end and the
// borders of blocks.
func TestTextEveryCharacter(t *testing.T) {
	step := rune(1)
	if testing.Short() {
		step = 7
	}
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		c := utf8.AppendRune(nil, r)
		checkText(t, c)
		if r >= 0x3000 && !deceives(r) && r%step != 0 {
			continue
		}
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

func BenchmarkJSONQuotes(b *testing.B) {
	p := []byte(`{"type":"chat","room":"lobby","user":"maría","text":"see you at the station at nine, \"platform 4\"","id":123456789,"likes":["ana","bo"]}`)
	dst := make([]byte, 0, 1<<10)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		appendText(dst, p)
	}
}
