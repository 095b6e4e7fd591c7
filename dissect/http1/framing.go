package http1

import (
	"strconv"
	"strings"
)

// RequestBody returns how the body of a request is delimited (RFC 9112 §6.3).
// Where the framing is faulty, so that no recipient can know where the body
// ends, the rest of the stream is taken for body and Problems says why.
func RequestBody(r *Request) Body {
	var b Body
	if !r.framed() {
		return b
	}
	switch fromCodings(&b, &r.Head, r.Major, r.Minor) {
	case codingAbsent:
		fromLength(&b, &r.Head, NoBody)
	case codingChunked:
		b.Kind = Chunked
	case codingOther:
		b.Kind = UntilClose
	}
	return b
}

// ResponseBody returns how the body of a response to a request with the given
// method is delimited (RFC 9112 §6.3). An empty method means that the request
// was not seen. After a response that Switches, the stream is no longer HTTP.
func ResponseBody(method string, r *Response) Body {
	var b Body
	bodiless := r.Status/100 == 1 || r.Status == 204
	if bodiless && r.framed() && r.Headers.Has("Transfer-Encoding") {
		b.problem(EncodingForbidden, r.Headers.Get("Transfer-Encoding"))
	}
	if bodiless || r.Status == 304 || method == "HEAD" || r.Switches(method) {
		return b
	}
	switch fromCodings(&b, &r.Head, r.Major, r.Minor) {
	case codingAbsent:
		fromLength(&b, &r.Head, UntilClose)
	case codingChunked:
		b.Kind = Chunked
	case codingOther:
		b.Kind = UntilClose
	}
	return b
}

// coding is what Transfer-Encoding says about the body's end.
type coding uint8

const (
	codingAbsent  coding = iota
	codingChunked        // chunked is the final coding
	codingOther          // some other coding is
)

// fromCodings reads Transfer-Encoding (RFC 9112 §6.1).
func fromCodings(b *Body, h *Head, major, minor int) coding {
	if h.lacks(hasEncoding) || !h.Headers.Has("Transfer-Encoding") {
		return codingAbsent
	}
	text := strings.Join(h.Headers.Values("Transfer-Encoding"), ", ")
	var last string
	chunked := 0
	for _, c := range h.Headers.List("Transfer-Encoding") {
		// "identity" was a coding in RFC 2616; it changes nothing.
		if strings.EqualFold(c, "identity") {
			continue
		}
		last = c
		if strings.EqualFold(c, "chunked") {
			chunked++
		}
	}
	if last == "" {
		b.problem(EncodingNotFinal, text)
		return codingAbsent
	}
	if major < 1 || major == 1 && minor == 0 {
		b.problem(EncodingVersion, text)
	}
	if h.Headers.Has("Content-Length") {
		b.problem(LengthAndEncoding, strings.Join(h.Headers.Values("Content-Length"), ", "))
	}
	final := strings.EqualFold(last, "chunked")
	if chunked > 1 || !final {
		b.problem(EncodingNotFinal, text)
	}
	if final {
		return codingChunked
	}
	return codingOther
}

// fromLength reads Content-Length (RFC 9112 §6.3); absent is the kind of body without one.
func fromLength(b *Body, h *Head, absent BodyKind) {
	const name = "Content-Length"
	if h.lacks(hasLength) || !h.Headers.Has(name) {
		b.Kind = absent
		return
	}
	b.Kind = UntilClose
	bad := func(k ProblemKind) { b.problem(k, strings.Join(h.Headers.Values(name), ", ")) }
	var length uint64
	values := 0
	for i := range h.Headers {
		if !h.Headers[i].is(name) {
			continue
		}
		for rest := h.Headers[i].Value; rest != ""; {
			var v string
			if v, rest = nextElement(rest); v == "" {
				continue
			}
			n, ok := parseLength(v)
			switch {
			case !ok:
				bad(LengthInvalid)
				return
			case values > 0 && n != length:
				bad(LengthConflict)
				return
			}
			length = n
			values++
		}
	}
	switch {
	case values == 0:
		bad(LengthInvalid)
		return
	case values > 1:
		bad(LengthRepeated)
	}
	b.Kind, b.Length, b.rest = Length, length, length
}

// parseLength reads digits only: no sign, no space (RFC 9110 §8.6).
func parseLength(s string) (uint64, bool) {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}
