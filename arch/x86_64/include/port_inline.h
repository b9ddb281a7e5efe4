/*
 * The inline parts of the port's contract (kernel/port.h), and the layout of the kernel's half of
 * every address space:
 *
 *   ffff800000000000  window to physical memory (PHYSICAL_WINDOW), write-back
 *   fffffe8000000000  task state segment and I/O permission bitmap (TSS_WINDOW), per task
 *   ffffff0000000000  device registers (DEVICE_WINDOW), uncached
 *   ffffffff80000000  the kernel's image
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <tetrapla/abi.h>

#define PHYSICAL_WINDOW 0xffff800000000000ULL
#define TSS_WINDOW      0xfffffe8000000000ULL
#define DEVICE_WINDOW   0xffffff0000000000ULL
#define KERNEL_BASE     0xffffffff80000000ULL

static inline uint64_t port_ticks(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

static inline void *port_pointer(uint64_t physical)
{
    return (void *)(PHYSICAL_WINDOW + physical);
}

/* Of a pointer from port_pointer, or into the kernel's image. */
static inline uint64_t port_physical(const void *pointer)
{
    uint64_t a = (uint64_t)pointer;
    return a >= KERNEL_BASE ? a - KERNEL_BASE : a - PHYSICAL_WINDOW;
}

static inline void port_copy(void *to, const void *from, size_t n)
{
    size_t words = n / 8, rest = n % 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
}

static inline void port_fill(void *to, int c, size_t n)
{
    uint64_t pattern = (uint8_t)c * 0x0101010101010101ULL;
    size_t words = n / 8, rest = n % 8;
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
}

/* Message word i, 0 to 5. */
static inline uint64_t *msg_word(struct thread_regs *r, unsigned i)
{
    static const uint8_t order[MSG_REG_WORDS] = {REG_RDI, REG_RSI, REG_RDX,
                                                 REG_R10, REG_R8,  REG_R9};
    return &r->gpr[order[i]];
}

/* Call word on the way in, result word on the way out. */
static inline uint64_t *reg_result(struct thread_regs *r)
{
    return &r->gpr[REG_RAX];
}
static inline uint64_t *reg_badge(struct thread_regs *r)
{
    return &r->gpr[REG_RBX];
}
static inline uint64_t reg_ip(const struct thread_regs *r)
{
    return r->rip;
}

#define FLAGS_FIXED     0x002u
#define FLAGS_TRAP      0x100u
#define FLAGS_INTERRUPT 0x200u
#define FLAGS_DIRECTION 0x400u
#define FLAGS_ALIGNMENT 0x40000u
/* CF PF AF ZF SF TF DF OF NT RF AC ID: what a user may choose. */
#define FLAGS_USER 0x254dd5u

/* Continue at ip with a stack and an argument; DF, TF and AC clear. The other registers stay. */
static inline void reg_enter(struct thread_regs *r, uint64_t ip, uint64_t sp, uint64_t argument)
{
    r->rip = ip;
    r->gpr[REG_RSP] = sp;
    r->gpr[REG_RDI] = argument;
    r->rflags = FLAGS_FIXED | FLAGS_INTERRUPT;
}
