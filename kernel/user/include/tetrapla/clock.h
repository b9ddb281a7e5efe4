/*
 * The clock server's protocol: calls to the endpoint grant "clock". Word 0 is the operation; the
 * answer's word 0 is a status, and answers have 2 words.
 */
#pragma once

#include <stdint.h>

enum clock_op {
    CLOCK_NOW = 0, /* → w1 = nanoseconds since 1970-01-01 00:00:00 UTC */
};

/* Wall time. OK; BAD_HANDLE if the task has no grant "clock"; WOULD_BLOCK if the machine has no
 * working real-time clock; otherwise the status of the call. On a failure *ns is 0. */
int clock_now(uint64_t *ns);
