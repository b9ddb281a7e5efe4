/*
 * Integer operations.
 *
 * add and sub become lea where EFLAGS must live or three operands differ; shifts use BMI2 when it
 * is there. An operation followed by a used flagsof takes the form that sets EFLAGS, and one whose
 * value is not used takes cmp or test.
 */
#include "lower.h"

#include <string.h>

static bool fits32(const struct gen *g, ir_ref v)
{
    int64_t k = (int64_t)const_of(g, v);
    return k == (int32_t)k || g->ir->ins[v].type == IR_I32;
}

/* reg := reg op o, for the rows ADD...CMP and their immediate forms. */
static void alu(struct gen *g, enum x86_op op, bool w, unsigned reg, const struct operand *o)
{
    if (o->kind == O_IMM)
        x86_rr(&g->c, op - X_ADD + X_ADD_I, w, 0, reg, o->imm);
    else
        x_apply(g, op, w, reg, o);
}

/* d := a op o with two-operand instructions; a in register ra. */
static void two_operand(struct gen *g, enum x86_op op, bool w, unsigned d, unsigned ra,
                        const struct operand *o, bool commutes)
{
    if (o->kind == O_REG && o->reg == d && ra != d) {
        if (commutes) {
            x86_rr(&g->c, op, w, d, ra, 0);
            return;
        }
        unsigned t = scratch(g);
        mov_rr(g, w, t, ra);
        x86_rr(&g->c, op, w, t, d, 0);
        mov_rr(g, w, d, t);
        return;
    }
    mov_rr(g, w, d, ra);
    alu(g, op, w, d, o);
}

/* add or sub without flags, as lea if that is better; true if it was done. */
static bool try_lea(struct gen *g, const struct ir_ins *i, bool w, unsigned ra,
                    const struct operand *o)
{
    if (o->kind == O_MEM || (i->op == IR_sub && o->kind != O_IMM))
        return false;
    bool keep = flags_busy(g);
    unsigned d = dst_reg(g, i->a);
    if (d == ra && !keep && !chance(g, 2)) {
        alu(g, i->op == IR_add ? X_ADD : X_SUB, w, d, o);
        return true;
    }
    if (o->kind == O_REG && o->reg == d && !keep) {
        x86_rr(&g->c, X_ADD, w, d, ra, 0);
        return true;
    }
    struct mem m = mem_base(ra, 0);
    if (o->kind == O_IMM)
        m.disp = i->op == IR_add ? o->imm : (int32_t)(0u - (uint32_t)o->imm);
    else
        m.index = o->reg;
    if ((m.base & 7) == RBP && m.index != NO_REG) { /* that base would need a displacement */
        m.base = m.index;
        m.index = (uint8_t)ra;
    }
    if (m.disp == 0 && m.index == NO_REG)
        mov_rr(g, w, d, ra);
    else
        x86_rm(&g->c, X_LEA, w, d, &m, 0);
    return true;
}

#define MIN32 0xffffffff80000000ull /* cannot be negated as an immediate */

/* a + (b << n), the shift folded. */
static void add_shifted(struct gen *g, ir_ref a, ir_ref shift)
{
    const struct ir_ins *s = &g->ir->ins[shift];
    struct mem m = {
        .base = NO_REG, .index = (uint8_t)reg_of(g, s->a), .scale = (uint8_t)const_of(g, s->b)};
    if (is_const(g, a))
        m.disp = (int32_t)const_of(g, a);
    else
        m.base = (uint8_t)reg_of(g, a);
    x86_rm(&g->c, X_LEA, false, dst_reg(g, is_const(g, a) ? s->a : a), &m, 0);
}

static void add_sub(struct gen *g, const struct ir_ins *i)
{
    if (is_folded(g, i->a) || is_folded(g, i->b)) {
        add_shifted(g, is_folded(g, i->a) ? i->b : i->a, is_folded(g, i->a) ? i->a : i->b);
        return;
    }
    bool w = is_wide(i->type), flags = flags_wanted(g);
    ir_ref a = i->a, b = i->b;
    if (i->op == IR_add && (is_const(g, a) || (g->v[b].place == P_REG && !used(g, b) &&
                                               g->v[a].place != P_REG && !is_const(g, b)))) {
        a = i->b;
        b = i->a;
    }
    bool plain = i->op == IR_add ? !is_const(g, b) || fits32(g, b)
                                 : is_const(g, b) && fits32(g, b) && const_of(g, b) != MIN32;
    if (flags || !plain)
        flags_clobber(g);
    if (flags && !used(g, (ir_ref)g->at) && i->op == IR_sub) {
        struct operand o;
        if (g->v[a].place == P_STATE && is_const(g, b) && fits32(g, b) &&
            g->ir->ins[a].type != IR_I8 && !used(g, a)) {
            struct mem m = state_mem(g->v[a].off);
            x86_rm(&g->c, X_CMP_I, w, 0, &m, (int32_t)const_of(g, b));
            return;
        }
        unsigned r = reg_of(g, a);
        o = operand_of(g, b);
        if (o.kind == O_IMM && o.imm == 0)
            x86_rr(&g->c, X_TEST, w, r, r, 0); /* the same flags: C = V = 0 */
        else
            alu(g, X_CMP, w, r, &o);
        return;
    }
    unsigned ra = reg_of(g, a);
    struct operand o = operand_of(g, b);
    struct ir_ins swapped = *i;
    swapped.a = a;
    swapped.b = b;
    if (!flags && plain && o.kind == O_MEM) {
        if (flags_busy(g))
            o = (struct operand){.kind = O_REG, .reg = (uint8_t)reg_of(g, b)};
        else
            plain = false;
    }
    if (!flags && plain && try_lea(g, &swapped, w, ra, &o))
        return;
    unsigned d = dst_reg(g, a);
    two_operand(g, i->op == IR_add ? X_ADD : X_SUB, w, d, ra, &o, i->op == IR_add);
}

static void carry_op(struct gen *g, const struct ir_ins *i)
{
    bool w = is_wide(i->type);
    flags_carry(g, i->c);
    unsigned ra = reg_of(g, i->a);
    struct operand o = operand_of(g, i->b);
    unsigned d = dst_reg(g, i->a);
    two_operand(g, i->op == IR_adc ? X_ADC : X_SBB, w, d, ra, &o, i->op == IR_adc);
}

static void logic(struct gen *g, const struct ir_ins *i)
{
    static const uint8_t op[] = {
        [IR_and - IR_and] = X_AND, [IR_or - IR_and] = X_OR, [IR_xor - IR_and] = X_XOR};
    bool w = is_wide(i->type), flags = flags_wanted(g);
    ir_ref a = i->a, b = i->b;
    if (is_const(g, a) ||
        (g->v[b].place == P_REG && !used(g, b) && !is_const(g, b) && g->v[a].place != P_REG)) {
        a = i->b;
        b = i->a;
    }
    if (!flags && i->op == IR_and && is_const(g, b) &&
        (const_of(g, b) == 0xff || const_of(g, b) == 0xffff)) {
        unsigned r = reg_of(g, a), d = dst_reg(g, a);
        x86_rr(&g->c, const_of(g, b) == 0xff ? X_MOVZX8 : X_MOVZX16, false, d, r, 0);
        return;
    }
    flags_clobber(g);
    if (flags && !used(g, (ir_ref)g->at) && i->op != IR_xor && a == b) {
        struct operand o = {.kind = O_REG};
        if (g->v[a].place == P_STATE && g->v[a].next == 0 && g->ir->ins[a].type == i->type)
            o = operand_of(g, a);
        unsigned r = o.kind == O_MEM ? 0 : reg_of(g, a);
        if (o.kind == O_MEM)
            x86_rm(&g->c, X_CMP_I, w, 0, &o.m, 0);
        else
            x86_rr(&g->c, X_TEST, w, r, r, 0);
        return;
    }
    if (flags && !used(g, (ir_ref)g->at) && i->op == IR_and) {
        unsigned r = reg_of(g, a);
        struct operand o = operand_of(g, b);
        if (o.kind == O_IMM)
            x86_rr(&g->c, X_TEST_I, w, 0, r, o.imm);
        else if (o.kind == O_REG)
            x86_rr(&g->c, X_TEST, w, r, o.reg, 0);
        else
            x86_rm(&g->c, X_TEST, w, r, &o.m, 0);
        return;
    }
    unsigned ra = reg_of(g, a);
    struct operand o = operand_of(g, b);
    if (flags && !used(g, (ir_ref)g->at)) {
        unsigned t = scratch(g);
        two_operand(g, op[i->op - IR_and], w, t, ra, &o, true);
        return;
    }
    unsigned d = dst_reg(g, a);
    two_operand(g, op[i->op - IR_and], w, d, ra, &o, true);
}

static void not_neg(struct gen *g, const struct ir_ins *i)
{
    if (i->op == IR_neg)
        flags_clobber(g);
    unsigned ra = reg_of(g, i->a), d = dst_reg(g, i->a);
    mov_rr(g, is_wide(i->type), d, ra);
    x86_rr(&g->c, i->op == IR_neg ? X_NEG : X_NOT, is_wide(i->type), 0, d, 0);
}

enum { BY_CONST, BY_CL, BY_BMI2 };
static const uint8_t shift_op[][3] = {
    [IR_shl - IR_shl] = {X_SHL_I, X_SHL_C, X_SHLX},
    [IR_shr - IR_shl] = {X_SHR_I, X_SHR_C, X_SHRX},
    [IR_sar - IR_shl] = {X_SAR_I, X_SAR_C, X_SARX},
    [IR_ror - IR_shl] = {X_ROR_I, X_ROR_C, X_ROR_C},
};

static void shift_const(struct gen *g, const struct ir_ins *i, bool w)
{
    unsigned n = (unsigned)const_of(g, i->b) & (w ? 63 : 31);
    bool bmi = x86_features & HAS_BMI2, busy = flags_busy(g);
    bool lea = i->op == IR_shl && n >= 1 && n <= 3 && busy;
    bool rorx = i->op == IR_ror && bmi && n != 0;
    if (n != 0 && !lea && !rorx)
        flags_clobber(g);
    unsigned ra = reg_of(g, i->a), d = dst_reg(g, i->a);
    if (rorx) {
        x86_vex(&g->c, X_RORX, w, d, 0, ra, (int32_t)n);
    } else if (lea || (i->op == IR_shl && d != ra && n == 1)) {
        struct mem m = {.base = (uint8_t)(n == 1 ? ra : NO_REG),
                        .index = (uint8_t)ra,
                        .scale = (uint8_t)(n == 1 ? 0 : n)};
        if (n == 1 && (ra & 7) == RBP)
            m.base = NO_REG, m.scale = 1;
        x86_rm(&g->c, X_LEA, w, d, &m, 0);
    } else {
        mov_rr(g, w, d, ra);
        if (n != 0)
            x86_rr(&g->c, shift_op[i->op - IR_shl][BY_CONST], w, 0, d, (int32_t)n);
    }
}

static void shift(struct gen *g, const struct ir_ins *i)
{
    bool w = is_wide(i->type);
    if (is_const(g, i->b)) {
        shift_const(g, i, w);
        return;
    }
    if (i->op != IR_ror && (x86_features & HAS_BMI2)) {
        unsigned ra = reg_of(g, i->a), rb = reg_of(g, i->b), d = dst_reg(g, i->a);
        x86_vex(&g->c, shift_op[i->op - IR_shl][BY_BMI2], w, d, rb, ra, 0);
        return;
    }
    flags_clobber(g);
    place(g, i->b, RCX);
    unsigned ra = reg_of(g, i->a), d = dst_reg(g, ra == RCX ? 0 : i->a);
    mov_rr(g, w, d, ra);
    x86_rr(&g->c, shift_op[i->op - IR_shl][BY_CL], w, 0, d, 0);
}

static void mul(struct gen *g, const struct ir_ins *i)
{
    bool w = is_wide(i->type);
    flags_clobber(g);
    ir_ref a = i->a, b = i->b;
    if (is_const(g, a) || (g->v[b].place == P_REG && !used(g, b) && !is_const(g, b))) {
        a = i->b;
        b = i->a;
    }
    unsigned ra = reg_of(g, a);
    struct operand o = operand_of(g, b);
    unsigned d = dst_reg(g, a);
    if (o.kind == O_IMM) {
        x86_rr(&g->c, X_IMUL_I, w, d, ra, o.imm);
    } else if (o.kind == O_REG && o.reg == d && ra != d) {
        x86_rr(&g->c, X_IMUL, w, d, ra, 0);
    } else {
        mov_rr(g, w, d, ra);
        x_apply(g, X_IMUL, w, d, &o);
    }
}

static void mul_high(struct gen *g, const struct ir_ins *i)
{
    bool w = is_wide(i->type);
    flags_clobber(g);
    place(g, i->a, RAX);
    take(g, RDX);
    unsigned rb = reg_of(g, i->b);
    x86_rr(&g->c, i->op == IR_umulh ? X_MUL : X_IMUL1, w, 0, rb, 0);
    dst_reg_is(g, RDX);
}

/* Division: the cases the host would fault on are answered without dividing. */
static void divide(struct gen *g, const struct ir_ins *i)
{
    bool w = is_wide(i->type), s = i->op == IR_sdiv;
    flags_clobber(g);
    place(g, i->a, RAX);
    take(g, RDX);
    unsigned rb = reg_of(g, i->b);
    x86_rr(&g->c, X_TEST, w, rb, rb, 0);
    uint32_t nonzero = x86_jcc8(&g->c, CC_NE);
    x86_const(&g->c, RAX, 0);
    uint32_t end0 = x86_jcc8(&g->c, CC_E), end1 = 0;
    x86_here8(&g->c, nonzero);
    if (s) { /* a / -1 = -a, also for MIN */
        x86_rr(&g->c, X_CMP_I, w, 0, rb, -1);
        uint32_t normal = x86_jcc8(&g->c, CC_NE);
        x86_rr(&g->c, X_NEG, w, 0, RAX, 0);
        x86_rr(&g->c, X_CMP_I, w, 0, rb, -1);
        end1 = x86_jcc8(&g->c, CC_E);
        x86_here8(&g->c, normal);
        if (w)
            x86_byte(&g->c, 0x48);
        x86_byte(&g->c, X86_CDQ);
    } else {
        x86_const(&g->c, RDX, 0);
    }
    x86_rr(&g->c, s ? X_IDIV : X_DIV, w, 0, rb, 0);
    x86_here8(&g->c, end0);
    if (s)
        x86_here8(&g->c, end1);
    dst_reg_is(g, RAX);
}

/* Counting zeros with bsr or bsf, which leave 0 undefined. */
static void count_zeros(struct gen *g, const struct ir_ins *i)
{
    bool w = is_wide(i->type), lead = i->op == IR_clz;
    int width = w ? 64 : 32;
    flags_clobber(g);
    unsigned ra = reg_of(g, i->a), d;
    if (x86_features & HAS_LZCNT) {
        d = dst_reg(g, i->a);
        x86_rr(&g->c, lead ? X_LZCNT : X_TZCNT, w, d, ra, 0);
        return;
    }
    unsigned t = scratch(g);
    d = dst_reg(g, i->a);
    x86_const(&g->c, t, (uint64_t)(lead ? 2 * width - 1 : width));
    x86_rr(&g->c, lead ? X_BSR : X_BSF, w, d, ra, 0);
    x86_cmov(&g->c, CC_E, w, d, t);
    if (lead)
        x86_rr(&g->c, X_XOR_I, w, 0, d, width - 1);
}

/* x := (x & m) << n | (x >> n) & m, for swaps of neighbouring groups of bits. */
static void swap_bits(struct gen *g, bool w, unsigned x, unsigned t, unsigned m, uint64_t mask,
                      int n)
{
    mov_rr(g, w, t, x);
    x86_rr(&g->c, X_SHR_I, w, 0, t, n);
    x86_const(&g->c, m, w ? mask : (uint32_t)mask);
    x86_rr(&g->c, X_AND, w, t, m, 0);
    x86_rr(&g->c, X_AND, w, x, m, 0);
    x86_rr(&g->c, X_SHL_I, w, 0, x, n);
    x86_rr(&g->c, X_OR, w, x, t, 0);
}

static void reverse_bits(struct gen *g, const struct ir_ins *i)
{
    bool w = is_wide(i->type);
    flags_clobber(g);
    unsigned ra = reg_of(g, i->a), t = scratch(g), m = scratch(g), d = dst_reg(g, i->a);
    mov_rr(g, w, d, ra);
    x86_bswap(&g->c, w, d);
    swap_bits(g, w, d, t, m, 0x0f0f0f0f0f0f0f0full, 4);
    swap_bits(g, w, d, t, m, 0x3333333333333333ull, 2);
    swap_bits(g, w, d, t, m, 0x5555555555555555ull, 1);
}

static void popcount(struct gen *g, const struct ir_ins *i)
{
    bool w = is_wide(i->type);
    flags_clobber(g);
    if (x86_features & HAS_POPCNT) {
        unsigned r = reg_of(g, i->a), to = dst_reg(g, i->a);
        x86_rr(&g->c, X_POPCNT, w, to, r, 0);
        return;
    }
    unsigned ra = reg_of(g, i->a), t = scratch(g), n = scratch(g), u = dst_reg(g, i->a);
    mov_rr(g, w, t, ra); /* clear the lowest one bit until none is left */
    x86_const(&g->c, n, 0);
    uint32_t again = code_offset(&g->c);
    x86_rr(&g->c, X_TEST, w, t, t, 0);
    uint32_t end = x86_jcc(&g->c, CC_E, 0);
    struct mem less = mem_base(t, -1), one = mem_base(n, 1);
    x86_rm(&g->c, X_LEA, false, n, &one, 0);
    x86_rm(&g->c, X_LEA, w, u, &less, 0);
    x86_rr(&g->c, X_AND, w, t, u, 0);
    x86_jmp(&g->c, again);
    x86_patch(&g->c, end, code_offset(&g->c));
    mov_rr(g, false, u, n);
}

static void extend(struct gen *g, const struct ir_ins *i)
{
    static const uint8_t op[IR_OPS] = {
        [IR_zext8] = X_MOVZX8,   [IR_zext16] = X_MOVZX16, [IR_sext8] = X_MOVSX8,
        [IR_sext16] = X_MOVSX16, [IR_sext32] = X_MOVSXD,  [IR_zext32] = X_MOV,
        [IR_lo32] = X_MOV};
    if (i->op == IR_zext32 && g->v[i->a].place == P_PIN) { /* it has zeros above already */
        alias_add(g, (ir_ref)g->at, P_PIN, g->v[i->a].reg, 0);
        return;
    }
    bool zero = i->op == IR_zext8 || i->op == IR_zext16 || i->op == IR_zext32 || i->op == IR_lo32;
    unsigned ra = reg_of(g, i->a), d = dst_reg(g, i->a);
    if (i->op == IR_zext32 && d == ra)
        return;
    x86_rr(&g->c, op[i->op], !zero && is_wide(g->v[g->at].type), d, ra, 0);
}

static void halves(struct gen *g, const struct ir_ins *i)
{
    flags_clobber(g);
    if (i->op == IR_hi32) {
        unsigned ra = reg_of(g, i->a), d = dst_reg(g, i->a);
        mov_rr(g, true, d, ra);
        x86_rr(&g->c, X_SHR_I, true, 0, d, 32);
        return;
    }
    unsigned lo = reg_of(g, i->a), hi = reg_of(g, i->b), d = dst_reg(g, i->b);
    if (d == lo && lo != hi) {
        unsigned t = scratch(g);
        mov_rr(g, true, t, lo);
        lo = t;
    } else if (lo == hi) {
        lo = scratch(g);
        mov_rr(g, true, lo, hi);
    }
    mov_rr(g, true, d, hi);
    x86_rr(&g->c, X_SHL_I, true, 0, d, 32);
    x86_rr(&g->c, X_OR, true, d, lo, 0);
}

void lower_int(struct gen *g, const struct ir_ins *i)
{
    switch (i->op) {
    case IR_const:
        break;
    case IR_add:
    case IR_sub:
        add_sub(g, i);
        break;
    case IR_adc:
    case IR_sbb:
        carry_op(g, i);
        break;
    case IR_and:
    case IR_or:
    case IR_xor:
        logic(g, i);
        break;
    case IR_not:
    case IR_neg:
        not_neg(g, i);
        break;
    case IR_shl:
    case IR_shr:
    case IR_sar:
    case IR_ror:
        shift(g, i);
        break;
    case IR_mul:
        mul(g, i);
        break;
    case IR_umulh:
    case IR_smulh:
        mul_high(g, i);
        break;
    case IR_udiv:
    case IR_sdiv:
        divide(g, i);
        break;
    case IR_clz:
    case IR_ctz:
        count_zeros(g, i);
        break;
    case IR_popcnt:
        popcount(g, i);
        break;
    case IR_bswap: {
        unsigned ra = reg_of(g, i->a), d = dst_reg(g, i->a);
        mov_rr(g, is_wide(i->type), d, ra);
        x86_bswap(&g->c, is_wide(i->type), d);
        break;
    }
    case IR_rbit:
        reverse_bits(g, i);
        break;
    case IR_pair:
    case IR_hi32:
        halves(g, i);
        break;
    default:
        extend(g, i);
    }
}
