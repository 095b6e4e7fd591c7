package filter

import (
	"errors"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"golang.org/x/net/bpf"
)

// plainGraph compiles without the optimiser, or the negation of the expression.
func plainGraph(t *testing.T, expr string, link capture.LinkType, negate, optimise bool) Program {
	tree, err := parse(expr)
	if err != nil || tree == nil {
		t.Fatalf("%q: %v", expr, err)
	}
	g, err := newGenerator(link, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := g.generate(tree)
	if err != nil {
		t.Fatalf("%q: %v", expr, err)
	}
	if negate {
		c = not(c)
	}
	gr := newGraph(c)
	if optimise {
		gr.optimise()
	}
	p, err := emit(gr, &g.values, DefaultSnapLen, len(expr))
	if err != nil {
		return nil // too long
	}
	return p
}

// FuzzCompile: whatever the expression, either the program is valid, x/net/bpf's
// machine and ours agree on it, the optimiser changed nothing, and its negation
// takes what it refuses; or the error has its place inside the expression.
func FuzzCompile(f *testing.F) {
	for i, e := range expressions {
		f.Add(e, uint8(i), []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45})
	}
	for _, e := range []string{"tcp[", "(((((", "not not not", "net 10/8 or", "host \\\\", "portrange -", "vlan 5 and (vlan or \xff)", "ether host 1-2-3-4-5-6",
		"net ::ffff:1.2.3.4/96", "1 % 2 ^ 3 % len = 5 / 6", "ether[ether[ether[0]]] = ip[tcp[0]:4]"} {
		f.Add(e, uint8(0), []byte{})
	}
	nets := synthetic()
	f.Fuzz(func(t *testing.T, expr string, which uint8, data []byte) {
		link := oracleLinks[int(which)%len(oracleLinks)]
		p, err := Compile(expr, link, 0)
		if err != nil {
			checkError(t, expr, err)
			return
		}
		if at, why := p.check(); why != "" {
			t.Fatalf("instruction %d: %s\n%s", at, why, p)
		}
		if q, err := ParseRaw(p.Text()); err != nil || q.String() != p.String() {
			t.Fatalf("ParseRaw(Text()): %v", err)
		}
		vm := xnet(t, expr, p)
		if strings.TrimSpace(expr) == "" {
			return
		}
		plain, inverse := plainGraph(t, expr, link, false, false), plainGraph(t, expr, link, true, true)
		packets := append(framed(nets[int(which)%len(nets)], link), data)
		for _, data := range packets {
			got := p.Run(data, len(data))
			if want, err := vm.Run(data); err != nil || int(got) != want {
				t.Fatalf("%q on %x: we %d, x/net/bpf %d, %v\n%s", expr, data, got, want, err, p)
			}
			if faults(p, data) {
				continue
			}
			if plain != nil && !faults(plain, data) && plain.Run(data, len(data)) != got {
				t.Fatalf("%q on %x: the optimiser changed the verdict\n%s\n%s", expr, data, plain, p)
			}
			if inverse != nil && !faults(inverse, data) && inverse.Match(data, len(data)) == (got != 0) {
				t.Fatalf("%q on %x: so says its negation\n%s\n%s", expr, data, inverse, p)
			}
		}
	})
}

func checkError(t *testing.T, text string, err error) {
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%q: %T", text, err)
	}
	if e.Pos < 0 || e.Pos > e.End && e.End != 0 || e.End > len(text) || e.Pos > len(text) || e.Msg == "" {
		t.Fatalf("%q: %+v", text, e)
	}
	lines := strings.Split(e.Caret(text), "\n")
	if len(lines) != 3 || len([]rune(lines[0])) > caretWidth+8 || strings.Count(lines[1], "^") != 1 {
		t.Fatalf("%q: caret\n%s", text, strings.Join(lines, "\n"))
	}
	for _, r := range strings.Join(lines, "") {
		if r < 0x20 || r == 0x7f {
			t.Fatalf("%q: a control character in %q", text, lines)
		}
	}
}

// FuzzParseRaw: what it takes is valid, prints itself, and runs as in
// x/net/bpf's machine, which knows no neg and takes ldx len for ld len.
func FuzzParseRaw(f *testing.F) {
	for _, e := range []string{"tcp port 80", "ip[0] & 0xf > 5", "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420", "len > 5"} {
		p, err := Compile(e, capture.LinkEthernet, 0)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p.Text(), []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45})
	}
	f.Add("1,6 0 0 0", []byte{})
	f.Add("3\n5 0 0 1\n4 0 0 4294967295\n22 0 0 0", []byte{1})
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		p, err := ParseRaw(text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		if q, err := ParseRaw(p.Text()); err != nil || q.String() != p.String() {
			t.Fatalf("ParseRaw(Text()): %v", err)
		}
		got := p.Run(data, len(data))
		for _, in := range p {
			if in.Op == clAlu|aluNeg || in.Op == clLdx|mdLen || in.Op&0xe7 == clLd|mdAbs && in.K >= ancillary {
				return
			}
		}
		ins, ok := bpf.Disassemble(p.Raw())
		if !ok {
			t.Fatalf("x/net/bpf does not know\n%s", p)
		}
		vm, err := bpf.NewVM(ins)
		if err != nil {
			t.Fatalf("%v\n%s", err, p)
		}
		if want, err := vm.Run(data); err != nil || want != int(got) {
			t.Fatalf("we %d, x/net/bpf %d, %v\n%s", got, want, err, p)
		}
	})
}
