/*
 * A signal handler as the handler of upcalls. The upcall comes with the interrupted code's vector
 * state live, which a signal handler may use: so it is saved around the call. This file is built
 * without vector registers. One handler for all numbers, one thread.
 *
 * Faults outside of generated code go where every task's faults go: root ends the task and says so.
 */
#include "vmhost.h"

#include <signal.h>
#include <stdlib.h>
#include <tetrapla/vm.h>

/* Where Linux keeps the registers that thread_regs has in the hardware's order (ucontext.h). */
static const uint8_t place[REG_COUNT] = {13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7};
enum { PLACE_RIP = 16, PLACE_FLAGS = 17, PLACE_ERROR = 19 };

static uint8_t vectors[512] __attribute__((aligned(16))); /* FXSAVE's image */
static void (*handler)(int, siginfo_t *, void *);
static stack_t stack;

static void on_upcall(struct upcall_page *page)
{
    ucontext_t context = {0};
    greg_t *r = context.uc_mcontext.gregs;
    siginfo_t info = {SIGSEGV, (void *)page->address};
    unsigned done;
    __asm__ volatile("fxsave64 %0" : "=m"(vectors));
    for (unsigned n = 0; n < REG_COUNT; n++)
        r[place[n]] = (greg_t)page->regs.gpr[n];
    r[PLACE_RIP] = (greg_t)page->regs.rip;
    r[PLACE_FLAGS] = (greg_t)page->regs.rflags;
    r[PLACE_ERROR] = (greg_t)page->error;
    handler(SIGSEGV, &info, &context);
    if (!handler)
        exit(3);
    for (unsigned n = 0; n < REG_COUNT; n++)
        page->regs.gpr[n] = (uint64_t)r[place[n]];
    page->regs.rip = (uint64_t)r[PLACE_RIP];
    page->regs.rflags = (uint64_t)r[PLACE_FLAGS];
    __asm__ volatile("fxrstor64 %0" : : "m"(vectors));
    vm_upcall_return(0, &done);
}

int sigaltstack(const stack_t *wanted, stack_t *old)
{
    (void)old;
    stack = *wanted;
    return 0;
}

int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    (void)old;
    if (number != SIGSEGV)
        return 0;
    struct upcall_page *page;
    handler = action->sa_sigaction;
    return vm_upcall_register(on_upcall, code_from, code_to, stack.ss_sp, stack.ss_size, &page) ==
                   OK
               ? 0
               : -1;
}

void (*signal(int number, void (*then)(int)))(int)
{
    (void)number;
    handler = NULL;
    return then;
}
