/* printf against the host's: a table by hand, then random formats and values. */
#include "library.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 200000

/* The formats are chosen at run time here; the compiler cannot check them. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat"

static const char *volatile bad_format; /* volatile: formats pass through it unchecked */

#define SAME(name, format, ...)                                                                \
    do {                                                                                       \
        char mine[2048], theirs[2048];                                                         \
        bad_format = format;                                                                   \
        int m = t_snprintf(mine, sizeof(mine), bad_format, __VA_ARGS__);                       \
        int t = snprintf(theirs, sizeof(theirs), bad_format, __VA_ARGS__);                     \
        result(name, m == t && !strcmp(mine, theirs), "%s gives \"%s\" (%d), not \"%s\" (%d)", \
               format, mine, m, theirs, t);                                                    \
    } while (0)

static void test_table(void)
{
    SAME("printf.plain", "hello %% %c%s", 'w', "orld");
    SAME("printf.d", "%d %i %d %d", 0, -1, INT_MAX, INT_MIN);
    SAME("printf.u", "%u %u", 0u, UINT_MAX);
    SAME("printf.lengths", "%hhd %hd %ld %lld %zd %td %jd", 300, 70000, -5L, -6LL, (ssize_t)-7,
         (ptrdiff_t)-8, (intmax_t)-9);
    SAME("printf.unsigned_lengths", "%hhx %hx %lx %llx %zx %jx", 0x1234, 0x12345, 5UL, 6ULL,
         (size_t)7, (uintmax_t)8);
    SAME("printf.octal", "%o %#o %#o %#.0o %#5.3o %.0o", 8u, 8u, 0u, 0u, 8u, 0u);
    SAME("printf.hex", "%x %X %#x %#X %#x %#010x %#.5x", 255u, 255u, 255u, 255u, 0u, 255u, 255u);
    SAME("printf.width", "[%5d][%-5d][%05d][%+d][% d][%+05d][%-+5d]", 42, 42, 42, 42, 42, 42, 42);
    SAME("printf.precision", "[%.3d][%.0d][%8.3d][%-8.3d][%08.3d][%.30d]", 7, 0, 7, 7, 7, 7);
    SAME("printf.star", "[%*d][%-*d][%.*d][%*.*d][%.*d]", 5, 1, 5, 2, 3, 3, -6, 2, 4, -1, 5);
    SAME("printf.string", "[%s][%5s][%-5s][%.2s][%5.1s][%.0s]", "abc", "abc", "abc", "abc", "abc",
         "abc");
    SAME("printf.char", "[%c][%3c][%-3c]%c", 'a', 'b', 'c', 0);
    SAME("printf.pointer", "%p %20p %-20p|", (void *)0x1234, (void *)0xabcdef, (void *)1);
    SAME("printf.wide", "%100d|%-100d|%0100d", 1, 2, 3);
    SAME("printf.float", "%f %.0f %.1f %#.0f %10.3f %-10.2f| %+f % f", 1.5, 2.5, 0.25, 3.0, 3.14159,
         2.71828, 1.0, 1.0);
    SAME("printf.exponent", "%e %E %.0e %#.0e %.10e %e %e", 12345.678, 0.00012, 5.5, 5.0, 1.0 / 3,
         0.0, 1e300);
    SAME("printf.general", "%g %g %g %g %G %#g %.3g %g %g", 100000.0, 1000000.0, 0.0001, 0.00001,
         1e-10, 1.0, 1234.5, 0.0, 123456789.0);
    SAME("printf.zero_padded_float", "%010.2f|%-010.2f|%+010.1e", -3.14159, 3.14159, 314.0);
    SAME("printf.special", "%f %F %5f %-5f| %010f %e %g", INFINITY, -INFINITY, NAN, INFINITY,
         INFINITY, NAN, -INFINITY);
    SAME("printf.extreme", "%f %.20e %g", 1.7976931348623157e308, 4.9406564584124654e-324,
         2.2250738585072014e-308);
    SAME("printf.all_digits", "%.1074f", 4.9406564584124654e-324);
}

static void test_edges(void)
{
    char s[8];
    int n = t_snprintf(s, sizeof(s), "%s", "longer than that");
    result("snprintf.cut", n == 16 && !strcmp(s, "longer "), "n = %d \"%s\"", n, s);
    s[0] = 'x';
    n = t_snprintf(s, 0, "%d", 12345);
    result("snprintf.size_0", n == 5 && s[0] == 'x', "n = %d", n);
    n = t_snprintf(s, 1, "%d", 12345);
    result("snprintf.size_1", n == 5 && s[0] == 0, "n = %d", n);
    bad_format = "%y %";
    t_snprintf(s, sizeof(s), bad_format, 1);
    result("snprintf.unknown", !strcmp(s, "%y %"), "\"%s\"", s);
    bad_format = "%s";
    t_snprintf(s, sizeof(s), bad_format, (char *)NULL);
    result("snprintf.null_string", !strcmp(s, "(null)"), "\"%s\"", s);

    char line[600];
    memset(line, 'a', sizeof(line) - 1);
    line[sizeof(line) - 1] = 0;
    n = t_printf("%s|%d\n", line, 7);
    const char *out = output_taken();
    result("printf.long_line", n == 602 && !strncmp(out, line, 599) && !strcmp(out + 599, "|7\n"),
           "n = %d", n);
    t_puts("x");
    t_putchar('y');
    result("puts_putchar", !strcmp(output_taken(), "x\ny"), "wrong text");
}

/* A format of one conversion with random flags, width and precision. */
static void random_format(char *f, const char *length, char kind, unsigned precision_max)
{
    *f++ = '%';
    for (unsigned i = 0; i < 5; i++) {
        if (below(4) == 0)
            *f++ = "-+ #0"[i];
    }
    if (below(2))
        f += sprintf(f, "%u", (unsigned)below(30) + 1);
    if (below(2))
        f += sprintf(f, ".%u", (unsigned)below(precision_max));
    sprintf(f, "%s%c", length, kind);
}

static void test_random_integers(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        char f[32], mine[256], theirs[256];
        char kind = "diouxX"[below(6)];
        unsigned shift = (unsigned)below(64);
        uint64_t value = below(8) ? random_next() >> shift : 0;
        static const char *const lengths[] = {"", "hh", "h", "l", "ll", "j", "z", "t"};
        unsigned length = (unsigned)below(8);
        random_format(f, lengths[length], kind, 30);
        int m, t;
        if (length < 3) {
            m = t_snprintf(mine, sizeof(mine), f, (int)value);
            t = snprintf(theirs, sizeof(theirs), f, (int)value);
        } else {
            m = t_snprintf(mine, sizeof(mine), f, value);
            t = snprintf(theirs, sizeof(theirs), f, value);
        }
        if (m != t || strcmp(mine, theirs)) {
            result("printf.random_integers", false, "%s of %" PRIx64 ": \"%s\", not \"%s\"", f,
                   value, mine, theirs);
            return;
        }
    }
    result("printf.random_integers", true, " ");
}

static double random_double(void)
{
    union {
        uint64_t bits;
        double value;
    } u = {random_next()};
    switch (below(5)) {
    case 0:
        return u.value;
    case 1: /* halves, quarters ...: exact ties */
        return (double)(int64_t)(u.bits >> 44) / (double)(1 << below(10));
    case 2:
        return (double)(u.bits >> 40) * 1e-7;
    case 3:
        return -(double)(u.bits >> 20);
    default:
        return ldexp((double)(u.bits >> 11), (int)below(140) - 110);
    }
}

static void test_random_doubles(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        char f[32], mine[2048], theirs[2048];
        random_format(f, "", "fFeEgG"[below(6)], i % 10 ? 20 : 400);
        double value = random_double();
        int m = t_snprintf(mine, sizeof(mine), f, value);
        int t = snprintf(theirs, sizeof(theirs), f, value);
        if (m != t || strcmp(mine, theirs)) {
            result("printf.random_doubles", false, "%s of %a: \"%s\", not \"%s\"", f, value, mine,
                   theirs);
            return;
        }
    }
    result("printf.random_doubles", true, " ");
}

void format_tests(void)
{
    test_table();
    test_edges();
    test_random_integers();
    test_random_doubles();
}
