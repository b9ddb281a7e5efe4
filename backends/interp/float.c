/*
 * Floating point: exact arithmetic in integers (softfloat.h) with the guest's rounding mode, and
 * exception flags collected in cpu->mxcsr, whose format this file knows (Intel SDM vol. 1, 10.2.3).
 */
#include <translator/softfloat.h>

#include "interp.h"

/* Rounding control, MXCSR bits 13–14. */
static unsigned rounding(uint32_t mxcsr)
{
    static const uint8_t modes[4] = {SF_NEAREST, SF_DOWN, SF_UP, SF_ZERO};
    return modes[mxcsr >> 13 & 3];
}

/* Exception flags, MXCSR bits 0–5: IE DE ZE OE UE PE. */
static uint32_t exceptions(uint32_t flags)
{
    return (flags & SF_INVALID ? 0x01u : 0) | (flags & SF_INPUT_DENORMAL ? 0x02u : 0) |
           (flags & SF_DIVZERO ? 0x04u : 0) | (flags & SF_OVERFLOW ? 0x08u : 0) |
           (flags & SF_UNDERFLOW ? 0x10u : 0) | (flags & SF_INEXACT ? 0x20u : 0);
}

static uint32_t relation_flags(enum sf_relation r)
{
    static const uint32_t flags[] = {[SF_LESS] = 1u << 8,
                                     [SF_EQUAL] = NZ_Z,
                                     [SF_GREATER] = 0,
                                     [SF_UNORDERED] = NZ_Z | NZ_P | 1u << 8};
    return flags[r];
}

static uint64_t single(struct sf *s, const struct iop *o, uint32_t a, uint32_t b, uint32_t c)
{
    switch (o->code) {
    case IR_fadd:
        return sf32_add(s, a, b);
    case IR_fsub:
        return sf32_sub(s, a, b);
    case IR_fmul:
        return sf32_mul(s, a, b);
    case IR_fdiv:
        return sf32_div(s, a, b);
    case IR_fsqrt:
        return sf32_sqrt(s, a);
    case IR_fma:
        return sf32_fma(s, a, b, c);
    case IR_fneg:
        return a ^ 0x80000000u;
    case IR_fabs:
        return a & 0x7fffffffu;
    case IR_fcmp:
    case IR_fcmps:
        return relation_flags(sf32_compare(s, a, b, o->code == IR_fcmps));
    default: /* fromint */
        return sf32_from_int(s, o->imm & 1 ? (int64_t)(int32_t)a : (int64_t)a, o->imm & 1, 0);
    }
}

static uint64_t twice(struct sf *s, const struct iop *o, uint64_t a, uint64_t b, uint64_t c)
{
    switch (o->code) {
    case IR_fadd:
        return sf64_add(s, a, b);
    case IR_fsub:
        return sf64_sub(s, a, b);
    case IR_fmul:
        return sf64_mul(s, a, b);
    case IR_fdiv:
        return sf64_div(s, a, b);
    case IR_fsqrt:
        return sf64_sqrt(s, a);
    case IR_fma:
        return sf64_fma(s, a, b, c);
    case IR_fneg:
        return a ^ 1ull << 63;
    case IR_fabs:
        return a & ~(1ull << 63);
    case IR_fcmp:
    case IR_fcmps:
        return relation_flags(sf64_compare(s, a, b, o->code == IR_fcmps));
    default: /* fromint */
        return sf64_from_int(s, o->imm & 1 ? (int64_t)(int32_t)a : (int64_t)(uint32_t)a, o->imm & 1,
                             0);
    }
}

void interp_float(struct cpu *cpu, const struct frontend *front, const struct iop *o, union slot *f)
{
    struct sf s = {.round = (uint8_t)rounding(cpu->mxcsr),
                   .nan = (uint8_t)front->nan,
                   .tiny_after = front->nan == NAN_X86};
    uint64_t a = f[o->a].x, b = f[o->b].x, c = f[o->c].x, r;
    unsigned mode = o->imm & 2 ? (unsigned)SF_ZERO : s.round;
    switch (o->code) {
    case IR_fwiden:
        r = sf32_to_sf64(&s, (sf32)a);
        break;
    case IR_fnarrow:
        r = sf64_to_sf32(&s, a);
        break;
    case IR_toint32:
        r = (uint32_t)sf32_to_int(&s, (sf32)a, 32, o->imm & 1, 0, mode);
        break;
    case IR_toint64:
        r = (uint32_t)sf64_to_int(&s, a, 32, o->imm & 1, 0, mode);
        break;
    default:
        r = o->type == IR_F32 ? single(&s, o, (uint32_t)a, (uint32_t)b, (uint32_t)c)
                              : twice(&s, o, a, b, c);
    }
    f[o->d].x = r;
    cpu->mxcsr |= exceptions(s.flags);
}
