/*
 * System registers: the table of all that exist, and what accesses do beyond storing.
 *
 * Anything not in the table is an undefined instruction. Cache maintenance does nothing: code in RAM
 * is tracked by writes, and memory is coherent. Translation table registers do not flush: windows
 * are tagged by ASID and DACR, and software names what it changed, as for a TLB; only controls that
 * no key holds flush what was translated under the old ones.
 */
#include "sysreg.h"

#include <translator/board.h>

#define HERE(field) ((uint16_t)offsetof(struct arm_cpu, field))

typedef struct arm_cpu cpu15;
typedef struct arm_sysreg reg;

/* ---- control ---------------------------------------------------------------------------------- */

#define SCTLR_FIXED    0x00c50078u
#define SCTLR_WRITABLE 0x72003c07u
#define CPACR_WRITABLE 0xc0f00000u
#define TTBCR_WRITABLE 0x80000037u
#define TTBCR_LONG     0xffff3f87u

static void flush_mapped(cpu15 *c)
{
    window_flush(c->cpu.vm, ARM_KEY_MAPPED, ARM_KEY_MAPPED);
}

static void sctlr_write(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r;
    uint32_t old = c->cp15.sctlr;
    c->cp15.sctlr = SCTLR_FIXED | ((uint32_t)v & SCTLR_WRITABLE);
    arm_set_vectors(c);
    windows_forget_near(c->cpu.vm);
    if (((old ^ c->cp15.sctlr) & (SCTLR_AFE | SCTLR_TRE | SCTLR_EE)) != 0)
        flush_mapped(c);
}

static void cpacr_write(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r;
    c->cp15.cpacr = (uint32_t)v & CPACR_WRITABLE;
    arm_set_user_vfp(c);
}

static void ttbcr_write(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r;
    uint32_t old = c->cp15.ttbcr;
    c->cp15.ttbcr = (uint32_t)v & ((v & TTBCR_EAE) != 0 ? TTBCR_LONG : TTBCR_WRITABLE);
    windows_forget_near(c->cpu.vm);
    /* A1 selects the ASID, which keys hold. */
    if (((old ^ c->cp15.ttbcr) & ~0x00400000u) != 0)
        flush_mapped(c);
}

/* Memory types: PRRR and NMRR, or MAIR0 and MAIR1. */
static void memory_type_write(cpu15 *c, const reg *r, uint64_t v)
{
    uint32_t *to = (uint32_t *)(void *)((char *)c + r->offset);
    if (*to != (uint32_t)v)
        flush_mapped(c);
    *to = (uint32_t)v;
}

/* Keys have only the fields of domains that process-dependent pages are in, as global pages seldom
 * are in a domain that is switched; if this write switches one of theirs, all windows are void. It
 * is privileged, so the window in use stays and only those for user memory change. */
uint64_t arm_helper_put_dacr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t n)
{
    (void)b, (void)n;
    cpu15 *c = arm_of(cpu);
    uint32_t changed = c->cp15.dacr ^ (uint32_t)a;
    c->cp15.dacr = (uint32_t)a;
    if ((changed & c->global_dacr) != 0) {
        c->global_dacr = 0;
        flush_mapped(c);
    }
    if ((changed & c->process_dacr) != 0)
        windows_switch_named(cpu->vm, arm_window_name(c));
    if (!arm_long_descriptors(c))
        windows_view(cpu->vm, c->cp15.dacr, c->global_dacr);
    return 0;
}

static void dacr_write(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r;
    arm_helper_put_dacr(&c->cpu, v, 0, 0);
}

/* What keys depend on. */
static void key_write(cpu15 *c, const reg *r, uint64_t v)
{
    windows_forget_near(c->cpu.vm);
    *(uint32_t *)(void *)((char *)c + r->offset) = (uint32_t)v;
}
static uint64_t wide_read(cpu15 *c, const reg *r)
{
    return *(uint64_t *)(void *)((char *)c + r->offset);
}
static void wide_write(cpu15 *c, const reg *r, uint64_t v)
{
    windows_forget_near(c->cpu.vm);
    *(uint64_t *)(void *)((char *)c + r->offset) = v;
}
static void vbar_write(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r;
    c->cp15.vbar = (uint32_t)v & ~31u;
    arm_set_vectors(c);
}

/* Cache sizes by CSSELR (B4.1.19): level 1 data, instruction; level 2. */
static uint64_t ccsidr_read(cpu15 *c, const reg *r)
{
    static const uint32_t sizes[] = {0x701fe00a, 0x201fe00a, 0x711fe07a, 0};
    (void)r;
    return sizes[c->cp15.csselr < 3 ? c->cp15.csselr : 3];
}

/* ISR: pending interrupts, FIQ in bit 6, IRQ in bit 7 (B4.1.100 without the virtual ones). */
static uint64_t isr_read(cpu15 *c, const reg *r)
{
    (void)r;
    return ((c->cpu.lines & CPU_FIQ) != 0 ? 0x40 : 0) | ((c->cpu.lines & CPU_IRQ) != 0 ? 0x80 : 0);
}

/* ---- TLB maintenance (B4.2.2) ----------------------------------------------------------------- */

static void tlb_all(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r, (void)v;
    flush_mapped(c);
}

/* By address: the entry may be a global page, so it concerns every window. */
static void tlb_page(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r;
    window_flush_page(c->cpu.vm, ARM_KEY_MAPPED, ARM_KEY_MAPPED, (uint32_t)v & GUEST_PAGE_MASK);
}

static void tlb_asid(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r;
    window_flush(c->cpu.vm, ARM_KEY_CLASS | ARM_KEY_ASID,
                 ARM_KEY_CLASS | arm_key_asid((uint32_t)v));
}

/* The guest waits until what it flushed is gone. */
static void barrier_write(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r, (void)v;
    windows_complete(c->cpu.vm);
}

/* ---- address translation: ATS1C** to PAR (B4.2.4, B4.1.112) ----------------------------------- */

#define PAR_FAULT 1u
#define PAR_SUPER 2u
#define PAR_LPAE  0x800u

static uint64_t par_of(const cpu15 *c, const struct walk *w)
{
    bool extended = arm_long_descriptors(c);
    if (w->status != 0) {
        uint32_t fs = extended ? w->status & 0x3f : (w->status & 15) | (w->status >> 6 & 16);
        return PAR_FAULT | fs << 1 | (extended ? PAR_LPAE : 0);
    }
    if (extended)
        return (w->phys & 0xfffffff000ull) | PAR_LPAE | (w->device ? 4ull : 0xffull) << 56;
    /* inner and outer attributes: device, or normal write-back (shareable) */
    uint32_t attributes = w->device ? 3u << 4 : 7u << 4 | 3u << 2;
    if (w->phys >> 32 != 0 || w->size == 0x1000000)
        return PAR_SUPER | attributes | (w->phys & 0xff000000) | (w->phys >> 32 & 0xff) << 16;
    return attributes | (w->phys & GUEST_PAGE_MASK);
}

/* op2: 0 privileged read, 1 privileged write, 2 user read, 3 user write */
static void translate_write(cpu15 *c, const reg *r, uint64_t v)
{
    struct walk w;
    unsigned kind = (r->op2 & 1 ? ACCESS_WRITE : ACCESS_READ) | (r->op2 & 2 ? ACCESS_USER : 0);
    arm_walk(&c->cpu, (uint32_t)v, kind, &w);
    c->cp15.par = par_of(c, &w);
}

/* ---- performance monitors (B4.1.116 and following): the cycle counter only -------------------- */

#define PMCR_FIXED        0x410f0000u /* implementer, IDCODE 0x0f (Cortex-A15), no event counters */
#define PM_CYCLES         0x80000000u
#define PMCR_RESET_CYCLES 4u

/* User mode may use the counters if PMUSERENR.EN says so. */
static bool monitor_refused(cpu15 *c)
{
    if (arm_privileged(c) || (c->cp15.pmuserenr & 1) != 0)
        return false;
    c->cpu.exit_request = EXIT_UNDEFINED;
    return true;
}

static uint64_t pm_read(cpu15 *c, const reg *r)
{
    if (monitor_refused(c))
        return 0;
    if (r->crm == 13 && r->op2 == 0)
        return (uint32_t)(vm_time(c->cpu.vm) - c->cp15.pmccntr);
    if (r->offset == 0)
        return r->value;
    uint32_t v = *(uint32_t *)(void *)((char *)c + r->offset);
    return r->crm == 12 && r->op2 == 0 ? PMCR_FIXED | v : v;
}

static void pmcr_write(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r;
    if (monitor_refused(c))
        return;
    c->cp15.pmcr = (uint32_t)v & 0x39;
    if ((v & PMCR_RESET_CYCLES) != 0)
        c->cp15.pmccntr = vm_time(c->cpu.vm);
}

static void pmccntr_write(cpu15 *c, const reg *r, uint64_t v)
{
    (void)r;
    if (!monitor_refused(c))
        c->cp15.pmccntr = vm_time(c->cpu.vm) - (uint32_t)v;
}

/* Set and clear registers of the one counter: bit 31. */
static void pm_set_write(cpu15 *c, const reg *r, uint64_t v)
{
    if (!monitor_refused(c))
        *(uint32_t *)(void *)((char *)c + r->offset) |= (uint32_t)v & PM_CYCLES;
}
static void pm_clear_write(cpu15 *c, const reg *r, uint64_t v)
{
    if (!monitor_refused(c))
        *(uint32_t *)(void *)((char *)c + r->offset) &= ~((uint32_t)v & PM_CYCLES);
}
static void pm_plain_write(cpu15 *c, const reg *r, uint64_t v)
{
    if (!monitor_refused(c) && r->offset != 0)
        *(uint32_t *)(void *)((char *)c + r->offset) = (uint32_t)v & 31;
}

/* ---- generic timer (B8.2): the board's -------------------------------------------------------- */

/* CNTKCTL bits that let user mode in: counters, and by crm (2 physical, 3 virtual) the timers. */
static bool timer_allowed(const cpu15 *c, const reg *r, bool wide)
{
    uint32_t k = c->cp15.cntkctl;
    if (arm_privileged(c))
        return true;
    if (wide)
        return (k >> (r->op1 == 0 ? 0 : r->op1 == 1 ? 1 : r->op1 == 2 ? 9 : 8) & 1) != 0;
    if (r->crm == 0)
        return (k & 3) != 0;
    return (k >> (r->crm == 2 ? 9 : 8) & 1) != 0;
}

static uint64_t timer_access(cpu15 *c, const reg *r, bool write, uint64_t value)
{
    bool wide = r->crn == 0;
    if (!timer_allowed(c, r, wide) || c->hooks == NULL || c->hooks->timer == NULL ||
        !c->hooks->timer(c->hooks_to, write, wide ? 14 : r->crn, r->op1, r->crm, r->op2, wide,
                         &value)) {
        c->cpu.exit_request = EXIT_UNDEFINED;
        return 0;
    }
    return value;
}

static uint64_t timer_read(cpu15 *c, const reg *r)
{
    return timer_access(c, r, false, 0);
}
static void timer_write(cpu15 *c, const reg *r, uint64_t v)
{
    timer_access(c, r, true, v);
}

/* ---- the table -------------------------------------------------------------------------------- */

#define RO  PRIV_READ
#define RW  (PRIV_READ | PRIV_WRITE)
#define WO  PRIV_WRITE
#define URW (RW | USER_READ | USER_WRITE)
#define UWO (WO | USER_WRITE)

/* Sections are those of DDI 0406C; values of ID registers are a Cortex-A15's without the security,
 * virtualization, ThumbEE and Jazelle extensions and with baseline debug only (DDI 0438, 4.2).
 * CONST: fixed value; STATE: plain state; KEY: plain state that window keys depend on; NOTHING:
 * a write does nothing; CALL: handlers; CALLX: handlers that may refuse. */
#define CONST(crn, op1, crm, op2, name, v, sec) \
    {15, crn, op1, crm, op2, name, RO, false, false, 0, v, NULL, NULL, sec},
#define STATE(crn, op1, crm, op2, name, rights, field, sec) \
    {15, crn, op1, crm, op2, name, rights, false, false, HERE(field), 0, NULL, NULL, sec},
#define KEY(crn, op1, crm, op2, name, rights, field, sec) \
    {15, crn, op1, crm, op2, name, rights, false, true, HERE(field), 0, NULL, key_write, sec},
#define NOTHING(crn, op1, crm, op2, name, rights, sec) \
    {15, crn, op1, crm, op2, name, rights, false, false, 0, 0, NULL, NULL, sec},
#define CALL(crn, op1, crm, op2, name, rights, leave, offset, rd, wr, sec) \
    {15, crn, op1, crm, op2, name, rights, false, leave, offset, 0, rd, wr, sec},
#define CALLX(crn, op1, crm, op2, name, rights, offset, rd, wr, sec) \
    {15, crn, op1, crm, op2, name, rights, true, false, offset, 0, rd, wr, sec},
#define DEBUG(crn, op1, crm, op2, name, rights, sec) \
    {14, crn, op1, crm, op2, name, rights, false, false, 0, 0, NULL, NULL, sec},

/* clang-format off */
const struct arm_sysreg arm_sysregs[] = {
    CONST(0, 0, 0, 1, "CTR", 0x8444c004, "B4.1.42")
    STATE(0, 0, 0, 0, "MIDR", RO, midr, "B4.1.105")
    CONST(0, 0, 0, 2, "TCMTR", 0, "B4.1.132")
    CONST(0, 0, 0, 3, "TLBTR", 0, "B4.1.142")
    STATE(0, 0, 0, 4, "MIDR", RO, midr, "B4.1.105")
    STATE(0, 0, 0, 5, "MPIDR", RO, mpidr, "B4.1.106")
    CONST(0, 0, 0, 6, "REVIDR", 0, "B4.1.127")
    STATE(0, 0, 0, 7, "MIDR", RO, midr, "B4.1.105")
    CONST(0, 0, 1, 0, "ID_PFR0", 0x00000131, "B4.1.93")
    CONST(0, 0, 1, 1, "ID_PFR1", 0x00010001, "B4.1.94")
    CONST(0, 0, 1, 2, "ID_DFR0", 0x02000004, "B4.1.82")
    CONST(0, 0, 1, 3, "ID_AFR0", 0, "B4.1.81")
    CONST(0, 0, 1, 4, "ID_MMFR0", 0x10201105, "B4.1.89")
    CONST(0, 0, 1, 5, "ID_MMFR1", 0x20000000, "B4.1.90")
    CONST(0, 0, 1, 6, "ID_MMFR2", 0x01240000, "B4.1.91")
    CONST(0, 0, 1, 7, "ID_MMFR3", 0x02102211, "B4.1.92")
    CONST(0, 0, 2, 0, "ID_ISAR0", 0x02101110, "B4.1.83")
    CONST(0, 0, 2, 1, "ID_ISAR1", 0x03112111, "B4.1.84")
    CONST(0, 0, 2, 2, "ID_ISAR2", 0x21232041, "B4.1.85")
    CONST(0, 0, 2, 3, "ID_ISAR3", 0x01112131, "B4.1.86")
    CONST(0, 0, 2, 4, "ID_ISAR4", 0x10010142, "B4.1.87")
    CONST(0, 0, 2, 5, "ID_ISAR5", 0, "B4.1.88")
    CONST(0, 0, 2, 6, "ID_ISAR6", 0, "B7.1.2")
    CONST(0, 0, 2, 7, "ID_ISAR7", 0, "B7.1.2")
    CALL(0, 1, 0, 0, "CCSIDR", RO, false, 0, ccsidr_read, NULL, "B4.1.19")
    CONST(0, 1, 0, 1, "CLIDR", 0x0a200023, "B4.1.20")
    CONST(0, 1, 0, 7, "AIDR", 0, "B4.1.3")
    STATE(0, 2, 0, 0, "CSSELR", RW, cp15.csselr, "B4.1.41")
    CALL(1, 0, 0, 0, "SCTLR", RW, true, HERE(cp15.sctlr), NULL, sctlr_write, "B4.1.130")
    STATE(1, 0, 0, 1, "ACTLR", RW, cp15.actlr, "B4.1.1")
    CALL(1, 0, 0, 2, "CPACR", RW, true, HERE(cp15.cpacr), NULL, cpacr_write, "B4.1.40")
    KEY(2, 0, 0, 0, "TTBR0", RW, cp15.ttbr0, "B4.1.154")
    KEY(2, 0, 0, 1, "TTBR1", RW, cp15.ttbr1, "B4.1.155")
    CALL(2, 0, 0, 2, "TTBCR", RW, true, HERE(cp15.ttbcr), NULL, ttbcr_write, "B4.1.153")
    CALL(3, 0, 0, 0, "DACR", RW, false, HERE(cp15.dacr), NULL, dacr_write, "B4.1.43")
    STATE(5, 0, 0, 0, "DFSR", RW, cp15.dfsr, "B4.1.52")
    STATE(5, 0, 0, 1, "IFSR", RW, cp15.ifsr, "B4.1.96")
    STATE(5, 0, 1, 0, "ADFSR", RW, cp15.adfsr, "B4.1.2")
    STATE(5, 0, 1, 1, "AIFSR", RW, cp15.aifsr, "B4.1.2")
    STATE(6, 0, 0, 0, "DFAR", RW, cp15.dfar, "B4.1.51")
    STATE(6, 0, 0, 2, "IFAR", RW, cp15.ifar, "B4.1.95")
    NOTHING(7, 0, 0, 4, "WFI", WO, "D12.7.5")
    NOTHING(7, 0, 1, 0, "ICIALLUIS", WO, "B4.2.1")
    NOTHING(7, 0, 1, 6, "BPIALLIS", WO, "B4.2.1")
    STATE(7, 0, 4, 0, "PAR", RW, cp15.par, "B4.1.112")
    NOTHING(7, 0, 5, 0, "ICIALLU", WO, "B4.2.1")
    NOTHING(7, 0, 5, 1, "ICIMVAU", WO, "B4.2.1")
    NOTHING(7, 0, 5, 4, "CP15ISB", UWO, "B4.2.5")
    NOTHING(7, 0, 5, 6, "BPIALL", WO, "B4.2.1")
    NOTHING(7, 0, 5, 7, "BPIMVA", WO, "B4.2.1")
    NOTHING(7, 0, 6, 1, "DCIMVAC", WO, "B4.2.1")
    NOTHING(7, 0, 6, 2, "DCISW", WO, "B4.2.1")
    CALL(7, 0, 8, 0, "ATS1CPR", WO, false, 0, NULL, translate_write, "B4.2.4")
    CALL(7, 0, 8, 1, "ATS1CPW", WO, false, 0, NULL, translate_write, "B4.2.4")
    CALL(7, 0, 8, 2, "ATS1CUR", WO, false, 0, NULL, translate_write, "B4.2.4")
    CALL(7, 0, 8, 3, "ATS1CUW", WO, false, 0, NULL, translate_write, "B4.2.4")
    NOTHING(7, 0, 10, 1, "DCCMVAC", WO, "B4.2.1")
    NOTHING(7, 0, 10, 2, "DCCSW", WO, "B4.2.1")
    CALL(7, 0, 10, 4, "CP15DSB", UWO, false, 0, NULL, barrier_write, "B4.2.5")
    NOTHING(7, 0, 10, 5, "CP15DMB", UWO, "B4.2.5")
    NOTHING(7, 0, 11, 1, "DCCMVAU", WO, "B4.2.1")
    NOTHING(7, 0, 13, 1, "(prefetch)", WO, "D15.7.3")
    NOTHING(7, 0, 14, 1, "DCCIMVAC", WO, "B4.2.1")
    NOTHING(7, 0, 14, 2, "DCCISW", WO, "B4.2.1")
    CALL(8, 0, 3, 0, "TLBIALLIS", WO, false, 0, NULL, tlb_all, "B4.2.2")
    CALL(8, 0, 3, 1, "TLBIMVAIS", WO, false, 0, NULL, tlb_page, "B4.2.2")
    CALL(8, 0, 3, 2, "TLBIASIDIS", WO, false, 0, NULL, tlb_asid, "B4.2.2")
    CALL(8, 0, 3, 3, "TLBIMVAAIS", WO, false, 0, NULL, tlb_page, "B4.2.2")
    CALL(8, 0, 5, 0, "ITLBIALL", WO, false, 0, NULL, tlb_all, "B4.2.2")
    CALL(8, 0, 5, 1, "ITLBIMVA", WO, false, 0, NULL, tlb_page, "B4.2.2")
    CALL(8, 0, 5, 2, "ITLBIASID", WO, false, 0, NULL, tlb_asid, "B4.2.2")
    CALL(8, 0, 6, 0, "DTLBIALL", WO, false, 0, NULL, tlb_all, "B4.2.2")
    CALL(8, 0, 6, 1, "DTLBIMVA", WO, false, 0, NULL, tlb_page, "B4.2.2")
    CALL(8, 0, 6, 2, "DTLBIASID", WO, false, 0, NULL, tlb_asid, "B4.2.2")
    CALL(8, 0, 7, 0, "TLBIALL", WO, false, 0, NULL, tlb_all, "B4.2.2")
    CALL(8, 0, 7, 1, "TLBIMVA", WO, false, 0, NULL, tlb_page, "B4.2.2")
    CALL(8, 0, 7, 2, "TLBIASID", WO, false, 0, NULL, tlb_asid, "B4.2.2")
    CALL(8, 0, 7, 3, "TLBIMVAA", WO, false, 0, NULL, tlb_page, "B4.2.2")
    CALLX(9, 0, 12, 0, "PMCR", URW, HERE(cp15.pmcr), pm_read, pmcr_write, "B4.1.117")
    CALLX(9, 0, 12, 1, "PMCNTENSET", URW, HERE(cp15.pmcntenset), pm_read, pm_set_write, "B4.1.116")
    CALLX(9, 0, 12, 2, "PMCNTENCLR", URW, HERE(cp15.pmcntenset), pm_read, pm_clear_write, "B4.1.115")
    CALLX(9, 0, 12, 3, "PMOVSR", URW, HERE(cp15.pmovsr), pm_read, pm_clear_write, "B4.1.121")
    CALLX(9, 0, 12, 4, "PMSWINC", UWO, 0, NULL, pm_plain_write, "B4.1.124")
    CALLX(9, 0, 12, 5, "PMSELR", URW, HERE(cp15.pmselr), pm_read, pm_plain_write, "B4.1.123")
    CALLX(9, 0, 12, 6, "PMCEID0", RO | USER_READ, 0, pm_read, NULL, "B4.1.114")
    CALLX(9, 0, 12, 7, "PMCEID1", RO | USER_READ, 0, pm_read, NULL, "B4.1.114")
    CALLX(9, 0, 13, 0, "PMCCNTR", URW, 0, pm_read, pmccntr_write, "B4.1.113")
    CALLX(9, 0, 13, 1, "PMXEVTYPER", URW, 0, pm_read, pm_plain_write, "B4.1.127")
    CALLX(9, 0, 13, 2, "PMXEVCNTR", URW, 0, pm_read, pm_plain_write, "B4.1.126")
    STATE(9, 0, 14, 0, "PMUSERENR", RW | USER_READ, cp15.pmuserenr, "B4.1.125")
    CALL(9, 0, 14, 1, "PMINTENSET", RW, false, HERE(cp15.pmintenset), NULL, pm_set_write, "B4.1.119")
    CALL(9, 0, 14, 2, "PMINTENCLR", RW, false, HERE(cp15.pmintenset), NULL, pm_clear_write, "B4.1.118")
    CALLX(9, 0, 14, 3, "PMOVSSET", RW, HERE(cp15.pmovsr), pm_read, pm_set_write, "B4.1.122")
    CONST(9, 1, 0, 2, "L2CTLR", 0, "DDI 0438 4.3.51")
    CONST(9, 1, 0, 3, "L2ECTLR", 0, "DDI 0438 4.3.52")
    CALL(10, 0, 2, 0, "PRRR/MAIR0", RW, false, HERE(cp15.prrr), NULL, memory_type_write, "B4.1.126")
    CALL(10, 0, 2, 1, "NMRR/MAIR1", RW, false, HERE(cp15.nmrr), NULL, memory_type_write, "B4.1.109")
    STATE(10, 0, 3, 0, "AMAIR0", RW, cp15.amair[0], "B4.1.5")
    STATE(10, 0, 3, 1, "AMAIR1", RW, cp15.amair[1], "B4.1.5")
    CALL(12, 0, 0, 0, "VBAR", RW, false, HERE(cp15.vbar), NULL, vbar_write, "B4.1.156")
    CALL(12, 0, 1, 0, "ISR", RO, false, 0, isr_read, NULL, "B4.1.100")
    NOTHING(13, 0, 0, 0, "FCSEIDR", RW, "B4.1.64")
    KEY(13, 0, 0, 1, "CONTEXTIDR", RW, cp15.contextidr, "B4.1.36")
    STATE(13, 0, 0, 2, "TPIDRURW", URW, cp15.tpidrurw, "B4.1.151")
    STATE(13, 0, 0, 3, "TPIDRURO", RW | USER_READ, cp15.tpidruro, "B4.1.150")
    STATE(13, 0, 0, 4, "TPIDRPRW", RW, cp15.tpidrprw, "B4.1.149")
    CALLX(14, 0, 0, 0, "CNTFRQ", RW | USER_READ, 0, timer_read, timer_write, "B4.1.21")
    STATE(14, 0, 1, 0, "CNTKCTL", RW, cp15.cntkctl, "B4.1.26")
    CALLX(14, 0, 2, 0, "CNTP_TVAL", URW, 0, timer_read, timer_write, "B4.1.29")
    CALLX(14, 0, 2, 1, "CNTP_CTL", URW, 0, timer_read, timer_write, "B4.1.27")
    CALLX(14, 0, 3, 0, "CNTV_TVAL", URW, 0, timer_read, timer_write, "B4.1.33")
    CALLX(14, 0, 3, 1, "CNTV_CTL", URW, 0, timer_read, timer_write, "B4.1.31")
    CONST(15, 4, 0, 0, "CBAR", 0, "DDI 0438 4.3.66")
    /* Debug: version 4, baseline registers only, so that no breakpoint registers are looked for. */
    {14, 0, 0, 0, 0, "DBGDIDR", RO | USER_READ, false, false, 0, 0x01040000, NULL, NULL, "C11.11.15"},
    DEBUG(0, 0, 1, 0, "DBGDSCRint", RO | USER_READ, "C11.11.20")
    DEBUG(1, 0, 0, 0, "DBGDRAR", RO | USER_READ, "C11.11.16")
    DEBUG(2, 0, 0, 0, "DBGDSAR", RO | USER_READ, "C11.11.17")
    DEBUG(0, 7, 0, 0, "JIDR", RO | USER_READ, "B4.1.102")
    DEBUG(1, 7, 0, 0, "JOSCR", RW, "B4.1.103")
    DEBUG(2, 7, 0, 0, "JMCR", RW, "A2.9.3")
    {0, 0, 0, 0, 0, NULL, 0, false, false, 0, 0, NULL, NULL, NULL},
    /* 64 bits (MCRR, MRRC) */
    CALL(0, 0, 2, 0, "TTBR0", RW, true, HERE(cp15.ttbr0), wide_read, wide_write, "B4.1.154")
    CALL(0, 1, 2, 0, "TTBR1", RW, true, HERE(cp15.ttbr1), wide_read, wide_write, "B4.1.155")
    CALL(0, 0, 7, 0, "PAR", RW, false, HERE(cp15.par), wide_read, wide_write, "B4.1.112")
    CALLX(0, 0, 14, 0, "CNTPCT", RO | USER_READ, 0, timer_read, NULL, "B4.1.30")
    CALLX(0, 1, 14, 0, "CNTVCT", RO | USER_READ, 0, timer_read, NULL, "B4.1.34")
    CALLX(0, 2, 14, 0, "CNTP_CVAL", URW, 0, timer_read, timer_write, "B4.1.28")
    CALLX(0, 3, 14, 0, "CNTV_CVAL", URW, 0, timer_read, timer_write, "B4.1.32")
    {0, 0, 0, 0, 0, NULL, 0, false, false, 0, 0, NULL, NULL, NULL},
};
/* clang-format on */

int arm_sysreg_find(unsigned cp, bool wide, unsigned crn, unsigned op1, unsigned crm, unsigned op2)
{
    int n = 0;
    if (wide)
        while (arm_sysregs[n++].name != NULL)
            ;
    for (; arm_sysregs[n].name != NULL; n++) {
        const struct arm_sysreg *r = &arm_sysregs[n];
        if (r->cp == cp && r->crn == crn && r->op1 == op1 && r->crm == crm && r->op2 == op2)
            return n;
    }
    return -1;
}

/* ---- helpers: a = row, b = value -------------------------------------------------------------- */

uint64_t arm_helper_cp15_read(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    const struct arm_sysreg *r = &arm_sysregs[(uint32_t)a];
    return r->read(arm_of(cpu), r);
}

/* Not 0: the block has to be left, as blocks or windows are others now. */
static uint64_t write_register(struct arm_cpu *m, const struct arm_sysreg *r, uint64_t v)
{
    struct window_keys old, new;
    if (!r->leave) {
        r->write(m, r, v);
        return 0;
    }
    uint32_t mode = arm_mode_word(&m->cpu);
    arm_windows(&m->cpu, &old);
    r->write(m, r, v);
    arm_windows(&m->cpu, &new);
    return mode != arm_mode_word(&m->cpu) || old.main != new.main || old.alt != new.alt ||
           old.choose != new.choose || old.global_only != new.global_only;
}

uint64_t arm_helper_cp15_write(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return write_register(arm_of(cpu), &arm_sysregs[(uint32_t)a], (uint32_t)b);
}

uint64_t arm_helper_barrier(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)a, (void)b, (void)c;
    windows_complete(cpu->vm);
    return 0;
}

uint64_t arm_helper_unknown_register(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    unsigned name = (unsigned)a;
    (void)c;
    vm_log(cpu->vm, "%s of unknown register p%u,%u,c%u,c%u,%u at %08x",
           name >> 31 ? "write" : "read", name >> 16 & 15, name >> 12 & 15, name >> 8 & 15,
           name >> 4 & 15, name & 15, (unsigned)b);
    return 0;
}

uint64_t arm_helper_cp15_read64(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return arm_helper_cp15_read(cpu, a, b, c);
}

uint64_t arm_helper_cp15_write64(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return write_register(arm_of(cpu), &arm_sysregs[(uint32_t)a], b);
}
