/* Random blocks: every pass, alone and all together, keeps what a block does; text keeps it all. */
#include <stdio.h>
#include <string.h>

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

void test_passes(unsigned rounds)
{
    for (unsigned n = 0; n < rounds; n++) {
        unsigned kinds = (unsigned)(random_next() >> 32) & RANDOM_ALL;
        if (!one_round(kinds))
            return;
    }
    result("passes keep the meaning", true, "-");
}
