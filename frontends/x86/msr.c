/*
 * Model-specific registers, time-stamp and performance counters (SDM vol. 4; vol. 2, RDTSC, RDPMC).
 */
#include "segments.h"

#include <translator/board.h>

#define TSC_HZ_PER_NS 1 /* the counter counts nanoseconds */

static uint64_t tsc(const struct x86_cpu *c)
{
    return vm_time(c->cpu.vm) * TSC_HZ_PER_NS + c->msr.tsc_offset;
}

/* MSRs that are a field: number, offset, bits that may be written. */
#define MSR(name) offsetof(struct x86_msrs, name)
/* clang-format off */
static const struct {
    uint32_t number;
    uint16_t at;
    uint64_t writable;
} fields[] = {
    {0x01b, MSR(apic_base),    0x0000000ffffff900ull}, /* IA32_APIC_BASE */
    {0x03b, MSR(tsc_adjust),   ~0ull},                 /* IA32_TSC_ADJUST (vol. 3, 17.17.3) */
    {0x174, MSR(sysenter_cs),  0xffffffff},            /* IA32_SYSENTER_CS */
    {0x175, MSR(sysenter_esp), 0xffffffff},
    {0x176, MSR(sysenter_eip), 0xffffffff},
    {0x1a0, MSR(misc_enable),  ~0ull},                 /* IA32_MISC_ENABLE */
    {0x277, MSR(pat),          0x0707070707070707ull}, /* IA32_PAT */
    {0x2ff, MSR(mtrr_type),    0xcff},                 /* IA32_MTRR_DEF_TYPE */
};
/* clang-format on */

/* Number in mtrr_fixed of a fixed-range MTRR, negative: it is none (SDM vol. 3, 11.11.2.2). */
static int fixed_mtrr(uint32_t number)
{
    if (number == 0x250)
        return 0;
    if (number == 0x258 || number == 0x259)
        return (int)(number - 0x258 + 1);
    return number >= 0x268 && number <= 0x26f ? (int)(number - 0x268 + 3) : -1;
}

static uint64_t *storage(struct x86_cpu *c, uint32_t number, uint64_t *writable)
{
    int fixed = fixed_mtrr(number);
    for (unsigned n = 0; n < sizeof fields / sizeof fields[0]; n++)
        if (fields[n].number == number) {
            *writable = fields[n].writable;
            return (uint64_t *)(void *)((char *)&c->msr + fields[n].at);
        }
    *writable = ~0ull;
    if (fixed >= 0)
        return &c->msr.mtrr_fixed[fixed];
    if (number >= 0x200 && number < 0x200 + 2 * X86_MTRR_VARIABLE)
        return &c->msr.mtrr_variable[(number - 0x200) / 2][number & 1];
    return NULL;
}

static bool read_msr(struct x86_cpu *c, uint32_t number, uint64_t *v)
{
    uint64_t writable, *at;
    at = storage(c, number, &writable);
    switch (number) {
    case 0x10: /* IA32_TIME_STAMP_COUNTER */
        *v = tsc(c);
        return true;
    case 0x17: /* IA32_PLATFORM_ID */
    case 0x2a: /* EBL_CR_POWERON */
    case 0xcd: /* FSB_FREQ */
        *v = 0;
        return true;
    case 0x8b: /* IA32_BIOS_SIGN_ID (vol. 3, 10.11.7.1) */
        *v = x86_ucode(c);
        return true;
    case 0xfe: /* IA32_MTRRCAP */
        *v = 0x500 | X86_MTRR_VARIABLE;
        return true;
    case 0xc0000080: /* IA32_EFER */
        *v = c->efer;
        return true;
    default:
        *v = at == NULL ? 0 : *at;
        return at != NULL;
    }
}

static bool write_msr(struct x86_cpu *c, uint32_t number, uint64_t v)
{
    uint64_t writable, *at;
    switch (number) {
    case 0x10: /* writes of either change the other by as much */
        c->msr.tsc_adjust += v - tsc(c);
        c->msr.tsc_offset += v - tsc(c);
        return true;
    case 0x3b:
        c->msr.tsc_offset += v - c->msr.tsc_adjust;
        c->msr.tsc_adjust = v;
        return true;
    case 0xc0000080:
        if ((v & ~(uint64_t)EFER_NXE) != 0)
            return false;
        c->efer = (uint32_t)v;
        x86_paging_changed(c, true);
        return true;
    case 0x8b: /* IA32_BIOS_SIGN_ID: to be written before CPUID, without effect */
        return true;
    }
    at = storage(c, number, &writable);
    if (at == NULL || (v & ~writable) != 0)
        return false;
    *at = v;
    if (number == 0x1b && c->hooks != NULL)
        c->hooks->apic_base(c->cpu.vm, v);
    return true;
}

uint64_t x86_helper_rdmsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t v;
    (void)a, (void)b, (void)c;
    if (!read_msr(x86_of(cpu), cpu->reg[X86_ECX], &v))
        return x86_raise_error(x86_of(cpu), VECTOR_GP, 0);
    cpu->reg[X86_EAX] = (uint32_t)v;
    cpu->reg[X86_EDX] = (uint32_t)(v >> 32);
    return 0;
}

uint64_t x86_helper_wrmsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t v = cpu->reg[X86_EAX] | (uint64_t)cpu->reg[X86_EDX] << 32;
    (void)a, (void)b, (void)c;
    if (!write_msr(x86_of(cpu), cpu->reg[X86_ECX], v))
        return x86_raise_error(x86_of(cpu), VECTOR_GP, 0);
    return 0;
}

uint64_t x86_helper_rdtsc(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    (void)a, (void)b, (void)c;
    if ((x->cr4 & CR4_TSD) != 0 && x->cpl != 0)
        return x86_raise_error(x, VECTOR_GP, 0);
    uint64_t v = tsc(x);
    cpu->reg[X86_EAX] = (uint32_t)v;
    cpu->reg[X86_EDX] = (uint32_t)(v >> 32);
    return 0;
}

/* There are no counters. */
uint64_t x86_helper_rdpmc(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)a, (void)b, (void)c;
    return x86_raise_error(x86_of(cpu), VECTOR_GP, 0);
}
