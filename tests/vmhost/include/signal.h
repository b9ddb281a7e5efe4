/* Faults of generated code as signals (signal.c): SIGSEGV while the instruction pointer is in memory
 * that was mapped executable. The order of gregs is that of Linux on x86-64; names in ucontext.h. */
#pragma once

#include <stddef.h>

#define SIGBUS     7
#define SIGSEGV    11
#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SIG_DFL    ((void (*)(int))0)

typedef struct {
    int si_signo;
    void *si_addr;
} siginfo_t;

typedef long long greg_t;
typedef struct {
    struct {
        greg_t gregs[23];
    } uc_mcontext;
} ucontext_t;

typedef struct {
    void *ss_sp;
    int ss_flags;
    size_t ss_size;
} stack_t;

struct sigaction {
    void (*sa_sigaction)(int, siginfo_t *, void *);
    int sa_flags;
};

/* First the stack, then the handler. */
int sigaltstack(const stack_t *stack, stack_t *old);
int sigaction(int number, const struct sigaction *action, struct sigaction *old);
/* SIG_DFL only: the fault ends the program when the handler returns. */
void (*signal(int number, void (*handler)(int)))(int);
