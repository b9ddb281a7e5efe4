/*
 * One decoded ARM instruction: a plain record, the same for A32, T32 and T16.
 *
 * Decoding (decode.c, from the rows of a32.h, t32.h, t16.h, vfp.h and neon.h) fills it in; lifting
 * and disassembly see nothing else. Encodings that mean the same give the same record: a T16 `adds`
 * outside an IT block and an A32 `adds` differ in `bytes` only.
 *
 * Section numbers are those of the ARM Architecture Reference Manual, ARMv7-A and ARMv7-R edition
 * (DDI 0406C).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum arm_op {
    ARM_UNDEFINED, /* no instruction of this CPU, or UNPREDICTABLE and treated as undefined */
#define OP(name) ARM_##name,
#include "ops.h"
#include "ops_simd.h"
#undef OP
    ARM_OPS
};

/* How the second operand of a data-processing instruction, or the offset of a load or store, is
 * given. */
enum arm_form {
    FORM_NONE,
    FORM_IMM, /* imm; data processing: already expanded, imm_carry says what C becomes */
    FORM_REG, /* rm shifted by shift_type, shift */
    FORM_RSR, /* rm shifted by shift_type, amount in the low byte of register ra */
};

enum arm_shift { SHIFT_LSL, SHIFT_LSR, SHIFT_ASR, SHIFT_ROR, SHIFT_RRX };
enum arm_carry { CARRY_CLEAR, CARRY_SET, CARRY_KEEP };
/* Setting flags: T16 encodings set them outside IT blocks only. */
enum arm_setflags { S_NO, S_YES, S_OUTSIDE_IT };

/* Prefixes of the parallel additions (A4.4.6 / A5.4.8). */
enum arm_parallel { PAR_S = 1, PAR_Q = 2, PAR_SH = 3, PAR_U = 5, PAR_UQ = 6, PAR_UH = 7 };

/* User (unprivileged) and exclusive details that hold for some loads and stores are in the op. */
struct arm_insn {
    uint32_t raw;       /* the code: T32: first halfword in the upper half */
    uint16_t op;        /* enum arm_op */
    uint8_t bytes;      /* 2 or 4 */
    uint8_t cond;       /* condition field; 14 for what cannot be conditional. Not the IT block's */
    uint8_t form;       /* enum arm_form */
    uint8_t s;          /* enum arm_setflags */
    uint8_t rd;         /* destination; Rt of loads and stores; RdLo of long multiplies */
    uint8_t rn;         /* first operand; base */
    uint8_t rm;         /* second operand; index */
    uint8_t ra;         /* third operand; shift register; Rt2; RdHi; Rd (status) of STREX;
                           STREXD has its Rt2 in rm */
    uint8_t shift_type; /* enum arm_shift, normalised: LSR and ASR #0 are #32, ROR #0 is RRX */
    uint8_t shift;      /* 0 to 32; RRX: 1 */
    uint8_t imm_carry;  /* enum arm_carry of an expanded immediate */
    bool p, u, w; /* addressing: index before access; add; write back. LDM, STM, RFE, SRS too */
    bool user;    /* LDRT, STRT, ...; LDM and STM with ^ */
    uint8_t x;    /* halves of SMULxy: bit 0 = top of rm (y), bit 1 = top of rn (x);
                           X of SMLAD, SMUAD...: bit 0 swap; R of SMMUL...: bit 0 round;
                           enum arm_parallel; rotation (0, 8, 16, 24) of SXTB...;
                           R of MRS and MSR: 1 SPSR; option of DMB, DSB, ISB, DBG;
                           CPS: bits 0-2 F I A, bit 3 disable, bit 4 enable, bit 5 change mode;
                           SETEND: 1 big; IT: the 8 bits firstcond:mask; MCR2 and the like: 1;
                           parts of VFP and NEON instructions as ops_simd.h says */
    uint8_t lsb, width; /* BFC, BFI, SBFX, UBFX; width = saturation bits of SSAT, USAT */
    uint8_t cp, op1, op2, crn, crm; /* coprocessor instructions; op1 = mask of MSR, L of LDC
                                         and STC; LDC, STC, CDP have CRd in rd. LDC and STC
                                         with p and w 0: imm is the option */
    uint16_t regs;                  /* register list of LDM, STM */
    uint32_t imm; /* immediate; offset (magnitude, see u); branch: signed distance from the
                           architectural PC, that is pc + 8 (A32) or pc + 4 (T32), which is aligned
                           down to 4 for ADR, literal loads and BLX from T32; SVC, BKPT, UDF: number;
                           CPS: mode */
    uint8_t size, q, vd, vn, vm; /* VFP and NEON, as ops_simd.h says */
    uint16_t simd;               /* more of them */
};

/* Decode one instruction. `code`: A32: the word; T32: if the first halfword is above 0xe7ff, the
 * first halfword << 16 | second; else the halfword. Always fills *i; op ARM_UNDEFINED for anything
 * that is no instruction. */
void arm_decode_a32(uint32_t code, struct arm_insn *i);
void arm_decode_t32(uint32_t code, struct arm_insn *i);
/* True if a T32 instruction that begins with this halfword has 4 bytes (A6.1). */
static inline bool arm_t32_is_wide(uint32_t half)
{
    return (half & 0xf800) >= 0xe800;
}

/* Print i, which lies at address pc, in UAL syntax (disas.c). it_cond: condition of the IT block it
 * is in, 14 if none. Returns the length of the whole text. */
size_t arm_disas_insn(const struct arm_insn *i, uint32_t pc, bool thumb, unsigned it_cond, char *to,
                      size_t size);
