//go:build amd64 && !purego

#include "textflag.h"

// func skipAVX2(p []byte, nibbles *[32]byte, flip, care uint32) int
TEXT ·skipAVX2(SB), NOSPLIT, $0-48
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), CX
	MOVQ nibbles+24(FP), DX
	MOVL flip+32(FP), R8
	MOVL care+36(FP), R9
	VBROADCASTI128 (DX), Y0   // kinds of frame with this low nibble
	VBROADCASTI128 16(DX), Y1 // … and with this high one
	MOVL $15, AX
	VMOVD AX, X2
	VPBROADCASTB X2, Y2
	VPXOR Y3, Y3, Y3
	XORL BX, BX
	SUBQ $33, CX // where the last block begins, at most: second bytes are read, too
block:
	VMOVDQU (SI)(BX*1), Y4
	VMOVDQU 1(SI)(BX*1), Y5
	VPSRLW $4, Y4, Y6
	VPAND Y2, Y4, Y4
	VPAND Y2, Y6, Y6
	VPSHUFB Y4, Y0, Y4
	VPSHUFB Y6, Y1, Y6
	VPAND Y4, Y6, Y4
	VPCMPEQB Y3, Y4, Y4
	VPMOVMSKB Y4, AX  // first bytes of no kind
	VPMOVMSKB Y5, R10 // mask bits of the second ones
	XORL R8, R10
	ANDL R9, R10
	ORL R10, AX
	NOTL AX
	TESTL AX, AX
	JNZ found
	ADDQ $32, BX
	CMPQ BX, CX
	JLE block
done:
	VZEROUPPER
	MOVQ BX, ret+40(FP)
	RET
found:
	VZEROUPPER
	BSFL AX, AX
	ADDQ AX, BX
	MOVQ BX, ret+40(FP)
	RET
