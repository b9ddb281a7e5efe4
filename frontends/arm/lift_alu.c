/*
 * Lifting data processing, multiplication and bit fields.
 *
 * C of flags values is inverted (ir.h): additions invert it after the operation, subtractions give
 * it as it is. What is written as "carry" here is already in the IR's sense: 1 - the shifter's carry.
 */
#include "lift.h"

static ir_ref bin(struct arm_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    return ir_bin(a->b, op, IR_I32, x, y);
}
static ir_ref bin64(struct arm_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    return ir_bin(a->b, op, IR_I64, x, y);
}
static ir_ref by(struct arm_lift *a, enum ir_op op, ir_ref x, unsigned n)
{
    return n == 0 ? x : bin(a, op, x, arm_i32(a, n));
}
static ir_ref un(struct arm_lift *a, enum ir_op op, ir_ref x)
{
    return ir_un(a->b, op, IR_I32, x);
}

static bool sets_flags(const struct arm_lift *a)
{
    return a->insn.s == S_YES || (a->insn.s == S_OUTSIDE_IT && a->it == 0);
}

/* The state's C, in the IR's sense, as 0 or 1. */
static ir_ref carry_in(struct arm_lift *a)
{
    enum ir_cc cc;
    ir_ref f = arm_flags_for(a, 3, &cc); /* condition CC */
    return ir_setcc(a->b, f, cc);
}

/* ---- the shifted operand (A8.4) --------------------------------------------------------------- */

/* Inverted bit n of v. */
static ir_ref not_bit(struct arm_lift *a, ir_ref v, unsigned n)
{
    return bin(a, IR_and, by(a, IR_shr, un(a, IR_not, v), n), arm_i32(a, 1));
}

static ir_ref shift_by_constant(struct arm_lift *a, ir_ref v, unsigned type, unsigned n,
                                ir_ref *carry)
{
    if (n == 0)
        return v;
    if (carry != NULL)
        *carry = not_bit(a, v, type == SHIFT_LSL ? 32 - n : n - 1);
    switch (type) {
    case SHIFT_LSL:
        return n == 32 ? arm_i32(a, 0) : by(a, IR_shl, v, n);
    case SHIFT_LSR:
        return n == 32 ? arm_i32(a, 0) : by(a, IR_shr, v, n);
    case SHIFT_ASR:
        return by(a, IR_sar, v, n == 32 ? 31 : n);
    case SHIFT_ROR:
        return by(a, IR_ror, v, n);
    default: { /* RRX */
        ir_ref c = bin(a, IR_xor, carry_in(a), arm_i32(a, 1));
        return bin(a, IR_or, by(a, IR_shr, v, 1), by(a, IR_shl, c, 31));
    }
    }
}

/* By the low byte n of a register, without the carry. The IR takes amounts modulo 32. */
static ir_ref plain_shift(struct arm_lift *a, ir_ref v, unsigned type, ir_ref n)
{
    if (type == SHIFT_ROR)
        return bin(a, IR_ror, v, n);
    if (type == SHIFT_ASR) {
        ir_ref limit = arm_i32(a, 31);
        n = un(a, IR_zext8, n);
        ir_ref below = ir_flagsof(a->b, bin(a, IR_sub, n, limit));
        return bin(a, IR_sar, v, ir_select(a->b, IR_I32, below, CC_B, n, limit));
    }
    ir_ref r = bin(a, type == SHIFT_LSL ? IR_shl : IR_shr, v, n);
    ir_ref small = ir_flagsof(a->b, bin(a, IR_and, n, arm_i32(a, 0xe0)));
    return ir_select(a->b, IR_I32, small, CC_E, r, arm_i32(a, 0));
}

/* By the low byte of a register. Done in 64 bits with the amount limited to 33, where the bit that
 * falls out last is beside the result: above it for LSL, below it for LSR and ASR. */
static ir_ref shift_by_register(struct arm_lift *a, ir_ref v, unsigned type, ir_ref n,
                                ir_ref *carry)
{
    struct ir_block *b = a->b;
    if (carry == NULL)
        return plain_shift(a, v, type, n);
    ir_ref out, r, one = arm_i32(a, 1);
    n = un(a, IR_zext8, n);
    if (type == SHIFT_ROR) {
        r = bin(a, IR_ror, v, n);
        out = not_bit(a, r, 31);
    } else {
        ir_ref limit = arm_i32(a, 33);
        ir_ref below = ir_flagsof(b, bin(a, IR_sub, n, limit));
        ir_ref count = ir_select(b, IR_I32, below, CC_B, n, limit);
        ir_ref wide = ir_un(b, type == SHIFT_ASR ? IR_sext32 : IR_zext32, IR_I64, v);
        if (type == SHIFT_LSL) {
            wide = bin64(a, IR_shl, wide, count);
            r = ir_un(b, IR_lo32, IR_I32, wide);
            out = not_bit(a, ir_un(b, IR_hi32, IR_I32, wide), 0);
        } else {
            wide = bin64(a, IR_shl, wide, one);
            wide = bin64(a, type == SHIFT_ASR ? IR_sar : IR_shr, wide, count);
            r = ir_un(b, IR_lo32, IR_I32, bin64(a, IR_shr, wide, one));
            out = not_bit(a, ir_un(b, IR_lo32, IR_I32, wide), 0);
        }
    }
    ir_ref old = carry_in(a), zero = ir_flagsof(b, n);
    *carry = ir_select(b, IR_I32, zero, CC_E, old, out); /* amount 0 leaves C alone */
    return r;
}

ir_ref arm_operand(struct arm_lift *a, ir_ref *carry)
{
    const struct arm_insn *i = &a->insn;
    if (carry != NULL)
        *carry = 0;
    if (i->form == FORM_REG)
        return shift_by_constant(a, arm_reg(a, i->rm), i->shift_type, i->shift, carry);
    if (i->form == FORM_RSR)
        return shift_by_register(a, arm_reg(a, i->rm), i->shift_type, arm_reg(a, i->ra), carry);
    if (carry != NULL && i->imm_carry != CARRY_KEEP)
        *carry = arm_i32(a, i->imm_carry == CARRY_CLEAR);
    return arm_i32(a, i->imm);
}

/* ---- data processing (A8.8) ------------------------------------------------------------------- */

static void logical(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref carry = 0;
    bool flags = sets_flags(a) && i->rd != 15;
    ir_ref y = arm_operand(a, flags || i->op == ARM_TST || i->op == ARM_TEQ ? &carry : NULL);
    ir_ref r = y;
    switch (i->op) {
    case ARM_AND:
    case ARM_TST:
        r = bin(a, IR_and, arm_reg(a, i->rn), y);
        break;
    case ARM_EOR:
    case ARM_TEQ:
        r = bin(a, IR_xor, arm_reg(a, i->rn), y);
        break;
    case ARM_ORR:
        r = bin(a, IR_or, arm_reg(a, i->rn), y);
        break;
    case ARM_BIC:
        r = bin(a, IR_and, arm_reg(a, i->rn), un(a, IR_not, y));
        break;
    case ARM_ORN:
        r = bin(a, IR_or, arm_reg(a, i->rn), un(a, IR_not, y));
        break;
    case ARM_MVN:
        r = un(a, IR_not, y);
        break;
    default:
        break;
    }
    bool test = i->op == ARM_TST || i->op == ARM_TEQ;
    if (!test && i->rd == 15 && sets_flags(a)) {
        arm_return_spsr(a, r);
        return;
    }
    if (test || flags) {
        ir_ref f = ir_flagsof(a->b, r);
        if (carry != 0)
            ir_emit(a->b, (struct ir_ins){.op = IR_putc, .a = carry});
        arm_put_flags(a, f, IR_FLAG_NZ);
    }
    if (!test)
        arm_set_reg(a, i->rd, r);
}

/* Sums and differences; `borrow`: C of the flags is already in the IR's sense. */
static void arithmetic(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    struct ir_block *b = a->b;
    ir_ref y = arm_operand(a, NULL), x = arm_reg(a, i->rn), r, in;
    enum ir_cc cc;
    bool borrow = true, test = false, flags = sets_flags(a);
    if (i->rn == 15 && i->form == FORM_IMM && !flags && i->op != ARM_RSB) /* ADR forms: aligned */
        x = arm_i32(a, (a->pc + (a->thumb ? 4 : 8)) & ~3u);
    switch (i->op) {
    case ARM_ADD:
    case ARM_CMN:
        borrow = false;
        test = i->op == ARM_CMN;
        r = bin(a, IR_add, x, y);
        break;
    case ARM_ADC:
        borrow = false;
        in = ir_un(b, IR_fnotc, IR_FLAGS, arm_flags_for(a, 3, &cc));
        r = ir_tri(b, IR_adc, IR_I32, x, y, in);
        break;
    case ARM_SBC:
    case ARM_RSC:
        in = arm_flags_for(a, 3, &cc);
        r = i->op == ARM_SBC ? ir_tri(b, IR_sbb, IR_I32, x, y, in)
                             : ir_tri(b, IR_sbb, IR_I32, y, x, in);
        break;
    case ARM_RSB:
        r = bin(a, IR_sub, y, x);
        break;
    default:
        test = i->op == ARM_CMP;
        r = bin(a, IR_sub, x, y);
        break;
    }
    if (!test && i->rd == 15 && flags) {
        arm_return_spsr(a, r);
        return;
    }
    if (test || flags) {
        ir_ref f = ir_flagsof(b, r);
        if (!borrow)
            f = ir_un(b, IR_fnotc, IR_FLAGS, f);
        arm_put_flags(a, f, IR_FLAG_ALL);
    }
    if (!test)
        arm_set_reg(a, i->rd, r);
}

static void adr(struct arm_lift *a)
{
    uint32_t base = (a->pc + (a->thumb ? 4 : 8)) & ~3u;
    arm_set_reg(a, a->insn.rd, arm_i32(a, a->insn.u ? base + a->insn.imm : base - a->insn.imm));
}

/* ---- multiplication --------------------------------------------------------------------------- */

static ir_ref extend(struct arm_lift *a, ir_ref v, bool is_signed)
{
    return ir_un(a->b, is_signed ? IR_sext32 : IR_zext32, IR_I64, v);
}

static void multiply(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref r = bin(a, IR_mul, arm_reg(a, i->rn), arm_reg(a, i->rm));
    if (i->op == ARM_MLA)
        r = bin(a, IR_add, arm_reg(a, i->ra), r);
    else if (i->op == ARM_MLS)
        r = bin(a, IR_sub, arm_reg(a, i->ra), r);
    if (sets_flags(a))
        arm_put_nz(a, r);
    arm_set_reg(a, i->rd, r);
}

static ir_ref accumulator(struct arm_lift *a)
{
    return bin64(a, IR_pair, arm_reg(a, a->insn.rd), arm_reg(a, a->insn.ra));
}

static void put_long(struct arm_lift *a, ir_ref r)
{
    arm_set_reg(a, a->insn.rd, ir_un(a->b, IR_lo32, IR_I32, r));
    arm_set_reg(a, a->insn.ra, ir_un(a->b, IR_hi32, IR_I32, r));
}

static void multiply_long(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    bool is_signed = i->op == ARM_SMULL || i->op == ARM_SMLAL;
    ir_ref r = bin64(a, IR_mul, extend(a, arm_reg(a, i->rn), is_signed),
                     extend(a, arm_reg(a, i->rm), is_signed));
    if (i->op == ARM_UMLAL || i->op == ARM_SMLAL) {
        r = bin64(a, IR_add, r, accumulator(a));
    } else if (i->op == ARM_UMAAL) {
        r = bin64(a, IR_add, r, extend(a, arm_reg(a, i->rd), false));
        r = bin64(a, IR_add, r, extend(a, arm_reg(a, i->ra), false));
    }
    if (sets_flags(a))
        arm_put_nz(a, r);
    put_long(a, r);
}

static ir_ref half(struct arm_lift *a, unsigned n, bool top)
{
    ir_ref v = arm_reg(a, n);
    return top ? by(a, IR_sar, v, 16) : un(a, IR_sext16, v);
}

/* SMULxy, SMLAxy, SMLALxy, SMULWy, SMLAWy (A8.8.176 and following). */
static void multiply_halves(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref y = half(a, i->rm, (i->x & 1) != 0), r;
    if (i->op == ARM_SMULW || i->op == ARM_SMLAW) {
        ir_ref wide = bin64(a, IR_mul, extend(a, arm_reg(a, i->rn), true), extend(a, y, true));
        r = ir_un(a->b, IR_lo32, IR_I32, bin64(a, IR_shr, wide, arm_i32(a, 16)));
    } else {
        r = bin(a, IR_mul, half(a, i->rn, (i->x & 2) != 0), y);
    }
    if (i->op == ARM_SMLALXY) {
        put_long(a, bin64(a, IR_add, accumulator(a), extend(a, r, true)));
        return;
    }
    if (i->op == ARM_SMLAXY || i->op == ARM_SMLAW)
        r = arm_add_q(a, r, arm_reg(a, i->ra));
    arm_set_reg(a, i->rd, r);
}

/* SMMUL, SMMLA, SMMLS: the upper half, rounded if x bit 0. */
static void multiply_upper(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref r =
        bin64(a, IR_mul, extend(a, arm_reg(a, i->rn), true), extend(a, arm_reg(a, i->rm), true));
    if (i->op != ARM_SMMUL) {
        ir_ref acc = bin64(a, IR_pair, arm_i32(a, 0), arm_reg(a, i->ra));
        r = bin64(a, i->op == ARM_SMMLA ? IR_add : IR_sub, acc, r);
    }
    if ((i->x & 1) != 0)
        r = bin64(a, IR_add, r, ir_const(a->b, IR_I64, 0x80000000u));
    arm_set_reg(a, i->rd, ir_un(a->b, IR_hi32, IR_I32, r));
}

static void divide(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    enum ir_op op = i->op == ARM_SDIV ? IR_sdiv : IR_udiv;
    arm_set_reg(a, i->rd, bin(a, op, arm_reg(a, i->rn), arm_reg(a, i->rm)));
}

/* ---- packing, extension ----------------------------------------------------------------------- */

static void pack(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    bool bottom = i->op == ARM_PKHBT;
    ir_ref low = arm_i32(a, 0xffff), high = arm_i32(a, 0xffff0000);
    ir_ref x = arm_reg(a, i->rn), y = arm_operand(a, NULL);
    arm_set_reg(a, i->rd,
                bin(a, IR_or, bin(a, IR_and, x, bottom ? low : high),
                    bin(a, IR_and, y, bottom ? high : low)));
}

/* Both byte lanes 0 and 2 of v extended to 16 bits each. */
static ir_ref extend_bytes(struct arm_lift *a, ir_ref v, bool is_signed)
{
    if (!is_signed)
        return bin(a, IR_and, v, arm_i32(a, 0x00ff00ff));
    ir_ref low = un(a, IR_zext16, un(a, IR_sext8, v));
    return bin(a, IR_or, low, by(a, IR_shl, un(a, IR_sext8, by(a, IR_shr, v, 16)), 16));
}

/* Lanes of 16 bits added without a carry between them. */
static ir_ref add_halves(struct arm_lift *a, ir_ref x, ir_ref y)
{
    ir_ref high = arm_i32(a, 0xffff0000);
    ir_ref low = un(a, IR_zext16, bin(a, IR_add, x, y));
    ir_ref top = bin(a, IR_add, bin(a, IR_and, x, high), bin(a, IR_and, y, high));
    return bin(a, IR_or, low, top);
}

static void extension(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref v = by(a, IR_ror, arm_reg(a, i->rm), i->x);
    bool add = i->op >= ARM_SXTAB;
    switch (i->op) {
    case ARM_SXTB:
    case ARM_SXTAB:
        v = un(a, IR_sext8, v);
        break;
    case ARM_SXTH:
    case ARM_SXTAH:
        v = un(a, IR_sext16, v);
        break;
    case ARM_UXTB:
    case ARM_UXTAB:
        v = un(a, IR_zext8, v);
        break;
    case ARM_UXTH:
    case ARM_UXTAH:
        v = un(a, IR_zext16, v);
        break;
    default:
        v = extend_bytes(a, v, i->op == ARM_SXTB16 || i->op == ARM_SXTAB16);
        if (add)
            v = add_halves(a, arm_reg(a, i->rn), v);
        add = false;
        break;
    }
    if (add)
        v = bin(a, IR_add, arm_reg(a, i->rn), v);
    arm_set_reg(a, i->rd, v);
}

/* ---- bits ------------------------------------------------------------------------------------- */

static ir_ref reverse_halves(struct arm_lift *a, ir_ref v)
{
    return by(a, IR_ror, un(a, IR_bswap, v), 16);
}

static uint32_t ones(unsigned n)
{
    return n >= 32 ? ~0u : (1u << n) - 1;
}

static void insert(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    uint32_t mask = ones(i->width) << i->lsb;
    ir_ref r = bin(a, IR_and, arm_reg(a, i->rd), arm_i32(a, ~mask));
    if (i->op == ARM_BFI) {
        ir_ref v = by(a, IR_shl, arm_reg(a, i->rn), i->lsb);
        r = bin(a, IR_or, r, bin(a, IR_and, v, arm_i32(a, mask)));
    }
    arm_set_reg(a, i->rd, r);
}

static void extract(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref v = by(a, IR_shl, arm_reg(a, i->rn), 32u - i->lsb - i->width);
    arm_set_reg(a, i->rd, by(a, i->op == ARM_SBFX ? IR_sar : IR_shr, v, 32u - i->width));
}

static void bits(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref v = arm_reg(a, i->rm);
    switch (i->op) {
    case ARM_REV:
        v = un(a, IR_bswap, v);
        break;
    case ARM_REV16:
        v = reverse_halves(a, v);
        break;
    case ARM_REVSH:
        v = un(a, IR_sext16, reverse_halves(a, v));
        break;
    case ARM_RBIT:
        v = un(a, IR_rbit, v);
        break;
    default:
        v = un(a, IR_clz, v);
        break;
    }
    arm_set_reg(a, i->rd, v);
}

static void move_wide(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref v = arm_i32(a, i->imm);
    if (i->op == ARM_MOVT)
        v = bin(a, IR_or, un(a, IR_zext16, arm_reg(a, i->rd)), arm_i32(a, i->imm << 16));
    arm_set_reg(a, i->rd, v);
}

/* ---- dispatch --------------------------------------------------------------------------------- */

/* clang-format off */
static void (*const lifters[])(struct arm_lift *a) = {
    [ARM_AND] = logical, [ARM_EOR] = logical, [ARM_TST] = logical, [ARM_TEQ] = logical,
    [ARM_ORR] = logical, [ARM_MOV] = logical, [ARM_BIC] = logical, [ARM_MVN] = logical,
    [ARM_ORN] = logical, [ARM_SUB] = arithmetic, [ARM_RSB] = arithmetic, [ARM_ADD] = arithmetic,
    [ARM_ADC] = arithmetic, [ARM_SBC] = arithmetic, [ARM_RSC] = arithmetic, [ARM_CMP] = arithmetic,
    [ARM_CMN] = arithmetic, [ARM_ADR] = adr, [ARM_MOVW] = move_wide, [ARM_MOVT] = move_wide,
    [ARM_MUL] = multiply, [ARM_MLA] = multiply, [ARM_MLS] = multiply,
    [ARM_UMULL] = multiply_long, [ARM_UMLAL] = multiply_long, [ARM_SMULL] = multiply_long,
    [ARM_SMLAL] = multiply_long, [ARM_UMAAL] = multiply_long,
    [ARM_SMULXY] = multiply_halves, [ARM_SMLAXY] = multiply_halves, [ARM_SMULW] = multiply_halves,
    [ARM_SMLAW] = multiply_halves, [ARM_SMLALXY] = multiply_halves,
    [ARM_SMUAD] = arm_lift_dsp, [ARM_SMUSD] = arm_lift_dsp, [ARM_SMLAD] = arm_lift_dsp,
    [ARM_SMLSD] = arm_lift_dsp, [ARM_SMLALD] = arm_lift_dsp, [ARM_SMLSLD] = arm_lift_dsp,
    [ARM_SMMUL] = multiply_upper, [ARM_SMMLA] = multiply_upper, [ARM_SMMLS] = multiply_upper,
    [ARM_SDIV] = divide, [ARM_UDIV] = divide,
    [ARM_QADD] = arm_lift_dsp, [ARM_QSUB] = arm_lift_dsp, [ARM_QDADD] = arm_lift_dsp,
    [ARM_QDSUB] = arm_lift_dsp, [ARM_SSAT] = arm_lift_dsp, [ARM_USAT] = arm_lift_dsp,
    [ARM_SSAT16] = arm_lift_dsp, [ARM_USAT16] = arm_lift_dsp,
    [ARM_PADD16] = arm_lift_dsp, [ARM_PASX] = arm_lift_dsp, [ARM_PSAX] = arm_lift_dsp, [ARM_PSUB16] = arm_lift_dsp,
    [ARM_PADD8] = arm_lift_dsp, [ARM_PSUB8] = arm_lift_dsp,
    [ARM_USAD8] = arm_lift_dsp, [ARM_USADA8] = arm_lift_dsp,
    [ARM_SEL] = arm_lift_dsp, [ARM_PKHBT] = pack, [ARM_PKHTB] = pack,
    [ARM_SXTB] = extension, [ARM_SXTH] = extension, [ARM_SXTB16] = extension,
    [ARM_UXTB] = extension, [ARM_UXTH] = extension, [ARM_UXTB16] = extension,
    [ARM_SXTAB] = extension, [ARM_SXTAH] = extension, [ARM_SXTAB16] = extension,
    [ARM_UXTAB] = extension, [ARM_UXTAH] = extension, [ARM_UXTAB16] = extension,
    [ARM_REV] = bits, [ARM_REV16] = bits, [ARM_REVSH] = bits, [ARM_RBIT] = bits, [ARM_CLZ] = bits,
    [ARM_BFC] = insert, [ARM_BFI] = insert, [ARM_SBFX] = extract, [ARM_UBFX] = extract,
};
/* clang-format on */

void arm_lift_alu(struct arm_lift *a)
{
    lifters[a->insn.op](a);
}
