/*
 * Windows: 4 GiB of host address space each, in which a guest address space is mapped as far as it
 * was touched, so that a guest access is one host access.
 *
 * A window is named by a key of the frontend (mode, ASID, rights). It is filled by faults and
 * emptied by the guest's own TLB maintenance; what it holds is written down in a page map (va page →
 * physical page and rights), and `present` says for each virtual page which windows have anything of
 * it, so flushing an address that was never filled is one look.
 *
 * All of it only caches the guest's tables: any page can be unmapped at any time between two guest
 * accesses, which is what happens to a slice of a window when map quota, leaves or mapping entries run out,
 * and to a whole one when its place is wanted for another key. A window
 * that was flushed while it was not in use keeps its mappings, marked stale, until its key is wanted
 * (window_refresh) or its place; many belong to processes that have ended.
 *
 * One more range of addresses never holds anything. It stands for the process's window while
 * privileged code has forbidden itself all of that (window_keys.nothing).
 *
 * Here: which windows there are, choosing them, emptying them. window_map.c fills, window_flush.c
 * does what the guest's TLB maintenance says.
 */
#include <stdlib.h>
#include <string.h>

#include <translator/window.h>

#define WINDOW_GUARD  (64u << 10)
#define LEAF_COUNT    1024u
#define GUEST_PAGES   (1u << 20) /* virtual ones */
#define WINDOWS_LEAST 2          /* as many different keys as are in use at once (guest.h) */
#define WINDOWS_USUAL 32
#define SLICE_RUNS    500 /* a window of 26,000 would stall the guest for a tenth of a second */

static uint64_t window_base(const struct windows *s, unsigned n)
{
    return s->slab + n * WINDOW_STRIDE + WINDOW_GUARD;
}

static bool make_window(struct windows *s, unsigned n)
{
    struct window *w = &s->window[n];
    w->base = window_base(s, n);
    w->jumps = calloc(JUMP_ENTRIES, sizeof *w->jumps);
    w->fetch = calloc(FETCH_ENTRIES, sizeof *w->fetch);
    w->code = w->jumps_unlisted = true; /* jumps are cleared when the window is taken */
    return w->jumps != NULL && w->fetch != NULL;
}

bool windows_start(struct vm *vm)
{
    struct windows *s = &vm->windows;
    s->epoch = 1; /* no set is of epoch 0 */
    s->now = &s->sets[0];
    s->count = vm->config.windows != 0 ? vm->config.windows : WINDOWS_USUAL;
    if (s->count < WINDOWS_LEAST)
        s->count = WINDOWS_LEAST;
    if (s->count > WINDOW_MAX)
        s->count = WINDOW_MAX;
    s->slice = SLICE_RUNS;
    s->slab = vm_reserve(WINDOW_SLAB, 1 << 30);
    s->nothing.base = window_base(s, WINDOW_MAX);
    s->mappings = calloc(MAPPING_COUNT, sizeof *s->mappings);
    s->leaves = calloc(LEAF_COUNT, sizeof *s->leaves);
    s->free_leaf = calloc(LEAF_COUNT, sizeof *s->free_leaf);
    if (vm->frontend->tables != NULL &&
        (s->copies = calloc(TABLE_COPIES, sizeof *s->copies)) == NULL)
        return false;
    s->present = calloc(GUEST_PAGES, sizeof *s->present);
    s->large = calloc(GUEST_PAGES >> 8, sizeof *s->large);
    if (s->slab == 0 || s->mappings == NULL || s->leaves == NULL || s->free_leaf == NULL ||
        s->present == NULL || s->large == NULL)
        return false;
    s->mapping_count = 1;
    while (s->free_leaves < LEAF_COUNT) {
        s->free_leaf[s->free_leaves] = LEAF_COUNT - 1 - s->free_leaves;
        s->free_leaves++;
    }
    for (unsigned n = 0; n < WINDOW_MAX; n++)
        if (!make_window(s, n))
            return false;
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
    free(s->copies);
    free(s->free_leaf);
    free(s->present);
    free(s->large);
    if (s->slab != 0)
        vm_unreserve(s->slab, WINDOW_SLAB);
}

/* ---- where the code is -------------------------------------------------------------------------- */

static uint32_t *code_word(struct window *w, uint32_t va)
{
    return &w->code_pages[(va >> (GUEST_PAGE_SHIFT + 5)) % CODE_PAGE_WORDS];
}

/* What is in `fetch` is listed; the others are looked for. */
static void list_code(struct window *w, uint32_t va, uint32_t phys)
{
    const struct fetch_entry *f = &w->fetch[va >> GUEST_PAGE_SHIFT & (FETCH_ENTRIES - 1)];
    uint32_t page = (va & GUEST_PAGE_MASK) | 1;
    if (f->page == page && f->phys == phys)
        return;
    if (*code_word(w, va) >> (va >> GUEST_PAGE_SHIFT & 31) & 1)
        for (unsigned n = 0; n < w->code_count; n++)
            if (w->code_list[n].page == page && w->code_list[n].phys == phys)
                return;
    if (w->code_count < CODE_LISTED)
        w->code_list[w->code_count++] = (struct fetch_entry){page, phys};
    else
        w->code_unlisted = true;
}

static void note_code(struct vm *vm, struct window *w, uint32_t va, uint64_t phys)
{
    list_code(w, va, (uint32_t)(phys >> GUEST_PAGE_SHIFT));
    *code_word(w, va) |= 1u << (va >> GUEST_PAGE_SHIFT & 31);
    w->code = true;
    window_present(vm, w, va);
}

void window_note_fetch(struct vm *vm, uint32_t pc, uint64_t phys)
{
    struct window *w = windows_now(vm)->main;
    note_code(vm, w, pc, phys);
    w->fetch[pc >> GUEST_PAGE_SHIFT & (FETCH_ENTRIES - 1)] =
        (struct fetch_entry){(pc & GUEST_PAGE_MASK) | 1, (uint32_t)(phys >> GUEST_PAGE_SHIFT)};
}

static void list_jump(struct window *w, unsigned slot)
{
    if (w->jump_count < JUMPS_LISTED)
        w->jump_list[w->jump_count++] = (uint16_t)slot;
    else
        w->jumps_unlisted = true;
}

void window_note_jump(struct vm *vm, const struct block *b, uint64_t host)
{
    struct window *w = windows_now(vm)->main;
    unsigned slot = jump_slot(b->pc, b->mode);
    struct jump_entry *j = &w->jumps[slot];
    if (j->mode_high != UINT32_MAX) {
        w->jumps[jump_slot_other(slot)] = *j;
        list_jump(w, jump_slot_other(slot));
    }
    list_jump(w, slot);
    *j = (struct jump_entry){b->pc, jump_mode_high(b->mode), host};
    note_code(vm, w, b->pc, b->phys);
}

void window_forget_code(struct window *w)
{
    if (!w->code)
        return;
    if (w->jumps_unlisted)
        jumps_clear(w->jumps);
    else
        for (unsigned n = 0; n < w->jump_count; n++)
            w->jumps[w->jump_list[n]] = NO_JUMP;
    if (w->code_unlisted)
        memset(w->fetch, 0, FETCH_ENTRIES * sizeof *w->fetch);
    else
        for (unsigned n = 0; n < w->code_count; n++)
            w->fetch[w->code_list[n].page >> GUEST_PAGE_SHIFT & (FETCH_ENTRIES - 1)].page = 0;
    memset(w->code_pages, 0, sizeof w->code_pages);
    w->jump_count = w->code_count = 0;
    w->jumps_unlisted = w->code_unlisted = w->code = false;
}

void window_forget_code_page(struct window *w, uint32_t va)
{
    struct fetch_entry *f = &w->fetch[va >> GUEST_PAGE_SHIFT & (FETCH_ENTRIES - 1)];
    if (!w->code || !(*code_word(w, va) >> (va >> GUEST_PAGE_SHIFT & 31) & 1))
        return;
    if (f->page == (va | 1))
        f->page = 0;
    for (unsigned n = 0; n < w->code_count;)
        if (w->code_list[n].page == (va | 1))
            w->code_list[n] = w->code_list[--w->code_count];
        else
            n++;
    unsigned count = w->jumps_unlisted ? JUMP_ENTRIES : w->jump_count;
    for (unsigned n = 0; n < count; n++) {
        struct jump_entry *j = &w->jumps[w->jumps_unlisted ? n : w->jump_list[n]];
        if ((j->pc & GUEST_PAGE_MASK) == va)
            *j = NO_JUMP;
    }
}

void window_unlink(struct vm *vm, struct window *w)
{
    if (w->links)
        cache_unlink_cross(vm, 0, 0);
    w->links = false;
}

/* ---- emptying ----------------------------------------------------------------------------------- */

void window_empty(struct vm *vm, struct window *w)
{
    window_forget_code(w);
    w->stale = false;
    if (w->pages == 0)
        return;
    uint64_t first = UINT64_MAX, last = 0;
    for (uint64_t top = 0; top < 1024 && w->pages != 0; top++)
        for (uint32_t n = 0; n < LEAF_PAGES && w->leaf[top] != NULL; n++)
            if (w->leaf[top]->page[n] != 0) {
                uint32_t va = (uint32_t)(top << 22 | n << GUEST_PAGE_SHIFT);
                first = va < first ? va : first;
                last = va;
                window_forget(vm, w, va);
            }
    window_drop_later(vm, w);
    window_unmap(vm, w, (uint32_t)first, ((last - first) >> GUEST_PAGE_SHIFT) + 1);
}

static bool concerned(const struct map_op *ops, unsigned count, uint64_t at)
{
    for (unsigned n = 0; n < count; n++)
        if (ops[n].kind != MAP_UNMAP && (at - ops[n].va) >> GUEST_PAGE_SHIFT < ops[n].pages)
            return true;
    return false;
}

/*
 * Unmap a slice: pages of w from `page` on without those that `ops` map or protect; pages that continue each
 * other count once. false: there are none. What the guest's tables say has not changed, so it stays known
 * where code is, and links stay.
 *
 * An access always gets through: its page is among the operations that there is no room for, so it is
 * mapped when they are done. If it needs two pages, the second may take the place of the first, but each
 * slice begins where the one before ended: both are mapped at the latest when all else has gone.
 */
static bool empty_slice(struct vm *vm, struct window *w, uint32_t page, const struct map_op *ops,
                        unsigned count)
{
    uint32_t first = 0, last = GUEST_PAGES;
    uint64_t next = 0; /* what would continue the last one */
    unsigned runs = 0;
    for (; page < GUEST_PAGES; page++) {
        const struct window_leaf *leaf = w->leaf[page / LEAF_PAGES];
        uint64_t e = leaf == NULL ? 0 : leaf->page[page % LEAF_PAGES];
        if (leaf == NULL)
            page |= LEAF_PAGES - 1;
        if (e == 0)
            continue;
        bool stays = concerned(ops, count, w->base + ((uint64_t)page << GUEST_PAGE_SHIFT));
        if (stays && runs == 0)
            continue;
        if (stays || ((page != last + 1 || e != next) && runs++ == vm->windows.slice))
            break;
        if (last == GUEST_PAGES)
            first = page;
        last = page;
        next = e + GUEST_PAGE;
        window_forget(vm, w, page << GUEST_PAGE_SHIFT);
    }
    w->slice = page % GUEST_PAGES;
    if (runs != 0)
        window_unmap(vm, w, first << GUEST_PAGE_SHIFT, last - first + 1);
    return runs != 0;
}

/* Whether a is the better one to empty: stale, else not used for longer. */
static bool older(const struct window *a, const struct window *b)
{
    return a->stale != b->stale ? a->stale : a->stamp < b->stamp;
}

/* Windows that are not to be emptied. */
enum spare { SPARE_IN_USE, SPARE_FILLED, SPARE_NONE };

static bool spared(struct vm *vm, const struct window *w, enum spare spare)
{
    return spare == SPARE_IN_USE ? window_in_use(vm, w)
                                 : spare == SPARE_FILLED && w == vm->fault_window;
}

/* The best to empty of those that hold something (among: a bit for each that is asked for). */
static struct window *oldest(struct vm *vm, enum spare spare, uint64_t among)
{
    struct windows *s = &vm->windows;
    struct window *found = NULL;
    for (unsigned n = 0; n < s->count; n++) {
        struct window *w = &s->window[n];
        if ((among >> n & 1) != 0 && w->used && w->pages != 0 && !spared(vm, w, spare) &&
            (found == NULL || older(w, found)))
            found = w;
    }
    return found;
}

bool windows_evict(struct vm *vm, const struct map_op *ops, unsigned count)
{
    uint64_t among = UINT64_MAX;
    struct window *w;
    for (enum spare spare = SPARE_IN_USE; spare <= SPARE_NONE; spare++)
        while ((w = oldest(vm, spare, among)) != NULL) {
            if (empty_slice(vm, w, w->slice, ops, count) || empty_slice(vm, w, 0, ops, count)) {
                vm->counts.window_evictions++;
                mmu_note(vm, MMU_EVICT, 0, w->key);
                return true;
            }
            among &= ~(1ULL << window_number(vm, w));
        }
    return false;
}

/* ---- switching ---------------------------------------------------------------------------------- */

void windows_sync(struct vm *vm)
{
    struct windows *s = &vm->windows;
    for (unsigned n = 0; n < SIDES + VIEWS; n++) {
        struct window_set *set = s->near[n];
        if (set != NULL && set->base == vm->cpu->base && set->alt_base == vm->cpu->alt_base) {
            s->now = set;
            set->main->stamp = set->alt->stamp = ++s->stamp;
            return;
        }
    }
    vm_broken(vm, "translated code went to windows that are not near");
}

void windows_forget_near(struct vm *vm)
{
    windows_now(vm);
    vm->cpu->hinders |= HINDER_SIDES;
    for (unsigned n = 0; n < VIEWS; n++)
        vm->cpu->view[n].key = UINT64_MAX;
    memset(vm->windows.near, 0, sizeof vm->windows.near);
}

void window_changed(struct vm *vm)
{
    vm->windows.epoch++;
    windows_forget_near(vm);
}

/* The window with that key, or one taken for it: unused, stale, or not used for longest. */
static struct window *find_window(struct vm *vm, uint64_t key)
{
    struct windows *s = &vm->windows;
    struct window *found = NULL;
    for (unsigned n = 0; n < s->count; n++) {
        struct window *w = &s->window[n];
        if (w->used && w->key == key)
            return w;
        if (found == NULL || (found->used && (!w->used || older(w, found))))
            found = w;
    }
    if (found->used) {
        vm->counts.window_evictions += !found->stale;
        window_unlink(vm, found);
        window_empty(vm, found);
    }
    vm->counts.window_new++;
    mmu_note(vm, MMU_NEW, 0, key);
    window_forget_code(found);
    found->used = true;
    found->key = key;
    window_changed(vm);
    return found;
}

static struct window *window_for(struct vm *vm, uint64_t key)
{
    struct windows *s = &vm->windows;
    uint8_t *guess = &s->by_key[key * 0x9e3779b97f4a7c15ULL >> 56];
    struct window *w = &s->window[*guess];
    if (!w->used || w->key != key)
        w = find_window(vm, key);
    if (w->stale)
        window_refresh(vm, w);
    *guess = (uint8_t)window_number(vm, w);
    w->stamp = ++s->stamp;
    return w;
}

/* A process's names for its two sides differ in few bits, some far up: folded, they never share a place, which
 * would make both anew at each system call. */
static struct window_set *set_of(struct windows *s, uint64_t name)
{
    return &s->sets[(name ^ name >> 32) * 0x9e3779b97f4a7c15ULL >> 58];
}

static bool still(const struct window *w, uint64_t key)
{
    return w->key == key && w->used && !w->stale;
}

static bool holds(const struct windows *s, const struct window_set *set,
                  const struct window_keys *k)
{
    if (set->main == NULL || set->keys.main != k->main || set->keys.alt != k->alt ||
        set->keys.choose != k->choose || set->keys.nothing != k->nothing ||
        set->keys.global_only != k->global_only || !still(set->main, k->main))
        return false;
    if (k->nothing)
        return set->alt == &s->nothing;
    return still(set->alt, k->alt) && still(set->choose, k->choose);
}

/* The set of that name, if all that is to be done about it is to use it; else NULL. */
static inline struct window_set *ready(struct windows *s, uint64_t name)
{
    struct window_set *set = set_of(s, name);
    return set->keys.name == name && set->epoch == s->epoch && s->later_count == 0 ? set : NULL;
}

static struct cpu_side side_of(const struct window_set *set)
{
    return (struct cpu_side){set->jumps, set->fetch, set->base, set->alt_base};
}

/* `set` is in use from now on: get ready what a system call, or the return from one, leads to. In
 * privileged mode with user memory off there is no such set, and those ready before stay right. */
static void prepare(struct vm *vm, struct window_set *set)
{
    struct windows *s = &vm->windows;
    struct cpu *cpu = vm->cpu;
    struct window_set *other = set->keys.other == 0 ? NULL : ready(s, set->keys.other);
    unsigned n = set->keys.global_only ? SIDE_PRIVILEGED : SIDE_USER;
    if (set->keys.other == 0) {
        windows_forget_near(vm);
    } else if (other != NULL && other->alt_base == set->alt_base &&
               other->keys.global_only != set->keys.global_only) {
        s->near[n] = set;
        s->near[n ^ 1] = other;
        cpu->side[n] = side_of(set);
        cpu->side[n ^ 1] = side_of(other);
        cpu->hinders &= (uint8_t)~HINDER_SIDES;
        if (cpu->view[VIEW_PROCESS].alt_base != set->alt_base)
            cpu->view[VIEW_PROCESS].key = UINT64_MAX;
    } else if (n == SIDE_USER || s->near[n] == NULL || s->near[n]->main != set->main) {
        cpu->hinders |= HINDER_SIDES;
    }
    cpu->away = n == SIDE_PRIVILEGED && set->alt_base != cpu->side[SIDE_USER].alt_base;
}

static inline void use(struct vm *vm, struct window_set *set)
{
    struct windows *s = &vm->windows;
    struct cpu *cpu = vm->cpu;
    vm->counts.window_switches++;
    s->now = set;
    cpu->alt_base = set->alt_base;
    cpu->choose_base = set->choose_base;
    cpu->jumps = set->jumps;
    cpu->fetch = set->fetch;
    cpu->base = set->base;
    set->main->stamp = set->alt->stamp = set->choose->stamp = ++s->stamp;
    prepare(vm, set);
}

void windows_view(struct vm *vm, uint32_t key, uint32_t mask)
{
    struct window_set *set = windows_now(vm);
    struct cpu_view *view = vm->cpu->view;
    unsigned n = set->keys.nothing ? VIEW_NOTHING : VIEW_PROCESS;
    if (!set->keys.global_only || set->keys.other == 0)
        return;
    if (((view[n ^ 1].key ^ key) & mask) != 0)
        view[n ^ 1].key = UINT64_MAX;
    if (n == VIEW_PROCESS && set->alt_base != vm->cpu->side[SIDE_USER].alt_base)
        vm->cpu->hinders |= HINDER_SIDES;
    view[n] = (struct cpu_view){set->alt_base, set->choose_base, key, 0};
    vm->windows.near[SIDES + n] = set;
}

/* The windows for these keys; what they lack is made. */
static void make_set(struct vm *vm, const struct window_keys *k, struct window_set *set)
{
    struct window *m = window_for(vm, k->main);
    struct window *a = k->nothing ? &vm->windows.nothing : window_for(vm, k->alt);
    struct window *c = k->nothing ? a : window_for(vm, k->choose);
    *set = (struct window_set){.keys = *k,
                               .main = m,
                               .alt = a,
                               .choose = c,
                               .alt_base = a->base,
                               .choose_base = c->base,
                               .jumps = m->jumps,
                               .fetch = m->fetch,
                               .base = m->base};
}

void windows_switch(struct vm *vm)
{
    struct windows *s = &vm->windows;
    const struct window_set *now = windows_now(vm);
    struct window_keys k = {0};
    vm->frontend->windows(vm->cpu, &k);
    if (now->main != NULL && k.main == now->keys.main && k.alt == now->keys.alt &&
        k.choose == now->keys.choose && k.global_only == now->keys.global_only &&
        k.nothing == now->keys.nothing && k.other == now->keys.other)
        return;
    windows_complete(vm);
    struct window_set *set = set_of(s, k.name != 0 ? k.name : k.main + k.choose * 3);
    if (!holds(s, set, &k)) {
        windows_forget_near(vm);
        make_set(vm, &k, set);
    }
    set->keys.other = k.other;
    set->epoch = s->epoch;
    use(vm, set);
}

void windows_switch_named(struct vm *vm, uint64_t name)
{
    struct window_set *set = ready(&vm->windows, name);
    if (set == NULL)
        windows_switch(vm);
    else if (name != windows_now(vm)->keys.name)
        use(vm, set);
}

static __attribute__((noinline)) void redirect_any(struct vm *vm)
{
    struct cpu *cpu = vm->cpu;
    windows_switch(vm);
    if (vm->again.valid)
        fault_again(vm);
    if (cpu->lines != 0 && vm->frontend->interrupt(cpu, true))
        cpu->attention = 1;
}

void vm_redirect_named(struct cpu *cpu, enum exit_reason why, uint64_t name, uint32_t mode)
{
    struct vm *vm = cpu->vm;
    struct window_set *set = ready(&vm->windows, name);
    vm->counts.exceptions += why == EXIT_CALL;
    vm->counts.calls += why == EXIT_CALL;
    cpu->next_key = (uint64_t)jump_mode_high(mode) << 32;
    cpu->next_slots = jump_mode_slots(mode) * (uint32_t)sizeof(struct jump_entry);
    if (set == NULL || vm->again.valid || cpu->lines != 0)
        redirect_any(vm);
    else if (name != windows_now(vm)->keys.name)
        use(vm, set);
}

void vm_redirect(struct cpu *cpu, enum exit_reason why)
{
    windows_switch(cpu->vm);
    vm_redirect_named(cpu, why, windows_now(cpu->vm)->keys.name, cpu->vm->frontend->mode(cpu));
}
