/*
 * A mutual exclusion lock. word: 0 free, 1 taken, 2 taken and somebody may be waiting. Taking a free
 * lock and dropping one nobody waits for stays out of the kernel.
 *
 * Why nobody sleeps for ever: a waiter sets word to 2 before it waits, so whoever drops the lock
 * after that sees 2 and signals; the signal is remembered by the notification even if the waiter has
 * not reached sys_wait yet. A woken waiter takes the lock as 2, because others may still wait.
 * The notification is made at the first contention and kept; two threads that make it at once agree
 * by compare-and-swap, before either sets word to 2.
 *
 * When no notification can be had (no slot, no quota), or waiting is refused (inside an upcall), the
 * thread goes to sleep for a moment, or to the end of its queue, and tries again.
 */
#include "internal.h"

#include <tetrapla/sys.h>
#include <tetrapla/task.h>

static handle_t notification_of(struct lock *l)
{
    handle_t n = __atomic_load_n(&l->notification, __ATOMIC_ACQUIRE);
    if (n != HANDLE_NONE)
        return n;
    handle_t mine = slot_alloc();
    if (mine == HANDLE_NONE)
        return HANDLE_NONE;
    if (sys_create(OBJ_NOTIFICATION, LIBRARY_QUOTA, 0, mine, 0, 0, 0, 0) != OK) {
        slot_free(mine);
        return HANDLE_NONE;
    }
    if (__atomic_compare_exchange_n(&l->notification, &n, mine, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return mine;
    sys_cap(CAP_DELETE, 0, mine, 0, 0, 0, 0);
    slot_free(mine);
    return n;
}

void lock_take(struct lock *l)
{
    uint32_t unlocked = 0;
    if (__atomic_compare_exchange_n(&l->word, &unlocked, 1, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
        return;
    handle_t n = notification_of(l);
    while (__atomic_exchange_n(&l->word, 2, __ATOMIC_ACQUIRE) != 0) {
        uint64_t bits;
        if (n == HANDLE_NONE || sys_wait(n, 0, 0, &bits) != OK)
            sleep_ns(100000);
    }
}

void lock_drop(struct lock *l)
{
    if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2) {
        handle_t n = __atomic_load_n(&l->notification, __ATOMIC_ACQUIRE);
        if (n != HANDLE_NONE)
            sys_signal(n, 1);
    }
}
