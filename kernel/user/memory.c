/*
 * Who has which pages of the task's memory region. The heap takes pages from the bottom, wherever
 * some are free, and lines them up in its own address range; carved regions take one extent from
 * the top. The heap never gives pages back.
 *
 * Invariant: every page of [first, first + pages) given to heap_init is in exactly one of: the free
 * set, the heap, a carved region.
 */
#include "extents.h"
#include "internal.h"
#include "memory.h"

#include <tetrapla/sys.h>

/* At most this many regions at a time; so many ranges are enough (extents.h): one more for each
 * region, and the heap's pages are taken from the bottom of a free range, so they make no gap that
 * a region did not make. */
#define REGIONS_MAX 1024

#define HEAP_STEP_MAX (512u) /* pages: one large page */
#define HEAP_STEP_MIN (16u)

static struct extent entries[REGIONS_MAX + 2];
static struct extents pool = {entries, 0, REGIONS_MAX + 2};
static struct lock lock;
static handle_t region;
static uint64_t heap_end = HEAP_VA;
static unsigned regions;

void heap_init(handle_t from, uint64_t first, uint64_t pages)
{
    lock_take(&lock);
    if (region == HANDLE_NONE || region == from) { /* there is one region only */
        region = from;
        extents_give(&pool, first, pages);
    }
    lock_drop(&lock);
}

handle_t memory_region(void)
{
    return region;
}

static bool map_at_heap_end(uint64_t first, uint64_t pages)
{
    unsigned done;
    ipc()->vector[0] = (struct map_op){.kind = MAP_MAP,
                                       .rights = MAP_READ | MAP_WRITE,
                                       .region = region,
                                       .va = heap_end,
                                       .offset = first,
                                       .pages = pages};
    return sys_map(0, 1, &done) == OK;
}

/* How much to take: a share of what is left, so that a small task's heap does not swallow what it
 * may want as regions, and a large one's grows in large pages. */
static uint64_t heap_step(uint64_t least)
{
    uint64_t step = extents_total(&pool) / 8;
    step = step > HEAP_STEP_MAX ? HEAP_STEP_MAX : step < HEAP_STEP_MIN ? HEAP_STEP_MIN : step;
    return (least + step - 1) / step * step;
}

void *memory_extend_heap(size_t least, size_t *bytes)
{
    uint64_t need = least >> PAGE_SHIFT, start = heap_end;
    lock_take(&lock);
    uint64_t left = extents_total(&pool);
    if (need <= left && heap_end + least <= GRANT_VA) {
        uint64_t want = heap_step(need);
        if (want > left)
            want = left;
        while (want) {
            uint64_t first, got = extents_take_some(&pool, want, &first);
            if (!map_at_heap_end(first, got)) {
                extents_give(&pool, first, got);
                /* No quota for so much: exactly what is needed, or nothing more. */
                uint64_t so_far = (heap_end - start) >> PAGE_SHIFT;
                if (so_far >= need || want <= need - so_far)
                    break;
                want = need - so_far;
                continue;
            }
            heap_end += got << PAGE_SHIFT;
            want -= got;
        }
    }
    lock_drop(&lock);
    *bytes = heap_end - start;
    return *bytes ? (void *)start : NULL;
}

bool memory_take_pages(uint64_t pages, uint64_t *first)
{
    lock_take(&lock);
    bool ok = regions < REGIONS_MAX && extents_take_high(&pool, pages, first);
    regions += ok;
    lock_drop(&lock);
    return ok;
}

void memory_give_pages(uint64_t first, uint64_t pages)
{
    lock_take(&lock);
    extents_give(&pool, first, pages);
    regions--;
    lock_drop(&lock);
}
