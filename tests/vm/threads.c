/*
 * Threads.
 */
#include "suite.h"

static volatile uint64_t seen[12];
static volatile bool stop;

static void note_self(void *arg)
{
    seen[(uint64_t)arg] = vm_thread_self() + 1;
}

static const char *create(void)
{
    struct vm_worker *w[8];
    memset((void *)seen, 0, sizeof seen);
    for (uint64_t i = 0; i < 8; i++) {
        w[i] = vm_spawn(note_self, (void *)i);
        CHECK(w[i] != NULL);
    }
    for (unsigned i = 0; i < 8; i++) {
        CHECK(vm_until(&seen[i], 1));
        CHECK(seen[i] == w[i]->thread + 1);
        CHECK(w[i]->thread != vm_thread_self());
    }
    for (unsigned i = 0; i < 8; i++)
        CHECK(vm_join(w[i]));
    return NULL;
}

static const char *create_many_times(void)
{
    for (unsigned i = 0; i < 300; i++) {
        seen[0] = 0;
        struct vm_worker *w = vm_spawn(note_self, (void *)0);
        CHECK(w != NULL);
        if (i & 1) { /* deleted whatever it is doing */
            CHECK(vm_end(w));
        } else {
            CHECK(vm_until(&seen[0], 1));
            CHECK(vm_join(w));
        }
    }
    return NULL;
}

static void spin(void *arg)
{
    while (!stop)
        seen[(uint64_t)arg]++;
}

static const char *preempted(void)
{
    struct vm_worker *w[3];
    memset((void *)seen, 0, sizeof seen);
    stop = false;
    for (uint64_t i = 0; i < 3; i++) {
        w[i] = vm_spawn(spin, (void *)i);
        CHECK(w[i] != NULL);
    }
    vm_pause(100000000);
    stop = true;
    for (unsigned i = 0; i < 3; i++) {
        CHECK(vm_join(w[i]));
        CHECK(seen[i] > 0);
    }
    return NULL;
}

static const char *delete_running(void)
{
    stop = false;
    for (unsigned i = 0; i < 10; i++) {
        struct vm_worker *w = vm_spawn(spin, (void *)0);
        CHECK(w != NULL);
        vm_pause(1000000);
        CHECK(vm_end(w));
    }
    uint64_t last = seen[0];
    vm_pause(3000000);
    CHECK(seen[0] == last);
    return NULL;
}

static void block_for_ever(void *arg)
{
    uint64_t bits;
    seen[0] = 1;
    vm_wait((vm_handle)(uint64_t)arg, &bits);
    seen[0] = 2;
}

static const char *delete_waiting(void)
{
    vm_handle n;
    uint64_t bits;
    CHECK(vm_notification_create(&n) == OK);
    for (unsigned i = 0; i < 10; i++) {
        seen[0] = 0;
        struct vm_worker *w = vm_spawn(block_for_ever, (void *)(uint64_t)n);
        CHECK(w != NULL);
        CHECK(vm_until(&seen[0], 1));
        vm_pause(1000000);
        CHECK(vm_end(w));
    }
    CHECK(vm_signal(n, 9) == OK);
    vm_pause(1000000);
    CHECK(seen[0] == 1);
    CHECK(vm_poll(n, &bits) == OK && bits == 9); /* nobody was left to take it */
    CHECK(vm_notification_delete(n) == OK);
    return NULL;
}

static const char *delete_bad(void)
{
    CHECK(vm_thread_delete(0) != OK);
    CHECK(vm_thread_delete(30000) != OK);
    struct vm_worker *w = vm_spawn(note_self, (void *)0);
    CHECK(w != NULL);
    vm_handle t = w->thread;
    CHECK(vm_join(w));
    CHECK(vm_thread_delete(t) != OK);
    return NULL;
}

static volatile unsigned order, wrong_order;

static void take_turns(void *arg)
{
    for (unsigned i = 0; i < 50; i++) {
        if (order % 2 == (uint64_t)arg)
            order++;
        else
            wrong_order++;
        vm_yield();
    }
}

static const char *yield(void)
{
    order = wrong_order = 0;
    struct vm_worker *a = vm_spawn(take_turns, (void *)0), *b = vm_spawn(take_turns, (void *)1);
    CHECK(a != NULL && b != NULL);
    for (unsigned i = 0; i < 50; i++)
        vm_yield();
    CHECK(vm_join(a) && vm_join(b));
    CHECK(order > 2); /* both came on at times */
    return NULL;
}

/* Vector registers belong to the thread. */
static void keep_floats(void *arg)
{
    volatile double sum = 0;
    double x = 1.0 + (double)(uint64_t)arg;
    for (unsigned i = 0; i < 20000; i++) {
        sum = sum + x;
        if (i % 64 == 0)
            vm_yield();
    }
    seen[(uint64_t)arg] = sum == 20000.0 * x;
}

static const char *floats(void)
{
    struct vm_worker *w[4];
    memset((void *)seen, 0, sizeof seen);
    for (uint64_t i = 0; i < 4; i++) {
        w[i] = vm_spawn(keep_floats, (void *)i);
        CHECK(w[i] != NULL);
    }
    for (unsigned i = 0; i < 4; i++) {
        CHECK(vm_join(w[i]));
        CHECK(seen[i] == 1);
    }
    return NULL;
}

const struct vm_test thread_tests[] = {{"vm_thread_create", create},
                                       {"vm_thread_create_many_times", create_many_times},
                                       {"vm_thread_preempted", preempted},
                                       {"vm_thread_delete_running", delete_running},
                                       {"vm_thread_delete_waiting", delete_waiting},
                                       {"vm_thread_delete_bad", delete_bad},
                                       {"vm_yield", yield},
                                       {"vm_thread_floats", floats},
                                       {NULL, NULL}};
