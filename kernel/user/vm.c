/*
 * vm.h on the kernel: time, notifications, threads, mapping, upcalls. Each function is one kernel
 * call or a few; regions are in vm_region.c, address ranges in vm_reserve.c. A vm_handle is a handle.
 *
 * vm_signal and vm_upcall_return, which a handler calls while the interrupted code's vector
 * registers are live, are in the port's upcall.S.
 */
#include "internal.h"

#include <string.h>
#include <tetrapla/cpu.h>
#include <tetrapla/sys.h>
#include <tetrapla/vm.h>

_Static_assert(CALL_SIGNAL == 4 && CALL_UPCALL_RETURN == 11, "numbers used by upcall.S");

uint64_t vm_now(void)
{
    return time_now();
}

/* ---- notifications ---- */

int vm_notification_create(vm_handle *out)
{
    handle_t slot = slot_alloc();
    if (slot == HANDLE_NONE)
        return LIMIT;
    int status = sys_create(OBJ_NOTIFICATION, LIBRARY_QUOTA, 0, slot, 0, 0, 0, 0);
    if (status == OK)
        *out = slot;
    else
        slot_free(slot);
    return status;
}

int vm_notification_delete(vm_handle n)
{
    int status = sys_cap(CAP_DELETE, 0, n, 0, 0, 0, 0);
    if (status == OK)
        slot_free(n);
    return status;
}

int vm_wait(vm_handle n, uint64_t *bits)
{
    return sys_wait(n, 0, 0, bits);
}
int vm_poll(vm_handle n, uint64_t *bits)
{
    return sys_wait(n, WAIT_POLL, 0, bits);
}

int vm_deadline(vm_handle n, uint64_t when)
{
    uint64_t bits;
    int status = sys_wait(n, WAIT_ARM | WAIT_POLL | WAIT_KEEP, when, &bits);
    return status == WOULD_BLOCK ? OK : status;
}

/* ---- threads ---- */

int vm_thread_create(vm_handle *out, void (*entry)(void *), void *arg, void *stack, size_t bytes)
{
    return thread_create_on(out, entry, arg, stack, bytes, 0);
}

int vm_thread_delete(vm_handle t)
{
    return thread_delete(t);
}
vm_handle vm_thread_self(void)
{
    return thread_self()->thread;
}
void vm_yield(void)
{
    sys_thread(THREAD_YIELD, 0, 0, 0, 0, 0, 0, 0);
}
int vm_bind(vm_handle n, int poke)
{
    return sys_thread(THREAD_BIND, 0, n, poke != 0, 0, 0, 0, 0);
}
int vm_poke(vm_handle t)
{
    return sys_thread(THREAD_POKE, t, 0, 0, 0, 0, 0, 0);
}

/* ---- mapping ---- */

int vm_map(const struct map_op *ops, unsigned count, unsigned *done)
{
    *done = 0;
    if (count > MAP_VECTOR_MAX)
        return BAD_ARG;
    if (!count)
        return OK;
    memcpy(ipc()->vector, ops, count * sizeof(*ops));
    return sys_map(0, count, done);
}

/* ---- upcalls ---- */

int vm_upcall_register(vm_handler *handler, uint64_t lo, uint64_t hi, void *stack, size_t bytes,
                       struct upcall_page **page)
{
    struct thread_block *self = thread_self();
    if (!handler || lo >= hi || !stack || bytes < PAGE_SIZE)
        return BAD_ARG;
    if (self->upcall)
        return OCCUPIED;
    uint64_t va = thread_page_take();
    if (!va)
        return LIMIT;
    /* The handler is an ordinary C function: the kernel enters it with this stack and RDI = page. */
    int status = sys_thread(THREAD_UPCALL, 0, 0, va, lo, hi, (uint64_t)handler,
                            cpu_entry_stack((uint64_t)stack + bytes));
    if (status != OK) {
        thread_page_give(va);
        return status;
    }
    self->upcall = (struct upcall_page *)va;
    *page = self->upcall;
    return OK;
}

int vm_upcall_unregister(void)
{
    struct thread_block *self = thread_self();
    if (!self->upcall)
        return BAD_ARG;
    int status = sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0);
    if (status != OK)
        return status;
    thread_page_give((uint64_t)self->upcall);
    self->upcall = NULL;
    return OK;
}
