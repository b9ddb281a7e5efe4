/* What jit.c writes: a function that returns a number below 65536. */
#pragma once

#include <stdint.h>

/* A32: movw r0, #low; bx lr. */
static inline void write_function(uint32_t *at, uint32_t number)
{
    at[0] = 0xe3000000u | (number & 0xf000) << 4 | (number & 0xfff);
    at[1] = 0xe12fff1eu;
    __builtin___clear_cache((char *)at, (char *)(at + 2));
}
