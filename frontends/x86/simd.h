/*
 * MMX and SSE instructions as functions on two 128-bit operands: the long tail that the IR does not
 * have, and every floating-point instruction while an exception is unmasked.
 *
 * Operands are found by offset in the CPU structure: a register, or `operand`, where lifting puts
 * what it loaded. An MMX operand is 8 bytes in the low half.
 */
#pragma once

#include "insn.h"
#include "x86_cpu.h"

union simd {
    uint8_t b[16];
    uint16_t h[8];
    uint32_t w[4];
    uint64_t q[2];
};

struct simd_args {
    uint16_t op;   /* enum x86_op */
    uint16_t d, s; /* offsets of destination and source */
    uint8_t imm;
    uint8_t flags; /* enum simd_flag */
};
enum simd_flag {
    SIMD_MMX = 1,     /* the destination is an MMX register: 8 bytes */
    SIMD_GENERAL = 2, /* the result goes to a general register */
    SIMD_SHORT = 4,   /* a count or source of 8 bytes: MMX */
};
_Static_assert(sizeof(struct simd_args) == 8, "one word");

/* d := function of d, s and imm; bytes: 8 for MMX, else 16. */
typedef void simd_function(union simd *d, const union simd *s, unsigned imm, unsigned bytes);
/* NULL: op is not an integer instruction of the table (simd_int.c). */
simd_function *simd_integer(unsigned op);
