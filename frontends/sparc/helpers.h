/*
 * Helpers of translated code: HELPER(name), functions sparc_helper_name; the numbers are enum
 * sparc_helper. Arguments of 32 bits may arrive with any upper half.
 */
/* clang-format off */

/* windows and system registers (helpers.c) */
HELPER(save) HELPER(restore) HELPER(rett) HELPER(go_rett) HELPER(ticc) HELPER(rdpsr) HELPER(wrpsr) HELPER(wrtbr)
HELPER(udiv) HELPER(sdiv)

/* alternate spaces (asi.c): a address, b value, c ASI and size */
HELPER(load_alternate) HELPER(store_alternate) HELPER(swap_alternate)

/* floating point (helpers_fp.c) */
HELPER(fpop) HELPER(ldfsr) HELPER(stfsr)
