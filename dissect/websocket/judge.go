package websocket

import (
	"fmt"
	"strconv"
)

// Tri is true, false or not known. The zero value is not known.
type Tri uint8

// Values of Tri.
const (
	Unknown Tri = iota
	Yes
	No
)

// TriOf returns Yes or No.
func TriOf(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// Context is what is known about a direction whose frames are judged.
type Context struct {
	Side      Side // who sends them
	Deflate   Tri  // permessage-deflate agreed; Unknown where the handshake was not seen
	OtherExt  bool // another extension was agreed: reserved bits and opcodes may be its
	Midstream bool // the first frame judged may not be the first one sent
}

// FrameJudge judges the frames of one direction, header by header, in order.
// One illegal thing gives one problem, at the frame where it stands; masking,
// masking keys and frames after the close are reported once. Make it with
// NewFrameJudge.
type FrameJudge struct {
	ctx     Context
	keys    keyHistory
	message messageState
	masking bool // WS-MASK was reported
	closed  closedState
}

type messageState uint8

const (
	noMessage messageState = iota
	inMessage
	messageUnknown // frames were missed: either may be
)

type closedState uint8

const (
	notClosed closedState = iota
	closeSeen
	closeReported
)

// NewFrameJudge returns a judge for one direction.
func NewFrameJudge(ctx Context) FrameJudge {
	j := FrameJudge{ctx: ctx}
	if ctx.Midstream {
		j.message = messageUnknown
	}
	return j
}

// Hole tells the judge that frames, or parts of headers, were missed before the
// next one: what depends on the frame before it is not judged.
func (j *FrameJudge) Hole() {
	j.message = messageUnknown
	j.keys.forget()
}

// Judge judges the next frame's header and appends its problems to dst. It does
// not allocate for a legal frame.
func (j *FrameJudge) Judge(dst []Problem, h Header) []Problem {
	if j.Legal(&h) {
		return dst
	}
	if j.closed != notClosed { // §5.5.1: nothing more; what comes is not looked at
		if j.closed == closeSeen {
			j.closed = closeReported
			dst = j.problem(dst, RuleAfterClose, "RFC 6455 §5.5.1", h.Opcode.String()+" frame after the close frame")
		}
		return dst
	}
	dst = j.mask(dst, h)
	if h.Opcode.IsReserved() {
		// §5.2. Nothing else is known about such a frame.
		if !j.ctx.OtherExt {
			dst = j.problem(dst, RuleOpcode, "RFC 6455 §5.2", fmt.Sprintf("opcode 0x%x is reserved", uint8(h.Opcode)))
		}
		return dst
	}
	dst = j.rsv(dst, h)
	dst, lengthOK := j.length(dst, h)
	if h.Opcode.IsControl() {
		dst = j.control(dst, h, lengthOK)
	} else {
		dst = j.fragment(dst, h)
	}
	if h.Opcode == Close {
		j.closed = closeSeen
	}
	return dst
}

// Legal is Judge for a header of which there is nothing to say, as for nearly all. It
// returns false, with nothing changed, if there may be something: Judge tells.
func (j *FrameJudge) Legal(h *Header) bool {
	if j.closed != notClosed || h.Masked != (j.ctx.Side == Client) || h.Form != formOf(h.Length) || h.Length>>63 != 0 {
		return false
	}
	message := j.message
	switch {
	case h.Opcode.IsReserved():
		return false
	case h.Opcode.IsControl():
		if !h.Fin || h.RSV != 0 || h.Length > MaxControlPayload {
			return false
		}
	case h.RSV != 0 && (h.RSV != RSV1 || h.Opcode == Continuation || j.ctx.Deflate == No):
		return false
	case h.Opcode == Continuation && message == noMessage, h.Opcode != Continuation && message == inMessage:
		return false
	case h.Fin:
		message = noMessage
	default:
		message = inMessage
	}
	if h.Masked && !j.keys.addGood(h.Mask) {
		return false
	}
	j.message = message
	if h.Opcode == Close {
		j.closed = closeSeen
	}
	return true
}

// Plain is Judge for most messages: text or binary, in one frame, whose payload is
// all there, still masked if h is. It reports whether h is such a frame and neither
// it nor its payload has anything wrong. If not, nothing has changed: Judge tells
// what there is to say.
func (j *FrameJudge) Plain(h *Header, payload []byte) bool {
	return h.Fin && h.RSV == 0 && (h.Opcode == Text && validText(payload, h) || h.Opcode == Binary) && j.Legal(h)
}

// validText reports whether the whole payload behind h is well-formed UTF-8.
func validText(payload []byte, h *Header) bool {
	var u UTF8
	if h.Masked {
		return u.WriteMasked(payload, h.Mask, 0) && u.Close()
	}
	return u.Write(payload) && u.Close()
}

func (j *FrameJudge) problem(dst []Problem, rule Rule, ref, text string) []Problem {
	return append(dst, Problem{Rule: rule, Side: j.ctx.Side, Text: text, Reference: ref})
}

// mask: §5.1 clients mask, servers do not; §5.3 and §10.3 the keys.
func (j *FrameJudge) mask(dst []Problem, h Header) []Problem {
	if h.Masked != (j.ctx.Side == Client) && !j.masking {
		j.masking = true
		text := "client frame is not masked"
		if h.Masked {
			text = "server frame is masked"
		}
		dst = j.problem(dst, RuleMask, "RFC 6455 §5.1", text)
	}
	if h.Masked && j.ctx.Side == Client {
		if why := j.keys.add(h.Mask); why != "" {
			dst = j.problem(dst, RuleMaskKey, "RFC 6455 §5.3, §10.3", why)
		}
	}
	return dst
}

// rsv: §5.2 no reserved bit without an extension that defines it; RFC 7692
// §6.1: RSV1 on the first frame of a data message only.
func (j *FrameJudge) rsv(dst []Problem, h Header) []Problem {
	if h.RSV == 0 || j.ctx.OtherExt {
		return dst
	}
	unagreed := h.RSV &^ RSV1
	if j.ctx.Deflate == No {
		unagreed = h.RSV
	}
	switch {
	case unagreed != 0:
		return j.problem(dst, RuleRSV, "RFC 6455 §5.2", rsvNames(unagreed)+" set on a "+h.Opcode.String()+" frame, no extension that uses it was agreed")
	case h.Opcode.IsControl(): // RSV1 is left
		return j.problem(dst, RuleRSV, "RFC 7692 §6.1", "RSV1 set on a "+h.Opcode.String()+" frame: control frames are not compressed")
	case h.Opcode == Continuation:
		return j.problem(dst, RuleRSV, "RFC 7692 §6.1", "RSV1 set on a continuation frame: only a message's first frame has it")
	}
	return dst
}

func rsvNames(r uint8) string {
	return [...]string{"no bit", "RSV3", "RSV2", "RSV2 and RSV3", "RSV1", "RSV1 and RSV3", "RSV1 and RSV2", "RSV1, RSV2 and RSV3"}[r&7]
}

// length: §5.2 shortest form, top bit clear.
func (j *FrameJudge) length(dst []Problem, h Header) (_ []Problem, ok bool) {
	switch {
	case h.Length>>63 != 0:
		return j.problem(dst, RuleLength, "RFC 6455 §5.2", fmt.Sprintf("the most significant bit of the 64-bit length 0x%016x is set", h.Length)), false
	case !h.Minimal():
		return j.problem(dst, RuleLength, "RFC 6455 §5.2", "length "+strconv.FormatUint(h.Length, 10)+" is written in "+strconv.Itoa(int(h.Form))+
			" bits where "+strconv.Itoa(int(formOf(h.Length)))+" are enough"), true
	}
	return dst, true
}

// control: §5.5 not fragmented, at most 125 bytes. An illegal top bit was
// reported already, and is not a second problem.
func (j *FrameJudge) control(dst []Problem, h Header, lengthOK bool) []Problem {
	long := lengthOK && h.Length > 125
	switch {
	case !h.Fin && long:
		return j.problem(dst, RuleControl, "RFC 6455 §5.5", fmt.Sprintf("%s frame without FIN and of %d bytes, at most 125 are allowed", h.Opcode, h.Length))
	case !h.Fin:
		return j.problem(dst, RuleControl, "RFC 6455 §5.5", h.Opcode.String()+" frame without FIN: control frames are not fragmented")
	case long:
		return j.problem(dst, RuleControl, "RFC 6455 §5.5", fmt.Sprintf("%s frame of %d bytes, at most 125 are allowed", h.Opcode, h.Length))
	}
	return dst
}

// fragment: §5.4. A continuation that belongs to nothing begins nothing. A
// whole message inside an unfinished one leaves that open; the start of another
// takes its place.
func (j *FrameJudge) fragment(dst []Problem, h Header) []Problem {
	if h.Opcode == Continuation {
		if j.message == noMessage {
			return j.problem(dst, RuleFragment, "RFC 6455 §5.4", "continuation frame with no message started")
		}
		j.message = inMessage
		if h.Fin {
			j.message = noMessage
		}
		return dst
	}
	if j.message == inMessage {
		dst = j.problem(dst, RuleFragment, "RFC 6455 §5.4", "new "+h.Opcode.String()+" message before the unfinished one ended")
		return dst
	}
	j.message = inMessage
	if h.Fin {
		j.message = noMessage
	}
	return dst
}
