package tui

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// acceptGUID is what a server appends to the key (RFC 6455 §1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// handshakes are those of the open connection.
func (a *App) handshakes() []*event.Event {
	var out []*event.Event
	if a.conv == nil || a.conv.counts[event.KindHandshake] == 0 {
		return nil
	}
	for _, en := range a.conv.all {
		if a.conv.items[en.index].Kind != event.KindHandshake {
			continue
		}
		e, err := a.conv.view.Event(en.index)
		if err != nil {
			continue
		}
		if _, ok := e.Detail.(*event.Handshake); ok {
			if out = append(out, e); len(out) == a.conv.counts[event.KindHandshake] {
				break
			}
		}
	}
	return out
}

// openHandshake shows the connection's handshakes in full.
func (a *App) openHandshake() {
	if len(a.handshakes()) == 0 {
		a.say(rWarning, "no WebSocket handshake was captured on this connection")
		return
	}
	v, made := a.conv, 0
	a.open(&page{
		name:  sprintf("Handshake of connection %d", v.row.Number),
		stale: func() bool { return v.counts[event.KindHandshake] != made },
		build: func(width, _ int) document {
			made = v.counts[event.KindHandshake]
			var out fixed
			for _, e := range a.handshakes() {
				e = a.seen(e)
				out = append(out, handshakeLines(e, e.Detail.(*event.Handshake), width)...)
				out = append(out, line{})
			}
			return out
		},
	})
}

// handshakeLines is a handshake in full: verdicts, both heads (side by side where
// there is room), the way from key to accept, what was offered and chosen.
func handshakeLines(e *event.Event, h *event.Handshake, width int) []line {
	s, r := handshakeLine(h)
	out := wrapped(r, s, width)
	out = append(out, verdictMarks(h, width)...)
	out = append(out, line{})
	request := head(rClient, "→ request", strings.TrimSpace(h.Method+" "+h.Target+" HTTP/"+h.HTTPVersion), h.RequestHeaders)
	if h.Method == "" {
		request = []line{{{rClient, "→ request"}}, {{rWarning, "not captured"}}}
	}
	response := []line{{{rServer, "← response"}}, {{rWarning, "not captured"}}}
	if h.Status != 0 {
		response = head(rServer, "← response", strings.TrimSpace(fmt.Sprintf("HTTP/%s %d %s", h.HTTPVersion, h.Status, h.Reason)), h.ResponseHeaders)
	}
	if width >= 100 {
		out = append(out, beside(request, response, width/2)...)
	} else {
		out = append(append(append(out, wrapLines(request, width)...), line{}), wrapLines(response, width)...)
	}
	out = append(out, line{})
	out = append(out, reckoning(h)...)
	out = append(out, chosen(h)...)
	for _, v := range h.Verdicts {
		if !v.OK {
			out = append(out, line{})
			out = append(out, wrapped(rError, "✖ "+v.Rule+"  "+v.Text, width)...)
		}
	}
	return out
}

// verdictMarks are the rules with their verdicts, as many a line as fit.
func verdictMarks(h *event.Handshake, width int) []line {
	var out []line
	var l line
	used := 0
	for _, v := range h.Verdicts {
		mark, r := "✔ ", rGood
		if !v.OK {
			mark, r = "✖ ", rError
		}
		s := mark + v.Rule + "  "
		if n := event.Width(s); used+n > width && used > 0 {
			out, l, used = append(out, l), nil, 0
		}
		used += event.Width(s)
		l = append(l, span{r, s})
	}
	if l != nil {
		out = append(out, l)
	}
	return out
}

// head is the head of a request or response.
func head(r role, title, first string, headers []event.Header) []line {
	out := []line{{{r, title}}, {{rHeading, first}}}
	for _, h := range headers {
		out = append(out, line{{rKey, h.Name + ": "}, {rPlain, h.Value}})
	}
	return out
}

// beside puts two lists of lines side by side.
func beside(left, right []line, width int) []line {
	left, right = wrapLines(left, width-2), wrapLines(right, width-2)
	out := make([]line, max(len(left), len(right)))
	for i := range out {
		used := 0
		if i < len(left) {
			out[i] = append(line{}, left[i]...)
			used = event.Width(event.SafeString(left[i].text()))
		}
		if i < len(right) {
			out[i] = append(out[i], span{rPlain, strings.Repeat(" ", max(width-used, 1))})
			out[i] = append(out[i], right[i]...)
		}
	}
	return out
}

// wrapLines breaks the last span of lines that are too long.
func wrapLines(in []line, width int) []line {
	var out []line
	for _, l := range in {
		if event.Width(event.SafeString(l.text())) <= width || len(l) == 0 {
			out = append(out, l)
			continue
		}
		last := l[len(l)-1]
		before := 0
		for _, s := range l[:len(l)-1] {
			before += event.Width(event.SafeString(s.text))
		}
		text := event.SafeString(last.text)
		n := fitText([]byte(text), max(width-before, 8))
		out = append(out, append(append(line{}, l[:len(l)-1]...), span{last.role, text[:n]}))
		for text = text[n:]; text != ""; text = text[n:] {
			n = fitText([]byte(text), max(width-2, 8))
			out = append(out, line{{last.role, "  " + text[:n]}})
		}
	}
	return out
}

// reckoning works the accept value out step by step (RFC 6455 §4.2.2 step 5.4).
func reckoning(h *event.Handshake) []line {
	if h.Key == "" {
		return nil
	}
	sum := sha1.Sum([]byte(h.Key + acceptGUID))
	want := base64.StdEncoding.EncodeToString(sum[:])
	seen := line{{rKey, "seen      "}, {rGood, h.Accept + "  ✔ the same"}}
	switch {
	case h.Accept == "":
		seen = line{{rKey, "seen      "}, {rWarning, "none"}}
	case h.Accept != want:
		seen = line{{rKey, "seen      "}, {rError, h.Accept + "  ✖ differs"}}
	}
	return []line{
		{{rHeading, "From key to accept"}},
		{{rKey, "key       "}, {rPlain, h.Key}},
		{{rKey, "+ GUID    "}, {rPlain, acceptGUID}},
		{{rKey, "SHA-1     "}, {rPlain, fmt.Sprintf("%x", sum)}},
		{{rKey, "expected  "}, {rPlain, want + "  (its base64)"}},
		seen,
	}
}

// chosen sets what was offered against what was chosen.
func chosen(h *event.Handshake) []line {
	or := func(s string) string { return cmpOr(s, "–") }
	return []line{
		{},
		{{rHeading, pad("", 14, false)}, {rClient, pad("offered", 44, false)}, {rServer, "chosen"}},
		{{rKey, pad("extensions", 14, false)}, {rPlain, pad(or(h.ExtensionsOffered), 44, false)}, {rPlain, or(h.Extensions)}},
		{{rKey, pad("subprotocols", 14, false)}, {rPlain, pad(or(strings.Join(h.SubprotocolsOffered, ", ")), 44, false)}, {rPlain, or(h.Subprotocol)}},
		{{rKey, pad("version", 14, false)}, {rPlain, pad(or(h.Version), 44, false)}, {rPlain, ""}},
	}
}
