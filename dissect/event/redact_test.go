package event

import (
	"reflect"
	"strings"
	"testing"
)

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMTIz"

func TestRedactHeader(t *testing.T) {
	for _, c := range [][3]string{
		{"Authorization", "Bearer " + jwt, "Bearer ***"},
		{"Proxy-Authorization", "abc", "***"},
		{"Cookie", "a=1; session=xyz==; flag", "a=***; session=***;***"},
		{"Set-Cookie", "id=7; Path=/; HttpOnly", "id=***; Path=/; HttpOnly"},
		{"X-Api-Key", "k", "***"},
		{"X-CSRF-Token", "k", "***"},
		{"Sec-WebSocket-Protocol", "graphql-transport-ws, " + jwt, "graphql-transport-ws, ***"},
		{"Sec-WebSocket-Protocol", "access_token, abc, v12.stomp", "access_token, ***, v12.stomp"},
		{"Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io.YWJj, base64.binary.k8s.io", "***, base64.binary.k8s.io"},
		{"Sec-WebSocket-Protocol", "wamp.2.json, ocpp2.0.1", "wamp.2.json, ocpp2.0.1"},
		{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="},
		{"Referer", "https://u:pw@x.example/a?sid=1&b=2#f", "https://u:***@x.example/a?sid=***&b=2#f"},
		{"User-Agent", "x?token=1", "x?token=1"},
	} {
		if got := redactHeader(c[0], c[1]); got != c[2] {
			t.Errorf("%s: %s becomes %s, not %s", c[0], c[1], got, c[2])
		}
	}
}

func TestRedactTarget(t *testing.T) {
	for in, want := range map[string]string{
		"/chat":                         "/chat",
		"/chat?room=1&Access_Token=abc": "/chat?room=1&Access_Token=***",
		"/chat?token=&x":                "/chat?token=&x",
		"/?key=a=b;api_key=c&d=e&":      "/?key=***;api_key=***&d=e&",
		"*":                             "*",
		"wss://h/p?a=1#access_token=zz": "wss://h/p?a=1#access_token=***",
	} {
		if got := RedactTarget(in); got != want {
			t.Errorf("%s becomes %s, not %s", in, got, want)
		}
	}
}

// TestRedactEvent holds that the event itself stays, and that no secret is left in the copy.
func TestRedactEvent(t *testing.T) {
	h := &Handshake{
		Target: "/x?token=SECRET", RequestHeaders: []Header{{"Cookie", "a=SECRET"}, {"Host", "h"}}, ResponseHeaders: []Header{{"Set-Cookie", "b=SECRET"}},
		SubprotocolsOffered: []string{"v1", "bearer", "SECRET"}, Verdicts: []Verdict{{Rule: "HS-SUBPROTOCOL", Text: `"` + jwt + `" was not offered`}},
	}
	before := *h
	got := Redact(&Event{Detail: h}).Detail.(*Handshake)
	if s := strings.Join([]string{got.Target, got.RequestHeaders[0].Value, got.ResponseHeaders[0].Value, strings.Join(got.SubprotocolsOffered, " "), got.Verdicts[0].Text}, " "); strings.Contains(s, "SECRET") || strings.Contains(s, jwt) {
		t.Errorf("left: %s", s)
	}
	if !reflect.DeepEqual(before, *h) || h.RequestHeaders[0].Value != "a=SECRET" || h.Verdicts[0].Text == got.Verdicts[0].Text {
		t.Error("the event was changed")
	}
	for _, d := range []Detail{&Message{Payload: []byte("token=1")}, &Frame{}, &Gap{}, &Connection{Path: "/x"}, &Data{Bytes: []byte("x")}, &Finding{Text: "y"}} {
		if e := (&Event{Detail: d}); Redact(e) != e {
			t.Errorf("%T was copied, though there is nothing to hide", d)
		}
	}
}

const streamHead = "GET /a?x=1&token=SECRET&y=2 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer SECRET\r\ncookie: s=SECRET; t=SECRET\r\nSec-WebSocket-Protocol: v1, bearer, SECRET\r\nX: y\r\n\r\nbody: z"

// TestRedactStream cuts a head in two at every place: nothing comes out, and nothing moves.
func TestRedactStream(t *testing.T) {
	for cut := range len(streamHead) {
		var r StreamRedactor
		out := string(r.Append(r.Append(nil, []byte(streamHead[:cut])), []byte(streamHead[cut:])))
		if strings.Contains(out, "SECRET") || len(out) != len(streamHead) {
			t.Fatalf("cut at %d:\n%s", cut, out)
		}
		for _, want := range []string{"GET /a?x=1&token=******&y=2 HTTP/1.1\r\nHost: h\r\n", "\r\nX: y\r\n\r\nbody: z"} {
			if !strings.Contains(out, want) {
				t.Fatalf("cut at %d: %q is gone:\n%s", cut, want, out)
			}
		}
	}
}

func FuzzStreamRedactor(f *testing.F) {
	f.Add([]byte(streamHead), 9)
	f.Add([]byte("a:b\n?key=\nset-cookie:\x00\n"), 3)
	f.Fuzz(func(t *testing.T, p []byte, cut int) {
		var whole, parts StreamRedactor
		out := whole.Append(nil, p)
		if len(out) != len(p) {
			t.Fatalf("%d bytes of %d", len(out), len(p))
		}
		for i := range p {
			if out[i] != p[i] && out[i] != '*' {
				t.Fatalf("byte %d is %q, not %q", i, out[i], p[i])
			}
		}
		cut = max(0, min(cut, len(p)))
		both := parts.Append(parts.Append(nil, p[:cut]), p[cut:])
		for i := range p { // cut in two, no less is hidden than as a whole
			if out[i] == '*' && both[i] != '*' {
				t.Fatalf("byte %d is hidden only where the stream comes as a whole", i)
			}
		}
	})
}
