package query

import (
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

func compiled(tb testing.TB, expr string) *Filter {
	tb.Helper()
	f, err := Compile(expr)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// BenchmarkMatch is the cost of one event. Every clause of "five" is looked at.
func BenchmarkMatch(b *testing.B) {
	text := testMessage(1, "hello world")
	doc := testMessage(1, `{"type":"tick","data":{"id":17,"name":"`+strings.Repeat("x", 200)+`"},"n":5}`)
	conn := testEvents()["conn"]
	info := testInfo()
	for _, bc := range []struct {
		name, expr string
		e          *event.Event
	}{
		{"one", "opcode == text", text},
		{"five", "opcode == text and from == client and length > 4 and port == 8080 and host == chat.example.com", text},
		{"five-numbers", "opcode == text and from == client and length > 4 and masked and conn in {1, 3, 5..9}", text},
		{"five-or", "opcode == close or from == server or length > 4k or port == 80 or host == x", text},
		{"address", "ip.addr == 10.0.0.0/8", text},
		{"address-of-conn", "ip.addr == 10.0.0.0/8", conn},
		{"contains", "text contains world", text},
		{"matches", `text matches "w[a-z]+d"`, text},
		{"json", "json.n == 5", doc},
		{"json-two", "json.type == tick and json.n == 5", doc},
	} {
		b.Run(bc.name, func(b *testing.B) {
			f := compiled(b, bc.expr)
			b.ReportAllocs()
			for b.Loop() {
				f.Match(bc.e, info)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := Compile("opcode == text and (length > 4k or latency > 50ms) and host == x"); err != nil {
			b.Fatal(err)
		}
	}
}

// No test of a field allocates; JSON allocates nothing from one event to the next.
func TestMatchDoesNotAllocate(t *testing.T) {
	info := testInfo()
	exprs := []string{
		`json.user.id == 1234567890123456789 and json.items[1].price >= 10`, `json."odd key" contains "é"`,
		"opcode == text and from == client and length > 4 and port == 8080 and host == chat.example.com",
		"client == 10.0.0.0/8", "header.cookie contains a", "finding == WS-MASK", `text matches "w[a-z]+d"`, `close.reason != x`,
		"text in {a, b, c, d, e, f, g, h, i, j}", "ip.addr != 10.0.0.0/8", "not tls or websocket",
	}
	for _, f := range Fields() {
		if f.Type != JSON && f.Name != "header.NAME" {
			exprs = append(exprs, f.Name)
		}
	}
	events := testEvents()
	for _, expr := range exprs {
		if pooled := strings.Contains(expr, "json") || strings.Contains(expr, "matches"); raceEnabled && pooled {
			t.Logf("%q: not measured, the race detector empties its pool", expr)
			continue
		}
		f := compiled(t, expr)
		allocs := testing.AllocsPerRun(20, func() {
			for _, e := range events {
				f.Match(e, info)
			}
		})
		if allocs > 0 {
			t.Errorf("%q: %.1f allocations for %d events", expr, allocs, len(events))
		}
	}
}
