package tui

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// textDoc is bytes as lines of text, wrapped to a width.
type textDoc struct {
	p      []byte
	starts []int
	role   role
}

func newTextDoc(p []byte, width int, r role) *textDoc { return &textDoc{p, indexLines(p, width), r} }

// Len implements document.
func (d *textDoc) Len() int { return len(d.starts) - 1 }

// Line implements document.
func (d *textDoc) Line(i int) line {
	p := d.p[d.starts[i]:d.starts[i+1]]
	if n := len(p); n > 0 && p[n-1] == '\n' {
		p = p[:n-1]
	}
	if n := len(p); n > 0 && p[n-1] == '\r' {
		p = p[:n-1]
	}
	return line{{d.role, string(event.SafeLines(nil, p))}}
}

func (d *textDoc) seek(re *regexp.Regexp, from int, back bool) int {
	return seekBytes(d.p, func(i int) int { return d.starts[i] }, d.Len(), re, from, back)
}

// fitText returns how many bytes of p fit into width columns in the visible
// form, at least one character.
func fitText(p []byte, width int) int {
	used := 0
	for i := 0; i < len(p); {
		size, w := 1, 1
		switch c := p[i]; {
		case c >= 0x20 && c < 0x7f:
		case c == '\n' || c == '\r' && i+1 < len(p) && p[i+1] == '\n':
			w = 0
		case c == '\t':
			w = 4
		case c < utf8.RuneSelf:
			w = 4
		default:
			size, w = measure(p[i:])
		}
		if used+w > width && i > 0 {
			return i
		}
		used += w
		i += size
	}
	return len(p)
}

// visible is s with nothing in it that acts on a terminal or hides.
func visible(s string) string { return event.SafeString(s) }

// textWidth is how many columns s takes in the visible form.
func textWidth(s string) int { return event.Width(event.SafeString(s)) }

// measure returns the length of the character that p begins with, which is not
// ASCII, and the columns that it takes in the visible form.
func measure(p []byte) (size, width int) {
	r, size := utf8.DecodeRune(p)
	switch {
	case r == utf8.RuneError && size == 1:
		return 1, 4
	// Letters that need no look at what follows them: the marks that may are of no width.
	case r >= 0xc0 && r <= 0x2af, r >= 0x391 && r <= 0x3a1, r >= 0x3a3 && r <= 0x3c9, r >= 0x400 && r <= 0x482, r >= 0x48a && r <= 0x52f:
		return size, 1
	case r >= 0x3041 && r <= 0x3096, r >= 0x30a1 && r <= 0x30fa, r >= 0x4e00 && r <= 0x9fff, r >= 0xac00 && r <= 0xd7a3:
		return size, 2
	}
	cluster, _, _, _ := uniseg.FirstGraphemeCluster(p[:min(64, len(p))], -1)
	return len(cluster), event.Width(event.SafeString(string(cluster)))
}

// hexDoc is a hex dump: offset, bytes, the same as ASCII.
type hexDoc struct {
	p    []byte
	per  int    // bytes a line
	base uint64 // offset of the first byte
	role role
	note line // first line; nil: none
}

// newHexDoc makes a dump for width columns.
func newHexDoc(p []byte, width int, note line) *hexDoc {
	per := 4
	for _, n := range []int{8, 16, 32} {
		if 10+n*3+n/8+n <= width { // offset, bytes and the gaps between eights, ASCII
			per = n
		}
	}
	return &hexDoc{p: p, per: per, note: note}
}

func (d *hexDoc) head() int {
	if d.note != nil {
		return 1
	}
	return 0
}

// Len implements document.
func (d *hexDoc) Len() int { return (len(d.p)+d.per-1)/d.per + d.head() }

// Line implements document.
func (d *hexDoc) Line(i int) line {
	if i -= d.head(); i < 0 {
		return d.note
	}
	p := d.p[i*d.per : min((i+1)*d.per, len(d.p))]
	hex, ascii := make([]byte, 0, 4*d.per), make([]byte, 0, d.per)
	for k := range d.per {
		if k > 0 && k%8 == 0 {
			hex = append(hex, ' ')
		}
		if k >= len(p) {
			hex = append(hex, "   "...)
			continue
		}
		hex = fmt.Appendf(hex, "%02x ", p[k])
		c := p[k]
		if c < 0x20 || c >= 0x7f {
			c = '.'
		}
		ascii = append(ascii, c)
	}
	return line{{rDim, fmt.Sprintf("%08x  ", d.base+uint64(i*d.per))}, {d.role, string(hex)}, {rDim, " "}, {d.role, string(ascii)}}
}

func (d *hexDoc) seek(re *regexp.Regexp, from int, back bool) int {
	h := d.head()
	at := seekBytes(d.p, func(i int) int { return i * d.per }, d.Len()-h, re, from-h, back)
	if at < 0 {
		return -1
	}
	return at + h
}
