/*
 * The CPU: which features it has, descriptor tables, and the registers that make SYSCALL, XSAVE and
 * FSGSBASE work.
 */
#include <cpu.h>

#include "machine.h"
#include "paging.h"
#include "port.h"

uint64_t cpu_features;

/* ---- features ------------------------------------------------------------------------------------ */

enum { EAX, EBX, ECX, EDX };

struct feature {
    uint32_t leaf;
    uint8_t reg, bit;
    uint16_t flag; /* in cpu_features; 0: required */
    const char *name;
};

/* CPUID leaves: Intel SDM vol. 2A, CPUID; AMD64 APM vol. 3, appendix E. */
static const struct feature features[] = {
    {0x80000001, EDX, 20, 0, "NX (no-execute pages)"},
    {0x80000001, EDX, 11, 0, "SYSCALL"},
    {1, ECX, 26, 0, "XSAVE"},
    {7, EBX, 0, 0, "FSGSBASE"},
    {1, EDX, 9, 0, "a local APIC"},
    {1, EDX, 4, 0, "a time-stamp counter"},
    {1, EDX, 16, 0, "PAT"},
    {1, ECX, 17, CPU_PCID, "PCID"},
    {7, EBX, 10, CPU_INVPCID, "INVPCID"},
    {7, EBX, 7, CPU_SMEP, "SMEP"},
    {7, EBX, 20, CPU_SMAP, "SMAP"},
    {1, ECX, 21, CPU_X2APIC, "x2APIC"},
    {1, ECX, 24, CPU_TSC_DEADLINE, "TSC-deadline"},
    {1, ECX, 28, CPU_AVX, "AVX"},
    {0x80000001, EDX, 26, CPU_GIGABYTE_PAGES, "1 GiB pages"},
    {0x80000007, EDX, 8, CPU_INVARIANT_TSC, "invariant TSC"},
};

static bool has(const struct feature *f)
{
    uint32_t base = f->leaf & 0x80000000;
    if (cpuid(base, 0).a < f->leaf)
        return false;
    struct cpuid r = cpuid(f->leaf, 0);
    uint32_t regs[] = {r.a, r.b, r.c, r.d};
    return regs[f->reg] >> f->bit & 1;
}

const char *cpu_check(void)
{
    for (unsigned i = 0; i < sizeof features / sizeof *features; i++) {
        if (has(&features[i]))
            cpu_features |= features[i].flag;
        else if (!features[i].flag)
            return features[i].name;
    }
    if (cpuid(0xd, 1).a & 1)
        cpu_features |= CPU_XSAVEOPT;
    return NULL;
}

/* ---- descriptor tables --------------------------------------------------------------------------- */

/* Bytes of the task state segment that are used (Intel SDM vol. 3, 8.7). It lies at the end of a
 * page so that the I/O permission bitmap begins on the next one. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, bitmap;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "task state segment");

uint8_t tss_page[PAGE_SIZE] __attribute__((aligned(4096)));
uint8_t all_ones_page[PAGE_SIZE] __attribute__((aligned(4096)));
#define TSS_OFFSET (PAGE_SIZE - sizeof(struct tss))

struct gate { /* interrupt gate (Intel SDM vol. 3, 6.14.1) */
    uint16_t low, selector;
    uint8_t stack, type;
    uint16_t middle;
    uint32_t high, zero;
};
static struct gate idt[256] __attribute__((aligned(16)));
static uint64_t gdt[7] __attribute__((aligned(16)));

#define STACK_BYTES 4096
static uint8_t special_stacks[4][STACK_BYTES] __attribute__((aligned(16)));
extern uint8_t boot_stack_top[];
extern uint8_t entry_stubs[];
void entry_call(void);

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static void set_gate(unsigned vector, unsigned stack, unsigned privilege)
{
    uint64_t a = (uint64_t)(entry_stubs + 16 * vector);
    idt[vector] = (struct gate){
        .low = (uint16_t)a,
        .selector = SELECTOR_KERNEL_CODE,
        .stack = (uint8_t)stack,
        .type = (uint8_t)(0x8e | privilege << 5),
        .middle = (uint16_t)(a >> 16),
        .high = (uint32_t)(a >> 32),
    };
}

static void load_tables(void)
{
    uint64_t tss = TSS_WINDOW + TSS_OFFSET;
    /* The bitmap is two pages and a byte; the byte is on a page of ones. */
    uint64_t limit = sizeof(struct tss) + 2 * PAGE_SIZE;
    gdt[1] = 0x00209b0000000000; /* kernel code, accessed */
    gdt[2] = 0x0000930000000000; /* kernel data */
    gdt[3] = 0x0000f30000000000; /* user data */
    gdt[4] = 0x0020fb0000000000; /* user code */
    gdt[5] = (limit & 0xffff) | (tss & 0xffffff) << 16 | 0x89ULL << 40 | (limit >> 16 & 0xf) << 48 |
             (tss >> 24 & 0xff) << 56;
    gdt[6] = tss >> 32;

    for (unsigned v = 0; v < 256; v++)
        set_gate(v, 0, v == 3 || v == 4 ? 3 : 0);
    set_gate(1, 1, 0);  /* #DB */
    set_gate(2, 2, 0);  /* NMI */
    set_gate(8, 3, 0);  /* #DF */
    set_gate(18, 4, 0); /* #MC */

    struct table_pointer g = {sizeof gdt - 1, (uint64_t)gdt}, i = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lgdt %0" : : "m"(g));
    __asm__ volatile("lidt %0" : : "m"(i));
    __asm__ volatile("pushq %0\n\t"
                     "lea 1f(%%rip), %%rax\n\t"
                     "push %%rax\n\t"
                     "lretq\n"
                     "1: mov %1, %%ss\n\t"
                     "mov %2, %%ds\n\t"
                     "mov %2, %%es\n\t"
                     "mov %2, %%fs\n\t"
                     "mov %2, %%gs"
                     :
                     : "i"(SELECTOR_KERNEL_CODE), "r"(SELECTOR_KERNEL_DATA), "r"(0)
                     : "rax", "memory");
    __asm__ volatile("lldt %w0" : : "r"(0));
    __asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

/* Make the task state segment and its common, all-denying bitmap visible. */
void cpu_map_tss(void)
{
    memset(all_ones_page, 0xff, PAGE_SIZE);
    struct tss *tss = (void *)(tss_page + TSS_OFFSET);
    tss->rsp[0] = (uint64_t)boot_stack_top;
    for (unsigned i = 0; i < 4; i++)
        tss->ist[i] = (uint64_t)(special_stacks[i] + STACK_BYTES);
    tss->bitmap = sizeof *tss;
    uint64_t bits = PTE_WRITE | PTE_NX;
    kernel_space_map(TSS_WINDOW, port_physical(tss_page), PAGE_SIZE, bits);
    for (unsigned i = 1; i < 4; i++)
        kernel_space_map(TSS_WINDOW + i * PAGE_SIZE, port_physical(all_ones_page), PAGE_SIZE,
                         PTE_NX);
}

void cpu_init(void)
{
    load_tables();
    cpu0.self = &cpu0;
    cpu0.stack_top = (uint64_t)boot_stack_top;

    uint64_t cr0 = read_cr0();
    cr0 &= ~(CR0_EM | CR0_TS);
    cr0 |= CR0_WP | CR0_NE | CR0_MP | CR0_AM;
    write_cr0(cr0);
    uint64_t cr4 = read_cr4() | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE | CR4_OSXSAVE;
    if (cpu_features & CPU_SMEP)
        cr4 |= CR4_SMEP;
    if (cpu_features & CPU_SMAP)
        cr4 |= CR4_SMAP;
    if (cpu_features & CPU_PCID)
        cr4 |= CR4_PCIDE;
    write_cr4(cr4);

    uint32_t components = cpu_features & CPU_AVX ? 7 : 3; /* x87, SSE, AVX */
    __asm__ volatile("xsetbv" : : "c"(0), "a"(components), "d"(0));

    /* PAT entry 1 (PWT) becomes write-combining; 0 write-back, 2 UC-, 3 uncached as at reset. */
    wrmsr(MSR_PAT, 0x0007040600070106ULL);

    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
    wrmsr(MSR_STAR, (uint64_t)SELECTOR_KERNEL_CODE << 32 | (uint64_t)(SELECTOR_USER_DATA - 8)
                                                               << 48);
    wrmsr(MSR_LSTAR, (uint64_t)entry_call);
    wrmsr(MSR_FMASK, 0x47700); /* TF IF DF IOPL NT AC */
    wrmsr(MSR_SYSENTER_CS, 0); /* SYSENTER faults, whatever the firmware set */
    __asm__ volatile("mov %0, %%dr7" : : "r"(0x400ULL));
    wrmsr(MSR_GS_BASE, (uint64_t)&cpu0);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
}
