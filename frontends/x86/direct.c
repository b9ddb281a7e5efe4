/*
 * Interrupts by instruction, returns from them, and loads of segment registers that stay in translated code:
 * a jump with JUMP_MODE follows (guest.h), unless an exception was raised, which the dispatcher delivers.
 */
#include "segments.h"

static uint64_t go(struct x86_cpu *c, uint64_t to, enum exit_reason why)
{
    if (c->cpu.exit_request != EXIT_NONE)
        return to;
    c->cpu.pc = (uint32_t)to;
    vm_redirect_named(&c->cpu, why, x86_window_name(c), x86_mode_word(&c->cpu));
    if (c->nmi)
        c->cpu.attention = 1;
    return to;
}

/* a: operand size, b: EIP of the next instruction. */
uint64_t x86_helper_go_return(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return go(x86_of(cpu), x86_helper_interrupt_return(cpu, a, b, c), EXIT_STATE);
}

/* INT: a the linear address of the instruction; what is raised is in the CPU structure. */
uint64_t x86_helper_go_interrupt(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    cpu->pc = (uint32_t)a;
    x86_deliver(cpu, (enum exit_reason)EXIT_RAISE);
    return go(x86_of(cpu), cpu->pc, EXIT_CALL);
}

uint64_t x86_helper_go_sysenter(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return go(x86_of(cpu), x86_helper_sysenter(cpu, a, b, c), EXIT_CALL);
}

uint64_t x86_helper_go_sysexit(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return go(x86_of(cpu), x86_helper_sysexit(cpu, a, b, c), EXIT_STATE);
}

/* a: register, b: selector, c: address of the next instruction. Not 0: the mode changed, jump there. Linux
 * does this twice in a system call: user programs have nothing in FS. */
uint64_t x86_helper_go_load_segment(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t changed = x86_helper_load_segment(cpu, a, b, 0);
    if (changed != 0)
        go(x86_of(cpu), c, EXIT_STATE);
    return changed;
}
