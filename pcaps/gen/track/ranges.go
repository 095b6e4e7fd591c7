package track

// Ranges is a set of stream offsets: everything below front, and a few ranges
// above it, sorted and apart from each other.
type Ranges struct {
	front uint64
	ahead []span
}

type span struct{ from, to uint64 }

// Front returns the first offset that is not in the set.
func (r *Ranges) Front() uint64 { return r.front }

// Add adds [from, to).
func (r *Ranges) Add(from, to uint64) {
	if to <= r.front || from >= to {
		return
	}
	if from <= r.front {
		r.front = to
		for len(r.ahead) > 0 && r.ahead[0].from <= r.front {
			r.front = max(r.front, r.ahead[0].to)
			r.ahead = r.ahead[1:]
		}
		return
	}
	i := 0
	for i < len(r.ahead) && r.ahead[i].to < from {
		i++
	}
	j := i
	for j < len(r.ahead) && r.ahead[j].from <= to {
		from, to = min(from, r.ahead[j].from), max(to, r.ahead[j].to)
		j++
	}
	tail := append([]span{{from, to}}, r.ahead[j:]...)
	r.ahead = append(r.ahead[:i:i], tail...)
}

// Has reports whether all of [from, to) is in the set.
func (r *Ranges) Has(from, to uint64) bool {
	if to <= r.front || from >= to {
		return true
	}
	for _, s := range r.ahead {
		if s.from <= max(from, r.front) && to <= s.to {
			return from >= s.from || from < r.front && s.from <= r.front
		}
	}
	return false
}

// Holes returns what [0, end) lacks.
func (r *Ranges) Holes(end uint64) []span {
	var holes []span
	at := r.front
	for _, s := range r.ahead {
		if s.from >= end {
			break
		}
		holes = append(holes, span{at, s.from})
		at = s.to
	}
	if at < end {
		holes = append(holes, span{at, end})
	}
	return holes
}
