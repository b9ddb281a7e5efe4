/*
 * Helpers: HELPER(name), functions x86_helper_name; the numbers are enum x86_helper. Arguments of 32
 * bits may arrive with any upper half.
 */
/* clang-format off */

/* integer instructions (helpers.c) */
HELPER(divide) HELPER(cmpxchg8b) HELPER(decimal) HELPER(rotate_carry) HELPER(shift_double)
HELPER(bound) HELPER(get_flags) HELPER(put_flags) HELPER(get_eflags) HELPER(put_eflags) HELPER(sti)

/* strings (strings.c) */
HELPER(string)

/* segments (segments.c): linear: offset, seg | size << 8 | kind << 24 */
HELPER(linear) HELPER(load_segment) HELPER(lldt) HELPER(ltr) HELPER(look_up) HELPER(adjust_rpl)
HELPER(code_limit) HELPER(forget_codes)

/* control transfers (transfer.c, transfer_return.c); results: where to go on, linear */
HELPER(far_transfer) HELPER(far_return) HELPER(interrupt_return) HELPER(sysenter) HELPER(sysexit)

/* the same, and load_segment if the mode changes, then vm_redirect_named (direct.c) */
HELPER(go_return) HELPER(go_interrupt) HELPER(go_sysenter) HELPER(go_sysexit)
HELPER(go_load_segment)

/* system (system.c, msr.c, cpuid.c) */
HELPER(get_control) HELPER(put_control) HELPER(get_debug) HELPER(put_debug) HELPER(lmsw)
HELPER(invlpg) HELPER(check_iopl) HELPER(v86_iopl) HELPER(port_in) HELPER(port_out)
HELPER(cpuid) HELPER(rdtsc) HELPER(rdpmc) HELPER(rdmsr) HELPER(wrmsr) HELPER(break_code) HELPER(watch)

#include "helpers_fp.h"
