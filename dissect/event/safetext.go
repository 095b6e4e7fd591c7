package event

// deceives reports whether r acts on the text around it instead of being a part
// of it: C1 controls, line and paragraph separators, bidirectional controls,
// byte order marks and the invisible tag characters.
func deceives(r rune) bool {
	switch {
	case r < 0x80:
		return false
	case r <= 0x9f, r == 0x61c, r == 0x200e, r == 0x200f, r == 0xfeff:
		return true
	case r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return r >= 0xe0000 && r <= 0xe007f
}
