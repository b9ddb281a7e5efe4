/* What the host can do beyond x86-64 with SSE2 (Intel SDM vol. 2, CPUID). */
#include "x86_64.h"

#include <cpuid.h>

unsigned x86_features;

/* FMA uses VEX-encoded vector registers: the system must have switched them on (XCR0 bits 1, 2). */
static bool vector_state(unsigned ecx)
{
    unsigned lo, hi;
    if (!(ecx & 1u << 27))
        return false;
    __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (lo & 6) == 6;
}

unsigned x86_detect(void)
{
    unsigned a, b, c, d, found = 0, ebx7 = 0, ecx_ext = 0;
    __cpuid(1, a, b, c, d);
    unsigned ecx1 = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
        ebx7 = b;
    if (__get_cpuid(0x80000001, &a, &b, &c, &d))
        ecx_ext = c;
    found |= (ecx_ext & 1u << 5) && (ebx7 & 1u << 3) ? HAS_LZCNT : 0;
    found |= ebx7 & 1u << 8 ? HAS_BMI2 : 0;
    found |= (ecx1 & 1u << 12) && vector_state(ecx1) ? HAS_FMA : 0;
    found |= ecx1 & 1u << 22 ? HAS_MOVBE : 0;
    found |= ecx1 & 1u << 23 ? HAS_POPCNT : 0;
    found |= ecx1 & 1u << 19 ? HAS_SSE41 : 0;
    found |= ecx1 & 1u << 9 ? HAS_SSSE3 : 0;
    return found;
}
