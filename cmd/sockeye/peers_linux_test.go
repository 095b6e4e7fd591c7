package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	endian "encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// step is a message of a script. The peers that are not Go get it as JSON.
type step struct {
	Op     string `json:"op"`   // text, binary, ping, close
	Data   []byte `json:"data"` // base64 in JSON
	Parts  int    `json:"parts,omitempty"`
	Ping   bool   `json:"ping,omitempty"` // a ping after the first part
	Code   int    `json:"code,omitempty"` // of a close; 0: an empty one
	Reason string `json:"reason,omitempty"`
}

// parts cuts the payload, not always between characters.
func (s step) parts() [][]byte {
	var l [][]byte
	for i := range s.Parts {
		l = append(l, s.Data[len(s.Data)*i/s.Parts:len(s.Data)*(i+1)/s.Parts])
	}
	return l
}

// between is the payload of the ping after the first part.
func (s step) between() []byte { return fmt.Appendf(nil, "between %d parts", s.Parts) }

// body is the payload; that of a close frame has code and reason.
func (s step) body() []byte {
	if s.Op != "close" {
		return s.Data
	}
	if s.Code == 0 {
		return nil
	}
	return append(endian.BigEndian.AppendUint16(nil, uint16(s.Code)), s.Reason...)
}

func (s step) entry() entry { return newEntry(s.Op, s.body()) }

// entry is what is compared of a message.
type entry struct {
	Op     string `json:"op"`
	Length int    `json:"length"`
	SHA256 string `json:"sha256"`
	Close  string `json:"close"`  // "1000 bye"; "-" without a code
	Frames int    `json:"frames"` // 0: the library does not tell
}

// fits compares what was captured with what was logged.
func (e entry) fits(logged entry) bool {
	if logged.Frames == 0 {
		e.Frames = 0
	}
	return e == logged
}

func newEntry(op string, b []byte) entry {
	sum := sha256.Sum256(b)
	e := entry{Op: op, Length: len(b), SHA256: hex.EncodeToString(sum[:])}
	if op == "close" && len(b) < 2 {
		e.Close = "-"
	} else if op == "close" {
		e.Close = strconv.Itoa(int(endian.BigEndian.Uint16(b))) + " " + string(b[2:])
	}
	return e
}

// endLog is what one end of a conversation sent and received, in order.
type endLog struct {
	Sent     []entry `json:"sent"`
	Received []entry `json:"received"`
	mu       sync.Mutex
}

func (l *endLog) send(e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Sent = append(l.Sent, e)
}

func (l *endLog) receive(e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Received = append(l.Received, e)
}

// echoes are the data messages among the answers.
func echoes(s step) []step {
	if s.Op != "text" && s.Op != "binary" || bytes.HasPrefix(s.Data, []byte("close:")) {
		return nil
	}
	a := step{Op: s.Op, Data: bytes.Clone(s.Data)}
	if s.Op == "text" && len(s.Data) > 0 {
		a.Data = append([]byte("echo "), s.Data...)
	} else {
		for i := range a.Data { // other bytes than those that came
			a.Data[i] ^= 0xff
		}
	}
	if n := len(a.Data); 1000 < n && n < 5000 {
		a.Parts = 3
	}
	return []step{a}
}

// answers are what a server says to a message: "ping:P" asks for a ping too,
// "close:CODE:REASON" for a close frame.
func answers(s *step) []step {
	text := string(s.Data)
	if rest, ok := strings.CutPrefix(text, "ping:"); ok && s.Op == "text" {
		return append([]step{{Op: "ping", Data: []byte(rest)}}, echoes(*s)...)
	}
	if rest, ok := strings.CutPrefix(text, "close:"); ok && s.Op == "text" {
		code, reason, _ := strings.Cut(rest, ":")
		n, _ := strconv.Atoi(code)
		return []step{{Op: "close", Code: n, Reason: reason}}
	}
	return echoes(*s)
}

func say(text string) step { return step{Op: "text", Data: []byte(text)} }

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// prose is n bytes of text that compresses, some of its characters of several bytes.
func prose(n int) []byte {
	b := make([]byte, 0, n)
	for i := 0; len(b) < n-50; i++ {
		b = fmt.Appendf(b, "Zeile %d: größer, 大きい, 🧦. ", i)
	}
	for len(b) < n {
		b = append(b, '.')
	}
	if !utf8.Valid(b) {
		panic("not text")
	}
	return b
}

// scripts are the conversations that each pair of peers holds.
var scripts = map[string][]step{
	"sizes": {
		{Op: "text"}, {Op: "binary"}, say("a"), say("späwning in Zürich 🧦"), {Op: "ping"}, {Op: "ping", Data: noise(125)},
		say("ping:"), say("ping:tell me"),
		{Op: "binary", Data: noise(125)}, {Op: "binary", Data: noise(126)}, {Op: "text", Data: prose(127)},
		{Op: "text", Data: prose(3001), Parts: 7}, {Op: "binary", Data: noise(2500), Parts: 2, Ping: true}, {Op: "text", Data: prose(4000), Parts: 4, Ping: true},
		{Op: "binary", Data: noise(65535)}, {Op: "binary", Data: noise(65536)},
		{Op: "binary", Data: noise(1 << 20)}, {Op: "text", Data: prose(1 << 20)}, say("after it"),
		{Op: "close", Code: 1000, Reason: "bye, Zoë"},
	},
	"chat":  append(chatter(60), say("close:4001:kicked")),
	"short": append(chatter(3), step{Op: "close"}),
}

func chatter(n int) (l []step) {
	for i := range n {
		l = append(l, say(fmt.Sprintf(`{"type":"message","room":"lobby","n":%d,"text":"hello number %d, how are you?"}`, i, i*i)))
	}
	return l
}

// capturedEntry is the entry of a message as sockeye printed it.
func capturedEntry(o map[string]any) (entry, error) {
	var b []byte
	if text, ok := o["text"].(string); ok {
		b = []byte(text)
	} else if data, ok := o["data"].(string); ok {
		var err error
		if b, err = base64.StdEncoding.DecodeString(data); err != nil {
			return entry{}, err
		}
	}
	op := o["opcode"].(string)
	e := newEntry(op, b)
	e.Frames = int(o["frames"].(float64))
	// What it says about the payload must fit the payload.
	if n := int(o["length"].(float64)); n != e.Length || o["complete"] != true {
		return e, fmt.Errorf("%s of length %d has %d bytes, complete %v", op, n, e.Length, o["complete"])
	}
	if c, ok := o["close"].(map[string]any); ok {
		said := "-"
		if code, ok := c["code"].(float64); ok {
			said = strconv.Itoa(int(code)) + " "
		}
		if reason, ok := c["reason"].(string); ok {
			said += reason
		}
		if said != e.Close {
			return e, fmt.Errorf("close %q, its body says %q", said, e.Close)
		}
	}
	return e, nil
}
