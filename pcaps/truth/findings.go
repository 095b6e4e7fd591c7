package truth

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// rules maps what a truth file says about a violation to the rule that must report it.
var rules = []struct {
	what *regexp.Regexp
	rule string
}{
	{regexp.MustCompile(`bare LF|obs-fold`), "HS-SYNTAX"},
	{regexp.MustCompile(`before the server's handshake`), "HS-EARLY-DATA"},
	{regexp.MustCompile(`Sec-WebSocket-Key|key does not decode|key is not base64`), "HS-KEY"},
	{regexp.MustCompile(`Sec-WebSocket-Version`), "HS-VERSION"},
	{regexp.MustCompile(`method is not GET|HTTP/1\.0`), "HS-METHOD"},
	{regexp.MustCompile(`Host header`), "HS-HOST"},
	{regexp.MustCompile(`Connection header|Connection: Upgrade`), "HS-CONNECTION"},
	{regexp.MustCompile(`Upgrade: websocket`), "HS-UPGRADE"},
	{regexp.MustCompile(`Accept`), "HS-ACCEPT"},
	{regexp.MustCompile(`subprotocol`), "HS-SUBPROTOCOL"},
	{regexp.MustCompile(`extension that was not offered`), "HS-EXTENSION"},
	{regexp.MustCompile(`window_bits`), "HS-EXTENSION"},
	{regexp.MustCompile(`masking key`), "WS-MASK-KEY"},
	{regexp.MustCompile(`masked`), "WS-MASK"},
	{regexp.MustCompile(`RSV\d`), "WS-RSV"},
	{regexp.MustCompile(`minimal form|most significant bit`), "WS-LENGTH"},
	{regexp.MustCompile(`opcode`), "WS-OPCODE"},
	{regexp.MustCompile(`FIN=0|longer than 125`), "WS-CONTROL"},
	{regexp.MustCompile(`no message started|before the previous fragmented`), "WS-FRAGMENT"},
	{regexp.MustCompile(`UTF-8|code point`), "WS-UTF8"},
	{regexp.MustCompile(`close body|close code`), "WS-CLOSE"},
	{regexp.MustCompile(`after a close|second close`), "WS-AFTER-CLOSE"},
	{regexp.MustCompile(`DEFLATE`), "PMD-INFLATE"},
}

// findings checks that each violation is reported under its rule against its
// side and frame, and that no other error is.
func (k *checker) findings(t *Connection, c *Conn) {
	if t.Case == "" && !isWebSocket(t) {
		return
	}
	explained := map[string]bool{}
	for _, v := range t.Violations {
		rule := ruleFor(v.What)
		explained[rule] = true
		frame := uint64(0)
		if v.Where == "frame" && !strings.Contains(v.What, "every frame") {
			frame = uint64(v.Frame) + 1
		}
		side := event.Client
		if v.Dir == "s2c" {
			side = event.Server
		}
		k.count(Findings, 1)
		hit := slices.ContainsFunc(c.Findings, func(f Said[*event.Finding]) bool {
			return f.D.Rule == rule && f.D.Severity != event.Info && f.From == side && (frame == 0 || f.D.Frame == frame)
		})
		if !hit {
			k.differ(Findings, "conn %d %s: %s (%s) by %v in frame %d: want %s, got %s", t.ID, t.Case, v.What, v.Section, side, frame, rule, named(c.Findings))
		}
	}
	k.count(Findings, 1)
	for _, f := range c.Findings {
		if f.D.Severity == event.Error && !explained[f.D.Rule] {
			k.differ(Findings, "conn %d %s: unexplained error %s: %s", t.ID, t.Case, f.D.Rule, f.D.Text)
		}
	}
}

func ruleFor(what string) string {
	for _, r := range rules {
		if r.what.MatchString(what) {
			return r.rule
		}
	}
	return "no rule for it"
}

func named(found []Said[*event.Finding]) string {
	var out []string
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s (%v, %v, frame %d)", f.D.Rule, f.D.Severity, f.From, f.D.Frame))
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, ", ")
}
