/* The frame of the hosted tests: one line a result, a summary at the end. */
#include "frame.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned passed, failed;

bool result(const char *name, bool good, const char *why, ...)
{
    if (good) {
        passed++;
        printf("ok %s\n", name);
        return good;
    }
    va_list list;
    va_start(list, why);
    failed++;
    printf("FAIL %s: ", name);
    vprintf(why, list);
    printf("\n");
    va_end(list);
    return good;
}

__attribute__((weak)) uint64_t *random_generator(void)
{
    static uint64_t state = RANDOM_START;
    return &state;
}

void result_skip(const char *name, const char *why)
{
    printf("skip %s: %s\n", name, why);
}

uint64_t random_next(void)
{
    uint64_t *state = random_generator(); /* xorshift64* */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dULL;
}

int summary(void)
{
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
