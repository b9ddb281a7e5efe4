/*
 * Events in the future: a pairing heap of timers, ordered by `when`, earliest at the root.
 *
 * Arming is O(1), taking the earliest or any other O(log n) amortised; the nodes lie inside the
 * objects they belong to, so arming cannot fail. `prev` of a first child is its parent.
 */
#include "port.h"

static struct timer *heap;

static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a)
        return b;
    if (!b)
        return a;
    if (b->when < a->when) {
        struct timer *x = a;
        a = b;
        b = x;
    }
    b->next = a->child;
    b->prev = a;
    if (b->next)
        b->next->prev = b;
    a->child = b;
    a->next = a->prev = NULL;
    return a;
}

/* Meld a list of siblings in pairs, then from the back to the front. */
static struct timer *meld_all(struct timer *first)
{
    struct timer *pairs = NULL;
    while (first) {
        struct timer *a = first, *b = a->next;
        first = b ? b->next : NULL;
        a->next = NULL;
        if (b)
            b->next = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    struct timer *root = NULL;
    while (pairs) {
        struct timer *next = pairs->next;
        pairs->next = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    if (root)
        root->prev = root->next = NULL;
    return root;
}

void timer_disarm(struct timer *t)
{
    if (!t->armed)
        return;
    t->armed = false;
    struct timer *rest = meld_all(t->child);
    t->child = NULL;
    if (t == heap) {
        heap = rest;
        return;
    }
    if (t->prev->child == t)
        t->prev->child = t->next;
    else
        t->prev->next = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->next = t->prev = NULL;
    heap = meld(heap, rest);
}

void timer_arm(struct timer *t, uint64_t when)
{
    timer_disarm(t);
    t->when = when;
    t->child = t->next = t->prev = NULL;
    t->armed = true;
    heap = meld(heap, t);
    if (when < cpu0.timer_at) {
        cpu0.timer_at = when;
        port_timer_set(when);
    }
}

uint64_t timer_next(void)
{
    return heap ? heap->when : UINT64_MAX;
}

/* Fire what is due. At most 64 at a time: the rest interrupts again at once. */
void timer_run(uint64_t now)
{
    for (unsigned n = 0; heap && heap->when <= now && n < 64; n++) {
        struct timer *t = heap;
        timer_disarm(t);
        t->fire(t);
    }
}
