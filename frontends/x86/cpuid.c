/*
 * CPUID (SDM vol. 2): an in-order Intel CPU, family 6 model 1Ch, because kernels know that it does not
 * speculate and leave out what would protect others; its features are those that are implemented.
 * Another one is known to speculate (Meltdown and all): with it kernels isolate their page tables.
 */
#include "segments.h"

#include <string.h>

static const struct x86_model {
    const char *name;
    uint32_t signature; /* CPUID.1:EAX, and EDX after reset */
    uint32_t ucode;     /* the revision that IA32_BIOS_SIGN_ID says: one without the errata */
} models[] = {
    {"n270", 0x000106c2, 0x20e}, /* before it Linux does not trust PSE */
    {"core2duo", 0x000006fb, 0xba},
};

bool x86_choose_model(struct x86_cpu *c, const char *name)
{
    for (unsigned n = 0; n < sizeof models / sizeof models[0]; n++)
        if (name == NULL || strcmp(name, models[n].name) == 0) {
            c->model = n;
            return true;
        }
    return false;
}

uint32_t x86_signature(const struct x86_cpu *c)
{
    return models[c->model].signature;
}

uint64_t x86_ucode(const struct x86_cpu *c)
{
    return (uint64_t)models[c->model].ucode << 32;
}

/* CPUID.1:EDX. */
#define FEATURE_FPU   (1u << 0)
#define FEATURE_DE    (1u << 2)
#define FEATURE_PSE   (1u << 3)
#define FEATURE_TSC   (1u << 4)
#define FEATURE_MSR   (1u << 5)
#define FEATURE_PAE   (1u << 6)
#define FEATURE_CX8   (1u << 8)
#define FEATURE_APIC  (1u << 9)
#define FEATURE_SEP   (1u << 11)
#define FEATURE_MTRR  (1u << 12)
#define FEATURE_PGE   (1u << 13)
#define FEATURE_CMOV  (1u << 15)
#define FEATURE_PAT   (1u << 16)
#define FEATURE_PSE36 (1u << 17)
#define FEATURE_CLFSH (1u << 19)
#define FEATURE_MMX   (1u << 23)
#define FEATURE_FXSR  (1u << 24)
#define FEATURE_SSE   (1u << 25)
#define FEATURE_SSE2  (1u << 26)

#define FEATURES                                                                           \
    (FEATURE_FPU | FEATURE_DE | FEATURE_PSE | FEATURE_TSC | FEATURE_MSR | FEATURE_PAE |    \
     FEATURE_CX8 | FEATURE_SEP | FEATURE_MTRR | FEATURE_PGE | FEATURE_CMOV | FEATURE_PAT | \
     FEATURE_PSE36 | FEATURE_CLFSH | FEATURE_MMX | FEATURE_FXSR | FEATURE_SSE | FEATURE_SSE2)
/* CPUID.1:ECX; MONITOR and MWAIT are not there. */
#define FEATURES_ECX          (FEATURE_SSE3 | FEATURE_SSSE3 | FEATURE_MOVBE)
#define FEATURE_SSE3          (1u << 0)
#define FEATURE_SSSE3         (1u << 9)
#define FEATURE_MOVBE         (1u << 22)
#define FEATURE_NX            (1u << 20) /* CPUID.80000001:EDX */
#define FEATURE_TSC_ADJUST    (1u << 1)  /* CPUID.(7,0):EBX */
#define FEATURE_INVARIANT_TSC (1u << 8)  /* CPUID.80000007:EDX */
#define LAST_LEAF             7

static const char brand[48] = "Tetrapla virtual CPU (i686, SSSE3)";

static uint32_t word(const char *s, unsigned n)
{
    uint32_t v;
    memcpy(&v, s + 4 * n, 4);
    return v;
}

static void leaf(const struct x86_cpu *c, uint32_t n, uint32_t r[4])
{
    memset(r, 0, 16);
    if (n >= 0x80000002 && n <= 0x80000004) {
        for (unsigned k = 0; k < 4; k++)
            r[k] = word(brand, (n - 0x80000002) * 4 + k);
        return;
    }
    switch (n) {
    case 0:
        r[0] = LAST_LEAF;
        r[1] = word("GenuineIntel", 0);
        r[3] = word("GenuineIntel", 1);
        r[2] = word("GenuineIntel", 2);
        break;
    case 1:
        r[0] = x86_signature(c);
        r[1] = 0x00010800; /* CLFLUSH of 64 bytes, one logical CPU */
        r[2] = FEATURES_ECX;
        r[3] = FEATURES | ((c->msr.apic_base & 0x800) != 0 && c->hooks != NULL ? FEATURE_APIC : 0);
        break;
    case 2:
        r[0] = 1; /* no descriptors: caches and TLBs are not said */
        break;
    case 7: /* its subleaf 0, the only one */
        r[1] = c->cpu.reg[X86_ECX] == 0 ? FEATURE_TSC_ADJUST : 0;
        break;
    case 0x80000000:
        r[0] = 0x80000008;
        break;
    case 0x80000001:
        r[3] = FEATURE_NX;
        break;
    case 0x80000007: /* the counter neither stops nor changes its rate: no watchdog is needed */
        r[3] = FEATURE_INVARIANT_TSC;
        break;
    case 0x80000008:
        r[0] = 36 | 32 << 8; /* physical and linear address bits */
        break;
    }
}

/* Numbers above the highest give what that gives (SDM vol. 2, CPUID). */
uint64_t x86_helper_cpuid(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    uint32_t n = cpu->reg[X86_EAX], r[4];
    (void)a, (void)b, (void)c;
    if (n < 0x80000000 ? n > LAST_LEAF : n > 0x80000008)
        n = LAST_LEAF;
    leaf(x86_of(cpu), n, r);
    cpu->reg[X86_EAX] = r[0];
    cpu->reg[X86_EBX] = r[1];
    cpu->reg[X86_ECX] = r[2];
    cpu->reg[X86_EDX] = r[3];
    return 0;
}
