package filter

// The optimiser moves branches as libpcap's does (McCanne and Jacobson, "The
// BSD Packet Filter", 1993, and after), so that a packet cut short meets the
// same loads and gets the same verdict:
//
//   - thread: a branch to a test whose answer is known on the way there goes to
//     that answer's branch;
//   - pull: in a chain of alternatives, a test of the value that was tested just
//     before the chain is moved to its begin, so that tests of one value stand
//     together.

// maxOptimised is the greatest number of tests that are optimised: passes
// cost more than linear time. A greater filter works as it is.
const maxOptimised = 1 << 12

// maxMoves is how many passes may only move tests about before the optimiser
// takes what it has: two pulls can undo each other for ever.
const maxMoves = 100

func (g *graph) optimise() {
	if g.nodes <= maxOptimised {
		for moves := 0; moves < maxMoves; {
			switch removed, moved := g.pass(); {
			case removed:
				moves = 0
			case moved:
				moves++
			default:
				moves = maxMoves
			}
		}
	}
	g.merge()
}

// pass threads every branch, then pulls what can be pulled. It tells what it did.
func (g *graph) pass() (removed, moved bool) {
	g.prepare()
	for _, l := range g.levels[1:] {
		for _, n := range l {
			for _, when := range []bool{true, false} {
				e := in{n, when}
				before := e.to()
				if g.thread(e) {
					removed = true
				}
				moved = moved || e.to() != before
			}
		}
	}
	for !g.root.leaf && g.root.t == g.root.f {
		g.root, removed = g.root.t, true
	}
	if moved || removed {
		g.prepare()
	}
	for _, l := range g.levels[1:] {
		for _, n := range l {
			moved = pull(n, true) || moved
			moved = pull(n, false) || moved
		}
	}
	return removed, moved
}

func (g *graph) prepare() {
	g.findLevels()
	g.findBranches()
	g.findDominators()
}

// thread moves the end of a branch past tests whose answers do not matter or
// are known from the branches that every path to it takes. It tells whether it
// passed one that does not matter.
func (g *graph) thread(e in) (removed bool) {
	if n := e.to(); !n.leaf && n.t == n.f {
		e.set(n.t)
		removed = true
	}
	for again := true; again; {
		again = false
		n := e.to()
		if n.leaf {
			return removed
		}
		for k, ok := e, true; ok && !again; k, ok = g.edgeBefore(k.from) {
			if to := known(n, k); to != nil {
				e.set(to)
				again = true
			}
		}
	}
	return removed
}

// edgeBefore returns the closest branch that every path to n takes: the only
// one into n, or into the closest of its dominators that has only one.
//
// Dominators are those of the pass's begin. Branches threaded since then do not
// make them wrong: such a branch goes where its path would have led anyway, so
// what was known there is true on it.
func (g *graph) edgeBefore(n *node) (in, bool) {
	for ; n != nil; n = n.idom {
		if len(n.in) == 1 {
			return n.in[0], true
		}
	}
	return in{}, false
}

// known returns where test n leads after branch e was taken, or nil if that
// does not tell.
func known(n *node, e in) *node {
	a, b := n.test, e.from.test
	if a.op != b.op || a.x != b.x || a.y != noValue != (b.y != noValue) {
		return nil
	}
	if a == b {
		if e.when {
			return n.t
		}
		return n.f
	}
	if e.when && a.op == jmpJeq && a.y == noValue {
		return n.f // equal to another constant
	}
	return nil
}

// pull looks for a chain of alternatives that begins at b: nodes whose branch
// exit goes where b's goes. When the value that was tested right before b is
// tested again in the chain, that test is moved to the begin of the chain, or
// behind those at its begin that test the same.
func pull(b *node, exit bool) bool {
	if b.leaf || len(b.in) == 0 || b.moved {
		return false
	}
	val := b.in[0].from.test.x
	for _, e := range b.in {
		if e.from.test.x != val || e.from.moved || e.to() != b {
			return false
		}
	}
	target := in{b, exit}.to()
	inChain := func(n *node) bool {
		return !n.leaf && !n.moved && in{n, exit}.to() == target && b.dominates(n)
	}
	// place is the branch into the first node that tests another value.
	place, top := b.in[len(b.in)-1], true
	for {
		n := place.to()
		if !inChain(n) {
			return false
		}
		if n.test.x != val {
			break
		}
		place, top = in{n, !exit}, false
	}
	// found is the branch into the next node that tests this value.
	first := place.to()
	found := in{first, !exit}
	for {
		n := found.to()
		if !inChain(n) {
			return false
		}
		if n.test.x == val {
			break
		}
		found = in{n, !exit}
	}
	pulled := found.to()
	rest := in{pulled, !exit}
	found.set(rest.to())
	rest.set(first)
	if top {
		for _, e := range b.in {
			e.set(pulled)
		}
	} else {
		place.set(pulled)
	}
	b.moved, pulled.moved, first.moved, found.from.moved = true, true, true, true
	return true
}
