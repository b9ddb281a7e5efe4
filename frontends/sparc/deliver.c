/*
 * Traps: which are pending, and taking them (V8 chapter 7).
 *
 * Entry is the same for all: the next lower window, PC and nPC into its %l1 and %l2, traps disabled,
 * supervisor, the vector of TBR. A trap while traps are disabled puts the CPU into error mode (7.5).
 * Several causes in one instruction are ordered where it is lifted (table 7-1).
 *
 * Faults of the MMU leave their cause in the fault status register (H.5). In no-fault mode they do
 * only that, and the access is skipped (H.3, NF); supervisor fetches trap all the same.
 */
#include "sparc_cpu.h"

#include <translator/board.h>

static void enter_error(struct sparc_cpu *c, unsigned tt)
{
    c->error = true;
    vm_log(c->cpu.vm, "the CPU entered error mode: trap %02x at %08x", tt, (unsigned)c->cpu.pc);
    if (c->hooks != NULL && c->hooks->error != NULL)
        c->hooks->error(c->hooks_to);
    else
        c->cpu.halted = true;
}

void sparc_take(struct sparc_cpu *c, unsigned tt)
{
    uint32_t pc = c->cpu.pc, npc = sparc_npc(c);
    c->psr = (c->psr & ~(PSR_ET | PSR_PS)) | PSR_S | ((c->psr & PSR_S) != 0 ? PSR_PS : 0);
    sparc_set_cwp(c, (c->cwp - 1) % SPARC_WINDOWS);
    c->local[1] = pc;
    c->local[2] = npc;
    c->tbr = (c->tbr & 0xfffff000) | tt << 4;
    sparc_set_pcs(c, c->tbr, c->tbr + 4);
    c->cpu.halted = false;
}

static void take(struct sparc_cpu *c, unsigned tt)
{
    if ((c->psr & PSR_ET) != 0)
        sparc_take(c, tt);
    else
        enter_error(c, tt);
}

/* ---- faults of the MMU (V8 H.5) ----------------------------------------------------------------- */

#define SFSR_FETCHES 2u /* access types: bit 0 supervisor, bit 1 instructions, bit 2 store */
#define SFSR_STORES  4u

/* A fetch fault does not replace what is known of a data fault. */
static void record(struct sparc_cpu *c, uint32_t status, uint32_t type, uint32_t va)
{
    uint32_t old = c->mmu.fsr;
    bool old_data = (old & SFSR_FAV) != 0 && (old >> SFSR_AT_SHIFT & SFSR_FETCHES) == 0;
    if (old_data && (type & SFSR_FETCHES) != 0)
        return;
    c->mmu.fsr = status | type << SFSR_AT_SHIFT | SFSR_FAV | (old != 0 ? SFSR_OW : 0);
    c->mmu.far = va;
}

static void fault(struct sparc_cpu *c, unsigned tt)
{
    const struct cpu *cpu = &c->cpu;
    uint32_t status = cpu->fault_status, kind = cpu->fault_kind;
    /* A translation that works with nothing behind it is a bus error. */
    if (status == 0 || status == WALK_NOTHING)
        status = FT_BUS << SFSR_FT_SHIFT;
    bool user = (kind & ACCESS_USER) != 0 || !sparc_supervisor(c);
    uint32_t type = (user ? 0 : 1) | ((kind & ACCESS_FETCH) != 0 ? SFSR_FETCHES : 0) |
                    ((kind & ACCESS_WRITE) != 0 ? SFSR_STORES : 0);
    record(c, status, type, cpu->fault_va);
    if ((c->mmu.control & MMU_NF) != 0 && tt != TT_INSN_ACCESS) {
        uint32_t npc = sparc_npc(c);
        sparc_set_pcs(c, npc, npc + 4);
        return;
    }
    take(c, tt);
}

void sparc_deliver(struct cpu *cpu, enum exit_reason reason)
{
    struct sparc_cpu *c = sparc_of(cpu);
    switch ((unsigned)reason) {
    case EXIT_UNDEFINED:
        take(c, TT_ILLEGAL);
        break;
    case EXIT_CALL:
    case EXIT_TRAP:
        take(c, c->tt);
        break;
    case EXIT_FAULT:
        fault(c, TT_DATA_ACCESS);
        break;
    case EXIT_FETCH:
        fault(c, TT_INSN_ACCESS);
        break;
    case EXIT_ALIGN:
        take(c, TT_ALIGN);
        break;
    case EXIT_HALT:
        cpu->halted = true;
        break;
    default:
        break;
    }
}

/* ---- interrupts (V8 7.4.2): level 15 cannot be masked but by ET -------------------------------- */

static unsigned level(const struct cpu *cpu)
{
    return (cpu->lines & SPARC_IRL) >> SPARC_IRL_SHIFT;
}

bool sparc_interrupt(struct cpu *cpu, bool peek)
{
    struct sparc_cpu *c = sparc_of(cpu);
    unsigned n = level(cpu), least = (c->psr & PSR_PIL) >> PSR_PIL_SHIFT;
    if (n == 0 || (c->psr & PSR_ET) == 0 || (n <= least && n != 15))
        return false;
    if (peek)
        return true;
    take(c, TT_INTERRUPT + n);
    if (c->hooks != NULL && c->hooks->taken != NULL)
        c->hooks->taken(c->hooks_to, n);
    return true;
}

bool sparc_wakes(const struct cpu *cpu)
{
    return level(cpu) != 0 && !sparc_of_const(cpu)->error;
}
