/*
 * The dispatcher: run blocks until something else has to be done, do it, go on.
 *
 * Between two blocks everything is in memory and cpu->pc is exact; only here are interrupts taken,
 * exceptions delivered, windows switched, timers run, blocks translated and linked.
 */
#include <string.h>

#include <translator/gdb.h>
#include <translator/machine.h>

#define BLOCK_LIMIT 48 /* guest instructions in a block, unless --block-limit says otherwise */

/* ---- finding code ------------------------------------------------------------------------------- */

bool fetch_phys(struct vm *vm, uint32_t pc, uint64_t *phys, bool *global)
{
    struct cpu *cpu = vm->cpu;
    struct walk w;
    vm->frontend->walk(cpu, pc & ~1u, ACCESS_FETCH, &w);
    if (w.status == 0 && memory_ram(vm, w.phys, 2) == NULL)
        w.status = WALK_NOTHING;
    if (w.status != 0) {
        cpu->fault_va = pc & ~1u;
        cpu->fault_kind = ACCESS_FETCH;
        cpu->fault_status = w.status;
        return false;
    }
    *phys = w.phys;
    *global = w.global;
    return true;
}

/* A block that reaches into a second page is right only while that page is where it was. Jumps to it
 * find that out by the page's fetch entry (backend.h), which is made here. */
static bool second_page_holds(struct vm *vm, const struct block *b)
{
    uint64_t phys;
    bool global;
    uint32_t va = block_second_va(b);
    if (b->phys2 == 0 || block_second_holds(vm->cpu, b))
        return true;
    if (!fetch_phys(vm, va, &phys, &global) || (phys & ~(uint64_t)(GUEST_PAGE - 1)) != b->phys2)
        return false;
    if (global || !windows_now(vm)->keys.global_only)
        window_note_fetch(vm, va, phys);
    return true;
}

static unsigned limit_usual(const struct vm *vm)
{
    return vm->config.block_limit != 0 ? vm->config.block_limit : BLOCK_LIMIT;
}

static unsigned limit_now(const struct vm *vm)
{
    unsigned limit = limit_usual(vm);
    if (vm->alone)
        return 1;
    if (vm->config.icount && (unsigned)vm->cpu->budget < limit)
        limit = (unsigned)vm->cpu->budget;
    return limit;
}

/* The block at cpu->pc, or NULL when fetching there faults. */
static struct block *find_block(struct vm *vm, bool *global)
{
    struct cpu *cpu = vm->cpu;
    uint64_t phys;
    uint32_t mode = vm->frontend->mode(cpu);
    struct fetch_entry *f = &cpu->fetch[cpu->pc >> GUEST_PAGE_SHIFT & (FETCH_ENTRIES - 1)];
    if (f->page == ((cpu->pc & GUEST_PAGE_MASK) | 1)) {
        phys = (uint64_t)f->phys << GUEST_PAGE_SHIFT | (cpu->pc & ~GUEST_PAGE_MASK & ~1u);
        *global = windows_now(vm)->keys.global_only;
    } else if (!fetch_phys(vm, cpu->pc, &phys, global)) {
        return NULL;
    } else if (*global || !windows_now(vm)->keys.global_only) {
        window_note_fetch(vm, cpu->pc, phys);
    }
    unsigned limit = limit_now(vm);
    struct block *b = cache_find(vm, cpu->pc, (phys & ~1ULL) | (cpu->pc & 1), mode, limit);
    if (b != NULL && second_page_holds(vm, b))
        return b;
    if (b != NULL)
        cache_kill(vm, b);
    return translate(vm, cpu->pc, phys, mode, limit);
}

/* ---- links -------------------------------------------------------------------------------------- */

/* Link e to b where the link stays right: within one page; between global pages; into a page of the
 * process with a check of the fetch entry. Not with icount into blocks shortened for a deadline. */
static void link_exit(struct vm *vm, struct block_exit *e, struct block *b, bool global)
{
    bool same = ((e->from->pc ^ e->pc) & GUEST_PAGE_MASK) == 0 && e->from->phys2 == 0;
    bool enters = (e->kind & JUMP_ENTER) != 0; /* the page may be another one in that mode */
    if ((enters && same) || b->cut || e->from->dead ||
        (vm->config.icount && b->limit != e->from->limit))
        return;
    e->checked_page = !same && !global;
    cache_link(vm, e, b);
}

static void note_jump(struct vm *vm, struct block *b, bool global)
{
    uint64_t host = vm->backend->entry(b);
    if (host == 0 || b->cut || (windows_now(vm)->keys.global_only && !global))
        return;
    window_note_jump(vm, b, host);
}

/* cpu->look_up: a block that is there. A window that was just begun or flushed knows no jumps and no
 * pages, but most code it runs is translated. */
static uint64_t look_up(struct cpu *cpu)
{
    struct vm *vm = cpu->vm;
    uint32_t pc = cpu->pc;
    uint64_t phys;
    bool global;
    if (vm->alone)
        return 0;
    const struct fetch_entry *f = &cpu->fetch[pc >> GUEST_PAGE_SHIFT & (FETCH_ENTRIES - 1)];
    if (f->page != ((pc & GUEST_PAGE_MASK) | 1)) {
        if (!fetch_phys(vm, pc, &phys, &global) || (windows_now(vm)->keys.global_only && !global))
            return 0;
        window_note_fetch(vm, pc, phys);
    }
    phys = (uint64_t)f->phys << GUEST_PAGE_SHIFT | (pc & ~GUEST_PAGE_MASK);
    struct block *b = cache_find(vm, pc, phys, vm->frontend->mode(cpu), limit_usual(vm));
    if (b == NULL || b->cut)
        return 0;
    vm->counts.lookups_inside++;
    note_jump(vm, b, windows_now(vm)->keys.global_only);
    return vm->backend->entry(b);
}

/* ---- reasons to come back ----------------------------------------------------------------------- */

static void deliver(struct vm *vm, enum exit_reason reason)
{
    vm->counts.exceptions++;
    vm->counts.calls += reason == EXIT_CALL;
    dump_exception(vm, reason);
    vm->frontend->deliver(vm->cpu, reason);
    windows_switch(vm);
}

/* The fetch of an instruction that spans two pages failed when it was translated. If it does not any
 * more, the block that says so must go. */
static void fetch_fault(struct vm *vm)
{
    struct cpu *cpu = vm->cpu;
    uint64_t first, second;
    bool global;
    uint32_t pc = cpu->pc, next = (pc & GUEST_PAGE_MASK) + GUEST_PAGE;
    if (!fetch_phys(vm, pc, &first, &global) || !fetch_phys(vm, next, &second, &global))
        deliver(vm, EXIT_FETCH);
    else
        cache_kill_stale(vm, pc, (first & ~1ULL) | (pc & 1), vm->frontend->mode(cpu));
}

void block_left(struct cpu *cpu, const struct block *b, const struct side_entry *side)
{
    cpu->pc = side->pc;
    cpu->vm->frontend->restore(cpu, side->side);
    if (cpu->vm->config.icount)
        cpu->budget += b->insns - side->site;
}

/* A block on a page that is checked, not protected, found other code than it was made of. */
static void stale(struct vm *vm)
{
    uint64_t phys;
    bool global;
    uint32_t pc = vm->cpu->pc;
    if (fetch_phys(vm, pc, &phys, &global))
        cache_kill_stale(vm, pc, (phys & ~1ULL) | (pc & 1), vm->frontend->mode(vm->cpu));
}

static void come_back(struct vm *vm, enum exit_reason reason)
{
    switch (reason) {
    case EXIT_LOOKUP:
        vm->counts.lookups++;
        break;
    case EXIT_CHECK:
    case EXIT_LINK:
    case EXIT_NONE:
        break;
    case EXIT_STATE:
        windows_switch(vm);
        if (vm->again.valid)
            fault_again(vm);
        break;
    case EXIT_FLUSH:
        cache_flush(vm);
        windows_switch(vm);
        break;
    case EXIT_FETCH:
        fetch_fault(vm);
        break;
    case EXIT_STALE:
        stale(vm);
        break;
    case EXIT_HALT:
        vm->cpu->halted = true;
        break;
    case EXIT_DEBUG:
        vm->cpu->budget++; /* the instruction has not run */
        debug_stopped(vm, GDB_BREAKPOINT);
        break;
    case EXIT_BROKEN:
        vm_broken(vm, vm->report[0] != 0 ? NULL : "translated code faulted where it cannot");
    default:
        deliver(vm, reason);
    }
}

/* ---- between blocks ----------------------------------------------------------------------------- */

void flush_output(struct vm *vm)
{
    struct terminal *t = vm->config.terminal;
    if (t != NULL && t->flush != NULL)
        t->flush(t);
}

static void attend(struct vm *vm)
{
    uint64_t bits = 0;
    vm->cpu->attention = 0;
    vm->upcall->pending = 0;
    vm_poll(vm->event, &bits);
    if (bits & SIGNAL_DEADLINE)
        vm->time_armed = 0; /* perhaps a little early: then it is armed again */
    if (__atomic_exchange_n(&vm->attend, 0, __ATOMIC_SEQ_CST) != 0 && vm->board->serve != NULL)
        vm->board->serve(vm);
    flush_output(vm);
    debug_attend(vm);
    vtime_run(vm);
}

static void take_interrupts(struct vm *vm)
{
    struct cpu *cpu = vm->cpu;
    if (cpu->lines == 0)
        return;
    if (cpu->halted && vm->frontend->wakes(cpu))
        cpu->halted = false;
    if (vm->frontend->interrupt(cpu, false)) {
        vm->counts.interrupts++;
        dump_exception(vm, EXIT_NONE);
        cpu->halted = false;
        windows_switch(vm);
    }
}

/* Run from b on; afterwards everything is in memory. *from: the exit that is not linked, or NULL. */
static enum exit_reason enter(struct vm *vm, struct block *b, struct block_exit **from)
{
    struct cpu *cpu = vm->cpu;
    bool alone = vm->alone;
    uint64_t begun = vm->config.stats ? vm_now() : 0;
    vm->counts.enters++;
    dump_enter(vm, b);
    vm->in_code = true;
    enum exit_reason reason = vm->backend->enter(cpu, b, from);
    vm->in_code = false;
    flags_settle(cpu);
    if (vm->escape != NULL)
        block_left(cpu, vm->escape_block, vm->escape);
    vm->escape = NULL;
    cpu->exit_request = 0;
    if (reason == EXIT_LINK)
        cpu->pc = (*from)->pc;
    else
        *from = NULL;
    if (alone)
        vm->alone = false;
    if (vm->config.stats)
        vm->counts.run_ns += vm_now() - begun;
    if (vm->mmu_log != NULL)
        dump_mmu(vm);
    return reason;
}

bool run_one(struct vm *vm)
{
    struct cpu *cpu = vm->cpu;
    struct block_exit *from;
    struct jump_entry *jumps = cpu->jumps;
    uint64_t phys;
    bool global;
    if (!fetch_phys(vm, cpu->pc, &phys, &global)) {
        deliver(vm, EXIT_FETCH);
        return true;
    }
    struct block *b = translate(vm, cpu->pc, phys, vm->frontend->mode(cpu), 1);
    cpu->jumps = vm->no_jumps;
    vm->alone = true;
    enum exit_reason reason = enter(vm, b, &from);
    bool again = reason == EXIT_CHECK || (reason == EXIT_STATE && cpu->pc == b->pc);
    cpu->jumps = jumps;
    cache_kill(vm, b);
    come_back(vm, reason);
    return !again;
}

static void run_blocks(struct vm *vm)
{
    struct cpu *cpu = vm->cpu;
    struct block_exit *from = NULL;
    bool indirect = false;
    uint64_t generation = vm->cache.generation;
    do {
        bool global = false;
        if (vm->config.icount && cpu->budget <= 0)
            return;
        struct block *b = find_block(vm, &global);
        if (b == NULL) {
            deliver(vm, EXIT_FETCH);
            return;
        }
        if (generation != vm->cache.generation)
            from = NULL, generation = vm->cache.generation;
        if (from != NULL)
            link_exit(vm, from, b, global);
        if (indirect)
            note_jump(vm, b, global);
        enum exit_reason reason = enter(vm, b, &from);
        indirect = reason == EXIT_LOOKUP;
        come_back(vm, reason);
    } while (!cpu->attention && !cpu->halted && cpu->lines == 0);
}

void run(struct vm *vm)
{
    struct cpu *cpu = vm->cpu;
    windows_forget_near(vm);
    windows_switch(vm);
    cpu->look_up = look_up;
    cpu->attention = 1;
    debug_wait(vm);
    while (vm->ending == VM_RUNNING) {
        if (cpu->attention || vm->config.icount)
            attend(vm);
        take_interrupts(vm);
        if (cpu->halted) {
            vm->counts.halts++;
            flush_output(vm);
            vtime_sleep(vm);
            continue;
        }
        run_blocks(vm);
    }
}
