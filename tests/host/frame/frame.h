/* What the hosted test programs share: counting results, and random numbers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Print "ok NAME" or "FAIL NAME: why" and count it; returns good. */
bool result(const char *name, bool good, const char *why, ...)
    __attribute__((format(printf, 3, 4)));
/* Say that a test cannot be made on this computer: "skip NAME: why"; it is not counted. */
void result_skip(const char *name, const char *why);
/* 64 random bits; the same sequence in every run. */
uint64_t random_next(void);
/* Where random_next keeps its state. A program with threads brings one that differs between them. */
uint64_t *random_generator(void);
#define RANDOM_START 0x9e3779b97f4a7c15ULL
/* Print "N passed, N failed"; the program's exit status. */
int summary(void);
