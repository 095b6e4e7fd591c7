package query

import (
	"net/netip"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// ConnInfo is what is known of the connection that an event belongs to: its
// addresses and names, which the event itself does not carry. Whoever feeds the
// filter fills it, the analyzer's sinks as a connection goes along and the
// inspector from its list. What is not known (yet) is left zero; it then does not
// apply, and comparisons of it are false.
//
// A *event.Connection knows all this itself: for events of that kind only Rules
// is looked at.
type ConnInfo struct {
	Client, Server netip.AddrPort
	Protocol       string     // raw, http, tls, websocket; empty until recognised
	Layers         []string   // outermost first
	Guess          string     // of raw
	State          string     // open, half-open, closed, reset
	ClosedBy       event.Side // applies in the states half-open, closed and reset
	Midstream      bool
	Host, Path     string
	Status         int // of the handshake's answer; 0: none
	Subprotocol    string
	SNI, ALPN      string
	RTT            int64 // ns; 0: not known
	// Rules are the rules that findings of this connection name, so that
	// `finding == WS-MASK` also selects from a list of connections.
	Rules []string
}

// Info returns what an event of kind connection tells, for judging other events
// of that connection. Layers is shared with c.
func Info(c *event.Connection) *ConnInfo {
	return &ConnInfo{
		Client: addrPort(c.Client), Server: addrPort(c.Server),
		Protocol: c.Protocol, Layers: c.Layers, Guess: c.Guess,
		State: c.State, ClosedBy: c.ClosedBy, Midstream: c.Midstream,
		Host: c.Host, Path: c.Path, Status: c.Status, Subprotocol: c.Subprotocol,
		SNI: c.SNI, ALPN: c.ALPN, RTT: c.RTT,
	}
}

// addrPort reads "ip:port" as it stands in a Connection; invalid where it is not one.
func addrPort(s string) netip.AddrPort {
	a, _ := netip.ParseAddrPort(s)
	return a
}

// endpoint returns the address of a side of an event's connection.
func endpoint(e *event.Event, c *ConnInfo, side event.Side) netip.AddrPort {
	if d, ok := e.Detail.(*event.Connection); ok {
		if side == event.Client {
			return addrPort(d.Client)
		}
		return addrPort(d.Server)
	}
	switch {
	case c == nil:
		return netip.AddrPort{}
	case side == event.Client:
		return c.Client
	}
	return c.Server
}

// endpointPort returns the port of endpoint; of known connections without a copy
// of the address.
func endpointPort(e *event.Event, c *ConnInfo, side event.Side) (uint64, bool) {
	if e.Detail.Kind() == event.KindConnection {
		a := endpoint(e, c, side)
		return uint64(a.Port()), a.IsValid()
	}
	if c == nil {
		return 0, false
	}
	a := &c.Server
	if side == event.Client {
		a = &c.Client
	}
	return uint64(a.Port()), a.IsValid()
}
