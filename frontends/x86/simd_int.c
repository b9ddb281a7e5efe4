/*
 * MMX and SSE instructions that are functions of ir_vec.h: which, and the helper that calls them where the
 * IR would not do: MMX, whose operands have 8 bytes, and results for general registers.
 */
#include <string.h>

#include "simd.h"

/* Row of an instruction + 1. */
static const uint8_t rows[X86_OPS] = {
/* clang-format off */
#define SAME(name) [X86_##name] = VEC_##name + 1,
    SAME(PADDB) SAME(PADDW) SAME(PADDD) SAME(PADDQ) SAME(PADDSB) SAME(PADDSW) SAME(PADDUSB)
    SAME(PADDUSW) SAME(PSUBB) SAME(PSUBW) SAME(PSUBD) SAME(PSUBQ) SAME(PSUBSB) SAME(PSUBSW)
    SAME(PSUBUSB) SAME(PSUBUSW) SAME(PMULLW) SAME(PMULHW) SAME(PMULHUW) SAME(PMULUDQ) SAME(PMADDWD)
    SAME(PSADBW) SAME(PAVGB) SAME(PAVGW) SAME(PMINUB) SAME(PMINSW) SAME(PMAXUB) SAME(PMAXSW)
    SAME(PAND) SAME(PANDN) SAME(POR) SAME(PXOR) SAME(PCMPEQB) SAME(PCMPEQW) SAME(PCMPEQD)
    SAME(PCMPGTB) SAME(PCMPGTW) SAME(PCMPGTD) SAME(PSLLW) SAME(PSLLD) SAME(PSLLQ) SAME(PSRLW)
    SAME(PSRLD) SAME(PSRLQ) SAME(PSRAW) SAME(PSRAD) SAME(PSLLDQ) SAME(PSRLDQ) SAME(PACKSSWB)
    SAME(PACKSSDW) SAME(PACKUSWB) SAME(PUNPCKLBW) SAME(PUNPCKLWD) SAME(PUNPCKLDQ) SAME(PUNPCKLQDQ)
    SAME(PUNPCKHBW) SAME(PUNPCKHWD) SAME(PUNPCKHDQ) SAME(PUNPCKHQDQ) SAME(PSHUFW) SAME(PSHUFD)
    SAME(PSHUFLW) SAME(PSHUFHW) SAME(SHUFPS) SAME(SHUFPD) SAME(MOVDDUP) SAME(MOVSHDUP)
    SAME(MOVSLDUP) SAME(PMOVMSKB) SAME(MOVMSKPS) SAME(MOVMSKPD) SAME(PEXTRW) SAME(PINSRW)
    SAME(PSHUFB) SAME(PALIGNR) SAME(PABSB) SAME(PABSW) SAME(PABSD) SAME(PSIGNB) SAME(PSIGNW)
    SAME(PSIGND) SAME(PHADDW) SAME(PHADDD) SAME(PHADDSW) SAME(PHSUBW) SAME(PHSUBD) SAME(PHSUBSW)
    SAME(PMADDUBSW) SAME(PMULHRSW)
    SAME(ADDSS) SAME(ADDSD) SAME(SUBSS) SAME(SUBSD) SAME(MULSS) SAME(MULSD) SAME(DIVSS) SAME(DIVSD)
    SAME(SQRTSS) SAME(SQRTSD) SAME(CVTSS2SD) SAME(CVTSD2SS)
    SAME(ADDPS) SAME(ADDPD) SAME(SUBPS) SAME(SUBPD) SAME(MULPS) SAME(MULPD) SAME(DIVPS) SAME(DIVPD)
    SAME(SQRTPS) SAME(SQRTPD) SAME(MINPS) SAME(MINPD) SAME(MINSS) SAME(MINSD) SAME(MAXPS)
    SAME(MAXPD) SAME(MAXSS) SAME(MAXSD) SAME(CMPPS) SAME(CMPPD) SAME(CMPSS) SAME(CMPSD)
    SAME(CVTDQ2PS) SAME(CVTPS2DQ) SAME(CVTTPS2DQ) SAME(CVTPS2PD) SAME(CVTPD2PS) SAME(CVTDQ2PD)
    SAME(CVTPD2DQ) SAME(CVTTPD2DQ)
#undef SAME
    [X86_ANDPS] = VEC_PAND + 1, [X86_ANDPD] = VEC_PAND + 1, [X86_ANDNPS] = VEC_PANDN + 1,
    [X86_ANDNPD] = VEC_PANDN + 1, [X86_ORPS] = VEC_POR + 1, [X86_ORPD] = VEC_POR + 1,
    [X86_XORPS] = VEC_PXOR + 1, [X86_XORPD] = VEC_PXOR + 1, [X86_UNPCKLPS] = VEC_PUNPCKLDQ + 1,
    [X86_UNPCKLPD] = VEC_PUNPCKLQDQ + 1, [X86_UNPCKHPS] = VEC_PUNPCKHDQ + 1,
    [X86_UNPCKHPD] = VEC_PUNPCKHQDQ + 1,
    /* clang-format on */
};

int simd_row(unsigned op)
{
    return rows[op] - 1;
}

vec_function *simd_integer(unsigned op)
{
    return rows[op] == 0 ? NULL : vec_integer[rows[op] - 1];
}

/* a: struct simd_args. The result for a general register. */
uint64_t x86_helper_simd(struct cpu *cpu, uint64_t word, uint64_t b, uint64_t d)
{
    struct simd_args a;
    uint8_t *state = (uint8_t *)cpu;
    union vec to = {.q = {0, 0}}, from = {.q = {0, 0}};
    (void)b, (void)d;
    memcpy(&a, &word, sizeof a);
    unsigned bytes = a.flags & SIMD_MMX ? 8 : 16;
    memcpy(&from, state + a.s, a.flags & SIMD_SHORT ? 8 : 16);
    if (a.flags & SIMD_GENERAL) {
        simd_integer(a.op)(&to, &from, a.imm, a.flags & SIMD_SHORT ? 8 : 16);
        return to.q[0];
    }
    memcpy(&to, state + a.d, bytes);
    simd_integer(a.op)(&to, &from, a.imm, bytes);
    memcpy(state + a.d, &to, bytes);
    return 0;
}
