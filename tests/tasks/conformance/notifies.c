/*
 * Notifications: or-ing, badge masks, polling, keeping, deadlines, several waiters.
 */
#include "suite.h"

static handle_t n;

static uint64_t take(unsigned flags)
{
    uint64_t bits = 0;
    WANT(OK, sys_wait(n, flags, 0, &bits));
    return bits;
}

static int poll(void)
{
    uint64_t bits;
    return sys_wait(n, WAIT_POLL, 0, &bits);
}

static void arm(uint64_t when)
{
    uint64_t bits;
    WANT(WOULD_BLOCK, sys_wait(n, WAIT_ARM | WAIT_POLL, when, &bits));
}

static void bits_or(void)
{
    n = new_notification();
    WANT(WOULD_BLOCK, poll());
    for (unsigned i = 0; i < 64; i += 3)
        WANT(OK, sys_signal(n, 1ULL << i));
    SAME(0x9249249249249249ULL, take(WAIT_POLL));
    WANT(WOULD_BLOCK, poll());
    WANT(OK, sys_signal(n, 0));
    WANT(WOULD_BLOCK, poll());
}

static void keep(void)
{
    n = new_notification();
    WANT(OK, sys_signal(n, 6));
    SAME(6, take(WAIT_POLL | WAIT_KEEP));
    SAME(6, take(WAIT_KEEP));
    SAME(6, take(0));
    WANT(WOULD_BLOCK, poll());
}

static void badge_masks(void)
{
    n = new_notification();
    handle_t masked = mint(n, RIGHT_SIGNAL, 0xf0);
    WANT(OK, sys_signal(masked, UINT64_MAX));
    SAME(0xf0, take(WAIT_POLL));
    WANT(OK, sys_signal(masked, 0x0f));
    WANT(WOULD_BLOCK, poll());
    WANT(OK, sys_signal(masked, 0x18));
    SAME(0x10, take(WAIT_POLL));
}

static void wait_entry(void *arg)
{
    uint64_t bits;
    this_worker()->status = sys_wait(n, (unsigned)(uint64_t)arg, 0, &bits);
    this_worker()->value[0] = bits;
}

static void signal_wakes(void)
{
    n = new_notification();
    struct worker *w = spawn(0, LOW_PRIORITY, wait_entry, NULL);
    await_state(w->thread, THREAD_WAITING);
    WANT(OK, sys_signal(n, 0));
    pause_ms(2);
    SAME(THREAD_WAITING, thread_info(w->thread).state);
    WANT(OK, sys_signal(n, 0x81));
    await_done(w);
    SAME(OK, w->status);
    SAME(0x81, w->value[0]);
    WANT(WOULD_BLOCK, poll());
}

static void several_waiters(void)
{
    struct worker *w[5];
    n = new_notification();
    for (unsigned i = 0; i < 5; i++) {
        w[i] = spawn(0, LOW_PRIORITY, wait_entry, NULL);
        await_state(w[i]->thread, THREAD_WAITING);
    }
    for (unsigned i = 0; i < 5; i++) {
        WANT(OK, sys_signal(n, 1u << i));
        unsigned ended = 0;
        pause_ms(3);
        for (unsigned k = 0; k < 5; k++)
            ended += w[k]->done != 0;
        SAME(i + 1, ended);
    }
    uint64_t all = 0;
    for (unsigned i = 0; i < 5; i++) {
        SAME(0, all & w[i]->value[0]);
        all |= w[i]->value[0];
    }
    SAME(31, all);
}

static void keeping_waiters(void)
{
    struct worker *w[3];
    n = new_notification();
    for (unsigned i = 0; i < 3; i++) {
        w[i] = spawn(0, LOW_PRIORITY, wait_entry, (void *)(uint64_t)WAIT_KEEP);
        await_state(w[i]->thread, THREAD_WAITING);
    }
    WANT(OK, sys_signal(n, 9));
    for (unsigned i = 0; i < 3; i++) {
        await_done(w[i]);
        SAME(9, w[i]->value[0]);
    }
    SAME(9, take(WAIT_POLL));
}

static void deadline_past(void)
{
    uint64_t bits;
    n = new_notification();
    static const uint64_t past[] = {0, 1, 1000};
    for (unsigned i = 0; i < 3; i++) {
        WANT(OK, sys_wait(n, WAIT_ARM, past[i], &bits));
        SAME(SIGNAL_DEADLINE, bits);
    }
    WANT(OK, sys_wait(n, WAIT_ARM | WAIT_POLL, time_now() - 1, &bits));
    SAME(SIGNAL_DEADLINE, bits);
    WANT(WOULD_BLOCK, poll());
}

static void deadline_future(void)
{
    n = new_notification();
    for (unsigned i = 0; i < 20; i++) {
        uint64_t bits, when = time_now() + 500000 + i * 100000;
        WANT(OK, sys_wait(n, WAIT_ARM, when, &bits));
        SAME(SIGNAL_DEADLINE, bits);
        CHECK(time_now() >= when);
        CHECK(time_now() < when + 2000000000);
    }
}

static void deadline_again(void)
{
    uint64_t bits, soon = time_now() + 3000000, late = soon + 20000000;
    n = new_notification();
    arm(soon);
    arm(late);
    WANT(OK, sys_wait(n, 0, 0, &bits));
    SAME(SIGNAL_DEADLINE, bits);
    CHECK(time_now() >= late);
    /* Earlier than what is armed. */
    late = time_now() + 1000000000;
    arm(late);
    WANT(OK, sys_wait(n, WAIT_ARM, time_now() + 1000000, &bits));
    CHECK(time_now() < late);
    pause_ms(2);
    WANT(WOULD_BLOCK, poll());
}

static void deadline_disarmed(void)
{
    n = new_notification();
    arm(time_now() + 4000000);
    arm(DEADLINE_NEVER);
    pause_ms(10);
    WANT(WOULD_BLOCK, poll());
    arm(DEADLINE_NEVER);
    /* A signal does not disarm. */
    arm(time_now() + 4000000);
    WANT(OK, sys_signal(n, 1));
    SAME(1, take(0));
    SAME(SIGNAL_DEADLINE, take(0));
}

static void deadline_far(void)
{
    static const uint64_t far[] = {UINT64_MAX - 1, 1ULL << 63, (1ULL << 63) - 1,
                                   1ULL << 62,     1ULL << 56, 1ULL << 48};
    n = new_notification();
    for (unsigned i = 0; i < sizeof far / sizeof far[0]; i++) {
        arm(far[i]);
        pause_ms(1);
        WANT(WOULD_BLOCK, poll());
    }
}

static void deadline_with_bits(void)
{
    n = new_notification();
    arm(time_now() + 1000000);
    WANT(OK, sys_signal(n, 3));
    pause_ms(5);
    SAME(SIGNAL_DEADLINE | 3, take(WAIT_POLL));
}

static void deadlines_in_order(void)
{
    handle_t many[64];
    uint64_t when[64], bits, seed = 12345, start = time_now() + 5000000;
    for (unsigned i = 0; i < 64; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        when[i] = start + (seed >> 33) % 40000000;
        many[i] = new_notification();
        WANT(WOULD_BLOCK, sys_wait(many[i], WAIT_ARM | WAIT_POLL, when[i], &bits));
    }
    for (unsigned i = 0; i < 64; i += 5)
        WANT(WOULD_BLOCK, sys_wait(many[i], WAIT_ARM | WAIT_POLL, DEADLINE_NEVER, &bits));
    while (time_now() < start + 45000000) {
        pause_ms(1);
        for (unsigned i = 0; i < 64; i++) {
            uint64_t before = time_now();
            int status = sys_wait(many[i], WAIT_POLL | WAIT_KEEP, 0, &bits);
            if (i % 5 == 0 || time_now() < when[i])
                WANT(WOULD_BLOCK, status);
            else if (before > when[i] + 20000000)
                WANT(OK, status);
        }
    }
}

static void signal_storm(void)
{
    n = new_notification();
    struct worker *w = spawn(0, HIGH_PRIORITY, wait_entry, NULL);
    await_state(w->thread, THREAD_WAITING);
    WANT(OK, sys_signal(n, 1));
    CHECK(w->done);
    for (unsigned i = 0; i < 50000; i++)
        WANT(OK, sys_signal(n, 1ULL << (i & 31)));
    SAME(0xffffffffULL, take(WAIT_POLL));
}

static void from_other_task(void *arg)
{
    (void)arg;
    this_worker()->status = sys_signal(n, 0xff);
}

static void across_tasks(void)
{
    n = new_notification();
    handle_t task = new_task();
    WANT(OK, sys_cap(CAP_MINT, 0, n, task, n, RIGHT_SIGNAL, 0x3c));
    struct worker *w = spawn(task, LOW_PRIORITY, from_other_task, NULL);
    SAME(0x3c, take(0));
    await_done(w);
    SAME(OK, w->status);
    struct worker *waiter = spawn(task, LOW_PRIORITY, wait_entry, NULL);
    await_done(waiter);
    SAME(BAD_RIGHT, waiter->status);
}

static void bind_moves(void)
{
    n = new_notification();
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, sys_thread(THREAD_BIND, w->thread, n, 0, 0, 0, 0, 0));
    int status = sys_thread(THREAD_BIND, 0, n, 0, 0, 0, 0, 0);
    CHECK(status == OK || status == BUSY);
    WANT(OK, sys_thread(THREAD_BIND, w->thread, 0, 0, 0, 0, 0, 0));
    WANT(OK, drop(w->thread));
    WANT(OK, sys_thread(THREAD_BIND, 0, n, 0, 0, 0, 0, 0));
    WANT(OK, sys_signal(n, 2));
    SAME(2, take(WAIT_POLL));
    WANT(OK, sys_thread(THREAD_BIND, 0, 0, 0, 0, 0, 0, 0));
}

static void bound_thread_deleted(void)
{
    n = new_notification();
    struct worker *w = spawn(0, LOW_PRIORITY, spin_for_ever, NULL);
    WANT(OK, sys_thread(THREAD_BIND, w->thread, n, 1, 0, 0, 0, 0));
    WANT(OK, drop(w->thread));
    WANT(OK, sys_signal(n, 2));
    SAME(2, take(WAIT_POLL));
}

const struct test_case notify_cases[] = {{"notify_bits_or", bits_or, 0},
                                         {"notify_keep", keep, 0},
                                         {"notify_badge_masks", badge_masks, 0},
                                         {"notify_signal_wakes", signal_wakes, 0},
                                         {"notify_several_waiters", several_waiters, 0},
                                         {"notify_keeping_waiters", keeping_waiters, 0},
                                         {"notify_deadline_past", deadline_past, 0},
                                         {"notify_deadline_future", deadline_future, 0},
                                         {"notify_deadline_again", deadline_again, 0},
                                         {"notify_deadline_disarmed", deadline_disarmed, 0},
                                         {"notify_deadline_far", deadline_far, 0},
                                         {"notify_deadline_with_bits", deadline_with_bits, 0},
                                         {"notify_deadlines_in_order", deadlines_in_order, 0},
                                         {"notify_signal_storm", signal_storm, 0},
                                         {"notify_across_tasks", across_tasks, 0},
                                         {"notify_bind_moves", bind_moves, 0},
                                         {"notify_bound_thread_deleted", bound_thread_deleted, 0},
                                         {NULL, NULL, 0}};
