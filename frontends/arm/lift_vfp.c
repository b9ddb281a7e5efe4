/*
 * VFP: floating-point operations of the IR where FPSCR asks for nothing special, else helpers.
 *
 * FZ, DN and vector mode are in the mode word (a->fp_exact), rounding mode and cumulative bits in
 * mxcsr, so that a write of FPSCR ends the block. FPSCR's N Z C V lie in `fpscr`.
 */
#include "lift_simd.h"

static size_t slot(const struct arm_insn *i, unsigned reg)
{
    return i->size == 2 ? SIMD_S(reg) : SIMD_D(reg);
}

void simd_call(struct arm_lift *a, unsigned helper, uint64_t packed, unsigned kind)
{
    ir_call(a->b, IR_NONE, helper, kind | CALL_VOID, ir_const(a->b, IR_I64, packed),
            arm_i32(a, a->insn.op), arm_i32(a, a->insn.imm));
}

static void call_vfp(struct arm_lift *a)
{
    simd_call(a, HELPER_vfp, simd_pack(&a->insn), CALL_FP);
}

/* ---- arithmetic ------------------------------------------------------------------------------- */

static ir_ref calculate(struct arm_lift *a, enum ir_type t, ir_ref d, ir_ref n, ir_ref m)
{
    struct ir_block *b = a->b;
    switch (a->insn.op) {
    case ARM_VFP_ADD:
        return ir_bin(b, IR_fadd, t, n, m);
    case ARM_VFP_SUB:
        return ir_bin(b, IR_fsub, t, n, m);
    case ARM_VFP_MUL:
        return ir_bin(b, IR_fmul, t, n, m);
    case ARM_VFP_NMUL:
        return ir_un(b, IR_fneg, t, ir_bin(b, IR_fmul, t, n, m));
    case ARM_VFP_DIV:
        return ir_bin(b, IR_fdiv, t, n, m);
    case ARM_VFP_FMA:
        return ir_tri(b, IR_fma, t, n, m, d);
    case ARM_VFP_FMS:
        return ir_tri(b, IR_fma, t, ir_un(b, IR_fneg, t, n), m, d);
    case ARM_VFP_FNMA:
        return ir_tri(b, IR_fma, t, ir_un(b, IR_fneg, t, n), m, ir_un(b, IR_fneg, t, d));
    default: /* FNMS */
        return ir_tri(b, IR_fma, t, n, m, ir_un(b, IR_fneg, t, d));
    }
}

/* VMLA and relations: product and sum rounded each (A8.8.337). */
static ir_ref accumulate(struct arm_lift *a, enum ir_type t, ir_ref d, ir_ref n, ir_ref m)
{
    unsigned op = a->insn.op;
    ir_ref product = ir_bin(a->b, IR_fmul, t, n, m);
    if (op == ARM_VFP_MLS || op == ARM_VFP_NMLA)
        product = ir_un(a->b, IR_fneg, t, product);
    if (op == ARM_VFP_NMLA || op == ARM_VFP_NMLS)
        d = ir_un(a->b, IR_fneg, t, d);
    return ir_bin(a->b, IR_fadd, t, d, product);
}

static void arithmetic(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    enum ir_type t = i->size == 2 ? IR_F32 : IR_F64;
    bool sum = i->op == ARM_VFP_MLA || i->op == ARM_VFP_MLS || i->op == ARM_VFP_NMLA ||
               i->op == ARM_VFP_NMLS;
    bool uses_d = sum || i->op >= ARM_VFP_FMA;
    if (a->fp_exact) {
        call_vfp(a);
        return;
    }
    ir_ref n = ir_get(a->b, t, slot(i, i->vn)), m = ir_get(a->b, t, slot(i, i->vm));
    ir_ref d = uses_d ? ir_get(a->b, t, slot(i, i->vd)) : 0;
    ir_put(a->b, t, slot(i, i->vd), sum ? accumulate(a, t, d, n, m) : calculate(a, t, d, n, m));
}

static void one_operand(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    enum ir_type t = i->size == 2 ? IR_F32 : IR_F64, bits = i->size == 2 ? IR_I32 : IR_I64;
    ir_ref v;
    if (i->op == ARM_VFP_MOV) {
        v = ir_get(a->b, bits, slot(i, i->vm));
        t = bits;
    } else if (i->op == ARM_VFP_MOVI) {
        v = ir_const(a->b, bits, i->size == 2 ? i->imm : (uint64_t)i->imm << 32);
        t = bits;
    } else if (i->op == ARM_VFP_SQRT && a->fp_exact) {
        call_vfp(a);
        return;
    } else {
        enum ir_op op = i->op == ARM_VFP_ABS ? IR_fabs : i->op == ARM_VFP_NEG ? IR_fneg : IR_fsqrt;
        v = ir_un(a->b, op, t, ir_get(a->b, t, slot(i, i->vm)));
    }
    ir_put(a->b, t, slot(i, i->vd), v);
}

/* ---- comparison ------------------------------------------------------------------------------- */

/* N Z C V: less 1000, equal 0110, greater 0010, unordered 0011 (A2.7.8). */
static void compare(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    struct ir_block *b = a->b;
    if (a->fp_exact) {
        call_vfp(a);
        return;
    }
    enum ir_type t = i->size == 2 ? IR_F32 : IR_F64;
    ir_ref zero = i->size == 2 ? ir_un(b, IR_bitsto, t, arm_i32(a, 0))
                               : ir_un(b, IR_dbitsto, t, ir_const(b, IR_I64, 0));
    ir_ref f = ir_bin(b, i->x & 1 ? IR_fcmps : IR_fcmp, t, ir_get(b, t, slot(i, i->vd)),
                      i->x & 2 ? zero : ir_get(b, t, slot(i, i->vm)));
    ir_ref v = ir_select(b, IR_I32, f, CC_E, arm_i32(a, CPSR_Z | CPSR_C), arm_i32(a, CPSR_C));
    v = ir_select(b, IR_I32, f, CC_B, arm_i32(a, CPSR_N), v);
    v = ir_select(b, IR_I32, f, CC_P, arm_i32(a, CPSR_C | CPSR_V), v);
    ir_ref rest =
        ir_bin(b, IR_and, IR_I32, ir_get(b, IR_I32, ARM_STATE(fpscr)), arm_i32(a, 0x0fffffff));
    ir_put(b, IR_I32, ARM_STATE(fpscr), ir_bin(b, IR_or, IR_I32, rest, v));
}

/* The flags value of the comparison that set FPSCR's flags, if it is still at hand. */
static ir_ref last_compare(const struct ir_block *b)
{
    for (unsigned i = b->count - 1; i > 0 && i + 80 > b->count; i--) {
        unsigned op = b->ins[i].op;
        if (op == IR_fcmp || op == IR_fcmps)
            return (ir_ref)i;
        if (op == IR_label || op == IR_call || ir_has(op, 'x'))
            return 0;
    }
    return 0;
}

/* VMRS APSR_nzcv, FPSCR. Behind a comparison: flags of p - q, which are those of the table above for
 * less: 0 - 1, equal: 0 - 0, greater: 1 - 0, unordered: MIN - 1. */
static void flags_to_apsr(struct arm_lift *a)
{
    struct ir_block *b = a->b;
    ir_ref f = last_compare(b);
    if (f == 0) {
        ir_call(b, IR_NONE, HELPER_vmrs_flags, CALL_WRITES | CALL_VOID, 0, 0, 0);
        a->flags = 0;
        return;
    }
    ir_ref q = ir_setcc(b, f, CC_B);
    ir_ref p = ir_select(b, IR_I32, f, CC_P, arm_i32(a, 0x80000000u), ir_setcc(b, f, CC_A));
    arm_put_flags(a, ir_flagsof(b, ir_bin(b, IR_sub, IR_I32, p, q)), IR_FLAG_ALL);
}

/* ---- conversions ------------------------------------------------------------------------------ */

static void convert(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    struct ir_block *b = a->b;
    if (a->fp_exact || i->op == ARM_VFP_CVT_HALF || i->op == ARM_VFP_FIXED) {
        call_vfp(a);
    } else if (i->op == ARM_VFP_CVT_TYPE && i->size == 2) {
        ir_ref v = ir_un(b, IR_fwiden, IR_F64, ir_get(b, IR_F32, SIMD_S(i->vm)));
        ir_put(b, IR_F64, SIMD_D(i->vd), v);
    } else if (i->op == ARM_VFP_CVT_TYPE) {
        ir_ref v = ir_un(b, IR_fnarrow, IR_F32, ir_get(b, IR_F64, SIMD_D(i->vm)));
        ir_put(b, IR_F32, SIMD_S(i->vd), v);
    } else if (i->op == ARM_VFP_FROM_INT) {
        enum ir_type t = i->size == 2 ? IR_F32 : IR_F64;
        ir_ref v = ir_get(b, IR_I32, SIMD_S(i->vm));
        ir_put(b, t, slot(i, i->vd), ir_imm(b, IR_fromint, t, v, !(i->x & 1)));
    } else {
        enum ir_type t = i->size == 2 ? IR_F32 : IR_F64;
        int64_t how = (i->x & 1 ? 0 : 1) | (i->x & 2 ? 0 : 2);
        enum ir_op op = i->size == 2 ? IR_toint32 : IR_toint64;
        ir_ref v = ir_imm(b, op, IR_I32, ir_get(b, t, slot(i, i->vm)), how);
        ir_put(b, IR_I32, SIMD_S(i->vd), v);
    }
}

/* ---- transfers -------------------------------------------------------------------------------- */

static void move_core2(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    size_t low = i->size == 2 ? SIMD_S(i->vm) : SIMD_D(i->vm);
    if (i->x & 1) {
        arm_set_reg(a, i->rd, ir_get(a->b, IR_I32, low));
        arm_set_reg(a, i->ra, ir_get(a->b, IR_I32, low + 4));
    } else {
        ir_put(a->b, IR_I32, low, arm_reg(a, i->rd));
        ir_put(a->b, IR_I32, low + 4, arm_reg(a, i->ra));
    }
}

static void move_lane(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    if (!(i->x & 1)) {
        simd_put_lane(a, i->vn, i->size, i->imm, arm_reg(a, i->rd));
        return;
    }
    ir_ref v = simd_get_lane(a, i->vn, i->size, i->imm);
    if (i->size < 2) {
        bool zero = i->x & 2;
        enum ir_op op = i->size == 0 ? (zero ? IR_zext8 : IR_sext8) : zero ? IR_zext16 : IR_sext16;
        v = ir_un(a->b, op, IR_I32, v);
    }
    arm_set_reg(a, i->rd, v);
}

static void duplicate(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref v = ir_vec(a->b, IR_vsplat, i->size, arm_reg(a, i->rd), 0, 0);
    simd_put_vector(a, i->vd, i->q, v);
}

/* Not enabled, or not known to be (arm_mode_word). */
static void disabled(struct arm_lift *a)
{
    if (!a->privileged || (a->l->mode & AMODE_VFP) != 0) {
        arm_lift_undefined(a);
        return;
    }
    ir_call(a->b, IR_NONE, HELPER_use_fp, CALL_EXITS | CALL_VOID, 0, 0, 0);
    arm_lift_again(a);
}

/* FPSID, MVFR0, MVFR1, FPEXC: privileged, and whatever FPEXC.EN says; CPACR is the helpers' matter
 * (B1.11). A write of FPSCR or FPEXC may change the mode word. */
static void system_register(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    bool read = i->op == ARM_VFP_VMRS, fpscr = i->imm == 1;
    if (fpscr && !a->vfp) {
        disabled(a);
        return;
    }
    if (!fpscr && !a->privileged) {
        arm_lift_undefined(a);
        return;
    }
    if (read && i->rd == 15) {
        flags_to_apsr(a);
        return;
    }
    unsigned kind = CALL_FP | (fpscr ? 0 : CALL_EXITS);
    ir_ref n = arm_i32(a, i->imm);
    if (read) {
        arm_set_reg(a, i->rd, ir_call(a->b, IR_I32, HELPER_vmrs, kind, n, 0, 0));
        return;
    }
    ir_call(a->b, IR_NONE, HELPER_vmsr, kind | CALL_VOID, n, arm_reg(a, i->rd), 0);
    arm_lift_leave_next(a, EXIT_STATE);
}

/* ---- all -------------------------------------------------------------------------------------- */

static void lift_vfp(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    if (i->op < ARM_VFP_CMP && (a->l->mode & AMODE_VECTOR)) { /* not comparisons, conversions */
        arm_lift_undefined(a);
        return;
    }
    switch (i->op) {
    case ARM_VFP_MOVI:
    case ARM_VFP_MOV:
    case ARM_VFP_ABS:
    case ARM_VFP_NEG:
    case ARM_VFP_SQRT:
        one_operand(a);
        break;
    case ARM_VFP_CMP:
        compare(a);
        break;
    case ARM_VFP_MOV_CORE:
        if (i->x & 1)
            arm_set_reg(a, i->rd, ir_get(a->b, IR_I32, SIMD_S(i->vn)));
        else
            ir_put(a->b, IR_I32, SIMD_S(i->vn), arm_reg(a, i->rd));
        break;
    case ARM_VFP_MOV_CORE2:
        move_core2(a);
        break;
    case ARM_VFP_MOV_LANE:
        move_lane(a);
        break;
    case ARM_VFP_DUP_CORE:
        duplicate(a);
        break;
    default:
        if (i->op < ARM_VFP_MOVI)
            arithmetic(a);
        else
            convert(a);
    }
}

bool arm_lift_simd(struct arm_lift *a)
{
    unsigned op = a->insn.op;
    if (op < ARM_VFP_MLA || op > ARM_VLD_ALL)
        return false;
    if (op == ARM_VFP_VMRS || op == ARM_VFP_VMSR)
        system_register(a);
    else if (!a->vfp)
        disabled(a);
    else if (op < ARM_VFP_VLDR)
        lift_vfp(a);
    else if (op <= ARM_VFP_VSTM || op >= ARM_VLD)
        simd_lift_memory(a);
    else
        simd_lift_neon(a);
    return true;
}
