/*
 * The state of the CPU as the manual names it: PSR, windows, FSR, PC and nPC, reset, mode word.
 */
#include "sparc_cpu.h"

#include <stdio.h>
#include <string.h>

/* ---- windows (V8 4.1) -------------------------------------------------------------------------- */

/* Half a window. Copies of it are a few moves; memcpy is a call where there are no built-in functions. */
struct half {
    uint64_t pair[4];
};

static inline void copy(uint32_t *to, const uint32_t *from)
{
    *(struct half *)(void *)to = *(const struct half *)(const void *)from;
}

/* The ins of window w are the outs of window w - 1: here they stay in registers that are at hand. */
static void lower(struct sparc_cpu *c, uint32_t cwp)
{
    copy(c->window[c->cwp], c->local);
    copy(c->window[c->cwp] + 8, c->in);
    copy(c->in, c->cpu.reg);
    copy(c->local, c->window[cwp]);
    copy(c->cpu.reg, c->window[(cwp - 1) % SPARC_WINDOWS] + 8);
}

static void upper(struct sparc_cpu *c, uint32_t cwp)
{
    copy(c->window[c->cwp], c->local);
    copy(c->window[(c->cwp - 1) % SPARC_WINDOWS] + 8, c->cpu.reg);
    copy(c->cpu.reg, c->in);
    copy(c->local, c->window[cwp]);
    copy(c->in, c->window[cwp] + 8);
}

static void far_away(struct sparc_cpu *c, uint32_t cwp)
{
    copy(c->window[c->cwp], c->local);
    copy(c->window[c->cwp] + 8, c->in);
    copy(c->window[(c->cwp - 1) % SPARC_WINDOWS] + 8, c->cpu.reg);
    copy(c->local, c->window[cwp]);
    copy(c->in, c->window[cwp] + 8);
    copy(c->cpu.reg, c->window[(cwp - 1) % SPARC_WINDOWS] + 8);
}

void sparc_set_cwp(struct sparc_cpu *c, uint32_t cwp)
{
    uint32_t distance = (cwp - c->cwp) % SPARC_WINDOWS;
    if (distance == SPARC_WINDOWS - 1)
        lower(c, cwp);
    else if (distance == 1)
        upper(c, cwp);
    else if (distance != 0)
        far_away(c, cwp);
    c->cwp = cwp;
}

/* ---- PSR (V8 4.2) ------------------------------------------------------------------------------ */

#define PSR_KEPT (PSR_EF | PSR_PIL | PSR_S | PSR_PS | PSR_ET)

uint32_t sparc_psr(const struct sparc_cpu *c)
{
    const struct cpu_flags *f = &c->cpu.flags;
    return c->psr_version | c->psr | c->cwp | ((f->nz & NZ_N) != 0 ? PSR_N : 0) |
           ((f->nz & NZ_Z) != 0 ? PSR_Z : 0) | ((f->v & 1) != 0 ? PSR_V : 0) |
           ((f->c & 1) != 0 ? PSR_C : 0);
}

void sparc_set_psr(struct sparc_cpu *c, uint32_t value)
{
    struct cpu_flags *f = &c->cpu.flags;
    f->nz = (uint8_t)(((value & PSR_N) != 0 ? NZ_N : 0) | ((value & PSR_Z) != 0 ? NZ_Z : 0));
    f->v = (value & PSR_V) != 0;
    f->c = (value & PSR_C) != 0;
    c->psr = value & PSR_KEPT;
    sparc_set_cwp(c, value & PSR_CWP);
}

/* ---- FSR (V8 4.4) ------------------------------------------------------------------------------ */

/* aexc and cexc against MXCSR's flags: nx PE, dz ZE, uf UE, of OE, nv IE. */
static const struct {
    uint32_t exc, mxcsr;
} exception_bits[] = {{EXC_NX, 32}, {EXC_DZ, 4}, {EXC_UF, 16}, {EXC_OF, 8}, {EXC_NV, 1}};
/* RD: nearest, zero, +infinity, -infinity, as MXCSR's rounding control. */
static const uint32_t rounding[4] = {0x0000, 0x6000, 0x4000, 0x2000};
#define MXCSR_MASKED 0x1f80u

/* The last FPop once more, for its current exceptions. */
static void settle_current(struct sparc_cpu *c)
{
    uint64_t result;
    if (c->fp_last == 0)
        return;
    uint32_t exceptions = sparc_fp_run(c, c->fp_last, c->fp_a, c->fp_b, &result);
    c->fp_last = 0;
    c->fsr = (c->fsr & ~(FSR_CEXC | FSR_FTT)) | exceptions;
}

uint32_t sparc_fsr(struct sparc_cpu *c)
{
    settle_current(c);
    uint32_t v = c->fsr | c->fsr_version | c->fcc << FSR_FCC_SHIFT;
    for (size_t n = 0; n < sizeof exception_bits / sizeof exception_bits[0]; n++)
        if ((c->cpu.mxcsr & exception_bits[n].mxcsr) != 0)
            v |= exception_bits[n].exc << FSR_AEXC_SHIFT;
    return v;
}

/* LDFSR does not change ver, ftt and qne. */
void sparc_set_fsr(struct sparc_cpu *c, uint32_t value)
{
    settle_current(c);
    c->fsr = (value & (FSR_WRITABLE | FSR_CEXC)) | (c->fsr & FSR_FTT);
    c->fcc = value >> FSR_FCC_SHIFT & 3;
    c->cpu.mxcsr = MXCSR_MASKED | rounding[value >> FSR_RD_SHIFT];
    for (size_t n = 0; n < sizeof exception_bits / sizeof exception_bits[0]; n++)
        if ((value >> FSR_AEXC_SHIFT & exception_bits[n].exc) != 0)
            c->cpu.mxcsr |= exception_bits[n].mxcsr;
}

/* ---- PC, mode, windows of the MMU -------------------------------------------------------------- */

uint32_t sparc_npc(const struct sparc_cpu *c)
{
    return c->delay ? c->npc : c->cpu.pc + 4;
}

void sparc_set_pcs(struct sparc_cpu *c, uint32_t pc, uint32_t npc)
{
    c->cpu.pc = pc;
    c->npc = npc;
    c->delay = npc != pc + 4;
}

void sparc_restore(struct cpu *cpu, unsigned side)
{
    sparc_of(cpu)->delay = side & 1;
}

uint32_t sparc_mode_word(const struct cpu *cpu)
{
    const struct sparc_cpu *c = sparc_of_const(cpu);
    return ((c->psr & PSR_S) != 0 ? SMODE_S : 0) | ((c->psr & PSR_EF) != 0 ? SMODE_EF : 0) |
           (c->delay != 0 ? SMODE_NPC : 0) | ((c->fsr & FSR_TEM) != 0 ? SMODE_TRAPS : 0);
}

void sparc_windows(const struct cpu *cpu, struct window_keys *k)
{
    const struct sparc_cpu *c = sparc_of_const(cpu);
    memset(k, 0, sizeof *k);
    if ((c->mmu.control & MMU_E) == 0) {
        k->main = k->alt = k->choose = (c->mmu.control & MMU_BM) != 0 ? SPARC_KEY_BOOT : 0;
        k->name = SPARC_NAME | k->main;
        return;
    }
    uint64_t user = SPARC_KEY_MAPPED | SPARC_KEY_USER | c->mmu.context;
    k->global_only = sparc_supervisor(c);
    k->main = k->global_only ? SPARC_KEY_MAPPED : user;
    k->alt = k->choose = user;
    k->name = SPARC_NAME | user | (k->global_only ? SPARC_NAME_S : 0);
}

/* ---- reset ------------------------------------------------------------------------------------- */

/* V8 7.2: PC 0, nPC 4, S set, traps disabled; the MMU off, in boot mode. What the board set
 * (identification, hooks) and the translator's own fields stay. */
void sparc_reset(struct cpu *cpu)
{
    struct sparc_cpu *c = sparc_of(cpu);
    memset(cpu->reg, 0, sizeof cpu->reg);
    memset(&cpu->flags, 0, sizeof cpu->flags);
    memset(c->local, 0, sizeof c->local);
    memset(c->in, 0, sizeof c->in);
    memset(c->f, 0, sizeof c->f);
    memset(c->window, 0, sizeof c->window);
    memset(&c->mmu, 0, sizeof c->mmu);
    if (c->psr_version == 0) {
        c->psr_version = 0x04000000; /* microSPARC-II: implementation 0, version 4 */
        c->fsr_version = 4u << 17;
        c->mmu_version = 0x04000000;
    }
    cpu->halted = false;
    c->y = c->tt = c->wim = c->tbr = c->cwp = c->fcc = c->fp_last = 0;
    c->psr = PSR_S;
    c->fsr = 0;
    c->error = false;
    sparc_set_fsr(c, 0);
    c->mmu.control = MMU_BM;
    sparc_set_pcs(c, 0, 4);
}

void sparc_dump(const struct cpu *cpu, char *to, size_t size)
{
    const struct sparc_cpu *c = sparc_of_const(cpu);
    size_t at = 0;
    if (size == 0)
        return;
    to[0] = 0;
    for (unsigned n = 0; n < 32 && at < size; n++)
        at += (size_t)snprintf(to + at, size - at, "%%%c%u %08x%c", "goli"[n >> 3], n & 7,
                               (unsigned)sparc_reg_value(c, n), n % 8 == 7 ? '\n' : ' ');
    if (at < size)
        at += (size_t)snprintf(
            to + at, size - at, "pc %08x npc %08x psr %08x wim %02x tbr %08x y %08x fsr %08x\n",
            (unsigned)cpu->pc, (unsigned)sparc_npc(c), (unsigned)sparc_psr(c), (unsigned)c->wim,
            (unsigned)c->tbr, (unsigned)c->y, (unsigned)c->fsr);
    if (at < size)
        snprintf(to + at, size - at,
                 "mmu control %08x context table %08x context %02x fsr %08x far %08x tt %02x\n",
                 (unsigned)c->mmu.control, (unsigned)c->mmu.context_table, (unsigned)c->mmu.context,
                 (unsigned)c->mmu.fsr, (unsigned)c->mmu.far, (unsigned)c->tt);
}
