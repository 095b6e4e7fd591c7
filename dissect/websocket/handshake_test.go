package websocket

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

const sampleKey = "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 §1.3

func TestAcceptKey(t *testing.T) {
	if got := AcceptKey(sampleKey); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Error(got)
	}
}

func TestCheckKey(t *testing.T) {
	for key, want := range map[string]string{
		sampleKey: "", "": "empty", "dGhlIHNhbXBsZSBub25jZQ": "not base64", "dGhlIHNhbXBsZSBub25j": "decodes to 15 bytes",
		"dGhlIHNhbXBs\nZSBub25jZQ==": "line break", "!": "not base64",
	} {
		err := CheckKey(key)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", key, err, want)
		}
	}
}

func TestTokens(t *testing.T) {
	v := []string{`keep-alive , "a, b" ,,Upgrade`, " x"}
	if got := Tokens(v); !reflect.DeepEqual(got, []string{"keep-alive", `"a, b"`, "Upgrade", "x"}) {
		t.Errorf("%q", got)
	}
	if !HasToken(v, "upgrade") || HasToken(v, "b") || HasToken(v, "up") || HasToken(nil, "") {
		t.Error("HasToken")
	}
}

func TestParseExtensions(t *testing.T) {
	x, err := ParseExtensions([]string{`permessage-deflate; client_max_window_bits ; server_max_window_bits="1\0", foo`, ", bar;a = b", `x-baz; p="q;r "`})
	want := []Extension{
		{PMDName, []Param{{Name: "client_max_window_bits"}, {"server_max_window_bits", "10", true, true}}},
		{Name: "foo"},
		{"bar", []Param{{"a", "b", true, false}}},
		{"x-baz", []Param{{"p", `q;r `, true, true}}},
	}
	if err != nil || !reflect.DeepEqual(x, want) {
		t.Errorf("%+v, %v", x, err)
	}
	for s, what := range map[string]string{
		"a;;b": "parameter name", "a b": `";"`, "a=b": `";"`, ";a": "extension name", "a;b=": "a value", `a;b="c`: "not closed",
		`a;b=""`: "empty", "a;b=\"c\x01d\"": "control character", "é": "extension name", strings.Repeat("a,", 70): "more than 64 ext",
		"a" + strings.Repeat(";b", 70): "more than 64 par",
	} {
		x, err := ParseExtensions([]string{s, "ok"})
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%.20q: %v, want %q", s, err, what)
		}
		if what != "more than 64 ext" && (len(x) == 0 || x[len(x)-1].Name != "ok") {
			t.Errorf("%.20q: what is right beside it was lost: %+v", s, x)
		}
	}
}

func FuzzExtensions(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits", "x; y=\"z\"")
	f.Add(`a;b="c\"`, ",,")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := ParseExtensions([]string{a, b})
		var parts []string
		for i := range x {
			if x[i].Name == "" || len(x[i].Params) > MaxExtensionParams {
				t.Fatalf("%+v", x[i])
			}
			parts = append(parts, x[i].String())
		}
		again, err2 := ParseExtensions([]string{strings.Join(parts, ", ")})
		if err2 != nil || !reflect.DeepEqual(x, again) {
			t.Fatalf("%q %q: %+v (%v) became %+v (%v)", a, b, x, err, again, err2)
		}
		AgreedPMD(x, again)
		OfferProblems(x)
	})
}

func exts(t *testing.T, s string) []Extension {
	t.Helper()
	x, err := ParseExtensions([]string{s})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestAgreedPMD(t *testing.T) {
	const d = "permessage-deflate"
	for _, tt := range []struct {
		offer, answer string
		want          PMD
		ok            bool
		problem       string
	}{
		{d, "", PMD{false, false, 15, 15}, false, ""},
		{d, d, PMD{false, false, 15, 15}, true, ""},
		{d + "; client_max_window_bits", d + "; client_max_window_bits=15", PMD{false, false, 15, 15}, true, ""},
		{d + "; client_max_window_bits", d + `; client_max_window_bits="8"`, PMD{false, false, 15, 8}, true, ""},
		{d + "; client_max_window_bits=9", d + "; client_max_window_bits=10", PMD{false, false, 15, 10}, true, "at most 9"},
		{d, d + "; client_max_window_bits=10", PMD{false, false, 15, 10}, true, "did not offer"},
		{d, d + "; server_max_window_bits=10; server_no_context_takeover; client_no_context_takeover", PMD{true, true, 10, 15}, true, ""},
		{d + "; server_max_window_bits=10", d, PMD{false, false, 15, 15}, true, "lacks it"},
		{d + "; server_max_window_bits=10", d + "; server_max_window_bits=11", PMD{false, false, 11, 15}, true, "at most 10"},
		{d + "; server_max_window_bits=10", d + "; server_max_window_bits=9", PMD{false, false, 9, 15}, true, ""},
		{d + "; server_no_context_takeover", d, PMD{false, false, 15, 15}, true, "lacks it"},
		{d + "; client_no_context_takeover", d, PMD{false, false, 15, 15}, true, ""},
		{d + "; server_max_window_bits=10, " + d, d, PMD{false, false, 15, 15}, true, ""},
		{d + "; server_max_window_bits=10, " + d, d + "; client_max_window_bits=9", PMD{false, false, 15, 9}, true, "did not offer"},
		{d, d + "; server_max_window_bits=16", PMD{false, false, 15, 15}, true, `"16"`},
		{d, d + "; server_max_window_bits=08", PMD{false, false, 15, 15}, true, `"08"`},
		{d, d + "; server_max_window_bits", PMD{false, false, 15, 15}, true, "no value"},
		{d + "; client_max_window_bits", d + "; client_max_window_bits", PMD{false, false, 15, 15}, true, "no value"},
		{d, d + "; server_no_context_takeover=1", PMD{true, false, 15, 15}, true, "takes none"},
		{d, d + "; mystery", PMD{false, false, 15, 15}, true, "unknown"},
		{d, d + "; server_no_context_takeover; server_no_context_takeover", PMD{true, false, 15, 15}, true, "twice"},
		{d, d + ", " + d, PMD{false, false, 15, 15}, true, "twice"},
		{"foo", d, PMD{false, false, 15, 15}, true, "did not offer"},
	} {
		got, ok, problems := AgreedPMD(exts(t, tt.offer), exts(t, tt.answer))
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s => %s: %+v, %v", tt.offer, tt.answer, got, ok)
		}
		if tt.problem == "" && len(problems) != 0 || tt.problem != "" && (len(problems) != 1 || !strings.Contains(problems[0].Text, tt.problem) ||
			problems[0].Rule != RuleExtension || problems[0].Side != Server) {
			t.Errorf("%s => %s: %+v, want %q", tt.offer, tt.answer, problems, tt.problem)
		}
	}
	for offer, n := range map[string]int{d + "; client_max_window_bits": 0, d + "; server_max_window_bits": 1, d + "; client_max_window_bits=7; x": 2} {
		if p := OfferProblems(exts(t, offer)); len(p) != n || n > 0 && p[0].Side != Client {
			t.Errorf("%s: %+v", offer, p)
		}
	}
}

func TestAcceptMistakes(t *testing.T) {
	sum := sha1.Sum([]byte(sampleKey + GUID))
	raw, _ := base64.StdEncoding.DecodeString(sampleKey)
	other := "AQIDBAUGBwgJCgsMDQ4PEC=="
	for got, want := range map[string]string{
		AcceptKey(sampleKey):             "",
		acceptFrom([]byte(sampleKey)):    "without the GUID",
		acceptFrom(append(raw, GUID...)): "decoded first",
		hex.EncodeToString(sum[:]):       "hex was sent",
		"s3pPLMBiTxaQ9kYGzzhZRbK+xOo":    "padding is missing",
		"s3pPLMBiTxaQ9kYGzzhZRbK-xOo=":   "URL-safe",
		"S3PPLMBITXAQ9KYGZZHZRBK+XOO=":   "letter case",
		AcceptKey(other):                 "another key",
		sampleKey:                        "sent back",
		base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(sum[:]))):    "hexadecimal form",
		acceptFrom([]byte(sampleKey + strings.ToLower(GUID))):                    "lower case",
		acceptFrom([]byte(sampleKey + "258EAFA5-E914-47DA-95CA-5AB0DC85B11")):    "position 25 is missing",
		acceptFrom([]byte(sampleKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B1\n1")): "",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAA=":                                           "",
	} {
		m := AcceptMistake(sampleKey, got, sampleKey, other)
		if want == "" && m != "" || !strings.Contains(m, want) {
			t.Errorf("%s: %q, want %q", got, m, want)
		}
	}
}

// good returns a handshake without fault.
func good() (*Request, *Response) {
	return &Request{Method: "GET", Target: "/", Major: 1, Minor: 1, Headers: Fields{
			{"host", "example"}, {"UPGRADE", "WebSocket"}, {"Connection", "keep-alive, Upgrade"}, {"Sec-WebSocket-Key", sampleKey},
			{"Sec-WebSocket-Version", "13"}, {"Sec-WebSocket-Protocol", "chat, superchat"},
			{"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}}},
		&Response{Status: 101, Reason: "Switching Protocols", Major: 1, Minor: 1, Headers: Fields{
			{"Upgrade", "websocket"}, {"Connection", "upgrade"}, {"Sec-WebSocket-Accept", AcceptKey(sampleKey)},
			{"Sec-WebSocket-Protocol", "chat"}, {"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits=15"}}}
}

// set replaces the fields of a name by one for each value.
func set(f *Fields, name string, values ...string) {
	var out Fields
	for _, x := range *f {
		if !strings.EqualFold(x.Name, name) {
			out = append(out, x)
		}
	}
	for _, v := range values {
		out = append(out, Field{name, v})
	}
	*f = out
}

func TestJudgeHandshake(t *testing.T) {
	type q = *Request
	type a = *Response
	for _, tt := range []struct {
		name   string
		change func(q, a)
		want   string // RULE/side
	}{
		{"good", func(q, a) {}, ""},
		{"POST", func(r q, _ a) { r.Method = "POST" }, "HS-METHOD/client"},
		{"HTTP/1.0", func(r q, _ a) { r.Minor = 0 }, "HS-METHOD/client"},
		{"no host", func(r q, _ a) { set(&r.Headers, "Host") }, "HS-HOST/client"},
		{"two hosts", func(r q, _ a) { set(&r.Headers, "Host", "a", "b") }, "HS-HOST/client"},
		{"no upgrade", func(r q, _ a) { set(&r.Headers, "Upgrade") }, "HS-UPGRADE/client"},
		{"upgrade in the answer", func(_ q, r a) { set(&r.Headers, "Upgrade", "h2c") }, "HS-UPGRADE/server"},
		{"no connection", func(r q, _ a) { set(&r.Headers, "Connection", "close") }, "HS-CONNECTION/client"},
		{"connection in the answer", func(_ q, r a) { set(&r.Headers, "Connection") }, "HS-CONNECTION/server"},
		{"no key", func(r q, _ a) { set(&r.Headers, "Sec-WebSocket-Key") }, "HS-KEY/client"},
		{"two keys", func(r q, _ a) { set(&r.Headers, "Sec-WebSocket-Key", sampleKey, sampleKey) }, "HS-KEY/client"},
		{"15 bytes", func(r q, s a) {
			set(&r.Headers, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j")
			set(&s.Headers, "Sec-WebSocket-Accept", AcceptKey("dGhlIHNhbXBsZSBub25j"))
		}, "HS-KEY/client"},
		{"version 8", func(r q, _ a) { set(&r.Headers, "Sec-WebSocket-Version", "8") }, "HS-VERSION/client"},
		{"no version", func(r q, _ a) { set(&r.Headers, "Sec-WebSocket-Version") }, "HS-VERSION/client"},
		{"version 12 refused silently", func(r q, s a) { set(&r.Headers, "Sec-WebSocket-Version", "12"); s.Status = 426 },
			"HS-VERSION/client HS-VERSION/server HS-STATUS/server"},
		{"version 12 refused well", func(r q, s a) {
			set(&r.Headers, "Sec-WebSocket-Version", "12")
			s.Status = 426
			set(&s.Headers, "Sec-WebSocket-Version", "13")
		}, "HS-VERSION/client HS-STATUS/server"},
		{"426 for want of an upgrade", func(r q, s a) { set(&r.Headers, "Upgrade"); s.Status = 426 }, "HS-UPGRADE/client HS-STATUS/server"},
		{"no accept", func(_ q, s a) { set(&s.Headers, "Sec-WebSocket-Accept") }, "HS-ACCEPT/server"},
		{"wrong accept", func(_ q, s a) { set(&s.Headers, "Sec-WebSocket-Accept", sampleKey) }, "HS-ACCEPT/server"},
		{"subprotocol not offered", func(_ q, s a) { set(&s.Headers, "Sec-WebSocket-Protocol", "Chat") }, "HS-SUBPROTOCOL/server"},
		{"subprotocols", func(_ q, s a) { set(&s.Headers, "Sec-WebSocket-Protocol", "chat, superchat") }, "HS-SUBPROTOCOL/server"},
		{"none of several", func(_ q, s a) { set(&s.Headers, "Sec-WebSocket-Protocol") }, ""},
		{"extension not offered", func(_ q, s a) { set(&s.Headers, "Sec-WebSocket-Extensions", "x-foo") }, "HS-EXTENSION/server"},
		{"deflate not offered", func(r q, _ a) { set(&r.Headers, "Sec-WebSocket-Extensions") }, "HS-EXTENSION/server"},
		{"bad offer", func(r q, _ a) {
			set(&r.Headers, "Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits=99")
		}, "HS-EXTENSION/client"},
		{"offer breaks the grammar", func(r q, _ a) { set(&r.Headers, "Sec-WebSocket-Extensions", "permessage-deflate;;") }, "HS-EXTENSION/client"},
		{"403", func(_ q, s a) { s.Status = 403 }, "HS-STATUS/server"},
		{"100 first", func(_ q, s a) { s.Status = 100 }, ""},
		{"extended CONNECT", func(r q, s a) {
			*r = Request{Method: "CONNECT", Protocol: "websocket", Major: 2, Headers: Fields{{"sec-websocket-version", "13"}}}
			*s = Response{Status: 200, Major: 2}
		}, ""},
		{"extended CONNECT refused", func(r q, s a) {
			*r = Request{Method: "CONNECT", Protocol: "websocket", Major: 2, Headers: Fields{{"sec-websocket-version", "13"}}}
			*s = Response{Status: 404, Major: 2}
		}, "HS-STATUS/server"},
	} {
		req, resp := good()
		tt.change(req, resp)
		var got []string
		problems := JudgeHandshake(req, resp)
		if isPlain(req, resp) && len(judgeHandshake(req, resp, nil)) > 0 {
			t.Errorf("%s is plain", tt.name)
		}
		for _, p := range problems {
			got = append(got, string(p.Rule)+"/"+p.Side.String())
			if p.Text == "" || p.Reference == "" {
				t.Errorf("%s: %+v", tt.name, p)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s, tt.want)
		}
		for _, v := range Verdicts(req, resp, problems) {
			if v.OK == strings.Contains(tt.want, string(v.Rule)) {
				t.Errorf("%s: verdict %+v", tt.name, v)
			}
		}
	}
	_, resp := good()
	if p := JudgeHandshake(nil, resp); len(p) != 0 {
		t.Errorf("answer alone: %+v", p)
	}
	req, _ := good()
	if p := JudgeHandshake(req, nil); len(p) != 0 {
		t.Errorf("request alone: %+v", p)
	}
}

// A handshake as most are is plain, in any case of its names, and no more so with
// any of its fields missing, there twice, or of another value.
func TestPlainHandshake(t *testing.T) {
	usual := func() (*Request, *Response) {
		req, resp := good()
		for _, name := range []string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
			set(&req.Headers, name)
			set(&resp.Headers, name)
		}
		set(&req.Headers, "UPGRADE", "websocket")
		return req, resp
	}
	if !isPlain(usual()) {
		t.Error("the usual handshake is not plain")
	}
	both := func(q *Request, s *Response) [2]*Fields { return [2]*Fields{&q.Headers, &s.Headers} }
	for side := range 2 {
		q, s := usual()
		for i := range *both(q, s)[side] {
			for change := range 3 {
				q, s := usual()
				f := both(q, s)[side]
				switch change {
				case 0:
					*f = append((*f)[:i:i], (*f)[i+1:]...)
				case 1:
					*f = append(*f, (*f)[i])
				case 2:
					(*f)[i].Value += "x"
				}
				// A second or another Host, and a token that is there twice, are what the rules take.
				if wrong := len(judgeHandshake(q, s, nil)) > 0; isPlain(q, s) && wrong {
					t.Errorf("side %d, field %d, change %d: plain, though %v", side, i, change, judgeHandshake(q, s, nil))
				}
			}
		}
	}
}

// TestJudgeCutHeads cuts a good handshake behind each of its headers: nothing is
// wrong with it, and no verdict speaks of what is not there.
func TestJudgeCutHeads(t *testing.T) {
	whole, answer := good()
	for i := range len(whole.Headers) + 1 {
		for j := range len(answer.Headers) + 1 {
			req, resp := good()
			req.Headers, req.Cut = req.Headers[:i], true
			resp.Headers, resp.Cut = resp.Headers[:j], true
			problems := JudgeHandshake(req, resp)
			if len(problems) > 0 {
				t.Errorf("%d and %d headers: %+v", i, j, problems)
			}
			for _, v := range Verdicts(req, resp, problems) {
				if !v.OK || v.Text == "" {
					t.Errorf("%d and %d headers: %+v", i, j, v)
				}
			}
		}
	}
	req, resp := good()
	req.Cut, resp.Cut = true, true
	set(&resp.Headers, "Sec-WebSocket-Accept", sampleKey)
	if p := JudgeHandshake(req, resp); len(p) != 1 || p[0].Rule != RuleAccept {
		t.Errorf("a wrong accept value in what is there: %+v", p)
	}
}

func FuzzJudgeHandshake(f *testing.F) {
	f.Add("GET", sampleKey, "13", "permessage-deflate", "chat", 101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "permessage-deflate", "chat", "Upgrade")
	f.Add("POST", "x", "8", ";", ",", 426, "", "a;b=\"", "", "close")
	f.Fuzz(func(t *testing.T, method, key, version, offer, proto string, status int, accept, answer, chosen, conn string) {
		req := &Request{Method: method, Major: 1, Minor: 1, Headers: Fields{{"Host", "h"}, {"Upgrade", "websocket"}, {"Connection", conn},
			{"Sec-WebSocket-Key", key}, {"Sec-WebSocket-Version", version}, {"Sec-WebSocket-Extensions", offer}, {"Sec-WebSocket-Protocol", proto}}}
		resp := &Response{Status: status, Headers: Fields{{"Upgrade", "websocket"}, {"Connection", conn}, {"Sec-WebSocket-Accept", accept},
			{"Sec-WebSocket-Extensions", answer}, {"Sec-WebSocket-Protocol", chosen}}}
		broken := map[Rule]bool{}
		problems := JudgeHandshake(req, resp, accept)
		for cut := range 3 { // of what makes a handshake other than plain
			q, s := *req, *resp
			q.Headers, s.Headers = q.Headers[:len(q.Headers)-cut], s.Headers[:len(s.Headers)-cut]
			if full := judgeHandshake(&q, &s, nil); isPlain(&q, &s) && len(full) > 0 {
				t.Fatalf("plain, though %+v", full)
			}
		}
		for _, p := range problems {
			broken[p.Rule] = true
			if p.Text == "" || p.Reference == "" || len(p.Text) > 4096 {
				t.Fatalf("%+v", p)
			}
		}
		if broken[RuleMethod] != (method != "GET") || broken[RuleKey] != (CheckKey(key) != nil) || broken[RuleVersion] != (version != "13") {
			t.Fatalf("%+v", problems)
		}
		if status == 101 && broken[RuleAccept] != (accept != AcceptKey(key)) {
			t.Fatalf("%+v", problems)
		}
		for _, v := range Verdicts(req, resp, problems) {
			if v.OK == broken[v.Rule] {
				t.Fatalf("%+v, %+v", v, problems)
			}
		}
	})
}
