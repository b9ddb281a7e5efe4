/*
 * All translated blocks: found by guest address, by guest page, by host address; and the links
 * between them.
 *
 * Host code is appended to one region that is mapped twice (to execute, to store); what describes
 * it (blocks, exits, side tables) is appended to a second area. Nothing is freed singly: a block
 * that was killed is unlinked and forgotten but its memory stays valid, so translated code that is
 * in the middle of it goes on to its end. When either area is full, everything goes at once, which
 * only happens between blocks; a generation number says so to whoever kept a pointer.
 *
 * Code addresses grow with time, so the array `order` is sorted and a host address is found by
 * bisection.
 */
#include <stdlib.h>
#include <string.h>

#include <translator/machine.h>

#define CACHE_DEFAULT (64u << 20)
#define CACHE_MIN     (128u << 10)
#define DATA_FACTOR   2 /* bytes of description for a byte of code, at most */

static uint8_t *map_region(struct vm *vm, vm_handle region, uint64_t pages, unsigned rights)
{
    unsigned done;
    uint64_t va = vm_reserve(pages * GUEST_PAGE, 2 << 20);
    struct map_op op = {
        .kind = MAP_MAP, .rights = (uint8_t)rights, .region = region, .va = va, .pages = pages};
    (void)vm;
    return va != 0 && vm_map(&op, 1, &done) == OK ? (uint8_t *)va : NULL;
}

bool cache_start(struct vm *vm)
{
    struct cache *c = &vm->cache;
    c->bytes = vm->config.cache_bytes != 0 ? vm->config.cache_bytes : CACHE_DEFAULT;
    c->bytes = (c->bytes < CACHE_MIN ? CACHE_MIN : c->bytes) & ~(size_t)(GUEST_PAGE - 1);
    c->data_bytes = c->bytes * DATA_FACTOR;
    c->count_max = (unsigned)(c->bytes / 64);
    if (vm_region_create(&c->region, c->bytes / GUEST_PAGE) != OK)
        return false;
    c->run = map_region(vm, c->region, c->bytes / GUEST_PAGE, MAP_READ | MAP_EXEC);
    c->write = map_region(vm, c->region, c->bytes / GUEST_PAGE, MAP_READ | MAP_WRITE);
    c->data = malloc(c->data_bytes);
    c->hash_shift = 64;
    while (c->hash_shift > 54 || 1ull << (64 - c->hash_shift) < c->count_max / 4)
        c->hash_shift--;
    c->hash = calloc(1ull << (64 - c->hash_shift), sizeof(struct block *));
    c->order = malloc(c->count_max * sizeof(struct block *));
    c->draft = aligned_alloc(64, CACHE_DRAFT);
    if (c->run == NULL || c->write == NULL || c->data == NULL || c->hash == NULL ||
        c->order == NULL || c->draft == NULL)
        return false;
    c->stubs = vm->backend->start(vm->frontend, c->write, c->run, c->bytes);
    c->used = c->stubs;
    return c->stubs != 0;
}

void cache_stop(struct vm *vm)
{
    struct cache *c = &vm->cache;
    if (c->region != 0)
        vm_region_delete(c->region);
    if (c->run != NULL)
        vm_unreserve((uint64_t)c->run, c->bytes);
    if (c->write != NULL)
        vm_unreserve((uint64_t)c->write, c->bytes);
    free(c->data);
    free(c->hash);
    free(c->order);
    free(c->draft);
}

/* ---- finding ------------------------------------------------------------------------------------ */

static struct block **slot(struct cache *c, uint32_t pc, uint64_t phys, uint32_t mode)
{
    uint64_t h = (phys ^ (uint64_t)pc << 20 ^ (uint64_t)mode << 9) * 0x9e3779b97f4a7c15ULL;
    return &c->hash[h >> c->hash_shift];
}

struct block *cache_find(struct vm *vm, uint32_t pc, uint64_t phys, uint32_t mode, unsigned limit)
{
    for (struct block *b = *slot(&vm->cache, pc, phys, mode); b != NULL; b = b->next_hash)
        if (b->pc == pc && b->phys == phys && b->mode == mode && b->limit == limit)
            return b;
    return NULL;
}

struct block *cache_by_host(struct vm *vm, uint64_t host)
{
    struct cache *c = &vm->cache;
    unsigned low = 0, high = c->count;
    while (low < high) {
        unsigned mid = (low + high) / 2;
        if ((uint64_t)c->order[mid]->code <= host)
            low = mid + 1;
        else
            high = mid;
    }
    struct block *b = low == 0 ? NULL : c->order[low - 1];
    return b != NULL && host - (uint64_t)b->code < b->code_bytes ? b : NULL;
}

/* Of several entries for one place the last counts: a helper's return address may be that of the next
 * access. */
const struct side_entry *block_side(const struct block *b, uint64_t host)
{
    uint32_t at = (uint32_t)(host - (uint64_t)b->code);
    unsigned low = 0, high = b->side_count;
    while (low < high) {
        unsigned mid = (low + high) / 2;
        if (b->sides[mid].host <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && b->sides[low - 1].host == at ? &b->sides[low - 1] : NULL;
}

/* ---- pages -------------------------------------------------------------------------------------- */

/* Physical address of the second page b has code in; 0: only one page. */
static uint64_t second_page(const struct block *b)
{
    return b->phys2;
}

static void add_to_page(struct vm *vm, struct block *b, unsigned which, uint64_t phys)
{
    struct ram *r = ram_find(vm, phys);
    if (r == NULL)
        return;
    struct ram_page *p = ram_page(r, phys);
    b->next_page[which] = p->blocks;
    p->blocks = b;
    if (p->code || p->checked)
        return;
    p->code = 1;
    window_protect(vm, r, phys & ~(uint64_t)(GUEST_PAGE - 1));
}

void cache_add(struct vm *vm, struct block *b)
{
    struct cache *c = &vm->cache;
    struct block **s = slot(c, b->pc, b->phys, b->mode);
    b->next_hash = *s;
    *s = b;
    c->order[c->count++] = b;
    add_to_page(vm, b, 0, b->phys);
    if (second_page(b) != 0)
        add_to_page(vm, b, 1, second_page(b));
}

/* The link of b in the list of the page phys. */
static struct block **page_next(struct block *b, uint64_t phys)
{
    return &b->next_page[(b->phys ^ phys) >> GUEST_PAGE_SHIFT == 0 ? 0 : 1];
}

static void remove_from_page(struct vm *vm, struct block *b, uint64_t phys)
{
    struct ram *r = ram_find(vm, phys);
    if (r == NULL)
        return;
    for (struct block **at = &ram_page(r, phys)->blocks; *at != NULL; at = page_next(*at, phys))
        if (*at == b) {
            *at = *page_next(b, phys);
            return;
        }
}

static void remove_from_hash(struct vm *vm, struct block *b)
{
    for (struct block **at = slot(&vm->cache, b->pc, b->phys, b->mode); *at != NULL;
         at = &(*at)->next_hash)
        if (*at == b) {
            *at = b->next_hash;
            return;
        }
}

static void remove_from_jumps(struct vm *vm, const struct block *b)
{
    uint64_t host = vm->backend->entry(b);
    unsigned at = jump_slot(b->pc, b->mode);
    for (unsigned n = 0; host != 0 && n < vm->windows.count; n++) {
        struct jump_entry *jumps = vm->windows.window[n].jumps;
        if (jumps[at].host == host)
            jumps[at] = NO_JUMP;
        if (jumps[jump_slot_other(at)].host == host)
            jumps[jump_slot_other(at)] = NO_JUMP;
    }
}

void cache_kill(struct vm *vm, struct block *b)
{
    if (b->dead)
        return;
    b->dead = true;
    remove_from_hash(vm, b);
    remove_from_jumps(vm, b);
    remove_from_page(vm, b, b->phys);
    if (second_page(b) != 0)
        remove_from_page(vm, b, second_page(b));
    while (b->incoming != NULL)
        cache_unlink(vm, b->incoming);
    for (unsigned n = 0; n < b->exits; n++)
        cache_unlink(vm, &b->exit[n]);
}

/* Pages whose code is written again and again: left writable, and each of their blocks compares its
 * source before it runs. They are few; the one that became so first goes back to being protected
 * when there are too many, and all do after a while. */
static void end_checks(struct vm *vm, unsigned n)
{
    struct cache *c = &vm->cache;
    struct ram_page *p = c->checked[n];
    c->checked[n] = c->checked[--c->checked_count];
    p->checked = false;
    p->write_faults = 0;
    while (p->blocks != NULL)
        cache_kill(vm, p->blocks);
}

static void begin_checks(struct vm *vm, struct ram_page *p)
{
    struct cache *c = &vm->cache;
    if (c->checked_count == CHECKED_PAGES)
        end_checks(vm, 0);
    c->checked[c->checked_count++] = p;
    p->checked = true;
    vm->counts.checked_pages++;
}

void cache_end_checks(struct vm *vm)
{
    while (vm->cache.checked_count != 0)
        end_checks(vm, 0);
}

void cache_kill_stale(struct vm *vm, uint32_t pc, uint64_t phys, uint32_t mode)
{
    struct block *next;
    vm->counts.stale++;
    for (struct block *b = *slot(&vm->cache, pc, phys, mode); b != NULL; b = next) {
        next = b->next_hash;
        if (b->pc == pc && b->phys == phys && b->mode == mode)
            cache_kill(vm, b);
    }
}

void cache_kill_page(struct vm *vm, struct ram *r, uint64_t phys)
{
    struct ram_page *p = ram_page(r, phys);
    while (p->blocks != NULL)
        cache_kill(vm, p->blocks);
    p->code = 0;
    if (++p->write_faults == CHECKED_AFTER)
        begin_checks(vm, p);
}

bool cache_check_page(struct vm *vm, struct ram *r, uint64_t phys)
{
    struct ram_page *p = ram_page(r, phys);
    if (!p->checked)
        p->write_faults = CHECKED_AFTER - 1;
    cache_kill_page(vm, r, phys);
    return p->checked;
}

/* ---- links -------------------------------------------------------------------------------------- */

static bool leaves_page(const struct block_exit *e)
{
    return (e->from->pc ^ e->pc) >> GUEST_PAGE_SHIFT != 0;
}

static uint32_t *cross_word(struct cache *c, uint32_t va)
{
    return &c->cross_pages[va >> (GUEST_PAGE_SHIFT + 5)];
}

static uint32_t cross_bit(uint32_t va)
{
    return 1u << (va >> GUEST_PAGE_SHIFT & 31);
}

static void list_cross(struct vm *vm, struct block_exit *e)
{
    struct cache *c = &vm->cache;
    windows_now(vm)->main->links = true;
    *cross_word(c, e->pc) |= cross_bit(e->pc);
    if (e->in_cross)
        return;
    e->in_cross = true;
    e->next_cross = c->cross;
    c->cross = e;
}

void cache_link(struct vm *vm, struct block_exit *e, struct block *to)
{
    struct cache *c = &vm->cache;
    cache_unlink(vm, e);
    e->to = to;
    e->next_incoming = to->incoming;
    to->incoming = e;
    if (leaves_page(e) && !e->checked_page)
        list_cross(vm, e);
    vm->backend->link(e, to, c->write - c->run);
    vm->counts.links++;
}

static void remove_incoming(struct block_exit *e)
{
    for (struct block_exit **at = &e->to->incoming; *at != NULL; at = &(*at)->next_incoming)
        if (*at == e) {
            *at = e->next_incoming;
            return;
        }
}

void cache_unlink(struct vm *vm, struct block_exit *e)
{
    if (e->to == NULL)
        return;
    remove_incoming(e);
    e->to = NULL;
    vm->backend->link(e, NULL, vm->cache.write - vm->cache.run);
}

void cache_unlink_cross(struct vm *vm, uint32_t va, uint32_t va_mask)
{
    struct cache *c = &vm->cache;
    if (va_mask == 0)
        memset(c->cross_pages, 0, sizeof c->cross_pages);
    else if (!(*cross_word(c, va) & cross_bit(va)))
        return;
    else
        *cross_word(c, va) &= ~cross_bit(va);
    for (struct block_exit **at = &c->cross; *at != NULL;) {
        struct block_exit *e = *at;
        if (e->to != NULL && (e->pc & va_mask) == va)
            cache_unlink(vm, e);
        if (e->to != NULL) {
            at = &e->next_cross;
        } else {
            *at = e->next_cross;
            e->in_cross = false;
        }
    }
}

/* ---- emptying ----------------------------------------------------------------------------------- */

void cache_flush(struct vm *vm)
{
    struct cache *c = &vm->cache;
    vm->counts.flushes++;
    for (unsigned n = 0; n < c->count; n++)
        for (unsigned half = 0; half < 2; half++) {
            uint64_t phys = half == 0 ? c->order[n]->phys : second_page(c->order[n]);
            struct ram *r = phys == 0 ? NULL : ram_find(vm, phys);
            if (r != NULL)
                ram_page(r, phys)->blocks = NULL;
        }
    memset(c->hash, 0, sizeof(struct block *) << (64 - c->hash_shift));
    for (unsigned n = 0; n < vm->windows.count; n++) {
        window_forget_code(&vm->windows.window[n]);
        vm->windows.window[n].links = false;
    }
    c->cross = NULL;
    memset(c->cross_pages, 0, sizeof c->cross_pages);
    c->count = 0;
    c->used = c->stubs;
    c->data_used = 0;
    c->generation++;
}
