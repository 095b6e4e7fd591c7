package dissect

import (
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// Dissector reads both directions of one connection, or of one layer in it.
//
// Its contract is bufio.SplitFunc's: Data consumes a prefix of b and returns its
// length; 0 means that more is needed, and the same bytes come again with more
// behind them. b is borrowed. A dissector that keeps returning 0 must bound what
// it waits for, because the bytes are held for it.
//
// A dissector that recognises the end of its layer calls Conn.Switch and returns
// what it consumed: the rest of both directions goes to the next dissector.
type Dissector interface {
	// Layer is the name of the layer as in the JSON key "layers".
	Layer() string
	// Data consumes a prefix of b, whose first byte stands at at.
	Data(k *Conn, dir packet.Dir, b []byte, at reassembly.At) int
	// Gap says that n bytes are missing after held, the bytes of the direction
	// that were not consumed; held is dropped after the call. It returns whether
	// the dissector is in sync behind the hole or finds its way back by itself;
	// if not, the connection is recognised anew.
	Gap(k *Conn, dir packet.Dir, held []byte, n uint64, at reassembly.At) bool
	// Fin says that the direction ended behind held.
	Fin(k *Conn, dir packet.Dir, held []byte)
	// End says that nothing more comes in either direction.
	End(k *Conn)
}

// verdict is the outcome of looking at a prefix.
type verdict uint8

const (
	no    verdict = iota // it is something else
	maybe                // more bytes are needed
	yes
)

// protocol is one row of the table below. Adding a protocol is a grammar
// package, an adapter file, and a row.
type protocol struct {
	// name as in the JSON key "protocol" and in --decode-as.
	name string
	// recognise looks at the first bytes of both directions. On yes it sets
	// s.client where the bytes tell who the client is, and s.skip where the
	// protocol begins behind the first byte.
	recognise func(s *signs) verdict
	// start makes the dissector of a connection that was recognised, or that is
	// decoded as this protocol by request.
	start func(k *Conn, s *signs) Dissector
}

// protocols is asked from top to bottom: the first yes wins, a maybe above it
// waits. Ports play no part.
var protocols = []protocol{
	{"tls", recogniseTLS, startTLS},
	{"http", recogniseHTTP, startHTTP},
	{"websocket", recogniseWebSocket, startWebSocket},
	{"raw", recogniseRaw, startRaw},
}

// ProtocolNames are the names that --decode-as takes: those of the table, and
// vxlan, which is no protocol of a connection but a tunnel on a UDP port.
func ProtocolNames() []string {
	var names []string
	for _, p := range protocols {
		names = append(names, p.name)
	}
	return append(names, "vxlan")
}

func protocolNamed(name string) *protocol {
	for i := range protocols {
		if protocols[i].name == name {
			return &protocols[i]
		}
	}
	return nil
}
