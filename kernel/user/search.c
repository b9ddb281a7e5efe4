/*
 * Searching in memory and strings (ISO C 7.24.5, POSIX). Substring search is the two-way idea's
 * simple cousin: look for the first byte, compare the rest. Quadratic in the worst case, which no
 * caller here meets; memory is read only inside the bounds given.
 */
#include <stdint.h>
#include <string.h>

void *memchr(const void *where, int byte, size_t n)
{
    const unsigned char *p = where;
    for (; n; n--, p++) {
        if (*p == (unsigned char)byte)
            return (void *)p;
    }
    return NULL;
}

void *memrchr(const void *where, int byte, size_t n)
{
    const unsigned char *p = where;
    while (n--) {
        if (p[n] == (unsigned char)byte)
            return (void *)(p + n);
    }
    return NULL;
}

void *memmem(const void *hay, size_t hay_size, const void *needle, size_t needle_size)
{
    const unsigned char *p = hay, *first = needle;
    if (!needle_size)
        return (void *)p;
    while (hay_size >= needle_size) {
        const unsigned char *hit = memchr(p, *first, hay_size - needle_size + 1);
        if (!hit)
            return NULL;
        if (!memcmp(hit, needle, needle_size))
            return (void *)hit;
        hay_size -= (size_t)(hit + 1 - p);
        p = hit + 1;
    }
    return NULL;
}

char *strchrnul(const char *s, int c)
{
    while (*s && *s != (char)c)
        s++;
    return (char *)s;
}

char *strchr(const char *s, int c)
{
    char *p = strchrnul(s, c);
    return *p == (char)c ? p : NULL;
}

char *strrchr(const char *s, int c)
{
    return memrchr(s, c, strlen(s) + 1);
}

char *strstr(const char *hay, const char *needle)
{
    return memmem(hay, strlen(hay), needle, strlen(needle));
}

/* A set of bytes, one bit each; the 0 that ends a string is never in it unless put there. */
struct byte_set {
    uint64_t bits[4];
};

static struct byte_set set_of(const char *s)
{
    struct byte_set set = {{0}};
    for (; *s; s++)
        set.bits[(unsigned char)*s >> 6] |= 1ULL << ((unsigned char)*s & 63);
    return set;
}

static int in_set(const struct byte_set *set, char c)
{
    return set->bits[(unsigned char)c >> 6] >> ((unsigned char)c & 63) & 1;
}

size_t strspn(const char *s, const char *accept)
{
    struct byte_set set = set_of(accept);
    size_t n = 0;
    while (in_set(&set, s[n]))
        n++;
    return n;
}

size_t strcspn(const char *s, const char *reject)
{
    struct byte_set set = set_of(reject);
    size_t n = 0;
    while (s[n] && !in_set(&set, s[n]))
        n++;
    return n;
}

char *strpbrk(const char *s, const char *accept)
{
    s += strcspn(s, accept);
    return *s ? (char *)s : NULL;
}

char *strsep(char **s, const char *separators)
{
    char *token = *s;
    if (!token)
        return NULL;
    char *end = token + strcspn(token, separators);
    if (*end) {
        *end = 0;
        *s = end + 1;
    } else {
        *s = NULL;
    }
    return token;
}

char *strtok_r(char *restrict s, const char *restrict separators, char **restrict state)
{
    if (!s)
        s = *state;
    if (!s)
        return NULL;
    s += strspn(s, separators);
    *state = s;
    return *s ? strsep(state, separators) : (*state = NULL);
}
