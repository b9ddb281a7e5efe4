/*
 * Several address spaces: tables that become something else, text written through another space's
 * address, entries that mean another thing when a control register changes.
 *
 * Each space is a copy of the directory in use, which maps the first 64 MiB to themselves, and more.
 */
#include "paging.h"

#define TEXT_AT   0x18000000u /* in all spaces, may not be written */
#define ALIAS_AT  0x08000000u /* in one space: the same, for a user, writable */
#define OWN_AT    0x20000000u /* each space its own */
#define ENTRY(va) ((va) >> 22)

typedef volatile uint32_t table[1024];
static table first __attribute__((aligned(4096)));
static table second __attribute__((aligned(4096)));
static table pool[4] __attribute__((aligned(4096)));
static table text_table __attribute__((aligned(4096)));
static table alias_table __attribute__((aligned(4096)));
static table low __attribute__((aligned(4096)));
static volatile uint8_t text[4096] __attribute__((aligned(4096)));
static table data[2] __attribute__((aligned(4096)));
static table *here; /* the directory in use */

static void copy(table to)
{
    for (unsigned n = 0; n < 1024; n++)
        to[n] = (*here)[n];
}

static uint32_t call(uint32_t at)
{
    uint32_t v;
    __asm__ volatile("call *%1" : "=a"(v) : "r"(at) : "memory", "cc", "ecx", "edx");
    return v;
}

/* mov eax, NUMBER; ret */
static void put_code(volatile uint8_t *at, uint32_t number)
{
    at[0] = 0xb8;
    *(volatile uint32_t *)(at + 1) = number;
    at[5] = 0xc3;
}

/* As Linux patches itself: another space has the text where users have their pages, for a user or (as Linux
 * has it) not. */
static void patching(uint32_t global, uint32_t user)
{
    uint32_t good = 0, stops = 0;
    put_code(text, 0);
    text_table[0] = phys(text) | P | global;
    alias_table[0] = phys(text) | P | W | user;
    (*here)[ENTRY(TEXT_AT)] = phys(text_table) | P;
    copy(first);
    first[ENTRY(ALIAS_AT)] = phys(alias_table) | P | W | U;
    for (uint32_t n = 1; n <= 300; n++) {
        set_cr3(phys(first));
        *word(ALIAS_AT + 1) = n;
        set_cr3(phys(*here));
        good += call(TEXT_AT) == n;
    }
    check("text written through another space", good, 300);
    for (uint32_t n = 1; n <= 20; n++) { /* a breakpoint first, then the end, then the beginning */
        set_cr3(phys(first));
        *(volatile uint8_t *)ALIAS_AT = 0xcc;
        set_cr3(phys(*here));
        EXPECT("jmp *%1", "r"(TEXT_AT));
        stops += seen == 3 && seen_eip == TEXT_AT + 1;
        set_cr3(phys(first));
        *word(ALIAS_AT + 1) = ~n;
        *(volatile uint8_t *)ALIAS_AT = 0xb8;
        set_cr3(phys(*here));
        stops += call(TEXT_AT) == ~n;
    }
    check("text patched behind a breakpoint", stops, 40);
    write_at(TEXT_AT);
    check("text is still read-only", seen << 16 | seen_error, FAULT(3));
    read_at(ALIAS_AT);
    check("and the other address is the other space's", seen << 16 | seen_error, FAULT(0));
}

/* What a page is after it was a table; n says what to. Whether it is still that later. */
static void use_as_data(table t, uint32_t n)
{
    for (unsigned k = 0; k < 1024; k++)
        t[k] = n * 1024 + k;
}

static bool is_data(const table t, uint32_t n)
{
    for (unsigned k = 0; k < 1024; k++)
        if (t[k] != n * 1024 + k)
            return false;
    return true;
}

/* Processes come and go: their directories are two pages, their tables four; freed ones hold data. */
static void freed_tables(void)
{
    uint32_t good = 0, kept = 0, ran = 0;
    data[0][0] = 100;
    data[1][0] = 101;
    for (uint32_t n = 0; n < 100; n++) {
        volatile uint32_t *directory = n % 2 != 0 ? first : second, *t = pool[n % 4];
        copy(directory);
        for (unsigned k = 0; k < 1024; k++)
            t[k] = 0;
        t[0] = phys(data[n / 3 % 2]) | P | W | U;
        t[n % 7 + 1] = phys(data[n / 5 % 2]) | P | U;
        directory[ENTRY(OWN_AT)] = phys(t) | P | W | U;
        set_cr3(phys(directory));
        good += *word(OWN_AT) == 100 + n / 3 % 2;
        good += *word(OWN_AT + (n % 7 + 1) * PAGE) == 100 + n / 5 % 2;
        *word(OWN_AT + 4) = n;
        good += data[n / 3 % 2][1] == n && (t[0] & (A | D)) == (A | D);
        set_cr3(phys(*here));
        use_as_data(t, n);
        use_as_data(directory, n + 1);
        if (n != 0) /* the one before: nobody has marked anything there */
            kept += is_data(pool[(n - 1) % 4], n - 1);
        read_at(OWN_AT);
        good += seen == 14;
        put_code((volatile uint8_t *)pool[(n + 1) % 4], n);
        ran += call(phys(pool[(n + 1) % 4])) == n;
    }
    check("tables of processes that come and go", good, 400);
    check("freed tables keep what is written there", kept, 99);
    check("freed tables hold code", ran, 100);
}

/* A directory gets another table: all of its pages are others from the load of CR3 on. */
static void other_tables(void)
{
    uint32_t good = 0;
    data[0][0] = 1;
    data[1][0] = 2;
    for (unsigned k = 0; k < 1024; k++) {
        pool[0][k] = phys(data[0]) | P | W;
        pool[1][k] = phys(data[1]) | P | W;
    }
    copy(first);
    for (unsigned n = 0; n < 40; n++) {
        first[ENTRY(OWN_AT)] = phys(pool[n % 2]) | P | W;
        set_cr3(phys(first));
        good += *word(OWN_AT) == n % 2 + 1 && *word(OWN_AT + (n * 17 % 1024) * PAGE) == n % 2 + 1;
    }
    check("another table in a directory", good, 40);
    set_cr3(phys(*here));
}

/* With CR4.PSE clear, bit 7 of a directory's entry means nothing: it names a table. */
static void large_or_not(void)
{
    enum { LARGE_AT = 0x1000000 };
    uint32_t good = 0;
    for (unsigned n = 0; n < 1024; n++) {
        low[n] = n << 12 | P | W;
        second[n] = 0;
    }
    *word(LARGE_AT + 4) = phys(data[0]) | P | W; /* of page 1, if it is a table */
    *word(LARGE_AT + PAGE + 8) = 3;              /* in page 1, if it is a large page */
    data[0][2] = 4;
    second[0] = phys(low) | P | W; /* this code, in small pages */
    second[ENTRY(OWN_AT)] = LARGE_AT | LARGE | P | W;
    set_cr3(phys(second));
    for (unsigned n = 0; n < 20; n++) {
        set_cr4(get_cr4() ^ CR4_PSE);
        good += *word(OWN_AT + PAGE + 8) == (n % 2 != 0 ? 3 : 4);
    }
    set_cr3(phys(*here));
    check("CR4.PSE off and on", good, 20);
}

/* One page in two spaces: what is written in one is dirty there alone. */
static void dirty_apart(void)
{
    copy(first);
    copy(second);
    first[ENTRY(OWN_AT)] = phys(pool[0]) | P | W;
    second[ENTRY(OWN_AT)] = phys(pool[1]) | P | W;
    pool[0][0] = pool[1][0] = phys(data[0]) | P | W;
    set_cr3(phys(first));
    (void)*word(OWN_AT);
    set_cr3(phys(second));
    *word(OWN_AT) = 1;
    set_cr3(phys(*here));
    check("dirty in one space", (pool[0][0] & (A | D)) << 8 | (pool[1][0] & (A | D)),
          A << 8 | A | D);
}

void spaces(void)
{
    here = (table *)get_cr3();
    patching((*here)[0] & G, U);
    patching((*here)[0] & G, 0);
    freed_tables();
    other_tables();
    large_or_not();
    dirty_apart();
}
