package filter

// value is the number of an expression over the packet. Equal expressions have
// one number, so that what a test is about can be compared with ==.
type value int32

// noValue stands for no value: of a test against a constant, of a register
// whose content is not known.
const noValue value = -1

// valueOp is how a value is computed.
type valueOp uint8

const (
	vConst  valueOp = iota // k
	vLoad                  // size bytes at offset k of the packet
	vIndex                 // size bytes at offset a+k
	vLen                   // length of the packet on the wire
	vNibble                // 4 * (byte at k & 15): the length of an IPv4 header
	vALU                   // a alu b
	vNeg                   // -a
)

type valueDef struct {
	op   valueOp
	alu  uint16
	size uint16 // szW, szH or szB
	a, b value
	k    uint32
}

// values holds the values of one expression. The constructors fold constants.
type values struct {
	defs   []valueDef
	number map[valueDef]value
}

func (v *values) intern(d valueDef) value {
	if n, ok := v.number[d]; ok {
		return n
	}
	if v.number == nil {
		v.number = make(map[valueDef]value)
	}
	n := value(len(v.defs))
	v.defs = append(v.defs, d)
	v.number[d] = n
	return n
}

func (v *values) def(x value) valueDef { return v.defs[x] }

func (v *values) constant(k uint32) value { return v.intern(valueDef{op: vConst, k: k}) }

func (v *values) isConst(x value) (uint32, bool) {
	d := v.def(x)
	return d.k, d.op == vConst
}

func (v *values) length() value { return v.intern(valueDef{op: vLen}) }

// load is size bytes at a constant offset, in the ancillary area, too.
func (v *values) load(size uint16, k uint32) value {
	return v.intern(valueDef{op: vLoad, size: size, k: k})
}

func (v *values) nibble(k uint32) value { return v.intern(valueDef{op: vNibble, k: k}) }

// index is size bytes at offset x+k. A constant added to x goes into k. A
// constant x makes a plain load, unless that would reach the ancillary area,
// where a negative offset does not belong: such a load stays as it is, and
// fails.
func (v *values) index(size uint16, x value, k uint32) value {
	if d := v.def(x); d.op == vALU && d.alu == aluAdd {
		if c, ok := v.isConst(d.b); ok {
			return v.index(size, d.a, k+c)
		}
		if c, ok := v.isConst(d.a); ok {
			return v.index(size, d.b, k+c)
		}
	}
	if c, ok := v.isConst(x); ok {
		if c+k < ancillary {
			return v.load(size, c+k)
		}
		return v.intern(valueDef{op: vIndex, size: size, a: v.constant(ancillary), k: 0})
	}
	return v.intern(valueDef{op: vIndex, size: size, a: x, k: k})
}

func (v *values) neg(x value) value {
	if c, ok := v.isConst(x); ok {
		return v.constant(-c)
	}
	return v.intern(valueDef{op: vNeg, a: x})
}

// alu is a op b. It folds as libpcap does: what is multiplied by or masked with
// zero is zero, even where a load in it would fail. A division by the constant
// zero is the caller's to refuse.
func (v *values) alu(op uint16, a, b value) value {
	ca, aConst := v.isConst(a)
	cb, bConst := v.isConst(b)
	if aConst && bConst {
		if c, ok := compute(op, ca, cb); ok {
			return v.constant(c)
		}
	}
	if bConst && cb == 0 {
		switch op {
		case aluAdd, aluSub, aluOr, aluXor, aluLsh, aluRsh:
			return a
		case aluMul, aluAnd:
			return b
		}
	}
	if aConst && ca == 0 {
		switch op {
		case aluAdd, aluOr, aluXor:
			return b
		case aluMul, aluDiv, aluMod, aluAnd, aluLsh, aluRsh:
			return a
		}
	}
	return v.intern(valueDef{op: vALU, alu: op, a: a, b: b})
}

// test is one comparison: x against y, or against k where y is noValue.
type test struct {
	op   uint16 // jmpJeq, jmpJgt, jmpJge or jmpJset
	x, y value
	k    uint32
}

// condKind is what a condition is made of.
type condKind uint8

const (
	cTest condKind = iota
	cTrue
	cFalse
	cAnd
	cOr
	cNot
)

// cond is a condition on a packet: tests joined by and, or, not, evaluated from
// left to right no farther than needed.
type cond struct {
	kind condKind
	test test
	a, b *cond
}

var (
	always = &cond{kind: cTrue}
	never  = &cond{kind: cFalse}
)

func and(a, b *cond) *cond { return &cond{kind: cAnd, a: a, b: b} }
func or(a, b *cond) *cond  { return &cond{kind: cOr, a: a, b: b} }
func not(a *cond) *cond    { return &cond{kind: cNot, a: a} }

// all is the conjunction in order; nil conditions are left out.
func all(cs ...*cond) *cond {
	var out *cond
	for _, c := range cs {
		switch {
		case c == nil:
		case out == nil:
			out = c
		default:
			out = and(out, c)
		}
	}
	return out
}

// constBool is a condition that does not depend on the packet.
func constBool(b bool) *cond {
	if b {
		return always
	}
	return never
}

// compareK is the condition x op k, in its simplest form: (x & m) = 0 is no bit
// of m set, x - c = k is x = k+c.
func (v *values) compareK(op uint16, x value, k uint32) *cond {
	if c, ok := v.isConst(x); ok {
		return constBool(compare(op, c, k))
	}
	if op == jmpJset && k == 0 {
		return never
	}
	if d := v.def(x); op == jmpJeq && d.op == vALU {
		if c, ok := v.isConst(d.b); ok {
			switch {
			case d.alu == aluSub:
				return v.compareK(op, d.a, k+c)
			case d.alu == aluAnd && k == 0:
				return not(v.compareK(jmpJset, d.a, c))
			}
		} else if d.alu == aluSub && k == 0 {
			return v.compareX(op, d.a, d.b)
		}
	}
	return &cond{test: test{op: op, x: x, y: noValue, k: k}}
}

// compareX is the condition x op y.
func (v *values) compareX(op uint16, x, y value) *cond {
	if c, ok := v.isConst(y); ok {
		return v.compareK(op, x, c)
	}
	if c, ok := v.isConst(x); ok && op == jmpJeq {
		return v.compareK(op, y, c)
	}
	return &cond{test: test{op: op, x: x, y: y}}
}

// masked is the condition (size bytes at x+off) & mask = k.
func (v *values) masked(x value, mask, k uint32) *cond {
	if mask != 0xffffffff {
		x = v.alu(aluAnd, x, v.constant(mask))
	}
	return v.compareK(jmpJeq, x, k)
}
