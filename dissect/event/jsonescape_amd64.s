//go:build !purego

#include "textflag.h"

// func escapeVBMI2(d, p *byte, size int, t *runTables) (w, n int)
//
// 64 bytes at a time. What needs an escape is found by looking every byte up. Where
// something does, each byte becomes a pair, a backslash and itself or its letter;
// pairs are then compressed: of those that need no escape, the backslash goes.
//
//	Z0 bytes             K1 not ASCII           DI, SI where to write and to read
//	Z1 ASCII looked up   K3 short escapes       CX bytes left, DX of them in this block
//	Z16-Z19 the tables   K7 bytes of the block  R12 K3, R13 not zero: stop behind the block
TEXT ·escapeVBMI2(SB), NOSPLIT, $0-48
	MOVQ d+0(FP), DI
	MOVQ p+8(FP), SI
	MOVQ size+16(FP), CX
	MOVQ t+24(FP), BX
	MOVQ DI, R8
	MOVQ SI, R9
	VMOVDQU8 (BX), Z16
	VMOVDQU8 64(BX), Z17
	VMOVDQU8 128(BX), Z18
	VMOVDQU8 192(BX), Z19
	MOVQ $0x5C, AX
	VPBROADCASTW AX, Z20
	MOVQ $0x40, AX
	VPBROADCASTB AX, Z21
	MOVQ $0x5555555555555555, R10 // first bytes of pairs
	MOVQ $0xAAAAAAAAAAAAAAAA, R11 // second bytes
	XORQ R13, R13

loop:
	CMPQ CX, $64
	JB   tail
	VMOVDQU8 (SI), Z0
	MOVQ $64, DX
	KXNORQ K7, K7, K7
	JMP  block

tail:
	TESTQ CX, CX
	JZ   done
	MOVQ CX, DX
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVQ AX, K7
	VMOVDQU8.Z (SI), K7, Z0

block:
	VPMOVB2M Z0, K1
	VMOVDQA64 Z0, Z1
	VPERMI2B Z17, Z16, Z1
	KANDNQ K7, K1, K2
	VPTESTMB Z1, Z1, K2, K3
	KORTESTQ K1, K3
	JNZ  special

plain:
	VMOVDQU8 Z0, (DI)
	ADDQ DX, DI
	ADDQ DX, SI
	SUBQ DX, CX
	TESTQ R13, R13
	JZ   loop
	JMP  done

special:
	VPMOVB2M Z1, K5
	KANDQ K3, K5, K5
	KORTESTQ K1, K1
	JZ   stops

	// A first byte and what follows it have a bit in common where the character may deceive.
	VPTESTMB Z21, Z0, K1, K4
	VPERMB Z18, Z0, Z2
	CMPQ CX, $64
	JBE  last
	VMOVDQU8 1(SI), Z3
	JMP  follow

last: // nothing is read beyond the end
	LEAQ -1(CX), R14
	MOVQ $-1, AX
	BZHIQ R14, AX, AX
	KMOVQ AX, K6
	VMOVDQU8.Z 1(SI), K6, Z3

follow:
	VPERMB Z19, Z3, Z3
	VPTESTMB Z3, Z2, K4, K4
	KORQ K4, K5, K5

stops:
	KMOVQ K3, R12
	KMOVQ K5, AX
	TESTQ AX, AX
	JZ   pairs
	TZCNTQ AX, DX
	BZHIQ DX, R12, R12
	KMOVQ R12, K3
	MOVQ $1, R13

pairs:
	TESTQ R12, R12
	JZ   plain
	VMOVDQU8 Z1, K3, Z0
	ADDQ DX, SI
	SUBQ DX, CX

	VPMOVZXBW Y0, Z4
	VPSLLW $8, Z4, Z4
	VPORQ Z20, Z4, Z4
	MOVL R12, AX
	PDEPQ R10, AX, R14
	ORQ  R11, R14
	KMOVQ R14, K4
	VPCOMPRESSB.Z Z4, K4, Z4
	VMOVDQU8 Z4, (DI)
	POPCNTQ AX, AX
	CMPQ DX, $32
	JBE  short
	LEAQ 32(DI)(AX*1), DI

	VEXTRACTI64X4 $1, Z0, Y4
	VPMOVZXBW Y4, Z4
	VPSLLW $8, Z4, Z4
	VPORQ Z20, Z4, Z4
	SHRQ $32, R12
	PDEPQ R10, R12, R14
	ORQ  R11, R14
	KMOVQ R14, K4
	VPCOMPRESSB.Z Z4, K4, Z4
	VMOVDQU8 Z4, (DI)
	POPCNTQ R12, AX
	SUBQ $32, DX

short:
	ADDQ DX, DI
	ADDQ AX, DI
	TESTQ R13, R13
	JZ   loop

done:
	VZEROUPPER
	SUBQ R8, DI
	SUBQ R9, SI
	MOVQ DI, w+32(FP)
	MOVQ SI, n+40(FP)
	RET
