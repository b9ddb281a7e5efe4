/*
 * Inside the hosted port: objects behind handles, locks, threads.
 *
 * Two locks: `hosted_objects` for handles, notifications and threads; `hosted_maps` for regions and
 * mappings, taken first where both are needed. A thread inside its guest range holds none, so an upcall
 * may take either. A thread that holds one is not ended by vm_thread_delete before it lets go.
 *
 * Nothing here takes a lock in a signal handler that interrupts code outside the guest range: such
 * a handler only changes words atomically (`pending`, `wake`, notification bits).
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tetrapla/vm.h>
#include <time.h>

/* ---- locks (lock.c) ---- */
struct hosted_lock {
    uint32_t state; /* 0 free, 1 held, 2 held and somebody sleeps */
};
extern struct hosted_lock hosted_objects, hosted_maps;
void hosted_take(struct hosted_lock *l);
/* Ends the calling thread if it was deleted meanwhile. */
void hosted_drop(struct hosted_lock *l);
/* Sleep while *word is seen; until `when` (as vm_now) at most. Returns on any wake or signal. */
void hosted_sleep(uint32_t *word, uint32_t seen, uint64_t when);
void hosted_wake(uint32_t *word, int threads);

/* ---- handles (objects.c); under hosted_objects ---- */
enum hosted_kind { HOSTED_NONE, HOSTED_THREAD, HOSTED_NOTIFICATION, HOSTED_REGION };
struct hosted_object {
    uint32_t kind; /* enum hosted_kind; NONE once deleted */
    vm_handle handle;
};
int hosted_publish(struct hosted_object *o, enum hosted_kind kind); /* OK or LIMIT */
void hosted_withdraw(struct hosted_object *o);
/* The object behind a handle; *status is BAD_HANDLE or BAD_TYPE when NULL. No lock is needed to
 * look; notifications and threads are never freed, only used again. */
void *hosted_object(vm_handle h, enum hosted_kind kind, int *status);

/* ---- notifications (notification.c) ---- */
struct hosted_thread;
struct hosted_notification {
    struct hosted_object object;
    uint64_t bits;                 /* atomic */
    uint64_t deadline;             /* atomic; DEADLINE_NEVER: not armed */
    struct hosted_thread *waiters; /* first come, first served */
    struct hosted_thread *bound;
    bool bound_pokes;
    timer_t timer; /* if bound_pokes: pokes `bound` when the deadline passes */
    uint64_t timer_at;
    struct hosted_notification *next_free;
};
/* The deadline has passed: set its bit, once. No lock. */
bool hosted_expire(struct hosted_notification *n);
void hosted_unbind(struct hosted_thread *t);
void hosted_stop_waiting(struct hosted_thread *t);

/* ---- threads (thread.c) ---- */
struct hosted_thread {
    struct hosted_object object;
    int tid;        /* 0: not running yet, or no more */
    pthread_t join; /* threads made by vm_thread_create */
    bool made, dying, ended;
    unsigned holds; /* locks held */
    void (*entry)(void *);
    void *arg;
    uint64_t stack, stack_bytes;
    uint64_t base_stack; /* where hosted_call_on_stack saved what it returns to */

    /* Waiting: under hosted_objects, except `wake`, a futex that anybody may count up. */
    struct hosted_notification *waits_for, *bound;
    struct hosted_thread *next_waiter;
    uint64_t wait_bits;
    int wait_status;
    uint32_t wake;

    /* Upcalls: of the thread itself, but page->pending. */
    struct upcall_page *page; /* always there; pokes use it before registration as well */
    vm_handler *handler;      /* NULL: not registered */
    uint64_t lo, hi, upcall_stack, upcall_bytes;
    void *context;    /* interrupted state in the signal frame, while page->active */
    void *alt_stack;  /* for signals */
    size_t alt_bytes; /* without its guard page */
    struct hosted_thread *next_free;
};
/* The calling thread; made known to the port if it was not. NULL only without memory. */
struct hosted_thread *hosted_self(void);
/* The same, without making it known: NULL for a foreign thread. For signal handlers. */
struct hosted_thread *hosted_self_known(void);
/* Poke t; under hosted_objects. */
void hosted_poke(struct hosted_thread *t);
/* End the calling thread, which holds no lock. */
void hosted_finish(struct hosted_thread *t);

/* ---- signals and upcalls (upcall.c) ---- */
#define HOSTED_SIGNAL_POKE (SIGRTMIN + 1) /* also a bound notification's timer */
#define HOSTED_SIGNAL_END  (SIGRTMIN + 2) /* the thread was deleted */
/* Install the handlers, once; ends the program if this computer cannot run the port. */
void hosted_signals_start(void);
/* A stack was left by a jump: an address sanitizer must forget the frames there. */
void hosted_forget_frames(void *at, size_t bytes);
void hosted_alt_stack_free(struct hosted_thread *t);
/* Called before the program dies of a signal: put the terminal back. Async-signal-safe. */
extern void (*hosted_before_death)(void);

/* ---- switch.S ----
 * The last three do not return. They are not declared so: the address sanitizer would look over the
 * stack at every call, and take the handler's for a mistake. */
/* Run entry(arg) on the stack that ends at top; *saved is for hosted_leave_stack. */
void hosted_call_on_stack(void (*entry)(void *), void *arg, uint64_t top, uint64_t *saved);
/* Return from the hosted_call_on_stack that stored `saved`, from wherever. */
void hosted_leave_stack(uint64_t saved);
/* Call handler(page) on a stack; it never returns. */
void hosted_enter_handler(vm_handler *handler, struct upcall_page *page, uint64_t top);
/* Resume what a signal interrupted: `context` is the ucontext in the signal frame. */
void hosted_signal_return(void *context);
