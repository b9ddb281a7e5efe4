/* What the lifting files of VFP and Advanced SIMD share. */
#pragma once

#include "lift.h"
#include "simd_args.h"

/* Where registers lie in the CPU structure. */
#define SIMD_S(n) (offsetof(struct arm_cpu, vfp) + 4u * (n))
#define SIMD_D(n) (offsetof(struct arm_cpu, vfp) + 8u * (n))

/* Call a helper of helpers_simd.h with operands `packed`, the operation and the immediate. */
void simd_call(struct arm_lift *a, unsigned helper, uint64_t packed, unsigned kind);

/* D reg (q: Q) as a vector; the upper half of a D is unused; and back. */
ir_ref simd_get_vector(struct arm_lift *a, unsigned reg, bool q);
void simd_put_vector(struct arm_lift *a, unsigned reg, bool q, ir_ref v);
/* A lane of D reg as an i32 whose upper bits are unknown; and back. log2: 0 to 2. */
ir_ref simd_get_lane(struct arm_lift *a, unsigned reg, unsigned log2, unsigned lane);
void simd_put_lane(struct arm_lift *a, unsigned reg, unsigned log2, unsigned lane, ir_ref v);

void simd_lift_neon(struct arm_lift *a);
void simd_lift_memory(struct arm_lift *a);
