/*
 * Tasks: a capability table, an address space and a priority ceiling. Everything a task needs from
 * kernel memory is charged to its quota.
 */
#include "port.h"

struct task *task_create(struct quota *q, unsigned ceiling)
{
    struct task *t = object_create(q, OBJ_TASK, sizeof *t);
    if (!t)
        return NULL;
    t->quota = q;
    t->ceiling = ceiling;
    t->space.quota = q;
    t->attachment_high = 1;
    list_init(&t->threads);
    list_init(&t->ports);
    t->leaves = page_alloc(q);
    if (t->leaves) {
        if (port_space_init(&t->space) == OK) {
            if (kernel_page_map(t, INFO_PAGE_VA, info_page, MAP_READ) == OK) {
                object_ref(&q->object);
                return t;
            }
            port_space_free(&t->space);
        }
        page_free(q, t->leaves);
    }
    object_discard(t);
    return NULL;
}

/* Delete the capabilities of one leaf; false: preempted. */
static bool reap_leaf(struct cap *leaf)
{
    for (unsigned i = 0; i < CAP_LEAF_SLOTS; i++)
        if (leaf[i].object && !cap_delete_tree(&leaf[i], true))
            return false;
    return true;
}

static void free_attachments(struct task *t)
{
    for (unsigned i = 0; i < 2; i++) {
        if (!t->attachments[i])
            continue;
        page_free(t->quota, t->attachments[i]);
        t->attachments[i] = NULL;
    }
}

/*
 * One step of destruction: a thread, a leaf of the capability table, a piece of the address space,
 * an attachment, then the rest.
 */
bool task_reap(struct task *t)
{
    if (!list_empty(&t->threads)) {
        struct thread *thread = container_of(t->threads.next, struct thread, in_task);
        thread_leave(thread);
        return false;
    }
    if (t->reap_leaf < CAP_LEAVES) {
        struct cap *leaf = t->leaves[t->reap_leaf];
        if (leaf) {
            if (!reap_leaf(leaf))
                return false;
            page_free(t->quota, leaf);
            t->leaves[t->reap_leaf] = NULL;
        }
        t->reap_leaf++;
        return false;
    }
    if (t->reap_va < USER_MAX) {
        t->reap_va += port_space_unmap(&t->space, t->reap_va, (USER_MAX - t->reap_va) >> PAGE_SHIFT)
                      << PAGE_SHIFT;
        port_space_flush(&t->space);
        return false;
    }
    if (t->attachment_high > 1) {
        unsigned n = --t->attachment_high;
        struct attachment **page = t->attachments[n / ATTACHMENTS_PER_PAGE];
        struct attachment *a = page ? page[n % ATTACHMENTS_PER_PAGE] : NULL;
        if (a)
            attachment_free(a);
        return false;
    }
    free_attachments(t);
    ports_detach_all(t);
    port_space_free(&t->space);
    page_free(t->quota, t->leaves);
    t->leaves = NULL;
    object_unref(&t->quota->object);
    t->quota = NULL;
    return true;
}
