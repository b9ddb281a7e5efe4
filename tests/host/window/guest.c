/* The guest of the model: tables, walks and keys. */
#include "model.h"

#include <string.h>

struct model model;

#define PROCESS_VA 0x00010000u
#define GLOBAL_VA  0xc0100000u
#define LARGE_VA   0xc0400000u
#define LARGE_SIZE (LARGE_PAGES * GUEST_PAGE)

uint32_t spot_va(unsigned spot)
{
    if (spot < FIRST_GLOBAL)
        return PROCESS_VA + spot * GUEST_PAGE;
    if (spot < FIRST_LARGE)
        return GLOBAL_VA + (spot - FIRST_GLOBAL) * GUEST_PAGE;
    return LARGE_VA + (spot - FIRST_LARGE) * GUEST_PAGE;
}

static bool within(uint32_t va, uint32_t base, uint32_t pages, unsigned *n)
{
    *n = (va - base) / GUEST_PAGE;
    return va >= base && *n < pages;
}

unsigned va_spot(uint32_t va)
{
    unsigned n;
    if (within(va, PROCESS_VA, PROCESS_PAGES, &n))
        return n;
    if (within(va, GLOBAL_VA, GLOBAL_PAGES, &n))
        return FIRST_GLOBAL + n;
    if (within(va, LARGE_VA, LARGE_ENTRIES * LARGE_PAGES, &n))
        return FIRST_LARGE + n;
    return SPOTS;
}

void fault_again(struct vm *vm)
{
    (void)vm;
}

/* User code reads global pages, and nothing of large entries. */
static void walk(struct cpu *cpu, uint32_t va, unsigned kind, struct walk *w)
{
    (void)cpu;
    unsigned spot = va_spot(va);
    bool user = model.user || (kind & ACCESS_USER) != 0;
    const struct entry *e = NULL;
    memset(w, 0, sizeof *w);
    w->status = 1;
    w->size = GUEST_PAGE;
    w->global = spot >= FIRST_GLOBAL;
    if (spot < FIRST_GLOBAL)
        e = &model.process[model.asid][spot];
    else if (spot < FIRST_LARGE)
        e = &model.global[spot - FIRST_GLOBAL];
    else if (spot < SPOTS)
        e = &model.large[(spot - FIRST_LARGE) / LARGE_PAGES], w->size = LARGE_SIZE;
    if (e == NULL || !e->valid || (model.denied && spot < FIRST_GLOBAL) ||
        (user && spot >= FIRST_LARGE))
        return;
    w->rights = WALK_READ | (e->write && !(user && w->global) ? WALK_WRITE : 0);
    if ((kind & ACCESS_WRITE) != 0 && (w->rights & WALK_WRITE) == 0)
        return;
    w->status = 0;
    w->lead = va & ~(w->size - 1);
    w->phys = RAM_BASE + (uint64_t)e->page * GUEST_PAGE + (va & (w->size - 1));
}

static uint64_t user_key(unsigned asid)
{
    return KEY_MAPPED | KEY_USER | asid;
}

static void windows(const struct cpu *cpu, struct window_keys *k)
{
    (void)cpu;
    uint64_t user = model.denied ? KEY_MAPPED | KEY_USER | KEY_DENIED : user_key(model.asid);
    *k = (struct window_keys){.main = model.user ? user : KEY_MAPPED,
                              .alt = user,
                              .choose = user,
                              .global_only = !model.user,
                              .nothing = model.denied};
}

static bool holds(const struct cpu *cpu, uint64_t key)
{
    (void)cpu;
    return !model.user && !model.denied && ((key & KEY_USER) == 0 || key == user_key(model.asid));
}

static void walk_for(struct cpu *cpu, uint64_t key, uint32_t va, struct walk *w)
{
    walk(cpu, va, (key & KEY_USER) != 0 ? ACCESS_USER : 0, w);
    if ((key & KEY_USER) == 0 && !w->global)
        w->status = 1;
}

const struct frontend model_frontend = {
    .name = "model", .walk = walk, .windows = windows, .holds = holds, .walk_for = walk_for};
