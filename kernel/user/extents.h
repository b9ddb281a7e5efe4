/*
 * A set of free number ranges: pages of a region, or addresses. Internal to the library.
 *
 * Kept as an array sorted by start; ranges never touch (touching ones are merged). Pure data: no
 * lock, no memory of its own. If at most n ranges are handed out at a time, n + 1 entries are
 * enough, because every gap between free ranges holds at least one that is handed out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct extent {
    uint64_t start, size;
};

struct extents {
    struct extent *entry;
    unsigned count, capacity;
};

/* Give a range back, or add it in the first place; it must not overlap a free one. False if the
 * array is full (or the range overlaps): nothing is changed. */
bool extents_give(struct extents *e, uint64_t start, uint64_t size);
/* Take size from the top of the highest range that has it. False if none has. */
bool extents_take_high(struct extents *e, uint64_t size, uint64_t *start);
/* Take size at a multiple of align (a power of two) from the lowest range that has it. False if
 * none has, or the array is full. */
bool extents_take_aligned(struct extents *e, uint64_t size, uint64_t align, uint64_t *start);
/* Take at most size from the bottom of the lowest range; how much, 0 if the set is empty. */
uint64_t extents_take_some(struct extents *e, uint64_t size, uint64_t *start);
uint64_t extents_total(const struct extents *e);
