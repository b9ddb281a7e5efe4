/* Floating point: every operation on all pairs of values at the edges, in all rounding modes. */
#include <stdio.h>
#include <string.h>

#include "../frame/frame.h"
#include "x86_test.h"

static const uint32_t edges32[] = {
    0,          0x80000000, 1,          0x80000001, 0x007fffff, 0x00800000, 0x80800000, 0x00800001,
    0x3f800000, 0xbf800000, 0x3f000000, 0x3effffff, 0x3fffffff, 0x40490fdb, 0x4effffff, 0x4f000000,
    0xcf000000, 0xcf000001, 0x4f7fffff, 0x4f800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
    0x7fc00000, 0xffc12345, 0x7f800001, 0xffa00000, 0x34000000, 0x1f800000, 0x20000001, 0xbf000000,
};
static const uint64_t edges64[] = {
    0,
    1ull << 63,
    1,
    0x000fffffffffffff,
    0x0010000000000000,
    0x8010000000000001,
    0x3ff0000000000000,
    0xbff0000000000000,
    0x3fe0000000000000,
    0xbfe8000000000000,
    0x400921fb54442d18,
    0x41dfffffffc00000, /* 2^31 - 1 */
    0x41e0000000000000,
    0xc1e0000000000000,
    0xc1e0000000100000,
    0xc1e0000000300000,
    0x41efffffffe00000, /* 2^32 - 1 */
    0x41effffffff00000,
    0x41f0000000000000,
    0x7fefffffffffffff,
    0x7ff0000000000000,
    0xfff0000000000000,
    0x7ff8000000000000,
    0xfff8000000012345,
    0x7ff0000000000001,
    0xfff4000000000000,
    0x3810000000000000, /* least normal f32 */
    0x380fffffe0000000,
    0x36a0000000000000, /* least f32 */
    0x3690000000000000,
    0x47efffffe0000000, /* greatest f32 */
    0x47effffff0000000,
    0x1ff0000000000000,
    0x2000000000000001,
};
#define COUNT32 (sizeof edges32 / sizeof edges32[0])
#define COUNT64 (sizeof edges64 / sizeof edges64[0])

static const char *const operations[] = {
    "%5 = fadd.T %2, %3",    "%5 = fsub.T %2, %3", "%5 = fmul.T %2, %3", "%5 = fdiv.T %2, %3",
    "%5 = fma.T %2, %3, %4", "%5 = fsqrt.T %2",    "%5 = fneg.T %2",     "%5 = fabs.T %2",
};

/* Offsets in the test CPU's own state: operands at 0, 16, 32, result at 48. */
static void source(char *text, const char *operation, const char *type)
{
    unsigned own = (unsigned)offsetof(struct test_cpu, own);
    char op[60];
    strcpy(op, operation);
    char *t = strstr(op, ".T");
    char line[100] = "";
    if (t != NULL) {
        *t = 0;
        snprintf(line, sizeof line, "%s.%s%s", op, type, t + 2);
    }
    sprintf(text,
            "insn 0x1000, side 0\n%%2 = get.%s [%u]\n%%3 = get.%s [%u]\n%%4 = get.%s [%u]\n"
            "%s\nput.%s [%u], %%5\njump 0x2000\n",
            type, own, type, own + 16, type, own + 32, line, type, own + 48);
}

static void other_source(char *text, unsigned n)
{
    unsigned own = (unsigned)offsetof(struct test_cpu, own);
    static const char *const lines[] = {
        "%2 = get.f32 [A]\n%3 = get.f32 [B]\n%4 = fcmp.f32 %2, %3\nputf.nzcv %4",
        "%2 = get.f32 [A]\n%3 = get.f32 [B]\n%4 = fcmps.f32 %2, %3\nputf.nzcv %4",
        "%2 = get.f64 [A]\n%3 = get.f64 [B]\n%4 = fcmp.f64 %2, %3\nputf.nzcv %4",
        "%2 = get.f64 [A]\n%3 = get.f64 [B]\n%4 = fcmps.f64 %2, %3\nputf.nzcv %4",
        "%2 = get.f32 [A]\n%3 = fwiden.f64 %2\nput.f64 [B], %3",
        "%2 = get.f64 [A]\n%3 = fnarrow.f32 %2\nput.f32 [B], %3",
        "%2 = get.f32 [A]\n%3 = toint32 %2, 0x0\nput.i32 [0], %3",
        "%2 = get.f32 [A]\n%3 = toint32 %2, 0x1\nput.i32 [0], %3",
        "%2 = get.f32 [A]\n%3 = toint32 %2, 0x2\nput.i32 [0], %3",
        "%2 = get.f32 [A]\n%3 = toint32 %2, 0x3\nput.i32 [0], %3",
        "%2 = get.f64 [A]\n%3 = toint64 %2, 0x0\nput.i32 [0], %3",
        "%2 = get.f64 [A]\n%3 = toint64 %2, 0x1\nput.i32 [0], %3",
        "%2 = get.f64 [A]\n%3 = toint64 %2, 0x2\nput.i32 [0], %3",
        "%2 = get.f64 [A]\n%3 = toint64 %2, 0x3\nput.i32 [0], %3",
        "%2 = get.i32 [A]\n%3 = fromint.f32 %2, 0x0\nput.f32 [B], %3",
        "%2 = get.i32 [A]\n%3 = fromint.f32 %2, 0x1\nput.f32 [B], %3",
        "%2 = get.i32 [A]\n%3 = fromint.f64 %2, 0x0\nput.f64 [B], %3",
        "%2 = get.i32 [A]\n%3 = fromint.f64 %2, 0x1\nput.f64 [B], %3",
    };
    *text = 0;
    if (n >= sizeof lines / sizeof lines[0])
        return;
    char *to = text + sprintf(text, "insn 0x1000, side 0\n");
    for (const char *s = lines[n]; *s; s++)
        if (*s == 'A' || *s == 'B')
            to += sprintf(to, "%u", own + (*s == 'A' ? 0 : 16));
        else
            *to++ = *s;
    strcpy(to, "\njump 0x2000\n");
}

/* `ir` on all pairs of edges, or on every so many-th; the third operand is random. */
static bool all_pairs(bool wide, unsigned every)
{
    static struct machine m;
    unsigned count = wide ? COUNT64 : COUNT32;
    machine_random(&m);
    for (unsigned n = 0; n < count * count * 4; n += every) {
        unsigned x = n % count, y = n / count % count, z = (unsigned)(random_next() >> 33) % count;
        uint64_t v[3] = {wide ? edges64[x] : edges32[x], wide ? edges64[y] : edges32[y],
                         wide ? edges64[z] : edges32[z]};
        for (unsigned k = 0; k < 3; k++)
            memcpy(m.cpu.own + 16 * k, &v[k], 8);
        m.cpu.cpu.mxcsr = 0x1f80 | n / count / count << 13;
        if (!same(n % 2, 0, &m))
            return false;
    }
    return true;
}

static bool one(const char *text, bool wide, unsigned every)
{
    char error[200];
    if (!ir_parse(&ir, text, error, sizeof error) || !ir_verify(&ir, error, sizeof error))
        return result("float", false, "%s in\n%s", error, text);
    return all_pairs(wide, every);
}

void test_float(unsigned every)
{
    unsigned all = x86_features;
    char text[1000];
    bool good = true;
    for (unsigned k = 0; k < 2; k++, x86_features &= ~(unsigned)HAS_FMA) {
        for (unsigned n = 0; n < sizeof operations / sizeof operations[0] && good; n++) {
            source(text, operations[n], "f32");
            good = one(text, false, every);
            source(text, operations[n], "f64");
            good = good && one(text, true, every);
        }
        other_source(text, 0);
        for (unsigned n = 1; *text && good; n++) {
            good = one(text, strstr(text, "get.f64") != NULL, every);
            other_source(text, n);
        }
    }
    x86_features = all;
    result("float at the edges", good, "see above");
}
