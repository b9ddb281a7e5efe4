/*
 * Operations on the low 8 or 16 bits of registers: the host's own instructions of that width, which
 * leave the bits above as they are and set EFLAGS as the table asks.
 */
#include "lower.h"

/* Row 0 of the host's eight operations of each width, and place of each of ours among them. */
static const uint8_t first_row[3] = {0, X_ADD8, X_ADD16}, first_imm[3] = {0, X_ADD8_I, X_ADD16_I};
static const uint8_t place_of[] = {
    [IR_nadd - IR_nadd] = X_ADD8 - X_ADD8, [IR_nsub - IR_nadd] = X_SUB8 - X_ADD8,
    [IR_nadc - IR_nadd] = X_ADC8 - X_ADD8, [IR_nsbb - IR_nadd] = X_SBB8 - X_ADD8,
    [IR_nand - IR_nadd] = X_AND8 - X_ADD8, [IR_nor - IR_nadd] = X_OR8 - X_ADD8,
    [IR_nxor - IR_nadd] = X_XOR8 - X_ADD8,
};

/* Operand b; a constant as a sign-extended byte, or in a register. */
static struct operand part_operand(struct gen *g, const struct ir_ins *i)
{
    if (!is_const(g, i->b))
        return operand_of(g, i->b);
    int32_t imm = (int32_t)const_of(g, i->b);
    imm = i->aux == PART_8 ? (int8_t)imm : (int16_t)imm;
    if (imm == (int8_t)imm)
        return (struct operand){.kind = O_IMM, .imm = imm};
    return (struct operand){.kind = O_REG, .reg = (uint8_t)reg_of(g, i->b)};
}

static void apply(struct gen *g, unsigned place, unsigned part, unsigned reg,
                  const struct operand *o)
{
    if (o->kind == O_IMM)
        x86_rr(&g->c, (enum x86_op)(first_imm[part] + place), false, 0, reg, o->imm);
    else
        x_apply(g, (enum x86_op)(first_row[part] + place), false, reg, o);
}

/* d := a, where b must survive: b's register if it is d is copied first. */
static unsigned destination(struct gen *g, ir_ref a, unsigned ra, struct operand *b)
{
    unsigned d = dst_reg(g, a);
    if (b->kind == O_REG && b->reg == d && ra != d) {
        unsigned t = scratch(g);
        mov_rr(g, false, t, d);
        b->reg = (uint8_t)t;
    }
    mov_rr(g, false, d, ra);
    return d;
}

static void arithmetic(struct gen *g, const struct ir_ins *i)
{
    bool unused = flags_wanted(g) && !used(g, (ir_ref)g->at);
    if (i->op == IR_nadc || i->op == IR_nsbb)
        flags_carry(g, i->c);
    else
        flags_clobber(g);
    unsigned ra = reg_of(g, i->a);
    struct operand o = part_operand(g, i);
    if (unused && i->op == IR_nsub) {
        apply(g, X_CMP8 - X_ADD8, i->aux, ra, &o);
        return;
    }
    if (unused && i->op == IR_nand && o.kind == O_REG) {
        x86_rr(&g->c, i->aux == PART_8 ? X_TEST8 : X_TEST16, false, o.reg, ra, 0);
        return;
    }
    if (unused && i->op == IR_nand && o.kind == O_IMM && i->aux == PART_8) {
        x86_rr(&g->c, X_TEST8_I, false, 0, ra, o.imm);
        return;
    }
    unsigned d = destination(g, i->a, ra, &o);
    apply(g, place_of[i->op - IR_nadd], i->aux, d, &o);
}

static void insert(struct gen *g, const struct ir_ins *i)
{
    unsigned ra = reg_of(g, i->a);
    struct operand o = {.kind = O_REG, .reg = (uint8_t)reg_of(g, i->b)};
    unsigned d = destination(g, i->a, ra, &o);
    x86_rr(&g->c, i->aux == PART_8 ? X_MOV8 : X_MOV16, false, d, o.reg, 0);
}

static void insert_high(struct gen *g, const struct ir_ins *i)
{
    flags_clobber(g);
    unsigned ra = reg_of(g, i->a), rb = reg_of(g, i->b), t = rb;
    if (i->a == i->b || ra == rb) { /* the rotation moves b, too */
        t = scratch(g);
        mov_rr(g, false, t, rb);
    }
    struct operand o = {.kind = O_REG, .reg = (uint8_t)t};
    unsigned d = destination(g, i->a, ra, &o);
    x86_rr(&g->c, X_ROL16_I, false, 0, d, 8);
    x86_rr(&g->c, X_MOV8, false, d, o.reg, 0);
    x86_rr(&g->c, X_ROL16_I, false, 0, d, 8);
}

void lower_part(struct gen *g, const struct ir_ins *i)
{
    if (i->op == IR_insert)
        insert(g, i);
    else if (i->op == IR_inserth)
        insert_high(g, i);
    else
        arithmetic(g, i);
}
