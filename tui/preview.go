package tui

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// preview is a message in one line: what is wrong with it first.
func preview(e *event.Event, m *event.Message, width int) (string, role) {
	var alarms []string
	if m.Masked && e.From == event.Server {
		alarms = append(alarms, "masked")
	} else if !m.Masked && e.From == event.Client {
		alarms = append(alarms, "not masked")
	}
	if !m.Complete {
		alarms = append(alarms, "incomplete")
	}
	if m.Missing > 0 {
		alarms = append(alarms, event.Size(m.Missing)+" not captured")
	}
	if m.Truncated > 0 {
		alarms = append(alarms, event.Size(m.Truncated)+" not kept")
	}
	if m.Undecoded != "" {
		alarms = append(alarms, "not decompressed: "+m.Undecoded)
	}
	s, r := "", rPlain
	if len(alarms) > 0 {
		s, r = "["+strings.Join(alarms, ", ")+"] ", rWarning
	}
	if m.Type != "" {
		s += m.Type + " "
	}
	if m.Frames > 1 {
		s += strconv.FormatUint(m.Frames, 10) + " frames "
	}
	p := m.Payload[:min(len(m.Payload), max(width, 16))]
	switch {
	case m.Opcode == 8:
		s += closeText(m)
	case m.Undecoded != "":
		s += bytesPreview(p, width)
	case m.Opcode == 10 && m.Latency >= 0:
		s += "rtt " + event.Duration(m.Latency) + " " + bytesPreview(p, width)
	case m.Opcode == 1:
		s += string(event.SafeText(nil, p, 0))
	default:
		s += bytesPreview(p, width)
	}
	return s, r
}

// piecePreview is bytesPreview of a piece of a stream, on request without credentials.
func piecePreview(p []byte, width int, hide bool) string {
	p = p[:min(len(p), max(width, 16))]
	if hide {
		var r event.StreamRedactor
		p = r.Append(nil, p)
	}
	return bytesPreview(p, width)
}

// bytesPreview is p as text where it reads as text, else in hex.
func bytesPreview(p []byte, width int) string {
	p = p[:min(len(p), max(width, 16))]
	printable := 0
	for _, c := range p {
		if c >= 0x20 && c < 0x7f || c == '\n' || c == '\r' || c == '\t' || c >= 0x80 {
			printable++
		}
	}
	text := p
	for n := 0; n < 3 && len(text) > 0 && !utf8.Valid(text); n++ { // a character may be cut
		text = text[:len(text)-1]
	}
	if len(text) > 0 && printable == len(p) && utf8.Valid(text) {
		return string(event.SafeText(nil, text, 0))
	}
	return fmt.Sprintf("% x", p)
}

// closeNames are the registered close codes (RFC 6455 §7.4.1 and the IANA registry).
var closeNames = map[uint16]string{
	1000: "normal closure", 1001: "going away", 1002: "protocol error", 1003: "unsupported data",
	1005: "no status (may not be sent)", 1006: "abnormal closure (may not be sent)", 1007: "invalid payload data",
	1008: "policy violation", 1009: "message too big", 1010: "mandatory extension", 1011: "internal error",
	1012: "service restart", 1013: "try again later", 1014: "bad gateway", 1015: "TLS handshake (may not be sent)",
}

func closeText(m *event.Message) string {
	code, reason, ok := m.CloseCode()
	switch {
	case m.Length == 0:
		return "no code"
	case !ok:
		return fmt.Sprintf("no whole code: % x", m.Payload[:min(len(m.Payload), 16)])
	}
	s := strconv.Itoa(int(code))
	if name := closeNames[code]; name != "" {
		s += " " + name
	}
	if len(reason) > 0 {
		s += ": " + string(event.SafeText(nil, reason, 0))
	}
	return s
}

func handshakeLine(h *event.Handshake) (string, role) {
	s := strings.TrimSpace(h.Method + " " + h.Target)
	if s == "" {
		s = "request not captured"
	}
	if h.Status == 0 {
		return s + " → no response captured", rWarning
	}
	s += " → " + strconv.Itoa(h.Status) + " " + h.Reason
	if !h.Accepted {
		return s + " (refused)", rWarning
	}
	if h.Extensions != "" {
		s += ", " + h.Extensions
	}
	return s, rGood
}

var gapCauses = map[string]string{
	"lost": "not captured", "snaplen": "cut off by the snap length", "limit": "dropped: a bound was reached", "midstream": "sent before the capture began",
}

func gapText(g *event.Gap) string {
	cause := gapCauses[g.Cause]
	if cause == "" {
		cause = g.Cause
	}
	return event.Count(g.Length) + " bytes " + cause
}

func severityRole(s event.Severity) role {
	switch s {
	case event.Error:
		return rError
	case event.Warning:
		return rWarning
	}
	return rDim
}

func severityMark(s event.Severity) string {
	switch s {
	case event.Error:
		return "✖"
	case event.Warning:
		return "⚠"
	}
	return "i"
}
