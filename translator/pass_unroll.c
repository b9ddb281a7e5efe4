/*
 * Pass 'u': a short loop at the beginning of a block goes round several times in it.
 *
 * What is behind a jump cannot know what was before it: there the flags have to be in memory, pinned vectors
 * may have to be loaded, and attention is looked for. In a loop of a few instructions that is half of the work.
 * So where a block branches back to its own beginning (IR_FLOW_LOOP, which the frontend says), what it goes
 * round is put there several times, and the other passes see straight code:
 *
 *       body                           body
 *       brcc.cc f, L                   brcc.!cc f, X
 *       rest                           body'
 *     L:                               brcc.!cc f', X'
 *       jump self                      jump self
 *     side exits                     X:
 *                                      jump to rest
 *                                    side exits of body
 *                                    X':
 *                                      jump to rest
 *                                    side exits of body'
 *
 * or, if the block ends with `jump self`, without the branch and X. Blocks that call C functions stay as they
 * are: the call is what takes time there, and with icount its moment counts. So do loops of arithmetic alone,
 * which take as long as each operation waits for the one before.
 */
#include <string.h>

#include <translator/backend.h>
#include <translator/ir_fold.h>

#define COPIES_MOST 4
#define INSNS_FEW   8  /* of the guest: up to here COPIES_MOST times, */
#define INSNS_MOST  24 /* up to here twice */
#define IR_MOST     (IR_MAX_INS / 4)
#define REGS        16

struct loop {
    const struct ir_block *from;
    struct ir_block to;
    unsigned end;    /* the first exit; behind it are only labels and what stands there */
    unsigned loop;   /* the `jump` to the beginning */
    unsigned branch; /* behind the body: to L, or it is the jump itself */
    unsigned insns;  /* the body's, of the guest */
    unsigned copies;
    struct ir_ins next;            /* the jump to rest */
    bool wanted[IR_MAX_LABEL + 1]; /* labels of the body and of its side exits */
};

static bool is_loop(const struct ir_ins *i)
{
    return i->op == IR_jump && (i->flow & IR_FLOW_LOOP) != 0;
}

static bool is_branch(const struct ir_ins *i)
{
    return i->op == IR_br || i->op == IR_brcc;
}

static unsigned label_at(const struct ir_block *b, int64_t label)
{
    unsigned n = 1;
    while (b->ins[n].op != IR_label || b->ins[n].imm != label)
        n++;
    return n;
}

/* How often code leads to a label. */
static unsigned branches_to(const struct ir_block *b, int64_t label)
{
    unsigned count = 0;
    for (unsigned n = 1; n <= b->count; n++)
        count += is_branch(&b->ins[n]) && b->ins[n].imm == label;
    return count;
}

/* Whether the body may stand there more than once. */
static bool may_repeat(const struct ir_ins *i)
{
    return i->op != IR_call && i->op != IR_guard && i->op != IR_copy && i->op != IR_fill &&
           (i->bits & SITE_SLOW) == 0;
}

/* The first branch to the beginning, and where that jumps; false: there is none. */
static bool find_branch(struct loop *x)
{
    const struct ir_block *b = x->from;
    for (unsigned n = 1; n <= b->count && may_repeat(&b->ins[n]); n++) {
        const struct ir_ins *i = &b->ins[n];
        if ((ir_traits(i->op) & TRAIT_EXIT) != 0) {
            x->branch = x->loop = x->end;
            return n == x->end && is_loop(i);
        }
        if (i->op != IR_brcc)
            continue;
        x->branch = n;
        x->loop = label_at(b, i->imm) + 1;
        if (x->loop > x->end && x->loop <= b->count && is_loop(&b->ins[x->loop]))
            return branches_to(b, i->imm) == 1;
    }
    return false;
}

/* What is known of rest (enum IR_FLOW): the frontend's limits hold for this, too. */
static uint32_t flow_of(const struct ir_block *b, unsigned n)
{
    uint32_t written = 0, before_fault = 0;
    if (b->most < FLOW_LIMIT_MIN)
        return 0;
    for (unsigned insns = 0; n <= b->count; n++) {
        const struct ir_ins *i = &b->ins[n];
        if (i->op == IR_putf && i->imm == IR_FLAG_ALL)
            return IR_FLOW_DEAD | before_fault << IR_FLOW_WRITES_SHIFT;
        if (i->op == IR_insn &&
            (++insns > FLOW_LIMIT_MIN / 2 ||
             (((uint64_t)i->imm ^ (uint64_t)b->ins[1].imm) & GUEST_PAGE_MASK) != 0))
            return 0;
        if (i->op == IR_getf || i->op == IR_putf || i->op == IR_putc || i->op == IR_putv ||
            i->op == IR_putnzcv || i->op == IR_call || i->op == IR_label || is_branch(i) ||
            (ir_traits(i->op) & TRAIT_EXIT) != 0)
            return 0;
        if ((ir_traits(i->op) & TRAIT_FAULT) != 0)
            before_fault = written;
        if (i->op == IR_put && i->imm < REGS * 4) {
            if (i->type != IR_I32 && i->type != IR_I8)
                return 0;
            written |= 1u << i->imm / 4;
        }
    }
    return 0;
}

/* Where the way out of the loop goes; false: to nothing that a jump could lead to. */
static bool find_rest(struct loop *x)
{
    unsigned n = x->branch + 1;
    x->next = x->from->ins[n];
    if (x->next.op == IR_insn)
        x->next = (struct ir_ins){.op = IR_jump, .imm = x->next.imm, .flow = flow_of(x->from, n)};
    return x->next.op == IR_jump;
}

/* Find the parts; false: no loop of this kind. */
static bool find(struct loop *x)
{
    const struct ir_block *b = x->from;
    x->end = 1;
    while (x->end <= b->count && (ir_traits(b->ins[x->end].op) & TRAIT_EXIT) == 0)
        x->end++;
    if (b->ins[1].op != IR_insn || !find_branch(x))
        return false;
    if (x->branch != x->loop && !find_rest(x))
        return false;
    for (unsigned n = x->end + 1; n <= b->count;
         n++) /* its `site` would be of another instruction */
        if ((ir_traits(b->ins[n].op) & TRAIT_FAULT) != 0)
            return false;
    bool accesses = false;
    x->insns = 0;
    memset(x->wanted, 0, sizeof x->wanted);
    for (unsigned n = 1; n < x->branch; n++) {
        const struct ir_ins *i = &b->ins[n];
        x->insns += i->op == IR_insn;
        accesses |= i->op == IR_ld || i->op == IR_st;
        if (!is_branch(i))
            continue;
        unsigned at = label_at(b, i->imm);
        if (at > x->branch && at < x->end)
            return false;
        x->wanted[i->imm] = true;
    }
    return accesses;
}

static bool fits(struct loop *x)
{
    const struct ir_block *b = x->from;
    unsigned most = x->insns <= INSNS_FEW ? COPIES_MOST : x->insns <= INSNS_MOST ? 2 : 1, exits = 1;
    for (unsigned n = 1; n <= b->count; n++)
        exits += b->ins[n].op == IR_jump;
    while (most > 1 && (most * x->insns > b->most || most * (b->count + 2) > IR_MOST ||
                        most * (b->labels + 1) > IR_MAX_LABEL || most * exits > BLOCK_EXITS))
        most /= 2;
    x->copies = most;
    return most > 1;
}

/* Instruction n of the block as part of copy k, whose values are `by` behind their old places. */
static struct ir_ins *copy(struct loop *x, unsigned n, unsigned k, unsigned by)
{
    struct ir_ins *i = &x->to.ins[++x->to.count];
    *i = x->from->ins[n];
    i->a = (ir_ref)(i->a == 0 ? 0 : i->a + by);
    i->b = (ir_ref)(i->b == 0 ? 0 : i->b + by);
    i->c = (ir_ref)(i->c == 0 ? 0 : i->c + by);
    i->site = (uint16_t)(i->site + k * x->insns);
    if (i->op == IR_label || is_branch(i))
        i->imm += k * x->from->labels;
    return i;
}

/* Copy k; its branch goes to label `out`. */
static void body(struct loop *x, unsigned k, unsigned out)
{
    unsigned by = x->to.count;
    for (unsigned n = 1; n < x->branch; n++)
        copy(x, n, k, by);
    if (x->branch == x->loop)
        return;
    struct ir_ins *branch = copy(x, x->branch, k, by);
    branch->aux ^= 1;
    branch->imm = out;
}

/* What stands at label `out`, and the side exits of the body. */
static void exits(struct loop *x, unsigned k, unsigned out)
{
    const struct ir_block *b = x->from;
    bool wanted = false, falls = false;
    if (x->branch != x->loop) {
        x->to.ins[++x->to.count] = (struct ir_ins){.op = IR_label, .imm = out};
        x->to.ins[++x->to.count] = x->next;
    }
    for (unsigned n = x->end + 1; n <= b->count; n++) {
        const struct ir_ins *i = &b->ins[n];
        if (i->op == IR_label)
            wanted = falls || x->wanted[i->imm];
        if (!wanted)
            continue;
        if (is_branch(i))
            x->wanted[i->imm] = true;
        falls = i->op != IR_br && (ir_traits(i->op) & TRAIT_EXIT) == 0;
        copy(x, n, k, x->to.count + 1 - n);
    }
}

static void copies(struct loop *x)
{
    const unsigned out = x->copies * x->from->labels;
    for (unsigned k = 0; k < x->copies; k++)
        body(x, k, out + k);
    copy(x, x->loop, x->copies - 1, 0);
    for (unsigned k = 0; k < x->copies; k++)
        exits(x, k, out + k);
    x->to.labels = out + (x->branch == x->loop ? 0 : x->copies);
    x->to.insns = x->copies * x->insns;
}

void ir_pass_unroll(struct ir_block *b)
{
    struct loop x;
    x.from = b;
    x.to.count = 0;
    if (b->most < 2 || !find(&x) || !fits(&x))
        return;
    copies(&x);
    memcpy(b->ins + 1, x.to.ins + 1, x.to.count * sizeof b->ins[0]);
    b->count = x.to.count;
    b->labels = x.to.labels;
    b->insns = x.to.insns;
}
