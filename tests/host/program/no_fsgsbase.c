/* Preloaded into the hosted program: a computer without FSGSBASE, or a Linux that does not say so. */
#include <sys/auxv.h>

unsigned long getauxval(unsigned long type)
{
    (void)type;
    return 0;
}
