//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// func decodeBMI2(d *decoder)
//
// AX bits, CX n in its low 8 bits, BX tables, DI next literal, R8 next input, R9 last input to begin an iteration at,
// R10 mask of the first level, R12 where the literals of this sequence begin, R13 next sequence, R15 room left.
// DX is the entry, then the length; SI, R11 and R14 are scratch.
TEXT ·decodeBMI2(SB), NOSPLIT, $56-8
	MOVQ d+0(FP), R14
	MOVQ decoder_codes(R14), BX
	MOVQ decoder_bits(R14), AX
	MOVQ decoder_n(R14), CX
	MOVQ decoder_in(R14), SI
	MOVQ decoder_pos(R14), R8
	MOVQ decoder_last(R14), R9
	ADDQ SI, R8
	ADDQ SI, R9
	MOVL tables_litMask(BX), R10
	MOVQ decoder_seq(R14), SI
	LEAQ sequences_literals(SI), DI
	LEAQ sequences_list(SI), R13
	MOVQ DI, R12
	MOVQ decoder_room(R14), R15

	// What may be referred to before a symbol: known + room - R15.
	MOVQ decoder_known(R14), SI
	ADDQ R15, SI
	MOVQ SI, reach-8(SP)

	// Where that is in the output, or before it if negative: w + room - R15 - distance.
	MOVQ (decoder_past+history_ring)(R14), R11
	MOVQ R11, ring-16(SP)
	MOVL (decoder_past+history_at)(R14), SI
	MOVQ SI, at-56(SP)
	MOVQ decoder_w(R14), SI
	ADDQ R15, SI
	MOVQ SI, here-24(SP)
	XORL SI, SI
	MOVQ SI, ended-48(SP)

	TESTQ R15, R15
	JLE   done
	CMPQ  R8, R9
	JHI   done

loop:
	// The bit buffer takes 56 to 63 bits.
	MOVQ  (R8), SI
	SHLXQ CX, SI, SI
	ORQ   SI, AX
	MOVL  CX, SI
	NOTL  SI
	SHRL  $3, SI
	ANDL  $7, SI
	ADDQ  SI, R8
	ORL   $56, CX

	MOVQ  AX, DX
	ANDQ  R10, DX
	MOVL  tables_lit(BX)(DX*4), DX
	TESTL DX, DX
	JNS   symbol

	SHRXQ DX, AX, AX
	SUBL  DX, CX
	MOVQ  AX, SI
	ANDQ  R10, SI
	SHRL  $16, DX
	MOVB  DX, (DI)
	INCQ  DI
	DECQ  R15
	MOVL  tables_lit(BX)(SI*4), DX
	TESTL DX, DX
	JNS   refill

	SHRXQ DX, AX, AX
	SUBL  DX, CX
	MOVQ  AX, SI
	ANDQ  R10, SI
	SHRL  $16, DX
	MOVB  DX, (DI)
	INCQ  DI
	DECQ  R15
	MOVL  tables_lit(BX)(SI*4), DX
	TESTL DX, DX
	JNS   refill

literal:
	SHRXQ DX, AX, AX
	SUBL  DX, CX
	SHRL  $16, DX
	MOVB  DX, (DI)
	INCQ  DI
	DECQ  R15
	JMP   next

refill:
	MOVQ  (R8), SI
	SHLXQ CX, SI, SI
	ORQ   SI, AX
	MOVL  CX, SI
	NOTL  SI
	SHRL  $3, SI
	ANDL  $7, SI
	ADDQ  SI, R8
	ORL   $56, CX

symbol:
	MOVQ  AX, bits0-32(SP)
	MOVQ  CX, n0-40(SP)
	TESTL $const_entSpecial, DX
	JNZ   special

length:
	BZHIQ DX, AX, R11
	MOVL  DX, SI
	SHRL  $8, SI
	SHRXQ SI, R11, R11
	SHRXQ DX, AX, AX
	SUBL  DX, CX
	SHRL  $16, DX
	ADDL  R11, DX

	MOVL  tables_distMask(BX), SI
	ANDL  AX, SI
	MOVL  tables_dist(BX)(SI*4), SI
	TESTL $const_entSpecial, SI
	JNZ   specialDistance

distance:
	BZHIQ SI, AX, R11
	MOVL  SI, R14
	SHRL  $8, R14
	SHRXQ R14, R11, R11
	MOVL  SI, R14
	SHRL  $16, R14
	ADDL  R14, R11
	MOVQ  reach-8(SP), R14
	SUBQ  R15, R14
	CMPQ  R11, R14
	JHI   undo
	SHRXQ SI, AX, AX
	SUBL  SI, CX

	MOVQ DI, R14
	SUBQ R12, R14
	MOVQ DI, R12
	SHLQ $16, R14
	ORQ  DX, R14
	SHLQ $16, R14
	LEAQ -1(R14)(R11*1), R14
	MOVQ R14, (R13)
	ADDQ $8, R13

	// The line in the history. For what is in the output, a line that is in the cache anyway.
	MOVQ       here-24(SP), SI
	SUBQ       R15, SI
	SUBQ       R11, SI
	MOVQ       at-56(SP), R11
	ADDQ       SI, R11
	MOVQ       R11, R14
	SHRQ       $const_pageShift, R14
	ANDL       $const_pages-1, R14
	SHLQ       $3, R14
	ADDQ       ring-16(SP), R14
	ANDL       $const_pageSize-1, R11
	ADDQ       (R14), R11
	TESTQ      SI, SI
	CMOVQPL    R13, R11
	PREFETCHT0 (R11)
	SUBQ DX, R15

next:
	TESTQ R15, R15
	JLE   done
	CMPQ  R8, R9
	JLS   loop

done:
	MOVQ d+0(FP), R14
	MOVQ decoder_in(R14), SI
	SUBQ SI, R8
	MOVQ R8, decoder_pos(R14)
	ANDL $63, CX
	BZHIQ CX, AX, AX
	MOVQ AX, decoder_bits(R14)
	MOVQ CX, decoder_n(R14)
	MOVQ decoder_seq(R14), SI
	LEAQ sequences_literals(SI), DX
	SUBQ DX, DI
	MOVQ DI, decoder_literals(R14)
	LEAQ sequences_list(SI), DX
	SUBQ DX, R13
	SHRQ $3, R13
	MOVQ R13, decoder_count(R14)
	MOVQ ended-48(SP), SI
	MOVB SI, decoder_ended(R14)

	// The lines of the history that what was decoded will be written to.
	MOVQ decoder_room(R14), DX
	SUBQ R15, DX
	MOVQ at-56(SP), SI
	ADDQ decoder_w(R14), SI
	MOVQ ring-16(SP), R11

line:
	MOVQ      SI, DI
	SHRQ      $const_pageShift, DI
	ANDL      $const_pages-1, DI
	MOVQ      (R11)(DI*8), DI
	TESTQ     DI, DI
	JZ        nopage
	MOVQ      SI, R8
	ANDL      $const_pageSize-1, R8
	PREFETCHT0(DI)(R8*1)

nopage:
	ADDQ $64, SI
	SUBQ $64, DX
	JHI  line
	RET

special:
	TESTL $const_entSecond, DX
	JZ    end
	SHRXQ DX, AX, AX
	SUBL  DX, CX
	MOVL  DX, SI
	SHRL  $8, SI
	ANDL  $15, SI
	BZHIQ SI, AX, SI
	SHRL  $16, DX
	ADDL  SI, DX
	ANDL  $const_litSize-1, DX
	MOVL  tables_lit(BX)(DX*4), DX
	TESTL DX, DX
	JS    literal
	TESTL $const_entSpecial, DX
	JZ    length

end:
	TESTL $const_entEnd, DX
	JZ    undo
	SHRXQ DX, AX, AX
	SUBL  DX, CX
	MOVL  $1, SI
	MOVQ  SI, ended-48(SP)
	JMP   done

specialDistance:
	TESTL $const_entSecond, SI
	JZ    undo
	SHRXQ SI, AX, AX
	SUBL  SI, CX
	MOVL  SI, R11
	SHRL  $8, R11
	ANDL  $15, R11
	BZHIQ R11, AX, R11
	SHRL  $16, SI
	ADDL  R11, SI
	ANDL  $const_distSize-1, SI
	MOVL  tables_dist(BX)(SI*4), SI
	TESTL $const_entSpecial, SI
	JZ    distance

undo:
	MOVQ bits0-32(SP), AX
	MOVQ n0-40(SP), CX
	JMP  done

// func copyVector(d *decoder) (special bool)
//
// DI output, R8 write index, R9 next literal, R10 next sequence, R11 end of the sequences, R12 ring, R13 its write
// index, R15 farthest. AX is the length, DX the distance; CX, SI and R14 are scratch.
TEXT ·copyVector(SB), NOSPLIT, $0-9
	MOVQ d+0(FP), R14
	MOVQ decoder_out(R14), DI
	MOVQ decoder_w(R14), R8
	MOVQ decoder_seq(R14), SI
	LEAQ sequences_literals(SI), R9
	ADDQ decoder_copied(R14), R9
	LEAQ sequences_list(SI), R10
	MOVQ decoder_count(R14), R11
	LEAQ (R10)(R11*8), R11
	MOVQ decoder_next(R14), SI
	LEAQ (R10)(SI*8), R10
	MOVQ (decoder_past+history_ring)(R14), R12
	MOVL (decoder_past+history_at)(R14), R13
	MOVQ decoder_farthest(R14), R15
	MOVB $0, special+8(FP)
	JMP  next

loop:
	MOVQ    (R10), AX
	ADDQ    $8, R10
	MOVWLZX AX, DX
	INCQ    DX
	SHRQ    $16, AX
	MOVQ    AX, CX
	MOVWLZX AX, AX
	SHRQ    $16, CX
	CMPQ    DX, R15
	CMOVQHI DX, R15

	// The literals. What is copied past their end is overwritten later.
	LEAQ  (DI)(R8*1), SI
	MOVOU (R9), X0
	MOVOU X0, (SI)
	CMPQ  CX, $16
	JHI   more

match:
	ADDQ CX, R8
	ADDQ CX, R9

	// In the history it comes from SI in the page R14, in the output from R14.
	LEAQ    (R13)(R8*1), SI
	SUBQ    DX, SI
	MOVQ    SI, R14
	SHRQ    $const_pageShift, R14
	ANDL    $const_pages-1, R14
	MOVQ    (R12)(R14*8), R14
	ANDL    $const_pageSize-1, SI
	XORL    CX, CX
	CMPQ    DX, R8
	CMOVQLS CX, SI
	CMPQ    SI, $const_pageSize-16
	JHI     rare
	ADDQ    R14, SI
	LEAQ    (DI)(R8*1), R14
	SUBQ    DX, R14
	MOVQ    DX, CX
	SUBQ    R8, CX
	CMPQ    DX, R8
	CMOVQLS R14, SI
	CMOVQLS DX, CX

	// CX bytes are there.
	CMPQ  AX, CX
	JHI   rare
	CMPQ  AX, $16
	JHI   long
	MOVOU (SI), X0
	MOVOU X0, (DI)(R8*1)
	ADDQ  AX, R8

next:
	CMPQ R10, R11
	JCS  loop

done:
	MOVQ d+0(FP), R14
	MOVQ R15, decoder_farthest(R14)
	MOVQ R8, decoder_w(R14)
	MOVQ decoder_seq(R14), SI
	LEAQ sequences_literals(SI), DX
	SUBQ DX, R9
	MOVQ R9, decoder_copied(R14)
	LEAQ sequences_list(SI), DX
	SUBQ DX, R10
	SHRQ $3, R10
	MOVQ R10, decoder_next(R14)
	RET

more:
	MOVL $16, R14

chunk:
	MOVOU (R9)(R14*1), X0
	MOVOU X0, (SI)(R14*1)
	ADDQ  $16, R14
	CMPQ  R14, CX
	JCS   chunk
	JMP   match

long:
	CMPQ DX, R8
	JLS  longer
	LEAQ (R13)(R8*1), CX
	SUBQ DX, CX
	ANDL $const_pageSize-1, CX
	ADDQ AX, CX
	CMPQ CX, $const_pageSize-16
	JHI  rare

longer:
	LEAQ (DI)(R8*1), R14
	ADDQ AX, R8

sixteen:
	MOVOU (SI), X0
	MOVOU X0, (R14)
	ADDQ  $16, SI
	ADDQ  $16, R14
	SUBQ  $16, AX
	JHI   sixteen
	JMP   next

rare:
	MOVB $1, special+8(FP)
	JMP  done

// func prefetchRing(r *ring)
TEXT ·prefetchRing(SB), NOSPLIT, $0-8
	MOVQ       r+0(FP), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	PREFETCHT0 192(AX)
	RET
