/*
 * Faults of translated code, in the upcall: fill a window and go on, or leave translated code with
 * a guest exception or for another translation.
 *
 * A fault in a window is a miss of a cache, so the guest's tables are walked each time. What happens
 * depends on the walk and on which window was used:
 *
 *   allowed, RAM            map it (with neighbours) and run the same host instruction again
 *   the same page of one instruction, flushed again and again   the site is marked SITE_SLOW
 *   a page with code        drop its blocks, make it writable, run again
 *   allowed, no RAM         the site is marked SITE_SLOW and its block translated anew
 *   where nothing is ever mapped                                 the same, at the second time
 *   process-dependent page in the window for global pages        the same with SITE_CHOOSE
 *   privileged code may, user code may not, in a user's window   the same with SITE_SLOW
 *   not allowed             the guest's exception
 *   any of these, often, at one instruction     the site is marked SITE_COLD (cold.c)
 *
 * A `copy` or `fill` (SITE_STRING) is never left: where no mapping helps, it ends there, with what it has
 * done, and the code behind it sees to the rest.
 *
 * Leaving means: the side table says which guest instruction ran; nothing of it has happened that
 * may not happen again; regs are changed to go on at the backend's common exit.
 */
#include <translator/window.h>

/* A block that jumps to itself without looking for attention is to leave now (block.unchecked). If somebody
 * pokes just when it runs, it mostly does, so it is worth another translation. */
static void end_loop(struct vm *vm)
{
    struct block *b = cache_by_host(vm, vm->upcall->regs.rip);
    if (b == NULL || !b->unchecked)
        return;
    for (unsigned n = 0; n < b->exits; n++)
        if (b->exit[n].to == b)
            cache_unlink(vm, &b->exit[n]);
    if (b->dead || (site_bits(vm, b->phys) & SITE_LOOP) != 0)
        return;
    vm->counts.loops++;
    site_mark(vm, b->phys, SITE_LOOP);
    cache_kill(vm, b);
}

static void resume(struct vm *vm, unsigned count)
{
    unsigned done = 0;
    if (vm->cpu->attention != 0)
        end_loop(vm);
    if (vm->config.stats)
        vm->counts.upcall_ns += vm_now() - vm->upcall_begun;
    for (;;) {
        if (vm_upcall_return(count, &done) != QUOTA)
            vm_broken(vm, "a fault could not be answered by a mapping");
        windows_go_on(vm, vm->upcall->vector_ops, count, done);
        count = 0;
    }
}

static void leave(struct vm *vm, const struct side_entry *side, enum exit_reason reason)
{
    if (side->bits & SITE_STRING) {
        vm->upcall->regs.rip += side->spare;
        resume(vm, 0);
    }
    vm->escape = side;
    vm->backend->escape(&vm->upcall->regs, reason, vm->escape_block, side);
    resume(vm, 0);
}

static void retranslate(struct vm *vm, const struct side_entry *side, unsigned bits)
{
    vm->counts.site_retries++;
    site_mark(vm, site_phys(vm->escape_block, side), bits);
    cache_kill(vm, vm->escape_block);
    leave(vm, side, EXIT_STATE);
}

/* What no window is for: C code does it, always; or only this time what is left of a string operation, which
 * meets other memory the next time. */
static void refuse(struct vm *vm, const struct side_entry *side)
{
    if (side->bits & SITE_STRING)
        leave(vm, side, EXIT_STATE);
    retranslate(vm, side, SITE_SLOW);
}

/* A process-dependent page in the window for global ones: from now on, addresses up to here go
 * through the process's window at this site. */
static void choose(struct vm *vm, const struct side_entry *side, uint32_t va)
{
    uint32_t above = (va | 0xfffff) + 1;
    if (above == 0)
        refuse(vm, side);
    if (above > vm->cpu->split)
        vm->cpu->split = above;
    if (!(side->bits & (SITE_CHOOSE | SITE_STRING)))
        retranslate(vm, side, SITE_CHOOSE);
    leave(vm, side, EXIT_STATE); /* the comparison was made before the split moved */
}

static void guest_fault(struct vm *vm, const struct side_entry *side, uint32_t va, unsigned kind,
                        uint32_t status)
{
    struct cpu *cpu = vm->cpu;
    vm->counts.guest_faults++;
    mmu_note(vm, MMU_FAULT, va, status);
    cpu->fault_va = va;
    cpu->fault_kind = kind;
    cpu->fault_status = status;
    vm->again = (struct fault_again){true, vm->fault_window, side->pc, va, kind};
    cpu->hinders |= HINDER_AGAIN;
    leave(vm, side, EXIT_FAULT);
}

void fault_again(struct vm *vm)
{
    struct fault_again *f = &vm->again;
    if (f->pc != vm->cpu->pc)
        return;
    f->valid = false;
    vm->cpu->hinders &= (uint8_t)~HINDER_AGAIN;
    if (window_in_use(vm, f->window))
        vm->counts.fills_ahead += window_fill_ahead(vm, f->window, f->va, f->kind);
}

/* How often one instruction may have a page mapped that is then flushed, before it goes the slow way. */
#define CHURN_TIMES 32

/* Whether from block b, or some blocks on, it goes back to pc or a little before: the loops that matter
 * copy or clear, and are short. */
#define LOOP_BYTES 1024u
static bool in_loop(const struct block *b, uint32_t pc, unsigned blocks)
{
    for (unsigned n = 0; n < b->exits; n++) {
        const struct block_exit *e = &b->exit[n];
        if (pc - e->pc < LOOP_BYTES)
            return true;
        if (blocks > 1 && e->to != NULL && e->pc - pc < LOOP_BYTES &&
            in_loop(e->to, pc, blocks - 1))
            return true;
    }
    return false;
}

/* A global page that the guest maps for each word it reads or writes (a fixed mapping to patch
 * read-only text, or to reach a page table in high memory) costs a fault and two map operations each
 * time; C code does it in no time. An instruction in a loop uses the page more than once; a string operation
 * does, too, but C code is as good at that. */
static bool churns(struct vm *vm, const struct side_entry *side, uint32_t va)
{
    uint32_t page = va & GUEST_PAGE_MASK;
    struct churn *c = &vm->churn[(page >> GUEST_PAGE_SHIFT ^ side->pc >> 2) % CHURN_SITES];
    if (c->page != page || c->pc != side->pc)
        *c = (struct churn){page, side->pc, 0};
    if (++c->times <= CHURN_TIMES)
        return false;
    return (side->bits & SITE_STRING) || !in_loop(vm->escape_block, side->pc, 3);
}

static void fill(struct vm *vm, struct window *w, uint32_t va, const struct walk *k)
{
    unsigned count;
    vm->counts.fills++;
    while ((count = window_fill(vm, w, va, k, vm->upcall->vector_ops)) == 0)
        if (!windows_evict(vm, NULL, 0))
            vm_broken(vm, "no room to note a mapping");
    windows_count_ops(vm, vm->upcall->vector_ops, count);
    mmu_note(vm, MMU_FILL, va, count);
    resume(vm, count);
}

/* A store into a page with code. If it is the running block's and stores act at once, the block is left
 * before it: what comes behind the store may be written by it. */
static void write_code(struct vm *vm, const struct side_entry *side, struct ram *r, uint64_t page)
{
    const struct block *b = vm->escape_block;
    bool own = page == (b->phys & ~(uint64_t)(GUEST_PAGE - 1)) || page == b->phys2;
    vm->counts.code_writes++;
    if (!own || !vm->frontend->stores_act_at_once)
        cache_kill_page(vm, r, page);
    else if (cache_check_page(vm, r, page))
        leave(vm, side, EXIT_STATE);
}

/* An access that is allowed where nothing is mapped. The walk may just have found what makes the
 * frontend choose another window (a first page in a domain), so the instruction runs again. */
static void not_mapped(struct vm *vm, const struct side_entry *side)
{
    bool again = vm->windows.nothing_pc == side->pc;
    vm->windows.nothing_pc = side->pc;
    if (again)
        refuse(vm, side);
    leave(vm, side, EXIT_STATE);
}

/* Whether the instruction faults so often that it is to be made cold. String operations stay. */
static bool often(struct vm *vm, const struct side_entry *side)
{
    return vm->config.faults_dear && !(side->bits & SITE_STRING) &&
           cold_fault(vm, site_phys(vm->escape_block, side));
}

static void serve(struct vm *vm, const struct side_entry *side, struct window *w, uint32_t va,
                  bool write)
{
    struct windows *s = &vm->windows;
    const struct window_set *now = windows_now(vm);
    unsigned kind = write ? ACCESS_WRITE : ACCESS_READ;
    unsigned user = side->kind & MEM_USER ? ACCESS_USER : 0;
    struct walk k;
    vm->fault_window = w;
    vm->frontend->walk(vm->cpu, va, kind | user, &k);
    if (k.status != 0) {
        if (often(vm, side))
            retranslate(vm, side, SITE_COLD);
        guest_fault(vm, side, va, kind | user, k.status);
    }
    struct ram *r = ram_find(vm, k.phys);
    if (r == NULL || (r->rom && write))
        refuse(vm, side);
    if (w == &s->nothing)
        not_mapped(vm, side);
    if (!window_may_hold(vm, w, &k))
        choose(vm, side, va);
    if (w != now->main && user == 0) {
        vm->frontend->walk(vm->cpu, va, kind | ACCESS_USER, &k);
        if (k.status != 0)
            refuse(vm, side);
    }
    if (write && ram_page(r, k.phys)->code)
        write_code(vm, side, r, k.phys & ~(uint64_t)(GUEST_PAGE - 1));
    if (w == now->main && now->keys.global_only && churns(vm, side, va))
        retranslate(vm, side, SITE_SLOW);
    if (often(vm, side))
        retranslate(vm, side, SITE_COLD);
    fill(vm, w, va, &k);
}

/* The window in which host address `at` lies, if it is one of those in use. */
static struct window *window_at(struct vm *vm, uint64_t at, uint32_t *va, bool *inside)
{
    const struct window_set *now = windows_now(vm);
    struct window *const in_use[3] = {now->main, now->alt, now->choose};
    for (unsigned n = 0; n < 3; n++) {
        uint64_t offset = at - in_use[n]->base;
        if (offset + 4096 < (1ULL << 32) + 8192) {
            *va = (uint32_t)offset;
            *inside = offset < 1ULL << 32;
            return in_use[n];
        }
    }
    return NULL;
}

void upcall_handler(struct upcall_page *page)
{
    struct vm *vm = (struct vm *)page->reserved[0];
    if (vm->config.stats)
        vm->upcall_begun = vm_now();
    if (page->vector == UPCALL_POKE) {
        vm->cpu->attention = 1;
        resume(vm, 0);
    }
    vm->counts.upcalls++;
    struct block *b = cache_by_host(vm, page->regs.rip);
    const struct side_entry *side = b == NULL ? NULL : block_side(b, page->regs.rip);
    uint32_t va = 0;
    bool inside = false;
    struct window *w =
        page->vector == FAULT_PAGE ? window_at(vm, page->address, &va, &inside) : NULL;
    if (side == NULL || w == NULL) {
        vm->broken_vector = page->vector;
        vm->broken_ip = page->regs.rip;
        vm->broken_address = page->address;
        vm->backend->escape(&page->regs, EXIT_BROKEN, NULL, NULL);
        resume(vm, 0);
    }
    vm->escape_block = b;
    windows_complete(vm);
    if (!inside)
        refuse(vm, side);
    serve(vm, side, w, va, (page->error & PF_WRITE) != 0);
}
