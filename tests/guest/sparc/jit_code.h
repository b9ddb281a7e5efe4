/* What jit.c writes: a function that returns a number below 65536. */
#pragma once

#include <stdint.h>

/* sethi %hi(number), %o0; retl; or %o0, %lo(number), %o0. Every 8 bytes have to be told. */
static inline void write_function(uint32_t *at, uint32_t number)
{
    at[0] = 0x11000000u | number >> 10;
    at[1] = 0x81c3e008u;
    at[2] = 0x90122000u | (number & 0x3ff);
    __asm__ volatile("flush %0\n\tflush %0 + 8" : : "r"(at) : "memory");
}
