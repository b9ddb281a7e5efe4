/*
 * Interrupts as objects: a line, bound to bits of a notification.
 *
 * A level-triggered line is masked from its arrival until the driver acknowledges it; an
 * edge-triggered one is never masked, because an edge that comes while a line is masked is lost.
 */
#include "port.h"

#define VECTORS 256
static struct irq *by_vector[VECTORS];

unsigned irq_create(struct quota *q, unsigned line, unsigned flags, struct irq **out)
{
    struct irq *i = object_create(q, OBJ_IRQ, sizeof *i);
    if (!i)
        return QUOTA;
    unsigned status = port_irq_claim(&line, &flags, &i->vector);
    if (status != OK) {
        object_discard(i);
        return status;
    }
    i->line = line;
    i->flags = flags;
    i->masked = true;
    by_vector[i->vector] = i;
    *out = i;
    return OK;
}

static void bind(struct irq *i, struct notification *n, uint64_t bits)
{
    if (n)
        object_ref(&n->object);
    if (i->notification)
        object_unref(&i->notification->object);
    i->notification = n;
    i->bits = bits;
    i->masked = n == NULL;
    port_irq_mask(i->line, i->masked);
}

void irq_arrived(unsigned vector)
{
    struct irq *i = by_vector[vector];
    counters.interrupts++;
    if (!i)
        return;
    if (i->flags & IRQ_LEVEL) {
        i->masked = true;
        port_irq_mask(i->line, true);
    }
    if (i->notification && !i->notification->object.dying)
        notification_signal(i->notification, i->bits);
}

void irq_reap(struct irq *i)
{
    bind(i, NULL, 0);
    by_vector[i->vector] = NULL;
    port_irq_release(i->line);
}

uint64_t call_irq(struct thread *t, uint64_t word)
{
    unsigned op = word >> 8 & 0xff;
    uint64_t b = word >> 40, bits = *msg_word(&t->regs, 0);
    struct cap *c, *nc;
    if (op > IRQ_ACK)
        return BAD_CALL;
    unsigned status = cap_get(t->task, word >> 16 & 0xffffff, OBJ_IRQ, RIGHT_USE, &c);
    if (status != OK)
        return status;
    struct irq *i = (struct irq *)c->object;
    if (op == IRQ_ACK) {
        if (!i->notification)
            return EMPTY;
        i->masked = false;
        port_irq_mask(i->line, false);
        return OK;
    }
    if (b == HANDLE_NONE) {
        bind(i, NULL, 0);
        return OK;
    }
    status = cap_get(t->task, b, OBJ_NOTIFICATION, RIGHT_SIGNAL, &nc);
    if (status != OK)
        return status;
    if (nc->badge)
        bits &= nc->badge;
    if (bits == 0)
        return BAD_ARG;
    bind(i, (struct notification *)nc->object, bits);
    return OK;
}
