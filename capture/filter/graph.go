package filter

// node is a test in the decision graph, or one of the two verdicts.
type node struct {
	id     int
	leaf   bool
	test   test
	t, f   *node
	level  int   // of a verdict 0, of a test one more than the greater of its branches'
	in     []in  // the branches that lead here
	idom   *node // the closest test that every path from the root here passes
	before int   // preorder and
	after  int   // postorder number in the tree of dominators
	kids   []*node
}

// in is a branch: from's true one or its false one.
type in struct {
	from *node
	when bool
}

func (e in) to() *node {
	if e.when {
		return e.from.t
	}
	return e.from.f
}

func (e in) set(n *node) {
	if e.when {
		e.from.t = n
	} else {
		e.from.f = n
	}
}

// graph is a decision graph without cycles.
type graph struct {
	root           *node
	accept, refuse *node
	nodes          int       // how many were ever made
	levels         [][]*node // the reachable nodes by their level
	work           int       // steps the optimiser took
}

// newGraph makes the graph of a condition.
func newGraph(c *cond) *graph {
	g := &graph{nodes: 2}
	g.accept, g.refuse = &node{id: 0, leaf: true}, &node{id: 1, leaf: true}
	g.root = g.lower(c, g.accept, g.refuse)
	return g
}

// lower makes the nodes of a condition, and returns the first.
func (g *graph) lower(c *cond, t, f *node) *node {
	switch c.kind {
	case cTrue:
		return t
	case cFalse:
		return f
	case cNot:
		return g.lower(c.a, f, t)
	case cAnd:
		return g.lower(c.a, g.lower(c.b, t, f), f)
	case cOr:
		return g.lower(c.a, t, g.lower(c.b, t, f))
	}
	n := &node{id: g.nodes, test: c.test, t: t, f: f}
	g.nodes++
	return n
}

// findLevels sorts the reachable nodes into levels, each with the latest found
// first, and forgets what earlier passes knew.
func (g *graph) findLevels() {
	g.levels = g.levels[:0]
	seen := make([]bool, g.nodes)
	var visit func(n *node)
	visit = func(n *node) {
		if seen[n.id] {
			return
		}
		seen[n.id] = true
		n.level, n.in, n.idom, n.kids = 0, n.in[:0], nil, n.kids[:0]
		if !n.leaf {
			visit(n.t)
			visit(n.f)
			n.level = max(n.t.level, n.f.level) + 1
		}
		for len(g.levels) <= n.level {
			g.levels = append(g.levels, nil)
		}
		g.levels[n.level] = append(g.levels[n.level], n)
	}
	visit(g.root)
	for _, l := range g.levels {
		for i, j := 0, len(l)-1; i < j; i, j = i+1, j-1 {
			l[i], l[j] = l[j], l[i]
		}
	}
}

// findBranches fills the lists of branches that lead to each node, the latest
// linked last.
func (g *graph) findBranches() {
	for _, l := range g.levels {
		for _, n := range l {
			n.in = n.in[:0]
		}
	}
	for i := len(g.levels) - 1; i > 0; i-- {
		for _, n := range g.levels[i] {
			n.t.in = append(n.t.in, in{n, true})
			n.f.in = append(n.f.in, in{n, false})
		}
	}
}

// findDominators finds the closest dominator of every node. Levels are a
// topological order: a branch leads to a lower one.
func (g *graph) findDominators() {
	depth := make([]int, g.nodes)
	for i := len(g.levels) - 1; i >= 0; i-- {
		for _, n := range g.levels[i] {
			if n == g.root {
				continue
			}
			d := n.in[0].from
			for _, e := range n.in[1:] {
				for o := e.from; d != o; {
					if depth[d.id] >= depth[o.id] {
						d = d.idom
					} else {
						o = o.idom
					}
				}
			}
			n.idom, depth[n.id] = d, depth[d.id]+1
			d.kids = append(d.kids, n)
		}
	}
	count := 0
	var visit func(n *node)
	visit = func(n *node) {
		count++
		n.before = count
		for _, k := range n.kids {
			visit(k)
		}
		count++
		n.after = count
	}
	visit(g.root)
}

// dominates tells whether every path to n passes d.
func (d *node) dominates(n *node) bool { return d.before <= n.before && n.after <= d.after }

// merge makes one node of those with the same test and the same branches.
func (g *graph) merge() {
	type key struct {
		test test
		t, f int
	}
	same := make(map[key]*node)
	into := make(map[*node]*node)
	var visit func(n *node) *node
	visit = func(n *node) *node {
		if n.leaf {
			return n
		}
		if m := into[n]; m != nil {
			return m
		}
		n.t, n.f = visit(n.t), visit(n.f)
		m := n
		if n.t == n.f {
			m = n.t
		} else if k := (key{n.test, n.t.id, n.f.id}); same[k] != nil {
			m = same[k]
		} else {
			same[k] = n
		}
		into[n] = m
		return m
	}
	g.root = visit(g.root)
}
