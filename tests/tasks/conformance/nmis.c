/*
 * Non-maskable interrupts at any instruction. User code cannot raise one, so the runner injects them
 * (QEMU: monitor command "nmi") while this case computes: three seconds of system calls, upcall-free
 * faults, odd GS bases and stack pointers, with checksums that must come out right. Without a runner
 * that injects, it is a stress test of switching.
 */
#include "suite.h"

#define STORM_NS 3000000000ULL

static volatile bool storm;

/* GS bases that look like the kernel's, user bases, and calls in between. */
static void mixed_work(void *arg)
{
    struct worker *w = this_worker();
    static const uint64_t bases[] = {0, 0xffff800000000000ULL, 0xffffffff80000000ULL, UINT64_MAX,
                                     0x1000};
    uint64_t sum = 0, expected = 0, i = 0, base = bases[(uint64_t)arg % 5];
    __asm__ volatile("wrgsbase %0" : : "r"(base));
    while (storm) {
        uint64_t now, r = sys_simple(call_word(i & 1 ? 99 : CALL_THREAD, THREAD_YIELD, 0, 0), 0, 0,
                                     0, 0, 0) == (i & 1 ? BAD_CALL : OK);
        __asm__ volatile("rdgsbase %0" : "=r"(now));
        if (!r || now != base)
            w->value[1]++;
        sum += i * 0x9e3779b97f4a7c15ULL;
        expected = i * (i + 1) / 2 * 0x9e3779b97f4a7c15ULL;
        if (sum != expected)
            w->value[1] += 0x10000;
        i++;
    }
    w->value[0] = i;
}

static void storm_of_nmi(void)
{
    struct worker *w[6];
    handle_t task = new_task();
    storm = true;
    printf("nmi: begin\n");
    for (uint64_t i = 0; i < 6; i++)
        w[i] = spawn(i & 1 ? task : 0, LOW_PRIORITY, mixed_work, (void *)i);
    uint64_t end = time_now() + STORM_NS;
    while (time_now() < end)
        pause_ms(20);
    storm = false;
    for (unsigned i = 0; i < 6; i++) {
        await_done(w[i]);
        SAME(0, w[i]->value[1]);
        CHECK(w[i]->value[0] > 0);
    }
    printf("nmi: end\n");
}

const struct test_case nmi_cases[] = {{"nmi", storm_of_nmi, 0}, {NULL, NULL, 0}};
