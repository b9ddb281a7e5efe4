/*
 * The decoding rows of VFP and Advanced SIMD and their fixups: register numbers by type, sizes that
 * hide in immediates, and the encodings within a row that are undefined. A fixup that finds one of
 * those sets op and says true.
 */
#include "rows.h"

static bool undefined_if(struct arm_insn *i, bool bad)
{
    if (bad)
        i->op = ARM_UNDEFINED;
    return true;
}
static unsigned bits(uint32_t code, unsigned from, unsigned count)
{
    return code >> from & ((1u << count) - 1);
}

/* ---- VFP -------------------------------------------------------------------------------------- */

/* D0-D31 are numbered M:Vm, S0-S31 Vm:M (A7.3.1). */
static uint8_t single(uint8_t reg)
{
    return (uint8_t)((reg & 15) << 1 | reg >> 4);
}
static bool fix_vfp(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->size = (uint8_t)(i->size + 2);
    if (i->size == 2)
        i->vd = single(i->vd), i->vn = single(i->vn), i->vm = single(i->vm);
    return true;
}
static bool fix_vfp_zero(struct arm_insn *i, uint32_t code, bool thumb)
{
    i->x |= 2;
    return fix_vfp(i, code, thumb);
}
/* VFPExpandImm (A7.5.1): aBbbbbbb bcdefgh0 ... */
static bool fix_vfp_imm(struct arm_insn *i, uint32_t code, bool thumb)
{
    uint32_t a = i->imm >> 7, b = i->imm >> 6 & 1, rest = i->imm & 0x3f;
    if (i->size == 0)
        i->imm = a << 31 | (b ? 0x3e000000u : 0x40000000u) | rest << 19;
    else
        i->imm = a << 31 | (b ? 0x3fc00000u : 0x40000000u) | rest << 16;
    return fix_vfp(i, code, thumb);
}
static bool fix_vfp_type(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->size = (uint8_t)(i->size + 2);
    if (i->size == 2)
        i->vm = single(i->vm);
    else
        i->vd = single(i->vd);
    return true;
}
static bool fix_vfp_from(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->size = (uint8_t)(i->size + 2);
    i->x ^= 1;
    i->vm = single(i->vm);
    if (i->size == 2)
        i->vd = single(i->vd);
    return true;
}
static bool fix_vfp_to(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->size = (uint8_t)(i->size + 2);
    i->x ^= 3; /* bit 16: signed, bit 7: towards zero */
    i->x = (uint8_t)(i->x >> 1 | (i->x & 1) << 1);
    i->vd = single(i->vd);
    if (i->size == 2)
        i->vm = single(i->vm);
    return true;
}
static bool fix_vfp_fixed(struct arm_insn *i, uint32_t code, bool thumb)
{
    unsigned width = bits(code, 7, 1) ? 32 : 16;
    i->imm = width - (bits(code, 0, 4) << 1 | bits(code, 5, 1));
    i->x = (uint8_t)(bits(code, 16, 1) | bits(code, 18, 1) << 1 | bits(code, 7, 1) << 2);
    i->lsb = 0;
    return fix_vfp(i, code, thumb) && undefined_if(i, i->imm > width);
}

static bool fix_mov_core(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->size = 2;
    i->vn = single(i->vn);
    return undefined_if(i, i->rd == 15 || (thumb && i->rd == 13));
}
static bool fix_mov_core2(struct arm_insn *i, uint32_t code, bool thumb)
{
    fix_vfp(i, code, thumb);
    bool bad = i->rd == 15 || i->ra == 15 || (i->x && i->rd == i->ra) ||
               (i->size == 2 && i->vm == 31) || (thumb && (i->rd == 13 || i->ra == 13));
    return undefined_if(i, bad);
}
static bool fix_dup_core(struct arm_insn *i, uint32_t code, bool thumb)
{
    unsigned be = bits(code, 22, 1) << 1 | bits(code, 5, 1);
    i->vd = i->vn;
    i->vn = 0;
    i->imm = 0;
    i->q = (uint8_t)bits(code, 21, 1);
    i->size = (uint8_t)(2 - be);
    return undefined_if(i, be == 3 || (i->q && i->vd & 1) || i->rd == 15 || (thumb && i->rd == 13));
}
/* opc1:opc2 = 1xxx: bytes, 0xx1: halfwords, 0x00: words (A8.8.341, 342). */
static bool fix_mov_lane(struct arm_insn *i, uint32_t code, bool thumb)
{
    unsigned opc = bits(code, 21, 2) << 2 | bits(code, 5, 2), u = bits(code, 23, 1);
    bool bad = false;
    if (opc & 8) {
        i->size = 0;
        i->imm = opc & 7;
    } else if (opc & 1) {
        i->size = 1;
        i->imm = opc >> 1;
    } else {
        i->size = 2;
        i->imm = opc >> 2;
        bad = opc & 2 || u;
    }
    if (u)
        i->x |= 2;
    return undefined_if(i, bad || (u && !(i->x & 1)) || i->rd == 15 || (thumb && i->rd == 13));
}

static bool system_register(unsigned n)
{
    return n == 0 || n == 1 || (n >= 6 && n <= 8);
}
static bool fix_vmrs(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code;
    bool bad = (i->rd == 15 && i->imm != 1) || (thumb && i->rd == 13);
    return undefined_if(i, bad || !system_register(i->imm));
}
static bool fix_vmsr(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code;
    return undefined_if(i, i->rd == 15 || (thumb && i->rd == 13) || !system_register(i->imm));
}

static bool fix_vldr(struct arm_insn *i, uint32_t code, bool thumb)
{
    fix_vfp(i, code, thumb);
    return undefined_if(i, i->rn == 15 && thumb && i->op == ARM_VFP_VSTR);
}
/* P U W: IA 01x, DB 101; 000 belongs to 64-bit transfers, 1x0 to VLDR and VSTR (A7.6). */
static bool fix_vldm(struct arm_insn *i, uint32_t code, bool thumb)
{
    fix_vfp(i, code, thumb);
    unsigned first = i->vd, count = i->size == 3 ? i->imm >> 1 : i->imm;
    bool shape = i->p ? !i->u && i->w : i->u;
    bool bad = count == 0 || first + count > 32 || (i->size == 3 && count > 16) ||
               (i->rn == 15 && (i->w || thumb));
    return undefined_if(i, !shape || bad);
}

/* ---- Advanced SIMD ---------------------------------------------------------------------------- */

/* Quadword operands have even numbers. */
static bool odd(const struct arm_insn *i)
{
    return i->q && (i->vd | i->vn | i->vm) & 1;
}
static bool fix_q(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, odd(i));
}
static bool fix_to4(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, odd(i) || i->size == 3);
}
static bool fix_to2(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, odd(i) || i->size >= 2);
}
static bool fix_bytes(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->x = 0;
    return undefined_if(i, odd(i) || i->size != 0);
}
static bool fix_2or4(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, odd(i) || i->size == 0 || i->size == 3);
}
static bool fix_zip(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, odd(i) || i->size == 3 || (!i->q && i->size == 2));
}

/* Size 3 of rows that share bits with other classes: not this row. */
static bool fix_long(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, i->size == 3 || i->vd & 1);
}
static bool fix_long_2or4(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, i->size == 0 || i->size == 3 || i->vd & 1);
}
static bool fix_long_bytes(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, i->size != 0 || i->vd & 1);
}
static bool fix_wide(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, i->size == 3 || (i->vd | i->vn) & 1);
}
static bool fix_narrow(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, i->size == 3 || (i->vn | i->vm) & 1);
}

/* Scalars are D0-D7 of halfwords, D0-D15 of words (A7.4.3). */
static void scalar(struct arm_insn *i)
{
    if (i->size == 1) {
        i->imm = i->vm >> 3;
        i->vm &= 7;
    } else {
        i->imm = i->vm >> 4;
        i->vm &= 15;
    }
}
static bool fix_scalar(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    scalar(i);
    bool bad = i->size == 0 || i->size == 3 || (i->q && (i->vd | i->vn) & 1);
    return undefined_if(i, bad);
}
static bool fix_scalar_long(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    scalar(i);
    return undefined_if(i, i->size == 0 || i->size == 3 || i->vd & 1);
}

/* L:imm6 = 1 count: 64 bits; 01cc cccc: 32; 001c cccc: 16; 0001 cccc: 8 (A7.4.4). */
static unsigned shift_field(struct arm_insn *i, uint32_t code, bool *right)
{
    unsigned l6 = bits(code, 7, 1) << 6 | bits(code, 16, 6);
    unsigned size = l6 & 64 ? 3 : l6 & 32 ? 2 : l6 & 16 ? 1 : 0, lane = 8u << size;
    i->size = (uint8_t)size;
    i->imm = *right ? 2 * lane - l6 : l6 - lane;
    return l6;
}
static bool fix_right(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    bool right = true;
    shift_field(i, code, &right);
    if (i->op == ARM_VSRI)
        i->x = 0;
    return undefined_if(i, odd(i));
}
static bool fix_left(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    bool right = false;
    shift_field(i, code, &right);
    if (i->op != ARM_VQSHL_I)
        i->x = 0;
    return undefined_if(i, odd(i));
}
static bool fix_right_narrow(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    bool right = true;
    unsigned l6 = shift_field(i, code, &right);
    return undefined_if(i, l6 & 64 || i->vm & 1);
}
static bool fix_left_long(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    bool right = false;
    shift_field(i, code, &right);
    return undefined_if(i, i->vd & 1);
}
static bool fix_fixed(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    i->imm = 64 - bits(code, 16, 6);
    return undefined_if(i, odd(i));
}

/* cmode and op choose operation and expansion (table A7-15); cmode stays in simd, op in x. */
static bool fix_modified(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    unsigned cmode = i->simd;
    bool logical = cmode < 12 && cmode & 1;
    if (cmode == 14 && i->x)
        i->op = ARM_VMOV_I;
    else if (i->x)
        i->op = logical ? ARM_VBIC_I : ARM_VMVN_I;
    else
        i->op = logical ? ARM_VORR_I : ARM_VMOV_I;
    return undefined_if(i, (i->q && i->vd & 1) || (cmode == 15 && i->x));
}

static bool fix_ext(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return undefined_if(i, odd(i) || (!i->q && i->imm > 7));
}
static bool fix_table(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->simd++;
    return undefined_if(i, i->vn + i->simd > 32);
}
static bool fix_dup(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    unsigned imm = i->imm;
    i->size = imm & 1 ? 0 : imm & 2 ? 1 : 2;
    i->imm = imm >> (i->size + 1);
    return undefined_if(i, (imm & 7) == 0 || (i->q && i->vd & 1));
}

/* ---- elements and structures ------------------------------------------------------------------ */

/* Bits 11-8: elements of a structure, structures side by side, step, largest alignment field (A7.7).
 * elements 0: undefined. */
static const struct {
    uint8_t elements, structures, step, align;
} structure_types[16] = {
    [0] = {4, 1, 1, 3}, [1] = {4, 1, 2, 3}, [2] = {1, 4, 1, 3},  [3] = {2, 2, 2, 3},
    [4] = {3, 1, 1, 1}, [5] = {3, 1, 2, 1}, [6] = {1, 3, 1, 1},  [7] = {1, 1, 1, 1},
    [8] = {2, 1, 1, 2}, [9] = {2, 1, 2, 2}, [10] = {1, 2, 1, 2},
};

static bool beyond(const struct arm_insn *i)
{
    return i->vd + (i->simd - 1) * i->imm + (i->lsb - 1) > 31 || i->rn == 15;
}
static bool fix_structures(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    unsigned type = bits(code, 8, 4), align = bits(code, 4, 2);
    i->simd = structure_types[type].elements;
    i->lsb = structure_types[type].structures;
    i->imm = structure_types[type].step;
    i->shift = (uint8_t)(align ? 4 << align : 0);
    if (i->simd == 0 || align > structure_types[type].align || (i->size == 3 && i->simd != 1))
        return undefined_if(i, true);
    return undefined_if(i, beyond(i));
}

static bool fix_lane(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    unsigned n = bits(code, 8, 2) + 1, index = bits(code, 4, 4),
             low = index & ((2u << i->size) - 1);
    bool bad = i->size == 3, step2 = i->size != 0 && n > 1 && index >> i->size & 1;
    /* the bits of `index` below the lane: alignment, and above it the step (A8.8.321 ... 330) */
    unsigned align = step2 ? low & ~(1u << i->size) : low;
    if (n == 1) {
        bad |= i->size == 2 ? align != 0 && align != 3 : align > i->size;
        i->shift = (uint8_t)(align ? 1u << i->size : 0);
    } else if (n == 3) {
        bad |= align != 0;
        i->shift = 0;
    } else if (n == 4 && i->size == 2) {
        bad |= align == 3;
        i->shift = (uint8_t)(align ? 4u << align : 0);
    } else {
        bad |= align > 1;
        i->shift = (uint8_t)(align ? n << i->size : 0);
    }
    i->simd = (uint16_t)n;
    i->width = (uint8_t)(index >> (i->size + 1));
    i->lsb = 1;
    i->imm = step2 ? 2 : 1;
    return undefined_if(i, bad || beyond(i));
}

static bool fix_all(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    unsigned n = bits(code, 8, 2) + 1, two = bits(code, 5, 1), aligned = bits(code, 4, 1);
    bool bad = n == 4 ? i->size == 3 && !aligned : i->size == 3;
    bad |= (n == 3 && aligned) || (n == 1 && i->size == 0 && aligned);
    i->simd = (uint16_t)n;
    i->shift = (uint8_t)(aligned ? (n == 4 && i->size == 2 ? 8 : n << (i->size & 3)) : 0);
    if (i->size == 3) {
        i->size = 2;
        i->shift = 16;
    }
    i->lsb = (uint8_t)(n == 1 ? 1 + two : 1);
    i->imm = n == 1 ? 1 : 1 + two;
    return undefined_if(i, bad || beyond(i));
}

const struct arm_row arm_rows_simd[] = {
#include "vfp.h"
#include "neon.h"
};
const unsigned arm_rows_simd_count = sizeof arm_rows_simd / sizeof arm_rows_simd[0];
