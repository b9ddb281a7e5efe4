/*
 * Random sequences of user code.
 *
 * A case is a row of segments. Branches go forwards inside their segment; calls are made and windows
 * opened and closed between segments, and a new window's registers are set before anything reads them. %g6, %g7,
 * %sp and %fp are never written, so every address is a base that is known and an aligned offset.
 * Doubles live in f0-f15, singles in f16-f31: pieces of one are never the other.
 */
#include "../frame/frame.h"
#include "sparcseq.h"

#include <string.h>

struct gen {
    struct input *in;
    unsigned end; /* of the segment */
    unsigned depth;
    bool floats, wild;
};

static uint32_t random_below(uint32_t n)
{
    return (uint32_t)(random_next() % n);
}

static void emit(struct gen *g, uint32_t word)
{
    if (g->in->words < SLOT_WORDS)
        g->in->code[g->in->words++] = word;
}

static bool fixed(unsigned r)
{
    return r == 6 || r == 7 || r == 14 || r == 30;
}

static unsigned target(void)
{
    unsigned r;
    do
        r = random_below(32);
    while (fixed(r));
    return r;
}

static unsigned even_target(void)
{
    unsigned r;
    do
        r = random_below(16) * 2;
    while (fixed(r) || fixed(r + 1));
    return r;
}

static unsigned source(void)
{
    return random_below(32);
}

static uint32_t format3(unsigned major, unsigned op3, unsigned rd, unsigned rs1)
{
    return major << 30 | rd << 25 | op3 << 19 | rs1 << 14;
}

static uint32_t random_simm(void)
{
    static const uint16_t some[] = {0, 1, 2, 4, 31, 32, 0x1fff, 0x1000, 0xfff, 0x7f, 0x80};
    return 0x2000 | (random_below(2) ? some[random_below(11)] : random_below(0x2000));
}

static uint32_t alu(void)
{
    static const uint8_t op3[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  10, 11, 12,
                                  16, 17, 18, 19, 20, 21, 22, 23, 26, 27, 32, 33,
                                  36, 37, 38, 39, 20, 16, 20, 36, 0,  4,  2};
    uint32_t w = format3(2, op3[random_below(sizeof op3)], target(), source());
    return w | (random_below(2) ? random_simm() : source());
}

/* ADDXcc, SUBXcc, behind a sum: qemu-sparc loses their carry after a logical operation. */
static void chain(struct gen *g)
{
    emit(g, format3(2, random_below(2) ? 16 : 20, target(), source()) | source());
    emit(g, format3(2, random_below(2) ? 24 : 28, target(), source()) |
                (random_below(2) ? random_simm() : source()));
}

/* By a number that is not 0. */
static uint32_t divide(void)
{
    static const uint8_t op3[] = {14, 15, 30, 31};
    uint32_t w = format3(2, op3[random_below(4)], target(), source());
    if (random_below(4) == 0)
        return w | 7;
    uint32_t by = random_below(0x2000);
    return w | 0x2000 | (by != 0 ? by : 1);
}

static uint32_t memory(struct gen *g)
{
    static const struct {
        uint8_t op3, log2;
    } ops[] = {{0, 2}, {1, 0}, {2, 1},  {3, 3},  {9, 0},    {10, 1},   {4, 2},    {5, 0},
               {6, 1}, {7, 3}, {13, 0}, {15, 2}, {0x20, 2}, {0x23, 3}, {0x24, 2}, {0x27, 3}};
    unsigned n = random_below(g->floats ? 16 : 12), op3 = ops[n].op3, log2 = ops[n].log2;
    unsigned rd = log2 == 3 ? even_target() : target();
    if (op3 == 0x20 || op3 == 0x24)
        rd = 16 + random_below(16);
    else if (op3 >= 0x20)
        rd = random_below(8) * 2;
    /* integers and floats in different halves, singles and doubles too: NaNs are not mixed */
    uint32_t part = op3 < 0x20 ? 0 : log2 == 2 ? 0x800 : 0xc00;
    uint32_t at = (part + random_below(op3 < 0x20 ? 0x800 : 0x400)) >> log2 << log2;
    return format3(3, op3, rd, 7) | 0x2000 | at;
}

static uint32_t floating(void)
{
    static const uint16_t single[] = {0x41, 0x45, 0x49, 0x4d, 0x29, 0x01, 0x05, 0x09, 0xc4};
    static const uint16_t twice[] = {0x42, 0x46, 0x4a, 0x4e, 0x2a};
    static const uint16_t compares[] = {0x51, 0x55, 0x52, 0x56};
    unsigned s1 = 16 + random_below(16), s2 = 16 + random_below(16), s3 = 16 + random_below(16);
    unsigned d1 = random_below(8) * 2, d2 = random_below(8) * 2, d3 = random_below(8) * 2;
    unsigned n;
    switch (random_below(8)) {
    case 0:
    case 1:
        n = random_below(9);
        return format3(2, 0x34, s1, s2) | (uint32_t)single[n] << 5 | s3;
    case 2:
    case 3:
        return format3(2, 0x34, d1, d2) | (uint32_t)twice[random_below(5)] << 5 | d3;
    case 4:
        n = random_below(4);
        return format3(2, 0x35, 0, n < 2 ? s1 : d1) | (uint32_t)compares[n] << 5 |
               (n < 2 ? s2 : d2);
    case 5:
        return format3(2, 0x34, d1, 0) | 0xc9u << 5 | s1;
    case 6:
        return format3(2, 0x34, s1, 0) | 0xc6u << 5 | d1;
    default:
        return random_below(2) ? format3(2, 0x34, d1, 0) | 0xc8u << 5 | s1
                               : format3(2, 0x34, d1, s1) | 0x69u << 5 | s2;
    }
}

static uint32_t state_register(void)
{
    if (random_below(2))
        return format3(2, 0x28, target(), 0);
    return format3(2, 0x30, 0, source()) | (random_below(2) ? random_simm() : source());
}

/* Forwards, to the end of the segment at most. */
static uint32_t branch(struct gen *g)
{
    unsigned left = g->end > g->in->words ? g->end - g->in->words : 1;
    uint32_t to = 1 + random_below(left < 8 ? left : 8);
    uint32_t op2 = g->floats && random_below(3) == 0 ? 6 : 2;
    return random_below(2) << 29 | random_below(16) << 25 | op2 << 22 | to;
}

/* What traps, or goes where nobody knows. */
static uint32_t wild(struct gen *g)
{
    static const uint8_t loads[] = {0, 2, 3, 4, 6, 7, 10, 13, 15, 0x20, 0x23, 0x24, 0x27};
    uint32_t second = random_below(2) ? random_simm() : source();
    switch (random_below(12)) {
    case 0: /* misaligned, or an odd register */
        return format3(3, loads[random_below(13)], target(), 7) | 0x2000 | random_below(0x800);
    case 1: /* nowhere */
        return format3(3, loads[random_below(13)], target(), source()) | second;
    case 2:
        return format3(2, 0x22 + random_below(2), target(), source()) | second;
    case 3:
        return format3(2, 0x3a, random_below(16), source()) | second;
    case 4:
        return format3(2, 14 + random_below(2), target(), source()) | second;
    case 5:
        return format3(2, 0x3c + random_below(2), target(), source()) | second;
    case 6: /* relative to the code */
        return format3(2, 0x38, random_below(2) ? 0 : 15, 5) | 0x2000 | random_below(64) * 4;
    case 7:
        return 1u << 30 | (1 + random_below(7));
    case 8:
        return random_below(2) ? (uint32_t)random_next() | 0x80000000
                               : format3(3, 0x21, 0, 7) | 0x2004;
    default:
        return branch(g);
    }
}

/* One that may stand in any place, delay slots included. */
static uint32_t simple(struct gen *g)
{
    unsigned k = random_below(16);
    if (g->wild && random_below(3) == 0)
        return wild(g);
    if (k < 2)
        return memory(g);
    if (k == 2)
        return divide();
    if (k == 3)
        return state_register();
    if (k == 4)
        return random_below(1u << 22) | 4u << 22 | target() << 25;
    if (k < 10 && g->floats)
        return floating();
    return alu();
}

/* CALL to the next instruction but one or two, then JMPL relative to %o7. */
static void call(struct gen *g)
{
    uint32_t skip = random_below(3);
    emit(g, 1u << 30 | 2);
    emit(g, format3(2, 16, target() & 7 ? 1 : 2, source()) | source()); /* not %o7 */
    emit(g, format3(2, 0x38, random_below(2) ? 0 : 20, 15) | 0x2000 | (16 + 4 * skip));
    emit(g, simple(g));
    for (uint32_t n = 0; n < skip; n++)
        emit(g, simple(g));
}

static void segment(struct gen *g, unsigned length)
{
    if (g->in->words + length + 60 > SLOT_WORDS)
        return;
    g->end = g->in->words + length;
    while (g->in->words + 3 < g->end) {
        unsigned k = random_below(10);
        if (k < 3) {
            emit(g, branch(g));
            emit(g, simple(g)); /* qemu-sparc crashes on some couples */
        } else if (k == 3) {
            chain(g);
        } else {
            emit(g, simple(g));
        }
    }
    while (g->in->words <= g->end)
        emit(g, 0x01000000);
}

static void open_window(struct gen *g)
{
    emit(g, format3(2, 0x3c, 14, 14) | 0x2000 | (0x1fff & -96));
    for (unsigned r = 8; r < 24; r++)
        if (!fixed(r))
            emit(g, format3(2, random_below(2) ? 0 : 3, r, 24 + random_below(6)) | random_simm());
    g->depth++;
}

static void close_window(struct gen *g)
{
    unsigned rd = random_below(2) ? 0 : 8 + random_below(6);
    emit(g, format3(2, 0x3d, rd, source()) | random_simm());
    g->depth--;
}

static void random_state(struct state *s, bool floats)
{
    static const uint32_t some[] = {0, 1, 0xffffffff, 0x80000000, 0x7fffffff, 2, 3};
    static const uint64_t numbers[] = {0,
                                       0x3ff0000000000000,
                                       0x8000000000000000,
                                       0x7ff0000000000000,
                                       0x0010000000000000,
                                       0x4024000000000000};
    for (unsigned n = 1; n < 32; n++)
        s->r[n] = random_below(4) == 0 ? some[random_below(7)] : (uint32_t)random_next();
    s->r[0] = 0;
    s->r[6] = EXIT_AT;
    s->r[7] = DATA_AT;
    s->r[14] = STACK_AT + STACK_BYTES - 256;
    s->r[30] = STACK_AT + STACK_BYTES - 128;
    s->y = random_below(2) ? random_below(4) : (uint32_t)random_next();
    s->fsr = floats ? random_below(4) << 30 : 0;
    for (unsigned n = 0; n < 16; n += 2) {
        uint64_t v = random_next();
        if (random_below(3) == 0)
            v = numbers[random_below(6)];
        else if ((v >> 52 & 0x7ff) == 0x7ff || random_below(2))
            v = (v & 0x801fffffffffffff) | (uint64_t)(0x3f0 + random_below(32)) << 52;
        s->f[n] = (uint32_t)(v >> 32);
        s->f[n + 1] = (uint32_t)v;
    }
    for (unsigned n = 16; n < 32; n++) {
        uint32_t v = (uint32_t)random_next();
        if ((v >> 23 & 0xff) == 0xff || random_below(2))
            v = (v & 0x807fffff) | (0x70 + random_below(32)) << 23;
        s->f[n] = v;
    }
}

void generate(struct input *in, unsigned length, bool floats, bool wild_too)
{
    struct gen g = {.in = in, .floats = floats, .wild = wild_too};
    memset(in, 0, sizeof *in);
    in->seed = (uint32_t)random_next();
    random_state(&in->s, floats);
    /* flags that are known */
    emit(&g, format3(2, random_below(2) ? 16 : 20, 0, source()) | source());
    while (in->words < length) {
        segment(&g, 6 + random_below(20));
        unsigned k = random_below(6);
        if (k > 3)
            call(&g);
        else if (k == 0 && g.depth < 4)
            open_window(&g);
        else if (k == 1 && g.depth > 0)
            close_window(&g);
    }
    while (g.depth > 0)
        close_window(&g);
    emit(&g, 0x81c1a000); /* jmp %g6 */
    emit(&g, simple(&g));
}
