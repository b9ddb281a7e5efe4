/*
 * Pass 'n': what depends on flags comes close to the operation that gives them.
 *
 * A host has one flags register. A condition that is asked after other arithmetic has used it costs
 * a copy of the flags into memory and back, so:
 *
 *   - `setcc` and `select` whose other operands are at hand move up to the `flagsof`; they are pure,
 *     so only the order of their operands' definitions binds them;
 *   - a branch, which cannot move, on the flags of a subtraction repeats it just before the branch,
 *     unless Z or N alone are asked, which the result has (pass_lazy.c).
 *
 * Only stretches without labels are looked at. The block is built anew; where it would grow too
 * large it stays as it was.
 */
#include <string.h>

#include <translator/ir_fold.h>

#define REACH 16 /* instructions looked at behind a `flagsof` */

struct near {
    const struct ir_block *from;
    struct ir_block to;
    ir_ref as[IR_MAX_INS + 1];   /* new number of each value, 0: not yet there */
    bool moved[IR_MAX_INS + 1];  /* already in the new block */
    unsigned at[IR_MAX_INS + 1]; /* of each flags value: `spoilt` when it was made */
    unsigned spoilt;             /* counts operations that use the host's flags register */
    bool full;
};

static ir_ref emit(struct near *w, struct ir_ins i)
{
    if (w->to.count >= IR_MAX_INS - 4) {
        w->full = true;
        return 1;
    }
    w->to.ins[++w->to.count] = i;
    return (ir_ref)w->to.count;
}

/* Does host code of i probably use the host's flags register? */
static bool spoils(const struct ir_ins *i)
{
    switch (i->op) {
    case IR_adc:
    case IR_sbb:
        return true;
    case IR_add: /* lea */
    case IR_not:
    case IR_setcc:
    case IR_select:
    case IR_zext8:
    case IR_zext16:
    case IR_sext8:
    case IR_sext16:
    case IR_zext32:
    case IR_sext32:
    case IR_lo32:
        return false;
    default:
        return i->op == IR_call || i->op == IR_align || (i->op >= IR_sub && i->op <= IR_inserth);
    }
}

static bool wants_flags(const struct near *w, unsigned n)
{
    return n < w->from->count && w->from->ins[n + 1].op == IR_flagsof;
}

static bool at_hand(const struct near *w, ir_ref r)
{
    return r == 0 || w->as[r] != 0 || w->from->ins[r].op == IR_const;
}

static ir_ref operand(struct near *w, ir_ref r)
{
    if (r != 0 && w->as[r] == 0)
        w->as[r] = emit(w, w->from->ins[r]); /* a constant */
    return w->as[r];
}

static void copy(struct near *w, unsigned n)
{
    struct ir_ins i = w->from->ins[n];
    i.a = operand(w, i.a);
    i.b = operand(w, i.b);
    i.c = operand(w, i.c);
    w->as[n] = emit(w, i);
}

/* Move up what asks f, just emitted, later than something that spoils the flags. */
static void fetch_uses(struct near *w, unsigned f)
{
    const struct ir_block *b = w->from;
    bool far = false;
    for (unsigned n = f + 1; n <= b->count && n <= f + REACH; n++) {
        const struct ir_ins *i = &b->ins[n];
        if (i->op == IR_label || ir_traits(i->op) & TRAIT_EXIT)
            return;
        bool asks = (i->op == IR_setcc || i->op == IR_select) && i->a == f;
        if (asks && far && at_hand(w, i->b) && at_hand(w, i->c)) {
            copy(w, n);
            w->moved[n] = true;
        }
        far = far || spoils(i) || (i->op == IR_add && wants_flags(w, n));
    }
}

/* Flags for the branch i: those it names, or of the same subtraction done again. */
static void repeat(struct near *w, struct ir_ins *i)
{
    const struct ir_ins *f = &w->to.ins[i->a];
    unsigned pair = i->aux & ~1u;
    if (f->op != IR_flagsof || w->at[i->a] == w->spoilt || pair == CC_E || pair == CC_S)
        return;
    struct ir_ins o = w->to.ins[f->a];
    if (o.op != IR_sub)
        return;
    ir_ref r = emit(w, o);
    i->a = emit(w, (struct ir_ins){.op = IR_flagsof, .type = f->type, .a = r});
    w->at[w->to.count] = ++w->spoilt;
}

static void one(struct near *w, unsigned n)
{
    struct ir_ins i = w->from->ins[n];
    if (w->moved[n] || (i.op == IR_const && w->as[n] != 0))
        return;
    if (spoils(&i) || wants_flags(w, n))
        w->spoilt++;
    i.a = w->as[i.a];
    i.b = w->as[i.b];
    i.c = w->as[i.c];
    if (i.op == IR_brcc)
        repeat(w, &i);
    ir_ref r = w->as[n] = emit(w, i);
    if (i.op == IR_flagsof) {
        w->at[r] = w->spoilt;
        fetch_uses(w, n);
    }
}

void ir_pass_near(struct ir_block *b)
{
    struct near w;
    bool any = false;
    for (unsigned n = 1; n <= b->count && !any; n++)
        any = b->ins[n].op == IR_flagsof;
    if (!any)
        return;
    w.from = b;
    w.to.count = 0;
    w.spoilt = 0;
    w.full = false;
    memset(w.as, 0, (b->count + 1) * sizeof w.as[0]);
    memset(w.moved, 0, b->count + 1);
    w.to.ins[0] = b->ins[0];
    for (unsigned n = 1; n <= b->count && !w.full; n++)
        one(&w, n);
    if (w.full)
        return;
    memcpy(b->ins, w.to.ins, (w.to.count + 1) * sizeof b->ins[0]);
    b->count = w.to.count;
}
