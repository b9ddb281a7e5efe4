/*
 * One lane of an Advanced SIMD operation as a function, and what it may use: helpers_neon.c walks
 * over the lanes, neon_int.c and neon_float.c compute them.
 */
#pragma once

#include "simd_args.h"

struct lanes {
    unsigned bits;    /* of a lane of the size the instruction names */
    bool is_unsigned; /* lanes are extended to 64 bits so */
    unsigned shift;   /* the immediate */
    bool alternative; /* FPSCR.AHP */
    bool saturated;   /* QC */
    struct sf sf;     /* Standard FPSCR value (A2.7.8) */
};

/* n and m are extended as the instruction says, d has its bits only; of the result the low bits of
 * the destination's size count. */
typedef int64_t lane_fn(struct lanes *s, int64_t n, int64_t m, int64_t d);

/* How lanes of the operands correspond; the size named is that of ... */
enum lane_shape {
    SHAPE_NONE,
    SHAPE_SAME,   /* all */
    SHAPE_LONG,   /* n and m; d twice as wide */
    SHAPE_WIDE,   /* m; n and d twice as wide */
    SHAPE_NARROW, /* d; n and m twice as wide */
    SHAPE_PAIR,   /* all; n and m are neighbours in the vector m:n */
    SHAPE_PAIRL,  /* n and m, neighbours in m; d twice as wide */
};

struct lane_op {
    uint16_t op;
    uint8_t shape; /* enum lane_shape */
    uint8_t is_float;
    lane_fn *run;
};
extern const struct lane_op neon_int[], neon_float[];
extern const struct lane_op neon_half[2]; /* VCVT_HALF by x bit 0 */
extern const unsigned neon_int_count, neon_float_count;

/* Estimates of A2.7.8 from the leading bits of the operand, with 9 bits, the first a 1 (neon_float.c).
 * recip: 256 / q for q in 256-511, as 512 * 256 / q. rsqrt: q in 128-255; high: q / 256, else q / 512. */
uint32_t neon_recip(uint32_t q);
uint32_t neon_rsqrt(uint32_t q, bool high);
