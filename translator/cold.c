/*
 * Cold sites: memory instructions that mostly meet pages which are not mapped, where faults are dear.
 *
 * There a fault of translated code costs a few thousand host instructions before the guest's tables are even
 * looked at, a mapping as many again, and most pages that a process touches first are touched by few
 * instructions: those that clear, copy, or begin a program. So an instruction that faults often is made
 * SITE_COLD: its block is translated anew with a call of C in its place, which walks the tables and, where
 * the guest does not allow the access, has its exception at once.
 *
 * A page that the guest has just put there for a cold site is not mapped by it: the access goes through
 * the RAM alias, and perhaps nobody comes again before the page is gone. Any other page is mapped when a
 * cold site has to walk for it, so none is walked for again and again; but not the same one a fifth
 * time, because then the guest flushes it each time.
 *
 * A call costs more than an access to a page that is mapped. So each site has a credit: what would have been a
 * fault adds to it, anything else takes one away, and at 0 the site is as before, until it has faulted
 * several times as often. All of this is a matter of speed only: a hash that confuses two sites is harmless.
 */
#include <translator/window.h>

#define FAULTS_FIRST 16 /* until a site is made cold for the first time */
#define FAULTS_MORE  4  /* times as many each further time */
#define CREDIT_FIRST 256
#define CREDIT_FAULT 64 /* accesses by C code that a fault is worth */
#define CREDIT_MOST  1024
#define PAGE_TIMES   4 /* that a site has the same page mapped, one after the other */

static unsigned hash(uint64_t at)
{
    return (unsigned)(at * 0x9e3779b97f4a7c15ULL >> 54) % COLD_SITES;
}

static struct cold_faults *faults_of(struct vm *vm, uint64_t phys)
{
    struct cold_faults *f = &vm->cold_faults[hash(phys)];
    if (f->phys != phys || f->limit == 0)
        *f = (struct cold_faults){phys, 0, FAULTS_FIRST};
    return f;
}

bool cold_fault(struct vm *vm, uint64_t phys)
{
    struct cold_faults *f = faults_of(vm, phys);
    if (++f->faults < f->limit)
        return false;
    f->faults = 0;
    vm->counts.cold_sites++;
    return true;
}

/* Its credit is used up: the block that runs goes on to its end, and is then made anew. */
static void take_back(struct vm *vm, uint64_t at)
{
    struct block *b = cache_by_host(vm, at);
    const struct side_entry *side = b == NULL ? NULL : block_side(b, at);
    if (side == NULL)
        return;
    uint64_t phys = site_phys(b, side);
    struct cold_faults *f = faults_of(vm, phys);
    f->faults = 0;
    f->limit =
        f->limit > UINT16_MAX / FAULTS_MORE ? UINT16_MAX : (uint16_t)(f->limit * FAULTS_MORE);
    vm->counts.cold_back++;
    site_clear(vm, phys, SITE_COLD);
    if (!b->dead)
        cache_kill(vm, b);
}

static void spend(struct vm *vm, struct cold_credit *c)
{
    if (--c->credit > 0)
        return;
    take_back(vm, c->at);
    c->credit = CREDIT_FIRST;
}

static void earn(struct cold_credit *c)
{
    c->credit = c->credit < CREDIT_MOST - CREDIT_FAULT ? c->credit + CREDIT_FAULT : CREDIT_MOST;
}

/* The window that the access would have gone through. */
static struct window *window_of(struct vm *vm, const struct side_entry *side, uint32_t va)
{
    const struct window_set *now = windows_now(vm);
    if (side->kind & MEM_USER)
        return now->alt;
    return (side->bits & SITE_CHOOSE) && va < vm->cpu->split ? now->choose : now->main;
}

/* The tables were walked: map the page if that is worth it, and see whether a fault was saved. */
static void walked(struct vm *vm, struct cold_credit *c, uint32_t va, unsigned kind)
{
    struct block *b = cache_by_host(vm, c->at);
    const struct side_entry *side = b == NULL ? NULL : block_side(b, c->at);
    uint32_t page = va & GUEST_PAGE_MASK;
    if (side == NULL)
        return;
    if (vm->cold_touched == (page | 1)) { /* counted when it was the guest's exception */
        vm->cold_touched = 0;
        return;
    }
    if (c->page != page)
        c->page = page, c->times = 0;
    if (c->times == PAGE_TIMES)
        return;
    if (!window_fill_ahead(vm, window_of(vm, side, va), va, kind)) {
        spend(vm, c);
        return;
    }
    c->times++;
    vm->counts.cold_fills++;
    earn(c);
}

bool cold_access(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint8_t *bytes)
{
    struct vm *vm = cpu->vm;
    uint64_t at = cpu->cold_at;
    struct cold_credit *c = &vm->cold_credit[hash(at)];
    uint32_t walks = vm->walks;
    cpu->cold_at = 0;
    vm->counts.cold_accesses++;
    if (c->at != at)
        *c = (struct cold_credit){.at = at, .credit = CREDIT_FIRST};
    bool good = access_move(cpu, va, size, kind, bytes);
    if (!good && cpu->exit_request == EXIT_FAULT) {
        vm->counts.cold_faults++;
        mmu_note(vm, MMU_FAULT, cpu->fault_va, cpu->fault_status);
        vm->cold_touched = (cpu->fault_va & GUEST_PAGE_MASK) | 1;
        earn(c);
    } else if (good && vm->walks != walks) {
        walked(vm, c, va, kind);
    } else {
        spend(vm, c);
    }
    return good;
}
