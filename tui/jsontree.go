package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// maxNodes is how many values of a JSON text the tree shows.
const maxNodes = 200_000

// node is a value of a JSON text.
type node struct {
	parent   int32 // -1: the root
	after    int32 // the node after its last descendant
	depth    int32
	index    int32  // in an array; -1 in an object
	key      string // in an object
	open     byte   // { or [ of a container; 0 of a value
	children int32
	value    string // of a value, as it is written
	role     role
	folded   bool
}

// jsonTree is a JSON text as a tree whose branches can be folded. It is a document
// with a line for each node that is seen.
type jsonTree struct {
	nodes   []node
	visible []int32
	more    bool // there are more than maxNodes
}

// parseTree reads a JSON text with nothing behind it; an error if it is none.
func parseTree(p []byte) (*jsonTree, error) {
	dec := json.NewDecoder(bytes.NewReader(p))
	dec.UseNumber()
	t := &jsonTree{}
	parent := int32(-1)
	key, haveKey := "", false
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
			t.nodes[parent].after = int32(len(t.nodes))
			parent = t.nodes[parent].parent
		} else {
			inObject := parent >= 0 && t.nodes[parent].open == '{'
			if inObject && !haveKey {
				key, haveKey = tok.(string), true
				continue
			}
			n := node{parent: parent, index: -1}
			if parent >= 0 {
				n.depth = t.nodes[parent].depth + 1
				if inObject {
					n.key = key
				} else {
					n.index = t.nodes[parent].children
				}
				t.nodes[parent].children++
			}
			haveKey = false
			n.set(tok)
			n.after = int32(len(t.nodes)) + 1
			t.nodes = append(t.nodes, n)
			if n.open != 0 {
				parent = int32(len(t.nodes)) - 1
			}
		}
		if len(t.nodes) >= maxNodes {
			t.more = true
			for ; parent >= 0; parent = t.nodes[parent].parent {
				t.nodes[parent].after = int32(len(t.nodes))
			}
			break
		}
		if parent < 0 {
			if rest := p[dec.InputOffset():]; len(bytes.TrimLeft(rest, " \t\r\n")) > 0 {
				return nil, fmt.Errorf("more than one value")
			}
			break
		}
	}
	t.flatten()
	return t, nil
}

func (n *node) set(tok json.Token) {
	switch v := tok.(type) {
	case json.Delim:
		n.open = byte(v)
	case string:
		b, _ := json.Marshal(v)
		n.value, n.role = string(b), rString
		if unescaped := strconv.Quote(v); !bytes.ContainsAny(b, `\`) || len(unescaped) <= len(b) {
			n.value = unescaped
		}
	case json.Number:
		n.value, n.role = v.String(), rNumber
	case bool:
		n.value, n.role = strconv.FormatBool(v), rNumber
	default:
		n.value, n.role = "null", rNumber
	}
}

// flatten lists the nodes that are seen.
func (t *jsonTree) flatten() {
	t.visible = t.visible[:0]
	for i := int32(0); i < int32(len(t.nodes)); {
		t.visible = append(t.visible, i)
		if t.nodes[i].folded {
			i = t.nodes[i].after
		} else {
			i++
		}
	}
}

// toggle folds or unfolds the node in a line; of a value, its container. It
// returns the line in which that stands.
func (t *jsonTree) toggle(at int) int {
	if at < 0 || at >= len(t.visible) {
		return at
	}
	i := t.visible[at]
	if t.nodes[i].open == 0 {
		if t.nodes[i].parent < 0 {
			return at
		}
		i = t.nodes[i].parent
	}
	t.nodes[i].folded = !t.nodes[i].folded
	t.flatten()
	return t.lineOf(i)
}

// foldAll folds everything below the root, or unfolds all.
func (t *jsonTree) foldAll(fold bool) {
	for i := range t.nodes {
		t.nodes[i].folded = fold && i > 0 && t.nodes[i].open != 0
	}
	t.flatten()
}

func (t *jsonTree) lineOf(i int32) int {
	for at, v := range t.visible {
		if v == i {
			return at
		}
	}
	return 0
}

// path returns the path of the node in a line, as the display filter takes it: json.data[0].x
func (t *jsonTree) path(at int) string {
	if at < 0 || at >= len(t.visible) {
		return "json"
	}
	var parts []string
	for i := t.visible[at]; i >= 0 && t.nodes[i].parent >= 0; i = t.nodes[i].parent {
		n := &t.nodes[i]
		switch {
		case n.index >= 0:
			parts = append(parts, "["+strconv.Itoa(int(n.index))+"]")
		case plainKey(n.key):
			parts = append(parts, "."+n.key)
		default:
			parts = append(parts, "."+strconv.Quote(n.key))
		}
	}
	var b strings.Builder
	b.WriteString("json")
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
	}
	return b.String()
}

func plainKey(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if !(c >= 'a' && c <= 'z' || i > 0 && s[i] >= '0' && s[i] <= '9' || s[i] == '_') {
			return false
		}
	}
	return s != ""
}

// Len implements document.
func (t *jsonTree) Len() int {
	if t.more {
		return len(t.visible) + 1
	}
	return len(t.visible)
}

// Line implements document.
func (t *jsonTree) Line(at int) line {
	if at >= len(t.visible) {
		return line{{rWarning, fmt.Sprintf("… the tree ends after %s values", event.Count(maxNodes))}}
	}
	n := &t.nodes[t.visible[at]]
	l := line{{rPlain, strings.Repeat("  ", min(int(n.depth), 40))}}
	mark := "  "
	if n.open != 0 {
		mark = map[bool]string{false: "▾ ", true: "▸ "}[n.folded]
	}
	l = append(l, span{rDim, mark})
	switch {
	case n.index >= 0:
		l = append(l, span{rDim, strconv.Itoa(int(n.index)) + ": "})
	case n.parent >= 0:
		l = append(l, span{rKey, n.key}, span{rPlain, ": "})
	}
	switch n.open {
	case '{':
		l = append(l, span{rDim, fmt.Sprintf("{%d}", n.children)})
	case '[':
		l = append(l, span{rDim, fmt.Sprintf("[%d]", n.children)})
	default:
		l = append(l, span{n.role, n.value})
	}
	return l
}
