/*
 * Random cases: states of every kind, and instructions found by decoding random bytes.
 */
#include <stdlib.h>
#include <string.h>

#include <frontends/x86/insn.h>
#include <translator/x80.h>

#include "../frame/frame.h"
#include "../x86seq/coverage.h"
#include "x87_test.h"

static unsigned pick(unsigned n)
{
    return (unsigned)(random_next() >> 33) % n;
}

/* ---- values ---- */

static uint64_t random_double(void)
{
    static const uint64_t special[] = {0,
                                       1ull << 63,
                                       0x3ff0000000000000,
                                       0xbff8000000000000,
                                       0x7ff0000000000000,
                                       0x7ff8000000000001,
                                       0x7ff0000000000001,
                                       1,
                                       0x000fffffffffffff,
                                       0x7fefffffffffffff,
                                       0x40c3880000000000,
                                       0x41e0000000000000};
    uint64_t r = random_next();
    switch (r & 7) {
    case 0:
        return random_next();
    case 1:
    case 2:
        return special[(r >> 8) % (sizeof special / sizeof special[0])];
    default: /* near 1, few bits */
        return (random_next() & (r & 8 ? 0x800fffffffffffffu : 0x8000fff000000000u)) |
               (0x3f0ull + (r >> 8 & 31)) << 52;
    }
}

static uint32_t random_float(void)
{
    static const uint32_t special[] = {0,          0x80000000, 0x3f800000, 0x7f800000,
                                       0xff800000, 0x7fc00001, 0x7f800001, 1,
                                       0x007fffff, 0x7f7fffff, 0x4f000000, 0xcf000000};
    uint64_t r = random_next();
    switch (r & 7) {
    case 0:
        return (uint32_t)random_next();
    case 1:
    case 2:
        return special[(r >> 8) % (sizeof special / sizeof special[0])];
    default:
        return (uint32_t)((random_next() & 0x807fffff) | (0x70 + (r >> 8 & 31)) << 23);
    }
}

static void random_register(uint64_t *sig, uint16_t *se)
{
    struct x80_env e = {.control = 0x37f};
    uint64_t r = random_next();
    struct x80 v = r & 1 ? x80_from_f64(&e, random_double()) : x80_from_f32(&e, random_float());
    if ((r & 14) == 0) {
        v.sig = random_next();
        v.se = (uint16_t)(r >> 8);
    } else if ((r & 14) == 2) {
        v = x80_from_int((int64_t)random_next() >> (r >> 8 & 63));
    }
    *sig = v.sig;
    *se = v.se;
}

/* ---- states ---- */

static uint16_t control_word(bool masked)
{
    static const uint16_t precision[] = {0, 0x200, 0x300, 0x300};
    unsigned cw = precision[pick(4)] | pick(4) << 10 | 0x40;
    return (uint16_t)(cw | (masked ? 0x3f : pick(64)));
}

static void random_state(struct state *s, bool single)
{
    memset(s, 0, sizeof *s);
    bool masked = !single || pick(2);
    s->fx.fcw = control_word(masked);
    unsigned top = pick(8);
    s->fx.ftw = (uint8_t)(0xff << top);
    if (top == 0)
        s->fx.ftw = 0;
    if (pick(8) == 0) /* anything in use */
        s->fx.ftw = (uint8_t)random_next();
    /* Nothing is pending, so that no instruction traps. */
    s->fx.fsw =
        (uint16_t)((random_next() & 0x4700) | top << 11 | (random_next() & 0x7f & s->fx.fcw));
    if (s->fx.fsw & ~s->fx.fcw & 0x3f)
        s->fx.fsw &= 0xff00;
    s->fx.mxcsr = 0x1f80 | pick(4) << 13 | (pick(8) == 0 ? 0x8000 : 0) | (pick(8) == 0 ? 0x40 : 0) |
                  (pick(2) ? 0 : pick(64));
    for (unsigned i = 0; i < 8; i++) {
        random_register(&s->fx.st[i].sig, &s->fx.st[i].se);
        for (unsigned k = 0; k < 2; k++)
            s->fx.xmm[i][k] = pick(4) == 0 ? random_next()
                              : pick(2)    ? random_double()
                                           : random_float() | (uint64_t)random_float() << 32;
    }
    s->eax = (uint32_t)random_next();
    s->ecx = (uint32_t)random_next() >> pick(32);
    s->edx = (uint32_t)random_next();
    s->eflags = (uint32_t)random_next() & FLAGS;
    for (unsigned n = 0; n < DATA_BYTES; n += 8) {
        uint64_t v = pick(3) == 0 ? random_next()
                     : pick(2)    ? random_double()
                                  : random_float() | (uint64_t)random_float() << 32;
        memcpy(s->data + n, &v, 8);
    }
    for (unsigned n = DATA_CWS; n < DATA_BYTES; n += 2) {
        uint16_t cw = control_word(true);
        memcpy(s->data + n, &cw, 2);
    }
}

/* ---- instructions ---- */

/* Left out: state images, whose pointers differ; what loads any control word; decimal digits; and
 * approximations. They have tests of their own. */
static bool left_out(unsigned op)
{
    switch (op) {
    case X86_FLDENV:
    case X86_FNSTENV:
    case X86_FRSTOR:
    case X86_FNSAVE:
    case X86_FBLD:
    case X86_RSQRTPS:
    case X86_RSQRTSS:
    case X86_RCPPS:
    case X86_RCPSS:
        return true;
    default:
        return (op < X86_FADD || op > X86_FWAIT) && (op < X86_MOVD || op > X86_CVTTPD2DQ);
    }
}

/* Not what the host's CPU lacks, and no second encodings of FSTP (propose). */
bool generates(const struct x86_row *r)
{
    static const char *const second[] = {"D9 /3 r", "DF /2 r", "DF /3 r"};
    for (unsigned n = 0; n < sizeof second / sizeof second[0]; n++)
        if (strcmp(r->encoding, second[n]) == 0)
            return false;
    return !left_out(r->op) && host_has(r);
}

/* General registers only EAX, ECX, EDX; addresses [esi + disp8] and [esi + disp32]. */
static bool acceptable(const struct x86_insn *i)
{
    if (left_out(i->op))
        return false;
    for (unsigned n = 0; n < i->count; n++) {
        const struct x86_operand *o = &i->operand[n];
        if (o->kind == X86_REG && o->reg > X86_EDX)
            return false;
        if (o->kind != X86_MEM)
            continue;
        if (i->base != X86_ESI || i->index != X86_NO_REG)
            return false;
    }
    return true;
}

static bool uses(const struct x86_insn *i, unsigned kind)
{
    for (unsigned n = 0; n < i->count; n++)
        if (i->operand[n].kind == kind)
            return true;
    return i->op == X86_EMMS && kind == X86_MMX;
}

static unsigned propose(uint8_t *code)
{
    static const uint8_t prefixes[] = {0x66, 0xf2, 0xf3};
    unsigned n = 0, kind = pick(8);
    if (kind < 5) { /* x87 */
        code[n++] = kind == 0 && pick(8) == 0 ? 0x9b : (uint8_t)(0xd8 + pick(8));
    } else {
        if (pick(3) != 0)
            code[n++] = prefixes[pick(3)];
        code[n++] = 0x0f;
        static const uint8_t from[] = {0x10, 0x28, 0x50, 0x70, 0xc2, 0xd0, 0xf0};
        static const uint8_t to[] = {0x18, 0x30, 0x70, 0x80, 0xc7, 0xf0, 0x100 - 1};
        unsigned row = pick(9);
        if (row < 7) {
            code[n++] = (uint8_t)(from[row] + pick(to[row] - from[row] + (row == 6)));
        } else if (pick(8) != 0) {
            code[n++] = 0x38;
            code[n++] = (uint8_t)pick(0x1f);
        } else {
            code[n++] = 0x3a;
            code[n++] = 0x0f;
        }
    }
    if (code[0] == 0x9b)
        return n;
    uint8_t reg = (uint8_t)(pick(8) << 3);
    if (pick(2)) {
        /* Second encodings of FSTP that are in no manual see no empty register. */
        if ((code[0] == 0xd9 && reg == 3 << 3) ||
            (code[0] == 0xdf && (reg == 2 << 3 || reg == 3 << 3)))
            reg = 0;
        code[n++] = 0xc0 | reg | (uint8_t)pick(8);
    } else if (code[0] == 0xd9 && reg == 5 << 3) {
        uint32_t at = DATA_CWS + 2 * pick(100);
        code[n++] = 0x80 | reg | 6;
        memcpy(code + n, &at, 4);
        n += 4;
    } else {
        code[n++] = 0x40 | reg | 6;
        code[n++] = (uint8_t)(16 * pick(7));
    }
    code[n++] = (uint8_t)pick(256); /* an immediate, if there is one */
    return n;
}

static const uint8_t drop_c1[] = {0x25, 0xff, 0xfd, 0xff, 0xff}; /* and eax, ~X80_C1 */

static void add_instruction(struct test_case *t)
{
    for (;;) {
        uint8_t code[16] = {0};
        struct x86_insn i;
        unsigned n = propose(code);
        if (x86_decode(code, n, host_mode(), &i) != X86_OK || !acceptable(&i))
            continue;
        if (!t->single && uses(&i, X86_MMX) ? !t->mmx : i.op <= X86_FWAIT && t->mmx && !t->single)
            continue; /* MMX would show what popped registers held */
        bool status = i.op == X86_FNSTSW && !t->single;
        if (status && i.operand[0].kind == X86_MEM)
            continue; /* C1 may differ (main.c) */
        coverage_note(&i);
        t->at[t->instructions++] = t->bytes;
        memcpy(t->code + t->bytes, code, i.length);
        t->bytes += i.length;
        if (status) {
            memcpy(t->code + t->bytes, drop_c1, sizeof drop_c1);
            t->bytes += sizeof drop_c1;
        }
        t->comi |= i.op >= X86_FCOMI && i.op <= X86_FUCOMIP;
        return;
    }
}

void generate(struct test_case *t, bool single)
{
    memset(t, 0, sizeof *t);
    t->single = single;
    t->mmx = pick(4) == 0;
    random_state(&t->begin, single);
    for (unsigned n = single ? 1 : 2 + pick(20); n > 0; n--)
        add_instruction(t);
}
