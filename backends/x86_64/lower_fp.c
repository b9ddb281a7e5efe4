/*
 * Floating point with SSE, exact as softfloat.
 *
 * The host's result and flags are the guest's unless the result is a NaN (rules for choosing NaNs
 * differ) or is tiny (x86 detects tininess after rounding, ARM and SPARC before), but for a guest
 * with x86's rules, which the host has. Both are seen by
 * one or two compares of the result; the cold path computes again in software and merges its flags,
 * which are a superset of the host's. Operands stay in their registers for that, so results get a
 * register of their own. Conversions to integers go the same way when out of range.
 */
#include "lower.h"

static bool wide_of(unsigned type)
{
    return type == IR_F64;
}

static struct mem constant(const struct gen *g, enum x86_constant k)
{
    return (struct mem){
        .base = NO_REG, .index = NO_REG, .rip = true, .at = g->s->constant + 16 * k};
}

static struct cold *soft(struct gen *g, unsigned op, unsigned d, unsigned a, unsigned b, unsigned c)
{
    struct cold *k = add_cold(g, COLD_SOFT);
    k->soft = (uint8_t)op;
    k->reg = (uint8_t)d;
    k->a = (uint8_t)a;
    k->b = (uint8_t)b;
    k->c = (uint8_t)c;
    return k;
}

/* The guest's rules are the host's: nothing is to be looked at. */
static bool as_host(const struct gen *g)
{
    return g->k->frontend->nan == NAN_X86;
}

/* To the cold path if d is a NaN, or tiny (a zero comes back at once). */
static void check(struct gen *g, struct cold *k, unsigned d, bool wide, bool tiny)
{
    if (tiny) {
        unsigned t = xscratch(g);
        struct mem mask = constant(g, wide ? K_ABS64 : K_ABS32);
        struct mem least = constant(g, wide ? K_MIN64 : K_MIN32);
        x86_rr(&g->c, X_MOVAPS, false, t, d, 0);
        x86_rm(&g->c, X_ANDPS, false, t, &mask, 0);
        x86_rm(&g->c, wide ? X_UCOMISD : X_UCOMISS, false, t, &least, 0);
        k->zero_good = true;
        k->field[k->fields++] = x86_jcc(&g->c, CC_BE, 0); /* also unordered */
    } else {
        x86_rr(&g->c, wide ? X_UCOMISD : X_UCOMISS, false, d, d, 0);
        k->field[k->fields++] = x86_jcc(&g->c, CC_P, 0);
    }
    k->back = code_offset(&g->c);
}

struct fp_row {
    uint8_t op32, op64, soft;
    bool tiny;
};
static const struct fp_row rows[] = {
    [IR_fadd - IR_fadd] = {X_ADDSS, X_ADDSD, SOFT_ADD, false},
    [IR_fsub - IR_fadd] = {X_SUBSS, X_SUBSD, SOFT_SUB, false},
    [IR_fmul - IR_fadd] = {X_MULSS, X_MULSD, SOFT_MUL, true},
    [IR_fdiv - IR_fadd] = {X_DIVSS, X_DIVSD, SOFT_DIV, true},
    [IR_fsqrt - IR_fadd] = {X_SQRTSS, X_SQRTSD, SOFT_SQRT, false},
};

static void arithmetic(struct gen *g, const struct ir_ins *i)
{
    const struct fp_row *r = &rows[i->op - IR_fadd];
    bool wide = wide_of(i->type), one = i->op == IR_fsqrt;
    flags_clobber(g);
    unsigned a = xmm_of(g, i->a), b = one ? a : xmm_of(g, i->b), d = dst_xmm(g, 0);
    xmov(g, d, a);
    x86_rr(&g->c, wide ? r->op64 : r->op32, false, d, b, 0);
    if (!as_host(g))
        check(g, soft(g, r->soft + wide, d, a, b, a), d, wide, r->tiny);
}

static void fused(struct gen *g, const struct ir_ins *i)
{
    bool wide = wide_of(i->type);
    flags_clobber(g);
    unsigned a = xmm_of(g, i->a), b = xmm_of(g, i->b), c = xmm_of(g, i->c), d = dst_xmm(g, 0);
    if (x86_features & HAS_FMA) {
        xmov(g, d, c);
        x86_vex(&g->c, wide ? X_FMASD : X_FMASS, wide, d, a, b, 0);
        check(g, soft(g, SOFT_FMA + wide, d, a, b, c), d, wide, true);
        return;
    }
    struct cold *k = soft(g, SOFT_FMA + wide, d, a, b, c);
    k->field[k->fields++] = x86_jmp(&g->c, 0);
    k->back = code_offset(&g->c);
}

static void sign(struct gen *g, const struct ir_ins *i)
{
    bool wide = wide_of(i->type), neg = i->op == IR_fneg;
    struct mem m = constant(g, neg ? wide ? K_SIGN64 : K_SIGN32 : wide ? K_ABS64 : K_ABS32);
    unsigned a = xmm_of(g, i->a), d = dst_xmm(g, i->a);
    xmov(g, d, a);
    x86_rm(&g->c, neg ? X_XORPS : X_ANDPS, false, d, &m, 0);
}

static void compare(struct gen *g, const struct ir_ins *i)
{
    bool wide = wide_of(i->type);
    flags_clobber(g);
    unsigned a = xmm_of(g, i->a);
    struct operand b = xoperand_of(g, i->b, wide ? 8 : 4);
    if (i->op == IR_fcmp)
        x_apply(g, wide ? X_UCOMISD : X_UCOMISS, false, a, &b);
    else
        x_apply(g, wide ? X_COMISD : X_COMISS, false, a, &b);
    flags_now(g);
}

static void convert(struct gen *g, const struct ir_ins *i)
{
    bool narrow = i->op == IR_fnarrow;
    flags_clobber(g);
    unsigned a = xmm_of(g, i->a), d = dst_xmm(g, 0);
    x86_rr(&g->c, X_XORPS, false, d, d, 0); /* no dependency on the old contents */
    x86_rr(&g->c, narrow ? X_CVTSD2SS : X_CVTSS2SD, false, d, a, 0);
    if (!as_host(g))
        check(g, soft(g, narrow ? SOFT_NARROW : SOFT_WIDEN, d, a, a, a), d, !narrow, narrow);
}

static void from_int(struct gen *g, const struct ir_ins *i)
{
    unsigned a = reg_of(g, i->a), d = dst_xmm(g, 0);
    x86_rr(&g->c, X_XORPS, false, d, d, 0);
    x86_rr(&g->c, wide_of(i->type) ? X_CVTSI2SD : X_CVTSI2SS, !(i->imm & 1), d, a, 0);
}

static void to_int(struct gen *g, const struct ir_ins *i)
{
    static const uint8_t op[2][2] = {{X_CVTSS2SI, X_CVTTSS2SI}, {X_CVTSD2SI, X_CVTTSD2SI}};
    bool wide = i->op == IR_toint64, is_signed = i->imm & 1;
    flags_clobber(g);
    unsigned a = xmm_of(g, i->a), d = dst_reg(g, 0); /* before any jump: it may store */
    if (i->imm & 4) {
        x86_rr(&g->c, op[wide][i->imm >> 1 & 1], false, d, a, 0);
        return;
    }
    struct cold *k = soft(g, SOFT_TOINT + 2 * (unsigned)(i->imm & 3) + wide, d, a, a, a);
    if (!is_signed) { /* outside 0 to 2^32 - 1 in software, before the host sets wrong flags */
        unsigned t = xscratch(g);
        struct mem most = constant(g, wide ? K_MAXU64 : K_MAXU32);
        x86_rr(&g->c, X_XORPS, false, t, t, 0);
        x86_rr(&g->c, wide ? X_UCOMISD : X_UCOMISS, false, a, t, 0);
        k->field[k->fields++] = x86_jcc(&g->c, CC_B, 0);
        x86_rm(&g->c, wide ? X_UCOMISD : X_UCOMISS, false, a, &most, 0);
        k->field[k->fields++] = x86_jcc(&g->c, CC_A, 0);
    }
    x86_rr(&g->c, op[wide][i->imm >> 1 & 1], !is_signed, d, a, 0);
    if (is_signed) { /* the host answers 0x80000000 when it cannot */
        x86_rr(&g->c, X_CMP_I, false, 0, d, 1);
        k->field[k->fields++] = x86_jcc(&g->c, CC_O, 0);
    }
    k->back = code_offset(&g->c);
}

static void bits(struct gen *g, const struct ir_ins *i)
{
    bool w = i->op == IR_dbitsto || i->op == IR_dbitsof;
    if (i->op == IR_bitsto || i->op == IR_dbitsto) {
        unsigned a = reg_of(g, i->a);
        x86_rr(&g->c, X_MOVD, w, dst_xmm(g, 0), a, 0);
    } else {
        unsigned a = xmm_of(g, i->a);
        x86_rr(&g->c, X_MOVD_M, w, a, dst_reg(g, 0), 0);
    }
}

void lower_fp(struct gen *g, const struct ir_ins *i)
{
    switch (i->op) {
    case IR_fma:
        fused(g, i);
        break;
    case IR_fneg:
    case IR_fabs:
        sign(g, i);
        break;
    case IR_fcmp:
    case IR_fcmps:
        compare(g, i);
        break;
    case IR_fwiden:
    case IR_fnarrow:
        convert(g, i);
        break;
    case IR_fromint:
        from_int(g, i);
        break;
    case IR_toint32:
    case IR_toint64:
        to_int(g, i);
        break;
    case IR_bitsto:
    case IR_bitsof:
    case IR_dbitsto:
    case IR_dbitsof:
        bits(g, i);
        break;
    default:
        arithmetic(g, i);
    }
}
