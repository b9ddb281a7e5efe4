/*
 * Exceptions: which are pending, and taking them (B1.8, B1.9).
 *
 * Entry is the same for all: the new mode's SPSR and LR, masks, instruction set, vector. What differs
 * is a row of `entries`. cpu->pc is, as the reason's `leave` or the translator set it: the
 * instruction itself for what it does wrong, the next one for SVC and interrupts; `lr` is the
 * distance from there to what the manual puts into LR (table B1-6).
 */
#include "arm_cpu.h"

enum entry { TAKE_UNDEFINED, TAKE_SVC, TAKE_PREFETCH, TAKE_DATA, TAKE_IRQ, TAKE_FIQ };

/* clang-format off */
static const struct {
    uint8_t mode, vector, lr_arm, lr_thumb;
    uint32_t masks;
} entries[] = {
    /*                   mode      vector arm thumb masks                        */
    [TAKE_UNDEFINED] = { MODE_UND, 0x04,  4,  2,    CPSR_I },                   /* B1.9.3 */
    [TAKE_SVC]       = { MODE_SVC, 0x08,  0,  0,    CPSR_I },                   /* B1.9.4 */
    [TAKE_PREFETCH]  = { MODE_ABT, 0x0c,  4,  4,    CPSR_I | CPSR_A },          /* B1.9.7 */
    [TAKE_DATA]      = { MODE_ABT, 0x10,  8,  8,    CPSR_I | CPSR_A },          /* B1.9.8 */
    [TAKE_IRQ]       = { MODE_IRQ, 0x18,  4,  4,    CPSR_I | CPSR_A },          /* B1.9.10 */
    [TAKE_FIQ]       = { MODE_FIQ, 0x1c,  4,  4,    CPSR_I | CPSR_F | CPSR_A }, /* B1.9.12 */
};
/* clang-format on */

static void take(struct arm_cpu *c, enum entry e)
{
    uint32_t old = arm_cpsr(c), pc = c->cpu.pc & ~1u;
    uint32_t sctlr = c->cp15.sctlr;
    uint32_t lr = pc + ((old & CPSR_T) != 0 ? entries[e].lr_thumb : entries[e].lr_arm);
    uint32_t new = entries[e].mode | entries[e].masks;
    new |= (sctlr & SCTLR_EE) != 0 ? CPSR_E : 0;
    new |= (sctlr & SCTLR_TE) != 0 ? CPSR_T : 0;
    c->cpsr = (c->cpsr & ~(CPSR_J | CPSR_E)) | (new & ~(CPSR_MODE | CPSR_T));
    c->it = 0;
    arm_change_mode(c, new);
    c->spsr = old;
    c->cpu.reg[14] = lr;
    uint32_t base = (sctlr & SCTLR_V) != 0 ? 0xffff0000 : c->cp15.vbar;
    c->cpu.pc = (base + entries[e].vector) | ((new &CPSR_T) != 0);
    c->exclusive_valid = 0;
    c->cpu.halted = false;
}

/* Fault status codes (tables B3-23 and B3-24) that no walk yields. */
enum status_kind { STATUS_ALIGN, STATUS_EXTERNAL, STATUS_DEBUG };
static const struct {
    uint32_t brief, extended;
} statuses[] = {
    [STATUS_ALIGN] = {0x001, 0x221},
    [STATUS_EXTERNAL] = {0x008, 0x210},
    [STATUS_DEBUG] = {0x002, 0x222},
};

static uint32_t status_of(const struct arm_cpu *c, enum status_kind k)
{
    return arm_long_descriptors(c) ? statuses[k].extended : statuses[k].brief;
}

#define DFSR_WNR   0x800u
#define FSR_DOMAIN 0x0f0u
#define FSR_LPAE   0x200u

static void data_abort(struct arm_cpu *c, uint32_t status)
{
    c->cp15.dfsr = status | ((c->cpu.fault_kind & ACCESS_WRITE) != 0 ? DFSR_WNR : 0);
    c->cp15.dfar = c->cpu.fault_va;
    take(c, TAKE_DATA);
}

/* IFSR has no domain field in the short format (B4.1.96). */
static void prefetch_abort(struct arm_cpu *c, uint32_t status, uint32_t va)
{
    c->cp15.ifsr = (status & FSR_LPAE) != 0 ? status : status & ~FSR_DOMAIN;
    c->cp15.ifar = va;
    take(c, TAKE_PREFETCH);
}

void arm_take_call(struct arm_cpu *c)
{
    take(c, TAKE_SVC);
}

void arm_deliver(struct cpu *cpu, enum exit_reason reason)
{
    struct arm_cpu *c = arm_of(cpu);
    /* A translation that works with nothing behind it is an external abort. */
    uint32_t status = cpu->fault_status;
    if (status == 0 || status == WALK_NOTHING)
        status = status_of(c, STATUS_EXTERNAL);
    switch (reason) {
    case EXIT_UNDEFINED:
        take(c, TAKE_UNDEFINED);
        break;
    case EXIT_CALL:
        take(c, TAKE_SVC);
        break;
    case EXIT_BREAK: /* a debug event, taken as a prefetch abort; IFAR is unknown (C3.1) */
        prefetch_abort(c, status_of(c, STATUS_DEBUG), c->cp15.ifar);
        break;
    case EXIT_FAULT:
        data_abort(c, status);
        break;
    case EXIT_ALIGN:
        data_abort(c, status_of(c, STATUS_ALIGN));
        break;
    case EXIT_FETCH:
        prefetch_abort(c, status, cpu->fault_va);
        break;
    case EXIT_HALT:
        cpu->halted = true;
        break;
    default:
        break;
    }
}

bool arm_interrupt(struct cpu *cpu, bool peek)
{
    struct arm_cpu *c = arm_of(cpu);
    enum entry e;
    if ((cpu->lines & CPU_FIQ) != 0 && (c->cpsr & CPSR_F) == 0)
        e = TAKE_FIQ;
    else if ((cpu->lines & CPU_IRQ) != 0 && (c->cpsr & CPSR_I) == 0)
        e = TAKE_IRQ;
    else
        return false;
    if (!peek)
        take(c, e);
    return true;
}

/* WFI ends for an interrupt even if CPSR.I or CPSR.F masks it (B1.8.14). */
bool arm_wakes(const struct cpu *cpu)
{
    return (cpu->lines & (CPU_IRQ | CPU_FIQ)) != 0;
}
