/* The reference of a test: a program that runs the same cases (reference.c; as a task of the kernel
 * tests/vmhost/reference.c, which has its answers recorded). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What a case and its answer are: structures of 32-bit words if the reference is big-endian. */
struct reference_kind {
    size_t input, output; /* bytes, multiples of 4 */
    bool big_endian;
};

/* Start COMMAND; false: it cannot be. */
bool reference_start(const struct reference_kind *kind, char *const command[]);
/* Have it run `count` cases; false: it is gone. */
bool reference_run(const void *in, void *out, unsigned count);
void reference_stop(void);
