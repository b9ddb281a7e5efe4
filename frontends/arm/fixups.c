/*
 * The tables of the integer and system instructions with their fixups: what is not a plain field of
 * the encoding. A fixup says false if the row does not hold for this code (rows.h).
 *
 * UNPREDICTABLE encodings are undefined if they leave the record without a meaning: register pairs
 * from an odd register, empty register lists, bit fields that end before they begin or beyond bit 31.
 * So are wrong should-be bits, but for those a row marks with - or +, which are ignored. PC as an
 * operand where it may not be is decoded; it reads and is written like anywhere else.
 */
#include "rows.h"

static int32_t sign_extend(uint32_t v, unsigned bits)
{
    uint32_t sign = 1u << (bits - 1);
    return (int32_t)((v ^ sign) - sign);
}

/* ---- operands --------------------------------------------------------------------------------- */

/* A8.4.3: amount 0 of the other types stands for 32 or for RRX. */
static bool fix_shift(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    if (i->shift == 0 && i->shift_type == SHIFT_ROR) {
        i->shift_type = SHIFT_RRX;
        i->shift = 1;
    } else if (i->shift == 0 && i->shift_type != SHIFT_LSL) {
        i->shift = 32;
    }
    return true;
}

static void set_carry(struct arm_insn *i)
{
    i->imm_carry = i->imm >> 31 ? CARRY_SET : CARRY_CLEAR;
}

/* A5.2.4: 8 bits rotated right by twice the upper 4 of 12. */
static bool fix_imm(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    unsigned rotate = i->imm >> 7 & 30;
    uint32_t v = i->imm & 0xff;
    i->imm = rotate ? v >> rotate | v << (32 - rotate) : v;
    if (rotate)
        set_carry(i);
    else
        i->imm_carry = CARRY_KEEP;
    return true;
}

/* A6.3.2: a repeated byte, or 1bbbbbbb rotated right by the upper 5 of 12 bits. */
static bool fix_imm_t32(struct arm_insn *i, uint32_t code, bool thumb)
{
    static const uint32_t repeat[4] = {0x00000001, 0x00010001, 0x01000100, 0x01010101};
    (void)code, (void)thumb;
    unsigned rotate = i->imm >> 7;
    if (rotate < 8) {
        i->imm = (i->imm & 0xff) * repeat[i->imm >> 8];
        i->imm_carry = CARRY_KEEP;
    } else {
        i->imm = ((i->imm & 0x7f) | 0x80) << (32 - rotate);
        set_carry(i);
    }
    return true;
}

/* imm4:i:imm3:imm8 of MOVW and MOVT; the pattern gives i:imm4:imm3:imm8. */
static bool fix_movw(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->imm = (i->imm & 0x7ff) | (i->imm >> 15 & 1) << 11 | (i->imm >> 11 & 15) << 12;
    return true;
}

/* SMULxy and the like in A32: bit 6 is the half of Rm, bit 5 that of Rn. */
static bool fix_halves(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->x = (uint8_t)(i->x >> 1 | (i->x & 1) << 1);
    return true;
}

/* The prefixes: 000 and 100 are not used in A32. */
static bool fix_parallel(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return (i->x & 3) != 0;
}

/* T32 numbers them from 0, U in bit 2; x11 is not used. */
static bool fix_parallel_t32(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return (i->x++ & 3) != 3;
}

/* Widths are encoded less one. */
static bool fix_width(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->width++;
    return true;
}

static bool fix_field(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->width++;
    return i->lsb + i->width <= 32;
}

/* BFC and BFI encode the last bit; the pattern gives it as width. */
static bool fix_insert(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    if (i->width < i->lsb)
        return false;
    i->width = (uint8_t)(i->width - i->lsb + 1);
    return true;
}

static bool fix_ssat(struct arm_insn *i, uint32_t code, bool thumb)
{
    fix_width(i, code, thumb);
    return fix_shift(i, code, thumb);
}

/* T32 has no shift by 32 here: ASR #0 is SSAT16 or USAT16. */
static bool fix_usat_t32(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return !i->shift_type || i->shift;
}

static bool fix_ssat_t32(struct arm_insn *i, uint32_t code, bool thumb)
{
    return fix_usat_t32(i, code, thumb) && fix_width(i, code, thumb);
}

/* T32 gives Rm of CLZ, REV and the like in both halfwords. */
static bool fix_twice(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    return (code >> 16 & 15) == i->rm;
}

/* ---- loads and stores ------------------------------------------------------------------------- */

/* A32: P 0 always writes back, and W then means unprivileged. */
static bool fix_address(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    if (!i->p) {
        i->user = i->w;
        i->w = true;
    }
    return true;
}

static bool fix_address_shift(struct arm_insn *i, uint32_t code, bool thumb)
{
    return fix_address(i, code, thumb) && fix_shift(i, code, thumb);
}

/* LDRD and STRD of A32: a pair from an even register. */
static bool fix_dual(struct arm_insn *i, uint32_t code, bool thumb)
{
    i->ra = i->rd + 1;
    if ((i->rd & 1) || i->rd == 14 || (!i->p && i->w))
        return false;
    return fix_address(i, code, thumb);
}

/* T32: P 0 and W 0 are other instructions. */
static bool fix_dual_t32(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return i->p || i->w;
}

static bool fix_exclusive_dual(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    if ((i->rd & 1) || i->rd == 14)
        return false;
    if (i->op == ARM_LDREXD)
        i->ra = i->rd + 1;
    else
        i->rm = i->rd + 1;
    return true;
}

/* T32 with 8 bits of offset: P 0 and W 0 is undefined, and P U W = 110 means unprivileged. */
static bool fix_address_t32(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->user = i->p && i->u && !i->w;
    return i->p || i->w;
}

/* Register lists: not empty. */
static bool fix_list(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return i->regs != 0;
}

/* T32: no SP, no PC when storing, not both LR and PC when loading. */
static bool fix_list_t32(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    uint16_t never = i->op == ARM_STM ? 0xa000 : 0x2000;
    return i->regs != 0 && !(i->regs & never) && i->regs >> 14 != 3;
}

/* T16 LDM writes the base back unless it loads it. */
static bool fix_ldm_t16(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->w = !(i->regs >> i->rn & 1);
    return i->regs != 0;
}

/* PUSH and POP: bit 8 of the list is LR or PC. */
static bool fix_push(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    unsigned extra = i->op == ARM_STM ? 14 : 15;
    i->regs = (uint16_t)((i->regs & 0xff) | (i->regs >> 8) << extra);
    return i->regs != 0;
}

/* ---- branches --------------------------------------------------------------------------------- */

static bool fix_branch(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->imm = (uint32_t)sign_extend(i->imm, 24) << 2;
    return true;
}

/* BLX: bit 24 is bit 1 of the distance. */
static bool fix_branch_exchange(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->imm = (uint32_t)sign_extend(i->imm & 0xffffff, 24) << 2 | (i->imm >> 24 & 1) << 1;
    return true;
}

static bool fix_branch_8(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->imm = (uint32_t)sign_extend(i->imm, 8) << 1;
    return i->cond < 14;
}

static bool fix_branch_11(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    i->imm = (uint32_t)sign_extend(i->imm, 11) << 1;
    return true;
}

/* Conditional, T3: S:J2:J1:imm6:imm11:0. */
static bool fix_branch_t32_cond(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    uint32_t v = (code & 0x7ff) | (code >> 16 & 0x3f) << 11 | (code >> 13 & 1) << 17 |
                 (code >> 11 & 1) << 18 | (code >> 26 & 1) << 19;
    i->imm = (uint32_t)sign_extend(v, 20) << 1;
    return i->cond < 14;
}

/* T4, BL and BLX: S:I1:I2:imm10:imm11:0 with I = not (J xor S). */
static bool fix_branch_t32(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    uint32_t s = code >> 26 & 1, i1 = !((code >> 13 & 1) ^ s), i2 = !((code >> 11 & 1) ^ s);
    uint32_t v = (code & 0x7ff) | (code >> 16 & 0x3ff) << 11 | i2 << 21 | i1 << 22 | s << 23;
    i->imm = (uint32_t)sign_extend(v, 24) << 1;
    return true;
}

/* The mask has its end mark; NV is no condition, AL has no "else". */
static bool fix_it(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    unsigned mask = i->x & 15, first = i->x >> 4;
    return mask != 0 && first != 15 && !(first == 14 && (mask & (mask - 1)));
}

/* ---- system ----------------------------------------------------------------------------------- */

/* MSR writes one byte at least. */
static bool fix_msr(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    return i->op1 != 0;
}

static bool fix_msr_imm(struct arm_insn *i, uint32_t code, bool thumb)
{
    return fix_msr(i, code, thumb) && fix_imm(i, code, thumb);
}

/* A32 CPS: imod in bits 19-18, M in 17, A I F in 8-6; the pattern puts all six into x. Changing the
 * mode alone, or masks, or both: B9.3.2. */
static bool fix_cps(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)code, (void)thumb;
    unsigned imod = i->x >> 4 & 3, mode = i->x >> 3 & 1, masks = i->x & 7;
    if (imod == 1 || (imod == 0) != (masks == 0) || (!mode && (i->imm || !imod)))
        return false;
    i->x = (uint8_t)(masks | (imod == 3) << 3 | (imod == 2) << 4 | mode << 5);
    return true;
}

/* T16: bit 4 of the code says disable. */
static bool fix_cps_t16(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    i->x |= code & 0x10 ? 1 << 3 : 1 << 4;
    return (i->x & 7) != 0;
}

/* Coprocessors 10 and 11 are VFP and Advanced SIMD; x: the unconditional forms (MCR2 ...). */
static bool fix_cp(struct arm_insn *i, uint32_t code, bool thumb)
{
    (void)thumb;
    i->x = code >> 28 == 15;
    return (i->cp & 14) != 10;
}

/* P U W = 000 is MCRR, MRRC or undefined; 010 is the unindexed form, whose 8 bits are an option. */
static bool fix_cp_memory(struct arm_insn *i, uint32_t code, bool thumb)
{
    if (!i->p && !i->w) {
        if (!i->u)
            return false;
        i->imm >>= 2;
    }
    return fix_cp(i, code, thumb);
}

/* ---- the tables ------------------------------------------------------------------------------- */

const struct arm_row arm_rows_a32[] = {
#include "a32.h"
};
const struct arm_row arm_rows_t32[] = {
#include "t32.h"
};
const struct arm_row arm_rows_t16[] = {
#include "t16.h"
};
#define COUNT(table) (sizeof(table) / sizeof(table[0]))
const unsigned arm_rows_a32_count = COUNT(arm_rows_a32);
const unsigned arm_rows_t32_count = COUNT(arm_rows_t32);
const unsigned arm_rows_t16_count = COUNT(arm_rows_t16);
