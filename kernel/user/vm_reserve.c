/*
 * Address ranges for vm_map: a set of free ranges between RESERVE_VA and RESERVE_END. Lengths and
 * alignments are rounded up to pages.
 *
 * The array of ranges is made to hold one more than are handed out before each range is handed out,
 * so that giving one back (whole) never needs memory. A range given back in pieces may need it; a
 * piece that finds none stays reserved.
 */
#include "extents.h"
#include "internal.h"

#include <stdlib.h>
#include <tetrapla/vm.h>

static struct extent first_entries[16] = {{RESERVE_VA, RESERVE_END - RESERVE_VA}};
static struct extents ranges = {first_entries, 1, 16};
static unsigned handed_out;
static struct lock lock;

static bool room_for(unsigned count)
{
    if (count <= ranges.capacity)
        return true;
    unsigned capacity = ranges.capacity * 2;
    struct extent *entry = malloc(capacity * sizeof(*entry));
    if (!entry)
        return false;
    for (unsigned i = 0; i < ranges.count; i++)
        entry[i] = ranges.entry[i];
    if (ranges.entry != first_entries)
        free(ranges.entry);
    ranges.entry = entry;
    ranges.capacity = capacity;
    return true;
}

uint64_t vm_reserve(uint64_t bytes, uint64_t align)
{
    if (align < PAGE_SIZE)
        align = PAGE_SIZE;
    if (!bytes || bytes > RESERVE_END - RESERVE_VA || align & (align - 1))
        return 0;
    uint64_t va = 0;
    bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    lock_take(&lock);
    /* Alignment may leave a gap on both sides: two ranges more than before. */
    if (room_for(handed_out + 2) && room_for(ranges.count + 2) &&
        extents_take_aligned(&ranges, bytes, align, &va))
        handed_out++;
    else
        va = 0;
    lock_drop(&lock);
    return va;
}

void vm_unreserve(uint64_t va, uint64_t bytes)
{
    bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    if (!bytes || va % PAGE_SIZE || va < RESERVE_VA || va >= RESERVE_END ||
        bytes > RESERVE_END - va)
        return;
    lock_take(&lock);
    if (room_for(ranges.count + 1) && extents_give(&ranges, va, bytes) && handed_out)
        handed_out--;
    lock_drop(&lock);
}
