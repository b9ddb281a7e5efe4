/* The signal of a fault in translated code: registers to the order of struct thread_regs and back.
 * A file of its own because abi.h and Linux's headers use the same names for registers. */
#define _GNU_SOURCE
#include "fault.h"

#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

static const char *name;
static fault_taker *taker;

const int fault_order[FAULT_REGS] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                     REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                     REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP, REG_EFL};

void fault_offer(const char *test, fault_taker *take, int number, uint64_t address, void *context)
{
    greg_t *frame = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t regs[20] = {0};
    for (unsigned n = 0; n < FAULT_REGS; n++)
        regs[n] = (uint64_t)frame[fault_order[n]];
    if (!take(regs, address)) {
        printf("FAIL %s: host signal %d at %llx, address %llx\n", test, number,
               (unsigned long long)frame[REG_RIP], (unsigned long long)address);
        signal(number, SIG_DFL);
        return;
    }
    for (unsigned n = 0; n < FAULT_REGS; n++)
        frame[fault_order[n]] = (greg_t)regs[n];
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    fault_offer(name, taker, number, (uint64_t)(uintptr_t)info->si_addr, context);
}

void fault_start(const char *test, fault_taker *take)
{
    static uint8_t room[256 << 10] __attribute__((aligned(16)));
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    name = test;
    taker = take;
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}
