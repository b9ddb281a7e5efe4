/*
 * What is checked of an access beside segment and page: alignment (SDM vol. 3, 6.15, #AC), data and
 * I/O breakpoints (17.2).
 *
 * Nothing of it is there unless asked for: XMODE_AC and XMODE_BREAK are part of the mode word, and
 * only blocks of those modes check. A breakpoint that is hit is noted in `hits` and raised when its
 * instruction has run (deliver.c); an instruction that faults instead leaves what the next one forgets.
 */
#include "segments.h"

#define DR7_EXECUTE 0u
#define DR7_WRITE   1u
#define DR7_IO      2u

static bool checks_alignment(const struct x86_cpu *c)
{
    return c->cpl == 3 && (c->eflags & EFLAGS_AC) != 0 && (c->cr0 & CR0_AM) != 0;
}

uint32_t x86_watch_mode(const struct x86_cpu *c)
{
    return (checks_alignment(c) ? XMODE_AC : 0) |
           ((c->dr[7] & 0xff) != 0 || (c->hits & HIT_TASK) != 0 ? XMODE_BREAK : 0);
}

/* Note the breakpoints that [at, at + size) meets; kinds: a bit for each value of DR7's R/W. */
static void meet(struct x86_cpu *c, uint32_t at, unsigned size, unsigned kinds)
{
    static const uint8_t lengths[] = {1, 2, 8, 4};
    for (unsigned n = 0; n < 4; n++) {
        unsigned how = c->dr[7] >> (16 + 4 * n);
        uint32_t bytes = lengths[how >> 2 & 3], from = c->dr[n] & ~(bytes - 1);
        bool enabled = (c->dr[7] >> (2 * n) & 3) != 0 && (kinds >> (how & 3) & 1) != 0;
        if (enabled && (at - from < bytes || from - at < size))
            c->hits |= 1u << n;
    }
}

void x86_watch_data(struct x86_cpu *c, uint32_t at, unsigned size, unsigned kind)
{
    bool write = (kind & ACCESS_WRITE) != 0;
    if ((c->dr[7] & 0xff) != 0)
        meet(c, at, size, write ? 1u << DR7_WRITE | 8 : 8);
}

void x86_watch_port(struct x86_cpu *c, unsigned port, unsigned size)
{
    if ((c->dr[7] & 0xff) != 0 && (c->cr4 & CR4_DE) != 0)
        meet(c, port, size, 1u << DR7_IO);
}

bool x86_watch(struct x86_cpu *c, uint32_t at, unsigned size, unsigned kind)
{
    if ((at & (size - 1)) != 0 && checks_alignment(c))
        return x86_raise_error(c, VECTOR_AC, 0);
    x86_watch_data(c, at, size, kind);
    return true;
}

/* a: linear address, b: size | kind << 16. */
uint64_t x86_helper_watch(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    x86_watch_data(x86_of(cpu), (uint32_t)a, b & 0xffff, b >> 16 & 0xff);
    return 0;
}

/* Before each instruction. Instruction breakpoints (17.2.4): a is its linear address. What a load of SS has
 * met is kept for the end of the instruction behind it, which has no breakpoint itself (6.8.3). */
uint64_t x86_helper_break_code(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    (void)b, (void)c;
    if ((x->hits & HIT_TASK) != 0) {
        x->dr[6] |= HIT_TASK;
        return x86_raise(x, VECTOR_DB);
    }
    if (x->shadow == SHADOW_SS)
        return 0;
    x->hits = 0;
    meet(x, (uint32_t)a, 1, 1u << DR7_EXECUTE);
    uint32_t hit = x->hits;
    x->hits = 0;
    if (hit == 0 || (x->eflags & EFLAGS_RF) != 0) {
        x->eflags &= ~EFLAGS_RF;
        return 0;
    }
    x->dr[6] = (x->dr[6] & ~15u) | hit;
    x->eflags |= EFLAGS_RF;
    return x86_raise(x, VECTOR_DB);
}
