/*
 * Floating point in software: FPops whose exceptions may trap, unimplemented ones, FSR.
 *
 * Traps are taken at once, at the instruction that causes them; a queue of deferred ones is therefore
 * always empty (V8 4.4, FSR_qne), and STDFQ is a sequence error.
 */
#include "insn.h"
#include "sparc_cpu.h"

#include <translator/softfloat.h>

/* FSR.RD: nearest, zero, +infinity, -infinity. */
static const uint8_t rounding[4] = {SF_NEAREST, SF_ZERO, SF_UP, SF_DOWN};

static uint32_t exceptions(uint32_t flags)
{
    return (flags & SF_INVALID ? EXC_NV : 0u) | (flags & SF_DIVZERO ? EXC_DZ : 0u) |
           (flags & SF_OVERFLOW ? EXC_OF : 0u) | (flags & SF_UNDERFLOW ? EXC_UF : 0u) |
           (flags & SF_INEXACT ? EXC_NX : 0u);
}

enum { /* opf (B.33) */
       OPF_FMOVS = 0x01,
       OPF_FNEGS = 0x05,
       OPF_FABSS = 0x09,
       OPF_FSQRTS = 0x29,
       OPF_FSQRTD = 0x2a,
       OPF_FADDS = 0x41,
       OPF_FADDD,
       OPF_FSUBS = 0x45,
       OPF_FSUBD,
       OPF_FMULS = 0x49,
       OPF_FMULD,
       OPF_FDIVS = 0x4d,
       OPF_FDIVD,
       OPF_FCMPS = 0x51,
       OPF_FCMPD,
       OPF_FCMPES = 0x55,
       OPF_FCMPED,
       OPF_FSMULD = 0x69,
       OPF_FITOS = 0xc4,
       OPF_FDTOS = 0xc6,
       OPF_FITOD = 0xc8,
       OPF_FSTOD = 0xc9,
       OPF_FSTOI = 0xd1,
       OPF_FDTOI = 0xd2
};

/* Appendix N: what is too large, and a NaN, gives the largest number of its sign. */
static uint32_t to_integer(int64_t v, bool nan, bool sign)
{
    return nan ? 0x7fffffffu + sign : (uint32_t)v;
}

static bool is_nan32(uint32_t v)
{
    return (v & 0x7fffffffu) > 0x7f800000u;
}
static bool is_nan64(uint64_t v)
{
    return (v & ~(1ull << 63)) > 0x7ff0000000000000ull;
}

static uint64_t fcc_of(enum sf_relation r)
{
    static const uint8_t fcc[] = {
        [SF_EQUAL] = 0, [SF_LESS] = 1, [SF_GREATER] = 2, [SF_UNORDERED] = 3};
    return fcc[r];
}

static uint64_t run(struct sf *s, uint32_t opf, uint64_t a, uint64_t b)
{
    uint32_t x = (uint32_t)a, y = (uint32_t)b;
    switch (opf) {
    case OPF_FMOVS:
        return x;
    case OPF_FNEGS:
        return x ^ 0x80000000u;
    case OPF_FABSS:
        return x & 0x7fffffffu;
    case OPF_FSQRTS:
        return sf32_sqrt(s, x);
    case OPF_FSQRTD:
        return sf64_sqrt(s, a);
    case OPF_FADDS:
        return sf32_add(s, x, y);
    case OPF_FADDD:
        return sf64_add(s, a, b);
    case OPF_FSUBS:
        return sf32_sub(s, x, y);
    case OPF_FSUBD:
        return sf64_sub(s, a, b);
    case OPF_FMULS:
        return sf32_mul(s, x, y);
    case OPF_FMULD:
        return sf64_mul(s, a, b);
    case OPF_FDIVS:
        return sf32_div(s, x, y);
    case OPF_FDIVD:
        return sf64_div(s, a, b);
    case OPF_FSMULD:
        a = sf32_to_sf64(s, x);
        return sf64_mul(s, a, sf32_to_sf64(s, y));
    case OPF_FITOS:
        return sf32_from_int(s, (int32_t)x, true, 0);
    case OPF_FITOD:
        return sf64_from_int(s, (int32_t)x, true, 0);
    case OPF_FSTOD:
        return sf32_to_sf64(s, x);
    case OPF_FDTOS:
        return sf64_to_sf32(s, a);
    case OPF_FSTOI:
        return to_integer(sf32_to_int(s, x, 32, true, 0, SF_ZERO), is_nan32(x), x >> 31 != 0);
    case OPF_FDTOI:
        return to_integer(sf64_to_int(s, a, 32, true, 0, SF_ZERO), is_nan64(a), a >> 63 != 0);
    case OPF_FCMPS:
    case OPF_FCMPES:
        return fcc_of(sf32_compare(s, x, y, opf == OPF_FCMPES));
    case OPF_FCMPD:
    case OPF_FCMPED:
        return fcc_of(sf64_compare(s, a, b, opf == OPF_FCMPED));
    default:
        return 0;
    }
}

uint32_t sparc_fp_run(struct sparc_cpu *c, uint32_t opf, uint64_t a, uint64_t b, uint64_t *result)
{
    struct sf s = {.round = rounding[c->fsr >> FSR_RD_SHIFT], .nan = NAN_SPARC};
    *result = run(&s, opf, a, b);
    return exceptions(s.flags);
}

/* ---- one FPop, for the trapping case ------------------------------------------------------------ */

/* What operands and result are: 's', 'd', 'i' (as 's' in registers), 'c' fcc; 0: no such operation. */
struct shape {
    char from, to;
    bool two;
};

static struct shape shape_of(unsigned op)
{
    const char *name = sparc_rows[op].name;
    size_t n = 0;
    while (name[n] != 0)
        n++;
    if (op < SPARC_FMOVS || op > SPARC_FCMPEQ || name[n - 1] == 'q')
        return (struct shape){0, 0, false};
    char last = name[n - 1];
    switch (op) {
    case SPARC_FITOS:
    case SPARC_FITOD:
        return (struct shape){'s', last, false};
    case SPARC_FSTOD:
    case SPARC_FSTOI:
        return (struct shape){'s', last, false};
    case SPARC_FDTOS:
    case SPARC_FDTOI:
        return (struct shape){'d', last, false};
    case SPARC_FQTOS:
    case SPARC_FQTOD:
    case SPARC_FQTOI:
        return (struct shape){0, 0, false};
    case SPARC_FSMULD:
        return (struct shape){'s', 'd', true};
    default:
        break;
    }
    bool compares = sparc_rows[op].form == FORM_FCMP;
    return (struct shape){last, compares ? 'c' : last, sparc_rows[op].form != FORM_F1};
}

static uint64_t get(const struct sparc_cpu *c, char kind, unsigned n)
{
    if (kind != 'd')
        return c->f[n ^ 1];
    return c->f[n & 30] | (uint64_t)c->f[(n & 30) | 1] << 32;
}

static void put(struct sparc_cpu *c, char kind, unsigned n, uint64_t v)
{
    if (kind == 'c') {
        c->fcc = (uint32_t)v;
    } else if (kind == 'd') {
        c->f[n & 30] = (uint32_t)v;
        c->f[(n & 30) | 1] = (uint32_t)(v >> 32);
    } else {
        c->f[n ^ 1] = (uint32_t)v;
    }
}

static uint64_t trap(struct sparc_cpu *c, enum sparc_ftt ftt)
{
    c->fp_last = 0;
    c->fsr = (c->fsr & ~FSR_FTT) | (uint32_t)ftt << FSR_FTT_SHIFT;
    c->tt = TT_FP_EXCEPTION;
    c->cpu.exit_request = EXIT_TRAP;
    return 0;
}

/* Of several exceptions that would trap the most important is in cexc alone (4.4, table 4-7). */
static uint32_t current_of_trap(uint32_t e, uint32_t enabled)
{
    if ((e & EXC_OF & enabled) != 0)
        return EXC_OF;
    if ((e & EXC_UF & enabled) != 0)
        return EXC_UF;
    return e & enabled;
}

/* a: the instruction. */
uint64_t sparc_helper_fpop(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    static const uint8_t mxcsr[5] = {32, 4, 16, 8, 1}; /* nx dz uf of nv */
    struct sparc_cpu *c = sparc_of(cpu);
    struct sparc_insn i;
    (void)b, (void)unused;
    sparc_decode((uint32_t)a, &i);
    if (i.op == SPARC_STDFQ)
        return trap(c, FTT_SEQUENCE);
    struct shape k = shape_of(i.op);
    if (k.from == 0)
        return trap(c, FTT_UNIMPLEMENTED);
    uint64_t y = get(c, k.from, i.rs2), x = k.two ? get(c, k.from, i.rs1) : y, result;
    uint32_t e = sparc_fp_run(c, i.opf, x, y, &result);
    uint32_t enabled = (c->fsr & FSR_TEM) >> FSR_TEM_SHIFT;
    if ((e & enabled) != 0) {
        c->fsr = (c->fsr & ~FSR_CEXC) | current_of_trap(e, enabled);
        return trap(c, FTT_IEEE);
    }
    c->fp_last = 0;
    c->fsr = (c->fsr & ~(FSR_FTT | FSR_CEXC)) | e;
    for (unsigned n = 0; n < 5; n++)
        if ((e >> n & 1) != 0)
            cpu->mxcsr |= mxcsr[n];
    put(c, k.to, i.rd, result);
    return 0;
}

uint64_t sparc_helper_ldfsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    (void)b, (void)unused;
    sparc_set_fsr(sparc_of(cpu), (uint32_t)a);
    return 0;
}

/* STFSR; the trap type stays until the next FPop (4.4). */
uint64_t sparc_helper_stfsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    struct sparc_cpu *c = sparc_of(cpu);
    uint32_t v = sparc_fsr(c);
    (void)a, (void)b, (void)unused;
    return v;
}
