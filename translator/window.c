/*
 * Windows: 4 GiB of host address space each, in which a guest address space is mapped as far as it
 * was touched, so that a guest access is one host access.
 *
 * A window is named by a key of the frontend (mode, ASID, rights). It is filled by faults and
 * emptied by the guest's own TLB maintenance; what it holds is written down in a page map (va page →
 * physical page and rights), so flushing an address that was never filled is a table look-up.
 * Every RAM page lists where it is mapped (struct mapping), so that a page that gets code can be
 * write-protected everywhere.
 *
 * All of it only caches the guest's tables: any window can be emptied at any time between two
 * guest accesses, which is what happens when map quota, leaves or mapping entries run out.
 */
#include <stdlib.h>
#include <string.h>

#include <translator/machine.h>

#define WINDOW_GUARD  (64u << 10)
#define LEAF_COUNT    4096u
#define MAPPING_COUNT (1u << 20)

bool windows_start(struct vm *vm)
{
    struct windows *s = &vm->windows;
    s->count = vm->config.windows != 0 ? vm->config.windows : 32;
    if (s->count < 3)
        s->count = 3;
    if (s->count > WINDOW_MAX)
        s->count = WINDOW_MAX;
    s->slab = vm_reserve(WINDOW_MAX * WINDOW_STRIDE, 1 << 30);
    s->mappings = calloc(MAPPING_COUNT, sizeof *s->mappings);
    s->leaves = calloc(LEAF_COUNT, sizeof *s->leaves);
    s->free_leaf = calloc(LEAF_COUNT, sizeof *s->free_leaf);
    if (s->slab == 0 || s->mappings == NULL || s->leaves == NULL || s->free_leaf == NULL)
        return false;
    s->mapping_count = 1;
    while (s->free_leaves < LEAF_COUNT) {
        s->free_leaf[s->free_leaves] = LEAF_COUNT - 1 - s->free_leaves;
        s->free_leaves++;
    }
    for (unsigned n = 0; n < WINDOW_MAX; n++) {
        struct window *w = &s->window[n];
        w->base = s->slab + n * WINDOW_STRIDE + WINDOW_GUARD;
        w->jumps = calloc(JUMP_ENTRIES, sizeof *w->jumps);
        w->fetch = calloc(FETCH_ENTRIES, sizeof *w->fetch);
        if (w->jumps == NULL || w->fetch == NULL)
            return false;
    }
    return true;
}

void windows_stop(struct vm *vm)
{
    struct windows *s = &vm->windows;
    for (unsigned n = 0; n < WINDOW_MAX; n++) {
        free(s->window[n].jumps);
        free(s->window[n].fetch);
    }
    free(s->mappings);
    free(s->leaves);
    free(s->free_leaf);
    if (s->slab != 0)
        vm_unreserve(s->slab, WINDOW_MAX * WINDOW_STRIDE);
}

/* ---- the page map and the lists of mappings ----------------------------------------------------- */

static uint64_t *entry_of(const struct window *w, uint32_t va)
{
    struct window_leaf *leaf = w->leaf[va >> 22];
    return leaf == NULL ? NULL : &leaf->page[va >> GUEST_PAGE_SHIFT & (LEAF_PAGES - 1)];
}

static uint64_t page_phys(uint64_t entry)
{
    return entry & ~(uint64_t)(GUEST_PAGE - 1);
}

static bool list_mapping(struct vm *vm, struct ram_page *p, unsigned window, uint32_t va)
{
    struct windows *s = &vm->windows;
    uint32_t n = s->mapping_free;
    if (n != 0)
        s->mapping_free = s->mappings[n].next;
    else if (s->mapping_count < MAPPING_COUNT)
        n = s->mapping_count++;
    else
        return false;
    s->mappings[n] = (struct mapping){p->mappings, va >> GUEST_PAGE_SHIFT, (uint8_t)window};
    p->mappings = n;
    return true;
}

static void unlist_mapping(struct vm *vm, struct ram_page *p, unsigned window, uint32_t va)
{
    struct windows *s = &vm->windows;
    for (uint32_t *at = &p->mappings; *at != 0; at = &s->mappings[*at].next) {
        struct mapping *m = &s->mappings[*at];
        if (m->window == window && m->page == va >> GUEST_PAGE_SHIFT) {
            uint32_t n = *at;
            *at = m->next;
            m->next = s->mapping_free;
            s->mapping_free = n;
            return;
        }
    }
}

static unsigned window_number(const struct vm *vm, const struct window *w)
{
    return (unsigned)(w - vm->windows.window);
}

/* Write down that va is mapped to phys; false: out of leaves or entries. */
static bool note(struct vm *vm, struct window *w, uint32_t va, uint64_t phys, unsigned flags)
{
    struct windows *s = &vm->windows;
    struct window_leaf **leaf = &w->leaf[va >> 22];
    if (*leaf == NULL) {
        if (s->free_leaves == 0)
            return false;
        *leaf = &s->leaves[s->free_leaf[--s->free_leaves]];
    }
    struct ram *r = ram_find(vm, phys);
    if (!list_mapping(vm, ram_page(r, phys), window_number(vm, w), va))
        return false;
    *entry_of(w, va) = phys | flags | PAGE_MAPPED;
    (*leaf)->used++;
    w->pages++;
    vm->counts.pages++;
    return true;
}

/* The reverse of note. */
static void forget(struct vm *vm, struct window *w, uint32_t va)
{
    struct windows *s = &vm->windows;
    uint64_t *e = entry_of(w, va);
    uint64_t phys = page_phys(*e);
    unlist_mapping(vm, ram_page(ram_find(vm, phys), phys), window_number(vm, w), va);
    *e = 0;
    w->pages--;
    struct window_leaf **leaf = &w->leaf[va >> 22];
    if (--(*leaf)->used == 0) {
        s->free_leaf[s->free_leaves++] = (uint32_t)(*leaf - s->leaves);
        *leaf = NULL;
    }
}

/* ---- applying map operations -------------------------------------------------------------------- */

void windows_count_ops(struct vm *vm, const struct map_op *ops, unsigned count)
{
    for (unsigned n = 0; n < count; n++)
        if (ops[n].kind == MAP_MAP)
            vm->counts.map_ops++;
        else if (ops[n].kind == MAP_UNMAP)
            vm->counts.unmap_ops++;
        else
            vm->counts.protect_ops++;
}

/* After a window was emptied to make room: what was still to be mapped in it is no longer noted. */
static unsigned drop_maps(const struct window *w, struct map_op *ops, unsigned count)
{
    unsigned kept = 0;
    for (unsigned n = 0; n < count; n++)
        if (ops[n].kind != MAP_MAP || ops[n].va - w->base >= 1ULL << 32)
            ops[kept++] = ops[n];
    return kept;
}

void windows_apply(struct vm *vm, struct map_op *ops, unsigned count)
{
    windows_count_ops(vm, ops, count);
    while (count != 0) {
        unsigned done;
        int status = vm_map(ops, count, &done);
        ops += done;
        count -= done;
        if (status == OK)
            return;
        struct window *emptied = status == QUOTA ? windows_evict(vm) : NULL;
        if (emptied == NULL)
            vm_broken(vm, "a window could not be mapped");
        count = drop_maps(emptied, ops, count);
    }
}

static void unmap_range(struct vm *vm, struct window *w, uint32_t va, uint64_t pages)
{
    struct map_op op = {.kind = MAP_UNMAP, .va = w->base + va, .pages = pages};
    windows_apply(vm, &op, 1);
}

/* ---- emptying ----------------------------------------------------------------------------------- */

static void forget_code(struct window *w)
{
    if (!w->code)
        return;
    memset(w->jumps, 0, JUMP_ENTRIES * sizeof *w->jumps);
    memset(w->fetch, 0, FETCH_ENTRIES * sizeof *w->fetch);
    w->code = false;
}

static void soft_flush(struct vm *vm)
{
    memset(vm->soft, 0, sizeof vm->soft);
}

static void soft_flush_page(struct vm *vm, uint32_t va)
{
    for (unsigned kind = 0; kind <= (ACCESS_WRITE | ACCESS_FETCH | ACCESS_USER); kind++) {
        struct soft_entry *e = soft_slot(vm, va, kind);
        if ((e->page & GUEST_PAGE_MASK) == va)
            e->page = 0;
    }
}

void window_empty(struct vm *vm, struct window *w)
{
    forget_code(w);
    if (w->pages == 0)
        return;
    uint64_t first = UINT64_MAX, last = 0;
    for (uint64_t top = 0; top < 1024 && w->pages != 0; top++)
        for (uint32_t n = 0; n < LEAF_PAGES && w->leaf[top] != NULL; n++)
            if (w->leaf[top]->page[n] != 0) {
                uint32_t va = (uint32_t)(top << 22 | n << GUEST_PAGE_SHIFT);
                first = va < first ? va : first;
                last = va;
                forget(vm, w, va);
            }
    unmap_range(vm, w, (uint32_t)first, ((last - first) >> GUEST_PAGE_SHIFT) + 1);
}

/* The window that was not used for longest, of those that hold something and are not `current`. */
static struct window *oldest(struct vm *vm, bool spare_current)
{
    struct windows *s = &vm->windows;
    struct window *found = NULL;
    for (unsigned n = 0; n < s->count; n++) {
        struct window *w = &s->window[n];
        bool current = w == s->main || w == s->alt || w == s->choose;
        if (w->used && w->pages != 0 && !(current && spare_current) &&
            (found == NULL || w->stamp < found->stamp))
            found = w;
    }
    return found;
}

struct window *windows_evict(struct vm *vm)
{
    struct window *w = oldest(vm, true);
    if (w == NULL)
        w = oldest(vm, false);
    if (w == NULL)
        return NULL;
    vm->counts.window_evictions++;
    window_empty(vm, w);
    return w;
}

/* Code was linked across pages on the strength of this window's mappings. */
static void unlink_window(struct vm *vm, struct window *w, uint32_t va, uint32_t mask)
{
    if (w->links)
        cache_unlink_cross(vm, va, mask);
    if (mask == 0)
        w->links = false;
}

void window_flush(struct vm *vm, uint64_t mask, uint64_t match)
{
    struct windows *s = &vm->windows;
    vm->counts.flush_all++;
    soft_flush(vm);
    for (unsigned n = 0; n < s->count; n++) {
        struct window *w = &s->window[n];
        if (!w->used || (w->key & mask) != match)
            continue;
        unlink_window(vm, w, 0, 0);
        window_empty(vm, w);
        if (w != s->main && w != s->alt && w != s->choose)
            w->used = false;
    }
}

/* The pages around va that were filled from the same large guest entry are taken out one by one by
 * the guest's own further flushes, or here when the entry was larger than a page. */
static void flush_large(struct vm *vm, struct window *w, uint32_t va)
{
    soft_flush(vm);
    uint32_t first = va, last = va;
    while (first != 0 && entry_of(w, first - 1) != NULL && (*entry_of(w, first - 1) & PAGE_LARGE))
        first -= GUEST_PAGE;
    while (last < GUEST_PAGE_MASK && entry_of(w, last + GUEST_PAGE) != NULL &&
           (*entry_of(w, last + GUEST_PAGE) & PAGE_LARGE))
        last += GUEST_PAGE;
    for (uint64_t at = first; at <= last; at += GUEST_PAGE)
        forget(vm, w, (uint32_t)at);
    unmap_range(vm, w, first, ((last - first) >> GUEST_PAGE_SHIFT) + 1);
}

static void flush_code_page(struct window *w, uint32_t va)
{
    struct fetch_entry *f = &w->fetch[va >> GUEST_PAGE_SHIFT & (FETCH_ENTRIES - 1)];
    if (!w->code)
        return;
    if (f->page == (va | 1))
        f->page = 0;
    for (unsigned n = 0; n < JUMP_ENTRIES; n++)
        if ((w->jumps[n].pc & GUEST_PAGE_MASK) == va)
            w->jumps[n] = (struct jump_entry){0};
}

void window_flush_page(struct vm *vm, uint64_t mask, uint64_t match, uint32_t va)
{
    struct windows *s = &vm->windows;
    va &= GUEST_PAGE_MASK;
    vm->counts.flush_page++;
    soft_flush_page(vm, va);
    for (unsigned n = 0; n < s->count; n++) {
        struct window *w = &s->window[n];
        if (!w->used || (w->key & mask) != match)
            continue;
        flush_code_page(w, va);
        unlink_window(vm, w, va, GUEST_PAGE_MASK);
        uint64_t *e = entry_of(w, va);
        if (e == NULL || *e == 0)
            continue;
        if (*e & PAGE_LARGE) {
            flush_large(vm, w, va);
        } else {
            forget(vm, w, va);
            unmap_range(vm, w, va, 1);
        }
    }
}

/* ---- switching ---------------------------------------------------------------------------------- */

/* The window with that key, or one taken for it: unused, or the one not used for longest. */
static struct window *find_window(struct vm *vm, uint64_t key)
{
    struct windows *s = &vm->windows;
    struct window *found = NULL;
    for (unsigned n = 0; n < s->count; n++) {
        struct window *w = &s->window[n];
        if (w->used && w->key == key)
            return w;
        if (found == NULL || (found->used && (!w->used || w->stamp < found->stamp)))
            found = w;
    }
    if (found->used) {
        vm->counts.window_evictions++;
        unlink_window(vm, found, 0, 0);
        window_empty(vm, found);
    }
    vm->counts.window_new++;
    forget_code(found);
    found->used = true;
    found->key = key;
    return found;
}

static struct window *window_for(struct vm *vm, uint64_t key)
{
    struct windows *s = &vm->windows;
    uint8_t *guess = &s->by_key[key * 0x9e3779b97f4a7c15ULL >> 56];
    struct window *w = &s->window[*guess];
    if (!w->used || w->key != key)
        w = find_window(vm, key);
    *guess = (uint8_t)window_number(vm, w);
    w->stamp = ++s->stamp;
    return w;
}
void windows_switch(struct vm *vm)
{
    struct windows *s = &vm->windows;
    struct cpu *cpu = vm->cpu;
    struct window_keys k;
    vm->frontend->windows(cpu, &k);
    if (s->main != NULL && k.main == s->keys.main && k.alt == s->keys.alt &&
        k.choose == s->keys.choose)
        return;
    vm->counts.window_switches++;
    s->keys = k;
    s->main = window_for(vm, k.main);
    s->alt = window_for(vm, k.alt);
    s->choose = window_for(vm, k.choose);
    cpu->base = s->main->base;
    cpu->alt_base = s->alt->base;
    cpu->choose_base = s->choose->base;
    cpu->jumps = s->main->jumps;
    cpu->fetch = s->main->fetch;
}

/* ---- protection of code ------------------------------------------------------------------------- */

static void set_rights(struct vm *vm, struct ram *r, uint64_t phys, unsigned rights)
{
    struct windows *s = &vm->windows;
    struct map_op ops[MAP_VECTOR_MAX];
    unsigned count = 0;
    for (uint32_t m = ram_page(r, phys)->mappings; m != 0; m = s->mappings[m].next) {
        struct window *w = &s->window[s->mappings[m].window];
        uint32_t va = s->mappings[m].page << GUEST_PAGE_SHIFT;
        if (!(*entry_of(w, va) & PAGE_WRITABLE))
            continue;
        if (count == MAP_VECTOR_MAX) {
            windows_apply(vm, ops, count);
            count = 0;
        }
        ops[count++] = (struct map_op){.kind = MAP_PROTECT,
                                       .rights = (uint8_t)rights,
                                       .region = r->region,
                                       .va = w->base + va,
                                       .pages = 1};
    }
    windows_apply(vm, ops, count);
}

void window_protect(struct vm *vm, struct ram *r, uint64_t phys)
{
    soft_flush(vm);
    set_rights(vm, r, phys, MAP_READ);
}

/* ---- filling ------------------------------------------------------------------------------------ */

struct fill {
    struct vm *vm;
    struct window *w;
    struct ram *r;
    unsigned flags; /* PAGE_* of what is being mapped */
    struct map_op *ops;
    unsigned count;
};

/* Map one page, extending the last operation where it continues it; false: no room. */
static bool fill_page(struct fill *f, uint32_t va, uint64_t phys)
{
    struct ram_page *p = ram_page(f->r, phys);
    uint8_t rights =
        f->flags & PAGE_WRITABLE && !p->code && !f->r->rom ? MAP_READ | MAP_WRITE : MAP_READ;
    struct map_op *last = f->count == 0 ? NULL : &f->ops[f->count - 1];
    uint64_t offset = (phys - f->r->phys) >> GUEST_PAGE_SHIFT;
    bool extends = last != NULL && last->kind == MAP_MAP && last->rights == rights &&
                   last->va + last->pages * GUEST_PAGE == f->w->base + va &&
                   last->offset + last->pages == offset;
    if ((!extends && f->count == MAP_VECTOR_MAX) || !note(f->vm, f->w, va, phys, f->flags))
        return false;
    if (extends)
        last->pages++;
    else
        f->ops[f->count++] = (struct map_op){.kind = MAP_MAP,
                                             .rights = rights,
                                             .region = f->r->region,
                                             .va = f->w->base + va,
                                             .offset = offset,
                                             .pages = 1};
    return true;
}

static bool mapped(const struct window *w, uint32_t va)
{
    uint64_t *e = entry_of(w, va);
    return e != NULL && *e != 0;
}

/* Pages before and after va that continue it: same entry kind, contiguous, equal rights. */
#define AROUND 16u

static bool continues(const struct fill *f, uint32_t va, unsigned kind, const struct walk *k,
                      uint32_t near)
{
    struct walk n;
    if (mapped(f->w, near))
        return false;
    f->vm->frontend->walk(f->vm->cpu, near, kind & ~(unsigned)ACCESS_WRITE, &n);
    return n.status == 0 && n.rights == k->rights && n.global == k->global && !n.device &&
           n.phys == k->phys - (va & ~GUEST_PAGE_MASK) +
                         (uint64_t)(int64_t)(int32_t)(near - (va & GUEST_PAGE_MASK)) &&
           n.phys - f->r->phys < f->r->bytes;
}

static void around(struct fill *f, uint32_t va, unsigned kind, const struct walk *k,
                   uint32_t *first, uint32_t *last)
{
    uint32_t page = va & GUEST_PAGE_MASK;
    uint32_t low = page & ~(AROUND * GUEST_PAGE - 1), high = low + (AROUND - 1) * GUEST_PAGE;
    *first = *last = page;
    while (*first > low && continues(f, va, kind, k, *first - GUEST_PAGE))
        *first -= GUEST_PAGE;
    while (*last < high && continues(f, va, kind, k, *last + GUEST_PAGE))
        *last += GUEST_PAGE;
}

/* A page that is mapped already faulted because its guest rights grew, or its code was dropped. */
static unsigned refill(struct fill *f, uint32_t va, const struct walk *k)
{
    uint64_t *e = entry_of(f->w, va);
    uint64_t phys = k->phys & ~(uint64_t)(GUEST_PAGE - 1);
    if (page_phys(*e) == phys && (f->flags & PAGE_WRITABLE)) {
        *e |= PAGE_WRITABLE;
        f->ops[0] = (struct map_op){.kind = MAP_PROTECT,
                                    .rights = MAP_READ | MAP_WRITE,
                                    .region = f->r->region,
                                    .va = f->w->base + va,
                                    .pages = 1};
        return 1;
    }
    forget(f->vm, f->w, va);
    f->ops[0] = (struct map_op){.kind = MAP_UNMAP, .va = f->w->base + va, .pages = 1};
    f->count = 1;
    return 0;
}

unsigned window_fill(struct vm *vm, struct window *w, uint32_t va, unsigned kind,
                     const struct walk *k, struct map_op ops[MAP_VECTOR_MAX])
{
    struct ram *r = ram_find(vm, k->phys);
    struct fill f = {vm, w, r, 0, ops, 0};
    uint32_t page = va & GUEST_PAGE_MASK, first, last;
    f.flags = (k->rights & WALK_WRITE ? PAGE_WRITABLE : 0) | (k->global ? PAGE_GLOBAL : 0) |
              (k->size > GUEST_PAGE ? PAGE_LARGE : 0);
    if (mapped(w, page)) {
        unsigned n = refill(&f, page, k);
        if (n != 0)
            return n;
        first = last = page;
    } else if (k->size > GUEST_PAGE) {
        uint32_t size = k->size < 1u << 21 ? k->size : 1u << 21;
        first = va & ~(size - 1);
        last = first + size - GUEST_PAGE;
    } else {
        around(&f, va, kind, k, &first, &last);
    }
    uint64_t start = k->phys - (va - first);
    for (uint64_t at = first; at <= last; at += GUEST_PAGE) {
        uint64_t phys = start + (at - first);
        if (phys - r->phys >= r->bytes || ((uint32_t)at != page && mapped(w, (uint32_t)at)))
            continue;
        if (!fill_page(&f, (uint32_t)at, phys))
            break;
    }
    return f.count;
}
