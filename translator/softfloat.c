/*
 * Addition, multiplication, division, square root and fused multiply-add.
 *
 * Every operation computes an exact value as a 128-bit integer and a power of two, a non-zero rest
 * or'ed into its lowest bit, and rounds once in sf_pack. The rest is enough because at least two
 * bits lie between the lowest bit kept and the bit it is or'ed into: a sum that loses bits in
 * alignment has its operands at least 20 positions apart, so at most one leading bit cancels.
 */
#include <translator/softfloat_parts.h>

const struct sf_format sf_half = {16, 10, 15};
const struct sf_format sf_single = {32, 23, 127};
const struct sf_format sf_double = {64, 52, 1023};

/* ---- taking apart, putting together ----------------------------------------------------------- */

struct sf_parts sf_unpack(struct sf *s, const struct sf_format *f, uint64_t v, bool *denormal)
{
    uint64_t fraction = v & ((1ull << f->fraction) - 1);
    unsigned exp = (unsigned)(v >> f->fraction) & sf_exp_max(f);
    struct sf_parts p = {.sign = v >> (f->bits - 1) & 1};
    if (exp == sf_exp_max(f)) {
        p.sig = fraction << (64 - f->fraction);
        p.kind = fraction == 0 ? KIND_INF : p.sig >> 63 ? KIND_QNAN : KIND_SNAN;
    } else if (exp != 0) {
        p.kind = KIND_FINITE;
        p.sig = (fraction | 1ull << f->fraction) << (63 - f->fraction);
        p.exp = (int)exp - f->bias;
    } else if (fraction == 0) {
        p.kind = KIND_ZERO;
    } else if (s->flush_inputs && f != &sf_half) {
        p.kind = KIND_ZERO;
        if (s->nan == NAN_ARM)
            s->flags |= SF_INPUT_DENORMAL;
    } else {
        unsigned lead = (unsigned)__builtin_clzll(fraction);
        p.kind = KIND_FINITE;
        p.sig = fraction << lead;
        p.exp = 64 - (int)lead - (int)f->fraction - f->bias;
        *denormal = true;
    }
    return p;
}

void sf_note_denormal(struct sf *s, bool denormal)
{
    if (denormal && s->nan == NAN_X86)
        s->flags |= SF_INPUT_DENORMAL;
}

bool sf_rounds_up(unsigned round, bool sign, bool odd, unsigned rest)
{
    switch (round) {
    case SF_NEAREST:
        return rest == 3 || (rest == 2 && odd);
    case SF_AWAY:
        return rest >= 2;
    case SF_UP:
        return rest != 0 && !sign;
    case SF_DOWN:
        return rest != 0 && sign;
    default:
        return false;
    }
}

/* What lies below the lowest `bits` + 1 bits of sig, as sf_rounds_up wants it; 0 < bits < 128. */
static unsigned rest_of(sf_wide sig, unsigned bits)
{
    sf_wide rest = sig << (128 - bits);
    return (unsigned)(rest >> 126 & 2) | ((rest << 1) != 0);
}

static uint64_t overflow(struct sf *s, const struct sf_format *f, bool sign)
{
    bool infinite =
        s->round == SF_NEAREST || s->round == SF_AWAY || s->round == (sign ? SF_DOWN : SF_UP);
    s->flags |= SF_OVERFLOW | SF_INEXACT;
    return sf_infinity(f, sign) - !infinite;
}

uint64_t sf_pack(struct sf *s, const struct sf_format *f, bool sign, int exp, sf_wide sig)
{
    if (sig == 0)
        return sf_sign_bit(f, sign);
    unsigned lead = sf_clz(sig), drop = 127 - f->fraction;
    sig <<= lead;
    exp += 127 - (int)lead + f->bias; /* biased; bit 127 is the leading one */
    bool tiny = exp <= 0;
    if (tiny) {
        if (exp == 0 && s->tiny_after) {
            sf_wide kept = sig >> drop;
            tiny = !(kept == ((sf_wide)2 << f->fraction) - 1 &&
                     sf_rounds_up(s->round, sign, true, rest_of(sig, drop)));
        }
        if (tiny && s->flush_results && f != &sf_half) {
            s->flags |= s->tiny_after ? SF_UNDERFLOW | SF_INEXACT : SF_UNDERFLOW;
            return sf_sign_bit(f, sign);
        }
        sig = sf_shift_jam(sig, (unsigned)(1 - exp));
        exp = 1; /* a denormal has the exponent of the least normal number, less its leading 1 */
    }
    uint64_t kept = (uint64_t)(sig >> drop);
    unsigned rest = rest_of(sig, drop);
    kept += sf_rounds_up(s->round, sign, kept & 1, rest);
    uint64_t v = ((uint64_t)(unsigned)(exp - 1) << f->fraction) + kept;
    if (exp - 1 >= (int)sf_exp_max(f) || v >> f->fraction >= sf_exp_max(f))
        return overflow(s, f, sign);
    if (rest != 0)
        s->flags |= tiny ? SF_INEXACT | SF_UNDERFLOW : SF_INEXACT;
    return sf_sign_bit(f, sign) | v;
}

/* ---- NaNs ------------------------------------------------------------------------------------- */

uint64_t sf_default_nan(struct sf *s, const struct sf_format *f)
{
    uint64_t quiet = sf_infinity(f, false) | 1ull << (f->fraction - 1);
    if (s->nan == NAN_X86)
        return quiet | sf_sign_bit(f, true);
    if (s->nan == NAN_SPARC)
        return sf_sign_bit(f, true) - 1;
    return quiet;
}

static uint64_t invalid(struct sf *s, const struct sf_format *f)
{
    s->flags |= SF_INVALID;
    return sf_default_nan(s, f);
}

uint64_t sf_quiet(struct sf *s, const struct sf_format *f, const struct sf_parts *p)
{
    if (p->kind == KIND_SNAN)
        s->flags |= SF_INVALID;
    if (s->default_nan)
        return sf_default_nan(s, f);
    return sf_infinity(f, p->sign) | (p->sig | 1ull << 63) >> (64 - f->fraction);
}

/* The result of an operation some of whose n operands are NaNs. ARM: the first signalling one, else
 * the first (A2.7.6). x86: the first (SDM vol. 1, 4.8.3.5). SPARC: as ARM, but the second operand
 * goes first (V8 manual, appendix N.5). */
static uint64_t choose_nan(struct sf *s, const struct sf_format *f, const struct sf_parts *p,
                           unsigned n)
{
    const struct sf_parts *quiet = NULL, *signalling = NULL;
    for (unsigned i = 0; i < n; i++) {
        const struct sf_parts *q = &p[s->nan == NAN_SPARC ? n - 1 - i : i];
        if (!quiet && sf_is_nan(q))
            quiet = q;
        if (!signalling && q->kind == KIND_SNAN)
            signalling = q;
    }
    if (signalling)
        s->flags |= SF_INVALID;
    return sf_quiet(s, f, signalling && s->nan != NAN_X86 ? signalling : quiet);
}

/* ---- operations ------------------------------------------------------------------------------- */

/* x + y, both finite or zero, as sig * 2^exp with the leading bit at 126 or lower. */
struct exact {
    bool sign;
    int exp;
    sf_wide sig;
};
static struct exact sum(struct sf *s, struct exact x, struct exact y)
{
    if (x.sig == 0 || y.sig == 0) {
        struct exact r = x.sig == 0 ? y : x;
        if (x.sig == 0 && y.sig == 0 && x.sign != y.sign)
            r.sign = s->round == SF_DOWN;
        return r;
    }
    unsigned xl = sf_clz(x.sig) - 1, yl = sf_clz(y.sig) - 1;
    x.sig <<= xl, x.exp -= (int)xl;
    y.sig <<= yl, y.exp -= (int)yl;
    if (x.exp < y.exp || (x.exp == y.exp && x.sig < y.sig)) {
        struct exact t = x;
        x = y;
        y = t;
    }
    y.sig = sf_shift_jam(y.sig, (unsigned)(x.exp - y.exp));
    if (x.sign == y.sign)
        x.sig += y.sig;
    else if ((x.sig -= y.sig) == 0)
        x.sign = s->round == SF_DOWN;
    return x;
}

static struct exact exact_of(const struct sf_parts *p)
{
    return (struct exact){p->sign, p->exp - 63, p->kind == KIND_ZERO ? 0 : p->sig};
}
static struct exact product(const struct sf_parts *p)
{
    struct exact x = exact_of(&p[0]), y = exact_of(&p[1]);
    /* the lowest bits of both are 0 */
    return (struct exact){x.sign != y.sign, x.exp + y.exp + 1, (x.sig >> 1) * y.sig};
}

static uint64_t add(struct sf *s, const struct sf_format *f, uint64_t a, uint64_t b, uint64_t minus)
{
    bool denormal = false;
    struct sf_parts p[2] = {sf_unpack(s, f, a, &denormal), sf_unpack(s, f, b, &denormal)};
    if (sf_is_nan(&p[0]) || sf_is_nan(&p[1]))
        return choose_nan(s, f, p, 2);
    p[1].sign ^= minus != 0;
    if (p[0].kind == KIND_INF && p[1].kind == KIND_INF && p[0].sign != p[1].sign)
        return invalid(s, f);
    sf_note_denormal(s, denormal);
    if (p[0].kind == KIND_INF || p[1].kind == KIND_INF)
        return sf_infinity(f, p[p[0].kind != KIND_INF].sign);
    struct exact r = sum(s, exact_of(&p[0]), exact_of(&p[1]));
    return sf_pack(s, f, r.sign, r.exp, r.sig);
}

static uint64_t mul(struct sf *s, const struct sf_format *f, uint64_t a, uint64_t b)
{
    bool denormal = false;
    struct sf_parts p[2] = {sf_unpack(s, f, a, &denormal), sf_unpack(s, f, b, &denormal)};
    if (sf_is_nan(&p[0]) || sf_is_nan(&p[1]))
        return choose_nan(s, f, p, 2);
    if (p[0].kind == KIND_INF || p[1].kind == KIND_INF) {
        if (p[0].kind == KIND_ZERO || p[1].kind == KIND_ZERO)
            return invalid(s, f);
        sf_note_denormal(s, denormal);
        return sf_infinity(f, p[0].sign != p[1].sign);
    }
    sf_note_denormal(s, denormal);
    struct exact r = product(p);
    return sf_pack(s, f, r.sign, r.exp, r.sig);
}

static uint64_t multiply_add(struct sf *s, const struct sf_format *f, uint64_t a, uint64_t b,
                             uint64_t c)
{
    bool denormal = false;
    struct sf_parts p[3] = {sf_unpack(s, f, a, &denormal), sf_unpack(s, f, b, &denormal),
                            sf_unpack(s, f, c, &denormal)};
    bool infinite = p[0].kind == KIND_INF || p[1].kind == KIND_INF;
    bool nothing = infinite && (p[0].kind == KIND_ZERO || p[1].kind == KIND_ZERO);
    if (sf_is_nan(&p[0]) || sf_is_nan(&p[1]) || sf_is_nan(&p[2])) {
        /* infinity * 0 + quiet NaN: Invalid on ARM only (A2.7.8) */
        if (nothing && p[2].kind == KIND_QNAN && s->nan == NAN_ARM)
            return invalid(s, f);
        struct sf_parts addend_first[3] = {p[2], p[0], p[1]};
        return choose_nan(s, f, s->nan == NAN_ARM ? addend_first : p, 3);
    }
    bool sign = p[0].sign != p[1].sign;
    if (nothing || (infinite && p[2].kind == KIND_INF && p[2].sign != sign))
        return invalid(s, f);
    sf_note_denormal(s, denormal);
    if (infinite)
        return sf_infinity(f, sign);
    if (p[2].kind == KIND_INF)
        return sf_infinity(f, p[2].sign);
    struct exact r = sum(s, product(p), exact_of(&p[2]));
    return sf_pack(s, f, r.sign, r.exp, r.sig);
}

/* x / y for x, y with bit 63 set, times 2^62; a rest in bit 0. */
static uint64_t quotient(const struct sf_format *f, uint64_t x, uint64_t y)
{
    if (f == &sf_single) { /* 24 bits each: one division of the host */
        uint64_t n = x >> 40 << 38, d = y >> 40;
        return n / d << 24 | (n % d != 0);
    }
    sf_wide rest = x;
    uint64_t q = 0;
    for (int i = 0; i < 62; i++, rest <<= 1) {
        q <<= 1;
        if (rest >= y) {
            rest -= y;
            q |= 1;
        }
    }
    return q << 1 | (rest != 0);
}

static uint64_t divide(struct sf *s, const struct sf_format *f, uint64_t a, uint64_t b)
{
    bool denormal = false;
    struct sf_parts p[2] = {sf_unpack(s, f, a, &denormal), sf_unpack(s, f, b, &denormal)};
    if (sf_is_nan(&p[0]) || sf_is_nan(&p[1]))
        return choose_nan(s, f, p, 2);
    if (p[0].kind == p[1].kind && p[0].kind != KIND_FINITE)
        return invalid(s, f);
    bool sign = p[0].sign != p[1].sign;
    if (p[1].kind == KIND_ZERO) {
        if (p[0].kind == KIND_FINITE)
            s->flags |= SF_DIVZERO; /* x86 does not report a denormal dividend then */
        return sf_infinity(f, sign);
    }
    sf_note_denormal(s, denormal);
    if (p[0].kind == KIND_INF)
        return sf_infinity(f, sign);
    if (p[0].kind == KIND_ZERO || p[1].kind == KIND_INF)
        return sf_sign_bit(f, sign);
    return sf_pack(s, f, sign, p[0].exp - p[1].exp - 62, quotient(f, p[0].sig, p[1].sig));
}

/* Integer square root of v, digit by digit; a rest in bit 0 of the result, which is doubled. */
static uint64_t root(sf_wide v)
{
    sf_wide r = 0, bit = (sf_wide)1 << 126;
    while (bit > v)
        bit >>= 2;
    for (; bit != 0; bit >>= 2) {
        if (v >= r + bit) {
            v -= r + bit;
            r = (r >> 1) + bit;
        } else {
            r >>= 1;
        }
    }
    return (uint64_t)r << 1 | (v != 0);
}

static uint64_t square_root(struct sf *s, const struct sf_format *f, uint64_t a)
{
    bool denormal = false;
    struct sf_parts p = sf_unpack(s, f, a, &denormal);
    if (sf_is_nan(&p))
        return choose_nan(s, f, &p, 1);
    if (p.kind == KIND_ZERO)
        return sf_sign_bit(f, p.sign);
    if (p.sign)
        return invalid(s, f);
    sf_note_denormal(s, denormal);
    if (p.kind == KIND_INF)
        return sf_infinity(f, false);
    /* v * 2^(2 half) = sig * 2^(exp - 63), v with twice the digits the result needs */
    unsigned digits = 2 * f->fraction + 6;
    int half = (p.exp - (int)digits) >> 1, up = p.exp - 2 * half - 63;
    sf_wide v = up >= 0 ? (sf_wide)p.sig << up : (sf_wide)(p.sig >> -up);
    return sf_pack(s, f, false, half - 1, root(v));
}

/* clang-format off */
sf32 sf32_add(struct sf *s, sf32 a, sf32 b) { return (sf32)add(s, &sf_single, a, b, 0); }
sf32 sf32_sub(struct sf *s, sf32 a, sf32 b) { return (sf32)add(s, &sf_single, a, b, 1); }
sf32 sf32_mul(struct sf *s, sf32 a, sf32 b) { return (sf32)mul(s, &sf_single, a, b); }
sf32 sf32_div(struct sf *s, sf32 a, sf32 b) { return (sf32)divide(s, &sf_single, a, b); }
sf32 sf32_sqrt(struct sf *s, sf32 a) { return (sf32)square_root(s, &sf_single, a); }
sf32 sf32_fma(struct sf *s, sf32 a, sf32 b, sf32 c) { return (sf32)multiply_add(s, &sf_single, a, b, c); }
sf64 sf64_add(struct sf *s, sf64 a, sf64 b) { return add(s, &sf_double, a, b, 0); }
sf64 sf64_sub(struct sf *s, sf64 a, sf64 b) { return add(s, &sf_double, a, b, 1); }
sf64 sf64_mul(struct sf *s, sf64 a, sf64 b) { return mul(s, &sf_double, a, b); }
sf64 sf64_div(struct sf *s, sf64 a, sf64 b) { return divide(s, &sf_double, a, b); }
sf64 sf64_sqrt(struct sf *s, sf64 a) { return square_root(s, &sf_double, a); }
sf64 sf64_fma(struct sf *s, sf64 a, sf64 b, sf64 c) { return multiply_add(s, &sf_double, a, b, c); }
/* clang-format on */
