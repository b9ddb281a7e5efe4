/*
 * Lifting floating-point operations (V8 B.33): the IR's arithmetic where no exception can trap
 * (FSR.TEM is 0), else a helper. Quadruple precision and codes without a meaning trap with
 * unimplemented_FPop, as on real parts.
 *
 * Accrued exceptions are the IR's (cpu.mxcsr). Current ones are those of the last FPop alone: its
 * code and operands are noted, and who asks for them (STFSR) computes it again. Of several FPops in a
 * row only the last note remains, as nothing observes the others.
 */
#include "lift.h"

/* IR operation of an FPop; operands: s f32, d f64, i i32. */
struct fp {
    uint8_t op;
    char from, to;
    bool two;
};
/* clang-format off */
static const struct fp fps[SPARC_OPS] = {
    [SPARC_FADDS] = {IR_fadd, 's', 's', true}, [SPARC_FADDD] = {IR_fadd, 'd', 'd', true},
    [SPARC_FSUBS] = {IR_fsub, 's', 's', true}, [SPARC_FSUBD] = {IR_fsub, 'd', 'd', true},
    [SPARC_FMULS] = {IR_fmul, 's', 's', true}, [SPARC_FMULD] = {IR_fmul, 'd', 'd', true},
    [SPARC_FDIVS] = {IR_fdiv, 's', 's', true}, [SPARC_FDIVD] = {IR_fdiv, 'd', 'd', true},
    [SPARC_FSQRTS] = {IR_fsqrt, 's', 's', false}, [SPARC_FSQRTD] = {IR_fsqrt, 'd', 'd', false},
    [SPARC_FITOS] = {IR_fromint, 'i', 's', false}, [SPARC_FITOD] = {IR_fromint, 'i', 'd', false},
    [SPARC_FSTOD] = {IR_fwiden, 's', 'd', false}, [SPARC_FDTOS] = {IR_fnarrow, 'd', 's', false},
    [SPARC_FSTOI] = {IR_toint32, 's', 'i', false}, [SPARC_FDTOI] = {IR_toint64, 'd', 'i', false},
    [SPARC_FSMULD] = {IR_fmul, 's', 'd', true},
    [SPARC_FCMPS] = {IR_fcmp, 's', 0, true}, [SPARC_FCMPD] = {IR_fcmp, 'd', 0, true},
    [SPARC_FCMPES] = {IR_fcmps, 's', 0, true}, [SPARC_FCMPED] = {IR_fcmps, 'd', 0, true},
};
/* clang-format on */

static enum ir_type type_of(char c)
{
    return c == 's' ? IR_F32 : c == 'd' ? IR_F64 : IR_I32;
}

static size_t place(char kind, unsigned n)
{
    return SPARC_STATE(f[0]) + 4 * (size_t)(kind == 'd' ? n & 30 : n ^ 1);
}

static ir_ref value(struct sparc_lift *a, char kind, unsigned n)
{
    return ir_get(a->b, type_of(kind), place(kind, n));
}

/* The note for STFSR. */
static void note(struct sparc_lift *a, char kind, ir_ref x, ir_ref y)
{
    enum ir_type t = type_of(kind);
    ir_put(a->b, IR_I32, SPARC_STATE(fp_last), sparc_i32(a, a->insn.opf));
    ir_put(a->b, t, SPARC_STATE(fp_a), x);
    if (y != 0)
        ir_put(a->b, t, SPARC_STATE(fp_b), y);
}

/* V8 appendix N: a NaN gives the largest number of its sign. */
static ir_ref to_integer(struct sparc_lift *a, const struct fp *p, ir_ref x)
{
    bool wide = p->from == 'd';
    ir_ref r = ir_imm(a->b, (enum ir_op)p->op, IR_I32, x, 3);
    ir_ref bits = wide ? ir_un(a->b, IR_hi32, IR_I32, ir_un(a->b, IR_dbitsof, IR_I64, x))
                       : ir_un(a->b, IR_bitsof, IR_I32, x);
    ir_ref most = sparc_bin(a, IR_add, sparc_i32(a, 0x7fffffff),
                            sparc_bin(a, IR_shr, bits, sparc_i32(a, 31)));
    ir_ref f = ir_bin(a->b, IR_fcmp, type_of(p->from), x, x);
    return ir_select(a->b, IR_I32, f, CC_P, most, r);
}

static ir_ref arithmetic(struct sparc_lift *a, const struct fp *p, ir_ref x, ir_ref y)
{
    enum ir_type t = type_of(p->to);
    if (p->to == 'i')
        return to_integer(a, p, x);
    if (p->from == 'i')
        return ir_imm(a->b, (enum ir_op)p->op, t, x, 1);
    if (p->from != p->to && p->two) { /* FsMULd */
        x = ir_un(a->b, IR_fwiden, t, x);
        y = ir_un(a->b, IR_fwiden, t, y);
    }
    return p->two ? ir_bin(a->b, (enum ir_op)p->op, t, x, y) : ir_un(a->b, (enum ir_op)p->op, t, x);
}

static void compute(struct sparc_lift *a, const struct fp *p)
{
    ir_ref y = value(a, p->from, a->insn.rs2), x = 0;
    if (p->two)
        x = value(a, p->from, a->insn.rs1);
    else
        x = y, y = 0;
    ir_ref r = arithmetic(a, p, x, y);
    note(a, p->from, x, y);
    ir_put(a->b, type_of(p->to), place(p->to, a->insn.rd), r);
}

/* fcc: 0 equal, 1 less, 2 greater, 3 unordered; the IR's flags: Z, C, none, and all with P. */
static void compare(struct sparc_lift *a, const struct fp *p)
{
    ir_ref x = value(a, p->from, a->insn.rs1), y = value(a, p->from, a->insn.rs2);
    ir_ref f = ir_bin(a->b, (enum ir_op)p->op, type_of(p->from), x, y);
    ir_ref below = ir_setcc(a->b, f, CC_B), above = ir_setcc(a->b, f, CC_A);
    ir_ref high = sparc_bin(a, IR_or, above, ir_setcc(a->b, f, CC_P));
    ir_ref fcc = sparc_bin(a, IR_or, below, sparc_bin(a, IR_shl, high, sparc_i32(a, 1)));
    note(a, p->from, x, y);
    ir_put(a->b, IR_I32, SPARC_STATE(fcc), fcc);
}

/* FMOVs, FNEGs, FABSs: bits only. */
static void move(struct sparc_lift *a)
{
    ir_ref v = value(a, 'i', a->insn.rs2);
    if (a->insn.op == SPARC_FNEGS)
        v = sparc_bin(a, IR_xor, v, sparc_i32(a, 0x80000000));
    else if (a->insn.op == SPARC_FABSS)
        v = sparc_bin(a, IR_and, v, sparc_i32(a, 0x7fffffff));
    ir_put(a->b, IR_I32, SPARC_STATE(fp_last), sparc_i32(a, a->insn.opf));
    ir_put(a->b, IR_I32, place('i', a->insn.rd), v);
}

static void by_helper(struct sparc_lift *a)
{
    ir_call(a->b, IR_NONE, HELPER_fpop, CALL_VOID | CALL_FP | CALL_EXITS, sparc_i32(a, a->insn.raw),
            0, 0);
}

void sparc_lift_fp(struct sparc_lift *a)
{
    const struct fp *p = &fps[a->insn.op];
    bool bits = a->insn.op >= SPARC_FMOVS && a->insn.op <= SPARC_FABSS;
    if (bits && !a->fp_traps)
        move(a);
    else if (p->from == 0 || a->fp_traps)
        by_helper(a);
    else if (p->to == 0)
        compare(a, p);
    else
        compute(a, p);
}
