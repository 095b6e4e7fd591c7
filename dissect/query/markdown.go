package query

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

//go:generate go test -run TestDoc -update

// Doc returns docs/filter.md: how filters are written, and every field.
func Doc() string {
	var b strings.Builder
	b.WriteString(docHead)
	for _, s := range sections() {
		fmt.Fprintf(&b, "\n### %s\n\n| field | type | of | meaning | example |\n|---|---|---|---|---|\n", s.heading)
		for _, f := range s.fields {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, f.Type, f.Kinds(), docMeaning(f), docExamples(f))
		}
	}
	b.WriteString(docNames)
	for _, f := range table {
		for _, a := range f.Aliases {
			name := f.Name
			if f.Name == "header.NAME" {
				name = headerAlias(a)
			}
			fmt.Fprintf(&b, "| `%s` | `%s` |\n", a, name)
		}
	}
	return b.String()
}

func docMeaning(f *field) string {
	s := cell(f.Meaning)
	if len(f.Values) > 0 && f.Name != "finding" && f.Name != "opcode" {
		s += ": `" + strings.Join(f.Values, "` `") + "`"
	}
	return s
}

func docExamples(f *field) string {
	var l []string
	for _, e := range f.Examples {
		l = append(l, "`"+cell(e)+"`")
	}
	return strings.Join(l, ", ")
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// Table returns every field as lines of text in columns: name, type, kinds of
// events, meaning. `sockeye fields` prints it.
func Table() string {
	rows := [][4]string{{"FIELD", "TYPE", "OF", "MEANING"}}
	for _, f := range table {
		meaning := f.Meaning
		if n := len(f.Values); n > 0 && n <= 7 {
			meaning += ": " + strings.Join(f.Values, " ")
		}
		rows = append(rows, [4]string{f.Name, f.Type.String(), f.Kinds(), meaning})
	}
	var widths [3]int
	for _, r := range rows {
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(r[i]))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%-*s  %-*s  %-*s  %s\n", widths[0], r[0], widths[1], r[1], widths[2], r[2], r[3])
	}
	return b.String()
}

const docHead = "# The display filter\n" + `
<!-- Made from dissect/query by "go generate ./dissect/query". Edit it there. -->

A display filter says which events are shown: ` + "`-Y`" + ` (` + "`--filter`" + `) with every command that reads, and the filter bar of the
inspector. ` + "`sockeye fields`" + ` lists the fields.

` + "```" + `
sockeye messages chat.pcap -Y 'opcode == text and length > 4k'
sockeye conns    chat.pcap -Y 'ip.addr == 10.0.0.0/8 and state == reset'
sockeye messages chat.pcap -Y 'json.type == "error" or close.code in {1006, 1011}'
` + "```" + `

## Tests

| written | also | true when |
|---|---|---|
| ` + "`field`" + ` | | the field is there; of a flag: it is set |
| ` + "`field == value`" + ` | ` + "`eq`" + ` | any of its values is equal |
| ` + "`field != value`" + ` | ` + "`ne`" + ` | it is there, and all its values differ |
| ` + "`field < value`" + `, ` + "`<= > >=`" + ` | ` + "`lt le gt ge`" + ` | any of its values is less, … |
| ` + "`field in {a, b, 5..9}`" + ` | ` + "`not in`" + ` | any of its values is one of the set, or in a range of it |
| ` + "`field contains value`" + ` | | any of its values has this text in it |
| ` + "`field matches \"pattern\"`" + ` | ` + "`~`" + ` | any of its values has what the pattern describes |

They are joined with ` + "`not`" + ` (` + "`!`" + `), ` + "`and`" + ` (` + "`&&`" + `), ` + "`or`" + ` (` + "`||`" + `) and parentheses; ` + "`not`" + ` binds tightest, ` + "`or`" + ` loosest.

A comparison of a field that an event does not have is false, ` + "`!=`" + ` too, as in Wireshark 4. So ` + "`opcode != text`" + ` finds messages
and frames that are not text, and ` + "`not opcode == text`" + ` finds everything that is not a text message or frame. A flag alone asks
whether it is set, where Wireshark asks whether it is there. What is known of a connection (` + "`host`" + `, ` + "`sni`" + `, ` + "`state`" + `, …) applies to all events on it, from when it is known.

## Values

| type | written |
|---|---|
| flag | ` + "`true`" + `, ` + "`false`" + `, ` + "`1`" + `, ` + "`0`" + ` |
| number | ` + "`42`" + `, ` + "`0x2a`" + ` |
| size | bytes, or with a unit: ` + "`4k`" + `, ` + "`1.5M`" + `, ` + "`1GiB`" + `; units are powers of 1024 |
| duration | with a unit: ` + "`50ms`" + `, ` + "`1.5s`" + `, ` + "`2m`" + `; with ` + "`latency_ms`" + ` and ` + "`rtt_ms`" + ` a number alone is in milliseconds |
| time | ` + "`2026-05-01T12:00:00.5Z`" + `, ` + "`\"2026-05-01 12:00\"`" + `, ` + "`2026-05-01`" + `; UTC where no zone is given |
| name | one of those listed, in any letter case; an opcode and a severity also by number |
| address | ` + "`10.0.0.7`" + `, ` + "`10.0.0.0/8`" + `, ` + "`2001:db8::/32`" + ` |
| endpoint | an address, an address and port (` + "`10.0.0.7:80`" + `, ` + "`[::1]:80`" + `), or a port (` + "`:80`" + `) |
| hex | ` + "`37fa213d`" + ` |
| text | a word, or a string in ` + "`\"\"`" + ` or ` + "`''`" + `; letter case matters |
| bytes | text, or ` + "`0x`" + ` and pairs of hexadecimal digits |
| json | a string in quotes; a word that looks like a number, ` + "`true`" + `, ` + "`false`" + ` or ` + "`null`" + ` is that, any other a string |

In a string, ` + "`\\n \\r \\t \\\" \\' \\\\ \\xNN \\uNNNN`" + ` are escapes; another backslash stands for itself, so that ` + "`\"\\d+\"`" + ` is a pattern.
` + "`r\"…\"`" + ` has no escapes at all. A word that is not among a field's listed values is refused as a slip; in quotes it is taken.

Patterns are RE2 (Go's syntax), found anywhere unless anchored; letter case matters, other than in
Wireshark, unless ` + "`(?i)`" + ` stands in front. A pattern has at most 1024 bytes, and 2000 states once its repetitions are written out; it looks at the first MiB of a value.

` + "`json.user.name`" + ` and ` + "`json.items[0]`" + ` look into messages that are JSON, text or binary, also behind the digits of Socket.IO. The text
is read up to the value and no further, so a message that was cut off is searched as far as it goes. Of several equal keys the first
counts. A key with other signs than letters, digits, ` + "`_ - $ @`" + ` goes into quotes: ` + "`json.\"a.b\"`" + `. Numbers equal numbers, strings equal
strings; ` + "`<`" + ` and the like compare numbers with numbers and strings with strings.

## Fields
`

const docNames = `
## Other names

Wireshark's names of the same things are understood. ` + "`websocket.payload_length`" + ` is the length itself, however it is encoded: Wireshark's
is the field of seven bits, which is 126 or 127 for longer payloads.

| written | is |
|---|---|
`
