/*
 * The way in and out of the kernel.
 *
 * The entry code saves the user's registers in the current thread and calls kernel_call (a call)
 * or the port's trap code; both end in kernel_exit, which returns the thread to resume. A call that
 * was preempted is dispatched again here, without a visit to user mode, so its arguments are still
 * in the saved registers and no poke or upcall can come between its parts.
 */
#include "port.h"

typedef uint64_t call_function(struct thread *, uint64_t word);

static call_function *const calls[CALL_COUNT] = {
    [CALL_CALL] = call_call,
    [CALL_REPLY] = call_reply,
    [CALL_RECV] = call_recv,
    [CALL_REPLY_RECV] = call_reply_recv,
    [CALL_SIGNAL] = call_signal,
    [CALL_WAIT] = call_wait,
    [CALL_CREATE] = call_create,
    [CALL_CAP] = call_cap,
    [CALL_MAP] = call_map,
    [CALL_THREAD] = call_thread,
    [CALL_IRQ] = call_irq,
    [CALL_UPCALL_RETURN] = call_upcall_return,
    [CALL_INFO] = call_info,
};

void kernel_call(struct thread *t)
{
    uint64_t word = *reg_result(&t->regs); /* call word and result word share a register */
    unsigned nr = word & 0xff;
    counters.entries++;
    if (cpu0.measuring)
        measure_start(nr);
    uint64_t r = nr < CALL_COUNT ? calls[nr](t, word) : BAD_CALL;
    if (r == CALL_RESTART) {
        t->restart = t->state == THREAD_READY;
        return;
    }
    if (t->progress.index | t->progress.epoch | t->progress.reaping | t->progress.active)
        t->progress = (struct progress){0};
    if (r != CALL_BLOCKED)
        *reg_result(&t->regs) = r;
}

/* A poke that could not be delivered at once, now that t is about to run user code again. */
static void deliver_poke(struct thread *t)
{
    t->poke = false;
    if (upcall_enter(t, UPCALL_POKE, 0, 0))
        return;
    if (t->upcall)
        t->upcall->pending = 1;
    else
        t->poked = true;
}

/* Choose who runs next and prepare the CPU for it. */
struct thread *kernel_exit(void)
{
    for (;;) {
        if (__builtin_expect(cpu0.zombie != NULL, 0)) {
            struct thread *z = cpu0.zombie;
            cpu0.zombie = NULL;
            cpu0.current = NULL;
            object_unref(&z->object);
        }
        struct thread *t = sched_next();
        if (t != cpu0.loaded) {
            port_thread_switch(t);
            if (&t->task->space != cpu0.space || t->task->space.stale)
                port_space_switch(&t->task->space);
        }
        if (__builtin_expect(t->restart, 0)) {
            t->restart = false;
            kernel_call(t);
            continue;
        }
        if (__builtin_expect(t->poke, 0))
            deliver_poke(t);
        if (cpu0.measuring)
            measure_stop();
        return t;
    }
}

bool preemption_point(void)
{
    struct thread *t = cpu0.current;
    if (cpu0.measuring)
        measure_stop();
    port_interrupt_window();
    if (cpu0.measuring)
        measure_start(cpu0.measured_call);
    if (!t)
        return cpu0.ready != 0;
    if (t->state != THREAD_READY)
        return true;
    if (!cpu0.resched)
        return false;
    sched_account();
    return cpu0.ready && (63u - (unsigned)__builtin_clzll(cpu0.ready) > sched_level(t) ||
                          (t->slice == 0 && cpu0.ready >> sched_level(t)));
}

/* ---- the longest stretch without a preemption point (INFO_MEASURE) ----------------------------- */

void measure_start(unsigned call)
{
    cpu0.measured_call = call;
    cpu0.stretch_start = port_ticks();
}

void measure_stop(void)
{
    uint64_t length = port_ticks() - cpu0.stretch_start;
    if (!cpu0.measuring)
        return;
    cpu0.samples++;
    if (length > cpu0.longest) {
        cpu0.longest = length;
        cpu0.longest_call = cpu0.measured_call;
    }
}
