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
    [CALL_CALL] = call_call,     [CALL_REPLY] = call_reply,
    [CALL_RECV] = call_recv,     [CALL_REPLY_RECV] = call_reply_recv,
    [CALL_SIGNAL] = call_signal, [CALL_WAIT] = call_wait,
    [CALL_CREATE] = call_create, [CALL_CAP] = call_cap,
    [CALL_MAP] = call_map,       [CALL_THREAD] = call_thread,
    [CALL_IRQ] = call_irq,       [CALL_UPCALL_RETURN] = call_upcall_return,
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
    if (__builtin_expect(r == CALL_RESTART, 0)) {
        if (t->state == THREAD_READY)
            t->attention |= ATTENTION_RESTART;
        return;
    }
    if (r != CALL_BLOCKED)
        *reg_result(&t->regs) = r;
    if (__builtin_expect(t->progressed, 0)) {
        progress_reset(&t->progress);
        t->progressed = false;
    }
}

/* A poke that could not be delivered at once, now that t is about to run user code again. */
static void deliver_poke(struct thread *t)
{
    t->attention &= (uint8_t)~ATTENTION_POKE;
    if (upcall_enter(t, UPCALL_POKE, 0, 0))
        return;
    if (t->upcall)
        t->upcall->pending = 1;
    else
        t->poked = true;
}

/*
 * The short way of the usual message exchange: the current thread has blocked, and the one in
 * cpu0.next comes before everything that is queued. False: take the long way, sched_next. Nothing
 * here that sched_next does not do too; budgets are left to it.
 */
static inline bool handoff(struct thread *c)
{
    struct thread *n = cpu0.next;
    if (!n || c->state == THREAD_READY || cpu0.ready >> n->level ||
        c->budget | n->budget | (uint64_t)cpu0.zombie)
        return false;
    uint64_t now = port_ticks(), used = now - cpu0.since;
    c->cpu_ticks += used;
    c->slice = c->slice > used ? c->slice - used : 0;
    if (n->slice == 0)
        n->slice = slice_ticks;
    n->queued = false;
    cpu0.next = NULL;
    cpu0.resched = false;
    cpu0.since = now;
    cpu0.current = n;
    counters.switches++;
    if (now + n->slice < cpu0.timer_at)
        timer_program();
    return true;
}

/* Bring a thread's state and address space into the CPU. */
static inline void load(struct thread *t)
{
    if (t != cpu0.loaded)
        port_thread_switch(t);
    if (&t->task->space != cpu0.space || t->task->space.stale)
        port_space_switch(&t->task->space);
}

/* Choose who runs next and prepare the CPU for it. Without resched the current thread is ready and
 * loaded: whatever changes that sets resched. */
struct thread *kernel_exit(void)
{
    struct thread *t = cpu0.current;
    if (__builtin_expect(!cpu0.resched && !t->attention, 1))
        return t;
    if (handoff(t)) {
        t = cpu0.current;
        load(t);
        if (!t->attention && !cpu0.measuring)
            return t;
    }
    for (;;) {
        if (cpu0.zombie) {
            struct thread *z = cpu0.zombie;
            cpu0.zombie = NULL;
            cpu0.current = NULL;
            object_unref(&z->object);
        }
        t = sched_next();
        load(t);
        if (t->attention & ATTENTION_RESTART) {
            t->attention &= (uint8_t)~ATTENTION_RESTART;
            kernel_call(t);
            continue;
        }
        if (t->attention & ATTENTION_POKE)
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
    if (!t && (cpu0.ready || cpu0.next))
        return true;
    if (t && t->state != THREAD_READY)
        return true;
    if (!t || cpu0.resched) {
        sched_account();
        if (t && sched_waiting(t))
            return true;
        if (t && t->slice == 0)
            t->slice = slice_ticks; /* else every point would interrupt at once */
        timer_program();            /* the tick that may just have come needs a successor */
    }
    return false;
}

/* ---- the longest stretch without a preemption point (INFO_MEASURE) ----------------------------- */

void measure_start(unsigned call)
{
    cpu0.measured_call = call;
    cpu0.resched = true; /* so that kernel_exit takes its long way, which stops the measurement */
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
