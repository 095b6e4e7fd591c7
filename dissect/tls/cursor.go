package tls

// cursor takes fields from the front of b. The first field that does not fit
// sets err, after which every field is zero.
type cursor struct {
	message string
	base    int // offset of b[0] in the message
	b       []byte
	err     *error // shared with the cursors of the parts
}

func newCursor(message string, b []byte) cursor {
	return cursor{message: message, b: b, err: new(error)}
}

func (c *cursor) ok() bool    { return *c.err == nil }
func (c *cursor) empty() bool { return len(c.b) == 0 || !c.ok() }

// bytes takes n bytes, which alias the message.
func (c *cursor) bytes(field string, n int) []byte {
	if !c.ok() {
		return nil
	}
	if n > len(c.b) {
		*c.err = &LengthError{Message: c.message, Field: field, Offset: c.base, Need: n, Have: len(c.b)}
		return nil
	}
	out := c.b[:n:n]
	c.b, c.base = c.b[n:], c.base+n
	return out
}

// number takes a big-endian number of n bytes.
func (c *cursor) number(field string, n int) (v int) {
	for _, x := range c.bytes(field, n) {
		v = v<<8 | int(x)
	}
	return v
}

func (c *cursor) u8(field string) uint8   { return uint8(c.number(field, 1)) }
func (c *cursor) u16(field string) uint16 { return uint16(c.number(field, 2)) }

// vector takes a vector whose length stands before it in n bytes (RFC 8446 §3.4).
func (c *cursor) vector(field string, n int) cursor {
	length := c.number(field, n)
	base := c.base
	return cursor{message: c.message, base: base, b: c.bytes(field, length), err: c.err}
}

// u16s takes all that is left as numbers without GREASE.
func u16s[T ~uint16](c cursor, field string) (out []T) {
	for !c.empty() {
		if v := c.u16(field); c.ok() && !isGREASE(v) {
			out = append(out, T(v))
		}
	}
	return out
}
