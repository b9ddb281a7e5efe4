/*
 * vm.h: what a dynamic binary translator needs from the system, and nothing else.
 *
 * Both ports implement this header: the kernel port by its calls (kernel/user/vm.c), the hosted
 * port on a Linux process. One conformance suite (tests/vm) runs on both. So nothing here may
 * mention tasks, endpoints, quotas or capabilities; a vm_handle is opaque.
 *
 * Status values are enum status of abi.h; 0 is OK. No function blocks unless it says so.
 */
#pragma once

#include <tetrapla/abi.h>

typedef uint32_t vm_handle;

/* ---- time ------------------------------------------------------------------------------------ */

/* Monotonic nanoseconds since some fixed point; never enters the kernel. */
uint64_t vm_now(void);

/* ---- notifications: a word of 64 bits --------------------------------------------------------- */

int vm_notification_create(vm_handle *out);
int vm_notification_delete(vm_handle n);
/* Or bits into the word and wake a waiter. Callable from any thread, and inside an upcall. */
int vm_signal(vm_handle n, uint64_t bits);
/* Block until a bit is set; take and clear all. The bit SIGNAL_DEADLINE is set when the armed
 * deadline passes. POKED if the calling thread was poked, WOULD_BLOCK inside an upcall. */
int vm_wait(vm_handle n, uint64_t *bits);
/* As vm_wait, but WOULD_BLOCK at once if no bit is set. */
int vm_poll(vm_handle n, uint64_t *bits);
/* Arm the notification's one deadline (absolute, as vm_now; DEADLINE_NEVER disarms). A deadline
 * that has passed signals at once. */
int vm_deadline(vm_handle n, uint64_t when);

/* ---- threads ----------------------------------------------------------------------------------- */

/* Start a thread at entry(arg) on the given stack, at the caller's priority. When entry returns,
 * the thread ends. */
int vm_thread_create(vm_handle *out, void (*entry)(void *), void *arg, void *stack, size_t bytes);
int vm_thread_delete(vm_handle t);
vm_handle vm_thread_self(void);
void vm_yield(void);
/* A signal on n also pokes the calling thread (poke = 1) while it runs in its guest range or waits.
 * n = 0 unbinds. */
int vm_bind(vm_handle n, int poke);

/* ---- memory ------------------------------------------------------------------------------------ */

/* A region of zeroed memory that can be mapped any number of times. pages >= 1; QUOTA when the
 * task's memory grant is exhausted. */
int vm_region_create(vm_handle *out, uint64_t pages);
/* Unmaps it everywhere and returns the memory. */
int vm_region_delete(vm_handle r);
/* Reserve an address range of at least bytes, aligned, in which the caller may map as it likes; no
 * memory and no kernel object is used. 0 when no range is left. */
uint64_t vm_reserve(uint64_t bytes, uint64_t align);
void vm_unreserve(uint64_t va, uint64_t bytes);

/* Apply count (at most MAP_VECTOR_MAX) operations in order; each is atomic. *done says how many
 * were applied; the status is that of the first that was not. QUOTA is a normal event: unmap
 * something and go on with the rest. Operations: MAP_MAP, MAP_UNMAP, MAP_PROTECT (abi.h);
 * map_op.region is a vm_handle. */
int vm_map(const struct map_op *ops, unsigned count, unsigned *done);

/* ---- guest ranges and upcalls ------------------------------------------------------------------ */

/*
 * A thread may register one guest range [lo, hi) of code. A fault, and a poke, of that thread while
 * its instruction pointer is inside the range enters `handler` on a stack of its own; the page
 * returned holds the interrupted state (regs), the reason (vector, error, address), and the flag
 * `pending`. While the handler runs (page->active), further pokes set pending, vm_wait returns
 * WOULD_BLOCK, and a fault goes to the task's fault handler. The handler is entered with DF, TF and
 * AC clear, vector and x87 state live and untouched; build it -mgeneral-regs-only.
 *
 * handler never returns: it ends with vm_upcall_return. Outside the guest range a poke only sets
 * pending, which code entering the range tests *inside the range* before it goes on.
 */
typedef void vm_handler(struct upcall_page *page);

int vm_upcall_register(vm_handler *handler, uint64_t lo, uint64_t hi, void *stack, size_t bytes,
                       struct upcall_page **page);
int vm_upcall_unregister(void);

/* Apply count operations from page->vector_ops and resume page->regs, in one step. Returns only if
 * an operation failed: its status, *done operations applied, the upcall still active. */
int vm_upcall_return(unsigned count, unsigned *done);

/* Deliver a poke to t: an upcall with vector UPCALL_POKE if t is inside its guest range with no
 * upcall active; if it blocks in vm_wait, that ends with POKED; otherwise t's pending flag is set
 * (a later vm_wait that finds it set clears it and returns POKED at once). */
int vm_poke(vm_handle t);
