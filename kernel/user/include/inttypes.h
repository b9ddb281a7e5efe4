/*
 * Conversions for the types of stdint.h. Every port so far is LP64: int64_t and intptr_t are long.
 * _Static_assert below says so at compile time.
 */
#pragma once

#include <stdint.h>

typedef struct {
    intmax_t quot, rem;
} imaxdiv_t;
intmax_t strtoimax(const char *restrict s, char **restrict end, int base);
uintmax_t strtoumax(const char *restrict s, char **restrict end, int base);
static inline intmax_t imaxabs(intmax_t n)
{
    return n < 0 ? (intmax_t) - (uintmax_t)n : n;
}
static inline imaxdiv_t imaxdiv(intmax_t n, intmax_t d)
{
    return (imaxdiv_t){n / d, n % d};
}

_Static_assert(sizeof(long) == 8 && sizeof(int) == 4, "LP64");

#define PRId8       "hhd"
#define PRId16      "hd"
#define PRId32      "d"
#define PRId64      "ld"
#define PRIdMAX     "jd"
#define PRIdPTR     "ld"
#define PRIdLEAST8  "hhd"
#define PRIdLEAST16 "hd"
#define PRIdLEAST32 "d"
#define PRIdLEAST64 "ld"

#define PRIi8       "hhi"
#define PRIi16      "hi"
#define PRIi32      "i"
#define PRIi64      "li"
#define PRIiMAX     "ji"
#define PRIiPTR     "li"
#define PRIiLEAST8  "hhi"
#define PRIiLEAST16 "hi"
#define PRIiLEAST32 "i"
#define PRIiLEAST64 "li"

#define PRIo8       "hho"
#define PRIo16      "ho"
#define PRIo32      "o"
#define PRIo64      "lo"
#define PRIoMAX     "jo"
#define PRIoPTR     "lo"
#define PRIoLEAST8  "hho"
#define PRIoLEAST16 "ho"
#define PRIoLEAST32 "o"
#define PRIoLEAST64 "lo"

#define PRIu8       "hhu"
#define PRIu16      "hu"
#define PRIu32      "u"
#define PRIu64      "lu"
#define PRIuMAX     "ju"
#define PRIuPTR     "lu"
#define PRIuLEAST8  "hhu"
#define PRIuLEAST16 "hu"
#define PRIuLEAST32 "u"
#define PRIuLEAST64 "lu"

#define PRIx8       "hhx"
#define PRIx16      "hx"
#define PRIx32      "x"
#define PRIx64      "lx"
#define PRIxMAX     "jx"
#define PRIxPTR     "lx"
#define PRIxLEAST8  "hhx"
#define PRIxLEAST16 "hx"
#define PRIxLEAST32 "x"
#define PRIxLEAST64 "lx"

#define PRIX8       "hhX"
#define PRIX16      "hX"
#define PRIX32      "X"
#define PRIX64      "lX"
#define PRIXMAX     "jX"
#define PRIXPTR     "lX"
#define PRIXLEAST8  "hhX"
#define PRIXLEAST16 "hX"
#define PRIXLEAST32 "X"
#define PRIXLEAST64 "lX"
