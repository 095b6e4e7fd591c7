package dissect

import "github.com/sockeye-dev/sockeye/dissect/event"

// slabs make the memory of message events, many at a time: an event and a short
// payload each cost a fraction of an allocation. A sink that keeps one event
// keeps its neighbours' memory, some 20 KB at most.
type slabs struct {
	messages []messageEvent
	bytes    []byte
}

const (
	slabMessages = 16
	slabBytes    = 16 << 10
	slabLargest  = 1 << 10 // a longer payload is an allocation of its own
)

// messageEvent is an event and its detail in one.
type messageEvent struct {
	event   event.Event
	message event.Message
}

// frameEvent is an event and its detail in one.
type frameEvent struct {
	event event.Event
	frame event.Frame
}

// gapEvent is an event and its detail in one.
type gapEvent struct {
	event event.Event
	gap   event.Gap
}

func (s *slabs) message() *messageEvent {
	if len(s.messages) == 0 {
		s.messages = make([]messageEvent, slabMessages)
	}
	m := &s.messages[0]
	s.messages = s.messages[1:]
	return m
}

// payload gives an event its own copy of p, which is what kept holds. What was
// joined from chunks is its own already; with give, a payload that fills kept's
// array well is given away instead of being copied.
func (s *slabs) payload(kept *pieces, p []byte, give bool) []byte {
	switch {
	case len(kept.chunks) > 0:
		return p
	case give && len(p) > 4096 && len(p)*4 >= cap(kept.head)*3:
		kept.head = nil
		return p
	case len(p) > slabLargest:
		return append([]byte(nil), p...)
	case len(p) > len(s.bytes):
		s.bytes = make([]byte, slabBytes)
	}
	own := s.bytes[:len(p):len(p)]
	s.bytes = s.bytes[len(p):]
	copy(own, p)
	return own
}
