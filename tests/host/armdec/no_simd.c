/* Stands in for VFP and Advanced SIMD as long as they are not in the tree: no rows, a text that says so. */
#include <frontends/arm/rows.h>

#include <stdio.h>

__attribute__((weak)) const struct arm_row arm_rows_simd[1] = {{0}};
__attribute__((weak)) const unsigned arm_rows_simd_count = 0;

__attribute__((weak)) size_t arm_disas_simd(const struct arm_insn *i, uint32_t pc, bool thumb,
                                            unsigned it_cond, char *to, size_t size)
{
    (void)i, (void)pc, (void)thumb, (void)it_cond;
    return (size_t)snprintf(to, size, "simd");
}
