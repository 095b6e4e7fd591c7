//go:build amd64 && !purego

#include "textflag.h"

// Well-formed UTF-8 by the lookup algorithm of John Keiser and Daniel Lemire, "Validating
// UTF-8 In Less Than One Instruction Per Byte" (Software: Practice and Experience 51, 2021,
// https://arxiv.org/abs/2010.03090), from its text. Every byte is looked at together with
// the one before it. Three tables of 16 entries, for the high and the low half of the
// byte before and for the high half of the byte, hold a bit for each way in which the two
// can be wrong; a bit that is in all three is an error:
//
//	01  too short: a lead byte, and no continuation byte behind it
//	02  too long: ASCII, and a continuation byte behind it
//	04  overlong in three bytes: E0 80 to E0 9F
//	08  too large: F4 90 and above, F5 and above
//	10  surrogate: ED A0 to ED BF
//	20  overlong in two bytes: C0, C1
//	40  overlong in four bytes: F0 80 to F0 8F; too large: F5 80 to F5 8F and above
//	80  two continuation bytes: an error unless the byte is the third or the fourth of a
//	    character, that is unless two bytes before is E0 or above, or three before F0 or above
//
// The masking key is XORed to what is loaded: the payload is not written anywhere.

// For the high half of the byte before.
DATA utf8First<>+0(SB)/8, $0x0202020202020202
DATA utf8First<>+8(SB)/8, $0x4915012180808080
GLOBL utf8First<>(SB), RODATA|NOPTR, $16

// For its low half.
DATA utf8Low<>+0(SB)/8, $0xCBCBCB8B8383A3E7
DATA utf8Low<>+8(SB)/8, $0xCBCBDBCBCBCBCBCB
GLOBL utf8Low<>(SB), RODATA|NOPTR, $16

// For the high half of the byte itself.
DATA utf8Second<>+0(SB)/8, $0x0101010101010101
DATA utf8Second<>+8(SB)/8, $0x01010101BABAAEE6
GLOBL utf8Second<>(SB), RODATA|NOPTR, $16

// What is subtracted, with saturation, so that the highest bit says: E0 or above, F0 or
// above; the highest bit; the lower half.
DATA utf8Bytes<>+0(SB)/4, $0x60606060
DATA utf8Bytes<>+4(SB)/4, $0x70707070
DATA utf8Bytes<>+8(SB)/4, $0x80808080
DATA utf8Bytes<>+12(SB)/4, $0x0F0F0F0F
GLOBL utf8Bytes<>(SB), RODATA|NOPTR, $16

// The 32 bytes from 32-n on are n bytes of ones, and zeros.
DATA utf8Ones<>+0(SB)/8, $-1
DATA utf8Ones<>+8(SB)/8, $-1
DATA utf8Ones<>+16(SB)/8, $-1
DATA utf8Ones<>+24(SB)/8, $-1
DATA utf8Ones<>+32(SB)/8, $0
DATA utf8Ones<>+40(SB)/8, $0
DATA utf8Ones<>+48(SB)/8, $0
DATA utf8Ones<>+56(SB)/8, $0
GLOBL utf8Ones<>(SB), RODATA|NOPTR, $64

// CHECK512 sets in bad, of the bytes that ok selects, those of cur that are wrong; prev is
// the 64 bytes before. First the bytes one, two and three before each (Z28, Z29, Z30), from the
// last 16 of prev and the first 48 of cur (Z23); then the tables; then whether the byte
// is a third or a fourth, (E0 or above | F0 or above) & 80; and where that is not what the
// tables say. VPERMB looks at six bits of an index: the tables stand in their registers four
// times, so the bits above the half that is meant need not be taken away.
//
// Z16 key; Z17, Z18, Z19 tables; Z20, Z21, Z22 60, 70, 80. As no register below Z16 is used, there
// is nothing that VZEROUPPER would have to clear.
#define CHECK512(cur, prev, ok, bad) \
	VALIGND $12, prev, cur, Z23      \
	VPALIGNR $15, Z23, cur, Z28       \
	VPALIGNR $14, Z23, cur, Z29      \
	VPALIGNR $13, Z23, cur, Z30      \
	VPSRLW $4, Z28, Z31              \
	VPSRLW $4, cur, Z27             \
	VPERMB Z18, Z28, Z28              \
	VPERMB Z17, Z31, Z31            \
	VPERMB Z19, Z27, Z27            \
	VPTERNLOGD $0x80, Z27, Z31, Z28  \
	VPSUBUSB Z20, Z29, Z29          \
	VPSUBUSB Z21, Z30, Z30          \
	VPTERNLOGD $0xA8, Z22, Z30, Z29 \
	VPCMPUB $4, Z28, Z29, ok, bad

// func wellFormedAVX512(p []byte, key uint32) int
TEXT ·wellFormedAVX512(SB), NOSPLIT, $0-40
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), CX
	MOVL key+24(FP), DX
	VPBROADCASTD DX, Z16
	VBROADCASTI32X4 utf8First<>(SB), Z17
	VBROADCASTI32X4 utf8Low<>(SB), Z18
	VBROADCASTI32X4 utf8Second<>(SB), Z19
	VPBROADCASTD utf8Bytes<>+0(SB), Z20
	VPBROADCASTD utf8Bytes<>+4(SB), Z21
	VPBROADCASTD utf8Bytes<>+8(SB), Z22
	VPXORQ Z25, Z25, Z25   // nothing before the first byte
	KXNORQ K1, K1, K1
	XORL AX, AX         // bytes that are known to be right
	MOVQ $-1, DX
	CMPQ CX, $256
	JBE rest512

	// 128 bytes a step, ASCII behind ASCII without the tables.
long512:
	VPXORQ (SI)(AX*1), Z16, Z24
	VPXORQ 64(SI)(AX*1), Z16, Z26
	VMOVDQA64 Z24, Z27
	VPTERNLOGD $0xFE, Z25, Z26, Z27
	VPTESTMB Z22, Z27, K2
	KORTESTQ K2, K2
	JNZ tables512
next512:
	VMOVDQA64 Z26, Z25
	ADDQ $128, AX
	SUBQ $128, CX
	CMPQ CX, $256
	JA long512
	JMP rest512
tables512:
	CHECK512(Z24, Z25, K1, K3)
	CHECK512(Z26, Z24, K1, K4)
	KORTESTQ K3, K4
	JZ next512
	JMP done512

	// The last 256 bytes at most, without a look at whether they are ASCII: for short
	// messages a branch that is foretold wrongly costs more than the tables. What is
	// behind the end is not read: those lanes hold the key, and zero once XORed with it.
rest512:
	CMPQ CX, $128
	JBE last512
	VPXORQ (SI)(AX*1), Z16, Z24
	VPXORQ 64(SI)(AX*1), Z16, Z26
	CHECK512(Z24, Z25, K1, K3)
	CHECK512(Z26, Z24, K1, K4)
	KORTESTQ K3, K4
	JNZ done512
	VMOVDQA64 Z26, Z25
	ADDQ $128, AX
	SUBQ $128, CX
last512:
	BZHIQ CX, DX, BX
	KMOVQ BX, K1
	VMOVDQA64 Z16, Z24
	VMOVDQU8 (SI)(AX*1), K1, Z24
	VPXORQ Z24, Z16, Z24
	CHECK512(Z24, Z25, K1, K3)
	KMOVQ K3, BX
	CMPQ CX, $64
	JBE end512
	LEAQ -64(CX), DI
	BZHIQ DI, DX, DX
	KMOVQ DX, K2
	VMOVDQA64 Z16, Z26
	VMOVDQU8 64(SI)(AX*1), K2, Z26
	VPXORQ Z26, Z16, Z26
	CHECK512(Z26, Z24, K2, K4)
	KMOVQ K4, DX
	ORQ DX, BX
end512:
	ADDQ AX, CX
	TESTQ BX, BX
	CMOVQEQ CX, AX
done512:
	MOVQ AX, ret+32(FP)
	RET

// func wellFormedAVX2(p []byte, key uint32) int
TEXT ·wellFormedAVX2(SB), NOSPLIT, $0-40
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), CX
	MOVL key+24(FP), DX
	VMOVD DX, X15
	VPBROADCASTD X15, Y15
	VBROADCASTI128 utf8First<>(SB), Y14
	VBROADCASTI128 utf8Low<>(SB), Y13
	VBROADCASTI128 utf8Second<>(SB), Y12
	VPBROADCASTD utf8Bytes<>+0(SB), Y11
	VPBROADCASTD utf8Bytes<>+4(SB), Y10
	VPBROADCASTD utf8Bytes<>+8(SB), Y9
	VPBROADCASTD utf8Bytes<>+12(SB), Y8
	VPCMPEQB Y7, Y7, Y7 // all bytes count
	VPXOR Y1, Y1, Y1    // nothing before the first byte
	XORL AX, AX         // bytes that are known to be right
loop2:
	CMPQ CX, $32
	JB last2
	VPXOR (SI)(AX*1), Y15, Y0
check2:
	VPOR Y0, Y1, Y2
	VPMOVMSKB Y2, DX
	TESTL DX, DX
	JZ next2                     // ASCII behind ASCII
	VPERM2I128 $0x21, Y0, Y1, Y2 // the last 16 bytes of Y1 and the first of Y0
	VPALIGNR $15, Y2, Y0, Y3     // the byte before each
	VPALIGNR $14, Y2, Y0, Y4     // two before
	VPALIGNR $13, Y2, Y0, Y5     // three before
	VPSRLW $4, Y3, Y6
	VPSRLW $4, Y0, Y2
	VPAND Y8, Y3, Y3
	VPAND Y8, Y6, Y6
	VPAND Y8, Y2, Y2
	VPSHUFB Y3, Y13, Y3
	VPSHUFB Y6, Y14, Y6
	VPSHUFB Y2, Y12, Y2
	VPAND Y3, Y6, Y3
	VPAND Y2, Y3, Y3             // in all three tables
	VPSUBUSB Y11, Y4, Y4
	VPSUBUSB Y10, Y5, Y5
	VPOR Y4, Y5, Y4
	VPAND Y9, Y4, Y4             // a third or a fourth byte
	VPXOR Y3, Y4, Y3             // not the same
	VPTEST Y3, Y7
	JNZ done2
next2:
	VMOVDQA Y0, Y1
	ADDQ $32, AX
	SUBQ $32, CX
	JA loop2
	ADDQ CX, AX // as many too many as the last block was short of 32
done2:
	MOVQ AX, ret+32(FP)
	VZEROUPPER
	RET

	// The last 1 to 31 bytes: words of four that are there wholly by themselves, what is left
	// from the four bytes that end where p does. Y7 selects what is there.
last2:
	LEAQ utf8Ones<>+32(SB), DX
	SUBQ CX, DX
	VMOVDQU (DX), Y7
	VPMASKMOVD (SI)(AX*1), Y7, Y0
	LEAQ (SI)(AX*1), BX
	MOVL -4(BX)(CX*1), DX
	MOVL CX, BX
	ANDL $3, BX
	SHLL $3, BX
	NEGL BX
	ADDL $32, BX
	SHRXQ BX, DX, DX // 32 less 8 for each byte that is left
	VMOVD DX, X2
	VPBROADCASTD X2, Y2
	VBLENDVPS Y7, Y0, Y2, Y0
	VPXOR Y0, Y15, Y0
	VPAND Y7, Y0, Y0
	JMP check2
