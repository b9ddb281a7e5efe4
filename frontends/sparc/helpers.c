/*
 * Helpers of translated code: windows, state registers, division (helpers.h lists them).
 *
 * Arguments of 32 bits are cast first: their upper halves mean nothing. A helper that traps sets tt
 * and exit_request and has changed nothing else.
 */
#include "sparc_cpu.h"

#include <string.h>

static uint64_t trap(struct sparc_cpu *c, unsigned tt)
{
    c->tt = tt;
    c->cpu.exit_request = EXIT_TRAP;
    return 0;
}

/* Trap tt of the instruction at pc, without leaving translated code: a jump with JUMP_MODE to the result
 * follows. `how`: enum sparc_how. While traps are disabled it is left to the dispatcher. */
static uint64_t trap_here(struct sparc_cpu *c, unsigned tt, uint32_t pc, uint32_t how)
{
    enum exit_reason reason = tt >= TT_SOFTWARE ? EXIT_CALL : EXIT_STATE;
    if ((how & HOW_DIRECT) == 0 || (c->psr & PSR_ET) == 0) {
        trap(c, tt);
        if (reason == EXIT_CALL)
            c->cpu.exit_request = EXIT_CALL;
        return 0;
    }
    c->delay = (how & HOW_DELAYED) != 0;
    c->cpu.pc = pc;
    c->tt = tt;
    sparc_take(c, tt);
    vm_redirect(&c->cpu, reason);
    return c->cpu.pc;
}

static uint32_t lower(uint32_t cwp)
{
    return (cwp - 1) % SPARC_WINDOWS;
}
static uint32_t upper(uint32_t cwp)
{
    return (cwp + 1) % SPARC_WINDOWS;
}

static bool is_invalid(const struct sparc_cpu *c, uint32_t cwp)
{
    return (c->wim >> cwp & 1) != 0;
}

static void put(struct sparc_cpu *c, unsigned rd, uint32_t v)
{
    if (rd != 0)
        *sparc_reg(c, rd) = v;
}

/* SAVE: a sum, b rd and how, c PC (B.20). Not 0: where a trap goes on. */
uint64_t sparc_helper_save(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t pc)
{
    struct sparc_cpu *c = sparc_of(cpu);
    uint32_t cwp = lower(c->cwp);
    if (is_invalid(c, cwp))
        return trap_here(c, TT_OVERFLOW, (uint32_t)pc, (uint32_t)b);
    sparc_set_cwp(c, cwp);
    put(c, (unsigned)b & 31, (uint32_t)a);
    return 0;
}

uint64_t sparc_helper_restore(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t pc)
{
    struct sparc_cpu *c = sparc_of(cpu);
    uint32_t cwp = upper(c->cwp);
    if (is_invalid(c, cwp))
        return trap_here(c, TT_UNDERFLOW, (uint32_t)pc, (uint32_t)b);
    sparc_set_cwp(c, cwp);
    put(c, (unsigned)b & 31, (uint32_t)a);
    return 0;
}

/* RETT in a delay slot, to address a; gives the next PC (B.26). */
uint64_t sparc_helper_rett(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    struct sparc_cpu *c = sparc_of(cpu);
    uint32_t cwp = upper(c->cwp), pc = c->npc;
    (void)b, (void)unused;
    if ((c->psr & PSR_ET) != 0)
        return trap(c, TT_ILLEGAL);
    if (is_invalid(c, cwp))
        return trap(c, TT_UNDERFLOW);
    sparc_set_cwp(c, cwp);
    c->psr = (c->psr & ~PSR_S) | PSR_ET | ((c->psr & PSR_PS) != 0 ? PSR_S : 0);
    c->npc = (uint32_t)a;
    c->delay = c->npc != pc + 4;
    return pc;
}

/* The same before a jump with JUMP_MODE. */
uint64_t sparc_helper_go_rett(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    uint32_t pc = (uint32_t)sparc_helper_rett(cpu, a, b, unused);
    if (cpu->exit_request == EXIT_NONE) {
        cpu->pc = pc;
        vm_redirect(cpu, EXIT_STATE);
    }
    return pc;
}

/* Ticc: a trap type, b how, c PC. */
uint64_t sparc_helper_ticc(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t pc)
{
    return trap_here(sparc_of(cpu), (unsigned)a, (uint32_t)pc, (uint32_t)b);
}

uint64_t sparc_helper_rdpsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    (void)a, (void)b, (void)unused;
    return sparc_psr(sparc_of(cpu));
}

/* Not 0 if translated code has to be left: another mode word, or an interrupt can be taken now. */
uint64_t sparc_helper_wrpsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    struct sparc_cpu *c = sparc_of(cpu);
    uint32_t before = c->psr;
    (void)b, (void)unused;
    if (((uint32_t)a & PSR_CWP) >= SPARC_WINDOWS)
        return trap(c, TT_ILLEGAL);
    sparc_set_psr(c, (uint32_t)a);
    return ((before ^ c->psr) & (PSR_S | PSR_EF)) != 0 || sparc_interrupt(cpu, true);
}

uint64_t sparc_helper_wrtbr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    (void)b, (void)unused;
    sparc_of(cpu)->tbr = (sparc_of(cpu)->tbr & 0xff0u) | ((uint32_t)a & 0xfffff000u);
    return 0;
}

#define SATURATED (1ull << 32)

/* a / b, both not 0 by the caller's check; the result: quotient, SATURATED (B.19). */
uint64_t sparc_helper_udiv(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    (void)cpu, (void)unused;
    uint64_t q = a / (uint32_t)b;
    return q > UINT32_MAX ? UINT32_MAX | SATURATED : q;
}

uint64_t sparc_helper_sdiv(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    (void)cpu, (void)unused;
    int64_t x = (int64_t)a, y = (int32_t)b;
    if (x == INT64_MIN && y == -1)
        return INT32_MAX | SATURATED;
    int64_t q = x / y;
    if (q > INT32_MAX)
        return INT32_MAX | SATURATED;
    return q < INT32_MIN ? 0x80000000u | SATURATED : (uint32_t)q;
}
