/*
 * Taking and returning numbers from a bitmap, without a lock: each word is changed by one atomic
 * operation, so a bit is owned by whoever turned it from 0 to 1. Internal to the library.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)
#define BITMAP_NONE        UINT32_MAX

/* A number below 64 * words whose bit was 0 and is now 1; BITMAP_NONE if there is none. The search
 * starts at word *hint and leaves there where it ended. */
static inline uint32_t bitmap_take(uint64_t *map, uint32_t words, uint32_t *hint)
{
    uint32_t start = __atomic_load_n(hint, __ATOMIC_RELAXED) % words;
    for (uint32_t i = 0; i < words; i++) {
        uint32_t w = (start + i) % words;
        uint64_t old = __atomic_load_n(&map[w], __ATOMIC_RELAXED);
        while (~old) {
            unsigned bit = (unsigned)__builtin_ctzll(~old);
            if (__atomic_compare_exchange_n(&map[w], &old, old | 1ULL << bit, false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
                __atomic_store_n(hint, w, __ATOMIC_RELAXED);
                return w * 64 + bit;
            }
        }
    }
    return BITMAP_NONE;
}

/* Return a number; false if its bit was 0 already. */
static inline bool bitmap_give(uint64_t *map, uint32_t number)
{
    uint64_t bit = 1ULL << (number & 63);
    return __atomic_fetch_and(&map[number / 64], ~bit, __ATOMIC_RELEASE) & bit;
}

/* Mark the numbers [first, end) as taken, before any thread uses the map. */
static inline void bitmap_reserve(uint64_t *map, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        map[i / 64] |= 1ULL << (i & 63);
}
