package event

import (
	"bytes"
	"unicode/utf8"
)

// data prints a piece of a stream: a row that says whose it is and where it
// stands, and its bytes below, each line marked with the direction.
func (t *Text) data(e *Event, d *Data) {
	if t.raw() {
		t.stream(d.Bytes)
		return
	}
	t.beginRow()
	t.when(e)
	t.put(styleDim, bytesText(uint64(len(d.Bytes)))+" at offset "+grouped(d.Offset))
	t.endRow()

	p := d.Bytes
	switch t.opt.Payload {
	case PayloadNone:
		return
	case PayloadPreview:
		p = p[:min(len(p), PreviewBytes)]
	}
	if t.opt.Form == FormHex || !looksLikeText(p) {
		t.hexDump(e.From, d.Offset, p)
	} else {
		t.textLines(e.From, p)
	}
	if n := len(d.Bytes) - len(p); n > 0 {
		t.beginRow()
		t.put(styleDim, "  … "+bytesText(uint64(n))+" more not shown")
		t.endRow()
	}
}

// stream writes the bytes themselves. What is large goes past the buffer.
func (t *Text) stream(p []byte) {
	if len(p) < flushAt {
		t.buf = append(t.buf, p...)
		return
	}
	t.flush()
	if t.err == nil {
		_, t.err = t.w.Write(p)
	}
}

// looksLikeText reports whether the beginning of p is nearly all characters
// that can be seen. It may hold a few others: a character that is parted from
// its other half, a stray control character.
func looksLikeText(p []byte) bool {
	p = p[:min(len(p), 1024)]
	n, bad := len(p), 0
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		if r == utf8.RuneError && size == 1 || hides(r) && r != '\n' && r != '\r' && r != '\t' {
			bad++
		}
		p = p[size:]
	}
	return bad*32 <= n
}

// textLines prints p line by line.
func (t *Text) textLines(from Side, p []byte) {
	for len(p) > 0 {
		line := p
		if i := bytes.IndexByte(p, '\n'); i >= 0 {
			line, p = p[:i], p[i+1:]
			line = bytes.TrimSuffix(line, []byte("\r"))
		} else {
			p = nil
		}
		t.beginRow()
		t.mark(from)
		if t.opt.Width > 0 {
			limit := (t.left + 1) * bytesPerColumn
			line = line[:min(len(line), limit)]
		}
		t.put(stylePlain, string(SafeLines(nil, line)))
		t.endRow()
		t.spill()
	}
}

// mark prints the direction before a line of stream bytes.
func (t *Text) mark(from Side) {
	switch from {
	case Client:
		t.put(styleClient, "→ ")
	case Server:
		t.put(styleServer, "← ")
	default:
		t.put(stylePlain, "  ")
	}
}

// hexDump prints sixteen bytes a line: offset in the stream, hex, ASCII.
func (t *Text) hexDump(from Side, offset uint64, p []byte) {
	for len(p) > 0 {
		n := min(16, len(p))
		b := make([]byte, 0, 80)
		for shift := 28; shift >= 0; shift -= 4 {
			b = append(b, hexDigits[offset>>shift&15])
		}
		for i := range 16 {
			if i%8 == 0 {
				b = append(b, ' ')
			}
			if i < n {
				b = append(b, ' ', hexDigits[p[i]>>4], hexDigits[p[i]&15])
			} else {
				b = append(b, "   "...)
			}
		}
		b = append(b, "  "...)
		for _, c := range p[:n] {
			if c < 0x20 || c >= 0x7f {
				c = '.'
			}
			b = append(b, c)
		}
		t.beginRow()
		t.mark(from)
		t.put(stylePlain, string(b))
		t.endRow()
		t.spill()
		offset += uint64(n)
		p = p[n:]
	}
}
