/* What jit.c writes: a function that returns a number below 65536. */
#pragma once

#include <stdint.h>

/* mov eax, number; ret. No instruction has to be told: the processor notices stores to code. */
static inline void write_function(uint32_t *at, uint32_t number)
{
    volatile uint8_t *code = (volatile uint8_t *)at;
    code[0] = 0xb8;
    for (unsigned n = 0; n < 4; n++)
        code[1 + n] = (uint8_t)(number >> 8 * n);
    code[5] = 0xc3;
}
