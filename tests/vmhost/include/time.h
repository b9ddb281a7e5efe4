/* Clocks: all are the system's monotonic one. */
#pragma once

struct timespec {
    long tv_sec, tv_nsec;
};
#define CLOCK_MONOTONIC         1
#define CLOCK_THREAD_CPUTIME_ID 3

int clock_gettime(int clock, struct timespec *to);
