/*
 * Integer instructions of MMX and SSE2 on lanes (SDM vol. 2), one function each.
 */
#include <string.h>

#include "simd.h"

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}
#define SB(v) clamp(v, -128, 127)
#define SW(v) clamp(v, -32768, 32767)
#define UB(v) clamp(v, 0, 255)
#define UW(v) clamp(v, 0, 65535)

/* expression of a and b, signed or unsigned lanes of d and s. */
#define LANES(name, field, type, expression)                                           \
    static void name(union simd *d, const union simd *s, unsigned imm, unsigned bytes) \
    {                                                                                  \
        (void)imm;                                                                     \
        for (unsigned n = 0; n < bytes / sizeof d->field[0]; n++) {                    \
            int64_t a = (int64_t)(type)d->field[n], b = (int64_t)(type)s->field[n];    \
            (void)a, (void)b;                                                          \
            d->field[n] = (__typeof__(d->field[0]))(expression);                       \
        }                                                                              \
    }

LANES(paddb, b, uint8_t, a + b)
LANES(paddw, h, uint16_t, a + b)
LANES(paddd, w, uint32_t, a + b)
LANES(paddq, q, uint64_t, (uint64_t)a + (uint64_t)b)
LANES(paddsb, b, int8_t, SB(a + b))
LANES(paddsw, h, int16_t, SW(a + b))
LANES(paddusb, b, uint8_t, UB(a + b))
LANES(paddusw, h, uint16_t, UW(a + b))
LANES(psubb, b, uint8_t, a - b)
LANES(psubw, h, uint16_t, a - b)
LANES(psubd, w, uint32_t, a - b)
LANES(psubq, q, uint64_t, (uint64_t)a - (uint64_t)b)
LANES(psubsb, b, int8_t, SB(a - b))
LANES(psubsw, h, int16_t, SW(a - b))
LANES(psubusb, b, uint8_t, UB(a - b))
LANES(psubusw, h, uint16_t, UW(a - b))
LANES(pmullw, h, int16_t, a *b)
LANES(pmulhw, h, int16_t, a *b >> 16)
LANES(pmulhuw, h, uint16_t, a *b >> 16)
LANES(pmuludq, q, uint32_t, (uint64_t)a *(uint64_t)b)
LANES(pavgb, b, uint8_t, (a + b + 1) >> 1)
LANES(pavgw, h, uint16_t, (a + b + 1) >> 1)
LANES(pminub, b, uint8_t, a < b ? a : b)
LANES(pmaxub, b, uint8_t, a > b ? a : b)
LANES(pminsw, h, int16_t, a < b ? a : b)
LANES(pmaxsw, h, int16_t, a > b ? a : b)
LANES(pand, q, uint64_t, a &b)
LANES(pandn, q, uint64_t, ~a &b)
LANES(por, q, uint64_t, a | b)
LANES(pxor, q, uint64_t, a ^ b)
LANES(pcmpeqb, b, uint8_t, a == b ? -1 : 0)
LANES(pcmpeqw, h, uint16_t, a == b ? -1 : 0)
LANES(pcmpeqd, w, uint32_t, a == b ? -1 : 0)
LANES(pcmpgtb, b, int8_t, a > b ? -1 : 0)
LANES(pcmpgtw, h, int16_t, a > b ? -1 : 0)
LANES(pcmpgtd, w, int32_t, a > b ? -1 : 0)

/* Shifts: the count is the low 64 bits of s; beyond the lane all bits go. */
#define SHIFT(name, field, type, shifted, beyond)                                      \
    static void name(union simd *d, const union simd *s, unsigned imm, unsigned bytes) \
    {                                                                                  \
        unsigned width = 8 * sizeof d->field[0];                                       \
        uint64_t count = s->q[0];                                                      \
        (void)imm;                                                                     \
        for (unsigned n = 0; n < bytes / sizeof d->field[0]; n++) {                    \
            type a = (type)d->field[n];                                                \
            unsigned by = count < width ? (unsigned)count : width - 1;                 \
            d->field[n] = (__typeof__(d->field[0]))(count < width ? shifted : beyond); \
        }                                                                              \
    }
SHIFT(psllw, h, uint32_t, a << by, 0u & a << by)
SHIFT(pslld, w, uint32_t, a << by, 0u & a << by)
SHIFT(psllq, q, uint64_t, a << by, 0u & a << by)
SHIFT(psrlw, h, uint32_t, a >> by, 0u & a >> by)
SHIFT(psrld, w, uint32_t, a >> by, 0u & a >> by)
SHIFT(psrlq, q, uint64_t, a >> by, 0u & a >> by)
SHIFT(psraw, h, int16_t, a >> by, a >> by)
SHIFT(psrad, w, int32_t, a >> by, a >> by)

static void pslldq(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    uint64_t count = s->q[0] > 16 ? 16 : s->q[0];
    (void)imm, (void)bytes;
    for (unsigned n = 16; n-- > 0;)
        d->b[n] = n >= count ? d->b[n - count] : 0;
}

static void psrldq(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    uint64_t count = s->q[0] > 16 ? 16 : s->q[0];
    (void)imm, (void)bytes;
    for (unsigned n = 0; n < 16; n++)
        d->b[n] = n + count < 16 ? d->b[n + count] : 0;
}

static void pmaddwd(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    (void)imm;
    for (unsigned n = 0; n < bytes / 4; n++) {
        int64_t low = (int64_t)(int16_t)d->h[2 * n] * (int16_t)s->h[2 * n];
        int64_t high = (int64_t)(int16_t)d->h[2 * n + 1] * (int16_t)s->h[2 * n + 1];
        d->w[n] = (uint32_t)(low + high);
    }
}

static void psadbw(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    (void)imm;
    for (unsigned n = 0; n < bytes / 8; n++) {
        unsigned sum = 0;
        for (unsigned k = 8 * n; k < 8 * n + 8; k++)
            sum += d->b[k] > s->b[k] ? d->b[k] - s->b[k] : s->b[k] - d->b[k];
        d->q[n] = sum;
    }
}

/* Lanes of d, then those of s, narrowed. */
#define PACK(name, from, signed_type, to, saturate)                                    \
    static void name(union simd *d, const union simd *s, unsigned imm, unsigned bytes) \
    {                                                                                  \
        union simd r = {.q = {0, 0}};                                                  \
        unsigned half = bytes / sizeof d->from[0];                                     \
        (void)imm;                                                                     \
        for (unsigned n = 0; n < half; n++) {                                          \
            r.to[n] = (__typeof__(r.to[0]))saturate((signed_type)d->from[n]);          \
            r.to[half + n] = (__typeof__(r.to[0]))saturate((signed_type)s->from[n]);   \
        }                                                                              \
        memcpy(d, &r, bytes);                                                          \
    }
PACK(packsswb, h, int16_t, b, SB)
PACK(packssdw, w, int32_t, h, SW)
PACK(packuswb, h, int16_t, b, UB)

/* Lanes of d and s by turns, from lane `first` on. */
#define UNPACK(name, field, high)                                                      \
    static void name(union simd *d, const union simd *s, unsigned imm, unsigned bytes) \
    {                                                                                  \
        union simd r = {.q = {0, 0}};                                                  \
        unsigned half = bytes / sizeof d->field[0] / 2, first = high ? half : 0;       \
        (void)imm;                                                                     \
        for (unsigned n = 0; n < half; n++) {                                          \
            r.field[2 * n] = d->field[first + n];                                      \
            r.field[2 * n + 1] = s->field[first + n];                                  \
        }                                                                              \
        memcpy(d, &r, bytes);                                                          \
    }
UNPACK(punpcklbw, b, false)
UNPACK(punpcklwd, h, false)
UNPACK(punpckldq, w, false)
UNPACK(punpcklqdq, q, false)
UNPACK(punpckhbw, b, true)
UNPACK(punpckhwd, h, true)
UNPACK(punpckhdq, w, true)
UNPACK(punpckhqdq, q, true)

/* Four lanes of s from `first` on, in the order of imm. */
#define SHUFFLE(name, field, first)                                                    \
    static void name(union simd *d, const union simd *s, unsigned imm, unsigned bytes) \
    {                                                                                  \
        union simd r = *s;                                                             \
        for (unsigned n = 0; n < 4; n++)                                               \
            r.field[first + n] = s->field[first + (imm >> 2 * n & 3)];                 \
        memcpy(d, &r, bytes);                                                          \
    }
SHUFFLE(pshufw, h, 0)
SHUFFLE(pshufd, w, 0)
SHUFFLE(pshuflw, h, 0)
SHUFFLE(pshufhw, h, 4)

static void shufps(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    union simd r;
    for (unsigned n = 0; n < 4; n++)
        r.w[n] = (n < 2 ? d : s)->w[imm >> 2 * n & 3];
    memcpy(d, &r, bytes);
}

static void shufpd(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    union simd r = {.q = {d->q[imm & 1], s->q[imm >> 1 & 1]}};
    memcpy(d, &r, bytes);
}

static void movddup(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    (void)imm, (void)bytes;
    d->q[1] = s->q[0];
    d->q[0] = d->q[1];
}

static void movshdup(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    union simd r = {.w = {s->w[1], s->w[1], s->w[3], s->w[3]}};
    (void)imm;
    memcpy(d, &r, bytes);
}

static void movsldup(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    union simd r = {.w = {s->w[0], s->w[0], s->w[2], s->w[2]}};
    (void)imm;
    memcpy(d, &r, bytes);
}

/* To a general register: the result is d->q[0]. */
static void pmovmskb(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    uint64_t r = 0;
    for (unsigned n = 0; n < bytes && n < sizeof s->b; n++)
        r |= (uint64_t)(s->b[n] >> 7) << n;
    (void)imm;
    d->q[0] = r;
}

static void movmskps(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    (void)imm, (void)bytes;
    d->q[0] = s->w[0] >> 31 | s->w[1] >> 31 << 1 | s->w[2] >> 31 << 2 | s->w[3] >> 31 << 3;
}

static void movmskpd(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    (void)imm, (void)bytes;
    d->q[0] = s->q[0] >> 63 | s->q[1] >> 63 << 1;
}

static void pextrw(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    d->q[0] = s->h[imm & (bytes / 2 - 1)];
}

/* s: the general register's value. */
static void pinsrw(union simd *d, const union simd *s, unsigned imm, unsigned bytes)
{
    d->h[imm & (bytes / 2 - 1)] = s->h[0];
}

simd_function *simd_integer(unsigned op)
{
    /* clang-format off */
    static simd_function *const table[X86_OPS] = {
        [X86_PADDB] = paddb, [X86_PADDW] = paddw, [X86_PADDD] = paddd, [X86_PADDQ] = paddq,
        [X86_PADDSB] = paddsb, [X86_PADDSW] = paddsw, [X86_PADDUSB] = paddusb, [X86_PADDUSW] = paddusw,
        [X86_PSUBB] = psubb, [X86_PSUBW] = psubw, [X86_PSUBD] = psubd, [X86_PSUBQ] = psubq,
        [X86_PSUBSB] = psubsb, [X86_PSUBSW] = psubsw, [X86_PSUBUSB] = psubusb, [X86_PSUBUSW] = psubusw,
        [X86_PMULLW] = pmullw, [X86_PMULHW] = pmulhw, [X86_PMULHUW] = pmulhuw, [X86_PMULUDQ] = pmuludq,
        [X86_PMADDWD] = pmaddwd, [X86_PSADBW] = psadbw, [X86_PAVGB] = pavgb, [X86_PAVGW] = pavgw,
        [X86_PMINUB] = pminub, [X86_PMINSW] = pminsw, [X86_PMAXUB] = pmaxub, [X86_PMAXSW] = pmaxsw,
        [X86_PAND] = pand, [X86_PANDN] = pandn, [X86_POR] = por, [X86_PXOR] = pxor,
        [X86_ANDPS] = pand, [X86_ANDPD] = pand, [X86_ANDNPS] = pandn, [X86_ANDNPD] = pandn,
        [X86_ORPS] = por, [X86_ORPD] = por, [X86_XORPS] = pxor, [X86_XORPD] = pxor,
        [X86_PCMPEQB] = pcmpeqb, [X86_PCMPEQW] = pcmpeqw, [X86_PCMPEQD] = pcmpeqd,
        [X86_PCMPGTB] = pcmpgtb, [X86_PCMPGTW] = pcmpgtw, [X86_PCMPGTD] = pcmpgtd,
        [X86_PSLLW] = psllw, [X86_PSLLD] = pslld, [X86_PSLLQ] = psllq, [X86_PSRLW] = psrlw,
        [X86_PSRLD] = psrld, [X86_PSRLQ] = psrlq, [X86_PSRAW] = psraw, [X86_PSRAD] = psrad,
        [X86_PSLLDQ] = pslldq, [X86_PSRLDQ] = psrldq,
        [X86_PACKSSWB] = packsswb, [X86_PACKSSDW] = packssdw, [X86_PACKUSWB] = packuswb,
        [X86_PUNPCKLBW] = punpcklbw, [X86_PUNPCKLWD] = punpcklwd, [X86_PUNPCKLDQ] = punpckldq,
        [X86_PUNPCKLQDQ] = punpcklqdq, [X86_PUNPCKHBW] = punpckhbw, [X86_PUNPCKHWD] = punpckhwd,
        [X86_PUNPCKHDQ] = punpckhdq, [X86_PUNPCKHQDQ] = punpckhqdq,
        [X86_UNPCKLPS] = punpckldq, [X86_UNPCKLPD] = punpcklqdq,
        [X86_UNPCKHPS] = punpckhdq, [X86_UNPCKHPD] = punpckhqdq,
        [X86_PSHUFW] = pshufw, [X86_PSHUFD] = pshufd, [X86_PSHUFLW] = pshuflw, [X86_PSHUFHW] = pshufhw,
        [X86_SHUFPS] = shufps, [X86_SHUFPD] = shufpd,
        [X86_MOVDDUP] = movddup, [X86_MOVSHDUP] = movshdup, [X86_MOVSLDUP] = movsldup,
        [X86_PMOVMSKB] = pmovmskb, [X86_MOVMSKPS] = movmskps, [X86_MOVMSKPD] = movmskpd,
        [X86_PEXTRW] = pextrw, [X86_PINSRW] = pinsrw,
    };
    /* clang-format on */
    return table[op];
}

/* a: struct simd_args. The result for a general register. */
uint64_t x86_helper_simd(struct cpu *cpu, uint64_t word, uint64_t b, uint64_t d)
{
    struct simd_args a;
    uint8_t *state = (uint8_t *)cpu;
    union simd to = {.q = {0, 0}}, from = {.q = {0, 0}};
    (void)b, (void)d;
    memcpy(&a, &word, sizeof a);
    unsigned bytes = a.flags & SIMD_MMX ? 8 : 16;
    memcpy(&from, state + a.s, a.flags & SIMD_SHORT ? 8 : 16);
    if (a.flags & SIMD_GENERAL) {
        simd_integer(a.op)(&to, &from, a.imm, a.flags & SIMD_SHORT ? 8 : 16);
        return to.q[0];
    }
    memcpy(&to, state + a.d, bytes);
    simd_integer(a.op)(&to, &from, a.imm, bytes);
    memcpy(state + a.d, &to, bytes);
    return 0;
}
