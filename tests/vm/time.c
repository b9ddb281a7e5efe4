/*
 * Time, notifications and deadlines.
 */
#include "suite.h"

static vm_handle n;

static const char *now_monotonic(void)
{
    uint64_t last = vm_now(), begin = last;
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t now = vm_now();
        CHECK(now >= last);
        last = now;
    }
    vm_pause(20000000);
    CHECK(vm_now() - begin >= 20000000);
    CHECK(vm_now() - begin < 60000000000ULL);
    return NULL;
}

static const char *create_delete(void)
{
    vm_handle many[100];
    uint64_t bits;
    for (unsigned i = 0; i < 100; i++) {
        CHECK(vm_notification_create(&many[i]) == OK);
        for (unsigned k = 0; k < i; k++)
            CHECK(many[k] != many[i]);
    }
    for (unsigned i = 0; i < 100; i++)
        CHECK(vm_notification_delete(many[i]) == OK);
    CHECK(vm_signal(many[99], 1) != OK);
    CHECK(vm_poll(many[99], &bits) != OK);
    CHECK(vm_notification_delete(many[99]) != OK);
    CHECK(vm_signal(0, 1) != OK);
    for (unsigned i = 0; i < 5000; i++) {
        CHECK(vm_notification_create(&n) == OK);
        CHECK(vm_notification_delete(n) == OK);
    }
    return NULL;
}

static const char *bits_or(void)
{
    uint64_t bits;
    CHECK(vm_notification_create(&n) == OK);
    CHECK(vm_poll(n, &bits) == WOULD_BLOCK);
    CHECK(vm_signal(n, 5) == OK);
    CHECK(vm_signal(n, 0x70) == OK);
    CHECK(vm_poll(n, &bits) == OK && bits == 0x75);
    CHECK(vm_poll(n, &bits) == WOULD_BLOCK);
    CHECK(vm_signal(n, ~0ULL) == OK);
    CHECK(vm_wait(n, &bits) == OK && bits == ~0ULL);
    CHECK(vm_signal(n, 0) == OK);
    CHECK(vm_poll(n, &bits) == WOULD_BLOCK);
    CHECK(vm_notification_delete(n) == OK);
    return NULL;
}

static volatile uint64_t got, rounds;

static void wait_once(void *arg)
{
    uint64_t bits;
    (void)arg;
    got = vm_wait(n, &bits) == OK ? bits : 0xbad;
}

static const char *signal_wakes(void)
{
    CHECK(vm_notification_create(&n) == OK);
    got = 0;
    struct vm_worker *w = vm_spawn(wait_once, NULL);
    CHECK(w != NULL);
    vm_pause(3000000);
    CHECK(!w->done);
    CHECK(vm_signal(n, 0x24) == OK);
    CHECK(vm_join(w));
    CHECK(got == 0x24);
    CHECK(vm_notification_delete(n) == OK);
    return NULL;
}

static vm_handle there, back;

static void answer(void *arg)
{
    uint64_t bits;
    for (uint64_t i = 0; i < (uint64_t)arg; i++) {
        if (vm_wait(there, &bits) != OK)
            return;
        rounds++;
        vm_signal(back, bits + 1);
    }
}

static const char *ping_pong(void)
{
    uint64_t bits;
    CHECK(vm_notification_create(&there) == OK && vm_notification_create(&back) == OK);
    rounds = 0;
    struct vm_worker *w = vm_spawn(answer, (void *)5000);
    CHECK(w != NULL);
    for (uint64_t i = 1; i <= 5000; i++) {
        CHECK(vm_signal(there, i) == OK);
        CHECK(vm_wait(back, &bits) == OK && bits == i + 1);
    }
    CHECK(vm_join(w));
    CHECK(rounds == 5000);
    CHECK(vm_notification_delete(there) == OK && vm_notification_delete(back) == OK);
    return NULL;
}

static const char *deadline(void)
{
    uint64_t bits;
    CHECK(vm_notification_create(&n) == OK);
    CHECK(vm_deadline(n, 0) == OK);
    CHECK(vm_poll(n, &bits) == OK && bits == SIGNAL_DEADLINE);
    CHECK(vm_deadline(n, vm_now() - 1) == OK);
    CHECK(vm_wait(n, &bits) == OK && bits == SIGNAL_DEADLINE);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t when = vm_now() + 300000 + i * 50000;
        CHECK(vm_deadline(n, when) == OK);
        CHECK(vm_wait(n, &bits) == OK && bits == SIGNAL_DEADLINE);
        CHECK(vm_now() >= when);
    }
    /* The bits that are there are not taken by arming. */
    CHECK(vm_signal(n, 6) == OK);
    CHECK(vm_deadline(n, vm_now() + 1000000) == OK);
    CHECK(vm_poll(n, &bits) == OK && bits == 6);
    CHECK(vm_wait(n, &bits) == OK && bits == SIGNAL_DEADLINE);
    CHECK(vm_notification_delete(n) == OK);
    return NULL;
}

static const char *deadline_again(void)
{
    uint64_t bits, late = vm_now() + 30000000;
    CHECK(vm_notification_create(&n) == OK);
    CHECK(vm_deadline(n, vm_now() + 3000000) == OK);
    CHECK(vm_deadline(n, late) == OK);
    CHECK(vm_wait(n, &bits) == OK && bits == SIGNAL_DEADLINE && vm_now() >= late);
    CHECK(vm_deadline(n, vm_now() + 3000000) == OK);
    CHECK(vm_deadline(n, DEADLINE_NEVER) == OK);
    vm_pause(8000000);
    CHECK(vm_poll(n, &bits) == WOULD_BLOCK);
    CHECK(vm_deadline(n, vm_now() + 3600000000000ULL) == OK);
    CHECK(vm_deadline(n, UINT64_MAX - 1) == OK);
    vm_pause(2000000);
    CHECK(vm_poll(n, &bits) == WOULD_BLOCK);
    CHECK(vm_notification_delete(n) == OK); /* armed */
    vm_pause(2000000);
    return NULL;
}

static const char *deadlines_many(void)
{
    vm_handle many[32];
    uint64_t when[32], bits, begin = vm_now() + 3000000;
    for (unsigned i = 0; i < 32; i++) {
        when[i] = begin + i * 11 % 32 * 500000;
        CHECK(vm_notification_create(&many[i]) == OK);
        CHECK(vm_deadline(many[i], when[i]) == OK);
    }
    for (unsigned i = 0; i < 32; i++) {
        CHECK(vm_wait(many[i], &bits) == OK && bits == SIGNAL_DEADLINE);
        CHECK(vm_now() >= when[i]);
        CHECK(vm_notification_delete(many[i]) == OK);
    }
    return NULL;
}

const struct vm_test time_tests[] = {{"vm_now", now_monotonic},
                                     {"vm_notification_create_delete", create_delete},
                                     {"vm_notification_bits", bits_or},
                                     {"vm_notification_wakes", signal_wakes},
                                     {"vm_notification_ping_pong", ping_pong},
                                     {"vm_deadline", deadline},
                                     {"vm_deadline_again", deadline_again},
                                     {"vm_deadlines_many", deadlines_many},
                                     {NULL, NULL}};
