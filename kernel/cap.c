/*
 * Capabilities: tables of slots, and the derivation list.
 *
 * All filled slots of the system stand in one doubly linked list, which is the derivation forest in
 * pre-order: the slots that follow a slot with a greater depth are derived from it. A copy goes
 * before its source at the same depth (so that it adopts none of the source's children); minted,
 * carved and derived capabilities go behind it, one deeper. Revoking deletes what follows with a
 * greater depth, from the far end of nothing: always the direct successor, so that an interrupted
 * revocation leaves a valid list and can simply be started again.
 *
 * Deleting a capability deletes what was derived from it first: nothing in a table ever outlives
 * what it was made from.
 */
#include "port.h"

unsigned task_arg(struct thread *t, uint64_t handle, unsigned rights, struct task **out)
{
    if (handle == HANDLE_NONE) {
        *out = t->task;
        return OK;
    }
    struct cap *c;
    unsigned status = cap_get(t->task, handle, OBJ_TASK, rights, &c);
    if (status == OK)
        *out = (struct task *)c->object;
    return status;
}

unsigned cap_slot(struct task *t, uint64_t slot, struct cap **out)
{
    _Static_assert(sizeof(struct cap) * CAP_LEAF_SLOTS <= PAGE_SIZE, "leaf of a capability table");
    if (slot == 0 || slot > HANDLE_MAX)
        return BAD_ARG;
    if (t->object.dying)
        return BAD_HANDLE;
    struct cap **leaf = &t->leaves[slot / CAP_LEAF_SLOTS];
    if (!*leaf) {
        *leaf = page_alloc(t->quota);
        if (!*leaf)
            return QUOTA;
    }
    struct cap *c = &(*leaf)[slot % CAP_LEAF_SLOTS];
    if (c->object)
        return OCCUPIED;
    c->task = t;
    *out = c;
    return OK;
}

static void fill(struct cap *c, struct object *o, unsigned rights, uint64_t badge)
{
    c->object = o;
    c->rights = (uint8_t)rights;
    c->badge = badge;
    o->caps++;
    c->task->capabilities++;
    counters.capabilities++;
}

static void link_after(struct cap *where, struct cap *c)
{
    c->prev = where;
    c->next = where->next;
    if (c->next)
        c->next->prev = c;
    where->next = c;
}

void cap_fill(struct cap *c, struct object *o, unsigned rights, uint64_t badge, struct cap *parent)
{
    fill(c, o, rights, badge);
    if (parent) {
        c->depth = (uint16_t)(parent->depth + 1);
        link_after(parent, c);
    } else {
        /* A root of the forest needs no neighbours: it is a list of its own. */
        c->depth = 0;
        c->prev = c->next = NULL;
    }
}

static bool has_children(const struct cap *c)
{
    return c->next && c->next->depth > c->depth;
}

/* Delete one capability that has nothing derived from it. */
void cap_delete(struct cap *c)
{
    struct object *o = c->object;
    if (c->next)
        c->next->prev = c->prev;
    if (c->prev)
        c->prev->next = c->next;
    c->object = NULL;
    c->task->capabilities--;
    counters.capabilities--;
    object_lost_cap(o);
}

/* Delete everything derived from c and, with self, c. False: preempted, call again. */
bool cap_delete_tree(struct cap *c, bool self)
{
    while (has_children(c)) {
        cap_delete(c->next);
        if (preemption_point())
            return false;
    }
    if (self)
        cap_delete(c);
    return true;
}

/* ---- CALL_CAP ---------------------------------------------------------------------------------- */

static unsigned cap_move(struct task *from, uint64_t slot, struct task *to, uint64_t to_slot)
{
    struct cap *source = cap_lookup(from, slot), *c;
    if (!source)
        return BAD_HANDLE;
    unsigned status = cap_slot(to, to_slot, &c);
    if (status != OK)
        return status;
    struct task *owner = c->task;
    *c = *source;
    c->task = owner;
    if (c->next)
        c->next->prev = c;
    if (c->prev)
        c->prev->next = c;
    source->object = NULL;
    from->capabilities--;
    to->capabilities++;
    return OK;
}

static unsigned cap_copy(struct task *from, uint64_t slot, struct task *to, uint64_t to_slot)
{
    struct cap *source = cap_lookup(from, slot), *c;
    if (!source)
        return BAD_HANDLE;
    if (source->object->dying)
        return BAD_HANDLE;
    unsigned status = cap_slot(to, to_slot, &c);
    if (status != OK)
        return status;
    fill(c, source->object, source->rights, source->badge);
    c->depth = source->depth;
    c->next = source;
    c->prev = source->prev;
    if (c->prev)
        c->prev->next = c;
    source->prev = c;
    return OK;
}

static unsigned cap_mint(struct task *from, uint64_t slot, struct task *to, uint64_t to_slot,
                         uint64_t rights, uint64_t badge)
{
    struct cap *source = cap_lookup(from, slot), *c;
    if (!source || source->object->dying)
        return BAD_HANDLE;
    if (rights & ~(uint64_t)RIGHTS_ALL)
        return BAD_ARG;
    if (badge && source->badge)
        return BAD_RIGHT;
    if (source->depth == UINT16_MAX)
        return LIMIT;
    unsigned status = cap_slot(to, to_slot, &c);
    if (status != OK)
        return status;
    cap_fill(c, source->object, source->rights & (unsigned)rights, badge ? badge : source->badge,
             source);
    return OK;
}

/* Delete or revoke, then help the reaper; both can be preempted. */
static uint64_t cap_take(struct thread *t, struct task *task, uint64_t slot, bool self)
{
    if (!t->progress.reaping) {
        struct cap *c = cap_lookup(task, slot);
        if (!c)
            return BAD_HANDLE;
        if (!cap_delete_tree(c, self))
            return CALL_RESTART;
        t->progress.reaping = t->progressed = true;
    }
    if (!reap())
        return CALL_RESTART;
    return OK;
}

uint64_t call_cap(struct thread *t, uint64_t word)
{
    unsigned op = word >> 8 & 0xff;
    struct task *from, *to;
    uint64_t slot = *msg_word(&t->regs, 0), to_slot = *msg_word(&t->regs, 1);

    if (op > CAP_MOVE)
        return BAD_CALL;
    if (t->progress.reaping) /* goes on after preemption; the task may be gone by now */
        return reap() ? OK : CALL_RESTART;
    unsigned status = task_arg(t, word >> 16 & 0xffffff, RIGHT_CAPS, &from);
    if (status != OK)
        return status;
    if (op == CAP_DELETE || op == CAP_REVOKE)
        return cap_take(t, from, slot, op == CAP_DELETE);

    status = task_arg(t, word >> 40, RIGHT_CAPS, &to);
    if (status != OK)
        return status;
    switch (op) {
    case CAP_COPY:
        return cap_copy(from, slot, to, to_slot);
    case CAP_MINT:
        return cap_mint(from, slot, to, to_slot, *msg_word(&t->regs, 2), *msg_word(&t->regs, 3));
    default:
        return cap_move(from, slot, to, to_slot);
    }
}
