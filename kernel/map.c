/*
 * CALL_MAP: the vector of operations on an address space, and attachments.
 *
 * An attachment stands for a (region, address space) pair: it holds the bounds of the addresses in
 * use, and its number is in every leaf entry that maps the region. So revocation needs no list of
 * mappings: it walks the bounds and clears the entries with that number.
 *
 * An operation is done in steps of at most one table. Between steps it can be preempted; what it
 * has done is in thread.progress, with a copy of the operation, so that each entry of the vector is
 * read once. If a step fails, the operation's earlier steps are undone, so that it either happened
 * or did not.
 */
#include "port.h"

/* Work between preemption points, in units of a page in a long extent (12 to 24 instructions). */
#define WORK_BETWEEN_POINTS 512
#define WORK_OPERATION      12
#define WORK_TABLE          24

/* ---- attachments -------------------------------------------------------------------------------- */

static unsigned number_alloc(struct task *t, unsigned *number)
{
    for (unsigned n = 1; n <= ATTACHMENTS_MAX; n++) {
        struct attachment ***page = &t->attachments[n / ATTACHMENTS_PER_PAGE];
        if (!*page) {
            *page = page_alloc(t->quota);
            if (!*page)
                return QUOTA;
        }
        if (!(*page)[n % ATTACHMENTS_PER_PAGE]) {
            *number = n;
            return OK;
        }
    }
    return LIMIT;
}

static struct attachment *find(struct task *t, struct region *r)
{
    for (struct list *l = r->attachments.next; l != &r->attachments; l = l->next) {
        struct attachment *a = container_of(l, struct attachment, in_object);
        if (a->task == t)
            return a;
    }
    return NULL;
}

/* Make the attachment of r in t's space; there is none. */
unsigned attach(struct task *t, struct region *r, struct attachment **out)
{
    unsigned number, status = number_alloc(t, &number);
    if (status != OK)
        return status;
    struct attachment *a = slab_alloc(t->quota, sizeof *a);
    if (!a)
        return QUOTA;
    a->object = &r->object;
    a->task = t;
    a->number = number;
    a->lo = UINT64_MAX;
    list_init(&a->in_task);
    list_insert_after(&r->attachments, &a->in_object);
    t->attachments[number / ATTACHMENTS_PER_PAGE][number % ATTACHMENTS_PER_PAGE] = a;
    t->attachment_count++;
    if (number >= t->attachment_high)
        t->attachment_high = number + 1;
    *out = a;
    return OK;
}

void attachment_free(struct attachment *a)
{
    if (a->number) {
        a->task->attachments[a->number / ATTACHMENTS_PER_PAGE][a->number % ATTACHMENTS_PER_PAGE] =
            NULL;
        a->task->attachment_count--;
        region_changed((struct region *)a->object);
    }
    list_remove(&a->in_object);
    list_remove(&a->in_task);
    slab_free(a);
}

/* ---- pages of the kernel ------------------------------------------------------------------------ */

unsigned kernel_page_map(struct task *t, uint64_t va, void *page, unsigned rights)
{
    uint64_t done;
    unsigned status =
        port_space_map(&t->space, va, port_physical(page), 1, rights, CACHE_BACK, 0, &done);
    port_space_flush(&t->space); /* tables that were made in vain */
    return status;
}

void kernel_page_unmap(struct task *t, uint64_t va, const void *page)
{
    struct leaf leaf = port_space_query(&t->space, va);
    if (leaf.size != PAGE_SIZE || leaf.tag != 0 || leaf.physical != port_physical(page))
        return; /* the task has unmapped it */
    port_space_unmap(&t->space, va, 1);
    port_space_flush(&t->space);
}

/* ---- the vector ---------------------------------------------------------------------------------- */

struct mapping { /* what the current operation works on */
    struct task *task;
    struct region *region;
    struct attachment *attachment;
    /* valid while `fast`: the last operation mapped from this region with these rights */
    bool fast;
    handle_t handle;
    uint8_t rights;
    struct map_cursor cursor;
};

static bool range_ok(const struct map_op *op)
{
    return op->va % PAGE_SIZE == 0 && op->va >= USER_MIN && op->va < USER_MAX &&
           op->pages <= (USER_MAX - op->va) >> PAGE_SHIFT;
}

static unsigned find_region(struct thread *t, struct map_op *op, struct mapping *m)
{
    struct cap *c;
    if (op->rights == 0 || op->rights & ~(MAP_READ | MAP_WRITE | MAP_EXEC))
        return BAD_ARG;
    op->rights |= MAP_READ;
    unsigned status = cap_get(t->task, op->region, OBJ_REGION, op->rights, &c);
    if (status == OK)
        m->region = (struct region *)c->object;
    return status;
}

/* Check the operation and find what it names. */
static unsigned prepare(struct thread *t, struct map_op *op, struct mapping *m)
{
    struct progress *p = &t->progress;
    if (op->kind >= MAP_KINDS || op->zero)
        return BAD_ARG;
    if (op->kind == MAP_PORTS)
        return OK;
    if (op->pages == 0)
        return BAD_ARG;
    if (!range_ok(op))
        return BAD_ADDRESS;
    if (op->kind == MAP_UNMAP)
        return OK;
    unsigned status = find_region(t, op, m);
    if (status != OK)
        return status;
    if (op->kind == MAP_PROTECT) {
        m->attachment = find(m->task, m->region);
        return OK;
    }
    if (!region_holds(m->region, op->offset, op->pages))
        return BAD_ARG;
    m->attachment = find(m->task, m->region);
    if (!m->attachment) {
        status = attach(m->task, m->region, &m->attachment);
        if (status != OK)
            return status;
        p->fresh = true;
    }
    m->attachment->lo = min64(m->attachment->lo, op->va);
    m->attachment->hi = max64(m->attachment->hi, op->va + op->pages * PAGE_SIZE);
    region_changed(m->region);
    return OK;
}

static unsigned step_ports(struct thread *t, struct mapping *m, const struct map_op *op)
{
    struct cap *c;
    unsigned status = cap_get(t->task, op->region, OBJ_PORTS, RIGHT_USE, &c);
    return status == OK ? ports_attach(m->task, (struct ports *)c->object) : status;
}

/* One step of the operation in p; returns a status, *passed pages done. */
static unsigned step(struct thread *t, struct mapping *m, uint64_t *passed)
{
    struct progress *p = &t->progress;
    struct map_op *op = &p->op;
    uint64_t va = op->va + p->page * PAGE_SIZE, left = op->pages - p->page;
    unsigned status = OK;
    switch (op->kind) {
    case MAP_MAP:
        status = port_space_map(&m->task->space, va,
                                m->region->base + (op->offset + p->page) * PAGE_SIZE, left,
                                op->rights, m->region->cache, m->attachment->number, passed);
        break;
    case MAP_UNMAP:
        *passed = port_space_unmap(&m->task->space, va, left);
        break;
    default: /* MAP_PROTECT: first look at all leaves, then change them */
        *passed = port_space_protect(&m->task->space, va, left, op->rights,
                                     m->attachment ? m->attachment->number : ATTACHMENTS_MAX + 1,
                                     !p->checked, &status);
        break;
    }
    p->page += *passed;
    if (status == OK && op->kind == MAP_PROTECT && !p->checked && p->page >= op->pages) {
        p->checked = true;
        p->page = 0;
    }
    return status;
}

/* One step of taking back a mapping that failed half-way. True when all is undone. */
static bool undo(struct thread *t, struct mapping *m)
{
    struct progress *p = &t->progress;
    if (p->page && p->op.kind == MAP_MAP) {
        uint64_t n = port_space_unmap(&m->task->space, p->op.va, p->page);
        p->op.va += n * PAGE_SIZE;
        p->page -= min64(n, p->page);
        return p->page == 0;
    }
    return true;
}

static void undo_attachment(struct thread *t, struct mapping *m)
{
    struct progress *p = &t->progress;
    if (p->op.kind == MAP_MAP && p->fresh && m->attachment)
        attachment_free(m->attachment);
}

/* Begin or, after preemption, take up the operation `index`; a status. */
static unsigned begin(struct thread *t, struct mapping *m, const struct map_op *ops)
{
    struct progress *p = &t->progress;
    if (p->active) {
        unsigned status = p->undo ? OK : prepare(t, &p->op, m);
        if (status != OK) {
            p->undo = true;
            p->status = (uint8_t)status;
        }
        return OK;
    }
    p->op = ops[p->index];
    p->page = 0;
    p->fresh = p->checked = p->undo = false;
    unsigned status = prepare(t, &p->op, m);
    if (status == OK)
        p->active = true;
    return status;
}

/* The whole operation. Returns its status or CALL_RESTART. */
static uint64_t run(struct thread *t, struct mapping *m, uint64_t *work)
{
    struct progress *p = &t->progress;
    for (;;) {
        uint64_t passed = 1;
        if (p->undo) {
            if (undo(t, m)) {
                undo_attachment(t, m);
                return p->status;
            }
        } else {
            unsigned status = step(t, m, &passed);
            if (status != OK) {
                p->undo = true;
                p->status = (uint8_t)status;
                continue;
            }
            if (p->page >= p->op.pages)
                return OK;
        }
        *work += min64(passed, LARGE_PAGE_SIZE / PAGE_SIZE) + WORK_OPERATION;
        if (*work > WORK_BETWEEN_POINTS) {
            *work = 0;
            port_space_flush(&m->task->space);
            if (preemption_point()) {
                p->fresh = false; /* others may use the attachment by then */
                return CALL_RESTART;
            }
        }
    }
}

/* The usual operation, one page into a table that exists: the slow path's checks, without its
 * provisions for preemption and undoing. False: not such an operation, or it fails; the slow path
 * will say how. */
static bool map_page(struct thread *t, struct mapping *m, const struct map_op *ops, unsigned index)
{
    struct progress *p = &t->progress;
    struct map_op op = ops[index];
    if (p->active)
        return false;
    p->fresh = false;
    if (op.kind != MAP_MAP || op.pages != 1 || prepare(t, &op, m) != OK)
        return false;
    port_space_cursor(&m->cursor, &m->task->space, op.va, op.rights, m->region->cache,
                      m->attachment->number);
    if (!port_space_map_page(&m->cursor, op.va, m->region->base + op.offset * PAGE_SIZE)) {
        if (p->fresh)
            attachment_free(m->attachment);
        return false;
    }
    /* Only if nothing is carved from the region is an offset inside it all there is to check. */
    m->fast = m->region->carved_children == 0;
    m->handle = op.region;
    m->rights = op.rights;
    return true;
}

/* One more page of the region that the operation before mapped: the slow path's checks in one line.
 * False: not such an operation, or it fails; the slow path will say how. */
static inline bool map_one_more(struct mapping *m, const struct map_op *ops, unsigned index)
{
    const struct map_op op = ops[index];
    if (op.kind != MAP_MAP || op.pages != 1 || op.region != m->handle ||
        (op.rights | MAP_READ) != m->rights || op.rights == 0 || op.zero || !range_ok(&op) ||
        op.offset >= m->region->pages)
        return false;
    if (!port_space_map_page(&m->cursor, op.va, m->region->base + op.offset * PAGE_SIZE))
        return false;
    struct attachment *a = m->attachment;
    a->lo = min64(a->lo, op.va);
    a->hi = max64(a->hi, op.va + PAGE_SIZE);
    return true;
}

/* The next operation of the vector. Returns its status or CALL_RESTART. */
static uint64_t next(struct thread *t, struct mapping *m, const struct map_op *ops, uint64_t *work)
{
    struct progress *p = &t->progress;
    uint64_t tables = m->task->space.tables;
    m->fast = false;
    if (map_page(t, m, ops, p->index))
        return OK;
    uint64_t status = begin(t, m, ops);
    if (status == OK)
        status = p->op.kind == MAP_PORTS ? step_ports(t, m, &p->op) : run(t, m, work);
    if (status == CALL_RESTART)
        return status;
    p->active = false;
    if (m->task->space.tables > tables)
        *work += (m->task->space.tables - tables) * WORK_TABLE;
    return status;
}

/* Apply a vector; word 0 of the result is the number of operations done. */
uint64_t map_vector(struct thread *t, struct task *task, const struct map_op *ops, unsigned count)
{
    struct progress *p = &t->progress;
    struct mapping m;
    uint64_t status = OK, work = 0;

    m.task = task;
    m.attachment = NULL;
    m.fast = false;

    t->progressed = true;
    while (p->index < count) {
        if (m.fast && map_one_more(&m, ops, p->index)) {
            p->index++;
            continue;
        }
        status = next(t, &m, ops, &work);
        if (status == CALL_RESTART)
            return status;
        if (status != OK)
            break;
        p->index++;
        work += WORK_OPERATION;
        if (work > WORK_BETWEEN_POINTS && p->index < count) {
            port_space_flush(&task->space);
            if (preemption_point())
                return CALL_RESTART;
            work = 0;
            m.fast = false;
        }
    }
    port_space_flush(&task->space);
    counters.maps += p->index;
    *msg_word(&t->regs, 0) = p->index;
    return status;
}

uint64_t call_map(struct thread *t, uint64_t word)
{
    struct progress *p = &t->progress;
    uint64_t count = *msg_word(&t->regs, 0);
    struct task *task;
    unsigned status = task_arg(t, word >> 16 & 0xffffff, RIGHT_MAP, &task);
    /* After a preemption the handle may name nothing or another task: then the call ends here. */
    if (status == OK && (task->object.dying || (p->task && p->task != task)))
        status = BAD_HANDLE;
    if (status == OK && (count == 0 || count > MAP_VECTOR_MAX))
        status = BAD_ARG;
    if (status != OK) {
        *msg_word(&t->regs, 0) = p->index;
        return status;
    }
    p->task = task;
    return map_vector(t, task, t->ipc->vector, (unsigned)count);
}
