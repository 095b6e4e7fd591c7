package event

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Captured bytes are hostile: a header or a message can hold escape sequences
// that rewrite the screen, bidirectional controls that swap what is read, and
// characters that cannot be seen. Whatever is printed to a terminal goes through
// the functions of this file. They leave letters, marks, digits, signs and
// spaces of every script as they are and show the rest in a visible form:
//
//	\n \r \t         the usual control characters
//	\x1b             other control characters of ASCII, and every byte that is not UTF-8
//	\u{202e}         everything else that acts or hides: C1 and bidirectional controls, zero
//	                 widths, joiners, byte order marks, tags, separators, private and
//	                 unassigned characters, and marks beyond the eighth on one letter
//
// A backslash in the text stays a single backslash: these forms are for
// reading; JSON output and raw output are exact.

const (
	// maxMarks is how many combining marks may follow one another. More are not
	// writing but a way to paint over the lines above.
	maxMarks = 8
	// bytesPerColumn bounds how much of a long text is looked at to fill one
	// column: a letter of four bytes and its marks, with room to spare.
	bytesPerColumn = 64
	ellipsis       = "…"
)

// SafeText appends s to dst in the visible form, on one line, at most max
// terminal columns wide with an ellipsis where it was cut; max 0 is no limit.
// s may be a part of something longer and need not be UTF-8.
func SafeText(dst, s []byte, max int) []byte {
	bounded := false
	if limit := (max + 1) * bytesPerColumn; max > 0 && len(s) > limit {
		s, bounded = s[:limit], true
	}
	start := len(dst)
	dst = appendSafe(dst, viewString(s), false)
	if max <= 0 {
		return dst
	}
	n, cut := fit(viewString(dst[start:]), max, bounded)
	if !cut {
		return dst
	}
	return append(dst[:start+n], ellipsis...)
}

// SafeString returns s in the visible form, on one line. It returns s itself where nothing needs it.
func SafeString(s string) string {
	if plain(s) {
		return s
	}
	return string(appendSafe(make([]byte, 0, len(s)+16), s, false))
}

// plain reports whether nothing in s needs an escape in JSON: then it needs none here.
func plain(s string) bool {
	p := viewBytes(s)
	for ; len(p) >= 8; p = p[8:] {
		if plainBytes(binary.LittleEndian.Uint64(p)) < 8 {
			return false
		}
	}
	for _, c := range p {
		if c >= utf8.RuneSelf || asciiRuns.ascii[c] != 0 {
			return false
		}
	}
	return true
}

// SafeLines appends s to dst in the visible form, but keeps it readable as
// lines: line feeds stay, the carriage return before one is dropped, a tab
// becomes four spaces.
func SafeLines(dst, s []byte) []byte { return appendSafe(dst, viewString(s), true) }

// Width returns how many terminal columns s takes; s has gone through one of the Safe functions.
func Width(s string) int {
	if plainASCII(s) {
		return len(s)
	}
	return uniseg.StringWidth(s)
}

// Cut returns s if it is at most width columns wide, else its beginning with an
// ellipsis, never parting what is seen as one character. Width 0 does not cut.
// s has gone through one of the Safe functions.
func Cut(s string, width int) string {
	if width <= 0 {
		return s
	}
	if n, cut := fit(s, width, false); cut {
		return s[:n] + ellipsis
	}
	return s
}

// fit returns how many bytes of s to show in width columns and whether an
// ellipsis has to follow them; there is room for it. more says that s itself is
// only the beginning.
func fit(s string, width int, more bool) (n int, cut bool) {
	if plainASCII(s) {
		if len(s) <= width && !more {
			return len(s), false
		}
		return min(len(s), width-1), true
	}
	used, state := 0, -1
	rest, room := s, 0 // room: what fits beside an ellipsis
	for rest != "" {
		var w int
		_, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		used += w
		if used > width {
			return room, true
		}
		if used < width {
			room = len(s) - len(rest)
		}
	}
	if more {
		return room, true
	}
	return len(s), false
}

func plainASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func appendSafe(dst []byte, s string, lines bool) []byte {
	marks := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			marks = 0
			i++
			switch {
			case c >= 0x20 && c < 0x7f:
				dst = append(dst, c)
			case lines && (c == '\n' || c == '\r' && i < len(s) && s[i] == '\n'):
				if c == '\n' {
					dst = append(dst, c)
				}
			case lines && c == '\t':
				dst = append(dst, "    "...)
			default:
				dst = appendVisibleByte(dst, c)
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.In(r, unicode.M, unicode.Sk) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			dst = appendVisibleByte(dst, s[i])
		case hides(r) || marks > maxMarks:
			dst = append(dst, `\u{`...)
			dst = appendRuneHex(dst, r)
			dst = append(dst, '}')
		default:
			dst = append(dst, s[i:i+size]...)
		}
		i += size
	}
	return dst
}

func appendVisibleByte(dst []byte, c byte) []byte {
	if n := strings.IndexByte("\n\r\t", c); n >= 0 {
		return append(dst, '\\', "nrt"[n])
	}
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
}

// appendRuneHex appends r in hexadecimal without leading zeros.
func appendRuneHex(dst []byte, r rune) []byte {
	shift := 20
	for shift > 0 && r>>shift == 0 {
		shift -= 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[r>>shift&15])
	}
	return dst
}

// hides reports whether r cannot be seen for what it is. Graphic characters are
// letters, marks, numbers, punctuation, symbols and spaces (unicode.IsGraphic);
// some of those are made to be invisible all the same.
func hides(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x3164, 0xffa0: // joiner, fillers, inherent vowels
		return true
	}
	if r >= 0xe0100 && r <= 0xe01ef { // variation selectors, which can carry hidden bytes
		return true
	}
	return !unicode.IsGraphic(r)
}

// deceives reports whether r acts on the text around it instead of being a part
// of it: C1 controls, line and paragraph separators, bidirectional controls,
// byte order marks and the invisible tag characters. JSON escapes only these:
// everything else there is data for a program.
func deceives(r rune) bool {
	for _, d := range deceivers {
		if r <= d.last {
			return r >= d.first
		}
	}
	return false
}

var deceivers = [...]struct{ first, last rune }{
	{0x80, 0x9f}, {0x61c, 0x61c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f},
}
