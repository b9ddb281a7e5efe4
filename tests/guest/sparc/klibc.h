/*
 * What klibc, the SPARC guest's library, lacks of what the programs here call; included before them
 * (tools/guests/sparc.py). A system call is `ta 0x10` with its number in g1; the carry flag says that the
 * result is an error's number.
 */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#define SYS_getppid __NR_getppid
#ifndef MADV_NOHUGEPAGE
#define MADV_NOHUGEPAGE 15
#endif

static inline long syscall3(long number, long a, long b, long c)
{
    register long g1 __asm__("g1") = number;
    register long o0 __asm__("o0") = a;
    register long o1 __asm__("o1") = b;
    register long o2 __asm__("o2") = c;
    long failed;
    __asm__ volatile("ta 0x10\n\taddx %%g0, %%g0, %0"
                     : "=&r"(failed), "+r"(o0), "+r"(o1), "+r"(g1)
                     : "r"(o2)
                     : "memory", "cc");
    if (failed == 0)
        return o0;
    errno = (int)o0;
    return -1;
}

static inline long syscall(long number)
{
    return syscall3(number, 0, 0, 0);
}

static inline int clock_gettime(int clock, struct timespec *t)
{
    return (int)syscall3(__NR_clock_gettime, clock, (long)t, 0);
}

static inline int madvise(void *at, size_t bytes, int advice)
{
    return (int)syscall3(__NR_madvise, (long)at, (long)bytes, advice);
}

static inline int memfd_create(const char *name, unsigned flags)
{
    return (int)syscall3(__NR_memfd_create, (long)name, (long)flags, 0);
}
