package http1

// chunkState is a place in a chunked body (RFC 9112 §7.1).
//
//	chunkSize ─► chunkExt ─► chunkSizeLF ─► chunkData ─► chunkDataEnd ─► chunkDataLF ─► chunkSize
//	                              └ size 0 ─► trailerStart ─► trailerLine … trailerStart ─► trailerLF ─► chunkEnd
type chunkState uint8

const (
	chunkSize    chunkState = iota // digits of the size
	chunkExt                       // white space and extensions after it
	chunkSizeLF                    // the LF after their CR
	chunkData                      // rest bytes of data
	chunkDataEnd                   // the CR after the data
	chunkDataLF                    // the LF after that
	trailerStart                   // first byte of a trailer line
	trailerLine                    // the rest of it
	trailerLF                      // the LF of the last, empty line
	chunkEnd
)

// control takes bytes that are not data, until data begins, the body ends or
// an error is set. It returns how many.
func (b *Body) control(p []byte) int {
	start := b.pos
	defer func() { b.pos = start }() // the caller counts
	for i, c := range p {
		b.controlByte(c)
		if b.err != nil {
			return i
		}
		if b.state == chunkData || b.state == chunkEnd {
			return i + 1
		}
		b.pos++
	}
	return len(p)
}

func (b *Body) controlByte(c byte) {
	switch b.state {
	case chunkSize:
		b.sizeByte(c)
	case chunkExt:
		b.extByte(c)
	case chunkSizeLF:
		if c == '\n' {
			b.endSizeLine()
			return
		}
		b.problem(BareCR, "")
		b.state = chunkExt
		b.extByte(c)
	case chunkDataEnd, chunkDataLF:
		b.dataEndByte(c)
	default:
		b.trailerByte(c)
	}
}

func (b *Body) startChunk() { b.state, b.line, b.digit, b.rest = chunkSize, 0, false, 0 }

func (b *Body) sizeByte(c byte) {
	d, ok := hexDigit(c)
	if !ok {
		if !b.digit {
			b.fail("chunk size", "is no hexadecimal number")
			return
		}
		if c != ';' && c != '\r' && c != '\n' && !isSpace(c) {
			b.fail("chunk size", "is followed by something else than an extension")
			return
		}
		b.state = chunkExt
		b.extByte(c)
		return
	}
	if b.rest>>60 != 0 {
		b.fail("chunk size", "exceeds 64 bits")
		return
	}
	b.rest, b.digit = b.rest<<4|uint64(d), true
	b.count(MaxChunkLine, "chunk size line")
}

func (b *Body) extByte(c byte) {
	switch c {
	case '\n':
		b.problem(BareLF, "")
		b.endSizeLine()
	case '\r':
		b.state = chunkSizeLF
		b.count(MaxChunkLine, "chunk size line")
	default:
		b.count(MaxChunkLine, "chunk size line")
	}
}

func (b *Body) endSizeLine() {
	b.line = 0
	if b.rest == 0 {
		b.state = trailerStart
		return
	}
	b.state = chunkData
}

// dataEndByte expects the line end after a chunk's data.
func (b *Body) dataEndByte(c byte) {
	switch {
	case c == '\r' && b.state == chunkDataEnd:
		b.state = chunkDataLF
	case c == '\n':
		if b.state == chunkDataEnd {
			b.problem(BareLF, "")
		}
		b.startChunk()
	default:
		b.fail("chunk data", "is longer than the chunk's size")
	}
}

// trailerByte passes over trailer lines up to the empty one (§7.1.2).
func (b *Body) trailerByte(c byte) {
	switch {
	case c == '\n' && b.state != trailerLine:
		if b.state == trailerStart {
			b.problem(BareLF, "")
		}
		b.state = chunkEnd
		return
	case c == '\n':
		b.state = trailerStart
	case c == '\r' && b.state == trailerStart:
		b.state = trailerLF
	default:
		b.state = trailerLine
	}
	b.count(DefaultHeadBytes, "trailer section")
}

// count counts a byte of a part that has a limit.
func (b *Body) count(limit int, part string) {
	if b.line++; b.line > limit {
		b.fail(part, "is longer than the limit")
	}
}

func (b *Body) fail(part, reason string) {
	b.err = &SyntaxError{Part: part, Offset: b.pos, Reason: reason}
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
