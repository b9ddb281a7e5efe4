/* The smallest test frame: each test prints one line, the end a count. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* "ok NAME" if good, else "FAIL NAME: why" (printf-like). */
void result(const char *name, bool good, const char *why, ...)
    __attribute__((format(printf, 3, 4)));
/* A repeatable sequence of random numbers. */
uint64_t random_next(void);

void manifest_tests(void);
void image_tests(void);
void extent_tests(void);
void restart_tests(void);
