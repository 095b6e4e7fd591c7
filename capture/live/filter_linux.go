package live

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture"
)

// Classic BPF opcodes, linux/bpf_common.h.
const (
	opLdAbsW = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	opLdAbsH = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
	opLdAbsB = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
	opLdImm  = unix.BPF_LD | unix.BPF_IMM
	opJeq    = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	opRetK   = unix.BPF_RET | unix.BPF_K
)

// Offsets that are not in the packet but stand for what the kernel knows about
// it, linux/filter.h: SKF_AD_OFF is -0x1000.
const (
	netOff     = 0xfff00000 // SKF_NET_OFF: from the network header on
	adOff      = 0xfffff000
	adProtocol = adOff + 0
	adPktType  = adOff + 4
	adIfIndex  = adOff + 8
	adHaType   = adOff + 28
	adVLAN     = adOff + 48 // SKF_AD_VLAN_TAG_PRESENT
)

// plan is a filter divided between the kernel and this process.
type plan struct {
	kernel []bpf.RawInstruction
	vm     *bpf.VM // nil: the kernel decides on every packet
	soft   bool    // the kernel decides on none
}

// filterInput is what planFilter needs to know about the socket.
type filterInput struct {
	cooked    bool
	any       bool
	loopback  int // ifindex of the loopback interface; 0: none among those captured
	direction capture.Direction
	snap      uint32
}

// planFilter divides a program written for packets as Next delivers them.
//
// The kernel does not see a packet so: it holds the VLAN tag apart, and in cooked
// mode each packet has the link-layer header of its interface. The kernel's program therefore drops what
// the options exclude, lets every tagged packet pass, and goes on with the user's
// program, its offsets translated. Tagged packets are decided on by the same
// program once the tag is back, so the outcome is exact.
func planFilter(user []bpf.RawInstruction, in filterInput) (plan, error) {
	var p plan
	body, translated := translate(user, in)
	aware := kernelAware(user)
	if len(user) > 0 && !aware {
		insns, all := bpf.Disassemble(user)
		vm, err := bpf.NewVM(insns)
		if !all || err != nil {
			return p, &Error{Kind: Failed, Text: "the filter program is not valid", Err: err}
		}
		p.vm = vm
	}
	head := prologue(in, p.vm != nil)
	if !translated || len(head)+len(body) > maxInstructions {
		if p.vm == nil {
			return p, &Error{Kind: Failed, Text: "the filter program uses Linux extensions in a way that a cooked capture cannot follow"}
		}
		p.soft = true
		head, body = prologue(in, false), []bpf.RawInstruction{{Op: opRetK, K: in.kernelSnap()}}
	}
	p.kernel = append(head, body...)
	return p, nil
}

// maxInstructions is the kernel's BPF_MAXINSNS.
const maxInstructions = 4096

// kernelSnap is the snap length for the kernel. It counts from the link-layer
// header, which may be longer than the cooked one that takes its place.
func (in *filterInput) kernelSnap() uint32 {
	if in.cooked {
		return in.snap + headroom
	}
	return in.snap
}

// prologue drops what is not asked for, and what loopback shows twice: there each
// packet goes out and comes in.
func prologue(in filterInput, tagsPass bool) []bpf.RawInstruction {
	var p []bpf.RawInstruction
	const drop = 0
	switch {
	case in.direction == capture.Outbound:
		p = append(p,
			bpf.RawInstruction{Op: opLdAbsB, K: adPktType},
			bpf.RawInstruction{Op: opJeq, Jt: 1, K: unix.PACKET_OUTGOING},
			bpf.RawInstruction{Op: opRetK, K: drop})
	case in.direction == capture.Inbound, in.loopback != 0 && !in.any:
		p = append(p,
			bpf.RawInstruction{Op: opLdAbsB, K: adPktType},
			bpf.RawInstruction{Op: opJeq, Jf: 1, K: unix.PACKET_OUTGOING},
			bpf.RawInstruction{Op: opRetK, K: drop})
	case in.loopback != 0:
		p = append(p,
			bpf.RawInstruction{Op: opLdAbsW, K: adIfIndex},
			bpf.RawInstruction{Op: opJeq, Jf: 3, K: uint32(in.loopback)},
			bpf.RawInstruction{Op: opLdAbsB, K: adPktType},
			bpf.RawInstruction{Op: opJeq, Jf: 1, K: unix.PACKET_OUTGOING},
			bpf.RawInstruction{Op: opRetK, K: drop})
	}
	if tagsPass {
		p = append(p,
			bpf.RawInstruction{Op: opLdAbsB, K: adVLAN},
			bpf.RawInstruction{Op: opJeq, Jt: 1, K: 0},
			bpf.RawInstruction{Op: opRetK, K: in.kernelSnap()})
		if in.cooked { // tags left in the bytes: the network header is behind or before them
			p = append(p,
				bpf.RawInstruction{Op: opLdAbsH, K: adProtocol},
				bpf.RawInstruction{Op: opJeq, Jt: 2, K: unix.ETH_P_8021Q},
				bpf.RawInstruction{Op: opJeq, Jt: 1, K: unix.ETH_P_8021AD},
				bpf.RawInstruction{Op: opJeq, Jf: 1, K: unix.ETH_P_QINQ1},
				bpf.RawInstruction{Op: opRetK, K: in.kernelSnap()})
		}
	}
	if len(p) > 0 {
		p = append(p, bpf.RawInstruction{Op: opLdImm, K: 0}) // programs begin with A = 0
	}
	return p
}

// kernelAware reports whether a program asks for what only the kernel knows; such
// a program is meant for the kernel, tags and all.
func kernelAware(prog []bpf.RawInstruction) bool {
	for _, i := range prog {
		if i.Op&0x07 == unix.BPF_LD && i.Op&0xe0 == unix.BPF_ABS && i.K >= netOff {
			return true
		}
	}
	return false
}

// translate rewrites a program for what the kernel shows: the snap length where
// packets are kept, and in cooked mode offsets from the network header. ok is
// false if that cannot be done instruction by instruction.
func translate(user []bpf.RawInstruction, in filterInput) (prog []bpf.RawInstruction, ok bool) {
	if len(user) == 0 {
		return []bpf.RawInstruction{{Op: opRetK, K: in.kernelSnap()}}, true
	}
	if in.cooked && !offsetsPlain(user) {
		return nil, false
	}
	prog = make([]bpf.RawInstruction, len(user))
	for n, i := range user {
		switch {
		case i.Op == opRetK && i.K != 0:
			i.K = in.kernelSnap()
		case in.cooked:
			if i, ok = cookedLoad(i); !ok {
				return nil, false
			}
		}
		prog[n] = i
	}
	return prog, true
}

// offsetsPlain reports whether X is the length of an IP header wherever it is
// added to an offset. Otherwise it may count the SLL2 header already.
func offsetsPlain(prog []bpf.RawInstruction) bool {
	indirect, plain := false, true
	for _, i := range prog {
		switch class, mode := i.Op&0x07, i.Op&0xe0; class {
		case unix.BPF_LD:
			indirect = indirect || mode == unix.BPF_IND
		case unix.BPF_LDX:
			plain = plain && mode == unix.BPF_MSH
		case unix.BPF_MISC:
			plain = plain && i.Op&0xf8 != unix.BPF_TAX
		}
	}
	return plain || !indirect
}

// cookedLoad moves a load from SLL2 offsets to those of the network header, or to
// what the kernel keeps instead of the header.
func cookedLoad(i bpf.RawInstruction) (_ bpf.RawInstruction, ok bool) {
	class, mode := i.Op&0x07, i.Op&0xe0
	if class == unix.BPF_RET && i.Op != opRetK {
		return i, false // a computed snap length counts the header
	}
	load := class == unix.BPF_LD && (mode == unix.BPF_ABS || mode == unix.BPF_IND) ||
		class == unix.BPF_LDX && mode == unix.BPF_MSH
	length := (class == unix.BPF_LD || class == unix.BPF_LDX) && mode == unix.BPF_LEN
	switch {
	case length:
		return i, false // the kernel's length is with another header
	case !load || i.K >= netOff:
		return i, true
	case i.K-sll2Len >= adOff-netOff && i.K >= sll2Len:
		return i, false // so far out that it would mean something else
	case i.K >= sll2Len:
		i.K += netOff - sll2Len
		return i, true
	}
	switch {
	case i.Op == opLdAbsH && i.K == 0:
		i.K = adProtocol
	case i.Op == opLdAbsW && i.K == 4:
		i.K = adIfIndex
	case i.Op == opLdAbsH && i.K == 8:
		i.K = adHaType
	case i.Op == opLdAbsB && i.K == 10:
		i.K = adPktType
	default:
		return i, false
	}
	return i, true
}
