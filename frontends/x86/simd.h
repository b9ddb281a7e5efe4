/*
 * MMX and SSE instructions as functions on two 128-bit operands: the long tail that the IR does not
 * have, and every floating-point instruction while an exception is unmasked.
 *
 * Operands are found by offset in the CPU structure: a register, or `operand`, where lifting puts
 * what it loaded. An MMX operand is 8 bytes in the low half.
 */
#pragma once

#include <translator/ir_vec.h>

#include "insn.h"
#include "x86_cpu.h"

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

/* Row of ir_vec.h that is the instruction, or -1. */
int simd_row(unsigned op);
/* NULL: op is not an integer instruction of ir_vec.h. */
vec_function *simd_integer(unsigned op);
