package http1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
)

// readBody feeds p in pieces and returns what the body took, its data and error.
func readBody(b *Body, p []byte, piece int) (taken int, data []byte, err error) {
	for taken < len(p) && !b.Done() {
		seg := p[taken:min(taken+piece, len(p))]
		for len(seg) > 0 && !b.Done() {
			n, d, err := b.Step(seg)
			taken, data, seg = taken+n, append(data, d...), seg[n:]
			if err != nil {
				return taken, data, err
			}
		}
	}
	return taken, data, nil
}

func TestBodyKind(t *testing.T) {
	const get, post = "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n"
	for _, c := range []struct {
		method, head string // no method: head is a request
		kind         BodyKind
		length       uint64
		problem      ProblemKind // none: numProblemKinds
	}{
		{"", get, NoBody, 0, numProblemKinds},
		{"", post + "Content-Length: 5\r\n", Length, 5, numProblemKinds},
		{"", post + "Content-Length: 5, 5\r\n", Length, 5, LengthRepeated},
		{"", post + "Content-Length: 5\r\nContent-length: 05\r\n", Length, 5, LengthRepeated},
		{"", post + "Content-Length: 5\r\nContent-Length: 6\r\n", UntilClose, 0, LengthConflict},
		{"", post + "Content-Length: +5\r\n", UntilClose, 0, LengthInvalid},
		{"", post + "Content-Length:\r\n", UntilClose, 0, LengthInvalid},
		{"", post + "Content-Length: 18446744073709551615\r\n", Length, math.MaxUint64, numProblemKinds},
		{"", post + "Content-Length: 18446744073709551616\r\n", UntilClose, 0, LengthInvalid},
		{"", post + "Transfer-Encoding: gzip, Chunked\r\n", Chunked, 0, numProblemKinds},
		{"", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Chunked, 0, LengthAndEncoding},
		{"", post + "Transfer-Encoding: chunked, gzip\r\n", UntilClose, 0, EncodingNotFinal},
		{"", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", Chunked, 0, EncodingVersion},
		{"GET", "HTTP/1.1 200 OK\r\n", UntilClose, 0, numProblemKinds},
		{"GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n", Length, 3, EncodingNotFinal},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", NoBody, 0, numProblemKinds},
		{"GET", "HTTP/1.1 304 x\r\nContent-Length: 5\r\n", NoBody, 0, numProblemKinds},
		{"GET", "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n", NoBody, 0, EncodingForbidden},
		{"GET", "HTTP/1.1 101 x\r\n", NoBody, 0, numProblemKinds},
		{"CONNECT", "HTTP/1.1 200 x\r\nContent-Length: 5\r\n", NoBody, 0, numProblemKinds},
		{"CONNECT", "HTTP/1.1 403 x\r\nContent-Length: 5\r\n", Length, 5, numProblemKinds},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n", UntilClose, 0, EncodingNotFinal},
	} {
		var b Body
		if c.method == "" {
			r, err := ParseRequest([]byte(c.head + "\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			b = RequestBody(&r)
		} else {
			r, err := ParseResponse([]byte(c.head + "\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			b = ResponseBody(c.method, &r)
		}
		problem := ProblemKind(numProblemKinds)
		if len(b.Problems) > 0 {
			problem = b.Problems[0].Kind
		}
		if b.Kind != c.kind || b.Length != c.length || problem != c.problem {
			t.Errorf("%s %q: %v %d, %v; want %v %d, %v", c.method, c.head, b.Kind, b.Length, problem, c.kind, c.length, c.problem)
		}
	}
}

func TestChunked(t *testing.T) {
	for _, c := range []struct {
		in, data string
		rest     int
		problem  bool
	}{
		{"5\r\nhello\r\n0\r\n\r\nNEXT", "hello", 4, false},
		{"5;a=b;c=\"d\"\r\nhello\r\n00A \r\n0123456789\r\n0\r\nT: x\r\nU: y\r\n\r\n", "hello0123456789", 0, false},
		{"5\nhello\n0\n\nN", "hello", 1, true},
	} {
		for piece := 1; piece <= len(c.in); piece++ {
			b := Body{Kind: Chunked}
			n, data, err := readBody(&b, []byte(c.in), piece)
			if err != nil || !b.Done() || string(data) != c.data || len(c.in)-n != c.rest || (len(b.Problems) > 0) != c.problem {
				t.Fatalf("%q in pieces of %d: took %d, %q, %v, %v", c.in, piece, n, data, err, b.Problems)
			}
		}
	}
	for _, in := range []string{"x\r\n", "\r\n", "5x\r\n", "5\r\nhello!", "10000000000000000\r\n", "1;" + strings.Repeat("e", MaxChunkLine), "0\r\n" + strings.Repeat("A: b\r\n", DefaultHeadBytes/6+1)} {
		b := Body{Kind: Chunked}
		var se *SyntaxError
		n, done, err := b.Consume([]byte(in))
		if done || !errors.As(err, &se) || se.Offset != uint64(n) {
			t.Errorf("%.20q: took %d, done %v, %v", in, n, done, err)
		}
		if n, _, again := b.Consume([]byte("5\r\n")); n != 0 || again != err {
			t.Errorf("%.20q: error did not stay: %d, %v", in, n, again)
		}
	}
}

func TestSkip(t *testing.T) {
	for _, c := range []struct {
		name   string
		body   Body
		before string
		gap    uint64
		in     uint64
		sync   bool
		after  string
		done   bool
	}{
		{"within a length", Body{Kind: Length, rest: 10}, "ab", 5, 5, true, "cde", true},
		{"to the end of a length", Body{Kind: Length, rest: 10}, "ab", 8, 8, true, "", true},
		{"beyond a length", Body{Kind: Length, rest: 10}, "ab", 9, 8, false, "", true},
		{"without a body", Body{}, "", 1, 0, false, "", true},
		{"within a chunk", Body{Kind: Chunked}, "a\r\n012", 3, 3, true, "6789\r\n0\r\n\r\n", true},
		{"to a chunk's end", Body{Kind: Chunked}, "a\r\n012", 7, 7, true, "\r\n0\r\n\r\n", true},
		{"half a line end", Body{Kind: Chunked}, "a\r\n012", 8, 8, true, "\n0\r\n\r\n", true},
		{"chunk and line end", Body{Kind: Chunked}, "a\r\n012", 9, 9, true, "0\r\n\r\n", true},
		{"line end alone", Body{Kind: Chunked}, "1\r\n0", 2, 2, true, "0\r\n\r\n", true},
		{"over a chunk size", Body{Kind: Chunked}, "a\r\n012", 10, 9, false, "", false},
		{"within a chunk size", Body{Kind: Chunked}, "a", 1, 0, false, "", false},
		{"until close", Body{Kind: UntilClose}, "a", math.MaxUint64, math.MaxUint64, true, "b", false},
	} {
		b := c.body
		if n, _, err := b.Consume([]byte(c.before)); n != len(c.before) || err != nil {
			t.Fatalf("%s: took %d, %v", c.name, n, err)
		}
		in, sync := b.Skip(c.gap)
		if in != c.in || sync != c.sync {
			t.Errorf("%s: %d in the body, in sync %v; want %d, %v", c.name, in, sync, c.in, c.sync)
		}
		n, _, err := b.Consume([]byte(c.after))
		if n != len(c.after) || b.Done() != c.done || (err != nil) != (!c.sync && c.body.Kind == Chunked) {
			t.Errorf("%s: took %d of %d after the gap, done %v, %v", c.name, n, len(c.after), b.Done(), err)
		}
	}
}

func FuzzBody(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\nNEXT"), uint8(2), uint8(0))
	f.Add([]byte("5;x=y\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\n"), uint8(0), uint8(0))
	f.Add([]byte("5\nhello\n0\n\n"), uint8(4), uint8(0))
	f.Add([]byte("hello, world"), uint8(1), uint8(5))
	f.Fuzz(func(t *testing.T, p []byte, piece, length uint8) {
		head := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		if length > 0 {
			head = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", length)
		}
		response, err := ParseResponse([]byte(head))
		if err != nil {
			t.Fatal(err)
		}
		body := ResponseBody("GET", &response)
		whole, cut, skip := body, body, body
		n, done, err := whole.Consume(p)
		n2, data, err2 := readBody(&cut, p, int(piece)+1)
		if n != n2 || done != cut.Done() || (err == nil) != (err2 == nil) || whole.DataBytes != uint64(len(data)) || len(whole.Problems) != len(cut.Problems) {
			t.Fatalf("took %d, done %v, %v; in pieces %d, %v, %v", n, done, err, n2, cut.Done(), err2)
		}
		// A gap that is survived ends where the bytes themselves would have led.
		at := min(int(piece), len(p))
		if k, _, _ := skip.Consume(p[:at]); k == at && skip.Err() == nil {
			if _, sync := skip.Skip(2); sync && at+2 <= len(p) {
				k, done3, err3 := skip.Consume(p[at+2:])
				lf := len(whole.Problems) > 0 || err != nil // the gap's line end is taken for CRLF
				if !lf && (at+2+k != n || done3 != done || err3 != nil) {
					t.Fatalf("after a gap at %d: took %d of %d, done %v, %v", at, at+2+k, n, done3, err3)
				}
			}
		}
		std, stdErr := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader(head), bytes.NewReader(p))), nil)
		if stdErr != nil {
			t.Fatal(stdErr)
		}
		want, stdErr := io.ReadAll(std.Body)
		if stdErr == nil && (err != nil || !done || !bytes.Equal(data, want)) {
			t.Fatalf("done %v, %v, data %q; net/http %q", done, err, data, want)
		}
	})
}
