/*
 * What the softfloat files share: numbers taken apart, and put together again with one rounding.
 */
#pragma once

#include <translator/softfloat.h>

typedef unsigned __int128 sf_wide;

struct sf_format {
    unsigned bits, fraction; /* of the whole, of the stored fraction */
    int bias;
};
extern const struct sf_format sf_half, sf_single, sf_double;

enum sf_kind { KIND_ZERO, KIND_FINITE, KIND_INF, KIND_QNAN, KIND_SNAN };
struct sf_parts {
    uint8_t kind; /* enum sf_kind */
    bool sign;
    int exp;      /* FINITE: the value is sig * 2^(exp - 63), bit 63 of sig set */
    uint64_t sig; /* NaN: the fraction, leading bit at bit 63 */
};

static inline uint64_t sf_sign_bit(const struct sf_format *f, bool sign)
{
    return (uint64_t)sign << (f->bits - 1);
}
static inline unsigned sf_exp_max(const struct sf_format *f)
{
    return 2u * (unsigned)f->bias + 1;
}
static inline uint64_t sf_infinity(const struct sf_format *f, bool sign)
{
    return sf_sign_bit(f, sign) | (uint64_t)sf_exp_max(f) << f->fraction;
}

/* Take v apart; denormals are flushed as s says (never a half: A2.7.5). `denormal` is set if the
 * value is one that x86 reports. */
struct sf_parts sf_unpack(struct sf *s, const struct sf_format *f, uint64_t v, bool *denormal);
/* sig * 2^exp with sign, rounded to f; a lost rest may be or'ed into bit 0 of sig. */
uint64_t sf_pack(struct sf *s, const struct sf_format *f, bool sign, int exp, sf_wide sig);
uint64_t sf_default_nan(struct sf *s, const struct sf_format *f);
/* The NaN p as a quiet one in f, under the rules of s; raises Invalid if it signals. */
uint64_t sf_quiet(struct sf *s, const struct sf_format *f, const struct sf_parts *p);
/* x86 reports denormal operands, unless a NaN or Invalid came first. */
void sf_note_denormal(struct sf *s, bool denormal);

static inline bool sf_is_nan(const struct sf_parts *p)
{
    return p->kind >= KIND_QNAN;
}
/* v >> n, with a 1 in bit 0 if something was lost. */
static inline sf_wide sf_shift_jam(sf_wide v, unsigned n)
{
    if (n == 0)
        return v;
    if (n > 127)
        return v != 0;
    return v >> n | ((v << (128 - n)) != 0);
}
static inline unsigned sf_clz(sf_wide v)
{
    uint64_t high = (uint64_t)(v >> 64);
    return high != 0 ? (unsigned)__builtin_clzll(high)
                     : 64u + (unsigned)__builtin_clzll((uint64_t)v);
}
/* Does a rest of this size (0 none, 1 below half, 2 half, 3 above) make |value| one larger? */
bool sf_rounds_up(unsigned round, bool sign, bool odd, unsigned rest);
