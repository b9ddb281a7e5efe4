/*
 * The operations under test. The host side loads both operands with everything masked, then runs
 * the instruction under the control word asked for; status is read, and pending exceptions are
 * cleared, by instructions that do not wait, so that unmasked exceptions never trap.
 */
#include "x80_test.h"

#include <stddef.h>
#include <string.h>

#define KEPT (X80_EXCEPTIONS | X80_CC)

/* ---- the processor ---- */

static uint16_t masked = 0x37f;

/* Take the result from the register stack, which holds n numbers. */
static void collect(struct outcome *o, uint16_t status)
{
    unsigned held = -(status >> 11) & 7;
    o->status = status & KEPT;
    __asm__ volatile("fnclex\n\tfldcw %0" : : "m"(masked));
    if (held > 0)
        __asm__ volatile("fstpt %0" : "=m"(o->st0));
    if (held > 1)
        __asm__ volatile("fstpt %0" : "=m"(o->st1));
    __asm__ volatile("fninit");
}

#define HOST(id, code)                                                                \
    static void host_##id(uint16_t control, const struct x80 *a, const struct x80 *b, \
                          struct outcome *o)                                          \
    {                                                                                 \
        uint16_t status;                                                              \
        __asm__ volatile("fninit\n\tfldt %[b]\n\tfldt %[a]\n\tfldcw %[cw]\n\t" code   \
                         "\n\tfnstsw %[sw]"                                           \
                         : [sw] "=m"(status), [mem] "+m"(o->memory)                   \
                         : [a] "m"(*a), [b] "m"(*b), [cw] "m"(control));              \
        collect(o, status);                                                           \
    }
/* The operand is in memory; the stack is empty. */
#define HOST_LOAD(id, code)                                                           \
    static void host_##id(uint16_t control, const struct x80 *a, const struct x80 *b, \
                          struct outcome *o)                                          \
    {                                                                                 \
        uint16_t status;                                                              \
        (void)b;                                                                      \
        __asm__ volatile("fninit\n\tfldcw %[cw]\n\t" code "\n\tfnstsw %[sw]"          \
                         : [sw] "=m"(status)                                          \
                         : [a] "m"(*a), [cw] "m"(control));                           \
        collect(o, status);                                                           \
    }

HOST(add, "fadd %%st(1), %%st")
HOST(sub, ".byte 0xd8, 0xe1") /* fsub st, st(1): assemblers disagree on the names */
HOST(mul, "fmul %%st(1), %%st")
HOST(div, ".byte 0xd8, 0xf1")
HOST(sqrt, "fsqrt")
HOST(com, "fcom %%st(1)")
HOST(ucom, "fucom %%st(1)")
HOST(xam, "fxam")
HOST(rndint, "frndint")
HOST(scale, "fscale")
HOST(xtract, "fxtract")
HOST(prem, "fprem")
HOST(prem1, "fprem1")
HOST(ist16, "fists %[mem]")
HOST(ist32, "fistl %[mem]")
HOST(ist64, "fistpll %[mem]")
HOST(istt64, "fisttpll %[mem]")
HOST(istt16, "fisttps %[mem]")
HOST(st32, "fsts %[mem]")
HOST(st64, "fstl %[mem]")
HOST(bst, "fbstp %[mem]")
HOST_LOAD(ld16, "filds %[a]")
HOST_LOAD(ld32, "fildl %[a]")
HOST_LOAD(ld64, "fildll %[a]")
HOST_LOAD(ldf32, "flds %[a]")
HOST_LOAD(ldf64, "fldl %[a]")
HOST_LOAD(bld, "fbld %[a]")

/* ---- the software ---- */

static struct x80_env begin(uint16_t control)
{
    return (struct x80_env){.control = control};
}

static void end(const struct x80_env *e, struct outcome *o)
{
    o->status = e->status & KEPT;
}

#define SOFT(id, expression)                                                          \
    static void soft_##id(uint16_t control, const struct x80 *a, const struct x80 *b, \
                          struct outcome *o)                                          \
    {                                                                                 \
        struct x80_env e = begin(control);                                            \
        struct x80 r = expression;                                                    \
        o->st0 = e.stop ? *a : r;                                                     \
        o->st1 = *b;                                                                  \
        end(&e, o);                                                                   \
    }
/* A comparison: no result. */
#define SOFT_CC(id, statement)                                                        \
    static void soft_##id(uint16_t control, const struct x80 *a, const struct x80 *b, \
                          struct outcome *o)                                          \
    {                                                                                 \
        struct x80_env e = begin(control);                                            \
        statement;                                                                    \
        o->st0 = *a;                                                                  \
        o->st1 = *b;                                                                  \
        end(&e, o);                                                                   \
    }
/* A store; popped: so is the register. */
#define SOFT_STORE(id, type, expression, popped)                                      \
    static void soft_##id(uint16_t control, const struct x80 *a, const struct x80 *b, \
                          struct outcome *o)                                          \
    {                                                                                 \
        struct x80_env e = begin(control);                                            \
        type v = (type)(expression);                                                  \
        if (!e.stop)                                                                  \
            memcpy(o->memory, &v, sizeof v);                                          \
        o->st0 = popped && !e.stop ? *b : *a;                                         \
        if (!(popped && !e.stop))                                                     \
            o->st1 = *b;                                                              \
        end(&e, o);                                                                   \
    }
#define SOFT_LOAD(id, type, expression)                                               \
    static void soft_##id(uint16_t control, const struct x80 *a, const struct x80 *b, \
                          struct outcome *o)                                          \
    {                                                                                 \
        struct x80_env e = begin(control);                                            \
        type v;                                                                       \
        (void)b;                                                                      \
        memcpy(&v, a, sizeof v);                                                      \
        struct x80 r = expression;                                                    \
        if (!e.stop)                                                                  \
            o->st0 = r;                                                               \
        end(&e, o);                                                                   \
    }

SOFT(add, x80_add(&e, *a, *b))
SOFT(sub, x80_sub(&e, *a, *b))
SOFT(mul, x80_mul(&e, *a, *b))
SOFT(div, x80_div(&e, *a, *b))
SOFT(sqrt, x80_sqrt(&e, *a))
SOFT_CC(com, x80_compare(&e, *a, *b, false))
SOFT_CC(ucom, x80_compare(&e, *a, *b, true))
SOFT_CC(xam, e.status = (uint16_t)x80_class(*a))
SOFT(rndint, x80_round(&e, *a))
SOFT(scale, x80_scale(&e, *a, *b))
SOFT(prem, x80_remainder(&e, *a, *b, false))
SOFT(prem1, x80_remainder(&e, *a, *b, true))
SOFT_STORE(ist16, int16_t, x80_to_int(&e, *a, 16, false), false)
SOFT_STORE(ist32, int32_t, x80_to_int(&e, *a, 32, false), false)
SOFT_STORE(ist64, int64_t, x80_to_int(&e, *a, 64, false), true)
SOFT_STORE(istt64, int64_t, x80_to_int(&e, *a, 64, true), true)
SOFT_STORE(istt16, int16_t, x80_to_int(&e, *a, 16, true), true)
SOFT_STORE(st32, uint32_t, x80_to_f32(&e, *a), false)
SOFT_STORE(st64, uint64_t, x80_to_f64(&e, *a), false)
SOFT_LOAD(ld16, int16_t, x80_from_int(v))
SOFT_LOAD(ld32, int32_t, x80_from_int(v))
SOFT_LOAD(ld64, int64_t, x80_from_int(v))
SOFT_LOAD(ldf32, uint32_t, x80_from_f32(&e, v))
SOFT_LOAD(ldf64, uint64_t, x80_from_f64(&e, v))

static void soft_xtract(uint16_t control, const struct x80 *a, const struct x80 *b,
                        struct outcome *o)
{
    struct x80_env e = begin(control);
    struct x80 s = *a, x = x80_extract(&e, &s);
    o->st0 = e.stop ? *a : s;
    o->st1 = e.stop ? *b : x;
    end(&e, o);
}

static void soft_bst(uint16_t control, const struct x80 *a, const struct x80 *b, struct outcome *o)
{
    struct x80_env e = begin(control);
    uint8_t v[10];
    x80_to_bcd(&e, *a, v);
    if (!e.stop)
        memcpy(o->memory, v, sizeof v);
    o->st0 = e.stop ? *a : *b;
    if (e.stop)
        o->st1 = *b;
    end(&e, o);
}

static void soft_bld(uint16_t control, const struct x80 *a, const struct x80 *b, struct outcome *o)
{
    struct x80_env e = begin(control);
    uint8_t v[10];
    (void)b;
    memcpy(v, a, sizeof v);
    o->st0 = x80_from_bcd(v);
    end(&e, o);
}

#define ROW(id, kind, weight)                   \
    {                                           \
#id, kind, soft_##id, host_##id, weight \
    }
const struct test_op test_ops[] = {
    ROW(add, TWO, 4),           ROW(sub, TWO, 4),       ROW(mul, TWO, 4),
    ROW(div, TWO, 4),           ROW(sqrt, ONE, 2),      ROW(com, TWO, 2),
    ROW(ucom, TWO, 1),          ROW(xam, ONE, 1),       ROW(rndint, ONE, 1),
    ROW(scale, TWO, 1),         ROW(xtract, ONE, 1),    ROW(prem, TWO, 1),
    ROW(prem1, TWO, 1),         ROW(ist16, ONE, 1),     ROW(ist32, ONE, 1),
    ROW(ist64, ONE, 1),         ROW(istt64, ONE, 1),    ROW(istt16, ONE, 1),
    ROW(st32, ONE, 2),          ROW(st64, ONE, 2),      ROW(bst, ONE, 1),
    ROW(ld16, FROM16, 1),       ROW(ld32, FROM32, 1),   ROW(ld64, FROM64, 1),
    ROW(ldf32, FROMF32, 1),     ROW(ldf64, FROMF64, 1), ROW(bld, FROMBCD, 1),
    {NULL, TWO, NULL, NULL, 0},
};
