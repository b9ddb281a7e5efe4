/*
 * Where a case is, at the same addresses for the reference and for us, and its data.
 *
 *   CODE_AT  slot of a case: its code, then undefined instructions, which end it; not writable
 *   DATA_AT  DATA_BYTES of memory, filled from the case's seed; nothing is mapped around it
 */
#pragma once

#include <stdint.h>

#define CODE_AT    0x20000000u
#define SLOT_BYTES 256u
#define SLOTS      1024u
#define DATA_AT    0x30000000u
#define DATA_BYTES 8192u
#define LINE_BYTES 64u
#define LINES      (DATA_BYTES / LINE_BYTES)
#define CODE_MAX   192u

/* The data of a case. */
static inline void fill_data(uint32_t *data, uint32_t seed)
{
    uint32_t x = seed | 1;
    for (unsigned i = 0; i < DATA_BYTES / 4; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        data[i] = x;
    }
}

static inline void sum_data(const uint32_t *data, uint32_t line[LINES])
{
    for (unsigned n = 0; n < LINES; n++) {
        uint32_t sum = 0;
        for (unsigned i = 0; i < LINE_BYTES / 4; i++)
            sum = (sum << 5 | sum >> 27) + *data++;
        line[n] = sum;
    }
}
