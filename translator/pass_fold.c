/*
 * Pass 'c': constants, algebraic identities, copies, and branches whose outcome is known.
 *
 * One walk forwards. `as` says which value stands for each instruction now; operands are renamed as
 * they are met, so a chain of simplifications costs one step each. A replacement is an operand of
 * what it replaces, so no label lies between it and the uses. An operation that a `flagsof` follows
 * stays as it is: its flags are wanted.
 */
#include <translator/ir_fold.h>

struct fold {
    struct ir_block *b;
    ir_ref as[IR_MAX_INS + 1];
};

/* Flags that are known: of an operation on constants, perhaps with C inverted. */
static bool known_flags(const struct ir_block *b, ir_ref r, struct ir_flags *f)
{
    bool invert = false;
    for (; b->ins[r].op == IR_fnotc; r = b->ins[r].a)
        invert = !invert;
    const struct ir_ins *i = &b->ins[r];
    if (i->op != IR_flagsof)
        return false;
    const struct ir_ins *o = &b->ins[i->a];
    uint64_t x, y = 0, result;
    if (o->op == IR_adc || o->op == IR_sbb || !ir_is_const(b, o->a, &x) ||
        (o->b != 0 && !ir_is_const(b, o->b, &y)) ||
        !ir_eval(o->op, o->type, x, y, false, &result, f))
        return false;
    f->c ^= invert;
    return true;
}

/* True if what follows n up to the next label holds no guest instruction: then it can be dropped
 * once a branch jumps over it. Guest instructions stay, because `site` counts them. */
static bool skippable(const struct ir_block *b, unsigned n)
{
    while (n < b->count && b->ins[n + 1].op != IR_label)
        if (b->ins[++n].op == IR_insn)
            return false;
    return true;
}

static void kill_until_label(struct ir_block *b, unsigned n)
{
    while (n < b->count && b->ins[n + 1].op != IR_label)
        b->ins[++n].op = IR_END;
}

static void fold_branch(struct fold *x, unsigned n)
{
    struct ir_ins *i = &x->b->ins[n];
    struct ir_flags f;
    if (i->op == IR_brcc && known_flags(x->b, i->a, &f)) {
        if (!ir_cc_holds(f, i->aux)) {
            i->op = IR_END;
            return;
        }
        if (skippable(x->b, n)) {
            *i = (struct ir_ins){.op = IR_br, .imm = i->imm};
            kill_until_label(x->b, n);
        }
    }
    if (ir_label_follows(x->b, n, i->imm))
        i->op = IR_END;
}

/* setcc, select, adc and sbb on known flags. */
static void fold_flags(struct fold *x, unsigned n, bool *gone)
{
    struct ir_ins *i = &x->b->ins[n];
    struct ir_flags f;
    bool carry = i->op == IR_adc || i->op == IR_sbb;
    if (!known_flags(x->b, carry ? i->c : i->a, &f))
        return;
    if (i->op == IR_setcc) {
        *i = (struct ir_ins){.op = IR_const, .type = IR_I32, .imm = ir_cc_holds(f, i->aux) ? 1 : 0};
    } else if (i->op == IR_select) {
        x->as[n] = ir_cc_holds(f, i->aux) ? i->b : i->c;
        *gone = true;
    } else if (carry && f.c == 0) {
        i->op = i->op == IR_adc ? IR_add : IR_sub;
        i->c = 0;
    }
}

static void fold_value(struct fold *x, unsigned n)
{
    struct ir_block *b = x->b;
    struct ir_ins *i = &b->ins[n];
    bool gone = false;
    if (i->op == IR_setcc || i->op == IR_select || i->op == IR_adc || i->op == IR_sbb)
        fold_flags(x, n, &gone);
    if (!gone && !(n < b->count && i[1].op == IR_flagsof)) {
        ir_ref same;
        while (!gone) {
            enum ir_simple what = ir_simplify(b, i, false, &same);
            if (what == IR_SAME) {
                x->as[n] = same;
                gone = true;
            } else if (what == IR_KEEP) {
                break;
            }
        }
    }
    if (gone)
        i->op = IR_END;
}

void ir_pass_fold(struct ir_block *b)
{
    struct fold x;
    x.b = b;
    x.as[0] = 0;
    for (unsigned n = 1; n <= b->count; n++) {
        struct ir_ins *i = &b->ins[n];
        x.as[n] = (ir_ref)n;
        if (i->op == IR_END)
            continue;
        i->a = x.as[i->a];
        i->b = x.as[i->b];
        i->c = x.as[i->c];
        if (i->op == IR_br || i->op == IR_brcc)
            fold_branch(&x, n);
        else if (i->op == IR_st && i->type == IR_I32 && (i->aux & MEM_SIZE) < 2)
            i->c = ir_low_part(b, i->c, (i->aux & MEM_SIZE) + 1u);
        else if (i->op >= IR_add && i->op <= IR_vhigh)
            fold_value(&x, n);
    }
    ir_compact(b);
}
