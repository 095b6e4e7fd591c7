package query

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Costs that operators add to those of fields.
const (
	costSet      = 3
	costContains = 20
	costMatches  = 300
)

// test compiles one test of a field.
func (f *Filter) test(t *testNode) (part, *Error) {
	fd := t.field.field
	if t.op != "" && !fd.takes(t.op) {
		return part{}, wrongOperator(t)
	}
	cost := fd.cost
	switch t.op {
	case "in":
		cost += costSet
	case "contains":
		cost += costContains
	case "matches":
		cost += costMatches
	}
	var p pred
	var err *Error
	switch {
	case fd.Type == JSON:
		p, err = f.jsonTest(t)
	case t.op == "":
		p = present(fd)
	case fd.number != nil:
		p, err = numberTest(t)
	case fd.text != nil:
		p, err = textTest(t)
	default:
		p, err = placeTest(t)
	}
	return part{p, cost}, err
}

func wrongOperator(t *testNode) *Error {
	fd := t.field.field
	ops := fd.operators()
	e := &Error{Pos: t.opPos[0], End: t.opPos[1],
		Msg: t.field.name + " is a " + fd.Type.String() + " and takes " + strings.Join(ops[:len(ops)-1], " ") + " and " + ops[len(ops)-1] + ", not " + t.op}
	if fd.Type == Address || fd.Type == Endpoint {
		e.Msg = strings.Replace(e.Msg, " is a ", " is an ", 1)
	}
	if t.op == "contains" || t.op == "matches" {
		e.Suggest = "=="
	}
	return e
}

// present compiles a field that stands alone: is it set, is it there.
func present(fd *field) pred {
	switch {
	case fd.number != nil && (fd.Type == Flag || fd.zeroIsNone):
		get := fd.number
		return func(e *event.Event, c *ConnInfo, _ *scratch) bool {
			v, ok := get(e, c, 0)
			return ok && v != 0
		}
	case fd.number != nil:
		return there(fd.number)
	case fd.text != nil:
		return there(fd.text)
	}
	return there(fd.address)
}

func there[T comparable](get func(*event.Event, *ConnInfo, int) (T, bool)) pred {
	return func(e *event.Event, c *ConnInfo, _ *scratch) bool {
		_, ok := get(e, c, 0)
		return ok
	}
}

// quantify makes a predicate of a test of one value: that any value meets it, or
// with every that there are values and all meet it.
func quantify[T comparable](get func(*event.Event, *ConnInfo, int) (T, bool), test func(T) bool, multi, every bool) pred {
	if !multi {
		return func(e *event.Event, c *ConnInfo, _ *scratch) bool {
			v, ok := get(e, c, 0)
			return ok && test(v)
		}
	}
	return func(e *event.Event, c *ConnInfo, _ *scratch) bool {
		for i := 0; ; i++ {
			v, ok := get(e, c, i)
			switch {
			case !ok:
				return every && i > 0
			case test(v) != every:
				return !every
			}
		}
	}
}

// span is the numbers from lo to hi.
type span struct{ lo, hi uint64 }

// numberTest compiles a comparison of numbers: each but != asks for one span, or
// for any of a set.
func numberTest(t *testNode) (pred, *Error) {
	fd := t.field.field
	var spans []span
	for _, l := range t.values {
		lo, bad := numberValue(t.field, l.text)
		hi := lo
		if l.ranged && bad == nil {
			if fd.Type == Flag || fd.Type == Hex || fd.Type == Name && !fd.ordered {
				bad = wrong("%s has no ranges", t.field.name)
			} else if hi, bad = numberValue(t.field, l.to); bad == nil && hi < lo {
				bad = &fault{msg: "this range is empty", suggest: l.to + ".." + l.text}
			}
		}
		if bad != nil {
			return nil, bad.at(l)
		}
		spans = append(spans, span{lo, hi})
	}
	x := spans[0].lo
	const top = ^uint64(0)
	never := false
	switch t.op {
	case "!=":
		return quantify(fd.number, func(v uint64) bool { return v != x }, fd.multi, true), nil
	case "<":
		spans[0], never = span{0, x - 1}, x == 0
	case "<=":
		spans[0] = span{0, x}
	case ">":
		spans[0], never = span{x + 1, top}, x == top
	case ">=":
		spans[0] = span{x, top}
	}
	if never {
		return func(*event.Event, *ConnInfo, *scratch) bool { return false }, nil
	}
	return inSpans(fd, merge(spans)), nil
}

// merge sorts spans and joins those that overlap or touch.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		if a.lo < b.lo {
			return -1
		}
		return 1
	})
	out := spans[:1]
	for _, s := range spans[1:] {
		if last := &out[len(out)-1]; s.lo <= last.hi || s.lo == last.hi+1 {
			last.hi = max(last.hi, s.hi)
		} else {
			out = append(out, s)
		}
	}
	return out
}

func inSpans(fd *field, spans []span) pred {
	if len(spans) > 1 {
		return quantify(fd.number, func(v uint64) bool {
			lo, hi := 0, len(spans) // the first span that does not end before v
			for lo < hi {
				if mid := (lo + hi) / 2; spans[mid].hi < v {
					lo = mid + 1
				} else {
					hi = mid
				}
			}
			return lo < len(spans) && spans[lo].lo <= v
		}, fd.multi, false)
	}
	lo, width := spans[0].lo, spans[0].hi-spans[0].lo
	if fd.multi {
		return quantify(fd.number, func(v uint64) bool { return v-lo <= width }, true, false)
	}
	get := fd.number
	return func(e *event.Event, c *ConnInfo, _ *scratch) bool {
		v, ok := get(e, c, 0)
		return ok && v-lo <= width // below lo it wraps round
	}
}

func textTest(t *testNode) (pred, *Error) {
	fd := t.field.field
	exact := t.op == "==" || t.op == "!=" || t.op == "in"
	values := make([]string, len(t.values))
	for i, l := range t.values {
		v, bad := textValue(fd, l, exact)
		if l.ranged {
			bad = &fault{"text has no ranges; what holds dots is quoted", quote(l.text + ".." + l.to)}
		}
		if bad != nil {
			return nil, bad.at(l)
		}
		values[i] = v
	}
	if t.op == "==" && !fd.multi { // by far the most frequent: one call less
		get, x := fd.text, values[0]
		return func(e *event.Event, c *ConnInfo, _ *scratch) bool {
			v, ok := get(e, c, 0)
			return ok && v == x
		}, nil
	}
	test, err := stringTest(t, values)
	if err != nil {
		return nil, err
	}
	return quantify(fd.text, test, fd.multi, t.op == "!="), nil
}

// stringTest compiles what an operator asks of one string.
func stringTest(t *testNode, values []string) (func(string) bool, *Error) {
	x := values[0]
	switch t.op {
	case "==":
		return func(v string) bool { return v == x }, nil
	case "!=":
		return func(v string) bool { return v != x }, nil
	case "<":
		return func(v string) bool { return v < x }, nil
	case "<=":
		return func(v string) bool { return v <= x }, nil
	case ">":
		return func(v string) bool { return v > x }, nil
	case ">=":
		return func(v string) bool { return v >= x }, nil
	case "contains":
		return func(v string) bool { return strings.Contains(v, x) }, nil
	case "matches":
		re, bad := pattern(x)
		if bad != nil {
			return nil, bad.at(t.values[0])
		}
		return func(v string) bool { return matches(re, v) }, nil
	}
	if len(values) <= 8 {
		return func(v string) bool { return slices.Contains(values, v) }, nil
	}
	set := map[string]bool{}
	for _, v := range values {
		set[v] = true
	}
	return func(v string) bool { return set[v] }, nil
}

func placeTest(t *testNode) (pred, *Error) {
	fd := t.field.field
	places := make([]place, len(t.values))
	for i, l := range t.values {
		p, bad := placeValue(fd.Type, l.text)
		if l.ranged {
			bad = wrong("%s has no ranges; a prefix is written as in 10.0.0.0/8", t.field.name)
		}
		if bad != nil {
			return nil, bad.at(l)
		}
		places[i] = p
	}
	test := func(a netip.AddrPort) bool {
		for _, p := range places {
			if p.holds(a) {
				return true
			}
		}
		return false
	}
	if t.op == "!=" {
		return quantify(fd.address, func(a netip.AddrPort) bool { return !test(a) }, fd.multi, true), nil
	}
	return quantify(fd.address, test, fd.multi, false), nil
}
