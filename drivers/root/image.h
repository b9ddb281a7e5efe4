/*
 * Program files: what a module must look like to be started. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_SEGMENTS 8

struct image_segment {
    uint64_t va, pages;          /* page-aligned */
    uint64_t file_offset, bytes; /* what the file gives ... */
    uint64_t skip;               /* ... and where it starts in the first page; the rest is zero */
    unsigned rights;             /* MAP_READ | MAP_WRITE or MAP_EXEC (abi.h) */
};

struct image {
    uint64_t entry;
    uint64_t pages; /* of all segments */
    unsigned count;
    struct image_segment segment[IMAGE_SEGMENTS]; /* in ascending order of address */
};

/* Check a file of `size` bytes as a program to be placed within [low, high). NULL if it is good and
 * *image describes it; otherwise the reason. */
const char *image_check(const void *file, size_t size, uint64_t low, uint64_t high,
                        struct image *image);
