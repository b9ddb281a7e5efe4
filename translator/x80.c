/*
 * x87 arithmetic on the 80-bit format: operands, NaNs, rounding, the five basic operations and
 * comparison.
 *
 * Every operation finds, in this order: unsupported operands and NaNs, invalid combinations,
 * denormal operands, division by zero; then forms the exact value (or one with a sticky last bit)
 * and rounds once in x80_pack, where overflow, underflow and inexact results are found. That is
 * the precedence of the Intel SDM, vol. 1, 4.9.2.
 */
#include <translator/x80_parts.h>

struct x80_parts x80_unpack(struct x80 a)
{
    unsigned exp = a.se & X80_EXP;
    struct x80_parts p = {.sign = a.se >> 15, .exp = (int)exp, .sig = a.sig};
    bool integer = a.sig & X80_INTEGER;
    if (exp == X80_EXP) {
        p.kind = !integer            ? KIND_BAD
                 : a.sig << 1 == 0   ? KIND_INF
                 : a.sig & X80_QUIET ? KIND_QNAN
                                     : KIND_SNAN;
    } else if (exp != 0) {
        p.kind = integer ? KIND_FINITE : KIND_BAD;
    } else if (a.sig == 0) {
        p.kind = KIND_ZERO;
    } else {
        unsigned shift = (unsigned)__builtin_clzll(a.sig);
        p.kind = KIND_FINITE;
        p.denormal = true;
        p.sig = a.sig << shift;
        p.exp = 1 - (int)shift;
    }
    return p;
}

unsigned x80_precision(const struct x80_env *e)
{
    static const uint8_t bits[4] = {24, 64, 53, 64}; /* 1 is reserved */
    return bits[(e->control & X80_PC) >> 8];
}

bool x80_rounds_up(const struct x80_env *e, bool sign, bool odd, uint64_t rest)
{
    const uint64_t half = 1ull << 63;
    switch (e->control & X80_RC) {
    case X80_NEAREST:
        return rest > half || (rest == half && odd);
    case X80_DOWN:
        return sign && rest != 0;
    case X80_UP:
        return !sign && rest != 0;
    default:
        return false;
    }
}

struct rounded {
    uint64_t sig;
    bool carry, up, inexact; /* carry: sig was all ones and is now 2^64 */
};

/* hi.lo to its first `bits` bits, counted from bit 63 whether that is set or not. */
static struct rounded round_to(const struct x80_env *e, bool sign, uint64_t hi, uint64_t lo,
                               unsigned bits)
{
    struct rounded r = {.sig = hi};
    uint64_t rest = lo, unit = 1;
    if (bits < 64) {
        unsigned drop = 64 - bits;
        unit = 1ull << drop;
        r.sig = hi & ~(unit - 1);
        rest = hi << bits | (lo != 0);
    }
    r.inexact = rest != 0;
    r.up = x80_rounds_up(e, sign, r.sig & unit, rest);
    if (r.up) {
        r.sig += unit;
        r.carry = r.sig == 0;
    }
    return r;
}

static void set_c1(struct x80_env *e, bool up)
{
    e->status = (uint16_t)((e->status & ~X80_C1) | (up ? X80_C1 : 0));
}

static struct x80 overflow(struct x80_env *e, bool sign, unsigned bits)
{
    bool infinity = true;
    switch (e->control & X80_RC) {
    case X80_DOWN:
        infinity = sign;
        break;
    case X80_UP:
        infinity = !sign;
        break;
    case X80_TRUNCATE:
        infinity = false;
    }
    e->status |= X80_OE | X80_PE;
    set_c1(e, infinity);
    return infinity ? x80_make(sign, X80_EXP, X80_INTEGER)
                    : x80_make(sign, X80_EXP - 1, ~0ull << (64 - bits));
}

/* A result below the least normal number that is not made larger by an unmasked response. */
static struct x80 denormal(struct x80_env *e, bool sign, int exp, uint64_t hi, uint64_t lo,
                           unsigned bits, bool tiny)
{
    x80_wide v = x80_shift_jam((x80_wide)hi << 64 | lo, (unsigned)(1 - exp));
    struct rounded r = round_to(e, sign, (uint64_t)(v >> 64), (uint64_t)v, bits);
    set_c1(e, r.up);
    if (r.inexact)
        e->status |= tiny ? X80_UE | X80_PE : X80_PE;
    return x80_make(sign, r.sig >> 63, r.sig);
}

struct x80 x80_pack(struct x80_env *e, bool sign, int exp, uint64_t hi, uint64_t lo, unsigned bits)
{
    struct rounded r = round_to(e, sign, hi, lo, bits);
    if (exp < 1) {
        bool tiny = exp < 0 || !r.carry; /* after rounding, as if exponents had no limit */
        if (!tiny || (e->control & X80_UE))
            return denormal(e, sign, exp, hi, lo, bits, tiny);
        e->status |= X80_UE;
        exp += X80_ADJUST;
    }
    if (r.carry) {
        r.sig = X80_INTEGER;
        exp++;
    }
    if (exp >= (int)X80_EXP) {
        if (e->control & X80_OE)
            return overflow(e, sign, bits);
        e->status |= X80_OE;
        exp -= X80_ADJUST;
    }
    set_c1(e, r.up);
    if (r.inexact)
        e->status |= X80_PE;
    if (exp >= (int)X80_EXP || exp < 1) { /* too far for the adjustment: FSCALE only */
        e->status |= X80_PE;
        set_c1(e, exp > 0);
        return exp > 0 ? x80_make(sign, X80_EXP, X80_INTEGER) : x80_make(sign, 0, 0);
    }
    return x80_make(sign, (unsigned)exp, r.sig);
}

struct x80 x80_pack_wide(struct x80_env *e, bool sign, int exp, x80_wide sig, unsigned bits)
{
    uint64_t high = (uint64_t)(sig >> 64);
    unsigned shift =
        high != 0 ? (unsigned)__builtin_clzll(high) : 64 + (unsigned)__builtin_clzll((uint64_t)sig);
    sig <<= shift;
    return x80_pack(e, sign, exp - (int)shift, (uint64_t)(sig >> 64), (uint64_t)sig, bits);
}

/* ---- NaNs (4.8.3.5) ------------------------------------------------------------------------- */

struct x80 x80_invalid(struct x80_env *e)
{
    set_c1(e, false);
    x80_raise(e, X80_IE);
    return X80_DEFAULT;
}

bool x80_nan1(struct x80_env *e, struct x80 a, const struct x80_parts *p, struct x80 *r)
{
    if (p->kind < KIND_QNAN)
        return false;
    set_c1(e, false);
    *r = a;
    r->sig |= X80_QUIET;
    if (p->kind == KIND_BAD)
        *r = x80_invalid(e);
    else if (p->kind == KIND_SNAN)
        x80_raise(e, X80_IE);
    return true;
}

/* Of two NaNs the larger significand; a quiet one before a signalling one; equal: the positive. */
static bool first_nan_wins(struct x80 a, const struct x80_parts *p, struct x80 b,
                           const struct x80_parts *q)
{
    if (p->kind < KIND_QNAN || q->kind < KIND_QNAN)
        return p->kind >= KIND_QNAN;
    if (p->kind != q->kind)
        return p->kind == KIND_QNAN;
    return a.sig != b.sig ? a.sig > b.sig : !p->sign;
}

bool x80_nan2(struct x80_env *e, struct x80 a, const struct x80_parts *p, struct x80 b,
              const struct x80_parts *q, struct x80 *r)
{
    if (p->kind < KIND_QNAN && q->kind < KIND_QNAN)
        return false;
    set_c1(e, false);
    if (p->kind == KIND_BAD || q->kind == KIND_BAD) {
        *r = x80_invalid(e);
        return true;
    }
    *r = first_nan_wins(a, p, b, q) ? a : b;
    r->sig |= X80_QUIET;
    if (p->kind == KIND_SNAN || q->kind == KIND_SNAN)
        x80_raise(e, X80_IE);
    return true;
}

/* ---- the operations --------------------------------------------------------------------------- */

static struct x80 exact(struct x80_env *e, bool sign, unsigned exp, uint64_t sig)
{
    set_c1(e, false);
    return x80_make(sign, exp, sig);
}

/* A denormal operand; true: the operation stops. */
static bool denormals(struct x80_env *e, const struct x80_parts *p, const struct x80_parts *q)
{
    if (p->denormal || q->denormal || e->denormal)
        x80_raise(e, X80_DE);
    if (e->stop)
        set_c1(e, false);
    return e->stop;
}

/* The sum of two finite numbers that are not 0. */
static struct x80 sum(struct x80_env *e, struct x80_parts p, struct x80_parts q)
{
    if (p.exp < q.exp || (p.exp == q.exp && p.sig < q.sig)) {
        struct x80_parts t = p;
        p = q;
        q = t;
    }
    x80_wide a = (x80_wide)p.sig << 63;
    x80_wide b = x80_shift_jam((x80_wide)q.sig << 63, (unsigned)(p.exp - q.exp));
    x80_wide r = p.sign == q.sign ? a + b : a - b;
    if (r == 0)
        return exact(e, (e->control & X80_RC) == X80_DOWN, 0, 0);
    return x80_pack_wide(e, p.sign, p.exp + 1, r, x80_precision(e));
}

static struct x80 add(struct x80_env *e, struct x80 a, struct x80 b, bool minus)
{
    struct x80_parts p = x80_unpack(a), q = x80_unpack(b);
    struct x80 r;
    if (x80_nan2(e, a, &p, b, &q, &r))
        return r;
    q.sign ^= minus;
    if (p.kind == KIND_INF && q.kind == KIND_INF && p.sign != q.sign)
        return x80_invalid(e);
    if (denormals(e, &p, &q))
        return a;
    if (p.kind == KIND_INF || q.kind == KIND_INF)
        return exact(e, p.kind == KIND_INF ? p.sign : q.sign, X80_EXP, X80_INTEGER);
    if (p.kind == KIND_ZERO && q.kind == KIND_ZERO)
        return exact(e, p.sign == q.sign ? p.sign : (e->control & X80_RC) == X80_DOWN, 0, 0);
    if (p.kind == KIND_ZERO)
        return x80_pack(e, q.sign, q.exp, q.sig, 0, x80_precision(e));
    if (q.kind == KIND_ZERO)
        return x80_pack(e, p.sign, p.exp, p.sig, 0, x80_precision(e));
    return sum(e, p, q);
}

struct x80 x80_add(struct x80_env *e, struct x80 a, struct x80 b)
{
    return add(e, a, b, false);
}

struct x80 x80_sub(struct x80_env *e, struct x80 a, struct x80 b)
{
    return add(e, a, b, true);
}

struct x80 x80_mul(struct x80_env *e, struct x80 a, struct x80 b)
{
    struct x80_parts p = x80_unpack(a), q = x80_unpack(b);
    struct x80 r;
    if (x80_nan2(e, a, &p, b, &q, &r))
        return r;
    bool sign = p.sign != q.sign, infinite = p.kind == KIND_INF || q.kind == KIND_INF;
    bool zero = p.kind == KIND_ZERO || q.kind == KIND_ZERO;
    if (infinite && zero)
        return x80_invalid(e);
    if (denormals(e, &p, &q))
        return a;
    if (infinite)
        return exact(e, sign, X80_EXP, X80_INTEGER);
    if (zero)
        return exact(e, sign, 0, 0);
    return x80_pack_wide(e, sign, p.exp + q.exp - X80_BIAS + 1, (x80_wide)p.sig * q.sig,
                         x80_precision(e));
}

/* The quotient of significands, normalised or one bit short of it, the last bit sticky. */
static x80_wide quotient(uint64_t a, uint64_t b)
{
    x80_wide n = (x80_wide)a << 63;
    uint64_t high = (uint64_t)(n / b), rest = (uint64_t)(n % b);
    n = (x80_wide)rest << 64;
    return (x80_wide)high << 64 | (uint64_t)(n / b) | (n % b != 0);
}

struct x80 x80_div(struct x80_env *e, struct x80 a, struct x80 b)
{
    struct x80_parts p = x80_unpack(a), q = x80_unpack(b);
    struct x80 r;
    if (x80_nan2(e, a, &p, b, &q, &r))
        return r;
    bool sign = p.sign != q.sign;
    if (p.kind == q.kind && p.kind != KIND_FINITE)
        return x80_invalid(e); /* 0 / 0, infinity / infinity */
    if (q.kind == KIND_ZERO && p.kind == KIND_FINITE)
        x80_raise(e, X80_ZE); /* alone, even if the dividend is denormal */
    else if (denormals(e, &p, &q))
        return a;
    if (q.kind == KIND_ZERO || p.kind == KIND_INF)
        return exact(e, sign, X80_EXP, X80_INTEGER);
    if (p.kind == KIND_ZERO || q.kind == KIND_INF)
        return exact(e, sign, 0, 0);
    return x80_pack_wide(e, sign, p.exp - q.exp + X80_BIAS, quotient(p.sig, q.sig),
                         x80_precision(e));
}

/* Largest r with r * r <= v. */
static uint64_t root(x80_wide v)
{
    uint64_t r = 0;
    for (unsigned bit = 64; bit-- > 0;) {
        uint64_t t = r | 1ull << bit;
        if ((x80_wide)t * t <= v)
            r = t;
    }
    return r;
}

struct x80 x80_sqrt(struct x80_env *e, struct x80 a)
{
    struct x80_parts p = x80_unpack(a);
    struct x80 r;
    if (x80_nan1(e, a, &p, &r))
        return r;
    if (p.kind == KIND_ZERO)
        return exact(e, p.sign, 0, 0);
    if (p.sign)
        return x80_invalid(e);
    if (p.kind == KIND_INF)
        return exact(e, false, X80_EXP, X80_INTEGER);
    if (denormals(e, &p, &p))
        return a;
    int power = p.exp - X80_BIAS;
    x80_wide v = (x80_wide)p.sig << (power & 1 ? 64 : 63);
    uint64_t s = root(v);
    x80_wide rest = v - (x80_wide)s * s;
    /* The root lies above the middle of s and s + 1 if rest > s, and never on it. */
    uint64_t lo = rest == 0 ? 0 : rest > s ? 3ull << 62 : 1ull << 62;
    return x80_pack(e, false, (power - (power & 1)) / 2 + X80_BIAS, s, lo, x80_precision(e));
}

/* ---- comparison ------------------------------------------------------------------------------- */

/* Order of two operands that are not NaNs: below 0, 0, above. */
static int order(const struct x80_parts *p, const struct x80_parts *q)
{
    if (p->kind == KIND_ZERO && q->kind == KIND_ZERO)
        return 0;
    if (p->kind == KIND_ZERO)
        return q->sign ? 1 : -1;
    if (q->kind == KIND_ZERO || p->sign != q->sign)
        return p->sign ? -1 : 1;
    int larger = p->kind != q->kind    ? (p->kind == KIND_INF ? 1 : -1)
                 : p->kind == KIND_INF ? 0
                 : p->exp != q->exp    ? (p->exp > q->exp ? 1 : -1)
                 : p->sig != q->sig    ? (p->sig > q->sig ? 1 : -1)
                                       : 0;
    return p->sign ? -larger : larger;
}

void x80_compare(struct x80_env *e, struct x80 a, struct x80 b, bool quiet)
{
    struct x80_parts p = x80_unpack(a), q = x80_unpack(b);
    unsigned cc;
    if (p.kind >= KIND_QNAN || q.kind >= KIND_QNAN) {
        if (!quiet || p.kind > KIND_QNAN || q.kind > KIND_QNAN)
            x80_raise(e, X80_IE);
        cc = X80_C0 | X80_C2 | X80_C3;
    } else {
        if (p.denormal || q.denormal || e->denormal)
            x80_raise(e, X80_DE);
        int o = order(&p, &q);
        cc = o < 0 ? X80_C0 : o == 0 ? X80_C3 : 0;
    }
    e->status = (uint16_t)((e->status & ~X80_CC) | cc);
}

unsigned x80_class(struct x80 a)
{
    static const uint16_t cc[] = {
        [KIND_ZERO] = X80_C3, [KIND_FINITE] = X80_C2, [KIND_INF] = X80_C2 | X80_C0,
        [KIND_QNAN] = X80_C0, [KIND_SNAN] = X80_C0,   [KIND_BAD] = 0};
    struct x80_parts p = x80_unpack(a);
    return (p.denormal ? X80_C3 | X80_C2 : cc[p.kind]) | (p.sign ? X80_C1 : 0);
}
