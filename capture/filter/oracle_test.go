package filter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
	"golang.org/x/net/bpf"
)

// oracleLinks are the link types that are held against tcpdump.
var oracleLinks = []capture.LinkType{capture.LinkEthernet, capture.LinkLinuxSLL, capture.LinkLinuxSLL2, capture.LinkRaw,
	capture.LinkNull, capture.LinkLoop, capture.LinkPPP, capture.LinkIPv4, capture.LinkIPv6, capture.LinkPPPEther}

// tcpdump compiles expressions with tcpdump -ddd, and remembers the answers.
type tcpdump struct {
	path  string
	files map[capture.LinkType]string
	mu    sync.Mutex
	known map[string]string
}

// newTcpdump skips the test where tcpdump does not run.
func newTcpdump(t testing.TB) *tcpdump {
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("skipped: tcpdump is not installed, the filters are not held against it here")
	}
	d := &tcpdump{path: path, files: make(map[capture.LinkType]string), known: make(map[string]string)}
	dir := t.TempDir()
	for _, l := range oracleLinks {
		h := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
		h = binary.LittleEndian.AppendUint16(h, 2)
		h = binary.LittleEndian.AppendUint16(h, 4)
		h = append(h, make([]byte, 8)...)
		h = binary.LittleEndian.AppendUint32(h, 262144)
		h = binary.LittleEndian.AppendUint32(h, uint32(l))
		d.files[l] = filepath.Join(dir, fmt.Sprintf("%d.pcap", l))
		if err := os.WriteFile(d.files[l], h, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, msg := d.compile("ip", capture.LinkEthernet); msg != "" {
		t.Skip("skipped: tcpdump does not run here: " + msg)
	}
	return d
}

// compile returns tcpdump's program, or what it says against the expression.
// More options may be given, such as -O: do not optimise.
func (d *tcpdump) compile(expr string, link capture.LinkType, options ...string) (Program, string) {
	key := fmt.Sprint(link, options, " ", expr)
	d.mu.Lock()
	text, ok := d.known[key]
	d.mu.Unlock()
	if !ok {
		cmd := exec.Command(d.path, append(options, "-n", "-r", d.files[link], "-ddd", "--", expr)...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		text = string(out)
		if err != nil {
			lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
			text = "error " + lines[len(lines)-1]
		}
		d.mu.Lock()
		d.known[key] = text
		d.mu.Unlock()
	}
	if msg, bad := strings.CutPrefix(text, "error "); bad {
		return nil, msg
	}
	p, err := ParseRaw(text)
	if err != nil {
		return nil, "ParseRaw: " + err.Error()
	}
	return p, ""
}

// verdicts runs a program in golang.org/x/net/bpf's machine and in ours, and
// returns what both say.
func verdicts(t *testing.T, what string, p Program, packets [][]byte) []bool {
	t.Helper()
	out := make([]bool, len(packets))
	for _, in := range p {
		if in.Op == clAlu|aluNeg { // tcpdump has it, x/net/bpf's machine does not run it
			for i, data := range packets {
				out[i] = p.Match(data, len(data))
			}
			return out
		}
	}
	vm := xnet(t, what, p)
	for i, data := range packets {
		n, err := vm.Run(data)
		if err != nil {
			t.Fatalf("%s: packet %d: %v", what, i, err)
		}
		out[i] = n != 0
		if got := p.Match(data, len(data)); got != out[i] {
			t.Fatalf("%s: packet %d (%x): our machine says %v, x/net/bpf %v\n%s", what, i, data, got, out[i], p)
		}
	}
	return out
}

func xnet(t testing.TB, what string, p Program) *bpf.VM {
	t.Helper()
	ins, ok := bpf.Disassemble(p.Raw())
	if !ok {
		t.Fatalf("%s: x/net/bpf does not know every instruction of\n%s", what, p)
	}
	vm, err := bpf.NewVM(ins)
	if err != nil {
		t.Fatalf("%s: %v\n%s", what, err, p)
	}
	return vm
}

// faults tells whether a program refuses a packet because it loads past its
// end, rather than by what it finds in it.
func faults(p Program, data []byte) bool {
	told := append(Program(nil), p...)
	for i, in := range told {
		if in.Op == opRet {
			told[i].K = in.K + 1
		}
	}
	return told.Run(data, len(data)) == 0
}

// holdAgainst compares our verdicts on packets with tcpdump's.
//
// With cut, they may differ where a program loads past the end of the packet,
// and we may find that nothing can match where tcpdump does not: in expressions
// that nobody writes, libpcap keeps loads whose outcome does not matter. Nor
// must they follow libpcap where its optimiser changes the meaning: there, they
// are those of tcpdump -O.
func holdAgainst(t *testing.T, d *tcpdump, expr string, link capture.LinkType, packets [][]byte, cut bool) (tally, bool) {
	t.Helper()
	theirs, msg := d.compile(expr, link)
	ours, err := Compile(expr, link, 0)
	if cut && errors.Is(err, ErrRejectsAll) && msg == "" {
		for i, taken := range verdicts(t, "tcpdump's "+expr, theirs, packets) {
			if taken {
				t.Errorf("%v: %q: we say %v, tcpdump takes packet %d (%x)", link, expr, err, i, packets[i])
			}
		}
		return tally{refused: 1}, true
	}
	if (err != nil) != (msg != "") {
		t.Errorf("%v: %q: we say %v, tcpdump says %s", link, expr, err, msg)
		return tally{}, false
	}
	if err != nil {
		return tally{refused: 1}, true
	}
	n := tally{compiled: 1, runs: len(packets), ours: len(ours), theirs: len(theirs)}
	if ours.String() == theirs.String() {
		n.identical = 1
	}
	a := verdicts(t, expr, ours, packets)
	b := verdicts(t, "tcpdump's "+expr, theirs, packets)
	for i := range packets {
		if a[i] {
			n.taken++
		}
		if a[i] != b[i] && cut && (faults(ours, packets[i]) || faults(theirs, packets[i])) {
			n.cut++
			continue
		}
		if a[i] != b[i] && cut {
			plain, msg := d.compile(expr, link, "-O")
			if msg == "" && plain.Match(packets[i], len(packets[i])) == a[i] {
				n.wrong++
				continue
			}
		}
		if a[i] != b[i] {
			t.Errorf("%v: %q: packet %d (%x): we say %v, tcpdump says %v\nours:\n%stheirs:\n%s", link, expr, i, packets[i], a[i], b[i], ours, theirs)
			return n, false
		}
	}
	return n, true
}

// tally counts what was compared.
type tally struct{ compiled, refused, identical, runs, taken, cut, wrong, ours, theirs int }

func (a tally) plus(b tally) tally {
	return tally{a.compiled + b.compiled, a.refused + b.refused, a.identical + b.identical, a.runs + b.runs, a.taken + b.taken,
		a.cut + b.cut, a.wrong + b.wrong, a.ours + b.ours, a.theirs + b.theirs}
}

// TestAgainstTcpdump holds every expression against tcpdump -ddd, on every link
// type, on thousands of packets: the verdicts are identical, and so is what is
// refused. FILTER_LINKS=all adds the link types that are rare in files.
func TestAgainstTcpdump(t *testing.T) {
	d := newTcpdump(t)
	links, perFile := oracleLinks[:6], 12
	if os.Getenv("FILTER_LINKS") == "all" {
		links = oracleLinks
	}
	if testing.Short() {
		links, perFile = oracleLinks[:1], 2
	}
	for _, link := range links {
		t.Run(link.String(), func(t *testing.T) {
			packets := packetsOf(t, link, perFile)
			var sum tally
			for _, expr := range expressions {
				n, _ := holdAgainst(t, d, expr, link, packets, false)
				sum = sum.plus(n)
			}
			t.Logf("%d expressions compiled by both, %d refused by both, %d packets, %d verdicts (%d taken); %d programs identical, %d instructions against tcpdump's %d",
				sum.compiled, sum.refused, len(packets), sum.runs, sum.taken, sum.identical, sum.ours, sum.theirs)
			if sum.compiled < 100 || sum.taken == 0 {
				t.Errorf("too little was compared")
			}
		})
	}
}

// TestRandomAgainstTcpdump holds expressions that nobody would write against
// tcpdump -ddd. FILTER_RANDOM sets how many.
func TestRandomAgainstTcpdump(t *testing.T) {
	d := newTcpdump(t)
	count := 150
	if n, err := strconv.Atoi(os.Getenv("FILTER_RANDOM")); err == nil {
		count = n
	}
	seed := uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("FILTER_SEED"), 10, 64); err == nil {
		seed = n
	}
	rng := rand.New(rand.NewPCG(seed, 2))
	packets := make(map[capture.LinkType][][]byte)
	for _, link := range oracleLinks[:5] {
		packets[link] = packetsOf(t, link, 1)
	}
	var sum tally
	for range count {
		r := &randomExpr{rng: rng}
		expr := r.bool(4)
		link := oracleLinks[rng.IntN(5)]
		if rng.IntN(2) == 0 {
			link = capture.LinkEthernet
		}
		n, ok := holdAgainst(t, d, expr, link, packets[link], true)
		sum = sum.plus(n)
		if !ok && t.Failed() {
			break
		}
	}
	t.Logf("%d expressions compiled by both, %d refused by both, %d verdicts (%d taken, %d differ on a packet cut short, %d where libpcap optimises wrongly); %d programs identical, %d instructions against tcpdump's %d",
		sum.compiled, sum.refused, sum.runs, sum.taken, sum.cut, sum.wrong, sum.identical, sum.ours, sum.theirs)
}

// randomExpr makes expressions that mostly mean something.
type randomExpr struct{ rng *rand.Rand }

func (r *randomExpr) pick(s ...string) string { return s[r.rng.IntN(len(s))] }

func (r *randomExpr) bool(depth int) string {
	if depth == 0 {
		return r.term()
	}
	switch r.rng.IntN(8) {
	case 0, 1:
		return r.bool(depth-1) + " and " + r.bool(depth-1)
	case 2, 3:
		return r.bool(depth-1) + " or " + r.bool(depth-1)
	case 4:
		return "not " + r.bool(depth-1)
	case 5:
		return "(" + r.bool(depth-1) + ")"
	}
	return r.term()
}

func (r *randomExpr) term() string {
	dir := r.pick("", "", "src ", "dst ", "src or dst ", "src and dst ")
	switch r.rng.IntN(10) {
	case 0:
		return r.pick("", "tcp ", "udp ", "sctp ") + dir + "port " + r.values("80", "443", "53", "8080", "50000", "domain", "not 80")
	case 1:
		return r.pick("", "tcp ", "udp ") + dir + "portrange " + r.pick("80-90", "1-1024", "53-80", "443-8080")
	case 2:
		return r.pick("", "ip ", "arp ") + dir + "host " + r.values("10.0.0.1", "10.0.0.2", "127.0.0.1", "10.0.0.3")
	case 3:
		return r.pick("", "ip ") + dir + "net " + r.values("10.0.0.0/8", "10.0.0.0/31", "127.0.0", "0.0.0.0/0", "2001:db8::/32", "fe80::/10")
	case 4, 5:
		return r.pick("ip", "ip6", "arp", "tcp", "udp", "icmp", "icmp6", "sctp", "ip multicast", "ip6 multicast", "rarp", "pim", "stp")
	case 6:
		return r.pick("ip proto ", "ip6 proto ", "proto ") + r.values("6", "17", "1", "44", "\\tcp", "132")
	case 7:
		return r.pick("vlan", "vlan 5", "less 60", "greater 70", "ether host 02:00:00:00:00:01", "broadcast", "multicast", "ether proto 0x806")
	}
	return r.arith(2) + " " + r.pick("=", "!=", "<", ">", "<=", ">=") + " " + r.arith(r.rng.IntN(3))
}

func (r *randomExpr) values(s ...string) string {
	v := r.pick(s...)
	for r.rng.IntN(3) == 0 {
		v += r.pick(" or ", " and ") + r.pick(s...)
	}
	return v
}

func (r *randomExpr) arith(depth int) string {
	if depth > 0 && r.rng.IntN(2) == 0 {
		op := r.pick("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "&", "+")
		switch op {
		case "/", "%", "<<", ">>": // libpcap takes what is in X for zero
			return "(" + r.arith(depth-1) + " " + op + " " + r.pick("1", "2", "3", "8") + ")"
		}
		return "(" + r.arith(depth-1) + " " + op + " " + r.arith(depth-1) + ")"
	}
	switch r.rng.IntN(5) {
	case 0, 1:
		return r.pick("0", "1", "2", "6", "0xf", "80", "0x45", "255", "tcp-syn", "0xffff")
	case 2:
		return "len"
	}
	index := strconv.Itoa(r.rng.IntN(24))
	if depth > 0 && r.rng.IntN(3) == 0 {
		index = r.arith(depth-1) + " & 7"
	}
	return r.pick("ether", "ip", "ip6", "tcp", "udp", "icmp", "icmp6", "arp") + "[" + index + r.pick("", ":1", ":2", ":4") + "]"
}

// TestWordsAgainstTcpdump puts words in a row without regard to the grammar:
// what tcpdump refuses, we refuse, and what it compiles, we compile alike.
func TestWordsAgainstTcpdump(t *testing.T) {
	d := newTcpdump(t)
	count := 250
	if n, err := strconv.Atoi(os.Getenv("FILTER_RANDOM")); err == nil {
		count = n
	}
	seed := uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("FILTER_SEED"), 10, 64); err == nil {
		seed = n
	}
	rng := rand.New(rand.NewPCG(seed, 3))
	words := strings.Fields(`and or not ( ) and or ( ) tcp udp ip ip6 ether arp icmp host net port portrange src dst proto
		80 443 10.0.0.1 10.0 ::1 2001:db8::/32 10.0.0.0/8 1:2:3:4:5:6 http 80-90 \\tcp vlan less greater multicast broadcast
		tcp[13] ip[0] len & = > + - / 1 0x10 mask 255.0.0.0 ! src host port tcp and or`)
	packets := packetsOf(t, capture.LinkEthernet, 1)
	var sum tally
	for range count {
		var b strings.Builder
		for range 1 + rng.IntN(5) {
			b.WriteString(words[rng.IntN(len(words))] + " ")
		}
		expr := strings.TrimSpace(b.String())
		if _, err := Compile(expr, capture.LinkEthernet, 0); errors.Is(err, ErrUnsupported) {
			continue // names of hosts: tcpdump would ask a server
		}
		n, ok := holdAgainst(t, d, expr, capture.LinkEthernet, packets, true)
		sum = sum.plus(n)
		if !ok {
			break
		}
	}
	t.Logf("%d expressions compiled by both, %d refused by both; %d programs identical", sum.compiled, sum.refused, sum.identical)
}
