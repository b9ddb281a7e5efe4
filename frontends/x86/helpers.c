/*
 * Helpers of integer instructions. Flags are written to cpu->flags; what the manual leaves undefined is
 * written as most CPUs do or left alone.
 */
#include "x86_cpu.h"

#include <translator/memory.h>

/* Flags S, Z, P of the low `bits` bits of r; A clear. */
static uint8_t result_flags(uint32_t r, unsigned bits)
{
    uint32_t v = bits == 32 ? r : r & ((1u << bits) - 1);
    return (uint8_t)((v >> (bits - 1) & 1 ? NZ_N : 0) | (v == 0 ? NZ_Z : 0) |
                     (__builtin_parity(v & 0xff) ? 0 : NZ_P));
}

static void put_part(uint32_t *reg, uint32_t v, unsigned size)
{
    uint32_t mask = size == 4 ? 0xffffffff : size == 2 ? 0xffff : 0xff;
    *reg = (*reg & ~mask) | (v & mask);
}

/* ---- division (SDM vol. 2, DIV, IDIV) --------------------------------------------------------- */

static bool divide_unsigned(uint64_t n, uint32_t d, unsigned size, uint64_t *q, uint64_t *r)
{
    if (d == 0)
        return false;
    *q = n / d;
    *r = n % d;
    return size == 4 ? *q <= 0xffffffff : *q < 1ull << 8 * size;
}

static bool divide_signed(int64_t n, int64_t d, unsigned size, uint64_t *q, uint64_t *r)
{
    if (d == 0 || (d == -1 && n == INT64_MIN))
        return false;
    int64_t quotient = n / d, top = 1ll << (8 * size - 1);
    *q = (uint64_t)quotient;
    *r = (uint64_t)(n % d);
    return quotient >= -top && quotient < top;
}

uint64_t x86_helper_divide(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    unsigned size = b & 0xff;
    uint32_t eax = cpu->reg[X86_EAX], edx = cpu->reg[X86_EDX], d = (uint32_t)a;
    uint64_t n = size == 1   ? eax & 0xffff
                 : size == 2 ? (eax & 0xffff) | edx << 16
                             : eax | (uint64_t)edx << 32;
    uint64_t q, r;
    bool good;
    if ((b & 0x100) == 0)
        good = divide_unsigned(n, size == 1 ? d & 0xff : size == 2 ? d & 0xffff : d, size, &q, &r);
    else
        good = divide_signed(size == 1   ? (int16_t)n
                             : size == 2 ? (int32_t)n
                                         : (int64_t)n,
                             size == 1   ? (int8_t)d
                             : size == 2 ? (int16_t)d
                                         : (int32_t)d,
                             size, &q, &r);
    if (!good)
        return x86_raise(x86_of(cpu), VECTOR_DE);
    if (size == 1) {
        put_part(&cpu->reg[X86_EAX], (uint32_t)((q & 0xff) | (r & 0xff) << 8), 2);
    } else {
        put_part(&cpu->reg[X86_EAX], (uint32_t)q, size);
        put_part(&cpu->reg[X86_EDX], (uint32_t)r, size);
    }
    return 0;
}

/* ---- exchange, bounds ------------------------------------------------------------------------- */

uint64_t x86_helper_cmpxchg8b(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    uint32_t *r = cpu->reg;
    uint64_t v[2], expected = r[X86_EAX] | (uint64_t)r[X86_EDX] << 32;
    if (!guest_load(cpu, (uint32_t)a, 8, ACCESS_READ, v))
        return 0;
    bool equal = v[0] == expected;
    uint64_t new[2] = {equal ? r[X86_EBX] | (uint64_t)r[X86_ECX] << 32 : v[0], 0};
    if (!guest_store(cpu, (uint32_t)a, 8, ACCESS_WRITE, new))
        return 0;
    if (!equal) {
        r[X86_EAX] = (uint32_t)v[0];
        r[X86_EDX] = (uint32_t)(v[0] >> 32);
    }
    cpu->flags.nz = (uint8_t)((cpu->flags.nz & ~NZ_Z) | (equal ? NZ_Z : 0));
    return 0;
}

uint64_t x86_helper_bound(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    int32_t v = (int32_t)a;
    if (v < (int32_t)b || v > (int32_t)c)
        return x86_raise(x86_of(cpu), VECTOR_BR);
    return 0;
}

/* ---- decimal (SDM vol. 2) --------------------------------------------------------------------- */

static void adjust_packed(struct cpu *cpu, bool subtract)
{
    uint32_t al = cpu->reg[X86_EAX] & 0xff, old = al;
    bool old_c = cpu->flags.c, carry = false, half = (al & 15) > 9 || (cpu->flags.nz & NZ_A);
    if (half) {
        carry = old_c || (subtract ? al < 6 : al + 6 > 0xff);
        al = subtract ? al - 6 : al + 6;
    }
    if (old > 0x99 || old_c) {
        al = subtract ? al - 0x60 : al + 0x60;
        carry = true;
    }
    put_part(&cpu->reg[X86_EAX], al, 1);
    cpu->flags.nz = result_flags(al, 8) | (half ? NZ_A : 0);
    cpu->flags.c = carry;
    cpu->flags.v = 0;
}

static void adjust_unpacked(struct cpu *cpu, bool subtract)
{
    uint32_t ax = cpu->reg[X86_EAX] & 0xffff;
    bool adjust = (ax & 15) > 9 || (cpu->flags.nz & NZ_A);
    if (adjust)
        ax = subtract ? ax - 0x106 : ax + 0x106;
    ax &= 0xff0f;
    put_part(&cpu->reg[X86_EAX], ax, 2);
    cpu->flags.nz = result_flags(ax, 8) | (adjust ? NZ_A : 0);
    cpu->flags.c = adjust;
    cpu->flags.v = 0;
}

uint64_t x86_helper_decimal(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    uint32_t *eax = &cpu->reg[X86_EAX], base = (uint32_t)b, al = *eax & 0xff, ah = *eax >> 8 & 0xff;
    switch ((uint32_t)a) {
    case X86_DAA:
    case X86_DAS:
        adjust_packed(cpu, (uint32_t)a == X86_DAS);
        return 0;
    case X86_AAA:
    case X86_AAS:
        adjust_unpacked(cpu, (uint32_t)a == X86_AAS);
        return 0;
    case X86_AAM:
        if (base == 0)
            return x86_raise(x86_of(cpu), VECTOR_DE);
        put_part(eax, (al / base) << 8 | al % base, 2);
        break;
    default: /* AAD */
        put_part(eax, (al + ah * base) & 0xff, 2);
    }
    cpu->flags = (struct cpu_flags){result_flags(*eax, 8), 0, 0, 0};
    return 0;
}

/* ---- shifts and rotations --------------------------------------------------------------------- */

/* a: value, b: count (0 to 31), c: size, 0x100 for RCL. */
uint64_t x86_helper_rotate_carry(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    unsigned bits = (c & 0xff) * 8, n = ((unsigned)b & 31) % (bits + 1);
    bool left = c & 0x100;
    uint64_t ones = (1ull << bits) - 1, v = a & ones;
    if (n == 0)
        return v;
    /* The carry is bit `bits` of a number that is rotated. */
    uint64_t all = v | (uint64_t)cpu->flags.c << bits, mask = (ones << 1) | 1;
    unsigned by = left ? n : bits + 1 - n;
    all = (all << by | all >> (bits + 1 - by)) & mask;
    v = all & ones;
    cpu->flags.c = (uint8_t)(all >> bits & 1);
    bool top = v >> (bits - 1) & 1;
    cpu->flags.v = (uint8_t)(left ? top ^ cpu->flags.c : top ^ (v >> (bits - 2) & 1));
    return v;
}

/* a: value | other << 32, b: count (0 to 31), c: size, 0x100 for SHLD. */
uint64_t x86_helper_shift_double(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    unsigned bits = (c & 0xff) * 8, n = (unsigned)b & 31;
    bool left = c & 0x100;
    uint32_t ones = bits == 32 ? 0xffffffff : 0xffff;
    uint32_t v = (uint32_t)a & ones, other = (uint32_t)(a >> 32) & ones, r;
    if (n == 0)
        return v;
    /* 16 bits by more than 16: undefined; CPUs shift the operand in, then the value again. */
    if (left) {
        uint64_t all =
            bits == 32 ? (uint64_t)v << 32 | other : (uint64_t)v << 32 | (uint64_t)other << 16 | v;
        unsigned wide = bits == 32 ? 64 : 48;
        cpu->flags.c = (uint8_t)(all >> (wide - n) & 1);
        r = (uint32_t)(all << n >> (wide - bits)) & ones;
    } else {
        uint64_t all = v | (uint64_t)other << bits | (bits == 16 ? (uint64_t)v << 32 : 0);
        cpu->flags.c = (uint8_t)(all >> (n - 1) & 1);
        r = (uint32_t)(all >> n) & ones;
    }
    cpu->flags.nz = result_flags(r, bits);
    cpu->flags.v = (uint8_t)((r ^ v) >> (bits - 1) & 1);
    return r;
}

/* ---- flags ------------------------------------------------------------------------------------ */

uint64_t x86_helper_get_flags(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)a, (void)b, (void)c;
    return x86_eflags(x86_of(cpu)) & 0xff;
}

uint64_t x86_helper_put_flags(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    x86_set_eflags(x86_of(cpu), (uint32_t)a, EFLAGS_ARITHMETIC & 0xff);
    return 0;
}

uint64_t x86_helper_get_eflags(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)a, (void)b, (void)c;
    return x86_eflags(x86_of(cpu)) & ~(EFLAGS_VM | EFLAGS_RF);
}

/* An interrupt may have to be taken as soon as they are allowed. */
static bool something_waits(const struct x86_cpu *c)
{
    return c->cpu.lines != 0 || c->nmi || c->cpu.attention != 0;
}

/* POPF: a value, b operand size (SDM vol. 2, POPF, table 4-15). Not 0: the block has to be left. */
uint64_t x86_helper_put_eflags(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    uint32_t mask = EFLAGS_ALL & ~(EFLAGS_VM | EFLAGS_RF), old = x->eflags;
    (void)c;
    if (x->cpl != 0)
        mask &= ~EFLAGS_IOPL;
    if (x->cpl > x86_iopl(x) && (x->cr0 & CR0_PE) != 0)
        mask &= ~EFLAGS_IF;
    if ((b & 0xff) == 2)
        mask &= 0xffff;
    x86_set_eflags(x, (uint32_t)a, mask);
    uint32_t on = x->eflags & ~old;
    return ((on & EFLAGS_IF) != 0 && something_waits(x)) ||
           ((x->eflags ^ old) & (EFLAGS_TF | EFLAGS_AC)) != 0;
}

/* STI: not 0 if interrupts were off, so that the shadow counts and the block has to be left; but with
 * a, the next instruction runs before there is any look at interrupts, and none waits now. */
uint64_t x86_helper_sti(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    (void)b, (void)c;
    if (x->eflags & EFLAGS_IF)
        return 0;
    x->eflags |= EFLAGS_IF;
    if (a != 0 && !something_waits(x))
        return 0;
    x->shadow = SHADOW_STI;
    return 1;
}
