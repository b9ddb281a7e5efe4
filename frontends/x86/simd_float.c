/*
 * Floating-point instructions of SSE, SSE2 and SSE3 by software arithmetic, with MXCSR's rounding,
 * DAZ, FTZ and masks (SDM vol. 1, chapter 11.5; vol. 2).
 *
 * A result is written only if no unmasked exception was found; then #XM is raised, or #UD without
 * CR4.OSXMMEXCPT. Exceptions found before computing hide those found after it.
 */
#include <string.h>

#include <translator/memory.h>
#include <translator/softfloat.h>

#include "simd.h"
#include "x87.h"

struct run {
    struct x86_cpu *c;
    struct sf sf;
    unsigned op;
    uint8_t imm;
    bool tiny_counts; /* Underflow is unmasked: exact denormal results count */
    uint64_t general; /* result for a general register */
};

static uint32_t mxcsr_flags(uint32_t f)
{
    return (f & SF_INVALID ? 0x01u : 0) | (f & SF_INPUT_DENORMAL ? 0x02u : 0) |
           (f & SF_DIVZERO ? 0x04u : 0) | (f & SF_OVERFLOW ? 0x08u : 0) |
           (f & SF_UNDERFLOW ? 0x10u : 0) | (f & SF_INEXACT ? 0x20u : 0);
}

static void rules(struct run *r)
{
    static const uint8_t rounding[4] = {SF_NEAREST, SF_DOWN, SF_UP, SF_ZERO};
    uint32_t mxcsr = x86_mxcsr(r->c);
    bool underflow_masked = mxcsr & 0x800;
    r->sf = (struct sf){.round = rounding[mxcsr >> 13 & 3],
                        .nan = NAN_X86,
                        .tiny_after = true,
                        .flush_inputs = (mxcsr & MXCSR_DAZ) != 0,
                        .flush_results = (mxcsr & MXCSR_FTZ) != 0 && underflow_masked};
    r->tiny_counts = !underflow_masked;
}

/* ---- one lane: the same for both widths ----------------------------------------------------------- */

enum kind { K_NONE, K_ADD, K_SUB, K_MUL, K_DIV, K_MIN, K_MAX, K_SQRT, K_RSQRT, K_RCP, K_CMP };

/* Predicate of CMPPS: bit 2 inverts; equal, less, less or equal, unordered. */
static bool predicate(enum sf_relation o, unsigned imm)
{
    static const uint8_t holds[4] = {1 << SF_EQUAL, 1 << SF_LESS, 1 << SF_LESS | 1 << SF_EQUAL,
                                     1 << SF_UNORDERED};
    return (holds[imm & 3] >> o & 1) ^ (imm >> 2 & 1);
}
static bool predicate_signals(unsigned imm)
{
    return (imm & 3) == 1 || (imm & 3) == 2;
}

#define LANE(name, type, bits, one)                                                           \
    static type flush_##name(const struct run *r, type v)                                     \
    {                                                                                         \
        const type exp = (type)(~(type)0 << 1) >> 1 & (type) ~(((type)1 << bits) - 1);        \
        return r->sf.flush_inputs && (v & exp) == 0 ? v & ~((type) ~(type)0 >> 1) : v;        \
    }                                                                                         \
    static type lane_##name(struct run *r, unsigned kind, type a, type b)                     \
    {                                                                                         \
        struct sf *s = &r->sf;                                                                \
        struct sf quiet = {                                                                   \
            .nan = NAN_X86, .tiny_after = true, .flush_inputs = true, .flush_results = true}; \
        enum sf_relation o;                                                                   \
        switch (kind) {                                                                       \
        case K_ADD:                                                                           \
            return name##_add(s, a, b);                                                       \
        case K_SUB:                                                                           \
            return name##_sub(s, a, b);                                                       \
        case K_MUL:                                                                           \
            return name##_mul(s, a, b);                                                       \
        case K_DIV:                                                                           \
            return name##_div(s, a, b);                                                       \
        case K_SQRT:                                                                          \
            return name##_sqrt(s, b);                                                         \
        case K_RSQRT: /* exact to the last bit, where hardware has 12 bits */                 \
            return name##_div(&quiet, one, name##_sqrt(&quiet, b));                           \
        case K_RCP:                                                                           \
            return name##_div(&quiet, one, b);                                                \
        case K_CMP:                                                                           \
            o = name##_compare(s, a, b, predicate_signals(r->imm));                           \
            return predicate(o, r->imm) ? (type) ~(type)0 : 0;                                \
        default: /* equal or unordered: the second operand */                                 \
            o = name##_compare(s, a, b, true);                                                \
            return flush_##name(r, o == (kind == K_MIN ? SF_LESS : SF_GREATER) ? a : b);      \
        }                                                                                     \
    }                                                                                         \
    static bool denormal_##name(type v)                                                       \
    {                                                                                         \
        type m = v & (type)((type) ~(type)0 >> 1);                                            \
        return m != 0 && m >> bits == 0;                                                      \
    }
LANE(sf32, uint32_t, 23, 0x3f800000u)
LANE(sf64, uint64_t, 52, 0x3ff0000000000000u)

static uint32_t single(struct run *r, unsigned kind, uint32_t a, uint32_t b)
{
    uint32_t v = lane_sf32(r, kind, a, b);
    if (r->tiny_counts && (kind <= K_DIV || kind == K_SQRT) && denormal_sf32(v))
        r->sf.flags |= SF_UNDERFLOW;
    return v;
}

static uint64_t twice(struct run *r, unsigned kind, uint64_t a, uint64_t b)
{
    uint64_t v = lane_sf64(r, kind, a, b);
    if (r->tiny_counts && (kind <= K_DIV || kind == K_SQRT) && denormal_sf64(v))
        r->sf.flags |= SF_UNDERFLOW;
    return v;
}

/* ---- arithmetic: op PS, PD, SS, SD follow each other in ops_simd.h ------------------------------- */

static const struct {
    uint16_t first;
    uint8_t kind;
} families[] = {{X86_ADDPS, K_ADD}, {X86_SUBPS, K_SUB}, {X86_MULPS, K_MUL},   {X86_DIVPS, K_DIV},
                {X86_MINPS, K_MIN}, {X86_MAXPS, K_MAX}, {X86_SQRTPS, K_SQRT}, {X86_CMPPS, K_CMP}};
enum shape { PACKED_SINGLE, PACKED_DOUBLE, SCALAR_SINGLE, SCALAR_DOUBLE };

static void lanes(struct run *r, unsigned kind, unsigned shape, union vec *d, const union vec *s)
{
    unsigned n32 = shape == PACKED_SINGLE ? 4 : shape == SCALAR_SINGLE;
    unsigned n64 = shape == PACKED_DOUBLE ? 2 : shape == SCALAR_DOUBLE;
    for (unsigned n = 0; n < n32; n++)
        d->w[n] = single(r, kind, d->w[n], s->w[n]);
    for (unsigned n = 0; n < n64; n++)
        d->q[n] = twice(r, kind, d->q[n], s->q[n]);
}

static bool arithmetic(struct run *r, union vec *d, const union vec *s)
{
    for (unsigned n = 0; n < sizeof families / sizeof families[0]; n++)
        if (r->op >= families[n].first && r->op < families[n].first + 4u) {
            lanes(r, families[n].kind, r->op - families[n].first, d, s);
            return true;
        }
    switch (r->op) {
    case X86_RSQRTPS:
        lanes(r, K_RSQRT, PACKED_SINGLE, d, s);
        return true;
    case X86_RSQRTSS:
        lanes(r, K_RSQRT, SCALAR_SINGLE, d, s);
        return true;
    case X86_RCPPS:
        lanes(r, K_RCP, PACKED_SINGLE, d, s);
        return true;
    case X86_RCPSS:
        lanes(r, K_RCP, SCALAR_SINGLE, d, s);
        return true;
    default:
        return false;
    }
}

/* Sums of neighbours, and differences and sums by turns (SSE3). */
static bool horizontal(struct run *r, union vec *d, const union vec *s)
{
    union vec v = *d;
    unsigned kind = r->op == X86_HADDPS || r->op == X86_HADDPD ? K_ADD : K_SUB;
    switch (r->op) {
    case X86_ADDSUBPS:
        for (unsigned n = 0; n < 4; n++)
            d->w[n] = single(r, n & 1 ? K_ADD : K_SUB, d->w[n], s->w[n]);
        return true;
    case X86_ADDSUBPD:
        for (unsigned n = 0; n < 2; n++)
            d->q[n] = twice(r, n & 1 ? K_ADD : K_SUB, d->q[n], s->q[n]);
        return true;
    case X86_HADDPS:
    case X86_HSUBPS:
        for (unsigned n = 0; n < 2; n++) {
            d->w[n] = single(r, kind, v.w[2 * n], v.w[2 * n + 1]);
            d->w[2 + n] = single(r, kind, s->w[2 * n], s->w[2 * n + 1]);
        }
        return true;
    case X86_HADDPD:
    case X86_HSUBPD:
        d->q[0] = twice(r, kind, v.q[0], v.q[1]);
        d->q[1] = twice(r, kind, s->q[0], s->q[1]);
        return true;
    default:
        return false;
    }
}

/* ---- conversions ----------------------------------------------------------------------------------- */

/* To a 32-bit integer; what does not fit is the indefinite integer. */
static uint32_t to_int(struct run *r, bool wide, uint64_t v, bool truncate)
{
    struct sf s = r->sf;
    s.flags = 0;
    unsigned round = truncate ? SF_ZERO : s.round;
    int64_t n = wide ? sf64_to_int(&s, v, 32, true, 0, round)
                     : sf32_to_int(&s, (uint32_t)v, 32, true, 0, round);
    r->sf.flags |= s.flags;
    return s.flags & SF_INVALID ? 0x80000000u : (uint32_t)n;
}

static uint32_t from_int32(struct run *r, uint32_t v)
{
    return sf32_from_int(&r->sf, (int32_t)v, true, 0);
}
static uint64_t from_int64(struct run *r, uint32_t v)
{
    return sf64_from_int(&r->sf, (int32_t)v, true, 0);
}

static uint32_t narrow(struct run *r, uint64_t v)
{
    uint32_t n = sf64_to_sf32(&r->sf, v);
    if (r->tiny_counts && denormal_sf32(n))
        r->sf.flags |= SF_UNDERFLOW;
    return n;
}

static void convert(struct run *r, union vec *d, const union vec *s)
{
    bool t = r->op == X86_CVTTPS2PI || r->op == X86_CVTTPD2PI || r->op == X86_CVTTSS2SI ||
             r->op == X86_CVTTSD2SI || r->op == X86_CVTTPS2DQ || r->op == X86_CVTTPD2DQ;
    switch (r->op) {
    case X86_CVTPI2PS:
        d->q[0] = from_int32(r, s->w[0]) | (uint64_t)from_int32(r, s->w[1]) << 32;
        break;
    case X86_CVTPI2PD:
    case X86_CVTDQ2PD:
        d->q[1] = from_int64(r, s->w[1]);
        d->q[0] = from_int64(r, s->w[0]);
        break;
    case X86_CVTPS2PI:
    case X86_CVTTPS2PI:
        d->q[0] = to_int(r, false, s->w[0], t) | (uint64_t)to_int(r, false, s->w[1], t) << 32;
        break;
    case X86_CVTPD2PI:
    case X86_CVTTPD2PI:
    case X86_CVTPD2DQ:
    case X86_CVTTPD2DQ:
        d->q[0] = to_int(r, true, s->q[0], t) | (uint64_t)to_int(r, true, s->q[1], t) << 32;
        d->q[1] = 0;
        break;
    case X86_CVTSI2SS:
        d->w[0] = from_int32(r, s->w[0]);
        break;
    case X86_CVTSI2SD:
        d->q[0] = from_int64(r, s->w[0]);
        break;
    case X86_CVTSS2SI:
    case X86_CVTTSS2SI:
        r->general = to_int(r, false, s->w[0], t);
        break;
    case X86_CVTSD2SI:
    case X86_CVTTSD2SI:
        r->general = to_int(r, true, s->q[0], t);
        break;
    case X86_CVTPS2PD: {
        uint32_t high = s->w[1];
        d->q[0] = sf32_to_sf64(&r->sf, s->w[0]);
        d->q[1] = sf32_to_sf64(&r->sf, high);
        break;
    }
    case X86_CVTPD2PS:
        d->q[0] = narrow(r, s->q[0]) | (uint64_t)narrow(r, s->q[1]) << 32;
        d->q[1] = 0;
        break;
    case X86_CVTSS2SD:
        d->q[0] = sf32_to_sf64(&r->sf, s->w[0]);
        break;
    case X86_CVTSD2SS:
        d->w[0] = narrow(r, s->q[0]);
        break;
    case X86_CVTDQ2PS:
        for (unsigned n = 0; n < 4; n++)
            d->w[n] = from_int32(r, s->w[n]);
        break;
    default: /* CVTPS2DQ, CVTTPS2DQ */
        for (unsigned n = 0; n < 4; n++)
            d->w[n] = to_int(r, false, s->w[n], t);
    }
}

/* ---- comparisons that write EFLAGS ------------------------------------------------------------------ */

static bool is_compare(unsigned op)
{
    return op >= X86_UCOMISS && op <= X86_COMISD;
}

static enum sf_relation compare(struct run *r, const union vec *d, const union vec *s)
{
    bool signals = r->op == X86_COMISS || r->op == X86_COMISD;
    if (r->op == X86_UCOMISS || r->op == X86_COMISS)
        return sf32_compare(&r->sf, d->w[0], s->w[0], signals);
    return sf64_compare(&r->sf, d->q[0], s->q[0], signals);
}

static void put_relation(struct x86_cpu *c, enum sf_relation o)
{
    struct cpu_flags *f = &c->cpu.flags;
    bool none = o == SF_UNORDERED;
    f->c = none || o == SF_LESS;
    f->nz = (uint8_t)((none || o == SF_EQUAL ? NZ_Z : 0) | (none ? NZ_P : 0));
    f->v = 0;
}

/* ---- the helper ---------------------------------------------------------------------------------------- */

/* Note exceptions; true: one is unmasked, and raised. */
static bool raised(struct run *r)
{
    const uint32_t before = 7;
    struct x86_cpu *c = r->c;
    uint32_t flags = mxcsr_flags(r->sf.flags), unmasked = flags & ~(c->masks >> 7);
    if (unmasked & before)
        flags &= before;
    c->cpu.mxcsr |= flags;
    if (unmasked == 0)
        return false;
    x86_raise(c, c->cr4 & CR4_OSXMMEXCPT ? VECTOR_XM : VECTOR_UD);
    return true;
}

uint64_t x86_helper_simd_float(struct cpu *cpu, uint64_t word, uint64_t b, uint64_t e)
{
    struct simd_args a;
    uint8_t *state = (uint8_t *)cpu;
    union vec d, s;
    enum sf_relation o = SF_EQUAL;
    (void)b, (void)e;
    memcpy(&a, &word, sizeof a);
    struct run r = {.c = x86_of(cpu), .op = a.op, .imm = a.imm};
    memcpy(&d, state + a.d, 16);
    memcpy(&s, state + a.s, 16);
    rules(&r);
    if (is_compare(a.op))
        o = compare(&r, &d, &s);
    else if (!arithmetic(&r, &d, &s) && !horizontal(&r, &d, &s))
        convert(&r, &d, &s);
    if (raised(&r))
        return 0;
    if (is_compare(a.op))
        put_relation(r.c, o);
    else if (!(a.flags & SIMD_GENERAL))
        memcpy(state + a.d, &d, a.flags & SIMD_MMX ? 8 : 16);
    return r.general;
}

/* ---- MXCSR and MASKMOV ------------------------------------------------------------------------------------ */

uint64_t x86_helper_get_mxcsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t d)
{
    (void)a, (void)b, (void)d;
    return x86_mxcsr(x86_of(cpu));
}

uint64_t x86_helper_put_mxcsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t d)
{
    struct x86_cpu *c = x86_of(cpu);
    (void)b, (void)d;
    if ((uint32_t)a & ~MXCSR_MASK)
        return x86_raise_error(c, VECTOR_GP, 0);
    x86_set_mxcsr(c, (uint32_t)a);
    return 0;
}

uint64_t x86_helper_mask_move(struct cpu *cpu, uint64_t word, uint64_t at, uint64_t e)
{
    struct simd_args a;
    uint8_t *state = (uint8_t *)cpu;
    union vec d, mask;
    (void)e;
    memcpy(&a, &word, sizeof a);
    unsigned bytes = a.flags & SIMD_MMX ? 8 : 16;
    memcpy(&d, state + a.d, 16);
    memcpy(&mask, state + a.s, 16);
    for (unsigned n = 0; n < bytes; n++) {
        uint64_t v[2] = {d.b[n], 0};
        if ((mask.b[n] & 0x80) && !guest_store(cpu, (uint32_t)at + n, 1, ACCESS_WRITE, v))
            return 0;
    }
    return 0;
}
