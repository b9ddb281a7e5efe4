/*
 * Software floating point against the host's: every operation under x86 rules, all four rounding
 * modes, with and without DAZ and FTZ, on all pairs of special values and on random ones. Values
 * and the six exception flags must be equal. Where the host has FMA3 and F16C, those too.
 * ARM's and SPARC's rules: a list of cases from the manuals.
 *
 *   softfloat-test [RANDOM-ROUNDS]
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <translator/softfloat.h>

#include "../frame/frame.h"
#include "judge.h"

static unsigned random_rounds = 400000;

static const uint64_t special64[] = {
    0,
    1,
    2,
    0x000fffffffffffff,
    0x0010000000000000,
    0x0010000000000001,
    0x3ca0000000000000,
    0x3fe0000000000000,
    0x3fefffffffffffff,
    0x3ff0000000000000,
    0x3ff0000000000001,
    0x4000000000000000,
    0x4008000000000000,
    0x41dfffffffc00000,
    0x41e0000000000000,
    0x41efffffffe00000,
    0x43e0000000000000,
    0x7fe0000000000000,
    0x7fefffffffffffff,
    0x7ff0000000000000,
    0x7ff0000000000001,
    0x7ff8000000000000,
    0x7ffc000000001234,
    0x47efffffe0000000,
    0x47effffff0000000,
    0x380fffffe0000000,
    0x380fffffffffffff,
    0x36a0000000000000,
};
static const uint32_t special32[] = {
    0,          1,          2,          0x007fffff, 0x00800000, 0x00800001, 0x33800000,
    0x3f000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x40000000, 0x40400000, 0x4effffff,
    0x4f000000, 0x4f7fffff, 0x5f000000, 0x7f000000, 0x7f7fffff, 0x7f800000, 0x7f800001,
    0x7fc00000, 0x7fe01234, 0x477fe000, 0x477ff000, 0x33000000, 0x387fffff, 0x38800000,
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum what {
    ADD,
    SUB,
    MUL,
    DIV,
    SQRT,
    FMA,
    UCOMI,
    COMI,
    NARROW,
    WIDEN,
    HALF,
    UNHALF,
    INT,
    FROM,
    OPS
};
static const char *const names[] = {"add",     "sub",       "mul",    "div",     "sqrt",
                                    "fma",     "ucomi",     "comi",   "narrow",  "widen",
                                    "to half", "from half", "to int", "from int"};

struct answer {
    uint64_t v;
    uint32_t flags; /* as MXCSR */
};

#define HOST(name, code, ...)                                          \
    case name:                                                         \
        __asm__ volatile("ldmxcsr %[in]\n\t" code "\n\tstmxcsr %[out]" \
                         : [a] "+x"(x), [out] "=m"(out), [r] "+r"(r)   \
                         : [b] "x"(y), [c] "x"(z), [in] "m"(in)        \
                         : "cc");                                      \
        break;

static struct answer host64(enum what op, uint32_t in, uint64_t a, uint64_t b, uint64_t c)
{
    double x, y, z;
    uint32_t out = 0;
    uint64_t r = 0;
    __builtin_memcpy(&x, &a, 8);
    __builtin_memcpy(&y, &b, 8);
    __builtin_memcpy(&z, &c, 8);
    switch (op) {
        HOST(ADD, "addsd %[b], %[a]")
        HOST(SUB, "subsd %[b], %[a]")
        HOST(MUL, "mulsd %[b], %[a]")
        HOST(DIV, "divsd %[b], %[a]")
        HOST(SQRT, "sqrtsd %[a], %[a]")
        HOST(FMA, "vfmadd132sd %[b], %[c], %[a]")
        HOST(UCOMI, "ucomisd %[b], %[a]\n\tlahf\n\tmovzbl %%ah, %k[r]\n\tand $0x45, %k[r]")
        HOST(COMI, "comisd %[b], %[a]\n\tlahf\n\tmovzbl %%ah, %k[r]\n\tand $0x45, %k[r]")
        HOST(NARROW, "cvtsd2ss %[a], %[a]")
        HOST(INT, "cvtsd2si %[a], %[r]")
    default:
        __asm__ volatile("ldmxcsr %[in]\n\tpxor %[a], %[a]\n\tcvtsi2sd %[r], %[a]\n\tstmxcsr %[out]"
                         : [a] "+x"(x), [out] "=m"(out)
                         : [r] "r"(a), [in] "m"(in));
    }
    uint64_t v;
    __builtin_memcpy(&v, &x, 8);
    if (op == NARROW)
        v = (uint32_t)v;
    return (struct answer){op == UCOMI || op == COMI || op == INT ? r : v, out & 63};
}

static struct answer host32(enum what op, uint32_t in, uint32_t a, uint32_t b, uint32_t c)
{
    float x, y, z;
    double wide;
    uint32_t out = 0;
    if (op == UNHALF)
        a &= 0xffff; /* one lane */
    uint64_t r = 0;
    __builtin_memcpy(&x, &a, 4);
    __builtin_memcpy(&y, &b, 4);
    __builtin_memcpy(&z, &c, 4);
    switch (op) {
        HOST(ADD, "addss %[b], %[a]")
        HOST(SUB, "subss %[b], %[a]")
        HOST(MUL, "mulss %[b], %[a]")
        HOST(DIV, "divss %[b], %[a]")
        HOST(SQRT, "sqrtss %[a], %[a]")
        HOST(FMA, "vfmadd132ss %[b], %[c], %[a]")
        HOST(UCOMI, "ucomiss %[b], %[a]\n\tlahf\n\tmovzbl %%ah, %k[r]\n\tand $0x45, %k[r]")
        HOST(COMI, "comiss %[b], %[a]\n\tlahf\n\tmovzbl %%ah, %k[r]\n\tand $0x45, %k[r]")
        HOST(HALF, "vcvtps2ph $4, %[a], %[a]")
        HOST(UNHALF, "vcvtph2ps %[a], %[a]")
        HOST(INT, "cvtss2si %[a], %[r]")
    case WIDEN:
        __asm__ volatile("ldmxcsr %[in]\n\tcvtss2sd %[b], %[a]\n\tstmxcsr %[out]"
                         : [a] "=x"(wide), [out] "=m"(out)
                         : [b] "x"(x), [in] "m"(in));
        __builtin_memcpy(&r, &wide, 8);
        return (struct answer){r, out & 63};
    default:
        __asm__ volatile("ldmxcsr %[in]\n\tpxor %[a], %[a]\n\tcvtsi2ss %[r], %[a]\n\tstmxcsr %[out]"
                         : [a] "+x"(x), [out] "=m"(out)
                         : [r] "r"((uint64_t)(int64_t)(int32_t)a), [in] "m"(in));
    }
    uint32_t v;
    __builtin_memcpy(&v, &x, 4);
    if (op == HALF)
        v &= 0xffff;
    return (struct answer){op == UCOMI || op == COMI || op == INT ? r : v, out & 63};
}

static uint32_t x86_flags(uint32_t f)
{
    return (f & SF_INVALID ? 1u : 0) | (f & SF_INPUT_DENORMAL ? 2u : 0) |
           (f & SF_DIVZERO ? 4u : 0) | (f & SF_OVERFLOW ? 8u : 0) | (f & SF_UNDERFLOW ? 16u : 0) |
           (f & SF_INEXACT ? 32u : 0);
}

static uint64_t eflags(enum sf_relation r)
{
    return r == SF_LESS ? 1 : r == SF_EQUAL ? 0x40 : r == SF_GREATER ? 0 : 0x45;
}

/* CVTSD2SI: what does not fit gives the "integer indefinite". */
static uint64_t indefinite(struct sf *s, int64_t v)
{
    return s->flags & SF_INVALID ? 1ull << 63 : (uint64_t)v;
}

static struct sf rules(uint32_t mxcsr)
{
    static const uint8_t round[4] = {SF_NEAREST, SF_DOWN, SF_UP, SF_ZERO};
    return (struct sf){.round = round[mxcsr >> 13 & 3],
                       .nan = NAN_X86,
                       .flush_inputs = mxcsr >> 6 & 1,
                       .flush_results = mxcsr >> 15 & 1,
                       .tiny_after = true};
}

static struct answer soft64(enum what op, uint32_t in, uint64_t a, uint64_t b, uint64_t c)
{
    struct sf s = rules(in);
    uint64_t v = op == ADD      ? sf64_add(&s, a, b)
                 : op == SUB    ? sf64_sub(&s, a, b)
                 : op == MUL    ? sf64_mul(&s, a, b)
                 : op == DIV    ? sf64_div(&s, a, b)
                 : op == SQRT   ? sf64_sqrt(&s, a)
                 : op == FMA    ? sf64_fma(&s, a, b, c)
                 : op == UCOMI  ? eflags(sf64_compare(&s, a, b, false))
                 : op == COMI   ? eflags(sf64_compare(&s, a, b, true))
                 : op == NARROW ? sf64_to_sf32(&s, a)
                 : op == INT    ? (uint64_t)sf64_to_int(&s, a, 64, true, 0, s.round)
                                : sf64_from_int(&s, (int64_t)a, true, 0);
    if (op == INT)
        v = indefinite(&s, (int64_t)v);
    return (struct answer){v, x86_flags(s.flags)};
}

static struct answer soft32(enum what op, uint32_t in, uint32_t a, uint32_t b, uint32_t c)
{
    struct sf s = rules(in);
    uint64_t v = op == ADD      ? sf32_add(&s, a, b)
                 : op == SUB    ? sf32_sub(&s, a, b)
                 : op == MUL    ? sf32_mul(&s, a, b)
                 : op == DIV    ? sf32_div(&s, a, b)
                 : op == SQRT   ? sf32_sqrt(&s, a)
                 : op == FMA    ? sf32_fma(&s, a, b, c)
                 : op == UCOMI  ? eflags(sf32_compare(&s, a, b, false))
                 : op == COMI   ? eflags(sf32_compare(&s, a, b, true))
                 : op == WIDEN  ? sf32_to_sf64(&s, a)
                 : op == HALF   ? sf32_to_sf16(&s, a, false)
                 : op == UNHALF ? sf16_to_sf32(&s, (sf16)a, false)
                 : op == INT    ? (uint64_t)sf32_to_int(&s, a, 64, true, 0, s.round)
                                : sf32_from_int(&s, (int32_t)a, true, 0);
    if (op == INT)
        v = indefinite(&s, (int64_t)v);
    return (struct answer){v, x86_flags(s.flags)};
}

/* Conversions to and from halves: x86 ignores FTZ and DAZ and never reports half denormals. */
static bool comparable(enum what op, bool wide, uint32_t in)
{
    if (wide)
        return op != WIDEN && op != HALF && op != UNHALF;
    return op != NARROW && ((op != HALF && op != UNHALF) || (in & 0x8040) == 0);
}

static unsigned failures;
static uint64_t sum; /* of all our answers, FNV-1a */

static void sum_up(uint64_t v)
{
    sum = (sum ^ v) * 0x100000001b3u;
}

static bool check(enum what op, bool wide, uint32_t in, uint64_t a, uint64_t b, uint64_t c)
{
    if (!comparable(op, wide, in))
        return true;
    struct answer h =
        wide ? host64(op, in, a, b, c) : host32(op, in, (uint32_t)a, (uint32_t)b, (uint32_t)c);
    struct answer s =
        wide ? soft64(op, in, a, b, c) : soft32(op, in, (uint32_t)a, (uint32_t)b, (uint32_t)c);
    sum_up(s.v);
    sum_up(s.flags);
    if (op == UNHALF)
        s.flags &= ~2u, h.flags &= ~2u;
    if (h.v == s.v && h.flags == s.flags)
        return true;
    if (host_is_right && failures++ < 20)
        printf("  %s%s mxcsr %x: %llx %llx %llx: host %llx flags %x, ours %llx flags %x\n",
               names[op], wide ? " double" : " single", in, (unsigned long long)a,
               (unsigned long long)b, (unsigned long long)c, (unsigned long long)h.v, h.flags,
               (unsigned long long)s.v, s.flags);
    return false;
}

static uint64_t value64(unsigned i)
{
    return special64[i >> 1] | (uint64_t)(i & 1) << 63;
}
static uint32_t value32(unsigned i)
{
    return special32[i >> 1] | (i & 1) << 31;
}

static uint64_t random_value(bool wide)
{
    uint64_t r = random_next(), v = random_next();
    if ((r & 7) == 0)
        return wide ? value64((unsigned)(v % (2 * COUNT(special64))))
                    : value32((unsigned)(v % (2 * COUNT(special32))));
    if (r & 8) { /* exponents close to each other, few or many bits */
        unsigned shift = (unsigned)(r >> 8) % (wide ? 52 : 23);
        uint64_t exp = (wide ? 1023u : 127u) - 32 + (r >> 16) % 64;
        uint64_t fraction = (r & 16 ? v : v >> 1) >> 12 >> (wide ? 0 : 29);
        if (r & 32)
            fraction = fraction >> shift << shift;
        return (v & 1) << (wide ? 63 : 31) | exp << (wide ? 52 : 23) | fraction;
    }
    return wide ? v : (uint32_t)v;
}

static void against_host(enum what op, bool wide)
{
    static const uint32_t flush[3] = {0, 0x40, 0x8040};
    unsigned n = wide ? 2 * COUNT(special64) : 2 * COUNT(special32), bad = 0, done = 0;
    *random_generator() = RANDOM_START; /* the same cases, whichever were before */
    sum = 0;
    for (unsigned mode = 0; mode < 12; mode++) {
        uint32_t in = 0x1f80 | (mode & 3) << 13 | flush[mode >> 2];
        for (unsigned i = 0; i < n; i++)
            for (unsigned j = 0; j < n; j++)
                for (unsigned k = 0; k < (op == FMA ? n : 1); k += 3, done++)
                    bad += wide ? !check(op, wide, in, value64(i), value64(j), value64(k))
                                : !check(op, wide, in, value32(i), value32(j), value32(k));
        for (unsigned i = 0; i < random_rounds / 12; i++, done++)
            bad += !check(op, wide, in, random_value(wide), random_value(wide), random_value(wide));
    }
    char name[64];
    snprintf(name, sizeof name, "softfloat %s %s", names[op], wide ? "double" : "single");
    judge(name, bad, done, sum);
}

/* ---- other rules ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum what op;
    struct sf s;
    uint32_t a, b, c, want, flags;
} cases[] = {
    /* clang-format off */
    {"ARM first signalling NaN", ADD, {.nan = NAN_ARM}, 0x7fc00001, 0x7f800002, 0, 0x7fc00002, 1},
    {"ARM first quiet NaN", ADD, {.nan = NAN_ARM}, 0xffc00001, 0x7fc00002, 0, 0xffc00001, 0},
    {"ARM default NaN", MUL, {.nan = NAN_ARM}, 0x7f800000, 0, 0, 0x7fc00000, 1},
    {"ARM DN", ADD, {.nan = NAN_ARM, .default_nan = true}, 0xffc00001, 0, 0, 0x7fc00000, 0},
    {"ARM FZ input", ADD, {.nan = NAN_ARM, .flush_inputs = true, .flush_results = true}, 1, 0x3f800000, 0, 0x3f800000, 128},
    {"ARM FZ result", MUL, {.nan = NAN_ARM, .flush_inputs = true, .flush_results = true}, 0x80800000, 0x3f000000, 0, 0x80000000, 8},
    {"ARM tiny before rounding", MUL, {.nan = NAN_ARM}, 0x007fffff, 0x3f800001, 0, 0x00800000, 24},
    {"ARM infinity * 0 + NaN", FMA, {.nan = NAN_ARM}, 0x7f800000, 0, 0x7fc00001, 0x7fc00000, 1},
    {"ARM addend's NaN first", FMA, {.nan = NAN_ARM}, 0x7fc00002, 0, 0x7fc00001, 0x7fc00001, 0},
    {"SPARC default NaN", DIV, {.nan = NAN_SPARC}, 0, 0, 0, 0x7fffffff, 1},
    {"SPARC second NaN first", ADD, {.nan = NAN_SPARC}, 0x7fc00001, 0x7fc00002, 0, 0x7fc00002, 0},
    {"SPARC signalling before quiet", ADD, {.nan = NAN_SPARC}, 0x7f800001, 0x7fc00002, 0, 0x7fc00001, 1},
    /* clang-format on */
};

static void other_rules(void)
{
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct sf s = cases[i].s;
        uint32_t a = cases[i].a, b = cases[i].b;
        uint32_t v = cases[i].op == ADD   ? sf32_add(&s, a, b)
                     : cases[i].op == MUL ? sf32_mul(&s, a, b)
                     : cases[i].op == DIV ? sf32_div(&s, a, b)
                                          : sf32_fma(&s, a, b, cases[i].c);
        char name[80];
        snprintf(name, sizeof name, "softfloat %s", cases[i].name);
        result(name, v == cases[i].want && s.flags == cases[i].flags, "%x flags %x", v, s.flags);
    }
    struct sf s = {.nan = NAN_ARM};
    unsigned bad = 0;
    for (unsigned h = 0; h < 0x10000; h++)
        bad += sf32_to_sf16(&s, sf16_to_sf32(&s, (sf16)h, true), true) != h;
    result("softfloat alternative half there and back", bad == 0 && s.flags == 0, "%u, flags %x",
           bad, s.flags);
    s.flags = 0;
    result("softfloat alternative half saturates",
           sf32_to_sf16(&s, 0x47ffe000, true) == 0x7fff && s.flags == 0 &&
               sf32_to_sf16(&s, 0x47fff000, true) == 0x7fff && s.flags == SF_INVALID,
           "flags %x", s.flags);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        random_rounds = (unsigned)atoi(argv[1]);
    unsigned a, b, features = 0, d;
    __get_cpuid(1, &a, &b, &features, &d);
    bool fma3 = features >> 12 & 1, f16c = features >> 29 & 1; /* SDM vol. 2, CPUID leaf 1 */
    for (unsigned op = 0; op < OPS; op++) {
        if ((op == FMA && !fma3) || ((op == HALF || op == UNHALF) && !f16c))
            continue;
        if (op != WIDEN && op != HALF && op != UNHALF)
            against_host(op, true);
        if (op != NARROW)
            against_host(op, false);
    }
    other_rules();
    return summary();
}
