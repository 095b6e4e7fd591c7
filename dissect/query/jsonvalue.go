package query

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// decimal is a JSON number: exact where it is whole and has 64 bits at most, so
// that long identifiers compare rightly; else the nearest float64.
type decimal struct {
	whole    bool
	negative bool // of a whole one; never of 0
	n        uint64
	f        float64
}

// parseDecimal reads a number as JSON writes it. It does not allocate.
func parseDecimal(s string) (decimal, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return decimal{}, false
	}
	d := decimal{whole: true}
	for i := range len(digits) {
		switch c := digits[i]; {
		case c >= '0' && c <= '9':
			v := uint64(c - '0')
			d.whole = d.whole && d.n <= (math.MaxUint64-v)/10
			d.n = d.n*10 + v
		case c == '.' || c|0x20 == 'e' || c == '+' || c == '-':
			d.whole = false
		default:
			return decimal{}, false
		}
	}
	if d.whole {
		d.negative = len(digits) < len(s) && d.n != 0
		if d.f = float64(d.n); d.negative {
			d.f = -d.f
		}
		return d, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return decimal{}, false
	}
	return decimal{f: f}, true
}

func (d decimal) compare(o decimal) int {
	switch {
	case !d.whole || !o.whole || d.negative != o.negative:
		return cmp.Compare(d.f, o.f)
	case d.negative:
		return cmp.Compare(o.n, d.n)
	}
	return cmp.Compare(d.n, o.n)
}

// jsonValue is a value found, its escapes undone.
type jsonValue struct {
	kind   jsonKind
	text   string
	number decimal
}

// scratch is what a Match needs beside its arguments: the JSON values that it
// has looked up already, by slot, one for each path of the filter. It belongs to
// one Match at a time.
type scratch struct {
	slots []slot
	key   []byte
}

type slot struct {
	done, ok bool
	value    jsonValue
	buf      []byte
}

// reset forgets the values, and buffers that one large string has made large.
func (s *scratch) reset() {
	for i := range s.slots {
		v := &s.slots[i]
		v.done, v.value = false, jsonValue{}
		if cap(v.buf) > maxScratch {
			v.buf = nil
		}
	}
	if cap(s.key) > maxScratch {
		s.key = nil
	}
}

// json returns the value at path in the payload of e, valid until reset.
func (s *scratch) json(e *event.Event, slot int, path []step) (jsonValue, bool) {
	v := &s.slots[slot]
	if !v.done {
		v.done = true
		v.value, v.ok = s.find(e, path, &v.buf)
	}
	return v.value, v.ok
}

func (s *scratch) find(e *event.Event, path []step, buf *[]byte) (v jsonValue, ok bool) {
	m, ok := e.Detail.(*event.Message)
	if !ok || !mayBeJSON(m) {
		return v, false
	}
	raw, ok := find(view(m.Payload), path, &s.key)
	if !ok {
		return v, false
	}
	v = jsonValue{kind: raw.kind, text: raw.text}
	if raw.kind == jsonNumber {
		v.number, _ = parseDecimal(raw.text)
	}
	if raw.escaped {
		if *buf, ok = unescapeJSON((*buf)[:0], raw.text); !ok {
			return v, false
		}
		v.text = view(*buf)
	}
	return v, true
}

// mayBeJSON: text, or binary messages whose bytes are all known.
func mayBeJSON(m *event.Message) bool {
	return isText(m) || m.Opcode == opBinary && m.Missing == 0 && m.Undecoded == ""
}
