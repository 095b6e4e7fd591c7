package query

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/filter.md and the golden files of this package anew")

// golden compares got with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew); got:\n%s", file, got)
	}
}

func TestErrors(t *testing.T) {
	var b strings.Builder
	for _, expr := range []string{
		"opcde == text", "lenght > 4k", "websocket.opcod == 1", "srcport == 80", "ping", "WS-MASK", "reset and from == client", "xyzzy == 1", "handshake",
		"opcode == txt", "opcode == 16", "from == sever", "state == clsoed", "finding == WS-MSAK", "protocol == webscoket", "guess == xyz", "severity == 3", "masked == ture",
		"opcode = text", "opcode === text", "length => 4", "a & b", "fin | masked", "text =~ x", "length <> 4",
		"length > 4kk", "length > 4x", "length > 1.3k", "length > 99999999T", "length == -1", "length == many", "conn == 4k", "conn == 1.5",
		"latency > 50", "latency > 50 ms", "latency > fast", "latency == -5ms", "time > yesterday", "time > 1066-10-14", "mask == 123456789", "mask == xyz",
		"ip.addr == 10.0.0.300", "ip.addr == 10.0.0.7:80", "ip.addr == 10.0.0.0/33", "client == example.com", "port == 80..90", "port in {90..80}", "port == http",
		"length contains 4", "opcode matches \"t\"", "ip.addr > 10.0.0.1", "masked < 1", "from > client",
		"text matches \"(ab\"", "text matches \"(a{1000}){3}\"", "text matches \"a{1000}b{1000}c\"", "text matches \"a**\"",
		"", "opcode ==", "opcode == and fin", "opcode == text fin", "opcode == text adn fin", "opcode is text", "host like x", "fin xor masked", "length > 4 MB", "conn == 4 k", "opcode == == text", "(fin) masked", "== 1", "fin masked", "opcode text", "opcode foo", "opcode == text == fin", "1 < length < 5",
		"fin and", "and fin", "not", "(fin", "fin)", "((fin) and masked", "()", "\"hello\"", "fin (masked)", "fin not masked",
		"opcode in text", "opcode in {", "opcode in {}", "opcode in {text", "opcode in {text, }", "opcode in {,text}", "opcode == {text}", "conn in {1..}", "conn in {1...5}", "text in {a..b}", "from in {client..server}",
		"text == \"abc", "text == “abc”", "text == \"\\xZZ\"", "text == \"\\u12\"", "fin # masked", "fin\x01", "text == \xff", "text == é\xff",
		"header.", "header.a:b", "json.", "json..a", "json.a[x]", "json.a[", "json.a]", "json.\"a", "json[99999999999]", "json.a < true", "json.a in {1..x}",
		"host == example.com:8080/x?y=\x1b[31m", "é == ü", strings.Repeat("(", 200), "json" + strings.Repeat(".a", 33),
	} {
		_, err := Compile(expr)
		if err == nil {
			b.WriteString(expr + "\nfine\n\n")
			continue
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%q: not a *Error: %v", expr, err)
		}
		b.WriteString(e.Caret(expr) + "\n" + e.Advice() + "\n\n")
	}
	golden(t, "testdata/errors.golden", b.String())
}

// A suggestion, put in place of what it is about, leaves no error there.
func TestSuggestionsHelp(t *testing.T) {
	for _, expr := range []string{
		"opcde == text", "lenght > 4k", "ping and fin", "opcode == txt", "from == sever", "finding == WS-MSAK", "opcode = text", "length => 4", "fin & masked", "text =~ x",
		"length > 4kk", "latency > 50", "ip.addr == 10.0.0.7:80", "port in {90..80}", "length contains 4", "text in {a..b}", "json.a in {a..b}", "opcode == text adn fin", "text == and", "text == fin masked",
	} {
		_, err := Compile(expr)
		var e *Error
		if !errors.As(err, &e) || e.Suggest == "" {
			t.Errorf("%q: no suggestion: %v", expr, err)
			continue
		}
		better := expr[:e.Pos] + e.Suggest + expr[e.End:]
		if _, err := Compile(better); err != nil {
			t.Errorf("%q became %q: %v", expr, better, err)
		}
	}
}

func TestErrorOneLine(t *testing.T) {
	_, err := Compile("length > 5 and opcde == text")
	if got, want := err.Error(), "filter, column 16: there is no field opcde; did you mean opcode?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTooLong(t *testing.T) {
	for _, expr := range []string{strings.Repeat("x", MaxExpr+1), "fin and text matches \"" + strings.Repeat("a", MaxPattern+1) + "\""} {
		if _, err := Compile(expr); err == nil || !strings.Contains(err.Error(), "long") {
			t.Errorf("%d bytes: %v", len(expr), err)
		}
	}
}

func TestDoc(t *testing.T) {
	golden(t, "../../docs/filter.md", Doc())
	golden(t, "testdata/fields.golden", Table())
}
