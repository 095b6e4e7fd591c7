package filter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-dev/sockeye/capture"
)

func compileOrFail(t testing.TB, expr string, link capture.LinkType) Program {
	t.Helper()
	p, err := Compile(expr, link, 0)
	if err != nil {
		t.Fatalf("%q: %v", expr, err)
	}
	if at, why := p.check(); why != "" {
		t.Fatalf("%q: instruction %d: %s\n%s", expr, at, why, p)
	}
	return p
}

// TestLargeFilters goes over the 8 bits of a conditional jump, with and without
// the optimiser, and over the kernel's limit.
func TestLargeFilters(t *testing.T) {
	for _, n := range []int{100, 300, 400, 1300, 4000} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " or ip dst host 172.16.%d.%d", i/200, i%200)
		}
		expr := strings.TrimPrefix(b.String(), " or ")
		begin := time.Now()
		p, err := Compile(expr, capture.LinkEthernet, 0)
		took := time.Since(begin)
		t.Logf("%d hosts: %d instructions in %v", n, len(p), took)
		if n == 4000 {
			if err == nil || !strings.Contains(err.Error(), "4096") {
				t.Errorf("4000 hosts: %v, want a refusal that names 4096", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		vm := xnet(t, expr[:40], p)
		for i := range n + 50 {
			q := ipv4Packet(6, 1, 2, 0, 0, nil)
			copy(q[16:], []byte{172, 16, byte(i / 200), byte(i % 200)})
			q = framed(network{0x800, q}, capture.LinkEthernet)[0]
			x, err := vm.Run(q)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := p.Match(q, len(q)), i < n; got != want || (x != 0) != want {
				t.Fatalf("%d hosts, address %d: %v (x/net/bpf %v), want %v", n, i, got, x != 0, want)
			}
		}
	}
}

// spent is the CPU time of the process so far, or where that is not to be had, a
// clock. Only differences count.
var spent = func() time.Duration { return time.Since(started) }

var started = time.Now()

// TestHostileExpressions keeps the time that an expression can take in bounds.
func TestHostileExpressions(t *testing.T) {
	many := func(n int, format string, mods ...int) string {
		var b strings.Builder
		for i := range n {
			args := make([]any, len(mods))
			for j, m := range mods {
				args[j] = i % m
			}
			fmt.Fprintf(&b, format, args...)
		}
		return b.String()
	}
	for name, expr := range map[string]string{
		"ports":       "port 1" + many(470, " or %d", 65536),
		"more ports":  "port 1" + many(800, " or %d", 65536),
		"ports and":   "port 1" + many(470, " and port %d", 65536),
		"ports mixed": "port 1" + many(470, " or not %d and port 7", 65536),
		"bytes":       "tcp" + many(6000, " or ether[%d]=%d", 7, 251),
		"bytes and":   "tcp" + many(3000, " and (ether[%d]=%d or ether[%d]=%d)", 7, 251, 5, 13),
		"many":        "ip" + many(14000, " or port 1"),
		"sums":        strings.Repeat("(tcp[0] + ", 480) + "len" + strings.Repeat(")", 480) + " = 1",
		"brackets":    strings.Repeat("ether[", 900) + "0" + strings.Repeat("]", 900) + " = 1",
		"nots":        strings.Repeat("not ", 900) + "tcp",
		"open":        strings.Repeat("(", 120000),
		"long":        strings.Repeat(" ", MaxExpression+1),
	} {
		begin := spent()
		p, err := Compile(expr, capture.LinkEthernet, 0)
		took := spent() - begin
		t.Logf("%s: %d bytes, %d instructions, %v in %v", name, len(expr), len(p), err, took)
		if err == nil {
			xnet(t, name, p)
		} else {
			checkError(t, expr, err)
		}
		if took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// TestLongAgainstTcpdump holds a filter with distances of more than 255 against tcpdump.
func TestLongAgainstTcpdump(t *testing.T) {
	d := newTcpdump(t)
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, " or (src host 10.0.0.%d and (port %d or portrange %d-%d))", i%3, 80+i, 1000*i, 1000*i+30)
	}
	expr := strings.TrimPrefix(b.String(), " or ")
	packets := packetsOf(t, capture.LinkEthernet, 2)
	n, ok := holdAgainst(t, d, expr, capture.LinkEthernet, packets, false)
	if !ok || n.compiled != 1 || n.taken == 0 || n.ours < 300 {
		t.Errorf("compared %+v", n)
	}
}

// TestLen tells the length on the wire from the captured one.
func TestLen(t *testing.T) {
	for _, c := range []struct {
		expr string
		want bool
	}{{"len = 1500", true}, {"greater 1500", true}, {"less 1499", false}, {"len > 1400 and ip", true}, {"ether[len - 1] = 0", false}} {
		p := compileOrFail(t, c.expr, capture.LinkEthernet)
		data := framed(network{0x800, ipv4Packet(6, 1, 2, 0, 0, nil)}, capture.LinkEthernet)[0]
		if got := p.Match(data, 1500); got != c.want {
			t.Errorf("%q on a packet of 1500, cut to %d: %v, want %v", c.expr, len(data), got, c.want)
		}
	}
}

func TestEmpty(t *testing.T) {
	for _, expr := range []string{"", "  \n\t"} {
		p := compileOrFail(t, expr, capture.LinkEthernet)
		if len(p) != 1 || p.Run(nil, 0) != DefaultSnapLen {
			t.Errorf("%q: %s", expr, p)
		}
	}
	p, err := Compile("ip", capture.LinkIPv4, 96)
	if err != nil || p.Run(nil, 0) != 96 {
		t.Errorf("ip on raw IPv4: %v, %v; want all packets, 96 bytes", p, err)
	}
}

// TestDifferences are the places where we leave libpcap on purpose; the package
// comment lists them.
func TestDifferences(t *testing.T) {
	data := framed(network{0x800, ipv4Packet(6, 1, 2, 0, 0, tcpSegment(80, 90, 2, ""))}, capture.LinkEthernet)[0]
	for _, c := range []struct {
		expr string
		want bool
	}{
		{"net 10/8", true}, {"net (11/8 or 10/8)", true}, {"net 11/8", false}, {"src net 10/8 and dst net 10/8", true},
		{"ip host 10.0.0.3 and 10.0.0.4 or 10.0.0.3 or 10.0.0.1", true},
		{"6 / 2 = 3", true}, {"(6 / 2) = 3", true},
		{"ip[4:2] & 0xffffffff = 0", true}, {"ip[12:4] & 0xffffffff = 0x0a000001", true},
		{"ether[0 - 2] = 0", false}, {"ether[0 - 2] != 0", false}, {"ether[0 - 4048] = 0", false},
		{"len / ip[8] = 0", true}, {"len / ip[8] = 1", false}, {"len % ip[4] = 0", false}, // by zero: refused
	} {
		p := compileOrFail(t, c.expr, capture.LinkEthernet)
		if got := p.Match(data, len(data)); got != c.want {
			t.Errorf("%q: %v, want %v\n%s", c.expr, got, c.want, p)
		}
		xnet(t, c.expr, p)
	}
}

// TestVLANOffload runs the program for live capture on packets whose tag the
// kernel took out, by standing in for its answers.
func TestVLANOffload(t *testing.T) {
	tcp := network{0x800, ipv4Packet(6, 1, 2, 0, 1, tcpSegment(80, 90, 2, ""))}
	frames := framed(tcp, capture.LinkEthernet)
	plain, tagged := frames[0], frames[2]
	inner := frames[3] // outer tag 5, inner 6
	stripped := append(append([]byte(nil), inner[:12]...), inner[16:]...)
	for _, c := range []struct {
		expr    string
		data    []byte
		present bool
		tag     uint32
		want    bool
	}{
		{"vlan", plain, false, 0, false}, {"vlan", plain, true, 7, true}, {"vlan", tagged, false, 0, true},
		{"vlan 7", plain, true, 0x2007, true}, {"vlan 5", plain, true, 7, false}, {"vlan 5", tagged, false, 0, true},
		{"vlan 6", tagged, false, 0, false},
		{"vlan 7 and tcp port 80", plain, true, 7, true}, {"vlan 7 and tcp port 81", plain, true, 7, false},
		{"vlan 5 and tcp port 80", tagged, false, 0, true}, {"vlan and host 10.0.0.2", plain, true, 1, true},
		{"vlan and tcp[13] & 2 != 0", plain, true, 1, true}, {"vlan and tcp[13] & 2 != 0", tagged, false, 0, true},
		{"vlan and ip[9] = 6", tagged, false, 0, true}, {"vlan and ip[9] = 6", plain, true, 1, true},
		{"vlan 5 and vlan 6 and tcp port 80", stripped, true, 5, true}, {"vlan 5 and vlan 6 and tcp port 80", inner, false, 0, true},
		{"vlan 5 and vlan 7", stripped, true, 5, false}, {"not vlan", plain, false, 0, true}, {"not vlan", plain, true, 3, false},
		{"tcp port 80 or (vlan and arp)", plain, true, 3, true},
	} {
		p, err := CompileOptions(c.expr, capture.LinkEthernet, Options{VLANOffload: true})
		if err != nil {
			t.Fatalf("%q: %v", c.expr, err)
		}
		if at, why := p.check(); why != "" {
			t.Fatalf("%q: instruction %d: %s", c.expr, at, why)
		}
		present := uint32(0)
		if c.present {
			present = 1
		}
		answered := append(Program(nil), p...)
		for i, in := range answered {
			switch {
			case in.Op&7 == clLd && in.Op&0xe0 == mdAbs && in.K == adVLANTag:
				answered[i] = Instruction{Op: clLd | mdImm, K: c.tag}
			case in.Op&7 == clLd && in.Op&0xe0 == mdAbs && in.K == adVLANTagPresent:
				answered[i] = Instruction{Op: clLd | mdImm, K: present}
			}
		}
		if got := answered.Match(c.data, len(c.data)); got != c.want {
			t.Errorf("%q, tag in metadata %v %d: %v, want %v\n%s", c.expr, c.present, c.tag, got, c.want, p)
		}
	}
}

func TestLive(t *testing.T) {
	for expr, want := range map[string]uint32{"outbound": adPktType, "inbound": adPktType, "ifindex 3": adIfindex} {
		p, err := CompileOptions(expr, capture.LinkEthernet, Options{Live: true})
		if err != nil || p[0].K != want {
			t.Errorf("%q live: %v, %v", expr, p, err)
		}
		if _, err := Compile(expr, capture.LinkEthernet, 0); !errors.Is(err, ErrLinkType) {
			t.Errorf("%q of a file: %v, want ErrLinkType", expr, err)
		}
	}
}

func TestServicesFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "services")
	text := "# comment\nalpha 7001/tcp first # alpha 7/tcp\nalpha 7001/udp\nbeta\t7002/udp b2\ngamma 7003/tcp\ngamma 7004/udp\nbad x/tcp\nhttp 8123/tcp\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ expr, like, fails string }{
		{"port alpha", "port 7001", ""}, {"port first", "tcp port 7001", ""}, {"udp port b2", "udp port 7002", ""},
		{"port beta", "udp port 7002", ""}, {"tcp port beta", "", "of UDP"}, {"udp port first", "", "of TCP"}, {"sctp port alpha", "sctp port 7001", ""},
		{"port gamma", "tcp port 7003", ""}, {"port http", "tcp port 8123", ""}, {"port ssh", "tcp port 22", ""},
		{"portrange alpha-7010", "portrange 7001-7010", ""}, {"portrange beta-b2", "udp portrange 7002-7002", ""},
		{"port bad", "", "no service"}, {"port htpp", "", "did you mean \"http\""},
	} {
		got, err := CompileOptions(c.expr, capture.LinkEthernet, Options{Services: file})
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%q: %v, want an error with %q", c.expr, err, c.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.expr, err)
		} else if want := compileOrFail(t, c.like, capture.LinkEthernet); got.String() != want.String() {
			t.Errorf("%q is not %q:\n%s\n%s", c.expr, c.like, got, want)
		}
	}
	if _, err := CompileOptions("port http", capture.LinkEthernet, Options{Services: file + ".none"}); err != nil {
		t.Errorf("without a services file: %v", err)
	}
}

// TestMachine holds our machine against x/net/bpf's on random programs.
func TestMachine(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	ops := []uint16{clLd | szW | mdAbs, clLd | szH | mdAbs, clLd | szB | mdAbs, clLd | szW | mdInd, clLd | szH | mdInd, clLd | szB | mdInd,
		clLd | mdImm, clLdx | mdImm, clLd | mdMem, clLdx | mdMem, clSt, clStx, clLd | mdLen, clLdx | szB | mdMsh, opTax, opTxa, clJmp | jmpJa, opRetA}
	for op := uint16(0); op <= aluXor; op += 0x10 {
		if op != aluNeg {
			ops = append(ops, clAlu|op, clAlu|op|srcX)
		}
	}
	for op := uint16(jmpJeq); op <= jmpJset; op += 0x10 {
		ops = append(ops, clJmp|op, clJmp|op|srcX)
	}
	valid, kept := 0, 0
	for range 60000 {
		p := make(Program, 2+rng.IntN(24))
		for i := range p {
			in := Instruction{Op: ops[rng.IntN(len(ops))], K: uint32(rng.IntN(40))}
			switch {
			case in.Op == clJmp|jmpJa:
				in.K %= uint32(len(p) - i)
			case in.Op&7 == clJmp:
				in.JT, in.JF = uint8(rng.IntN(len(p)-i)), uint8(rng.IntN(len(p)-i))
			case in.Op&7 == clSt || in.Op&7 == clStx || in.Op&0xe7 == clLd|mdMem || in.Op&0xe7 == clLdx|mdMem:
				in.K %= memWords
			case in.Op == clLd|mdImm && rng.IntN(3) == 0:
				in.K = rng.Uint32()
			}
			p[i] = in
		}
		p[len(p)-1] = Instruction{Op: opRetA}
		if _, why := p.check(); why != "" {
			continue
		}
		vm := xnet(t, "random", p)
		valid++
		for range 4 {
			data := make([]byte, rng.IntN(60))
			for i := range data {
				data[i] = byte(rng.Uint32())
			}
			want, err := vm.Run(data)
			if err != nil {
				t.Fatalf("%v\n%s", err, p)
			}
			if got := p.Run(data, len(data)); got != uint32(want) {
				t.Fatalf("%x: we %d, x/net/bpf %d\n%s", data, got, want, p)
			}
			if want != 0 {
				kept++
			}
		}
	}
	t.Logf("%d programs, %d packets taken", valid, kept)
	if valid < 10000 || kept < 1000 {
		t.Error("too little was compared")
	}
}

// TestRunHostile runs programs that are not valid.
func TestRunHostile(t *testing.T) {
	for _, p := range []Program{nil, {{Op: clJmp | jmpJa, K: 0xffffffff}}, {{Op: clLd | mdMem, K: 999}, {Op: opRetA}}, {{Op: 0xffff}},
		{{Op: clJmp | jmpJeq, JT: 255, JF: 255}}, {{Op: clAlu | aluDiv}, {Op: opRet, K: 1}}, {{Op: clLd | mdAbs, K: 0xffffffff}, {Op: opRet, K: 1}}} {
		if got := p.Run(binary.BigEndian.AppendUint64(nil, 1), 8); got != 0 {
			t.Errorf("%v: %d, want 0", []Instruction(p), got)
		}
	}
}

func TestRunAllocates(t *testing.T) {
	p := compileOrFail(t, "tcp port 80 or 443", capture.LinkEthernet)
	data := framed(synthetic()[0], capture.LinkEthernet)[0]
	if n := testing.AllocsPerRun(100, func() { p.Run(data, len(data)) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

var sink uint32

func BenchmarkRun(b *testing.B) {
	packets := packetsOf(b, capture.LinkEthernet, 12)
	whole := packets[1 : len(packets)/5]
	for _, expr := range []string{"ip", "tcp", "tcp port 80", "port 80 or 443", "host 10.0.0.1 and tcp[13] & 2 != 0"} {
		p := compileOrFail(b, expr, capture.LinkEthernet)
		b.Run("ours/"+expr, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				q := whole[i%len(whole)]
				sink += p.Run(q, len(q))
			}
		})
		vm := xnet(b, expr, p)
		b.Run("xnet/"+expr, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				n, err := vm.Run(whole[i%len(whole)])
				if err != nil {
					b.Fatal(err)
				}
				sink += uint32(n)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, expr := range []string{"tcp port 80", "host 10.0.0.1 and (port 80 or 443) and not net 192.168.0.0/16"} {
		b.Run(expr, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				compileOrFail(b, expr, capture.LinkEthernet)
			}
		})
	}
}
