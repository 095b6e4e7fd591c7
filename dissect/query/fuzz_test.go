package query

import (
	"errors"
	"reflect"
	"testing"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

func seeds() []string {
	l := []string{
		"", "opcode == text and (length > 4k or latency > 50ms)", `text matches "(?i)a+b" || !masked && fin`, "close.code in {1006, 1011..1013}",
		"ip.addr == 10.0.0.0/8 and port != 8080", `json.user."a b"[0] == "x\n" and json.n < 1.5e3`, "not not (fin or not header.cookie)", "latency_ms >= 5 and rtt_ms < 1",
		"from == sever", "length > 4kk", "text == \"", "a = b", "x..y", "conn in {1 .. 2 3}", "json[0][1].k", `r"\d" == fin`, "text == json.\"a b\"", "server == [::1]:80", "json in {1..2, x}",
	}
	for _, f := range Fields() {
		l = append(l, f.Examples...)
	}
	return l
}

// same compares trees without positions.
func same(a, b node) bool { return reflect.DeepEqual(plain(a), plain(b)) }

// plain makes of a tree what it says.
func plain(n node) any {
	list := func(kind string, nodes []node) any {
		l := []any{kind}
		for _, x := range nodes {
			l = append(l, plain(x))
		}
		return l
	}
	switch n := n.(type) {
	case *andNode:
		return list("and", n.list)
	case *orNode:
		return list("or", n.list)
	case *notNode:
		return list("not", []node{n.x})
	case *testNode:
		l := []any{n.field.name, n.field.field.Name, n.field.millis, n.field.path, n.op}
		for _, v := range n.values {
			l = append(l, [2]string{v.text, v.to}, v.quoted, v.ranged)
		}
		return l
	}
	return nil
}

// FuzzCompile: errors are in the filter; what compiles, prints as a filter that is the same.
func FuzzCompile(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		Complete(expr, len(expr)/2)
		for _, c := range Complete(expr, len(expr)) {
			if c.Start < 0 || c.Start > c.End || c.End > len(expr) || c.Text == "" {
				t.Fatalf("completion %+v of %d bytes", c, len(expr))
			}
		}
		q, err := Compile(expr)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Msg == "" {
				t.Fatalf("error %#v", err)
			}
			if e.Pos < 0 || e.Pos > e.End || e.End > len(expr) {
				t.Fatalf("error at %d to %d of %d bytes: %v", e.Pos, e.End, len(expr), e)
			}
			if e.Caret(expr) == "" || e.Error() == "" {
				t.Fatal("nothing to show")
			}
			return
		}
		printed := q.String()
		if len(printed) > MaxExpr {
			return // escapes are longer than what they stand for
		}
		again, err := Compile(printed)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", expr, printed, err)
		}
		if !same(q.root, again.root) || again.String() != printed {
			t.Fatalf("%q prints as %q, and that as %q", expr, printed, again.String())
		}
		if q.Needs() != again.Needs() {
			t.Fatalf("%q needs %d, %q needs %d", expr, q.Needs(), printed, again.Needs())
		}
	})
}

// FuzzMatch: a compiled filter agrees with the naive interpreter.
func FuzzMatch(f *testing.F) {
	for i, s := range seeds() {
		f.Add(s, []byte(`{"user":{"name":"x","a b":["x\n"]},"n":3}`), uint64(i), uint64(i*7))
	}
	f.Add(`json.a == "\u00e9" or json[0] == chat`, []byte(`["chat",{"\u0061":"\u00e9\ud83d\ude00\ud800"}]`), uint64(1), uint64(1))
	f.Add("json.a.b == 1", []byte(`{"a":1,"a":{"b":1}}`), uint64(1), uint64(1))
	f.Add("json == -0 or json >= 1e400", []byte(` -0.0 `), uint64(1), uint64(1))
	info := testInfo()
	names := []string{"text", "empty", "json", "binary", "close", "bare", "pong", "holed", "frame", "conn", "handshake", "data", "gap", "finding"}
	f.Fuzz(func(t *testing.T, expr string, payload []byte, pick, number uint64) {
		q, err := Compile(expr)
		if err != nil {
			return
		}
		e := testEvents()[names[pick%uint64(len(names))]]
		e.Conn, e.From = number, event.Side(number%3)
		switch d := e.Detail.(type) {
		case *event.Message:
			if pick%2 == 0 {
				d.Payload, d.Length = payload, number
			}
		case *event.Frame:
			d.Length, d.Opcode, d.RSV = number, uint8(number)&15, uint8(number)&7
		case *event.Data:
			d.Bytes = payload
		}
		c := info
		if number%5 == 0 {
			c = nil
		}
		got := q.Match(e, c)
		if got != q.Match(e, c) {
			t.Fatalf("%q: not the same twice", expr)
		}
		if m, ok := e.Detail.(*event.Message); ok && q.pool != nil && !comparableJSON(m.Payload) {
			return // JSON that is cut off or not JSON: the naive one cannot say
		}
		if want := naive(q.root, e, c); got != want {
			t.Fatalf("%q is %v, by the naive interpreter %v", q, got, want)
		}
	})
}
