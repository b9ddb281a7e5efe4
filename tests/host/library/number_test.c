/* Text to numbers against the host's library; sorting and searching. */
#include "library.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const texts[] = {
    "",
    " ",
    "0",
    "-0",
    "+7",
    "  42x",
    "\t\n 9",
    "-",
    "+-1",
    "0x",
    "0x1f",
    "0X1Fg",
    "0xg",
    "x1",
    "077",
    "08",
    "0b1",
    "zz",
    "Zz9",
    "-0x10",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "-18446744073709551615",
    "99999999999999999999999",
    "1 2",
    "--1",
    "1777777777777777777777",
    "7fffffffffffffff",
    "10000000000000000",
    "12345678901234567890abc",
};
static const int bases[] = {0, 10, 16, 8, 2, 36, 7};

static void test_strto(void)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t k = 0; k < sizeof(bases) / sizeof(bases[0]); k++) {
            char *mine, *theirs;
            *errno_location() = errno = 0;
            long long x = t_strtoll(texts[i], &mine, bases[k]);
            long long y = strtoll(texts[i], &theirs, bases[k]);
            if (x != y || mine != theirs || (*errno_location() == ERANGE) != (errno == ERANGE)) {
                result("strtoll", false, "\"%s\" base %d: %lld, not %lld", texts[i], bases[k], x,
                       y);
                return;
            }
            *errno_location() = errno = 0;
            unsigned long long u = t_strtoull(texts[i], &mine, bases[k]);
            unsigned long long v = strtoull(texts[i], &theirs, bases[k]);
            if (u != v || mine != theirs || (*errno_location() == ERANGE) != (errno == ERANGE)) {
                result("strtoull", false, "\"%s\" base %d: %llu, not %llu", texts[i], bases[k], u,
                       v);
                return;
            }
        }
    }
    result("strtoll", true, " ");
    result("strtoull", true, " ");
    *errno_location() = 0;
    char *end;
    result("strtoll.bad_base", t_strtoll("1", &end, 37) == 0 && *errno_location() == EINVAL,
           "accepted");
    result("atoi", t_atoi(" -12z") == -12, "wrong");
}

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void test_sort(void)
{
    bool good = true;
    unsigned bad = 0;
    for (unsigned round = 0; round < 2000 && good; round++) {
        size_t n = below(100);
        int mine[100], theirs[100];
        for (size_t i = 0; i < n; i++)
            mine[i] = theirs[i] = (int)below(round % 2 ? 10 : 100000);
        t_qsort(mine, n, sizeof(int), compare_ints);
        qsort(theirs, n, sizeof(int), compare_ints);
        good = !memcmp(mine, theirs, n * sizeof(int));
        for (int key = -1; key < 12 && good; key++) {
            int *hit = t_bsearch(&key, mine, n, sizeof(int), compare_ints);
            bool there = bsearch(&key, theirs, n, sizeof(int), compare_ints) != NULL;
            good = there ? hit && *hit == key : !hit;
        }
        bad = round;
    }
    result("qsort_bsearch", good, "round %u", bad);

    struct odd {
        char bytes[7];
    } odd[40];
    for (unsigned i = 0; i < 40; i++)
        snprintf(odd[i].bytes, sizeof(odd[i].bytes), "%u", (unsigned)below(1000));
    t_qsort(odd, 40, sizeof(odd[0]), (int (*)(const void *, const void *))strcmp);
    good = true;
    for (unsigned i = 1; i < 40; i++)
        good = good && strcmp(odd[i - 1].bytes, odd[i].bytes) <= 0;
    result("qsort.odd_size", good, "not sorted");
}

void number_tests(void)
{
    test_strto();
    test_sort();
}
