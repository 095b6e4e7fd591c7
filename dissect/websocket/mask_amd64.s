//go:build amd64 && !purego

#include "textflag.h"

// func unmaskAVX2(dst, src []byte, key uint32)
//
// The last 32 bytes are unmasked by themselves, with the key turned as it applies there. They
// are read before anything is written, as dst and src may be the same, and written after all
// else, because the last block of 32 may reach into them.
TEXT ·unmaskAVX2(SB), NOSPLIT, $0-52
	MOVQ dst_base+0(FP), DI
	MOVQ src_base+24(FP), SI
	MOVQ src_len+32(FP), CX
	MOVL key+48(FP), DX
	VMOVD DX, X0
	VPBROADCASTD X0, Y0
	MOVQ CX, AX
	SHLL $3, CX
	RORL CX, DX // bytes that stand before, in bits
	VMOVD DX, X1
	VPBROADCASTD X1, Y1
	SUBQ $32, AX
	VPXOR (SI)(AX*1), Y1, Y1
	XORL BX, BX
	JMP more
block:
	VPXOR (SI)(BX*1), Y0, Y2
	VMOVDQU Y2, (DI)(BX*1)
	ADDQ $32, BX
more:
	CMPQ BX, AX
	JB block
	VMOVDQU Y1, (DI)(AX*1)
	VZEROUPPER
	RET
