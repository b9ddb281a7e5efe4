/* Walks of both table formats: one row, one access. */
#include "machine.h"

#include <string.h>

#include "../frame/frame.h"

#define L1 0x10000u /* first-level table; long: level 1 */
#define L2 0x20000u
#define L3 0x21000u
#define U  ACCESS_USER
#define W  ACCESS_WRITE
#define X  ACCESS_FETCH

static void table64(uint32_t at, uint64_t v)
{
    memcpy(machine_memory + at, &v, 8);
}

struct row {
    const char *name;
    uint32_t first, second; /* descriptors; short: of va 0x00345678 */
    uint32_t dacr, sctlr;
    unsigned kind;
    uint32_t status;
    uint64_t phys;
    uint32_t size;
    unsigned rights;
};

static const struct row rows[] = {
    {"no entry", 0, 0, 1, 0, 0, 0x005, 0, 0, 0},
    {"section", 0x50000c02, 0, 1, 0, U | W, 0, 0x50045678, 0x100000, 7},
    {"section xn", 0x50000c12, 0, 1, 0, U, 0, 0x50045678, 0x100000, 3},
    {"section xn fetch", 0x50000c12, 0, 1, 0, U | X, 0x00d, 0, 0, 0},
    {"section pxn", 0x50000c03, 0, 1, 0, X, 0x00d, 0, 0, 0},
    {"section pxn user", 0x50000c03, 0, 1, 0, X | U, 0, 0x50045678, 0x100000, 7},
    {"section privileged", 0x50000402, 0, 1, 0, U, 0x00d, 0, 0, 0},
    {"section user read-only", 0x50000802, 0, 1, 0, U | W, 0x00d, 0, 0, 0},
    {"section user read", 0x50000802, 0, 1, 0, U, 0, 0x50045678, 0x100000, 5},
    {"section privileged writes", 0x50000802, 0, 1, 0, W, 0, 0x50045678, 0x100000, 7},
    {"section read-only", 0x50008c02, 0, 1, 0, W, 0x00d, 0, 0, 0},
    {"section privileged read-only", 0x50008402, 0, 1, 0, 0, 0, 0x50045678, 0x100000, 5},
    {"section no access", 0x50000002, 0, 1, 0, 0, 0x00d, 0, 0, 0},
    {"section domain 3 fault", 0x50000c62, 0, 1, 0, 0, 0x039, 0, 0, 0},
    {"section domain 3 reserved", 0x50000c62, 0, 0x80, 0, 0, 0x039, 0, 0, 0},
    {"section manager", 0x50000012, 0, 3, 0, U | X, 0, 0x50045678, 0x100000, 7},
    {"section access flag", 0x50000802, 0, 1, SCTLR_AFE, U, 0x003, 0, 0, 0},
    {"section access flag set", 0x50000c02, 0, 1, SCTLR_AFE, U | W, 0, 0x50045678, 0x100000, 7},
    {"access flag before domain", 0x50000802, 0, 0, SCTLR_AFE, U, 0x003, 0, 0, 0},
    {"supersection", 0x61341de2, 0, 1, 0, U, 0, 0xf361345678, 0x1000000, 7},
    {"page none", L2 | 1, 0, 1, 0, 0, 0x007, 0, 0, 0},
    {"page none, domain 2", L2 | 0x41, 0, 1, 0, 0, 0x027, 0, 0, 0},
    {"page", L2 | 1, 0x70000032, 1, 0, U | W, 0, 0x70000678, 0x1000, 7},
    {"page xn", L2 | 1, 0x70000033, 1, 0, X, 0x00f, 0, 0, 0},
    {"page pxn", L2 | 5, 0x70000032, 1, 0, X, 0x00f, 0, 0, 0},
    {"page privileged", L2 | 1, 0x70000012, 1, 0, U, 0x00f, 0, 0, 0},
    {"page domain", L2 | 0x21, 0x70000032, 1, 0, 0, 0x01b, 0, 0, 0},
    {"page read-only", L2 | 1, 0x70000232, 1, 0, W, 0x00f, 0, 0, 0},
    {"page access flag", L2 | 1, 0x70000022, 1, SCTLR_AFE, 0, 0x006, 0, 0, 0},
    {"large page", L2 | 1, 0x70010031, 1, 0, U, 0, 0x70015678, 0x10000, 7},
    {"large page xn", L2 | 1, 0x70018031, 1, 0, U, 0, 0x70015678, 0x10000, 3},
    {"table beyond memory", 0xf0000001, 0, 1, 0, 0, 0x00e, 0, 0, 0},
};

static void check(const char *name, const struct walk *w, uint32_t status, uint64_t phys,
                  uint32_t size, unsigned rights)
{
    bool good = w->status == status;
    if (status == 0)
        good = good && w->phys == phys && w->size == size && w->rights == rights &&
               w->lead % w->size == 0;
    result("armlift walk", good, "%s: status %x phys %llx size %x rights %x", name,
           (unsigned)w->status, (unsigned long long)w->phys, (unsigned)w->size, w->rights);
}

#define VA 0x00345678u

static void short_row(const struct row *r)
{
    struct walk w;
    machine_reset();
    arm_set_cpsr(&machine, MODE_SVC, CPSR_MODE);
    machine.cp15.ttbr0 = L1 | 0x4a;
    machine.cp15.dacr = r->dacr;
    machine.cp15.sctlr |= r->sctlr;
    machine_put(L1 + (VA >> 20) * 4, r->first);
    machine_put(L2 + (VA >> 12 & 0xff) * 4, r->second);
    arm_walk(&machine.cpu, VA, r->kind, &w);
    check(r->name, &w, r->status, r->phys, r->size, r->rights);
}

/* TTBCR.N and PD: which table an address goes through. */
static void short_split(void)
{
    struct walk w;
    machine_reset();
    machine.cp15.dacr = 1;
    machine.cp15.ttbcr = 2;
    machine.cp15.ttbr0 = L1 | 0x1000; /* 4 KiB table at a 4 KiB boundary */
    machine.cp15.ttbr1 = L2;          /* bits below 14 count as zero: 0x20000 */
    machine_put(L1 + 0x1000 + 0x3ff * 4, 0x50000c02);
    machine_put(L2 + 0x400 * 4, 0x60020c02);
    arm_walk(&machine.cpu, 0x3ff00010, U, &w);
    check("below the split", &w, 0, 0x50000010, 0x100000, 7);
    result("armlift global", w.global, "section with nG 0");
    arm_walk(&machine.cpu, 0x40000010, U, &w);
    check("above the split", &w, 0, 0x60000010, 0x100000, 7);
    result("armlift not global", !w.global, "section with nG 1");
    machine.cp15.ttbcr = 2 | 1 << 5;
    arm_walk(&machine.cpu, 0x40000010, U, &w);
    check("PD1", &w, 0x005, 0, 0, 0);
    machine.cp15.ttbcr = 2 | 1 << 4;
    arm_walk(&machine.cpu, 0x3ff00010, U, &w);
    check("PD0", &w, 0x005, 0, 0, 0);
    machine.cp15.ttbcr = 2;
    machine_put(L1 + 0x1000 + 0x3ff * 4, 0x020c0050); /* big-endian tables */
    machine.cp15.sctlr |= SCTLR_EE;
    arm_walk(&machine.cpu, 0x3ff00010, U, &w);
    check("EE", &w, 0, 0x50000010, 0x100000, 7);
    machine.cp15.sctlr &= ~SCTLR_M;
    arm_walk(&machine.cpu, 0xfff00010, U | X, &w);
    check("MMU off", &w, 0, 0xfff00010, 0x80000000, 7);
}

#define AF 0x400ull
static const struct {
    const char *name;
    uint64_t l1, l2, l3;
    unsigned kind;
    uint32_t status;
    uint64_t phys;
    uint32_t size;
    unsigned rights;
} longs[] = {
    {"long none", 0, 0, 0, 0, 0x205, 0, 0, 0},
    {"long 1 GiB", 0xf40000000ull | AF | 0x41, 0, 0, U | W, 0, 0xf40345678ull, 1u << 30, 7},
    {"long no access flag", 0x40000041, 0, 0, U, 0x209, 0, 0, 0},
    {"long privileged", 0x40000001 | AF, 0, 0, U, 0x20d, 0, 0, 0},
    {"long read-only", 0x400000c1 | AF, 0, 0, W, 0x20d, 0, 0, 0},
    {"long 2 MiB none", L2 | 3, 0, 0, 0, 0x206, 0, 0, 0},
    {"long 2 MiB", L2 | 3, 0x580200041ull | AF, 0, U, 0, 0x580345678ull, 1u << 21, 7},
    {"long page none", L2 | 3, L3 | 3, 0x80001041 | AF, 0, 0x207, 0, 0, 0},
    {"long page", L2 | 3, L3 | 3, 0x80001043 | AF, U, 0, 0x80001678, 0x1000, 7},
    {"long page xn", L2 | 3, L3 | 3, 0x0040000080001043ull | AF, X, 0x20f, 0, 0, 0},
    {"long page pxn", L2 | 3, L3 | 3, 0x0020000080001043ull | AF, X, 0x20f, 0, 0, 0},
    {"long table no user", L2 | 3 | 1ull << 61, L3 | 3, 0x80001043 | AF, U, 0x20f, 0, 0, 0},
    {"long table read-only", L2 | 3, L3 | 3 | 1ull << 62, 0x80001043 | AF, W, 0x20f, 0, 0, 0},
    {"long table xn", L2 | 3 | 1ull << 60, L3 | 3, 0x80001043 | AF, U, 0, 0x80001678, 0x1000, 3},
    {"long table pxn", L2 | 3, L3 | 3 | 1ull << 59, 0x80001043 | AF, 0, 0, 0x80001678, 0x1000, 3},
    {"long table beyond memory", 0xf0000003, 0, 0, 0, 0x216, 0, 0, 0},
};

static void long_row(unsigned n)
{
    struct walk w;
    machine_reset();
    arm_set_cpsr(&machine, MODE_SVC, CPSR_MODE);
    machine.cp15.ttbcr = TTBCR_EAE;
    machine.cp15.ttbr0 = L1 | 5ull << 48;
    table64(L1, longs[n].l1);
    table64(L2 + (VA >> 21) * 8, longs[n].l2);
    table64(L3 + (VA >> 12 & 0x1ff) * 8, longs[n].l3);
    arm_walk(&machine.cpu, VA, longs[n].kind, &w);
    check(longs[n].name, &w, longs[n].status, longs[n].phys, longs[n].size, longs[n].rights);
}

/* As Linux has it: T1SZ 1, TTBR1 at the middle of a level 1 table; and a level 2 start. */
static void long_split(void)
{
    struct walk w;
    machine_reset();
    machine.cp15.ttbcr = TTBCR_EAE | 1 << 16;
    machine.cp15.ttbr0 = L1;
    machine.cp15.ttbr1 = L1 + 16;
    table64(L1 + 16, 0x80000000 | AF | 0x841);
    table64(L1 + 8, 0x40000000 | AF | 0x41);
    arm_walk(&machine.cpu, 0x80001234, U, &w);
    check("long TTBR1", &w, 0, 0x80001234, 1u << 30, 7);
    result("armlift not global", !w.global, "nG 1");
    arm_walk(&machine.cpu, 0x7fff0000, U, &w);
    check("long TTBR0", &w, 0, 0x7fff0000, 1u << 30, 7);
    machine.cp15.ttbcr = TTBCR_EAE | 3 << 16 | 2;
    arm_walk(&machine.cpu, 0x80000000, U, &w);
    check("long between the tables", &w, 0x205, 0, 0, 0);
    table64(L1 + 16, 0x12200000 | AF | 0x41); /* level 2 start for 30 bits */
    arm_walk(&machine.cpu, 0x00401234, U, &w);
    check("long level 2 start", &w, 0, 0x12201234, 1u << 21, 7);
    machine.cp15.ttbcr |= 1 << 7;
    arm_walk(&machine.cpu, 0x00401234, U, &w);
    check("long EPD0", &w, 0x205, 0, 0, 0);
}

void test_walks(void)
{
    for (unsigned n = 0; n < sizeof rows / sizeof rows[0]; n++)
        short_row(&rows[n]);
    short_split();
    for (unsigned n = 0; n < sizeof longs / sizeof longs[0]; n++)
        long_row(n);
    long_split();
}
