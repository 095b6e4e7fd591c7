package query

import (
	"slices"
	"strings"
)

// trailing says what is wrong with a token that follows the whole test or group last.
func (p *parser) trailing(t token, last node) *Error {
	e := &Error{Pos: t.pos, End: t.end}
	test, _ := lastTest(last)
	switch {
	case t.is(")"):
		e.Msg = "this parenthesis closes nothing"
	case isNot(t) || t.is("("):
		e.Msg = "and or or is missing before " + p.written(t)
		e.Suggest = "and " + p.written(t)
	case among(operators, t) != "":
		e.Msg = "a field is missing before " + p.written(t)
		if test != nil && test.op != "" {
			e.Msg = "a comparison has one operator; join two of them with and"
		}
	case t.kind == tokWord && test != nil:
		p.trailingWord(e, t, test)
	case t.kind == tokWord || t.kind == tokString:
		e.Msg = "and or or is missing before " + p.written(t)
	default:
		e.Msg = p.written(t) + " does not belong here"
	}
	return e
}

// lastTest is the test that a part of the filter ends with, if it ends with one.
func lastTest(n node) (*testNode, bool) {
	for {
		switch v := n.(type) {
		case *andNode:
			n = v.list[len(v.list)-1]
		case *orNode:
			n = v.list[len(v.list)-1]
		case *notNode:
			n = v.x
		case *testNode:
			return v, true
		default:
			return nil, false
		}
	}
}

// operatorSlips are words for operators in people's minds and other languages.
var operatorSlips = map[string]string{
	"is": "==", "equals": "==", "equal": "==", "like": "contains", "has": "contains", "includes": "contains",
	"regex": "matches", "regexp": "matches", "match": "matches",
}

// trailingWord says what is wrong with a word after a test: an operator or a
// connective that is misspelt, a unit that stands apart, or another test.
func (p *parser) trailingWord(e *Error, t token, test *testNode) {
	word := strings.ToLower(t.text)
	e.Msg = "and or or is missing before " + t.text
	if test.op == "" {
		e.Suggest = operatorSlips[word]
		if e.Suggest == "" {
			e.Suggest = nearest(word, []string{"and", "or", "in", "contains", "matches"})
		}
		switch {
		case slices.ContainsFunc(test.field.field.Values, func(v string) bool { return strings.EqualFold(v, word) }):
			e.Msg, e.Suggest = "an operator is missing before "+t.text, "== "+t.text
		case e.Suggest != "":
			e.Msg = "there is no operator " + t.text
		default:
			if _, err := lookup(t); err == nil {
				e.Suggest = "and " + t.text
			} else {
				e.Msg = "an operator is missing before " + t.text
			}
		}
		return
	}
	if test.op != "in" && test.field.field.number != nil && !test.values[0].quoted {
		joined := test.values[0].text + t.text
		if _, bad := numberValue(test.field, joined); bad == nil {
			e.Pos, e.Msg, e.Suggest = test.values[0].pos, "a number and its unit are written together", joined
			return
		}
	}
	if _, err := lookup(t); err == nil {
		e.Suggest = "and " + t.text
	} else if near := nearest(word, []string{"and", "or"}); near != "" {
		e.Msg, e.Suggest = "there is no "+t.text, near
	}
}
