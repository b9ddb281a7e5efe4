/* A recording of the reference: batches, each this header and its outputs. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct recorded {
    uint64_t sum; /* of the inputs */
    uint64_t count;
};

/* FNV-1a, four bytes at a time. */
static inline uint64_t recording_sum(const void *in, size_t bytes)
{
    uint64_t sum = 0xcbf29ce484222325u;
    const uint8_t *p = in;
    for (size_t n = 0; n < bytes; n += 4) {
        uint32_t word;
        __builtin_memcpy(&word, p + n, 4);
        sum = (sum ^ word) * 0x100000001b3u;
    }
    return sum;
}
