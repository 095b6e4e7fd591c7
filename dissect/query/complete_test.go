package query

import (
	"slices"
	"strings"
	"testing"
)

// The cursor is where the bar stands.
func TestComplete(t *testing.T) {
	for _, tc := range []struct {
		expr  string
		first string   // the first completion; empty: none
		also  []string // others that are offered
		not   []string
	}{
		{"|", "kind", []string{"opcode", "json.", "header.", "not"}, []string{"and", "websocket.opcode", "json.PATH"}},
		{"op|", "opcode", nil, []string{"length"}},
		{"len|", "length", []string{"wire_length", "header_length"}, []string{"opcode"}},
		{"websocket.op|", "websocket.opcode", nil, []string{"opcode"}},
		{"tcp.|", "tcp.stream", []string{"tcp.port", "tcp.srcport"}, nil},
		{"opcode |", "==", []string{"in", ">=", "and", "or"}, []string{"contains"}},
		{"text con|", "contains", nil, []string{"and"}},
		{"masked a|", "and", nil, []string{"or"}},
		{"opcode == |", "continuation", []string{"text", "pong"}, nil},
		{"opcode == te|", "text", nil, []string{"pong"}},
		{"opcode != p|", "ping", []string{"pong"}, nil},
		{"from == |", "client", []string{"server"}, nil},
		{"masked == t|", "true", nil, nil},
		{"opcode in |", "{", nil, nil},
		{"opcode in {|", "continuation", nil, nil},
		{"opcode in {text, cl|", "close", nil, []string{"text"}},
		{"opcode not in {text} |", "and", []string{"or"}, nil},
		{"finding == ws-m|", "WS-MASK", []string{"WS-MASK-KEY"}, []string{"HS-HOST"}},
		{"finding == mask|", "WS-MASK", []string{"WS-MASK-KEY"}, nil},
		{"state == re|", "reset", nil, nil},
		{"protocol == w|", "websocket", nil, nil},
		{"guess == re|", "redis", nil, nil},
		{"severity >= |", "info", []string{"error"}, nil},
		{"length > 4k |", "and", []string{"or"}, nil},
		{"length > 4k and (fr|", "from", []string{"frames"}, nil},
		{"not ma|", "masked", nil, nil},
		{"(fin) o|", "or", nil, nil},
		{"fin o|r masked", "or", nil, nil},
		{"op|code == text", "opcode", nil, nil},
		{"text == \"op|", "", nil, nil},
		{"length > |", "", nil, nil},
		{"xyzzy |", "and", nil, []string{"=="}},
		{"json.a |", "==", []string{"contains"}, nil},
		{"json.a|", "", nil, nil},
	} {
		before, after, _ := strings.Cut(tc.expr, "|")
		var got []string
		for _, c := range Complete(before+after, len(before)) {
			got = append(got, c.Text)
			if c.Start > len(before) || c.End < len(before) {
				t.Errorf("%q: %q takes the place of bytes %d to %d, away from the cursor", tc.expr, c.Text, c.Start, c.End)
			}
		}
		if tc.first == "" && len(got) > 0 || tc.first != "" && (len(got) == 0 || got[0] != tc.first) {
			t.Errorf("%q: got %q, want %q first", tc.expr, got, tc.first)
		}
		for _, s := range tc.also {
			if !slices.Contains(got, s) {
				t.Errorf("%q: %q is not offered: %q", tc.expr, s, got)
			}
		}
		for _, s := range tc.not {
			if slices.Contains(got, s) {
				t.Errorf("%q: %q is offered", tc.expr, s)
			}
		}
	}
}

// Completing a whole word takes the place of all of it.
func TestCompleteReplacesTheWord(t *testing.T) {
	expr := "fin and opxyz == text"
	got := Complete(expr, len("fin and op"))
	if len(got) == 0 || expr[:got[0].Start]+got[0].Text+expr[got[0].End:] != "fin and opcode == text" {
		t.Errorf("got %+v", got)
	}
}
