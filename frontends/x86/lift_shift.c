/*
 * Shifts and rotations (SDM vol. 2, SAL/SAR/SHL/SHR and RCL/RCR/ROL/ROR).
 *
 * The count is taken modulo 32. If it is 0, no flag changes: with a variable count the flags are
 * written on a way of their own. OF is computed as for a shift by 1; for others it is undefined. What
 * is rare (through carry; SHLD and SHRD of 16 bits or by CL) is done by helpers.
 */
#include "lift.h"

struct shift {
    struct x86_place p;
    ir_ref v, count; /* count: masked to 5 bits */
    unsigned number; /* the count if it is constant */
    bool constant;
    unsigned skip; /* label behind the writing of flags; only with a variable count */
};

static ir_ref bin(struct x86_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    return ir_bin(a->b, op, IR_I32, x, y);
}

/* Operand and count; false: the count is the constant 0 and nothing is to be done. */
static bool begin(struct x86_lift *a, struct shift *s, unsigned count_operand)
{
    const struct x86_operand *o = &a->insn.operand[count_operand];
    s->constant = o->kind == X86_IMM;
    s->number = (unsigned)a->insn.imm & 31;
    s->p = x86_place(a, 0, ACCESS_WRITE);
    s->v = x86_read(a, &s->p);
    if (s->constant)
        s->count = x86_i32(a, s->number);
    else
        s->count = bin(a, IR_and, x86_get(a, X86_ECX, 4), x86_i32(a, 31));
    return !s->constant || s->number != 0;
}

/* After the result was written: flags change only if the count is not 0. */
static void flags_begin(struct x86_lift *a, struct shift *s)
{
    if (s->constant)
        return;
    s->skip = ir_new_label(a->b);
    ir_brcc(a->b, ir_flagsof(a->b, s->count), CC_E, s->skip);
}

static void flags_end(struct x86_lift *a, struct shift *s)
{
    if (!s->constant)
        x86_label(a, s->skip);
}

static ir_ref top_bit(struct x86_lift *a, ir_ref v, unsigned size)
{
    ir_ref bit = bin(a, IR_shr, v, x86_i32(a, size * 8 - 1));
    return size == 4 ? bit : bin(a, IR_and, bit, x86_i32(a, 1));
}

static ir_ref low_bit(struct x86_lift *a, ir_ref v)
{
    return bin(a, IR_and, v, x86_i32(a, 1));
}

/* One less than the count, which is not 0 where it matters. */
static ir_ref less(struct x86_lift *a, const struct shift *s)
{
    return s->constant ? x86_i32(a, s->number - 1) : bin(a, IR_sub, s->count, x86_i32(a, 1));
}

static void shift(struct x86_lift *a)
{
    struct shift s;
    unsigned op = a->insn.op;
    if (!begin(a, &s, 1))
        return;
    unsigned size = s.p.size;
    ir_ref v = op == X86_SAR   ? x86_sext(a, s.v, size)
               : op == X86_SHR ? x86_zext(a, s.v, size)
                               : s.v;
    enum ir_op way = op == X86_SAR ? IR_sar : op == X86_SHR ? IR_shr : IR_shl;
    ir_ref r = bin(a, way, v, s.count), before = bin(a, way, v, less(a, &s)), carry, over;
    if (op == X86_SHL) {
        carry = top_bit(a, before, size);
        over = bin(a, IR_xor, carry, top_bit(a, r, size));
    } else {
        carry = low_bit(a, before);
        over = op == X86_SAR ? x86_i32(a, 0) : top_bit(a, s.v, size);
    }
    x86_write(a, &s.p, r);
    flags_begin(a, &s);
    x86_put_flags(a, x86_test(a, r, size), IR_FLAG_NZ);
    x86_put_carry(a, carry);
    x86_put_overflow(a, over);
    flags_end(a, &s);
}

/* v's low bytes repeated over 32 bits, so that a rotation of 32 bits rotates them. */
static ir_ref repeated(struct x86_lift *a, ir_ref v, unsigned size)
{
    if (size == 4)
        return v;
    return bin(a, IR_mul, x86_zext(a, v, size), x86_i32(a, size == 1 ? 0x01010101 : 0x10001));
}

static void rotate(struct x86_lift *a, bool left)
{
    struct shift s;
    if (!begin(a, &s, 1))
        return;
    unsigned size = s.p.size;
    ir_ref by = s.count;
    if (left)
        by = s.constant ? x86_i32(a, (32 - s.number) & 31) : bin(a, IR_sub, x86_i32(a, 0), by);
    ir_ref r = bin(a, IR_ror, repeated(a, s.v, size), by);
    ir_ref top = top_bit(a, r, size), carry = left ? low_bit(a, r) : top;
    ir_ref second = low_bit(a, bin(a, IR_shr, r, x86_i32(a, size * 8 - 2)));
    ir_ref over = bin(a, IR_xor, top, left ? carry : second);
    x86_write(a, &s.p, r);
    flags_begin(a, &s);
    x86_put_carry(a, carry);
    x86_put_overflow(a, over);
    flags_end(a, &s);
}

static void rotate_carry(struct x86_lift *a)
{
    struct shift s;
    if (!begin(a, &s, 1))
        return;
    uint32_t how = s.p.size | (a->insn.op == X86_RCL ? 0x100u : 0);
    ir_ref store = s.p.memory ? s.p.address : 0;
    /* The store may fault, and the helper writes C: the old value first tells. */
    if (store != 0)
        x86_store(a, store, s.p.size, s.v);
    ir_ref r =
        x86_call(a, HELPER_rotate_carry, CALL_READS | CALL_WRITES, s.v, s.count, x86_i32(a, how));
    x86_write(a, &s.p, r);
}

static void shift_double(struct x86_lift *a)
{
    struct shift s;
    bool left = a->insn.op == X86_SHLD;
    if (!begin(a, &s, 2))
        return;
    unsigned size = s.p.size;
    ir_ref from = x86_get(a, a->insn.operand[1].reg, size);
    if (!s.constant || size == 2) {
        if (s.p.memory)
            x86_store(a, s.p.address, size, s.v);
        ir_ref both = ir_bin(a->b, IR_pair, IR_I64, s.v, from);
        ir_ref r = x86_call(a, HELPER_shift_double, CALL_READS | CALL_WRITES, both, s.count,
                            x86_i32(a, size | (left ? 0x100u : 0)));
        x86_write(a, &s.p, r);
        return;
    }
    unsigned n = s.number;
    ir_ref mine = bin(a, left ? IR_shl : IR_shr, s.v, x86_i32(a, n));
    ir_ref other = bin(a, left ? IR_shr : IR_shl, from, x86_i32(a, 32 - n));
    ir_ref r = bin(a, IR_or, mine, other);
    ir_ref carry = low_bit(a, bin(a, IR_shr, s.v, x86_i32(a, left ? 32 - n : n - 1)));
    ir_ref over = bin(a, IR_xor, top_bit(a, r, 4), top_bit(a, s.v, 4));
    x86_write(a, &s.p, r);
    x86_put_flags(a, x86_test(a, r, size), IR_FLAG_NZ);
    x86_put_carry(a, carry);
    x86_put_overflow(a, over);
}

bool x86_lift_shift(struct x86_lift *a)
{
    switch (a->insn.op) {
    case X86_SHL:
    case X86_SHR:
    case X86_SAR:
        shift(a);
        return true;
    case X86_ROL:
    case X86_ROR:
        rotate(a, a->insn.op == X86_ROL);
        return true;
    case X86_RCL:
    case X86_RCR:
        rotate_carry(a);
        return true;
    case X86_SHLD:
    case X86_SHRD:
        shift_double(a);
        return true;
    default:
        return false;
    }
}
