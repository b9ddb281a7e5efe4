/*
 * How the operands of VFP and Advanced SIMD helpers are packed into one word, and what the helper
 * files share.
 */
#pragma once

#include "arm_cpu.h"
#include "insn.h"
#include <translator/softfloat.h>

struct simd_args {
    uint8_t vd, vn, vm, size, q, x;
    uint16_t simd;
};
_Static_assert(sizeof(struct simd_args) == 8, "one word");

static inline uint64_t simd_pack(const struct arm_insn *i)
{
    struct simd_args a = {i->vd, i->vn, i->vm, i->size, i->q, i->x, i->simd};
    uint64_t word;
    __builtin_memcpy(&word, &a, 8);
    return word;
}
static inline struct simd_args simd_unpack(uint64_t word)
{
    struct simd_args a;
    __builtin_memcpy(&a, &word, 8);
    return a;
}

/* The number by which the helper `neon` knows op; *fp: it computes in floating point. */
unsigned simd_lane_row(unsigned op, unsigned x, bool *fp);

/* Or the exceptions of s into FPSCR's cumulative bits (helpers_vfp.c). */
void simd_raise(struct arm_cpu *c, const struct sf *s);
