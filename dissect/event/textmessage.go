package event

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// minPayload is how many columns a payload keeps beside the marks after it.
	minPayload = 16
	// maxClose is how much of a close's body is shown: all that is legal (RFC 6455 §5.5).
	maxClose = 125
)

func (t *Text) message(e *Event, m *Message) {
	st := stylePlain
	if m.Opcode >= opClose {
		st = styleDim
	}
	t.beginRow()
	t.when(e)
	t.cell(st, OpcodeName(m.Opcode), wOpcode)
	t.cellRight(st, bytesText(m.Length), wSize)

	// What is wrong comes before the payload, so that a narrow terminal does not cut it off.
	if alarms := messageAlarms(e, m); alarms != "" {
		t.put(styleWarning, alarms)
		t.pad(2)
	}
	marks := messageMarks(m)
	t.put(st, t.messagePayload(m, Width(marks)))
	if marks != "" {
		if t.buf[len(t.buf)-1] != ' ' {
			t.pad(2)
		}
		t.put(styleDim, marks)
	}
	t.endRow()
}

// messagePayload is a message's payload on one line: text as text, a close by
// its code and reason, anything else in hex. It leaves room for marks.
func (t *Text) messagePayload(m *Message, marks int) string {
	if t.opt.Payload == PayloadNone {
		if m.Opcode == opClose {
			return closeText(m)
		}
		return ""
	}
	room := 0
	if t.opt.Width > 0 {
		room = max(t.left, 1)
		if marks > 0 {
			room = max(room-marks-2, min(room, minPayload))
		}
	}
	p, preview := shown(m, t.opt.Payload)
	more := preview || uint64(len(p)) < m.Length
	var s string
	switch {
	case m.Opcode == opClose:
		return Cut(closeText(m), room)
	case len(p) == 0:
		return ""
	case m.Undecoded == "" && (m.Opcode == 1 || m.Opcode > opClose && printable(p)):
		s = string(SafeText(nil, p, room))
	default:
		s = hexText(p, room)
	}
	if more && !strings.HasSuffix(s, ellipsis) && (room == 0 || Width(s) < room) {
		s += ellipsis
	}
	return s
}

// hexText is p in hex, a space between bytes, in at most width columns (0: no limit).
func hexText(p []byte, width int) string {
	cut := false
	if n := (width + 1) / 3; width > 0 && n < len(p) {
		p, cut = p[:max(0, (width-1)/3)], true
	}
	b := make([]byte, 0, 3*len(p)+len(ellipsis))
	for i, c := range p {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	if cut {
		b = append(b, ellipsis...)
	}
	return string(b)
}

// printable reports whether p is text that SafeText would leave as it is.
func printable(p []byte) bool {
	for _, r := range viewString(p) {
		if r == utf8.RuneError || hides(r) && !unicode.IsSpace(r) {
			return false
		}
	}
	return true
}

// closeText says what a close means: code, its name (RFC 6455 §7.4.1), reason.
func closeText(m *Message) string {
	code, reason, ok := m.CloseCode()
	switch {
	case m.Length == 0:
		return "no code"
	case !ok && len(m.Payload) == 0:
		return ""
	case !ok:
		return "no whole code: " + hexText(m.Payload[:min(len(m.Payload), maxClose)], 0)
	}
	reason = reason[:min(len(reason), maxClose)]
	s := strconv.Itoa(int(code))
	if name := closeNames[code]; name != "" {
		s += " " + name
	}
	if len(reason) > 0 {
		s += ": " + SafeString(string(reason))
	}
	return s
}

// The registered close codes (RFC 6455 §7.4.1 and the IANA registry).
var closeNames = map[uint16]string{
	1000: "normal closure", 1001: "going away", 1002: "protocol error", 1003: "unsupported data",
	1005: "no status (may not be sent)", 1006: "abnormal closure (may not be sent)", 1007: "invalid payload data",
	1008: "policy violation", 1009: "message too big", 1010: "mandatory extension", 1011: "internal error",
	1012: "service restart", 1013: "try again later", 1014: "bad gateway", 1015: "TLS handshake (may not be sent)",
}

// messageMarks says in words what there is to know about a message beside its payload.
func messageMarks(m *Message) string {
	var l []string
	if m.Type != "" {
		l = append(l, SafeString(m.Type))
	}
	if m.Frames > 1 {
		l = append(l, plural(m.Frames, "frame"))
	}
	if m.Compressed && m.Undecoded == "" {
		l = append(l, "compressed to "+bytesText(m.WireLength))
	}
	if m.Opcode == opPong && m.Latency >= 0 {
		l = append(l, durationText(m.Latency)+" after its ping")
	}
	return bracketed(l)
}

// messageAlarms says in words what is wrong with a message or missing from it.
func messageAlarms(e *Event, m *Message) string {
	var l []string
	if m.Masked && e.From == Server {
		l = append(l, "masked by the server")
	} else if !m.Masked && e.From == Client {
		l = append(l, "not masked by the client")
	}
	if !m.Complete {
		l = append(l, "incomplete")
	}
	if m.Missing > 0 {
		l = append(l, bytesText(m.Missing)+" not captured")
	}
	if m.Truncated > 0 {
		l = append(l, bytesText(m.Truncated)+" beyond the limit not kept")
	}
	if m.Undecoded != "" {
		l = append(l, "not decompressed: "+SafeString(m.Undecoded))
	}
	return bracketed(l)
}

func bracketed(l []string) string {
	if len(l) == 0 {
		return ""
	}
	return "[" + strings.Join(l, ", ") + "]"
}

func (t *Text) frameHeadings() {
	t.beginRow()
	t.whenHeadings()
	t.cellRight(styleHeading, "FRAME", wNumber)
	if !t.narrow() {
		t.cellRight(styleHeading, "OFFSET", wOffset)
	}
	t.cell(styleHeading, "FIN", 3)
	t.cell(styleHeading, "RSV", 3)
	t.cell(styleHeading, "OPCODE", wReserved)
	t.cell(styleHeading, "MASK", wMask)
	if !t.narrow() {
		t.cellRight(styleHeading, "HEADER", wNumber)
	}
	t.cellRight(styleHeading, "LENGTH", t.lengthWidth())
	t.tail(styleHeading, "MSG")
	t.endRow()
}

func (t *Text) frame(e *Event, f *Frame) {
	st := stylePlain
	if f.Opcode >= opClose {
		st = styleDim
	}
	fin, mask, message := "–", "–", "none"
	if f.Fin {
		fin = "FIN"
	}
	if f.Masked {
		mask = string(appendHex(nil, f.Mask[:]))
	}
	if f.Message != 0 {
		message = grouped(f.Message)
	}
	t.beginRow()
	t.when(e)
	t.cellRight(st, grouped(f.Number), wNumber)
	if !t.narrow() {
		t.cellRight(st, grouped(f.Offset), wOffset)
	}
	t.cell(st, fin, 3)
	t.cell(st, rsvText(f.RSV), 3)
	t.cell(st, OpcodeName(f.Opcode), wReserved)
	t.cell(st, mask, wMask)
	if !t.narrow() {
		t.cellRight(st, grouped(uint64(max(f.HeaderLength, 0))), wNumber)
	}
	t.cellRight(st, grouped(f.Length), t.lengthWidth())
	t.put(st, message)
	if f.Missing > 0 {
		t.put(styleWarning, "  ["+bytesText(f.Missing)+" not captured]")
	}
	t.endRow()
}

// lengthWidth is the width of a frame's length.
func (t *Text) lengthWidth() int {
	if t.narrow() {
		return wSize
	}
	return wOffset
}

// rsvText names the reserved bits that are set: 1, 2, 3 for RSV1 to RSV3.
func rsvText(rsv uint8) string {
	b := []byte("---")
	for i := range b {
		if rsv&(4>>i) != 0 {
			b[i] = byte('1' + i)
		}
	}
	return string(b)
}
