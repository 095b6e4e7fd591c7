package event

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

func TestSafeText(t *testing.T) {
	for _, c := range []struct {
		in   string
		max  int
		want string
	}{
		{"plain", 0, "plain"},
		{"plain", 5, "plain"},
		{"plain!", 5, "plai…"},
		{"a\n\r\tb", 0, `a\n\r\tb`},
		{"\x1b[31mred\x07\x7f", 0, `\x1b[31mred\x07\x7f`},
		{"\xff\xe2\x82", 0, `\xff\xe2\x82`},
		{"\u009b31m", 0, `\u{9b}31m`},
		{"a\u202egnp.exe", 0, `a\u{202e}gnp.exe`},
		{"zero\u200bwidth\ufeff", 0, `zero\u{200b}width\u{feff}`},
		{"\U000e0041\ue000", 0, `\u{e0041}\u{e000}`},
		{"日本語 ελληνικά 🚀", 0, "日本語 ελληνικά 🚀"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"}, // half a wide character is not shown
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"x" + strings.Repeat("\u0301", 9), 0, "x" + strings.Repeat("\u0301", 8) + `\u{301}`},
		{strings.Repeat("a", 100_000), 3, "aa…"},
		{"ab", 1, "…"},
	} {
		if got := string(SafeText([]byte("> "), []byte(c.in), c.max)); got != "> "+c.want {
			t.Errorf("%q in %d: got %q, want %q", c.in, c.max, got[2:], c.want)
		}
		if c.max == 0 {
			if got := SafeString(c.in); got != c.want {
				t.Errorf("SafeString(%q) = %q, want %q", c.in, got, c.want)
			}
		}
	}
	if got := string(SafeLines(nil, []byte("a\r\n\tb\rc\n\x1b"))); got != "a\n    b\\rc\n\\x1b" {
		t.Errorf("SafeLines: %q", got)
	}
}

// FuzzSafeText holds that nothing that could act on a terminal comes through and that the width is kept.
func FuzzSafeText(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b]8;;http://x\x07", "日本語", "👩‍👩‍👧🇨🇭", "e\u0301\u0301", "\u202e\ufeff\xff", "각ᄀᄀᄀ", strings.Repeat("\U0001f3fb", 200)} {
		f.Add([]byte(s), 10)
	}
	f.Fuzz(func(t *testing.T, s []byte, max int) {
		max &= 0xff
		got := string(SafeText(nil, s, max))
		harmless(t, got)
		if w := uniseg.StringWidth(got); max > 0 && w > max {
			t.Errorf("%q is %d columns wide, not %d", got, w, max)
		}
		full := string(SafeText(nil, s, 0))
		harmless(t, full)
		if full != SafeString(string(s)) || full != SafeString(full) {
			t.Errorf("SafeString differs or is not stable: %q", full)
		}
		if max > 0 {
			if cut := Cut(full, max); uniseg.StringWidth(cut) > max || cut != full && !strings.HasPrefix(full, strings.TrimSuffix(cut, ellipsis)) {
				t.Errorf("Cut(%q, %d) = %q", full, max, cut)
			}
		}
		harmless(t, strings.ReplaceAll(string(SafeLines(nil, s)), "\n", ""))
	})
}

func harmless(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if unicode.Is(unicode.C, r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Join_Control) {
			t.Errorf("%U came through in %q", r, s)
		}
	}
}
