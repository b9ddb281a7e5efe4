/*
 * Grants: from the manifest's words to capabilities in the new task's table and mappings in its
 * address space, each described in its start-up page.
 *
 * Slots are handed out from TASK_GRANTS upward and addresses from GRANT_VA upward, always in the
 * same order, so that every incarnation finds everything where the last one did. Everything given
 * is minted: a child of root's own capability, with no more rights than the grant means. The badge
 * of a notification's capability is the set of bits that its holder can set, so one client cannot
 * speak for another.
 */
#include "root_task.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/channel.h>

struct maker {
    struct task *task;
    struct startup *s;
    handle_t slot; /* next in the task's table */
    uint64_t va;   /* next free address */
    int status;    /* of the first failure; nothing is done after it */
    const char *what;
};

static void fail(struct maker *k, int status, const char *what)
{
    if (k->status == OK && status != OK) {
        k->status = status;
        k->what = what;
    }
}

/* A row for the start-up page; a scratch row once something failed. */
static struct grant *row(struct maker *k, const char *name, unsigned kind)
{
    static struct grant scratch;
    if (k->s->grant_count == GRANTS_MAX)
        fail(k, LIMIT, "too many grants");
    struct grant *g = k->status == OK ? &k->s->grant[k->s->grant_count++] : &scratch;
    *g = (struct grant){.kind = kind};
    snprintf(g->name, sizeof g->name, "%s", name);
    return g;
}

/* Mint one of root's capabilities into the task; the slot it got. */
static handle_t give(struct maker *k, handle_t own, unsigned rights, uint64_t badge,
                     const char *what)
{
    handle_t slot = k->slot++;
    if (k->status == OK)
        fail(k, sys_cap(CAP_MINT, 0, own, k->task->task, slot, rights, badge), what);
    return slot;
}

/* Map a region at the next address. Large ones keep their offset within 2 MiB (of physical, 0 for
 * blocks, which are aligned), so that large pages can be used; a page stays free behind each. */
static uint64_t place(struct maker *k, handle_t region, uint64_t physical, uint64_t pages,
                      unsigned rights, const char *what)
{
    unsigned done;
    if (pages >= LARGE_PAGE_SIZE / PAGE_SIZE) {
        k->va = (k->va + LARGE_PAGE_SIZE - 1) & ~(LARGE_PAGE_SIZE - 1);
        k->va += physical % LARGE_PAGE_SIZE;
    }
    uint64_t va = k->va;
    k->va += (pages + 1) * PAGE_SIZE;
    if (k->status != OK)
        return va;
    ipc()->vector[0] = (struct map_op){
        .kind = MAP_MAP, .rights = (uint8_t)rights, .region = region, .va = va, .pages = pages};
    fail(k, sys_map(k->task->task, 1, &done), what);
    return va;
}

/* ---- one function a kind ------------------------------------------------------------------------ */

static void make_serve(struct maker *k)
{
    const struct name_list *list = &k->task->m->serve;
    for (unsigned i = 0; i < list->count; i++) {
        const struct service *s = service_find(list->item[i].text);
        struct grant *g = row(k, list->item[i].text, GRANT_ENDPOINT);
        g->handle = give(k, s ? s->endpoint : 0, RIGHT_SEND | RIGHT_RECV, 0, "serve");
    }
}

/* The grant of a service that is down is an empty slot: a call says BAD_HANDLE at once. */
static void make_use(struct maker *k)
{
    const struct name_list *list = &k->task->m->use;
    for (unsigned i = 0; i < list->count; i++) {
        const struct service *s = service_find(list->item[i].text);
        struct grant *g = row(k, list->item[i].text, GRANT_ENDPOINT);
        if (s && s->endpoint)
            g->handle = give(k, s->endpoint, RIGHT_SEND, k->task->number, "use");
        else
            g->handle = k->slot++;
        k->task->use_slot[i] = g->handle;
    }
}

static void make_irq(struct maker *k)
{
    const struct range_list *list = &k->task->m->irq;
    for (unsigned i = 0; i < list->count; i++) {
        struct grant *g = row(k, "irq", GRANT_IRQ);
        g->extra = list->item[i].first;
        g->handle = give(k, k->task->irq[i], RIGHT_USE, 0, "irq");
    }
}

static void make_ports(struct maker *k)
{
    const struct range_list *list = &k->task->m->ports;
    for (unsigned i = 0; i < list->count; i++) {
        unsigned done;
        struct grant *g = row(k, "ports", GRANT_PORTS);
        g->extra = list->item[i].first;
        g->bytes = list->item[i].count;
        g->handle = give(k, k->task->ports[i], RIGHT_USE, 0, "ports");
        ipc()->vector[0] =
            (struct map_op){.kind = MAP_PORTS, .region = k->task->ports[i], .pages = 1};
        if (k->status == OK)
            fail(k, sys_map(k->task->task, 1, &done), "ports");
    }
}

static void make_modules(struct maker *k)
{
    const struct name_list *list = &k->task->m->modules;
    for (unsigned i = 0; i < list->count; i++) {
        const struct boot_region *r = module_find(list->item[i].text);
        struct grant *g = row(k, list->item[i].text, GRANT_MODULE);
        if (!r) {
            fail(k, BAD_ARG, "module");
            return;
        }
        g->handle = give(k, r->handle, RIGHT_READ, 0, "module");
        g->va = place(k, r->handle, r->physical, r->pages, MAP_READ, "module");
        g->bytes = r->bytes;
    }
}

static void make_framebuffer(struct maker *k)
{
    const struct boot_framebuffer *f = &boot->framebuffer;
    const struct boot_region *r = NULL;
    for (unsigned i = 0; i < boot->region_count; i++)
        if (boot->region[i].kind == BOOT_FRAMEBUFFER)
            r = &boot->region[i];
    if (!k->task->m->framebuffer || !f->present || !r)
        return;
    struct grant *g = row(k, "framebuffer", GRANT_FRAMEBUFFER);
    g->handle = give(k, r->handle, RIGHT_READ | RIGHT_WRITE, 0, "framebuffer");
    g->va = place(k, r->handle, r->physical, r->pages, MAP_READ | MAP_WRITE, "framebuffer");
    g->bytes = r->pages * PAGE_SIZE;
    _Static_assert(sizeof k->s->framebuffer == sizeof *f, "framebuffer description");
    memcpy(&k->s->framebuffer, f, sizeof *f);
}

static void make_state(struct maker *k)
{
    const struct block *b = &k->task->state_block;
    if (b->pages == 0)
        return;
    struct grant *g = row(k, "state", GRANT_REGION);
    g->handle = give(k, b->region, RIGHT_READ | RIGHT_WRITE, 0, "state");
    g->va = place(k, b->region, 0, b->pages, MAP_READ | MAP_WRITE, "state");
    g->bytes = b->pages * PAGE_SIZE;
}

/* One end of a channel. own: the slot of this end's notification in the task's table. */
static void make_end(struct maker *k, const struct link *l, bool server, handle_t own)
{
    struct grant *g = row(k, l->name, GRANT_CHANNEL);
    g->handle = own;
    g->index = server ? l->index : l->client_bit;
    g->peer_bit = server ? l->client_bit : l->index;
    g->peer = give(k, server ? l->client_notification : l->server_notification, RIGHT_SIGNAL,
                   1ULL << g->peer_bit, "channel");
    g->extra = server;
    g->va = place(k, l->block.region, 0, l->block.pages, MAP_READ | MAP_WRITE, "channel");
    g->bytes = CHANNEL_BYTES(l->capacity);
}

static void make_client_ends(struct maker *k)
{
    handle_t own = HANDLE_NONE;
    struct link *l;
    for (unsigned i = 0; (l = link_nth(i)); i++) {
        if (l->client != k->task)
            continue;
        if (!own)
            own = give(k, k->task->notification, RIGHT_SIGNAL | RIGHT_WAIT, 0, "channel");
        make_end(k, l, false, own);
    }
}

static void make_server_ends(struct maker *k)
{
    const struct name_list *list = &k->task->m->channel_servers;
    for (unsigned n = 0; n < list->count; n++) {
        handle_t own = HANDLE_NONE;
        struct link *l;
        for (unsigned i = 0; (l = link_nth(i)); i++) {
            if (l->server != k->task || strcmp(l->name, list->item[n].text) != 0)
                continue;
            if (!own)
                own = give(k, l->server_notification, RIGHT_SIGNAL | RIGHT_WAIT, 0, "channels");
            make_end(k, l, true, own);
        }
    }
}

static void make_chords(struct maker *k)
{
    for (unsigned i = 0; i < k->task->m->chords.count; i++) {
        struct grant *g = row(k, "chord", GRANT_NOTIFICATION);
        g->index = chord_bit(k->task, i);
        g->handle = give(k, root_notification, RIGHT_SIGNAL, 1ULL << g->index, "chord");
    }
}

int grants_make(struct task *t, struct startup *s, const char **what)
{
    static void (*const makers[])(struct maker *) = {
        make_serve,       make_use,   make_irq,         make_ports,       make_modules,
        make_framebuffer, make_state, make_client_ends, make_server_ends, make_chords};
    struct maker k = {.task = t, .s = s, .slot = TASK_GRANTS, .va = GRANT_VA, .what = "grant"};
    for (unsigned i = 0; i < sizeof makers / sizeof *makers && k.status == OK; i++)
        makers[i](&k);
    s->first_free = k.slot;
    *what = k.what;
    return k.status;
}
