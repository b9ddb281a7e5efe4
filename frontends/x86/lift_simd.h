/*
 * Operands of MMX and SSE instructions, for the two files that lift them.
 */
#pragma once

#include "lift_fp.h"
#include "simd.h"

/* Offset of an XMM register. */
size_t simd_xmm(unsigned n);
/* What the MMX operands of the instruction ask for; false: the block was ended before it. */
bool simd_begin(struct x86_lift *a);
/* Address of the memory operand, its alignment checked. */
ir_ref simd_address(struct x86_lift *a, unsigned operand, unsigned kind);
void simd_align_is_gp(struct x86_lift *a);
/* The operand as 128 bits; bytes that it does not have are 0. */
ir_ref simd_value(struct x86_lift *a, unsigned operand);
/* Done as a function of ir_vec.h; false: it is none, or MMX. */
bool simd_by_function(struct x86_lift *a);
/* To a register, MMX or XMM. */
void simd_put(struct x86_lift *a, unsigned operand, ir_ref v);
/* Offset at which a helper finds it. */
uint16_t simd_place(struct x86_lift *a, unsigned operand);
/* Have a helper (struct simd_args) do it; flags and kind, what this one needs besides the result's. */
void simd_by_helper(struct x86_lift *a, unsigned helper, unsigned kind, unsigned flags);
