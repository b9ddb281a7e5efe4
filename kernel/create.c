/*
 * CALL_CREATE: make an object, charge it to a quota, put the first capability into a slot of the
 * caller. Everything is checked and the slot found before anything is made, so that a failure
 * leaves nothing behind (at most an empty leaf of the caller's capability table).
 */
#include "port.h"

struct request {
    struct thread *thread;
    struct quota *quota;
    struct cap *quota_cap;
    struct cap *slot;
    uint64_t b;
    uint64_t w1, w2, w3, w4;
};

static uint64_t put(struct request *r, void *object)
{
    if (!object)
        return QUOTA;
    cap_fill(r->slot, object, RIGHTS_ALL, 0, NULL);
    return OK;
}

static uint64_t create_task(struct request *r)
{
    if (r->w1 > PRIORITY_MAX)
        return BAD_ARG;
    if (r->w1 > r->thread->task->ceiling)
        return BAD_RIGHT;
    return put(r, task_create(r->quota, (unsigned)r->w1));
}

static uint64_t create_thread(struct request *r)
{
    struct task *task;
    struct thread *t;
    unsigned status = task_arg(r->thread, r->b, RIGHT_THREADS, &task);
    if (status != OK)
        return status;
    if (task->object.dying)
        return BAD_HANDLE;
    status = thread_create(task, r->w1, (unsigned)min64(r->w2, PRIORITY_MAX + 1), &t);
    return status == OK ? put(r, t) : status;
}

static uint64_t create_endpoint(struct request *r)
{
    struct endpoint *e = object_create(r->quota, OBJ_ENDPOINT, sizeof *e);
    if (e) {
        list_init(&e->senders);
        list_init(&e->receivers);
    }
    return put(r, e);
}

static uint64_t create_reply(struct request *r)
{
    return put(r, object_create(r->quota, OBJ_REPLY, sizeof(struct reply)));
}

static uint64_t create_notification(struct request *r)
{
    struct notification *n = object_create(r->quota, OBJ_NOTIFICATION, sizeof *n);
    if (n)
        notification_init(n);
    return put(r, n);
}

static uint64_t create_quota(struct request *r)
{
    if (r->w1 == 0)
        return BAD_ARG;
    if (!quota_take(r->quota, r->w1))
        return QUOTA;
    struct quota *q = object_create(r->quota, OBJ_QUOTA, sizeof *q);
    if (!q) {
        quota_give(r->quota, r->w1);
        return QUOTA;
    }
    q->parent = r->quota;
    q->limit = r->w1;
    quota_init(q);
    cap_fill(r->slot, &q->object, RIGHTS_ALL, 0, r->quota_cap);
    return OK;
}

static uint64_t create_region(struct request *r)
{
    struct cap *parent;
    unsigned status = cap_get(r->thread->task, r->b, OBJ_REGION, RIGHT_CARVE, &parent);
    if (status != OK)
        return status;
    return region_split(r->thread, r->quota, parent, r->slot);
}

static uint64_t create_irq(struct request *r)
{
    struct cap *control;
    struct irq *i;
    unsigned status = cap_get(r->thread->task, r->b, OBJ_IRQ_CONTROL, RIGHT_USE, &control);
    if (status != OK)
        return status;
    if (control->depth == UINT16_MAX)
        return LIMIT;
    if (r->w1 > 1023 || r->w2 & ~(uint64_t)(IRQ_ISA | IRQ_LEVEL | IRQ_LOW))
        return BAD_ARG;
    status = irq_create(r->quota, (unsigned)r->w1, (unsigned)r->w2, &i);
    if (status == OK)
        cap_fill(r->slot, &i->object, RIGHTS_ALL, 0, control);
    return status;
}

static uint64_t create_ports(struct request *r)
{
    struct cap *c;
    unsigned status = cap_get(r->thread->task, r->b, OBJ_PORTS, RIGHT_USE, &c);
    if (status != OK)
        return status;
    struct ports *parent = (struct ports *)c->object;
    if (c->depth == UINT16_MAX)
        return LIMIT;
    if (r->w2 == 0 || r->w1 > 65535 || r->w2 > 65536 || r->w1 < parent->first ||
        r->w1 + r->w2 > parent->first + parent->count)
        return BAD_ARG;
    if (port_ports_reserved((uint32_t)r->w1, (uint32_t)r->w2) && r->w2 != parent->count)
        return BAD_ARG;
    struct ports *p = object_create(r->quota, OBJ_PORTS, sizeof *p);
    if (!p)
        return QUOTA;
    p->first = (uint32_t)r->w1;
    p->count = (uint32_t)r->w2;
    list_init(&p->attachments);
    cap_fill(r->slot, &p->object, c->rights, 0, c);
    return OK;
}

static uint64_t (*const creators[OBJ_TYPE_COUNT])(struct request *) = {
    [OBJ_TASK] = create_task,
    [OBJ_THREAD] = create_thread,
    [OBJ_ENDPOINT] = create_endpoint,
    [OBJ_REPLY] = create_reply,
    [OBJ_NOTIFICATION] = create_notification,
    [OBJ_REGION] = create_region,
    [OBJ_QUOTA] = create_quota,
    [OBJ_IRQ] = create_irq,
    [OBJ_PORTS] = create_ports,
};

uint64_t call_create(struct thread *t, uint64_t word)
{
    unsigned type = word >> 8 & 0xff;
    struct request r = {
        .thread = t,
        .b = word >> 40,
        .w1 = *msg_word(&t->regs, 1),
        .w2 = *msg_word(&t->regs, 2),
        .w3 = *msg_word(&t->regs, 3),
        .w4 = *msg_word(&t->regs, 4),
    };
    if (type >= OBJ_TYPE_COUNT || !creators[type])
        return BAD_CALL;
    unsigned status = cap_get(t->task, word >> 16 & 0xffffff, OBJ_QUOTA, RIGHT_USE, &r.quota_cap);
    if (status != OK)
        return status;
    r.quota = (struct quota *)r.quota_cap->object;
    if (r.quota_cap->depth == UINT16_MAX)
        return LIMIT;
    status = cap_slot(t->task, *msg_word(&t->regs, 0), &r.slot);
    return status == OK ? creators[type](&r) : status;
}
