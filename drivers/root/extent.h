/*
 * Extents: which pages of the RAM regions are free. Pure bookkeeping; memory.c does the kernel calls.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define EXTENTS_MAX 1024

struct extent {
    uint32_t parent;        /* number of the RAM region, as the caller counts */
    uint64_t offset, pages; /* within the region */
};

struct extents {
    unsigned count;
    unsigned regions, allocated; /* added; handed out and not yet freed */
    uint64_t free_pages;
    uint64_t first_page[160];          /* physical page number at which each parent begins */
    struct extent extent[EXTENTS_MAX]; /* free, sorted by (parent, offset), never adjacent */
};

/* Add a whole region; parents must be added in the order 0, 1, 2 ... false: too many. */
bool extent_add(struct extents *e, uint64_t first_page, uint64_t pages);
/* Take pages (1 or more), first fit; 2 MiB and more are aligned to 2 MiB of physical memory where
 * that is possible. false: no run is long enough, or EXTENTS_MAX is reached. */
bool extent_take(struct extents *e, uint64_t pages, struct extent *out);
/* Give back exactly what extent_take gave. */
void extent_give(struct extents *e, const struct extent *x);
/* Pages of the longest free run. */
uint64_t extent_largest(const struct extents *e);
