/*
 * Floating-point and memory operations of the IR, in C (ir_run.h).
 *
 * MXCSR's format is that of the Intel SDM, vol. 1, 10.2.3.
 */
#include <translator/ir_run.h>
#include <translator/memory.h>
#include <translator/softfloat.h>

/* Only x86 guests set these. */
#define MXCSR_DAZ 0x0040u
#define MXCSR_FTZ 0x8000u
/* Rounding control, MXCSR bits 13 and 14. */
static const uint8_t rounding[4] = {SF_NEAREST, SF_DOWN, SF_UP, SF_ZERO};

/* Exception flags, MXCSR bits 0 to 5: IE DE ZE OE UE PE. */
static uint32_t exceptions(uint32_t flags)
{
    return (flags & SF_INVALID ? 0x01u : 0) | (flags & SF_INPUT_DENORMAL ? 0x02u : 0) |
           (flags & SF_DIVZERO ? 0x04u : 0) | (flags & SF_OVERFLOW ? 0x08u : 0) |
           (flags & SF_UNDERFLOW ? 0x10u : 0) | (flags & SF_INEXACT ? 0x20u : 0);
}

static uint32_t relation_flags(enum sf_relation r)
{
    static const uint32_t flags[] = {[SF_LESS] = IR_RUN_C,
                                     [SF_EQUAL] = NZ_Z,
                                     [SF_GREATER] = 0,
                                     [SF_UNORDERED] = NZ_Z | NZ_P | IR_RUN_C};
    return flags[r];
}

static uint64_t single(struct sf *s, unsigned op, int64_t imm, sf32 a, sf32 b, sf32 c)
{
    switch (op) {
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
        return relation_flags(sf32_compare(s, a, b, op == IR_fcmps));
    default: /* fromint */
        return sf32_from_int(s, imm & 1 ? (int64_t)(int32_t)a : (int64_t)a, imm & 1, 0);
    }
}

static uint64_t twice(struct sf *s, unsigned op, int64_t imm, sf64 a, sf64 b, sf64 c)
{
    switch (op) {
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
        return relation_flags(sf64_compare(s, a, b, op == IR_fcmps));
    default: /* fromint */
        return sf64_from_int(s, imm & 1 ? (int64_t)(int32_t)a : (int64_t)(uint32_t)a, imm & 1, 0);
    }
}

uint64_t ir_run_float(struct cpu *cpu, enum nan_rule nan, unsigned op, unsigned t, int64_t imm,
                      uint64_t a, uint64_t b, uint64_t c)
{
    struct sf s = {.round = rounding[cpu->mxcsr >> 13 & 3],
                   .nan = (uint8_t)nan,
                   .tiny_after = nan == NAN_X86,
                   .flush_inputs = (cpu->mxcsr & MXCSR_DAZ) != 0,
                   .flush_results = (cpu->mxcsr & MXCSR_FTZ) != 0};
    unsigned mode = imm & 2 ? (unsigned)SF_ZERO : s.round;
    uint64_t r;
    if (op == IR_fwiden)
        r = sf32_to_sf64(&s, (sf32)a);
    else if (op == IR_fnarrow)
        r = sf64_to_sf32(&s, a);
    else if (op == IR_toint32)
        r = (uint32_t)sf32_to_int(&s, (sf32)a, 32, imm & 1, 0, mode);
    else if (op == IR_toint64)
        r = (uint32_t)sf64_to_int(&s, a, 32, imm & 1, 0, mode);
    else if (t == IR_F32)
        r = single(&s, op, imm, (sf32)a, (sf32)b, (sf32)c);
    else
        r = twice(&s, op, imm, a, b, c);
    if ((op == IR_toint32 || op == IR_toint64) && (imm & 4) && (s.flags & SF_INVALID))
        r = 0x80000000u;
    cpu->mxcsr |= exceptions(s.flags);
    return r;
}

/* ---- memory ------------------------------------------------------------------------------------- */

static unsigned access_kind(unsigned aux, unsigned kind)
{
    return kind | (aux & MEM_USER ? (unsigned)ACCESS_USER : 0);
}

/* Reverse the order of the low `bytes` bytes. */
static void reverse(uint64_t v[2], unsigned bytes)
{
    if (bytes == 16) {
        uint64_t low = v[0];
        v[0] = __builtin_bswap64(v[1]);
        v[1] = __builtin_bswap64(low);
    } else {
        v[0] = __builtin_bswap64(v[0]) >> (64 - 8 * bytes);
    }
}

bool ir_run_load(struct cpu *cpu, uint32_t va, unsigned aux, unsigned t, uint64_t v[2])
{
    unsigned bytes = mem_bytes(aux);
    v[0] = v[1] = 0;
    if (!guest_load(cpu, va, bytes, access_kind(aux, ACCESS_READ), v))
        return false;
    if (aux & MEM_BIG)
        reverse(v, bytes);
    if (bytes < 8) {
        unsigned unused = 64 - 8 * bytes;
        v[0] = aux & MEM_SIGNED ? (uint64_t)((int64_t)(v[0] << unused) >> unused)
                                : v[0] << unused >> unused;
    }
    if (t == IR_I32)
        v[0] = (uint32_t)v[0];
    return true;
}

bool ir_run_store(struct cpu *cpu, uint32_t va, unsigned aux, const uint64_t v[2])
{
    unsigned bytes = mem_bytes(aux);
    uint64_t w[2] = {bytes < 8 ? v[0] & ((1ull << 8 * bytes) - 1) : v[0], bytes == 16 ? v[1] : 0};
    if (aux & MEM_BIG)
        reverse(w, bytes);
    return guest_store(cpu, va, bytes, access_kind(aux, ACCESS_WRITE), w);
}
