package query

import "strings"

// node is a part of a filter's tree: *andNode, *orNode, *notNode, *testNode.
type node interface {
	// print appends the node. Its operand binds at least as tight as min.
	print(b *strings.Builder, min int)
}

// How tight the operators bind.
const (
	bindOr = iota
	bindAnd
	bindNot
)

type (
	// andNode and orNode have at least two operands, none of them of their own kind.
	andNode struct{ list []node }
	orNode  struct{ list []node }
	notNode struct{ x node }
	// testNode is a field alone (op is empty) or compared with values: one, or
	// those of a set where op is "in".
	testNode struct {
		field  fieldRef
		op     string
		values []literal
		opPos  [2]int
	}
)

// fieldRef is a field as it was written.
type fieldRef struct {
	name     string // canonical
	pos, end int
	field    *field
	path     []step // of json
	millis   bool   // latency_ms, rtt_ms: a number without a unit is in milliseconds
}

// literal is a value as it was written.
type literal struct {
	text     string
	quoted   bool
	to       string // of a range: its other end
	ranged   bool
	pos, end int
}

func printList(b *strings.Builder, list []node, sep string, binds, min int) {
	if binds < min {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	for i, n := range list {
		if i > 0 {
			b.WriteString(sep)
		}
		n.print(b, binds+1)
	}
}

func (n *andNode) print(b *strings.Builder, min int) { printList(b, n.list, " and ", bindAnd, min) }
func (n *orNode) print(b *strings.Builder, min int)  { printList(b, n.list, " or ", bindOr, min) }

func (n *notNode) print(b *strings.Builder, _ int) {
	b.WriteString("not ")
	n.x.print(b, bindNot)
}

func (n *testNode) print(b *strings.Builder, _ int) {
	b.WriteString(n.field.name)
	if n.op == "" {
		return
	}
	b.WriteString(" " + n.op + " ")
	if n.op != "in" {
		b.WriteString(n.values[0].String())
		return
	}
	for i, v := range n.values {
		b.WriteString([...]string{"{", ", "}[min(i, 1)])
		b.WriteString(v.String())
	}
	b.WriteString("}")
}

func (l literal) String() string {
	switch {
	case l.ranged:
		return l.text + ".." + l.to
	case l.quoted:
		return quote(l.text)
	}
	return l.text
}
