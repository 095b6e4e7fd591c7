package filter

import "fmt"

// emitter writes the instructions of a graph. It tracks which values the
// registers A and X hold, so that a value is not computed twice in a row.
type emitter struct {
	v       *values
	a, x    value // what the registers hold, or noValue
	code    []Instruction
	tooDeep bool
	needs   map[value]int
}

// block is the emitted form of a node: code, then a jump or a return.
type block struct {
	code []Instruction
	jump Instruction // op and K; without distances
	t, f int         // index of the block; t < 0 marks a return
	// longT and longF say that the distance needs a jump of its own.
	longT, longF bool
	start        int
}

// jumps is how many instructions the jump takes.
func (b *block) jumps() int {
	n := 1
	if b.longT {
		n++
	}
	if b.longF {
		n++
	}
	return n
}

// emit writes the program of a graph. exprLen is for the place of an error.
func emit(g *graph, v *values, snaplen uint32, exprLen int) (Program, error) {
	order := g.order()
	index := make(map[*node]int, len(order))
	for i, n := range order {
		index[n] = i
	}
	type state struct {
		a, x  value
		known bool
	}
	entry := make([]state, len(order))
	meet := func(n *node, a, x value) {
		s := &entry[index[n]]
		if !s.known {
			*s = state{a, x, true}
			return
		}
		if s.a != a {
			s.a = noValue
		}
		if s.x != x {
			s.x = noValue
		}
	}
	entry[0] = state{noValue, noValue, true}
	e := &emitter{v: v, needs: make(map[value]int)}
	blocks := make([]block, len(order))
	for i, n := range order {
		if n.leaf {
			blocks[i] = block{jump: Instruction{Op: opRet}, t: -1}
			if n == g.accept {
				blocks[i].jump.K = snaplen
			}
			continue
		}
		e.a, e.x, e.code = entry[i].a, entry[i].x, nil
		jump := Instruction{Op: clJmp | n.test.op, K: n.test.k}
		if n.test.y != noValue {
			e.both(n.test.x, n.test.y, 0)
			jump.Op |= srcX
		} else {
			e.toA(n.test.x, 0)
		}
		blocks[i] = block{code: e.code, jump: jump, t: index[n.t], f: index[n.f]}
		meet(n.t, e.a, e.x)
		meet(n.f, e.a, e.x)
	}
	if e.tooDeep {
		return nil, &Error{End: exprLen, Msg: "the arithmetic is too complex: it needs more than 16 words of memory"}
	}
	return assemble(mergeBlocks(blocks), exprLen)
}

// mergeBlocks makes one of blocks with equal instructions and equal targets, as
// they arise where A holds different values that are held against one constant,
// and drops those that are no longer reached. Targets lie behind a block.
func mergeBlocks(blocks []block) []block {
	same := make(map[string]int)
	into := make([]int, len(blocks))
	reached := make([]bool, len(blocks))
	for i := len(blocks) - 1; i >= 0; i-- {
		b := &blocks[i]
		if b.t >= 0 {
			b.t, b.f = into[b.t], into[b.f]
		}
		key := fmt.Sprint(b.code, b.jump, b.t, b.f)
		if _, ok := same[key]; !ok {
			same[key] = i
		}
		into[i] = same[key]
	}
	reached[0] = true
	at := make([]int, len(blocks))
	out := blocks[:0:0]
	for i, b := range blocks {
		if !reached[i] {
			continue
		}
		at[i] = len(out)
		out = append(out, b)
		if b.t >= 0 {
			reached[b.t], reached[b.f] = true, true
		}
	}
	for i := range out {
		if out[i].t >= 0 {
			out[i].t, out[i].f = at[out[i].t], at[out[i].f]
		}
	}
	return out
}

// order returns the reachable nodes, root first, such that branches go forward
// and the true one, where possible, to the next.
func (g *graph) order() []*node {
	seen := make([]bool, g.nodes)
	var back []*node
	var visit func(n *node)
	visit = func(n *node) {
		if seen[n.id] {
			return
		}
		seen[n.id] = true
		if !n.leaf {
			visit(n.f)
			visit(n.t)
		}
		back = append(back, n)
	}
	visit(g.root)
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}

// assemble places the blocks and fills in the distances. A distance of more
// than 255 goes over an unconditional jump right behind the conditional one.
func assemble(blocks []block, exprLen int) (Program, error) {
	size := 0
	for again := true; again; {
		again, size = false, 0
		for i := range blocks {
			blocks[i].start = size
			size += len(blocks[i].code) + blocks[i].jumps()
		}
		for i := range blocks {
			b := &blocks[i]
			if b.t < 0 {
				continue
			}
			after := b.start + len(b.code) + 1
			if !b.longT && blocks[b.t].start-after > 255 {
				b.longT, again = true, true
			}
			if !b.longF && blocks[b.f].start-after > 255 {
				b.longF, again = true, true
			}
		}
	}
	if size > MaxInstructions {
		return nil, &Error{End: exprLen, Msg: fmt.Sprintf("the filter needs %d instructions; the kernel takes %d", size, MaxInstructions)}
	}
	p := make(Program, 0, size)
	for i := range blocks {
		b := &blocks[i]
		p = append(p, b.code...)
		if b.t < 0 {
			p = append(p, b.jump)
			continue
		}
		after := len(p) + 1
		var extra []Instruction
		distance := func(to int, long bool) uint8 {
			if !long {
				return uint8(blocks[to].start - after)
			}
			at := len(extra)
			extra = append(extra, Instruction{Op: clJmp | jmpJa, K: uint32(blocks[to].start - after - at - 1)})
			return uint8(at)
		}
		b.jump.JT = distance(b.t, b.longT)
		b.jump.JF = distance(b.f, b.longF)
		p = append(append(p, b.jump), extra...)
	}
	return p, nil
}

func (e *emitter) put(op uint16, k uint32) { e.code = append(e.code, Instruction{Op: op, K: k}) }

// need is how many words of memory a value needs to be computed, at least.
func (e *emitter) need(x value) int {
	if n, ok := e.needs[x]; ok {
		return n
	}
	n := 0
	switch d := e.v.def(x); d.op {
	case vIndex, vNeg:
		n = e.need(d.a)
	case vALU:
		a, b := e.need(d.a), e.need(d.b)
		switch {
		case e.direct(d.b):
			n = a
		case e.direct(d.a):
			n = b
		case a == b:
			n = a + 1
		default:
			n = max(a, b, 1)
		}
	}
	e.needs[x] = n
	return n
}

// direct tells whether X can be loaded with a value without touching A. The
// length could be, too, but x/net/bpf takes that instruction for a load of A.
func (e *emitter) direct(x value) bool {
	op := e.v.def(x).op
	return op == vConst || op == vNibble
}

// simple tells whether A can be loaded with a value without touching X.
func (e *emitter) simple(x value) bool {
	op := e.v.def(x).op
	return op == vConst || op == vLen || op == vLoad
}

// toA computes a value into A; X may be lost, and memory from word mem on.
func (e *emitter) toA(x value, mem int) {
	if e.a == x {
		return
	}
	if e.x == x {
		e.put(opTxa, 0)
		e.a = x
		return
	}
	switch d := e.v.def(x); d.op {
	case vConst:
		e.put(clLd|mdImm, d.k)
	case vLoad:
		e.put(clLd|mdAbs|d.size, d.k)
	case vLen:
		e.put(clLd|mdLen, 0)
	case vIndex:
		e.toX(d.a, mem)
		e.put(clLd|mdInd|d.size, d.k)
	case vNibble:
		e.toX(x, mem)
		e.put(opTxa, 0)
	case vNeg:
		e.toA(d.a, mem)
		e.put(clAlu|aluMul, 0xffffffff) // x/net/bpf does not run neg
	case vALU:
		if k, ok := e.v.isConst(d.b); ok {
			e.toA(d.a, mem)
			e.alu(d.alu, k)
			break
		}
		e.both(d.a, d.b, mem)
		e.put(clAlu|d.alu|srcX, 0)
	}
	e.a = x
}

// alu is an operation with a constant. A shift by more than 31, which kernels
// refuse, clears A.
func (e *emitter) alu(op uint16, k uint32) {
	if (op == aluLsh || op == aluRsh) && k > 31 {
		op, k = aluAnd, 0
	}
	e.put(clAlu|op, k)
}

// toX computes a value into X; A may be lost.
func (e *emitter) toX(x value, mem int) {
	if e.x == x {
		return
	}
	if e.direct(x) {
		e.directX(x)
		return
	}
	e.toA(x, mem)
	e.put(opTax, 0)
	e.x = x
}

func (e *emitter) directX(x value) {
	switch d := e.v.def(x); d.op {
	case vConst:
		e.put(clLdx|mdImm, d.k)
	case vNibble:
		e.put(clLdx|szB|mdMsh, d.k)
	}
	e.x = x
}

// both computes a into A and x into X, the one that needs more memory first.
func (e *emitter) both(a, x value, mem int) {
	switch {
	case e.a == a && e.x == x:
	case e.direct(x):
		e.toA(a, mem)
		if e.x != x {
			e.directX(x)
		}
	case e.simple(a):
		e.toX(x, mem)
		if e.a != a {
			e.toA(a, mem)
		}
	case e.need(a) > e.need(x):
		e.toA(a, mem)
		e.store(mem)
		e.toX(x, mem+1)
		e.put(clLd|mdMem, uint32(mem))
		e.a = a
	default:
		e.toA(x, mem)
		e.store(mem)
		e.toA(a, mem+1)
		e.put(clLdx|mdMem, uint32(mem))
		e.x = x
	}
}

func (e *emitter) store(mem int) {
	if mem >= memWords {
		e.tooDeep = true
		mem = 0
	}
	e.put(clSt, uint32(mem))
}
