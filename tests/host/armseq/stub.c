/*
 * The reference: an ARM Linux program that runs cases in user mode, for qemu-arm or a real CPU.
 *
 * Standard input: a number of cases, then that many struct input; standard output: as many struct
 * output; until the end of input. Every case ends with a signal. The handler finds the whole state
 * in the signal frame, puts the next case's state into it, and returns: so the frame's registers are
 * the only ones that matter, and entering a case is one sigreturn.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "case.h"

/* The floating-point part of the frame (Linux: arch/arm/include/asm/ucontext.h). */
#define VFP_MAGIC 0x56465001u
struct vfp_frame {
    uint32_t magic, size;
    uint64_t d[32];
    uint32_t fpscr;
};

static struct input input[SLOTS];
static struct output output[SLOTS];
static volatile int current;
static int count;
static mcontext_t way_back;
static uint8_t handler_stack[65536] __attribute__((aligned(16)));

static struct vfp_frame *vfp_of(ucontext_t *u)
{
    uint32_t *at = (uint32_t *)u->uc_regspace;
    for (unsigned i = 0; i < 60; i += 2)
        if (at[i] == VFP_MAGIC)
            return (struct vfp_frame *)(at + i);
    _exit(3);
}

static void record(ucontext_t *u, int number, siginfo_t *info, struct output *o)
{
    const struct vfp_frame *v = vfp_of(u);
    memcpy(o->s.r, &u->uc_mcontext.arm_r0, sizeof o->s.r);
    o->s.cpsr = u->uc_mcontext.arm_cpsr;
    memcpy(o->s.d, v->d, sizeof o->s.d);
    o->s.fpscr = v->fpscr;
    o->signal = (uint32_t)number;
    o->address = number == SIGSEGV || number == SIGBUS ? (uint32_t)info->si_addr : 0;
    sum_data((const uint32_t *)DATA_AT, o->line);
}

static void enter(ucontext_t *u, const struct input *in, unsigned slot)
{
    struct vfp_frame *v = vfp_of(u);
    memcpy(&u->uc_mcontext.arm_r0, in->s.r, 15 * 4);
    u->uc_mcontext.arm_pc = CODE_AT + slot * SLOT_BYTES;
    u->uc_mcontext.arm_cpsr = (way_back.arm_cpsr & ~CPSR_COMPARED) | (in->s.cpsr & CPSR_COMPARED);
    memcpy(v->d, in->s.d, sizeof in->s.d);
    v->fpscr = in->s.fpscr;
    fill_data((uint32_t *)DATA_AT, in->seed);
}

static void handle(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    if (current < 0) {
        way_back = u->uc_mcontext;
        way_back.arm_pc += 4;
    } else {
        record(u, number, info, &output[current]);
    }
    if (++current < count)
        enter(u, &input[current], (unsigned)current);
    else
        u->uc_mcontext = way_back;
}

/* The code is read-only while it runs: cases that store there end, in all machines. */
static void place_code(void)
{
    mprotect((void *)CODE_AT, SLOTS * SLOT_BYTES, PROT_READ | PROT_WRITE);
    for (int i = 0; i < count; i++) {
        uint8_t *slot = (uint8_t *)(uintptr_t)(CODE_AT + (unsigned)i * SLOT_BYTES);
        memcpy(slot, input[i].code, input[i].bytes);
        for (unsigned at = input[i].bytes; at < SLOT_BYTES; at += 2) {
            uint16_t half = input[i].s.cpsr & 0x20 ? UDF_T16
                            : at & 2               ? (uint16_t)(UDF_A32 >> 16)
                                                   : (uint16_t)UDF_A32;
            memcpy(slot + at, &half, 2);
        }
    }
    mprotect((void *)CODE_AT, SLOTS * SLOT_BYTES, PROT_READ | PROT_EXEC);
    __builtin___clear_cache((char *)CODE_AT, (char *)CODE_AT + SLOTS * SLOT_BYTES);
}

static int whole(ssize_t (*move)(int, void *, size_t), int file, void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = move(file, (uint8_t *)bytes + done, size - done);
        if (n <= 0)
            return 0;
        done += (size_t)n;
    }
    return 1;
}

static ssize_t put(int file, void *bytes, size_t size)
{
    return write(file, bytes, size);
}

static int map(uint32_t at, uint32_t bytes)
{
    return mmap((void *)(uintptr_t)at, bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

int main(void)
{
    static const int signals[] = {SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGFPE};
    stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (!map(CODE_AT, SLOTS * SLOT_BYTES) || !map(DATA_AT, DATA_BYTES) || sigaltstack(&stack, NULL))
        return 1;
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    while (whole(read, 0, &count, 4)) {
        if (count < 1 || count > (int)SLOTS ||
            !whole(read, 0, input, (size_t)count * sizeof *input))
            return 2;
        place_code();
        current = -1;
        __asm__ volatile(".inst.w 0xf7f0a000" ::: "memory");
        if (!whole(put, 1, output, (size_t)count * sizeof *output))
            return 2;
    }
    return 0;
}
