package dissect

import (
	"github.com/sockeye-dev/sockeye/capture/packet"
	"github.com/sockeye-dev/sockeye/dissect/http1"
	"github.com/sockeye-dev/sockeye/reassembly"
)

// maxPipelined bounds the requests that wait for their responses. Beyond it the
// oldest is forgotten: its response is then paired with the next.
const maxPipelined = 1024

// httpStream pairs requests with responses until one of them upgrades the connection.
type httpStream struct {
	client  httpSide
	server  httpSide
	pending []*exchange  // requests without a final response, oldest first
	room    [1]*exchange // of pending, usually
	any     bool         // a whole request or an answer was read: the connection is HTTP for certain
	held    bool         // the client's bytes are on hold, not only its direction
	acked   uint64       // bytes of the server that the client had acknowledged when it sent the first of those
	waits   bool         // an answer waits for its request, which was captured later or not at all
	forlorn bool         // it waits no more
}

// httpSide is where one direction stands.
type httpSide struct {
	phase   httpPhase
	scanner http1.Scanner
	body    http1.Body
	cut     bool // the rest of the head that was read last is in a hole, and where it ends is not known
}

type httpPhase uint8

const (
	inHead    httpPhase = iota
	inBody              // of the message whose head was read last
	onHold              // client: behind a request that wants to leave HTTP, until it is answered
	isHunting           // behind a hole: waiting for a segment that begins with a head
	inTail              // client: behind a hole in the head of a request that may want to leave HTTP
)

func startHTTP(k *Conn, s *signs) Dissector {
	h := k.a.https.get()
	h.pending = h.room[:0]
	if !s.fresh {
		h.hunt()
	}
	return h
}

// opens begins with HTTP at once where the first bytes of a connection are a whole
// request in which nothing is wrong, as those of most are: what the recogniser would
// come to. It returns how many of them were read, 0 if it is to be asked.
func (k *Conn) opens(dir packet.Dir, b []byte, at reassembly.At) int {
	if k.tcp.Midstream || !k.settled || dir != k.client {
		return 0
	}
	req := &k.a.heads.request
	n := k.a.heads.WholeRequest(b, req)
	if n > 0 {
		s := &k.a.signs
		s.fresh = true
		h := k.enter(protocolNamed("http"), s).(*httpStream)
		k.d = h
		h.request(k, req, [2]uint64{at.Packet, at.Packet})
	}
	return n
}

// hunt makes both directions wait for the beginning of a head.
func (h *httpStream) hunt() {
	h.client, h.server = httpSide{phase: isHunting}, httpSide{phase: isHunting}
	h.pending = nil
}

func (h *httpStream) Layer() string { return "http/1.1" }

func (h *httpStream) Data(k *Conn, dir packet.Dir, b []byte, at reassembly.At) int {
	s, looks := &h.client, http1.LooksLikeRequest
	if dir != k.Client() {
		s, looks = &h.server, http1.LooksLikeResponse
	}
	switch s.phase {
	case onHold:
		if !h.held {
			h.held, h.acked = true, k.tcp.AckedBytes(dir.Reverse())
		}
		return h.holdEarly(k, b)
	case inTail:
		return h.tail(k, dir, b, at)
	case isHunting:
		switch v := looks(b); {
		case v == http1.Maybe && len(b) < k.a.opt.Limits.Recognise:
			return 0
		case v != http1.Yes:
			k.skipped(dir, len(b), at)
			return len(b)
		}
		*s = httpSide{}
		fallthrough
	case inHead:
		return h.head(k, dir, s, b, at)
	}
	n, done, err := s.body.Consume(b)
	if err != nil {
		s.phase = isHunting
		return len(b)
	}
	if done {
		s.phase = inHead
		if n == 0 {
			return h.head(k, dir, s, b, at)
		}
	}
	return n
}

// head reads a request's or a response's head, once it is whole.
func (h *httpStream) head(k *Conn, dir packet.Dir, s *httpSide, b []byte, at reassembly.At) int {
	if n := h.plainHead(k, dir, s, b, at); n > 0 {
		return n
	}
	n, err := s.scanner.Scan(b)
	if err == nil && n == 0 && len(b) <= k.a.opt.Limits.HTTPHead {
		if s == &h.server && http1.LooksLikeResponse(b) == http1.No {
			return h.notHTTP(k, dir, s, b, at)
		}
		return 0
	}
	s.scanner.Reset()
	if err != nil || n == 0 {
		return h.notHTTP(k, dir, s, b, at)
	}
	if s == &h.server && h.ahead(k, dir) {
		return 0
	}
	last := k.lastOf(dir, at, n)
	span := [2]uint64{at.Packet, last.Packet}
	if s == &h.client {
		req := &k.a.heads.request
		if err := k.a.heads.Request(b[:n], req); err != nil {
			return h.notHTTP(k, dir, s, b, at)
		}
		h.request(k, req, span)
		return n
	}
	resp := &k.a.heads.response
	if err := k.a.heads.Response(b[:n], resp); err != nil {
		return h.notHTTP(k, dir, s, b, at)
	}
	h.answer(k, resp, n, at, span, last.Time)
	return n
}

// plainHead does so for a head in which nothing is wrong; 0: it is another, or not whole.
func (h *httpStream) plainHead(k *Conn, dir packet.Dir, s *httpSide, b []byte, at reassembly.At) int {
	switch {
	case s.scanner.Started():
		return 0
	case s == &h.client:
		req := &k.a.heads.request
		n := k.a.heads.WholeRequest(b, req)
		if n > 0 {
			h.request(k, req, [2]uint64{at.Packet, k.lastOf(dir, at, n).Packet})
		}
		return n
	}
	resp := &k.a.heads.response
	n := k.a.heads.WholeResponse(b, resp)
	if n == 0 || h.ahead(k, dir) {
		return 0
	}
	last := k.lastOf(dir, at, n)
	h.answer(k, resp, n, at, [2]uint64{at.Packet, last.Packet}, last.Time)
	return n
}

// answer takes the head of n bytes at at.
func (h *httpStream) answer(k *Conn, resp *http1.Response, n int, at reassembly.At, span [2]uint64, time int64) {
	if len(h.pending) > 0 {
		// A capture may show the client's frames before the 101 that they follow:
		// what the client had acknowledged, it had seen.
		h.pending[0].asked.known = h.held && h.acked >= at.Offset+uint64(n)
	}
	h.response(k, resp, span, time)
}

// ahead tells whether an answer was captured before its request, as happens where
// the directions of a link are captured apart: the server has acknowledged what is
// still to come. It comes, or it is a gap.
func (h *httpStream) ahead(k *Conn, server packet.Dir) bool {
	client := server.Reverse()
	h.waits = len(h.pending) == 0 && !h.forlorn && k.tcp.HasSYN(client) && k.tcp.AckedBytes(client) > k.tcp.Bytes(client)+k.tcp.Missing(client)
	return h.waits
}

// goOn reads the answer that waited, for want of its request.
func (h *httpStream) goOn(k *Conn) {
	h.waits, h.forlorn = false, true
	k.pump(k.Client().Reverse())
}

// notHTTP gives up on a direction: the whole connection, where nothing of it was
// HTTP for certain. A request that never completed, or of which that is not known,
// leaves its connection raw if it is answered by something else than HTTP.
func (h *httpStream) notHTTP(k *Conn, dir packet.Dir, s *httpSide, b []byte, at reassembly.At) int {
	if !h.any {
		if k.sum != nil {
			k.sum.Layers = nil
		}
		k.Switch(k.enter(protocolNamed("raw"), &signs{k: k, fresh: true}))
		return 0
	}
	s.phase = isHunting
	k.skipped(dir, len(b), at)
	return len(b)
}

// request takes a request head, whole or cut.
func (h *httpStream) request(k *Conn, req *http1.Request, span [2]uint64) {
	h.any = h.any || !h.client.cut
	if k.sum != nil && (k.sum.Path == "" || len(k.sum.Layers) == 1 && k.sum.Status == 0) {
		k.name(req)
	}
	x := k.a.exchanges.get()
	x.method = methodName(req.Method)
	x.asked.reqCut = h.client.cut
	asks := req.AsksWebSocket()
	x.upgrade = asks || req.Method == "CONNECT" || req.Upgrades()
	switch {
	case asks:
		x.attempt = x.ask(&k.a.heads.Parser, req, span)
		req = x.attempt.req
		k.a.keys.add(req.Headers.Get("Sec-WebSocket-Key"))
	case h.client.cut && req.Method == "GET" && !x.upgrade:
		x.ask(&k.a.heads.Parser, req, span)
		x.perhaps, x.upgrade = true, true
	}
	if len(h.pending) == maxPipelined {
		k.a.exchanges.put(h.pop())
	}
	h.pending = append(h.pending, x)
	if h.waits {
		h.waits = false
		k.Wake(k.Client().Reverse())
	}
	if h.client.cut {
		h.client.phase = isHunting
		if x.upgrade {
			h.client.phase = inTail
		}
		return
	}
	h.client.body = http1.RequestBody(req)
	h.client.phase = inBody
	if x.upgrade && h.client.body.Done() {
		h.client.phase, h.held = onHold, false
	}
}

// response takes a response head, whole or cut.
func (h *httpStream) response(k *Conn, resp *http1.Response, span [2]uint64, time int64) {
	h.any = true
	var x *exchange
	if len(h.pending) > 0 {
		x = h.pending[0]
	} else {
		x = k.a.exchanges.get()
	}
	if resp.Status == 101 && x.attempt == nil {
		x.attempt = h.tentative(x, resp)
	}
	h.server.body = http1.ResponseBody(x.method, resp)
	h.server.phase = inBody
	if h.server.cut {
		h.server.phase = isHunting
	}
	if resp.Status < 200 && resp.Status != 101 {
		return // interim: the final response is still to come
	}
	if k.sum != nil && (k.sum.Status == 0 || x.attempt != nil) {
		k.sum.Status = resp.Status
	}
	if len(h.pending) > 0 {
		h.pop()
	}
	defer k.a.exchanges.put(x)
	switch {
	case x.attempt != nil:
		x.attempt.respCut = h.server.cut
		x.attempt.answer(k, resp, span, time)
		if resp.Status == 101 {
			k.protocol = protocolNamed("websocket")
			k.addLayer("websocket")
			w := newWebSocket(k, x.attempt)
			client := k.Client()
			w.side[client].begins(h.client.cut)
			w.side[client.Reverse()].begins(h.server.cut)
			k.Switch(w)
			k.a.recycle(h)
			return
		}
	case resp.Switches(x.method):
		// A tunnel, or another protocol: what follows is recognised like a new
		// connection where it is a tunnel, and raw where it is an upgrade.
		if resp.Status == 101 {
			k.Switch(k.enter(protocolNamed("raw"), &signs{k: k, fresh: true}))
		} else {
			k.Switch(newRecogniser(k, true))
		}
		return
	}
	h.release(k)
}

// holdEarly keeps what the client sent behind an upgrade request until the
// answer tells what it is.
func (h *httpStream) holdEarly(k *Conn, b []byte) int {
	if len(b) <= k.a.opt.Limits.EarlyData {
		return 0
	}
	// No answer was captured: the bytes themselves must tell.
	k.lost()
	return 0
}

// release lets the client's bytes go on as HTTP once no upgrade is waited for.
func (h *httpStream) release(k *Conn) {
	for _, x := range h.pending {
		if x.upgrade {
			return
		}
	}
	h.client.cut = false
	switch h.client.phase {
	case inTail:
		h.client.phase = isHunting
	case onHold:
		h.client.phase = inHead
		k.Wake(k.Client())
	}
}

// lostUpgrade is the WebSocket request whose answer is in a hole.
func (h *httpStream) lostUpgrade() *attempt {
	for _, x := range h.pending {
		if x.attempt != nil {
			return x.attempt
		}
	}
	return nil
}

func (h *httpStream) Gap(k *Conn, dir packet.Dir, held []byte, n uint64, at reassembly.At) bool {
	if h.waits && dir == k.Client() && len(held) == 0 {
		if h.goOn(k); k.d != Dissector(h) {
			return k.d.Gap(k, dir, held, n, at)
		}
	}
	s := &h.client
	if dir != k.Client() {
		s = &h.server
	}
	switch s.phase {
	case inHead:
		return len(held) > 0 && h.cutHead(k, dir, s, held, k.heldAt(dir))
	case inBody:
		if _, sync := s.body.Skip(n); sync {
			return true
		}
	case isHunting, inTail:
		return true
	}
	return false
}

func (h *httpStream) Fin(*Conn, packet.Dir, []byte) {}

// End reports an upgrade that nobody answered. What the client sent behind it
// may tell that it was accepted all the same.
func (h *httpStream) End(k *Conn) {
	if h.waits {
		if h.goOn(k); k.d != Dissector(h) {
			return
		}
	}
	if x := h.lostUpgrade(); x != nil {
		if h.client.phase == onHold && k.in[k.Client()] != nil && !k.tcp.HasSeen(k.Client().Reverse()) {
			k.lost()
			return
		}
		x.unanswered(k)
		h.pending = nil
	}
}
