/* The signal of a fault in translated code: registers to the order of struct thread_regs and back.
 * A file of its own because abi.h and Linux's headers use the same names for registers. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "sparcseq.h"

static const int order[18] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                              REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                              REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP, REG_EFL};

static void on_fault(int number, siginfo_t *info, void *context)
{
    greg_t *frame = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t regs[20] = {0};
    for (unsigned n = 0; n < 18; n++)
        regs[n] = (uint64_t)frame[order[n]];
    if (!machine_fault(regs, (uint64_t)(uintptr_t)info->si_addr)) {
        printf("FAIL sparcseq: host signal %d at %llx, address %p\n", number,
               (unsigned long long)frame[REG_RIP], info->si_addr);
        signal(number, SIG_DFL);
        return;
    }
    for (unsigned n = 0; n < 18; n++)
        frame[order[n]] = (greg_t)regs[n];
}

void fault_start(void)
{
    static uint8_t room[256 << 10] __attribute__((aligned(16)));
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}
