package filter

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/bpf"
)

// Instruction is one instruction of classic BPF, as struct sock_filter has it.
type Instruction struct {
	Op     uint16 // class, size or operation, mode or source
	JT, JF uint8  // how many instructions a jump skips, if true and if not
	K      uint32 // constant, offset, or distance of an unconditional jump
}

// Program is a filter in classic BPF. Compile and ParseRaw return valid ones.
type Program []Instruction

// The operation codes of classic BPF (linux/bpf_common.h).
const (
	clLd, clLdx, clSt, clStx, clAlu, clJmp, clRet, clMisc = 0, 1, 2, 3, 4, 5, 6, 7

	szW, szH, szB = 0x00, 0x08, 0x10

	mdImm, mdAbs, mdInd, mdMem, mdLen, mdMsh = 0x00, 0x20, 0x40, 0x60, 0x80, 0xa0

	aluAdd, aluSub, aluMul, aluDiv, aluOr, aluAnd = 0x00, 0x10, 0x20, 0x30, 0x40, 0x50
	aluLsh, aluRsh, aluNeg, aluMod, aluXor        = 0x60, 0x70, 0x80, 0x90, 0xa0

	jmpJa, jmpJeq, jmpJgt, jmpJge, jmpJset = 0x00, 0x10, 0x20, 0x30, 0x40

	srcK, srcX = 0x00, 0x08

	opRet  = clRet
	opRetA = clRet | 0x10
	opTax  = clMisc
	opTxa  = clMisc | 0x80
)

// memWords is the size of the scratch memory M[].
const memWords = 16

// ancillary is where the offsets begin at which a Linux packet socket answers
// with what it knows of a packet besides its bytes (SKF_AD_OFF).
const ancillary = 0xfffff000

// The offsets in the ancillary area (linux/filter.h).
const (
	adProtocol       = ancillary + 0
	adPktType        = ancillary + 4
	adIfindex        = ancillary + 8
	adVLANTag        = ancillary + 44
	adVLANTagPresent = ancillary + 48
)

// Raw returns the program as golang.org/x/net/bpf and the kernel have it. The
// result is owned.
func (p Program) Raw() []bpf.RawInstruction {
	out := make([]bpf.RawInstruction, len(p))
	for i, in := range p {
		out[i] = bpf.RawInstruction{Op: in.Op, Jt: in.JT, Jf: in.JF, K: in.K}
	}
	return out
}

// Text returns the program as tcpdump -ddd prints it: the number of
// instructions, then op, jt, jf and k of each, in decimal, a line each.
// ParseRaw reads it.
func (p Program) Text() string {
	var b strings.Builder
	fmt.Fprintln(&b, len(p))
	for _, in := range p {
		fmt.Fprintln(&b, in.Op, in.JT, in.JF, in.K)
	}
	return b.String()
}

// ParseRaw reads a program as tcpdump -ddd prints it. Commas may stand for
// newlines. The program is valid: every jump lands inside, the last instruction
// returns. The error is an *Error with its place in text.
func ParseRaw(text string) (Program, error) {
	if len(text) > MaxExpression {
		return nil, &Error{Msg: "the program's text is longer than 128 KiB"}
	}
	var nums []uint64
	var places [][2]int
	for pos := 0; pos < len(text); {
		if c := text[pos]; c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' {
			pos++
			continue
		}
		end := pos
		for end < len(text) && !strings.ContainsRune(" \t\r\n,", rune(text[end])) {
			end++
		}
		n, err := strconv.ParseUint(text[pos:end], 10, 32)
		if err != nil {
			return nil, &Error{Pos: pos, End: end, Msg: "not a number; the output of tcpdump -ddd is numbers alone"}
		}
		nums, places = append(nums, n), append(places, [2]int{pos, end})
		pos = end
	}
	if len(nums) == 0 {
		return nil, &Error{Msg: "no program; the output of tcpdump -ddd begins with the number of instructions"}
	}
	if nums[0] == 0 || nums[0] > MaxInstructions {
		return nil, &Error{Pos: places[0][0], End: places[0][1], Msg: "a program has 1 to 4096 instructions"}
	}
	if uint64(len(nums)) != 1+4*nums[0] {
		return nil, &Error{Pos: len(text), End: len(text), Msg: fmt.Sprintf("%d instructions need %d numbers after the first, here are %d", nums[0], 4*nums[0], len(nums)-1)}
	}
	p := make(Program, nums[0])
	for i := range p {
		at := 1 + 4*i
		for j, limit := range []uint64{0xffff, 0xff, 0xff, 0xffffffff} {
			if nums[at+j] > limit {
				return nil, &Error{Pos: places[at+j][0], End: places[at+j][1], Msg: fmt.Sprintf("greater than %d", limit)}
			}
		}
		p[i] = Instruction{Op: uint16(nums[at]), JT: uint8(nums[at+1]), JF: uint8(nums[at+2]), K: uint32(nums[at+3])}
	}
	if at, why := p.check(); why != "" {
		return nil, &Error{Pos: places[1+4*at][0], End: places[4+4*at][1], Msg: fmt.Sprintf("instruction %d: %s", at, why)}
	}
	return p, nil
}

// check tells where and why a program is not valid, or "".
func (p Program) check() (int, string) {
	for i, in := range p {
		left := uint64(len(p) - i - 1)
		switch in.Op {
		case clLd | mdImm, clLdx | mdImm, clLd | szW | mdAbs, clLd | szH | mdAbs, clLd | szB | mdAbs,
			clLd | szW | mdInd, clLd | szH | mdInd, clLd | szB | mdInd, clLd | mdLen, clLdx | mdLen,
			clLdx | szB | mdMsh, opRet, opRetA, opTax, opTxa, clAlu | aluNeg:
		case clLd | mdMem, clLdx | mdMem, clSt, clStx:
			if in.K >= memWords {
				return i, "no such word of scratch memory"
			}
		case clJmp | jmpJa:
			if uint64(in.K) >= left {
				return i, "jumps out of the program"
			}
		default:
			if !validALU(in.Op) && !validJump(in.Op) {
				return i, "no such operation"
			}
			if validJump(in.Op) && (uint64(in.JT) >= left || uint64(in.JF) >= left) {
				return i, "jumps out of the program"
			}
			if (in.Op == clAlu|aluDiv || in.Op == clAlu|aluMod) && in.K == 0 {
				return i, "divides by zero"
			}
			if (in.Op == clAlu|aluLsh || in.Op == clAlu|aluRsh) && in.K > 31 {
				return i, "shifts by more than 31"
			}
		}
	}
	if last := p[len(p)-1].Op; last != opRet && last != opRetA {
		return len(p) - 1, "the program does not end in a return"
	}
	return 0, ""
}

func validALU(op uint16) bool {
	return op&7 == clAlu && op&^(7|srcX|0xf0) == 0 && op&0xf0 <= aluXor && op&0xf0 != aluNeg
}

func validJump(op uint16) bool {
	return op&7 == clJmp && op&^(7|srcX|0xf0) == 0 && op&0xf0 >= jmpJeq && op&0xf0 <= jmpJset
}
