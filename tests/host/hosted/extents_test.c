/* The ordered set of extents against an array of pages. */
#include "test.h"

#include <arch/hosted/extents.h>
#include <string.h>

#define PAGES 600u

struct page {
    uintptr_t region; /* 0: nothing */
    uint64_t offset;
    uint8_t rights;
};
static struct page at[PAGES];
static struct hosted_extents set;

static bool continues(unsigned p)
{
    return p > 0 && at[p].region != 0 && at[p - 1].region == at[p].region &&
           at[p - 1].offset + 1 == at[p].offset && at[p - 1].rights == at[p].rights;
}

/* Whether the set says what the array says. */
static bool same(void)
{
    unsigned count = 0;
    struct hosted_extent *x = hosted_extents_from(&set, 0);
    for (unsigned p = 0; p < PAGES;) {
        if (at[p].region == 0) {
            p++;
            continue;
        }
        unsigned first = p++;
        while (p < PAGES && continues(p))
            p++;
        if (x == NULL || x->va != first * 4096ull || x->pages != p - first ||
            x->offset != at[first].offset || (uintptr_t)x->region != at[first].region ||
            x->rights != at[first].rights)
            return false;
        x = hosted_extents_from(&set, hosted_extent_end(x));
        count++;
    }
    return x == NULL && count == set.count;
}

static bool step(void)
{
    uint64_t r = random_next();
    unsigned first = (unsigned)(r % PAGES), pages = (unsigned)(r >> 16) % 24 + 1;
    if (first + pages > PAGES)
        pages = PAGES - first;
    bool free_there = true;
    for (unsigned p = first; p < first + pages; p++)
        free_there &= at[p].region == 0;
    if (!hosted_extents_ready(&set, 4))
        return false;
    if (free_there && (r >> 60) < 14) {
        struct hosted_extent run = {.va = first * 4096ull,
                                    .pages = pages,
                                    .offset = r >> 61 ? first : (r >> 32) % 1000,
                                    .region =
                                        (struct hosted_region *)(uintptr_t)(1 + (r >> 50) % 2),
                                    .rights = (uint8_t)((r >> 52) % 2)};
        int growth = hosted_extents_growth(&set, &run);
        unsigned before = set.count;
        hosted_extents_add(&set, run);
        for (unsigned p = 0; p < pages; p++)
            at[first + p] = (struct page){(uintptr_t)run.region, run.offset + p, run.rights};
        return (int)(set.count - before) == growth;
    }
    hosted_extents_remove(&set, first * 4096ull, (first + pages) * 4096ull);
    memset(at + first, 0, pages * sizeof at[0]);
    return true;
}

void extents_tests(void)
{
    bool good = true;
    unsigned i = 0;
    for (; i < 40000 && good; i++)
        good = step() && same();
    result("extents random", good, "after step %u", i);
}
