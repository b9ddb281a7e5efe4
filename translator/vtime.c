/*
 * Virtual time: nanoseconds since the VM started, and the timers that wait for it.
 *
 * Without icount it is the host's monotonic clock; the earliest timer is armed as the deadline of
 * the VM's notification, which pokes the vCPU out of translated code. With icount it is a function
 * of the number of guest instructions run, and the earliest timer becomes the CPU's instruction
 * budget; waiting for an interrupt then skips to it.
 */
#include <translator/machine.h>

#define NS_PER_INSN 2
#define BUDGET_MAX  1000000

uint64_t vtime_insns(const struct vm *vm)
{
    const struct cpu *cpu = vm->cpu;
    return cpu->icount + (uint64_t)(int64_t)(cpu->budget_full - cpu->budget);
}

/* Code that reads clocks in a loop spends its time in helpers, where a poke cannot leave translated
 * code: it is looked for here too. */
uint64_t vm_time(struct vm *vm)
{
    if (vm->cpu->pending != NULL && *vm->cpu->pending != 0)
        vm->cpu->attention = 1;
    if (vm->config.icount)
        return vtime_insns(vm) * NS_PER_INSN + vm->time_skipped;
    return vm_now() - vm->time_start;
}

void vtimer_add(struct vm *vm, struct vtimer *t)
{
    t->when = UINT64_MAX;
    t->next = vm->timers;
    vm->timers = t;
}

void vtimer_arm(struct vm *vm, struct vtimer *t, uint64_t when)
{
    t->when = when;
    vm->cpu->attention = 1; /* the dispatcher arms the deadline */
}

static uint64_t earliest(const struct vm *vm)
{
    uint64_t when = UINT64_MAX;
    for (const struct vtimer *t = vm->timers; t != NULL; t = t->next)
        when = t->when < when ? t->when : when;
    return when;
}

/* Where a budget ends depends on virtual time alone, not on when the dispatcher came by: the code is
 * cut into blocks there. */
static void set_budget(struct vm *vm, uint64_t when)
{
    struct cpu *cpu = vm->cpu;
    uint64_t now = vm_time(vm), insns = vtime_insns(vm);
    uint64_t left = when <= now ? 1 : (when - now - 1) / NS_PER_INSN + 1;
    uint64_t rest = BUDGET_MAX - insns % BUDGET_MAX, stop = debug_next_count(vm) - insns;
    left = left < rest ? left : rest;
    left = left < stop ? left : stop;
    cpu->icount = insns;
    cpu->budget = cpu->budget_full = (int32_t)left;
}

/* Pages that were written while they held code are trusted again after some seconds. */
static void end_checks(struct vm *vm)
{
    struct cache *c = &vm->cache;
    uint64_t now = vm->config.icount ? vm_time(vm) : vm_now();
    if (c->checked_count == 0)
        c->checked_since = now;
    else if (now - c->checked_since > CHECKED_NS)
        cache_end_checks(vm);
}

void vtime_run(struct vm *vm)
{
    end_checks(vm);
    uint64_t now = vm_time(vm);
    for (struct vtimer *t = vm->timers; t != NULL; t = t->next)
        if (t->when <= now) {
            t->when = UINT64_MAX;
            t->expired(t->device);
        }
    uint64_t when = earliest(vm);
    if (vm->config.icount)
        set_budget(vm, when);
    else if (when != vm->time_armed) {
        vm->time_armed = when;
        vm_deadline(vm->event, when == UINT64_MAX ? DEADLINE_NEVER : vm->time_start + when);
    }
}

void vtime_sleep(struct vm *vm)
{
    uint64_t when = earliest(vm), now = vm_time(vm), bits;
    vm->cpu->attention = 1;
    if (vm->config.icount && when != UINT64_MAX) {
        vm->time_skipped += when > now ? when - now : 0;
        return;
    }
    uint64_t begun = vm_now();
    if (when > now && !vm->attend && vm->ending == VM_RUNNING)
        vm_wait(vm->event, &bits);
    vm->counts.sleep_ns += vm_now() - begun;
    vm->time_armed = 0; /* a deadline that passed is no longer armed */
}
