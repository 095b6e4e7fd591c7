package http1

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// checkPlain holds that a head which is plain is what Scanner, LooksLikeRequest or
// LooksLikeResponse, and Parser make of it, and that what is known of its names is so.
// It returns how long the heads are.
func checkPlain(t *testing.T, b []byte) (request, response int) {
	t.Helper()
	p := Parser{Borrow: true}
	var q Request
	var s Response
	if request = p.WholeRequest(b, &q); request > 0 {
		r, err := ParseRequest(b[:request])
		if err != nil || q.Method != r.Method || q.Target != r.Target || q.Major != r.Major || q.Minor != r.Minor || LooksLikeRequest(b) != Yes {
			t.Fatalf("%q is read as %+v, else %+v, %v, %v", b[:request], q, r, err, LooksLikeRequest(b))
		}
		checkPlainHead(t, b, request, &q.Head, &r.Head)
		if x, y := RequestBody(&q), RequestBody(&r); !reflect.DeepEqual(x, y) {
			t.Fatalf("bodies %+v, %+v", x, y)
		}
	}
	if response = p.WholeResponse(b, &s); response > 0 {
		r, err := ParseResponse(b[:response])
		if err != nil || s.Status != r.Status || s.Reason != r.Reason || s.Major != r.Major || s.Minor != r.Minor || LooksLikeResponse(b) != Yes {
			t.Fatalf("%q is read as %+v, else %+v, %v, %v", b[:response], s, r, err, LooksLikeResponse(b))
		}
		checkPlainHead(t, b, response, &s.Head, &r.Head)
		for _, method := range []string{"GET", "HEAD", "CONNECT", ""} {
			if x, y := ResponseBody(method, &s), ResponseBody(method, &r); !reflect.DeepEqual(x, y) {
				t.Fatalf("bodies %+v, %+v", x, y)
			}
		}
	}
	return request, response
}

func checkPlainHead(t *testing.T, b []byte, n int, got, want *Head) {
	t.Helper()
	var s Scanner
	if end, err := s.Scan(b); end != n || err != nil {
		t.Fatalf("%q: a head of %d bytes, scanned %d, %v", b, n, end, err)
	}
	if !slices.Equal(got.Headers, want.Headers) || len(got.Problems)+len(want.Problems)+got.MoreProblems+want.MoreProblems > 0 {
		t.Fatalf("%q: %+v, else %+v", b[:n], got, want)
	}
	if want.names != 0 || got.AsksWebSocket() != want.AsksWebSocket() || got.HasExtensions() != want.HasExtensions() || got.Upgrades() != want.Upgrades() {
		t.Fatalf("%q: names %b", b[:n], got.names)
	}
}

func TestPlain(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, head := range []string{
		"GET / HTTP/1.1\r\n\r\n",
		"G * HTTP/1.0\r\nHost: a\r\n\r\n",
		"GET /socket HTTP/1.1\r\nHost: app.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: CuQl1TVs71NXUVh9OTX+vQ==\r\n" +
			"Sec-WebSocket-Version: 13\r\nsec-websocket-extensions: a\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\r\n",
		"POST /" + long + " HTTP/1.1\r\nA_b1:\r\nC:   v   \r\nTRANSFER-ENCODING: chunked\r\nContent-length:5\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: hwT4Yx06NuXxxQd3+jS50WP9dmQ=\r\n\r\n",
		"HTTP/1.0 200\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 404 \r\n\r\n",
		"HTTP/1.1 200 \xe9t\xe9 " + long + "\r\nX: \xff\r\n\r\n",
	} {
		for _, rest := range []string{"", "x", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"} {
			if q, s := checkPlain(t, []byte(head+rest)); max(q, s) != len(head) {
				t.Errorf("%.40q is plain: %d, %d, want %d", head, q, s, len(head))
			}
		}
		for i := range head {
			if q, s := checkPlain(t, []byte(head[:i])); q+s != 0 {
				t.Fatalf("%.40q is whole: %d, %d", head[:i], q, s)
			}
		}
	}
	for _, head := range []string{
		"\r\nGET / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET /  HTTP/1.1\r\n\r\n", "GET / a HTTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\n\n", "GET / HTTP/2.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n", "GET\t/ HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nA : b\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\nA: \tb\r\n\r\n", "GET / HTTP/1.1\r\n: b\r\n\r\n",
		"GET / HTTP/1.1\r\nA\r\n\r\n", "GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\r\n\r\n", "GET / HTTP/1.1\r\nA@b: b\r\n\r\n",
		strings.Repeat("G", 65) + " / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n" + strings.Repeat("a: b\r\n", 65) + "\r\n",
		"HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 200OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 200 \x01\r\n\r\n",
		"GET /" + strings.Repeat("x", maxPlain) + " HTTP/1.1\r\n\r\n",
	} {
		if q, s := checkPlain(t, []byte(head)); q+s != 0 {
			t.Errorf("%.40q is not plain: %d, %d", head, q, s)
		}
	}
}

// FuzzPlainHead puts any byte into heads that are plain, at any place.
func FuzzPlainHead(f *testing.F) {
	f.Add([]byte("GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nX-Long-Name-1: some value\r\n\r\nrest"), uint16(20), byte('\t'))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), uint16(30), byte(0x8d))
	f.Add([]byte("HTTP/1.1 101 Switching\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"), uint16(14), byte('\r'))
	f.Fuzz(func(t *testing.T, b []byte, at uint16, c byte) {
		checkPlain(t, b)
		if len(b) > 0 {
			b = bytes.Clone(b)
			b[int(at)%len(b)] = c
			checkPlain(t, b)
		}
	})
}
