/*
 * Interrupts by instruction and returns from them that stay in translated code: a jump with JUMP_MODE
 * follows (guest.h), unless an exception was raised, which the dispatcher delivers.
 */
#include "segments.h"

static uint64_t go(struct x86_cpu *c, uint64_t to, enum exit_reason why)
{
    if (c->cpu.exit_request != EXIT_NONE)
        return to;
    c->cpu.pc = (uint32_t)to;
    vm_redirect(&c->cpu, why);
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
