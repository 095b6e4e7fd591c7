//go:build !purego

#include "textflag.h"

// func escapeVBMI2(d, p *byte, size int, t *runTables) (w, n int)
//
// 64 bytes at a time. What needs an escape is found by looking every byte up. Where
// something does, each byte becomes a pair, a backslash and itself or its letter;
// pairs are then compressed: of those that need no escape, the backslash goes. There
// are few branches, because which bytes stand where is hard to foresee.
//
//	Z0 bytes             K1 not ASCII           DI, SI where to write and to read
//	Z1 ASCII looked up   K3 escapes             CX bytes left, DX of them in this block
//	Z3 the bytes behind  K4, K5 to stop at      R12 short escapes of the block
//	Z16-Z21 the tables   K6, K7 captured bytes  R13 not zero: stop behind the block
TEXT ·escapeVBMI2(SB), NOSPLIT, $0-48
	MOVQ         d+0(FP), DI
	MOVQ         p+8(FP), SI
	MOVQ         size+16(FP), CX
	MOVQ         t+24(FP), BX
	MOVQ         DI, R8
	MOVQ         SI, R9
	VMOVDQU8     (BX), Z16
	VMOVDQU8     64(BX), Z17
	VMOVDQU8     128(BX), Z18
	VMOVDQU8     192(BX), Z19
	MOVQ         $0x5C, AX
	VPBROADCASTW AX, Z20                  // backslashes, as first bytes of pairs
	VPBROADCASTB 256(BX), Z21
	MOVQ         $0x80, AX
	VPBROADCASTB AX, Z22
	MOVQ         $0x5555555555555555, R10 // first bytes of pairs
	MOVQ         $0xAAAAAAAAAAAAAAAA, R11 // second bytes
	XORQ         R13, R13

loop:
	CMPQ       CX, $64
	JBE        tail
	VMOVDQU8   (SI), Z0
	VMOVDQU8   1(SI), Z3
	MOVQ       $64, DX
	KXNORQ     K7, K7, K7
	JMP        block

tail:
	TESTQ      CX, CX
	JZ         done
	MOVQ       CX, DX
	MOVQ       $-1, AX
	BZHIQ      CX, AX, AX
	KMOVQ      AX, K7
	KSHIFTRQ   $1, K7, K6
	VMOVDQU8.Z (SI), K7, Z0
	VMOVDQU8.Z 1(SI), K6, Z3

block:
	VPMOVB2M  Z0, K1
	VMOVDQA64 Z0, Z1
	VPERMI2B  Z17, Z16, Z1
	KANDNQ    K7, K1, K2
	VPTESTMB  Z1, Z1, K2, K3
	VPTESTMB  Z22, Z1, K3, K5

	VPCMPUB   $5, Z21, Z0, K4
	VPERMB    Z18, Z0, Z2
	VPERMB    Z19, Z3, Z3
	VPTESTMB  Z3, Z2, K4, K4
	KMOVQ     K3, R12
	KORTESTQ  K4, K5
	JNZ       stop
	TESTQ     R12, R12
	JNZ       pairs

plain:
	VMOVDQU8 Z0, (DI)
	ADDQ     DX, DI
	ADDQ     DX, SI
	SUBQ     DX, CX
	TESTQ    R13, R13
	JZ       loop
	JMP      done

stop: // the block ends before it
	KORQ     K4, K5, K5
	KMOVQ    K5, AX
	TZCNTQ   AX, DX
	BZHIQ    DX, R12, R12
	KMOVQ    R12, K3
	MOVQ     $1, R13
	TESTQ    R12, R12
	JZ       plain

pairs:
	VMOVDQU8       Z1, K3, Z0
	ADDQ           DX, SI
	SUBQ           DX, CX
	MOVQ           $32, BX
	CMPQ           DX, BX
	CMOVQLT        DX, BX        // bytes of the first half
	SUBQ           BX, DX        // and of the second
	ADDQ           DI, BX

	VPMOVZXBW      Y0, Z4
	VEXTRACTI64X4  $1, Z0, Y5
	VPMOVZXBW      Y5, Z5
	VPSLLW         $8, Z4, Z4
	VPSLLW         $8, Z5, Z5
	VPORQ          Z20, Z4, Z4
	VPORQ          Z20, Z5, Z5
	MOVL           R12, AX
	SHRQ           $32, R12
	PDEPQ          R10, AX, R14
	PDEPQ          R10, R12, R15
	ORQ            R11, R14
	ORQ            R11, R15
	KMOVQ          R14, K4
	KMOVQ          R15, K5
	VPCOMPRESSB.Z  Z4, K4, Z4
	VPCOMPRESSB.Z  Z5, K5, Z5
	POPCNTQ        AX, AX
	POPCNTQ        R12, R12
	VMOVDQU8       Z4, (DI)
	LEAQ           (BX)(AX*1), DI
	VMOVDQU8       Z5, (DI)
	ADDQ           DX, DI
	ADDQ           R12, DI
	TESTQ          R13, R13
	JZ             loop

done:
	VZEROUPPER
	SUBQ R8, DI
	SUBQ R9, SI
	MOVQ DI, w+32(FP)
	MOVQ SI, n+40(FP)
	RET

// func escapeAVX2(d, p *byte, size int, t *nibbleTables) (w, n int)
//
// 32 bytes at a time, as long as there are 33 and none of them is to stop at. What is a
// byte is looked up by its halves, which have a bit in common. Where something needs
// an escape, eight bytes at a time are spread to make room for the backslashes.
//
//	Y0 bytes     Y1 their high halves   DI, SI where to write and to read
//	Y2 class     Y8-Y14 the tables      CX bytes left   R11 short escapes
#define SPREAD8(FROM) \
	MOVBLZX   R11, AX              \
	MOVQ      AX, DX               \
	SHLQ      $4, DX               \
	VMOVDQU   (R10)(DX*1), X1      \
	VPSHUFB   X1, FROM, X2         \
	VPBLENDVB X1, X7, X2, X2       \
	VMOVDQU   X2, (DI)             \
	POPCNTL   AX, AX               \
	LEAQ      8(DI)(AX*1), DI      \
	SHRL      $8, R11

TEXT ·escapeAVX2(SB), NOSPLIT, $0-48
	MOVQ           d+0(FP), DI
	MOVQ           p+8(FP), SI
	MOVQ           size+16(FP), CX
	MOVQ           t+24(FP), BX
	MOVQ           DI, R8
	MOVQ           SI, R9
	VBROADCASTI128 (BX), Y8
	VBROADCASTI128 16(BX), Y9
	VBROADCASTI128 32(BX), Y10
	VBROADCASTI128 48(BX), Y11
	VBROADCASTI128 64(BX), Y12
	VBROADCASTI128 80(BX), Y13
	VBROADCASTI128 96(BX), Y14
	LEAQ           112(BX), R10
	MOVL           $0x0f0f0f0f, AX
	VMOVD          AX, X15
	VPBROADCASTD   X15, Y15
	MOVL           $0x07070707, AX
	VMOVD          AX, X6
	VPBROADCASTD   X6, Y6
	MOVL           $0x5c5c5c5c, AX
	VMOVD          AX, X7
	VPBROADCASTD   X7, X7

loop:
	CMPQ      CX, $33
	JB        done
	VMOVDQU   (SI), Y0
	VPSRLW    $4, Y0, Y1
	VPAND     Y15, Y1, Y1
	VPSHUFB   Y0, Y8, Y2  // 0 where not ASCII
	VPSHUFB   Y1, Y9, Y3
	VPAND     Y2, Y3, Y2
	VPCMPGTB  Y6, Y2, Y3
	VPMOVMSKB Y3, DX      // to stop at
	VPMOVMSKB Y0, AX
	TESTL     AX, AX
	JZ        ascii
	VPAND     Y15, Y0, Y3
	VPSHUFB   Y3, Y11, Y3
	VPSHUFB   Y1, Y12, Y4
	VPAND     Y3, Y4, Y3
	VMOVDQU   1(SI), Y4
	VPSRLW    $4, Y4, Y5
	VPAND     Y15, Y4, Y4
	VPAND     Y15, Y5, Y5
	VPSHUFB   Y4, Y13, Y4
	VPSHUFB   Y5, Y14, Y5
	VPAND     Y4, Y5, Y4
	VPAND     Y3, Y4, Y3
	VPXOR     Y4, Y4, Y4
	VPCMPEQB  Y4, Y3, Y3
	VPMOVMSKB Y3, AX
	NOTL      AX
	ORL       AX, DX

ascii:
	TESTL     DX, DX
	JNZ       done
	VPXOR     Y4, Y4, Y4
	VPCMPEQB  Y4, Y2, Y3
	VPMOVMSKB Y3, R11
	NOTL      R11
	ADDQ      $32, SI
	SUBQ      $32, CX
	TESTL     R11, R11
	JNZ       spread
	VMOVDQU   Y0, (DI)
	ADDQ      $32, DI
	JMP       loop

spread:
	VPSHUFB      Y0, Y10, Y5
	VPBLENDVB    Y3, Y0, Y5, Y0 // what needs an escape becomes its letter
	VPSRLDQ      $8, X0, X3
	SPREAD8(X0)
	SPREAD8(X3)
	VEXTRACTI128 $1, Y0, X0
	VPSRLDQ      $8, X0, X3
	SPREAD8(X0)
	SPREAD8(X3)
	JMP          loop

done:
	VZEROUPPER
	SUBQ R8, DI
	SUBQ R9, SI
	MOVQ DI, w+32(FP)
	MOVQ SI, n+40(FP)
	RET

// func base64VBMI(d, p *byte, size int, t *base64Tables)
//
// 48 bytes become 64 characters (Wojciech Muła, Daniel Lemire, "Base64 encoding and
// decoding at almost the speed of a memory copy", 2019).
TEXT ·base64VBMI(SB), NOSPLIT, $0-32
	MOVQ     d+0(FP), DI
	MOVQ     p+8(FP), SI
	MOVQ     size+16(FP), CX
	MOVQ     t+24(FP), BX
	VMOVDQU8 (BX), Z16
	VMOVDQU8 64(BX), Z17
	VMOVDQU8 128(BX), Z18
	CMPQ     CX, $64
	JB       tail

full: // a whole vector can be read
	VMOVDQU8       (SI), Z0
	VPERMB         Z0, Z16, Z0
	VPMULTISHIFTQB Z0, Z17, Z0
	VPERMB         Z18, Z0, Z0
	VMOVDQU8       Z0, (DI)
	ADDQ           $48, SI
	ADDQ           $64, DI
	SUBQ           $48, CX
	CMPQ           CX, $64
	JAE            full

tail:
	TESTQ          CX, CX
	JLE            done
	MOVQ           $-1, AX
	BZHIQ          CX, AX, AX
	KMOVQ          AX, K1
	VMOVDQU8.Z     (SI), K1, Z0
	VPERMB         Z0, Z16, Z0
	VPMULTISHIFTQB Z0, Z17, Z0
	VPERMB         Z18, Z0, Z0
	VMOVDQU8       Z0, (DI)
	ADDQ           $48, SI
	ADDQ           $64, DI
	SUBQ           $48, CX
	JMP            tail

done:
	VZEROUPPER
	RET
