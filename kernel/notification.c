/*
 * Notifications: a word of bits that is or-ed into and taken as a whole.
 *
 * Signals never block and never fail. A signal wakes the first waiter, or the thread the
 * notification is bound to if that is receiving at an endpoint, or stays in the word. Each
 * notification has one deadline; its passing is a signal like any other. If the binding says so, a
 * signal also pokes the bound thread: this is how interrupts, time and other threads reach a
 * virtual CPU that runs guest code.
 */
#include "port.h"

static void deadline_passed(struct timer *t)
{
    notification_signal(container_of(t, struct notification, deadline), SIGNAL_DEADLINE);
}

void notification_init(struct notification *n)
{
    list_init(&n->waiters);
    n->deadline.fire = deadline_passed;
}

static void wake_waiter(struct thread *t, uint64_t bits)
{
    *reg_badge(&t->regs) = bits;
    thread_unblock(t, OK);
}

void notification_signal(struct notification *n, uint64_t bits)
{
    n->bits |= bits;
    while (n->bits && !list_empty(&n->waiters)) {
        struct thread *t = container_of(n->waiters.next, struct thread, link);
        uint64_t taken = n->bits;
        if (!(t->wait_flags & WAIT_KEEP))
            n->bits = 0;
        wake_waiter(t, taken);
    }
    struct thread *b = n->bound;
    if (!b || !n->bits)
        return;
    if (thread_receives(b)) {
        uint64_t taken = n->bits;
        n->bits = 0;
        receive_signals(b, taken);
    } else if (n->bound_pokes) {
        thread_poke(b);
    }
}

/* Bind thread and notification to each other, ending earlier bindings of both; n may be NULL. */
void notification_bind(struct thread *t, struct notification *n, bool pokes)
{
    if (t->bound) {
        t->bound->bound = NULL;
        t->bound = NULL;
    }
    if (!n)
        return;
    if (n->bound)
        n->bound->bound = NULL;
    n->bound = t;
    n->bound_pokes = pokes;
    t->bound = n;
}

/* One step of destruction: wake one waiter. */
bool notification_reap(struct notification *n)
{
    timer_disarm(&n->deadline);
    if (n->bound)
        notification_bind(n->bound, NULL, false);
    if (list_empty(&n->waiters))
        return true;
    thread_unblock(container_of(n->waiters.next, struct thread, link), PEER_DIED);
    return false;
}

uint64_t call_signal(struct thread *t, uint64_t word)
{
    struct cap *c;
    unsigned status = cap_get(t->task, word >> 16 & 0xffffff, OBJ_NOTIFICATION, RIGHT_SIGNAL, &c);
    if (status != OK)
        return status;
    if (word >> 8 & 0xff)
        return BAD_CALL;
    uint64_t bits = *msg_word(&t->regs, 0);
    /* A badge limits which bits its holder can set. */
    if (c->badge)
        bits &= c->badge;
    notification_signal((struct notification *)c->object, bits);
    return OK;
}

uint64_t call_wait(struct thread *t, uint64_t word)
{
    unsigned flags = word >> 8 & 0xff;
    struct cap *c;
    unsigned status = cap_get(t->task, word >> 16 & 0xffffff, OBJ_NOTIFICATION, RIGHT_WAIT, &c);
    if (status != OK)
        return status;
    if (flags & ~(WAIT_POLL | WAIT_ARM | WAIT_KEEP))
        return BAD_CALL;

    struct notification *n = (struct notification *)c->object;
    if (flags & WAIT_ARM) {
        uint64_t when = *msg_word(&t->regs, 0);
        timer_disarm(&n->deadline);
        if (port_ns_to_ticks(when) <= port_ticks())
            notification_signal(n, SIGNAL_DEADLINE);
        else if (when != DEADLINE_NEVER)
            timer_arm(&n->deadline, port_ns_to_ticks(when));
    }
    if (n->bits) {
        *reg_badge(&t->regs) = n->bits;
        if (!(flags & WAIT_KEEP))
            n->bits = 0;
        return OK;
    }
    if (flags & WAIT_POLL || t->upcall_active)
        return WOULD_BLOCK;
    if (t->upcall ? t->upcall->pending != 0 : t->poked) {
        t->poked = false;
        if (t->upcall)
            t->upcall->pending = 0;
        return POKED;
    }
    t->wait_flags = (uint8_t)flags;
    t->waits_for = &n->object;
    sched_block();
    t->state = THREAD_WAITING;
    list_append(&n->waiters, &t->link);
    return CALL_BLOCKED;
}
