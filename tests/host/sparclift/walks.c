/* Page tables: levels, rights, fault types, referenced and modified bits, probes (V8 appendix H). */
#include "machine.h"

#include "../frame/frame.h"

enum { CONTEXTS = 0x1000, LEVEL1 = 0x2000, LEVEL2 = 0x3000, LEVEL3 = 0x4000 };

static uint32_t table(uint32_t at)
{
    return at >> 4 | 1;
}
static uint32_t page(uint32_t phys, unsigned acc, unsigned marks)
{
    return phys >> 4 | marks << 5 | acc << 2 | 2;
}

static void set_up(void)
{
    machine_reset();
    machine.mmu.control = MMU_E;
    machine.mmu.context_table = CONTEXTS >> 4;
    machine.mmu.context = 3;
    machine_put(CONTEXTS + 12, table(LEVEL1));
    machine_put(LEVEL1 + 4 * 0x10, table(LEVEL2));
    machine_put(LEVEL1 + 4 * 0xf0, page(0x1000000, 7, 3)); /* a region */
    machine_put(LEVEL2 + 4 * 1, table(LEVEL3));
    machine_put(LEVEL2 + 4 * 2, page(0x80000, 3, 0)); /* a segment */
    for (unsigned acc = 0; acc < 8; acc++)
        machine_put(LEVEL3 + 4 * acc, page(0x20000 + 0x1000 * acc, acc, 0));
    machine_put(LEVEL3 + 4 * 9, 3);
}

#define PAGES 0x10040000u

static uint32_t status(uint32_t va, unsigned kind)
{
    struct walk w;
    sparc_walk(&machine.cpu, va, kind, &w);
    return w.status;
}

/* Types of faults by access (user load, supervisor load, fetches, stores) and ACC: table H-5. */
static void test_rights(void)
{
    static const char *const expected[6] = {
        "00002033", /* user load: 4 protection, 6 and 7 privilege */
        "00002000", /* supervisor load */
        "22000233", /* user fetch */
        "22000200", /* supervisor fetch */
        "20202233", /* user store */
        "20202020", /* supervisor store */
    };
    static const unsigned kinds[6] = {ACCESS_READ | ACCESS_USER,  ACCESS_READ,
                                      ACCESS_FETCH | ACCESS_USER, ACCESS_FETCH,
                                      ACCESS_WRITE | ACCESS_USER, ACCESS_WRITE};
    unsigned bad = 0;
    for (unsigned k = 0; k < 6; k++)
        for (unsigned acc = 0; acc < 8; acc++) {
            set_up();
            uint32_t s = status(PAGES + 0x1000 * acc, kinds[k]);
            unsigned type = s >> SFSR_FT_SHIFT & 7, want = (unsigned)expected[k][acc] - '0';
            bool level = s == 0 || s >> SFSR_L_SHIFT == 3;
            if (type != want || !level)
                bad++;
        }
    result("sparclift.rights", bad == 0, "%u of 48", bad);
}

static void test_levels(void)
{
    struct walk w;
    set_up();
    sparc_walk(&machine.cpu, 0xf0123456, ACCESS_READ, &w);
    result("sparclift.region",
           w.status == 0 && w.phys == 0x1123456 && w.size == 1u << 24 && w.lead == 0xf0000000 &&
               w.global,
           "%llx size %x", (unsigned long long)w.phys, w.size);
    sparc_walk(&machine.cpu, 0x10081234, ACCESS_WRITE, &w);
    result("sparclift.segment",
           w.status == 0 && w.phys == 0x81234 && w.size == 1u << 18 && !w.global, "%llx size %x",
           (unsigned long long)w.phys, w.size);
    result("sparclift.faults",
           status(0x20000000, ACCESS_READ) == (1 << SFSR_L_SHIFT | FT_INVALID << SFSR_FT_SHIFT) &&
               status(0x10000000, ACCESS_READ) ==
                   (2 << SFSR_L_SHIFT | FT_INVALID << SFSR_FT_SHIFT) &&
               status(PAGES + 0x8000, ACCESS_READ) ==
                   (3 << SFSR_L_SHIFT | FT_INVALID << SFSR_FT_SHIFT) &&
               status(PAGES + 0x9000, ACCESS_READ) ==
                   (3 << SFSR_L_SHIFT | FT_TRANSLATION << SFSR_FT_SHIFT),
           "levels and types");
    machine.mmu.context = 2;
    result("sparclift.context", status(PAGES, ACCESS_READ) == FT_INVALID << SFSR_FT_SHIFT, "%x",
           status(PAGES, ACCESS_READ));
}

static void test_marks(void)
{
    struct walk w;
    set_up();
    sparc_walk(&machine.cpu, PAGES + 0x1000, ACCESS_READ | ACCESS_AHEAD, &w);
    bool ahead = w.status != 0 && (machine_get(LEVEL3 + 4) & 0x60) == 0;
    sparc_walk(&machine.cpu, PAGES + 0x1000, ACCESS_READ, &w);
    bool read = (machine_get(LEVEL3 + 4) & 0x60) == 0x20 && w.rights == WALK_READ;
    sparc_walk(&machine.cpu, PAGES + 0x1000, ACCESS_WRITE, &w);
    bool write = (machine_get(LEVEL3 + 4) & 0x60) == 0x60 && w.rights == (WALK_READ | WALK_WRITE);
    result("sparclift.marks", ahead && read && write, "%d %d %d", ahead, read, write);
}

static void test_probes(void)
{
    set_up();
    struct sparc_cpu *c = &machine;
    result("sparclift.probes",
           sparc_probe(c, PAGES, 0) == machine_get(LEVEL3) &&
               sparc_probe(c, PAGES, 1) == table(LEVEL3) &&
               sparc_probe(c, PAGES, 2) == table(LEVEL2) &&
               sparc_probe(c, PAGES, 3) == table(LEVEL1) &&
               sparc_probe(c, PAGES, 4) == machine_get(LEVEL3) &&
               sparc_probe(c, 0xf0000000, 4) == machine_get(LEVEL1 + 4 * 0xf0) &&
               sparc_probe(c, 0xf0000000, 2) == machine_get(LEVEL1 + 4 * 0xf0) &&
               sparc_probe(c, 0xf0000000, 0) == 0 && sparc_probe(c, PAGES + 0x8000, 4) == 0 &&
               sparc_probe(c, PAGES + 0x9000, 0) == 0,
           "an entry");
}

void test_walks(void)
{
    test_rights();
    test_levels();
    test_marks();
    test_probes();
}
