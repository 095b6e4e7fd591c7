package truth

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Aspect is a group of facts.
type Aspect string

// The aspects.
const (
	Conns      Aspect = "conns"     // found, with protocol and how it ended
	Handshakes Aspect = "handshake" // path, status, subprotocol, accepted; refused ones too
	Messages   Aspect = "messages"  // opcode, length, masking, payload digest, close code, in order, none missing, none more
	Frames     Aspect = "frames"    // every header field, up to the first frame that violates something
	Streams    Aspect = "stream"    // digest of the reassembled bytes
	Findings   Aspect = "findings"  // each violation under its rule; no other error
)

// Aspects lists all aspects.
func Aspects() []Aspect { return []Aspect{Conns, Handshakes, Messages, Frames, Streams, Findings} }

// Options say what to check.
type Options struct {
	// Aspects to check; empty means all.
	Aspects []Aspect
	// Encrypted: TLS connections were not decrypted. They must be found as
	// protocol tls, with bytes in both directions and nothing lost.
	Encrypted bool
}

// Report is the outcome of a check.
type Report struct {
	Facts       map[Aspect]int
	Differences map[Aspect][]string
}

// Total returns how many facts were checked, and how many of them differ.
func (r *Report) Total() (facts, differ int) {
	for _, n := range r.Facts {
		facts += n
	}
	for _, d := range r.Differences {
		differ += len(d)
	}
	return facts, differ
}

// sides by the names of directions in truth files.
var sides = []struct {
	dir  string
	side event.Side
}{{"c2s", event.Client}, {"s2c", event.Server}}

var opcodes = map[uint8]string{0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

// ends says what a truth's tcp_end means; by "?" is not told.
var ends = []struct {
	end       *regexp.Regexp
	state, by string
}{
	{regexp.MustCompile(`^rst by client`), "reset", "client"},
	{regexp.MustCompile(`^rst by server`), "reset", "server"},
	{regexp.MustCompile(`^client closed with unread data`), "reset", "client"},
	{regexp.MustCompile(`^client FIN only`), "half-open", "client"},
	{regexp.MustCompile(`^still open`), "open", ""},
	{regexp.MustCompile(`^fin`), "closed", "?"},
}

// checker is one run of Check.
type checker struct {
	*Report
	o       Options
	c       *Capture
	r       *Record
	lossy   bool
	cut     uint64 // payload that fits into a packet beside its headers is whole
	h2      bool
	damaged int
}

// Check holds a record of all events with full payloads against the truth.
func (c *Capture) Check(r *Record, o Options) *Report {
	if len(o.Aspects) == 0 {
		o.Aspects = Aspects()
	}
	k := &checker{Report: &Report{map[Aspect]int{}, map[Aspect][]string{}}, o: o, c: c, r: r}
	k.lossy = c.Network.MirrorLost > 0 || c.SnapLen != nil
	if c.SnapLen != nil && *c.SnapLen > 72 {
		k.cut = *c.SnapLen - 72
	}
	for i := range c.Connections {
		k.h2 = k.h2 || c.Connections[i].Kind == "websocket-h2"
	}
	match := k.pair()
	known := map[*Conn]bool{}
	for _, m := range match {
		known[m] = true
	}
	for _, n := range r.Order {
		if m := r.Conns[n]; !known[m] && m.Connection.Protocol == "websocket" {
			k.differ(Conns, "%s -> %s is WebSocket to nobody's knowledge", m.Connection.Client, m.Connection.Server)
		}
		k.count(Conns, 1)
	}
	for i := range c.Connections {
		k.connection(&c.Connections[i], match[i])
	}
	if lost := c.Network.MirrorLost; lost > 0 {
		k.count(Messages, 1)
		if k.damaged > lost {
			k.differ(Messages, "%d damaged messages, but only %d frames were dropped", k.damaged, lost)
		}
	}
	return k.Report
}

func (k *checker) checks(a Aspect) bool { return slices.Contains(k.o.Aspects, a) }

func (k *checker) count(a Aspect, n int) {
	if k.checks(a) {
		k.Facts[a] += n
	}
}

func (k *checker) differ(a Aspect, format string, args ...any) {
	if k.checks(a) {
		k.Differences[a] = append(k.Differences[a], fmt.Sprintf(format, args...))
	}
}

// expect compares one fact.
func expect[T comparable](k *checker, a Aspect, t *Connection, what string, got, want T) {
	k.count(a, 1)
	if got != want {
		k.differ(a, "conn %d %s %s: got %v, want %v", t.ID, t.Case, what, got, want)
	}
}

// pair finds each truth's connection; those with the same addresses in order.
func (k *checker) pair() []*Conn {
	type key struct{ client, server string }
	found := map[key][]*Conn{}
	numbers := slices.Sorted(slices.Values(k.r.Order))
	for _, n := range numbers {
		c := k.r.Conns[n]
		at := key{c.Connection.Client, c.Connection.Server}
		found[at] = append(found[at], c)
	}
	truth := k.c.Connections
	order := make([]int, len(truth))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Or(truth[i].Incarnation-truth[j].Incarnation, truth[i].ID-truth[j].ID)
	})
	out := make([]*Conn, len(truth))
	taken := map[key]int{}
	for _, i := range order {
		t := &truth[i]
		at := key{t.Client.String(), t.Server.String()}
		n := taken[at]
		taken[at]++
		if t.Kind == "websocket-h2" || t.Kind == "http2-refused" {
			n = 0 // streams of one connection
		}
		if n < len(found[at]) {
			out[i] = found[at][n]
		}
	}
	return out
}

func (k *checker) connection(t *Connection, c *Conn) {
	k.count(Conns, 1)
	if c == nil {
		k.differ(Conns, "conn %d: %s -> %s not found", t.ID, t.Client, t.Server)
		return
	}
	k.ended(t, c)
	if t.TLS != nil && k.o.Encrypted {
		k.encrypted(t, c)
		return
	}
	want := t.Kind
	switch {
	case t.Kind == "websocket-h2", t.Kind == "http2-refused" && k.h2, t.Kind == "http" && k.h2:
		want = "websocket"
	case t.Kind == "http2-refused":
		want = "http"
	}
	expect(k, Conns, t, "protocol", c.Connection.Protocol, want)
	k.handshake(t, c)
	ws := isWebSocket(t)
	for _, s := range sides {
		if !ws {
			if !k.h2 { // refused, or no handshake: there is no WebSocket in it
				expect(k, Messages, t, s.dir+" messages", len(c.Messages[s.side]), 0)
				expect(k, Frames, t, s.dir+" frames", len(c.Frames[s.side]), 0)
			}
		} else {
			k.messages(t, c, s.dir, s.side)
			k.frames(t, c, s.dir, s.side)
		}
		if raw, ok := t.Raw[s.dir]; ok && t.TLS == nil {
			b := c.Stream(s.side)
			expect(k, Streams, t, s.dir+" stream", Stream{uint64(len(b)), digest(b)}, raw)
		}
	}
	k.findings(t, c)
}

// ended checks how the connection ended, where the truth tells.
func (k *checker) ended(t *Connection, c *Conn) {
	for _, e := range ends {
		if !e.end.MatchString(t.TCPEnd) {
			continue
		}
		expect(k, Conns, t, "state", c.Connection.State, e.state)
		if e.by != "?" {
			expect(k, Conns, t, "closed by", c.Connection.ClosedBy.String(), e.by)
		}
		return
	}
}

// encrypted checks what shows of a TLS connection without keys.
func (k *checker) encrypted(t *Connection, c *Conn) {
	expect(k, Conns, t, "protocol", c.Connection.Protocol, "tls")
	expect(k, Conns, t, "ALPN", c.Connection.ALPN, t.TLS.ALPN)
	for _, s := range sides {
		b := uint64(len(c.Stream(s.side)))
		expect(k, Streams, t, s.dir+" missing", c.Connection.Missing[s.side], 0)
		expect(k, Streams, t, s.dir+" bytes of data events", b, c.Connection.Bytes[s.side])
		expect(k, Streams, t, s.dir+" has bytes", b > 0, true)
		expect(k, Messages, t, s.dir+" messages", len(c.Messages[s.side]), 0)
	}
}

func isWebSocket(t *Connection) bool { return t.Kind == "websocket" || t.Kind == "websocket-h2" }

func (t *Connection) stream() *uint32 {
	if t.Handshake == nil {
		return nil
	}
	return t.Handshake.H2Stream
}

func (k *checker) handshake(t *Connection, c *Conn) {
	hs := t.Handshake
	if hs == nil || hs.Status == 0 {
		return
	}
	for _, l := range t.Messages {
		if len(l) > 0 && l[0].InCapture != nil && !*l[0].InCapture {
			return // the capture began later
		}
	}
	found := inStream(c.Handshakes, t.stream())
	expect(k, Handshakes, t, "handshakes", len(found), 1)
	if len(found) == 0 {
		return
	}
	h := found[0].D
	expect(k, Handshakes, t, "target", h.Target, hs.Path)
	expect(k, Handshakes, t, "status", h.Status, hs.Status)
	expect(k, Handshakes, t, "subprotocol", h.Subprotocol, hs.Subprotocol)
	expect(k, Handshakes, t, "accepted", h.Accepted, isWebSocket(t))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
