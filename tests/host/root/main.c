/* Hosted tests of the parts of the root task that are pure. */
#include "test.h"

#include <stdarg.h>

static unsigned passed, failed;

void result(const char *name, bool good, const char *why, ...)
{
    if (good) {
        passed++;
        printf("ok %s\n", name);
        return;
    }
    va_list list;
    va_start(list, why);
    failed++;
    printf("FAIL %s: ", name);
    vprintf(why, list);
    printf("\n");
    va_end(list);
}

uint64_t random_next(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15ULL; /* xorshift64* */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dULL;
}

int main(void)
{
    manifest_tests();
    image_tests();
    extent_tests();
    restart_tests();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
