/*
 * VFP by software floating point, for the modes in which the IR's operations do not do what FPSCR
 * asks (FZ, DN), and for conversions that the IR does not have; system registers.
 *
 * Cumulative exceptions are kept in mxcsr, except IDC (arm_cpu.h).
 */
#include "simd_args.h"

void simd_raise(struct arm_cpu *c, const struct sf *s)
{
    uint32_t f = s->flags;
    c->cpu.mxcsr |= (f & SF_INVALID) | (f & (SF_DIVZERO | SF_OVERFLOW | SF_UNDERFLOW | SF_INEXACT))
                                           << 1;
    c->fpscr |= f & SF_INPUT_DENORMAL;
}

static struct sf rules(const struct arm_cpu *c)
{
    static const uint8_t round[4] = {SF_NEAREST, SF_UP, SF_DOWN, SF_ZERO};
    bool flush = c->fpscr & FPSCR_FZ;
    return (struct sf){.round = round[(c->fpscr & FPSCR_RMODE) >> 22],
                       .nan = NAN_ARM,
                       .default_nan = c->fpscr & FPSCR_DN,
                       .flush_inputs = flush,
                       .flush_results = flush};
}

#define SIGN32 0x80000000u
#define SIGN64 0x8000000000000000u

static bool single(struct sf *s, const struct arm_cpu *c, struct simd_args a, unsigned op, sf32 *r)
{
    sf32 n = c->vfp.s[a.vn], m = c->vfp.s[a.vm], d = c->vfp.s[a.vd];
    /* clang-format off */
    switch (op) {
    case ARM_VFP_ADD:  *r = sf32_add(s, n, m); return true;
    case ARM_VFP_SUB:  *r = sf32_sub(s, n, m); return true;
    case ARM_VFP_MUL:  *r = sf32_mul(s, n, m); return true;
    case ARM_VFP_NMUL: *r = sf32_mul(s, n, m) ^ SIGN32; return true;
    case ARM_VFP_DIV:  *r = sf32_div(s, n, m); return true;
    case ARM_VFP_SQRT: *r = sf32_sqrt(s, m); return true;
    case ARM_VFP_MLA:  *r = sf32_add(s, d, sf32_mul(s, n, m)); return true;
    case ARM_VFP_MLS:  *r = sf32_add(s, d, sf32_mul(s, n, m) ^ SIGN32); return true;
    case ARM_VFP_NMLA: *r = sf32_add(s, d ^ SIGN32, sf32_mul(s, n, m) ^ SIGN32); return true;
    case ARM_VFP_NMLS: *r = sf32_add(s, d ^ SIGN32, sf32_mul(s, n, m)); return true;
    case ARM_VFP_FMA:  *r = sf32_fma(s, n, m, d); return true;
    case ARM_VFP_FMS:  *r = sf32_fma(s, n ^ SIGN32, m, d); return true;
    case ARM_VFP_FNMA: *r = sf32_fma(s, n ^ SIGN32, m, d ^ SIGN32); return true;
    case ARM_VFP_FNMS: *r = sf32_fma(s, n, m, d ^ SIGN32); return true;
    default: return false;
    }
    /* clang-format on */
}

static bool wide(struct sf *s, const struct arm_cpu *c, struct simd_args a, unsigned op, sf64 *r)
{
    sf64 n = c->vfp.d[a.vn & 31], m = c->vfp.d[a.vm & 31], d = c->vfp.d[a.vd & 31];
    /* clang-format off */
    switch (op) {
    case ARM_VFP_ADD:  *r = sf64_add(s, n, m); return true;
    case ARM_VFP_SUB:  *r = sf64_sub(s, n, m); return true;
    case ARM_VFP_MUL:  *r = sf64_mul(s, n, m); return true;
    case ARM_VFP_NMUL: *r = sf64_mul(s, n, m) ^ SIGN64; return true;
    case ARM_VFP_DIV:  *r = sf64_div(s, n, m); return true;
    case ARM_VFP_SQRT: *r = sf64_sqrt(s, m); return true;
    case ARM_VFP_MLA:  *r = sf64_add(s, d, sf64_mul(s, n, m)); return true;
    case ARM_VFP_MLS:  *r = sf64_add(s, d, sf64_mul(s, n, m) ^ SIGN64); return true;
    case ARM_VFP_NMLA: *r = sf64_add(s, d ^ SIGN64, sf64_mul(s, n, m) ^ SIGN64); return true;
    case ARM_VFP_NMLS: *r = sf64_add(s, d ^ SIGN64, sf64_mul(s, n, m)); return true;
    case ARM_VFP_FMA:  *r = sf64_fma(s, n, m, d); return true;
    case ARM_VFP_FMS:  *r = sf64_fma(s, n ^ SIGN64, m, d); return true;
    case ARM_VFP_FNMA: *r = sf64_fma(s, n ^ SIGN64, m, d ^ SIGN64); return true;
    case ARM_VFP_FNMS: *r = sf64_fma(s, n, m, d ^ SIGN64); return true;
    default: return false;
    }
    /* clang-format on */
}

/* FPSCR's N Z C V of a comparison (A2.7.8). */
static void compare(struct sf *s, struct arm_cpu *c, struct simd_args a)
{
    static const uint32_t nzcv[4] = {[SF_LESS] = CPSR_N,
                                     [SF_EQUAL] = CPSR_Z | CPSR_C,
                                     [SF_GREATER] = CPSR_C,
                                     [SF_UNORDERED] = CPSR_C | CPSR_V};
    bool zero = a.x & 2, signalling = a.x & 1;
    enum sf_relation r =
        a.size == 2 ? sf32_compare(s, c->vfp.s[a.vd], zero ? 0 : c->vfp.s[a.vm], signalling)
                    : sf64_compare(s, c->vfp.d[a.vd], zero ? 0 : c->vfp.d[a.vm], signalling);
    c->fpscr = (c->fpscr & 0x0fffffffu) | nzcv[r];
}

/* The half that is not named keeps its value. */
static void half(struct sf *s, struct arm_cpu *c, struct simd_args a)
{
    bool alternative = c->fpscr & FPSCR_AHP;
    unsigned shift = a.x & 1 ? 16 : 0;
    if (a.x & 2) {
        uint32_t h = sf32_to_sf16(s, c->vfp.s[a.vm], alternative);
        c->vfp.s[a.vd] = (c->vfp.s[a.vd] & ~(0xffffu << shift)) | h << shift;
    } else {
        c->vfp.s[a.vd] = sf16_to_sf32(s, (sf16)(c->vfp.s[a.vm] >> shift), alternative);
    }
}

static void convert(struct sf *s, struct arm_cpu *c, struct simd_args a, unsigned op)
{
    bool is_signed = !(a.x & 1);
    if (op == ARM_VFP_CVT_TYPE) {
        if (a.size == 2)
            c->vfp.d[a.vd] = sf32_to_sf64(s, c->vfp.s[a.vm]);
        else
            c->vfp.s[a.vd] = sf64_to_sf32(s, c->vfp.d[a.vm]);
    } else if (op == ARM_VFP_FROM_INT) {
        uint32_t raw = c->vfp.s[a.vm];
        int64_t v = is_signed ? (int64_t)(int32_t)raw : (int64_t)raw;
        if (a.size == 2)
            c->vfp.s[a.vd] = sf32_from_int(s, v, true, 0);
        else
            c->vfp.d[a.vd] = sf64_from_int(s, v, true, 0);
    } else {
        unsigned round = a.x & 2 ? s->round : SF_ZERO;
        c->vfp.s[a.vd] =
            (uint32_t)(a.size == 2 ? sf32_to_int(s, c->vfp.s[a.vm], 32, is_signed, 0, round)
                                   : sf64_to_int(s, c->vfp.d[a.vm], 32, is_signed, 0, round));
    }
}

/* Fixed point (A8.8.308): rounds to zero, or to nearest from fixed point. */
static void fixed(struct sf *s, struct arm_cpu *c, struct simd_args a, unsigned fraction)
{
    bool is_signed = !(a.x & 1), to = a.x & 2;
    unsigned bits = a.x & 4 ? 32 : 16;
    uint64_t raw = a.size == 2 ? c->vfp.s[a.vd] : c->vfp.d[a.vd];
    if (to) {
        int64_t v = a.size == 2 ? sf32_to_int(s, (sf32)raw, bits, is_signed, fraction, SF_ZERO)
                                : sf64_to_int(s, raw, bits, is_signed, fraction, SF_ZERO);
        raw = (uint64_t)v;
    } else {
        unsigned up = 64 - bits;
        int64_t v = is_signed ? (int64_t)(raw << up) >> up : (int64_t)(raw << up >> up);
        s->round = SF_NEAREST;
        raw =
            a.size == 2 ? sf32_from_int(s, v, true, fraction) : sf64_from_int(s, v, true, fraction);
    }
    if (a.size == 2)
        c->vfp.s[a.vd] = (uint32_t)raw;
    else
        c->vfp.d[a.vd] = raw;
}

uint64_t arm_helper_vfp(struct cpu *cpu, uint64_t packed, uint64_t op, uint64_t imm)
{
    struct arm_cpu *c = arm_of(cpu);
    struct simd_args a = simd_unpack(packed);
    struct sf s = rules(c);
    sf32 r32;
    sf64 r64;
    if (op == ARM_VFP_CMP)
        compare(&s, c, a);
    else if (op == ARM_VFP_CVT_HALF)
        half(&s, c, a);
    else if (op == ARM_VFP_FIXED)
        fixed(&s, c, a, (unsigned)imm);
    else if (op == ARM_VFP_CVT_TYPE || op == ARM_VFP_FROM_INT || op == ARM_VFP_TO_INT)
        convert(&s, c, a, (unsigned)op);
    else if (a.size == 2 && single(&s, c, a, (unsigned)op, &r32))
        c->vfp.s[a.vd] = r32;
    else if (a.size == 3 && wide(&s, c, a, (unsigned)op, &r64))
        c->vfp.d[a.vd] = r64;
    simd_raise(c, &s);
    return 0;
}

/* ---- system registers -------------------------------------------------------------------------- */

uint64_t arm_helper_vmrs_flags(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t imm)
{
    (void)a, (void)b, (void)imm;
    uint32_t f = arm_of(cpu)->fpscr;
    cpu->flags.nz = (uint8_t)(f >> 24 & (NZ_N | NZ_Z));
    cpu->flags.c = !(f & CPSR_C);
    cpu->flags.v = (f & CPSR_V) != 0;
    return 0;
}

/* FPSID, MVFR1, MVFR0 of a Cortex-A15 (TRM, table 10-2). */
static const uint32_t identification[16] = {[0] = 0x410430f0, [6] = 0x11111111, [7] = 0x10110222};

/* CPACR may deny even what FPEXC.EN does not. Privileged mode. */
static bool denied(struct arm_cpu *c)
{
    if (c->cp15.cpacr >> 20 & 1 && c->cp15.cpacr >> 22 & 1)
        return false;
    c->cpu.exit_request = EXIT_UNDEFINED;
    return true;
}

uint64_t arm_helper_vmrs(struct cpu *cpu, uint64_t n, uint64_t b, uint64_t imm)
{
    (void)b, (void)imm;
    struct arm_cpu *c = arm_of(cpu);
    if (n == 1)
        return arm_fpscr(c);
    if (denied(c))
        return 0;
    return n == 8 ? c->fpexc : identification[n & 15];
}

uint64_t arm_helper_vmsr(struct cpu *cpu, uint64_t n, uint64_t value, uint64_t imm)
{
    (void)imm;
    struct arm_cpu *c = arm_of(cpu);
    if (n == 1)
        arm_set_fpscr(c, (uint32_t)value);
    else if (!denied(c) && n == 8)
        c->fpexc = (uint32_t)value & FPEXC_EN;
    arm_set_user_vfp(c);
    return 0;
}
