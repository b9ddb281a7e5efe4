/*
 * Helpers of the integer and system instructions: HELPER(name), functions arm_helper_name in
 * helpers.c and cp15.c; the numbers are enum arm_helper. Arguments of 32 bits may arrive with any
 * upper half.
 */
/* clang-format off */

/* status registers; results of msr, cps: not 0 if the block has to be left (helpers.c) */
HELPER(msr_cpsr) HELPER(msr_spsr) HELPER(cps) HELPER(put_nzcv)
HELPER(return_spsr) HELPER(return_value) HELPER(go_spsr) HELPER(go_value) HELPER(call)
HELPER(put_dacr) HELPER(user_get) HELPER(user_put)
HELPER(srs_address) HELPER(srs_back) HELPER(use_fp)

/* system registers (cp15.c): a = row of the table, b = value */
HELPER(cp15_read) HELPER(cp15_write) HELPER(cp15_read64) HELPER(cp15_write64)
HELPER(firmware) HELPER(barrier)
/* an access to one that does not exist is about to be undefined: a = its name (lift_system.c), b = where */
HELPER(unknown_register)
