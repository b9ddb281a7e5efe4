/*
 * The format of the rows in rows_base.h, rows_0f.h, rows_x87.h and rows_simd.h, and what decode.c
 * makes of them.
 *
 *     ROW("0F BA /4", BT, "Ev Ib", BASE, 0, "A-6 g8")
 *
 * that is encoding, operation (without X86_), operands, class, flags, table of the SDM, volume 2
 * (A-6 g8: table A-6, opcode extensions, group 8).
 *
 * Encoding: opcode bytes in hexadecimal, then
 *
 *     /r        a ModR/M byte follows; not written where operands need one anyway
 *     /0 ... /7 it follows, and its reg field is this
 *     m, r      after that: only the memory forms (mod not 3), only the register forms; operands M,
 *               N and U say so by themselves
 *     XX        one more byte: the ModR/M byte is this (x87 and 0F 01)
 *     +r        the opcode's low three bits are a register (operand Z)
 *     +c        the opcode's low four bits are a condition
 *
 * and before it
 *
 *     NP, 66, F3, F2   only with this mandatory prefix, with none of the three. F2 and F3 beat 66,
 *                      the last of F2 and F3 counts. Opcodes whose rows say nothing ignore F2 and F3
 *                      and take 66 as the operand size.
 *
 * Rows must not overlap.
 *
 * Operands: addressing method, then type, as in the SDM, A.2.1 and A.2.2, or a register by its name.
 *
 *     A far pointer          C, D control, debug register (reg)    E register or memory (r/m)
 *     G register (reg)       I immediate       J relative          M memory only
 *     N, U MMX, XMM register (r/m)             O offset            P, V MMX, XMM register (reg)
 *     Q, W MMX, XMM register or memory (r/m)   R register (r/m)    S segment register (reg)
 *     X, Y memory by SI, DI                    Z register (opcode)
 *
 *     b 1   w 2   d 4   q 8   x 16   t 10   v 2, 4, 8 by operand size   z 2, 4   y 4, 8
 *     p far pointer 4, 6     a 2 v     s 6, descriptor-table register     n no size
 *     bs byte, sign-extended to v         e 14, 28 by operand size        f 94, 108
 *     vw: v in a register, w in memory (SLDT);  yb, yw: y in a register, b, w in memory
 *     Q, W, N, U, P, V name what is accessed: Wd is the low doubleword, x all 16 bytes
 *
 *     AL CL DX 1    eAX rAX of v: by operand size; eAX is never 64-bit      ES CS SS DS FS GS
 *     ST0 STi       st(0); st(r/m)
 */
#pragma once

#include "insn.h"

/* Needs and unit of an instruction: the class column. */
enum x86_class {
    CLASS_BASE,
    CLASS_PROT, /* protected mode, not V86 */
    CLASS_CMOV,
    CLASS_CX8,
    CLASS_SEP,
    CLASS_CLFSH,
    CLASS_MONITOR,
    CLASS_RDTSCP,
    CLASS_MOVBE,
    CLASS_SSE_BASE, /* SSE brought it, but it uses no vector state: fences, prefetches */
    CLASS_SSE2_BASE,
    CLASS_FPU,
    CLASS_FPU_CMOV,
    CLASS_FPU_SSE3,
    CLASS_FXSR,
    CLASS_MMX,
    CLASS_MMX_SSE, /* on MMX registers, but with SSE only */
    CLASS_MMX_SSE2,
    CLASS_MMX_SSSE3,
    CLASS_SSE,
    CLASS_SSE2,
    CLASS_SSE3,
    CLASS_SSSE3,
    CLASSES
};

enum x86_row_flags {
    LOCK = 1,       /* LOCK is allowed with a memory destination (SDM vol. 2, LOCK) */
    I64 = 2,        /* invalid in 64-bit mode */
    D64 = 4,        /* 64-bit mode: operand size 64 by default */
    F64 = 8,        /* 64-bit mode: operand size 64 always */
    UNALIGNED = 16, /* a 16-byte memory operand need not be aligned */
    ALIGNED = 32,   /* alignment to 16 is needed though the operand is of another kind */
    ANYMOD = 64,    /* mod is ignored: r/m is a register (MOV CR, MOV DR) */
    NO_CS = 128,    /* segment register CS is no destination */
};

struct x86_row {
    const char *encoding;
    const char *operands;
    uint16_t op;   /* enum x86_op */
    uint8_t class; /* enum x86_class */
    uint8_t flags; /* enum x86_row_flags */
    const char *section;
};
#define ROW(encoding, op, operands, class, flags, section) \
    {encoding, operands, X86_##op, CLASS_##class, flags, section},

/* All rows, in rows.c; row 0 is no instruction. */
extern const struct x86_row x86_insn_rows[];
extern const unsigned x86_row_count;
