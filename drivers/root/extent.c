/*
 * Free extents in one sorted array.
 *
 * Invariants: sorted by (parent, offset); extents of one parent neither touch nor overlap. So there
 * are at most regions + allocated of them, and because extent_take refuses when that sum would
 * exceed the array, extent_give always finds room: memory is never lost for want of bookkeeping.
 */
#include "extent.h"

#include <string.h>

#define LARGE 512 /* pages of 2 MiB */
enum { PARENTS_MAX = sizeof((struct extents *)0)->first_page / sizeof(uint64_t) };

static void insert(struct extents *e, unsigned at, struct extent x)
{
    memmove(&e->extent[at + 1], &e->extent[at], (e->count - at) * sizeof x);
    e->extent[at] = x;
    e->count++;
}

static void erase(struct extents *e, unsigned at)
{
    e->count--;
    memmove(&e->extent[at], &e->extent[at + 1], (e->count - at) * sizeof e->extent[0]);
}

bool extent_add(struct extents *e, uint64_t first_page, uint64_t pages)
{
    if (e->regions == PARENTS_MAX || e->regions + e->allocated + 1 > EXTENTS_MAX)
        return false;
    e->first_page[e->regions] = first_page;
    if (pages)
        insert(e, e->count, (struct extent){e->regions, 0, pages});
    e->regions++;
    e->free_pages += pages;
    return true;
}

/* Pages to skip at the start of x so that the rest begins at a multiple of align. */
static uint64_t gap(const struct extents *e, const struct extent *x, uint64_t align)
{
    uint64_t page = e->first_page[x->parent] + x->offset;
    return (align - page % align) % align;
}

static bool take_aligned(struct extents *e, uint64_t pages, uint64_t align, struct extent *out)
{
    for (unsigned i = 0; i < e->count; i++) {
        struct extent *x = &e->extent[i];
        uint64_t skip = gap(e, x, align);
        if (x->pages < pages || x->pages - pages < skip)
            continue;
        *out = (struct extent){x->parent, x->offset + skip, pages};
        struct extent rest = {x->parent, out->offset + pages, x->pages - skip - pages};
        x->pages = skip;
        if (rest.pages)
            insert(e, i + 1, rest);
        if (!skip)
            erase(e, i);
        e->allocated++;
        e->free_pages -= pages;
        return true;
    }
    return false;
}

bool extent_take(struct extents *e, uint64_t pages, struct extent *out)
{
    /* One above the invariant's bound: take_aligned inserts the rest before it erases. */
    if (pages == 0 || e->regions + e->allocated + 2 > EXTENTS_MAX)
        return false;
    if (pages >= LARGE && take_aligned(e, pages, LARGE, out))
        return true;
    return take_aligned(e, pages, 1, out);
}

void extent_give(struct extents *e, const struct extent *x)
{
    unsigned i = 0;
    while (i < e->count && (e->extent[i].parent < x->parent ||
                            (e->extent[i].parent == x->parent && e->extent[i].offset < x->offset)))
        i++;
    struct extent *before = i > 0 ? &e->extent[i - 1] : NULL;
    struct extent *after = i < e->count ? &e->extent[i] : NULL;
    bool joins_before =
        before && before->parent == x->parent && before->offset + before->pages == x->offset;
    bool joins_after = after && after->parent == x->parent && x->offset + x->pages == after->offset;
    if (joins_before && joins_after) {
        before->pages += x->pages + after->pages;
        erase(e, i);
    } else if (joins_before) {
        before->pages += x->pages;
    } else if (joins_after) {
        after->offset = x->offset;
        after->pages += x->pages;
    } else {
        insert(e, i, *x);
    }
    e->allocated--;
    e->free_pages += x->pages;
}

uint64_t extent_largest(const struct extents *e)
{
    uint64_t largest = 0;
    for (unsigned i = 0; i < e->count; i++)
        if (e->extent[i].pages > largest)
            largest = e->extent[i].pages;
    return largest;
}
