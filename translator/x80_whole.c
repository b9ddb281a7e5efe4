/*
 * Operations on the integer part and the exponent: FRNDINT, FSCALE, FXTRACT, FPREM and FPREM1.
 *
 * Remainders are exact. A quotient of more than 63 bits is not finished: each execution takes off
 * as many of its bits as make the exponents' difference smaller by a number from 32 to 63 and sets
 * C2; which number is the processor's choice (SDM vol. 2, FPREM).
 */
#include <translator/x80_parts.h>

static void set_cc(struct x80_env *e, unsigned mask, unsigned cc)
{
    e->status = (uint16_t)((e->status & ~mask) | cc);
}

static bool denormal_operand(struct x80_env *e, const struct x80_parts *p)
{
    if (p->denormal)
        x80_raise(e, X80_DE);
    return e->stop;
}

struct x80 x80_round(struct x80_env *e, struct x80 a)
{
    struct x80_parts p = x80_unpack(a);
    struct x80 r;
    if (x80_nan1(e, a, &p, &r))
        return r;
    set_cc(e, X80_C1, 0);
    if (p.kind == KIND_ZERO || p.kind == KIND_INF || p.exp >= X80_BIAS + 63)
        return a;
    if (denormal_operand(e, &p))
        return a;
    unsigned drop = (unsigned)(X80_BIAS + 63 - p.exp);
    x80_wide v = x80_shift_jam((x80_wide)p.sig << 64, drop);
    uint64_t whole = (uint64_t)(v >> 64), rest = (uint64_t)v;
    bool up = x80_rounds_up(e, p.sign, whole & 1, rest);
    if (rest != 0)
        e->status |= X80_PE;
    set_cc(e, X80_C1, up ? X80_C1 : 0);
    whole += up;
    if (whole == 0)
        return x80_make(p.sign, 0, 0);
    unsigned shift = (unsigned)__builtin_clzll(whole);
    return x80_make(p.sign, X80_BIAS + 63 - shift, whole << shift);
}

struct x80 x80_scale(struct x80_env *e, struct x80 a, struct x80 b)
{
    struct x80_parts p = x80_unpack(a), q = x80_unpack(b);
    struct x80 r;
    if (x80_nan2(e, a, &p, b, &q, &r))
        return r;
    if (q.kind == KIND_INF && (q.sign ? p.kind == KIND_INF : p.kind == KIND_ZERO))
        return x80_invalid(e);
    set_cc(e, X80_C1, 0);
    if (p.denormal || q.denormal)
        x80_raise(e, X80_DE);
    if (e->stop)
        return a;
    if (q.kind == KIND_INF)
        return q.sign ? x80_make(p.sign, 0, 0) : x80_make(p.sign, X80_EXP, X80_INTEGER);
    if (p.kind != KIND_FINITE)
        return a;
    int by = 0; /* towards 0; beyond this, every exponent is out of range */
    const int far = 0x10000;
    if (q.exp >= X80_BIAS + 16)
        by = far;
    else if (q.exp >= X80_BIAS)
        by = (int)(q.sig >> (63 - (q.exp - X80_BIAS)));
    return x80_pack(e, p.sign, p.exp + (q.sign ? -by : by), p.sig, 0, 64);
}

struct x80 x80_extract(struct x80_env *e, struct x80 *a)
{
    struct x80_parts p = x80_unpack(*a);
    struct x80 nan;
    if (x80_nan1(e, *a, &p, &nan)) {
        if (!e->stop)
            *a = nan;
        return nan;
    }
    set_cc(e, X80_C1, 0);
    if (p.kind == KIND_INF)
        return X80_INFINITY;
    if (p.kind == KIND_ZERO) {
        x80_raise(e, X80_ZE);
        return x80_make(true, X80_EXP, X80_INTEGER);
    }
    if (denormal_operand(e, &p))
        return *a;
    *a = x80_make(p.sign, X80_BIAS, p.sig);
    return x80_from_int(p.exp - X80_BIAS);
}

/* ---- remainder ---------------------------------------------------------------------------------- */

/* a * 2^n mod b for a < b, with the quotient's last 64 bits in *q. */
static uint64_t reduce(uint64_t a, uint64_t b, unsigned n, uint64_t *q)
{
    x80_wide r = a;
    *q = 0;
    while (n-- > 0) {
        r <<= 1;
        *q <<= 1;
        if (r >= b) {
            r -= b;
            *q |= 1;
        }
    }
    return (uint64_t)r;
}

static void quotient_bits(struct x80_env *e, uint64_t q)
{
    set_cc(e, X80_CC, (q & 4 ? X80_C0 : 0) | (q & 2 ? X80_C3 : 0) | (q & 1 ? (unsigned)X80_C1 : 0));
}

static struct x80 remainder_of(struct x80_env *e, struct x80_parts p, const struct x80_parts *b,
                               bool nearest, struct x80 a)
{
    int d = p.exp - b->exp;
    uint64_t q = 0, rest = p.sig;
    if (d < -1 || (d < 0 && !nearest)) { /* smaller than half of b, or than b */
        struct x80 r = p.denormal ? x80_pack(e, p.sign, p.exp, p.sig, 0, 64) : a;
        quotient_bits(e, 0);
        return r;
    }
    bool finished = d < 64;
    unsigned steps = finished ? (unsigned)(d < 0 ? 0 : d) : (unsigned)(d & 31) + 32;
    int exp = finished && d < 0 ? p.exp : finished ? b->exp : p.exp - (int)steps;
    if (d >= 0) {
        bool first = rest >= b->sig;
        rest = reduce(first ? rest - b->sig : rest, b->sig, steps, &q);
        q |= steps < 64 ? (uint64_t)first << steps : 0;
    }
    bool sign = p.sign;
    if (finished && nearest) {
        /* Compare the rest with half of b: at exponent exp, or one less for d = -1. */
        x80_wide twice = (x80_wide)rest << (d < 0 ? 0 : 1);
        if (twice > b->sig || (twice == b->sig && (q & 1))) {
            x80_wide full = (x80_wide)b->sig << (d < 0 ? 1 : 0);
            rest = (uint64_t)(full - rest);
            sign = !sign;
            q++;
        }
    }
    struct x80 r = x80_make(p.sign, 0, 0);
    if (rest != 0)
        r = x80_pack_wide(e, sign, exp + 64, rest, 64); /* exact; sets C1 */
    if (finished)
        quotient_bits(e, q);
    else
        set_cc(e, X80_CC, X80_C2);
    return r;
}

struct x80 x80_remainder(struct x80_env *e, struct x80 a, struct x80 b, bool nearest)
{
    struct x80_parts p = x80_unpack(a), q = x80_unpack(b);
    struct x80 r;
    if (x80_nan2(e, a, &p, b, &q, &r))
        return r;
    if (p.kind == KIND_INF || q.kind == KIND_ZERO)
        return x80_invalid(e);
    if (p.denormal || q.denormal)
        x80_raise(e, X80_DE);
    if (e->stop)
        return a;
    if (p.kind == KIND_ZERO || q.kind == KIND_INF) {
        quotient_bits(e, 0);
        return x80_canonical(a);
    }
    return remainder_of(e, p, &q, nearest, a);
}
