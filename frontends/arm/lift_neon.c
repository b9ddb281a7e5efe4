/*
 * Advanced SIMD: moves, logic and the commonest integer operations as vectors of the IR, the rest
 * by helpers.
 */
#include "lift_simd.h"

/* ---- registers -------------------------------------------------------------------------------- */

ir_ref simd_get_vector(struct arm_lift *a, unsigned reg, bool q)
{
    if (q)
        return ir_get(a->b, IR_V128, SIMD_D(reg));
    ir_ref low = ir_get(a->b, IR_I64, SIMD_D(reg));
    return ir_vec(a->b, IR_vsplat64, 0, low, 0, 0);
}

void simd_put_vector(struct arm_lift *a, unsigned reg, bool q, ir_ref v)
{
    if (q)
        ir_put(a->b, IR_V128, SIMD_D(reg), v);
    else
        ir_put(a->b, IR_I64, SIMD_D(reg), ir_un(a->b, IR_vlow, IR_I64, v));
}

ir_ref simd_get_lane(struct arm_lift *a, unsigned reg, unsigned log2, unsigned lane)
{
    size_t at = SIMD_D(reg) + ((size_t)lane << log2);
    if (log2 == 0)
        return ir_get(a->b, IR_I8, at);
    ir_ref word = ir_get(a->b, IR_I32, at & ~(size_t)3);
    return at & 2 ? ir_bin(a->b, IR_shr, IR_I32, word, arm_i32(a, 16)) : word;
}

void simd_put_lane(struct arm_lift *a, unsigned reg, unsigned log2, unsigned lane, ir_ref v)
{
    size_t at = SIMD_D(reg) + ((size_t)lane << log2);
    if (log2 != 1) {
        ir_put(a->b, log2 == 0 ? IR_I8 : IR_I32, at, v);
        return;
    }
    ir_ref word = ir_get(a->b, IR_I32, at & ~(size_t)3);
    ir_ref half = ir_un(a->b, IR_zext16, IR_I32, v);
    if (at & 2)
        half = ir_bin(a->b, IR_shl, IR_I32, half, arm_i32(a, 16));
    ir_ref keep = ir_bin(a->b, IR_and, IR_I32, word, arm_i32(a, at & 2 ? 0xffffu : 0xffff0000u));
    ir_put(a->b, IR_I32, at & ~(size_t)3, ir_bin(a->b, IR_or, IR_I32, keep, half));
}

/* ---- constants -------------------------------------------------------------------------------- */

/* AdvSIMDExpandImm (A7.4.6): the 64 bits of an immediate, before MVN or VBIC invert it. */
static uint64_t expand(uint64_t imm, unsigned cmode, bool op)
{
    uint64_t v = 0;
    if (cmode < 8) {
        v = imm << 8 * (cmode >> 1);
    } else if (cmode < 12) {
        v = imm << 8 * (cmode >> 1 & 1);
        return v * 0x0001000100010001u;
    } else if (cmode < 14) {
        v = cmode & 1 ? imm << 16 | 0xffff : imm << 8 | 0xff;
    } else if (cmode == 15) {
        v = (imm & 0x80) << 24 | (imm & 0x40 ? 0x3e000000u : 0x40000000u) | (imm & 0x3f) << 19;
    } else if (!op) {
        return imm * 0x0101010101010101u;
    } else {
        for (unsigned i = 0; i < 8; i++)
            v |= imm >> i & 1 ? 0xffull << 8 * i : 0;
        return v;
    }
    return v | v << 32;
}

static void immediate(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    uint64_t v = expand(i->imm, i->simd, i->x & 1);
    if (i->op == ARM_VMVN_I || i->op == ARM_VBIC_I)
        v = ~v;
    for (unsigned n = 0; n <= i->q; n++) {
        ir_ref r = ir_const(a->b, IR_I64, v);
        if (i->op == ARM_VORR_I || i->op == ARM_VBIC_I) {
            enum ir_op op = i->op == ARM_VORR_I ? IR_or : IR_and;
            r = ir_bin(a->b, op, IR_I64, ir_get(a->b, IR_I64, SIMD_D(i->vd + n)), r);
        }
        ir_put(a->b, IR_I64, SIMD_D(i->vd + n), r);
    }
}

/* ---- logic ------------------------------------------------------------------------------------ */

/* where mask: x, else y */
static ir_ref choose(struct arm_lift *a, ir_ref mask, ir_ref x, ir_ref y)
{
    ir_ref in = ir_vec(a->b, IR_vand, 0, x, mask, 0), out = ir_vec(a->b, IR_vandn, 0, mask, y, 0);
    return ir_vec(a->b, IR_vor, 0, in, out, 0);
}

static ir_ref complement(struct arm_lift *a, ir_ref v)
{
    return ir_vec(a->b, IR_vxor, 0, v, ir_vec(a->b, IR_vsplat, 2, arm_i32(a, 0xffffffffu), 0, 0),
                  0);
}

static ir_ref logic(struct arm_lift *a, ir_ref n, ir_ref m)
{
    struct ir_block *b = a->b;
    bool q = a->insn.q;
    unsigned vd = a->insn.vd;
    switch (a->insn.op) {
    case ARM_VAND:
        return ir_vec(b, IR_vand, 0, n, m, 0);
    case ARM_VBIC:
        return ir_vec(b, IR_vandn, 0, m, n, 0);
    case ARM_VORR:
        return a->insn.vn == a->insn.vm ? m : ir_vec(b, IR_vor, 0, n, m, 0);
    case ARM_VORN:
        return ir_vec(b, IR_vor, 0, n, complement(a, m), 0);
    case ARM_VEOR:
        return ir_vec(b, IR_vxor, 0, n, m, 0);
    case ARM_VBSL:
        return choose(a, simd_get_vector(a, vd, q), n, m);
    case ARM_VBIT:
        return choose(a, m, n, simd_get_vector(a, vd, q));
    default: /* VBIF */
        return choose(a, m, simd_get_vector(a, vd, q), n);
    }
}

/* ---- what the IR has -------------------------------------------------------------------------- */

static ir_ref vector(struct arm_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    return ir_vec(a->b, op, a->insn.size, x, y, 0);
}
static ir_ref splat(struct arm_lift *a, ir_ref word)
{
    return ir_vec(a->b, IR_vsplat, a->insn.size, word, 0, 0);
}

/* Integer operations as one or a few of the IR's: which lanes it has them for, log2, and on which
 * kind of numbers. */
enum kind { ANY_SIGN, SIGNED_ONLY };
static const struct {
    uint16_t op;
    uint8_t smallest, largest, kind;
} direct[] = {
    {ARM_VADD, 0, 3, ANY_SIGN},    {ARM_VSUB, 0, 3, ANY_SIGN},    {ARM_VMUL, 1, 2, ANY_SIGN},
    {ARM_VMLA, 1, 2, ANY_SIGN},    {ARM_VMLS, 1, 2, ANY_SIGN},    {ARM_VCEQ, 0, 2, ANY_SIGN},
    {ARM_VCEQ0, 0, 2, ANY_SIGN},   {ARM_VTST, 0, 2, ANY_SIGN},    {ARM_VCGT, 0, 2, SIGNED_ONLY},
    {ARM_VCGE, 0, 2, SIGNED_ONLY}, {ARM_VMAX, 0, 2, SIGNED_ONLY}, {ARM_VMIN, 0, 2, SIGNED_ONLY},
    {ARM_VCGT0, 0, 2, ANY_SIGN},   {ARM_VCLT0, 0, 2, ANY_SIGN},   {ARM_VNEG, 0, 2, ANY_SIGN},
    {ARM_VNEG_F, 2, 2, ANY_SIGN},  {ARM_VABS_F, 2, 2, ANY_SIGN},
};

static bool is_direct(const struct arm_insn *i)
{
    for (unsigned k = 0; k < sizeof direct / sizeof direct[0]; k++)
        if (direct[k].op == i->op)
            return i->size >= direct[k].smallest && i->size <= direct[k].largest &&
                   (direct[k].kind == ANY_SIGN || !(i->x & 1));
    return false;
}

static ir_ref compute(struct arm_lift *a, ir_ref n, ir_ref m)
{
    const struct arm_insn *i = &a->insn;
    ir_ref zero = ir_vec(a->b, IR_vsplat, 2, arm_i32(a, 0), 0, 0);
    switch (i->op) {
    case ARM_VADD:
        return vector(a, IR_vadd, n, m);
    case ARM_VSUB:
        return vector(a, IR_vsub, n, m);
    case ARM_VMUL:
        return vector(a, IR_vmul, n, m);
    case ARM_VMLA:
        return vector(a, IR_vadd, simd_get_vector(a, i->vd, i->q), vector(a, IR_vmul, n, m));
    case ARM_VMLS:
        return vector(a, IR_vsub, simd_get_vector(a, i->vd, i->q), vector(a, IR_vmul, n, m));
    case ARM_VCEQ:
        return vector(a, IR_veq, n, m);
    case ARM_VCEQ0:
        return vector(a, IR_veq, m, zero);
    case ARM_VTST:
        return complement(a, vector(a, IR_veq, vector(a, IR_vand, n, m), zero));
    case ARM_VCGT:
        return vector(a, IR_vgts, n, m);
    case ARM_VCGE:
        return complement(a, vector(a, IR_vgts, m, n));
    case ARM_VMAX:
        return choose(a, vector(a, IR_vgts, n, m), n, m);
    case ARM_VMIN:
        return choose(a, vector(a, IR_vgts, n, m), m, n);
    case ARM_VCGT0:
        return vector(a, IR_vgts, m, zero);
    case ARM_VCLT0:
        return vector(a, IR_vgts, zero, m);
    case ARM_VNEG:
        return vector(a, IR_vsub, zero, m);
    case ARM_VNEG_F:
        return vector(a, IR_vxor, m, splat(a, arm_i32(a, 0x80000000u)));
    default: /* VABS_F */
        return vector(a, IR_vand, m, splat(a, arm_i32(a, 0x7fffffff)));
    }
}

static bool in_ir(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    if (!is_direct(i))
        return false;
    ir_ref n = simd_get_vector(a, i->vn, i->q);
    ir_ref m = i->simd & 1 ? splat(a, simd_get_lane(a, i->vm, i->size, i->imm))
                           : simd_get_vector(a, i->vm, i->q);
    simd_put_vector(a, i->vd, i->q, compute(a, n, m));
    return true;
}

/* Sums of neighbouring lanes of a word of 64 bits, side by side in 32. */
static ir_ref pair_sums(struct arm_lift *a, ir_ref v, unsigned log2)
{
    struct ir_block *b = a->b;
    if (log2 == 2)
        return ir_bin(b, IR_add, IR_I32, ir_un(b, IR_lo32, IR_I32, v),
                      ir_un(b, IR_hi32, IR_I32, v));
    uint64_t even = log2 == 0 ? 0x00ff00ff00ff00ffu : 0x0000ffff0000ffffu;
    ir_ref mask = ir_const(b, IR_I64, even), by = arm_i32(a, 8u << log2);
    ir_ref odd = ir_bin(b, IR_and, IR_I64, ir_bin(b, IR_shr, IR_I64, v, by), mask);
    v = ir_bin(b, IR_add, IR_I64, ir_bin(b, IR_and, IR_I64, v, mask), odd);
    v = ir_bin(b, IR_and, IR_I64, v, mask);
    if (log2 == 0) {
        v = ir_bin(b, IR_or, IR_I64, v, ir_bin(b, IR_shr, IR_I64, v, by));
        v = ir_bin(b, IR_and, IR_I64, v, ir_const(b, IR_I64, 0x0000ffff0000ffffu));
    }
    v = ir_bin(b, IR_or, IR_I64, v, ir_bin(b, IR_shr, IR_I64, v, arm_i32(a, 16)));
    return ir_un(b, IR_lo32, IR_I32, v);
}

static void add_pairs(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref low = pair_sums(a, ir_get(a->b, IR_I64, SIMD_D(i->vn)), i->size);
    ir_ref high = pair_sums(a, ir_get(a->b, IR_I64, SIMD_D(i->vm)), i->size);
    ir_put(a->b, IR_I64, SIMD_D(i->vd), ir_bin(a->b, IR_pair, IR_I64, low, high));
}

static void duplicate_lane(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    simd_put_vector(a, i->vd, i->q, splat(a, simd_get_lane(a, i->vm, i->size, i->imm)));
}

static bool shift_in_ir(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    unsigned bits = 8u << i->size;
    enum ir_op op = i->op == ARM_VSHL_I ? IR_vshl : i->x & 1 ? IR_vshr : IR_vsar;
    if ((i->op != ARM_VSHL_I && i->op != ARM_VSHR && i->op != ARM_VSRA) || i->imm >= bits)
        return false;
    if (op == IR_vsar && i->size == 3)
        return false;
    ir_ref m = simd_get_vector(a, i->vm, i->q);
    ir_ref v = ir_vec(a->b, op, i->size, m, 0, i->imm);
    if (i->op == ARM_VSRA)
        v = vector(a, IR_vadd, simd_get_vector(a, i->vd, i->q), v);
    simd_put_vector(a, i->vd, i->q, v);
    return true;
}

/* VSRI, VSLI: the shifted m, and what it does not cover of d. */
static void insert(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    bool right = i->op == ARM_VSRI;
    unsigned bits = 8u << i->size;
    if (i->imm >= bits) /* VSRI by all bits */
        return;
    uint64_t ones = ~0ull >> (64 - bits), covered = right ? ones >> i->imm : ones << i->imm & ones;
    uint64_t keep = ones & ~covered;
    for (unsigned n = bits; n < 64; n *= 2)
        keep |= keep << n;
    ir_ref mask = ir_vec(a->b, IR_vsplat64, 0, ir_const(a->b, IR_I64, keep), 0, 0);
    ir_ref d = simd_get_vector(a, i->vd, i->q), m = simd_get_vector(a, i->vm, i->q);
    ir_ref v = ir_vec(a->b, right ? IR_vshr : IR_vshl, i->size, m, 0, i->imm);
    v = vector(a, IR_vor, v, vector(a, IR_vand, d, mask));
    simd_put_vector(a, i->vd, i->q, v);
}

/* VREV: exchange neighbours, then neighbouring pairs, until the group is reversed. */
static void reverse(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    unsigned group = i->op == ARM_VREV64 ? 3 : i->op == ARM_VREV32 ? 2 : 1;
    ir_ref v = simd_get_vector(a, i->vm, i->q);
    for (unsigned lane = i->size; lane < group; lane++) {
        ir_ref up = ir_vec(a->b, IR_vshl, lane + 1, v, 0, 8 << lane);
        ir_ref down = ir_vec(a->b, IR_vshr, lane + 1, v, 0, 8 << lane);
        v = vector(a, IR_vor, up, down);
    }
    simd_put_vector(a, i->vd, i->q, v);
}

/* VEXT: words of n and m behind each other, from byte imm on. */
static void extract(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    unsigned words = 1u + i->q, first = i->imm / 8, by = 8 * (i->imm % 8);
    ir_ref in[4] = {0}, out[2] = {0};
    for (unsigned n = 0; n < words; n++) {
        in[n] = ir_get(a->b, IR_I64, SIMD_D(i->vn + n));
        in[words + n] = ir_get(a->b, IR_I64, SIMD_D(i->vm + n));
    }
    for (unsigned n = 0; n < words; n++) {
        out[n] = in[first + n];
        if (by != 0) {
            ir_ref low = ir_bin(a->b, IR_shr, IR_I64, in[first + n], arm_i32(a, by));
            ir_ref high = ir_bin(a->b, IR_shl, IR_I64, in[first + n + 1], arm_i32(a, 64 - by));
            out[n] = ir_bin(a->b, IR_or, IR_I64, low, high);
        }
    }
    for (unsigned n = 0; n < words; n++)
        ir_put(a->b, IR_I64, SIMD_D(i->vd + n), out[n]);
}

static void exchange(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref d = simd_get_vector(a, i->vd, i->q), m = simd_get_vector(a, i->vm, i->q);
    simd_put_vector(a, i->vd, i->q, m);
    simd_put_vector(a, i->vm, i->q, d);
}

static bool permutes(unsigned op)
{
    return op == ARM_VTRN || op == ARM_VUZP || op == ARM_VZIP || op == ARM_VTBL || op == ARM_VTBX;
}

static void call_lanes(struct arm_lift *a)
{
    bool fp;
    unsigned row = simd_lane_row(a->insn.op, a->insn.x, &fp);
    ir_call(a->b, IR_NONE, HELPER_neon, (fp ? CALL_FP : 0) | CALL_VOID,
            ir_const(a->b, IR_I64, simd_pack(&a->insn)), arm_i32(a, row), arm_i32(a, a->insn.imm));
}

void simd_lift_neon(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    if (i->op >= ARM_VMOV_I && i->op <= ARM_VBIC_I) {
        immediate(a);
    } else if (i->op >= ARM_VAND && i->op <= ARM_VBIF) {
        ir_ref n = simd_get_vector(a, i->vn, i->q), m = simd_get_vector(a, i->vm, i->q);
        simd_put_vector(a, i->vd, i->q, logic(a, n, m));
    } else if (i->op == ARM_VMVN) {
        simd_put_vector(a, i->vd, i->q, complement(a, simd_get_vector(a, i->vm, i->q)));
    } else if (i->op == ARM_VSWP) {
        exchange(a);
    } else if (i->op == ARM_VDUP) {
        duplicate_lane(a);
    } else if (i->op >= ARM_VREV64 && i->op <= ARM_VREV16) {
        reverse(a);
    } else if (i->op == ARM_VEXT) {
        extract(a);
    } else if (i->op == ARM_VSRI || i->op == ARM_VSLI) {
        insert(a);
    } else if (i->op == ARM_VPADD) {
        add_pairs(a);
    } else if (permutes(i->op)) {
        simd_call(a, HELPER_neon_move, simd_pack(i), 0);
    } else if (!in_ir(a) && !shift_in_ir(a)) {
        call_lanes(a);
    }
}
