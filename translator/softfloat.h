/*
 * IEEE 754 arithmetic in integers: exact results, NaNs and flags under every guest's rules.
 *
 * The reference for floating point: the interpreter uses it for every operation, the code generator
 * where the host's own arithmetic would differ. No host floating point is touched.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <translator/guest.h>

enum sf_round { SF_NEAREST, SF_UP, SF_DOWN, SF_ZERO, SF_AWAY /* ties away from zero */ };

/* Exception flags, numbered as in ARM's FPSCR cumulative bits. */
enum sf_flag {
    SF_INVALID = 1,
    SF_DIVZERO = 2,
    SF_OVERFLOW = 4,
    SF_UNDERFLOW = 8,
    SF_INEXACT = 16,
    SF_INPUT_DENORMAL = 128
};

struct sf {
    uint8_t round;      /* enum sf_round */
    uint8_t nan;        /* enum nan_rule */
    bool default_nan;   /* every NaN result is the default NaN (ARM FPSCR.DN) */
    bool flush_inputs;  /* denormal inputs count as zero of the same sign (FZ) */
    bool flush_results; /* denormal results become zero of the same sign (FZ) */
    bool tiny_after;    /* tininess is detected after rounding (x86); before it otherwise */
    uint32_t flags;     /* enum sf_flag, or'ed by every operation */
};

typedef uint16_t sf16;
typedef uint32_t sf32;
typedef uint64_t sf64;

sf32 sf32_add(struct sf *s, sf32 a, sf32 b);
sf32 sf32_sub(struct sf *s, sf32 a, sf32 b);
sf32 sf32_mul(struct sf *s, sf32 a, sf32 b);
sf32 sf32_div(struct sf *s, sf32 a, sf32 b);
sf32 sf32_sqrt(struct sf *s, sf32 a);
sf32 sf32_fma(struct sf *s, sf32 a, sf32 b, sf32 c); /* a * b + c */
sf64 sf64_add(struct sf *s, sf64 a, sf64 b);
sf64 sf64_sub(struct sf *s, sf64 a, sf64 b);
sf64 sf64_mul(struct sf *s, sf64 a, sf64 b);
sf64 sf64_div(struct sf *s, sf64 a, sf64 b);
sf64 sf64_sqrt(struct sf *s, sf64 a);
sf64 sf64_fma(struct sf *s, sf64 a, sf64 b, sf64 c);

enum sf_relation { SF_LESS, SF_EQUAL, SF_GREATER, SF_UNORDERED };
/* signalling: Invalid for quiet NaNs too. */
enum sf_relation sf32_compare(struct sf *s, sf32 a, sf32 b, bool signalling);
enum sf_relation sf64_compare(struct sf *s, sf64 a, sf64 b, bool signalling);

sf64 sf32_to_sf64(struct sf *s, sf32 a);
sf32 sf64_to_sf32(struct sf *s, sf64 a);
/* Half precision; alternative: ARM's format without infinities and NaNs (FPSCR.AHP). */
sf32 sf16_to_sf32(struct sf *s, sf16 a, bool alternative);
sf16 sf32_to_sf16(struct sf *s, sf32 a, bool alternative);

/* Integers with `fraction` bits after the point (0 to 32): fixed point. Out of range: saturated,
 * NaN: 0, Invalid. round: enum sf_round to use. */
int64_t sf32_to_int(struct sf *s, sf32 a, unsigned bits, bool is_signed, unsigned fraction,
                    unsigned round);
int64_t sf64_to_int(struct sf *s, sf64 a, unsigned bits, bool is_signed, unsigned fraction,
                    unsigned round);
sf32 sf32_from_int(struct sf *s, int64_t v, bool is_signed, unsigned fraction);
sf64 sf64_from_int(struct sf *s, int64_t v, bool is_signed, unsigned fraction);
