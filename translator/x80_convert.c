/*
 * Conversions of the 80-bit format: integers, single and double precision, packed decimal.
 *
 * Stores round under the rounding control, never under the precision control; a denormal operand
 * is not reported by a store. A store with an unmasked exception other than Inexact is not made.
 */
#include <translator/x80_parts.h>

static void set_c1(struct x80_env *e, bool up)
{
    e->status = (uint16_t)((e->status & ~X80_C1) | (up ? X80_C1 : 0));
}

/* ---- integers ----------------------------------------------------------------------------------- */

struct x80 x80_from_int(int64_t v)
{
    if (v == 0)
        return X80_ZERO;
    uint64_t sig = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    unsigned shift = (unsigned)__builtin_clzll(sig);
    return x80_make(v < 0, X80_BIAS + 63 - shift, sig << shift);
}

struct whole {
    uint64_t v;
    bool inexact, up, large; /* large: 2^64 or more */
};

/* |value| of a finite number, or 0, rounded to an integer. */
static struct whole to_whole(const struct x80_env *e, const struct x80_parts *p)
{
    struct whole w = {.v = 0};
    if (p->kind == KIND_ZERO)
        return w;
    int right = X80_BIAS + 63 - p->exp;
    if (right < 0) {
        w.large = true;
        return w;
    }
    x80_wide v = x80_shift_jam((x80_wide)p->sig << 64, (unsigned)right);
    uint64_t rest = (uint64_t)v;
    w.v = (uint64_t)(v >> 64);
    w.inexact = rest != 0;
    w.up = x80_rounds_up(e, p->sign, w.v & 1, rest);
    if (w.up && ++w.v == 0)
        w.large = true;
    return w;
}

int64_t x80_to_int(struct x80_env *e, struct x80 a, unsigned bits, bool truncate)
{
    struct x80_env rules = *e;
    struct x80_parts p = x80_unpack(a);
    uint64_t limit = 1ull << (bits - 1);
    if (truncate)
        rules.control |= X80_TRUNCATE;
    struct whole w = {.large = true};
    if (p.kind <= KIND_FINITE)
        w = to_whole(&rules, &p);
    if (w.large || w.v > limit - !p.sign) {
        x80_invalid(e);
        return bits == 64 ? INT64_MIN : -(int64_t)limit;
    }
    set_c1(e, w.up);
    if (w.inexact)
        e->status |= X80_PE;
    return (int64_t)(p.sign ? 0 - w.v : w.v);
}

/* ---- single and double precision ---------------------------------------------------------------- */

struct format {
    unsigned fraction, exp_max;
    int bias, adjust; /* adjust is not used: stores are not made */
};
static const struct format single = {23, 0xff, 127, 192}, twice = {52, 0x7ff, 1023, 1536};

static uint64_t build(const struct format *f, bool sign, unsigned exp, uint64_t fraction)
{
    unsigned width = f == &single ? 31 : 63;
    return (uint64_t)sign << width | (uint64_t)exp << f->fraction | fraction;
}

static struct x80 widen(struct x80_env *e, const struct format *f, uint64_t v)
{
    uint64_t fraction = v & ((1ull << f->fraction) - 1);
    unsigned exp = (unsigned)(v >> f->fraction) & f->exp_max;
    bool sign = v >> (f == &single ? 31 : 63) & 1;
    uint64_t sig = fraction << (63 - f->fraction);
    if (exp == f->exp_max)
        return x80_make(sign, X80_EXP, sig | X80_INTEGER);
    if (exp != 0)
        return x80_make(sign, (unsigned)((int)exp - f->bias + X80_BIAS), sig | X80_INTEGER);
    if (fraction == 0)
        return x80_make(sign, 0, 0);
    e->denormal = true;
    unsigned shift = (unsigned)__builtin_clzll(sig);
    return x80_make(sign, (unsigned)(1 - f->bias + X80_BIAS) - shift, sig << shift);
}

static struct x80 from_format(struct x80_env *e, const struct format *f, uint64_t v)
{
    struct x80_env own = {.denormal = false};
    struct x80 r = widen(&own, f, v);
    set_c1(e, false);
    if (own.denormal)
        e->status |= X80_DE; /* loaded even if unmasked */
    if (x80_unpack(r).kind == KIND_SNAN) {
        x80_raise(e, X80_IE);
        r.sig |= X80_QUIET;
    }
    return r;
}

struct x80 x80_from_f32(struct x80_env *e, uint32_t v)
{
    return from_format(e, &single, v);
}

struct x80 x80_from_f64(struct x80_env *e, uint64_t v)
{
    return from_format(e, &twice, v);
}

struct x80 x80_widen_f32(struct x80_env *e, uint32_t v)
{
    return widen(e, &single, v);
}

struct x80 x80_widen_f64(struct x80_env *e, uint64_t v)
{
    return widen(e, &twice, v);
}

/* sig, its last `drop` bits rounded away; *up, *inexact. */
static uint64_t round_off(const struct x80_env *e, bool sign, uint64_t sig, unsigned drop, bool *up,
                          bool *inexact)
{
    x80_wide v = x80_shift_jam((x80_wide)sig << 64, drop);
    uint64_t rest = (uint64_t)v, r = (uint64_t)(v >> 64);
    *inexact = rest != 0;
    *up = x80_rounds_up(e, sign, r & 1, rest);
    return r + *up;
}

static uint64_t too_large(struct x80_env *e, const struct format *f, bool sign)
{
    unsigned rc = e->control & X80_RC;
    bool infinity = rc == X80_NEAREST || (rc == X80_DOWN && sign) || (rc == X80_UP && !sign);
    x80_raise(e, X80_OE);
    e->status |= e->stop ? 0 : X80_PE;
    set_c1(e, infinity && !e->stop);
    return infinity ? build(f, sign, f->exp_max, 0)
                    : build(f, sign, f->exp_max - 1, (1ull << f->fraction) - 1);
}

static uint64_t finite_to(struct x80_env *e, const struct format *f, const struct x80_parts *p)
{
    unsigned drop = 63 - f->fraction;
    int exp = p->exp - X80_BIAS + f->bias;
    bool up, inexact;
    uint64_t r = round_off(e, p->sign, p->sig, drop, &up, &inexact);
    bool carry = r >> (f->fraction + 1);
    if (exp + carry >= (int)f->exp_max)
        return too_large(e, f, p->sign);
    bool tiny = exp + carry < 1;
    if (exp < 1) {
        unsigned more = (unsigned)(1 - exp);
        r = round_off(e, p->sign, p->sig, drop + more, &up, &inexact);
        exp = 0;
        if (tiny && (inexact || !(e->control & X80_UE)))
            x80_raise(e, X80_UE);
        set_c1(e, up && !e->stop);
        e->status |= inexact && !e->stop ? X80_PE : 0;
        return build(f, p->sign, 0, 0) + r; /* bit `fraction` of r is exponent 1 */
    }
    set_c1(e, up);
    e->status |= inexact ? X80_PE : 0;
    return build(f, p->sign, (unsigned)exp - 1, 0) + r;
}

static uint64_t to_format(struct x80_env *e, const struct format *f, struct x80 a)
{
    struct x80_parts p = x80_unpack(a);
    struct x80 nan;
    if (x80_nan1(e, a, &p, &nan))
        return build(f, nan.se >> 15, f->exp_max, nan.sig << 1 >> (64 - f->fraction));
    set_c1(e, false);
    if (p.kind == KIND_ZERO)
        return build(f, p.sign, 0, 0);
    if (p.kind == KIND_INF)
        return build(f, p.sign, f->exp_max, 0);
    return finite_to(e, f, &p);
}

uint32_t x80_to_f32(struct x80_env *e, struct x80 a)
{
    return (uint32_t)to_format(e, &single, a);
}

uint64_t x80_to_f64(struct x80_env *e, struct x80 a)
{
    return to_format(e, &twice, a);
}

/* ---- packed decimal (4.7): 18 digits, two a byte, the sign in bit 7 of the last byte ------------- */

#define BCD_MAX 999999999999999999u

struct x80 x80_from_bcd(const uint8_t v[10])
{
    int64_t n = 0;
    for (unsigned i = 9; i-- > 0;)
        n = n * 100 + (v[i] >> 4) * 10 + (v[i] & 15);
    struct x80 r = x80_from_int(n);
    if (v[9] & 0x80)
        r.se |= X80_SIGN;
    return r;
}

void x80_to_bcd(struct x80_env *e, struct x80 a, uint8_t v[10])
{
    struct x80_parts p = x80_unpack(a);
    struct whole w = {.large = true};
    if (p.kind <= KIND_FINITE)
        w = to_whole(e, &p);
    if (w.large || w.v > BCD_MAX) {
        x80_invalid(e);
        for (unsigned i = 0; i < 10; i++)
            v[i] = i < 7 ? 0 : i == 7 ? 0xc0 : 0xff;
        return;
    }
    set_c1(e, w.up);
    if (w.inexact)
        e->status |= X80_PE;
    uint64_t n = w.v;
    for (unsigned i = 0; i < 9; i++, n /= 100)
        v[i] = (uint8_t)(n % 10 | n / 10 % 10 << 4);
    v[9] = p.sign ? 0x80 : 0;
}
