/*
 * Pass 'm': equal expressions are computed once.
 *
 * One walk forwards with a table of recent pure integer operations, by operation and operands. An
 * instruction that repeats one of them becomes its value; operands are renamed as they are met. The
 * table is emptied at labels, which no value may cross, and an entry is too old after REACH
 * instructions: keeping a value in a register for long costs more than computing it again.
 *
 * An operation followed by `flagsof` stays, because its flags are wanted, but its value serves
 * others: `cmp a, b` and a later `sub a, b` become one subtraction.
 *
 * Then an addition of a constant goes behind the access through the same base that it stands before
 * (`push`, write-back of an address): the sum can take the base's register, which the access, as it
 * may fault, still needs as it was.
 */
#include <string.h>

#include <translator/ir_fold.h>

#define SLOTS 64
#define REACH 24

struct same {
    struct ir_block *b;
    ir_ref as[IR_MAX_INS + 1];
    ir_ref slot[SLOTS];
};

static bool pure(const struct ir_ins *i)
{
    return i->op == IR_const ||
           (i->op >= IR_add && i->op <= IR_pair && i->op != IR_adc && i->op != IR_sbb);
}

static bool equal(const struct ir_ins *i, const struct ir_ins *k)
{
    return i->op == k->op && i->type == k->type && i->imm == k->imm && i->aux == k->aux &&
           i->c == k->c &&
           ((i->a == k->a && i->b == k->b) ||
            (ir_traits(i->op) & TRAIT_COMMUTES && i->a == k->b && i->b == k->a));
}

static ir_ref *slot_of(struct same *s, const struct ir_ins *i)
{
    uint32_t h = i->op * 31u + i->type + (uint32_t)i->imm * 17u + (uint32_t)(i->a + i->b) * 7u;
    return &s->slot[(h ^ h >> 7) & (SLOTS - 1)];
}

static void one(struct same *s, unsigned n)
{
    struct ir_ins *i = &s->b->ins[n];
    if (i->op == IR_label)
        memset(s->slot, 0, sizeof s->slot);
    if (!pure(i))
        return;
    ir_ref *at = slot_of(s, i);
    bool near = *at != 0 && (i->op == IR_const || n - *at <= REACH);
    bool flags = n < s->b->count && i[1].op == IR_flagsof;
    if (!near || !equal(i, &s->b->ins[*at])) {
        *at = (ir_ref)n;
    } else if (!flags) {
        s->as[n] = *at;
        i->op = IR_END;
    }
}

static bool access_beside(const struct ir_block *b, const struct ir_ins *sum, unsigned access)
{
    const struct ir_ins *i = &b->ins[access];
    uint64_t c;
    return (i->op == IR_ld || i->op == IR_st) && (sum->op == IR_add || sum->op == IR_sub) &&
           i->a == sum->a && i->b != access - 1 && i->c != access - 1 && ir_is_const(b, sum->b, &c);
}

static void sink_sums(struct same *s)
{
    struct ir_ins *ins = s->b->ins;
    for (unsigned n = 1, last = 0; n <= s->b->count; n++) { /* ins[n - 1] was number `last` */
        struct ir_ins i = ins[n];
        i.a = s->as[i.a];
        i.b = s->as[i.b];
        i.c = s->as[i.c];
        ins[n] = i;
        s->as[n] = (ir_ref)n;
        if (n > 1 && access_beside(s->b, &ins[n - 1], n)) {
            ins[n] = ins[n - 1];
            ins[n - 1] = i;
            s->as[n] = (ir_ref)(n - 1);
            s->as[last] = (ir_ref)n;
        } else {
            last = n;
        }
    }
}

void ir_pass_same(struct ir_block *b)
{
    struct same s = {.b = b};
    memset(s.slot, 0, sizeof s.slot);
    s.as[0] = 0;
    for (unsigned n = 1; n <= b->count; n++) {
        struct ir_ins *i = &b->ins[n];
        s.as[n] = (ir_ref)n;
        if (i->op == IR_END)
            continue;
        i->a = s.as[i->a];
        i->b = s.as[i->b];
        i->c = s.as[i->c];
        one(&s, n);
    }
    ir_compact(b);
    sink_sums(&s);
}
