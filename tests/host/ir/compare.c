/* Random blocks: every pass, alone and all together, keeps what a block does; text keeps it all. */
#include <stdio.h>
#include <string.h>

#include <translator/ir_fold.h>

#include "../frame/frame.h"
#include "ir_test.h"
#include "machine.h"
#include "random.h"

static struct ir_block block, changed;
static char text[1 << 20];

static bool same_ins(const struct ir_ins *x, const struct ir_ins *y)
{
    return x->op == y->op && x->type == y->type && x->aux == y->aux && x->bits == y->bits &&
           x->a == y->a && x->b == y->b && x->c == y->c && x->site == y->site && x->imm == y->imm &&
           x->ret == y->ret;
}

/* The number of the first instruction that differs, or 0. */
static unsigned first_difference(const struct ir_block *a, const struct ir_block *b)
{
    for (unsigned n = 1; n <= a->count; n++)
        if (n > b->count || !same_ins(&a->ins[n], &b->ins[n]))
            return n;
    return a->count != b->count || a->insns != b->insns || a->labels < b->labels ? a->count : 0;
}

static bool fail(const char *what, const char *why)
{
    static char after[1 << 20];
    ir_print(&block, text, sizeof text);
    ir_print(&changed, after, sizeof after);
    return result(what, false, "%s\n%s--\n%s", why, text, after);
}

/* Run both on the same random states. */
static bool same_meaning(const char *what, unsigned states)
{
    static struct machine start, x, y;
    for (unsigned n = 0; n < states; n++) {
        machine_random(&start);
        x = y = start;
        struct outcome a = machine_run(&x, &block, true), b = machine_run(&y, &changed, true);
        const char *why = a.reason != b.reason ? "reason" : a.pc != b.pc ? "where it goes" : NULL;
        if (why == NULL)
            why = machine_differs(&x, &y);
        if (why != NULL)
            return fail(what, why);
        if (a.reason == EXIT_NONE)
            return fail(what, "not compiled");
    }
    return true;
}

static bool pass_holds(const struct ir_pass *p)
{
    char error[300];
    p->run(&changed);
    if (!ir_verify(&changed, error, sizeof error))
        return fail(p->name, error);
    return same_meaning(p->name, 4);
}

static bool text_holds(void)
{
    char error[300];
    size_t n = ir_print(&block, text, sizeof text);
    if (n >= sizeof text || !ir_parse(&changed, text, error, sizeof error))
        return fail("text", n >= sizeof text ? "too long" : error);
    n = first_difference(&block, &changed);
    snprintf(error, sizeof error, "differs at %zu", n);
    return n == 0 || fail("text", error);
}

static bool one_round(unsigned kinds)
{
    char error[300];
    random_block(&block, 8 + (unsigned)(random_next() >> 40) % (random_next() & 1 ? 20 : 120),
                 kinds);
    if (!ir_verify(&block, error, sizeof error))
        return fail("random block", error);
    if (!text_holds())
        return false;
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++) {
        changed = block;
        if (!pass_holds(p))
            return false;
    }
    changed = block;
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++)
        if (!pass_holds(p))
            return false;
    return true;
}

/* ---- loops ------------------------------------------------------------------------------------ */

#define BEGIN 0x1000u /* of random blocks */

/* Make one of the block's jumps lead to its beginning; false: it has none. */
static bool make_loop(struct ir_block *b)
{
    unsigned from = (unsigned)(random_next() >> 33) % b->count;
    for (unsigned n = 0; n < b->count; n++) {
        struct ir_ins *i = &b->ins[1 + (from + n) % b->count];
        if (i->op != IR_jump)
            continue;
        i->imm = BEGIN;
        i->aux = JUMP_PLAIN;
        i->flow = IR_FLOW_LOOP;
        return true;
    }
    return false;
}

/* How often the guest instruction at pc is in b. */
static unsigned times(const struct ir_block *b, uint32_t pc)
{
    unsigned count = 0;
    for (unsigned n = 1; n <= b->count; n++)
        count += b->ins[n].op == IR_insn && b->ins[n].imm == pc;
    return count;
}

/* Rounds of `block`, one after the other, are what `changed` does at once. *ran: not if it goes on behind the
 * loop, which is another block then. */
static bool same_rounds(const char *what, bool *ran)
{
    static struct machine start, x, y;
    const unsigned rounds = times(&changed, (uint32_t)changed.ins[1].imm);
    struct outcome a, b;
    unsigned n = 0;
    machine_random(&start);
    start.cpu.cpu.budget = 10000;
    x = y = start;
    b = machine_run(&y, &changed, true);
    if (b.pc != BEGIN && times(&block, b.pc) != 0)
        return true;
    do
        a = machine_run(&x, &block, true);
    while (++n < rounds && a.reason == EXIT_LINK && a.pc == BEGIN);
    const char *why = a.reason != b.reason ? "reason" : a.pc != b.pc ? "where it goes" : NULL;
    if (why == NULL)
        why = machine_differs(&x, &y);
    *ran = true;
    return why == NULL || fail(what, why);
}

/* *ran: counts the blocks that were compared. */
static bool loop_holds(unsigned kinds, unsigned *ran)
{
    char error[300];
    bool compared = false;
    random_block(&block, 8 + (unsigned)(random_next() >> 40) % 40, kinds);
    if (!make_loop(&block))
        return true;
    changed = block;
    changed.most = 100;
    ir_pass_unroll(&changed);
    if (times(&changed, (uint32_t)changed.ins[1].imm) == 1)
        return true;
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++) {
        if (!ir_verify(&changed, error, sizeof error))
            return fail("unrolled", error);
        for (unsigned n = 0; n < 4; n++)
            if (!same_rounds(p == ir_passes ? "unrolled" : p[-1].name, &compared))
                return false;
        changed.most = 0;
        p->run(&changed);
    }
    *ran += compared;
    return true;
}

static void test_loops(unsigned rounds)
{
    unsigned ran = 0;
    for (unsigned n = 0; n < rounds; n++)
        if (!loop_holds((unsigned)(random_next() >> 32) & RANDOM_ALL & ~RANDOM_CALLS, &ran))
            return;
    result("loops keep the meaning", ran * 20 > rounds, "%u of %u compared", ran, rounds);
}

void test_passes(unsigned rounds)
{
    for (unsigned n = 0; n < rounds; n++) {
        unsigned kinds = (unsigned)(random_next() >> 32) & RANDOM_ALL;
        if (!one_round(kinds))
            return;
    }
    result("passes keep the meaning", true, "-");
    test_loops(rounds);
}
