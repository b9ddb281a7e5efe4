/*
 * Address spaces: four-level page tables (Intel SDM vol. 3, 4.5).
 *
 * A leaf entry, besides what the hardware reads, carries its attachment's number in bits 9–11 and
 * 52–58, which the hardware ignores. For each table page the pool counts the entries in use
 * (page_used); a table whose count falls to 0 is freed with its parent's entry, so a table that
 * exists is never empty. A large page keeps one page charged, so that splitting it cannot fail.
 *
 * Invalidations are collected (flush_add) and done before user code runs (port_space_flush). A
 * space that is not loaded is only marked stale. Accessed and dirty bits are set in advance.
 */
#include "paging.h"
#include "port.h"

#include <cpu.h>

#define LARGE_PAGES      (LARGE_PAGE_SIZE / PAGE_SIZE)
#define TAG_LOW(n)       (((uint64_t)(n)&7) << 9)
#define TAG_HIGH(n)      (((uint64_t)(n) >> 3 & 0x7f) << 52)
#define USER_TOP_ENTRIES 256

static uint64_t kernel_root; /* physical: the template of every space's kernel half */

static inline unsigned tag_of(uint64_t e)
{
    return (unsigned)(e >> 9 & 7) | (unsigned)(e >> 52 & 0x7f) << 3;
}

static inline uint64_t *table(uint64_t entry)
{
    return port_pointer(entry & PTE_ADDRESS);
}

static inline unsigned index_of(uint64_t va, unsigned level)
{
    return va >> (PAGE_SHIFT + 9 * (level - 1)) & 511;
}

/* Bytes that one entry of a level-l table covers: 4 KiB, 2 MiB, 1 GiB, 512 GiB. */
static inline uint64_t span(unsigned level)
{
    return PAGE_SIZE << (9 * (level - 1));
}

static uint64_t leaf_bits(unsigned rights, unsigned cache, unsigned tag)
{
    static const uint64_t cache_bits[] = {
        [CACHE_BACK] = 0,
        [CACHE_COMBINING] = PTE_PWT, /* PAT entry 1, see cpu.c */
        [CACHE_NONE] = PTE_PCD | PTE_PWT,
    };
    return PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY | cache_bits[cache] | TAG_LOW(tag) |
           TAG_HIGH(tag) | (rights & MAP_WRITE ? PTE_WRITE : 0) | (rights & MAP_EXEC ? 0 : PTE_NX);
}

/* ---- invalidation -------------------------------------------------------------------------------- */

#define FLUSH_SINGLE_MAX 32
static struct {
    uint64_t va[FLUSH_SINGLE_MAX];
    unsigned count;
    bool all;
} flush;

static void flush_add(struct space *s, uint64_t va, uint64_t pages)
{
    if (s != cpu0.space) {
        s->stale = true;
        return;
    }
    if (flush.all || pages > FLUSH_SINGLE_MAX - flush.count) {
        flush.all = true;
        return;
    }
    for (uint64_t i = 0; i < pages; i++)
        flush.va[flush.count++] = va + i * PAGE_SIZE;
}

void port_space_flush(struct space *s)
{
    if (s != cpu0.space)
        return;
    if (flush.all) {
        write_cr3(read_cr3() & ~CR3_KEEP);
        counters.cr_writes++;
    } else {
        counters.invlpgs += flush.count;
        for (unsigned i = 0; i < flush.count; i++)
            invlpg(flush.va[i]);
    }
    flush.all = false;
    flush.count = 0;
}

/* ---- walking ------------------------------------------------------------------------------------- */

/* The tables on the way to an address; t[l] is the level-l table or NULL. */
struct path {
    uint64_t *t[5];
    unsigned lowest; /* lowest level whose table exists */
};

static void walk(struct space *s, uint64_t va, struct path *p)
{
    uint64_t *t = port_pointer(s->root);
    p->t[4] = t;
    p->lowest = 4;
    while (p->lowest > 1) {
        uint64_t e = t[index_of(va, p->lowest)];
        if (!(e & PTE_PRESENT) || e & PTE_LARGE)
            return;
        t = table(e);
        p->t[--p->lowest] = t;
    }
}

/* Free the tables of a path that have become empty, from below. */
static void prune(struct space *s, uint64_t va, struct path *p)
{
    for (unsigned l = p->lowest; l < 4; l++) {
        if (*page_used(p->t[l]) != 0)
            return;
        p->t[l + 1][index_of(va, l + 1)] = 0;
        --*page_used(p->t[l + 1]);
        page_free(s->quota, p->t[l]);
        s->tables--;
        counters.tables--;
        flush_add(s, va, 1); /* also drops what the CPU caches of upper levels */
    }
}

/* Put a new table under entry e of `parent`. */
static uint64_t *add_table(struct space *s, uint64_t *parent, uint64_t *e)
{
    uint64_t *t = page_alloc(s->quota);
    if (!t)
        return NULL;
    *e = port_physical(t) | PTE_PRESENT | PTE_WRITE | PTE_USER;
    ++*page_used(parent);
    s->tables++;
    counters.tables++;
    return t;
}

/* Extend the path down to `level`; QUOTA leaves no empty table. */
static unsigned extend(struct space *s, uint64_t va, struct path *p, unsigned level)
{
    while (p->lowest > level) {
        uint64_t *parent = p->t[p->lowest];
        uint64_t *t = add_table(s, parent, &parent[index_of(va, p->lowest)]);
        if (!t) {
            prune(s, va, p);
            return QUOTA;
        }
        p->t[--p->lowest] = t;
    }
    return OK;
}

/* ---- map ----------------------------------------------------------------------------------------- */

static unsigned map_large(struct space *s, uint64_t va, uint64_t physical, uint64_t bits)
{
    struct path p;
    walk(s, va, &p);
    if (p.lowest == 1 || (p.lowest == 2 && p.t[2][index_of(va, 2)]))
        return OCCUPIED;
    unsigned status = extend(s, va, &p, 2);
    if (status != OK)
        return status;
    if (!quota_take(s->quota, 1)) {
        prune(s, va, &p);
        return QUOTA;
    }
    p.t[2][index_of(va, 2)] = physical | bits | PTE_LARGE;
    ++*page_used(p.t[2]);
    return OK;
}

unsigned port_space_map(struct space *s, uint64_t va, uint64_t physical, uint64_t pages,
                        unsigned rights, unsigned cache, unsigned tag, uint64_t *done)
{
    uint64_t bits = leaf_bits(rights, cache, tag);
    struct path p;
    *done = 0;
    if (((va | physical) & (LARGE_PAGE_SIZE - 1)) == 0 && pages >= LARGE_PAGES) {
        unsigned status = map_large(s, va, physical, bits);
        if (status == OK)
            *done = LARGE_PAGES;
        return status;
    }
    walk(s, va, &p);
    if (p.lowest == 2 && p.t[2][index_of(va, 2)])
        return OCCUPIED; /* a large page */
    unsigned status = extend(s, va, &p, 1);
    if (status != OK)
        return status;

    unsigned first = index_of(va, 1);
    unsigned n = (unsigned)min64(pages, 512 - first), i;
    uint64_t *e = &p.t[1][first], entry = physical | bits;
    for (i = 0; i < n && e[i] == 0; i++, entry += PAGE_SIZE)
        e[i] = entry;
    *page_used(p.t[1]) += (uint16_t)i;
    *done = i;
    return i > 0 ? OK : OCCUPIED;
}

static inline bool find_leaf_table(struct map_cursor *c, uint64_t va)
{
    uint64_t *t = port_pointer(c->space->root);
    for (unsigned l = 4; l > 1; l--) {
        uint64_t e = t[index_of(va, l)];
        if ((e & (PTE_PRESENT | PTE_LARGE)) != PTE_PRESENT)
            return false;
        t = table(e);
    }
    c->prefix = va & ~(LARGE_PAGE_SIZE - 1);
    c->table = t;
    c->used = page_used(t);
    return true;
}

void port_space_cursor(struct map_cursor *c, struct space *s, uint64_t va, unsigned rights,
                       unsigned cache, unsigned tag)
{
    c->space = s;
    c->bits = leaf_bits(rights, cache, tag);
    c->prefix = 1; /* matches no address */
    find_leaf_table(c, va);
}

bool port_space_map_page(struct map_cursor *c, uint64_t va, uint64_t physical)
{
    if ((va & ~(LARGE_PAGE_SIZE - 1)) != c->prefix && !find_leaf_table(c, va))
        return false;
    uint64_t *e = &c->table[index_of(va, 1)];
    if (*e)
        return false;
    *e = physical | c->bits;
    ++*c->used;
    return true;
}

/* ---- unmap, protect ------------------------------------------------------------------------------ */

static void drop_leaf_table(struct space *s, uint64_t *directory, uint64_t *e)
{
    page_free(s->quota, table(*e));
    s->tables--;
    counters.tables--;
    *e = 0;
    --*page_used(directory);
}

static void drop_large(struct space *s, uint64_t *directory, uint64_t *e)
{
    *e = 0;
    --*page_used(directory);
    quota_give(s->quota, 1);
}

/* Replace a large page by a table of 4 KiB pages; its page was charged when it was mapped. */
static void split(struct space *s, uint64_t va, struct path *p)
{
    uint64_t *e = &p->t[2][index_of(va, 2)];
    uint64_t *t = page_alloc_charged();
    uint64_t entry = *e & ~PTE_LARGE;
    for (unsigned i = 0; i < 512; i++)
        t[i] = entry + i * PAGE_SIZE;
    *page_used(t) = 512;
    *e = port_physical(t) | PTE_PRESENT | PTE_WRITE | PTE_USER;
    s->tables++;
    counters.tables++;
    p->t[1] = t;
    p->lowest = 1;
    flush_add(s, va & ~(LARGE_PAGE_SIZE - 1), FLUSH_SINGLE_MAX + 1);
}

/* Pages from va to the end of the level-l entry's span, at most `pages`. */
static uint64_t rest_of_span(uint64_t va, unsigned level, uint64_t pages)
{
    return min64(pages, (span(level) - (va & (span(level) - 1))) >> PAGE_SHIFT);
}

/* Is the whole span of the level-l entry at va inside [va, va + pages)? */
static bool covers(uint64_t va, unsigned level, uint64_t pages)
{
    return (va & (span(level) - 1)) == 0 && pages >= span(level) >> PAGE_SHIFT;
}

static void drop_directory(struct space *s, uint64_t *d)
{
    for (unsigned i = 0; i < 512 && *page_used(d); i++) {
        if (d[i] & PTE_LARGE)
            drop_large(s, d, &d[i]);
        else if (d[i])
            drop_leaf_table(s, d, &d[i]);
    }
}

uint64_t port_space_unmap(struct space *s, uint64_t va, uint64_t pages)
{
    struct path p;
    walk(s, va, &p);
    unsigned level = p.lowest;
    uint64_t *e = &p.t[level][index_of(va, level)];

    if (level > 1 && !*e) /* a hole */
        return rest_of_span(va, level, pages);
    if (level <= 2 && p.t[2] && covers(va, 3, pages)) { /* a directory and all below */
        drop_directory(s, p.t[2]);
        flush_add(s, va, FLUSH_SINGLE_MAX + 1);
        p.lowest = 2;
        prune(s, va, &p);
        return span(3) >> PAGE_SHIFT;
    }
    if (level == 1 && covers(va, 2, pages)) { /* a whole leaf table */
        drop_leaf_table(s, p.t[2], &p.t[2][index_of(va, 2)]);
        flush_add(s, va, FLUSH_SINGLE_MAX + 1);
        p.lowest = 2;
        prune(s, va, &p);
        return LARGE_PAGES;
    }
    if (level == 2 && covers(va, 2, pages)) { /* a large page */
        drop_large(s, p.t[2], e);
        flush_add(s, va, 1);
        prune(s, va, &p);
        return LARGE_PAGES;
    }
    if (level == 2)
        split(s, va, &p);

    uint64_t n = rest_of_span(va, 2, pages);
    unsigned cleared = 0;
    e = &p.t[1][index_of(va, 1)];
    for (unsigned i = 0; i < n; i++) {
        cleared += e[i] != 0;
        e[i] = 0;
    }
    *page_used(p.t[1]) -= (uint16_t)cleared;
    if (cleared)
        flush_add(s, va, n);
    prune(s, va, &p);
    return n;
}

uint64_t port_space_protect(struct space *s, uint64_t va, uint64_t pages, unsigned rights,
                            unsigned tag, bool dry, unsigned *status)
{
    uint64_t set = (rights & MAP_WRITE ? PTE_WRITE : 0) | (rights & MAP_EXEC ? 0 : PTE_NX);
    struct path p;
    walk(s, va, &p);
    uint64_t *e = &p.t[p.lowest][index_of(va, p.lowest)];
    if (p.lowest > 1 && !*e)
        return rest_of_span(va, p.lowest, pages);
    if (p.lowest == 2) {
        if (dry || covers(va, 2, pages)) {
            if (tag_of(*e) != tag)
                *status = BAD_ARG;
            else if (!dry)
                *e = (*e & ~(PTE_WRITE | PTE_NX)) | set;
            flush_add(s, va, dry ? 0 : 1);
            return rest_of_span(va, 2, pages);
        }
        split(s, va, &p);
    }
    uint64_t n = rest_of_span(va, 2, pages);
    e = &p.t[1][index_of(va, 1)];
    for (unsigned i = 0; i < n; i++) {
        if (!e[i])
            continue;
        if (tag_of(e[i]) != tag)
            *status = BAD_ARG;
        else if (!dry)
            e[i] = (e[i] & ~(PTE_WRITE | PTE_NX)) | set;
    }
    if (!dry)
        flush_add(s, va, n);
    return n;
}

/* ---- sweep --------------------------------------------------------------------------------------- */

static bool inside(uint64_t entry, uint64_t size, uint64_t physical, uint64_t bytes)
{
    uint64_t a = entry & PTE_ADDRESS & ~(size - 1);
    return a < physical + bytes && physical < a + size;
}

uint64_t port_space_sweep(struct space *s, uint64_t va, uint64_t end, unsigned tag,
                          uint64_t physical, uint64_t bytes, bool *find)
{
    struct path p;
    walk(s, va, &p);
    if (p.lowest > 2)
        return min64(end, (va & ~(span(p.lowest) - 1)) + span(p.lowest));
    if (p.lowest == 2) {
        /* Pass over holes and large pages until there is a leaf table. */
        uint64_t *d = p.t[2];
        unsigned i = index_of(va, 2);
        for (; i < 512 && va < end && (!d[i] || d[i] & PTE_LARGE); i++) {
            if (d[i] && tag_of(d[i]) == tag) {
                if (!find) {
                    drop_large(s, d, &d[i]);
                    flush_add(s, va, FLUSH_SINGLE_MAX + 1);
                } else if (inside(d[i], LARGE_PAGE_SIZE, physical, bytes)) {
                    *find = true;
                }
            }
            va = (va & ~(LARGE_PAGE_SIZE - 1)) + LARGE_PAGE_SIZE;
        }
        prune(s, va - 1, &p);
        return min64(va, end);
    }
    uint64_t first = va;
    unsigned cleared = 0;
    for (unsigned i = index_of(va, 1); i < 512 && va < end; i++, va += PAGE_SIZE) {
        uint64_t *e = &p.t[1][i];
        if (!*e || tag_of(*e) != tag)
            continue;
        if (!find) {
            *e = 0;
            cleared++;
        } else if (inside(*e, PAGE_SIZE, physical, bytes)) {
            *find = true;
        }
    }
    *page_used(p.t[1]) -= (uint16_t)cleared;
    if (cleared)
        flush_add(s, first, (va - first) / PAGE_SIZE);
    prune(s, first, &p);
    return va;
}

struct leaf port_space_query(struct space *s, uint64_t va)
{
    struct path p;
    struct leaf leaf = {0};
    walk(s, va, &p);
    uint64_t e = p.t[p.lowest][index_of(va, p.lowest)];
    if (!(e & PTE_PRESENT) || p.lowest > 2)
        return leaf;
    leaf.size = span(p.lowest);
    leaf.physical = e & PTE_ADDRESS & ~(leaf.size - 1);
    leaf.rights = MAP_READ | (e & PTE_WRITE ? MAP_WRITE : 0) | (e & PTE_NX ? 0 : MAP_EXEC);
    leaf.tag = tag_of(e);
    return leaf;
}

/* ---- whole spaces -------------------------------------------------------------------------------- */

unsigned port_space_init(struct space *s)
{
    uint64_t *top = page_alloc(s->quota);
    if (!top)
        return QUOTA;
    memcpy(top + USER_TOP_ENTRIES, (uint64_t *)port_pointer(kernel_root) + USER_TOP_ENTRIES,
           USER_TOP_ENTRIES * sizeof *top);
    s->root = port_physical(top);
    s->context = 0;
    return OK;
}

void port_space_free(struct space *s)
{
    if (s->root == 0)
        return;
    if (cpu0.space == s) {
        write_cr3(kernel_root);
        cpu0.space = NULL;
        flush.all = false;
        flush.count = 0;
    }
    uint64_t *top = port_pointer(s->root);
    for (unsigned i = 0; i < USER_TOP_ENTRIES; i++)
        KASSERT(top[i] == 0);
    *page_used(top) = 0;
    page_free(s->quota, top);
    s->root = 0;
}

/*
 * Process-context identifiers: each space gets the next of 4095 when it is first loaded; when they
 * run out, a new generation begins and everything is flushed. context = generation << 12 | pcid.
 */
#define PCID_COUNT 4096
static uint64_t generation = 1, next_pcid = 1;

static void assign_pcid(struct space *s)
{
    if (next_pcid == PCID_COUNT) {
        generation++;
        next_pcid = 1;
    }
    s->context = generation << 12 | next_pcid++;
    s->stale = true; /* whoever had the number before may have left entries */
}

void port_space_switch(struct space *s)
{
    uint64_t cr3 = s->root;
    if (cpu_features & CPU_PCID) {
        if (s->context >> 12 != generation)
            assign_pcid(s);
        cr3 |= (s->context & (PCID_COUNT - 1)) | (s->stale ? 0 : CR3_KEEP);
    }
    cpu0.space = s;
    counters.cr_writes++;
    s->stale = false;
    write_cr3(cr3);
}

/* ---- the kernel's half (boot only) ------------------------------------------------------------- */

void kernel_space_start(void)
{
    kernel_root = port_physical(page_alloc(&pool_quota));
    /* All top entries of the kernel's half exist from the start: spaces copy them once. */
    uint64_t *top = port_pointer(kernel_root);
    for (unsigned i = USER_TOP_ENTRIES; i < 512; i++)
        if (i == index_of(TSS_WINDOW, 4) || i == index_of(DEVICE_WINDOW, 4) || i == 511 ||
            i == USER_TOP_ENTRIES)
            top[i] = port_physical(page_alloc(&pool_quota)) | PTE_PRESENT | PTE_WRITE;
}

void kernel_space_map(uint64_t va, uint64_t physical, uint64_t bytes, uint64_t bits)
{
    uint64_t *t = port_pointer(kernel_root);
    uint64_t end = va + bytes;
    while (va < end) {
        bool large = ((va | physical) & (LARGE_PAGE_SIZE - 1)) == 0 && end - va >= LARGE_PAGE_SIZE;
        unsigned target = large ? 2 : 1;
        uint64_t *at = t;
        for (unsigned l = 4; l > target; l--) {
            uint64_t *e = &at[index_of(va, l)];
            if (!*e) {
                void *page = page_alloc(&pool_quota);
                if (!page)
                    panic("no memory for the kernel's page tables");
                *e = port_physical(page) | PTE_PRESENT | PTE_WRITE;
            }
            at = table(*e);
        }
        at[index_of(va, target)] =
            physical | bits | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | (large ? PTE_LARGE : 0);
        va += span(target);
        physical += span(target);
    }
}

void kernel_space_load(void)
{
    write_cr3(kernel_root);
}

/* A task with I/O ports of its own has its own tables behind TSS_WINDOW. */
void space_set_tss_table(struct space *s, uint64_t physical)
{
    uint64_t *top = port_pointer(s->root);
    const uint64_t *common = port_pointer(kernel_root);
    unsigned i = index_of(TSS_WINDOW, 4);
    top[i] = physical ? physical | PTE_PRESENT | PTE_WRITE : common[i];
    for (unsigned page = 0; page < 4; page++)
        flush_add(s, TSS_WINDOW + page * PAGE_SIZE, 1);
    port_space_flush(s);
}
