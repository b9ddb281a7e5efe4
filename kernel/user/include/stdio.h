/*
 * Formatted output to the task's output (task.h: output_set) and into buffers. There are no files:
 * stdout and stderr are the same place, and nothing is buffered between calls.
 *
 * Formats: d i u o x X c s p % and f F e E g G; flags - + space # 0; width and precision, also *;
 * lengths hh h l ll j z t. Not there: n, a, long double, wide characters, positions (%1$d). A
 * conversion that is not known is printed as it stands.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#define EOF    (-1)
#define BUFSIZ 512

typedef struct stdio_stream FILE;
extern FILE *const stdout;
extern FILE *const stderr;

#define PRINTF_LIKE(text, first) __attribute__((__format__(__printf__, text, first)))

int printf(const char *restrict format, ...) PRINTF_LIKE(1, 2);
int vprintf(const char *restrict format, va_list args) PRINTF_LIKE(1, 0);
int fprintf(FILE *restrict f, const char *restrict format, ...) PRINTF_LIKE(2, 3);
int vfprintf(FILE *restrict f, const char *restrict format, va_list args) PRINTF_LIKE(2, 0);
/* The length the whole text has; at most size bytes are stored, the last of them 0. */
int snprintf(char *restrict to, size_t size, const char *restrict format, ...) PRINTF_LIKE(3, 4);
int vsnprintf(char *restrict to, size_t size, const char *restrict format, va_list args)
    PRINTF_LIKE(3, 0);

int putchar(int c);
int puts(const char *s);
int fputc(int c, FILE *f);
int putc(int c, FILE *f);
int fputs(const char *restrict s, FILE *restrict f);
size_t fwrite(const void *restrict from, size_t size, size_t count, FILE *restrict f);
int fflush(FILE *f);
