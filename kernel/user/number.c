/*
 * Text to integers (ISO C 7.22.1). One function scans sign, prefix and digits into a magnitude and
 * an overflow flag; the strto* functions only clamp it to their type.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

struct scanned {
    unsigned long long magnitude;
    bool negative, overflow;
};

static unsigned digit_value(char c)
{
    if (isdigit((unsigned char)c))
        return (unsigned)(c - '0');
    if (isalpha((unsigned char)c))
        return (unsigned)(tolower((unsigned char)c) - 'a' + 10);
    return UINT_MAX;
}

static struct scanned scan(const char *s, char **end, int base)
{
    struct scanned r = {0, false, false};
    const char *p = s;
    if (end)
        *end = (char *)s;
    if (base < 0 || base == 1 || base > 36) {
        errno = EINVAL;
        return r;
    }
    while (isspace((unsigned char)*p))
        p++;
    if (*p == '+' || *p == '-')
        r.negative = *p++ == '-';
    /* "0x" counts as a prefix only if a digit follows; otherwise the number is the 0. */
    if ((base == 0 || base == 16) && *p == '0' && (p[1] | 0x20) == 'x' &&
        isxdigit((unsigned char)p[2])) {
        p += 2;
        base = 16;
    } else if (base == 0) {
        base = *p == '0' ? 8 : 10;
    }
    bool any = false;
    for (unsigned digit; (digit = digit_value(*p)) < (unsigned)base; p++) {
        any = true;
        if (__builtin_mul_overflow(r.magnitude, (unsigned)base, &r.magnitude) ||
            __builtin_add_overflow(r.magnitude, digit, &r.magnitude))
            r.overflow = true;
    }
    if (any && end)
        *end = (char *)p;
    return r;
}

unsigned long long strtoull(const char *restrict s, char **restrict end, int base)
{
    struct scanned r = scan(s, end, base);
    if (r.overflow) {
        errno = ERANGE;
        return ULLONG_MAX;
    }
    return r.negative ? -r.magnitude : r.magnitude;
}

long long strtoll(const char *restrict s, char **restrict end, int base)
{
    struct scanned r = scan(s, end, base);
    unsigned long long limit = (unsigned long long)LLONG_MAX + r.negative;
    if (r.overflow || r.magnitude > limit) {
        errno = ERANGE;
        return r.negative ? LLONG_MIN : LLONG_MAX;
    }
    return (long long)(r.negative ? -r.magnitude : r.magnitude);
}

_Static_assert(sizeof(long) == sizeof(long long), "strtol is strtoll");

long strtol(const char *restrict s, char **restrict end, int base)
{
    return strtoll(s, end, base);
}
unsigned long strtoul(const char *restrict s, char **restrict end, int base)
{
    return strtoull(s, end, base);
}
intmax_t strtoimax(const char *restrict s, char **restrict end, int base)
{
    return strtoll(s, end, base);
}
uintmax_t strtoumax(const char *restrict s, char **restrict end, int base)
{
    return strtoull(s, end, base);
}

int atoi(const char *s)
{
    return (int)strtol(s, NULL, 10);
}
long atol(const char *s)
{
    return strtol(s, NULL, 10);
}
long long atoll(const char *s)
{
    return strtoll(s, NULL, 10);
}
