package filter

import (
	"errors"
	"strings"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

// TestRefused lists what is refused, where the caret stands, and what is said.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		expr string
		at   string // the marked part of expr; "" for its end
		says string
		is   error
	}{
		{"tcp prot 80", "prot", `did you mean "port"?`, nil},
		{"hots 10.0.0.1", "hots", `did you mean "host"?`, nil},
		{"1.2.3.4", "1.2.3.4", `did you mean "host 1.2.3.4"?`, nil},
		{"tcp and 80", "80", `did you mean "port 80"?`, nil},
		{"::1", "::1", `did you mean "host ::1"?`, nil},
		{"1:2:3:4:5:6", "1:2:3:4:5:6", `did you mean "ether host 1:2:3:4:5:6"?`, nil},
		{"port", "", `"port" needs a value`, nil},
		{"tcp and", "", "ends too soon", nil},
		{"(tcp", "", "closing parenthesis is missing", nil},
		{"tcp)", ")", "no parenthesis is open", nil},
		{"tcp udp", "udp", "and, or or the end was due", nil},
		{"ip proto tcp", "tcp", `did you mean "\\tcp"?`, nil},
		{"ip proto \\tpc", "\\tpc", `did you mean "tcp"?`, nil},
		{"ether proto \\foo", "\\foo", "no Ethernet protocol", nil},
		{"port htpt", "htpt", `did you mean "http"?`, nil},
		{"udp port ssh", "ssh", `service "ssh" is of TCP`, nil},
		{"port 65536", "65536", "0 to 65535", nil},
		{"portrange 1-70000", "1-70000", "0 to 65535", nil},
		{"port 1.2", "1.2", `"port" does not take an address`, nil},
		{"tcp host 1.2.3.4", "tcp", `write "tcp and host ..."`, nil},
		{"ip6 host 1.2.3.4", "ip6", "does not go with an IPv4 address", nil},
		{"ip host ::1", "ip", "does not go with an IPv6 address", nil},
		{"icmp port 80", "icmp", "does not go with a port", nil},
		{"host 1.2.3.400", "1.2.3.400", "0 to 255", nil},
		{"host 10.0.0.0/8", "10.0.0.0/8", `did you mean "net 10.0.0.0/8"?`, nil},
		{"net 10.0.0.1/8", "10.0.0.1/8", `did you mean "10.0.0.0/8"?`, nil},
		{"net 10.0.0.0/33", "33", "0 to 32 bits", nil},
		{"net 10.0.0.1 mask 255.0.0.0", "10.0.0.1 mask 255.0.0.0", "outside the mask", nil},
		{"net 10.0.0.0 mask tcp", "tcp", "was due", nil},
		{"net 2001:db8::1/32", "2001:db8::1/32", `did you mean "2001:db8::/32"?`, nil},
		{"net ::/129", "129", "0 to 128 bits", nil},
		{"host 1:2:3:4:5:6", "1:2:3:4:5:6", "behind ether host", nil},
		{"vlan 4096", "4096", "0 to 4095", nil},
		{"tcp[13", "", "closing bracket", nil},
		{"tcp[13:3] = 1", "3", "1, 2 or 4 bytes", nil},
		{"tcp[13]", "", "comparison is missing", nil},
		{"tcp[13] & 2", "", "comparison is missing", nil},
		{"tcp[13] =", "", "ends too soon", nil},
		{"vlan[0] = 1", "[", "an operator where none can be", nil},
		{"len / 0 = 1", "/", "division by zero", nil},
		{"len << 32 = 1", "<<", "more than 31", nil},
		{"ip proto 089", "089", "octal", nil},
		{"len > 4294967296", "4294967296", "32 bits", nil},
		{"tcp # udp", "#", "begins like this", nil},
		{"port é", "é", "begins like this", nil},
		{"less tcp", "tcp", "needs a number", nil},
		{"src tcp", "tcp", "word of the language", nil},
		{"ether", "ether", "alone is no condition", nil},
		{"src broadcast", "broadcast", "takes no direction", nil},
		{"host tcp[0] = 1", "tcp", "word of the language", nil},
		{"\\", "\\", "needs a name", nil},
		{strings.Repeat("(", 3000) + "tcp", "(", "deep", nil},

		{"host example.com", "example.com", "--bpf-raw", ErrUnsupported},
		{"net loopback", "loopback", "--bpf-raw", ErrUnsupported},
		{"ether host router", "router", "--bpf-raw", ErrUnsupported},
		{"gateway foo", "gateway", "--bpf-raw", ErrUnsupported},
		{"ip6 protochain 6", "protochain", "--bpf-raw", ErrUnsupported},
		{"ip protochain \\tcp", "protochain", "--bpf-raw", ErrUnsupported},
		{"mpls 5", "mpls", "--bpf-raw", ErrUnsupported},
		{"pppoes", "pppoes", "--bpf-raw", ErrUnsupported},
		{"pppoed", "pppoed", "--bpf-raw", ErrUnsupported},
		{"geneve", "geneve", "--bpf-raw", ErrUnsupported},
		{"llc", "llc", "--bpf-raw", ErrUnsupported},
		{"decnet host 1.2", "decnet", "--bpf-raw", ErrUnsupported},
		{"isis", "isis", "--bpf-raw", ErrUnsupported},
		{"clnp", "clnp", "--bpf-raw", ErrUnsupported},
		{"type mgt", "type", "--bpf-raw", ErrUnsupported},
		{"radio[0] = 1", "radio", "--bpf-raw", ErrUnsupported},
		{"byte 0 = 1", "byte", "write ether[12]", ErrUnsupported},
		{"lane", "lane", "--bpf-raw", ErrUnsupported},
		{"vpi 3", "vpi", "--bpf-raw", ErrUnsupported},
		{"ifname eth0", "ifname", "--bpf-raw", ErrUnsupported},
		{"fisu", "fisu", "--bpf-raw", ErrUnsupported},
		{"ah[0] = 1", "ah", "--bpf-raw", ErrUnsupported},
		{"ether host $12", "$12", "--bpf-raw", ErrUnsupported},

		{"inbound", "inbound", "do not say their direction", ErrLinkType},
		{"ip and not ip and tcp", "ip and not ip and tcp", "no ethernet packet can match", ErrRejectsAll},
	} {
		_, err := Compile(c.expr, capture.LinkEthernet, 0)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v, want an *Error", c.expr, err)
			continue
		}
		if e.Pos < 0 || e.Pos > e.End || e.End > len(c.expr) {
			t.Errorf("%q: place %d to %d", c.expr, e.Pos, e.End)
			continue
		}
		if got := c.expr[e.Pos:e.End]; got != c.at || !strings.Contains(err.Error(), c.says) || !errors.Is(err, c.is) && c.is != nil || c.is == nil && e.Unwrap() != nil {
			t.Errorf("%q: %v, marks %q; want %q, %q, %v", c.expr, err, got, c.says, c.at, c.is)
		}
		if lines := strings.Split(e.Caret(c.expr), "\n"); len(lines) != 3 || len(lines[0]) > 120 || strings.TrimLeft(lines[1], " ")[0] != '^' {
			t.Errorf("%q: caret\n%s", c.expr, e.Caret(c.expr))
		}
	}
}

// TestRefusedOnLink lists what means nothing on other link types.
func TestRefusedOnLink(t *testing.T) {
	for _, c := range []struct {
		expr string
		link capture.LinkType
		is   error
	}{
		{"vlan", capture.LinkLinuxSLL, ErrLinkType}, {"vlan 3", capture.LinkRaw, ErrLinkType},
		{"ether host 1:2:3:4:5:6", capture.LinkLinuxSLL2, ErrLinkType}, {"broadcast", capture.LinkRaw, ErrLinkType},
		{"multicast", capture.LinkNull, ErrLinkType}, {"ifindex 1", capture.LinkLinuxSLL, ErrLinkType},
		{"arp", capture.LinkRaw, ErrRejectsAll}, {"ip6", capture.LinkIPv4, ErrRejectsAll}, {"stp", capture.LinkNull, ErrRejectsAll},
		{"tcp", capture.LinkIEEE80211, ErrUnsupported}, {"tcp", capture.LinkType(9999), ErrUnsupported},
	} {
		if _, err := Compile(c.expr, c.link, 0); !errors.Is(err, c.is) {
			t.Errorf("%q on %v: %v, want %v", c.expr, c.link, err, c.is)
		}
	}
}

func TestCaret(t *testing.T) {
	_, err := Compile("tcp prot 80", capture.LinkEthernet, 0)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	want := "tcp prot 80\n    ^~~~\ndid not expect this here; did you mean \"port\"?"
	if got := e.Caret("tcp prot 80"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := e.Caret("\x1b[2J\xff"); strings.ContainsAny(got, "\x1b") {
		t.Errorf("an escape goes to the terminal: %q", got)
	}
	long := strings.Repeat("tcp or ", 100) + "prot 80 " + strings.Repeat(" or udp", 100)
	_, err = Compile(long, capture.LinkEthernet, 0)
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	lines := strings.Split(e.Caret(long), "\n")
	if at := strings.Index(lines[1], "^"); len(lines[0]) > 80 || !strings.HasPrefix(lines[0][at:], "prot") {
		t.Errorf("long:\n%s", strings.Join(lines, "\n"))
	}
}

func TestParseRaw(t *testing.T) {
	p := compileOrFail(t, "tcp port 80", capture.LinkEthernet)
	for _, text := range []string{p.Text(), strings.ReplaceAll(p.Text(), "\n", ","), " " + strings.ReplaceAll(p.Text(), "\n", "\r\n")} {
		got, err := ParseRaw(text)
		if err != nil || got.String() != p.String() {
			t.Errorf("%v\n%s", err, got)
		}
	}
	for _, c := range []struct{ text, at, says string }{
		{"", "", "no program"}, {"0", "0", "1 to 4096"}, {"4097", "4097", "1 to 4096"}, {"1\n6 0 0", "", "4 numbers"},
		{"1\n6 0 0 x", "x", "not a number"}, {"1\n6 256 0 1", "256", "greater than 255"}, {"1\n65536 0 0 1", "65536", "greater than 65535"},
		{"1\n40 0 0 12", "40 0 0 12", "does not end in a return"}, {"2\n21 0 1 12\n6 0 0 0", "21 0 1 12", "jumps out"},
		{"2\n5 0 0 1\n6 0 0 0", "5 0 0 1", "jumps out"}, {"2\n5 0 0 4294967291\n6 0 0 0", "5 0 0 4294967291", "jumps out"},
		{"2\n96 0 0 16\n6 0 0 0", "96 0 0 16", "scratch"}, {"2\n52 0 0 0\n6 0 0 0", "52 0 0 0", "by zero"}, {"2\n255 0 0 0\n6 0 0 0", "255 0 0 0", "no such"},
		{"2\n100 0 0 32\n6 0 0 0", "100 0 0 32", "more than 31"}, {"ldh [12]", "ldh", "numbers alone"}, {"1 6 0 0 4294967296", "4294967296", "not a number"},
	} {
		_, err := ParseRaw(c.text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Msg, c.says) || c.text[e.Pos:e.End] != c.at {
			t.Errorf("%q: %v %+v, want %q at %q", c.text, err, e, c.says, c.at)
		}
	}
}
