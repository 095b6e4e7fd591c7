package query

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// decimal is a JSON number: exact where it is whole and fits, so that long
// identifiers compare rightly.
type decimal struct {
	whole bool
	i     int64
	f     float64
}

// parseDecimal reads a number as JSON writes it. It does not allocate.
func parseDecimal(s string) (decimal, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return decimal{}, false
	}
	whole := true
	var n uint64
	for i := range len(digits) {
		switch c := digits[i]; {
		case c >= '0' && c <= '9':
			if n > (math.MaxInt64-9)/10 {
				whole = false
			} else {
				n = n*10 + uint64(c-'0')
			}
		case c == '.' || c|0x20 == 'e' || c == '+' || c == '-':
			whole = false
		default:
			return decimal{}, false
		}
	}
	if whole {
		v := int64(n)
		if len(digits) < len(s) {
			v = -v
		}
		return decimal{whole: true, i: v, f: float64(v)}, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return decimal{}, false
	}
	return decimal{f: f}, true
}

func (d decimal) compare(o decimal) int {
	if d.whole && o.whole {
		return cmp.Compare(d.i, o.i)
	}
	return cmp.Compare(d.f, o.f)
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
