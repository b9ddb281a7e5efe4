/*
 * Functions on two 128-bit operands: what IR_vop and IR_vfop name, beside the vector operations that
 * the IR has of its own. SS and SD leave the rest of d. They are those of x86's SSE2 and SSSE3 and have its
 * mnemonics (SDM vol. 2), because one frontend has them as instructions and one backend as well;
 * others may use what fits.
 *
 * A row is VEC(name, class). Classes:
 *   I  integers: d and s give d
 *   R  the same, between registers: the low 4 or 8 bytes of s
 *   H  as I, and imm: a shuffle or a predicate
 *   U  s and imm alone
 *   D  d and imm alone: shifts of the whole by bytes
 *   F  floating point, rounding and exceptions as for the IR's scalars; only with NAN_X86 (guest.h)
 *   G  as F, with a predicate in imm
 *   C  as F, of s alone: packed conversions and roots
 *   -  C function only, not for the IR: results for general registers, and what the IR has
 */
#pragma once

#include <translator/guest.h>

/* clang-format off */
#define VEC_ROWS                                                                                    \
    VEC(PADDB, -) VEC(PADDW, -) VEC(PADDD, -) VEC(PADDQ, -)                                         \
    VEC(PADDSB, I) VEC(PADDSW, I) VEC(PADDUSB, I) VEC(PADDUSW, I)                                   \
    VEC(PSUBB, -) VEC(PSUBW, -) VEC(PSUBD, -) VEC(PSUBQ, -)                                         \
    VEC(PSUBSB, I) VEC(PSUBSW, I) VEC(PSUBUSB, I) VEC(PSUBUSW, I)                                   \
    VEC(PMULLW, -) VEC(PMULHW, I) VEC(PMULHUW, I) VEC(PMULUDQ, I) VEC(PMADDWD, I) VEC(PSADBW, I)    \
    VEC(PAVGB, I) VEC(PAVGW, I) VEC(PMINUB, -) VEC(PMINSW, I) VEC(PMAXUB, I) VEC(PMAXSW, I)         \
    VEC(PAND, -) VEC(PANDN, -) VEC(POR, -) VEC(PXOR, -)                                             \
    VEC(PCMPEQB, -) VEC(PCMPEQW, -) VEC(PCMPEQD, -) VEC(PCMPGTB, -) VEC(PCMPGTW, -) VEC(PCMPGTD, -) \
    VEC(PSLLW, I) VEC(PSLLD, I) VEC(PSLLQ, I) VEC(PSRLW, I) VEC(PSRLD, I) VEC(PSRLQ, I)             \
    VEC(PSRAW, I) VEC(PSRAD, I) VEC(PSLLDQ, D) VEC(PSRLDQ, D)                                       \
    VEC(PACKSSWB, I) VEC(PACKSSDW, I) VEC(PACKUSWB, I)                                              \
    VEC(PUNPCKLBW, I) VEC(PUNPCKLWD, I) VEC(PUNPCKLDQ, I) VEC(PUNPCKLQDQ, I)                        \
    VEC(PUNPCKHBW, I) VEC(PUNPCKHWD, I) VEC(PUNPCKHDQ, I) VEC(PUNPCKHQDQ, I)                        \
    VEC(PSHUFW, -) VEC(PSHUFD, U) VEC(PSHUFLW, U) VEC(PSHUFHW, U) VEC(SHUFPS, H) VEC(SHUFPD, H)     \
    VEC(MOVDDUP, -) VEC(MOVSHDUP, -) VEC(MOVSLDUP, -)                                               \
    VEC(PMOVMSKB, -) VEC(MOVMSKPS, -) VEC(MOVMSKPD, -) VEC(PEXTRW, -) VEC(PINSRW, -)                \
    VEC(MOVSS, R) VEC(MOVSD, R)                                                                     \
    VEC(PSHUFB, I) VEC(PALIGNR, H) VEC(PABSB, U) VEC(PABSW, U) VEC(PABSD, U)                        \
    VEC(PSIGNB, I) VEC(PSIGNW, I) VEC(PSIGND, I) VEC(PHADDW, I) VEC(PHADDD, I) VEC(PHADDSW, I)      \
    VEC(PHSUBW, I) VEC(PHSUBD, I) VEC(PHSUBSW, I) VEC(PMADDUBSW, I) VEC(PMULHRSW, I)                \
    VEC(ADDPS, F) VEC(ADDPD, F) VEC(ADDSS, F) VEC(ADDSD, F)                                         \
    VEC(SUBPS, F) VEC(SUBPD, F) VEC(SUBSS, F) VEC(SUBSD, F)                                         \
    VEC(MULPS, F) VEC(MULPD, F) VEC(MULSS, F) VEC(MULSD, F)                                         \
    VEC(DIVPS, F) VEC(DIVPD, F) VEC(DIVSS, F) VEC(DIVSD, F)                                         \
    VEC(SQRTPS, C) VEC(SQRTPD, C) VEC(SQRTSS, F) VEC(SQRTSD, F)                                     \
    VEC(MINPS, F) VEC(MINPD, F) VEC(MINSS, F) VEC(MINSD, F)                                         \
    VEC(MAXPS, F) VEC(MAXPD, F) VEC(MAXSS, F) VEC(MAXSD, F)                                         \
    VEC(CMPPS, G) VEC(CMPPD, G) VEC(CMPSS, G) VEC(CMPSD, G)                                         \
    VEC(CVTDQ2PS, C) VEC(CVTPS2DQ, C) VEC(CVTTPS2DQ, C) VEC(CVTPS2PD, C) VEC(CVTPD2PS, C)           \
    VEC(CVTDQ2PD, C) VEC(CVTPD2DQ, C) VEC(CVTTPD2DQ, C) VEC(CVTSS2SD, F) VEC(CVTSD2SS, F)

enum vec_row {
#define VEC(name, class) VEC_##name,
    VEC_ROWS
#undef VEC
    VEC_COUNT
};
/* clang-format on */

/* The letter of its class. */
extern const char vec_class[VEC_COUNT];
/* The operation for it; IR_END: none. */
static inline enum ir_op vec_op(unsigned row)
{
    char c = vec_class[row];
    return c == '-' ? IR_END : c == 'F' || c == 'G' || c == 'C' ? IR_vfop : IR_vop;
}

/* imm of IR_vop and IR_vfop. */
static inline int64_t vec_imm(unsigned row, unsigned imm)
{
    return (int64_t)(row | imm << 8);
}

union vec {
    uint8_t b[16];
    uint16_t h[8];
    uint32_t w[4];
    uint64_t q[2];
};

/* d := function of d, s and imm; of the low 8 or of all 16 bytes. Integers only. */
typedef void vec_function(union vec *d, const union vec *s, unsigned imm, unsigned bytes);
extern vec_function *const vec_integer[VEC_COUNT];

/* IR_vop or IR_vfop with this imm: *d of *d and *s. */
void vec_run(struct cpu *cpu, enum nan_rule nan, int64_t imm, union vec *d, const union vec *s);
