/*
 * Lifting the instructions on small integers side by side, and those that saturate: parallel
 * addition and subtraction, SEL, sums of absolute differences, dual multiplication.
 *
 * Lanes of 8 or 16 bits are computed together in one i32. Additions leave the lanes' top bits out
 * and put them in by exclusive or, so that no carry crosses a lane; what a lane carries out, and
 * whether it overflowed, follows from the top bits of the operands and of the result. GE is kept as
 * those top bits (arm_cpu.h), so that SEL after UADD8 needs only to spread them.
 */
#include "lift.h"

static ir_ref bin(struct arm_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    return ir_bin(a->b, op, IR_I32, x, y);
}
static ir_ref with(struct arm_lift *a, enum ir_op op, ir_ref x, uint32_t n)
{
    return bin(a, op, x, arm_i32(a, n));
}
static ir_ref inverted(struct arm_lift *a, ir_ref x)
{
    return ir_un(a->b, IR_not, IR_I32, x);
}
static ir_ref wide(struct arm_lift *a, ir_ref x)
{
    return ir_un(a->b, IR_sext32, IR_I64, x);
}

/* ---- Q and saturation (A2.2.1) ---------------------------------------------------------------- */

/* Q := 1 if cc holds in f. */
static void set_q_if(struct arm_lift *a, ir_ref f, enum ir_cc cc)
{
    ir_ref q = with(a, IR_shl, ir_setcc(a->b, f, cc), 27);
    ir_ref v = ir_get(a->b, IR_I32, ARM_STATE(cpsr));
    ir_put(a->b, IR_I32, ARM_STATE(cpsr), bin(a, IR_or, v, q));
}
_Static_assert(CPSR_Q == 1u << 27, "Q");

ir_ref arm_add_q(struct arm_lift *a, ir_ref x, ir_ref y)
{
    ir_ref r = bin(a, IR_add, x, y);
    set_q_if(a, ir_flagsof(a->b, r), CC_O);
    return r;
}

/* x + y or x - y, saturated. On overflow the true result has the sign of x. */
static ir_ref saturated(struct arm_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    ir_ref limit = with(a, IR_xor, with(a, IR_sar, x, 31), 0x7fffffff);
    ir_ref r = bin(a, op, x, y), f = ir_flagsof(a->b, r);
    r = ir_select(a->b, IR_I32, f, CC_O, limit, r);
    set_q_if(a, f, CC_O);
    return r;
}

/* QADD and its relatives take Rm first (A8.8.134). */
static void saturating_add(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref x = arm_reg(a, i->rm), y = arm_reg(a, i->rn);
    if (i->op == ARM_QDADD || i->op == ARM_QDSUB)
        y = saturated(a, IR_add, y, y);
    enum ir_op op = i->op == ARM_QADD || i->op == ARM_QDADD ? IR_add : IR_sub;
    arm_set_reg(a, i->rd, saturated(a, op, x, y));
}

/* v within [low, high] as signed numbers. */
static ir_ref clamp(struct arm_lift *a, ir_ref v, uint32_t low, uint32_t high)
{
    ir_ref min = arm_i32(a, low), max = arm_i32(a, high);
    v = ir_select(a->b, IR_I32, ir_flagsof(a->b, bin(a, IR_sub, v, max)), CC_G, max, v);
    return ir_select(a->b, IR_I32, ir_flagsof(a->b, bin(a, IR_sub, v, min)), CC_L, min, v);
}

/* SSAT, USAT, SSAT16, USAT16: width is 1 to 32 for signed, 0 to 31 for unsigned saturation. */
static void saturate(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    bool is_signed = i->op == ARM_SSAT || i->op == ARM_SSAT16;
    uint32_t high = (1u << (i->width - is_signed)) - 1, low = is_signed ? ~high : 0;
    ir_ref v, r;
    if (i->op == ARM_SSAT || i->op == ARM_USAT) {
        v = arm_reg(a, i->rn);
        if (i->shift != 0)
            v = i->shift_type == SHIFT_LSL ? with(a, IR_shl, v, i->shift)
                                           : with(a, IR_sar, v, i->shift == 32 ? 31 : i->shift);
        r = clamp(a, v, low, high);
    } else {
        v = arm_reg(a, i->rn);
        ir_ref first = clamp(a, ir_un(a->b, IR_sext16, IR_I32, v), low, high);
        ir_ref second = clamp(a, with(a, IR_sar, v, 16), low, high);
        r = bin(a, IR_or, ir_un(a->b, IR_zext16, IR_I32, first), with(a, IR_shl, second, 16));
    }
    set_q_if(a, ir_flagsof(a->b, bin(a, IR_sub, r, v)), CC_NE);
    arm_set_reg(a, i->rd, r);
}

/* ---- parallel addition and subtraction (A4.4.6) ----------------------------------------------- */

struct lanes {
    unsigned bits;
    uint32_t top, rest; /* the top bit of each lane; the others */
    unsigned prefix;    /* enum arm_parallel */
};

/* Sums, without carries between lanes. */
static ir_ref sums(struct arm_lift *a, const struct lanes *l, ir_ref x, ir_ref y)
{
    ir_ref low = bin(a, IR_add, with(a, IR_and, x, l->rest), with(a, IR_and, y, l->rest));
    return bin(a, IR_xor, low, with(a, IR_and, bin(a, IR_xor, x, y), l->top));
}

/* Differences: with the top bit set above each lane of x, nothing is borrowed from the next one. */
static ir_ref differences(struct arm_lift *a, const struct lanes *l, ir_ref x, ir_ref y)
{
    ir_ref low = bin(a, IR_sub, with(a, IR_or, x, l->top), with(a, IR_and, y, l->rest));
    return bin(a, IR_xor, low, with(a, IR_and, bin(a, IR_xor, x, inverted(a, y)), l->top));
}

/* In the top bits: what x + z (+ 1) = r carries out. x - y is x + not y + 1, and carries if it does
 * not borrow. */
static ir_ref carries(struct arm_lift *a, const struct lanes *l, ir_ref x, ir_ref z, ir_ref r)
{
    ir_ref some = bin(a, IR_and, bin(a, IR_or, x, z), inverted(a, r));
    return with(a, IR_and, bin(a, IR_or, bin(a, IR_and, x, z), some), l->top);
}

/* In the top bits: x + z (+ 1) = r, taken as signed and without limits, is not negative. */
static ir_ref not_negative(struct arm_lift *a, const struct lanes *l, ir_ref x, ir_ref z, ir_ref r)
{
    ir_ref negative = bin(a, IR_or, bin(a, IR_and, x, z), bin(a, IR_and, bin(a, IR_or, x, z), r));
    return with(a, IR_and, inverted(a, negative), l->top);
}

/* All ones in the lanes whose top bit is set in t, where nothing else is. */
static ir_ref spread(struct arm_lift *a, const struct lanes *l, ir_ref t)
{
    return bin(a, IR_sub, with(a, IR_shl, t, 1), with(a, IR_shr, t, l->bits - 1));
}

/* r, and where x + z (+ 1) = r overflowed, the limit on the side of x. */
static ir_ref limited(struct arm_lift *a, const struct lanes *l, ir_ref x, ir_ref z, ir_ref r)
{
    ir_ref over = bin(a, IR_and, inverted(a, bin(a, IR_xor, x, z)), bin(a, IR_xor, x, r));
    ir_ref m = spread(a, l, with(a, IR_and, over, l->top));
    ir_ref sign = with(a, IR_shr, with(a, IR_and, x, l->top), l->bits - 1);
    ir_ref limit = with(a, IR_add, sign, l->rest);
    return bin(a, IR_xor, r, bin(a, IR_and, bin(a, IR_xor, r, limit), m));
}

/* Half of the sums, rounded down: common bits, and half of the others. Half of a difference is half
 * of x + not y rounded up, with the top bit inverted. Signed lanes become unsigned ones by inverting
 * the top bits, which a difference does not notice and a sum undoes in the result. */
static ir_ref halves(struct arm_lift *a, const struct lanes *l, bool subtract, ir_ref x, ir_ref y)
{
    bool is_signed = l->prefix == PAR_SH;
    uint32_t even = l->rest << 1; /* all but the lowest bits */
    if (is_signed) {
        x = with(a, IR_xor, x, l->top);
        y = with(a, IR_xor, y, l->top);
    }
    ir_ref z = subtract ? inverted(a, y) : y;
    ir_ref half = with(a, IR_shr, with(a, IR_and, bin(a, IR_xor, x, z), even), 1);
    if (subtract)
        return with(a, IR_xor, bin(a, IR_sub, bin(a, IR_or, x, z), half), l->top);
    ir_ref r = bin(a, IR_add, bin(a, IR_and, x, z), half);
    return is_signed ? with(a, IR_xor, r, l->top) : r;
}

/* One operation in all lanes; *ge: the top bits that say GE, with the prefixes that set it. */
static ir_ref operation(struct arm_lift *a, const struct lanes *l, bool subtract, ir_ref x,
                        ir_ref y, ir_ref *ge)
{
    if (l->prefix == PAR_SH || l->prefix == PAR_UH)
        return halves(a, l, subtract, x, y);
    ir_ref r = subtract ? differences(a, l, x, y) : sums(a, l, x, y);
    ir_ref z = subtract ? inverted(a, y) : y, full;
    switch (l->prefix) {
    case PAR_S:
        *ge = not_negative(a, l, x, z, r);
        return r;
    case PAR_U:
        *ge = carries(a, l, x, z, r);
        return r;
    case PAR_UQ:
        full = spread(a, l, carries(a, l, x, z, r));
        return bin(a, subtract ? IR_and : IR_or, r, full);
    default:
        return limited(a, l, x, z, r);
    }
}

/* GE has two bits for a lane of 16. */
static void put_ge(struct arm_lift *a, const struct lanes *l, ir_ref ge)
{
    if (l->bits == 16)
        ge = bin(a, IR_or, ge, with(a, IR_shr, ge, 8));
    ir_put(a->b, IR_I32, ARM_STATE(ge), ge);
    ir_put(a->b, IR_I8, offsetof(struct cpu, own[OWN_GE]), arm_i32(a, 1));
}

static ir_ref low_and_high(struct arm_lift *a, ir_ref low, ir_ref high)
{
    return bin(a, IR_or, ir_un(a->b, IR_zext16, IR_I32, low), with(a, IR_and, high, 0xffff0000));
}

static void parallel(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    bool bytes = i->op == ARM_PADD8 || i->op == ARM_PSUB8;
    bool subtract = i->op == ARM_PSUB8 || i->op == ARM_PSUB16;
    struct lanes l = {.bits = 16, .top = 0x80008000, .rest = 0x7fff7fff, .prefix = i->x};
    if (bytes)
        l = (struct lanes){.bits = 8, .top = 0x80808080, .rest = 0x7f7f7f7f, .prefix = i->x};
    ir_ref x = arm_reg(a, i->rn), y = arm_reg(a, i->rm), r, ge = 0;
    if (i->op == ARM_PASX || i->op == ARM_PSAX) { /* the halves of Rm exchanged */
        ir_ref ge_less = 0;
        y = with(a, IR_ror, y, 16);
        ir_ref more = operation(a, &l, false, x, y, &ge);
        ir_ref less = operation(a, &l, true, x, y, &ge_less);
        bool add_low = i->op == ARM_PSAX;
        r = add_low ? low_and_high(a, more, less) : low_and_high(a, less, more);
        if (ge != 0)
            ge = add_low ? low_and_high(a, ge, ge_less) : low_and_high(a, ge_less, ge);
    } else {
        r = operation(a, &l, subtract, x, y, &ge);
    }
    if (ge != 0)
        put_ge(a, &l, ge);
    arm_set_reg(a, i->rd, r);
}

static const struct lanes unsigned_bytes = {
    .bits = 8, .top = 0x80808080, .rest = 0x7f7f7f7f, .prefix = PAR_UQ};

static void select_bytes(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref m = spread(a, &unsigned_bytes, ir_get(a->b, IR_I32, ARM_STATE(ge)));
    ir_ref x = arm_reg(a, i->rn), y = arm_reg(a, i->rm);
    arm_set_reg(a, i->rd, bin(a, IR_xor, y, bin(a, IR_and, bin(a, IR_xor, x, y), m)));
}

/* |x - y| is what is left of x - y or of y - x when negative results become 0. */
static void absolute_differences(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref x = arm_reg(a, i->rn), y = arm_reg(a, i->rm);
    ir_ref d = bin(a, IR_or, operation(a, &unsigned_bytes, true, x, y, NULL),
                   operation(a, &unsigned_bytes, true, y, x, NULL));
    ir_ref pairs = bin(a, IR_add, with(a, IR_and, d, 0x00ff00ff),
                       with(a, IR_and, with(a, IR_shr, d, 8), 0x00ff00ff));
    ir_ref sum = bin(a, IR_add, ir_un(a->b, IR_zext16, IR_I32, pairs), with(a, IR_shr, pairs, 16));
    if (i->op == ARM_USADA8)
        sum = bin(a, IR_add, sum, arm_reg(a, i->ra));
    arm_set_reg(a, i->rd, sum);
}

/* ---- dual multiplication (A4.4.3) ------------------------------------------------------------- */

/* Two products of halves, added or the second subtracted from the first: 64 bits. */
static ir_ref products(struct arm_lift *a, bool subtract)
{
    const struct arm_insn *i = &a->insn;
    ir_ref x = arm_reg(a, i->rn), y = arm_reg(a, i->rm);
    if ((i->x & 1) != 0)
        y = with(a, IR_ror, y, 16);
    ir_ref first =
        bin(a, IR_mul, ir_un(a->b, IR_sext16, IR_I32, x), ir_un(a->b, IR_sext16, IR_I32, y));
    ir_ref second = bin(a, IR_mul, with(a, IR_sar, x, 16), with(a, IR_sar, y, 16));
    return ir_bin(a->b, subtract ? IR_sub : IR_add, IR_I64, wide(a, first), wide(a, second));
}

static void multiply_dual(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    bool subtract = i->op == ARM_SMUSD || i->op == ARM_SMLSD;
    ir_ref sum = products(a, subtract);
    if (i->op == ARM_SMLAD || i->op == ARM_SMLSD)
        sum = ir_bin(a->b, IR_add, IR_I64, sum, wide(a, arm_reg(a, i->ra)));
    ir_ref r = ir_un(a->b, IR_lo32, IR_I32, sum);
    if (i->op != ARM_SMUSD) {
        ir_ref lost = ir_bin(a->b, IR_sub, IR_I64, sum, wide(a, r));
        set_q_if(a, ir_flagsof(a->b, lost), CC_NE);
    }
    arm_set_reg(a, i->rd, r);
}

static void multiply_dual_long(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref sum = ir_bin(a->b, IR_pair, IR_I64, arm_reg(a, i->rd), arm_reg(a, i->ra));
    sum = ir_bin(a->b, IR_add, IR_I64, sum, products(a, i->op == ARM_SMLSLD));
    arm_set_reg(a, i->rd, ir_un(a->b, IR_lo32, IR_I32, sum));
    arm_set_reg(a, i->ra, ir_un(a->b, IR_hi32, IR_I32, sum));
}

/* ---- dispatch --------------------------------------------------------------------------------- */

void arm_lift_dsp(struct arm_lift *a)
{
    switch (a->insn.op) {
    case ARM_QADD:
    case ARM_QSUB:
    case ARM_QDADD:
    case ARM_QDSUB:
        saturating_add(a);
        break;
    case ARM_SSAT:
    case ARM_USAT:
    case ARM_SSAT16:
    case ARM_USAT16:
        saturate(a);
        break;
    case ARM_SEL:
        select_bytes(a);
        break;
    case ARM_USAD8:
    case ARM_USADA8:
        absolute_differences(a);
        break;
    case ARM_SMLALD:
    case ARM_SMLSLD:
        multiply_dual_long(a);
        break;
    case ARM_SMUAD:
    case ARM_SMUSD:
    case ARM_SMLAD:
    case ARM_SMLSD:
        multiply_dual(a);
        break;
    default:
        parallel(a);
        break;
    }
}
