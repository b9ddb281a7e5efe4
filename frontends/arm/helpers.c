/*
 * Helpers of translated code: what is too long or too rare for the IR (helpers.h lists them).
 *
 * Arguments of 32 bits are cast first: their upper halves mean nothing. Helpers that touch r0-r14,
 * the flags or the CPSR's other pieces are called with CALL_READS and CALL_WRITES accordingly.
 */
#include "arm_cpu.h"

/* ---- status registers ------------------------------------------------------------------------- */

static bool mode_exists(uint32_t mode)
{
    mode &= CPSR_MODE;
    return mode == MODE_USR || mode == MODE_SYS || arm_bank(mode) != BANK_USR;
}

/* Change the CPSR; not 0 if translated code has to be left for it: another mode word, or an
 * interrupt that waited can be taken now. */
static uint64_t change_cpsr(struct arm_cpu *c, uint32_t value, uint32_t mask)
{
    uint32_t before = arm_mode_word(&c->cpu);
    uint32_t mode = c->cpsr & CPSR_MODE;
    if (!mode_exists(value)) /* UNPREDICTABLE: no change of mode */
        mask &= ~CPSR_MODE;
    arm_set_cpsr(c, value, mask);
    return before != arm_mode_word(&c->cpu) || mode != (c->cpsr & CPSR_MODE) ||
           arm_interrupt(&c->cpu, true);
}

/* The bits of PSR fields c, x, s, f (bits 0-3 of the mask of MSR). */
static uint32_t field_mask(uint32_t fields)
{
    uint32_t m = 0;
    for (unsigned i = 0; i < 4; i++)
        if ((fields >> i & 1) != 0)
            m |= 0xffu << (8 * i);
    return m;
}

/* MSR CPSR: a value, b fields (B1.3.3, CPSRWriteByInstr). */
uint64_t arm_helper_msr_cpsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    struct arm_cpu *m = arm_of(cpu);
    uint32_t mask = field_mask((uint32_t)b);
    mask &= CPSR_N | CPSR_Z | CPSR_C | CPSR_V | CPSR_Q | CPSR_GE | CPSR_E |
            (arm_privileged(m) ? CPSR_A | CPSR_I | CPSR_F | CPSR_MODE : 0);
    return change_cpsr(m, (uint32_t)a, mask);
}

uint64_t arm_helper_msr_spsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    struct arm_cpu *m = arm_of(cpu);
    uint32_t mask = field_mask((uint32_t)b);
    m->spsr = (m->spsr & ~mask) | ((uint32_t)a & mask);
    return 0;
}

/* CPS: a new bits, b which. */
uint64_t arm_helper_cps(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return change_cpsr(arm_of(cpu), (uint32_t)a, (uint32_t)b);
}

/* MRC to r15: bits 31 to 28 to the flags (A8.8.107). */
uint64_t arm_helper_put_nzcv(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    arm_set_cpsr(arm_of(cpu), (uint32_t)a, CPSR_N | CPSR_Z | CPSR_C | CPSR_V);
    return 0;
}

/* Exception return (B1.8.3): CPSR := c, r15 := a; gives the address with T. */
uint32_t arm_exception_return(struct arm_cpu *c, uint32_t pc, uint32_t value)
{
    uint32_t mask = ~0u;
    if (!mode_exists(value))
        mask &= ~CPSR_MODE;
    arm_set_cpsr(c, value, mask);
    c->exclusive_valid = 0;
    c->event = 1;
    return (value & CPSR_T) != 0 ? pc | 1 : pc & ~3u;
}

uint64_t arm_helper_return_spsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    struct arm_cpu *m = arm_of(cpu);
    return arm_exception_return(m, (uint32_t)a, m->spsr);
}

uint64_t arm_helper_return_value(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return arm_exception_return(arm_of(cpu), (uint32_t)a, (uint32_t)b);
}

uint64_t arm_helper_user_get(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    return *arm_user_reg(arm_of(cpu), (unsigned)a & 15);
}

uint64_t arm_helper_user_put(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    *arm_user_reg(arm_of(cpu), (unsigned)a & 15) = (uint32_t)b;
    return 0;
}

/* VFP or SIMD in code that was made without: undefined, or the mode word changes. */
uint64_t arm_helper_use_fp(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)a, (void)b, (void)c;
    struct arm_cpu *m = arm_of(cpu);
    m->fp_code = arm_vfp_enabled(m);
    if (!m->fp_code)
        cpu->exit_request = EXIT_UNDEFINED;
    return 0;
}

/* SRS (B9.3.16): SP of mode a; then set it to b. */
static uint32_t *sp_of_mode(struct arm_cpu *c, uint32_t mode)
{
    enum arm_bank bank = arm_bank(mode);
    return bank == arm_bank(c->cpsr) ? &c->cpu.reg[13] : &c->bank_sp[bank];
}

uint64_t arm_helper_srs_address(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    return *sp_of_mode(arm_of(cpu), (uint32_t)a);
}

uint64_t arm_helper_srs_back(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    *sp_of_mode(arm_of(cpu), (uint32_t)a) = (uint32_t)b;
    return 0;
}

/* ---- the firmware (PSCI), SMC and HVC --------------------------------------------------------- */

uint64_t arm_helper_firmware(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    struct arm_cpu *m = arm_of(cpu);
    if (!arm_privileged(m) || m->hooks == NULL || m->hooks->firmware == NULL ||
        !m->hooks->firmware(m->hooks_to, (uint32_t)a != 0, cpu->reg))
        cpu->exit_request = EXIT_UNDEFINED;
    return 0;
}
