package filter

import "slices"

// The optimiser moves branches as libpcap's does (McCanne and Jacobson, "The
// BSD Packet Filter", 1993, and after), so that a packet cut short meets the
// same loads and gets the same verdict:
//
//   - thread: a branch to a test whose answer is known on the way there goes to
//     that answer's branch;
//   - pull: in a chain of alternatives, a test of the value that was tested just
//     before the chain is moved to its begin, so that tests of one value stand
//     together.

// maxOptimised is the greatest number of tests that are optimised, and maxWork
// how many steps it may take, about a second: passes cost more than linear
// time. A filter beyond works as it is, if it is not too long.
const (
	maxOptimised = 1 << 15
	maxWork      = 1 << 28
)

// maxMoves is how many passes may only move tests about before the optimiser
// takes what it has: two pulls can undo each other for ever.
const maxMoves = 100

func (g *graph) optimise() {
	if g.nodes <= maxOptimised {
		for moves := 0; moves < maxMoves && g.work < maxWork; {
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
			moved = g.pull(n, true) || moved
			moved = g.pull(n, false) || moved
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
			g.work++
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
// exit goes where b's goes. Where the value that was tested right before b is
// tested again in the chain, those tests are moved to the begin of the chain,
// behind those at its begin that test the same. It tells whether any was.
func (g *graph) pull(b *node, exit bool) (moved bool) {
	if b.leaf || len(b.in) == 0 {
		return false
	}
	val := b.in[0].from.test.x
	for _, e := range b.in {
		if e.from.test.x != val {
			return false
		}
	}
	target := in{b, exit}.to()
	inChain := func(n *node) bool {
		g.work++
		return !n.leaf && in{n, exit}.to() == target && b.dominates(n)
	}
	// place is the branch into the first node that tests another value; at the
	// top of the chain, every branch into b.
	place, top := in{}, true
	first := b
	for first.test.x == val {
		place, top = in{first, !exit}, false
		if first = place.to(); !inChain(first) {
			return false
		}
	}
	for found := (in{first, !exit}); inChain(found.to()); {
		pulled := found.to()
		next := in{pulled, !exit}
		if pulled.test.x != val {
			found = next
			continue
		}
		found.redirect(next.to())
		if top {
			for _, e := range append([]in(nil), b.in...) {
				e.redirect(pulled)
			}
			// What only b led to, only the pulled test leads to now.
			pulled.before, pulled.after = b.before, b.after
		} else {
			place.redirect(pulled)
		}
		next.redirect(first)
		place, top, moved = next, false, true
	}
	return moved
}

// redirect moves the end of a branch, and keeps the lists of branches right.
func (e in) redirect(to *node) {
	if old := e.to(); !old.leaf {
		old.in = slices.DeleteFunc(old.in, func(o in) bool { return o == e })
	}
	e.set(to)
	if !to.leaf {
		to.in = append(to.in, e)
	}
}
