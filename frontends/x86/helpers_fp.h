/*
 * Helpers of x87, MMX and SSE, as in helpers.h. They touch the floating-point state in the CPU
 * structure only, so need neither CALL_READS nor CALL_WRITES unless said so here.
 */
/* clang-format off */

/* x87: struct x87_args, linear address, pc; CALL_EXITS; FCOMI and FCMOV as to EFLAGS */
HELPER(x87) HELPER(enter_mmx)
/* a: linear address; CALL_EXITS, CALL_FP */
HELPER(fxsave) HELPER(fxrstor)
HELPER(get_mxcsr) HELPER(put_mxcsr)   /* value in and out; CALL_FP, put: CALL_EXITS */
/* struct simd_args, value of a general register or of memory, linear address (simd.h) */
HELPER(simd) HELPER(simd_float)       /* float: CALL_FP and CALL_EXITS, CALL_WRITES if it compares */
HELPER(mask_move)                     /* CALL_EXITS */
