package query

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Columns are fields to print, in order. They are for one goroutine.
type Columns struct {
	fields []fieldRef
	key    []byte // scratch for the keys of json paths
	buf    []byte // scratch for JSON strings
}

// ParseColumns reads names of fields with commas between them, json.PATH and
// header.NAME too: "time,from,json.user.name". An error is always a *Error.
func ParseColumns(list string) (*Columns, error) {
	tokens, err := lex(list)
	if err != nil {
		return nil, err
	}
	c := &Columns{}
	for i := 0; ; i += 2 {
		t := tokens[i]
		if t.kind != tokWord {
			return nil, &Error{Pos: t.pos, End: t.end, Msg: "here comes the name of a field, as in time,from,length"}
		}
		ref, err := lookup(t)
		if err != nil {
			return nil, err
		}
		c.fields = append(c.fields, ref)
		switch sep := tokens[i+1]; {
		case sep.kind == tokEnd:
			return c, nil
		case !sep.is(","):
			return nil, &Error{Pos: sep.pos, End: sep.end, Msg: "fields are divided by commas", Suggest: ","}
		}
	}
}

// Names returns the columns' names: those of the fields, with _ms behind those of
// durations.
func (c *Columns) Names() []string {
	names := make([]string, len(c.fields))
	for i, f := range c.fields {
		names[i] = f.name
		if f.field.Type == Duration && !f.millis {
			names[i] += "_ms"
		}
	}
	return names
}

// Needs says how much payload the columns show, as Filter.Needs does.
func (c *Columns) Needs() (p event.Payload) {
	for _, f := range c.fields {
		p = max(p, f.field.needs)
	}
	return p
}

// Append appends the value of column i as text; several values have commas
// between them. ok is false, and nothing is appended, where e has none.
//
// A flag is true or false; a time is RFC 3339 in UTC; a duration counts
// milliseconds, as JSON output does; bytes that are not UTF-8 are 0x and pairs of
// hex digits; a JSON string is its text, other JSON values are as written.
func (c *Columns) Append(dst []byte, e *event.Event, info *ConnInfo, i int) (out []byte, ok bool) {
	f := &c.fields[i]
	if f.field.Type == JSON {
		raw, ok := c.json(e, f.path)
		if !ok || raw[0] != '"' {
			return append(dst, raw...), ok
		}
		return append(dst, c.unquoted(raw)...), true
	}
	start := len(dst)
	for n := 0; n == 0 || f.field.multi; n++ {
		end := len(dst)
		if n > 0 {
			dst = append(dst, ',')
		}
		if dst, ok = f.value(dst, e, info, n); !ok {
			dst = dst[:end]
			break
		}
	}
	return dst, len(dst) > start || ok
}

// AppendJSON appends the value of column i as JSON: numbers and flags as such,
// several values as an array. ok is false where e has none.
func (c *Columns) AppendJSON(dst []byte, e *event.Event, info *ConnInfo, i int) (out []byte, ok bool) {
	f := &c.fields[i]
	if f.field.Type == JSON {
		raw, ok := c.json(e, f.path)
		switch {
		case ok && raw[0] == '"':
			dst = appendString(dst, c.unquoted(raw))
		case ok && json.Valid([]byte(raw)):
			dst = append(dst, raw...)
		case ok: // cut off, or not JSON further in
			dst = appendString(dst, []byte(raw))
		}
		return dst, ok
	}
	start := len(dst)
	if f.field.multi {
		dst = append(dst, '[')
	}
	for n := 0; n == 0 || f.field.multi; n++ {
		if c.buf, ok = f.value(c.buf[:0], e, info, n); !ok {
			break
		}
		if n > 0 {
			dst = append(dst, ',')
		}
		if f.literal() {
			dst = append(dst, c.buf...)
		} else {
			dst = appendString(dst, c.buf)
		}
	}
	if f.field.multi {
		if len(dst) == start+1 {
			return dst[:start], false
		}
		return append(dst, ']'), true
	}
	return dst, ok
}

// literal tells whether values are written without quotes in JSON.
func (f *fieldRef) literal() bool {
	switch f.field.Type {
	case Flag, Number, Size, Duration:
		return true
	}
	return false
}

// value appends the n-th value of a field that is not JSON.
func (f *fieldRef) value(dst []byte, e *event.Event, info *ConnInfo, n int) (out []byte, ok bool) {
	switch {
	case f.field.number != nil:
		v, ok := f.field.number(e, info, n)
		if !ok {
			return dst, false
		}
		return f.appendNumber(dst, v), true
	case f.field.address != nil:
		a, ok := f.field.address(e, info, n)
		switch {
		case !ok:
			return dst, false
		case f.field.Type == Address:
			return a.Addr().AppendTo(dst), true
		}
		return a.AppendTo(dst), true
	}
	s, ok := f.field.text(e, info, n)
	switch {
	case !ok:
		return dst, false
	case utf8.ValidString(s):
		return append(dst, s...), true
	}
	return hex.AppendEncode(append(dst, "0x"...), []byte(s)), true
}

func (f *fieldRef) appendNumber(dst []byte, v uint64) []byte {
	switch f.field.Type {
	case Flag:
		return strconv.AppendBool(dst, v != 0)
	case Duration:
		return appendMillis(dst, v)
	case Time:
		return time.Unix(0, int64(v^1<<63)).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z07:00")
	case Name:
		return append(dst, f.field.Values[v]...)
	case Hex:
		return append(dst, strings.TrimPrefix(strconv.FormatUint(1<<32|v, 16), "1")...)
	}
	return strconv.AppendUint(dst, v, 10)
}

// appendMillis appends nanoseconds as milliseconds, exactly.
func appendMillis(dst []byte, ns uint64) []byte {
	const ms = uint64(time.Millisecond)
	dst = strconv.AppendUint(dst, ns/ms, 10)
	if part := ns % ms; part > 0 {
		digits := strconv.FormatUint(ms+part, 10)[1:]
		dst = append(append(dst, '.'), strings.TrimRight(digits, "0")...)
	}
	return dst
}

// json returns the value at path in the payload of e, as written.
func (c *Columns) json(e *event.Event, path []step) (raw string, ok bool) {
	m, ok := e.Detail.(*event.Message)
	if !ok || !mayBeJSON(m) {
		return "", false
	}
	s := view(m.Payload)
	if _, ok := find(s, path, &c.key); !ok {
		return "", false // not there, or not a value
	}
	return rawValue(s, path, &c.key)
}

// unquoted returns the text of a JSON string, valid until the next call.
func (c *Columns) unquoted(raw string) []byte {
	var ok bool
	if c.buf, ok = unescapeJSON(c.buf[:0], raw[1:len(raw)-1]); !ok {
		c.buf = append(c.buf[:0], raw...)
	}
	return c.buf
}

// appendString appends a JSON string.
func appendString(dst, s []byte) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(view(s)) // a string, into memory
	return append(dst, strings.TrimSuffix(b.String(), "\n")...)
}
