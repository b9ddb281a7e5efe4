/*
 * Notifications: a word of bits, its waiters, one deadline.
 *
 * A deadline needs nobody to run for it: a waiter sleeps until it at most; vm_poll looks at the
 * time itself; only a thread that is bound with poke has a timer of the host's, which signals that
 * very thread (no second thread wakes up). A timer that comes too early or too late for the
 * deadline as it is now changes nothing: whoever finds the deadline passed takes it by
 * compare-and-swap, so its bit is set once.
 *
 * As on the kernel, a signal goes to the first waiter whole; else it stays in the word and pokes
 * the bound thread.
 */
#include "hosted.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct hosted_notification *unused; /* never freed: a late timer may still look at one */

uint64_t vm_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int vm_notification_create(vm_handle *out)
{
    hosted_self();
    hosted_take(&hosted_objects);
    struct hosted_notification *n = unused;
    if (n != NULL)
        unused = n->next_free;
    else
        n = malloc(sizeof *n);
    int status = QUOTA;
    if (n != NULL) {
        __atomic_store_n(&n->deadline, DEADLINE_NEVER, __ATOMIC_RELAXED);
        __atomic_store_n(&n->bits, 0, __ATOMIC_RELAXED);
        n->waiters = n->bound = NULL;
        n->bound_pokes = false;
        status = hosted_publish(&n->object, HOSTED_NOTIFICATION);
        if (status == OK) {
            *out = n->object.handle;
        } else {
            n->next_free = unused;
            unused = n;
        }
    }
    hosted_drop(&hosted_objects);
    return status;
}

/* ---- waiters; under hosted_objects ---- */

void hosted_stop_waiting(struct hosted_thread *t)
{
    if (t->waits_for == NULL)
        return;
    struct hosted_thread **at = &t->waits_for->waiters;
    while (*at != t)
        at = &(*at)->next_waiter;
    *at = t->next_waiter;
    t->waits_for = NULL;
}

static void end_wait(struct hosted_thread *t, int status, uint64_t bits)
{
    hosted_stop_waiting(t);
    t->wait_status = status;
    t->wait_bits = bits;
    __atomic_add_fetch(&t->wake, 1, __ATOMIC_SEQ_CST);
    hosted_wake(&t->wake, 1);
}

void hosted_poke(struct hosted_thread *t)
{
    if (t->waits_for != NULL) {
        end_wait(t, POKED, 0);
        return;
    }
    /* If it was pending already, its signal is under way, or came outside the guest range. */
    if (__atomic_exchange_n(&t->page->pending, 1, __ATOMIC_SEQ_CST) != 0 ||
        t == hosted_self_known() || t->tid == 0)
        return;
    syscall(SYS_tgkill, getpid(), t->tid, HOSTED_SIGNAL_POKE);
}

static void deliver(struct hosted_notification *n, uint64_t bits)
{
    bits |= __atomic_fetch_or(&n->bits, bits, __ATOMIC_SEQ_CST);
    if (bits == 0)
        return;
    if (n->waiters != NULL)
        end_wait(n->waiters, OK, __atomic_exchange_n(&n->bits, 0, __ATOMIC_SEQ_CST));
    else if (n->bound_pokes)
        hosted_poke(n->bound);
}

bool hosted_expire(struct hosted_notification *n)
{
    uint64_t when = __atomic_load_n(&n->deadline, __ATOMIC_ACQUIRE);
    if (when == DEADLINE_NEVER || when > vm_now() ||
        !__atomic_compare_exchange_n(&n->deadline, &when, DEADLINE_NEVER, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED))
        return false;
    __atomic_fetch_or(&n->bits, SIGNAL_DEADLINE, __ATOMIC_SEQ_CST);
    return true;
}

/* ---- binding; under hosted_objects ---- */

void hosted_unbind(struct hosted_thread *t)
{
    struct hosted_notification *n = t->bound;
    if (n == NULL)
        return;
    if (n->bound_pokes)
        timer_delete(n->timer);
    __atomic_store_n(&t->bound, NULL, __ATOMIC_RELEASE);
    n->bound = NULL;
    n->bound_pokes = false;
}

static void set_timer(struct hosted_notification *n, uint64_t when)
{
    if (when == DEADLINE_NEVER || when == n->timer_at)
        return; /* one that comes in vain costs less than stopping it */
    n->timer_at = when;
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(when / 1000000000), .tv_nsec = (long)(when % 1000000000)}};
    timer_settime(n->timer, TIMER_ABSTIME, &at, NULL);
}

static int bind_to(struct hosted_thread *t, struct hosted_notification *n, bool pokes)
{
    hosted_unbind(t);
    if (n == NULL)
        return OK;
    if (n->bound != NULL)
        hosted_unbind(n->bound);
    if (pokes) {
        struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                                 .sigev_signo = HOSTED_SIGNAL_POKE};
        event._sigev_un._tid = t->tid;
        if (timer_create(CLOCK_MONOTONIC, &event, &n->timer) != 0)
            return LIMIT;
        n->timer_at = DEADLINE_NEVER;
        set_timer(n, __atomic_load_n(&n->deadline, __ATOMIC_RELAXED));
    }
    n->bound = t;
    n->bound_pokes = pokes;
    __atomic_store_n(&t->bound, n, __ATOMIC_RELEASE);
    return OK;
}

int vm_bind(vm_handle handle, int poke)
{
    struct hosted_thread *t = hosted_self();
    int status = QUOTA;
    if (t == NULL)
        return status;
    hosted_take(&hosted_objects);
    struct hosted_notification *n = NULL;
    status = OK;
    if (handle != 0)
        n = hosted_object(handle, HOSTED_NOTIFICATION, &status);
    if (status == OK)
        status = bind_to(t, n, poke != 0);
    hosted_drop(&hosted_objects);
    return status;
}

/* ---- the calls ---- */

int vm_notification_delete(vm_handle handle)
{
    int status;
    hosted_take(&hosted_objects);
    struct hosted_notification *n = hosted_object(handle, HOSTED_NOTIFICATION, &status);
    if (n != NULL) {
        hosted_withdraw(&n->object);
        __atomic_store_n(&n->deadline, DEADLINE_NEVER, __ATOMIC_RELAXED);
        while (n->waiters != NULL)
            end_wait(n->waiters, PEER_DIED, 0);
        if (n->bound != NULL)
            hosted_unbind(n->bound);
        n->next_free = unused;
        unused = n;
    }
    hosted_drop(&hosted_objects);
    return status;
}

int vm_signal(vm_handle handle, uint64_t bits)
{
    int status;
    hosted_take(&hosted_objects);
    struct hosted_notification *n = hosted_object(handle, HOSTED_NOTIFICATION, &status);
    if (n != NULL)
        deliver(n, bits);
    hosted_drop(&hosted_objects);
    return status;
}

int vm_deadline(vm_handle handle, uint64_t when)
{
    int status;
    hosted_take(&hosted_objects);
    struct hosted_notification *n = hosted_object(handle, HOSTED_NOTIFICATION, &status);
    if (n != NULL) {
        __atomic_store_n(&n->deadline, when, __ATOMIC_SEQ_CST);
        if (hosted_expire(n)) {
            deliver(n, 0);
        } else {
            if (n->bound_pokes)
                set_timer(n, when);
            if (n->waiters != NULL) { /* it sleeps until the old deadline: let it look again */
                __atomic_add_fetch(&n->waiters->wake, 1, __ATOMIC_SEQ_CST);
                hosted_wake(&n->waiters->wake, 1);
            }
        }
    }
    hosted_drop(&hosted_objects);
    return status;
}

int vm_poll(vm_handle handle, uint64_t *bits)
{
    int status;
    struct hosted_notification *n = hosted_object(handle, HOSTED_NOTIFICATION, &status);
    if (n == NULL)
        return status;
    hosted_expire(n);
    if (__atomic_load_n(&n->bits, __ATOMIC_ACQUIRE) == 0)
        return WOULD_BLOCK;
    *bits = __atomic_exchange_n(&n->bits, 0, __ATOMIC_SEQ_CST);
    return *bits != 0 ? OK : WOULD_BLOCK;
}

/* What a wait finds before it sleeps; WOULD_BLOCK: nothing. Under hosted_objects. */
static int before_sleep(struct hosted_thread *t, vm_handle handle, uint64_t *bits)
{
    int status = vm_poll(handle, bits);
    if (status != WOULD_BLOCK || t->page->active)
        return status;
    return __atomic_exchange_n(&t->page->pending, 0, __ATOMIC_SEQ_CST) != 0 ? POKED : WOULD_BLOCK;
}

static void append(struct hosted_notification *n, struct hosted_thread *t)
{
    struct hosted_thread **at = &n->waiters;
    while (*at != NULL)
        at = &(*at)->next_waiter;
    *at = t;
    t->next_waiter = NULL;
    t->waits_for = n;
}

int vm_wait(vm_handle handle, uint64_t *bits)
{
    struct hosted_thread *t = hosted_self();
    if (t == NULL)
        return QUOTA;
    hosted_take(&hosted_objects);
    for (;;) {
        int status = before_sleep(t, handle, bits);
        if (status != WOULD_BLOCK || t->page->active || t->dying) {
            hosted_drop(&hosted_objects);
            return status;
        }
        struct hosted_notification *n = hosted_object(handle, HOSTED_NOTIFICATION, &status);
        uint32_t seen = __atomic_load_n(&t->wake, __ATOMIC_SEQ_CST);
        uint64_t when = __atomic_load_n(&n->deadline, __ATOMIC_SEQ_CST);
        append(n, t);
        /* A timer's signal between the look above and here counts `wake` up before or after it was
         * read; before: `pending` or the deadline tells. */
        if (__atomic_load_n(&t->page->pending, __ATOMIC_SEQ_CST) == 0) {
            hosted_drop(&hosted_objects);
            hosted_sleep(&t->wake, seen, when);
            hosted_take(&hosted_objects);
        }
        if (t->waits_for == NULL) { /* ended by somebody who said how */
            status = t->wait_status;
            *bits = t->wait_bits;
            hosted_drop(&hosted_objects);
            return status;
        }
        hosted_stop_waiting(t);
    }
}

int vm_poke(vm_handle handle)
{
    int status;
    hosted_take(&hosted_objects);
    struct hosted_thread *t = hosted_object(handle, HOSTED_THREAD, &status);
    if (t != NULL)
        hosted_poke(t);
    hosted_drop(&hosted_objects);
    return status;
}
