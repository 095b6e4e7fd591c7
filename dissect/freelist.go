package dissect

// freeList recycles the dissectors of connections that are over: with hundreds of
// thousands of short connections, making them anew is most of the work. What embeds
// it, and has a put of its own, hands out again what that left in it.
type freeList[T any] struct{ free []*T }

// maxFree bounds what a free list keeps.
const maxFree = 1024

// get returns what was put last, or a new T: zero, if it was put here.
func (l *freeList[T]) get() *T {
	if n := len(l.free); n > 0 {
		x := l.free[n-1]
		l.free = l.free[:n-1]
		return x
	}
	return new(T)
}

// put takes x back, which nothing may refer to any more.
func (l *freeList[T]) put(x *T) {
	if len(l.free) < maxFree {
		*x = *new(T)
		l.free = append(l.free, x)
	}
}

// recycle takes back a dissector that its connection has left behind.
func (a *Analyzer) recycle(d Dissector) {
	switch d := d.(type) {
	case *recogniser:
		a.recognisers.put(d)
	case *httpStream:
		a.https.put(d)
	case *webSocket:
		for dir := range d.side {
			a.waitings.put(d.side[dir].waiting)
		}
		a.webSockets.put(d)
	}
}
