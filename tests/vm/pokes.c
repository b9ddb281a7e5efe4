/*
 * Pokes: in the guest range, outside, in an upcall, at each instruction of the entry stub, at any
 * time; by a bound notification; a wait ended.
 */
#include "guest.h"

static struct vm_guest g;
static struct upcall_page *volatile page;
static uint8_t stack[16384] __attribute__((aligned(4096)));
static volatile uint64_t delivered, taken, left, counter, steps, poke_at, asked, poked, stop;
static volatile uint64_t ready, go, status, flags;
static vm_handle n;

static HANDLER void on_poke(struct upcall_page *p)
{
    unsigned done;
    if (p->vector == UPCALL_POKE)
        delivered++;
    flags = vm_handler_flags();
    p->regs.gpr[REG_R13] = 2;
    p->regs.rflags &= ~FLAG_TF;
    p->regs.rip = (uint64_t)vm_guest_exit;
    vm_upcall_return(0, &done);
}

/* Steps through the stub; at step poke_at it lets another thread poke this one before it goes on. */
static HANDLER void on_step(struct upcall_page *p)
{
    unsigned done;
    if (p->vector == UPCALL_POKE)
        on_poke(p);
    if (++steps == poke_at) {
        asked = 1;
        while (!poked)
            vm_yield();
        p->regs.rflags &= ~FLAG_TF;
    }
    if (p->regs.rip == (uint64_t)vm_guest_entry_end) /* the next instruction leaves the range */
        p->regs.rflags &= ~FLAG_TF;
    vm_upcall_return(0, &done);
}

static void reset(const char *target, uint64_t turns)
{
    memset(&g, 0, sizeof g);
    g.flags_in = 0x202;
    g.target = target;
    g.in[REG_R14] = (uint64_t)&counter;
    g.in[REG_R12] = turns;
    delivered = taken = left = counter = steps = asked = poked = stop = ready = 0;
    go = 1;
}

static void run(vm_handler *handler, bool again)
{
    struct upcall_page *p;
    status = (uint64_t)vm_upcall_register(handler, GUEST_LO, GUEST_HI, stack, sizeof stack, &p);
    page = p;
    g.in[REG_R15] = (uint64_t)p;
    ready = 1;
    while (!go)
        vm_yield();
    do {
        vm_guest_run(&g);
        taken += g.out[REG_R13] == 1;
    } while (again && !stop);
    left = p->pending;
    vm_upcall_unregister();
}

static void run_once(void *arg)
{
    (void)arg;
    run(on_poke, false);
}

static void run_again(void *arg)
{
    (void)arg;
    run(on_poke, true);
}

static void run_steps(void *arg)
{
    (void)arg;
    run(on_step, false);
}

static const char *in_range(void)
{
    reset(vm_guest_entry, UINT64_MAX);
    struct vm_worker *w = vm_spawn(run_once, NULL);
    CHECK(w != NULL);
    CHECK(vm_until(&counter, 1));
    CHECK(delivered == 0);
    CHECK(vm_poke(w->thread) == OK);
    CHECK(vm_join(w));
    CHECK(delivered == 1 && taken == 0 && left == 0 && g.out[REG_R13] == 2);
    return NULL;
}

/* With DF and AC set: clear in the handler, as they were behind it, and no hindrance to the thread's end. */
static const char *with_flags(void)
{
    for (unsigned i = 0; i < 20; i++) {
        reset(vm_guest_entry, UINT64_MAX);
        g.flags_in |= (i & 1 ? FLAG_DF : 0) | (i & 2 ? FLAG_AC : 0);
        flags = ~0ULL;
        struct vm_worker *w = vm_spawn(run_once, NULL);
        CHECK(w != NULL);
        CHECK(vm_until(&counter, 1));
        if (i >= 16) {
            CHECK(vm_end(w));
            continue;
        }
        CHECK(vm_poke(w->thread) == OK);
        CHECK(vm_join(w));
        CHECK(delivered == 1 && (flags & (FLAG_DF | FLAG_AC)) == 0);
        CHECK((g.flags_out & (FLAG_DF | FLAG_AC)) == (g.flags_in & (FLAG_DF | FLAG_AC)));
    }
    return NULL;
}

static const char *outside(void)
{
    reset(vm_guest_entry, 5);
    go = 0;
    struct vm_worker *w = vm_spawn(run_once, NULL);
    CHECK(w != NULL);
    CHECK(vm_until(&ready, 1));
    CHECK(vm_poke(w->thread) == OK);
    vm_pause(1000000);
    CHECK(page->pending != 0);
    go = 1;
    CHECK(vm_join(w));
    CHECK(delivered == 0 && taken == 1 && left == 0);
    return NULL;
}

/* Each instruction of the stub in turn: never lost, never twice. */
static const char *every_instruction(void)
{
    uint64_t last = 0;
    for (poke_at = 1; poke_at < 60; poke_at++) {
        reset(vm_guest_stepped, 3);
        struct vm_worker *w = vm_spawn(run_steps, NULL);
        CHECK(w != NULL);
        uint64_t end = vm_now() + 10000000000ULL;
        while (!asked && !w->done && vm_now() < end)
            vm_pause(100000);
        last = steps;
        if (!asked) { /* fewer steps than that: the stub has been gone through */
            vm_end(w);
            break;
        }
        CHECK(vm_poke(w->thread) == OK);
        poked = 1;
        CHECK(vm_join(w));
        CHECK(delivered + taken + (left != 0) == 1);
    }
    CHECK(last >= 10);
    return NULL;
}

static const char *at_any_time(void)
{
    uint64_t seed = 0x2545f4914f6cdd1dULL;
    reset(vm_guest_entry, 30);
    struct vm_worker *w = vm_spawn(run_again, NULL);
    CHECK(w != NULL);
    CHECK(vm_until(&ready, 1));
    for (unsigned i = 0; i < 800; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        vm_pause(20000 + seed % 150000);
        uint64_t before = delivered + taken, end = vm_now() + 5000000000ULL;
        CHECK(vm_poke(w->thread) == OK);
        while (delivered + taken == before && vm_now() < end)
            vm_pause(20000);
        CHECK(delivered + taken == before + 1);
    }
    stop = 1;
    CHECK(vm_join(w));
    CHECK(delivered + taken == 800 && left == 0);
    return NULL;
}

static HANDLER void slow(struct upcall_page *p)
{
    asked = 1;
    while (!poked)
        vm_yield();
    on_poke(p);
}

static void run_slow(void *arg)
{
    (void)arg;
    run(slow, false);
}

static const char *in_upcall(void)
{
    reset(vm_guest_entry, UINT64_MAX);
    struct vm_worker *w = vm_spawn(run_slow, NULL);
    CHECK(w != NULL);
    CHECK(vm_until(&counter, 1));
    CHECK(vm_poke(w->thread) == OK);
    CHECK(vm_until(&asked, 1));
    CHECK(page->active != 0 && page->pending == 0);
    CHECK(vm_poke(w->thread) == OK);
    CHECK(vm_until(&page->pending, 1));
    poked = 1;
    CHECK(vm_join(w));
    CHECK(delivered == 1 && left != 0);
    return NULL;
}

static void wait_poked(void *arg)
{
    uint64_t bits;
    (void)arg;
    ready = 1;
    status = (uint64_t)vm_wait(n, &bits);
}

static const char *ends_wait(void)
{
    uint64_t bits;
    CHECK(vm_notification_create(&n) == OK);
    for (unsigned i = 0; i < 20; i++) {
        ready = 0;
        struct vm_worker *w = vm_spawn(wait_poked, NULL);
        CHECK(w != NULL);
        CHECK(vm_until(&ready, 1));
        if (i & 1)
            vm_pause(500000);
        CHECK(vm_poke(w->thread) == OK);
        CHECK(vm_join(w));
        CHECK(status == POKED);
    }
    CHECK(vm_poll(n, &bits) == WOULD_BLOCK);
    CHECK(vm_notification_delete(n) == OK);
    return NULL;
}

static void run_bound(void *arg)
{
    status = (uint64_t)vm_bind(n, 1);
    run_once(arg);
    vm_bind(0, 0);
}

static const char *bound(void)
{
    uint64_t bits;
    CHECK(vm_notification_create(&n) == OK);
    reset(vm_guest_entry, UINT64_MAX);
    struct vm_worker *w = vm_spawn(run_bound, NULL);
    CHECK(w != NULL);
    CHECK(vm_until(&counter, 1));
    CHECK(vm_signal(n, 0x11) == OK);
    CHECK(vm_join(w));
    CHECK(delivered == 1);
    CHECK(vm_poll(n, &bits) == OK && bits == 0x11);
    /* Time, the same way. */
    reset(vm_guest_entry, UINT64_MAX);
    w = vm_spawn(run_bound, NULL);
    CHECK(w != NULL);
    CHECK(vm_until(&counter, 1));
    uint64_t when = vm_now() + 3000000;
    CHECK(vm_deadline(n, when) == OK);
    CHECK(vm_join(w));
    CHECK(delivered == 1 && vm_now() >= when);
    CHECK(vm_poll(n, &bits) == OK && bits == SIGNAL_DEADLINE);
    CHECK(vm_notification_delete(n) == OK);
    return NULL;
}

static const char *bad_threads(void)
{
    CHECK(vm_poke(0x7ffe) != OK);
    CHECK(vm_bind(0x7ffe, 1) != OK);
    CHECK(vm_bind(0, 0) == OK);
    return NULL;
}

const struct vm_test poke_tests[] = {
    {"vm_poke_in_range", in_range},       {"vm_poke_with_flags", with_flags},
    {"vm_poke_outside", outside},         {"vm_poke_every_instruction", every_instruction},
    {"vm_poke_at_any_time", at_any_time}, {"vm_poke_in_upcall", in_upcall},
    {"vm_poke_ends_wait", ends_wait},     {"vm_poke_bound", bound},
    {"vm_poke_bad", bad_threads},         {NULL, NULL}};
