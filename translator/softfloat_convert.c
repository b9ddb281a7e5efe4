/*
 * Comparison and conversion between formats, integers and fixed point.
 */
#include <translator/softfloat_parts.h>

/* ---- comparison ------------------------------------------------------------------------------- */

static enum sf_relation compare(struct sf *s, const struct sf_format *f, uint64_t a, uint64_t b,
                                bool signalling)
{
    bool denormal = false;
    struct sf_parts p = sf_unpack(s, f, a, &denormal), q = sf_unpack(s, f, b, &denormal);
    if (sf_is_nan(&p) || sf_is_nan(&q)) {
        if (signalling || p.kind == KIND_SNAN || q.kind == KIND_SNAN)
            s->flags |= SF_INVALID;
        return SF_UNORDERED;
    }
    sf_note_denormal(s, denormal);
    if (p.kind == KIND_ZERO && q.kind == KIND_ZERO)
        return SF_EQUAL;
    /* a flushed operand counts as zero; otherwise the order is that of the bits */
    uint64_t x = p.kind == KIND_ZERO ? 0 : a & (sf_sign_bit(f, true) - 1);
    uint64_t y = q.kind == KIND_ZERO ? 0 : b & (sf_sign_bit(f, true) - 1);
    if (p.sign != q.sign)
        return p.sign ? SF_LESS : SF_GREATER;
    if (x == y)
        return SF_EQUAL;
    return (x < y) != p.sign ? SF_LESS : SF_GREATER;
}

enum sf_relation sf32_compare(struct sf *s, sf32 a, sf32 b, bool signalling)
{
    return compare(s, &sf_single, a, b, signalling);
}
enum sf_relation sf64_compare(struct sf *s, sf64 a, sf64 b, bool signalling)
{
    return compare(s, &sf_double, a, b, signalling);
}

/* ---- between formats -------------------------------------------------------------------------- */

static uint64_t convert(struct sf *s, const struct sf_format *from, const struct sf_format *to,
                        uint64_t a)
{
    bool denormal = false;
    struct sf_parts p = sf_unpack(s, from, a, &denormal);
    if (sf_is_nan(&p))
        return sf_quiet(s, to, &p);
    sf_note_denormal(s, denormal);
    if (p.kind == KIND_INF)
        return sf_infinity(to, p.sign);
    return sf_pack(s, to, p.sign, p.exp - 63, p.kind == KIND_ZERO ? 0 : p.sig);
}

sf64 sf32_to_sf64(struct sf *s, sf32 a)
{
    return convert(s, &sf_single, &sf_double, a);
}
sf32 sf64_to_sf32(struct sf *s, sf64 a)
{
    return (sf32)convert(s, &sf_double, &sf_single, a);
}

/* The alternative half format uses the largest exponent for ordinary numbers (A2.7.4). */
sf32 sf16_to_sf32(struct sf *s, sf16 a, bool alternative)
{
    if (!alternative || (a >> 10 & 31) != 31)
        return (sf32)convert(s, &sf_half, &sf_single, a);
    return (uint32_t)(a & 0x8000) << 16 | (uint32_t)(16 + 127) << 23 | (uint32_t)(a & 0x3ff) << 13;
}

static sf16 to_alternative(struct sf *s, sf32 a)
{
    bool denormal = false;
    struct sf_parts p = sf_unpack(s, &sf_single, a, &denormal);
    uint16_t sign = (uint16_t)(p.sign << 15);
    if (sf_is_nan(&p) || p.kind == KIND_INF) {
        s->flags |= SF_INVALID;
        return p.kind == KIND_INF ? sign | 0x7fff : sign;
    }
    if (p.kind == KIND_ZERO)
        return sign;
    /* Below 2^15 the formats agree. Above, round as if 2^10 smaller, where they do too. */
    unsigned shift = p.exp >= 10 ? 10 : 0;
    struct sf t = *s;
    t.flags = 0;
    uint32_t v = (uint32_t)sf_pack(&t, &sf_half, p.sign, p.exp - 63 - (int)shift, p.sig) & 0x7fff;
    if ((t.flags & SF_OVERFLOW) || v + (shift << 10) > 0x7fff) {
        s->flags |= SF_INVALID;
        return sign | 0x7fff;
    }
    s->flags |= t.flags;
    return (sf16)(sign | (v + (shift << 10)));
}

sf16 sf32_to_sf16(struct sf *s, sf32 a, bool alternative)
{
    return alternative ? to_alternative(s, a) : (sf16)convert(s, &sf_single, &sf_half, a);
}

/* ---- integers --------------------------------------------------------------------------------- */

/* |p| * 2^fraction rounded to an integer; 2^64 - 1 or more: *huge. */
static uint64_t magnitude(const struct sf_parts *p, unsigned fraction, unsigned round, bool *huge,
                          bool *inexact)
{
    int up = p->exp - 63 + (int)fraction; /* value: sig * 2^up */
    if (p->kind == KIND_ZERO)
        return 0;
    if (up > 0) {
        *huge = true;
        return 0;
    }
    sf_wide v = sf_shift_jam((sf_wide)p->sig << 62, (unsigned)-up); /* 62 bits below the point */
    sf_wide rest = v & (((sf_wide)1 << 62) - 1), half = (sf_wide)1 << 61;
    unsigned size = rest == 0 ? 0 : rest < half ? 1 : rest == half ? 2 : 3;
    uint64_t whole = (uint64_t)(v >> 62);
    *inexact = size != 0;
    if (sf_rounds_up(round, p->sign, whole & 1, size) && ++whole == 0)
        *huge = true;
    return whole;
}

static int64_t to_int(struct sf *s, const struct sf_format *f, uint64_t a, unsigned bits,
                      bool is_signed, unsigned fraction, unsigned round)
{
    bool denormal = false, huge = false, inexact = false;
    struct sf_parts p = sf_unpack(s, f, a, &denormal);
    if (sf_is_nan(&p)) {
        s->flags |= SF_INVALID;
        return 0;
    }
    huge = p.kind == KIND_INF;
    uint64_t most = ~0ull >> (64 - bits) >> is_signed; /* largest positive result */
    uint64_t limit = !p.sign ? most : is_signed ? most + 1 : 0;
    uint64_t v = huge ? 0 : magnitude(&p, fraction, round, &huge, &inexact);
    if (huge || v > limit) {
        s->flags |= SF_INVALID;
        v = limit;
    } else if (inexact) {
        s->flags |= SF_INEXACT;
    }
    return (int64_t)(p.sign ? 0 - v : v);
}

int64_t sf32_to_int(struct sf *s, sf32 a, unsigned bits, bool is_signed, unsigned fraction,
                    unsigned round)
{
    return to_int(s, &sf_single, a, bits, is_signed, fraction, round);
}
int64_t sf64_to_int(struct sf *s, sf64 a, unsigned bits, bool is_signed, unsigned fraction,
                    unsigned round)
{
    return to_int(s, &sf_double, a, bits, is_signed, fraction, round);
}

static uint64_t from_int(struct sf *s, const struct sf_format *f, int64_t v, bool is_signed,
                         unsigned fraction)
{
    bool sign = is_signed && v < 0;
    return sf_pack(s, f, sign, -(int)fraction, sign ? 0 - (uint64_t)v : (uint64_t)v);
}

sf32 sf32_from_int(struct sf *s, int64_t v, bool is_signed, unsigned fraction)
{
    return (sf32)from_int(s, &sf_single, v, is_signed, fraction);
}
sf64 sf64_from_int(struct sf *s, int64_t v, bool is_signed, unsigned fraction)
{
    return from_int(s, &sf_double, v, is_signed, fraction);
}
