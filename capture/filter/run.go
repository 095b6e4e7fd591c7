package filter

import "encoding/binary"

// Match tells whether the program takes a packet: data is its captured part,
// borrowed, wireLen its length on the wire in bytes (what "len" means).
func (p Program) Match(data []byte, wireLen int) bool { return p.Run(data, wireLen) != 0 }

// Run runs the program on a packet and returns how many of its bytes to keep: 0
// refuses it. data is the captured part, borrowed; wireLen is its length on the
// wire in bytes (what "len" means).
//
// A load past the end of data refuses the packet, as does a division by zero in
// X. So does whatever a valid program does not do. Ancillary data of a packet
// socket lies past the end here. Run allocates nothing, and ends: jumps go
// forward only.
func (p Program) Run(data []byte, wireLen int) uint32 {
	var a, x uint32
	var mem [memWords]uint32
	n := uint64(len(data))
	for pc := 0; pc < len(p); pc++ {
		in := &p[pc]
		k := in.K
		switch in.Op {
		case clLd | szH | mdAbs:
			if uint64(k)+2 > n {
				return 0
			}
			a = uint32(binary.BigEndian.Uint16(data[k:]))
		case clJmp | jmpJeq:
			if a == k {
				pc += int(in.JT)
			} else {
				pc += int(in.JF)
			}
		case clLd | szB | mdAbs:
			if uint64(k) >= n {
				return 0
			}
			a = uint32(data[k])
		case clLd | szW | mdAbs:
			if uint64(k)+4 > n {
				return 0
			}
			a = binary.BigEndian.Uint32(data[k:])
		case clLdx | szB | mdMsh:
			if uint64(k) >= n {
				return 0
			}
			x = uint32(data[k]&0xf) << 2
		case clLd | szH | mdInd:
			at := uint64(x) + uint64(k)
			if at+2 > n {
				return 0
			}
			a = uint32(binary.BigEndian.Uint16(data[at:]))
		case clJmp | jmpJset:
			if a&k != 0 {
				pc += int(in.JT)
			} else {
				pc += int(in.JF)
			}
		case opRet:
			return k
		case clLd | szW | mdInd:
			at := uint64(x) + uint64(k)
			if at+4 > n {
				return 0
			}
			a = binary.BigEndian.Uint32(data[at:])
		case clLd | szB | mdInd:
			at := uint64(x) + uint64(k)
			if at >= n {
				return 0
			}
			a = uint32(data[at])
		case clJmp | jmpJgt, clJmp | jmpJge, clJmp | jmpJeq | srcX, clJmp | jmpJgt | srcX, clJmp | jmpJge | srcX, clJmp | jmpJset | srcX:
			if in.Op&srcX != 0 {
				k = x
			}
			if compare(in.Op&0xf0, a, k) {
				pc += int(in.JT)
			} else {
				pc += int(in.JF)
			}
		case clJmp | jmpJa:
			if uint64(k) >= uint64(len(p)) {
				return 0
			}
			pc += int(k)
		case clLd | mdImm:
			a = k
		case clLdx | mdImm:
			x = k
		case clLd | mdLen:
			a = uint32(wireLen)
		case clLdx | mdLen:
			x = uint32(wireLen)
		case clLd | mdMem:
			a = mem[k%memWords]
		case clLdx | mdMem:
			x = mem[k%memWords]
		case clSt:
			mem[k%memWords] = a
		case clStx:
			mem[k%memWords] = x
		case opTax:
			x = a
		case opTxa:
			a = x
		case opRetA:
			return a
		default:
			if in.Op&7 != clAlu {
				return 0
			}
			if in.Op&srcX != 0 {
				k = x
			}
			var ok bool
			if a, ok = compute(in.Op&0xf0, a, k); !ok {
				return 0
			}
		}
	}
	return 0
}

// compare is the condition of a jump.
func compare(op uint16, a, b uint32) bool {
	switch op {
	case jmpJeq:
		return a == b
	case jmpJgt:
		return a > b
	case jmpJge:
		return a >= b
	}
	return a&b != 0
}

// compute is an operation on A; false for a division by zero. Shifts by 32 and
// more give 0, as in libpcap; aluNeg ignores b.
func compute(op uint16, a, b uint32) (uint32, bool) {
	switch op {
	case aluAdd:
		return a + b, true
	case aluSub:
		return a - b, true
	case aluMul:
		return a * b, true
	case aluDiv, aluMod:
		if b == 0 {
			return 0, false
		}
		if op == aluDiv {
			return a / b, true
		}
		return a % b, true
	case aluOr:
		return a | b, true
	case aluAnd:
		return a & b, true
	case aluXor:
		return a ^ b, true
	case aluLsh:
		return a << b, true
	case aluRsh:
		return a >> b, true
	case aluNeg:
		return -a, true
	}
	return 0, false
}
