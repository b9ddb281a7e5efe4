/*
 * How guest programs report: a line "bench NAME VALUE UNIT" for each figure; tools/bench-cpu reads
 * them among whatever else the console shows. Time is the guest's monotonic clock.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <time.h>

static inline double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* `value` is below 2^32. */
static inline void report(const char *name, double value, const char *unit)
{
    /* Not every library's printf knows %f. */
    unsigned whole = (unsigned)value, thousandths = (unsigned)((value - whole) * 1000);
    printf("bench %s %u.%03u %s\n", name, whole, thousandths, unit);
    fflush(stdout);
}
