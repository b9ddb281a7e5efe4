/*
 * Windows against a model: random accesses, table changes with their flushes, code in pages, address
 * spaces coming and going, with and without enough room.
 *
 * After every flush and barrier, what the host has mapped must be what the page maps say, and in
 * windows that are not stale what the guest's tables say; no page with code may be writable.
 *
 *   window-test [STEPS-DIVISOR]
 */
#include "model.h"
#include "../frame/frame.h"

#include <stdlib.h>
#include <string.h>

static struct vm *vm;
static const char *bad;

static unsigned below(unsigned n)
{
    return (unsigned)(random_next() % n);
}

static void say(const char *what)
{
    if (bad == NULL)
        bad = what;
}

static struct ram_page *page_facts(uint32_t page)
{
    return ram_page(vm->ram, RAM_BASE + (uint64_t)page * GUEST_PAGE);
}

/* ---- what must hold ----------------------------------------------------------------------------- */

/* The guest's tables for a window's key. */
static void walk_key(const struct window *w, uint32_t va, struct walk *k)
{
    struct model now = model;
    model.user = model.denied = false;
    if ((w->key & KEY_USER) != 0)
        model.asid = (unsigned)(w->key & 255);
    model_frontend.walk_for(vm->cpu, w->key, va, k);
    model = now;
}

static void check_spot(const struct window *w, unsigned spot)
{
    uint32_t va = spot_va(spot);
    const struct host_page *h = &host_pages[window_number(vm, w)][spot];
    const uint64_t *at = window_entry(w, va);
    uint64_t e = at == NULL ? 0 : *at;
    if ((h->rights != 0) != (e != 0))
        say(e == 0 ? "mapped and not noted" : "noted and not mapped");
    if (h->rights == 0 || e == 0)
        return;
    if (entry_phys(e) != RAM_BASE + (uint64_t)h->page * GUEST_PAGE)
        say("noted another page than is mapped");
    if ((h->rights & MAP_WRITE) != 0 && ((e & PAGE_WRITABLE) == 0 || page_facts(h->page)->code))
        say("writable, but not noted so or with code");
    if (w->stale)
        return;
    struct walk k;
    walk_key(w, va, &k);
    if (k.status != 0 || k.phys != entry_phys(e))
        say("mapped what the tables do not have");
    else if ((e & PAGE_WRITABLE) != 0 && (k.rights & WALK_WRITE) == 0)
        say("writable against the tables");
}

static void check_all(void)
{
    unsigned pages = 0, listed = 0;
    windows_complete(vm);
    for (unsigned n = 0; n < vm->windows.count; n++) {
        const struct window *w = &vm->windows.window[n];
        pages += w->pages;
        for (unsigned spot = 0; spot < SPOTS; spot++)
            if (w->used)
                check_spot(w, spot);
    }
    for (uint32_t p = 0; p < RAM_PAGES; p++)
        for (uint32_t m = page_facts(p)->mappings; m != 0; m = vm->windows.mappings[m].next)
            listed++;
    if (vm->windows.nothing.pages != 0)
        say("something is mapped where nothing may be");
    if (pages != listed || pages != host_mapped)
        say("lists, page maps and the host differ in number");
}

/* ---- what the guest does ------------------------------------------------------------------------ */

/* One access as translated code and the upcall make it. */
static void access_spot(unsigned spot, bool write)
{
    struct windows *s = &vm->windows;
    bool user = model.user || spot < FIRST_GLOBAL;
    struct window *w = model.user || spot >= FIRST_GLOBAL ? s->now->main : s->now->choose;
    unsigned kind = (write ? ACCESS_WRITE : ACCESS_READ) | (user ? ACCESS_USER : 0);
    uint32_t va = spot_va(spot);
    struct walk k;
    struct map_op ops[MAP_VECTOR_MAX];
    if (w == &vm->windows.nothing)
        return; /* the page is one of the process, which is denied */
    for (unsigned tries = 0; tries < 8; tries++) {
        const struct host_page *h = &host_pages[window_number(vm, w)][spot];
        model_frontend.walk(vm->cpu, va, kind, &k);
        if (h->rights != 0 && (!write || (h->rights & MAP_WRITE) != 0)) {
            if (k.status != 0 || k.phys != RAM_BASE + (uint64_t)h->page * GUEST_PAGE)
                say("an access got through to the wrong page");
            return;
        }
        if (k.status != 0)
            return;
        if (write && ram_page(vm->ram, k.phys)->code)
            cache_kill_page(vm, vm->ram, k.phys);
        vm->fault_window = w;
        unsigned count = window_fill(vm, w, va, &k, ops);
        if (count == 0 && !windows_evict(vm, NULL, 0))
            say("no room for one page");
        const uint64_t *e = window_entry(w, va);
        bool filled = e != NULL && *e != 0;
        windows_apply(vm, ops, count);
        if (filled && h->rights == 0)
            say("a page was unmapped to make room for itself");
    }
    say("an access never got through");
}

/* An access of C code, or of the cold site called at `cold` (0: none): every page of RAM holds its number. */
static bool access_slowly(unsigned spot, uint64_t cold)
{
    uint64_t value[2];
    struct walk k;
    unsigned kind = spot < FIRST_GLOBAL ? ACCESS_USER : 0;
    model_frontend.walk(vm->cpu, spot_va(spot), kind, &k);
    vm->cpu->exit_request = EXIT_NONE;
    vm->cpu->cold_at = cold;
    model_side.kind = kind != 0 ? MEM_USER : 0;
    bool there = guest_load(vm->cpu, spot_va(spot), 4, kind, value);
    if (there != (k.status == 0) || (there && value[0] != (k.phys - RAM_BASE) / GUEST_PAGE))
        say("C code sees another page");
    if (vm->cpu->cold_at != 0)
        say("the next access of C code passes for a cold site's");
    return there;
}

static void random_entry(struct entry *e, unsigned align)
{
    e->valid = below(4) != 0;
    e->write = below(2) != 0;
    if (below(2) == 0)
        e->page = below(RAM_PAGES / align) * align;
}

/* Neighbours that continue each other, so that runs are mapped as one. */
static void random_run(struct entry *e, unsigned count)
{
    unsigned first = below(RAM_PAGES - count);
    for (unsigned n = 0; n < count; n++)
        e[n] = (struct entry){true, below(8) != 0, first + n};
}

static void change_page(void)
{
    unsigned spot = below(8) == 0 ? FIRST_LARGE + below(SPOTS - FIRST_LARGE) : below(FIRST_LARGE);
    if (spot < FIRST_GLOBAL)
        random_entry(&model.process[model.asid][spot], 1);
    else if (spot < FIRST_LARGE)
        random_entry(&model.global[spot - FIRST_GLOBAL], 1);
    else
        random_entry(&model.large[(spot - FIRST_LARGE) / LARGE_PAGES], LARGE_PAGES);
    window_flush_page(vm, KEY_MAPPED, KEY_MAPPED, spot_va(spot));
}

static void change_space(void)
{
    unsigned asid = below(2) ? model.asid : below(ASIDS);
    if (below(3) == 0)
        random_run(&model.process[asid][below(PROCESS_PAGES - 16)], 16);
    for (unsigned n = 0; n < PROCESS_PAGES; n++)
        if (below(3) == 0)
            model.process[asid][n].write = false; /* as a fork does */
    window_flush(vm, KEY_USER | 255, KEY_USER | asid);
}

static void change_all(void)
{
    for (unsigned n = 0; n < 20; n++)
        random_entry(&model.process[below(ASIDS)][below(PROCESS_PAGES)], 1);
    random_run(&model.global[below(GLOBAL_PAGES - 16)], 16);
    window_flush(vm, KEY_MAPPED, KEY_MAPPED);
}

/* Changes are made in privileged mode. */
static void change(void)
{
    model.user = false;
    model.denied = below(4) == 0;
    windows_switch(vm);
    unsigned what = below(40);
    if (what == 0)
        change_all();
    else if (what < 4)
        change_space();
    else
        for (unsigned n = below(5); n < 5; n++)
            change_page();
    windows_complete(vm);
}

static void get_code(void)
{
    uint32_t page = below(RAM_PAGES);
    page_facts(page)->code = 1;
    window_protect(vm, vm->ram, RAM_BASE + (uint64_t)page * GUEST_PAGE);
}

static void step(void)
{
    unsigned what = below(100);
    if (what < 70) {
        unsigned spot = below(10) == 0 ? below(SPOTS) : below(FIRST_LARGE);
        access_spot(spot, below(2) != 0);
        access_slowly(spot, below(2));
        access_slowly(below(FIRST_LARGE), below(40));
    } else if (what < 90) {
        change();
    } else if (what < 95) {
        get_code();
    } else {
        model.asid = below(4) ? model.asid : below(ASIDS);
        model.user = below(2) != 0;
        model.denied = !model.user && below(2) != 0;
        windows_switch(vm);
    }
}

/* ---- runs --------------------------------------------------------------------------------------- */

static void start(unsigned windows, unsigned pages)
{
    memset(&model, 0, sizeof model);
    memset(host_pages, 0, sizeof host_pages);
    host_limit = pages;
    host_mapped = host_wrong = 0;
    bad = NULL;
    vm = calloc(1, sizeof *vm);
    vm->cpu = calloc(1, sizeof *vm->cpu);
    vm->cpu->vm = vm;
    vm->frontend = &model_frontend;
    vm->config.windows = windows;
    vm->site_generation = 1;
    if (!memory_add_ram(vm, RAM_BASE, RAM_PAGES * GUEST_PAGE) || !windows_start(vm))
        say("no memory");
    for (uint32_t p = 0; p < RAM_PAGES; p++)
        *(uint32_t *)(vm->ram->alias + (uint64_t)p * GUEST_PAGE) = p;
    windows_switch(vm);
}

static void stop(void)
{
    windows_stop(vm);
    free((void *)vm->ram->alias);
    free(vm->ram->pages);
    free(vm->ram);
    free(vm->cpu);
    free(vm);
}

static void run_random(const char *name, unsigned windows, unsigned pages, unsigned slice,
                       unsigned steps)
{
    unsigned n;
    start(windows, pages);
    if (slice != 0)
        vm->windows.slice = slice;
    for (n = 0; n < steps && bad == NULL && host_wrong == 0; n++) {
        step();
        if (n % 32 == 0)
            check_all();
    }
    result(name, bad == NULL && host_wrong == 0, "step %u: %s", n, bad == NULL ? "host" : bad);
    stop();
}

/* A fork makes pages read-only: few operations, no faults of the pages that stay. */
static void fork_is_cheap(void)
{
    start(8, 100000);
    random_run(model.process[0], 32);
    for (unsigned n = 0; n < 32; n++) {
        model.process[0][n].write = true;
        access_spot(n, true);
    }
    for (unsigned n = 0; n < 32; n++)
        model.process[0][n].write = false;
    struct counts before = vm->counts;
    window_flush(vm, KEY_USER | 255, KEY_USER);
    windows_complete(vm);
    check_all();
    uint64_t ops = vm->counts.protect_ops - before.protect_ops;
    result("window fork",
           bad == NULL && ops == 1 && vm->counts.unmap_ops == before.unmap_ops &&
               host_pages[window_number(vm, vm->windows.now->choose)][31].rights == MAP_READ,
           "%s, %u protections", bad == NULL ? "" : bad, (unsigned)ops);
    stop();
}

/* Unmapping page by page, as an munmap does, is one operation. */
static void unmaps_join(void)
{
    start(8, 100000);
    for (unsigned n = 0; n < 64; n++)
        model.process[0][n] = (struct entry){true, true, n * 7};
    for (unsigned n = 0; n < 64; n++)
        access_spot(n, false);
    struct counts before = vm->counts;
    for (unsigned n = 0; n < 64; n++) {
        model.process[0][n].valid = false;
        window_flush_page(vm, KEY_MAPPED, KEY_MAPPED, spot_va(n));
    }
    windows_complete(vm);
    check_all();
    result("window unmaps",
           bad == NULL && vm->counts.unmap_ops == before.unmap_ops + 1 &&
               vm->windows.now->choose->pages == 0,
           "%s, %u", bad == NULL ? "" : bad, (unsigned)(vm->counts.unmap_ops - before.unmap_ops));
    stop();
}

/* Where there is no room even for one filling, what there is room for is mapped. */
static void no_room(void)
{
    start(8, 40);
    for (uint32_t n = 0; n < LARGE_PAGES; n += 2)
        page_facts(n)->code = 1; /* so each page is an operation */
    model.large[0] = (struct entry){true, true, 0};
    model.process[0][0] = (struct entry){true, true, 300};
    access_spot(0, true);
    access_spot(FIRST_LARGE + 30, false);
    unsigned mapped = host_mapped;
    check_all();
    access_spot(0, true);
    check_all();
    result("window no room", bad == NULL && mapped == 40, "%s, %u", bad == NULL ? "" : bad, mapped);
    stop();
}

static bool is_mapped(unsigned spot)
{
    return host_pages[window_number(vm, vm->windows.now->alt)][spot].rights != 0;
}

/* A cold site maps a page that was there before it came, not one that the guest puts there for it; and it
 * is taken back when it goes on accessing pages that are there. */
static void cold_sites(void)
{
    enum { SITE = 64 };
    unsigned faults = 0, accesses = 0, again = 0;
    start(8, 100000);
    site_mark(vm, RAM_BASE + SITE, SITE_COLD);
    model.process[0][0] = (struct entry){true, true, 5};
    bool good = access_slowly(0, SITE) && is_mapped(0) && !access_slowly(1, SITE);
    good = good && vm->cpu->exit_request == EXIT_FAULT;
    model.process[0][1] = (struct entry){true, true, 9};
    window_flush_page(vm, KEY_MAPPED, KEY_MAPPED, spot_va(1));
    good = good && access_slowly(1, SITE) && !is_mapped(1);
    soft_flush(vm); /* the walk is made again */
    good = good && access_slowly(1, SITE) && is_mapped(1);
    uint64_t fills = vm->counts.cold_fills;
    for (unsigned n = 0; n < 50;
         n++) { /* a page that is flushed each time is not mapped each time */
        model.process[0][2] = (struct entry){true, true, 20 + n % 2};
        window_flush(vm, KEY_MAPPED, KEY_MAPPED);
        good = good && access_slowly(2, SITE);
    }
    good = good && vm->counts.cold_fills - fills < 10;
    blocks_killed = 0;
    while (blocks_killed == 0 && ++accesses < 5000)
        good = access_slowly(0, SITE) && good;
    result("window cold site",
           good && accesses > 100 && accesses < 1000 && site_bits(vm, RAM_BASE + SITE) == 0,
           "%u accesses", accesses);
    while (!cold_fault(vm, RAM_BASE + 2 * SITE))
        faults++;
    while (!cold_fault(vm, RAM_BASE + SITE))
        again++;
    check_all();
    result("window cold site again", bad == NULL && faults > 4 && again > 2 * faults,
           "%s, %u and %u faults", bad == NULL ? "" : bad, faults, again);
    stop();
}

/* Where there is no room, a slice is unmapped, each time the next one, until nothing is left. */
static void slices(void)
{
    unsigned left[8], times = 0;
    start(8, 100000);
    vm->windows.slice = 20;
    for (unsigned n = 0; n < 64; n++)
        model.process[0][n] = (struct entry){true, true, n / 2 * 7 + n % 2}; /* 32 runs of two */
    for (unsigned n = 0; n < 64; n++)
        access_spot(n, true);
    struct counts before = vm->counts;
    do {
        left[times++] = host_mapped;
        check_all();
    } while (times < 8 && windows_evict(vm, NULL, 0));
    uint64_t ops = vm->counts.unmap_ops - before.unmap_ops;
    result("window slices",
           bad == NULL && times == 3 && left[0] == 64 && left[1] == 24 && left[2] == 0 && ops == 2,
           "%s, %u, %u, %u, %u", bad == NULL ? "" : bad, times, left[1], left[2], (unsigned)ops);
    stop();
}

int main(int argc, char **argv)
{
    unsigned d = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    fork_is_cheap();
    unmaps_join();
    cold_sites();
    slices();
    no_room();
    run_random("window random", 0, 100000, 0, 60000 / d);
    run_random("window few windows", 3, 100000, 0, 40000 / d);
    run_random("window two windows", 2, 100000, 0, 40000 / d);
    run_random("window two windows, small quota", 2, 280, 0, 40000 / d);
    run_random("window small quota", 0, 300, 0, 40000 / d);
    run_random("window small quota, slices", 0, 300, 60, 40000 / d);
    run_random("window few windows, small quota, small slices", 4, 280, 5, 40000 / d);
    run_random("window few windows, small quota", 4, 280, 0, 40000 / d);
    return summary();
}
