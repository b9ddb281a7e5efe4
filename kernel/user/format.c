/*
 * printf's formatter (ISO C 7.21.6.1), integers, characters and strings; floating point is in
 * format_double.c. It needs no memory but its stack and no lock: every piece goes to a sink at once.
 *
 * A conversion that is not known is passed through as it stands, its argument not consumed, so a
 * mistake in a format shows in the output instead of vanishing.
 */
#include "format.h"

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

enum length { LENGTH_NONE, LENGTH_HH, LENGTH_H, LENGTH_L, LENGTH_LL, LENGTH_J, LENGTH_Z, LENGTH_T };

static void emit(struct sink *s, const char *bytes, size_t n)
{
    if (n) {
        s->put(s, bytes, n);
        s->total += n;
    }
}

void format_fill(struct sink *s, char c, size_t n)
{
    char run[32];
    memset(run, c, sizeof(run));
    for (size_t k; n; n -= k) {
        k = n < sizeof(run) ? n : sizeof(run);
        emit(s, run, k);
    }
}

void format_padded(struct sink *s, const struct conversion *c, const char *prefix, const char *body,
                   size_t body_size, bool pad_with_zeros)
{
    size_t prefix_size = strlen(prefix), used = prefix_size + body_size;
    size_t pad = (size_t)c->width > used ? (size_t)c->width - used : 0;
    if (!c->left && !pad_with_zeros)
        format_fill(s, ' ', pad);
    emit(s, prefix, prefix_size);
    if (!c->left && pad_with_zeros)
        format_fill(s, '0', pad);
    emit(s, body, body_size);
    if (c->left)
        format_fill(s, ' ', pad);
}

static const char *sign_of(const struct conversion *c, bool negative)
{
    return negative ? "-" : c->plus ? "+" : c->space ? " " : "";
}

/* Digits of a number end at `end`; returns where they start. The value 0 has no digits. */
static char *digits(char *end, uintmax_t value, unsigned base, bool upper)
{
    const char *table = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (; value; value /= base)
        *--end = table[value % base];
    return end;
}

static void put_integer(struct sink *s, const struct conversion *c, uintmax_t magnitude,
                        const char *sign)
{
    unsigned base = c->kind == 'o' ? 8 : strchr("xXp", c->kind) ? 16 : 10;
    char text[24], *end = text + sizeof(text);
    char *start = digits(end, magnitude, base, c->kind == 'X');
    size_t count = (size_t)(end - start);

    /* The least number of digits: the precision, 1 if there is none. The zeros that are missing can
     * be many, so they are part of the padding plan and not of the text. */
    size_t least = c->precision >= 0 ? (size_t)c->precision : 1;
    if (c->alternate && base == 8 && least <= count)
        least = count + 1; /* # wants a leading 0 */
    size_t zeros = least > count ? least - count : 0;
    if (c->alternate && base == 16 && magnitude)
        sign = c->kind == 'X' ? "0X" : "0x";
    if (c->kind == 'p')
        sign = "0x";

    size_t used = strlen(sign) + zeros + count;
    size_t pad = (size_t)c->width > used ? (size_t)c->width - used : 0;
    bool zero_pad = c->zero && !c->left && c->precision < 0;
    if (!c->left && !zero_pad)
        format_fill(s, ' ', pad);
    emit(s, sign, strlen(sign));
    format_fill(s, '0', zeros + (zero_pad ? pad : 0));
    emit(s, start, count);
    if (c->left)
        format_fill(s, ' ', pad);
}

/* An argument of the length named, widened. */
struct arguments {
    va_list list;
};

static intmax_t signed_argument(struct arguments *a, enum length length)
{
    switch (length) {
    case LENGTH_HH:
        return (signed char)va_arg(a->list, int);
    case LENGTH_H:
        return (short)va_arg(a->list, int);
    case LENGTH_L:
        return va_arg(a->list, long);
    case LENGTH_LL:
        return va_arg(a->list, long long);
    case LENGTH_J:
        return va_arg(a->list, intmax_t);
    case LENGTH_Z:
    case LENGTH_T:
        return va_arg(a->list, ptrdiff_t);
    default:
        return va_arg(a->list, int);
    }
}

static uintmax_t unsigned_argument(struct arguments *a, enum length length)
{
    switch (length) {
    case LENGTH_HH:
        return (unsigned char)va_arg(a->list, unsigned);
    case LENGTH_H:
        return (unsigned short)va_arg(a->list, unsigned);
    case LENGTH_L:
        return va_arg(a->list, unsigned long);
    case LENGTH_LL:
        return va_arg(a->list, unsigned long long);
    case LENGTH_J:
        return va_arg(a->list, uintmax_t);
    case LENGTH_Z:
    case LENGTH_T:
        return va_arg(a->list, size_t);
    default:
        return va_arg(a->list, unsigned);
    }
}

/* Digits at *p, clamped to what an int holds. */
static int number_at(const char **p)
{
    int n = 0;
    for (; isdigit((unsigned char)**p); ++*p)
        n = n > (INT_MAX - 9) / 10 ? INT_MAX : n * 10 + (**p - '0');
    return n;
}

static const char *parse(const char *p, struct conversion *c, enum length *length,
                         struct arguments *a)
{
    *c = (struct conversion){.precision = -1};
    for (;; p++) {
        if (*p == '-')
            c->left = true;
        else if (*p == '+')
            c->plus = true;
        else if (*p == ' ')
            c->space = true;
        else if (*p == '#')
            c->alternate = true;
        else if (*p == '0')
            c->zero = true;
        else
            break;
    }
    if (*p == '*') {
        c->width = va_arg(a->list, int);
        if (c->width < 0) {
            c->left = true;
            c->width = c->width == INT_MIN ? INT_MAX : -c->width;
        }
        p++;
    } else {
        c->width = number_at(&p);
    }
    if (*p == '.') {
        p++;
        if (*p == '*') {
            c->precision = va_arg(a->list, int);
            if (c->precision < 0)
                c->precision = -1;
            p++;
        } else {
            c->precision = number_at(&p);
        }
    }
    static const struct {
        char text[3];
        enum length length;
    } lengths[] = {{"hh", LENGTH_HH}, {"h", LENGTH_H}, {"ll", LENGTH_LL}, {"l", LENGTH_L},
                   {"j", LENGTH_J},   {"z", LENGTH_Z}, {"t", LENGTH_T}};
    *length = LENGTH_NONE;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t n = strlen(lengths[i].text);
        if (!strncmp(p, lengths[i].text, n)) {
            *length = lengths[i].length;
            p += n;
            break;
        }
    }
    c->kind = *p;
    return *p ? p + 1 : p;
}

/* One conversion whose text is [start, end). */
static void convert(struct sink *s, const struct conversion *c, enum length length,
                    struct arguments *a, const char *start, const char *end)
{
    switch (c->kind) {
    case 'd':
    case 'i': {
        intmax_t value = signed_argument(a, length);
        uintmax_t magnitude = value < 0 ? -(uintmax_t)value : (uintmax_t)value;
        put_integer(s, c, magnitude, sign_of(c, value < 0));
        break;
    }
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        put_integer(s, c, unsigned_argument(a, length), "");
        break;
    case 'p':
        put_integer(s, c, (uintptr_t)va_arg(a->list, void *), "");
        break;
    case 'c': {
        char byte = (char)va_arg(a->list, int);
        format_padded(s, c, "", &byte, 1, false);
        break;
    }
    case 's': {
        const char *text = va_arg(a->list, const char *);
        if (!text)
            text = "(null)";
        size_t n = c->precision >= 0 ? strnlen(text, (size_t)c->precision) : strlen(text);
        format_padded(s, c, "", text, n, false);
        break;
    }
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
        format_double(s, c, va_arg(a->list, double));
        break;
    case '%':
        emit(s, "%", 1);
        break;
    default:
        emit(s, start, (size_t)(end - start));
    }
}

void format(struct sink *s, const char *text, va_list args)
{
    struct arguments a;
    va_copy(a.list, args);
    for (;;) {
        const char *percent = strchrnul(text, '%');
        emit(s, text, (size_t)(percent - text));
        if (!*percent)
            break;
        struct conversion c;
        enum length length;
        text = parse(percent + 1, &c, &length, &a);
        convert(s, &c, length, &a, percent, text);
    }
    va_end(a.list);
}
