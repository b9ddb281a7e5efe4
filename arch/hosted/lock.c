/*
 * Locks on a futex: one compare-and-swap when nobody competes. The lock word's states and the
 * counting of locks held, on which the ending of threads rests, are in hosted.h.
 */
#include "hosted.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

struct hosted_lock hosted_objects, hosted_maps;

static void futex(uint32_t *word, int operation, uint32_t value, const struct timespec *until)
{
    syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, until, NULL,
            FUTEX_BITSET_MATCH_ANY);
}

void hosted_sleep(uint32_t *word, uint32_t seen, uint64_t when)
{
    struct timespec until = {.tv_sec = (time_t)(when / 1000000000),
                             .tv_nsec = (long)(when % 1000000000)};
    futex(word, FUTEX_WAIT_BITSET, seen, when == DEADLINE_NEVER ? NULL : &until);
}

void hosted_wake(uint32_t *word, int threads)
{
    futex(word, FUTEX_WAKE_BITSET, (uint32_t)threads, NULL);
}

void hosted_take(struct hosted_lock *l)
{
    struct hosted_thread *t = hosted_self_known();
    if (t != NULL) {
        t->holds++;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
    uint32_t was = 0;
    if (__atomic_compare_exchange_n(&l->state, &was, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&l->state, 2, __ATOMIC_ACQUIRE) != 0)
        hosted_sleep(&l->state, 2, DEADLINE_NEVER);
}

void hosted_drop(struct hosted_lock *l)
{
    struct hosted_thread *t = hosted_self_known();
    if (__atomic_exchange_n(&l->state, 0, __ATOMIC_RELEASE) == 2)
        hosted_wake(&l->state, 1);
    if (t == NULL)
        return;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (--t->holds == 0 && __atomic_load_n(&t->dying, __ATOMIC_RELAXED))
        hosted_finish(t);
}
