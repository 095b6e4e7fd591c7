package query

import (
	"strings"
	"sync"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

func matchPayload(t *testing.T, expr, payload string) bool {
	t.Helper()
	return compiled(t, expr).Match(testMessage(1, payload), nil)
}

func TestJSON(t *testing.T) {
	for _, tc := range []struct {
		expr, payload string
		want          bool
	}{
		// Socket.IO and Engine.IO stand before their JSON.
		{"json[0] == chat", `42["chat",{"x":1}]`, true},
		{"json[1].x == 1", `42["chat",{"x":1}]`, true},
		{"json[1].x == 1", `42/admin,17["chat",{"x":1}]`, true},
		{"json[0] == file", `451-["file",{"_placeholder":true,"num":0}]`, true},
		{"json.sid == abc", `0{"sid":"abc"}`, true},
		{"json == 42", `42`, true},
		{"json == 2", `2probe`, false},

		// What comes after the value does not count; what is cut off is not there.
		{"json.a == 1", `{"a":1,`, true},
		{"json.a == 1", `{"a":1`, false},
		{"json.a == x", `{"a":"x"`, true},
		{"json.a == x", `{"a":"x`, false},
		{"json.b == 1", `{"a":{"b":2},"b":1}`, true},
		{"json.b", `{"a":"}","c":[{"b":1}]}`, false},
		{"json.b == 1", `{"a":"\"","b":1}`, true},
		{"json.b == 1", `{"a":"\\","b":1}`, true},
		{"json.a", `garbage{"a":1}`, false},
		{"json.a", `{"a":tru}`, false},
		{"json.a", `{"a" 1}`, false},
		{"json[1]", `[1]`, false},
		{"json[0]", `[]`, false},
		{"json[0]", `[ ]`, false},
		{"json[0]", `{"0":1}`, false},
		{"json.0 == 1", `{"0":1}`, true},
		{"json.a", ``, false},
		{"json", `hello`, false},

		// Escapes in keys and values.
		{`json."é" == "😀"`, `{"\u00e9":"\ud83d\ude00"}`, true},
		{`json.a == "�A"`, `{"a":"\ud800\u0041"}`, true},
		{"json.a", `{"a":"\q"}`, false},
		{`json.a == "/\t"`, `{"a":"\/\t"}`, true},

		// Kinds do not mix.
		{"json.a == 5", `{"a":"5"}`, false},
		{`json.a == "5"`, `{"a":5}`, false},
		{"json.a != 5", `{"a":"5"}`, true},
		{"json.a > 4", `{"a":"5"}`, false},
		{"json.a > b", `{"a":"c"}`, true},
		{"json.a contains 5", `{"a":15}`, false},
		{"json.a == true", `{"a":true}`, true},
		{"json.a != true", `{"b":true}`, false},
		{"json.a in {1..3, x, null}", `{"a":null}`, true},
		{"json.a in {1..3, x, null}", `{"a":2.5}`, true},
		{"json.a == -18446744073709551615", `{"a":-18446744073709551615}`, true},
		{"json.a == 18446744073709551614", `{"a":18446744073709551615}`, false},
		{"json.a == 1e3", `{"a":1000}`, true},
		{"json.a < -1", `{"a":-2}`, true},
	} {
		if got := matchPayload(t, tc.expr, tc.payload); got != tc.want {
			t.Errorf("%s on %s is %v", tc.expr, tc.payload, got)
		}
	}
}

// JSON in a binary message counts, in what has holes or is compressed it does not.
func TestJSONWhere(t *testing.T) {
	f := compiled(t, "json.a == 1")
	e := testMessage(2, `{"a":1}`)
	m := e.Detail.(*event.Message)
	if !f.Match(e, nil) {
		t.Error("not found in a binary message")
	}
	m.Undecoded = "no context"
	if f.Match(e, nil) {
		t.Error("found in what is not decompressed")
	}
	m.Undecoded, m.Missing = "", 1
	if f.Match(e, nil) {
		t.Error("found in a message with a hole")
	}
	if f.Match(testMessage(9, `{"a":1}`), nil) {
		t.Error("found in a ping")
	}
}

// Nesting costs no stack.
func TestJSONDeep(t *testing.T) {
	const deep = 1 << 20
	payload := `{"a":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + `,"b":1}`
	if !matchPayload(t, "json.b == 1", payload) {
		t.Error("not found behind deep nesting")
	}
}

// A value that two tests ask for, or two events after each other, is never taken
// from the event before, on any number of goroutines.
func TestJSONCache(t *testing.T) {
	f := compiled(t, `json.a == "x\ny" or json.a == 2 or json.a == 3 and json.b`)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				for payload, want := range map[string]bool{
					`{"a":"x\ny"}`: true, `{"a":"x\nz"}`: false, `{"a":2}`: true, `{"a":3}`: false, `{"a":3,"b":0}`: true, `{"b":0}`: false,
				} {
					if f.Match(testMessage(1, payload), nil) != want {
						t.Errorf("%s is not %v", payload, want)
					}
				}
			}
		})
	}
	wg.Wait()
}

// matches looks at the beginning of a value only.
func TestMatchesBound(t *testing.T) {
	long := strings.Repeat("a", MaxMatchInput)
	if matchPayload(t, "text matches b", long+"b") || !matchPayload(t, "text matches b", long[1:]+"b") {
		t.Error("the bound of matches is not MaxMatchInput")
	}
	if !matchPayload(t, "text contains b", long+"b") {
		t.Error("contains is bounded")
	}
}

// Tests of unlike cost give the same in any order.
func TestOrderIsFree(t *testing.T) {
	tests := []string{"json.user.name == x", "opcode == text", "text matches user", "ip.addr == 10.0.0.0/8", "length > 4k", "not masked", "host contains chat"}
	for name, e := range testEvents() {
		for i := range tests {
			for j := range tests {
				for _, op := range []string{" and ", " or "} {
					a, b := compiled(t, tests[i]+op+tests[j]), compiled(t, tests[j]+op+tests[i])
					if got := a.Match(e, testInfo()); got != b.Match(e, testInfo()) || got != naive(a.root, e, testInfo()) {
						t.Errorf("%s: %q depends on the order", name, a)
					}
				}
			}
		}
	}
}
