package event

import (
	"io"
	"strconv"
	"unicode/utf8"
)

// SchemaVersion is the "schema" of the JSON output's last line. It goes up
// when a key changes its meaning; keys that are added leave it as it is.
const SchemaVersion = 1

const (
	// jsonChunk is how much payload is encoded between two looks at the buffer,
	// so that the buffer stays small whatever a message's size. It is a multiple
	// of 3: base64 pieces join without padding.
	jsonChunk = 12 << 10
	// jsonSlack is room for what one chunk can become (six characters a byte)
	// and for the keys around it.
	jsonSlack = 6*jsonChunk + 8<<10
)

// JSON prints events as JSON Lines: one compact object a line, as documented
// for users in the project's reference of the output.
//
//	Event ─► keys shared by all kinds ─► keys of its Detail ─► buffer ─► 64 KiB writes
//
// Keys that do not apply are left out: an empty string or list, a frame of no
// message, no missing bytes. Counters of a connection are there even when zero,
// as are complete, fin, rsv, masked, compressed, accepted and midstream.
//
// The encoder is written by hand because every message is printed: it appends
// to one buffer and allocates nothing. Control characters, line separators and
// bidirectional controls are escaped as \uXXXX, so that the lines are safe to
// look at on a terminal; bytes that are not UTF-8 become U+FFFD.
//
// JSON is not safe for concurrent use. After a failed write it prints nothing
// more; see Err.
type JSON struct{ jsonEncoder }

// NewJSON returns a printer to w that prints as much of the payloads as p says:
// none, the first PreviewBytes (with "preview":true where that is less than
// all), or what the events hold.
func NewJSON(w io.Writer, p Payload) *JSON {
	return &JSON{jsonEncoder{output: output{buf: make([]byte, 0, flushAt+jsonSlack), w: w}, payload: p}}
}

// Event implements Sink.
func (j *JSON) Event(e *Event) {
	if j.err != nil {
		return
	}
	j.event(e)
	j.spill()
}

// End prints the last line, which tells a reader that nothing was cut off, and flushes.
func (j *JSON) End(end End) error {
	if j.err != nil {
		return j.err
	}
	j.lit(`{"kind":"end","schema":`)
	j.num(SchemaVersion)
	j.count(`,"packets":`, end.Packets)
	if end.PacketsRead > 0 {
		j.count(`,"packets_read":`, end.PacketsRead)
	}
	j.count(`,"connections":`, end.Connections)
	j.count(`,"messages":`, end.Messages)
	j.count(`,"findings":`, end.Findings)
	j.flag(`,"truncated_input":`, end.TruncatedInput)
	j.count(`,"dropped":`, end.Dropped)
	j.lit("}\n")
	return j.Flush()
}

// Flush writes what is buffered and returns the first error of any write.
func (j *JSON) Flush() error {
	j.flush()
	return j.err
}

// Err returns the first error of any write (a closed pipe: EPIPE), nil if there was none.
func (j *JSON) Err() error { return j.err }

// AppendJSON appends e as one line, with its line feed, to dst and returns the
// extended slice. It keeps no state, for callers that encode on several goroutines.
func AppendJSON(dst []byte, e *Event, p Payload) []byte {
	enc := jsonEncoder{output: output{buf: dst}, payload: p}
	enc.event(e)
	return enc.buf
}

// jsonEncoder appends events to an output.
type jsonEncoder struct {
	output
	payload Payload
	clock   clock
	// long, unless nil, is called with a payload of more than batchBytes, which
	// it appends to the output.
	long func(p []byte, kind jsonPiece)
}

// event appends the line of e.
func (j *jsonEncoder) event(e *Event) {
	d, w := j.room(lineRoom)
	w = j.start(d, w, e)
	switch t := e.Detail.(type) {
	case *Message:
		j.message(d, w, t)
		return
	case *Frame:
		j.buf = d[:putFrame(d, w, t)]
		return
	}
	j.buf = d[:w]
	switch t := e.Detail.(type) {
	case *Data:
		j.data(t)
	case *Gap:
		j.count(`,"offset":`, t.Offset)
		j.count(`,"length":`, t.Length)
		j.text(`,"cause":`, t.Cause)
	case *Finding:
		j.finding(t)
	case *Connection:
		j.connection(t)
	case *Handshake:
		j.handshake(t)
	}
	j.lit("}\n")
}

// start writes what all kinds of events have.
func (j *jsonEncoder) start(d []byte, w int, e *Event) int {
	w = litStart[e.Detail.Kind()].put(d, w)
	w = j.clock.put(d, w, e.Time)
	d[w] = '"'
	w++
	if e.Conn != 0 { // a finding about the capture as a whole has none
		w = putCount(d, w, &litConn, e.Conn)
	}
	if e.Stream != 0 {
		w = putCount(d, w, &litStream, uint64(e.Stream))
	}
	w = litFrom[e.From&3].put(d, w)
	if e.Packets[0] != 0 {
		w = putCounts(d, w, &litPackets, e.Packets[0], &litComma, e.Packets[1])
		d[w] = ']'
		w++
	}
	return w
}

// Each helper below takes its key with the comma before it and the colon after it.

func (j *jsonEncoder) num(n uint64) { j.buf = strconv.AppendUint(j.buf, n, 10) }

// count appends a number that is there even when zero.
func (j *jsonEncoder) count(key string, n uint64) {
	j.lit(key)
	j.num(n)
}

// some appends a number that does not apply when zero.
func (j *jsonEncoder) some(key string, n uint64) {
	if n != 0 {
		j.count(key, n)
	}
}

func (j *jsonEncoder) flag(key string, b bool) {
	j.lit(key)
	if b {
		j.lit("true")
	} else {
		j.lit("false")
	}
}

// text appends a string that does not apply when empty.
func (j *jsonEncoder) text(key, s string) {
	if s != "" {
		j.lit(key)
		j.quote(s)
	}
}

// quote appends s as a JSON string.
func (j *jsonEncoder) quote(s string) {
	j.lit(`"`)
	p := viewBytes(s)
	for len(p) > jsonChunk && j.err == nil {
		n := runeBoundary(p, jsonChunk)
		j.buf = appendString(j.buf, p[:n])
		p = p[n:]
		j.spill()
	}
	j.buf = appendString(j.buf, p)
	j.lit(`"`)
}

// chars appends p, valid UTF-8, as the inside of a JSON string, writing out the
// buffer on the way if it fills.
func (j *jsonEncoder) chars(p []byte) {
	for len(p) > jsonChunk && j.err == nil {
		n := runeBoundary(p, jsonChunk)
		j.buf = appendText(j.buf, p[:n])
		p = p[n:]
		j.spill()
	}
	j.buf = appendText(j.buf, p)
}

// runeBoundary returns n, or a little less, so as not to part the bytes of one character there.
func runeBoundary(p []byte, n int) int {
	for at := n; at > n-utf8.UTFMax; at-- {
		if utf8.RuneStart(p[at]) {
			return at
		}
	}
	return n
}

// millis appends ns as milliseconds with up to six decimals: 1234500 is 1.2345.
func (j *jsonEncoder) millis(key string, ns int64) {
	j.lit(key)
	j.buf = appendMillis(j.buf, ns)
}
