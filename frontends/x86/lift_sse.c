/*
 * Floating point on XMM registers, MXCSR, FXSAVE and FXRSTOR.
 *
 * With all exceptions masked they are the IR's operations: MXCSR is the host's. The
 * rest is a helper (simd_float.c), also everything while an exception is unmasked.
 */
#include <string.h>

#include "lift_simd.h"

static ir_ref scalar(struct x86_lift *a, unsigned operand, enum ir_type t)
{
    const struct x86_operand *o = &a->insn.operand[operand];
    if (o->kind == X86_XMM)
        return ir_get(a->b, t, simd_xmm(o->reg));
    return ir_load(a->b, t, t == IR_F32 ? 2 : 3, simd_address(a, operand, ACCESS_READ), 0);
}

static bool compare(struct x86_lift *a, enum ir_op op, enum ir_type t)
{
    ir_ref y = scalar(a, 1, t), x = scalar(a, 0, t);
    ir_ref f =
        ir_emit(a->b, (struct ir_ins){.op = (uint8_t)op, .type = (uint8_t)t, .a = x, .b = y});
    x86_put_flags(a, f, IR_FLAG_ALL);
    return true;
}

static bool from_int(struct x86_lift *a, enum ir_type t)
{
    bool wide = t == IR_F64;
    ir_ref v = ir_imm(a->b, IR_fromint, t, x86_value(a, 1), 1);
    v = wide ? ir_un(a->b, IR_dbitsof, IR_I64, v)
             : ir_un(a->b, IR_zext32, IR_I64, ir_un(a->b, IR_bitsof, IR_I32, v));
    v = ir_bin(a->b, IR_vmake, IR_V128, v, ir_const(a->b, IR_I64, 0));
    simd_put(
        a, 0,
        ir_vec(a->b, IR_vop, 0, simd_value(a, 0), v, vec_imm(wide ? VEC_MOVSD : VEC_MOVSS, 0)));
    return true;
}

/* What does not fit is the indefinite integer, 0x80000000. */
static bool to_int(struct x86_lift *a, enum ir_type t, bool truncate)
{
    enum ir_op op = t == IR_F32 ? IR_toint32 : IR_toint64;
    ir_ref v = scalar(a, 1, t);
    x86_put(a, a->insn.operand[0].reg, 4, ir_imm(a->b, op, IR_I32, v, 1 | (truncate ? 2 : 0) | 4));
    return true;
}

static bool fast(struct x86_lift *a)
{
    /* clang-format off */
    switch (a->insn.op) {
    case X86_UCOMISS:  return compare(a, IR_fcmp, IR_F32);
    case X86_UCOMISD:  return compare(a, IR_fcmp, IR_F64);
    case X86_COMISS:   return compare(a, IR_fcmps, IR_F32);
    case X86_COMISD:   return compare(a, IR_fcmps, IR_F64);
    case X86_CVTSI2SS: return from_int(a, IR_F32);
    case X86_CVTSI2SD: return from_int(a, IR_F64);
    case X86_CVTSS2SI:  return to_int(a, IR_F32, false);
    case X86_CVTTSS2SI: return to_int(a, IR_F32, true);
    case X86_CVTSD2SI:  return to_int(a, IR_F64, false);
    case X86_CVTTSD2SI: return to_int(a, IR_F64, true);
    default:
        return false;
    }
    /* clang-format on */
}

static void by_helper(struct x86_lift *a)
{
    bool compares = a->insn.op >= X86_UCOMISS && a->insn.op <= X86_COMISD;
    unsigned kind = CALL_FP | CALL_EXITS | (compares ? CALL_WRITES | CALL_READS : 0);
    simd_by_helper(a, HELPER_simd_float, kind, 0);
}

/* ---- MXCSR and images ------------------------------------------------------------------------------ */

static void load_mxcsr(struct x86_lift *a)
{
    ir_ref v = x86_load(a, simd_address(a, 0, ACCESS_READ), 4);
    x86_call(a, HELPER_put_mxcsr, CALL_FP | CALL_EXITS | CALL_VOID, v, 0, 0);
    x86_leave_next(a, EXIT_STATE);
}

static void store_mxcsr(struct x86_lift *a)
{
    ir_ref at = simd_address(a, 0, ACCESS_WRITE);
    x86_store(a, at, 4, x86_call(a, HELPER_get_mxcsr, CALL_FP, 0, 0, 0));
}

static void image(struct x86_lift *a, bool out)
{
    ir_ref at = x86_linear_of(a, a->insn.seg, x86_offset(a), 512, out ? ACCESS_WRITE : ACCESS_READ);
    ir_align(a->b, at, 15);
    simd_align_is_gp(a);
    if (!x87_is_slow(a))
        x87_sync(a);
    x86_call(a, out ? HELPER_fxsave : HELPER_fxrstor, CALL_FP | CALL_EXITS | CALL_VOID, at, 0, 0);
    if (out)
        return;
    if (!x87_is_slow(a))
        x87_forget_exceptions(a);
    x86_leave_next(a, EXIT_STATE);
}

bool x86_lift_sse(struct x86_lift *a)
{
    unsigned op = a->insn.op;
    switch (op) {
    case X86_LDMXCSR:
        load_mxcsr(a);
        return true;
    case X86_STMXCSR:
        store_mxcsr(a);
        return true;
    case X86_FXSAVE:
    case X86_FXRSTOR:
        image(a, op == X86_FXSAVE);
        return true;
    default:
        break;
    }
    if (op < X86_ADDPS || op > X86_CVTTPD2DQ || simd_integer(op) != NULL)
        return false;
    if (!simd_begin(a))
        return true;
    if (x87_is_slow(a) || (!fast(a) && !simd_by_function(a)))
        by_helper(a);
    return true;
}
