/* Flags of operations, as operations with trait k (ir_ops.h) give them. */
#include "interp.h"

uint32_t interp_logic_flags(uint64_t r, unsigned width)
{
    uint32_t f = (uint32_t)(r >> (width - 1) & 1) << 7;
    if (r == 0)
        f |= NZ_Z;
    if (!__builtin_parity((unsigned)r & 0xff))
        f |= NZ_P;
    return f;
}

/* Bit k of `carries` is the carry (or borrow) into bit k, by a ^ b ^ r; the one out of the top bit
 * follows from the operands' and the result's top bits. */
uint32_t interp_sum_flags(uint64_t a, uint64_t b, uint64_t r, unsigned width, bool minus)
{
    uint64_t carries = a ^ b ^ r;
    uint64_t out = minus ? ((~a & b) | ((~a | b) & r)) : ((a & b) | ((a | b) & ~r));
    uint32_t carry_in = (uint32_t)(carries >> (width - 1)) & 1;
    uint32_t carry_out = (uint32_t)(out >> (width - 1)) & 1;
    return interp_logic_flags(r, width) | ((uint32_t)carries & NZ_A) | carry_out << 8 |
           (carry_in ^ carry_out) << 16;
}
