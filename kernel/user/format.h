/* The formatter behind printf and snprintf, and its floating-point half. Internal to the library. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Where formatted text goes, piece by piece. total counts all bytes, wanted or kept. */
struct sink {
    void (*put)(struct sink *s, const char *bytes, size_t n);
    size_t total;
};

/* One conversion: %[flags][width][.precision][length]kind. */
struct conversion {
    bool left, plus, space, alternate, zero;
    int width;     /* 0: none */
    int precision; /* -1: none */
    char kind;
};

/* Format into the sink. */
void format(struct sink *s, const char *text, va_list args);

/* Write sign, prefix and body padded to the width; zeros go between prefix and body. */
void format_padded(struct sink *s, const struct conversion *c, const char *prefix, const char *body,
                   size_t body_size, bool pad_with_zeros);

/* f F e E g G. */
void format_double(struct sink *s, const struct conversion *c, double value);

/* n copies of a character. */
void format_fill(struct sink *s, char c, size_t n);
