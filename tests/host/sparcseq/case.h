/*
 * A case and its result, as the test and the reference program exchange them: words, in the guest's
 * byte order (the test swaps whole structures).
 *
 * A case begins at its slot with the registers of `s` and ends at EXIT_AT. %g6 is EXIT_AT, %g7 is
 * DATA_AT, %sp and %fp point into a stack; cases keep all four.
 */
#pragma once

#include <stdint.h>

#define CODE_AT     0x60000000u
#define SLOTS       64u
#define SLOT_WORDS  255u /* not a page's divisor: code crosses pages */
#define CODE_BYTES  0x11000u
#define EXIT_AT     (CODE_AT + 0x10800u)
#define DATA_AT     0x64000000u
#define DATA_BYTES  0x1000u
#define STACK_AT    0x65000000u
#define STACK_BYTES 0x4000u
#define LINES       16u /* sums of the data */

struct state {
    uint32_t r[32]; /* globals, outs, locals, ins */
    uint32_t y, fsr, icc, spare;
    uint32_t f[32];
};
struct input {
    struct state s;
    uint32_t seed, words;
    uint32_t code[SLOT_WORDS];
};
struct output {
    struct state s;
    uint32_t line[LINES];
    uint32_t end[8]; /* how it ended; not filled in by the reference */
};

static inline void fill_data(uint32_t *data, uint32_t seed)
{
    for (uint32_t n = 0; n < DATA_BYTES / 4; n++)
        data[n] = seed = seed * 1664525u + 1013904223u;
}
