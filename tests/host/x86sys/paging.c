/*
 * Paging as a kernel meets it: page tables of both kinds, what changes take effect without an
 * invalidation (those that give rights) and what only with one, faults in the middle of an access.
 *
 * All of it twice: the kernel's own pages global, and not. The first 64 MiB are mapped to themselves by large pages; at WINDOW lie pages of a table.
 */
#include "paging.h"

static volatile uint32_t directory[1024] __attribute__((aligned(4096)));
static volatile uint32_t table[1024] __attribute__((aligned(4096)));
static volatile uint8_t page[4096] __attribute__((aligned(4096)));
static volatile uint8_t other[4096] __attribute__((aligned(4096)));
static volatile uint8_t third[4096] __attribute__((aligned(4096)));
static volatile uint8_t fourth[4096] __attribute__((aligned(4096)));
static volatile uint64_t pointers[4] __attribute__((aligned(32)));
static volatile uint64_t directories[3][512] __attribute__((aligned(4096)));
static volatile uint64_t wide[512] __attribute__((aligned(4096)));
static volatile uint64_t wide_other[512] __attribute__((aligned(4096)));

static void start(uint32_t global)
{
    set_cr0(get_cr0() & ~CR0_PG);
    for (unsigned n = 0; n < 1024; n++) {
        directory[n] = 0;
        table[n] = 0;
    }
    for (unsigned n = 0; n < 16; n++)
        directory[n] = n << 22 | LARGE | P | W | global;
    directory[WINDOW >> 22] = phys(table) | P | W;
    table[0] = phys(page) | P | W;
    table[1] = phys(page) | P;
    set_cr4(get_cr4() | CR4_PSE);
    set_cr3(phys(directory));
    set_cr0(get_cr0() | CR0_PG | CR0_WP);
}

static void basics(void)
{
    (void)*word(AT(0));
    check("accessed", table[0] & (A | D), A);
    check("accessed, directory", directory[WINDOW >> 22] & A, A);
    *word(AT(0)) = 5;
    check("dirty", table[0] & (A | D), A | D);
    check("the same page", *word(phys(page)), 5);
    write_at(AT(1) + 4);
    check("write to a read-only page", seen << 16 | seen_error, FAULT(3));
    check("its address", get_cr2(), AT(1) + 4);
    check("not dirty", table[1] & D, 0);
    read_at(AT(2));
    check("page not present", seen << 16 | seen_error, FAULT(0));
    table[2] = phys(page) | P | W;
    invlpg(AT(2));
    check("present after invlpg", *word(AT(2)), 5);
}

/* A processor may not remember that something is forbidden; it may remember that it is allowed. */
static void without_invalidation(void)
{
    read_at(AT(3));
    table[3] = phys(page) | P;
    seen = 0;
    check("present without invlpg", *word(AT(3)) + seen, 5);
    table[3] |= W;
    write_at(AT(3));
    check("writable without invlpg", seen, ~0u);
    *word(AT(3)) = 5;
    *word(phys(other)) = 6;
    table[3] = phys(other) | P | W;
    invlpg(AT(3));
    check("another page after invlpg", *word(AT(3)), 6);
    table[3] = phys(page) | P | W;
    set_cr3(get_cr3());
    check("another page after a load of CR3", *word(AT(3)), 5);
    table[3] = 0;
    set_cr3(get_cr3());
    read_at(AT(3));
    check("no page after a load of CR3", seen << 16 | seen_error, FAULT(0));
    table[3] = phys(page) | P | W;
    *word(AT(3)) = 5;
    table[3] &= ~D;
    invlpg(AT(3));
    *word(AT(3)) = 5;
    check("dirty again", table[3] & D, D);
}

static void write_protect(void)
{
    uint32_t good = 0;
    for (unsigned n = 0; n < 20; n++) {
        set_cr0(n % 2 != 0 ? get_cr0() | CR0_WP : get_cr0() & ~CR0_WP);
        write_at(AT(1));
        good += n % 2 != 0 ? seen == 14 && seen_error == 3 : seen == ~0u;
    }
    check("one store with WP and without", good, 20);
    set_cr0(get_cr0() & ~CR0_WP);
    write_at(AT(1));
    check("without WP the kernel writes", seen, ~0u);
    set_cr0(get_cr0() | CR0_WP);
    write_at(AT(1));
    check("with WP it does not", seen << 16 | seen_error, FAULT(3));
}

static void large_pages(void)
{
    enum { FIRST = 0x1000000, SECOND = 0x1400000, FAR = 0x123000 };
    *word(FIRST) = *word(FIRST + FAR) = 1;
    *word(SECOND) = *word(SECOND + FAR) = 2;
    directory[BIG >> 22] = FIRST | LARGE | P | W;
    check("a large page", *word(BIG) + *word(BIG + FAR), 2);
    directory[BIG >> 22] = SECOND | LARGE | P | W;
    invlpg(BIG + FAR);
    check("invlpg is for all of it", *word(BIG) + *word(BIG + FAR), 4);
    directory[BIG >> 22] = 0;
    invlpg(BIG);
    read_at(BIG + FAR);
    check("and it is gone", seen << 16 | seen_error, FAULT(0));
}

static void global_pages(void)
{
    *word(phys(page)) = 5;
    *word(phys(other)) = 6;
    set_cr4(get_cr4() | CR4_PGE);
    table[4] = phys(page) | P | W | G;
    (void)*word(AT(4));
    table[4] = phys(other) | P | W | G;
    set_cr4(get_cr4() & ~CR4_PGE);
    check("a global page after CR4.PGE changed", *word(AT(4)), 6);
    set_cr4(get_cr4() | CR4_PGE);
    (void)*word(AT(4));
    table[4] = phys(page) | P | W | G;
    invlpg(AT(4));
    check("a global page after invlpg", *word(AT(4)), 5);
    set_cr4(get_cr4() & ~CR4_PGE);
}

/* Nothing of an access happens before all of it can. */
static void half_way(void)
{
    uint32_t end = AT(6), count, to;
    table[5] = phys(other) | P | W;
    table[6] = 0;
    invlpg(AT(5));
    *word(end - 4) = 0x11223344;
    write_at(end - 2);
    check("store over the end", seen << 16 | seen_error, FAULT(2));
    check("faults in the second page", get_cr2(), end);
    check("the first is as it was", *word(end - 4), 0x11223344);
    seen = ~0u;
    __asm__ volatile("movl $1f, %0\nrep stosb\n1:"
                     : "=m"(resume), "=c"(count), "=D"(to)
                     : "1"(8), "2"(end - 3), "a"(0x55)
                     : "memory");
    check("a repeated store stops there", seen << 16 | seen_ecx, 14 << 16 | 5);
    check("with its registers", to, end);
    check("and what came before is done", *word(end - 4), 0x55555544);
    *word(phys(page)) = 5;
    EXPECT("mov $7, %%eax; lock xaddl %%eax, (%1)", "r"(AT(1)));
    check("LOCK XADD of a read-only page", seen << 16 | seen_error, FAULT(3));
    check("has not exchanged", seen_eax, 7);
    EXPECT("mov $7, %%eax; lock cmpxchgl %%ecx, (%1)", "r"(AT(1)));
    check("LOCK CMPXCHG of a read-only page", seen << 16 | seen_error, FAULT(3));
    check("is as it was", *word(phys(page)), 5);
}

#define MOVE(code)                                                          \
    __asm__ volatile("movl $1f, %0\n" code "\n1: cld"                       \
                     : "=m"(resume), "+c"(left), "+D"(m->to), "+S"(m->from) \
                     :                                                      \
                     : "memory")
struct moved {
    uint32_t to, from;
};

/* Returns how many elements were left. */
static uint32_t move(struct moved *m, uint32_t left, unsigned size, bool down)
{
    seen = ~0u;
    if (size == 1 && !down)
        MOVE("rep movsb");
    else if (size == 1)
        MOVE("std; rep movsb");
    else if (size == 2 && !down)
        MOVE("rep movsw");
    else if (size == 2)
        MOVE("std; rep movsw");
    else if (!down)
        MOVE("rep movsl");
    else
        MOVE("std; rep movsl");
    return left;
}

/* A page fault in the middle of REP MOVS: what came before is done, and it goes on when the page is there. */
static void string_faults(const char *name, unsigned size, bool down, bool write)
{
    enum { COUNT = 100, BEFORE = 40 };
    uint32_t step = down ? 0 - size : size, bad = 0, edge = AT(16);
    uint32_t there = down ? edge + (BEFORE - 1) * size : edge - BEFORE * size,
             missing = down ? 15 : 16;
    struct moved m = {write ? there : AT(20) + 1000, write ? AT(20) + 1000 : there}, first = m;
    bool read_only = write && size == 2;
    table[15] = phys(other) | P | W;
    table[16] = phys(third) | P | W;
    table[20] = phys(fourth) | P | W;
    table[missing] = read_only ? table[missing] & ~W : 0;
    set_cr3(get_cr3());
    for (unsigned n = 0; n < PAGE; n++) {
        other[n] = third[n] = (uint8_t)(n * 3);
        fourth[n] = (uint8_t)(n * 5 + 1);
    }
    uint32_t left = move(&m, COUNT, size, down);
    check(name, seen << 16 | seen_error, FAULT((write ? 2u : 0) | (read_only ? 1u : 0)));
    check(" left", left, COUNT - BEFORE);
    check(" its address", get_cr2(), write ? m.to : m.from);
    check(" so far", (m.to - first.to) | (m.from - first.from), BEFORE * step);
    table[missing] = (down ? phys(other) : phys(third)) | P | W;
    invlpg(AT(missing));
    check(" the next byte", *(volatile uint8_t *)m.to,
          (uint8_t)(write ? (m.to & (PAGE - 1)) * 3 : (m.to & (PAGE - 1)) * 5 + 1));
    left = move(&m, left, size, down);
    check(" goes on", left << 16 | (seen & 0xffff), 0xffff);
    for (uint32_t n = 0; n < COUNT; n++)
        for (unsigned k = 0; k < size; k++)
            bad += *(volatile uint8_t *)(first.to + n * step + k) !=
                   *(volatile uint8_t *)(first.from + n * step + k);
    check(" all", bad, 0);
}

/* Over the end of the address space, up and down. */
static void strings_around(void)
{
    volatile uint8_t *low = (volatile uint8_t *)0, *high = (volatile uint8_t *)0xfffff000;
    uint32_t kept = directory[1023], to = 0xfffffffc, count = 8, sum = 0;
    directory[1023] = phys(table) | P | W;
    table[1023] = phys(other) | P | W;
    set_cr3(get_cr3());
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0x5a) : "memory");
    for (unsigned n = 0; n < 4; n++)
        sum += (low[n] == 0x5a) + (high[PAGE - 4 + n] == 0x5a);
    check("REP STOSB over the end", sum << 8 | to, 8 << 8 | 4);
    to = 3, count = 8;
    __asm__ volatile("std; rep stosb; cld" : "+D"(to), "+c"(count) : "a"(0x3c) : "memory");
    for (unsigned n = 0; n < 4; n++)
        sum += (low[n] == 0x3c) + (high[PAGE - 4 + n] == 0x3c);
    check("and back", sum << 8 | (to & 0xff), 16 << 8 | 0xfb);
    directory[1023] = kept;
    table[1023] = 0;
    set_cr3(get_cr3());
}

static void strings_half_way(void)
{
    string_faults("REP MOVSB to nothing", 1, false, true);
    string_faults("REP MOVSW to a read-only page", 2, false, true);
    string_faults("REP MOVSD to nothing", 4, false, true);
    string_faults("REP MOVSB from nothing", 1, false, false);
    string_faults("REP MOVSD from nothing", 4, false, false);
    string_faults("downwards, REP MOVSB to nothing", 1, true, true);
    string_faults("downwards, REP MOVSW to a read-only page", 2, true, true);
    string_faults("downwards, REP MOVSD from nothing", 4, true, false);
    strings_around();
}

/* mov eax, NUMBER; ret, the first two bytes on one page and the others on the next. */
static void code_across(void)
{
    uint32_t at = AT(9) - 2, v;
    third[PAGE - 2] = 0xb8;
    third[PAGE - 1] = 7;
    page[0] = other[0] = page[1] = other[1] = page[2] = other[2] = 0;
    page[3] = other[3] = 0xc3;
    page[1] = 1;
    other[1] = 2;
    table[8] = phys(third) | P;
    table[9] = 0;
    EXPECT("jmp *%1", "r"(at));
    check("code over the end", seen << 16 | seen_error, FAULT(0));
    check("faults in the second page", get_cr2(), AT(9));
    check("at the instruction", seen_eip, at);
    uint32_t sum = 0;
    for (unsigned n = 0; n < 100; n++) {
        table[9] = phys(n % 2 ? page : other) | P;
        invlpg(AT(9));
        __asm__ volatile("call *%1" : "=a"(v) : "r"(at) : "memory", "cc");
        sum += v;
    }
    check("the second page changes", sum, 50 * (0x10007 + 0x20007));
}

/* Code is written at one address and runs at another. */
static void alias(void)
{
    uint32_t v, sum = 0;
    table[10] = phys(third) | P | W;
    table[11] = phys(third) | P;
    *(volatile uint8_t *)AT(10) = 0xb8;
    *(volatile uint8_t *)(AT(10) + 5) = 0xc3;
    for (uint32_t n = 0; n < 300; n++) {
        *(volatile uint32_t *)(AT(10) + 1) = n;
        __asm__ volatile("call *%1" : "=a"(v) : "r"(AT(11)) : "memory", "cc");
        sum += v;
    }
    check("code written through another address", sum, 44850);
}

static void user_rights(void)
{
    directory[0] |= U; /* where this code is */
    directory[WINDOW >> 22] |= U;
    table[12] = phys(page) | P | W;
    table[13] = phys(page) | P | U;
    set_cr3(get_cr3());
    (void)*word(AT(12));
    ELSEWHERE(TO_USER, "movl %%ss:0x1000c000, %%eax");
    check("the kernel's page in user mode", seen << 16 | seen_error, FAULT(5));
    ELSEWHERE(TO_USER, "movl %%ss:0x1000d000, %%eax; int $0x20");
    check("the user's page", seen, 0x20);
    ELSEWHERE(TO_USER, "movl $1, %%ss:0x1000d000");
    check("read-only to the user", seen << 16 | seen_error, FAULT(7));
    ELSEWHERE(TO_USER, "movl $1, %%ss:0x1000e000");
    check("no page in user mode", seen << 16 | seen_error, FAULT(6));
    ELSEWHERE(TO_USER, "jmp 0x1000c000");
    check("running the kernel's page", seen << 16 | seen_error, FAULT(5));
}

static void set_nxe(bool on)
{
    __asm__ volatile("wrmsr" : : "c"(0xc0000080), "a"(on ? 0x800 : 0), "d"(0));
}

/* A pointer that is changed in memory alone stays what it was, whatever is invalidated. */
static void latched(void)
{
    uint32_t good = 0;
    for (unsigned n = 0; n < 512; n++)
        directories[2][n] = 0;
    directories[2][0] = phys(wide_other) | P | W;
    wide_other[0] = phys(other) | P | W;
    *(volatile uint32_t *)(other + 8) = 6;
    for (unsigned n = 0; n < 20; n++) {
        pointers[1] = phys(directories[n % 2 != 0 ? 1 : 2]) | P;
        invlpg(0x40000008);
        good += *word(0x40000008) == (n % 2 != 0 ? 6 : 5);
        set_cr3(phys(pointers));
        good += *word(0x40000008) == (n % 2 != 0 ? 5 : 6);
    }
    check("PAE, pointers change by a load of CR3 alone", good, 40);
}

/* EFER.NXE: an access of the same page is allowed with it, and reserved bits without it. */
static void no_execute(void)
{
    uint32_t good = 0;
    for (unsigned n = 0; n < 20; n++) {
        set_nxe(false);
        set_cr3(phys(pointers));
        read_at(0x40001008);
        good += seen << 16 == 14u << 16 && seen_error == 9;
        set_nxe(true);
        set_cr3(phys(pointers));
        read_at(0x40001008);
        good += seen == ~0u;
    }
    check("PAE, NXE off and on", good, 40);
}

/* INVLPG of one address of a large page is for all of it, also when a table comes instead. */
static void wide_large_pages(void)
{
    enum { FIRST = 0x1000000, SECOND = 0x1200000, AT = 0x40200000, FAR = 0x123000 };
    for (unsigned n = 0; n < 512; n++)
        wide_other[n] = (uint64_t)(SECOND + n * PAGE) | P | W;
    *word(FIRST) = *word(FIRST + FAR) = 1;
    *word(SECOND) = *word(SECOND + FAR) = 2;
    directories[1][1] = FIRST | LARGE | P | W;
    check("PAE, a large page", *word(AT) + *word(AT + FAR), 2);
    directories[1][1] = phys(wide_other) | P | W;
    invlpg(AT + FAR);
    check("PAE, invlpg of a large page that has become a table", *word(AT) + *word(AT + FAR), 4);
    directories[1][1] = SECOND | LARGE | P | W;
    set_cr3(phys(pointers));
    *word(AT + 8) = 7;
    check("PAE, a large page written", (uint32_t)directories[1][1] & (A | D), A | D);
}

static void long_entries(uint32_t global)
{
    for (unsigned n = 0; n < 32; n++)
        directories[0][n] = (uint64_t)n << 21 | LARGE | P | W | global;
    directories[1][0] = phys(wide) | P | W;
    wide[0] = phys(page) | P | W;
    wide[1] = phys(page) | P | W | NX;
    pointers[0] = phys(directories[0]) | P;
    pointers[1] = phys(directories[1]) | P;
    page[0] = 0xc3;
    *(volatile uint32_t *)(page + 8) = 5;
    set_cr0(get_cr0() & ~CR0_PG);
    set_cr4(get_cr4() | CR4_PAE);
    set_cr3(phys(pointers));
    set_cr0(get_cr0() | CR0_PG);
    check("PAE", *word(0x40000008), 5);
    check("PAE, accessed", (uint32_t)wide[0] & (A | D), A);
    read_at(0x40001008);
    check("PAE, NX without NXE", seen << 16 | seen_error, FAULT(9));
    set_nxe(true);
    read_at(0x40001008);
    check("PAE, data of an NX page", seen, ~0u);
    __asm__ volatile("call *%0" : : "r"(0x40000000) : "memory");
    EXPECT("jmp *%1", "r"(0x40001000));
    check("PAE, running an NX page", seen << 16 | seen_error, FAULT(0x11));
    read_at(0x40002000);
    check("PAE, no page", seen << 16 | seen_error, FAULT(0));
    read_at(0x80000000);
    check("PAE, no directory", seen << 16 | seen_error, FAULT(0));
    pointers[2] = pointers[1];
    read_at(0x80000000);
    check("PAE, its pointers are those of the load of CR3", seen << 16 | seen_error, FAULT(0));
    set_cr3(phys(pointers));
    check("PAE, a new pointer", *word(0x80000008), 5);
    pointers[2] |= 4; /* reserved in an entry of the pointer table: U */
    EXPECT("mov %1, %%cr3", "r"(pointers));
    check("PAE, a bad pointer", seen << 16 | seen_error, 13 << 16);
    static volatile uint64_t bad[4] __attribute__((aligned(32))) = {P | U};
    tss2[7] = phys(bad);
    EXPECT("lcall $48, $0", "m"(resume));
    check("PAE, a task with a bad pointer", seen << 16 | seen_error, 13 << 16);
    pointers[2] = 0;
    set_cr3(phys(pointers));
    read_at(0x80000000);
    check("PAE, the pointer is gone", seen << 16 | seen_error, FAULT(0));
    latched();
    no_execute();
    wide_large_pages();
    set_nxe(false);
    set_cr0(get_cr0() & ~CR0_PG);
    set_cr4(get_cr4() & ~CR4_PAE);
    set_cr3(phys(directory));
    set_cr0(get_cr0() | CR0_PG);
    check("back to short entries", *word(AT(0) + 8), 5);
}

static void all(uint32_t global)
{
    start(global);
    basics();
    without_invalidation();
    write_protect();
    large_pages();
    global_pages();
    half_way();
    strings_half_way();
    code_across();
    alias();
    spaces();
    user_rights();
    long_entries(global);
}

void paging(void)
{
    all(0);
    say("the same with global pages for the kernel");
    all(G);
}
