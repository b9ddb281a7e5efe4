/*
 * What the x80 files share: operands taken apart, and results put together with one rounding.
 */
#pragma once

#include <translator/x80.h>

typedef unsigned __int128 x80_wide;

enum x80_kind { KIND_ZERO, KIND_FINITE, KIND_INF, KIND_QNAN, KIND_SNAN, KIND_BAD };
struct x80_parts {
    uint8_t kind; /* enum x80_kind; BAD: pseudo-infinity, pseudo-NaN, unnormal (8.2.2) */
    bool sign;
    bool denormal; /* a denormal or pseudo-denormal */
    int exp;       /* FINITE: the value is sig * 2^(exp - 16383 - 63), bit 63 of sig set */
    uint64_t sig;
};

struct x80_parts x80_unpack(struct x80 a);

static inline struct x80 x80_make(bool sign, unsigned exp, uint64_t sig)
{
    return (struct x80){.sig = sig, .se = (uint16_t)((sign ? X80_SIGN : 0) | exp)};
}
/* A pseudo-denormal that is handed on gets the exponent of the normal number it is. */
static inline struct x80 x80_canonical(struct x80 a)
{
    if ((a.se & X80_EXP) == 0 && (a.sig & X80_INTEGER))
        a.se |= 1;
    return a;
}
/* Note exceptions; stop if one of them is unmasked. For those found before computing. */
static inline void x80_raise(struct x80_env *e, unsigned exceptions)
{
    e->status |= (uint16_t)exceptions;
    if (exceptions & ~e->control)
        e->stop = true;
}
/* Bits of the significand that the precision control asks for. */
unsigned x80_precision(const struct x80_env *e);
/* Does a rest, bits below the last one that is kept with 2^63 for the half, round |value| up? */
bool x80_rounds_up(const struct x80_env *e, bool sign, bool odd, uint64_t rest);
/* hi.lo * 2^(exp - 16383 - 63) with bit 63 of hi set, rounded to `bits`; sets C1. A lost rest may be
 * or'ed into bit 0 of lo. */
struct x80 x80_pack(struct x80_env *e, bool sign, int exp, uint64_t hi, uint64_t lo, unsigned bits);
struct x80 x80_pack_wide(struct x80_env *e, bool sign, int exp, x80_wide sig, unsigned bits);
/* The default NaN and Invalid. */
struct x80 x80_invalid(struct x80_env *e);
/* If an operand is a NaN or unsupported: sets *r, with Invalid where due, and says true. */
bool x80_nan1(struct x80_env *e, struct x80 a, const struct x80_parts *p, struct x80 *r);
bool x80_nan2(struct x80_env *e, struct x80 a, const struct x80_parts *p, struct x80 b,
              const struct x80_parts *q, struct x80 *r);

/* v >> n, with a 1 in bit 0 if something was lost. */
static inline x80_wide x80_shift_jam(x80_wide v, unsigned n)
{
    if (n == 0)
        return v;
    if (n > 127)
        return v != 0;
    return v >> n | ((v << (128 - n)) != 0);
}
