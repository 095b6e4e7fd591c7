package dissect

import (
	"slices"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/http1"
)

// exchange is a request that waits for its response.
type exchange struct {
	method  string
	attempt *attempt // it asks for WebSocket
	perhaps bool     // it may do so in the part of its head that is in a hole
	upgrade bool     // it asks for something, or is CONNECT, or may ask
	asked   attempt  // what attempt points to, or may point to
}

// ask makes the exchange's attempt, which takes the fields of req.
func (x *exchange) ask(p *http1.Parser, req *http1.Request, span [2]uint64) *attempt {
	a := &x.asked
	a.text = p.Take(a.text)
	room := a.own.Headers[:0]
	a.own = *req
	a.own.Problems = slices.Clone(req.Problems)
	req.Headers = room // in exchange for its fields
	a.req, a.packets = &a.own, span
	return a
}

// pop takes the oldest request out.
func (h *httpStream) pop() *exchange {
	x := h.pending[0]
	h.pending[0] = nil
	if h.pending = h.pending[1:]; len(h.pending) == 0 {
		h.pending = h.room[:0]
	}
	return x
}

// exchanges recycles them, with the room for their fields.
type exchanges struct{ freeList[exchange] }

// put takes x back, which nothing may refer to any more.
func (p *exchanges) put(x *exchange) {
	if len(p.free) < maxFree && cap(x.asked.own.Headers) <= maxFreeFields {
		hs, text := x.asked.own.Headers, x.asked.text
		clear(hs)
		*x = exchange{}
		x.asked.own.Headers, x.asked.text = hs[:0], text
		p.free = append(p.free, x)
	}
}

// methodName returns an owned copy of a method.
func methodName(m string) string {
	for _, usual := range [...]string{"GET", "POST", "HEAD", "PUT"} {
		if m == usual {
			return usual
		}
	}
	return strings.Clone(m)
}

// maxFreeFields is with how much room for fields a head's memory is kept.
const maxFreeFields = 64

// heads reads the heads of all connections into the same memory.
type heads struct {
	http1.Parser
	request  http1.Request
	response http1.Response
}
