/*
 * C functions that translated code calls: device sites, and floating point in software. They run on
 * the stack below the CPU structure; cpu->mxcsr is exact in x86_soft_run.
 */
#include <translator/memory.h>
#include <translator/softfloat.h>

#include "x86_64.h"

static unsigned access_kind(uint64_t aux, unsigned kind)
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

/* kind: IR aux, and the type above it. Returns an integer, extended; and leaves the bytes in slots
 * A and B for the vector types. */
uint64_t x86_slow_load(struct cpu *cpu, uint64_t va, uint64_t kind, uint64_t unused)
{
    uint64_t v[2] = {0, 0};
    unsigned bytes = mem_bytes((unsigned)kind), type = (unsigned)(kind >> 8);
    (void)unused;
    if (!guest_load(cpu, (uint32_t)va, bytes, access_kind(kind, ACCESS_READ), v))
        return 0;
    if (bytes < 8)
        v[0] &= (1ull << 8 * bytes) - 1;
    if (kind & MEM_BIG)
        reverse(v, bytes);
    cpu->spill[SLOT_A] = v[0];
    cpu->spill[SLOT_B] = v[1];
    if ((kind & MEM_SIGNED) && bytes < 8) {
        unsigned shift = 64 - 8 * bytes;
        v[0] = (uint64_t)((int64_t)(v[0] << shift) >> shift);
    }
    return type == IR_I32 ? (uint32_t)v[0] : v[0];
}

uint64_t x86_slow_store(struct cpu *cpu, uint64_t va, uint64_t kind, uint64_t unused)
{
    uint64_t v[2] = {cpu->spill[SLOT_A], cpu->spill[SLOT_B]};
    unsigned bytes = mem_bytes((unsigned)kind);
    (void)unused;
    if (bytes < 16)
        v[1] = 0;
    if (bytes < 8)
        v[0] &= (1ull << 8 * bytes) - 1;
    if (kind & MEM_BIG)
        reverse(v, bytes);
    guest_store(cpu, (uint32_t)va, bytes, access_kind(kind, ACCESS_WRITE), v);
    return 0;
}

/* Rounding control, MXCSR bits 13 and 14. */
static const uint8_t rounding[4] = {SF_NEAREST, SF_DOWN, SF_UP, SF_ZERO};

/* Exception flags, MXCSR bits 0 to 5: IE DE ZE OE UE PE. */
static uint32_t exceptions(uint32_t flags)
{
    return (flags & SF_INVALID ? 0x01u : 0) | (flags & SF_INPUT_DENORMAL ? 0x02u : 0) |
           (flags & SF_DIVZERO ? 0x04u : 0) | (flags & SF_OVERFLOW ? 0x08u : 0) |
           (flags & SF_UNDERFLOW ? 0x10u : 0) | (flags & SF_INEXACT ? 0x20u : 0);
}

static uint64_t single(struct sf *s, unsigned op, sf32 a, sf32 b, sf32 c)
{
    switch (op) {
    case SOFT_ADD:
        return sf32_add(s, a, b);
    case SOFT_SUB:
        return sf32_sub(s, a, b);
    case SOFT_MUL:
        return sf32_mul(s, a, b);
    case SOFT_DIV:
        return sf32_div(s, a, b);
    case SOFT_SQRT:
        return sf32_sqrt(s, a);
    case SOFT_FMA:
        return sf32_fma(s, a, b, c);
    case SOFT_WIDEN:
        return sf32_to_sf64(s, a);
    default: {
        unsigned imm = (op - SOFT_TOINT) / 2;
        return (uint32_t)sf32_to_int(s, a, 32, imm & 1, 0, imm & 2 ? (unsigned)SF_ZERO : s->round);
    }
    }
}

static uint64_t twice(struct sf *s, unsigned op, sf64 a, sf64 b, sf64 c)
{
    switch (op) {
    case SOFT_ADD:
        return sf64_add(s, a, b);
    case SOFT_SUB:
        return sf64_sub(s, a, b);
    case SOFT_MUL:
        return sf64_mul(s, a, b);
    case SOFT_DIV:
        return sf64_div(s, a, b);
    case SOFT_SQRT:
        return sf64_sqrt(s, a);
    case SOFT_FMA:
        return sf64_fma(s, a, b, c);
    default: {
        unsigned imm = (op - SOFT_TOINT) / 2;
        return (uint32_t)sf64_to_int(s, a, 32, imm & 1, 0, imm & 2 ? (unsigned)SF_ZERO : s->round);
    }
    }
}

void x86_soft_run(struct cpu *cpu)
{
    const struct x86_state *st = (const struct x86_state *)(uintptr_t)cpu->spill[SLOT_STATE];
    uint64_t a = cpu->spill[SLOT_A], b = cpu->spill[SLOT_B], c = cpu->spill[SLOT_C];
    unsigned op = (uint32_t)cpu->spill[SLOT_OP];
    struct sf s = {.round = rounding[cpu->mxcsr >> 13 & 3],
                   .nan = (uint8_t)st->frontend->nan,
                   .tiny_after = st->frontend->nan == NAN_X86};
    uint64_t r;
    if ((op & ~1u) == SOFT_NARROW)
        r = sf64_to_sf32(&s, a);
    else if (op & 1 && op != SOFT_WIDEN + 1)
        r = twice(&s, op & ~1u, a, b, c);
    else
        r = single(&s, op & ~1u, (sf32)a, (sf32)b, (sf32)c);
    cpu->spill[SLOT_RESULT] = r;
    cpu->mxcsr |= exceptions(s.flags);
}
