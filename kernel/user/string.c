/*
 * Comparing, measuring and copying strings (ISO C 7.24, POSIX). memcpy, memmove and memset are the
 * port's; searching is in search.c.
 *
 * Nothing here reads beyond the bytes its arguments name.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) any_word;

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    while (n >= 8 && *(const any_word *)x == *(const any_word *)y) {
        x += 8;
        y += 8;
        n -= 8;
    }
    for (; n; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

void *memccpy(void *restrict to, const void *restrict from, int stop, size_t n)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    while (n--) {
        if ((*t++ = *f++) == (unsigned char)stop)
            return t;
    }
    return NULL;
}

void *mempcpy(void *restrict to, const void *restrict from, size_t n)
{
    return (char *)memcpy(to, from, n) + n;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;
    while (n < max && s[n])
        n++;
    return n;
}

size_t strlen(const char *s)
{
    const volatile char *p = s; /* volatile: the loop must not become a call of strlen */
    while (*p)
        p++;
    return (size_t)(p - s);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    }
    return 0;
}

int strcasecmp(const char *a, const char *b)
{
    return strncasecmp(a, b, SIZE_MAX);
}

int strncasecmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        int x = tolower((unsigned char)*a), y = tolower((unsigned char)*b);
        if (x != y || !x)
            return x - y;
    }
    return 0;
}

char *stpcpy(char *restrict to, const char *restrict from)
{
    size_t n = strlen(from);
    memcpy(to, from, n + 1);
    return to + n;
}

char *strcpy(char *restrict to, const char *restrict from)
{
    stpcpy(to, from);
    return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t n)
{
    size_t length = strnlen(from, n);
    memcpy(to, from, length);
    memset(to + length, 0, n - length);
    return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
    stpcpy(to + strlen(to), from);
    return to;
}

char *strncat(char *restrict to, const char *restrict from, size_t n)
{
    size_t length = strnlen(from, n);
    char *end = to + strlen(to);
    memcpy(end, from, length);
    end[length] = 0;
    return to;
}

size_t strlcpy(char *restrict to, const char *restrict from, size_t size)
{
    size_t length = strlen(from);
    if (size) {
        size_t n = length < size ? length : size - 1;
        memcpy(to, from, n);
        to[n] = 0;
    }
    return length;
}

size_t strlcat(char *restrict to, const char *restrict from, size_t size)
{
    size_t used = strnlen(to, size);
    return used + strlcpy(to + used, from, size - used);
}

char *strndup(const char *s, size_t max)
{
    size_t n = strnlen(s, max);
    char *copy = malloc(n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, s, n);
    copy[n] = 0;
    return copy;
}

char *strdup(const char *s)
{
    return strndup(s, SIZE_MAX - 1);
}

static const struct {
    int number;
    const char *text;
} errors[] = {
    {0, "no error"},
    {EPERM, "not permitted"},
    {ENOENT, "no such thing"},
    {EINTR, "interrupted"},
    {EIO, "input/output error"},
    {E2BIG, "too big"},
    {EBADF, "bad handle"},
    {EAGAIN, "try again"},
    {ENOMEM, "out of memory"},
    {EACCES, "access denied"},
    {EFAULT, "bad address"},
    {EBUSY, "in use"},
    {EEXIST, "exists already"},
    {ENODEV, "no such device"},
    {ENOTDIR, "not a directory"},
    {EISDIR, "is a directory"},
    {EINVAL, "bad argument"},
    {ENOSPC, "no space left"},
    {EROFS, "read-only"},
    {EPIPE, "nobody reads"},
    {EDOM, "argument outside the domain"},
    {ERANGE, "result out of range"},
    {ENAMETOOLONG, "name too long"},
    {ENOSYS, "not implemented"},
    {EOVERFLOW, "value too large"},
    {ENOTSUP, "not supported"},
    {ETIMEDOUT, "timed out"},
};

char *strerror(int number)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].number == number)
            return (char *)errors[i].text;
    }
    return (char *)"unknown error";
}
