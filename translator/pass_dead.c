/*
 * Pass 'd': removes instructions whose values nobody uses, and closes the gaps.
 *
 * One walk backwards: every use of a value comes after its definition, so when an instruction is
 * reached all its uses have been seen. Effects, faults, exits and writes of state stay; so does
 * arithmetic that may set exception flags. An unused `flagsof` goes, and with it the work its
 * operation would have to compute flags.
 *
 * `or v, v` is how flags of v are asked for; whoever uses its value gets v itself, so that it stays
 * only for its flags.
 */
#include <string.h>

#include <translator/ir_fold.h>

static void see_through(const struct ir_block *b, ir_ref *r)
{
    while (b->ins[*r].op == IR_or && b->ins[*r].a == b->ins[*r].b)
        *r = b->ins[*r].a;
}

void ir_pass_dead(struct ir_block *b)
{
    uint8_t used[IR_MAX_INS + 1];
    memset(used, 0, b->count + 1);
    for (unsigned n = 1; n <= b->count; n++) {
        struct ir_ins *i = &b->ins[n];
        if (i->op != IR_flagsof)
            see_through(b, &i->a);
        see_through(b, &i->b);
        see_through(b, &i->c);
    }
    for (unsigned n = b->count; n > 0; n--) {
        struct ir_ins *i = &b->ins[n];
        if (i->op == IR_END)
            continue;
        if (!used[n] && !(ir_traits(i->op) & TRAIT_KEPT)) {
            i->op = IR_END;
            continue;
        }
        used[i->a] = used[i->b] = used[i->c] = 1;
    }
    ir_compact(b);
}

void ir_compact(struct ir_block *b)
{
    ir_ref now[IR_MAX_INS + 1];
    unsigned to = 0;
    now[0] = 0;
    for (unsigned n = 1; n <= b->count; n++) {
        if (b->ins[n].op == IR_END)
            continue;
        now[n] = (ir_ref)++to;
        struct ir_ins *i = &b->ins[to];
        if (to != n)
            *i = b->ins[n];
        i->a = now[i->a];
        i->b = now[i->b];
        i->c = now[i->c];
    }
    b->count = to;
}

bool ir_label_follows(const struct ir_block *b, unsigned n, int64_t label)
{
    while (n < b->count && (b->ins[n + 1].op == IR_END || b->ins[n + 1].op == IR_label))
        if (b->ins[++n].op == IR_label && b->ins[n].imm == label)
            return true;
    return false;
}
