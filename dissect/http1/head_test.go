package http1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// scanSegments feeds b in pieces of n bytes, as a growing prefix.
func scanSegments(t *testing.T, s *Scanner, b []byte, n int) (int, error) {
	t.Helper()
	for end := min(n, len(b)); ; end = min(end+n, len(b)) {
		got, err := s.Scan(b[:end])
		if got > 0 || err != nil || end == len(b) {
			return got, err
		}
	}
}

func TestScanner(t *testing.T) {
	for _, c := range []struct{ in, head string }{
		{"GET / HTTP/1.1\r\nA: b\r\n\r\nrest", "GET / HTTP/1.1\r\nA: b\r\n\r\n"},
		{"\r\n\n\r\nGET / HTTP/1.1\n\nrest", "\r\n\n\r\nGET / HTTP/1.1\n\n"},
		{"GET / HTTP/1.1\r\n\nrest", "GET / HTTP/1.1\r\n\n"},
		{"GET / HTTP/1.1\r\nA: b\r\n", ""},
		{"\r\n\r\n\r\n", ""},
		{"GET /\r\n\r\r\n", ""},
	} {
		for n := 1; n <= len(c.in); n++ {
			var s Scanner
			got, err := scanSegments(t, &s, []byte(c.in), n)
			if err != nil || c.in[:got] != c.head {
				t.Errorf("%q in pieces of %d: head %q, %v", c.in, n, c.in[:got], err)
			}
		}
	}
}

func TestScannerLimit(t *testing.T) {
	head := []byte("GET / HTTP/1.1\r\nA: " + strings.Repeat("x", 100) + "\r\n\r\n")
	for _, n := range []int{1, 7, 1000} {
		s := Scanner{Limits: Limits{HeadBytes: len(head)}}
		if got, err := scanSegments(t, &s, head, n); got != len(head) || err != nil {
			t.Errorf("pieces of %d: head of exactly the limit: %d, %v", n, got, err)
		}
		s = Scanner{Limits: Limits{HeadBytes: len(head) - 1}}
		if got, err := scanSegments(t, &s, head, n); got != 0 || !errors.Is(err, ErrHeadTooLarge) {
			t.Errorf("pieces of %d: head above the limit: %d, %v", n, got, err)
		}
	}
}

func TestParseRequest(t *testing.T) {
	r, err := ParseRequest([]byte("\r\nget http://h/a?b HTTP/1.0\nHost : h\r\nX:  a\t\r\n b\r\n\r\n\tc\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Request{Method: "get", Target: "http://h/a?b", Major: 1, Minor: 0, Head: Head{
		Headers: Headers{{"Host", "h"}, {"X", "a b"}},
		Problems: []Problem{
			{LeadingEmptyLine, 1, 0, ""},
			{BareLF, 2, 2, "get http://h/a?b HTTP/1.0"},
			{SpaceBeforeColon, 3, 28, "Host : h"},
			{ObsFold, 5, 46, " b"},
		},
	}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
}

func TestHeadProblems(t *testing.T) {
	for _, c := range []struct {
		head    string
		headers Headers
		kinds   []ProblemKind
	}{
		{"GET / HTTP/1.1\r\nA: b\r\n\r\n", Headers{{"A", "b"}}, nil},
		{"GET / HTTP/1.1\r\n A: b\r\nC: d\r\n\r\n", Headers{{"C", "d"}}, []ProblemKind{SpaceAfterStart}},
		{"GET / HTTP/1.1\r\nnothing\r\n more\r\nC: d\r\n\r\n", Headers{{"C", "d"}}, []ProblemKind{NoColon, ObsFold}},
		{"GET / HTTP/1.1\r\n: d\r\nA b: c\r\n\r\n", Headers{{"", "d"}, {"A b", "c"}}, []ProblemKind{BadName, BadName}},
		{"GET / HTTP/1.1\r\nUpgrade: websocket\r\r\n\r\n", Headers{{"Upgrade", "websocket"}}, []ProblemKind{BareCR}},
		{"GET / HTTP/1.1\r\nA: \x00\r\n\r\n", Headers{{"A", "\x00"}}, []ProblemKind{BadValue}},
		{"GET  /a b\tHTTP/1.1 \r\n\r\n", nil, []ProblemKind{StartLineSpace}},
		{"GET / HTTP/1.1\r\nA:\r\n b\r\n  \r\n\tc\r\nD: e\r\n\r\n", Headers{{"A", "b c"}, {"D", "e"}}, []ProblemKind{ObsFold, ObsFold, ObsFold}},
	} {
		r, err := ParseRequest([]byte(c.head))
		if err != nil {
			t.Errorf("%q: %v", c.head, err)
			continue
		}
		var kinds []ProblemKind
		for _, p := range r.Problems {
			kinds = append(kinds, p.Kind)
		}
		if !reflect.DeepEqual(kinds, c.kinds) || !reflect.DeepEqual(r.Headers, c.headers) {
			t.Errorf("%q: headers %q, problems %v; want %q, %v", c.head, r.Headers, kinds, c.headers, c.kinds)
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	r, err := ParseRequest([]byte("GET / HTTP/1.1\r\n" + strings.Repeat("\tx\n", 50000) + "\r\n"))
	if err != nil || len(r.Problems) != MaxProblems || r.MoreProblems != 100000-MaxProblems {
		t.Errorf("%d problems and %d more, %v", len(r.Problems), r.MoreProblems, err)
	}
}

func TestParseResponse(t *testing.T) {
	for _, c := range []struct {
		line   string
		minor  int
		status int
		reason string
		clean  bool
	}{
		{"HTTP/1.1 101 Switching Protocols", 1, 101, "Switching Protocols", true},
		{"HTTP/1.1 101", 1, 101, "", true},
		{"HTTP/1.0 200 ", 0, 200, "", true},
		{"HTTP/1.1  404\tNot here", 1, 404, "Not here", false},
	} {
		r, err := ParseResponse([]byte(c.line + "\r\nA: b\r\n\r\n"))
		if err != nil || r.Major != 1 || r.Minor != c.minor || r.Status != c.status || r.Reason != c.reason || r.Headers.Get("a") != "b" || (len(r.Problems) == 0) != c.clean {
			t.Errorf("%q: %+v, %v", c.line, r, err)
		}
	}
	for _, line := range []string{"", "HTTP/1.1", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 099 x", "ICY 200 OK", "HTTP/11 200 OK"} {
		var se *SyntaxError
		if _, err := ParseResponse([]byte(line + "\r\n\r\n")); !errors.As(err, &se) {
			t.Errorf("%q: error %v, want a *SyntaxError", line, err)
		}
	}
}

func TestLooks(t *testing.T) {
	for _, c := range []struct {
		in       string
		req, res Verdict
	}{
		{"", Maybe, Maybe},
		{"\r\n", Maybe, Maybe},
		{"\r\nGET / HTTP/1.1\r\n", Yes, No},
		{"GET / HTTP/1.1\n", Yes, No},
		{"GET / HTTP/1.1\r", Maybe, No},
		{"GET / HTTP/1.", Maybe, No},
		{"H", Maybe, Maybe},
		{"HTTP/1.1 200", No, Maybe},
		{"HTTP/1.1 200 ", No, Yes},
		{"HTTP/1.1 101\r", No, Yes},
		{"HTTP/2 200 ", No, No},
		{"get key\r\n", No, No},
		{"EHLO example.org\r\n", No, No},
		{"PING\r\n", No, No},
		{"*1\r\n$4\r\nPING\r\n", No, No},
		{"SSH-2.0-x\r\n", No, No},
		{"OPTIONS rtsp://h/a RTSP/1.0\r\n", No, No},
		{"PRI * HTTP/2.0\r\n", No, No},
		{"GET /\x00", No, No},
		{"\x16\x03\x01", No, No},
		{"GET " + strings.Repeat("a", MaxStartLine), No, No},
		{strings.Repeat("\r\n", MaxEmptyLines) + "GET / HTTP/1.1\r\n", Yes, No},
		{strings.Repeat("\r\n", MaxEmptyLines+1) + "GET / HTTP/1.1\r\n", No, No},
	} {
		if req, res := LooksLikeRequest([]byte(c.in)), LooksLikeResponse([]byte(c.in)); req != c.req || res != c.res {
			t.Errorf("%.40q: request %v, response %v; want %v, %v", c.in, req, res, c.req, c.res)
		}
	}
}

func TestHeaders(t *testing.T) {
	h := Headers{{"Connection", "keep-alive , Upgrade"}, {"UPGRADE", "h2c,, websocket/13"}, {"X", `a;q="b,\"c",d`}, {"connection", "x"}}
	if !h.HasToken("connection", "upgrade") || !h.HasToken("Connection", "X") || h.HasToken("connection", "keep") {
		t.Error("HasToken is wrong")
	}
	if none := (Headers{{"Upgrade", ", ,"}, {"Connection", "Upgrade"}}); !h.Upgrades() || none.Upgrades() {
		t.Error("Upgrades is wrong")
	}
	if got := h.List("x"); !reflect.DeepEqual(got, []string{`a;q="b,\"c"`, "d"}) {
		t.Errorf("List: %q", got)
	}
	if got := h.Values("CONNECTION"); len(got) != 2 || h.Get("nope") != "" || h.Has("nope") || !h.Has("x") {
		t.Errorf("Values: %q", got)
	}
}

// serialise writes a head with each field on a line of its own.
func serialise(start string, h Headers) []byte {
	var b bytes.Buffer
	b.WriteString(start + "\r\n")
	for _, f := range h {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

func FuzzHead(f *testing.F) {
	for _, s := range []string{
		"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"\r\nPOST http://a/ HTTP/1.0\nA : b\r\n c\r\nnone\n\n", "GET / HTTP/1.1\r\nA: b\r\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.0 200\n\n",
	} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		limits := Limits{HeadBytes: 512}
		whole, cut := Scanner{Limits: limits}, Scanner{Limits: limits}
		n, err := whole.Scan(b)
		if n2, err2 := scanSegments(t, &cut, b, int(piece)+1); n != n2 || err != err2 {
			t.Fatalf("head %d, %v; in pieces %d, %v", n, err, n2, err2)
		}
		checkVerdicts(t, b)
		checkPlain(t, b)
		if n == 0 {
			return
		}
		checkRequest(t, b[:n])
		checkResponse(t, b[:n])
	})
}

// checkVerdicts: a verdict for a prefix never changes once it is final, and a
// Yes is a start line that parses.
func checkVerdicts(t *testing.T, b []byte) {
	req, res := Maybe, Maybe
	for i := 0; i <= min(len(b), 300); i++ {
		q, s := LooksLikeRequest(b[:i]), LooksLikeResponse(b[:i])
		if req != Maybe && q != req || res != Maybe && s != res {
			t.Fatalf("verdicts %v and %v became %v and %v at %d", req, res, q, s, i)
		}
		req, res = q, s
	}
	if req == Yes {
		if _, err := ParseRequest(b); err != nil {
			t.Fatalf("looks like a request: %v", err)
		}
	}
	if res == Yes && res == LooksLikeResponse(b) {
		if _, err := ParseResponse(append(bytes.Clone(b), "\r\n"...)); err != nil && !strings.Contains(err.Error(), "three digits") {
			t.Fatalf("looks like a response: %v", err)
		}
	}
}

func checkRequest(t *testing.T, head []byte) {
	r, err := ParseRequest(head)
	std, stdErr := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if stdErr == nil && len(std.Method) <= MaxMethod {
		if err != nil || r.Method != std.Method || r.Target != std.RequestURI || r.Major != std.ProtoMajor || r.Minor != std.ProtoMinor {
			t.Fatalf("got %+v, %v; net/http %q %q %q", r, err, std.Method, std.RequestURI, std.Proto)
		}
		compareFields(t, head, &r.Head)
	}
	if err != nil || len(r.Problems) > 0 {
		return
	}
	again, err := ParseRequest(serialise(r.Method+" "+r.Target+" HTTP/"+string(rune('0'+r.Major))+"."+string(rune('0'+r.Minor)), r.Headers))
	if err != nil || !reflect.DeepEqual(r, again) {
		t.Fatalf("reparsed: %+v, %v; want %+v", again, err, r)
	}
}

func checkResponse(t *testing.T, head []byte) {
	r, err := ParseResponse(head)
	std, stdErr := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), nil)
	if stdErr == nil && std.StatusCode >= 100 {
		if err != nil || r.Status != std.StatusCode || r.Major != std.ProtoMajor || r.Minor != std.ProtoMinor {
			t.Fatalf("got %+v, %v; net/http %q %q", r, err, std.Proto, std.Status)
		}
		compareFields(t, head, &r.Head)
	}
	if err != nil || len(r.Problems) > 0 {
		return
	}
	again, err := ParseResponse(serialise(strings.TrimRight(string(head[:bytes.IndexByte(head, '\n')]), "\r"), r.Headers))
	if err != nil || !reflect.DeepEqual(r, again) {
		t.Fatalf("reparsed: %+v, %v; want %+v", again, err, r)
	}
}

// compareFields holds a head without problems against net/textproto.
func compareFields(t *testing.T, head []byte, h *Head) {
	if len(h.Problems) > 0 {
		return
	}
	tr := textproto.NewReader(bufio.NewReader(bytes.NewReader(head[bytes.IndexByte(head, '\n')+1:])))
	want, err := tr.ReadMIMEHeader()
	if err != nil {
		t.Fatalf("net/textproto: %v", err)
	}
	got := textproto.MIMEHeader{}
	for _, f := range h.Headers {
		got.Add(f.Name, f.Value)
	}
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Fatalf("fields %q; net/textproto %q", got, want)
	}
}

// TestParserReuses reads into the same structures again and again: what was read
// before into them must not show, and its strings stay.
func TestParserReuses(t *testing.T) {
	heads := []string{
		"GET /a HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n",
		"HTTP/1.1 200 OK\r\nServer: b\nBad\r\n\r\n",
		"POST /b HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nLong: " + strings.Repeat("x", textLargest) + "\r\n\r\n",
	}
	var p Parser
	var req Request
	var resp Response
	kept := ""
	for i := range 2 * textBlock / len(heads[0]) {
		head := []byte(heads[i%len(heads)])
		wantReq, wantErr := ParseRequest(head)
		err := p.Request(head, &req)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || !sameHead(&req.Head, &wantReq.Head) || req.Target != wantReq.Target {
			t.Fatalf("request %q: %+v, %v; want %+v, %v", head, req, err, wantReq, wantErr)
		}
		wantResp, wantErr := ParseResponse(head)
		err = p.Response(head, &resp)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || !sameHead(&resp.Head, &wantResp.Head) || resp.Status != wantResp.Status {
			t.Fatalf("response %q: %+v, %v; want %+v, %v", head, resp, err, wantResp, wantErr)
		}
		if i == 0 {
			kept = req.Headers[0].Value
		}
		clear(head)
	}
	if kept != "a" {
		t.Errorf("a value that was kept is %q now", kept)
	}
	p.Borrow = true
	head := []byte(heads[0])
	if err := p.Request(head, &req); err != nil {
		t.Fatal(err)
	}
	clear(head)
	taken := p.Take(nil)
	if err := p.Response([]byte(heads[1]), &resp); err != nil || req.Target != "/a" || req.Headers[0].Value != "a" || string(taken) != heads[0] {
		t.Errorf("what was taken is %+v now, %v", req, err)
	}
	head = []byte(heads[0])
	if n := testing.AllocsPerRun(1000, func() { p.Request(head, &req) }); n > 0 {
		t.Errorf("%v allocations a head", n)
	}
}

func sameHead(a, b *Head) bool {
	return slices.Equal(a.Headers, b.Headers) && slices.Equal(a.Problems, b.Problems) && a.MoreProblems == b.MoreProblems
}
