/*
 * IR_vop and IR_vfop in C: the integer functions (ir_vec_int.c), and the packed floating-point ones lane by lane from what
 * ir_run.c does for one number, so rounding, exceptions and denormals are those of the IR's scalars.
 */
#include <string.h>

#include <translator/ir_run.h>
#include <translator/ir_vec.h>

/* clang-format off */
const char vec_class[VEC_COUNT] = {
#define VEC(name, class) [VEC_##name] = #class[0],
    VEC_ROWS
#undef VEC
};
/* clang-format on */

#define MXCSR_DAZ 0x0040u

struct run {
    struct cpu *cpu;
    enum nan_rule nan;
    unsigned imm;
};

static uint64_t scalar(const struct run *r, unsigned op, unsigned t, uint64_t a, uint64_t b)
{
    return ir_run_float(r->cpu, r->nan, op, t, 0, a, b, 0);
}

static uint64_t convert(const struct run *r, unsigned op, unsigned t, int64_t imm, uint64_t a)
{
    return ir_run_float(r->cpu, r->nan, op, t, imm, a, 0, 0);
}

/* An operand as DAZ lets it be seen. */
static uint64_t seen(const struct run *r, unsigned t, uint64_t v)
{
    uint64_t sign = t == IR_F32 ? 0x80000000u : 1ull << 63;
    uint64_t exponent = t == IR_F32 ? 0x7f800000u : 0x7ffull << 52;
    return (r->cpu->mxcsr & MXCSR_DAZ) != 0 && (v & exponent) == 0 ? v & sign : v;
}

/* Equal or unordered: the second operand (SDM vol. 2, MINPS). */
static uint64_t extreme(const struct run *r, unsigned t, bool least, uint64_t a, uint64_t b)
{
    uint64_t f = scalar(r, IR_fcmps, t, a, b);
    bool unordered = f & NZ_P, less = !unordered && (f & IR_RUN_C);
    bool greater = !unordered && !(f & IR_RUN_C) && !(f & NZ_Z);
    return seen(r, t, (least ? less : greater) ? a : b);
}

/* Equal, less, less or equal, unordered; bit 2 inverts (SDM vol. 2, CMPPS). */
static uint64_t compare(const struct run *r, unsigned t, uint64_t a, uint64_t b)
{
    unsigned p = r->imm & 3;
    uint64_t f = scalar(r, p == 1 || p == 2 ? IR_fcmps : IR_fcmp, t, a, b);
    bool unordered = f & NZ_P, less = !unordered && (f & IR_RUN_C);
    bool equal = !unordered && (f & NZ_Z);
    bool holds = p == 0 ? equal : p == 1 ? less : p == 2 ? less || equal : unordered;
    return holds != (r->imm >> 2 & 1) ? ~0ull : 0;
}

/* One lane; the rows of a kind are PS, PD, SS, SD. */
static uint64_t lane(const struct run *r, unsigned first, unsigned t, uint64_t a, uint64_t b)
{
    switch (first) {
    case VEC_ADDPS:
        return scalar(r, IR_fadd, t, a, b);
    case VEC_SUBPS:
        return scalar(r, IR_fsub, t, a, b);
    case VEC_MULPS:
        return scalar(r, IR_fmul, t, a, b);
    case VEC_DIVPS:
        return scalar(r, IR_fdiv, t, a, b);
    case VEC_SQRTPS:
        return scalar(r, IR_fsqrt, t, b, b);
    case VEC_MINPS:
    case VEC_MAXPS:
        return extreme(r, t, first == VEC_MINPS, a, b);
    default:
        return compare(r, t, a, b);
    }
}

static void lanes(const struct run *r, unsigned row, union vec *d, const union vec *s)
{
    static const uint8_t firsts[] = {VEC_CMPPS, VEC_MAXPS, VEC_MINPS, VEC_SQRTPS,
                                     VEC_DIVPS, VEC_MULPS, VEC_SUBPS, VEC_ADDPS};
    unsigned n = 0;
    while (row < firsts[n])
        n++;
    unsigned first = firsts[n], shape = row - first, count = shape >= 2 ? 1 : shape == 0 ? 4 : 2;
    for (n = 0; n < count; n++)
        if (shape % 2 == 0)
            d->w[n] = (uint32_t)lane(r, first, IR_F32, d->w[n], s->w[n]);
        else
            d->q[n] = lane(r, first, IR_F64, d->q[n], s->q[n]);
}

static void conversion(const struct run *r, unsigned row, union vec *d, const union vec *s)
{
    int64_t to = 1 | 4 | (row == VEC_CVTTPS2DQ || row == VEC_CVTTPD2DQ ? 2 : 0);
    union vec v = {.q = {0, 0}};
    if (row == VEC_CVTSS2SD) {
        d->q[0] = convert(r, IR_fwiden, IR_F64, 0, s->w[0]);
        return;
    }
    if (row == VEC_CVTSD2SS) {
        d->w[0] = (uint32_t)convert(r, IR_fnarrow, IR_F32, 0, s->q[0]);
        return;
    }
    for (unsigned n = 0; n < 4; n++)
        if (row == VEC_CVTDQ2PS)
            v.w[n] = (uint32_t)convert(r, IR_fromint, IR_F32, 1, s->w[n]);
        else if (row == VEC_CVTPS2DQ || row == VEC_CVTTPS2DQ)
            v.w[n] = (uint32_t)convert(r, IR_toint32, IR_I32, to, s->w[n]);
        else if (n >= 2)
            break;
        else if (row == VEC_CVTPS2PD)
            v.q[n] = convert(r, IR_fwiden, IR_F64, 0, s->w[n]);
        else if (row == VEC_CVTPD2PS)
            v.w[n] = (uint32_t)convert(r, IR_fnarrow, IR_F32, 0, s->q[n]);
        else if (row == VEC_CVTDQ2PD)
            v.q[n] = convert(r, IR_fromint, IR_F64, 1, s->w[n]);
        else
            v.w[n] = (uint32_t)convert(r, IR_toint64, IR_I32, to, s->q[n]);
    *d = v;
}

void vec_run(struct cpu *cpu, enum nan_rule nan, int64_t imm, union vec *d, const union vec *s)
{
    unsigned row = (unsigned)imm & 0xff;
    struct run r = {.cpu = cpu, .nan = nan, .imm = (unsigned)imm >> 8 & 0xff};
    union vec count = {.q = {r.imm, 0}};
    if (vec_class[row] == 'D')
        vec_integer[row](d, &count, 0, 16);
    else if (vec_op(row) == IR_vop)
        vec_integer[row](d, s, r.imm, 16);
    else if (row >= VEC_CVTDQ2PS)
        conversion(&r, row, d, s);
    else
        lanes(&r, row, d, s);
}
