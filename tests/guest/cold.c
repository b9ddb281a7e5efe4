/*
 * The price of a page that the guest has mapped but the machine has not seen yet: what an emulator's
 * TLB, or a window of the host's address space, is filled with at the first touch.
 *
 * MADV_POPULATE_WRITE maps pages without the process touching them (the kernel clears them at its
 * own addresses). Pages populated in a scattered order have neighbours elsewhere in memory, so each
 * touch brings in one page (cold_page); pages populated in order mostly lie side by side, and touching
 * one in sixteen brings in its neighbours too (cold_run, for as many pages as cold_run_pages says;
 * physical addresses are read from /proc/self/pagemap).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { PAGE = 4096, PAGES = 1024, REGIONS = 8, AROUND = 16 };
enum { STEP = 389 }; /* odd, to visit all pages */

static uint64_t frame[PAGES];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static volatile uint8_t *region(void)
{
    uint8_t *p = mmap(NULL, (PAGES + AROUND) * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        fail("mmap");
    return (uint8_t *)(((uintptr_t)p + AROUND * PAGE - 1) & ~(uintptr_t)(AROUND * PAGE - 1));
}

static void populate(volatile uint8_t *p, size_t bytes)
{
    if (madvise((void *)p, bytes, MADV_POPULATE_WRITE) != 0)
        fail("madvise");
}

/* Page frame numbers: bits 0 to 54 of the entries. */
static void read_frames(volatile uint8_t *p)
{
    int file = open("/proc/self/pagemap", O_RDONLY);
    if (file < 0 ||
        pread(file, frame, sizeof frame, (off_t)((uintptr_t)p / PAGE * 8)) != (ssize_t)sizeof frame)
        fail("pagemap");
    close(file);
    for (int n = 0; n < PAGES; n++)
        frame[n] &= (1ull << 55) - 1;
}

static int follows(int n)
{
    return n % AROUND != 0 && frame[n] == frame[n - 1] + 1;
}

static void single_pages(void)
{
    volatile uint8_t *p = region();
    double ns = 0;
    int pages = 0;
    for (int n = 0; n < PAGES; n++)
        populate(p + n * STEP % PAGES * PAGE, PAGE);
    read_frames(p);
    for (int n = 0; n < PAGES; n++) {
        if (follows(n) || (n + 1 < PAGES && follows(n + 1)))
            continue;
        double start = now_ns();
        p[n * PAGE] = 1;
        ns += now_ns() - start;
        pages++;
    }
    double start = now_ns(), empty = 0;
    for (int n = 0; n < pages; n++) {
        start = now_ns();
        empty += now_ns() - start;
    }
    report("cold_page", (ns - empty) / pages, "ns");
}

struct sum {
    double ns, empty;
    int pages, count;
};

static void run_region(struct sum *s)
{
    volatile uint8_t *p = region();
    populate(p, PAGES * PAGE);
    read_frames(p);
    for (int n = 0; n < PAGES; n += AROUND) {
        int length = 1;
        while (length < AROUND && follows(n + length))
            length++;
        double start = now_ns();
        p[n * PAGE] = 1;
        s->ns += now_ns() - start;
        start = now_ns();
        s->empty += now_ns() - start;
        s->pages += length;
        s->count++;
    }
}

/* Several regions: an interrupt now and then must not show. */
static void runs(void)
{
    struct sum s = {0};
    for (int n = 0; n < REGIONS; n++)
        run_region(&s);
    report("cold_run", (s.ns - s.empty) / s.count, "ns");
    report("cold_run_pages", (double)s.pages / s.count, "pages");
}

int main(void)
{
    single_pages();
    runs();
    return 0;
}
