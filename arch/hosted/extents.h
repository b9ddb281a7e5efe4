/*
 * Book-keeping of what vm_map has mapped: extents, ordered by address.
 *
 * An extent is a run of pages that the host keeps as one mapping: consecutive in the address space
 * and in the region, with equal rights. Neighbours that could be one are one (as the host merges
 * them), so the number of extents is the number of host mappings in use.
 *
 * A treap: a search tree by address that is a heap by random rank, so its depth is logarithmic
 * whatever the order of insertions; split and join are the only operations on its shape.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hosted_region;
struct hosted_extent {
    struct hosted_extent *left, *right;
    uint64_t va, pages, offset; /* offset: page of the region */
    struct hosted_region *region;
    uint32_t rank;
    uint8_t rights;
};

struct hosted_extents {
    struct hosted_extent *root;
    unsigned count;
    struct hosted_extent *unused;
    unsigned unused_count;
    uint32_t seed;
};

static inline uint64_t hosted_extent_end(const struct hosted_extent *x)
{
    return x->va + x->pages * 4096;
}

/* The first extent that ends behind va; NULL if there is none. */
struct hosted_extent *hosted_extents_from(struct hosted_extents *e, uint64_t va);
/* Make sure that so many extents can be made without fail; false without memory. */
bool hosted_extents_ready(struct hosted_extents *e, unsigned count);
/* Add a run that overlaps nothing, merging it with its neighbours. Takes one spare extent. */
void hosted_extents_add(struct hosted_extents *e, struct hosted_extent run);
/* Remove [va, end). Takes one spare extent if it lies inside of one. */
void hosted_extents_remove(struct hosted_extents *e, uint64_t va, uint64_t end);
/* By how much the count would change if `run` were added. */
int hosted_extents_growth(struct hosted_extents *e, const struct hosted_extent *run);
