package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// naive interprets a tree in the order in which it was written, with neither
// closures nor shortcuts. Fields and the reading of values are the filter's own;
// operators, quantifiers and JSON are not.
func naive(n node, e *event.Event, c *ConnInfo) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *andNode:
		ok := true
		for _, x := range n.list {
			ok = naive(x, e, c) && ok
		}
		return ok
	case *orNode:
		ok := false
		for _, x := range n.list {
			ok = naive(x, e, c) || ok
		}
		return ok
	case *notNode:
		return !naive(n.x, e, c)
	}
	return naiveTest(n.(*testNode), e, c)
}

// naiveTest collects all values of the field, and of each whether it meets the operator.
func naiveTest(t *testNode, e *event.Event, c *ConnInfo) bool {
	fd := t.field.field
	var met []bool
	for i := 0; i == 0 || fd.multi; i++ {
		var ok, holds bool
		switch {
		case fd.Type == JSON:
			holds, ok = naiveJSON(t, e)
		case fd.number != nil:
			var v uint64
			if v, ok = fd.number(e, c, i); ok {
				holds = naiveNumber(t, v)
			}
		case fd.text != nil:
			var v string
			if v, ok = fd.text(e, c, i); ok {
				holds = naiveText(t, v)
			}
		default:
			var v netip.AddrPort
			if v, ok = fd.address(e, c, i); ok {
				holds = naivePlace(t, v)
			}
		}
		if !ok {
			break
		}
		met = append(met, holds)
	}
	if t.op == "!=" {
		return len(met) > 0 && !slices.Contains(met, false)
	}
	return slices.Contains(met, true)
}

func naiveCompare(op string, d int) bool {
	return map[string]bool{"==": d == 0, "!=": d != 0, "<": d < 0, "<=": d <= 0, ">": d > 0, ">=": d >= 0}[op]
}

func naiveNumber(t *testNode, v uint64) bool {
	if t.op == "" {
		return v != 0 || t.field.field.Type != Flag && !t.field.field.zeroIsNone
	}
	for _, l := range t.values {
		x, _ := numberValue(t.field, l.text)
		a, b := new(big.Int).SetUint64(v), new(big.Int).SetUint64(x)
		op := t.op
		if op == "in" {
			op = "=="
			if l.ranged {
				to, _ := numberValue(t.field, l.to)
				if a.Cmp(b) >= 0 && a.Cmp(new(big.Int).SetUint64(to)) <= 0 {
					return true
				}
				continue
			}
		}
		if naiveCompare(op, a.Cmp(b)) {
			return true
		}
	}
	return false
}

func naiveString(op, v, x string) bool {
	switch op {
	case "contains":
		return bytes.Contains([]byte(v), []byte(x))
	case "matches":
		return regexp.MustCompile(x).MatchString(v[:min(len(v), MaxMatchInput)])
	case "in":
		op = "=="
	}
	return naiveCompare(op, bytes.Compare([]byte(v), []byte(x)))
}

func naiveText(t *testNode, v string) bool {
	if t.op == "" {
		return true
	}
	exact := t.op == "==" || t.op == "!=" || t.op == "in"
	return slices.ContainsFunc(t.values, func(l literal) bool {
		x, _ := textValue(t.field.field, l, exact)
		return naiveString(t.op, v, x)
	})
}

func naivePlace(t *testNode, v netip.AddrPort) bool {
	if t.op == "" {
		return true
	}
	in := slices.ContainsFunc(t.values, func(l literal) bool {
		p, _ := placeValue(t.field.field.Type, l.text)
		if p.ported && p.port != v.Port() {
			return false
		}
		return !p.prefix.IsValid() || p.prefix.Contains(v.Addr().Unmap().WithZone(""))
	})
	return in == (t.op != "!=")
}

// member is one of an object's, in the order of the text.
type member struct {
	key   string
	value any
}

// decodeOrdered decodes the next value: members keep their order and doubles.
func decodeOrdered(d *json.Decoder) any {
	tok, _ := d.Token()
	switch tok {
	case json.Delim('{'):
		list := []member{}
		for d.More() {
			key, _ := d.Token()
			list = append(list, member{key.(string), decodeOrdered(d)})
		}
		d.Token()
		return list
	case json.Delim('['):
		list := []any{}
		for d.More() {
			list = append(list, decodeOrdered(d))
		}
		d.Token()
		return list
	}
	return tok
}

// comparableJSON reports whether naiveJSON can say what is right: it reads whole,
// valid JSON only.
func comparableJSON(payload []byte) bool { return json.Valid(payload) && utf8.Valid(payload) }

func naiveJSON(t *testNode, e *event.Event) (holds, ok bool) {
	m, is := e.Detail.(*event.Message)
	if !is || !(isText(m) || m.Opcode == 2 && m.Missing == 0 && m.Undecoded == "") || !comparableJSON(m.Payload) {
		return false, false
	}
	d := json.NewDecoder(bytes.NewReader(m.Payload))
	d.UseNumber()
	v := decodeOrdered(d)
	for _, s := range t.field.path {
		switch in := v.(type) {
		case []any:
			if s.index < 0 || s.index >= len(in) {
				return false, false
			}
			v = in[s.index]
		case []member:
			i := slices.IndexFunc(in, func(m member) bool { return s.index < 0 && m.key == s.key })
			if i < 0 {
				return false, false
			}
			v = in[i].value
		default:
			return false, false
		}
	}
	if t.op == "" {
		return true, true
	}
	if t.op == "!=" {
		return !naiveJSONEqual(t.values[0], v), true
	}
	return slices.ContainsFunc(t.values, func(l literal) bool { return naiveJSONTest(t.op, l, v) }), true
}

func naiveJSONTest(op string, l literal, v any) bool {
	s, isString := v.(string)
	n, isNumber := v.(json.Number)
	x, number := parseDecimal(l.text)
	number = number && !l.quoted
	switch {
	case op == "contains" || op == "matches":
		return isString && naiveString(op, s, l.text)
	case op == "==" || op == "in" && !l.ranged:
		return naiveJSONEqual(l, v)
	case op == "in":
		to, _ := parseDecimal(l.to)
		return isNumber && naiveDecimal(n.String(), x) >= 0 && naiveDecimal(n.String(), to) <= 0
	case number:
		return isNumber && naiveCompare(op, naiveDecimal(n.String(), x))
	}
	return isString && naiveCompare(op, strings.Compare(s, l.text))
}

func naiveJSONEqual(l literal, v any) bool {
	if !l.quoted {
		if x, ok := parseDecimal(l.text); ok {
			n, is := v.(json.Number)
			return is && naiveDecimal(n.String(), x) == 0
		}
		switch l.text {
		case "true", "false":
			return v == (l.text == "true")
		case "null":
			return v == nil
		}
	}
	return v == l.text
}

// naiveDecimal compares whole numbers of up to 64 bits exactly, others as float64.
func naiveDecimal(token string, x decimal) int {
	a, whole := new(big.Int).SetString(token, 10)
	if whole && x.whole && a.BitLen() <= 64 {
		b := new(big.Int).SetUint64(x.n)
		if x.negative {
			b.Neg(b)
		}
		return a.Cmp(b)
	}
	var f float64
	fmt.Sscan(token, &f)
	d, _ := parseDecimal(token)
	if f == 0 || f != d.f {
		f = d.f // out of range: Sscan gives nothing
	}
	switch {
	case f < x.f:
		return -1
	case f > x.f:
		return 1
	}
	return 0
}
