package dissect

import (
	"fmt"
	"slices"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/http1"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/dissect/websocket/deflate"
)

// findProblem turns a grammar's problem into a finding.
func (k *Conn) findProblem(p *websocket.Problem, time int64, packets [2]uint64, frame, message uint64, evidence string) {
	dir := k.Client()
	if p.Side == websocket.Server {
		dir = dir.Reverse()
	}
	k.find(dir, time, packets, event.Finding{
		Rule: string(p.Rule), Severity: event.Severity(p.Rule.Severity()), Frame: frame, Message: message,
		Text: p.Text, Reference: p.Reference, Evidence: evidence,
	})
}

// judgeHeader judges the header of the frame at hand. It returns whether the
// frame's reserved bits were illegal: then nothing more is said of its payload.
func (w *webSocket) judgeHeader(k *Conn, s *wsSide, h *websocket.Header) (spoilt bool) {
	if s.judge.Legal(h) {
		return false
	}
	problems := s.judge.Judge(k.a.problems[:0], *h)
	for i := range problems {
		p := &problems[i]
		spoilt = spoilt || p.Rule == websocket.RuleRSV || p.Rule == websocket.RuleControl
		k.findProblem(p, s.packets.time, s.packets.packets(), s.frames, s.frame.Message, fmt.Sprintf("header % x", h.Append(nil)))
	}
	k.a.problems = problems[:0]
	return spoilt
}

// judgePayload judges what a message carries: text and close bodies. Text that was
// ill-formed before bytes were missing stays so, whatever they are: a peer that
// fails fast (RFC 6455 §8.1) breaks off in the middle of the frame.
func (w *webSocket) judgePayload(k *Conn, s *wsSide, m *assembly, payload []byte) {
	if m.spoilt || m.missing > 0 && !m.bad {
		return
	}
	side := websocket.Side(k.side(s.dir))
	var problems []websocket.Problem
	switch m.opcode {
	case websocket.Text:
		if m.bad {
			problems = append(k.a.problems[:0], websocket.Problem{
				Rule: websocket.RuleUTF8, Side: side, Reference: "RFC 6455 §8.1", Offset: int(m.badAt),
				Text: fmt.Sprintf("text message is not UTF-8: ill-formed at byte %d of the payload", m.badAt),
			})
		}
	case websocket.Close:
		problems = websocket.JudgeClose(payload, side)
	}
	for i := range problems {
		k.findProblem(&problems[i], m.span.time, m.span.packets(), s.frames, m.number, evidenceAt(payload, problems[i].Offset))
	}
}

// evidenceAt shows a few bytes from where a payload is wrong.
func evidenceAt(payload []byte, at int) string {
	if at >= len(payload) {
		return ""
	}
	return fmt.Sprintf("bytes % x", payload[at:min(len(payload), at+16)])
}

// judgeInflate judges a compressed message by how inflating it went. What fails
// because of something that was not captured, or of an earlier failure, is no fault.
func (w *webSocket) judgeInflate(k *Conn, s *wsSide, m *assembly, r deflate.Result, err error) {
	if m.spoilt || err == nil && r.Notes&(deflate.WideWindow|deflate.Unflushed) == 0 || !w.comp.known {
		return
	}
	p := websocket.Problem{Rule: websocket.RuleInflate, Side: websocket.Side(k.side(s.dir)), Reference: "RFC 7692 §7.2.2"}
	takeover := !w.comp.pmd.NoContextTakeover(p.Side)
	switch {
	case err == nil && r.Notes&deflate.WideWindow != 0:
		p.Rule, p.Reference = websocket.RuleParam, "RFC 7692 §7.1.2"
		p.Text = fmt.Sprintf("the message refers %d bytes back, beyond the agreed window of %d bytes", r.MaxDistance, 1<<w.comp.pmd.WindowBits(p.Side))
	case err == nil:
		p.Reference, p.Text = "RFC 7692 §7.2.1", unflushed(r)
	default:
		e, ok := err.(*deflate.Error)
		if !ok || e.Cause == deflate.UnknownHistory || e.Cause == deflate.OutputLimit || e.Cause == deflate.RatioLimit || e.Cause == deflate.NoMessage {
			return
		}
		p.Text = fmt.Sprintf("compressed message does not inflate: %s", s.inflater.why(err))
		switch {
		case e.Cause == deflate.TooFar && !takeover:
			p.Text += fmt.Sprintf("; it refers to an earlier message although %v_no_context_takeover was agreed: with context takeover it may inflate", p.Side)
		case e.Cause == deflate.TooFar:
			p.Text += "; the sender's history is longer than everything it sent"
		}
	}
	k.findProblem(&p, m.span.time, m.span.packets(), s.frames, m.number, evidenceAt(m.buf.head, 0))
}

// unflushed says what is wrong with a payload that gives its message, but does not
// end where the receiver's 00 00 FF FF belongs: in the header of an empty stored
// block. They are taken for the beginning of a block of 65280 bytes instead, and a
// receiver that keeps its state (zlib) loses the messages after this one.
func unflushed(r deflate.Result) string {
	const after = "; with 00 00 FF FF put back the receiver is left inside a stored block, and the next message fails"
	switch {
	case r.Compressed == 0:
		return "compressed message without a payload: an empty message is the one byte 00" + after
	case r.Notes&deflate.TailKept != 0:
		return "compressed message still has the last four bytes of its flush, 00 00 FF FF" + after
	}
	return "compressed message does not end with a flush" + after
}

// judge judges a handshake by its headers and their syntax.
func (a *attempt) judge(k *Conn, time int64) []websocket.Problem {
	req, resp := a.request(&k.a.judged.request), a.response(&k.a.judged.response)
	problems := websocket.JudgeHandshake(req, resp)
	if slices.ContainsFunc(problems, func(p websocket.Problem) bool { return p.Rule == websocket.RuleAccept }) {
		problems = websocket.JudgeHandshake(req, resp, k.a.keys.strings()...)
	}
	if a.req != nil {
		problems = append(problems, syntaxProblem(websocket.Client, "request", a.req.Problems)...)
	}
	if a.resp != nil {
		problems = append(problems, syntaxProblem(websocket.Server, "response", a.resp.Problems)...)
	}
	for i := range problems {
		k.findProblem(&problems[i], time, a.packets, 0, 0, "")
	}
	return problems
}

// recentKeys are the keys of the latest handshakes: an accept value that was made
// from another connection's key is named as such.
type recentKeys struct {
	list [][]byte // at most maxRecentKeys, in no order
	next int
}

const maxRecentKeys = 32

func (r *recentKeys) strings() []string {
	out := make([]string, len(r.list))
	for i, key := range r.list {
		out[i] = string(key)
	}
	return out
}

func (r *recentKeys) add(key string) {
	switch {
	case key == "":
	case len(r.list) < maxRecentKeys:
		r.list = append(r.list, []byte(key))
	default:
		r.list[r.next] = append(r.list[r.next][:0], key...)
		r.next = (r.next + 1) % maxRecentKeys
	}
}

// judgeEarly judges bytes of the client that came before the handshake was over.
func (a *attempt) judgeEarly(k *Conn, time int64, done uint64) {
	in := k.in[k.Client()]
	if in == nil || in.at.Packet >= done {
		return
	}
	p := websocket.Problem{
		Rule: websocket.RuleEarlyData, Side: websocket.Client, Reference: "RFC 6455 §4.1",
		Text: fmt.Sprintf("the client sent %d bytes in packet %d, before the server's handshake was complete in packet %d", len(in.buf), in.at.Packet, done),
	}
	k.findProblem(&p, time, [2]uint64{in.at.Packet, in.tail.Packet}, 1, 0, "")
}

// syntaxProblem says in one problem what is wrong with the lines of a head.
func syntaxProblem(side websocket.Side, what string, ps []http1.Problem) []websocket.Problem {
	if len(ps) == 0 {
		return nil
	}
	ref := "RFC 9112 §2.2"
	if ps[0].Kind == http1.ObsFold {
		ref = "RFC 9112 §5.2"
	}
	text := fmt.Sprintf("the %s has %v in line %d: %q", what, ps[0].Kind, ps[0].Line, event.SafeString(ps[0].Text))
	if len(ps) > 1 {
		text += fmt.Sprintf(" (and %d more)", len(ps)-1)
	}
	return []websocket.Problem{{Rule: websocket.RuleSyntax, Side: side, Reference: ref, Text: text}}
}

// judged is the memory of the handshake that is being judged.
type judged struct {
	request  websocket.Request
	response websocket.Response
}

// request says in to what was asked; nil if that was not captured.
func (a *attempt) request(to *websocket.Request) *websocket.Request {
	r := a.req
	if r == nil {
		return nil
	}
	*to = websocket.Request{Method: r.Method, Target: r.Target, Major: r.Major, Minor: r.Minor, Headers: wsFields(to.Headers[:0], r.Headers), Cut: a.reqCut}
	return to
}

// response says in to what was answered; nil if nothing was captured.
func (a *attempt) response(to *websocket.Response) *websocket.Response {
	r := a.resp
	if r == nil {
		return nil
	}
	*to = websocket.Response{Status: r.Status, Reason: r.Reason, Major: r.Major, Minor: r.Minor, Headers: wsFields(to.Headers[:0], r.Headers), Cut: a.respCut}
	return to
}

func wsFields(to websocket.Fields, hs http1.Headers) websocket.Fields {
	for _, f := range hs {
		to = append(to, websocket.Field(f))
	}
	return to
}

// judgeEnd judges how a WebSocket connection ended: a side whose stream ended
// without a close frame leaves its peer with code 1006 (RFC 6455 §7.1.5).
func (w *webSocket) judgeEnd(k *Conn) {
	by, ended := k.tcp.ClosedBy()
	if !ended || w.opening == unanswered {
		return
	}
	how := "FIN"
	if k.reset && !k.tcp.HasFIN(by) {
		how = "RST"
	}
	for _, dir := range []packet.Dir{k.Client(), k.Client().Reverse()} {
		s := &w.side[dir]
		over := k.reset || k.fin[dir]
		known := s.phase != searching && s.lost == 0 && k.tcp.HasSeen(dir)
		if s.closed || !over || !known {
			continue
		}
		p := websocket.Problem{Rule: websocket.RuleNoClose, Side: websocket.Side(k.side(dir)), Reference: "RFC 6455 §7.1.5"}
		if k.tells() {
			p.Text = fmt.Sprintf("the %v sent no close frame; the %v ended the connection by %s, ", k.side(dir), k.side(by), how)
			if last := w.lastFrame(); last != 0 {
				p.Text += event.Duration(max(0, k.tcp.Last-last)) + " after its last frame"
			} else {
				p.Text += "before any frame"
			}
		}
		k.findProblem(&p, k.tcp.Last, [2]uint64{k.tcp.LastPacket, k.tcp.LastPacket}, s.frames, 0, "")
	}
}

// lastFrame is the time of the last frame of either direction.
func (w *webSocket) lastFrame() int64 { return max(w.side[0].packets.time, w.side[1].packets.time) }
