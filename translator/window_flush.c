/*
 * What the guest says of its translation tables: flushes.
 *
 * A flushed entry may be read again from the tables at once, as a TLB may do at any time. That is
 * what happens where the tables in use are those of the window: each of its pages concerned is
 * walked, and only what differs is unmapped, protected or mapped otherwise. A fork, which makes the
 * parent's pages read-only and flushes its address space, so costs a few protections instead of a
 * fault for each page. Windows of other address spaces are marked stale, and this is done when they
 * are used again.
 *
 * Map operations are put off (window_later) and joined until the guest waits for the flush to be
 * complete (windows_complete): before that it may still see the old translations.
 */
#include <string.h>

#include <translator/memory.h>
#include <translator/window.h>

/* ---- the cache of walks ------------------------------------------------------------------------- */

static void soft_flush_page(struct vm *vm, uint32_t va)
{
    if (va >= vm->soft_large[0] && va <= vm->soft_large[1]) {
        soft_flush(vm);
        return;
    }
    for (unsigned n = 0; n <= 2 * (ACCESS_WRITE | ACCESS_FETCH | ACCESS_USER) + 1; n++) {
        unsigned kind = n / 2 | (n % 2 != 0 ? ACCESS_SYSTEM : 0);
        struct soft_entry *e = soft_slot(vm, va, kind);
        if ((e->page & GUEST_PAGE_MASK) == va)
            e->page = 0;
    }
}

/* ---- walking again ------------------------------------------------------------------------------ */

/* A pass over pages of a window in ascending order. */
struct recheck {
    struct vm *vm;
    struct window *w;
    struct walk k;   /* of the entry that covers the pages walked last */
    uint64_t lead;   /* physical address of that entry's first byte */
    bool known;      /* k is valid */
    uint32_t behind; /* first page behind the last one that stayed mapped */
};

/* Whether the tables in use are those of w's key. */
static bool tables_of(struct vm *vm, const struct window *w)
{
    return vm->frontend->holds != NULL && vm->frontend->holds(vm->cpu, w->key);
}

static void walk_page(struct recheck *c, uint32_t va)
{
    if (c->known && c->k.size > GUEST_PAGE && va - c->k.lead < c->k.size)
        return;
    c->vm->frontend->walk_for(c->vm->cpu, c->w->key, va, &c->k);
    c->lead = c->k.phys - (va - c->k.lead);
    c->known = true;
}

static void drop_page(struct recheck *c, uint32_t va)
{
    window_forget(c->vm, c->w, va);
    window_later(c->vm, c->w, (struct map_op){.kind = MAP_UNMAP, .pages = 1}, va, c->behind);
}

/* Another page is there now: the guest is about to use it. */
static void replace_page(struct recheck *c, uint32_t va, struct ram *r, uint64_t phys)
{
    unsigned flags = entry_flags(&c->k);
    drop_page(c, va);
    if (!window_note(c->vm, c->w, va, phys, flags))
        return;
    struct map_op op = {.kind = MAP_MAP,
                        .rights = window_rights(r, phys, flags),
                        .region = r->region,
                        .offset = (phys - r->phys) >> GUEST_PAGE_SHIFT,
                        .pages = 1};
    window_later(c->vm, c->w, op, va, va);
    c->behind = va + GUEST_PAGE;
}

static void recheck_page(struct recheck *c, uint32_t va, uint64_t *e, bool replace)
{
    walk_page(c, va);
    uint64_t phys = c->lead + (va - c->k.lead);
    struct ram *r = c->k.status != 0 ? NULL : ram_find(c->vm, phys);
    if (r == NULL) {
        drop_page(c, va);
        return;
    }
    if (phys != entry_phys(*e)) {
        if (replace)
            replace_page(c, va, r, phys);
        else
            drop_page(c, va);
        return;
    }
    unsigned old = (unsigned)*e & (GUEST_PAGE - 1), new = entry_flags(&c->k) | PAGE_MAPPED;
    *e = phys | new;
    window_fresh(c->w, va);
    c->behind = va + GUEST_PAGE;
    uint8_t rights = window_rights(r, phys, new);
    if (window_rights(r, phys, old) == rights)
        return;
    struct map_op op = {.kind = MAP_PROTECT, .rights = rights, .region = r->region, .pages = 1};
    window_later(c->vm, c->w, op, va, va);
}

/* ---- tables that are as they were -------------------------------------------------------------- */

/*
 * A page of a window is as its descriptor was when the window's tables were copied last, unless it is
 * `fresh`: filled or changed since. So a pass has to walk those only whose descriptor is not what the copy
 * has, and the fresh ones.
 */
static struct table_copy *copy_of(struct vm *vm, const struct window *w, uint32_t top)
{
    return &vm->windows.copies[((w->key ^ w->key >> 12) * 31 + top) * 0x9e3779b97f4a7c15ULL >> 56 &
                               (TABLE_COPIES - 1)];
}

/* Compare a table with its copy and copy it; bits: set for descriptors of `bytes` bytes that differ. */
static void compare_table(uint64_t *copy, const uint64_t *now, size_t words, unsigned bytes,
                          uint32_t *bits)
{
    for (unsigned line = 0; line < words; line += 8) {
        uint64_t differ = 0;
        for (unsigned n = line; n < line + 8; n++)
            differ |= copy[n] ^ now[n];
        if (differ == 0)
            continue;
        for (unsigned n = line; n < line + 8; n++) {
            uint64_t d = copy[n] ^ now[n];
            unsigned page = n * 8 / bytes;
            if (bytes == 8 ? d != 0 : (uint32_t)d != 0)
                bits[page / 32] |= 1u << page % 32;
            if (bytes == 4 && d >> 32 != 0)
                bits[page / 32] |= 2u << page % 32;
            copy[n] = now[n];
        }
    }
}

/* Where the guest's tables are in our memory; false: they are not all RAM. */
static bool find_tables(struct vm *vm, const struct guest_tables *t,
                        const uint64_t *now[GUEST_TABLES])
{
    for (unsigned n = 0; n < t->count; n++) {
        now[n] = NULL;
        if (t->phys[n] == NO_TABLE)
            continue;
        now[n] = memory_ram(vm, t->phys[n], LEAF_PAGES / t->count * t->bytes);
        if (now[n] == NULL)
            return false;
    }
    return true;
}

/* Which pages of the 4 MiB have to be walked; false: all. */
static bool changed(struct vm *vm, const struct window *w, uint32_t top,
                    uint32_t bits[LEAF_PAGES / 32])
{
    struct guest_tables t = {.count = 0};
    const uint64_t *now[GUEST_TABLES];
    if (vm->windows.copies == NULL)
        return false;
    struct table_copy *k = copy_of(vm, w, top);
    bool simple = vm->frontend->tables(vm->cpu, top << 22, &t) && find_tables(vm, &t, now);
    bool known = simple && k->valid && k->key == w->key && k->top == top &&
                 memcmp(&k->tables, &t, sizeof t) == 0;
    k->valid = simple;
    k->key = w->key;
    k->top = top;
    k->tables = t;
    if (!simple)
        return false;
    size_t pages = LEAF_PAGES / t.count, words = pages * t.bytes / 8;
    memcpy(bits, w->leaf[top]->fresh, sizeof w->leaf[top]->fresh);
    for (unsigned n = 0; n < t.count; n++)
        if (now[n] != NULL && known)
            compare_table(k->word + n * words, now[n], words, t.bytes, bits + n * pages / 32);
        else if (now[n] != NULL)
            memcpy(k->word + n * words, now[n], words * 8);
    return known;
}

static void recheck_leaf(struct recheck *c, uint32_t top)
{
    uint32_t bits[LEAF_PAGES / 32];
    struct window_leaf **leaf = &c->w->leaf[top];
    bool some = changed(c->vm, c->w, top, bits);
    for (uint32_t n = 0; n < LEAF_PAGES && *leaf != NULL; n++) {
        uint32_t va = top << 22 | n << GUEST_PAGE_SHIFT;
        if (some && bits[n / 32] == 0) {
            n |= 31;
            continue;
        }
        if ((*leaf)->page[n] == 0 || (some && (bits[n / 32] >> n % 32 & 1) == 0))
            continue;
        if (some) /* what lies before it may be mapped */
            c->behind = va;
        recheck_page(c, va, &(*leaf)->page[n], false);
    }
    if (*leaf != NULL)
        memset((*leaf)->fresh, 0, sizeof(*leaf)->fresh);
}

static void recheck_window(struct vm *vm, struct window *w)
{
    struct recheck c = {.vm = vm, .w = w};
    uint32_t left = w->pages;
    for (uint32_t top = 0; top < 1024 && left != 0; top++)
        if (w->leaf[top] != NULL) {
            left -= w->leaf[top]->used;
            recheck_leaf(&c, top);
        }
}

/* ---- flushes ------------------------------------------------------------------------------------ */

/* Whether all code that was found through w is still where it was: then what was noted of it, and
 * links made on the strength of it, stay right. */
static bool code_holds(struct vm *vm, const struct window *w)
{
    struct recheck c = {.vm = vm, .w = (struct window *)w};
    if (w->code_unlisted)
        return false;
    for (unsigned n = 0; n < w->code_count; n++) {
        uint32_t va = w->code_list[n].page & GUEST_PAGE_MASK;
        walk_page(&c, va);
        uint64_t phys = c.lead + (va - c.k.lead);
        if (c.k.status != 0 || (c.k.rights & WALK_EXEC) == 0 ||
            (uint32_t)(phys >> GUEST_PAGE_SHIFT) != w->code_list[n].phys)
            return false;
    }
    return true;
}

static void flush_window(struct vm *vm, struct window *w)
{
    bool mine = tables_of(vm, w);
    if (!mine || !code_holds(vm, w)) {
        window_unlink(vm, w);
        if (mine)
            window_forget_code(w);
    }
    if (mine) {
        recheck_window(vm, w);
    } else if (window_in_use(vm, w)) {
        window_empty(vm, w);
    } else {
        w->stale = true;
        window_changed(vm);
    }
}

void window_refresh(struct vm *vm, struct window *w)
{
    if (!tables_of(vm, w)) {
        window_empty(vm, w);
        return;
    }
    w->stale = false;
    if (!code_holds(vm, w))
        window_forget_code(w);
    recheck_window(vm, w);
    windows_complete(vm);
}

void window_flush(struct vm *vm, uint64_t mask, uint64_t match)
{
    struct windows *s = &vm->windows;
    vm->counts.flush_all++;
    mmu_note(vm, MMU_FLUSH, 0, match);
    soft_flush(vm);
    for (unsigned n = 0; n < s->count; n++) {
        struct window *w = &s->window[n];
        if (w->used && !w->stale && (w->key & mask) == match)
            flush_window(vm, w);
    }
}

/* Whether the guest's entry for va is as it was when e was filled from it. */
static bool unchanged(struct recheck *c, uint32_t va, uint64_t e)
{
    walk_page(c, va);
    return c->k.status == 0 && c->lead + (va - c->k.lead) == entry_phys(e) &&
           (entry_flags(&c->k) | PAGE_MAPPED) == (e & (GUEST_PAGE - 1));
}

/* va was filled from a guest entry larger than a page: all of that entry is flushed. */
static void flush_large(struct recheck *c, uint32_t va, uint32_t size, bool walk)
{
    soft_flush(c->vm);
    c->behind = va & ~(size - 1);
    for (uint64_t at = c->behind, end = at + size; at < end; at += GUEST_PAGE) {
        uint64_t *e = window_entry(c->w, (uint32_t)at);
        if (e == NULL || *e == 0)
            continue;
        if (walk)
            recheck_page(c, (uint32_t)at, e, false);
        else
            drop_page(c, (uint32_t)at);
    }
}

/* va itself is not mapped, but other parts of a large entry may be that covered it. */
static void flush_covering(struct recheck *c, uint32_t va, bool walk)
{
    const uint64_t most = 1u << 30; /* size of an entry */
    uint64_t at = va & ~(most - 1);
    bool found = false;
    c->behind = (uint32_t)at;
    for (uint64_t end = at + most; at < end; at += GUEST_PAGE) {
        uint64_t *e = window_entry(c->w, (uint32_t)at);
        if (e == NULL) {
            at |= (LEAF_PAGES - 1) * GUEST_PAGE; /* no leaf: go to the next one */
            continue;
        }
        if (*e == 0)
            continue;
        if (((va ^ (uint32_t)at) & ~(entry_size(*e) - 1)) != 0) {
            c->behind = (uint32_t)(at + GUEST_PAGE);
            continue;
        }
        found = true;
        if (walk)
            recheck_page(c, (uint32_t)at, e, false);
        else
            drop_page(c, (uint32_t)at);
    }
    if (found)
        soft_flush(c->vm);
    else
        c->vm->windows.large[va >> 20] &= ~(1ULL << window_number(c->vm, c->w));
}

static void flush_page_of(struct vm *vm, struct window *w, uint32_t va)
{
    struct recheck c = {.vm = vm, .w = w, .behind = va};
    uint64_t *e = window_entry(w, va);
    window_forget_code_page(w, va);
    if (e == NULL || *e == 0) {
        uint64_t bit = 1ULL << window_number(vm, w);
        vm->windows.present[va >> GUEST_PAGE_SHIFT] &= ~bit;
        if ((vm->windows.large[va >> 20] & bit) != 0)
            flush_covering(&c, va, tables_of(vm, w));
    } else if (!tables_of(vm, w))
        flush_large(&c, va, entry_size(*e), false);
    else if (!unchanged(&c, va, *e)) {
        if ((*e & PAGE_LARGE) == 0)
            recheck_page(&c, va, e, true);
        else
            flush_large(&c, va, entry_size(*e), true);
    }
}

void window_flush_page(struct vm *vm, uint64_t mask, uint64_t match, uint32_t va)
{
    struct windows *s = &vm->windows;
    va &= GUEST_PAGE_MASK;
    vm->counts.flush_page++;
    mmu_note(vm, MMU_FLUSH_PAGE, va, match);
    soft_flush_page(vm, va);
    cache_unlink_cross(vm, va, GUEST_PAGE_MASK);
    uint64_t in = s->present[va >> GUEST_PAGE_SHIFT] | s->large[va >> 20];
    for (; in != 0; in &= in - 1) {
        struct window *w = &s->window[__builtin_ctzll(in)];
        if (w->used && !w->stale && (w->key & mask) == match)
            flush_page_of(vm, w, va);
    }
}
