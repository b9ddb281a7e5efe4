/*
 * Helpers of VFP and Advanced SIMD: HELPER(name), functions arm_helper_name in helpers_vfp.c,
 * helpers_neon.c and helpers_move.c. Arguments: struct simd_args packed (simd_args.h), enum arm_op,
 * immediate. They touch vfp and fpscr in the CPU structure only, so need neither CALL_READS nor
 * CALL_WRITES unless said so here; those that compute in floating point need CALL_FP.
 */
/* clang-format off */
/* vfp: CALL_FP. vmrs_flags: flags := FPSCR's N Z C V, CALL_WRITES. vmrs, vmsr: rd's value in and out;
 * for privileged registers only, may set exit_request */
HELPER(vfp) HELPER(vmrs_flags) HELPER(vmrs) HELPER(vmsr)
/* neon: row (simd_lane_row) instead of the operation */
HELPER(neon) HELPER(neon_move) HELPER(structure_load) HELPER(structure_store)
