package event

import (
	"crypto/sha1"
	"encoding/base64"
	"strconv"
	"strings"
)

// acceptGUID is what a server appends to the key (RFC 6455 §1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// handshakeText is a handshake in one line: what was asked, what was answered.
func handshakeText(h *Handshake) (string, style) {
	s := strings.TrimSpace(h.Method + " " + h.Target)
	if s == "" {
		s = "request not captured"
	}
	if h.Status == 0 {
		return SafeString(s) + " → no response captured", styleWarning
	}
	s = SafeString(s + " → " + strconv.Itoa(h.Status) + " " + h.Reason)
	if !h.Accepted {
		return s + " (refused)", styleWarning
	}
	if h.Subprotocol != "" {
		s += ", speaks " + SafeString(h.Subprotocol)
	}
	if h.Extensions != "" {
		s += ", " + SafeString(h.Extensions)
	}
	return s, styleGood
}

func (t *Text) handshakeRow(e *Event, h *Handshake) {
	s, st := handshakeText(h)
	t.beginRow()
	t.when(e)
	t.cell(st, "handshake", wOpcode)
	t.put(stylePlain, s)
	t.endRow()
}

// handshakeBlock prints a handshake in full: both heads, the way from key to
// accept, and the verdict of each rule. Its lines are not cut.
func (t *Text) handshakeBlock(e *Event, h *Handshake) {
	var b [24]byte
	s, st := handshakeText(h)
	t.styled(styleHeading, "Connection "+connText(e)+" at "+string(appendSeconds(b[:0], e.Time-t.opt.Start))+" s: ")
	t.styled(st, s)
	t.lit("\n")

	if h.Method != "" || len(h.RequestHeaders) > 0 {
		t.head(Client, "→ request", h.Method+" "+h.Target+" HTTP/"+h.HTTPVersion, h.RequestHeaders, h.RequestCut)
	}
	if h.Status != 0 || len(h.ResponseHeaders) > 0 {
		line := strings.TrimSpace("HTTP/" + h.HTTPVersion + " " + strconv.Itoa(h.Status) + " " + h.Reason)
		t.head(Server, "← response", line, h.ResponseHeaders, h.ResponseCut)
	}
	if h.Key != "" {
		t.acceptReckoning(h)
	}
	if len(h.Verdicts) > 0 {
		t.lit("  Verdicts\n")
		for _, v := range h.Verdicts {
			mark, st := "✓ ok     ", styleGood
			if !v.OK {
				mark, st = "✗ breach ", styleError
			}
			t.lit("    ")
			t.styled(st, mark)
			t.lit(strings.TrimRight(" "+padTo(SafeString(v.Rule), 15)+" "+SafeString(v.Text), " ") + "\n")
		}
	}
	t.lit("\n")
}

// head prints a request's or response's head as it was sent, as far as it was captured.
func (t *Text) head(side Side, title, first string, hs []Header, cut bool) {
	t.lit("  ")
	t.styled(sideStyle(side), title)
	t.lit("\n    " + SafeString(first) + "\n")
	for _, h := range hs {
		t.lit("    ")
		t.styled(styleDim, SafeString(h.Name)+":")
		t.lit(" " + SafeString(h.Value) + "\n")
		t.spill()
	}
	if cut {
		t.lit("    ")
		t.styled(styleWarning, "… the rest of the head was not captured")
		t.lit("\n")
	}
}

// acceptReckoning works the accept value out step by step (RFC 6455 §4.2.2 step 5.4).
func (t *Text) acceptReckoning(h *Handshake) {
	sum := sha1.Sum([]byte(h.Key + acceptGUID))
	expected := h.AcceptExpected
	if expected == "" {
		expected = base64.StdEncoding.EncodeToString(sum[:])
	}
	t.lit("  From key to accept\n")
	t.lit("    key       " + SafeString(h.Key) + "\n")
	t.lit("    + GUID    " + acceptGUID + "\n")
	t.lit("    SHA-1     " + string(appendHex(nil, sum[:])) + "\n")
	t.lit("    expected  " + SafeString(expected) + "   (base64 of the SHA-1)\n")
	t.lit("    seen      ")
	switch {
	case h.Accept == "":
		t.styled(styleWarning, "none")
	case h.Accept == expected:
		t.styled(styleGood, SafeString(h.Accept)+"   ✓ the same")
	default:
		t.styled(styleError, SafeString(h.Accept)+"   ✗ differs")
	}
	t.lit("\n")
}

func padTo(s string, width int) string {
	if n := width - Width(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}
