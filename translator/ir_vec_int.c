/*
 * The integer functions of ir_vec.h on lanes (SDM vol. 2), one each.
 */
#include <string.h>

#include <translator/ir_vec.h>

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}
#define SB(v) clamp(v, -128, 127)
#define SW(v) clamp(v, -32768, 32767)
#define UB(v) clamp(v, 0, 255)
#define UW(v) clamp(v, 0, 65535)

/* expression of a and b, signed or unsigned lanes of d and s. */
#define LANES(name, field, type, expression)                                         \
    static void name(union vec *d, const union vec *s, unsigned imm, unsigned bytes) \
    {                                                                                \
        (void)imm;                                                                   \
        for (unsigned n = 0; n < bytes / sizeof d->field[0]; n++) {                  \
            int64_t a = (int64_t)(type)d->field[n], b = (int64_t)(type)s->field[n];  \
            (void)a, (void)b;                                                        \
            d->field[n] = (__typeof__(d->field[0]))(expression);                     \
        }                                                                            \
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
LANES(pmulhrsw, h, int16_t, ((a * b >> 14) + 1) >> 1)
LANES(pabsb, b, int8_t, b < 0 ? -b : b)
LANES(pabsw, h, int16_t, b < 0 ? -b : b)
LANES(pabsd, w, int32_t, b < 0 ? -b : b)
LANES(psignb, b, int8_t, b<0 ? -a : b> 0 ? a : 0)
LANES(psignw, h, int16_t, b<0 ? -a : b> 0 ? a : 0)
LANES(psignd, w, int32_t, b<0 ? -a : b> 0 ? a : 0)

/* Shifts: the count is the low 64 bits of s; beyond the lane all bits go. */
#define SHIFT(name, field, type, shifted, beyond)                                      \
    static void name(union vec *d, const union vec *s, unsigned imm, unsigned bytes)   \
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

static void pslldq(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    uint64_t count = s->q[0] > 16 ? 16 : s->q[0];
    (void)imm, (void)bytes;
    for (unsigned n = 16; n-- > 0;)
        d->b[n] = n >= count ? d->b[n - count] : 0;
}

static void psrldq(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    uint64_t count = s->q[0] > 16 ? 16 : s->q[0];
    (void)imm, (void)bytes;
    for (unsigned n = 0; n < 16; n++)
        d->b[n] = n + count < 16 ? d->b[n + count] : 0;
}

static void pmaddwd(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    (void)imm;
    for (unsigned n = 0; n < bytes / 4; n++) {
        int64_t low = (int64_t)(int16_t)d->h[2 * n] * (int16_t)s->h[2 * n];
        int64_t high = (int64_t)(int16_t)d->h[2 * n + 1] * (int16_t)s->h[2 * n + 1];
        d->w[n] = (uint32_t)(low + high);
    }
}

static void psadbw(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
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
#define PACK(name, from, signed_type, to, saturate)                                  \
    static void name(union vec *d, const union vec *s, unsigned imm, unsigned bytes) \
    {                                                                                \
        union vec r = {.q = {0, 0}};                                                 \
        unsigned half = bytes / sizeof d->from[0];                                   \
        (void)imm;                                                                   \
        for (unsigned n = 0; n < half; n++) {                                        \
            r.to[n] = (__typeof__(r.to[0]))saturate((signed_type)d->from[n]);        \
            r.to[half + n] = (__typeof__(r.to[0]))saturate((signed_type)s->from[n]); \
        }                                                                            \
        memcpy(d, &r, bytes);                                                        \
    }
PACK(packsswb, h, int16_t, b, SB)
PACK(packssdw, w, int32_t, h, SW)
PACK(packuswb, h, int16_t, b, UB)

/* Lanes of d and s by turns, from lane `first` on. */
#define UNPACK(name, field, high)                                                    \
    static void name(union vec *d, const union vec *s, unsigned imm, unsigned bytes) \
    {                                                                                \
        union vec r = {.q = {0, 0}};                                                 \
        unsigned half = bytes / sizeof d->field[0] / 2, first = high ? half : 0;     \
        (void)imm;                                                                   \
        for (unsigned n = 0; n < half; n++) {                                        \
            r.field[2 * n] = d->field[first + n];                                    \
            r.field[2 * n + 1] = s->field[first + n];                                \
        }                                                                            \
        memcpy(d, &r, bytes);                                                        \
    }
UNPACK(punpcklbw, b, false)
UNPACK(punpcklwd, h, false)
UNPACK(punpckldq, w, false)
UNPACK(punpcklqdq, q, false)
UNPACK(punpckhbw, b, true)
UNPACK(punpckhwd, h, true)
UNPACK(punpckhdq, w, true)
UNPACK(punpckhqdq, q, true)

/* Pairs of neighbours in d, then those in s. */
#define HORIZONTAL(name, field, type, expression)                                    \
    static void name(union vec *d, const union vec *s, unsigned imm, unsigned bytes) \
    {                                                                                \
        union vec r = {.q = {0, 0}};                                                 \
        unsigned half = bytes / sizeof d->field[0] / 2;                              \
        (void)imm;                                                                   \
        for (unsigned n = 0; n < 2 * half; n++) {                                    \
            const union vec *from = n < half ? d : s;                                \
            unsigned k = 2 * (n % half);                                             \
            int64_t a = (type)from->field[k], b = (type)from->field[k + 1];          \
            r.field[n] = (__typeof__(r.field[0]))(expression);                       \
        }                                                                            \
        memcpy(d, &r, bytes);                                                        \
    }
HORIZONTAL(phaddw, h, int16_t, a + b)
HORIZONTAL(phaddd, w, int32_t, a + b)
HORIZONTAL(phaddsw, h, int16_t, SW(a + b))
HORIZONTAL(phsubw, h, int16_t, a - b)
HORIZONTAL(phsubd, w, int32_t, a - b)
HORIZONTAL(phsubsw, h, int16_t, SW(a - b))

/* Bytes of d are unsigned, those of s signed. */
static void pmaddubsw(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    (void)imm;
    for (unsigned n = 0; n < bytes / 2; n++) {
        int low = d->b[2 * n] * (int8_t)s->b[2 * n];
        int high = d->b[2 * n + 1] * (int8_t)s->b[2 * n + 1];
        d->h[n] = (uint16_t)SW(low + high);
    }
}

static void pshufb(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    union vec from = *d;
    (void)imm;
    for (unsigned n = 0; n < bytes; n++)
        d->b[n] = s->b[n] & 0x80 ? 0 : from.b[s->b[n] & (bytes - 1)];
}

/* Of d above s, the bytes from imm on. */
static void palignr(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    uint8_t both[32];
    memcpy(both, s, bytes);
    memcpy(both + bytes, d, bytes);
    for (unsigned n = 0; n < bytes; n++)
        d->b[n] = n + imm < 2 * bytes ? both[n + imm] : 0;
}

/* Four lanes of s from `first` on, in the order of imm. */
#define SHUFFLE(name, field, first)                                                  \
    static void name(union vec *d, const union vec *s, unsigned imm, unsigned bytes) \
    {                                                                                \
        union vec r = *s;                                                            \
        for (unsigned n = 0; n < 4; n++)                                             \
            r.field[first + n] = s->field[first + (imm >> 2 * n & 3)];               \
        memcpy(d, &r, bytes);                                                        \
    }
SHUFFLE(pshufw, h, 0)
SHUFFLE(pshufd, w, 0)
SHUFFLE(pshuflw, h, 0)
SHUFFLE(pshufhw, h, 4)

static void shufps(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    union vec r;
    for (unsigned n = 0; n < 4; n++)
        r.w[n] = (n < 2 ? d : s)->w[imm >> 2 * n & 3];
    memcpy(d, &r, bytes);
}

static void shufpd(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    union vec r = {.q = {d->q[imm & 1], s->q[imm >> 1 & 1]}};
    memcpy(d, &r, bytes);
}

static void movddup(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    (void)imm, (void)bytes;
    d->q[1] = s->q[0];
    d->q[0] = d->q[1];
}

static void movshdup(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    union vec r = {.w = {s->w[1], s->w[1], s->w[3], s->w[3]}};
    (void)imm;
    memcpy(d, &r, bytes);
}

static void movsldup(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    union vec r = {.w = {s->w[0], s->w[0], s->w[2], s->w[2]}};
    (void)imm;
    memcpy(d, &r, bytes);
}

/* To a general register: the result is d->q[0]. */
static void pmovmskb(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    uint64_t r = 0;
    for (unsigned n = 0; n < bytes && n < sizeof s->b; n++)
        r |= (uint64_t)(s->b[n] >> 7) << n;
    (void)imm;
    d->q[0] = r;
}

static void movmskps(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    (void)imm, (void)bytes;
    d->q[0] = s->w[0] >> 31 | s->w[1] >> 31 << 1 | s->w[2] >> 31 << 2 | s->w[3] >> 31 << 3;
}

static void movmskpd(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    (void)imm, (void)bytes;
    d->q[0] = s->q[0] >> 63 | s->q[1] >> 63 << 1;
}

static void pextrw(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    d->q[0] = s->h[imm & (bytes / 2 - 1)];
}

/* s: the general register's value. */
static void pinsrw(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    d->h[imm & (bytes / 2 - 1)] = s->h[0];
}

static void movss(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    (void)imm, (void)bytes;
    d->w[0] = s->w[0];
}

static void movsd(union vec *d, const union vec *s, unsigned imm, unsigned bytes)
{
    (void)imm, (void)bytes;
    d->q[0] = s->q[0];
}

vec_function *const vec_integer[VEC_COUNT] = {
    /* clang-format off */
    [VEC_PADDB] = paddb, [VEC_PADDW] = paddw, [VEC_PADDD] = paddd, [VEC_PADDQ] = paddq,
    [VEC_PADDSB] = paddsb, [VEC_PADDSW] = paddsw, [VEC_PADDUSB] = paddusb, [VEC_PADDUSW] = paddusw,
    [VEC_PSUBB] = psubb, [VEC_PSUBW] = psubw, [VEC_PSUBD] = psubd, [VEC_PSUBQ] = psubq,
    [VEC_PSUBSB] = psubsb, [VEC_PSUBSW] = psubsw, [VEC_PSUBUSB] = psubusb, [VEC_PSUBUSW] = psubusw,
    [VEC_PMULLW] = pmullw, [VEC_PMULHW] = pmulhw, [VEC_PMULHUW] = pmulhuw, [VEC_PMULUDQ] = pmuludq,
    [VEC_PMADDWD] = pmaddwd, [VEC_PSADBW] = psadbw, [VEC_PAVGB] = pavgb, [VEC_PAVGW] = pavgw,
    [VEC_PMINUB] = pminub, [VEC_PMINSW] = pminsw, [VEC_PMAXUB] = pmaxub, [VEC_PMAXSW] = pmaxsw,
    [VEC_PAND] = pand, [VEC_PANDN] = pandn, [VEC_POR] = por, [VEC_PXOR] = pxor,
    [VEC_PCMPEQB] = pcmpeqb, [VEC_PCMPEQW] = pcmpeqw, [VEC_PCMPEQD] = pcmpeqd,
    [VEC_PCMPGTB] = pcmpgtb, [VEC_PCMPGTW] = pcmpgtw, [VEC_PCMPGTD] = pcmpgtd, [VEC_PSLLW] = psllw,
    [VEC_PSLLD] = pslld, [VEC_PSLLQ] = psllq, [VEC_PSRLW] = psrlw, [VEC_PSRLD] = psrld,
    [VEC_PSRLQ] = psrlq, [VEC_PSRAW] = psraw, [VEC_PSRAD] = psrad, [VEC_PSLLDQ] = pslldq,
    [VEC_PSRLDQ] = psrldq, [VEC_PACKSSWB] = packsswb, [VEC_PACKSSDW] = packssdw,
    [VEC_PACKUSWB] = packuswb, [VEC_PUNPCKLBW] = punpcklbw, [VEC_PUNPCKLWD] = punpcklwd,
    [VEC_PUNPCKLDQ] = punpckldq, [VEC_PUNPCKLQDQ] = punpcklqdq, [VEC_PUNPCKHBW] = punpckhbw,
    [VEC_PUNPCKHWD] = punpckhwd, [VEC_PUNPCKHDQ] = punpckhdq, [VEC_PUNPCKHQDQ] = punpckhqdq,
    [VEC_PSHUFW] = pshufw, [VEC_PSHUFD] = pshufd, [VEC_PSHUFLW] = pshuflw, [VEC_PSHUFHW] = pshufhw,
    [VEC_SHUFPS] = shufps, [VEC_SHUFPD] = shufpd, [VEC_MOVDDUP] = movddup,
    [VEC_MOVSHDUP] = movshdup, [VEC_MOVSLDUP] = movsldup, [VEC_PMOVMSKB] = pmovmskb,
    [VEC_MOVMSKPS] = movmskps, [VEC_MOVMSKPD] = movmskpd, [VEC_PEXTRW] = pextrw,
    [VEC_PINSRW] = pinsrw,
    [VEC_MOVSS] = movss, [VEC_MOVSD] = movsd, [VEC_PSHUFB] = pshufb, [VEC_PALIGNR] = palignr,
    [VEC_PABSB] = pabsb, [VEC_PABSW] = pabsw, [VEC_PABSD] = pabsd, [VEC_PSIGNB] = psignb,
    [VEC_PSIGNW] = psignw, [VEC_PSIGND] = psignd, [VEC_PHADDW] = phaddw, [VEC_PHADDD] = phaddd,
    [VEC_PHADDSW] = phaddsw, [VEC_PHSUBW] = phsubw, [VEC_PHSUBD] = phsubd,
    [VEC_PHSUBSW] = phsubsw, [VEC_PMADDUBSW] = pmaddubsw, [VEC_PMULHRSW] = pmulhrsw,
    /* clang-format on */
};
