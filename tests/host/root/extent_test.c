/*
 * The extent allocator against an oracle: one byte per page that says who has it.
 */
#include "test.h"
#include "extent.h"

#include <stdlib.h>

enum { REGIONS = 4, PAGES_MAX = 6000, HELD_MAX = 400 };
static const struct {
    uint64_t first, pages;
} regions[REGIONS] = {{1, 158}, {256, 0}, {300, 3000}, {0x100000, 6000}};

static uint8_t used[REGIONS][PAGES_MAX];
static struct extents e;

/* NULL if the allocator's array agrees with used[]. */
static const char *disagreement(void)
{
    static uint8_t free_pages[REGIONS][PAGES_MAX];
    uint64_t sum = 0;
    memset(free_pages, 0, sizeof free_pages);
    for (unsigned i = 0; i < e.count; i++) {
        const struct extent *x = &e.extent[i];
        if (x->parent >= REGIONS || x->pages == 0 ||
            x->offset + x->pages > regions[x->parent].pages)
            return "an extent lies outside its region";
        if (i > 0 && e.extent[i - 1].parent == x->parent &&
            e.extent[i - 1].offset + e.extent[i - 1].pages >= x->offset)
            return "extents touch, overlap or are out of order";
        for (uint64_t p = 0; p < x->pages; p++)
            free_pages[x->parent][x->offset + p] = 1;
        sum += x->pages;
    }
    for (unsigned r = 0; r < REGIONS; r++)
        for (unsigned p = 0; p < regions[r].pages; p++)
            if (free_pages[r][p] == used[r][p])
                return used[r][p] ? "a page in use is free" : "a free page is missing";
    return sum == e.free_pages ? NULL : "the number of free pages is wrong";
}

static uint64_t longest_free_run(void)
{
    uint64_t longest = 0;
    for (unsigned r = 0; r < REGIONS; r++)
        for (unsigned p = 0, run = 0; p < regions[r].pages; p++) {
            run = used[r][p] ? 0 : run + 1;
            if (run > longest)
                longest = run;
        }
    return longest;
}

static bool mark(const struct extent *x, uint8_t value)
{
    for (uint64_t p = 0; p < x->pages; p++) {
        if (used[x->parent][x->offset + p] == value)
            return false;
        used[x->parent][x->offset + p] = value;
    }
    return true;
}

static uint64_t some_size(void)
{
    static const uint64_t limits[] = {1, 4, 40, 700, 3000};
    return 1 + random_next() % limits[random_next() % 5];
}

static const char *random_run(unsigned steps)
{
    static struct extent held[HELD_MAX];
    unsigned count = 0;
    const char *why = NULL;
    for (unsigned i = 0; i < steps && !why; i++) {
        struct extent x;
        bool give = count == HELD_MAX || (count && random_next() % 100 < 45);
        if (give) {
            unsigned n = (unsigned)(random_next() % count);
            x = held[n];
            held[n] = held[--count];
            extent_give(&e, &x);
            if (!mark(&x, 0))
                return "a page was given back twice";
        } else {
            uint64_t pages = some_size(), longest = longest_free_run();
            bool taken = extent_take(&e, pages, &x);
            if (taken != (pages <= longest))
                return taken ? "more was taken than is free" : "a run that fits was refused";
            if (!taken)
                continue;
            if (x.pages != pages || x.offset + pages > regions[x.parent].pages || !mark(&x, 1))
                return "what was taken is not free";
            held[count++] = x;
        }
        why = disagreement();
        if (!why && extent_largest(&e) != longest_free_run())
            why = "the longest run is wrong";
    }
    while (count) {
        struct extent x = held[--count];
        extent_give(&e, &x);
        mark(&x, 0);
    }
    return why ? why : disagreement();
}

static void fresh(void)
{
    memset(&e, 0, sizeof e);
    memset(used, 0, sizeof used);
    for (unsigned r = 0; r < REGIONS; r++)
        extent_add(&e, regions[r].first, regions[r].pages);
}

void extent_tests(void)
{
    struct extent x, y;
    fresh();
    const char *why = random_run(20000);
    result("extent/random-against-oracle", !why, "%s", why);
    result("extent/all-merged-again", e.count == 3 && e.free_pages == 158 + 3000 + 6000,
           "%u extents, %llu pages", e.count, (unsigned long long)e.free_pages);

    fresh();
    result("extent/zero-pages", !extent_take(&e, 0, &x), "0 pages were given");
    result("extent/too-much", !extent_take(&e, 6001, &x) && e.free_pages == 9158,
           "6001 pages were given");
    bool taken = extent_take(&e, 512, &x);
    result("extent/2m-aligned", taken && (regions[x.parent].first + x.offset) % 512 == 0,
           "page %#llx", (unsigned long long)(regions[x.parent].first + x.offset));
    taken = extent_take(&e, 5999, &x);
    result("extent/unaligned-if-it-must", taken && x.pages == 5999, "refused");

    memset(&e, 0, sizeof e);
    extent_add(&e, 0, 100000);
    unsigned n = 0;
    while (extent_take(&e, 1, &y)) /* every second page is kept: the worst fragmentation */
        n++;
    for (unsigned i = 0; i < n; i += 2)
        extent_give(&e, &(struct extent){0, i, 1});
    for (unsigned i = 1; i < n; i += 2)
        extent_give(&e, &(struct extent){0, i, 1});
    result("extent/table-never-overflows",
           n >= EXTENTS_MAX / 2 && e.count == 1 && e.free_pages == 100000, "%u taken, %u left", n,
           e.count);
    memset(&e, 0, sizeof e);
    for (n = 0; extent_add(&e, n * 100, 1); n++)
        ;
    result("extent/regions-end", n == 160, "%u regions were taken", n);
}
