/*
 * I/O-port ranges. A range is attached to a task by MAP_PORTS; the task may then use the ports
 * directly. Which ports a task may use is always computed afresh from its attachments, so taking
 * one of two overlapping ranges away leaves the other.
 */
#include "port.h"

unsigned ports_attach(struct task *t, struct ports *p)
{
    for (struct list *l = p->attachments.next; l != &p->attachments; l = l->next)
        if (container_of(l, struct attachment, in_object)->task == t)
            return OK;
    struct attachment *a = slab_alloc(t->quota, sizeof *a);
    if (!a)
        return QUOTA;
    a->object = &p->object;
    a->task = t;
    list_insert_after(&p->attachments, &a->in_object);
    list_insert_after(&t->ports, &a->in_task);
    unsigned status = port_ports_update(t);
    if (status != OK)
        attachment_free(a);
    return status;
}

/* One step of a range's destruction: take it from one task. */
bool ports_reap(struct ports *p)
{
    if (list_empty(&p->attachments))
        return true;
    struct attachment *a = container_of(p->attachments.next, struct attachment, in_object);
    struct task *t = a->task;
    attachment_free(a);
    port_ports_update(t); /* it has a bitmap, so this cannot fail */
    return false;
}

void ports_detach_all(struct task *t)
{
    while (!list_empty(&t->ports))
        attachment_free(container_of(t->ports.next, struct attachment, in_task));
    port_ports_free(t);
}
