package wstest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// AssertHandshake fails the test unless every WebSocket connection was opened
// as RFC 6455 §4 demands: the server answered 101, and no HS rule of severity
// error is broken, the accept value included. It waits for the answers.
func (r *Recording) AssertHandshake(t testing.TB) {
	t.Helper()
	list, ok := r.await(t, "AssertHandshake", answered)
	if !ok {
		return
	}
	for _, c := range list {
		var bad []Finding
		for _, f := range c.findings() {
			if strings.HasPrefix(f.Rule, "HS-") && f.Severity == event.Error {
				bad = append(bad, f)
			}
		}
		hs := c.handshakes()
		switch {
		case len(bad) > 0:
			c.fail(t, "AssertHandshake", "the opening handshake breaks "+count(len(bad), "rule"), c.describe(bad))
		case len(hs) == 0:
			c.fail(t, "AssertHandshake", "the opening handshake was not answered, or not recorded (RFC 6455 §4)", c.scene(place{}))
		case !hs[len(hs)-1].Accepted:
			c.fail(t, "AssertHandshake", fmt.Sprintf("the server answered %d instead of 101 (RFC 6455 §4.2.2)", hs[len(hs)-1].Status), c.scene(place{opening: true}))
		}
	}
}

// AssertMasked fails the test unless every frame of a client is masked, as RFC
// 6455 §5.1 demands, with keys that change and cannot be foretold (§5.3): rules
// WS-MASK and WS-MASK-KEY. At least one frame of a client must be there.
func (r *Recording) AssertMasked(t testing.TB) {
	t.Helper()
	r.assertFrames(t, "AssertMasked", ClientSide, websocket.RuleMask, websocket.RuleMaskKey)
}

// AssertUnmasked fails the test unless no frame of a server is masked (RFC 6455
// §5.1): rule WS-MASK. At least one frame of a server must be there.
func (r *Recording) AssertUnmasked(t testing.TB) {
	t.Helper()
	r.assertFrames(t, "AssertUnmasked", ServerSide, websocket.RuleMask)
}

// assertFrames fails the test if a side sent no frames, or broke one of the rules.
func (r *Recording) assertFrames(t testing.TB, name string, side Side, rules ...websocket.Rule) {
	t.Helper()
	list, ok := r.webSockets(t, name)
	if !ok {
		return
	}
	frames := 0
	for _, c := range list {
		for _, e := range c.events {
			if e.From == side && e.Detail.Kind() == event.KindFrame {
				frames++
			}
		}
		var bad []Finding
		for _, f := range c.findings() {
			for _, rule := range rules {
				if f.From == side && f.Rule == string(rule) {
					bad = append(bad, f)
				}
			}
		}
		if len(bad) > 0 {
			c.fail(t, name, bad[0].Text, c.describe(bad))
		}
	}
	if frames == 0 {
		t.Errorf("wstest: %s: the %v sent no frame: there is nothing to judge%s", name, side, outline(list))
	}
}

// AssertSubprotocol fails the test unless the server chose the subprotocol
// name in every accepted handshake, and the client had offered it (RFC 6455
// §4.2.2). An empty name means that none was chosen. It waits for the answers.
func (r *Recording) AssertSubprotocol(t testing.TB, name string) {
	t.Helper()
	list, ok := r.await(t, "AssertSubprotocol", answered)
	if !ok {
		return
	}
	for _, c := range list {
		h := c.accepted()
		if h == nil {
			c.fail(t, "AssertSubprotocol", "no handshake was accepted", c.scene(place{opening: true}))
			continue
		}
		offered := fmt.Sprintf("the client offered %q", h.SubprotocolsOffered)
		if h.Subprotocol != name {
			c.fail(t, "AssertSubprotocol", fmt.Sprintf("the server chose %s, want %s; %s (RFC 6455 §4.2.2, Sec-WebSocket-Protocol)",
				orNone(h.Subprotocol), orNone(name), offered), c.scene(place{opening: true}))
			continue
		}
		for _, f := range c.findings() {
			if f.Rule == string(websocket.RuleSubprotocol) {
				c.fail(t, "AssertSubprotocol", f.Text, c.describe([]Finding{f}))
			}
		}
	}
}

func orNone(s string) string {
	if s == "" {
		return "no subprotocol"
	}
	return fmt.Sprintf("%q", s)
}

// AssertCompressed fails the test unless, on every WebSocket connection,
// permessage-deflate was agreed on (RFC 7692 §5.1), at least one message was
// sent compressed, and every compressed message could be decompressed. It waits
// for the first compressed message.
func (r *Recording) AssertCompressed(t testing.TB) {
	t.Helper()
	list, ok := r.await(t, "AssertCompressed", func(c *conversation) bool {
		h := c.accepted()
		return len(c.handshakes()) > 0 && (h == nil || !agreed(h) || c.compressed() > 0)
	})
	if !ok {
		return
	}
	for _, c := range list {
		h := c.accepted()
		if h == nil {
			c.fail(t, "AssertCompressed", "no handshake was accepted", c.scene(place{opening: true}))
			continue
		}
		if !agreed(h) {
			c.fail(t, "AssertCompressed", fmt.Sprintf("permessage-deflate was not agreed on: the client offered %s, the server answered %s (RFC 7692 §5.1)",
				orNothing(h.ExtensionsOffered), orNothing(h.Extensions)), c.scene(place{opening: true}))
			continue
		}
		if c.compressed() == 0 {
			c.fail(t, "AssertCompressed", "no message was sent compressed, though permessage-deflate was agreed on (RFC 7692 §6)", c.scene(place{}))
		}
		for _, e := range c.events {
			if m, ok := e.Detail.(*event.Message); ok && m.Compressed && m.Undecoded != "" {
				c.fail(t, "AssertCompressed", fmt.Sprintf("message %d of the %v does not decompress: %s (RFC 7692 §7.2.2)",
					m.Number, e.From, m.Undecoded), c.scene(place{from: e.From, message: m.Number}))
				break
			}
		}
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", s)
}

// agreed tells whether the server accepted permessage-deflate.
func agreed(h *Handshake) bool {
	list, _ := websocket.ParseExtensions([]string{h.Extensions})
	for i := range list {
		if strings.EqualFold(list[i].Name, websocket.PMDName) {
			return true
		}
	}
	return false
}

func (c *conversation) compressed() (n int) {
	for _, e := range c.events {
		if m, ok := e.Detail.(*event.Message); ok && m.Compressed {
			n++
		}
	}
	return n
}

// accepted returns the handshake that opened the WebSocket, or nil.
func (c *conversation) accepted() *Handshake {
	for _, h := range c.handshakes() {
		if h.Accepted {
			return h
		}
	}
	return nil
}

// AssertClose fails the test unless, on every WebSocket connection, the first
// close frame carries the status code. As in the APIs of WebSocket libraries
// (RFC 6455 §7.1.5), 1005 is a close frame without a code, and 1006 a connection
// that ended without a close frame; a code that may not be sent (§7.4.1) fails
// even if it is asked for. It waits for the close frame or the end.
func (r *Recording) AssertClose(t testing.TB, code int) {
	t.Helper()
	list, ok := r.await(t, "AssertClose", func(c *conversation) bool {
		_, m := c.firstClose()
		return m != nil
	})
	if !ok {
		return
	}
	for _, c := range list {
		from, m := c.firstClose()
		if m == nil {
			switch {
			case c.open() || c.sum != nil && c.sum.State == "open":
				c.fail(t, "AssertClose", fmt.Sprintf("there is no close frame, and the connection is still open; want code %d (RFC 6455 §7.1.5)", code), c.scene(place{}))
			case code != 1006:
				c.fail(t, "AssertClose", fmt.Sprintf("the connection ended without a close frame (1006), want code %d (RFC 6455 §7.1.5)", code), c.scene(place{}))
			}
			continue
		}
		if fault := closeFault(from, m, code); fault != "" {
			c.fail(t, "AssertClose", fault, c.scene(place{from: from, message: m.Number, frame: c.frameOf(from, m.Number)}))
		}
	}
}

// closeFault says why a side's close message is not one with the code wanted,
// nothing if it is.
func closeFault(from Side, m *event.Message, want int) string {
	got, _, whole := m.CloseCode()
	switch {
	case m.Length == 0 && want == 1005:
		return ""
	case m.Length == 0:
		return fmt.Sprintf("the %v's close frame has no code (1005), want code %d (RFC 6455 §7.1.5)", from, want)
	case !whole:
		return fmt.Sprintf("the %v's close frame has no whole code, want code %d (RFC 6455 §5.5.1)", from, want)
	case !websocket.CloseCodeAllowed(got):
		return fmt.Sprintf("the %v's close frame carries code %d (%s), which may not be sent (RFC 6455 §7.4)", from, got, websocket.CloseCodeName(got))
	case int(got) != want:
		return fmt.Sprintf("the %v closed with code %d (%s), want %d (RFC 6455 §7.4)", from, got, websocket.CloseCodeName(got), want)
	}
	return ""
}

func (c *conversation) firstClose() (from Side, m *event.Message) {
	for _, e := range c.events {
		if m, ok := e.Detail.(*event.Message); ok && m.Opcode == uint8(websocket.Close) {
			return e.From, m
		}
	}
	return event.NoSide, nil
}

// frameOf returns the number of the first frame of a message, 0 if it is not there.
func (c *conversation) frameOf(from Side, message uint64) uint64 {
	for _, e := range c.events {
		if f, ok := e.Detail.(*event.Frame); ok && e.From == from && f.Message == message {
			return f.Number
		}
	}
	return 0
}

// AssertConformant fails the test if any rule of severity error is broken on
// any connection: the same rules as in `sockeye check`. Warnings are logged;
// Strict makes them fail as well. ignore names rules to leave out, "WS-UTF8" or
// "PMD-*". At least one WebSocket connection must be there.
func (r *Recording) AssertConformant(t testing.TB, ignore ...string) {
	t.Helper()
	list, ok := r.webSockets(t, "AssertConformant")
	if !ok {
		return
	}
	fails := event.Error
	if r.opt.strict {
		fails = event.Warning
	}
	for _, c := range list {
		var bad, minor []Finding
		for _, f := range c.findings() {
			switch {
			case ignored(f.Rule, ignore):
			case f.Severity >= fails:
				bad = append(bad, f)
			case f.Severity == event.Warning:
				minor = append(minor, f)
			}
		}
		if len(minor) > 0 {
			var b strings.Builder
			for i := range minor {
				fmt.Fprintf(&b, "\n  %v", minor[i])
			}
			t.Logf("wstest: AssertConformant: warnings on %s%s", c.title(), b.String())
		}
		if len(bad) > 0 {
			c.fail(t, "AssertConformant", "broken: "+count(len(bad), "rule"), c.describe(bad))
		}
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func ignored(rule string, ignore []string) bool {
	for _, i := range ignore {
		if prefix, ok := strings.CutSuffix(i, "*"); i == rule || ok && strings.HasPrefix(rule, prefix) {
			return true
		}
	}
	return false
}

// fail reports what an assertion found wrong with a conversation.
func (c *conversation) fail(t testing.TB, name, what, scene string) {
	t.Helper()
	t.Errorf("wstest: %s: %s\n  on %s\n%s", name, event.SafeString(what), c.title(), strings.TrimRight(scene, "\n"))
}

// answered tells whether the conversation's handshake is complete.
func answered(c *conversation) bool { return len(c.handshakes()) > 0 }

// await waits until every WebSocket connection is ready, and there is one, and returns them.
func (r *Recording) await(t testing.TB, name string, ready func(*conversation) bool) ([]*conversation, bool) {
	t.Helper()
	v := r.wait(t, func(v *view) bool {
		some := false
		for _, c := range r.of(v) {
			if c.webSocket() {
				some = true
				if !ready(c) && c.open() {
					return false
				}
			}
		}
		return some
	})
	return r.sift(t, name, v)
}

// webSockets returns the WebSocket connections when all connections ended or went quiet.
func (r *Recording) webSockets(t testing.TB, name string) ([]*conversation, bool) {
	t.Helper()
	r.wait(t, func(v *view) bool { return slices.ContainsFunc(r.of(v), (*conversation).webSocket) })
	return r.sift(t, name, r.watch(r.patience(t), r.opt.quiet, func(*view) bool { return false }))
}

// sift returns the WebSocket connections of a view. The test fails if there are
// none, or if the recording is not whole.
func (r *Recording) sift(t testing.TB, name string, v *view) ([]*conversation, bool) {
	t.Helper()
	if v.err != nil {
		t.Errorf("wstest: %s: %v%s", name, v.err, outline(r.of(v)))
		return nil, false
	}
	var out []*conversation
	for _, c := range r.of(v) {
		if c.webSocket() {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		t.Errorf("wstest: %s: no WebSocket connection was recorded%s", name, outline(r.of(v)))
	}
	return out, len(out) > 0
}
