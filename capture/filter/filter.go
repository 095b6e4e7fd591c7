// Package filter compiles capture filters, in the language of tcpdump, to
// classic BPF, and runs them.
//
//	"tcp port 80" ─ lex ─► tokens ─ parse ─► tree ─ generate ─► tests ─ optimise ─► graph ─ emit ─► Program
//	                                                                                                 │
//	files, standard input: Program.Run(data, wireLen) ◄──────────────────────────────────────────────┤
//	live: Program.Raw() attached to the socket, so that the kernel drops ◄───────────────────────────┘
//
// The language is that of pcap-filter(7), and its meaning is libpcap's, down to
// packets cut short: a load past the end of the captured bytes refuses the
// packet. Therefore the tests are made in libpcap's order, and the optimiser
// moves them as libpcap's does. What is outside the language compiled here is
// refused with ErrUnsupported; tcpdump -ddd compiles it, and ParseRaw takes
// what that prints.
//
// Known differences from libpcap 1.10, all on purpose: "net 10/8" is allowed;
// a comparison with "& 0xffffffff" means what it says (libpcap takes it as
// always true); no test is lost where several hosts are joined by both and and
// or ("arp host 10.0.0.3 and 10.0.0.2 or 10.0.0.3 or 10.0.0.1": libpcap's
// optimiser drops one, which tcpdump -O shows); a negative constant offset refuses the packet, never reaches
// the kernel's ancillary data; len / ip[8] is allowed; host and network names are not resolved.
package filter

import (
	"fmt"

	"github.com/sockeye-dev/sockeye/capture"
)

// DefaultSnapLen is what a filter returns for a packet it takes when Compile is
// given a snap length of 0: 262144 bytes, tcpdump's own.
const DefaultSnapLen = 262144

// MaxExpression is the greatest length of an expression, and of a program's
// text, in bytes: 128 KiB. One with more tests than maxTests is refused, too.
const MaxExpression = 128 << 10

// maxTests bounds the memory that a hostile expression can take.
const maxTests = 1 << 16

// MaxInstructions is the greatest length of a program: what the Linux kernel
// takes (BPF_MAXINSNS).
const MaxInstructions = 4096

// Options say for what a filter is compiled. The zero value is for packets of a
// file, with tcpdump's snap length.
type Options struct {
	// SnapLen is what the program returns for a packet it takes, in bytes; 0
	// means DefaultSnapLen. A kernel cuts the packet to it.
	SnapLen uint32
	// Live allows what only a Linux packet socket knows: inbound, outbound and
	// ifindex on any link type. The program then runs only in the kernel.
	Live bool
	// VLANOffload makes the first vlan look at the tag that the kernel took out
	// of the frame, too (SKF_AD_VLAN_TAG), as Linux does for Ethernet. The
	// program then runs only in the kernel.
	VLANOffload bool
	// Services names the file in which service names are looked up, before the
	// table built in; "" means /etc/services. It need not exist.
	Services string
}

// Compile compiles an expression for packets of a file with one link type.
// The empty expression takes every packet. snaplen is as in Options.
//
// The error is an *Error, which can draw a caret under the place.
func Compile(expr string, link capture.LinkType, snaplen uint32) (Program, error) {
	return CompileOptions(expr, link, Options{SnapLen: snaplen})
}

// CompileOptions compiles an expression for packets of one link type.
//
// The error is an *Error. errors.Is tells: ErrUnsupported, the expression is
// outside the language compiled here; ErrLinkType, it means nothing on this
// link type; ErrRejectsAll, no packet of this link type can match.
func CompileOptions(expr string, link capture.LinkType, opt Options) (Program, error) {
	if opt.SnapLen == 0 {
		opt.SnapLen = DefaultSnapLen
	}
	if len(expr) > MaxExpression {
		return nil, &Error{Msg: "the expression is longer than 128 KiB"}
	}
	tree, err := parse(expr)
	if err != nil {
		return nil, err
	}
	if tree == nil {
		return Program{{Op: opRet, K: opt.SnapLen}}, nil
	}
	g, err := newGenerator(link, opt)
	if err != nil {
		return nil, err
	}
	c, err := g.generate(tree)
	if err != nil {
		return nil, err
	}
	gr := newGraph(c)
	if gr.nodes > maxTests {
		return nil, &Error{End: len(expr), Msg: fmt.Sprintf("the filter needs %d tests, which no kernel takes", gr.nodes)}
	}
	gr.optimise()
	if gr.root == gr.refuse {
		return nil, &Error{End: len(expr), Msg: "no " + link.String() + " packet can match this", err: ErrRejectsAll}
	}
	return emit(gr, &g.values, opt.SnapLen, len(expr))
}
