/*
 * Pass 'f': conditions are asked of the simplest flags value that can answer them.
 *
 *   of fnotc(f)               C alone: f with the opposite condition; without C: f itself
 *   of a logical operation    C and V are 0: conditions on them are weaker ones on N and Z
 *   "is setcc(f, cc) zero?"   f with cc or its opposite
 *
 * The flags values in between then often have no use left, and pass_dead removes them. A value
 * that is newly named here was an operand of the old one, so no label lies between.
 */
#include <translator/ir_fold.h>

/* Condition that equals cc when C and V are 0, for each pair of conditions (cc >> 1). */
static const uint8_t without_carry[8] = {
    [CC_O / 2] = CC_O, [CC_B / 2] = CC_B, [CC_E / 2] = CC_E, [CC_BE / 2] = CC_E,
    [CC_S / 2] = CC_S, [CC_P / 2] = CC_P, [CC_L / 2] = CC_S, [CC_LE / 2] = CC_LE,
};

static bool is_logic(unsigned op)
{
    return op == IR_and || op == IR_or || op == IR_xor;
}

/* The i32 value that is zero exactly when Z is set by operation o, or 0. */
static ir_ref tested(const struct ir_block *b, const struct ir_ins *o)
{
    uint64_t v;
    if (o->type != IR_I32)
        return 0;
    if ((o->op == IR_and || o->op == IR_or) && o->a == o->b)
        return o->a;
    if (ir_is_const(b, o->b, &v) &&
        ((v == 0 && (o->op == IR_sub || o->op == IR_or || o->op == IR_xor || o->op == IR_add)) ||
         (v == 1 && o->op == IR_and)))
        return o->a;
    return 0;
}

/* One step towards a simpler flags value; false: none. */
static bool simpler(const struct ir_block *b, struct ir_ins *i)
{
    const struct ir_ins *f = &b->ins[i->a];
    unsigned pair = i->aux & ~1u;
    if (f->op == IR_fnotc) {
        if (pair == CC_BE)
            return false;
        i->aux ^= pair == CC_B;
        i->a = f->a;
        return true;
    }
    if (f->op != IR_flagsof)
        return false;
    const struct ir_ins *o = &b->ins[f->a];
    if (is_logic(o->op))
        i->aux = (uint8_t)(without_carry[i->aux >> 1 & 7] | (i->aux & 1));
    ir_ref t = (i->aux & ~1u) == CC_E ? tested(b, o) : 0;
    if (t == 0 || b->ins[t].op != IR_setcc)
        return false;
    /* Zero (E) means that the condition of the setcc does not hold. */
    i->aux = b->ins[t].aux ^ (i->aux == CC_E);
    i->a = b->ins[t].a;
    return true;
}

void ir_pass_flags(struct ir_block *b)
{
    for (unsigned n = 1; n <= b->count; n++) {
        struct ir_ins *i = &b->ins[n];
        if (i->op != IR_setcc && i->op != IR_select && i->op != IR_brcc)
            continue;
        while (simpler(b, i))
            ;
    }
}
