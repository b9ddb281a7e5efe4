/*
 * The x87 operations of the IR: how they are written, and what they do in C.
 *
 * They work on eight 80-bit registers, struct x80 each (struct frontend, x87), under the
 * control word cpu->x87_control, which masks all exceptions; those that are raised are or'ed into
 * cpu->x87_status (cpu.h). No other operation of such a block may touch these registers. imm of an
 * operation, with registers as byte offsets in the CPU structure:
 *
 *    bits 0-15 register d    16-31 register s    32-39 enum x87_kind    40-47 enum x87_format
 */
#pragma once

#include <translator/ir.h>

struct cpu;

/* Numbers in an i64: a float's bits, an integer sign-extended; or parts of a register. */
enum x87_format {
    X87_F32,
    X87_F64,
    X87_I16,
    X87_I32,
    X87_I64,
    X87_SIGNIFICAND, /* xst only */
    X87_SIGN_EXP,
};
enum x87_kind {
    X87_ADD, /* d := d + s */
    X87_MUL,
    X87_SUB,
    X87_SUBR, /* d := s - d */
    X87_DIV,
    X87_DIVR,
    X87_SQRT, /* d := root of s */
    X87_ROUND,
    X87_CHS,
    X87_ABS,
    X87_MOVE,
    X87_SWAP,
    X87_QUIET, /* comparisons: Invalid for signalling NaNs only; xst: truncate */
    X87_KINDS
};

static inline int64_t x87_imm(unsigned kind, unsigned format, unsigned d, unsigned s)
{
    return (int64_t)(d | (uint64_t)s << 16 | (uint64_t)kind << 32 | (uint64_t)format << 40);
}
static inline unsigned x87_imm_d(int64_t imm)
{
    return imm & 0xffff;
}
static inline unsigned x87_imm_s(int64_t imm)
{
    return imm >> 16 & 0xffff;
}
static inline unsigned x87_imm_kind(int64_t imm)
{
    return imm >> 32 & 0xff;
}
static inline unsigned x87_imm_format(int64_t imm)
{
    return imm >> 40 & 0xff;
}

static inline ir_ref ir_x87_emit(struct ir_block *b, enum ir_op op, enum ir_type t, ir_ref x,
                                 ir_ref y, int64_t imm)
{
    return ir_emit(
        b, (struct ir_ins){.op = (uint8_t)op, .type = (uint8_t)t, .a = x, .b = y, .imm = imm});
}
static inline void ir_x87_set(struct ir_block *b, unsigned d, ir_ref sig, ir_ref sign_exp)
{
    ir_x87_emit(b, IR_xset, IR_NONE, sig, sign_exp, x87_imm(0, 0, d, 0));
}
static inline void ir_x87_load(struct ir_block *b, unsigned d, enum x87_format f, ir_ref raw)
{
    ir_x87_emit(b, IR_xld, IR_NONE, raw, 0, x87_imm(0, f, d, 0));
}
static inline ir_ref ir_x87_store(struct ir_block *b, unsigned d, enum x87_format f, bool truncate)
{
    return ir_x87_emit(b, IR_xst, IR_I64, 0, 0, x87_imm(truncate ? X87_QUIET : 0, f, d, 0));
}
static inline ir_ref ir_x87_significand(struct ir_block *b, unsigned d)
{
    return ir_x87_store(b, d, X87_SIGNIFICAND, false);
}
static inline ir_ref ir_x87_sign_exp(struct ir_block *b, unsigned d)
{
    return ir_un(b, IR_lo32, IR_I32, ir_x87_store(b, d, X87_SIGN_EXP, false));
}
static inline void ir_x87_op(struct ir_block *b, unsigned kind, unsigned d, unsigned s)
{
    ir_x87_emit(b, IR_xop, IR_NONE, 0, 0, x87_imm(kind, 0, d, s));
}
static inline void ir_x87_op_memory(struct ir_block *b, unsigned kind, unsigned d,
                                    enum x87_format f, ir_ref raw)
{
    ir_x87_emit(b, IR_xopm, IR_NONE, raw, 0, x87_imm(kind, f, d, 0));
}
static inline ir_ref ir_x87_compare_flags(struct ir_block *b, unsigned d, unsigned s, bool quiet)
{
    return ir_x87_emit(b, IR_xcmp, IR_FLAGS, 0, 0, x87_imm(quiet ? X87_QUIET : 0, 0, d, s));
}
static inline ir_ref ir_x87_compare(struct ir_block *b, unsigned d, unsigned s, bool quiet)
{
    return ir_x87_emit(b, IR_xcc, IR_I32, 0, 0, x87_imm(quiet ? X87_QUIET : 0, 0, d, s));
}
static inline ir_ref ir_x87_compare_memory(struct ir_block *b, unsigned d, enum x87_format f,
                                           ir_ref raw)
{
    return ir_x87_emit(b, IR_xccm, IR_I32, raw, 0, x87_imm(0, f, d, 0));
}
static inline void ir_x87_drop(struct ir_block *b, unsigned d)
{
    ir_x87_emit(b, IR_xdrop, IR_NONE, 0, 0, x87_imm(0, 0, d, 0));
}
static inline ir_ref ir_x87_status(struct ir_block *b)
{
    return ir_x87_emit(b, IR_xstatus, IR_I32, 0, 0, 0);
}
static inline void ir_x87_clear(struct ir_block *b)
{
    ir_x87_emit(b, IR_xclear, IR_NONE, 0, 0, 0);
}
static inline void ir_x87_control(struct ir_block *b, ir_ref control)
{
    ir_x87_emit(b, IR_xcontrol, IR_NONE, control, 0, 0);
}

/* Do operation op on a and b; returns its result (flags: as ir_run.h has them). */
uint64_t ir_run_x87(struct cpu *cpu, unsigned op, int64_t imm, uint64_t a, uint64_t b);
