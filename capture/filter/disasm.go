package filter

import (
	"fmt"
	"strings"
)

// String returns the program in the assembler's notation, an instruction a
// line, as tcpdump -d prints it.
func (p Program) String() string {
	var b strings.Builder
	for i, in := range p {
		name, arg := in.notation()
		if in.Op&7 == clJmp && in.Op&0xf0 != jmpJa {
			fmt.Fprintf(&b, "(%03d) %-8s %-16s jt %d\tjf %d\n", i, name, arg, i+1+int(in.JT), i+1+int(in.JF))
			continue
		}
		if in.Op == clJmp|jmpJa {
			arg = fmt.Sprint(i + 1 + int(in.K))
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("(%03d) %-8s %s", i, name, arg), " ") + "\n")
	}
	return b.String()
}

var (
	sizeSuffix = map[uint16]string{szW: "", szH: "h", szB: "b"}
	aluNames   = map[uint16]string{aluAdd: "add", aluSub: "sub", aluMul: "mul", aluDiv: "div", aluOr: "or", aluAnd: "and",
		aluLsh: "lsh", aluRsh: "rsh", aluNeg: "neg", aluMod: "mod", aluXor: "xor"}
	jmpNames = map[uint16]string{jmpJa: "ja", jmpJeq: "jeq", jmpJgt: "jgt", jmpJge: "jge", jmpJset: "jset"}
)

// notation returns the mnemonic and the operand.
func (in Instruction) notation() (name, arg string) {
	size := sizeSuffix[in.Op&0x18]
	switch in.Op & 7 {
	case clLd, clLdx:
		name = "ld"
		if in.Op&7 == clLdx {
			name = "ldx"
		}
		switch in.Op & 0xe0 {
		case mdImm:
			return name, fmt.Sprintf("#0x%x", in.K)
		case mdAbs:
			return name + size, fmt.Sprintf("[%d]", int32(in.K))
		case mdInd:
			return name + size, fmt.Sprintf("[x + %d]", int32(in.K))
		case mdMem:
			return name, fmt.Sprintf("M[%d]", in.K)
		case mdLen:
			return name, "#pktlen"
		case mdMsh:
			return name + size, fmt.Sprintf("4*([%d]&0xf)", in.K)
		}
	case clSt:
		return "st", fmt.Sprintf("M[%d]", in.K)
	case clStx:
		return "stx", fmt.Sprintf("M[%d]", in.K)
	case clAlu, clJmp:
		names := aluNames
		if in.Op&7 == clJmp {
			names = jmpNames
		}
		name = names[in.Op&0xf0]
		switch {
		case in.Op == clAlu|aluNeg:
			return name, ""
		case in.Op&srcX != 0:
			return name, "x"
		}
		return name, fmt.Sprintf("#0x%x", in.K)
	case clRet:
		if in.Op == opRetA {
			return "ret", ""
		}
		return "ret", fmt.Sprintf("#%d", in.K)
	case clMisc:
		if in.Op == opTxa {
			return "txa", ""
		}
		return "tax", ""
	}
	return "unimp", fmt.Sprintf("0x%x", in.Op)
}
