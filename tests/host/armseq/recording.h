/* A recording of the reference: batches, each this header and its outputs. */
#pragma once

#include "case.h"

struct recorded {
    uint64_t sum; /* of the inputs */
    uint64_t count;
};

/* FNV-1a, eight bytes at a time; an input's size is a multiple of 8. */
static inline uint64_t recording_sum(const struct input *in, unsigned count)
{
    uint64_t sum = 0xcbf29ce484222325u;
    const uint8_t *p = (const uint8_t *)in;
    _Static_assert(sizeof *in % 8 == 0, "whole words");
    for (unsigned n = 0; n < count * sizeof *in / 8; n++) {
        uint64_t word;
        __builtin_memcpy(&word, p + 8 * n, 8);
        sum = (sum ^ word) * 0x100000001b3u;
    }
    return sum;
}
