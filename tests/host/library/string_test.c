/* memory and string functions: every size and overlap that matters, and random strings against the
 * host's library. */
#include "library.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROUNDS 20000

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void test_copy(void)
{
    enum { SIZE = 700 };
    unsigned char mine[SIZE], theirs[SIZE];
    bool good = true;
    size_t bad_n = 0;
    for (size_t n = 0; n <= 300 && good; n++) {
        for (unsigned k = 0; k < 60 && good; k++) {
            for (size_t i = 0; i < SIZE; i++)
                mine[i] = theirs[i] = (unsigned char)random_next();
            size_t from = below(SIZE - n), to = k < 30 ? below(SIZE - n) : from + below(40);
            if (to > SIZE - n)
                to = SIZE - n;
            void *r = t_memmove(mine + to, mine + from, n);
            memmove(theirs + to, theirs + from, n);
            good = r == mine + to && !memcmp(mine, theirs, SIZE);
            bad_n = n;
        }
    }
    result("memmove.all_overlaps", good, "n = %zu", bad_n);

    good = true;
    for (size_t n = 0; n <= 300 && good; n++) {
        size_t at = below(16);
        memset(mine, 0x5a, SIZE);
        memset(theirs, 0x5a, SIZE);
        good = t_memset(mine + at, (int)(n + 0x77), n) == mine + at;
        memset(theirs + at, (int)(n + 0x77), n);
        good = good && !memcmp(mine, theirs, SIZE);
        bad_n = n;
    }
    result("memset.sizes", good, "n = %zu", bad_n);

    unsigned char *big = malloc(1 << 20), *copy = malloc(1 << 20);
    for (size_t i = 0; i < 1 << 20; i++)
        big[i] = (unsigned char)random_next();
    result("memcpy.megabyte",
           t_memcpy(copy + 1, big + 3, (1 << 20) - 8) == copy + 1 &&
               !memcmp(copy + 1, big + 3, (1 << 20) - 8),
           "contents differ");
    result("mempcpy", t_mempcpy(copy, big, 5) == copy + 5, "wrong end");
    free(big);
    free(copy);
}

/* Strings over a small alphabet, so that matches happen. Each lies at the end of its own block, so
 * that the sanitizer sees a read beyond it. */
static char *random_string(size_t max)
{
    size_t n = below(max);
    char *s = malloc(n + 1);
    for (size_t i = 0; i < n; i++)
        s[i] = "abcAB \xe9"[below(7)];
    s[n] = 0;
    return s;
}

struct round {
    char *a, *b;
    size_t la, lb, n;
    int c;
};

static bool compare_agrees(const struct round *r)
{
    size_t least = r->la < r->lb ? r->la : r->lb;
    return sign(t_strcmp(r->a, r->b)) == sign(strcmp(r->a, r->b)) &&
           sign(t_strncmp(r->a, r->b, r->n)) == sign(strncmp(r->a, r->b, r->n)) &&
           sign(t_strcasecmp(r->a, r->b)) == sign(strcasecmp(r->a, r->b)) &&
           sign(t_strncasecmp(r->a, r->b, r->n)) == sign(strncasecmp(r->a, r->b, r->n)) &&
           sign(t_memcmp(r->a, r->b, least)) == sign(memcmp(r->a, r->b, least));
}

static bool search_agrees(const struct round *r)
{
    return t_strlen(r->a) == r->la && t_strnlen(r->a, r->n) == strnlen(r->a, r->n) &&
           t_strchr(r->a, r->c) == strchr(r->a, r->c) &&
           t_strrchr(r->a, r->c) == strrchr(r->a, r->c) &&
           t_strchrnul(r->a, r->c) == strchrnul(r->a, r->c) &&
           t_strstr(r->a, r->b) == strstr(r->a, r->b) &&
           t_strpbrk(r->a, r->b) == strpbrk(r->a, r->b) &&
           t_strspn(r->a, r->b) == strspn(r->a, r->b) &&
           t_strcspn(r->a, r->b) == strcspn(r->a, r->b) &&
           t_memchr(r->a, r->c, r->la) == memchr(r->a, r->c, r->la) &&
           t_memrchr(r->a, r->c, r->la) == memrchr(r->a, r->c, r->la) &&
           t_memmem(r->a, r->la, r->b, r->lb) == memmem(r->a, r->la, r->b, r->lb);
}

static bool copy_agrees(const struct round *r)
{
    char mine[64], theirs[64];
    memset(mine, 'x', sizeof(mine));
    memset(theirs, 'x', sizeof(theirs));
    bool good = t_strcpy(mine, r->a) == mine;
    strcpy(theirs, r->a);
    good = good && t_strcat(mine, r->b) == mine && t_strncat(mine, r->a, r->n) == mine;
    strcat(theirs, r->b);
    strncat(theirs, r->a, r->n);
    good = good && !memcmp(mine, theirs, sizeof(mine));
    good = good && t_strncpy(mine, r->a, r->n) == mine;
    strncpy(theirs, r->a, r->n);
    good = good && !memcmp(mine, theirs, sizeof(mine));
    char *end = t_memccpy(mine, r->a, r->c, r->la), *other = memccpy(theirs, r->a, r->c, r->la);
    good = good && (end ? end - mine : -1) == (other ? other - theirs : -1);
    return good && !memcmp(mine, theirs, sizeof(mine)) && t_stpcpy(mine, r->a) == mine + r->la;
}

static bool tokens_agree(const struct round *r)
{
    char mine[64], theirs[64], *state, *their_state;
    strcpy(mine, r->a);
    strcpy(theirs, r->a);
    char *x = t_strtok_r(mine, r->b, &state), *y = strtok_r(theirs, r->b, &their_state);
    while (x && y && !strcmp(x, y)) {
        x = t_strtok_r(NULL, r->b, &state);
        y = strtok_r(NULL, r->b, &their_state);
    }
    if (x || y)
        return false;
    char *s = strcpy(mine, r->a), *t = strcpy(theirs, r->a);
    do {
        x = t_strsep(&s, r->b);
        y = strsep(&t, r->b);
        if (!x != !y || (x && strcmp(x, y)))
            return false;
    } while (x);
    return true;
}

static void against_host(const char *name, bool (*agrees)(const struct round *))
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct round r = {.a = random_string(20), .b = random_string(i % 2 ? 4 : 20)};
        r.la = strlen(r.a);
        r.lb = strlen(r.b);
        r.n = below(24);
        r.c = i % 5 ? "abcAB \xe9"[below(7)] : 0;
        if (!agrees(&r)) {
            result(name, false, "a = \"%s\" b = \"%s\" c = %d n = %zu", r.a, r.b, r.c, r.n);
            free(r.a);
            free(r.b);
            return;
        }
        free(r.a);
        free(r.b);
    }
    result(name, true, " ");
}

static void test_sized(void)
{
    char s[8] = "";
    bool good = t_strlcpy(s, "hello", sizeof(s)) == 5 && !strcmp(s, "hello");
    good = good && t_strlcpy(s, "hello world", sizeof(s)) == 11 && !strcmp(s, "hello w");
    good = good && t_strlcpy(s, "a", 0) == 1 && !strcmp(s, "hello w");
    result("strlcpy", good, "s = \"%s\"", s);
    strcpy(s, "ab");
    good = t_strlcat(s, "cd", sizeof(s)) == 4 && !strcmp(s, "abcd");
    good = good && t_strlcat(s, "efghijk", sizeof(s)) == 11 && !strcmp(s, "abcdefg");
    good = good && t_strlcat(s, "x", 3) == 4 && !strcmp(s, "abcdefg");
    result("strlcat", good, "s = \"%s\"", s);
    char *d = t_strdup("copy"), *e = t_strndup("copy", 2);
    result("strdup", d && e && !strcmp(d, "copy") && !strcmp(e, "co"), "wrong copy");
    t_free(d);
    t_free(e);
    result("strerror", t_strerror(12) && t_strerror(-1) && t_strerror(99999), "NULL");
}

void string_tests(void)
{
    test_copy();
    against_host("string.compare", compare_agrees);
    against_host("string.search", search_agrees);
    against_host("string.copy", copy_agrees);
    against_host("string.tokens", tokens_agree);
    test_sized();
}
