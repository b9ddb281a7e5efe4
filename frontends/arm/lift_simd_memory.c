/*
 * Loads and stores of VFP and of Advanced SIMD elements and structures.
 *
 * Registers may be written before a later access faults, as the instruction then runs again from
 * the start; the base register is written last. VFP accesses must be aligned to words, elements
 * only where SCTLR.A or the instruction's alignment asks (A3.2.1).
 */
#include "lift_simd.h"

static ir_ref plus(struct arm_lift *a, ir_ref base, uint32_t n)
{
    return n == 0 ? base : ir_bin(a->b, IR_add, IR_I32, base, arm_i32(a, n));
}

/* Little-endian copies of D registers from base on; two at a time where they are a Q register. */
static void copy(struct arm_lift *a, size_t slot, unsigned count, ir_ref base, bool load)
{
    for (unsigned n = 0; n < count;) {
        bool two = (slot + 8 * n) % 16 == 0 && n + 1 < count;
        enum ir_type t = two ? IR_V128 : IR_F64;
        unsigned mem = two ? 4 : 3;
        int32_t at = (int32_t)(8 * n);
        if (load)
            ir_put(a->b, t, slot + 8 * n, ir_load(a->b, t, mem, base, at));
        else
            ir_store(a->b, t, mem, base, at, ir_get(a->b, t, slot + 8 * n));
        n += two ? 2 : 1;
    }
}

/* ---- VFP -------------------------------------------------------------------------------------- */

static void transfer(struct arm_lift *a, unsigned reg, ir_ref base, int32_t at, bool load)
{
    /* Floating-point types where the bytes need no reversal: arithmetic takes the value as it is. */
    bool wide = a->insn.size == 3;
    enum ir_type t = a->big ? (wide ? IR_I64 : IR_I32) : wide ? IR_F64 : IR_F32;
    size_t slot = wide ? SIMD_D(reg) : SIMD_S(reg);
    unsigned mem = arm_mem(a, wide ? 3 : 2);
    if (load)
        ir_put(a->b, t, slot, ir_load(a->b, t, mem, base, at));
    else
        ir_store(a->b, t, mem, base, at, ir_get(a->b, t, slot));
}

static void vldr(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref base = i->rn == 15 ? arm_i32(a, (a->pc + (a->thumb ? 4 : 8)) & ~3u) : arm_reg(a, i->rn);
    ir_ref address = plus(a, base, i->u ? i->imm : 0 - i->imm);
    ir_align(a->b, address, 3);
    transfer(a, i->vd, address, 0, i->op == ARM_VFP_VLDR);
}

/* imm counts words; FLDMX and FSTMX (odd, doubles) leave room for one more word. */
static void vldm(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref base = arm_reg(a, i->rn);
    ir_ref first = i->u ? base : plus(a, base, 0 - 4 * i->imm);
    unsigned bytes = 1u << i->size, count = 4 * i->imm / bytes;
    ir_align(a->b, first, 3);
    bool load = i->op == ARM_VFP_VLDM;
    if (i->size == 3 && !a->big)
        copy(a, SIMD_D(i->vd), count, first, load);
    else
        for (unsigned n = 0; n < count; n++)
            transfer(a, i->vd + n, first, (int32_t)(n * bytes), load);
    if (i->w)
        arm_set_reg(a, i->rn, i->u ? plus(a, base, 4 * i->imm) : first);
}

/* ---- elements and structures ------------------------------------------------------------------ */

/* rm 15: no write-back, 13: by the bytes transferred, else by the register (A7.7.1). */
static void write_back(struct arm_lift *a, ir_ref base, unsigned bytes)
{
    unsigned rm = a->insn.rm;
    if (rm == 15)
        return;
    ir_ref by = rm == 13 ? arm_i32(a, bytes) : arm_reg(a, rm);
    arm_set_reg(a, a->insn.rn, ir_bin(a->b, IR_add, IR_I32, base, by));
}

static void check_alignment(struct arm_lift *a, ir_ref base)
{
    unsigned strict = a->strict ? 1u << a->insn.size : 1;
    unsigned align = a->insn.shift > strict ? a->insn.shift : strict;
    if (align > 1)
        ir_align(a->b, base, align - 1);
}

/* Little-endian VLD1 and VST1 are plain copies; others go through simd_buffer, in memory order. */
static void structures(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    bool load = i->op == ARM_VLD, plain = i->simd == 1 && (!a->big || i->size == 0);
    unsigned words = i->simd * i->lsb;
    struct arm_insn t = *i;
    t.x = a->big;
    t.simd = (uint16_t)(i->simd | i->lsb << 4 | i->imm << 8);
    ir_ref base = arm_reg(a, i->rn);
    check_alignment(a, base);
    if (!plain && !load)
        simd_call(a, HELPER_structure_store, simd_pack(&t), 0);
    copy(a, plain ? SIMD_D(i->vd) : ARM_STATE(simd_buffer), words, base, load);
    if (!plain && load)
        simd_call(a, HELPER_structure_load, simd_pack(&t), 0);
    write_back(a, base, 8 * words);
}

static void one_lane(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref base = arm_reg(a, i->rn);
    unsigned mem = arm_mem(a, i->size);
    check_alignment(a, base);
    for (unsigned k = 0; k < i->simd; k++) {
        unsigned reg = i->vd + k * i->imm;
        int32_t at = (int32_t)(k << i->size);
        if (i->op == ARM_VLD_LANE)
            simd_put_lane(a, reg, i->size, i->width, ir_load(a->b, IR_I32, mem, base, at));
        else
            ir_store(a->b, IR_I32, mem, base, at, simd_get_lane(a, reg, i->size, i->width));
    }
    write_back(a, base, (unsigned)i->simd << i->size);
}

static void all_lanes(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref base = arm_reg(a, i->rn);
    check_alignment(a, base);
    for (unsigned k = 0; k < i->simd; k++) {
        ir_ref v = ir_load(a->b, IR_I32, arm_mem(a, i->size), base, (int32_t)(k << i->size));
        ir_ref all = ir_vec(a->b, IR_vsplat, i->size, v, 0, 0);
        for (unsigned r = 0; r < i->lsb; r++)
            simd_put_vector(a, i->vd + k * i->imm + r, false, all);
    }
    write_back(a, base, (unsigned)i->simd << i->size);
}

void simd_lift_memory(struct arm_lift *a)
{
    switch (a->insn.op) {
    case ARM_VFP_VLDR:
    case ARM_VFP_VSTR:
        vldr(a);
        break;
    case ARM_VFP_VLDM:
    case ARM_VFP_VSTM:
        vldm(a);
        break;
    case ARM_VLD:
    case ARM_VST:
        structures(a);
        break;
    case ARM_VLD_ALL:
        all_lanes(a);
        break;
    default:
        one_lane(a);
    }
}
