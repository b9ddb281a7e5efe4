/*
 * Exceptions and returns from them that stay in translated code: a jump with JUMP_MODE follows.
 *
 * A system call from user mode and the return to user mode are done in one piece, as they come
 * often; whatever is not as usual (GE or ITSTATE not 0, other modes) goes the way of deliver.c and
 * arm_set_cpsr, which these pieces must equal.
 */
#include "arm_cpu.h"

/* What the mode word has of SCTLR and FPSCR, whatever the mode. */
static inline uint32_t mode_of_controls(const struct arm_cpu *c)
{
    uint32_t m = (c->cp15.sctlr & SCTLR_A) != 0 ? AMODE_ALIGN : 0;
    m |= (c->cp15.sctlr & SCTLR_M) == 0 ? AMODE_FLAT : 0;
    if ((c->fpscr & (FPSCR_FZ | FPSCR_DN | FPSCR_LEN | FPSCR_STRIDE)) != 0)
        m |= AMODE_FPEXACT | ((c->fpscr & FPSCR_LEN) != 0 ? AMODE_VECTOR : 0);
    return m;
}

static inline void change_bank(struct arm_cpu *c, enum arm_bank from, enum arm_bank to)
{
    c->bank_sp[from] = c->cpu.reg[13];
    c->bank_lr[from] = c->cpu.reg[14];
    c->bank_spsr[from] = c->spsr;
    c->cpu.reg[13] = c->bank_sp[to];
    c->cpu.reg[14] = c->bank_lr[to];
    c->spsr = c->bank_spsr[to];
}

static inline uint64_t go(struct arm_cpu *c, enum exit_reason why, uint32_t pc, uint32_t mode)
{
    c->cpu.pc = pc;
    vm_redirect_named(&c->cpu, why, arm_window_name(c), mode);
    return pc;
}

static __attribute__((noinline)) uint64_t go_any(struct arm_cpu *c, enum exit_reason why)
{
    return go(c, why, c->cpu.pc, arm_mode_word(&c->cpu));
}

/* ---- system calls ----------------------------------------------------------------------------- */

static __attribute__((noinline)) uint64_t call_any(struct arm_cpu *c, uint32_t next)
{
    c->cpu.pc = next;
    arm_take_call(c);
    return go_any(c, EXIT_CALL);
}

/* SVC: a the next instruction (B1.9.4). */
uint64_t arm_helper_call(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t n)
{
    (void)b, (void)n;
    struct arm_cpu *c = arm_of(cpu);
    const uint32_t kept = CPSR_F | CPSR_I | CPSR_A | CPSR_Q;
    uint32_t next = (uint32_t)a, old = c->cpsr, sctlr = c->cp15.sctlr;
    if (c->ge != 0 || c->it != 0 || (sctlr & (SCTLR_EE | SCTLR_TE)) != 0 ||
        (old & ~kept) != MODE_USR)
        return call_any(c, next);
    const struct cpu_flags *f = &cpu->flags;
    change_bank(c, BANK_USR, BANK_SVC);
    c->spsr = old | (uint32_t)(f->nz & (NZ_N | NZ_Z)) << 24 | (~(uint32_t)f->c & 1) << 29 |
              (uint32_t)(f->v & 1) << 28 | (next & 1) << 5;
    c->cpsr = (old ^ MODE_USR) | MODE_SVC | CPSR_I;
    c->fp_code = false;
    c->exclusive_valid = 0;
    cpu->reg[14] = next & ~1u;
    return go(c, EXIT_CALL, c->vectors + 0x08, mode_of_controls(c) | AMODE_PRIV | AMODE_SVC);
}

/* ---- returns ---------------------------------------------------------------------------------- */

static __attribute__((noinline)) uint64_t return_any(struct arm_cpu *c, uint32_t pc, uint32_t value)
{
    c->cpu.pc = arm_exception_return(c, pc, value);
    return go_any(c, EXIT_STATE);
}

/* CPSR := value, r15 := pc (B1.8.3). */
static inline uint64_t return_to(struct arm_cpu *c, uint32_t pc, uint32_t value)
{
    const uint32_t others = CPSR_MODE | CPSR_E | CPSR_IT | CPSR_J | CPSR_GE;
    enum arm_bank from = arm_bank(c->cpsr);
    if ((value & others) != MODE_USR || c->ge != 0 || from == BANK_USR || from == BANK_FIQ)
        return return_any(c, pc, value);
    change_bank(c, from, BANK_USR);
    c->cpu.flags.nz = (uint8_t)(value >> 24 & (NZ_N | NZ_Z));
    c->cpu.flags.c = (~value >> 29) & 1;
    c->cpu.flags.v = (value >> 28) & 1;
    c->cpsr = value & (CPSR_MODE | CPSR_F | CPSR_I | CPSR_A | CPSR_Q);
    c->it = 0;
    c->fp_code = false;
    c->exclusive_valid = 0;
    c->event = 1;
    return go(c, EXIT_STATE, (value & CPSR_T) != 0 ? pc | 1 : pc & ~3u,
              mode_of_controls(c) | (arm_vfp_enabled(c) ? AMODE_VFP : 0));
}

uint64_t arm_helper_go_spsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    return return_to(arm_of(cpu), (uint32_t)a, arm_of(cpu)->spsr);
}

uint64_t arm_helper_go_value(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return return_to(arm_of(cpu), (uint32_t)a, (uint32_t)b);
}
