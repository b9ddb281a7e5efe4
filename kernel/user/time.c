/*
 * Time without a kernel call, and sleeping. The time page (abi.h: struct info_page) never changes
 * after boot, so reading it needs no retry.
 *
 * Each thread sleeps on a notification of its own, made at its first sleep and kept in its thread
 * block; so an armed deadline of one thread never disturbs another.
 */
#include "internal.h"

#include <tetrapla/cpu.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

uint64_t time_now(void)
{
    const volatile struct info_page *t = (const volatile struct info_page *)INFO_PAGE_VA;
    return (uint64_t)((unsigned __int128)(cpu_ticks() - t->tick_base) * t->mult >> t->shift);
}

static handle_t sleep_notification(void)
{
    struct thread_block *self = thread_self();
    if (self->sleep == HANDLE_NONE) {
        handle_t slot = slot_alloc();
        if (slot == HANDLE_NONE)
            return HANDLE_NONE;
        if (sys_create(OBJ_NOTIFICATION, LIBRARY_QUOTA, 0, slot, 0, 0, 0, 0) != OK) {
            slot_free(slot);
            return HANDLE_NONE;
        }
        self->sleep = slot;
    }
    return self->sleep;
}

void sleep_ns(uint64_t ns)
{
    uint64_t now = time_now(), until = ns < DEADLINE_NEVER - now ? now + ns : DEADLINE_NEVER;
    handle_t n = sleep_notification();
    while (time_now() < until) {
        uint64_t bits;
        /* No notification, a poke, or an upcall: give way to others of this level instead. */
        if (n == HANDLE_NONE || sys_wait(n, WAIT_ARM, until, &bits) != OK)
            sys_thread(THREAD_YIELD, 0, 0, 0, 0, 0, 0, 0);
    }
}
