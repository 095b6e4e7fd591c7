package query

import (
	"slices"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// jsonTest compiles a test of a value at a path. A quoted value is a string; a
// word is a number, true, false or null if it looks like one, else a string.
// Values of different kinds are unequal, and neither is less.
func (f *Filter) jsonTest(t *testNode) (pred, *Error) {
	path := t.field.path
	slot := slices.IndexFunc(f.paths, func(p []step) bool { return slices.Equal(p, path) })
	if slot < 0 {
		slot = len(f.paths)
		f.paths = append(f.paths, path)
	}
	test := func(jsonValue) bool { return true }
	if t.op != "" {
		var err *Error
		if test, err = jsonCompare(t); err != nil {
			return nil, err
		}
	}
	return func(e *event.Event, _ *ConnInfo, s *scratch) bool {
		v, ok := s.json(e, slot, path)
		return ok && test(v)
	}, nil
}

// jsonWant is a value that a JSON value is compared with.
type jsonWant struct {
	jsonValue
	top decimal // of a number: itself, or the other end of its range
}

func jsonCompare(t *testNode) (func(jsonValue) bool, *Error) {
	var wants []jsonWant
	for _, l := range t.values {
		w, bad := jsonWanted(l)
		if bad != nil {
			return nil, bad.at(l)
		}
		wants = append(wants, w)
	}
	w := wants[0]
	switch t.op {
	case "==":
		return w.equal, nil
	case "!=":
		return func(v jsonValue) bool { return !w.equal(v) }, nil
	case "in":
		return func(v jsonValue) bool {
			for i := range wants {
				if wants[i].equal(v) {
					return true
				}
			}
			return false
		}, nil
	case "contains", "matches":
		test, err := stringTest(t, []string{t.values[0].text})
		if err != nil {
			return nil, err
		}
		return func(v jsonValue) bool { return v.kind == jsonString && test(v.text) }, nil
	}
	switch w.kind {
	case jsonString:
		test, err := stringTest(t, []string{w.text})
		if err != nil {
			return nil, err
		}
		return func(v jsonValue) bool { return v.kind == jsonString && test(v.text) }, nil
	case jsonNumber:
		less, equal := t.op[0] == '<', len(t.op) == 2
		return func(v jsonValue) bool {
			if v.kind != jsonNumber {
				return false
			}
			d := v.number.compare(w.number)
			return d == 0 && equal || d < 0 && less || d > 0 && !less
		}, nil
	}
	return nil, wrong("%s is neither less nor greater than anything", w.text).at(t.values[0])
}

func jsonWanted(l literal) (w jsonWant, bad *fault) {
	w.text = l.text
	if l.quoted {
		return w, nil
	}
	switch l.text {
	case "true", "false", "null":
		w.kind = jsonLiteral
	default:
		if n, ok := parseDecimal(l.text); ok {
			w.kind, w.number, w.top = jsonNumber, n, n
		}
	}
	if !l.ranged {
		return w, nil
	}
	var ok bool
	if w.top, ok = parseDecimal(l.to); !ok || w.kind != jsonNumber {
		return w, &fault{"a range goes from number to number; what holds dots is quoted", quote(l.text + ".." + l.to)}
	}
	if w.top.compare(w.number) < 0 {
		return w, &fault{"this range is empty", l.to + ".." + l.text}
	}
	return w, nil
}

// equal reports whether v is the value wanted, or within the range of them.
func (w jsonWant) equal(v jsonValue) bool {
	switch {
	case v.kind != w.kind:
		return false
	case v.kind == jsonNumber:
		return v.number.compare(w.number) >= 0 && v.number.compare(w.top) <= 0
	}
	return v.text == w.text
}
