package query

import (
	"slices"
	"strings"
	"sync"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Filter is a compiled filter. It is safe for concurrent use. A nil Filter lets
// everything through.
type Filter struct {
	root  node
	match pred
	needs event.Payload
	paths [][]step   // of JSON, one a slot
	pool  *sync.Pool // of *scratch; nil: no JSON
}

// pred is a part of a filter as a function. s is nil in filters without JSON.
type pred func(e *event.Event, c *ConnInfo, s *scratch) bool

// Compile reads a filter. An error is always a *Error.
func Compile(expr string) (*Filter, error) {
	root, err := parse(expr)
	if err != nil {
		return nil, err
	}
	f := &Filter{root: root}
	if root == nil {
		return f, nil
	}
	p, err := f.compile(root)
	if err != nil {
		return nil, err
	}
	f.match = p.pred
	if n := len(f.paths); n > 0 {
		f.pool = &sync.Pool{New: func() any { return &scratch{slots: make([]slot, n)} }}
	}
	return f, nil
}

// Match reports whether e passes. c is what is known of its connection, nil if
// nothing is. Neither is kept or changed.
func (f *Filter) Match(e *event.Event, c *ConnInfo) bool {
	if f == nil || f.match == nil {
		return true
	}
	if f.pool == nil {
		return f.match(e, c, nil)
	}
	s := f.pool.Get().(*scratch)
	ok := f.match(e, c, s)
	s.reset()
	f.pool.Put(s)
	return ok
}

// Needs says how much payload the filter looks at. Events must be made with at
// least that much, whatever is printed of them.
func (f *Filter) Needs() event.Payload {
	if f == nil {
		return event.PayloadNone
	}
	return f.needs
}

// String writes the filter in its canonical form, which compiles to an equal
// one: fields by their own names, operators as words and ==, no parentheses that
// change nothing.
func (f *Filter) String() string {
	if f == nil || f.root == nil {
		return ""
	}
	var b strings.Builder
	f.root.print(&b, bindOr)
	return b.String()
}

// part is a compiled node and what it costs.
type part struct {
	pred
	cost int
}

func (f *Filter) compile(n node) (part, *Error) {
	switch n := n.(type) {
	case *andNode:
		parts, cost, err := f.list(n.list)
		return part{allOf(parts), cost}, err
	case *orNode:
		parts, cost, err := f.list(n.list)
		return part{anyOf(parts), cost}, err
	case *notNode:
		x, err := f.compile(n.x)
		p := x.pred
		return part{func(e *event.Event, c *ConnInfo, s *scratch) bool { return !p(e, c, s) }, x.cost}, err
	}
	t := n.(*testNode)
	f.needs = max(f.needs, t.field.field.needs)
	return f.test(t)
}

// list compiles operands and puts the cheap ones first. None of them has
// effects, so the order changes nothing but the time.
func (f *Filter) list(nodes []node) (preds []pred, cost int, err *Error) {
	parts := make([]part, len(nodes))
	for i, n := range nodes {
		if parts[i], err = f.compile(n); err != nil {
			return nil, 0, err
		}
		cost += parts[i].cost
	}
	slices.SortStableFunc(parts, func(a, b part) int { return a.cost - b.cost })
	for _, p := range parts {
		preds = append(preds, p.pred)
	}
	return preds, cost, nil
}

// allOf and anyOf join two or more predicates.
func allOf(list []pred) pred {
	return func(e *event.Event, c *ConnInfo, s *scratch) bool {
		for _, p := range list {
			if !p(e, c, s) {
				return false
			}
		}
		return true
	}
}

func anyOf(list []pred) pred {
	return func(e *event.Event, c *ConnInfo, s *scratch) bool {
		for _, p := range list {
			if p(e, c, s) {
				return true
			}
		}
		return false
	}
}
