/*
 * %f %e %g: exact decimal conversion of a double, rounded half to even at the digit asked for.
 *
 * A finite double is m * 2^e with m below 2^53. The value is held as a row of words in base 10^9
 * with a fixed point in it. Multiplying by two moves carries to the left; dividing by 2^k with
 * k <= 9 moves remainders to the right and is exact, because 2^9 divides 10^9. So all digits that
 * exist are computed (at most 309 before the point and 1,074 behind) and nothing is approximated.
 *
 * A precision above PRECISION_MAX is taken as PRECISION_MAX: the digits behind are all zeros.
 */
#include "format.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define BASE          1000000000u
#define BASE_DIGITS   9
#define POINT         36 /* words before the point: 324 digits */
#define FRACTION      120
#define WORDS         (POINT + FRACTION)
#define PRECISION_MAX 1100
#define DIGITS_MAX    (WORDS * BASE_DIGITS)

struct row {
    uint32_t word[WORDS];
    int first, end; /* words [first, end) may be non-zero */
};

struct digits {
    char text[DIGITS_MAX]; /* '0'..'9'; the first is a spare zero that takes a carry */
    int count;             /* digits beyond are zeros */
    int point;             /* digits before the point */
};

static void row_double(struct row *r, unsigned k)
{
    uint64_t carry = 0;
    for (int i = r->end; i-- > r->first;) {
        carry += (uint64_t)r->word[i] << k;
        r->word[i] = (uint32_t)(carry % BASE);
        carry /= BASE;
    }
    if (carry)
        r->word[--r->first] = (uint32_t)carry;
}

static void row_halve(struct row *r, unsigned k)
{
    uint64_t rest = 0;
    for (int i = r->first; i < r->end; i++) {
        uint64_t value = rest * BASE + r->word[i];
        r->word[i] = (uint32_t)(value >> k);
        rest = value & ((1u << k) - 1);
    }
    if (rest)
        r->word[r->end++] = (uint32_t)((rest * BASE) >> k);
}

static void expand(struct digits *d, uint64_t mantissa, int exponent)
{
    struct row r = {.first = POINT - 2, .end = POINT};
    r.word[POINT - 1] = (uint32_t)(mantissa % BASE);
    r.word[POINT - 2] = (uint32_t)(mantissa / BASE);
    for (int k; exponent > 0; exponent -= k) {
        k = exponent < 29 ? exponent : 29;
        row_double(&r, (unsigned)k);
    }
    for (int k; exponent < 0; exponent += k) {
        k = exponent > -BASE_DIGITS ? -exponent : BASE_DIGITS;
        row_halve(&r, (unsigned)k);
    }
    d->point = POINT * BASE_DIGITS;
    d->count = r.end * BASE_DIGITS;
    memset(d->text, '0', sizeof(d->text));
    for (int i = r.first; i < r.end; i++) {
        uint32_t word = r.word[i];
        for (int k = BASE_DIGITS; k-- > 0; word /= 10)
            d->text[i * BASE_DIGITS + k] = (char)('0' + word % 10);
    }
}

static char digit(const struct digits *d, int i)
{
    return i < d->count ? d->text[i] : '0';
}

/* Where the first significant digit is; of zero, the digit before the point. */
static int significant(const struct digits *d)
{
    for (int i = 0; i < d->count; i++) {
        if (d->text[i] != '0')
            return i;
    }
    return d->point - 1;
}

/* Keep the first `keep` digits (1 or more), rounding half to even. */
static void round_to(struct digits *d, int keep)
{
    if (keep >= d->count)
        return;
    bool up = d->text[keep] > '5';
    if (d->text[keep] == '5') {
        up = (d->text[keep - 1] - '0') % 2;
        for (int i = keep + 1; i < d->count; i++)
            up = up || d->text[i] != '0';
    }
    d->count = keep;
    for (int i = keep - 1; up && i >= 0; i--) {
        up = d->text[i] == '9';
        d->text[i] = up ? '0' : (char)(d->text[i] + 1);
    }
    /* The point may lie behind the digits kept only if they are zeros anyway. */
}

/* The two shapes. Both append to *out and return its new end. */
static char *write_fixed(char *out, const struct digits *d, int precision, bool point)
{
    int i = significant(d);
    if (i > d->point - 1)
        i = d->point - 1;
    for (; i < d->point; i++)
        *out++ = digit(d, i);
    if (precision || point)
        *out++ = '.';
    for (; i < d->point + precision; i++)
        *out++ = digit(d, i);
    return out;
}

static char *write_scientific(char *out, const struct digits *d, int precision, bool point)
{
    int i = significant(d);
    *out++ = digit(d, i);
    if (precision || point)
        *out++ = '.';
    for (int k = 1; k <= precision; k++)
        *out++ = digit(d, i + k);
    return out;
}

static char *write_exponent(char *out, int exponent, char letter)
{
    unsigned n = (unsigned)(exponent < 0 ? -exponent : exponent);
    *out++ = letter;
    *out++ = exponent < 0 ? '-' : '+';
    if (n >= 100)
        *out++ = (char)('0' + n / 100);
    *out++ = (char)('0' + n / 10 % 10);
    *out++ = (char)('0' + n % 10);
    return out;
}

static char *strip_zeros(char *start, char *end)
{
    if (!memchr(start, '.', (size_t)(end - start)))
        return end;
    while (end[-1] == '0')
        end--;
    return end[-1] == '.' ? end - 1 : end;
}

static void put_finite(struct sink *s, const struct conversion *c, const char *sign,
                       uint64_t mantissa, int exponent2)
{
    struct digits d;
    char body[POINT * BASE_DIGITS + PRECISION_MAX + 16], *end;
    char kind = (char)tolower((unsigned char)c->kind);
    int precision = c->precision < 0 ? 6 : c->precision;
    if (precision > PRECISION_MAX)
        precision = PRECISION_MAX;

    expand(&d, mantissa, exponent2);
    bool strip = false, fixed = kind == 'f';
    if (kind == 'g') {
        precision = precision ? precision - 1 : 0; /* digits behind the first */
        round_to(&d, significant(&d) + 1 + precision);
        int exponent = d.point - 1 - significant(&d);
        fixed = exponent >= -4 && exponent <= precision;
        if (fixed)
            precision -= exponent;
        strip = !c->alternate;
    }
    if (fixed) {
        round_to(&d, d.point + precision);
        end = write_fixed(body, &d, precision, c->alternate);
        if (strip)
            end = strip_zeros(body, end);
    } else {
        round_to(&d, significant(&d) + 1 + precision);
        end = write_scientific(body, &d, precision, c->alternate);
        if (strip)
            end = strip_zeros(body, end);
        end = write_exponent(end, d.point - 1 - significant(&d),
                             isupper((unsigned char)c->kind) ? 'E' : 'e');
    }
    format_padded(s, c, sign, body, (size_t)(end - body), c->zero);
}

void format_double(struct sink *s, const struct conversion *c, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    uint64_t mantissa = bits & ((1ULL << 52) - 1);
    unsigned biased = bits >> 52 & 0x7ff;
    const char *sign = bits >> 63 ? "-" : c->plus ? "+" : c->space ? " " : "";
    if (biased == 0x7ff) {
        bool upper = isupper((unsigned char)c->kind);
        const char *name = mantissa ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
        format_padded(s, c, sign, name, 3, false);
        return;
    }
    if (biased)
        mantissa |= 1ULL << 52;
    else
        biased = 1;
    put_finite(s, c, sign, mantissa, (int)biased - 1075);
}
