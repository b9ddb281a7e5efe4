/* The task's memory: one region, from whose pages the heap grows and vm regions are carved.
 * Internal to the library. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <tetrapla/abi.h>

/* The region, HANDLE_NONE before heap_init. */
handle_t memory_region(void);

/* Map at least `least` more bytes (a multiple of 4096) at the end of the heap; *bytes says how
 * many. Returns their address, which follows what the last call returned; NULL if the task's memory
 * or quota is exhausted. The caller holds the heap's lock. */
void *memory_extend_heap(size_t least, size_t *bytes);

/* Pages of the region that are in use for nothing else; they need not be zero. */
bool memory_take_pages(uint64_t pages, uint64_t *first);
void memory_give_pages(uint64_t first, uint64_t pages);
