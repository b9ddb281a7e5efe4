/*
 * What is mapped in windows: the page map and the lists of mappings, map operations, filling,
 * protection of pages with code.
 *
 * Every RAM page lists where it is mapped (struct mapping), so that a page that gets code can be
 * write-protected everywhere. What is written down is what will be mapped when the operations that
 * were put off are done (windows_complete), which is before anything else is mapped or protected.
 */
#include <string.h>

#include <translator/window.h>

/* ---- the page map and the lists of mappings ----------------------------------------------------- */

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

static inline bool note(struct vm *vm, struct window *w, uint32_t va, struct ram_page *p,
                        uint64_t entry)
{
    struct windows *s = &vm->windows;
    struct window_leaf **leaf = &w->leaf[va >> 22];
    if (*leaf == NULL) {
        if (s->free_leaves == 0)
            return false;
        *leaf = &s->leaves[s->free_leaf[--s->free_leaves]];
    }
    if (!list_mapping(vm, p, window_number(vm, w), va)) {
        if ((*leaf)->used == 0) {
            s->free_leaf[s->free_leaves++] = (uint32_t)(*leaf - s->leaves);
            *leaf = NULL;
        }
        return false;
    }
    (*leaf)->page[va >> GUEST_PAGE_SHIFT & (LEAF_PAGES - 1)] = entry | PAGE_MAPPED;
    window_fresh(w, va);
    window_present(vm, w, va);
    (*leaf)->used++;
    w->pages++;
    vm->counts.pages++;
    return true;
}

bool window_note(struct vm *vm, struct window *w, uint32_t va, uint64_t phys, unsigned flags)
{
    return note(vm, w, va, ram_page(ram_find(vm, phys), phys), phys | flags);
}

void window_forget(struct vm *vm, struct window *w, uint32_t va)
{
    struct windows *s = &vm->windows;
    uint64_t *e = window_entry(w, va);
    uint64_t phys = entry_phys(*e);
    unlist_mapping(vm, ram_page(ram_find(vm, phys), phys), window_number(vm, w), va);
    *e = 0;
    w->pages--;
    struct window_leaf **leaf = &w->leaf[va >> 22];
    if (--(*leaf)->used == 0) {
        s->free_leaf[s->free_leaves++] = (uint32_t)(*leaf - s->leaves);
        *leaf = NULL;
    }
}

static bool mapped(const struct window *w, uint32_t va)
{
    const uint64_t *e = window_entry(w, va);
    return e != NULL && *e != 0;
}

/* ---- applying map operations -------------------------------------------------------------------- */

static uint64_t op_end(const struct map_op *op)
{
    return op->va + op->pages * GUEST_PAGE;
}

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

/* After w was emptied: what was still to be mapped or protected in it is no longer noted. */
static unsigned keep_unmaps(const struct window *w, struct map_op *ops, unsigned count)
{
    unsigned kept = 0;
    for (unsigned n = 0; n < count; n++)
        if (ops[n].kind == MAP_UNMAP || ops[n].va - w->base >= 1ULL << 32)
            ops[kept++] = ops[n];
    return kept;
}

/* There is nothing to unmap but what these operations map or protect: that is unmapped instead, and forgotten.
 * What was not mapped faults again. */
static void give_up(struct vm *vm, struct map_op *ops, unsigned count)
{
    struct windows *s = &vm->windows;
    bool some = false;
    for (unsigned n = 0; n < count; n++) {
        struct window *w = &s->window[(ops[n].va - s->slab) / WINDOW_STRIDE];
        if (ops[n].kind == MAP_UNMAP)
            continue;
        for (uint64_t at = ops[n].va; at < op_end(&ops[n]); at += GUEST_PAGE)
            if (mapped(w, (uint32_t)(at - w->base)))
                window_forget(vm, w, (uint32_t)(at - w->base));
        ops[n] = (struct map_op){.kind = MAP_UNMAP, .va = ops[n].va, .pages = ops[n].pages};
        some = true;
    }
    if (!some)
        vm_broken(vm, "a window could not be mapped");
}

void windows_go_on(struct vm *vm, struct map_op *ops, unsigned count, unsigned done)
{
    unsigned more;
    int status;
    while ((status = vm_map(ops + done, count - done, &more)) != OK) {
        if (status != QUOTA)
            vm_broken(vm, "a window could not be mapped");
        done += more;
        if (!windows_evict(vm, ops, count))
            give_up(vm, ops + done, count - done);
    }
}

static void apply(struct vm *vm, struct map_op *ops, unsigned count)
{
    windows_count_ops(vm, ops, count);
    windows_go_on(vm, ops, count, 0);
}

void windows_complete(struct vm *vm)
{
    struct windows *s = &vm->windows;
    unsigned count = s->later_count;
    if (count == 0)
        return;
    s->later_count = 0;
    vm->cpu->hinders &= (uint8_t)~HINDER_LATER;
    apply(vm, s->later, count);
}

void windows_apply(struct vm *vm, struct map_op *ops, unsigned count)
{
    windows_complete(vm);
    apply(vm, ops, count);
}

/* Whether `op` (of one page) can become part of `last`. */
static bool joins(const struct map_op *last, const struct map_op *op, uint64_t from)
{
    if (last->kind != op->kind)
        return false;
    if (op->kind == MAP_UNMAP)
        return op_end(last) >= from && op_end(last) <= op->va;
    return op_end(last) == op->va && last->rights == op->rights && last->region == op->region &&
           (op->kind == MAP_PROTECT || last->offset + last->pages == op->offset);
}

void window_later(struct vm *vm, const struct window *w, struct map_op op, uint32_t va,
                  uint32_t from)
{
    struct windows *s = &vm->windows;
    struct map_op *last = s->later_count == 0 ? NULL : &s->later[s->later_count - 1];
    op.va = w->base + va;
    if (last != NULL && joins(last, &op, w->base + from)) {
        last->pages = (op_end(&op) - last->va) / GUEST_PAGE;
        return;
    }
    s->later[s->later_count++] = op;
    vm->cpu->hinders |= HINDER_LATER;
    if (s->later_count == MAP_VECTOR_MAX)
        windows_complete(vm);
}

void window_drop_later(struct vm *vm, const struct window *w)
{
    struct windows *s = &vm->windows;
    s->later_count = keep_unmaps(w, s->later, s->later_count);
}

void window_unmap(struct vm *vm, struct window *w, uint32_t va, uint64_t pages)
{
    struct map_op op = {.kind = MAP_UNMAP, .va = w->base + va, .pages = pages};
    windows_apply(vm, &op, 1);
}

/* ---- protection of code ------------------------------------------------------------------------- */

uint8_t window_rights(struct ram *r, uint64_t phys, unsigned flags)
{
    bool write = (flags & PAGE_WRITABLE) != 0 && !ram_page(r, phys)->code && !r->rom;
    return write ? MAP_READ | MAP_WRITE : MAP_READ;
}

void window_protect(struct vm *vm, struct ram *r, uint64_t phys)
{
    struct windows *s = &vm->windows;
    struct map_op ops[MAP_VECTOR_MAX];
    unsigned count = 0;
    windows_complete(vm);
    soft_flush(vm);
    for (uint32_t m = ram_page(r, phys)->mappings; m != 0; m = s->mappings[m].next) {
        struct window *w = &s->window[s->mappings[m].window];
        uint32_t va = s->mappings[m].page << GUEST_PAGE_SHIFT;
        if (!(*window_entry(w, va) & PAGE_WRITABLE))
            continue;
        ops[count++] = (struct map_op){.kind = MAP_PROTECT,
                                       .rights = MAP_READ,
                                       .region = r->region,
                                       .va = w->base + va,
                                       .pages = 1};
        if (count == MAP_VECTOR_MAX) { /* m is among them and stays */
            windows_apply(vm, ops, count);
            count = 0;
        }
    }
    windows_apply(vm, ops, count);
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
static inline bool fill_page(struct fill *f, uint32_t va, uint64_t phys)
{
    struct ram *r = f->r;
    struct ram_page *p = ram_page(r, phys);
    struct map_op *last = f->count == 0 ? NULL : &f->ops[f->count - 1];
    uint64_t at = f->w->base + va, offset = (phys - r->phys) >> GUEST_PAGE_SHIFT;
    bool write = (f->flags & PAGE_WRITABLE) != 0 && !p->code && !r->rom;
    uint8_t rights = write ? MAP_READ | MAP_WRITE : MAP_READ;
    bool extends = last != NULL && last->kind == MAP_MAP && last->rights == rights &&
                   op_end(last) == at && last->offset + last->pages == offset;
    if ((!extends && f->count == MAP_VECTOR_MAX) || !note(f->vm, f->w, va, p, phys | f->flags))
        return false;
    if (extends)
        last->pages++;
    else
        f->ops[f->count++] = (struct map_op){.kind = MAP_MAP,
                                             .rights = rights,
                                             .region = r->region,
                                             .va = at,
                                             .offset = offset,
                                             .pages = 1};
    return true;
}

/* Pages before and after va that continue it: contiguous, and otherwise as va's descriptor says. */
#define AROUND 16u

static inline uint64_t descriptor(const uint8_t *at, unsigned bytes, bool big)
{
    uint32_t low = *(const volatile uint32_t *)(const void *)at;
    if (bytes == 4)
        return big ? __builtin_bswap32(low) : low;
    uint64_t v = *(const volatile uint64_t *)(const void *)at;
    return big ? __builtin_bswap64(v) : v;
}

/* How many of the pages after va (sign -1: before it) continue it, at most. */
static unsigned continuing(const struct fill *f, uint32_t va, const struct walk *k,
                           const uint8_t *at, int sign, unsigned most)
{
    const struct frontend *g = f->vm->frontend;
    int bytes = sign * k->entry_bytes;
    uint32_t page = sign * GUEST_PAGE;
    uint64_t step = (uint64_t)sign * g->descriptor_step;
    uint64_t mask = k->entry_bytes == 4 ? UINT32_MAX : UINT64_MAX;
    uint64_t want = descriptor(at, k->entry_bytes, g->descriptor_big);
    unsigned n = 0;
    for (; n < most && !mapped(f->w, va += page); n++)
        if (descriptor(at += bytes, k->entry_bytes, g->descriptor_big) != ((want += step) & mask))
            break;
    return n;
}

static void around(struct fill *f, uint32_t va, const struct walk *k, uint32_t *first,
                   uint32_t *last)
{
    uint32_t page = va & GUEST_PAGE_MASK;
    unsigned before = va >> GUEST_PAGE_SHIFT & (AROUND - 1);
    struct ram *t = k->entry == 0 ? NULL : ram_find(f->vm, k->entry);
    *first = *last = page;
    if (t == NULL || k->device)
        return;
    const uint8_t *at = (const uint8_t *)(t->alias + (k->entry - t->phys));
    *first -= continuing(f, page, k, at, -1, before) * GUEST_PAGE;
    *last += continuing(f, page, k, at, 1, AROUND - 1 - before) * GUEST_PAGE;
}

/* A page that is mapped already faulted because its guest rights grew, or its code was dropped. */
static unsigned refill(struct fill *f, uint32_t va, const struct walk *k)
{
    uint64_t *e = window_entry(f->w, va);
    uint64_t phys = k->phys & ~(uint64_t)(GUEST_PAGE - 1);
    if (entry_phys(*e) == phys && (f->flags & PAGE_WRITABLE)) {
        *e |= PAGE_WRITABLE;
        window_fresh(f->w, va);
        f->ops[0] = (struct map_op){.kind = MAP_PROTECT,
                                    .rights = MAP_READ | MAP_WRITE,
                                    .region = f->r->region,
                                    .va = f->w->base + va,
                                    .pages = 1};
        return 1;
    }
    window_forget(f->vm, f->w, va);
    f->ops[0] = (struct map_op){.kind = MAP_UNMAP, .va = f->w->base + va, .pages = 1};
    f->count = 1;
    return 0;
}

#define MIB (1u << 20)

/* Remember which addresses an entry covers, however much of it is mapped: a flush may name any. */
static void note_large(struct vm *vm, const struct window *w, const struct walk *k)
{
    for (uint32_t n = 0; n < k->size >> 20; n++)
        vm->windows.large[(k->lead >> 20) + n] |= 1ULL << window_number(vm, w);
}

unsigned window_fill(struct vm *vm, struct window *w, uint32_t va, const struct walk *k,
                     struct map_op ops[MAP_VECTOR_MAX])
{
    struct ram *r = ram_find(vm, k->phys);
    struct fill f = {vm, w, r, 0, ops, 0};
    uint32_t page = va & GUEST_PAGE_MASK, first, last;
    windows_complete(vm);
    f.flags = entry_flags(k);
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
        around(&f, va, k, &first, &last);
    }
    if (k->size >= MIB)
        note_large(vm, w, k);
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

bool window_may_hold(struct vm *vm, const struct window *w, const struct walk *k)
{
    return w != windows_now(vm)->main || !windows_now(vm)->keys.global_only || k->global;
}

bool window_fill_ahead(struct vm *vm, struct window *w, uint32_t va, unsigned kind)
{
    struct map_op ops[MAP_VECTOR_MAX];
    struct walk k;
    if (w == &vm->windows.nothing)
        return false;
    if (w != windows_now(vm)->main)
        kind |= ACCESS_USER;
    vm->frontend->walk(vm->cpu, va, kind, &k);
    struct ram *r = k.status != 0 ? NULL : ram_find(vm, k.phys);
    if (r == NULL || !window_may_hold(vm, w, &k) ||
        ((kind & ACCESS_WRITE) != 0 && (r->rom || ram_page(r, k.phys)->code)))
        return false;
    uint64_t *e = window_entry(w, va);
    uint64_t want = PAGE_MAPPED | (kind & ACCESS_WRITE ? PAGE_WRITABLE : 0);
    windows_complete(vm);
    if (e != NULL && entry_phys(*e) == (k.phys & ~(uint64_t)(GUEST_PAGE - 1)) &&
        (*e & want) == want)
        return false; /* the guest's flush saw to it */
    vm->fault_window = w;
    unsigned count = window_fill(vm, w, va, &k, ops);
    windows_apply(vm, ops, count);
    return count != 0;
}
