/*
 * What random cases leave out: exceptions that are delivered, state images, and what the
 * instruction pointers say.
 *
 * A row is code, and what the guest must have done at its end: how it ended, at which offset, and a
 * check of the state. The register stack is empty at first, the control word 037f, the data
 * numbers of double precision 1.0 except where `prepare` says otherwise.
 */
#include <stdio.h>
#include <string.h>

#include "../frame/frame.h"
#include "x87_test.h"

enum { BP = 3, MF = 16, GP = 13, XM = 19, UD = 6 };

static uint32_t word(const struct state *s, unsigned at)
{
    uint32_t v;
    memcpy(&v, s->data + at, 4);
    return v;
}
static void put_word(struct state *s, unsigned at, uint32_t v)
{
    memcpy(s->data + at, &v, 4);
}
static unsigned half(const struct state *s, unsigned at)
{
    return word(s, at) & 0xffff;
}

/* ---- checks ---- */

static bool any(const struct state *s)
{
    (void)s;
    return true;
}
static bool one_on_stack(const struct state *s)
{
    return s->fx.ftw == 0x80 && s->fx.st[0].sig == 1ull << 63 && s->fx.st[0].se == 0x3fff;
}
static bool three_on_stack(const struct state *s) /* 1, 2, 3 pushed in this order */
{
    return s->fx.ftw == 0xe0 && s->fx.st[0].sig == 0xc000000000000000 && s->fx.st[0].se == 0x4000 &&
           s->fx.st[1].sig == 1ull << 63 && s->fx.st[1].se == 0x4000 && s->fx.st[2].se == 0x3fff;
}
static bool four_on_stack(const struct state *s) /* 3, 2, 1, 1 from ST(0) on */
{
    return s->fx.ftw == 0xf0 && s->fx.st[0].sig == 0xc000000000000000 && s->fx.st[0].se == 0x4000 &&
           s->fx.st[1].sig == 1ull << 63 && s->fx.st[1].se == 0x4000 && s->fx.st[2].se == 0x3fff &&
           s->fx.st[3].se == 0x3fff;
}
static bool env32(const struct state *s) /* FNSTENV behind FLD1 at offset 0 */
{
    return word(s, 0) == 0xffff037f && word(s, 4) == 0xffff3800 && word(s, 8) == 0xffff3fff &&
           word(s, 12) == 0x10000 && word(s, 16) >> 16 == 0x1e8 && s->fx.fcw == 0x37f;
}
static bool env16(const struct state *s)
{
    return half(s, 0) == 0x37f && half(s, 2) == 0x3800 && half(s, 4) == 0x3fff && half(s, 6) == 0 &&
           half(s, 14) != 0xffff;
}
static bool masks_set(const struct state *s) /* by FNSTENV */
{
    return half(s, 0) == 0x340 && s->fx.fcw == 0x37f;
}
static bool saved(const struct state *s) /* FNSAVE leaves the state of FNINIT */
{
    return word(s, 28) == 0 && word(s, 32) == 0x80000000 && half(s, 36) == 0x3fff &&
           s->fx.ftw == 0 && s->fx.fcw == 0x37f && s->fx.fsw == 0;
}
static bool fx_saved(const struct state *s)
{
    return half(s, 0) == 0x37f && half(s, 2) == 0x3800 && (half(s, 4) & 0xff) == 0x80 &&
           half(s, 6) == 0x1e8 && word(s, 8) == 0x10000 && word(s, 36) == 0x80000000 &&
           half(s, 40) == 0x3fff && word(s, 24) == 0x1f80 && word(s, 28) == 0xffff;
}
static bool zero_divide(const struct state *s)
{
    return (s->fx.fsw & 0x80bf) == 0x8084;
}
static bool unmasked_by_flag(const struct state *s)
{
    return (s->fx.fsw & 0x80a0) == 0x80a0;
}
static bool mmx_used(const struct state *s)
{
    return s->fx.ftw == 0xff && (s->fx.fsw & 0x3800) == 0 && s->fx.st[0].se == 0xffff;
}
static bool empty(const struct state *s)
{
    return s->fx.ftw == 0;
}
static bool sse_divide(const struct state *s)
{
    return (s->fx.mxcsr & 0x3f) == 4;
}
static bool denormal_noted(const struct state *s) /* and nothing written */
{
    return (s->fx.mxcsr & 0x3f) == 2 && s->fx.xmm[0][0] == 1;
}
static bool invalid_noted(const struct state *s)
{
    return (s->fx.mxcsr & 0x3f) == 1 && s->fx.xmm[0][0] == 0x7f8000007f800000;
}
static bool invalid_masked(const struct state *s) /* inf - inf, inf + inf by turns */
{
    return (s->fx.mxcsr & 0x3f) == 1 && s->fx.xmm[0][0] == 0x7f800000ffc00000;
}
static bool overflow_noted(const struct state *s) /* Inexact comes with it */
{
    return (s->fx.mxcsr & 0x3f) == 0x28 && s->fx.xmm[0][0] == 0x7f7fffff7f7fffff;
}
static bool flushed(const struct state *s) /* denormals are zeros */
{
    return (s->fx.mxcsr & 0x3f) == 0 && s->fx.xmm[0][0] == 0 && s->fx.xmm[0][1] == 0;
}
static bool integers(const struct state *s) /* -2.75 truncated to 64, 32, 16 bits; nothing left */
{
    return word(s, 0x40) == 0xfffffffe && word(s, 0x44) == 0xffffffff &&
           word(s, 0x48) == 0xfffffffe && half(s, 0x4c) == 0xfffe && s->fx.ftw == 0 &&
           (s->fx.fsw & 0x3f) == 0x20;
}
static bool indefinite(const struct state *s)
{
    return half(s, 0x40) == 0x8000 && word(s, 0x44) == 0x80000000 && (s->fx.fsw & 0x3f) == 1 &&
           s->fx.ftw == 0;
}
static bool not_stored(const struct state *s) /* nor popped */
{
    return word(s, 0x40) == 0 && s->fx.ftw == 0x80 && (s->fx.fsw & 0x80bf) == 0x8081;
}
static bool mxcsr_loaded(const struct state *s)
{
    return s->fx.mxcsr == 0x1d80 && word(s, 16) == 0x1d80;
}
static bool status_in_eax(const struct state *s) /* 1 < 2: C0 */
{
    return (s->eax & 0x4700) == 0x0100;
}

/* ---- the rows ---- */

static void nothing(struct state *s)
{
    (void)s;
}
static void unmask_zero(struct state *s)
{
    s->fx.fcw = 0x37b;
}
static void unmask_all(struct state *s)
{
    s->fx.fcw = 0x340;
}
static void inexact_before(struct state *s)
{
    s->fx.fsw = 0x20;
    put_word(s, 0x20, 0x35f);
}
static void sse_unmasked(struct state *s)
{
    s->fx.mxcsr = 0x1d80;
}
static void denormal_unmasked(struct state *s)
{
    s->fx.mxcsr = 0x1e80;
    s->fx.xmm[0][0] = s->fx.xmm[0][1] = 1;
}
static void denormals_are_zeros(struct state *s)
{
    s->fx.mxcsr = 0x1fc0;
    s->fx.xmm[0][0] = s->fx.xmm[0][1] = 1;
}
static void infinities(struct state *s)
{
    for (unsigned n = 0; n < 2; n++)
        s->fx.xmm[n][0] = s->fx.xmm[n][1] = 0x7f8000007f800000;
}
static void infinities_unmasked(struct state *s)
{
    infinities(s);
    s->fx.mxcsr = 0x1f00;
}
static void overflow_unmasked(struct state *s)
{
    s->fx.xmm[0][0] = s->fx.xmm[0][1] = 0x7f7fffff7f7fffff;
    s->fx.mxcsr = 0x1b80;
}
static void number(struct state *s) /* -2.75, and 1e10 behind it */
{
    put_word(s, 0x20, 0);
    put_word(s, 0x24, 0xc0060000);
    put_word(s, 0x28, 0x20000000);
    put_word(s, 0x2c, 0x4202a05f);
}
static void number_invalid(struct state *s)
{
    number(s);
    put_word(s, 0x40, 0);
    s->fx.fcw = 0x37e;
}
static void mxcsr_words(struct state *s)
{
    put_word(s, 0x20, 0x1d80);
    put_word(s, 0x24, 0x10000);
}

static const struct row {
    const char *name, *code; /* hexadecimal */
    void (*prepare)(struct state *s);
    unsigned vector, at;
    bool (*check)(const struct state *s);
} rows[] = {
    {"fld1", "d9e8", nothing, BP, 2, one_on_stack},
    {"a fault with numbers held",
     "d9e8 d9e8 d8c0 d9e8 d9e8 d8c0 d8c1 d9ca d9c9 d9ca dd8600400000 d9e8", nothing, VECTOR_ACCESS,
     20, four_on_stack},
    {"a fault behind three pushes", "d9e8 d9e8 d8c0 d9e8 d8c1 dd8600400000", nothing, VECTOR_ACCESS,
     10, three_on_stack},
    {"a store that faults", "d9e8 dd9e00400000", nothing, VECTOR_ACCESS, 2, one_on_stack},
    {"a store of 10 bytes that faults", "d9e8 dbbe00400000", nothing, VECTOR_ACCESS, 2,
     one_on_stack},
    {"fnstenv", "d9e8 d936", nothing, BP, 4, env32},
    {"fnstenv, 16 bits", "d9e8 66d936", nothing, BP, 5, env16},
    {"fnstenv masks", "d936", unmask_all, BP, 2, masks_set},
    {"fnsave", "d9e8 dd36", nothing, BP, 4, saved},
    {"fnsave frstor", "d9e8 dd36 dd26", nothing, BP, 6, one_on_stack},
    {"fnsave frstor, 16 bits", "d9e8 66dd36 66dd26", nothing, BP, 8, one_on_stack},
    {"fnstenv fninit fldenv", "d9e8 d936 dbe3 d926", nothing, BP, 8, any},
    {"fxsave", "d9e8 0fae06", nothing, BP, 5, fx_saved},
    {"fxsave fninit fxrstor", "d9e8 0fae06 dbe3 0fae0e", nothing, BP, 10, one_on_stack},
    {"fxsave misaligned", "0fae4604", nothing, GP, 0, any},
    {"fdiv by 0, then a waiting instruction", "d9e8 d9ee def9 d9e8", unmask_zero, MF, 6,
     zero_divide},
    {"fdiv by 0, then fnclex", "d9e8 d9ee def9 dbe2 d9e8", unmask_zero, BP, 10, any},
    {"fdiv by 0, then fwait", "d9e8 d9ee def9 9b", unmask_zero, MF, 6, zero_divide},
    {"fdiv by 0, then mmx", "d9e8 d9ee def9 0fefc0", unmask_zero, MF, 6, zero_divide},
    {"fldcw unmasks what is noted", "d96e20 dfe0 d9e8", inexact_before, MF, 5, unmasked_by_flag},
    {"fcom fnstsw", "d9e8 d8c0 d9e8 d8d1 dfe0", nothing, BP, 10, status_in_eax},
    {"mmx", "0fefc0", nothing, BP, 3, mmx_used},
    {"mmx emms", "0fefc0 0f77", nothing, BP, 5, empty},
    {"mmx emms fld1", "0fefc0 0f77 d9e8", nothing, BP, 7, one_on_stack},
    {"divsd by 0 unmasked", "660f57c9 f20f5ec1", sse_unmasked, XM, 4, sse_divide},
    {"haddpd, denormal unmasked", "660f7cc0", denormal_unmasked, XM, 0, denormal_noted},
    {"haddpd, denormals are zeros", "660f7cc0", denormals_are_zeros, BP, 4, flushed},
    {"addsubps, invalid unmasked", "f20fd0c1", infinities_unmasked, XM, 0, invalid_noted},
    {"addsubps, invalid masked", "f20fd0c1", infinities, BP, 4, invalid_masked},
    {"haddps, overflow unmasked", "f20f7cc0", overflow_unmasked, XM, 0, overflow_noted},
    {"fisttp", "dd4620 dd4e40 dd4620 db4e48 dd4620 df4e4c", number, BP, 18, integers},
    {"fisttp that does not fit", "dd4628 df4e40 dd4628 db4e44", number, BP, 12, indefinite},
    {"fisttp, invalid unmasked", "dd4628 db4e40 9b", number_invalid, MF, 6, not_stored},
    {"haddps misaligned", "f20f7c4604", nothing, GP, 0, any},
    {"pshufb misaligned", "660f38004604", nothing, GP, 0, any},
    {"palignr misaligned", "660f3a0f460401", nothing, GP, 0, any},
    {"pshufb, mmx, misaligned", "0f38004604", nothing, BP, 5, any},
    {"lddqu misaligned", "f20ff04604", nothing, BP, 5, any},
    {"movddup misaligned", "f20f124604", nothing, BP, 5, any},
    {"movaps misaligned", "0f284604", nothing, GP, 0, any},
    {"ldmxcsr stmxcsr", "0fae5620 0fae5e10", mxcsr_words, BP, 8, mxcsr_loaded},
    {"ldmxcsr reserved", "0fae5624", mxcsr_words, GP, 0, any},
    {NULL, NULL, NULL, 0, 0, NULL},
};

static unsigned digit(char c)
{
    return c >= 'a' ? (unsigned)c - 'a' + 10 : (unsigned)c - '0';
}

static void fill(struct test_case *t, const struct row *r)
{
    const uint64_t one = 0x3ff0000000000000;
    memset(t, 0, sizeof *t);
    t->begin.fx.fcw = 0x37f;
    t->begin.fx.mxcsr = 0x1f80;
    for (unsigned n = 0; n < DATA_BYTES; n += 8)
        memcpy(t->begin.data + n, &one, 8);
    t->begin.fx.xmm[0][0] = one;
    for (const char *c = r->code; *c != 0; c++) {
        if (*c == ' ')
            continue;
        t->code[t->bytes++] = (uint8_t)(digit(c[0]) << 4 | digit(c[1]));
        c++;
    }
    r->prepare(&t->begin);
}

void known_cases(const struct backend *b, unsigned cpl)
{
    static struct test_case t;
    static struct state end;
    char why[200] = "";
    unsigned bad = 0, count = 0;
    for (const struct row *r = rows; r->name != NULL; r++, count++) {
        fill(&t, r);
        guest_run(&t, b, cpl, &end);
        bool good = guest_vector() == r->vector && guest_at() == r->at && r->check(&end);
        if (!good && bad++ == 0)
            snprintf(why, sizeof why, "%s: vector %u at %u, sw %04x tw %02x st0 %04x:%016llx",
                     r->name, guest_vector(), guest_at(), end.fx.fsw, end.fx.ftw, end.fx.st[0].se,
                     (unsigned long long)end.fx.st[0].sig);
        if (!good)
            printf("# %s\n", r->name);
    }
    char name[60];
    snprintf(name, sizeof name, "x87 known cases %s cpl %u", guest_backend_name(b), cpl);
    result(name, bad == 0, "%u of %u: %s", bad, count, why);
}
