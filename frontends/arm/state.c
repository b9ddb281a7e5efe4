/*
 * The state of the CPU as the manual names it: CPSR, banked registers, FPSCR, reset, mode word.
 *
 * Translated code keeps the CPSR in pieces (arm_cpu.h) so that each is one access; everything that
 * needs the whole goes through arm_cpsr and arm_set_cpsr. Banking copies: the registers of the
 * current mode are in cpu.reg, those of the other modes in the bank arrays; the slots of the current
 * bank are stale. User and System mode share a bank and have no SPSR.
 */
#include "arm_cpu.h"

#include <stdio.h>
#include <string.h>

uint32_t *arm_user_reg(struct arm_cpu *c, unsigned n)
{
    enum arm_bank bank = arm_bank(c->cpsr);
    if (bank == BANK_FIQ && n >= 8 && n <= 12)
        return &c->bank_r8_12[0][n - 8];
    if (bank != BANK_USR && n == 13)
        return &c->bank_sp[BANK_USR];
    if (bank != BANK_USR && n == 14)
        return &c->bank_lr[BANK_USR];
    return &c->cpu.reg[n];
}

void arm_change_mode(struct arm_cpu *c, uint32_t mode)
{
    enum arm_bank from = arm_bank(c->cpsr), to = arm_bank(mode);
    c->cpsr = (c->cpsr & ~CPSR_MODE) | (mode & CPSR_MODE);
    c->fp_code = false;
    if (from == to)
        return;
    c->bank_sp[from] = c->cpu.reg[13];
    c->bank_lr[from] = c->cpu.reg[14];
    c->bank_spsr[from] = c->spsr;
    c->cpu.reg[13] = c->bank_sp[to];
    c->cpu.reg[14] = c->bank_lr[to];
    c->spsr = c->bank_spsr[to];
    if (from == BANK_FIQ || to == BANK_FIQ) {
        memcpy(c->bank_r8_12[from == BANK_FIQ], &c->cpu.reg[8], sizeof c->bank_r8_12[0]);
        memcpy(&c->cpu.reg[8], c->bank_r8_12[to == BANK_FIQ], sizeof c->bank_r8_12[0]);
    }
}

uint32_t arm_ge(const struct arm_cpu *c)
{
    uint32_t t = c->ge >> 7;
    return (t | t >> 7 | t >> 14 | t >> 21) & 15;
}

void arm_set_ge(struct arm_cpu *c, uint32_t ge)
{
    c->ge = 0;
    for (unsigned n = 0; n < 4; n++)
        c->ge |= (ge >> n & 1) << (8 * n + 7);
    c->cpu.own[OWN_GE] = ge != 0;
}

/* B1.3.3. ITSTATE[7:2] is CPSR[15:10], ITSTATE[1:0] is CPSR[26:25]. */
uint32_t arm_cpsr(const struct arm_cpu *c)
{
    uint32_t v = c->cpsr & (CPSR_MODE | CPSR_F | CPSR_I | CPSR_A | CPSR_E | CPSR_J | CPSR_Q);
    v |= (uint32_t)(c->cpu.flags.nz & (NZ_N | NZ_Z)) << 24;
    v |= (~(uint32_t)c->cpu.flags.c & 1) << 29 | (uint32_t)(c->cpu.flags.v & 1) << 28;
    v |= (c->cpu.pc & 1) << 5; /* T */
    if (c->ge != 0)
        v |= arm_ge(c) << 16;
    v |= (uint32_t)(c->it >> 2) << 10 | (uint32_t)(c->it & 3) << 25;
    return v;
}

void arm_set_cpsr(struct arm_cpu *c, uint32_t value, uint32_t mask)
{
    uint32_t kept = CPSR_F | CPSR_I | CPSR_A | CPSR_E | CPSR_Q;
    if ((mask & (CPSR_N | CPSR_Z)) != 0) {
        uint8_t nz = (uint8_t)(mask >> 24) & (NZ_N | NZ_Z);
        c->cpu.flags.nz = (uint8_t)((c->cpu.flags.nz & ~nz) | (value >> 24 & nz));
    }
    if ((mask & CPSR_C) != 0)
        c->cpu.flags.c = (value & CPSR_C) == 0;
    if ((mask & CPSR_V) != 0)
        c->cpu.flags.v = (value & CPSR_V) != 0;
    if ((mask & CPSR_T) != 0)
        c->cpu.pc = (c->cpu.pc & ~1u) | ((value & CPSR_T) != 0);
    if ((mask & CPSR_GE) != 0) {
        uint32_t ge = (mask & CPSR_GE) >> 16;
        if ((c->ge | (value & mask & CPSR_GE)) != 0)
            arm_set_ge(c, (arm_ge(c) & ~ge) | ((value >> 16) & ge));
    }
    if ((mask & CPSR_IT) != 0)
        c->it = ((value >> 10) & 0x3f) << 2 | ((value >> 25) & 3);
    c->cpsr = (c->cpsr & ~(mask & kept)) | (value & mask & kept);
    if ((mask & CPSR_MODE) == 0)
        return;
    arm_change_mode(c, value);
}

/* FPSCR exception bits against MXCSR's: IOC IE, DZC ZE, OFC OE, UFC UE, IXC PE. */
static const struct {
    uint32_t fpscr, mxcsr;
} exception_bits[] = {{1, 1}, {2, 4}, {4, 8}, {8, 16}, {16, 32}};
/* RMode: nearest, +infinity, -infinity, zero, as MXCSR's rounding control. */
static const uint32_t rounding[4] = {0x0000, 0x4000, 0x2000, 0x6000};
#define MXCSR_FLAGS      0x003du
#define MXCSR_MASKED     0x1f80u
#define FPSCR_CUMULATIVE 0x1fu
#define FPSCR_WRITABLE   0xfff7009fu

uint32_t arm_fpscr(const struct arm_cpu *c)
{
    uint32_t v = c->fpscr & ~FPSCR_CUMULATIVE;
    for (size_t i = 0; i < sizeof exception_bits / sizeof exception_bits[0]; i++)
        if ((c->cpu.mxcsr & exception_bits[i].mxcsr) != 0)
            v |= exception_bits[i].fpscr;
    return v;
}

void arm_set_fpscr(struct arm_cpu *c, uint32_t value)
{
    value &= FPSCR_WRITABLE;
    c->fpscr = value & ~FPSCR_CUMULATIVE;
    c->cpu.mxcsr = MXCSR_MASKED | rounding[(value & FPSCR_RMODE) >> 22];
    for (size_t i = 0; i < sizeof exception_bits / sizeof exception_bits[0]; i++)
        if ((value & exception_bits[i].fpscr) != 0)
            c->cpu.mxcsr |= exception_bits[i].mxcsr;
}

/* Privileged code rarely uses VFP, but runs with it enabled or not as the process it works for has
 * used it: it is translated as if it were not, and the first use sets fp_code. */
uint32_t arm_mode_word(const struct cpu *cpu)
{
    const struct arm_cpu *c = arm_of_const(cpu);
    bool user = !arm_privileged(c);
    uint32_t m = (uint32_t)c->it << AMODE_IT_SHIFT;
    m |= user ? 0 : AMODE_PRIV;
    m |= (c->cpsr & CPSR_E) != 0 ? AMODE_BIG : 0;
    m |= (c->cp15.sctlr & SCTLR_A) != 0 ? AMODE_ALIGN : 0;
    m |= (user || c->fp_code) && arm_vfp_enabled(c) ? AMODE_VFP : 0;
    m |= (c->fpscr & (FPSCR_FZ | FPSCR_DN | FPSCR_LEN | FPSCR_STRIDE)) != 0 ? AMODE_FPEXACT : 0;
    m |= (c->fpscr & FPSCR_LEN) != 0 ? AMODE_VECTOR : 0;
    m |= (c->cpsr & CPSR_MODE) == MODE_SVC ? AMODE_SVC : 0;
    m |= (c->cp15.sctlr & SCTLR_M) == 0 ? AMODE_FLAT : 0;
    return m;
}

void arm_windows(const struct cpu *cpu, struct window_keys *k)
{
    const struct arm_cpu *c = arm_of_const(cpu);
    uint64_t name = arm_window_name(c), user = name & ~ARM_NAME_PRIVILEGED;
    *k = (struct window_keys){.name = name};
    if (name == ARM_NAME_FLAT)
        return;
    k->global_only = (name & ARM_NAME_PRIVILEGED) != 0;
    k->main = k->global_only ? ARM_KEY_MAPPED : user;
    k->alt = k->choose = user;
    k->nothing = k->global_only && (user & ARM_KEY_DENIED) != 0;
    /* A call does no more than change the mode if it is taken in A32, little-endian. */
    if ((c->cp15.sctlr & (SCTLR_EE | SCTLR_TE)) == 0)
        k->other = name ^ ARM_NAME_PRIVILEGED;
}

void arm_restore(struct cpu *cpu, unsigned side)
{
    arm_of(cpu)->it = (uint8_t)side;
}

/* SCTLR at reset (B4.1.130): bits that read as one, alignment checking and the MMU off. */
#define SCTLR_RESET 0x00c50078u

/* B1.9.1. Registers are unknown at reset; zero here. What the board set (hooks, identification)
 * and the translator's own fields stay. */
void arm_reset(struct cpu *cpu)
{
    struct arm_cpu *c = arm_of(cpu);
    memset(cpu->reg, 0, sizeof cpu->reg);
    memset(&cpu->flags, 0, sizeof cpu->flags);
    memset(&c->vfp, 0, sizeof c->vfp);
    memset(c->bank_sp, 0, sizeof c->bank_sp);
    memset(c->bank_lr, 0, sizeof c->bank_lr);
    memset(c->bank_spsr, 0, sizeof c->bank_spsr);
    memset(c->bank_r8_12, 0, sizeof c->bank_r8_12);
    memset(&c->cp15, 0, sizeof c->cp15);
    cpu->flags.c = 1;
    cpu->pc = 0;
    cpu->halted = false;
    c->cpsr = MODE_SVC | CPSR_F | CPSR_I | CPSR_A;
    arm_set_ge(c, 0);
    c->it = 0;
    c->spsr = 0;
    c->exclusive_valid = 0;
    c->event = 0;
    c->fpexc = 0;
    arm_set_user_vfp(c);
    c->global_dacr = c->process_domains = c->process_dacr = 0;
    c->cp15.sctlr = SCTLR_RESET;
    arm_set_vectors(c);
    c->cp15.prrr = 0x00098aa4;
    c->cp15.nmrr = 0x44e048e0;
    if (c->midr == 0)
        c->midr = 0x412fc0f1;
    if (c->mpidr == 0)
        c->mpidr = 0xc0000000; /* multiprocessing extensions' format, one processor */
    arm_set_fpscr(c, 0);
}

void arm_dump(const struct cpu *cpu, char *to, size_t size)
{
    const struct arm_cpu *c = arm_of_const(cpu);
    size_t at = 0;
    if (size == 0)
        return;
    to[0] = 0;
    for (unsigned n = 0; n < 16 && at < size; n++)
        at += (size_t)snprintf(to + at, size - at, "r%-2u %08x%c", n,
                               (unsigned)(n == 15 ? cpu->pc & ~1u : cpu->reg[n]),
                               n % 4 == 3 ? '\n' : ' ');
    if (at < size)
        at += (size_t)snprintf(to + at, size - at, "cpsr %08x spsr %08x it %02x sctlr %08x\n",
                               (unsigned)arm_cpsr(c), (unsigned)c->spsr, c->it,
                               (unsigned)c->cp15.sctlr);
    if (at < size)
        at += (size_t)snprintf(
            to + at, size - at,
            "ttbr0 %010llx ttbr1 %010llx ttbcr %08x dacr %08x contextidr %08x\n"
            "dfsr %08x dfar %08x ifsr %08x ifar %08x vbar %08x fpexc %08x fpscr %08x\n",
            (unsigned long long)c->cp15.ttbr0, (unsigned long long)c->cp15.ttbr1,
            (unsigned)c->cp15.ttbcr, (unsigned)c->cp15.dacr, (unsigned)c->cp15.contextidr,
            (unsigned)c->cp15.dfsr, (unsigned)c->cp15.dfar, (unsigned)c->cp15.ifsr,
            (unsigned)c->cp15.ifar, (unsigned)c->cp15.vbar, (unsigned)c->fpexc,
            (unsigned)arm_fpscr(c));
}
