// Package query is the display filter: which events are shown.
//
//	"opcode == text and length > 4k"
//	   │
//	   ▼
//	words ─► tree ─► fields looked up, values read by type ─► functions, the cheap ones first
//	                          │                                    │
//	                          ▼                                    ▼
//	                *Error with place and suggestion      Filter.Match(event, its connection)
//
// One table (Fields) drives the parser, the completion, docs/filter.md and what
// `sockeye fields` prints.
//
// # Grammar
//
//	filter   = [ or ]                       ; an empty filter lets everything through
//	or       = and { ("or" | "||") and }
//	and      = unary { ("and" | "&&") unary }
//	unary    = ("not" | "!") unary | "(" or ")" | test
//	test     = field                        ; is there, or is set
//	         | field compare value
//	         | field ("contains" | "matches" | "~") value
//	         | field [ "not" ] "in" "{" value { [","] value } "}"
//	compare  = "==" | "!=" | "<" | "<=" | ">" | ">="   ; also eq ne lt le gt ge
//	value    = word | string | word ".." word          ; ranges in { } only
//	field    = name | "header." name | json
//	json     = "json" { "." key | "[" index "]" }      ; key: a word or a string
//
// # Semantics
//
// A field has no value, one value, or several (ip.addr has two). A comparison of
// a field that an event does not have is false, whatever the operator; otherwise
// it is true when any value meets it. `!=` is the exception that Wireshark 4
// makes too: the field is there and all its values differ. `not` turns round what
// it stands before, so `not length > 5` holds for events without a length.
//
// The order of evaluation is not the order of writing: cheap tests go first.
// Tests have no effects, so that changes the time and never the result.
package query
