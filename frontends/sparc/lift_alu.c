/*
 * Lifting integer instructions without memory: logic, sums, tagged sums, shifts, products, quotients
 * (V8 B.9-B.19).
 */
#include "lift.h"

/* The operations of op3 0-31 with and without condition codes have the same IR. */
static const struct plain {
    uint8_t op;  /* of the IR */
    bool invert; /* second operand */
    bool carry;
} plains[] = {
    [SPARC_ADD - SPARC_ADD] = {IR_add, false, false},
    [SPARC_AND - SPARC_ADD] = {IR_and, false, false},
    [SPARC_OR - SPARC_ADD] = {IR_or, false, false},
    [SPARC_XOR - SPARC_ADD] = {IR_xor, false, false},
    [SPARC_SUB - SPARC_ADD] = {IR_sub, false, false},
    [SPARC_ANDN - SPARC_ADD] = {IR_and, true, false},
    [SPARC_ORN - SPARC_ADD] = {IR_or, true, false},
    [SPARC_XNOR - SPARC_ADD] = {IR_xor, true, false},
    [SPARC_ADDX - SPARC_ADD] = {IR_adc, false, true},
    [SPARC_SUBX - SPARC_ADD] = {IR_sbb, false, true},
};

static ir_ref invert(struct sparc_lift *a, ir_ref v)
{
    return ir_un(a->b, IR_not, IR_I32, v);
}

static void plain(struct sparc_lift *a, const struct plain *p, bool cc)
{
    ir_ref x = sparc_get(a, a->insn.rs1), y = sparc_second(a), f = 0;
    if (p->invert)
        y = invert(a, y);
    if (p->carry)
        f = sparc_flags(a, IR_FLAG_C);
    ir_ref r = p->carry ? ir_tri(a->b, (enum ir_op)p->op, IR_I32, x, y, f)
                        : sparc_bin(a, (enum ir_op)p->op, x, y);
    if (cc) {
        f = ir_flagsof(a->b, r);
        r = a->b->ins[f].a;
    }
    sparc_put(a, a->insn.rd, r);
    if (cc)
        sparc_put_flags(a, f, IR_FLAG_ALL);
}

/* N and Z of r; V and C clear. */
static void put_logic_flags(struct sparc_lift *a, ir_ref r)
{
    sparc_put_flags(a, ir_flagsof(a->b, sparc_bin(a, IR_or, r, r)), IR_FLAG_ALL);
}

static ir_ref y_register(struct sparc_lift *a)
{
    return ir_get(a->b, IR_I32, SPARC_STATE(y));
}

/* B.18 */
static void multiply(struct sparc_lift *a, bool is_signed, bool cc)
{
    enum ir_op widen = is_signed ? IR_sext32 : IR_zext32;
    ir_ref x = ir_un(a->b, widen, IR_I64, sparc_get(a, a->insn.rs1));
    ir_ref y = ir_un(a->b, widen, IR_I64, sparc_second(a));
    ir_ref product = ir_bin(a->b, IR_mul, IR_I64, x, y);
    ir_ref low = ir_un(a->b, IR_lo32, IR_I32, product);
    ir_put(a->b, IR_I32, SPARC_STATE(y), ir_un(a->b, IR_hi32, IR_I32, product));
    sparc_put(a, a->insn.rd, low);
    if (cc)
        put_logic_flags(a, low);
}

/* B.19. The helper gives the quotient, saturated, and above it 1 if it was. */
static void divide(struct sparc_lift *a, unsigned helper, bool cc)
{
    ir_ref divisor = sparc_second(a);
    sparc_trap_if(a, ir_flagsof(a->b, sparc_bin(a, IR_or, divisor, divisor)), CC_E, TT_DIVISION);
    divisor = sparc_second(a);
    ir_ref dividend = ir_bin(a->b, IR_pair, IR_I64, sparc_get(a, a->insn.rs1), y_register(a));
    ir_ref r = ir_call(a->b, IR_I64, helper, 0, dividend, divisor, 0);
    ir_ref quotient = ir_un(a->b, IR_lo32, IR_I32, r);
    sparc_put(a, a->insn.rd, quotient);
    if (!cc)
        return;
    put_logic_flags(a, quotient);
    ir_imm(a->b, IR_putv, IR_NONE, ir_un(a->b, IR_hi32, IR_I32, r), 0);
    a->flags_mask = IR_FLAG_NZ | IR_FLAG_C;
}

/* B.17: one step of a product. */
static void multiply_step(struct sparc_lift *a)
{
    ir_ref one = sparc_i32(a, 1), x = sparc_get(a, a->insn.rs1), y = y_register(a);
    ir_ref less = ir_setcc(a->b, sparc_flags(a, IR_FLAG_NZ | IR_FLAG_V), CC_L);
    ir_ref top = sparc_bin(a, IR_shl, less, sparc_i32(a, 31));
    ir_ref sum = sparc_bin(a, IR_or, top, sparc_bin(a, IR_shr, x, one));
    /* all ones if the low bit of Y is set */
    ir_ref mask = ir_un(a->b, IR_neg, IR_I32, sparc_bin(a, IR_and, y, one));
    ir_ref addend = sparc_bin(a, IR_and, sparc_second(a), mask);
    ir_ref low = sparc_bin(a, IR_shl, x, sparc_i32(a, 31));
    ir_ref new_y = sparc_bin(a, IR_or, sparc_bin(a, IR_shr, y, one), low);
    ir_ref r = sparc_bin(a, IR_add, sum, addend);
    ir_ref f = ir_flagsof(a->b, r);
    r = a->b->ins[f].a;
    ir_put(a->b, IR_I32, SPARC_STATE(y), new_y);
    sparc_put(a, a->insn.rd, r);
    sparc_put_flags(a, f, IR_FLAG_ALL);
}

/* B.13, B.15: V also if a tag (the low two bits of an operand) is not 0. */
static void tagged(struct sparc_lift *a, enum ir_op op, bool trap)
{
    ir_ref x = sparc_get(a, a->insn.rs1), y = sparc_second(a);
    ir_ref tags = sparc_bin(a, IR_and, sparc_bin(a, IR_or, x, y), sparc_i32(a, 3));
    ir_ref tag = ir_setcc(a->b, ir_flagsof(a->b, tags), CC_NE);
    ir_ref r = sparc_bin(a, op, x, y);
    ir_ref f = ir_flagsof(a->b, r);
    r = a->b->ins[f].a;
    ir_ref v = sparc_bin(a, IR_or, ir_setcc(a->b, f, CC_O), tag);
    if (trap) {
        sparc_trap_if(a, ir_flagsof(a->b, sparc_bin(a, IR_or, v, v)), CC_NE, TT_TAG_OVERFLOW);
        /* again, as the values of before may be behind a label */
        r = sparc_bin(a, op, sparc_get(a, a->insn.rs1), sparc_second(a));
        f = ir_flagsof(a->b, r);
        r = a->b->ins[f].a;
        sparc_put(a, a->insn.rd, r);
        sparc_put_flags(a, f, IR_FLAG_ALL); /* V is clear */
        return;
    }
    sparc_put(a, a->insn.rd, r);
    sparc_put_flags(a, f, IR_FLAG_NZ | IR_FLAG_C);
    ir_imm(a->b, IR_putv, IR_NONE, v, 0);
}

static void shift(struct sparc_lift *a, enum ir_op op)
{
    ir_ref count = a->insn.imm ? sparc_i32(a, (uint32_t)a->insn.simm & 31) : sparc_second(a);
    sparc_put(a, a->insn.rd, sparc_bin(a, op, sparc_get(a, a->insn.rs1), count));
}

void sparc_lift_alu(struct sparc_lift *a)
{
    unsigned op = a->insn.op;
    bool cc = op >= SPARC_ADDCC;
    unsigned n = cc ? op - SPARC_ADDCC : op - SPARC_ADD;
    switch (op) {
    case SPARC_SETHI:
        sparc_put(a, a->insn.rd, sparc_i32(a, (uint32_t)a->insn.simm << 10));
        break;
    case SPARC_UMUL:
    case SPARC_UMULCC:
    case SPARC_SMUL:
    case SPARC_SMULCC:
        multiply(a, op == SPARC_SMUL || op == SPARC_SMULCC, cc);
        break;
    case SPARC_UDIV:
    case SPARC_UDIVCC:
        divide(a, HELPER_udiv, cc);
        break;
    case SPARC_SDIV:
    case SPARC_SDIVCC:
        divide(a, HELPER_sdiv, cc);
        break;
    case SPARC_TADDCC:
    case SPARC_TADDCCTV:
        tagged(a, IR_add, op == SPARC_TADDCCTV);
        break;
    case SPARC_TSUBCC:
    case SPARC_TSUBCCTV:
        tagged(a, IR_sub, op == SPARC_TSUBCCTV);
        break;
    case SPARC_MULSCC:
        multiply_step(a);
        break;
    case SPARC_SLL:
        shift(a, IR_shl);
        break;
    case SPARC_SRL:
        shift(a, IR_shr);
        break;
    case SPARC_SRA:
        shift(a, IR_sar);
        break;
    default:
        plain(a, &plains[n], cc);
    }
}
