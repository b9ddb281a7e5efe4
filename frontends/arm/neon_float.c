/*
 * Advanced SIMD on single precision: always the Standard FPSCR value (A2.7.8), that is rounding to
 * nearest, flush to zero, default NaN.
 */
#include "neon_lanes.h"

#define LANE(name) static int64_t name(struct lanes *s, int64_t n, int64_t m, int64_t d)
#define UNUSED     (void)s, (void)n, (void)m, (void)d
#define SIGN       0x80000000u
#define ONE        0x3f800000u
#define HALF       0x3f000000u
#define TWO        0x40000000u
#define THREE      0x40400000u
#define INF        0x7f800000u

static bool is_nan(uint32_t v)
{
    return (v & ~SIGN) > INF;
}
static bool is_zero(uint32_t v)
{
    return (v & INF) == 0; /* denormals are flushed */
}
static bool is_inf(uint32_t v)
{
    return (v & ~SIGN) == INF;
}
static bool holds(struct lanes *s, int64_t n, int64_t m, bool signalling, unsigned relations)
{
    return relations >> sf32_compare(&s->sf, (sf32)n, (sf32)m, signalling) & 1;
}
#define GT           (1u << SF_GREATER)
#define EQ           (1u << SF_EQUAL)
#define LT           (1u << SF_LESS)
#define MAGNITUDE(v) ((v)&0x7fffffff)

/* clang-format off */
LANE(add)  { UNUSED; return sf32_add(&s->sf, (sf32)n, (sf32)m); }
LANE(sub)  { UNUSED; return sf32_sub(&s->sf, (sf32)n, (sf32)m); }
LANE(mul)  { UNUSED; return sf32_mul(&s->sf, (sf32)n, (sf32)m); }
LANE(mla)  { return sf32_add(&s->sf, (sf32)d, (sf32)mul(s, n, m, d)); }
LANE(mls)  { return sf32_sub(&s->sf, (sf32)d, (sf32)mul(s, n, m, d)); }
LANE(fma1) { UNUSED; return sf32_fma(&s->sf, (sf32)n, (sf32)m, (sf32)d); }
LANE(fms1) { UNUSED; return sf32_fma(&s->sf, (sf32)n ^ SIGN, (sf32)m, (sf32)d); }
LANE(abd)  { return MAGNITUDE(sub(s, n, m, d)); }
LANE(ceq)  { UNUSED; return -holds(s, n, m, false, EQ); }
LANE(cge)  { UNUSED; return -holds(s, n, m, true, GT | EQ); }
LANE(cgt)  { UNUSED; return -holds(s, n, m, true, GT); }
LANE(acge) { UNUSED; return -holds(s, MAGNITUDE(n), MAGNITUDE(m), true, GT | EQ); }
LANE(acgt) { UNUSED; return -holds(s, MAGNITUDE(n), MAGNITUDE(m), true, GT); }
LANE(ceq0) { UNUSED; return -holds(s, m, 0, false, EQ); }
LANE(cge0) { UNUSED; return -holds(s, m, 0, true, GT | EQ); }
LANE(cgt0) { UNUSED; return -holds(s, m, 0, true, GT); }
LANE(cle0) { UNUSED; return -holds(s, m, 0, true, LT | EQ); }
LANE(clt0) { UNUSED; return -holds(s, m, 0, true, LT); }

/* ---- conversions ------------------------------------------------------------------------------ */
LANE(from) { UNUSED; return sf32_from_int(&s->sf, m, true, s->shift); }
LANE(to)   { UNUSED; return sf32_to_int(&s->sf, (sf32)m, 32, !s->is_unsigned, s->shift, SF_ZERO); }
LANE(half) { UNUSED; return sf32_to_sf16(&s->sf, (sf32)m, s->alternative); }
LANE(unhalf) { UNUSED; return sf16_to_sf32(&s->sf, (sf16)m, s->alternative); }
/* clang-format on */

/* ---- larger and smaller ----------------------------------------------------------------------- */

/* FPMax, FPMin: -0 is less than +0 (A2.7.8). */
static int64_t extreme(struct lanes *s, int64_t n, int64_t m, enum sf_relation take_n)
{
    uint32_t x = (uint32_t)n, y = (uint32_t)m;
    enum sf_relation r = sf32_compare(&s->sf, x, y, false);
    if (r == SF_UNORDERED)
        return 0x7fc00000; /* the default NaN */
    if (is_zero(x))
        x &= SIGN;
    if (is_zero(y))
        y &= SIGN;
    if (r == SF_EQUAL)
        return take_n == SF_GREATER ? x & y : x | y;
    return r == take_n ? x : y;
}
/* clang-format off */
LANE(maxf) { UNUSED; return extreme(s, n, m, SF_GREATER); }
LANE(minf) { UNUSED; return extreme(s, n, m, SF_LESS); }
/* clang-format on */

/* ---- estimates and Newton steps (A2.7.8) ------------------------------------------------------ */

/* round(256 * 512 / (q + 1/2)) */
uint32_t neon_recip(uint32_t q)
{
    uint32_t n = 2 * q + 1;
    return (2 * 262144 + n) / (2 * n);
}
/* The largest r for which r - 1/2 is at most 256 / sqrt((q + 1/2) / 256 or 512). */
uint32_t neon_rsqrt(uint32_t q, bool high)
{
    uint64_t limit = high ? 1u << 27 : 1u << 28;
    uint32_t r = 256;
    while (r < 511 && (uint64_t)(2 * r + 1) * (2 * r + 1) * (2 * q + 1) <= limit)
        r++;
    return r;
}

LANE(recpe)
{
    uint32_t v = (uint32_t)m, exp = v >> 23 & 255;
    if (is_nan(v))
        return add(s, m, m, d);
    UNUSED;
    if (is_inf(v))
        return v & SIGN;
    if (is_zero(v))
        return sf32_div(&s->sf, ONE, v); /* reports what it should */
    if (exp >= 253) {
        s->sf.flags |= SF_UNDERFLOW;
        return v & SIGN;
    }
    uint32_t r = neon_recip(256 + (v >> 15 & 255));
    return (v & SIGN) | (253 - exp) << 23 | (r & 255) << 15;
}

LANE(rsqrte)
{
    uint32_t v = (uint32_t)m, exp = v >> 23 & 255;
    UNUSED;
    if (is_nan(v) || (v >> 31 && !is_zero(v)))
        return sf32_sqrt(&s->sf, v);
    if (is_zero(v))
        return sf32_div(&s->sf, ONE, v);
    if (is_inf(v))
        return 0;
    uint32_t r = neon_rsqrt(128 + (v >> 16 & 127), !(exp & 1));
    return (380 - exp) / 2 << 23 | (r & 255) << 15;
}

/* The product of a step: infinity * 0 counts as 0. Not for NaNs. */
static uint32_t step_product(struct lanes *s, uint32_t n, uint32_t m)
{
    if ((is_inf(n) && is_zero(m)) || (is_zero(n) && is_inf(m))) {
        struct lanes unreported = *s;
        (void)mul(&unreported, n, m, 0);
        s->sf.flags |= unreported.sf.flags & SF_INPUT_DENORMAL;
        return 0;
    }
    return (uint32_t)mul(s, n, m, 0);
}
LANE(recps)
{
    if (is_nan((uint32_t)n) || is_nan((uint32_t)m))
        return mul(s, n, m, d);
    return sf32_sub(&s->sf, TWO, step_product(s, (uint32_t)n, (uint32_t)m));
}
LANE(rsqrts)
{
    if (is_nan((uint32_t)n) || is_nan((uint32_t)m))
        return mul(s, n, m, d);
    sf32 r = sf32_sub(&s->sf, THREE, step_product(s, (uint32_t)n, (uint32_t)m));
    return sf32_mul(&s->sf, r, HALF); /* exact */
}

/* clang-format off */
#define ROW(op, shape, run) {ARM_##op, SHAPE_##shape, 1, run},
const struct lane_op neon_float[] = {
    ROW(VADD_F, SAME, add) ROW(VSUB_F, SAME, sub) ROW(VMUL_F, SAME, mul) ROW(VMLA_F, SAME, mla)
    ROW(VMLS_F, SAME, mls) ROW(VFMA_F, SAME, fma1) ROW(VFMS_F, SAME, fms1) ROW(VABD_F, SAME, abd)
    ROW(VPADD_F, PAIR, add) ROW(VCEQ_F, SAME, ceq) ROW(VCGE_F, SAME, cge) ROW(VCGT_F, SAME, cgt)
    ROW(VACGE_F, SAME, acge) ROW(VACGT_F, SAME, acgt) ROW(VMAX_F, SAME, maxf) ROW(VMIN_F, SAME, minf)
    ROW(VPMAX_F, PAIR, maxf) ROW(VPMIN_F, PAIR, minf) ROW(VRECPS, SAME, recps)
    ROW(VRSQRTS, SAME, rsqrts) ROW(VRECPE_F, SAME, recpe) ROW(VRSQRTE_F, SAME, rsqrte)
    ROW(VCGT0_F, SAME, cgt0) ROW(VCGE0_F, SAME, cge0) ROW(VCEQ0_F, SAME, ceq0)
    ROW(VCLE0_F, SAME, cle0) ROW(VCLT0_F, SAME, clt0)
    ROW(VCVT_FROM_INT, SAME, from) ROW(VCVT_TO_INT, SAME, to)
    ROW(VCVT_FROM_FIXED, SAME, from) ROW(VCVT_TO_FIXED, SAME, to)
};
const unsigned neon_float_count = sizeof neon_float / sizeof neon_float[0];
/* VCVT_HALF by direction */
const struct lane_op neon_half[2] = {ROW(VCVT_HALF, NARROW, half) ROW(VCVT_HALF, LONG, unhalf)};
