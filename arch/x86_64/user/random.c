/* Random bytes by RDRAND (Intel SDM vol. 1, 7.3.17): a result is there when the carry flag is set; an
 * idle generator answers within ten tries. */
#include <cpuid.h>
#include <string.h>
#include <tetrapla/random.h>

#define TRIES 10

static bool random_word(unsigned long long *out)
{
    unsigned char good = 0;
    for (int i = 0; i < TRIES && !good; i++)
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(good) : : "cc");
    return good;
}

bool random_bytes(void *to, size_t size)
{
    unsigned a, b, c, d;
    unsigned long long word = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_RDRND))
        return false;
    for (size_t at = 0, n; at < size; at += n) {
        if (!random_word(&word))
            return false;
        n = size - at < sizeof word ? size - at : sizeof word;
        memcpy((char *)to + at, &word, n);
    }
    return true;
}
