/*
 * The 80-bit extended format and the arithmetic of the x87, in integers: exact results, NaNs,
 * exception flags and C1 for every operand, with masked and unmasked responses (Intel SDM vol. 1,
 * chapters 4 and 8).
 *
 * The reference for x87 instructions; no host floating point is touched. Functions that a faster
 * host unit can take over have the same form in x80_host.h. Stack faults, #MF and where operands
 * are kept belong to the caller.
 *
 *    79  78        64  63 62             0
 *   +---+-----------+---+----------------+
 *   | s | exponent  | i |    fraction    |    value (-1)^s * i.fraction * 2^(exponent - 16383)
 *   +---+-----------+---+----------------+
 *    `se` has s and exponent,  `sig` i and fraction
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct x80 {
    uint64_t sig;
    uint16_t se;
    uint16_t spare[3]; /* so that a register is 16 bytes, as in FXSAVE; not part of the value */
};
#define X80_SIGN     0x8000u
#define X80_EXP      0x7fffu
#define X80_BIAS     16383
#define X80_INTEGER  0x8000000000000000u /* the explicit integer bit */
#define X80_QUIET    0x4000000000000000u /* set in quiet NaNs */
#define X80_NAN_MIN  0xc000000000000000u /* significand of the default NaN, which is negative */
#define X80_ADJUST   24576 /* what unmasked overflow and underflow change exponents by (8.5.4) */
#define X80_ZERO     ((struct x80){.sig = 0})
#define X80_DEFAULT  ((struct x80){.sig = X80_NAN_MIN, .se = 0xffff})
#define X80_INFINITY ((struct x80){.sig = X80_INTEGER, .se = X80_EXP})
#define X80_ONE      ((struct x80){.sig = X80_INTEGER, .se = X80_BIAS})

/* Status word (8.1.3). The low six bits are numbered as the masks in the control word. */
enum x80_status {
    X80_IE = 0x01,
    X80_DE = 0x02,
    X80_ZE = 0x04,
    X80_OE = 0x08,
    X80_UE = 0x10,
    X80_PE = 0x20,
    X80_EXCEPTIONS = 0x3f,
    X80_SF = 0x40,
    X80_ES = 0x80,
    X80_C0 = 0x100,
    X80_C1 = 0x200,
    X80_C2 = 0x400,
    X80_TOP = 0x3800,
    X80_C3 = 0x4000,
    X80_CC = X80_C0 | X80_C1 | X80_C2 | X80_C3,
    X80_BUSY = 0x8000,
};
/* Control word (8.1.5). */
enum x80_control {
    X80_PC = 0x300, /* precision: 0 24 bits, 0x200 53, 0x300 64 */
    X80_RC = 0xc00, /* rounding */
    X80_NEAREST = 0,
    X80_DOWN = 0x400,
    X80_UP = 0x800,
    X80_TRUNCATE = 0xc00,
};

struct x80_env {
    uint16_t control; /* as the control word */
    uint16_t status;  /* exceptions are or'ed in; C1 is written by every operation; C0, C2 and C3 by
                         comparisons and remainders */
    bool denormal;    /* an operand was denormal before it was widened */
    bool stop;        /* set when an unmasked exception forbids to deliver the result (8.5) */
};

/* Rounded to the precision in the control word. */
struct x80 x80_add(struct x80_env *e, struct x80 a, struct x80 b);
struct x80 x80_sub(struct x80_env *e, struct x80 a, struct x80 b);
struct x80 x80_mul(struct x80_env *e, struct x80 a, struct x80 b);
struct x80 x80_div(struct x80_env *e, struct x80 a, struct x80 b);
struct x80 x80_sqrt(struct x80_env *e, struct x80 a);

/* Sets C0 C2 C3 (FCOM). quiet: Invalid for signalling NaNs only (FUCOM). */
void x80_compare(struct x80_env *e, struct x80 a, struct x80 b, bool quiet);
/* C0 C2 C3 as FXAM sets them for a register that is not empty; C1 is the sign. */
unsigned x80_class(struct x80 a);

struct x80 x80_round(struct x80_env *e, struct x80 a);               /* FRNDINT */
struct x80 x80_scale(struct x80_env *e, struct x80 a, struct x80 b); /* FSCALE */
/* FXTRACT: the exponent is returned, *a becomes the significand. */
struct x80 x80_extract(struct x80_env *e, struct x80 *a);
/* FPREM, and FPREM1 if nearest: sets C0 C1 C2 C3. */
struct x80 x80_remainder(struct x80_env *e, struct x80 a, struct x80 b, bool nearest);

struct x80 x80_from_int(int64_t v);
struct x80 x80_from_f32(struct x80_env *e, uint32_t v);
struct x80 x80_from_f64(struct x80_env *e, uint64_t v);
/* The same as an operand of arithmetic or a comparison that comes next: nothing is raised yet, a
 * signalling NaN stays one. */
struct x80 x80_widen_f32(struct x80_env *e, uint32_t v);
struct x80 x80_widen_f64(struct x80_env *e, uint64_t v);
struct x80 x80_from_bcd(const uint8_t v[10]);
/* bits: 16, 32, 64. truncate: whatever the rounding control says (FISTTP). */
int64_t x80_to_int(struct x80_env *e, struct x80 a, unsigned bits, bool truncate);
uint32_t x80_to_f32(struct x80_env *e, struct x80 a);
uint64_t x80_to_f64(struct x80_env *e, struct x80 a);
void x80_to_bcd(struct x80_env *e, struct x80 a, uint8_t v[10]);
