/*
 * printf and its relatives: the formatter (format.c) with three kinds of sink. Text for the task's
 * output is gathered in a small buffer on the stack and handed over in pieces under one lock, so
 * that lines of different threads do not mix within one call.
 */
#include "format.h"
#include "output.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct stdio_stream {
    int unused;
};
static struct stdio_stream output;
FILE *const stdout = &output;
FILE *const stderr = &output;

struct buffer_sink {
    struct sink sink;
    char *to;
    size_t room; /* bytes that may be stored, the ending 0 not counted */
};

static void put_buffer(struct sink *s, const char *bytes, size_t n)
{
    struct buffer_sink *b = (struct buffer_sink *)s;
    if (n > b->room)
        n = b->room;
    memcpy(b->to, bytes, n);
    b->to += n;
    b->room -= n;
}

int vsnprintf(char *restrict to, size_t size, const char *restrict text, va_list args)
{
    char none;
    struct buffer_sink b = {{put_buffer, 0}, size ? to : &none, size ? size - 1 : 0};
    format(&b.sink, text, args);
    if (size)
        *b.to = 0;
    return (int)b.sink.total;
}

int snprintf(char *restrict to, size_t size, const char *restrict text, ...)
{
    va_list args;
    va_start(args, text);
    int n = vsnprintf(to, size, text, args);
    va_end(args);
    return n;
}

struct output_sink {
    struct sink sink;
    size_t used;
    char bytes[240];
};

static void flush(struct output_sink *o)
{
    output_bytes(o->bytes, o->used);
    o->used = 0;
}

static void put_output(struct sink *s, const char *bytes, size_t n)
{
    struct output_sink *o = (struct output_sink *)s;
    while (n) {
        if (o->used == sizeof(o->bytes))
            flush(o);
        size_t k = sizeof(o->bytes) - o->used;
        if (k > n)
            k = n;
        memcpy(o->bytes + o->used, bytes, k);
        o->used += k;
        bytes += k;
        n -= k;
    }
}

int vprintf(const char *restrict text, va_list args)
{
    struct output_sink o;
    o.sink = (struct sink){put_output, 0};
    o.used = 0;
    output_lock();
    format(&o.sink, text, args);
    flush(&o);
    output_unlock();
    return (int)o.sink.total;
}

int printf(const char *restrict text, ...)
{
    va_list args;
    va_start(args, text);
    int n = vprintf(text, args);
    va_end(args);
    return n;
}

int vfprintf(FILE *restrict f, const char *restrict text, va_list args)
{
    (void)f;
    return vprintf(text, args);
}

int fprintf(FILE *restrict f, const char *restrict text, ...)
{
    va_list args;
    va_start(args, text);
    int n = vfprintf(f, text, args);
    va_end(args);
    return n;
}

size_t fwrite(const void *restrict from, size_t size, size_t count, FILE *restrict f)
{
    (void)f;
    size_t n;
    if (__builtin_mul_overflow(size, count, &n))
        return 0;
    output_lock();
    output_bytes(from, n);
    output_unlock();
    return count;
}

int fputs(const char *restrict s, FILE *restrict f)
{
    fwrite(s, 1, strlen(s), f);
    return 0;
}

int puts(const char *s)
{
    output_lock();
    output_bytes(s, strlen(s));
    output_bytes("\n", 1);
    output_unlock();
    return 0;
}

int fputc(int c, FILE *f)
{
    char byte = (char)c;
    fwrite(&byte, 1, 1, f);
    return (unsigned char)byte;
}

int putc(int c, FILE *f)
{
    return fputc(c, f);
}
int putchar(int c)
{
    return fputc(c, stdout);
}

int fflush(FILE *f)
{
    (void)f;
    return 0;
}
