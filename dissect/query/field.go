package query

import (
	"net/netip"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Type is what a field's values are, and so how they are written and compared.
type Type uint8

// Types of fields.
const (
	Flag     Type = iota // true, false; alone: is set
	Number               // whole, 0 to 2^64-1; decimal or 0x
	Size                 // bytes, with k, M, G for powers of 1024
	Duration             // with ns, us, ms, s, m, h
	Time                 // RFC 3339, UTC where no zone is given
	Name                 // one of a fixed list
	Address              // IP address; compared with addresses and prefixes
	Endpoint             // address and port; compared with either or both
	Hex                  // four bytes in hex
	Text                 // compared byte by byte
	Bytes                // like text, also written as 0x and pairs of hex digits
	JSON                 // a value of a JSON text: string, number, true, false, null
	numTypes
)

func (t Type) String() string {
	return [numTypes]string{"flag", "number", "size", "duration", "time", "name", "address", "endpoint", "hex", "text", "bytes", "json"}[t]
}

// Operators returns the operators that fields of type t take, as they are
// written. A field alone is a test too, of whatever type.
func (t Type) Operators() []string {
	switch t {
	case Flag:
		return []string{"==", "!="}
	case Number, Size, Duration, Time:
		return []string{"==", "!=", "<", "<=", ">", ">=", "in"}
	case Text, Bytes, JSON:
		return []string{"==", "!=", "contains", "matches", "in", "<", "<=", ">", ">="}
	}
	return []string{"==", "!=", "in"}
}

// Field is what users are told of a field.
type Field struct {
	Name    string
	Type    Type
	Applies []event.Kind // the kinds of events that can have it
	Meaning string       // one line, no full stop
	// Values are the words that it is compared with, in order; nil: any.
	Values   []string
	Examples []string // whole filters
	Aliases  []string // other names; Wireshark's have a dot
}

// Kinds names the kinds that f applies to, "all" if it is all of them.
func (f Field) Kinds() string {
	if len(f.Applies) == int(event.NumKinds) {
		return "all"
	}
	var l []string
	for _, k := range f.Applies {
		l = append(l, k.String())
	}
	return strings.Join(l, ", ")
}

// The accessors of a field return its i-th value, i counting from 0, and whether
// there is one. Fields without multi have one value at most, and ignore i.
type (
	numberGet  func(e *event.Event, c *ConnInfo, i int) (uint64, bool)
	textGet    func(e *event.Event, c *ConnInfo, i int) (string, bool)
	addressGet func(e *event.Event, c *ConnInfo, i int) (netip.AddrPort, bool)
)

// field is a row of the table: one of the accessors is set, none for JSON.
type field struct {
	Field
	number  numberGet // Flag (1: set), Number, Size, Duration, Time (see timeKey), Name (index in Values), Hex
	text    textGet
	address addressGet // Address, Endpoint: the port of an Address does not count
	multi   bool
	// zeroIsNone: alone, the field asks for a value other than 0, because JSON
	// leaves the key out for 0.
	zeroIsNone bool
	ordered    bool // a Name whose values have an order
	// checked: a word that is not among Values is taken for a slip. A string is not.
	checked bool
	upper   bool // values are written in capitals, and words in any case
	cost    int  // of a test, in about nanoseconds
	needs   event.Payload
}

// operators returns what the field takes, in the order in which to offer it.
func (f *field) operators() []string {
	if f.ordered {
		return Number.Operators()
	}
	return f.Type.Operators()
}

// Costs of looking at a field.
const (
	costNumber  = 1
	costText    = 3
	costAddress = 5
	costHeaders = 20
	costPayload = 30
	costJSON    = 200
)

// Fields returns the table of all fields in the order of the documentation. The
// caller owns the slice, not what the fields refer to. Two kinds of fields have
// names without end and stand in it once each: header.NAME and json.PATH.
func Fields() []Field {
	out := make([]Field, len(table))
	for i, f := range table {
		out[i] = f.Field
	}
	return out
}

// section is a part of the table, with its heading in the documentation.
type section struct {
	heading string
	fields  []*field
}

func sections() []section {
	return []section{
		{"Every event", sharedFields()},
		{"The connection, for every event on it", connectionFields()},
		{"Figures of a whole connection", totalFields()},
		{"Opening handshakes", handshakeFields()},
		{"Frames, messages, stream data, gaps", frameFields()},
		{"Payload", payloadFields()},
		{"Findings", findingFields()},
	}
}

// table is never changed.
var table = makeTable()

func makeTable() []*field {
	var t []*field
	for _, s := range sections() {
		t = append(t, s.fields...)
	}
	for _, f := range t {
		if f.cost == 0 {
			switch {
			case f.text != nil:
				f.cost = costText
			case f.address != nil:
				f.cost = costAddress
			default:
				f.cost = costNumber
			}
		}
	}
	return t
}

var allKinds = []event.Kind{event.KindConnection, event.KindHandshake, event.KindFrame, event.KindMessage, event.KindData, event.KindGap, event.KindFinding}

// Shapes of accessors. Each takes what finds the value in one kind of detail.

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// timeKey maps times to numbers in the same order: they can lie before 1970.
func timeKey(ns int64) uint64 { return uint64(ns) ^ 1<<63 }

// numberOf makes an accessor of a number that every D has.
func numberOf[D event.Detail](of func(D) uint64) numberGet {
	return func(e *event.Event, _ *ConnInfo, _ int) (uint64, bool) {
		if d, ok := e.Detail.(D); ok {
			return of(d), true
		}
		return 0, false
	}
}

func flagOf[D event.Detail](of func(D) bool) numberGet {
	return numberOf(func(d D) uint64 { return bit(of(d)) })
}

// textOf makes an accessor of a text that D has when it is not empty.
func textOf[D event.Detail](of func(D) string) textGet {
	return func(e *event.Event, _ *ConnInfo, _ int) (string, bool) {
		if d, ok := e.Detail.(D); ok {
			s := of(d)
			return s, s != ""
		}
		return "", false
	}
}

// connText makes an accessor of a text of the connection, from its own event or
// from what is known of it beside others.
func connText(own func(*event.Connection) string, known func(*ConnInfo) string) textGet {
	return func(e *event.Event, c *ConnInfo, _ int) (string, bool) {
		s := ""
		if d, ok := e.Detail.(*event.Connection); ok {
			s = own(d)
		} else if c != nil {
			s = known(c)
		}
		return s, s != ""
	}
}

// item returns the i-th of list.
func item[T any](list []T, i int) (v T, ok bool) {
	if i < len(list) {
		return list[i], true
	}
	return v, false
}
