/*
 * The real CPU runs a case: a far return to a 32-bit code segment, a few instructions at LOW_AT that
 * load the registers, the case. It ends by an exception, which Linux turns into a signal; the handler
 * keeps what it finds and changes the context so that it goes on in 64-bit code.
 *
 * The same handler gets faults of translated code (machine_fault).
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "../seqframe/fault.h"
#include "x86seq.h"

#define USER32_CS 0x23 /* Linux' 32-bit code segment */
#define USER_CS   0x33

/* At LOW_AT: code, then what it uses. */
struct low {
    uint8_t code[64];
    uint32_t esp, eip; /* loaded last */
    uint32_t spare[14];
    uint64_t rip, cs;   /* far return to here ... */
    uint32_t popped[8]; /* ... POPA: EDI ESI EBP - EBX EDX ECX EAX */
    uint32_t eflags;
};

uint64_t native_rsp; /* of the 64-bit side */
void native_enter(uint64_t stack);
void native_back(void);
__asm__(".pushsection .text\n"
        ".global native_enter, native_back\n"
        "native_enter:\n"
        "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "  mov %rsp, native_rsp(%rip)\n"
        "  mov %rdi, %rsp\n"
        "  lretq\n"
        "native_back:\n"
        "  cld\n"
        "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "  ret\n"
        ".popsection\n");

static struct output *volatile out; /* of the case that runs */

static void native_ended(greg_t *g, uint64_t address)
{
    for (unsigned n = 0; n < 8; n++)
        out->s.r[n] = (uint32_t)g[fault_order[n]];
    out->s.eip = (uint32_t)g[REG_RIP];
    out->s.eflags = (uint32_t)g[REG_EFL];
    out->vector = (uint32_t)g[REG_TRAPNO];
    out->error = (uint32_t)g[REG_ERR];
    out->address = out->vector == 14 ? (uint32_t)address : 0;
    g[REG_RIP] = (greg_t)(uintptr_t)native_back;
    g[REG_RSP] = (greg_t)native_rsp;
    g[REG_EFL] = 0x202;
    g[REG_CSGSFS] = (g[REG_CSGSFS] & ~0xffffll) | USER_CS;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t address = (uint64_t)(uintptr_t)info->si_addr;
    if ((g[REG_CSGSFS] & 0xffff) == USER32_CS)
        native_ended(g, address);
    else
        fault_offer("x86seq", machine_fault, number, address, context);
}

static bool map(uint32_t at, size_t bytes, int rights)
{
    return mmap((void *)(uintptr_t)at, bytes, rights,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)(uintptr_t)at;
}

static struct low *low(void)
{
    return (struct low *)(uintptr_t)LOW_AT;
}

static void write_entry(void)
{
    static const uint8_t code[] = {
        0xb8, 0x2b, 0,  0, 0,       /* mov eax, 2bh */
        0x8e, 0xd8,                 /* mov ds, eax */
        0x8e, 0xc0,                 /* mov es, eax */
        0x61,                       /* popa */
        0x9d,                       /* popf */
        0x8b, 0x25, 64, 0, 0, 0x10, /* mov esp, [LOW_AT + 64] */
        0xff, 0x25, 68, 0, 0, 0x10, /* jmp [LOW_AT + 68] */
    };
    memcpy(low()->code, code, sizeof code);
}

bool native_start(void)
{
    static uint8_t room[256 << 10] __attribute__((aligned(16)));
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    sigaltstack(&stack, NULL);
    for (unsigned n = 0; n < sizeof signals / sizeof signals[0]; n++)
        sigaction(signals[n], &action, NULL);
    if (!map(LOW_AT, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) ||
        !map(CODE_AT, SLOTS * SLOT_BYTES, PROT_READ | PROT_EXEC) ||
        !map(DATA_AT, DATA_BYTES, PROT_READ | PROT_WRITE))
        return false;
    return true;
}

void native_batch(const struct input *in, unsigned count)
{
    uint8_t *code = (uint8_t *)(uintptr_t)CODE_AT;
    mprotect(code, SLOTS * SLOT_BYTES, PROT_READ | PROT_WRITE);
    for (unsigned n = 0; n < count; n++) {
        uint8_t *slot = code + n * SLOT_BYTES;
        memcpy(slot, in[n].code, in[n].bytes);
        for (unsigned at = in[n].bytes; at < SLOT_BYTES; at++)
            slot[at] = (at - in[n].bytes) % 2 == 0 ? 0x0f : 0x0b;
    }
    mprotect(code, SLOTS * SLOT_BYTES, PROT_READ | PROT_EXEC);
}

void native_run(const struct input *in, unsigned n, struct output *to)
{
    struct low *l = low();
    memset(to, 0, sizeof *to);
    write_entry(); /* the last case may have stored there */
    fill_data((uint32_t *)(uintptr_t)DATA_AT, in->seed);
    for (unsigned k = 0; k < 8; k++)
        l->popped[7 - k] = in->s.r[k];
    l->eflags = (in->s.eflags & FLAGS_COMPARED) | 0x202;
    l->esp = in->s.r[4];
    l->eip = CODE_AT + n * SLOT_BYTES;
    l->rip = LOW_AT;
    l->cs = USER32_CS;
    out = to;
    native_enter((uint64_t)(uintptr_t)&l->rip);
    out = NULL;
    memcpy(to->middle, (void *)(uintptr_t)(DATA_AT + DATA_BYTES / 2), sizeof to->middle);
    sum_data((uint32_t *)(uintptr_t)DATA_AT, to->line);
}
