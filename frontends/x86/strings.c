/*
 * Repeated string instructions, and INS and OUTS (SDM vol. 2, REP; vol. 1, 7.3.9).
 *
 * Up to a chunk of elements is done at once; registers are exact after each, so the instruction can be
 * begun again after a fault, an interrupt or the end of the chunk. Where both ends lie in RAM, memory
 * moves by pages through the RAM alias; everything else goes element by element. Most of REP MOVS and
 * REP STOS never comes here (lift_string.c).
 */
#include "segments.h"

#include <translator/ir_run.h>
#include <translator/memory.h>
#include <translator/ports.h>

#define CHUNK_SLOW 4096u /* elements, one by one */

struct string {
    struct x86_cpu *c;
    unsigned op, size, seg;
    bool narrow, repeat, until, wanted; /* until: ends where Z differs from `wanted` */
    bool by_pages; /* instructions are counted: upwards by pages, downwards by elements */
    int32_t step;  /* bytes to the next element */
};

static struct string unpack(struct cpu *cpu, uint32_t how)
{
    struct x86_cpu *c = x86_of(cpu);
    struct string s = {.c = c,
                       .op = X86_MOVS + (how & 0xff),
                       .size = how >> 8 & 0xff,
                       .seg = how >> 16 & 15,
                       .narrow = (how >> 20 & 1) != 0,
                       .repeat = (how >> 21 & 1) != 0,
                       .until = (how >> 22 & 1) != 0,
                       .wanted = (how >> 23 & 1) != 0,
                       .by_pages = (how >> 24 & 1) != 0};
    s.step = c->step * (int32_t)s.size;
    return s;
}

static uint32_t counter(const struct string *s, unsigned reg)
{
    uint32_t v = s->c->cpu.reg[reg];
    return s->narrow ? v & 0xffff : v;
}

static void add(const struct string *s, unsigned reg, uint32_t by)
{
    uint32_t *r = &s->c->cpu.reg[reg], v = *r + by;
    *r = s->narrow ? (*r & 0xffff0000) | (v & 0xffff) : v;
}

static bool linear(const struct string *s, unsigned seg, unsigned reg, unsigned kind, uint32_t *va)
{
    return x86_linear(s->c, seg, counter(s, reg), s->size, kind, va) &&
           x86_watch(s->c, *va, s->size, kind);
}

static bool load(const struct string *s, unsigned seg, unsigned reg, uint64_t v[2])
{
    uint32_t va;
    return linear(s, seg, reg, ACCESS_READ, &va) &&
           guest_load(&s->c->cpu, va, s->size, ACCESS_READ, v);
}

static bool store(const struct string *s, const uint64_t v[2])
{
    uint32_t va;
    return linear(s, X86_ES, X86_EDI, ACCESS_WRITE, &va) &&
           guest_store(&s->c->cpu, va, s->size, ACCESS_WRITE, v);
}

/* ---- comparing -------------------------------------------------------------------------------- */

static void compare(struct cpu *cpu, uint32_t x, uint32_t y, unsigned bits)
{
    uint32_t mask = bits == 32 ? 0xffffffff : (1u << bits) - 1;
    x &= mask;
    y &= mask;
    uint32_t r = (x - y) & mask;
    cpu->flags.c = x < y;
    cpu->flags.v = (uint8_t)(((x ^ y) & (x ^ r)) >> (bits - 1) & 1);
    cpu->flags.nz = (uint8_t)((r >> (bits - 1) & 1 ? NZ_N : 0) | (r == 0 ? NZ_Z : 0) |
                              ((x ^ y ^ r) & NZ_A) | (__builtin_parity(r & 0xff) ? 0 : NZ_P));
}

/* ---- one element ------------------------------------------------------------------------------ */

static bool input(const struct string *s)
{
    struct cpu *cpu = &s->c->cpu;
    unsigned port = cpu->reg[X86_EDX] & 0xffff;
    uint32_t va;
    uint64_t old[2];
    /* The store must not fault after the port was read. */
    if (!linear(s, X86_ES, X86_EDI, ACCESS_WRITE, &va) ||
        !guest_load(cpu, va, s->size, ACCESS_WRITE, old))
        return false;
    uint64_t v[2] = {ports_read(cpu->vm, port, s->size), 0};
    return guest_store(cpu, va, s->size, ACCESS_WRITE, v);
}

static bool output(const struct string *s)
{
    struct cpu *cpu = &s->c->cpu;
    uint64_t v[2];
    if (!load(s, s->seg, X86_ESI, v))
        return false;
    ports_write(cpu->vm, cpu->reg[X86_EDX] & 0xffff, s->size, (uint32_t)v[0]);
    return true;
}

/* False: a fault; nothing has changed. */
static bool element(const struct string *s)
{
    struct cpu *cpu = &s->c->cpu;
    uint64_t v[2] = {cpu->reg[X86_EAX], 0}, w[2];
    uint32_t *eax = &cpu->reg[X86_EAX];
    bool good = true;
    switch (s->op) {
    case X86_MOVS:
        good = load(s, s->seg, X86_ESI, v) && store(s, v);
        break;
    case X86_STOS:
        good = store(s, v);
        break;
    case X86_LODS:
        good = load(s, s->seg, X86_ESI, v);
        if (good) {
            uint32_t mask = s->size == 4 ? 0xffffffff : s->size == 2 ? 0xffff : 0xff;
            *eax = (*eax & ~mask) | ((uint32_t)v[0] & mask);
        }
        break;
    case X86_SCAS:
        good = load(s, X86_ES, X86_EDI, w);
        if (good)
            compare(cpu, *eax, (uint32_t)w[0], s->size * 8);
        break;
    case X86_CMPS:
        good = load(s, s->seg, X86_ESI, v) && load(s, X86_ES, X86_EDI, w);
        if (good)
            compare(cpu, (uint32_t)v[0], (uint32_t)w[0], s->size * 8);
        break;
    case X86_INS:
        good = input(s);
        break;
    default:
        good = output(s);
    }
    return good;
}

static bool uses_source(unsigned op)
{
    return op == X86_MOVS || op == X86_CMPS || op == X86_LODS || op == X86_OUTS;
}

static bool uses_destination(unsigned op)
{
    return op != X86_LODS && op != X86_OUTS;
}

static void advance(const struct string *s, uint32_t elements)
{
    uint32_t by = elements * (uint32_t)s->step;
    if (uses_source(s->op))
        add(s, X86_ESI, by);
    if (uses_destination(s->op))
        add(s, X86_EDI, by);
    if (s->repeat)
        add(s, X86_ECX, 0 - elements);
}

/* ---- many elements ---------------------------------------------------------------------------- */

/* Each access is looked at, or traps come between elements. */
static bool one_by_one(const struct x86_cpu *c)
{
    return x86_watch_mode(c) != 0 || (c->eflags & EFLAGS_TF) != 0;
}

/* Whether offsets in the segment are linear addresses, but for the base. */
static bool whole(const struct string *s, unsigned seg, unsigned reg, unsigned kind, uint32_t *va)
{
    const struct x86_segment *g = &s->c->seg[seg];
    if (g->limit != 0xffffffff || (g->attr & SEG_EXPAND) != 0)
        return false;
    if (x86_linear(s->c, seg, counter(s, reg), s->size, kind, va))
        return true;
    s->c->cpu.exit_request = EXIT_NONE;
    return false;
}

/* Elements from va on, upwards, that lie in its page; at most `most`. */
static uint32_t in_page(const struct string *s, uint32_t va, uint32_t most)
{
    uint32_t n = (GUEST_PAGE - (va & ~GUEST_PAGE_MASK)) / s->size;
    if (!s->by_pages)
        return most;
    return s->step < 0 ? 0 : n < most ? n : most;
}

/* Do elements as long as they lie in RAM, `most` at most; returns how many. 0: one at a time then. */
static uint32_t many(const struct string *s, uint32_t most)
{
    struct cpu *cpu = &s->c->cpu;
    unsigned log2 = (unsigned)__builtin_ctz(s->size);
    uint32_t to, from;
    if (!s->repeat || s->narrow || one_by_one(s->c) || (s->op != X86_MOVS && s->op != X86_STOS) ||
        !whole(s, X86_ES, X86_EDI, ACCESS_WRITE, &to))
        return 0;
    most = in_page(s, to, most);
    if (s->op == X86_STOS)
        return ir_run_fill(cpu, log2, to, cpu->reg[X86_EAX], (int32_t)most * s->c->step);
    if (!whole(s, s->seg, X86_ESI, ACCESS_READ, &from))
        return 0;
    most = in_page(s, from, most);
    return ir_run_copy(cpu, log2, to, from, (int32_t)most * s->c->step);
}

/* Not 0: elements are left. `done`: of the chunk. */
static uint64_t repeat(const struct string *s, uint32_t done)
{
    const uint32_t chunk = X86_CHUNK / s->size;
    uint32_t slow = 0;
    while (counter(s, X86_ECX) != 0) {
        if (done >= chunk || slow >= CHUNK_SLOW)
            return 1;
        uint32_t most = counter(s, X86_ECX);
        if (most > chunk - done && !s->by_pages)
            most = chunk - done;
        uint32_t n = many(s, most);
        if (n == 0) {
            if (!element(s))
                return 0;
            n = 1;
            slow++;
        }
        advance(s, n);
        done += n;
        if (s->until && ((s->c->cpu.flags.nz & NZ_Z) != 0) != s->wanted)
            return 0;
        if (s->c->hits != 0 || (s->c->eflags & EFLAGS_TF) != 0)
            return counter(s, X86_ECX) != 0;
    }
    return 0;
}

uint64_t x86_helper_string(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct string s = unpack(cpu, (uint32_t)a);
    (void)c;
    if (s.op == X86_INS || s.op == X86_OUTS) {
        if (s.repeat && counter(&s, X86_ECX) == 0)
            return 0;
        x86_ports_allowed(s.c, cpu->reg[X86_EDX] & 0xffff, s.size);
        x86_watch_port(s.c, cpu->reg[X86_EDX] & 0xffff, s.size);
        if (cpu->exit_request != EXIT_NONE)
            return 0;
    }
    if (s.repeat)
        return repeat(&s, (uint32_t)b);
    if (element(&s))
        advance(&s, 1);
    return 0;
}
