/*
 * Life and death of objects.
 *
 * An object dies when its last capability goes, or with the quota it is charged to: whoever holds a
 * quota can always get back what was made from it, even from tasks that hold capabilities to
 * themselves. Death can be long work (a task with thousands of capabilities, a region mapped in many
 * places) and one death can cause others, so it is never done by recursion: a dying object joins the
 * reaper's list, and the list is worked off in bounded steps with preemption points between them.
 * The call that caused a death returns when the list is empty; if it is preempted, whoever deletes
 * next, or the idle loop, goes on with the work.
 *
 * Memory is freed when no capability is left and no other object points at it any more (refs). A
 * quota also waits until nothing is charged to it.
 */
#include "port.h"

void *object_create(struct quota *q, unsigned type, size_t bytes)
{
    struct object *o = slab_alloc(q, bytes);
    if (!o)
        return NULL;
    o->type = o->born = (uint8_t)type;
    o->refs = 1;
    list_insert_after(&q->objects, &o->in_quota);
    counters.objects[type]++;
    return o;
}

void object_ref(struct object *o)
{
    o->refs++;
}

void object_discard(void *object)
{
    struct object *o = object;
    counters.objects[o->born]--;
    list_remove(&o->in_quota);
    slab_free(o);
}

/* A quota without capabilities goes when its last page comes back. */
static void quota_settle(struct quota *q)
{
    while (q->parent && q->used == 0 && q->object.refs == 0) {
        struct quota *parent = q->parent;
        uint64_t limit = q->limit;
        object_discard(q);
        quota_give(parent, limit);
        q = parent;
    }
}

void object_unref(struct object *o)
{
    KASSERT(o->refs > 0);
    if (--o->refs > 0)
        return;
    if (o->born == OBJ_QUOTA) {
        quota_settle((struct quota *)o);
        return;
    }
    struct quota *q = slab_quota(o);
    object_discard(o);
    quota_settle(q);
}

void object_kill(struct object *o)
{
    if (o->dying)
        return;
    o->dying = true;
    o->type = OBJ_NONE;
    o->reap_next = NULL;
    *cpu0.reap_last = o;
    cpu0.reap_last = &o->reap_next;
}

/* The reference for "not taken apart, or has capabilities" ends when both have ended. */
void object_lost_cap(struct object *o)
{
    KASSERT(o->caps > 0);
    if (--o->caps > 0)
        return;
    if (o->reaped)
        object_unref(o);
    else
        object_kill(o);
}

/* One step of a quota's death: everything that is charged to it dies. */
static bool quota_reap(struct quota *q)
{
    if (list_empty(&q->objects))
        return true;
    struct object *o = container_of(q->objects.next, struct object, in_quota);
    list_remove(&o->in_quota);
    object_kill(o);
    return false;
}

/* One step; true when the object is taken apart. */
static bool reap_step(struct object *o)
{
    switch (o->born) {
    case OBJ_TASK:
        return task_reap((struct task *)o);
    case OBJ_THREAD:
        return thread_reap((struct thread *)o);
    case OBJ_ENDPOINT:
        return endpoint_reap((struct endpoint *)o);
    case OBJ_REPLY:
        reply_reap((struct reply *)o);
        return true;
    case OBJ_NOTIFICATION:
        return notification_reap((struct notification *)o);
    case OBJ_REGION:
        return region_reap((struct region *)o);
    case OBJ_IRQ:
        irq_reap((struct irq *)o);
        return true;
    case OBJ_PORTS:
        return ports_reap((struct ports *)o);
    case OBJ_QUOTA:
        return quota_reap((struct quota *)o);
    default:
        return true;
    }
}

bool reap_pending(void)
{
    return cpu0.reap_first != NULL;
}

bool reap(void)
{
    while (cpu0.reap_first) {
        struct object *o = cpu0.reap_first;
        if (reap_step(o)) {
            /* Steps append to the list but never take from it: o is still first. */
            cpu0.reap_first = o->reap_next;
            if (!cpu0.reap_first)
                cpu0.reap_last = &cpu0.reap_first;
            o->reaped = true;
            if (o->caps == 0)
                object_unref(o);
        }
        if (preemption_point())
            return false;
    }
    return true;
}
