/*
 * 128-bit vectors with SSE2, and SSSE3 and SSE4.1 where they are there. None of these change EFLAGS,
 * but calls of C where SSSE3 is not.
 */
#include <translator/ir_vec.h>

#include "lower.h"

/* Rows by log2 of the lane's bytes; 0: done otherwise. */
static const uint8_t row_add[] = {X_PADDB, X_PADDW, X_PADDD, X_PADDQ};
static const uint8_t row_sub[] = {X_PSUBB, X_PSUBW, X_PSUBD, X_PSUBQ};
static const uint8_t row_eq[] = {X_PCMPEQB, X_PCMPEQW, X_PCMPEQD, X_PCMPEQQ};
static const uint8_t row_gt[] = {X_PCMPGTB, X_PCMPGTW, X_PCMPGTD, X_PCMPGTD};
static const uint8_t row_shl[] = {X_PSLLW_I, X_PSLLW_I, X_PSLLD_I, X_PSLLQ_I};
static const uint8_t row_shr[] = {X_PSRLW_I, X_PSRLW_I, X_PSRLD_I, X_PSRLQ_I};
static const uint8_t row_sar[] = {X_PSRAW_I, X_PSRAW_I, X_PSRAD_I, X_PSRAD_I};

/* Host instructions of the rows of ir_vec.h. */
static const uint16_t vec_host[VEC_COUNT] = {
/* clang-format off */
#define SAME(name) [VEC_##name] = X_##name,
    SAME(PADDSB) SAME(PADDSW) SAME(PADDUSB) SAME(PADDUSW) SAME(PSUBSB) SAME(PSUBSW) SAME(PSUBUSB)
    SAME(PSUBUSW) SAME(PMULHW) SAME(PMULHUW) SAME(PMULUDQ) SAME(PMADDWD) SAME(PSADBW) SAME(PAVGB)
    SAME(PAVGW) SAME(PMINSW) SAME(PMAXUB) SAME(PMAXSW) SAME(PSLLW) SAME(PSLLD) SAME(PSLLQ)
    SAME(PSRLW) SAME(PSRLD) SAME(PSRLQ) SAME(PSRAW) SAME(PSRAD) SAME(PACKSSWB) SAME(PACKSSDW)
    SAME(PACKUSWB) SAME(PUNPCKLBW) SAME(PUNPCKLWD) SAME(PUNPCKLDQ) SAME(PUNPCKLQDQ) SAME(PUNPCKHBW)
    SAME(PUNPCKHWD) SAME(PUNPCKHDQ) SAME(PUNPCKHQDQ) SAME(PSHUFD) SAME(PSHUFLW) SAME(PSHUFHW)
    SAME(SHUFPS) SAME(SHUFPD) SAME(MOVSS) SAME(MOVSD)
    SAME(ADDSS) SAME(ADDSD) SAME(SUBSS) SAME(SUBSD) SAME(MULSS) SAME(MULSD) SAME(DIVSS) SAME(DIVSD)
    SAME(SQRTSS) SAME(SQRTSD) SAME(CVTSS2SD) SAME(CVTSD2SS)
    SAME(PSHUFB) SAME(PALIGNR) SAME(PABSB) SAME(PABSW) SAME(PABSD) SAME(PSIGNB) SAME(PSIGNW)
    SAME(PSIGND) SAME(PHADDW) SAME(PHADDD) SAME(PHADDSW) SAME(PHSUBW) SAME(PHSUBD) SAME(PHSUBSW)
    SAME(PMADDUBSW) SAME(PMULHRSW)
    SAME(ADDPS) SAME(ADDPD) SAME(SUBPS) SAME(SUBPD) SAME(MULPS)
    SAME(MULPD) SAME(DIVPS) SAME(DIVPD) SAME(SQRTPS) SAME(SQRTPD) SAME(MINPS) SAME(MINPD)
    SAME(MINSS) SAME(MINSD) SAME(MAXPS) SAME(MAXPD) SAME(MAXSS) SAME(MAXSD) SAME(CMPPS) SAME(CMPPD)
    SAME(CMPSS) SAME(CMPSD) SAME(CVTDQ2PS) SAME(CVTPS2DQ) SAME(CVTTPS2DQ) SAME(CVTPS2PD)
    SAME(CVTPD2PS) SAME(CVTDQ2PD) SAME(CVTPD2DQ) SAME(CVTTPD2DQ)
    [VEC_PSLLDQ] = X_PSLLDQ_I, [VEC_PSRLDQ] = X_PSRLDQ_I,
#undef SAME
    /* clang-format on */
};

static unsigned sse(struct gen *g, enum x86_op op, unsigned d, unsigned s, int32_t imm)
{
    x86_rr(&g->c, op, false, d, s, imm);
    return d;
}

/* d := a op b for rows that destroy their first operand. */
static unsigned binary(struct gen *g, enum x86_op op, ir_ref ra, ir_ref rb, bool commutes)
{
    if (commutes && g->v[ra].place == P_STATE && g->v[rb].place != P_STATE) {
        ir_ref t = ra;
        ra = rb;
        rb = t;
    }
    unsigned a = xmm_of(g, ra);
    struct operand b = xoperand_of(g, rb, 16);
    unsigned d = dst_xmm(g, ra == rb ? 0 : ra);
    xmov(g, d, a);
    x_apply(g, op, false, d, &b);
    return d;
}

/* 32-bit lanes without pmulld: two multiplications of the even and odd lanes. */
static void multiply32(struct gen *g, const struct ir_ins *i)
{
    unsigned a = xmm_of(g, i->a), b = xmm_of(g, i->b), t = xscratch(g), u = xscratch(g);
    unsigned d = dst_xmm(g, 0);
    sse(g, X_PSHUFD, t, a, 0xf5); /* lanes 1 and 3 to 0 and 2 */
    sse(g, X_PSHUFD, u, b, 0xf5);
    sse(g, X_PMULUDQ, t, u, 0);
    xmov(g, d, a);
    sse(g, X_PMULUDQ, d, b, 0);
    sse(g, X_PSHUFD, d, d, 0x08); /* lanes 0 and 2 together */
    sse(g, X_PSHUFD, t, t, 0x08);
    sse(g, X_PUNPCKLDQ, d, t, 0);
}

static void equal(struct gen *g, const struct ir_ins *i)
{
    unsigned lane = i->aux & 3;
    if (lane < 3 || (x86_features & HAS_SSE41)) {
        binary(g, row_eq[lane], i->a, i->b, true);
        return;
    }
    unsigned d = binary(g, X_PCMPEQD, i->a, i->b, true), t = xscratch(g);
    sse(g, X_PSHUFD, t, d, 0xb1); /* both halves of each lane */
    sse(g, X_PAND, d, t, 0);
}

/* t := the byte k in every lane. */
static void splat_byte(struct gen *g, unsigned t, unsigned k)
{
    unsigned r = scratch(g);
    x86_const(&g->c, r, k * 0x01010101u);
    x86_rr(&g->c, X_MOVD, false, t, r, 0);
    sse(g, X_PSHUFD, t, t, 0);
}

/* Shifts of bytes: of words, then the bits that crossed over are cut off. */
static void shift(struct gen *g, const struct ir_ins *i)
{
    unsigned lane = i->aux & 3, n = (unsigned)i->imm;
    const uint8_t *row = i->op == IR_vshl ? row_shl : i->op == IR_vshr ? row_shr : row_sar;
    bool bytes = lane == 0, sar = i->op == IR_vsar;
    unsigned a = xmm_of(g, i->a), d = dst_xmm(g, i->a);
    xmov(g, d, a);
    x86_rr(&g->c, bytes && sar ? X_PSRLW_I : row[lane], false, 0, d, (int32_t)n);
    if (!bytes)
        return;
    unsigned t = xscratch(g);
    splat_byte(g, t, i->op == IR_vshl ? 0xffu << n & 0xff : 0xffu >> n);
    sse(g, X_PAND, d, t, 0);
    if (sar) { /* extend the sign: (x ^ s) - s */
        splat_byte(g, t, 0x80u >> n);
        sse(g, X_PXOR, d, t, 0);
        sse(g, X_PSUBB, d, t, 0);
    }
}

static void splat(struct gen *g, const struct ir_ins *i)
{
    unsigned lane = i->aux & 3, a = reg_of(g, i->a), d = dst_xmm(g, 0);
    if (i->op == IR_vsplat64) {
        x86_rr(&g->c, X_MOVD, true, d, a, 0);
        sse(g, X_PUNPCKLQDQ, d, d, 0);
        return;
    }
    x86_rr(&g->c, X_MOVD, false, d, a, 0);
    if (lane == 0)
        sse(g, X_PUNPCKLBW, d, d, 0);
    if (lane <= 1)
        sse(g, X_PSHUFLW, d, d, 0);
    sse(g, X_PSHUFD, d, d, 0);
}

/* PMOVMSKB, which has a register form only. */
static void mask(struct gen *g, const struct ir_ins *i)
{
    unsigned a = xmm_of(g, i->a), d = dst_reg(g, 0), rex = 0x40 | d >> 3 << 2 | a >> 3;
    x86_byte(&g->c, 0x66);
    if (rex != 0x40)
        x86_byte(&g->c, rex);
    x86_byte(&g->c, 0x0f);
    x86_byte(&g->c, 0xd7);
    x86_byte(&g->c, 0xc0 | (d & 7) << 3 | (a & 7));
}

static void halves(struct gen *g, const struct ir_ins *i)
{
    if (i->op == IR_vmake && is_const(g, i->b) && const_of(g, i->b) == 0) {
        unsigned lo = reg_of(g, i->a);
        x86_rr(&g->c, X_MOVD, true, dst_xmm(g, 0), lo, 0);
        return;
    }
    if (i->op == IR_vmake) {
        unsigned lo = reg_of(g, i->a), hi = reg_of(g, i->b), t = xscratch(g), d = dst_xmm(g, 0);
        x86_rr(&g->c, X_MOVD, true, d, lo, 0);
        x86_rr(&g->c, X_MOVD, true, t, hi, 0);
        sse(g, X_PUNPCKLQDQ, d, t, 0);
        return;
    }
    unsigned a = xmm_of(g, i->a);
    if (i->op == IR_vhigh) {
        unsigned t = xscratch(g);
        sse(g, X_PSHUFD, t, a, 0xee);
        a = t;
    }
    x86_rr(&g->c, X_MOVD_M, true, a, dst_reg(g, 0), 0);
}

/* ---- functions of ir_vec.h ---------------------------------------------------------------------- */

/* In C: operands in slots A, B and C, RESULT; the result in A, B. */
static void by_c(struct gen *g, const struct ir_ins *i)
{
    struct mem a = state_mem(slot_off(SLOT_A)), b = state_mem(slot_off(SLOT_C));
    flags_clobber(g);
    x87_flush(g);
    x86_rm(&g->c, X_MOVUPS_M, false, xmm_of(g, i->a), &a, 0);
    x86_rm(&g->c, X_MOVUPS_M, false, xmm_of(g, i->b), &b, 0);
    alloc_spill_all(g, false);
    x86_const(&g->c, RDX, (uint64_t)i->imm);
    x86_const(&g->c, R15, (uint64_t)(uintptr_t)x86_vector_run);
    g->calls = true;
    x86_call_to(&g->c, g->s->call[0]);
    alloc_lost(g);
    x86_rm(&g->c, X_MOVUPS, false, dst_xmm(g, 0), &a, 0);
}

/* The host has all of them but, if it is old, those of SSSE3. */
static void function(struct gen *g, const struct ir_ins *i)
{
    unsigned row = (unsigned)i->imm & 0xff;
    if (row >= VEC_PSHUFB && row <= VEC_PMULHRSW && !(x86_features & HAS_SSSE3)) {
        by_c(g, i);
        return;
    }
    int32_t imm = (int32_t)(i->imm >> 8 & 0xff);
    char class = vec_class[row];
    if (class == 'D') {
        unsigned a = xmm_of(g, i->a), d = dst_xmm(g, i->a);
        xmov(g, d, a);
        x86_rr(&g->c, vec_host[row], false, 0, d, imm);
    } else if (class == 'U' || class == 'C') {
        unsigned b = xmm_of(g, i->b), d = dst_xmm(g, i->b);
        sse(g, vec_host[row], d, b, imm);
    } else {
        unsigned a = xmm_of(g, i->a);
        struct operand b = {.kind = O_REG};
        if (class == 'R') /* from memory they are other instructions */
            b.reg = (uint8_t)xmm_of(g, i->b);
        else
            b = xoperand_of(g, i->b, 16);
        unsigned d = dst_xmm(g, i->a == i->b ? 0 : i->a);
        xmov(g, d, a);
        if (b.kind == O_MEM)
            x86_rm(&g->c, vec_host[row], false, d, &b.m, imm);
        else
            x86_rr(&g->c, vec_host[row], false, d, b.reg, imm);
    }
}

void lower_vec(struct gen *g, const struct ir_ins *i)
{
    unsigned lane = i->aux & 3;
    switch (i->op) {
    case IR_vadd:
        binary(g, row_add[lane], i->a, i->b, true);
        break;
    case IR_vsub:
        binary(g, row_sub[lane], i->a, i->b, false);
        break;
    case IR_vmul:
        if (lane == 1)
            binary(g, X_PMULLW, i->a, i->b, true);
        else if (x86_features & HAS_SSE41)
            binary(g, X_PMULLD, i->a, i->b, true);
        else
            multiply32(g, i);
        break;
    case IR_vand:
        binary(g, X_PAND, i->a, i->b, true);
        break;
    case IR_vor:
        binary(g, X_POR, i->a, i->b, true);
        break;
    case IR_vxor:
        binary(g, X_PXOR, i->a, i->b, true);
        break;
    case IR_vandn:
        binary(g, X_PANDN, i->a, i->b, false);
        break;
    case IR_veq:
        equal(g, i);
        break;
    case IR_vgts:
        binary(g, row_gt[lane], i->a, i->b, false);
        break;
    case IR_vminu:
        binary(g, X_PMINUB, i->a, i->b, true);
        break;
    case IR_vmask:
        mask(g, i);
        break;
    case IR_vshl:
    case IR_vshr:
    case IR_vsar:
        shift(g, i);
        break;
    case IR_vop:
    case IR_vfop:
        function(g, i);
        break;
    case IR_vsplat:
    case IR_vsplat64:
        splat(g, i);
        break;
    default:
        halves(g, i);
    }
}
