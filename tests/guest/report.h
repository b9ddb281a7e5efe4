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

static inline void report(const char *name, double value, const char *unit)
{
    printf("bench %s %.3f %s\n", name, value, unit);
    fflush(stdout);
}
