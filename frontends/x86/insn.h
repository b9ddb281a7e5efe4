/*
 * One decoded x86 instruction: a plain record, the same for 16- and 32-bit code.
 *
 * Decoding (decode.c, from the rows of rows_*.h) fills it in; lifting and disassembly see nothing
 * else. Encodings that mean the same give the same record: `add al, 1` by opcode 04 and by 80 differ
 * in `length` only. Implied operands are written out where the manual's syntax names them (AL, CL,
 * DX, the 1 of a shift, both addresses of a string instruction).
 *
 * "SDM" is Intel's Software Developer's Manual; the letters of the rows are those of volume 2,
 * appendix A.2. Sizes are in bytes everywhere.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum x86_op {
    X86_INVALID, /* no instruction of this CPU: #UD */
#define OP(name) X86_##name,
#include "ops.h"
#include "ops_x87.h"
#include "ops_simd.h"
#undef OP
    X86_OPS
};

/* General registers as encoded. 8-bit operands: 0–3 AL CL DL BL, 4–7 AH CH DH BH. */
enum x86_gpr {
    X86_EAX,
    X86_ECX,
    X86_EDX,
    X86_EBX,
    X86_ESP,
    X86_EBP,
    X86_ESI,
    X86_EDI,
};
#define X86_NO_REG 0xff /* a memory operand without base, without index */

enum x86_seg { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS };

enum x86_kind {
    X86_NONE,
    X86_REG,  /* general register `reg` of `size` bytes; LAR, LSL, LMSW, MOV_SEG ... use 16 bits */
    X86_MEM,  /* base + index * scale + disp in seg, address modulo 2^(8 addrsize); size 0: the
                   access has another shape (INVLPG, FXSAVE: 512) or none (LEA) */
    X86_IMM,  /* imm, an unsigned number of `size` bytes; sign-extension to that is done */
    X86_IMM2, /* imm2: second immediate of ENTER */
    X86_REL,  /* imm: signed distance from the next instruction; the sum is cut to opsize */
    X86_FAR,  /* imm2 : imm, selector and offset; size 4 or 6 */
    X86_SRC_SI, /* string source: SI of addrsize in seg */
    X86_DST_DI, /* string destination: DI of addrsize in ES */
    X86_SEGREG, /* segment register `reg`, enum x86_seg */
    X86_CR,
    X86_DR,
    X86_ST,  /* x87 st(reg) */
    X86_MMX, /* mm0–mm7 */
    X86_XMM, /* `size`: how much of it is used: 16, or 8, 4 for scalars and halves */
};

struct x86_operand {
    uint8_t kind; /* enum x86_kind */
    uint8_t reg;
    uint16_t size;
};

/* What must be available (CR0.EM, CR0.TS, CR4.OSFXSR), SDM vol. 3, 2.5 and 13.1. */
enum x86_unit {
    X86_UNIT_BASE, /* nothing; also FWAIT, which looks at CR0.MP and TS itself */
    X86_UNIT_X87,  /* #NM if EM or TS; also FXSAVE, FXRSTOR */
    X86_UNIT_MMX,  /* #UD if EM; #NM if TS; pending x87 exceptions; enters MMX mode */
    X86_UNIT_SSE,  /* #UD if EM or not OSFXSR; #NM if TS; an MMX operand adds what MMX does */
};

enum x86_rep { X86_REP_NONE, X86_REP_E /* F3: REP, REPE */, X86_REP_NE /* F2 */ };

struct x86_insn {
    uint16_t op;      /* enum x86_op */
    uint16_t row;     /* of x86_insn_rows (rows.h) */
    uint8_t length;   /* 1–15 */
    uint8_t opsize;   /* operand size attribute: 2, 4; 8 */
    uint8_t addrsize; /* address size attribute: 2, 4; 8 */
    uint8_t cond;     /* JCC, SETCC, CMOVCC: condition, low four bits of the opcode */
    uint8_t rep;      /* enum x86_rep; only with string instructions, else the prefix is ignored;
                           where nothing is compared both repeat alike */
    uint8_t unit;     /* enum x86_unit */
    bool lock;        /* LOCK prefix, which this instruction and operand allow */
    bool aligned;     /* the memory operand must be aligned to 16 bytes, else #GP(0) */

    /* memory operand, X86_SRC_SI, XLAT, MASKMOV */
    uint8_t seg;   /* enum x86_seg: overridden, or SS with a base of BP or SP, or DS */
    bool override; /* a segment prefix said so */
    uint8_t base;  /* enum x86_gpr or X86_NO_REG; with addrsize 2: BX, BP, SI, DI */
    uint8_t index; /* the same */
    uint8_t scale; /* 1, 2, 4, 8 */

    uint8_t count;                 /* operands */
    struct x86_operand operand[4]; /* in the order of Intel's syntax: destination first */
    int64_t disp;                  /* sign-extended */
    int64_t imm;
    uint16_t imm2;
};

/* What decoding depends on. */
enum x86_mode {
    X86_MODE_D = 1,         /* code segment's D bit: 32-bit operands and addresses */
    X86_MODE_L = 2,         /* 64-bit code: all of it is undefined so far */
    X86_MODE_PROTECTED = 4, /* CR0.PE and not V86: ARPL, LAR, LLDT ... are #UD otherwise */
    /* Extensions, as CPUID tells the guest; what is not there is #UD. */
    X86_HAS_FPU = 1 << 8,
    X86_HAS_CX8 = 1 << 9,
    X86_HAS_CMOV = 1 << 10,
    X86_HAS_SEP = 1 << 11,
    X86_HAS_MMX = 1 << 12,
    X86_HAS_FXSR = 1 << 13,
    X86_HAS_SSE = 1 << 14,
    X86_HAS_SSE2 = 1 << 15,
    X86_HAS_SSE3 = 1 << 16,
    X86_HAS_CLFSH = 1 << 17,
    X86_HAS_MONITOR = 1 << 18,
    X86_HAS_RDTSCP = 1 << 19,
    X86_HAS_SSSE3 = 1 << 20,
    X86_HAS_MOVBE = 1 << 21,
};
/* A Pentium M class CPU. */
#define X86_HAS_I686                                                                       \
    (X86_HAS_FPU | X86_HAS_CX8 | X86_HAS_CMOV | X86_HAS_SEP | X86_HAS_MMX | X86_HAS_FXSR | \
     X86_HAS_SSE | X86_HAS_SSE2 | X86_HAS_CLFSH)
/* The CPU that CPUID says it is (cpuid.c): an Atom. */
#define X86_HAS_ATOM (X86_HAS_I686 | X86_HAS_SSE3 | X86_HAS_SSSE3 | X86_HAS_MOVBE)

enum x86_error {
    X86_OK,
    X86_TRUNCATED, /* more than `count` bytes are needed: fetch more, or raise the fetch's fault */
    X86_UNDEFINED, /* #UD */
    X86_TOO_LONG,  /* more than 15 bytes: #GP(0) */
};

#define X86_MAX_LENGTH 15

/* Decode the instruction in code[0 .. count - 1]; count may be more than it needs. Always fills *i,
 * with op X86_INVALID unless the result is X86_OK. After X86_UNDEFINED and X86_TRUNCATED, length
 * is what was looked at: opcodes that no row has are undefined without the bytes after them, so that
 * only bytes a CPU would fetch can fault; checks that need the whole instruction (LOCK) come last. */
enum x86_error x86_decode(const uint8_t *code, size_t count, unsigned mode, struct x86_insn *i);

/* Print i, which lies at address pc (EIP), in Intel syntax (disas.c). Returns the length of the whole
 * text; at most size bytes are stored, the last of them 0. */
size_t x86_disas_insn(const struct x86_insn *i, uint32_t pc, char *to, size_t size);

/* The name of an operation, as in ops.h: "ADD". */
const char *x86_op_name(unsigned op);
