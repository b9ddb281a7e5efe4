/*
 * Faults and upcalls.
 *
 * A fault of a thread whose instruction pointer lies in its registered guest range becomes an
 * upcall in its own address space: the state goes to the upcall page, the handler starts on a stack
 * of its own, and CALL_UPCALL_RETURN loads the state back, after mapping pages. That is two kernel
 * entries and no address-space switch. Every other fault becomes a message to the fault endpoint;
 * without one the thread stops (in the root task: a panic, since nobody is left to notice).
 *
 * The upcall page belongs to the kernel, so neither direction can fault; what comes back from it is
 * the user's and is sanitised (port_regs_load).
 */
#include "port.h"

static void enter(struct thread *t, uint64_t vector, uint64_t error, uint64_t address)
{
    struct upcall_page *p = t->upcall;
    port_bases_sync(t);
    p->regs = t->regs;
    p->vector = vector;
    p->error = error;
    p->address = address;
    p->active = 1;
    t->upcall_active = true;
    reg_enter(&t->regs, t->upcall_handler, t->upcall_stack, t->upcall_va);
    t->fast_return = false;
    counters.upcalls++;
}

/* Enter an upcall if t is in its guest range and not in one already. */
bool upcall_enter(struct thread *t, uint64_t vector, uint64_t error, uint64_t address)
{
    uint64_t ip = reg_ip(&t->regs);
    if (!t->upcall || t->upcall_active || ip < t->guest_lo || ip >= t->guest_hi)
        return false;
    enter(t, vector, error, address);
    return true;
}

void fault(struct thread *t, uint64_t vector, uint64_t error, uint64_t address)
{
    if (upcall_enter(t, vector, error, address))
        return;
    struct endpoint *e = t->fault_endpoint;
    if (!e || e->object.dying) {
        if (t->task == root_task)
            panic("the root task faulted: vector %lu, ip %lx, address %lx, error %lx", vector,
                  reg_ip(&t->regs), address, error);
        sched_remove(t);
        t->state = THREAD_FAULTED;
        return;
    }
    t->fault[FAULT_VECTOR] = vector;
    t->fault[FAULT_IP] = reg_ip(&t->regs);
    t->fault[FAULT_ADDRESS] = address;
    t->fault[FAULT_ERROR] = error;
    t->fault[FAULT_SP] = t->regs.gpr[REG_RSP];
    t->fault[FAULT_FLAGS] = t->regs.rflags;
    t->badge = t->fault_badge;
    t->words = FAULT_WORDS;
    t->faulting = true;
    endpoint_send(e, t);
}

/* ---- registration ------------------------------------------------------------------------------ */

void upcall_unregister(struct thread *t)
{
    if (!t->upcall)
        return;
    kernel_page_unmap(t->task, t->upcall_va, t->upcall);
    page_free(t->task->quota, t->upcall);
    t->upcall = NULL;
    t->upcall_active = false;
}

static bool user_address(uint64_t va)
{
    return va >= USER_MIN && va < USER_MAX;
}

unsigned upcall_register(struct thread *t, uint64_t va, uint64_t lo, uint64_t hi, uint64_t handler,
                         uint64_t stack)
{
    if (t->upcall)
        return OCCUPIED;
    if (va % PAGE_SIZE || !user_address(va) || lo >= hi || hi > USER_MAX || lo < USER_MIN ||
        !user_address(handler) || stack < USER_MIN || stack > USER_MAX)
        return BAD_ADDRESS;
    struct upcall_page *p = page_alloc(t->task->quota);
    if (!p)
        return QUOTA;
    unsigned status = kernel_page_map(t->task, va, p, MAP_READ | MAP_WRITE);
    if (status != OK) {
        page_free(t->task->quota, p);
        return status;
    }
    t->upcall = p;
    t->upcall_va = va;
    t->guest_lo = lo;
    t->guest_hi = hi;
    t->upcall_handler = handler;
    t->upcall_stack = stack;
    t->upcall_active = false;
    t->poked = false;
    return OK;
}

/* ---- CALL_UPCALL_RETURN ------------------------------------------------------------------------ */

uint64_t call_upcall_return(struct thread *t, uint64_t word)
{
    uint64_t count = *msg_word(&t->regs, 0);
    (void)word;
    if (!t->upcall_active)
        return EMPTY;
    if (count > MAP_VECTOR_MAX)
        return BAD_ARG;
    struct upcall_page *p = t->upcall;
    if (count) {
        uint64_t r = map_vector(t, t->task, p->vector_ops, (unsigned)count);
        if (r != OK)
            return r;
    }
    if (!port_regs_load(&t->regs, &p->regs)) {
        *msg_word(&t->regs, 0) = count;
        return BAD_ARG;
    }
    t->fast_return = false;
    t->upcall_active = false;
    p->active = 0;
    if (p->pending) { /* a poke was held while the handler ran */
        p->pending = 0;
        t->attention |= ATTENTION_POKE;
    }
    port_bases_load(t);
    return CALL_BLOCKED; /* the registers are the interrupted ones */
}
