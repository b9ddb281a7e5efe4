/*
 * Arithmetic, logic, bits, multiplication and division.
 *
 * Operations of 1 and 2 bytes are those of the IR on parts of registers: what they leave above is
 * the first operand's, so the result for a low register is the whole new register.
 */
#include "lift.h"

static const struct {
    uint8_t whole, part;
    bool carry, compare;
} alu_ops[] = {
    [X86_ADD] = {IR_add, IR_nadd, false, false}, [X86_OR] = {IR_or, IR_nor, false, false},
    [X86_ADC] = {IR_adc, IR_nadc, true, false},  [X86_SBB] = {IR_sbb, IR_nsbb, true, false},
    [X86_AND] = {IR_and, IR_nand, false, false}, [X86_SUB] = {IR_sub, IR_nsub, false, false},
    [X86_XOR] = {IR_xor, IR_nxor, false, false}, [X86_CMP] = {IR_sub, IR_nsub, false, true},
    [X86_TEST] = {IR_and, IR_nand, false, true},
};

/* x op y in `size` bytes; *f: its flags. */
static ir_ref operate(struct x86_lift *a, unsigned whole, unsigned part, unsigned size, ir_ref x,
                      ir_ref y, ir_ref carry, ir_ref *f)
{
    ir_ref r;
    if (size != 4)
        r = ir_part(a->b, (enum ir_op)part, size, x, y, carry);
    else if (carry != 0)
        r = ir_tri(a->b, (enum ir_op)whole, IR_I32, x, y, carry);
    else
        r = ir_bin(a->b, (enum ir_op)whole, IR_I32, x, y);
    *f = ir_flagsof(a->b, r);
    return size == 4 && a->b->ins[*f].op == IR_flagsof ? a->b->ins[*f].a : r;
}

/* Write the result of an operation on parts back: it has the register's other bits already. */
static void write_result(struct x86_lift *a, const struct x86_place *p, ir_ref r)
{
    if (!p->memory && p->size != 4 && !(p->size == 1 && p->reg >= 4))
        ir_put(a->b, IR_I32, X86_GPR(p->reg), r);
    else
        x86_write(a, p, r);
}

static void two_operands(struct x86_lift *a)
{
    unsigned op = a->insn.op;
    bool store = !alu_ops[op].compare;
    struct x86_place p = x86_place(a, 0, store ? ACCESS_WRITE : ACCESS_READ);
    ir_ref y, x, f;
    const struct x86_operand *o = a->insn.operand;
    if (o[1].kind == X86_MEM) {
        y = x86_value(a, 1);
        x = x86_read(a, &p);
    } else {
        x = x86_read(a, &p);
        y = x86_value(a, 1);
    }
    bool zero = (op == X86_XOR || op == X86_SUB) && o[0].kind == X86_REG && o[1].kind == X86_REG &&
                o[0].reg == o[1].reg && p.size == 4; /* whatever it held */
    if (zero)
        x = y = x86_i32(a, 0);
    ir_ref carry = alu_ops[op].carry ? x86_carry(a) : 0;
    ir_ref r = operate(a, alu_ops[op].whole, alu_ops[op].part, p.size, x, y, carry, &f);
    if (store)
        write_result(a, &p, zero ? x : r);
    x86_put_flags(a, f, IR_FLAG_ALL);
}

/* INC and DEC leave C alone. */
static void one_more(struct x86_lift *a, bool less)
{
    struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
    ir_ref f, x = x86_read(a, &p);
    ir_ref r = operate(a, less ? IR_sub : IR_add, less ? IR_nsub : IR_nadd, p.size, x,
                       x86_i32(a, 1), 0, &f);
    write_result(a, &p, r);
    x86_put_flags(a, f, IR_FLAG_NZ | IR_FLAG_V);
}

static void negate(struct x86_lift *a)
{
    struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
    ir_ref f, x = x86_read(a, &p);
    ir_ref r = operate(a, IR_sub, IR_nsub, p.size, x86_i32(a, 0), x, 0, &f);
    x86_write(a, &p, r);
    x86_put_flags(a, f, IR_FLAG_ALL);
}

static void complement(struct x86_lift *a)
{
    struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
    ir_ref x = x86_read(a, &p);
    x86_write(a, &p, ir_un(a->b, IR_not, IR_I32, x));
}

/* ---- multiplication, division ----------------------------------------------------------------- */

/* C and O: whether the upper half says more than the lower one; the rest is undefined. */
static void put_significant(struct x86_lift *a, ir_ref differs)
{
    ir_ref f = ir_flagsof(a->b, differs);
    ir_ref bit = ir_setcc(a->b, f, CC_NE);
    x86_put_carry(a, bit);
    x86_put_overflow(a, bit);
}

/* One operand: AX, DX:AX, EDX:EAX := accumulator * operand. */
static void multiply(struct x86_lift *a, bool is_signed)
{
    unsigned size = a->insn.operand[0].size;
    ir_ref y = x86_value(a, 0), x = x86_get(a, X86_EAX, size), low, high, sign;
    if (size == 4) {
        low = ir_bin(a->b, IR_mul, IR_I32, x, y);
        high = ir_bin(a->b, is_signed ? IR_smulh : IR_umulh, IR_I32, x, y);
        sign = is_signed ? ir_bin(a->b, IR_sar, IR_I32, low, x86_i32(a, 31)) : x86_i32(a, 0);
        x86_put(a, X86_EAX, 4, low);
        x86_put(a, X86_EDX, 4, high);
        put_significant(a, ir_bin(a->b, IR_xor, IR_I32, high, sign));
        return;
    }
    x = is_signed ? x86_sext(a, x, size) : x86_zext(a, x, size);
    y = is_signed ? x86_sext(a, y, size) : x86_zext(a, y, size);
    low = ir_bin(a->b, IR_mul, IR_I32, x, y);
    sign = is_signed ? x86_sext(a, low, size) : x86_zext(a, low, size);
    x86_put(a, X86_EAX, 2, low);
    if (size == 2)
        x86_put(a, X86_EDX, 2, ir_bin(a->b, IR_shr, IR_I32, low, x86_i32(a, 16)));
    put_significant(a, ir_bin(a->b, IR_xor, IR_I32, low, sign));
}

/* IMUL with two or three operands. */
static void multiply_to(struct x86_lift *a)
{
    bool three = a->insn.count == 3;
    unsigned size = a->insn.operand[0].size;
    ir_ref x = x86_value(a, three ? 1 : 0), y = x86_value(a, three ? 2 : 1), low, sign;
    if (size == 4) {
        low = ir_bin(a->b, IR_mul, IR_I32, x, y);
        ir_ref high = ir_bin(a->b, IR_smulh, IR_I32, x, y);
        sign = ir_bin(a->b, IR_sar, IR_I32, low, x86_i32(a, 31));
        x86_put(a, a->insn.operand[0].reg, 4, low);
        put_significant(a, ir_bin(a->b, IR_xor, IR_I32, high, sign));
        return;
    }
    low = ir_bin(a->b, IR_mul, IR_I32, x86_sext(a, x, size), x86_sext(a, y, size));
    x86_put(a, a->insn.operand[0].reg, size, low);
    put_significant(a, ir_bin(a->b, IR_xor, IR_I32, low, x86_sext(a, low, size)));
}

/* EDX:EAX by d in 64 bits. The quotient fits if EDX is below d, which then is not 0. */
static void divide_unsigned(struct x86_lift *a, ir_ref d)
{
    ir_ref low = x86_get(a, X86_EAX, 4), high = x86_get(a, X86_EDX, 4);
    ir_ref f = ir_flagsof(a->b, ir_bin(a->b, IR_sub, IR_I32, high, d));
    x86_side_leave(a, f, CC_AE, a->pc, EXIT_DIVIDE);
    ir_ref n = ir_bin(a->b, IR_pair, IR_I64, low, high);
    ir_ref q = ir_un(a->b, IR_lo32, IR_I32,
                     ir_bin(a->b, IR_udiv, IR_I64, n, ir_un(a->b, IR_zext32, IR_I64, d)));
    x86_put(a, X86_EAX, 4, q);
    x86_put(a, X86_EDX, 4, ir_bin(a->b, IR_sub, IR_I32, low, ir_bin(a->b, IR_mul, IR_I32, q, d)));
}

static void divide_signed(struct x86_lift *a, ir_ref d)
{
    ir_ref low = x86_get(a, X86_EAX, 4), high = x86_get(a, X86_EDX, 4);
    ir_ref f = ir_flagsof(a->b, ir_bin(a->b, IR_or, IR_I32, d, d));
    x86_side_leave(a, f, CC_E, a->pc, EXIT_DIVIDE);
    ir_ref n = ir_bin(a->b, IR_pair, IR_I64, low, high);
    ir_ref q = ir_bin(a->b, IR_sdiv, IR_I64, n, ir_un(a->b, IR_sext32, IR_I64, d));
    ir_ref q32 = ir_un(a->b, IR_lo32, IR_I32, q), fits = ir_un(a->b, IR_sext32, IR_I64, q32);
    f = ir_flagsof(a->b, ir_bin(a->b, IR_sub, IR_I64, fits, q));
    x86_side_leave(a, f, CC_NE, a->pc, EXIT_DIVIDE);
    x86_put(a, X86_EAX, 4, q32);
    x86_put(a, X86_EDX, 4, ir_bin(a->b, IR_sub, IR_I32, low, ir_bin(a->b, IR_mul, IR_I32, q32, d)));
}

static void divide(struct x86_lift *a, bool is_signed)
{
    unsigned size = a->insn.operand[0].size;
    ir_ref y = x86_value(a, 0);
    if (size == 4 && x86_side_room(a) >= 2) {
        if (is_signed)
            divide_signed(a, y);
        else
            divide_unsigned(a, y);
        return;
    }
    x86_call(a, HELPER_divide, CALL_ALL | CALL_VOID, y, x86_i32(a, size | (is_signed ? 0x100u : 0)),
             0);
}

/* ---- single bits ------------------------------------------------------------------------------ */

/* The operand that holds the bit: a register number reaches beyond a memory operand (SDM vol. 2, BT).
 */
static struct x86_place bit_place(struct x86_lift *a, ir_ref number, unsigned kind)
{
    const struct x86_insn *i = &a->insn;
    unsigned size = i->operand[0].size;
    if (i->operand[0].kind != X86_MEM || i->operand[1].kind == X86_IMM)
        return x86_place(a, 0, kind);
    ir_ref n = x86_sext(a, number, size);
    ir_ref units = ir_bin(a->b, IR_sar, IR_I32, n, x86_i32(a, size == 2 ? 4 : 5));
    ir_ref bytes = ir_bin(a->b, IR_shl, IR_I32, units, x86_i32(a, size == 2 ? 1 : 2));
    ir_ref offset = ir_bin(a->b, IR_add, IR_I32, x86_offset(a), bytes);
    if (i->addrsize == 2)
        offset = x86_zext(a, offset, 2);
    return (struct x86_place){.memory = true,
                              .size = (uint8_t)size,
                              .address = x86_linear_of(a, i->seg, offset, size, kind)};
}

static void bit_test(struct x86_lift *a)
{
    unsigned op = a->insn.op, size = a->insn.operand[0].size;
    ir_ref number = x86_value(a, 1);
    struct x86_place p = bit_place(a, number, op == X86_BT ? ACCESS_READ : ACCESS_WRITE);
    ir_ref v = x86_read(a, &p);
    ir_ref n = ir_bin(a->b, IR_and, IR_I32, number, x86_i32(a, size * 8 - 1));
    ir_ref bit = ir_bin(a->b, IR_and, IR_I32, ir_bin(a->b, IR_shr, IR_I32, v, n), x86_i32(a, 1));
    ir_ref mask = ir_bin(a->b, IR_shl, IR_I32, x86_i32(a, 1), n);
    if (op == X86_BTS)
        x86_write(a, &p, ir_bin(a->b, IR_or, IR_I32, v, mask));
    else if (op == X86_BTC)
        x86_write(a, &p, ir_bin(a->b, IR_xor, IR_I32, v, mask));
    else if (op == X86_BTR)
        x86_write(a, &p, ir_bin(a->b, IR_and, IR_I32, v, ir_un(a->b, IR_not, IR_I32, mask)));
    x86_put_carry(a, bit);
}

/* The destination stays as it is if there is no bit: so do the CPUs, and programs rely on it. */
static void bit_scan(struct x86_lift *a, bool reverse)
{
    unsigned size = a->insn.operand[0].size, reg = a->insn.operand[0].reg;
    ir_ref v = x86_zext(a, x86_value(a, 1), size);
    ir_ref old = x86_get(a, reg, size), n;
    if (reverse)
        n = ir_bin(a->b, IR_sub, IR_I32, x86_i32(a, 31), ir_un(a->b, IR_clz, IR_I32, v));
    else
        n = ir_un(a->b, IR_ctz, IR_I32, v);
    ir_ref f = ir_flagsof(a->b, v);
    x86_put(a, reg, size, ir_select(a->b, IR_I32, f, CC_E, old, n));
    x86_put_flags(a, f, IR_FLAG_ALL);
}

/* ---- exchange and compare --------------------------------------------------------------------- */

static void exchange_add(struct x86_lift *a)
{
    struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
    unsigned reg = a->insn.operand[1].reg;
    ir_ref x = x86_read(a, &p), y = x86_get(a, reg, p.size), f;
    ir_ref r = operate(a, IR_add, IR_nadd, p.size, x, y, 0, &f);
    if (p.memory)
        x86_write(a, &p, r);
    x86_put(a, reg, p.size, x);
    if (!p.memory)
        x86_write(a, &p, r);
    x86_put_flags(a, f, IR_FLAG_ALL);
}

static void compare_exchange(struct x86_lift *a)
{
    struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
    ir_ref old = x86_read(a, &p), acc = x86_get(a, X86_EAX, p.size);
    ir_ref new = x86_get(a, a->insn.operand[1].reg, p.size), f;
    operate(a, IR_sub, IR_nsub, p.size, acc, old, 0, &f);
    ir_ref v = ir_select(a->b, IR_I32, f, CC_E, new, old);
    ir_ref kept = ir_select(a->b, IR_I32, f, CC_E, acc, old);
    if (p.memory)
        x86_write(a, &p, v);
    x86_put(a, X86_EAX, p.size, kept);
    if (!p.memory) { /* CMPXCHG EAX, r: where equal it is r in the end */
        ir_ref now = x86_get(a, p.reg, p.size);
        x86_write(a, &p, ir_select(a->b, IR_I32, f, CC_E, new, now));
    }
    x86_put_flags(a, f, IR_FLAG_ALL);
}

static void compare_exchange8(struct x86_lift *a)
{
    ir_ref at = x86_linear_of(a, a->insn.seg, x86_offset(a), 8, ACCESS_WRITE);
    x86_call(a, HELPER_cmpxchg8b, CALL_ALL | CALL_VOID, at, 0, 0);
}

static void decimal(struct x86_lift *a)
{
    uint32_t base =
        a->insn.op == X86_AAM || a->insn.op == X86_AAD ? (uint32_t)a->insn.imm & 0xff : 0;
    x86_call(a, HELPER_decimal, CALL_ALL | CALL_VOID, x86_i32(a, a->insn.op), x86_i32(a, base), 0);
}

bool x86_lift_alu(struct x86_lift *a)
{
    switch (a->insn.op) {
    case X86_ADD:
    case X86_OR:
    case X86_ADC:
    case X86_SBB:
    case X86_AND:
    case X86_SUB:
    case X86_XOR:
    case X86_CMP:
    case X86_TEST:
        two_operands(a);
        return true;
    case X86_INC:
    case X86_DEC:
        one_more(a, a->insn.op == X86_DEC);
        return true;
    case X86_NEG:
        negate(a);
        return true;
    case X86_NOT:
        complement(a);
        return true;
    case X86_MUL:
        multiply(a, false);
        return true;
    case X86_IMUL:
        if (a->insn.count == 1)
            multiply(a, true);
        else
            multiply_to(a);
        return true;
    case X86_DIV:
    case X86_IDIV:
        divide(a, a->insn.op == X86_IDIV);
        return true;
    case X86_BT:
    case X86_BTS:
    case X86_BTR:
    case X86_BTC:
        bit_test(a);
        return true;
    case X86_BSF:
    case X86_BSR:
        bit_scan(a, a->insn.op == X86_BSR);
        return true;
    case X86_XADD:
        exchange_add(a);
        return true;
    case X86_CMPXCHG:
        compare_exchange(a);
        return true;
    case X86_CMPXCHG8B:
        compare_exchange8(a);
        return true;
    case X86_DAA:
    case X86_DAS:
    case X86_AAA:
    case X86_AAS:
    case X86_AAM:
    case X86_AAD:
        decimal(a);
        return true;
    default:
        return false;
    }
}
