/*
 * Threads: creation, death, and CALL_THREAD.
 *
 * Wherever a thread waits, exactly one structure points at it: the queue its link is in, or the
 * reply object that holds it. detach() undoes that for every state; stopping and dying are built on
 * it, so a thread leaves its queues before its memory can be freed.
 */
#include "port.h"

unsigned thread_create(struct task *task, uint64_t ipc_va, unsigned priority, struct thread **out)
{
    if (ipc_va % PAGE_SIZE || ipc_va < USER_MIN || ipc_va >= USER_MAX)
        return BAD_ADDRESS;
    if (priority > task->ceiling)
        return BAD_ARG;
    struct thread *t = object_create(task->quota, OBJ_THREAD, sizeof *t);
    if (!t)
        return QUOTA;
    t->task = task;
    t->ipc_va = ipc_va;
    t->state = THREAD_STOPPED;
    t->priority = (uint8_t)priority;
    sched_set_level(t);
    list_init(&t->link);
    list_init(&t->in_task);
    unsigned status = QUOTA;
    t->ipc = page_alloc(task->quota);
    if (t->ipc) {
        status = kernel_page_map(task, ipc_va, t->ipc, MAP_READ | MAP_WRITE);
        if (status != OK)
            page_free(task->quota, t->ipc);
    }
    if (status != OK) {
        object_discard(t);
        return status;
    }
    port_thread_init(t);
    object_ref(&task->object);
    list_append(&task->threads, &t->in_task);
    *out = t;
    return OK;
}

/* End the wait of a blocked thread with a result word. */
void thread_unblock(struct thread *t, uint64_t result_word)
{
    list_remove(&t->link);
    t->waits_for = NULL;
    *reg_result(&t->regs) = result_word;
    sched_ready(t);
}

/* Take the thread out of whatever it is in. Returns whether that was a blocking call. A preempted
 * call stays as it is: it goes on when the thread is resumed. */
static bool detach(struct thread *t)
{
    bool in_call = false;
    switch (t->state) {
    case THREAD_READY:
        sched_remove(t);
        break;
    case THREAD_SENDING:
    case THREAD_WAITING:
        in_call = !t->faulting;
        list_remove(&t->link);
        break;
    case THREAD_AWAITING_REPLY:
        in_call = !t->faulting;
        reply_caller_gone(t);
        break;
    case THREAD_RECEIVING:
        in_call = true;
        list_remove(&t->link);
        t->reply->state = REPLY_FREE;
        t->reply->thread = NULL;
        t->reply = NULL;
        break;
    default:
        break;
    }
    t->faulting = false;
    t->waits_for = NULL;
    return in_call;
}

/* Forget a preempted call: the thread gets other registers. */
static void forget_call(struct thread *t)
{
    t->attention &= (uint8_t)~ATTENTION_RESTART;
    t->progressed = false;
    progress_reset(&t->progress);
}

/* The thread leaves its task for good: it stays an object until its capabilities are gone. */
void thread_leave(struct thread *t)
{
    if (t->state == THREAD_DEAD)
        return;
    detach(t);
    t->state = THREAD_DEAD;
    notification_bind(t, NULL, false);
    timer_disarm(&t->refill);
    upcall_unregister(t);
    kernel_page_unmap(t->task, t->ipc_va, t->ipc);
    page_free(t->task->quota, t->ipc);
    t->ipc = NULL;
    if (t->fault_endpoint)
        object_unref(&t->fault_endpoint->object);
    t->fault_endpoint = NULL;
    t->task->cpu_ticks += t->cpu_ticks;
    list_remove(&t->in_task);
    port_thread_forget(t);
    if (t == cpu0.current) {
        /* The kernel still runs in its name: keep the memory until the next one is chosen. */
        object_ref(&t->object);
        cpu0.zombie = t;
    }
}

bool thread_reap(struct thread *t)
{
    thread_leave(t);
    object_unref(&t->task->object);
    return true;
}

/* See vm.h: vm_poke. Decided when the thread next leaves the kernel (call.c), except for a wait. */
void thread_poke(struct thread *t)
{
    if (t->state == THREAD_DEAD)
        return;
    if (t->state == THREAD_WAITING) {
        thread_unblock(t, POKED);
        return;
    }
    t->attention |= ATTENTION_POKE;
}

/* ---- CALL_THREAD ------------------------------------------------------------------------------- */

static bool is_stopped(const struct thread *t)
{
    return t->state == THREAD_STOPPED || t->state == THREAD_FAULTED;
}

static bool in_fault(const struct thread *t)
{
    return t->faulting && (t->state == THREAD_SENDING || t->state == THREAD_AWAITING_REPLY);
}

static unsigned op_start(struct thread *t, struct thread *x)
{
    uint64_t ip = *msg_word(&t->regs, 0), sp = *msg_word(&t->regs, 1);
    if (!is_stopped(x))
        return BUSY;
    if (ip >= USER_MAX || sp > USER_MAX)
        return BAD_ADDRESS;
    forget_call(x);
    port_thread_start(x, ip, sp, *msg_word(&t->regs, 2));
    x->upcall_active = false;
    if (x->upcall)
        x->upcall->active = 0;
    sched_ready(x);
    return OK;
}

static unsigned op_stop(struct thread *x)
{
    if (is_stopped(x))
        return OK;
    uint64_t replied = x->state == THREAD_RECEIVING ? x->reply_status : OK;
    if (detach(x))
        *reg_result(&x->regs) = STOPPED | replied << 24;
    x->state = THREAD_STOPPED;
    return OK;
}

static unsigned op_get_regs(struct thread *t, struct thread *x)
{
    if (!is_stopped(x) && !in_fault(x) && x != t)
        return BUSY;
    port_bases_sync(x);
    memcpy(t->ipc->msg, &x->regs, sizeof x->regs);
    return OK;
}

static unsigned op_set_regs(struct thread *t, struct thread *x)
{
    if (!is_stopped(x) && !in_fault(x))
        return BUSY;
    if (!port_regs_load(&x->regs, (const struct thread_regs *)t->ipc->msg))
        return BAD_ARG;
    forget_call(x);
    x->fast_return = false;
    port_bases_load(x);
    return OK;
}

static unsigned op_set_fault(struct thread *t, struct thread *x, uint64_t handle)
{
    struct cap *c = NULL;
    if (handle != HANDLE_NONE) {
        unsigned status = cap_get(t->task, handle, OBJ_ENDPOINT, RIGHT_SEND, &c);
        if (status != OK)
            return status;
        object_ref(c->object);
    }
    if (x->fault_endpoint)
        object_unref(&x->fault_endpoint->object);
    x->fault_endpoint = c ? (struct endpoint *)c->object : NULL;
    x->fault_badge = c ? c->badge : 0;
    return OK;
}

static unsigned op_bind(struct thread *t, struct thread *x, uint64_t handle)
{
    struct cap *c = NULL;
    uint64_t pokes = *msg_word(&t->regs, 0);
    if (handle != HANDLE_NONE) {
        unsigned status = cap_get(t->task, handle, OBJ_NOTIFICATION, RIGHT_WAIT, &c);
        if (status != OK)
            return status;
    }
    if (pokes > 1)
        return BAD_ARG;
    notification_bind(x, c ? (struct notification *)c->object : NULL, pokes);
    if (c)
        notification_signal((struct notification *)c->object, 0); /* bits that are set already */
    return OK;
}

/* Is it a larger share of the time than x has, or one over a longer period? */
static bool looser(const struct thread *x, uint64_t budget, uint64_t period)
{
    return (unsigned __int128)budget * x->period > (unsigned __int128)x->budget * period ||
           port_ns_to_ticks(period) - port_ns_to_ticks(0) > x->period;
}

/* A budget can be loosened only through a capability with RIGHT_BUDGET, so nobody lifts his own. */
static unsigned op_priority(struct thread *t, struct thread *x, unsigned rights)
{
    uint64_t priority = *msg_word(&t->regs, 0), budget = *msg_word(&t->regs, 1),
             period = *msg_word(&t->regs, 2);
    const uint64_t hour = 3600ULL * 1000000000;
    if (priority > t->task->ceiling)
        return priority > PRIORITY_MAX ? BAD_ARG : BAD_RIGHT;
    if (budget && (budget > period || period > hour || budget < 10000))
        return BAD_ARG;
    if (x->budget && !(rights & RIGHT_BUDGET) && (budget == 0 || looser(x, budget, period)))
        return BAD_RIGHT;
    sched_set(x, (unsigned)priority, budget, period, rights & RIGHT_BUDGET);
    return OK;
}

static unsigned op_upcall(struct thread *t, struct thread *x)
{
    uint64_t *w[5];
    for (unsigned i = 0; i < 5; i++)
        w[i] = msg_word(&t->regs, i);
    if (*w[0] == 0) {
        if (x->upcall_active && x == t)
            return BUSY;
        upcall_unregister(x);
        return OK;
    }
    return upcall_register(x, *w[0], *w[1], *w[2], *w[3], *w[4]);
}

uint64_t call_thread(struct thread *t, uint64_t word)
{
    unsigned op = word >> 8 & 0xff;
    uint64_t a = word >> 16 & 0xffffff, b = word >> 40;
    struct thread *x = t;
    unsigned rights = 0;

    if (op > THREAD_EXIT)
        return BAD_CALL;
    if (a != HANDLE_NONE) {
        struct cap *c;
        unsigned right = op == THREAD_POKE ? RIGHT_POKE : RIGHT_CONTROL;
        unsigned status = cap_get(t->task, a, OBJ_THREAD, right, &c);
        if (status != OK)
            return status;
        x = (struct thread *)c->object;
        rights = c->rights;
        if (x->state == THREAD_DEAD)
            return GONE;
    }
    switch (op) {
    case THREAD_START:
        return op_start(t, x);
    case THREAD_STOP:
        if (x == t)
            *reg_result(&t->regs) = OK;
        return op_stop(x);
    case THREAD_RESUME:
        if (!is_stopped(x))
            return BUSY;
        sched_ready(x);
        return OK;
    case THREAD_GET_REGS:
        return op_get_regs(t, x);
    case THREAD_SET_REGS:
        return op_set_regs(t, x);
    case THREAD_SET_FAULT:
        return op_set_fault(t, x, b);
    case THREAD_BIND:
        return op_bind(t, x, b);
    case THREAD_UPCALL:
        return op_upcall(t, x);
    case THREAD_POKE:
        thread_poke(x);
        return OK;
    case THREAD_PRIORITY:
        return op_priority(t, x, rights);
    case THREAD_YIELD:
        if (x != t)
            return BAD_ARG;
        sched_rotate(t);
        return OK;
    default: /* THREAD_EXIT */
        if (x != t)
            return BAD_ARG;
        thread_leave(t);
        return CALL_BLOCKED;
    }
}
