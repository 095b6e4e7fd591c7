package tui

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// FuzzDocuments holds that text and hex show every byte once, in lines that fit.
func FuzzDocuments(f *testing.F) {
	f.Add([]byte("a\tb\r\nc\x1b[2J\n\n"+hostile), 20)
	f.Add([]byte("日本語 🚀🛰️  e\u0301\u0301 \u202e"), 9)
	f.Add(bytes.Repeat([]byte("\xff\x00"), 90), 77)
	f.Fuzz(func(t *testing.T, p []byte, width int) {
		width = 8 + (width&0xff+256)%192
		doc := newTextDoc(p, width, rPlain)
		for i := range doc.Len() {
			if doc.starts[i] > doc.starts[i+1] || len(p) > 0 && doc.starts[i] == doc.starts[i+1] {
				t.Fatalf("line %d begins at %d, the next one at %d", i, doc.starts[i], doc.starts[i+1])
			}
			text := doc.Line(i).text()
			if !utf8.ValidString(text) || event.SafeString(text) != text {
				t.Fatalf("line %d is not safe: %q", i, text)
			}
			one := doc.starts[i+1]-doc.starts[i] <= 64 // a single character may be wider than the pane
			if w := event.Width(text); w > width && !one {
				t.Fatalf("line %d is %d columns wide, not %d: %q", i, w, width, text)
			}
		}
		if n := doc.Len(); doc.starts[0] != 0 || doc.starts[n] != len(p) {
			t.Fatalf("lines go from %d to %d of %d", doc.starts[0], doc.starts[n], len(p))
		}
		hex := newHexDoc(p, width, nil)
		for i := range hex.Len() {
			if w := event.Width(hex.Line(i).text()); w > max(width, 30) {
				t.Fatalf("hex line of %d columns, not %d", w, width)
			}
		}
	})
}

// FuzzJSONTree holds that whatever is read as JSON can be folded and drawn.
func FuzzJSONTree(f *testing.F) {
	f.Add([]byte(`{"op":"hello","data":[17,{"a b":null}]}`), uint(3))
	f.Add([]byte(`[[[[1]],"\u202e"]]`), uint(1))
	f.Add([]byte(`{"":{"":{}}}`), uint(0))
	f.Fuzz(func(t *testing.T, p []byte, at uint) {
		tree, err := parseTree(p)
		if err != nil {
			return
		}
		all := tree.Len()
		line := tree.toggle(int(at % uint(all)))
		if line < 0 || line >= tree.Len() {
			t.Fatalf("the cursor is on line %d of %d", line, tree.Len())
		}
		for i := range tree.Len() {
			tree.Line(i)
			tree.path(i)
		}
		tree.foldAll(true)
		tree.foldAll(false)
		if tree.Len() != all {
			t.Fatalf("%d lines of %d after all was folded and unfolded", tree.Len(), all)
		}
	})
}

func BenchmarkIndexLines(b *testing.B) {
	for name, p := range map[string][]byte{
		"ascii": bytes.Repeat([]byte("the quick brown fox "), 1<<20/20), "japanese": bytes.Repeat([]byte("日本語"), 1<<20/9), "binary": bytes.Repeat([]byte{0, 1, 200, 255}, 1<<18),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			for range b.N {
				indexLines(p, 80)
			}
		})
	}
}
