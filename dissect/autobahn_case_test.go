package dissect_test

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/sockeye-dev/sockeye/dissect/websocket"
)

// The Autobahn testsuite's cases, as a table of what its tester puts on the
// wire and which rule that breaks. A case is played as the client and as the
// server, against a peer that answers as briefly as the RFC allows.
//
//	table ─► suiteCase ─► suiteTalk: two speakers, turns, what is to be found ─► segments ─► packets ─► Analyzer

// suiteCase is one case.
type suiteCase struct {
	id      string // as the suite numbers it
	send    []suiteFrame
	broken  []breach // in order of frames; none: all of it is legal
	unasked int      // the frame, from 1, that is a pong nobody asked for; 0: none
	write   writing
	inStep  bool // each message waits for the answer to the one before
	packed  *packedMessages
}

// breach is a rule that a case breaks.
type breach struct {
	rule  websocket.Rule
	frame int // from 0: the frame that a finding has to name
	byte  int // WS-UTF8: where the first ill-formed sequence begins in the text, or in the close's reason
}

// suiteFrame is a frame of a case.
type suiteFrame struct {
	op   websocket.Opcode
	more bool // without FIN
	rsv  uint8
	body []byte
}

// writing is how the suite hands a case's frames to TCP.
type writing struct {
	synced bool // each frame in a write of its own
	chop   int  // so many bytes at a time; 0: whole
	cut    []int
}

func textFrame(s string) suiteFrame   { return suiteFrame{op: websocket.Text, body: []byte(s)} }
func binaryFrame(s string) suiteFrame { return suiteFrame{op: websocket.Binary, body: []byte(s)} }
func pingFrame(s string) suiteFrame   { return suiteFrame{op: websocket.Ping, body: []byte(s)} }
func pongFrame(s string) suiteFrame   { return suiteFrame{op: websocket.Pong, body: []byte(s)} }
func contFrame(s string) suiteFrame   { return suiteFrame{body: []byte(s)} }

func opFrame(op websocket.Opcode, s string) suiteFrame { return suiteFrame{op: op, body: []byte(s)} }

func closeFrame(body string) suiteFrame { return suiteFrame{op: websocket.Close, body: []byte(body)} }

func closeWith(code uint16, reason string) suiteFrame {
	return closeFrame(string([]byte{byte(code >> 8), byte(code)}) + reason)
}

// part is the frame without FIN.
func (f suiteFrame) part() suiteFrame { f.more = true; return f }

func (f suiteFrame) reserved(bits uint8) suiteFrame { f.rsv = bits; return f }

func legal(id string, send ...suiteFrame) *suiteCase { return &suiteCase{id: id, send: send} }

func breaks(id string, rule websocket.Rule, frame int, send ...suiteFrame) *suiteCase {
	return &suiteCase{id: id, send: send, broken: []breach{{rule: rule, frame: frame}}}
}

// illFormed is a case whose text turns out at frame done not to be UTF-8.
func illFormed(id string, at, done int, send ...suiteFrame) *suiteCase {
	return &suiteCase{id: id, send: send, broken: []breach{{websocket.RuleUTF8, done, at}}}
}

func (c *suiteCase) also(rule websocket.Rule, frame int) *suiteCase {
	c.broken = append(c.broken, breach{rule: rule, frame: frame})
	return c
}

func (c *suiteCase) chopped(n int) *suiteCase     { c.write.chop = n; return c }
func (c *suiteCase) synced() *suiteCase           { c.write.synced = true; return c }
func (c *suiteCase) cut(pieces ...int) *suiteCase { c.write.cut = pieces; return c }
func (c *suiteCase) stepping() *suiteCase         { c.inStep = true; return c }

func (c *suiteCase) unaskedPong() *suiteCase { c.unasked = 1; return c }

// family numbers cases: prefix.1, prefix.2, …
func family(prefix string, cases ...*suiteCase) []*suiteCase {
	for i, c := range cases {
		c.id = fmt.Sprintf("%s.%d", prefix, i+1)
	}
	return cases
}

// fill is n bytes that repeat a pattern.
func fill(pattern string, n int) string {
	return string(bytes.Repeat([]byte(pattern), n/len(pattern)+1)[:n])
}

// fragmented cuts a message into frames of size bytes. Like the suite's, it ends
// in an empty frame where they come out even.
func fragmented(f suiteFrame, size int) []suiteFrame {
	if len(f.body) <= size {
		return []suiteFrame{f}
	}
	var out []suiteFrame
	for rest := f.body; ; rest = rest[size:] {
		g := suiteFrame{body: rest}
		if len(out) == 0 {
			g.op, g.rsv = f.op, f.rsv
		}
		if g.more = len(rest) >= size; !g.more {
			return append(out, g)
		}
		g.body = rest[:size]
		out = append(out, g)
	}
}

func unhex(s string) string {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err) // a slip in the table
	}
	return string(b)
}

// suiteGroup is a chapter of the suite.
type suiteGroup struct {
	name  string
	count int // how many cases the suite has in it
	cases []*suiteCase
}

// suiteGroups is the table.
func suiteGroups() []suiteGroup {
	return []suiteGroup{
		{"1 framing", 16, framingCases()},
		{"2 pings and pongs", 11, pingCases()},
		{"3 reserved bits", 7, reservedCases()},
		{"4 opcodes", 10, opcodeCases()},
		{"5 fragmentation", 20, fragmentCases()},
		{"6 UTF-8", 145, utf8Cases()},
		{"7 close handling", 37, closeCases()},
		{"9 limits", 54, limitCases()},
		{"10 automatic fragmentation", 1, []*suiteCase{
			legal("10.1.1", fragmented(textFrame(fill("*", 65536)), 1300)...),
		}},
		{"12 compressed payloads", 90, payloadCases()},
		{"13 compression parameters", 126, parameterCases()},
	}
}
