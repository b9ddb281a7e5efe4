/* Sets of free ranges; see extents.h for the representation and why the array is large enough. */
#include "extents.h"

#include <string.h>

static void remove_at(struct extents *e, unsigned i)
{
    e->count--;
    memmove(e->entry + i, e->entry + i + 1, (e->count - i) * sizeof(*e->entry));
}

static bool insert_at(struct extents *e, unsigned i, uint64_t start, uint64_t size)
{
    if (e->count == e->capacity)
        return false;
    memmove(e->entry + i + 1, e->entry + i, (e->count - i) * sizeof(*e->entry));
    e->entry[i] = (struct extent){start, size};
    e->count++;
    return true;
}

bool extents_give(struct extents *e, uint64_t start, uint64_t size)
{
    if (!size)
        return true;
    unsigned i = 0;
    while (i < e->count && e->entry[i].start < start)
        i++;
    struct extent *below = i ? &e->entry[i - 1] : NULL;
    struct extent *above = i < e->count ? &e->entry[i] : NULL;
    if ((below && below->start + below->size > start) || (above && start + size > above->start))
        return false;
    bool joins_below = below && below->start + below->size == start;
    bool joins_above = above && start + size == above->start;
    if (joins_below && joins_above) {
        below->size += size + above->size;
        remove_at(e, i);
    } else if (joins_below) {
        below->size += size;
    } else if (joins_above) {
        above->start = start;
        above->size += size;
    } else {
        return insert_at(e, i, start, size);
    }
    return true;
}

bool extents_take_high(struct extents *e, uint64_t size, uint64_t *start)
{
    for (unsigned i = e->count; i-- > 0;) {
        struct extent *x = &e->entry[i];
        if (x->size < size)
            continue;
        x->size -= size;
        *start = x->start + x->size;
        if (!x->size)
            remove_at(e, i);
        return true;
    }
    return false;
}

bool extents_take_aligned(struct extents *e, uint64_t size, uint64_t align, uint64_t *start)
{
    for (unsigned i = 0; i < e->count; i++) {
        struct extent x = e->entry[i];
        uint64_t skip = -x.start & (align - 1);
        if (x.size < skip || x.size - skip < size)
            continue;
        uint64_t rest = x.size - skip - size;
        if (skip && rest && !insert_at(e, i + 1, x.start + skip + size, rest))
            return false;
        *start = x.start + skip;
        if (skip)
            e->entry[i].size = skip;
        else if (rest)
            e->entry[i] = (struct extent){x.start + size, rest};
        else
            remove_at(e, i);
        return true;
    }
    return false;
}

uint64_t extents_take_some(struct extents *e, uint64_t size, uint64_t *start)
{
    if (!e->count || !size)
        return 0;
    struct extent *x = &e->entry[0];
    if (size > x->size)
        size = x->size;
    *start = x->start;
    x->start += size;
    x->size -= size;
    if (!x->size)
        remove_at(e, 0);
    return size;
}

uint64_t extents_total(const struct extents *e)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < e->count; i++)
        total += e->entry[i].size;
    return total;
}
