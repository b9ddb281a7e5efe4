/*
 * The format of the decoding rows in a32.h, t32.h, t16.h, vfp.h and neon.h, and the tables made
 * of them.
 *
 *     ROW("cccc 0000 100S nnnn dddd hhhh htt0 mmmm", ADD, REG, fix_shift, "A8.8.7 A1")
 *
 * that is pattern, operation (without ARM_), form (without FORM_), fixup or 0, section of the
 * manual and encoding. A pattern has 32 signs (T16: 16), bit 31 (15) first, blanks do not count:
 *
 *     0 1   the bit must be so
 *     - +   should be 0, should be 1; ignored, as the encoding is UNPREDICTABLE otherwise
 *     letter  bit of a field of struct arm_insn; the bits of one letter are concatenated in order
 *
 *     c cond   S s        d rd    n rn    m rm     a ra       t shift_type   h shift    i imm
 *     x x      P p        U u     W w     T user   l lsb      b width        r regs     k cp
 *     f op1    g op2      y crn   z crm   q q      e size     s simd         v imm_carry
 *     D vd     N vn       M vm    (bits 0-3, or all of it)
 *     A vd     B vn       C vm    (bit 4: the manual's D, N and M bits)
 *
 * After the bits, assignments, in order: `S=2` sets a field to a number, `n=d` to another field's
 * value, `i<<2` shifts a field left. Fields not named are 0; cond is 14 without `c`.
 *
 * Then the fixup runs for whatever is not a plain field; it gets the code in the form of the
 * pattern and says false if the row does not hold after all, so that the next matching row is tried.
 * The first row that matches wins: special cases come before the general case. An encoding that no
 * row takes is ARM_UNDEFINED; a fixup may say so too by setting op.
 *
 * Rows of A32 beginning with cccc never match condition 15; rows beginning with 1111 match nothing
 * else. T32 shares rows with A32: coprocessor, VFP and Advanced SIMD instructions (A6.3.18, A7.2) are
 * A32 words of condition 14 or 15, after a small change of the first byte for Advanced SIMD:
 *
 *     T32 111U 1111 ...  =  A32 1111 001U ...   data processing
 *     T32 1111 1001 ...  =  A32 1111 0100 ...   elements and structures, bit 20 clear
 *
 * so vfp.h and neon.h have one row for both sets, in A32 form (the fixup is told which set it is;
 * i->raw keeps the code as it was).
 */
#pragma once

#include "insn.h"

typedef bool arm_fix(struct arm_insn *i, uint32_t code, bool thumb);

struct arm_row {
    const char *pattern;
    uint16_t op;  /* enum arm_op */
    uint8_t form; /* enum arm_form */
    arm_fix *fix; /* or 0 */
    const char *section;
};

#define ROW(pattern, op, form, fix, section) {pattern, ARM_##op, FORM_##form, fix, section},

/* fixups.c: a32.h, t32.h, t16.h with their fixups. */
extern const struct arm_row arm_rows_a32[], arm_rows_t32[], arm_rows_t16[];
extern const unsigned arm_rows_a32_count, arm_rows_t32_count, arm_rows_t16_count;
/* fixups_simd.c: vfp.h and neon.h with theirs. They come after those of a32.h, which have no rows
 * for coprocessors 10 and 11 and for the Advanced SIMD space. */
extern const struct arm_row arm_rows_simd[];
extern const unsigned arm_rows_simd_count;

/* The fields of the letters, for decode.c and tests. size 0: no such letter. */
struct arm_field {
    uint8_t offset, size; /* in struct arm_insn, bytes */
    uint8_t shift;        /* bit 0 of the letter is this bit of the field */
};
extern const struct arm_field arm_fields[128];

/* Disassemble an operation of ops_simd.h (disas_simd.c). Parameters and result as for
 * arm_disas_insn. */
size_t arm_disas_simd(const struct arm_insn *i, uint32_t pc, bool thumb, unsigned it_cond, char *to,
                      size_t size);
/* True for operations of ops_simd.h. */
static inline bool arm_op_is_simd(unsigned op)
{
    return op > ARM_STC;
}
