package http1

import (
	"strings"
	"unsafe"
)

// Parser reads heads as ParseRequest and ParseResponse do, without an allocation
// for each: it makes the text of many heads at a time, and reuses the slices of
// what it reads into. The zero value is ready.
//
// The strings are owned. One that is kept keeps its neighbours' memory, up to
// textBlock bytes of it.
type Parser struct {
	// Borrow makes the strings borrowed until the next head is read, unless Take
	// is called before: then no memory is needed for them at all.
	Borrow bool

	text strings.Builder
	head []byte // text of the head that was read last, if Borrow

	spans [64]spans // scratch: the fields of a plain head
	used  int
}

const (
	textBlock   = 32 << 10
	textLargest = 4 << 10 // a longer head is an allocation of its own
)

// Request reads the head of a request into r. The slices of r are reused, so
// Headers and Problems that were read into it before are valid no more.
func (p *Parser) Request(head []byte, r *Request) error {
	return parseRequest(head, p.own(head), r)
}

// Response reads the head of a response into r, likewise.
func (p *Parser) Response(head []byte, r *Response) error {
	return parseResponse(head, p.own(head), r)
}

// Take hands over the text of the head that was read last: its strings are valid
// as long as the text is not changed. In exchange, the parser may write to room.
// Without Borrow there is nothing to take.
func (p *Parser) Take(room []byte) (text []byte) {
	text, p.head = p.head, room[:0]
	return text
}

// own copies b.
func (p *Parser) own(b []byte) string {
	switch {
	case len(b) > textLargest:
		return string(b)
	case p.Borrow:
		p.head = append(p.head[:0], b...)
		return unsafe.String(unsafe.SliceData(p.head), len(p.head))
	}
	at := p.text.Len()
	if p.text.Cap()-at < len(b) {
		p.text, at = strings.Builder{}, 0
		p.text.Grow(textBlock)
	}
	p.text.Write(b)
	return p.text.String()[at:]
}
