/*
 * The x87 state in memory: FNSTENV and FNSAVE in their four formats (vol. 1, 8.1.10), FXSAVE (vol. 2).
 *
 * An image is built and stored, or loaded whole, before anything of the state changes: a fault in
 * the middle leaves the state as it was, and the instruction is run again.
 */
#include <string.h>

#include <translator/memory.h>

#include "x87.h"

/* Move bytes between an image and guest memory, 16 at a time and the last piece by its size. */
static bool move(struct x86_cpu *c, uint32_t at, uint8_t *image, unsigned bytes, bool out)
{
    for (unsigned done = 0; done < bytes;) {
        unsigned left = bytes - done;
        unsigned n = left >= 16 ? 16 : left >= 8 ? 8 : left >= 4 ? 4 : 2;
        uint64_t v[2] = {0, 0};
        if (out)
            memcpy(v, image + done, n);
        if (!(out ? guest_store(&c->cpu, at + done, n, ACCESS_WRITE, v)
                  : guest_load(&c->cpu, at + done, n, ACCESS_READ, v)))
            return false;
        if (!out)
            memcpy(image + done, v, n);
        done += n;
    }
    return true;
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}
static unsigned get16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}
static uint32_t get32(const uint8_t *p)
{
    return get16(p) | get16(p + 2) << 16;
}

void x87_collect_pointers(struct x86_cpu *c)
{
    struct x86_fpu *f = &c->fpu;
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3};
    uint8_t code[X86_MAX_LENGTH + 1] = {0};
    unsigned n = 0, skip = 0;
    if (f->fast_ip == 0)
        return;
    while (n < sizeof code && guest_peek(&c->cpu, f->fast_ip + n, code + n, 1))
        n++;
    while (skip < n && memchr(prefixes, code[skip], sizeof prefixes) != NULL)
        skip++;
    f->opcode = skip + 1 < n ? (uint16_t)((code[skip] & 7) << 8 | code[skip + 1]) : 0;
    f->ip = f->fast_ip;
    f->fast_ip = 0;
    f->cs = f->ds = 0;
}

/* ---- the tag word ------------------------------------------------------------------------------- */

enum { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

static unsigned tag_word(const struct x86_fpu *f)
{
    unsigned word = 0;
    for (unsigned n = 0; n < 8; n++) {
        unsigned class = x80_class(x87_get_phys(f, n)) & (X80_C0 | X80_C2 | X80_C3);
        unsigned tag = !(f->state.used >> n & 1) ? TAG_EMPTY
                       : class == X80_C2         ? TAG_VALID
                       : class == X80_C3         ? TAG_ZERO
                                                 : TAG_SPECIAL;
        word |= tag << 2 * n;
    }
    return word;
}

static void set_tag_word(struct x86_fpu *f, unsigned word)
{
    f->state.used = 0;
    for (unsigned n = 0; n < 8; n++)
        if ((word >> 2 * n & 3) != TAG_EMPTY)
            f->state.used |= (uint8_t)(1u << n);
}

/* ---- the environment ----------------------------------------------------------------------------- */

static unsigned env_bytes(unsigned size)
{
    return size == 14 || size == 94 ? 14 : 28;
}

static void build(struct x86_cpu *c, uint8_t *p, bool narrow)
{
    struct x86_fpu *f = &c->fpu;
    bool protected = x86_protected(c);
    x87_collect_pointers(c);
    unsigned fop = f->opcode;
    uint32_t ip = f->ip, dp = f->dp;
    if (!protected) { /* linear addresses */
        ip += (uint32_t)f->cs << 4;
        dp += (uint32_t)f->ds << 4;
    }
    unsigned words[7] = {f->control, x87_status_word(c), tag_word(f)};
    if (narrow) {
        words[3] = ip & 0xffff;
        words[4] = protected ? f->cs : (ip >> 16 << 12 | fop) & 0xffff;
        words[5] = dp & 0xffff;
        words[6] = protected ? f->ds : dp >> 16 << 12 & 0xffff;
        for (unsigned n = 0; n < 7; n++)
            put16(p + 2 * n, words[n]);
        return;
    }
    for (unsigned n = 0; n < 3; n++)
        put32(p + 4 * n, words[n] | 0xffff0000u);
    put32(p + 12, protected ? ip : (ip & 0xffff) | 0xffff0000u);
    put32(p + 16, protected ? f->cs | fop << 16 : (ip >> 16 << 12 & 0xffff000u) | fop);
    put32(p + 20, protected ? dp : (dp & 0xffff) | 0xffff0000u);
    put32(p + 24, protected ? f->ds | 0xffff0000u : dp >> 16 << 12 & 0xffff000u);
}

static void apply(struct x86_cpu *c, const uint8_t *p, bool narrow)
{
    struct x86_fpu *f = &c->fpu;
    bool protected = x86_protected(c);
    unsigned step = narrow ? 2 : 4;
    x87_set_status(c, get16(p + step));
    x87_set_control(c, get16(p));
    set_tag_word(f, get16(p + 2 * step));
    f->fast_ip = 0;
    f->cs = f->ds = 0;
    if (narrow) {
        unsigned cs = get16(p + 8), ds = get16(p + 12);
        f->ip = get16(p + 6) | (protected ? 0 : cs >> 12 << 16);
        f->dp = get16(p + 10) | (protected ? 0 : ds >> 12 << 16);
        f->opcode = protected ? 0 : cs & 0x7ff;
        f->cs = (uint16_t)(protected ? cs : 0);
        f->ds = (uint16_t)(protected ? ds : 0);
        return;
    }
    uint32_t cs = get32(p + 16), ds = get32(p + 24);
    f->ip = protected ? get32(p + 12) : get16(p + 12) | (cs >> 12 << 16);
    f->dp = protected ? get32(p + 20) : get16(p + 20) | (ds >> 12 << 16);
    f->opcode = (uint16_t)((protected ? cs >> 16 : cs) & 0x7ff);
    if (protected) {
        f->cs = (uint16_t)cs;
        f->ds = (uint16_t)ds;
    }
}

bool x87_environment(struct x86_cpu *c, struct x87_args a, uint32_t at)
{
    struct x86_fpu *f = &c->fpu;
    uint8_t image[108] = {0};
    unsigned env = env_bytes(a.size);
    bool out = a.op == X86_FNSTENV || a.op == X86_FNSAVE, narrow = env == 14;
    if (out)
        build(c, image, narrow);
    for (unsigned i = 0; out && a.op == X86_FNSAVE && i < 8; i++) {
        struct x80 v = x87_visible(f, x87_phys(f, i));
        memcpy(image + env + 10 * i, &v, 10);
    }
    if (!move(c, at, image, a.size, out))
        return false;
    if (!out)
        apply(c, image, narrow);
    for (unsigned i = 0; a.op == X86_FRSTOR && i < 8; i++)
        memcpy(&f->r[x87_phys(f, i)], image + env + 10 * i, 10);
    if (a.op == X86_FNSTENV)
        x87_set_control(c, f->control | X80_EXCEPTIONS);
    else if (a.op == X86_FNSAVE)
        x87_init(c);
    return true;
}

/* ---- FXSAVE, FXRSTOR (vol. 2; 32-bit format) ------------------------------------------------------ */

enum {
    FX_FCW = 0,
    FX_FSW = 2,
    FX_FTW = 4, /* a bit for each register that is not empty */
    FX_FOP = 6,
    FX_FIP = 8,
    FX_FCS = 12,
    FX_FDP = 16,
    FX_FDS = 20,
    FX_MXCSR = 24,
    FX_MXCSR_MASK = 28,
    FX_ST = 32,
    FX_XMM = 160,
    FX_USED = 288, /* bytes that are read and written */
};

uint64_t x86_helper_fxsave(struct cpu *cpu, uint64_t at, uint64_t b, uint64_t d)
{
    struct x86_cpu *c = x86_of(cpu);
    struct x86_fpu *f = &c->fpu;
    uint8_t image[FX_USED] = {0};
    bool sse = c->cr4 & CR4_OSFXSR;
    (void)b, (void)d;
    put16(image + FX_FCW, f->control);
    put16(image + FX_FSW, x87_status_word(c));
    image[FX_FTW] = f->state.used;
    x87_collect_pointers(c);
    put16(image + FX_FOP, f->opcode);
    put32(image + FX_FIP, f->ip);
    put16(image + FX_FCS, f->cs);
    put32(image + FX_FDP, f->dp);
    put16(image + FX_FDS, f->ds);
    put32(image + FX_MXCSR, x86_mxcsr(c));
    put32(image + FX_MXCSR_MASK, MXCSR_MASK);
    for (unsigned i = 0; i < 8; i++) {
        struct x80 v = x87_visible(f, x87_phys(f, i));
        memcpy(image + FX_ST + 16 * i, &v, 10);
    }
    memcpy(image + FX_XMM, c->xmm, sizeof c->xmm);
    move(c, (uint32_t)at, image, sse ? FX_USED : FX_XMM, true);
    return 0;
}

uint64_t x86_helper_fxrstor(struct cpu *cpu, uint64_t at, uint64_t b, uint64_t d)
{
    struct x86_cpu *c = x86_of(cpu);
    struct x86_fpu *f = &c->fpu;
    uint8_t image[FX_USED];
    bool sse = c->cr4 & CR4_OSFXSR;
    (void)b, (void)d;
    if (!move(c, (uint32_t)at, image, sse ? FX_USED : FX_XMM, false))
        return 0;
    if (sse && get32(image + FX_MXCSR) & ~MXCSR_MASK)
        return x86_raise_error(c, VECTOR_GP, 0);
    x87_set_status(c, get16(image + FX_FSW));
    x87_set_control(c, get16(image + FX_FCW));
    f->state.used = image[FX_FTW];
    f->opcode = get16(image + FX_FOP) & 0x7ff;
    f->fast_ip = 0;
    f->ip = get32(image + FX_FIP);
    f->cs = (uint16_t)get16(image + FX_FCS);
    f->dp = get32(image + FX_FDP);
    f->ds = (uint16_t)get16(image + FX_FDS);
    for (unsigned i = 0; i < 8; i++)
        memcpy(&f->r[x87_phys(f, i)], image + FX_ST + 16 * i, 10);
    if (sse) {
        x86_set_mxcsr(c, get32(image + FX_MXCSR));
        memcpy(c->xmm, image + FX_XMM, sizeof c->xmm);
    }
    x87_predict(c);
    return 0;
}
