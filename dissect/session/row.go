package session

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect"
	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Row is one connection in the list, as far as it was read: about 200 bytes,
// besides Names, which rows share. Arrays of two are by event.Side.
type Row struct {
	Number      uint64 // from 1, in order of first packet
	Start, Last int64  // capture times of its first and its latest packet, ns
	Packets     uint64
	FirstPacket uint64
	LastPacket  uint64
	Bytes       [2]uint64 // reassembled stream bytes
	Missing     [2]uint64 // stream bytes not captured
	Messages    [2]uint64 // begun so far
	RTT         int64     // of the TCP handshake, ns; 0: not seen
	Errors      uint32    // findings
	Warnings    uint32
	Status      uint16    // of the HTTP response; 0: none
	CloseCodes  [2]uint16 // of WebSocket close messages: 0 none seen, 1005 one without a code
	State       reassembly.State
	ClosedBy    event.Side // NoSide while open
	Midstream   bool
	Final       bool // nothing will change any more
	client      packet.Dir
	flow        packet.Flow
	rules       uint64 // bits by ruleBook
	*Names
}

// Names are a row's texts. They are captured text: not to be printed to a
// terminal without making control characters visible. Long ones are cut after
// 1 KiB. Shared and never changed.
type Names struct {
	Protocol    string   // raw, http, tls, websocket; empty while it is not known
	Layers      []string // outermost first
	Guess       string
	Host, Path  string
	Subprotocol string
	SNI, ALPN   string
}

// Client returns the client's address and port.
func (r *Row) Client() netip.AddrPort { return r.flow.Source(r.client) }

// Server returns the server's address and port.
func (r *Row) Server() netip.AddrPort { return r.flow.Source(r.client.Reverse()) }

// Connection returns the row as the detail of a connection event, owned.
func (r *Row) Connection() *event.Connection {
	c := &event.Connection{
		Start: r.Start, End: r.Last, Client: r.Client().String(), Server: r.Server().String(),
		Protocol: r.Protocol, Layers: r.Layers, Guess: r.Guess, State: r.State.String(), ClosedBy: r.ClosedBy,
		Midstream: r.Midstream, Packets: r.Packets, Bytes: r.Bytes, Missing: r.Missing, Messages: r.Messages,
		Host: r.Host, Path: r.Path, Status: int(r.Status), Subprotocol: r.Subprotocol, SNI: r.SNI, ALPN: r.ALPN,
		RTT: r.RTT, Errors: uint64(r.Errors), Warnings: uint64(r.Warnings),
	}
	if c.Protocol == "" {
		c.Protocol = "raw"
	}
	if len(c.Layers) == 0 {
		c.Layers = []string{"raw"}
	}
	c.HasMessages = c.Protocol == "websocket"
	return c
}

// Event returns the row as a connection event, owned: what a display filter takes.
func (r *Row) Event() *event.Event {
	return &event.Event{
		Time: r.Last, Conn: r.Number, From: event.NoSide,
		Packets: [2]uint64{r.FirstPacket, r.LastPacket}, Detail: r.Connection(),
	}
}

// Info returns what a display filter wants to know of the connection to judge
// its events. Owned, apart from Layers.
func (s *Session) Info(r *Row) *query.ConnInfo {
	return &query.ConnInfo{
		Client: r.Client(), Server: r.Server(), Protocol: r.Protocol, Layers: r.Layers, Guess: r.Guess,
		State: r.State.String(), ClosedBy: r.ClosedBy, Midstream: r.Midstream, Host: r.Host, Path: r.Path,
		Status: int(r.Status), Subprotocol: r.Subprotocol, SNI: r.SNI, ALPN: r.ALPN, RTT: r.RTT, Rules: s.Rules(r),
	}
}

// Rules returns the rules that findings of the connection name, in no order.
func (s *Session) Rules(r *Row) []string {
	if r.rules == 0 {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rules.names(r.rules)
}

// ruleBook numbers the rules that findings name; 64 hold all that there are.
type ruleBook struct{ list []string }

func (b *ruleBook) bit(rule string) uint64 {
	i := slices.Index(b.list, rule)
	if i < 0 {
		if len(b.list) == 64 {
			return 0
		}
		i, b.list = len(b.list), append(b.list, rule)
	}
	return 1 << i
}

func (b *ruleBook) names(bits uint64) []string {
	var out []string
	for i, rule := range b.list {
		if bits>>i&1 != 0 {
			out = append(out, rule)
		}
	}
	return out
}

// refresh takes over what the analyzer knows of the connection now.
func (r *Row) refresh(k *dissect.Conn, n *namer) {
	c, s, client := k.TCP(), k.Summary(), k.Client()
	r.Start, r.Last, r.Packets, r.FirstPacket, r.LastPacket = c.Start, c.Last, c.Packets, c.FirstPacket, c.LastPacket
	r.flow, r.client = c.Flow, client
	for side, dir := range [2]packet.Dir{client, client.Reverse()} {
		r.Bytes[side], r.Missing[side] = c.Bytes(dir), c.Missing(dir)
	}
	r.Messages, r.CloseCodes = k.Messages(), k.CloseCodes()
	r.RTT, r.Midstream, r.State = c.RTT, c.Midstream, c.State()
	r.ClosedBy = event.NoSide
	if by, ok := c.ClosedBy(); ok {
		r.ClosedBy = event.FromDir(by, client)
	}
	r.Errors, r.Warnings = uint32(min(s.Errors, 1<<32-1)), uint32(min(s.Warnings, 1<<32-1))
	r.Status = uint16(s.Status)
	if r.Names == nil || !r.Names.are(s) {
		r.Names = n.names(s)
	}
}

// are tells whether the names are those of s.
func (n *Names) are(s *event.Connection) bool {
	return n.Protocol == s.Protocol && len(n.Layers) == len(s.Layers) && n.Guess == s.Guess &&
		n.Host == short(s.Host) && n.Path == short(s.Path) && n.Subprotocol == short(s.Subprotocol) &&
		n.SNI == short(s.SNI) && n.ALPN == short(s.ALPN) && slices.Equal(n.Layers, s.Layers)
}

func short(s string) string { return s[:min(len(s), maxName)] }

// namer shares equal names between rows.
type namer struct{ known map[namesKey]*Names }

type namesKey struct{ protocol, layers, guess, host, path, subprotocol, sni, alpn string }

func (n *namer) names(s *event.Connection) *Names {
	key := namesKey{
		s.Protocol, strings.Join(s.Layers, " "), s.Guess, short(s.Host), short(s.Path),
		short(s.Subprotocol), short(s.SNI), short(s.ALPN),
	}
	if found := n.known[key]; found != nil {
		return found
	}
	if n.known == nil || len(n.known) >= maxNames {
		n.known = map[namesKey]*Names{} // those in rows stay; new ones are shared anew
	}
	// Cloned: a name must not keep the head alive that it was cut from.
	key.host, key.path = strings.Clone(key.host), strings.Clone(key.path)
	key.subprotocol, key.sni, key.alpn = strings.Clone(key.subprotocol), strings.Clone(key.sni), strings.Clone(key.alpn)
	out := &Names{
		Protocol: s.Protocol, Layers: slices.Clone(s.Layers), Guess: s.Guess, Host: key.host, Path: key.path,
		Subprotocol: key.subprotocol, SNI: key.sni, ALPN: key.alpn,
	}
	n.known[key] = out
	return out
}
