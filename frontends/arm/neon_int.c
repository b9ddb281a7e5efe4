/*
 * Advanced SIMD on integers: a function for each operation on one lane (A8.8, under its name), but
 * for those that lift_neon.c always has in the IR.
 * Sums and products that may not fit 64 bits are computed in 128; others wrap.
 */
#include "neon_lanes.h"

typedef __int128 wide;

#define LANE(name) static int64_t name(struct lanes *s, int64_t n, int64_t m, int64_t d)
#define UNUSED     (void)s, (void)n, (void)m, (void)d

/* ---- saturation ------------------------------------------------------------------------------- */

static int64_t saturate(struct lanes *s, wide v, unsigned bits, bool is_unsigned)
{
    wide high = is_unsigned ? ((wide)1 << bits) - 1 : ((wide)1 << (bits - 1)) - 1;
    wide low = is_unsigned ? 0 : -((wide)1 << (bits - 1));
    if (v >= low && v <= high)
        return (int64_t)v;
    s->saturated = true;
    return (int64_t)(v < low ? low : high);
}
static int64_t fit(struct lanes *s, wide v)
{
    return saturate(s, v, s->bits, s->is_unsigned);
}
/* The value of a lane, which of 64 bits its extension does not give. */
static wide value(const struct lanes *s, int64_t v)
{
    return s->is_unsigned ? (wide)(uint64_t)v : (wide)v;
}
static int64_t times(int64_t n, int64_t m)
{
    return (int64_t)((uint64_t)n * (uint64_t)m);
}
static int64_t plus(int64_t n, int64_t m)
{
    return (int64_t)((uint64_t)n + (uint64_t)m);
}
static int64_t minus(int64_t n, int64_t m)
{
    return (int64_t)((uint64_t)n - (uint64_t)m);
}

/* clang-format off */
/* ---- sums, comparisons, products -------------------------------------------------------------- */
LANE(hadd)   { UNUSED; return (n + m) >> 1; }
LANE(rhadd)  { UNUSED; return (n + m + 1) >> 1; }
LANE(hsub)   { UNUSED; return (n - m) >> 1; }
LANE(qadd)   { UNUSED; return fit(s, value(s, n) + value(s, m)); }
LANE(qsub)   { UNUSED; return fit(s, value(s, n) - value(s, m)); }
LANE(add)    { UNUSED; return plus(n, m); }
LANE(sub)    { UNUSED; return minus(n, m); }
LANE(cgt)    { UNUSED; return -(n > m); }
LANE(cge)    { UNUSED; return -(n >= m); }
LANE(maxi)   { UNUSED; return n > m ? n : m; }
LANE(mini)   { UNUSED; return n < m ? n : m; }
LANE(abd)    { UNUSED; return n > m ? n - m : m - n; }
LANE(aba)    { return plus(d, abd(s, n, m, d)); }
LANE(mul)    { UNUSED; return times(n, m); }
LANE(mla)    { UNUSED; return plus(d, times(n, m)); }
LANE(mls)    { UNUSED; return minus(d, times(n, m)); }
LANE(addhn)  { UNUSED; return plus(n, m) >> s->bits; }
LANE(raddhn) { UNUSED; return plus(plus(n, m), 1ll << (s->bits - 1)) >> s->bits; }
LANE(subhn)  { UNUSED; return minus(n, m) >> s->bits; }
LANE(rsubhn) { UNUSED; return plus(minus(n, m), 1ll << (s->bits - 1)) >> s->bits; }
LANE(pal)    { UNUSED; return plus(d, plus(n, m)); }

LANE(qdmulh)  { UNUSED; return saturate(s, (wide)n * m * 2 >> s->bits, s->bits, false); }
LANE(qrdmulh) { UNUSED; return saturate(s, ((wide)n * m * 2 + ((wide)1 << (s->bits - 1))) >> s->bits, s->bits, false); }
LANE(qdmull)  { UNUSED; return saturate(s, (wide)n * m * 2, 2 * s->bits, false); }
/* clang-format on */

static int64_t accumulator(const struct lanes *s, int64_t d)
{
    unsigned up = 64 - 2 * s->bits;
    return (int64_t)((uint64_t)d << up) >> up;
}
LANE(qdmlal)
{
    return saturate(s, (wide)accumulator(s, d) + qdmull(s, n, m, d), 2 * s->bits, false);
}
LANE(qdmlsl)
{
    return saturate(s, (wide)accumulator(s, d) - qdmull(s, n, m, d), 2 * s->bits, false);
}
LANE(mul_p)
{
    UNUSED;
    uint32_t r = 0;
    for (unsigned i = 0; i < 8; i++)
        r ^= n >> i & 1 ? (uint32_t)(m & 0xff) << i : 0;
    return r;
}

/* ---- shifts ----------------------------------------------------------------------------------- */

/* v shifted by a signed amount; to the right optionally rounded. Results that do not fit 128 bits
 * come out as the nearest that does not fit a lane. */
static wide shifted(wide v, int by, bool round)
{
    if (by >= 0) {
        if (by > 63)
            return v == 0 ? 0 : v > 0 ? (wide)1 << 100 : -((wide)1 << 100);
        return (wide)((unsigned __int128)v << by);
    }
    int right = by < -66 ? 66 : -by;
    return (v + (round ? (wide)1 << (right - 1) : 0)) >> right;
}
/* clang-format off */
/* by register: the amount is the lowest byte of n, signed */
LANE(shl)    { UNUSED; return (int64_t)shifted(value(s, m), (int8_t)n, false); }
LANE(rshl)   { UNUSED; return (int64_t)shifted(value(s, m), (int8_t)n, true); }
LANE(qshl)   { UNUSED; return fit(s, shifted(value(s, m), (int8_t)n, false)); }
LANE(qrshl)  { UNUSED; return fit(s, shifted(value(s, m), (int8_t)n, true)); }
/* by the immediate */
#define RIGHT(round) shifted(value(s, m), -(int)s->shift, round)
LANE(shr)    { UNUSED; return (int64_t)RIGHT(false); }
LANE(rshr)   { UNUSED; return (int64_t)RIGHT(true); }
LANE(sra)    { UNUSED; return plus(d, (int64_t)RIGHT(false)); }
LANE(rsra)   { UNUSED; return plus(d, (int64_t)RIGHT(true)); }
LANE(shl_i)  { UNUSED; return (int64_t)((uint64_t)m << s->shift); }
LANE(qshl_i) { UNUSED; return fit(s, shifted(value(s, m), (int)s->shift, false)); }
LANE(qshlu)  { UNUSED; return saturate(s, shifted(m, (int)s->shift, false), s->bits, true); }
LANE(qshrn)  { UNUSED; return fit(s, RIGHT(false)); }
LANE(qrshrn) { UNUSED; return fit(s, RIGHT(true)); }
LANE(qshrun)  { UNUSED; return saturate(s, RIGHT(false), s->bits, true); }
LANE(qrshrun) { UNUSED; return saturate(s, RIGHT(true), s->bits, true); }
LANE(qmovn)  { UNUSED; return fit(s, value(s, m)); }
LANE(qmovun) { UNUSED; return saturate(s, m, s->bits, true); }
LANE(shll_max) { UNUSED; return (int64_t)((uint64_t)m << s->bits); }
/* clang-format on */

/* ---- one operand ------------------------------------------------------------------------------ */

LANE(clz)
{
    UNUSED;
    uint64_t v = (uint64_t)m << (64 - s->bits);
    return v == 0 ? s->bits : __builtin_clzll(v);
}
LANE(cls)
{
    UNUSED;
    return clz(s, 0, (m ^ (m >> 1)) & (int64_t)(~0ull >> (65 - s->bits)), 0) - 1;
}
/* Bits set in a byte: the sums of neighbouring pairs, fours, eights. */
LANE(cnt)
{
    UNUSED;
    unsigned v = (unsigned)m & 0xff;
    v = (v & 0x55) + (v >> 1 & 0x55);
    v = (v & 0x33) + (v >> 2 & 0x33);
    return (v & 0x0f) + (v >> 4);
}
/* clang-format off */
LANE(qabs) { UNUSED; return saturate(s, m < 0 ? -(wide)m : m, s->bits, false); }
LANE(qneg) { UNUSED; return saturate(s, -(wide)m, s->bits, false); }
LANE(abs0) { UNUSED; return m < 0 ? minus(0, m) : m; }
LANE(cge0) { UNUSED; return -(m >= 0); }
LANE(cle0) { UNUSED; return -(m <= 0); }
LANE(same) { UNUSED; return m; }

/* ---- estimates (A2.7.8), in integers ----------------------------------------------------------- */
/* clang-format on */

LANE(recpe)
{
    UNUSED;
    uint32_t v = (uint32_t)m;
    return v >> 31 ? (int64_t)((uint64_t)neon_recip(v >> 23) << 23) : 0xffffffff;
}
LANE(rsqrte)
{
    UNUSED;
    uint32_t v = (uint32_t)m;
    if (v >> 30 == 0)
        return 0xffffffff;
    return (int64_t)((uint64_t)(v >> 31 ? neon_rsqrt(v >> 24, true) : neon_rsqrt(v >> 23, false))
                     << 23);
}

/* clang-format off */
#define ROW(op, shape, run) {ARM_##op, SHAPE_##shape, 0, run},
const struct lane_op neon_int[] = {
    ROW(VHADD, SAME, hadd) ROW(VRHADD, SAME, rhadd) ROW(VHSUB, SAME, hsub)
    ROW(VQADD, SAME, qadd) ROW(VQSUB, SAME, qsub)
    ROW(VCGT, SAME, cgt) ROW(VCGE, SAME, cge)
    ROW(VMAX, SAME, maxi) ROW(VMIN, SAME, mini) ROW(VABD, SAME, abd) ROW(VABA, SAME, aba)
    ROW(VMUL, SAME, mul) ROW(VMLA, SAME, mla) ROW(VMLS, SAME, mls) ROW(VMUL_P, SAME, mul_p)
    ROW(VQDMULH, SAME, qdmulh) ROW(VQRDMULH, SAME, qrdmulh)
    ROW(VSHL, SAME, shl) ROW(VRSHL, SAME, rshl) ROW(VQSHL, SAME, qshl) ROW(VQRSHL, SAME, qrshl)
    ROW(VPMAX, PAIR, maxi) ROW(VPMIN, PAIR, mini) ROW(VPADD, PAIR, add)
    ROW(VADDL, LONG, add) ROW(VSUBL, LONG, sub) ROW(VADDW, WIDE, add) ROW(VSUBW, WIDE, sub)
    ROW(VADDHN, NARROW, addhn) ROW(VRADDHN, NARROW, raddhn)
    ROW(VSUBHN, NARROW, subhn) ROW(VRSUBHN, NARROW, rsubhn)
    ROW(VABAL, LONG, aba) ROW(VABDL, LONG, abd)
    ROW(VMULL, LONG, mul) ROW(VMLAL, LONG, mla) ROW(VMLSL, LONG, mls) ROW(VMULL_P, LONG, mul_p)
    ROW(VQDMULL, LONG, qdmull) ROW(VQDMLAL, LONG, qdmlal) ROW(VQDMLSL, LONG, qdmlsl)
    ROW(VSHR, SAME, shr) ROW(VRSHR, SAME, rshr) ROW(VSRA, SAME, sra) ROW(VRSRA, SAME, rsra)
 ROW(VSHL_I, SAME, shl_i)
    ROW(VQSHL_I, SAME, qshl_i) ROW(VQSHLU, SAME, qshlu)
    ROW(VSHRN, NARROW, shr) ROW(VRSHRN, NARROW, rshr)
    ROW(VQSHRN, NARROW, qshrn) ROW(VQRSHRN, NARROW, qrshrn)
    ROW(VQSHRUN, NARROW, qshrun) ROW(VQRSHRUN, NARROW, qrshrun)
    ROW(VSHLL, LONG, shl_i) ROW(VSHLL_MAX, LONG, shll_max)
    ROW(VMOVN, NARROW, same) ROW(VQMOVN, NARROW, qmovn) ROW(VQMOVUN, NARROW, qmovun)
    ROW(VPADDL, PAIRL, add) ROW(VPADAL, PAIRL, pal)
    ROW(VCLS, SAME, cls) ROW(VCLZ, SAME, clz) ROW(VCNT, SAME, cnt)
    ROW(VQABS, SAME, qabs) ROW(VQNEG, SAME, qneg) ROW(VABS, SAME, abs0)
 ROW(VCGE0, SAME, cge0)
    ROW(VCLE0, SAME, cle0)
    ROW(VRECPE, SAME, recpe) ROW(VRSQRTE, SAME, rsqrte)
};
const unsigned neon_int_count = sizeof neon_int / sizeof neon_int[0];
