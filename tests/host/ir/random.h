/*
 * Random blocks that ir_verify accepts, for comparing two ways to run or change the IR. They use
 * the state, memory and helpers of machine.h.
 */
#pragma once

#include <translator/ir.h>

enum random_kind {
    RANDOM_MEMORY = 1,     /* loads and stores */
    RANDOM_LABELS = 2,     /* branches */
    RANDOM_CALLS = 4,      /* helpers */
    RANDOM_FLOAT = 8,      /* f32 and f64 arithmetic */
    RANDOM_VECTORS = 16,   /* v128 */
    RANDOM_RAW = 32,       /* past the builder: nothing is simplified */
    RANDOM_FIRST_64K = 64, /* addresses are masked to 16 bits before use */
    RANDOM_ALL = 63,
    RANDOM_X86 = 128, /* functions of ir_vec.h on numbers: only with x86's NaNs */
};
/* About `length` instructions of these kinds (integers, flags and state always). */
void random_block(struct ir_block *b, unsigned length, unsigned kinds);
