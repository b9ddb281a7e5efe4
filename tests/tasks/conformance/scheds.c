/*
 * Scheduling: priorities, preemption, round robin, yield, budgets.
 *
 * Nothing here asserts exact times: an emulator on a shared machine stretches them. Shares of
 * processor time are compared with wide margins.
 */
#include "suite.h"

static volatile uint64_t order[64], filled;

static void note(void *arg)
{
    order[filled++ & 63] = (uint64_t)arg;
}

static void busy_ms(uint64_t ms)
{
    uint64_t end = time_now() + ms * 1000000;
    while (time_now() < end)
        __asm__ volatile("pause");
}

static void set(handle_t t, uint64_t priority, uint64_t budget, uint64_t period)
{
    WANT(OK, sys_thread(THREAD_PRIORITY, t, 0, priority, budget, period, 0, 0));
}

static void higher_runs_at_once(void)
{
    filled = 0;
    spawn(0, HIGH_PRIORITY, note, (void *)1);
    SAME(1, filled);
    for (uint64_t i = 0; i < 30; i++) {
        spawn(0, CASE_PRIORITY + 1, note, (void *)i);
        SAME(i + 2, filled);
    }
}

static void lower_waits(void)
{
    filled = 0;
    spawn(0, CASE_PRIORITY - 1, note, (void *)1);
    busy_ms(30);
    SAME(0, filled);
    pause_ms(1);
    SAME(1, filled);
}

static void highest_first(void)
{
    filled = 0;
    for (uint64_t p = 1; p < 16; p++)
        spawn(0, (unsigned)(p * 7 % 16), note, (void *)(p * 7 % 16));
    SAME(0, filled);
    pause_ms(20);
    SAME(15, filled);
    for (unsigned i = 1; i < 15; i++)
        CHECK(order[i - 1] > order[i]);
}

static handle_t bell;

static void wait_then_note(void *arg)
{
    uint64_t bits;
    sys_wait(bell, 0, 0, &bits);
    note(arg);
}

static void signal_preempts(void)
{
    filled = 0;
    bell = new_notification();
    struct worker *high = spawn(0, HIGH_PRIORITY, wait_then_note, (void *)9);
    SAME(THREAD_WAITING, thread_info(high->thread).state);
    WANT(OK, sys_signal(bell, 1));
    SAME(1, filled);
    struct worker *low = spawn(0, LOW_PRIORITY, wait_then_note, (void *)3);
    await_state(low->thread, THREAD_WAITING);
    WANT(OK, sys_signal(bell, 1));
    busy_ms(10);
    SAME(1, filled);
    await_done(low);
}

static volatile uint64_t ticks;

static void tick(void *arg)
{
    uint64_t bits;
    for (;;)
        if (sys_wait((handle_t)(uint64_t)arg, WAIT_ARM, time_now() + 1000000, &bits) == OK)
            ticks++;
}

/* A deadline of a higher thread interrupts a loop that makes no call. */
static void deadline_preempts(void)
{
    ticks = 0;
    spawn(0, HIGH_PRIORITY, tick, (void *)(uint64_t)new_notification());
    busy_ms(60);
    CHECK(ticks >= 5);
}

static volatile uint64_t spins[4];
static volatile bool spinning;

static void spin(void *arg)
{
    while (spinning)
        spins[(uint64_t)arg]++;
}

static void clear_spins(void)
{
    for (unsigned i = 0; i < 4; i++)
        spins[i] = 0;
    spinning = true;
}

static void round_robin(void)
{
    clear_spins();
    struct worker *w[4];
    for (uint64_t i = 0; i < 4; i++)
        w[i] = spawn(0, LOW_PRIORITY, spin, (void *)i);
    pause_ms(400);
    spinning = false;
    uint64_t total = 0;
    for (unsigned i = 0; i < 4; i++)
        total += thread_info(w[i]->thread).cpu_ns;
    for (unsigned i = 0; i < 4; i++)
        CHECK(thread_info(w[i]->thread).cpu_ns > total / 10);
}

/* Turns of one thread among several, seen from the gaps in its own running. */
static void watch_turns(void *arg)
{
    struct worker *w = arg;
    uint64_t last = time_now();
    while (spinning) {
        uint64_t now = time_now();
        if (now - last > 2000000)
            w->value[0]++;
        last = now;
    }
}

static void slices(void)
{
    clear_spins();
    struct worker *w = new_worker(0, LOW_PRIORITY);
    start(w, watch_turns, w);
    spawn(0, LOW_PRIORITY, spin, (void *)1);
    uint64_t start_time = time_now();
    pause_ms(300);
    spinning = false;
    uint64_t turns = w->value[0], elapsed = (time_now() - start_time) / 1000000;
    /* 5 ms each: 30 turns in 300 ms; far fewer or far more is another slice. */
    CHECK(turns >= elapsed / 60);
    CHECK(turns <= elapsed / 3);
}

static volatile char turns[256];
static volatile unsigned turn;

static void yield_turns(void *arg)
{
    for (unsigned i = 0; i < 40; i++) {
        turns[turn++ & 255] = (char)(uint64_t)arg;
        sys_thread(THREAD_YIELD, 0, 0, 0, 0, 0, 0, 0);
    }
}

static void yields_alternate(void)
{
    turn = 0;
    struct worker *a = spawn(0, LOW_PRIORITY, yield_turns, (void *)'a');
    struct worker *b = spawn(0, LOW_PRIORITY, yield_turns, (void *)'b');
    await_done(a);
    await_done(b);
    SAME(80, turn);
    unsigned same = 0;
    for (unsigned i = 1; i < 80; i++)
        same += turns[i] == turns[i - 1];
    CHECK(same <= 8); /* a slice may end between */
}

static void yield_to_lower(void)
{
    filled = 0;
    spawn(0, LOW_PRIORITY, note, NULL);
    for (unsigned i = 0; i < 100; i++)
        WANT(OK, sys_thread(THREAD_YIELD, 0, 0, 0, 0, 0, 0, 0));
    SAME(0, filled);
}

static void raise_ready_thread(void)
{
    filled = 0;
    struct worker *w = spawn(0, LOW_PRIORITY, note, NULL);
    SAME(0, filled);
    set(w->thread, HIGH_PRIORITY, 0, 0);
    SAME(1, filled);
    struct worker *v = spawn(0, LOW_PRIORITY, note, NULL);
    SAME(1, filled);
    set(0, LOW_PRIORITY - 1, 0, 0);
    SAME(2, filled);
    set(0, CASE_PRIORITY, 0, 0);
    await_done(v);
}

static void raise_waiting_thread(void)
{
    filled = 0;
    bell = new_notification();
    struct worker *w = spawn(0, LOW_PRIORITY, wait_then_note, NULL);
    await_state(w->thread, THREAD_WAITING);
    set(w->thread, HIGH_PRIORITY, 0, 0);
    WANT(OK, sys_signal(bell, 1));
    SAME(1, filled);
}

/* A thread of the same level does not run before the running one waits. */
static void equal_waits(void)
{
    filled = 0;
    spawn(0, CASE_PRIORITY, note, (void *)1);
    SAME(0, filled);
    pause_ms(1);
    SAME(1, filled);
}

static void budget_limits(void)
{
    clear_spins();
    struct worker *limited = spawn(0, LOW_PRIORITY, spin, (void *)0);
    struct worker *other = spawn(0, LOW_PRIORITY, spin, (void *)1);
    set(limited->thread, LOW_PRIORITY, 2000000, 40000000);
    pause_ms(600);
    spinning = false;
    uint64_t a = thread_info(limited->thread).cpu_ns, b = thread_info(other->thread).cpu_ns;
    CHECK(b > 2 * a);     /* far from half and half */
    CHECK(a >= 10000000); /* more than a few periods' budget: it came back */
}

static void budget_not_needed(void)
{
    clear_spins();
    struct worker *w = spawn(0, LOW_PRIORITY, spin, (void *)0);
    set(w->thread, LOW_PRIORITY, 1000000, 50000000);
    pause_ms(300);
    spinning = false;
    /* Nobody else wants the processor: the thread runs on without budget. */
    CHECK(thread_info(w->thread).cpu_ns > 100000000);
}

/* Spent, a thread takes turns with the level below, and stands above what is lower still. */
static void budget_shares_below(void)
{
    clear_spins();
    struct worker *w = spawn(0, LOW_PRIORITY, spin, (void *)0);
    struct worker *lower = spawn(0, LOW_PRIORITY - 1, spin, (void *)1);
    struct worker *lowest = spawn(0, LOW_PRIORITY - 2, spin, (void *)2);
    set(w->thread, LOW_PRIORITY, 1000000, 50000000);
    pause_ms(400);
    spinning = false;
    uint64_t a = thread_info(w->thread).cpu_ns, b = thread_info(lower->thread).cpu_ns;
    CHECK(a > b / 2 && b > a / 2);
    CHECK(thread_info(lowest->thread).cpu_ns < b / 4);
}

static void budget_removed(void)
{
    clear_spins();
    struct worker *limited = spawn(0, LOW_PRIORITY, spin, (void *)0);
    spawn(0, LOW_PRIORITY, spin, (void *)1);
    set(limited->thread, LOW_PRIORITY, 1000000, 1000000000);
    pause_ms(100);
    uint64_t before = thread_info(limited->thread).cpu_ns;
    CHECK(before < 60000000);
    set(limited->thread, LOW_PRIORITY, 0, 0);
    pause_ms(200);
    spinning = false;
    CHECK(thread_info(limited->thread).cpu_ns > before + 40000000);
}

static void budget_thread_deleted(void)
{
    clear_spins();
    for (unsigned i = 0; i < 10; i++) {
        struct worker *w = spawn(0, LOW_PRIORITY, spin, (void *)0);
        set(w->thread, LOW_PRIORITY, 100000, 3000000);
        spawn(0, LOW_PRIORITY, spin, (void *)1);
        pause_ms(2 + i % 3);
        WANT(OK, drop(w->thread));
    }
    spinning = false;
    pause_ms(5);
}

static void time_is_accounted(void)
{
    clear_spins();
    struct worker *w = spawn(0, LOW_PRIORITY, spin, (void *)0);
    struct info_system before = system_info();
    pause_ms(100);
    struct info_system after = system_info();
    uint64_t used = thread_info(w->thread).cpu_ns;
    spinning = false;
    CHECK(used > 30000000);
    CHECK(used < 2 * (after.uptime_ns - before.uptime_ns));
    CHECK(after.idle_ns - before.idle_ns < 50000000);
    await_done(w);
    uint64_t idle = system_info().idle_ns;
    pause_ms(50);
    CHECK(system_info().idle_ns > idle + 10000000);
}

const struct test_case sched_cases[] = {{"sched_higher_runs_at_once", higher_runs_at_once, 0},
                                        {"sched_lower_waits", lower_waits, 0},
                                        {"sched_highest_first", highest_first, 0},
                                        {"sched_signal_preempts", signal_preempts, 0},
                                        {"sched_deadline_preempts", deadline_preempts, 0},
                                        {"sched_round_robin", round_robin, 0},
                                        {"sched_slices", slices, 0},
                                        {"sched_yields_alternate", yields_alternate, 0},
                                        {"sched_yield_to_lower", yield_to_lower, 0},
                                        {"sched_raise_ready", raise_ready_thread, 0},
                                        {"sched_raise_waiting", raise_waiting_thread, 0},
                                        {"sched_equal_waits", equal_waits, 0},
                                        {"sched_budget_limits", budget_limits, 0},
                                        {"sched_budget_not_needed", budget_not_needed, 0},
                                        {"sched_budget_shares_below", budget_shares_below, 0},
                                        {"sched_budget_removed", budget_removed, 0},
                                        {"sched_budget_deleted", budget_thread_deleted, 0},
                                        {"sched_time_accounted", time_is_accounted, 0},
                                        {NULL, NULL, 0}};
