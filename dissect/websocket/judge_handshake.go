package websocket

import (
	"fmt"
	"strconv"
	"strings"
)

// JudgeHandshake judges an opening handshake and returns what is wrong with it,
// in the order of the rules; Side is who is at fault. resp may be nil (not
// answered, not captured), and req too. Over HTTP/2 and HTTP/3 (Major 2 and up)
// the rules that RFC 8441 §5 takes away are not applied. Of a head that was cut,
// only the headers that are there are judged. otherKeys are the keys
// of other handshakes nearby: an accept value made from one of them is named as such.
func JudgeHandshake(req *Request, resp *Response, otherKeys ...string) []Problem {
	if isPlain(req, resp) {
		return nil
	}
	return judgeHandshake(req, resp, otherKeys)
}

func judgeHandshake(req *Request, resp *Response, otherKeys []string) []Problem {
	h := handshake{req: req, resp: resp, accepted: Accepted(req, resp)}
	h.h2 = req != nil && req.Major >= 2
	h.method()
	h.host()
	h.upgrade()
	h.connection()
	h.key()
	h.version()
	h.accept(otherKeys)
	h.subprotocol()
	h.extension()
	h.status()
	return h.out
}

// handshake is one being judged.
type handshake struct {
	req      *Request
	resp     *Response
	h2       bool
	accepted bool
	out      []Problem

	values [24]string // of fields that were asked for
	used   int
}

// get is Fields.Get without an allocation, as long as values lasts: a handshake
// has a few fields that matter, each of them once.
func (h *handshake) get(f Fields, name string) []string {
	first := h.used
	for i := range f {
		if !sameName(f[i].Name, name) {
			continue
		}
		if h.used == len(h.values) {
			return f.Get(name)
		}
		h.values[h.used] = f[i].Value
		h.used++
	}
	return h.values[first:h.used:h.used]
}

func (h *handshake) bad(rule Rule, side Side, ref, format string, args ...any) {
	h.out = append(h.out, Problem{Rule: rule, Side: side, Reference: ref, Text: fmt.Sprintf(format, args...)})
}

// method: RFC 6455 §4.1 item 2: GET, HTTP/1.1 or higher; RFC 8441 §4: CONNECT
// with :protocol.
func (h *handshake) method() {
	r := h.req
	switch {
	case r == nil:
	case h.h2 && (r.Method != "CONNECT" || !strings.EqualFold(r.Protocol, "websocket")):
		h.bad(RuleMethod, Client, "RFC 8441 §4", "the request is %s with :protocol %q, not CONNECT with :protocol websocket", clip(r.Method), clip(r.Protocol))
	case h.h2:
	case r.Method != "GET":
		h.bad(RuleMethod, Client, "RFC 6455 §4.1", "the request's method is %s, not GET", clip(r.Method))
	case r.Major < 1 || r.Major == 1 && r.Minor < 1:
		h.bad(RuleMethod, Client, "RFC 6455 §4.1", "the request is HTTP/%d.%d, below 1.1", r.Major, r.Minor)
	}
}

// host: §4.1 item 4; RFC 9112 §3.2: exactly one.
func (h *handshake) host() {
	if h.req == nil || h.h2 {
		return
	}
	switch v := h.get(h.req.Headers, "Host"); {
	case len(v) == 0 && h.req.Cut:
	case len(v) == 0:
		h.bad(RuleHost, Client, "RFC 6455 §4.1", "the request has no Host header")
	case len(v) > 1:
		h.bad(RuleHost, Client, "RFC 9112 §3.2", "the request has %d Host headers", len(v))
	}
}

// upgrade: §4.1 item 5, §4.2.1 item 3; the answer §4.2.2 item 5.2.
func (h *handshake) upgrade() {
	h.token(RuleUpgrade, "Upgrade", "websocket")
}

// connection: §4.1 item 6, §4.2.1 item 4; the answer §4.2.2 item 5.3.
func (h *handshake) connection() {
	h.token(RuleConnection, "Connection", "Upgrade")
}

func (h *handshake) token(rule Rule, name, token string) {
	if h.h2 {
		return
	}
	judge := func(side Side, what, ref string, v []string, cut bool) {
		switch {
		case cut || HasToken(v, token): // the token may stand in another line
		case len(v) == 0:
			h.bad(rule, side, ref, "the %s has no %s header", what, name)
		default:
			h.bad(rule, side, ref, "the %s's %s is %q, without the token %s", what, name, clip(strings.Join(v, ", ")), token)
		}
	}
	if h.req != nil {
		judge(Client, "request", "RFC 6455 §4.2.1", h.get(h.req.Headers, name), h.req.Cut)
	}
	if h.accepted {
		judge(Server, "answer", "RFC 6455 §4.2.2", h.get(h.resp.Headers, name), h.resp.Cut)
	}
}

// key: §4.1 item 7, §11.3.1.
func (h *handshake) key() {
	if h.req == nil || h.h2 {
		return
	}
	switch v := h.get(h.req.Headers, "Sec-WebSocket-Key"); {
	case len(v) == 0 && h.req.Cut:
	case len(v) == 0:
		h.bad(RuleKey, Client, "RFC 6455 §4.1", "the request has no Sec-WebSocket-Key")
	case len(v) > 1:
		h.bad(RuleKey, Client, "RFC 6455 §11.3.1", "the request has %d Sec-WebSocket-Key headers", len(v))
	default:
		if err := CheckKey(v[0]); err != nil {
			h.bad(RuleKey, Client, "RFC 6455 §4.1", "Sec-WebSocket-Key %q %v", clip(v[0]), err)
		}
	}
}

// version: §4.1 item 9, §4.2.2 item 4, §4.4, §11.3.5.
func (h *handshake) version() {
	if h.req == nil {
		return
	}
	v := h.get(h.req.Headers, "Sec-WebSocket-Version")
	switch {
	case len(v) == 0 && h.req.Cut:
		return
	case len(v) == 0:
		h.bad(RuleVersion, Client, "RFC 6455 §4.1", "the request has no Sec-WebSocket-Version")
	case len(v) > 1:
		h.bad(RuleVersion, Client, "RFC 6455 §11.3.5", "the request has %d Sec-WebSocket-Version headers", len(v))
	case v[0] != "13":
		h.bad(RuleVersion, Client, "RFC 6455 §4.1", "Sec-WebSocket-Version is %q, not 13", clip(v[0]))
	default:
		return
	}
	if h.resp != nil && h.resp.Status == 426 && !h.resp.Cut && len(h.get(h.resp.Headers, "Sec-WebSocket-Version")) == 0 {
		h.bad(RuleVersion, Server, "RFC 6455 §4.2.2, §4.4", "the server answers 426 without saying in Sec-WebSocket-Version which versions it speaks")
	}
}

// accept: §4.1 answer item 4, §4.2.2 item 5.4, §11.3.3. Without a single key
// there is nothing to hold it against; that is HS-KEY's.
func (h *handshake) accept(otherKeys []string) {
	if !h.accepted || h.h2 || h.req == nil {
		return
	}
	keys := h.get(h.req.Headers, "Sec-WebSocket-Key")
	if len(keys) != 1 {
		return
	}
	want := acceptOf(keys[0])
	switch v := h.get(h.resp.Headers, "Sec-WebSocket-Accept"); {
	case len(v) == 0 && h.resp.Cut:
	case len(v) == 0:
		h.bad(RuleAccept, Server, "RFC 6455 §4.2.2", "the answer has no Sec-WebSocket-Accept; the key gives %s", string(want[:]))
	case len(v) > 1:
		h.bad(RuleAccept, Server, "RFC 6455 §11.3.3", "the answer has %d Sec-WebSocket-Accept headers", len(v))
	case v[0] != string(want[:]):
		text := fmt.Sprintf("Sec-WebSocket-Accept is %q, the key gives %s", clip(v[0]), string(want[:]))
		if m := AcceptMistake(keys[0], v[0], otherKeys...); m != "" {
			text += ": " + m
		}
		h.bad(RuleAccept, Server, "RFC 6455 §4.2.2", "%s", text)
	}
}

// subprotocol: §4.1 answer item 6, §4.2.2 item 5.5, §11.3.4. Names are compared
// exactly.
func (h *handshake) subprotocol() {
	if !h.accepted {
		return
	}
	fields := h.get(h.resp.Headers, "Sec-WebSocket-Protocol")
	if len(fields) == 0 {
		return
	}
	chosen := Subprotocols(fields)
	switch {
	case len(chosen) == 0:
		h.bad(RuleSubprotocol, Server, "RFC 6455 §4.2.2", "the server chose an empty subprotocol")
		return
	case len(chosen) > 1 || len(fields) > 1:
		h.bad(RuleSubprotocol, Server, "RFC 6455 §4.2.2", "the server chose several subprotocols: %s", clip(strings.Join(chosen, ", ")))
		return
	case h.req == nil || h.req.Cut:
		return
	}
	offered := Subprotocols(h.get(h.req.Headers, "Sec-WebSocket-Protocol"))
	for _, o := range offered {
		if o == chosen[0] {
			return
		}
	}
	if len(offered) == 0 {
		h.bad(RuleSubprotocol, Server, "RFC 6455 §4.2.2", "the server chose the subprotocol %q, the client offered none", clip(chosen[0]))
		return
	}
	h.bad(RuleSubprotocol, Server, "RFC 6455 §4.2.2", "the server chose the subprotocol %q, which is not among those offered: %s", clip(chosen[0]), clip(strings.Join(offered, ", ")))
}

// extension: §9.1, §4.1 answer item 5, RFC 7692 §7.1.
func (h *handshake) extension() {
	const name = "Sec-WebSocket-Extensions"
	var offers []Extension
	offersWhole := true // every element was understood
	if h.req != nil {
		var err error
		if offers, err = ParseExtensions(h.get(h.req.Headers, name)); err != nil {
			offersWhole = false
			h.bad(RuleExtension, Client, "RFC 6455 §9.1", "the offer breaks the grammar: %v", err)
		}
		h.out = append(h.out, OfferProblems(offers)...)
	}
	if !h.accepted {
		return
	}
	answer, err := ParseExtensions(h.get(h.resp.Headers, name))
	if err != nil {
		h.bad(RuleExtension, Server, "RFC 6455 §9.1", "the answer breaks the grammar: %v", err)
	}
	if h.req == nil || h.req.Cut || !offersWhole {
		// What was offered is not known, so only the answer by itself can be judged.
		offers = nil
		for i := range answer {
			if strings.EqualFold(answer[i].Name, PMDName) {
				p := readPMD(&answer[i], Server)
				h.out = append(h.out, p.problems...)
				break
			}
		}
		return
	}
	for i := range answer {
		if n := answer[i].Name; !strings.EqualFold(n, PMDName) && !offeredExtension(offers, n) {
			h.bad(RuleExtension, Server, "RFC 6455 §9.1", "the server chose the extension %q, which the client did not offer", clip(n))
		}
	}
	_, _, problems := AgreedPMD(offers, answer)
	h.out = append(h.out, problems...)
}

func offeredExtension(offers []Extension, name string) bool {
	for i := range offers {
		if strings.EqualFold(offers[i].Name, name) {
			return true
		}
	}
	return false
}

// status: §4.2.2, §4.4: a refusal, and the answer's own words about it.
func (h *handshake) status() {
	if h.resp == nil || h.accepted || h.resp.Status >= 100 && h.resp.Status < 200 && h.resp.Status != 101 {
		return
	}
	text := "the server answered " + strconv.Itoa(h.resp.Status)
	if h.resp.Reason != "" {
		text += " " + clip(h.resp.Reason)
	}
	for _, name := range [...]string{"Sec-WebSocket-Version", "WWW-Authenticate", "Location", "Upgrade", "Retry-After", "Allow", "Server"} {
		if v := h.get(h.resp.Headers, name); len(v) > 0 {
			text += ", " + name + ": " + clip(strings.Join(v, ", "))
		}
	}
	if why := h.refusal(); why != "" {
		text += "; " + why
	}
	h.bad(RuleStatus, Server, "RFC 6455 §4.2.2", "%s", text)
}

// refusal says in words what a refusing status usually means.
func (h *handshake) refusal() string {
	lacksUpgrade := h.req != nil && !h.req.Cut && !h.h2 &&
		!(HasToken(h.get(h.req.Headers, "Upgrade"), "websocket") && HasToken(h.get(h.req.Headers, "Connection"), "Upgrade"))
	switch s := h.resp.Status; {
	case lacksUpgrade && (s == 400 || s == 426 || s == 200):
		return "the request lacks Upgrade or Connection: Upgrade, as after a proxy that does not pass them on"
	case s >= 200 && s < 300:
		return "it took the request for a plain one and ignored the upgrade"
	case s >= 300 && s < 400:
		return "redirected; most WebSocket clients do not follow"
	case s == 401, s == 407:
		return "credentials are wanted"
	case s == 403:
		return "forbidden; often the Origin is not on the server's list"
	case s == 404:
		return "nothing answers at that path"
	case s == 426:
		return "the server wants another version or an upgrade it did not see"
	case s == 502, s == 503, s == 504:
		return "a proxy could not reach the server behind it"
	}
	return ""
}

// Verdict is the outcome of one handshake rule, for people.
type Verdict struct {
	Rule Rule
	OK   bool
	Text string // what was seen
}

// Verdicts returns an outcome for every handshake rule that applies, in the
// order of the rules: problems as JudgeHandshake (or others) found them, and
// what was seen where there is none.
func Verdicts(req *Request, resp *Response, problems []Problem) []Verdict {
	h2 := req != nil && req.Major >= 2
	accepted := Accepted(req, resp)
	one := func(rule Rule, applies bool, seen string) (Verdict, bool) {
		for i := range problems {
			if problems[i].Rule == rule {
				return Verdict{rule, false, problems[i].Text}, true
			}
		}
		return Verdict{rule, true, seen}, applies
	}
	var out []Verdict
	add := func(rule Rule, applies bool, seen string) {
		if v, ok := one(rule, applies, seen); ok {
			out = append(out, v)
		}
	}
	var rq, rs Fields
	var rqCut, rsCut bool
	if req != nil {
		rq, rqCut = req.Headers, req.Cut
	}
	if resp != nil {
		rs, rsCut = resp.Headers, resp.Cut
	}
	// field adds a rule that rests on a header. Where the head was cut, one that is
	// not there says nothing.
	field := func(rule Rule, applies bool, f Fields, cut bool, name string) {
		seen := strings.Join(f.Get(name), ", ")
		add(rule, applies && !(cut && seen == ""), seen)
	}
	method := ""
	if req != nil {
		method = fmt.Sprintf("%s HTTP/%d.%d", req.Method, req.Major, req.Minor)
	}
	h1 := req != nil && !h2
	add(RuleMethod, req != nil, method)
	field(RuleHost, h1, rq, rqCut, "Host")
	field(RuleUpgrade, h1, rq, rqCut, "Upgrade")
	field(RuleConnection, h1, rq, rqCut, "Connection")
	add(RuleSyntax, false, "")
	field(RuleKey, h1, rq, rqCut, "Sec-WebSocket-Key")
	field(RuleVersion, req != nil, rq, rqCut, "Sec-WebSocket-Version")
	field(RuleAccept, h1 && accepted && len(rq.Get("Sec-WebSocket-Key")) == 1, rs, rsCut, "Sec-WebSocket-Accept")
	field(RuleSubprotocol, req != nil && accepted, rs, rsCut, "Sec-WebSocket-Protocol")
	field(RuleExtension, req != nil && accepted, rs, rsCut, "Sec-WebSocket-Extensions")
	add(RuleStatus, accepted, statusText(resp))
	add(RuleEarlyData, false, "")
	return out
}

func statusText(resp *Response) string {
	if resp == nil {
		return ""
	}
	return strings.TrimSpace(strconv.Itoa(resp.Status) + " " + resp.Reason)
}
