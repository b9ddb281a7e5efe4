/*
 * What a thread's state is on x86-64: general registers (saved by entry.S), the FS and GS bases, and
 * the x87, SSE and AVX state, which is switched eagerly with XSAVE (Intel SDM vol. 1, 13).
 *
 * The bases and the FPU state of one thread, cpu0.loaded, are in the CPU; everybody else's are in
 * struct thread. In the kernel the user's GS base is the one that SWAPGS brings in.
 */
#include <cpu.h>

#include "port.h"

_Static_assert(offsetof(struct thread, regs) == 40, "entry.S");
_Static_assert(offsetof(struct thread, fast_return) == 40 + 160, "entry.S");
_Static_assert(offsetof(struct cpu, current) == 8 && offsetof(struct cpu, stack_top) == 16 &&
                   offsetof(struct cpu, scratch) == 24,
               "entry.S");

#define XSAVE_MASK    7
#define MXCSR_DEFAULT 0x1f80u
#define MXCSR_OFFSET  24

static inline void bases_save(struct thread *t)
{
    uint64_t fs, gs;
    __asm__ volatile("rdfsbase %0; swapgs; rdgsbase %1; swapgs" : "=r"(fs), "=r"(gs));
    t->regs.fs_base = fs;
    t->regs.gs_base = gs;
}

static inline void bases_load(const struct thread *t)
{
    __asm__ volatile("wrfsbase %0; swapgs; wrgsbase %1; swapgs"
                     :
                     : "r"(t->regs.fs_base), "r"(t->regs.gs_base));
}

static inline void fpu_save(struct thread *t)
{
    if (cpu_features & CPU_XSAVEOPT)
        __asm__ volatile("xsaveopt64 %0" : "+m"(t->fpu) : "a"(XSAVE_MASK), "d"(0));
    else
        __asm__ volatile("xsave64 %0" : "+m"(t->fpu) : "a"(XSAVE_MASK), "d"(0));
}

static inline void fpu_load(struct thread *t)
{
    __asm__ volatile("xrstor64 %0" : : "m"(t->fpu), "a"(XSAVE_MASK), "d"(0));
}

void port_thread_init(struct thread *t)
{
    /* An empty XSTATE_BV makes XRSTOR set x87, SSE and AVX to their initial state; MXCSR is always
     * taken from memory. */
    memset(t->fpu, 0, sizeof t->fpu);
    t->regs.rflags = FLAGS_FIXED | FLAGS_INTERRUPT;
    memcpy(t->fpu + MXCSR_OFFSET, &(uint32_t){MXCSR_DEFAULT}, 4);
}

void port_thread_start(struct thread *t, uint64_t ip, uint64_t sp, uint64_t argument)
{
    memset(&t->regs, 0, sizeof t->regs);
    reg_enter(&t->regs, ip, sp, argument);
    t->fast_return = false;
    port_thread_forget(t);
    port_thread_init(t);
}

void port_thread_switch(struct thread *t)
{
    if (cpu0.loaded) {
        bases_save(cpu0.loaded);
        fpu_save(cpu0.loaded);
    }
    cpu0.loaded = t;
    counters.xsaves += 2;
    fpu_load(t);
    bases_load(t);
}

void port_bases_sync(struct thread *t)
{
    if (t == cpu0.loaded)
        bases_save(t);
}

void port_bases_load(struct thread *t)
{
    if (t == cpu0.loaded)
        bases_load(t);
}

void port_thread_forget(struct thread *t)
{
    if (t == cpu0.loaded)
        cpu0.loaded = NULL;
}

static bool canonical(uint64_t a)
{
    return (uint64_t)((int64_t)(a << 16) >> 16) == a;
}

bool port_regs_load(struct thread_regs *to, const volatile struct thread_regs *from)
{
    uint64_t rip = from->rip, fs = from->fs_base, gs = from->gs_base;
    if (rip >= USER_MAX || !canonical(fs) || !canonical(gs))
        return false;
    memcpy(to->gpr, (const void *)from->gpr, sizeof to->gpr);
    to->rip = rip;
    to->rflags = (from->rflags & FLAGS_USER) | FLAGS_FIXED | FLAGS_INTERRUPT;
    to->fs_base = fs;
    to->gs_base = gs;
    return true;
}
