/*
 * The memory functions a compiler may call, and strlen. Plain loops would be compiled into calls
 * of themselves; the port's string instructions are used instead (port_inline.h).
 */
#include "port.h"

void *memcpy(void *to, const void *from, size_t n)
{
    port_copy(to, from, n);
    return to;
}

void *memset(void *to, int c, size_t n)
{
    port_fill(to, c, n);
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    char *t = to;
    const char *f = from;
    if (t <= f || t >= f + n) {
        port_copy(to, from, n);
        return to;
    }
    while (n-- > 0)
        ((volatile char *)t)[n] = f[n];
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    for (size_t i = 0; i < n; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

size_t strlen(const char *s)
{
    const char *e = s;
    while (*e)
        e++;
    return (size_t)(e - s);
}
