package dissect

import (
	"fmt"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/http1"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// attempt is a WebSocket opening handshake: the request, and its answer once it is there.
type attempt struct {
	req     *http1.Request  // nil: not captured
	resp    *http1.Response // nil: not there yet; borrowed while answer reports it
	packets [2]uint64
	own     http1.Request // what req points to
	text    []byte        // what the strings of own alias, where heads are borrowed
	// The rest of a head is in a hole: what it lacks is not missing.
	reqCut, respCut bool
	known           bool // the client had acknowledged the answer when it sent what came behind the request
}

// answersWebSocket tells whether a 101 whose request was not captured is one to WebSocket.
func answersWebSocket(resp *http1.Response) bool {
	h := resp.Headers
	return h.HasToken("Upgrade", "websocket") || h.Has("Sec-WebSocket-Accept")
}

// answer completes the handshake and reports it.
func (a *attempt) answer(k *Conn, resp *http1.Response, span [2]uint64, time int64) {
	a.resp = resp
	if a.packets[0] == 0 {
		a.packets = span
	}
	a.packets = [2]uint64{min(a.packets[0], span[0]), max(a.packets[1], span[1])}
	if k.sum != nil {
		k.sum.Subprotocol = strings.Join(resp.Headers.Values("Sec-WebSocket-Protocol"), ", ")
	}
	if a.req != nil {
		k.name(a.req)
	}
	a.report(k, time)
	if a.accepted() && !a.reqCut && !a.known {
		a.judgeEarly(k, time, span[1])
	}
}

// name notes what a request is for. The strings are copies: the request's own
// would keep its whole head alive as long as the connection.
func (k *Conn) name(req *http1.Request) {
	if k.sum == nil {
		return
	}
	k.sum.Host, k.sum.Path = strings.Clone(req.Headers.Get("Host")), strings.Clone(req.Target)
}

// accepted tells whether the server switched to WebSocket.
func (a *attempt) accepted() bool { return a.resp != nil && a.resp.Status == 101 }

// unanswered reports an attempt that got no answer before the connection ended.
func (a *attempt) unanswered(k *Conn) { a.report(k, k.tcp.Last) }

func (a *attempt) report(k *Conn, time int64) {
	problems := a.judge(k, time)
	if a.accepted() {
		k.a.totals.Handshakes[0]++
	} else {
		k.a.totals.Handshakes[1]++
	}
	if !k.wants(event.KindHandshake) {
		return
	}
	h := &event.Handshake{}
	if r := a.req; r != nil {
		h.Method, h.Target, h.RequestCut = r.Method, r.Target, a.reqCut
		h.HTTPVersion = fmt.Sprintf("%d.%d", r.Major, r.Minor)
		h.RequestHeaders = fields(r.Headers)
		h.Key = r.Headers.Get("Sec-WebSocket-Key")
		if h.Key != "" {
			h.AcceptExpected = websocket.AcceptKey(h.Key)
		}
		h.Version = r.Headers.Get("Sec-WebSocket-Version")
		h.Origin, h.Host = r.Headers.Get("Origin"), r.Headers.Get("Host")
		h.SubprotocolsOffered = r.Headers.List("Sec-WebSocket-Protocol")
		h.ExtensionsOffered = strings.Join(r.Headers.Values("Sec-WebSocket-Extensions"), ", ")
	}
	if r := a.resp; r != nil {
		h.Status, h.Reason, h.ResponseCut = r.Status, r.Reason, a.respCut
		h.ResponseHeaders = fields(r.Headers)
		h.Accepted = r.Status == 101
		h.Accept = r.Headers.Get("Sec-WebSocket-Accept")
		h.Subprotocol = strings.Join(r.Headers.Values("Sec-WebSocket-Protocol"), ", ")
		h.Extensions = strings.Join(r.Headers.Values("Sec-WebSocket-Extensions"), ", ")
		if h.HTTPVersion == "" {
			h.HTTPVersion = fmt.Sprintf("%d.%d", r.Major, r.Minor)
		}
	}
	for _, v := range websocket.Verdicts(a.request(&k.a.judged.request), a.response(&k.a.judged.response), problems) {
		h.Verdicts = append(h.Verdicts, event.Verdict{Rule: string(v.Rule), OK: v.OK, Text: v.Text})
	}
	k.report(time, a.packets, h)
}

func fields(hs http1.Headers) []event.Header {
	out := make([]event.Header, len(hs))
	for i, f := range hs {
		out[i] = event.Header(f)
	}
	return out
}

// compression is what the handshake agreed on permessage-deflate (RFC 7692 §7.1).
type compression struct {
	known bool // what the server answered was captured
	on    bool
	other bool // another extension was agreed: reserved bits may be its
	pmd   websocket.PMD
}

// compression reads the agreement. What the server answered counts, even where
// it should not have: it is what both sides then do.
func (a *attempt) compression() compression {
	switch {
	case a.resp == nil:
		return compression{}
	case a.resp.HasExtensions():
	case a.respCut: // they may stand in what was not captured
		return compression{}
	default:
		return compression{known: true, pmd: websocket.DefaultPMD()}
	}
	answer, _ := websocket.ParseExtensions(a.resp.Headers.Values("Sec-WebSocket-Extensions"))
	var offer []websocket.Extension
	if a.req != nil {
		offer, _ = websocket.ParseExtensions(a.req.Headers.Values("Sec-WebSocket-Extensions"))
	}
	pmd, on, _ := websocket.AgreedPMD(offer, answer)
	c := compression{known: true, on: on, pmd: pmd}
	for i := range answer {
		c.other = c.other || !strings.EqualFold(answer[i].Name, websocket.PMDName)
	}
	return c
}
