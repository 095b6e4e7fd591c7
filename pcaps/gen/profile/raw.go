package profile

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/sockeye-dev/sockeye/pcaps/gen/sim"
	"github.com/sockeye-dev/sockeye/pcaps/gen/wire"
)

// exchange is a connection on which requests are answered.
type exchange struct {
	g     *gen
	steps int
	begun bool
	turn  func(a *exchange, c *sim.Conn)
	hello func(a *exchange, c *sim.Conn)
}

// webSockets is the percentage of connections that are WebSocket: their
// conversations are lively, but small, which makes it 5 % of the bytes.
const webSockets = 10

func openRaw(g *gen, slot int, over func(*sim.Conn)) {
	r := &g.R
	v := r.N(100)
	if v < webSockets {
		client, server := g.endpoints(byte(50+slot%8), 8080)
		g.Open(sim.Spec{Client: client, Server: server, Protocol: "websocket"},
			&chat{g: g, steps: 40 + r.N(360), pause: r.Between(4, 12) * sim.Millisecond, reply: 5 * sim.Millisecond},
			r.Between(0, sim.Second), over)
		return
	}
	a := &exchange{g: g, steps: 4 + r.N(40)}
	spec, port := sim.Spec{Protocol: "raw"}, uint16(7000)
	switch {
	case v < 40:
		spec.Protocol, port = "http", 80
		a.turn = turnHTTP
	case v < 70:
		spec.Protocol, port = "tls", 443
		a.hello, a.turn = helloTLS, turnTLS
	case v < 85:
		a.turn = turnBinary
	default:
		port = 6379
		a.turn = turnLine
	}
	spec.Client, spec.Server = g.endpoints(byte(50+slot%8), port)
	g.Open(spec, a, r.Between(0, sim.Second), over)
}

func (a *exchange) Step(c *sim.Conn) int64 {
	r := &a.g.R
	if !a.begun {
		a.begun = true
		if a.hello != nil {
			a.hello(a, c)
			return r.Between(sim.Millisecond, 20*sim.Millisecond)
		}
	}
	if a.steps--; a.steps < 0 || a.g.Ending() {
		c.Close(r.N(2))
		return -1
	}
	a.turn(a, c)
	return r.Between(sim.Millisecond, 100*sim.Millisecond)
}

func turnHTTP(a *exchange, c *sim.Conn) {
	r := &a.g.R
	b := append(a.g.scratch[:0], "GET /assets/"...)
	b = strconv.AppendUint(b, r.Uint64()%5000, 10)
	b = append(b, ".js HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nUser-Agent: curl/8.5.0\r\n\r\n"...)
	c.Write(sim.C2S, b)
	c.Flush(sim.C2S)
	n := 200 + r.N(8000)
	b = append(b[:0], "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/javascript\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, "\r\n\r\n"...)
	a.g.scratch = b
	c.Write(sim.S2C, b)
	c.Write(sim.S2C, at(a.g.corpus.text, r.N(corpusSize-n), n))
	c.Flush(sim.S2C)
}

// record writes a TLS record (RFC 8446 §5.1) with n bytes that look encrypted.
func (a *exchange) record(c *sim.Conn, dir int, kind byte, n int) {
	head := []byte{kind, 3, 3, byte(n >> 8), byte(n)}
	c.Write(dir, head)
	c.Write(dir, at(a.g.corpus.binary, a.g.R.N(corpusSize-n), n))
}

// helloTLS plays the flights of a TLS 1.3 handshake: hellos that parse, the rest opaque.
func helloTLS(a *exchange, c *sim.Conn) {
	random := at(a.g.corpus.binary, a.g.R.N(corpusSize-64), 32)
	name := fmt.Sprintf("host%d.example.com", a.g.R.N(200))
	c.Write(sim.C2S, clientHello(random, name))
	c.Flush(sim.C2S)
	body := append([]byte{3, 3}, random...)
	body = append(body, 0, 0x13, 0x01, 0, 0, 6, 0, 43, 0, 2, 3, 4) // supported_versions: TLS 1.3
	c.Write(sim.S2C, handshake(2, body))
	c.Write(sim.S2C, []byte{20, 3, 3, 0, 1, 1})
	a.record(c, sim.S2C, 23, 2800)
	c.Flush(sim.S2C)
	c.Write(sim.C2S, []byte{20, 3, 3, 0, 1, 1})
	a.record(c, sim.C2S, 23, 53)
	c.Flush(sim.C2S)
}

func handshake(kind byte, body []byte) []byte {
	b := []byte{22, 3, 1, 0, 0, kind, 0, 0, 0}
	binary.BigEndian.PutUint16(b[3:], uint16(len(body)+4))
	binary.BigEndian.PutUint16(b[7:], uint16(len(body)))
	return append(b, body...)
}

func clientHello(random []byte, name string) []byte {
	be := binary.BigEndian
	sni := be.AppendUint16(nil, 0)
	sni = be.AppendUint16(sni, uint16(len(name)+5))
	sni = be.AppendUint16(sni, uint16(len(name)+3))
	sni = append(sni, 0)
	sni = append(be.AppendUint16(sni, uint16(len(name))), name...)
	ext := append(sni, 0, 43, 0, 3, 2, 3, 4)                   // supported_versions
	ext = append(ext, 0, 10, 0, 4, 0, 2, 0, 29)                // supported_groups: x25519
	ext = append(ext, 0, 13, 0, 4, 0, 2, 4, 3)                 // signature_algorithms
	ext = append(ext, 0, 16, 0, 11, 0, 9, 8)                   // ALPN
	ext = append(ext, "http/1.1"...)                           //
	body := append([]byte{3, 3}, random...)                    // legacy_version
	body = append(body, 0, 0, 4, 0x13, 0x01, 0x13, 0x02, 1, 0) // no session ID, two suites, no compression
	return handshake(1, append(be.AppendUint16(body, uint16(len(ext))), ext...))
}

func turnTLS(a *exchange, c *sim.Conn) {
	r := &a.g.R
	a.record(c, sim.C2S, 23, 80+r.N(600))
	c.Flush(sim.C2S)
	for range 1 + r.N(3) {
		a.record(c, sim.S2C, 23, 100+r.N(6000))
	}
	c.Flush(sim.S2C)
}

// turnBinary plays a protocol of length-prefixed records.
func turnBinary(a *exchange, c *sim.Conn) {
	r := &a.g.R
	for dir, most := range [2]int{400, 8000} {
		n := 16 + r.N(most)
		head := binary.BigEndian.AppendUint32(nil, uint32(n))
		c.Write(dir, append(head, 0x01, 0x7f, byte(dir), byte(r.N(12))))
		c.Write(dir, at(a.g.corpus.binary, r.N(corpusSize-n), n))
		c.Flush(dir)
	}
}

// turnLine plays a Redis-like exchange of lines.
func turnLine(a *exchange, c *sim.Conn) {
	r := &a.g.R
	for range 1 + r.N(6) {
		c.Write(sim.C2S, fmt.Appendf(nil, "*2\r\n$3\r\nGET\r\n$7\r\nkey%04d\r\n", r.N(10000)))
	}
	c.Flush(sim.C2S)
	n := 100 + r.N(6000)
	c.Write(sim.S2C, fmt.Appendf(nil, "$%d\r\n", n))
	c.Write(sim.S2C, at(a.g.corpus.text, r.N(corpusSize-n), n))
	c.Write(sim.S2C, []byte("\r\n"))
	c.Flush(sim.S2C)
}

// datagrams adds UDP: short questions and media-like streams.
func (g *gen) datagrams() {
	var flows []*wire.Template
	for i := range 24 {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}), uint16(40000+i))
		b := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 53}), [...]uint16{27015, 30000}[i%2])
		flows = append(flows, wire.NewTemplate(wire.Layout{}, wire.UDP, a, b))
	}
	g.Every(sim.Millisecond, func(s *sim.Sim) int64 {
		i := s.R.N(len(flows))
		n := [...]int{30 + s.R.N(60), 172}[i%2]
		s.Datagram(flows[i], at(g.corpus.binary, s.R.N(corpusSize-n), n))
		if g.Ending() || g.live == 0 {
			return -1
		}
		return s.R.Between(sim.Millisecond/2, 2*sim.Millisecond)
	})
}
