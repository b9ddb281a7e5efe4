/*
 * SSE3 and SSSE3 with known results, also on this processor: xmm0 := xmm0 op xmm1, or mm0 := mm0 op mm1,
 * whose numbers are the low words here. Values are at the edges: signs, saturation, counts beyond a
 * register.
 */
#include <stdio.h>
#include <string.h>

#include "../frame/frame.h"
#include "../x86seq/coverage.h"
#include "x87_test.h"

/* clang-format off */
static const struct row {
    const char *name, *code; /* hexadecimal */
    uint64_t d[2], s[2], result[2];
} rows[] = {
    {"pshufb", "660f3800c1", {0x80706050403020ff, 0xfff0e0d0c0b0a090}, {0xff047f0580060a0b, 0x0f000e010d020c03}, {0x0050ff600070b0c0, 0xfffff020e030d040}},
    {"pshufb, mmx", "0f3800c1", {0x80706050403020ff}, {0xff047f0580060a0b}, {0x0050806000703040}},
    {"phaddw", "660f3801c1", {0x123480017fffffff, 0x80007fff0001ffff}, {0xfffe00007fff7fff, 0x0001ffff80008000}, {0xffff000092357ffe, 0x00000000fffefffe}},
    {"phaddw, mmx", "0f3801c1", {0x123480017fffffff}, {0xfffe00007fff7fff}, {0xfffefffe92357ffe}},
    {"phaddd", "660f3802c1", {0x00000001ffffffff, 0x800000007fffffff}, {0x7fffffff00000001, 0x80000000ffffffff}, {0xffffffff00000000, 0x7fffffff80000000}},
    {"phaddd, mmx", "0f3802c1", {0x00000001ffffffff}, {0x7fffffff00000001}, {0x8000000000000000}},
    {"phaddsw", "660f3803c1", {0x123480017fffffff, 0x80007fff0001ffff}, {0xfffe00007fff7fff, 0x0001ffff80008000}, {0xffff000092357ffe, 0x00008000fffe7fff}},
    {"phaddsw, mmx", "0f3803c1", {0x123480017fffffff}, {0xfffe00007fff7fff}, {0xfffe7fff92357ffe}},
    {"pmaddubsw", "660f3804c1", {0x80706050403020ff, 0xfff0e0d0c0b0a090}, {0x8081017ff0e1d2a3, 0x0f8007067f0102ff}, {0x88702810f6309d9d, 0x96f10b005ff000b0}},
    {"pmaddubsw, mmx", "0f3804c1", {0x80706050403020ff}, {0x8081017ff0e1d2a3}, {0x88702810f6309d9d}},
    {"phsubw", "660f3805c1", {0x123480017fffffff, 0x80007fff0001ffff}, {0xfffe00007fff7fff, 0x0001ffff80008000}, {0xfffffffe6dcd8000, 0xfffe000000020000}},
    {"phsubw, mmx", "0f3805c1", {0x123480017fffffff}, {0xfffe00007fff7fff}, {0x000200006dcd8000}},
    {"phsubd", "660f3806c1", {0x00000001ffffffff, 0x800000007fffffff}, {0x7fffffff00000001, 0x80000000ffffffff}, {0xfffffffffffffffe, 0x7fffffff80000002}},
    {"phsubd, mmx", "0f3806c1", {0x00000001ffffffff}, {0x7fffffff00000001}, {0x80000002fffffffe}},
    {"phsubsw", "660f3807c1", {0x123480017fffffff, 0x80007fff0001ffff}, {0xfffe00007fff7fff, 0x0001ffff80008000}, {0x7ffffffe80008000, 0xfffe000000020000}},
    {"phsubsw, mmx", "0f3807c1", {0x123480017fffffff}, {0xfffe00007fff7fff}, {0x0002000080008000}},
    {"psignb", "660f3808c1", {0x80706050403020ff, 0xfff0e0d0c0b0a090}, {0x8081017ff0e1d2a3, 0x0f8007067f0102ff}, {0x80906050c0d0e001, 0xff10e0d0c0b0a070}},
    {"psignb, mmx", "0f3808c1", {0x80706050403020ff}, {0x8081017ff0e1d2a3}, {0x80906050c0d0e001}},
    {"psignw", "660f3809c1", {0x123480017fffffff, 0x80007fff0001ffff}, {0xfffe00007fff7fff, 0x0001ffff80008000}, {0xedcc00007fffffff, 0x80008001ffff0001}},
    {"psignw, mmx", "0f3809c1", {0x123480017fffffff}, {0xfffe00007fff7fff}, {0xedcc00007fffffff}},
    {"psignd", "660f380ac1", {0x00000001ffffffff, 0x800000007fffffff}, {0x7fffffff00000001, 0x80000000ffffffff}, {0x00000001ffffffff, 0x8000000080000001}},
    {"psignd, mmx", "0f380ac1", {0x00000001ffffffff}, {0x7fffffff00000001}, {0x00000001ffffffff}},
    {"pmulhrsw", "660f380bc1", {0x123480017fffffff, 0x80007fff0001ffff}, {0xfffe00007fff7fff, 0x0001ffff80008000}, {0x000000007ffeffff, 0xffffffffffff0001}},
    {"pmulhrsw, mmx", "0f380bc1", {0x123480017fffffff}, {0xfffe00007fff7fff}, {0x000000007ffeffff}},
    {"pabsb", "660f381cc1", {0x80706050403020ff, 0xfff0e0d0c0b0a090}, {0x8081017ff0e1d2a3, 0x0f8007067f0102ff}, {0x807f017f101f2e5d, 0x0f8007067f010201}},
    {"pabsb, mmx", "0f381cc1", {0x80706050403020ff}, {0x8081017ff0e1d2a3}, {0x807f017f101f2e5d}},
    {"pabsw", "660f381dc1", {0x123480017fffffff, 0x80007fff0001ffff}, {0xfffe00007fff7fff, 0x0001ffff80008000}, {0x000200007fff7fff, 0x0001000180008000}},
    {"pabsw, mmx", "0f381dc1", {0x123480017fffffff}, {0xfffe00007fff7fff}, {0x000200007fff7fff}},
    {"pabsd", "660f381ec1", {0x00000001ffffffff, 0x800000007fffffff}, {0x7fffffff00000001, 0x80000000ffffffff}, {0x7fffffff00000001, 0x8000000000000001}},
    {"pabsd, mmx", "0f381ec1", {0x00000001ffffffff}, {0x7fffffff00000001}, {0x7fffffff00000001}},
    {"palignr by 0", "660f3a0fc100", {0x80706050403020ff, 0xfff0e0d0c0b0a090}, {0x8081017ff0e1d2a3, 0x0f8007067f0102ff}, {0x8081017ff0e1d2a3, 0x0f8007067f0102ff}},
    {"palignr by 5", "660f3a0fc105", {0x80706050403020ff, 0xfff0e0d0c0b0a090}, {0x8081017ff0e1d2a3, 0x0f8007067f0102ff}, {0x067f0102ff808101, 0x50403020ff0f8007}},
    {"palignr by 16", "660f3a0fc110", {0x80706050403020ff, 0xfff0e0d0c0b0a090}, {0x8081017ff0e1d2a3, 0x0f8007067f0102ff}, {0x80706050403020ff, 0xfff0e0d0c0b0a090}},
    {"palignr by 21", "660f3a0fc115", {0x80706050403020ff, 0xfff0e0d0c0b0a090}, {0x8081017ff0e1d2a3, 0x0f8007067f0102ff}, {0xd0c0b0a090807060, 0x0000000000fff0e0}},
    {"palignr by 32", "660f3a0fc120", {0x80706050403020ff, 0xfff0e0d0c0b0a090}, {0x8081017ff0e1d2a3, 0x0f8007067f0102ff}, {0x0000000000000000, 0x0000000000000000}},
    {"palignr by 3, mmx", "0f3a0fc103", {0x80706050403020ff}, {0x8081017ff0e1d2a3}, {0x3020ff8081017ff0}},
    {"palignr by 8, mmx", "0f3a0fc108", {0x80706050403020ff}, {0x8081017ff0e1d2a3}, {0x80706050403020ff}},
    {"palignr by 11, mmx", "0f3a0fc10b", {0x80706050403020ff}, {0x8081017ff0e1d2a3}, {0x0000008070605040}},
    {"palignr by 16, mmx", "0f3a0fc110", {0x80706050403020ff}, {0x8081017ff0e1d2a3}, {0x0000000000000000}},
    {"addsubps", "f20fd0c1", {0x400000003fc00000, 0x40800000c0400000}, {0x410000003f000000, 0xc200000041800000}, {0x412000003f800000, 0xc1e00000c1980000}},
    {"haddps", "f20f7cc1", {0x400000003fc00000, 0x40800000c0400000}, {0x410000003f000000, 0xc200000041800000}, {0x3f80000040600000, 0xc180000041080000}},
    {"hsubps", "f20f7dc1", {0x400000003fc00000, 0x40800000c0400000}, {0x410000003f000000, 0xc200000041800000}, {0xc0e00000bf000000, 0x42400000c0f00000}},
    {"addsubpd", "660fd0c1", {0x3ff8000000000000, 0x4000000000000000}, {0x3fe0000000000000, 0x4020000000000000}, {0x3ff0000000000000, 0x4024000000000000}},
    {"haddpd", "660f7cc1", {0x3ff8000000000000, 0x4000000000000000}, {0x3fe0000000000000, 0x4020000000000000}, {0x400c000000000000, 0x4021000000000000}},
    {"hsubpd", "660f7dc1", {0x3ff8000000000000, 0x4000000000000000}, {0x3fe0000000000000, 0x4020000000000000}, {0xbfe0000000000000, 0xc01e000000000000}},
    {"movddup", "f20f12c1", {0x3ff8000000000000, 0x4000000000000000}, {0x3fe0000000000000, 0x4020000000000000}, {0x3fe0000000000000, 0x3fe0000000000000}},
    {"movshdup", "f30f16c1", {0x400000003fc00000, 0x40800000c0400000}, {0x410000003f000000, 0xc200000041800000}, {0x4100000041000000, 0xc2000000c2000000}},
    {"movsldup", "f30f12c1", {0x400000003fc00000, 0x40800000c0400000}, {0x410000003f000000, 0xc200000041800000}, {0x3f0000003f000000, 0x4180000041800000}},
};
/* clang-format on */
#define ROWS (sizeof rows / sizeof rows[0])

static void fill(struct test_case *t, const struct row *r, bool mmx)
{
    memset(t, 0, sizeof *t);
    t->begin.fx.fcw = 0x37f;
    t->begin.fx.mxcsr = 0x1f80;
    for (unsigned byte; sscanf(r->code + 2 * t->bytes, "%2x", &byte) == 1;)
        t->code[t->bytes++] = (uint8_t)byte;
    if (mmx) {
        t->begin.fx.ftw = 0xff;
        t->begin.fx.st[0].sig = r->d[0];
        t->begin.fx.st[1].sig = r->s[0];
        t->begin.fx.st[0].se = t->begin.fx.st[1].se = 0xffff;
    } else {
        memcpy(t->begin.fx.xmm[0], r->d, 16);
        memcpy(t->begin.fx.xmm[1], r->s, 16);
    }
}

static bool right(const struct state *s, const struct row *r, bool mmx)
{
    return mmx ? s->fx.st[0].sig == r->result[0] && s->fx.st[0].se == 0xffff
               : memcmp(s->fx.xmm[0], r->result, 16) == 0;
}

static bool host_runs(const struct test_case *t)
{
    struct x86_insn i;
    return x86_decode(t->code, t->bytes, host_mode(), &i) == X86_OK;
}

void known_vectors(const struct backend *b)
{
    static struct test_case t;
    static struct state end;
    unsigned bad = 0;
    for (unsigned n = 0; n < ROWS; n++) {
        bool mmx = rows[n].code[0] == '0';
        fill(&t, &rows[n], mmx);
        bool good = guest_run(&t, b, 3, &end) && right(&end, &rows[n], mmx);
        if (good && host_runs(&t)) {
            native_run(&t, &end);
            good = right(&end, &rows[n], mmx);
        }
        if (!good)
            printf("# %s: %016llx %016llx\n", rows[n].name, (unsigned long long)end.fx.xmm[0][0],
                   (unsigned long long)end.fx.xmm[0][1]);
        bad += !good;
    }
    char name[60];
    snprintf(name, sizeof name, "x87 known vectors %s", guest_backend_name(b));
    result(name, bad == 0, "%u of %u", bad, (unsigned)ROWS);
}
