/*
 * Who runs: the highest level that has a ready thread; round robin within a level.
 *
 * A thread's level is its priority. One that has spent its budget of this period stands a level lower:
 * it runs only when nothing else of its own priority is ready, and in turn with the priority below, which
 * it cannot starve. Bit l of cpu0.ready says that queue l is not empty.
 *
 * A thread that becomes ready first goes to cpu0.next, a place of its own beside the queues: in the
 * usual message exchange it is the one to run next, and no queue is touched.
 *
 * The running thread is in no queue. cpu0.resched says that it may have to give way; without it,
 * leaving the kernel costs nothing here. Time is accounted when the CPU changes hands and at ticks.
 */
#include "port.h"

#define SLICE_NS 5000000ULL

struct cpu cpu0;
struct counters counters;
uint64_t slice_ticks;

void sched_init(void)
{
    slice_ticks = port_ns_to_ticks(SLICE_NS) - port_ns_to_ticks(0);
    for (unsigned i = 0; i <= PRIORITY_MAX; i++)
        list_init(&cpu0.queue[i]);
    cpu0.timer_at = UINT64_MAX;
    cpu0.since = port_ticks();
    cpu0.reap_last = &cpu0.reap_first;
}

static void enqueue(struct thread *t, bool front)
{
    unsigned l = t->level;
    list_insert_after(front ? &cpu0.queue[l] : cpu0.queue[l].prev, &t->link);
    cpu0.ready |= 1ULL << l;
    t->queued = true;
}

static void dequeue(struct thread *t)
{
    if (t == cpu0.next) {
        cpu0.next = NULL;
        t->queued = false;
        return;
    }
    unsigned l = t->level;
    list_remove(&t->link);
    if (list_empty(&cpu0.queue[l]))
        cpu0.ready &= ~(1ULL << l);
    t->queued = false;
}

/* Put the thread of cpu0.next, if any, into its queue. */
void sched_queue_next(void)
{
    struct thread *n = cpu0.next;
    if (n) {
        cpu0.next = NULL;
        enqueue(n, false);
    }
}

static int top_level(void)
{
    return cpu0.ready ? 63 - __builtin_clzll(cpu0.ready) : -1;
}

/* Take a thread out of the ready queue, or off the CPU. The caller sets its new state. */
void sched_remove(struct thread *t)
{
    if (t->queued)
        dequeue(t);
    if (t == cpu0.current)
        cpu0.resched = true;
}

static void new_period(struct thread *t, uint64_t now)
{
    uint64_t passed = (now - t->period_start) / t->period;
    t->period_start += passed * t->period;
    t->budget_left = t->budget;
}

static void set_spent(struct thread *t, bool spent)
{
    bool queued = t->queued;
    if (t->spent == spent)
        return;
    if (queued)
        dequeue(t);
    t->spent = spent;
    sched_set_level(t);
    if (queued)
        enqueue(t, false);
    cpu0.resched = true;
}

static void refill(struct timer *timer)
{
    struct thread *t = container_of(timer, struct thread, refill);
    new_period(t, port_ticks());
    set_spent(t, false);
}

/* Charge the running thread (or the idle time) for what passed since the last call. */
void sched_account(void)
{
    struct thread *t = cpu0.current;
    uint64_t now = port_ticks(), used = now - cpu0.since;
    cpu0.since = now;
    if (!t) {
        counters.idle_ticks += used;
        return;
    }
    t->cpu_ticks += used;
    t->slice = t->slice > used ? t->slice - used : 0;
    if (!t->budget || t->spent)
        return;
    if (now - t->period_start >= t->period) {
        new_period(t, now);
        return;
    }
    t->budget_left = t->budget_left > used ? t->budget_left - used : 0;
    if (t->budget_left == 0) {
        set_spent(t, true);
        t->refill.fire = refill;
        timer_arm(&t->refill, t->period_start + t->period);
    }
}

/* Priority and budget (0: none) are valid. With renew, or if there was no budget, a new period
 * begins; otherwise what is used of this period stays used. */
void sched_set(struct thread *t, unsigned priority, uint64_t budget_ns, uint64_t period_ns,
               bool renew)
{
    bool queued = t->queued;
    sched_account();
    renew = renew || !t->budget;
    if (queued)
        dequeue(t);
    t->priority = (uint8_t)priority;
    t->budget = budget_ns ? port_ns_to_ticks(budget_ns) - port_ns_to_ticks(0) : 0;
    t->period = budget_ns ? port_ns_to_ticks(period_ns) - port_ns_to_ticks(0) : 0;
    if (renew) {
        timer_disarm(&t->refill);
        t->spent = false;
        t->budget_left = t->budget;
        t->period_start = port_ticks();
    } else {
        t->budget_left = min64(t->budget_left, t->budget);
    }
    sched_set_level(t);
    if (queued)
        enqueue(t, false);
    cpu0.resched = true;
}

/* End the turn of the running thread. */
void sched_rotate(struct thread *t)
{
    t->slice = 0;
    cpu0.resched = true;
}

/* The timer interrupted. */
void sched_tick(void)
{
    cpu0.timer_at = UINT64_MAX;
    timer_run(port_ticks());
    cpu0.resched = true;
}

/* Set the timer for the end of the turn or the next event, whichever is first. A timer that would
 * come too early is left alone: it is set for no later than any event, so only the turn counts. */
void timer_program(void)
{
    struct thread *t = cpu0.current;
    uint64_t when = cpu0.timer_at == UINT64_MAX ? timer_next() : UINT64_MAX;
    if (t) {
        uint64_t run = t->slice;
        if (t->budget && !t->spent)
            run = min64(run, t->budget_left);
        when = min64(when, cpu0.since + run);
    }
    if (when < cpu0.timer_at) {
        cpu0.timer_at = when;
        port_timer_set(when);
    }
}

/* Nothing is ready: take dying objects apart, then wait for an interrupt. */
static void idle(void)
{
    timer_program();
    if (reap_pending()) {
        reap();
        return;
    }
    measure_stop();
    if (!cpu0.ready && !cpu0.next)
        port_idle();
}

/* Is something ready that must run before t goes on? t has been accounted for. */
bool sched_waiting(const struct thread *t)
{
    sched_queue_next();
    int top = top_level(), own = (int)t->level;
    return top > own || (top == own && t->slice == 0);
}

static void begin_turn(struct thread *t)
{
    if (t->slice == 0)
        t->slice = slice_ticks;
    cpu0.current = t;
    timer_program();
}

/* Choose the thread to run; waits until there is one. */
struct thread *sched_next(void)
{
    struct thread *c;
    for (;;) {
        cpu0.resched = false;
        sched_account();
        c = cpu0.current;
        if (c && c->state == THREAD_READY) {
            if (!sched_waiting(c))
                break;
            enqueue(c, c->slice != 0);
        }
        sched_queue_next();
        int top = top_level();
        if (top >= 0) {
            c = container_of(cpu0.queue[top].next, struct thread, link);
            dequeue(c);
            counters.switches++;
            break;
        }
        cpu0.current = NULL;
        idle();
    }
    begin_turn(c);
    return c;
}
