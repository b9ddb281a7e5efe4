/*
 * Memory regions: physical extents, and how they are divided.
 *
 * A child is derived (shares its extent with the parent) or carved (takes the extent away from the
 * parent: the parent can no longer map it, and carving fails while the parent has mappings there).
 * Invariant: a carved child overlaps no other child of the same parent. A child's capability is
 * derived from one of the parent, so children die first; when a carved child is taken apart its
 * extent is the parent's again.
 *
 * Mappings belong to the region object, through its attachments: they end when the region dies, not
 * when one of several capabilities to it is deleted.
 */
#include "port.h"

/* Note that r is new or its mappings changed. Never 0, and never the same for two regions. */
void region_changed(struct region *r)
{
    static uint64_t epoch;
    r->epoch = ++epoch;
}

struct region *region_create(struct quota *q, uint64_t base, uint64_t pages, unsigned cache,
                             bool ram)
{
    struct region *r = object_create(q, OBJ_REGION, sizeof *r);
    if (!r)
        return NULL;
    list_init(&r->children);
    list_init(&r->sibling);
    list_init(&r->attachments);
    region_changed(r);
    r->base = base;
    r->pages = pages;
    r->cache = (uint8_t)cache;
    r->ram = ram;
    return r;
}

static bool overlaps(const struct region *r, uint64_t base, uint64_t pages)
{
    return base < r->base + r->pages * PAGE_SIZE && r->base < base + pages * PAGE_SIZE;
}

/* Is none of [page, page + pages), which is inside r, carved away? */
bool region_uncarved(const struct region *r, uint64_t page, uint64_t pages)
{
    uint64_t base = r->base + page * PAGE_SIZE;
    for (struct list *l = r->children.next; l != &r->children; l = l->next) {
        struct region *child = container_of(l, struct region, sibling);
        if (child->carved && overlaps(child, base, pages))
            return false;
    }
    return true;
}

/* Does r map any of [base, base + bytes)? OK: no. BUSY: yes. CALL_RESTART: preempted. */
static uint64_t mapped_anywhere(struct thread *t, struct region *r, uint64_t base, uint64_t bytes)
{
    struct progress *p = &t->progress;
    t->progressed = true;
    if (p->epoch != r->epoch) {
        p->epoch = r->epoch;
        p->attachment = 0;
        p->page = 0;
    }
    unsigned n = 0;
    for (struct list *l = r->attachments.next; l != &r->attachments; l = l->next, n++) {
        struct attachment *a = container_of(l, struct attachment, in_object);
        if (n < p->attachment)
            continue;
        uint64_t va = max64(p->page, a->lo);
        while (va < a->hi) {
            bool found = false;
            va = port_space_sweep(&a->task->space, va, a->hi, a->number, base, bytes, &found);
            if (found)
                return BUSY;
            p->page = va;
            if (preemption_point())
                return CALL_RESTART;
        }
        p->attachment = n + 1;
        p->page = 0;
    }
    return OK;
}

/* CALL_CREATE of a region: w1 offset, w2 pages, w3 rights, w4 mode. */
uint64_t region_split(struct thread *t, struct quota *q, struct cap *parent, struct cap *slot)
{
    struct region *r = (struct region *)parent->object;
    uint64_t offset = *msg_word(&t->regs, 1), pages = *msg_word(&t->regs, 2);
    uint64_t rights = *msg_word(&t->regs, 3), mode = *msg_word(&t->regs, 4);

    if (pages == 0 || offset > r->pages || pages > r->pages - offset || mode > REGION_CARVE ||
        rights & ~(uint64_t)RIGHTS_ALL)
        return BAD_ARG;
    if (rights & ~(uint64_t)parent->rights)
        return BAD_RIGHT;
    if (parent->depth == UINT16_MAX || r->level == REGION_LEVELS)
        return LIMIT;
    uint64_t base = r->base + offset * PAGE_SIZE;
    bool carve = mode == REGION_CARVE;
    for (struct list *l = r->children.next; l != &r->children; l = l->next) {
        struct region *child = container_of(l, struct region, sibling);
        if ((carve || child->carved) && overlaps(child, base, pages))
            return BUSY;
    }
    if (carve) {
        uint64_t status = mapped_anywhere(t, r, base, pages * PAGE_SIZE);
        if (status != OK)
            return status;
    }

    struct region *child = region_create(q, base, pages, r->cache, r->ram);
    if (!child)
        return QUOTA;
    child->level = (uint8_t)(r->level + 1);
    child->parent = r;
    child->carved = carve;
    r->carved_children += carve;
    object_ref(&r->object);
    list_insert_after(&r->children, &child->sibling);
    cap_fill(slot, &child->object, (unsigned)rights, 0, parent);
    return OK;
}

/* One step of a region without children: clear a piece of one attachment's mappings. */
static bool reap_leaf(struct region *r)
{
    if (!list_empty(&r->attachments)) {
        struct attachment *a = container_of(r->attachments.next, struct attachment, in_object);
        uint64_t va = max64(r->reap_va, a->lo);
        if (va < a->hi) {
            r->reap_va = port_space_sweep(&a->task->space, va, a->hi, a->number, 0, 0, NULL);
            port_space_flush(&a->task->space);
            return false;
        }
        attachment_free(a);
        r->reap_va = 0;
        return false;
    }
    if (r->parent) {
        list_remove(&r->sibling);
        r->parent->carved_children -= r->carved;
        object_unref(&r->parent->object);
        r->parent = NULL;
    }
    return true;
}

/*
 * One step of destruction. Children have usually gone before, with their capabilities. If the
 * region dies with its quota, they are taken apart here: a carved child must not outlive the parent,
 * whose extent goes back to those who may map it. They are killed first, so that nobody maps or
 * divides them meanwhile; the reaper's turn for them finds nothing left to do.
 */
bool region_reap(struct region *r)
{
    struct region *leaf = r;
    while (!list_empty(&leaf->children)) {
        leaf = container_of(leaf->children.next, struct region, sibling);
        object_kill(&leaf->object);
    }
    return reap_leaf(leaf) && leaf == r;
}
