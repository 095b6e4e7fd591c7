package sim

// Kinds of events.
const (
	evStep = iota // the application's turn
	evAck         // a delayed acknowledgement may be due
	evHeld        // a packet that was under way arrives
	evTick        // Sim.Every
)

type event struct {
	at   int64
	n    uint64 // order of events of the same time
	c    *Conn
	tick func(*Sim) int64
	kind uint8
	arg  uint8
}

// queue is a binary heap of events in order of time, then of pushing.
type queue struct {
	h []event
	n uint64
}

func (q *queue) len() int { return len(q.h) }

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.n < o.n }

func (q *queue) push(e event) {
	q.n++
	e.n = q.n
	q.h = append(q.h, e)
	i := len(q.h) - 1
	for i > 0 {
		p := (i - 1) / 2
		if !e.before(&q.h[p]) {
			break
		}
		q.h[i] = q.h[p]
		i = p
	}
	q.h[i] = e
}

func (q *queue) pop() event {
	top := q.h[0]
	last := q.h[len(q.h)-1]
	q.h[len(q.h)-1] = event{}
	q.h = q.h[:len(q.h)-1]
	if len(q.h) == 0 {
		return top
	}
	i := 0
	for {
		k := 2*i + 1
		if k >= len(q.h) {
			break
		}
		if k+1 < len(q.h) && q.h[k+1].before(&q.h[k]) {
			k++
		}
		if !q.h[k].before(&last) {
			break
		}
		q.h[i] = q.h[k]
		i = k
	}
	q.h[i] = last
	return top
}
