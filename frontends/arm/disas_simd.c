/*
 * Disassembly of VFP and Advanced SIMD in UAL syntax (A8.1.2), in the way of disas.c: every operation
 * has a text in which % and a letter stand for a part of the record:
 *
 *     %c condition    %z bits of a lane, %Z twice as many    %u s or u    %f 32 or 64 (VFP type)
 *     %d %n %m  VFP registers of the type       %D %N %M  d or q registers by q; M may be a scalar
 *     %1 %2 %3  the same as q registers         %4 %5 %6  as d registers; 6 may be a scalar
 *     %r core register rd    %a ra    %i immediate
 *
 * and some letters for what only one operation has.
 */
#include "rows.h"

#include <stdio.h>
#include <string.h>

struct text {
    char *to;
    size_t size, length;
    const struct arm_insn *i;
    unsigned it_cond;
};

static void put(struct text *t, const char *s)
{
    for (; *s; s++, t->length++)
        if (t->length + 1 < t->size)
            t->to[t->length] = *s;
}
static void put_count(struct text *t, const char *before, unsigned n)
{
    char s[16];
    snprintf(s, sizeof s, "%s%u", before, n);
    put(t, s);
}
static void put_number(struct text *t, uint32_t v)
{
    char s[16];
    snprintf(s, sizeof s, v < 10 ? "#%u" : "#0x%x", (unsigned)v);
    put(t, s);
}
static void put_condition(struct text *t)
{
    static const char *const names[16] = {"eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
                                          "hi", "ls", "ge", "lt", "gt", "le", "",   ""};
    put(t, names[(t->i->cond != 14 ? t->i->cond : t->it_cond) & 15]);
}
static void put_core(struct text *t, unsigned n)
{
    static const char *const names[] = {"sp", "lr", "pc"};
    if (n >= 13)
        put(t, names[(n - 13) % 3]);
    else
        put_count(t, "r", n);
}

/* ---- registers -------------------------------------------------------------------------------- */

static void put_simd(struct text *t, unsigned n, bool q)
{
    put_count(t, q ? "q" : "d", q ? n / 2 : n);
}
static void put_vm(struct text *t, bool q)
{
    const struct arm_insn *i = t->i;
    bool scalar = i->simd == 1 && (i->op < ARM_VSHR || i->op > ARM_VDUP);
    put_simd(t, i->vm, q && !scalar);
    if (scalar) {
        put_count(t, "[", i->imm);
        put(t, "]");
    }
}
static void put_vfp(struct text *t, unsigned n, unsigned size)
{
    put_count(t, size == 2 ? "s" : "d", n);
}
/* {first, first + step, ...}; lane -1: none, -2: all. */
static void put_list(struct text *t, char kind, unsigned first, unsigned count, unsigned step,
                     int lane)
{
    char prefix[2] = {kind, 0};
    put(t, "{");
    for (unsigned n = 0; n < count; n++) {
        put(t, n == 0 ? "" : ", ");
        put_count(t, prefix, first + n * step);
        if (lane == -2)
            put(t, "[]");
        if (lane >= 0) {
            put_count(t, "[", (unsigned)lane);
            put(t, "]");
        }
    }
    put(t, "}");
}

/* ---- immediates ------------------------------------------------------------------------------- */

/* A value that an 8-bit floating-point immediate can have: a multiple of 2^-7 (A7.5.1). */
static void put_float(struct text *t, uint32_t bits)
{
    unsigned exp = bits >> 23 & 255;
    uint32_t in_128ths = ((bits & 0x7fffff) | 0x800000) >> (127 + 23 - 7 - exp);
    uint32_t fraction = (in_128ths & 127) * 78125; /* of 10^7 */
    char s[24];
    snprintf(s, sizeof s, "#%s%u.%07u", bits >> 31 ? "-" : "", (unsigned)(in_128ths >> 7),
             (unsigned)fraction);
    size_t n = strlen(s);
    while (s[n - 1] == '0' && s[n - 2] != '.')
        s[--n] = 0;
    put(t, s);
}
/* The double's upper word as the single of the same value. */
static void put_vfp_imm(struct text *t)
{
    uint32_t v = t->i->imm;
    if (t->i->size == 3)
        v = (v & 0x80000000u) | (((v >> 20 & 0x7ff) - 1023 + 127) << 23) | (v & 0xfffff) << 3;
    put_float(t, v);
}

static void put_modified(struct text *t)
{
    unsigned cmode = t->i->simd, imm = t->i->imm;
    char s[24];
    if (cmode < 14) {
        unsigned up = cmode < 8 ? 8 * (cmode >> 1) : cmode < 12 ? 8 * (cmode >> 1 & 1) : 0;
        uint32_t v = cmode < 12 ? imm << up : cmode & 1 ? imm << 16 | 0xffff : imm << 8 | 0xff;
        put_number(t, v);
    } else if (cmode == 15) {
        put_float(t, (imm & 0x80) << 24 | (imm & 0x40 ? 0x3e000000u : 0x40000000u) |
                         (imm & 0x3f) << 19);
    } else if (t->i->x & 1) {
        uint64_t v = 0;
        for (unsigned i = 0; i < 8; i++)
            v |= imm >> i & 1 ? 0xffull << 8 * i : 0;
        snprintf(s, sizeof s, "#0x%llx", (unsigned long long)v);
        put(t, s);
    } else {
        put_number(t, imm);
    }
}
static const char *modified_type(const struct arm_insn *i)
{
    unsigned cmode = i->simd;
    return cmode < 8     ? "i32"
           : cmode < 12  ? "i16"
           : cmode < 14  ? "i32"
           : cmode == 15 ? "f32"
           : i->x & 1    ? "i64"
                         : "i8";
}

/* ---- memory ----------------------------------------------------------------------------------- */

static void put_address(struct text *t)
{
    const struct arm_insn *i = t->i;
    put(t, "[");
    put_core(t, i->rn);
    if (i->imm != 0 || !i->u) {
        char s[16];
        snprintf(s, sizeof s, i->imm < 10 ? ", #%s%u" : ", #%s0x%x", i->u ? "" : "-",
                 (unsigned)i->imm);
        put(t, s);
    }
    put(t, "]");
}
static void put_multiple(struct text *t)
{
    const struct arm_insn *i = t->i;
    bool load = i->op == ARM_VFP_VLDM, stack = i->rn == 13 && i->w && load == i->u;
    unsigned count = i->size == 3 ? i->imm / 2 : i->imm;
    bool extended = i->size == 3 && i->imm & 1; /* FLDMX, FSTMX */
    if (extended)
        put(t, load ? "fldm" : "fstm"), put(t, i->u ? "iax" : "dbx");
    else if (stack)
        put(t, load ? "vpop" : "vpush");
    else
        put(t, load ? "vldm" : "vstm"), put(t, i->u ? "ia" : "db");
    put_condition(t);
    put(t, " ");
    if (!stack || extended) {
        put_core(t, i->rn);
        put(t, i->w ? "!, " : ", ");
    }
    put_list(t, i->size == 2 ? 's' : 'd', i->vd, count, 1, -1);
}
static void put_structures(struct text *t)
{
    const struct arm_insn *i = t->i;
    bool lane = i->op == ARM_VLD_LANE || i->op == ARM_VST_LANE;
    bool interleaved = i->simd == 2 && i->lsb == 2; /* VLD2 of four registers: all of them */
    unsigned count = interleaved ? 4 : i->simd == 1 ? i->lsb : i->simd;
    put_list(t, 'd', i->vd, count, interleaved ? 1 : i->imm,
             lane                   ? i->width
             : i->op == ARM_VLD_ALL ? -2
                                    : -1);
    put(t, ", [");
    put_core(t, i->rn);
    if (i->shift != 0)
        put_count(t, ":", 8u * i->shift);
    put(t, i->rm == 13 ? "]!" : "]");
    if (i->rm != 13 && i->rm != 15) {
        put(t, ", ");
        put_core(t, i->rm);
    }
}

/* ---- the texts -------------------------------------------------------------------------------- */

static void put_system(struct text *t)
{
    static const char *const names[16] = {
        [0] = "fpsid", [1] = "fpscr", [6] = "mvfr1", [7] = "mvfr0", [8] = "fpexc"};
    put(t, names[t->i->imm & 15] ? names[t->i->imm & 15] : "?");
}

/* clang-format off */
static const struct { uint16_t op; const char *text; } texts[] = {
#define T(op, text) {ARM_##op, text},
    T(VFP_MLA, "vmla%c.f%f %d, %n, %m") T(VFP_MLS, "vmls%c.f%f %d, %n, %m")
    T(VFP_NMLA, "vnmla%c.f%f %d, %n, %m") T(VFP_NMLS, "vnmls%c.f%f %d, %n, %m")
    T(VFP_MUL, "vmul%c.f%f %d, %n, %m") T(VFP_NMUL, "vnmul%c.f%f %d, %n, %m")
    T(VFP_ADD, "vadd%c.f%f %d, %n, %m") T(VFP_SUB, "vsub%c.f%f %d, %n, %m")
    T(VFP_DIV, "vdiv%c.f%f %d, %n, %m") T(VFP_FMA, "vfma%c.f%f %d, %n, %m")
    T(VFP_FMS, "vfms%c.f%f %d, %n, %m") T(VFP_FNMA, "vfnma%c.f%f %d, %n, %m")
    T(VFP_FNMS, "vfnms%c.f%f %d, %n, %m") T(VFP_MOVI, "vmov%c.f%f %d, %F")
    T(VFP_MOV, "vmov%c.f%f %d, %m") T(VFP_ABS, "vabs%c.f%f %d, %m") T(VFP_NEG, "vneg%c.f%f %d, %m")
    T(VFP_SQRT, "vsqrt%c.f%f %d, %m") T(VFP_CMP, "vcmp%e%c.f%f %d, %0")
    T(VFP_CVT_TYPE, "vcvt%c.%t") T(VFP_CVT_HALF, "vcvt%b%c.%h %d, %m")
    T(VFP_FROM_INT, "vcvt%c.f%f.%u32 %d, %S") T(VFP_TO_INT, "vcvt%R%c.%u32.f%f %s, %m")
    T(VFP_FIXED, "vcvt%c.%x %d, %d, %i")
    T(VFP_MOV_CORE, "vmov%c %o") T(VFP_MOV_CORE2, "vmov%c %o") T(VFP_MOV_LANE, "vmov%c.%o")
    T(VFP_DUP_CORE, "vdup%c.%z %D, %r") T(VFP_VMRS, "vmrs%c %r, %y") T(VFP_VMSR, "vmsr%c %y, %r")
    T(VFP_VLDR, "vldr%c %d, %A") T(VFP_VSTR, "vstr%c %d, %A") T(VFP_VLDM, "%L") T(VFP_VSTM, "%L")
    T(VHADD, "vhadd%c.%u%z %D, %N, %M") T(VQADD, "vqadd%c.%u%z %D, %N, %M")
    T(VRHADD, "vrhadd%c.%u%z %D, %N, %M") T(VHSUB, "vhsub%c.%u%z %D, %N, %M")
    T(VQSUB, "vqsub%c.%u%z %D, %N, %M") T(VCGT, "vcgt%c.%u%z %D, %N, %M")
    T(VCGE, "vcge%c.%u%z %D, %N, %M") T(VSHL, "vshl%c.%u%z %D, %M, %N")
    T(VQSHL, "vqshl%c.%u%z %D, %M, %N") T(VRSHL, "vrshl%c.%u%z %D, %M, %N")
    T(VQRSHL, "vqrshl%c.%u%z %D, %M, %N") T(VMAX, "vmax%c.%u%z %D, %N, %M")
    T(VMIN, "vmin%c.%u%z %D, %N, %M") T(VABD, "vabd%c.%u%z %D, %N, %M")
    T(VABA, "vaba%c.%u%z %D, %N, %M") T(VADD, "vadd%c.i%z %D, %N, %M")
    T(VSUB, "vsub%c.i%z %D, %N, %M") T(VTST, "vtst%c.%z %D, %N, %M") T(VCEQ, "vceq%c.i%z %D, %N, %M")
    T(VMLA, "vmla%c.i%z %D, %N, %M") T(VMLS, "vmls%c.i%z %D, %N, %M")
    T(VMUL, "vmul%c.i%z %D, %N, %M") T(VMUL_P, "vmul%c.p8 %D, %N, %M")
    T(VPMAX, "vpmax%c.%u%z %4, %5, %6") T(VPMIN, "vpmin%c.%u%z %4, %5, %6")
    T(VQDMULH, "vqdmulh%c.s%z %D, %N, %M") T(VQRDMULH, "vqrdmulh%c.s%z %D, %N, %M")
    T(VPADD, "vpadd%c.i%z %4, %5, %6") T(VAND, "vand%c %D, %N, %M") T(VBIC, "vbic%c %D, %N, %M")
    T(VORR, "%O") T(VORN, "vorn%c %D, %N, %M") T(VEOR, "veor%c %D, %N, %M")
    T(VBSL, "vbsl%c %D, %N, %M") T(VBIT, "vbit%c %D, %N, %M") T(VBIF, "vbif%c %D, %N, %M")
    T(VFMA_F, "vfma%c.f32 %D, %N, %M") T(VFMS_F, "vfms%c.f32 %D, %N, %M")
    T(VADD_F, "vadd%c.f32 %D, %N, %M") T(VSUB_F, "vsub%c.f32 %D, %N, %M")
    T(VPADD_F, "vpadd%c.f32 %4, %5, %6") T(VABD_F, "vabd%c.f32 %D, %N, %M")
    T(VMLA_F, "vmla%c.f32 %D, %N, %M") T(VMLS_F, "vmls%c.f32 %D, %N, %M")
    T(VMUL_F, "vmul%c.f32 %D, %N, %M") T(VCEQ_F, "vceq%c.f32 %D, %N, %M")
    T(VCGE_F, "vcge%c.f32 %D, %N, %M") T(VCGT_F, "vcgt%c.f32 %D, %N, %M")
    T(VACGE_F, "vacge%c.f32 %D, %N, %M") T(VACGT_F, "vacgt%c.f32 %D, %N, %M")
    T(VMAX_F, "vmax%c.f32 %D, %N, %M") T(VMIN_F, "vmin%c.f32 %D, %N, %M")
    T(VPMAX_F, "vpmax%c.f32 %4, %5, %6") T(VPMIN_F, "vpmin%c.f32 %4, %5, %6")
    T(VRECPS, "vrecps%c.f32 %D, %N, %M") T(VRSQRTS, "vrsqrts%c.f32 %D, %N, %M")
    T(VADDL, "vaddl%c.%u%z %1, %5, %6") T(VADDW, "vaddw%c.%u%z %1, %2, %6")
    T(VSUBL, "vsubl%c.%u%z %1, %5, %6") T(VSUBW, "vsubw%c.%u%z %1, %2, %6")
    T(VADDHN, "vaddhn%c.i%Z %4, %2, %3") T(VRADDHN, "vraddhn%c.i%Z %4, %2, %3")
    T(VSUBHN, "vsubhn%c.i%Z %4, %2, %3") T(VRSUBHN, "vrsubhn%c.i%Z %4, %2, %3")
    T(VABAL, "vabal%c.%u%z %1, %5, %6") T(VABDL, "vabdl%c.%u%z %1, %5, %6")
    T(VMLAL, "vmlal%c.%u%z %1, %5, %6") T(VMLSL, "vmlsl%c.%u%z %1, %5, %6")
    T(VQDMLAL, "vqdmlal%c.s%z %1, %5, %6") T(VQDMLSL, "vqdmlsl%c.s%z %1, %5, %6")
    T(VMULL, "vmull%c.%u%z %1, %5, %6") T(VQDMULL, "vqdmull%c.s%z %1, %5, %6")
    T(VMULL_P, "vmull%c.p8 %1, %5, %6")
    T(VSHR, "vshr%c.%u%z %D, %M, %i") T(VSRA, "vsra%c.%u%z %D, %M, %i")
    T(VRSHR, "vrshr%c.%u%z %D, %M, %i") T(VRSRA, "vrsra%c.%u%z %D, %M, %i")
    T(VSRI, "vsri%c.%z %D, %M, %i") T(VSHL_I, "vshl%c.i%z %D, %M, %i") T(VSLI, "vsli%c.%z %D, %M, %i")
    T(VQSHLU, "vqshlu%c.s%z %D, %M, %i") T(VQSHL_I, "vqshl%c.%u%z %D, %M, %i")
    T(VSHRN, "vshrn%c.i%Z %4, %3, %i") T(VRSHRN, "vrshrn%c.i%Z %4, %3, %i")
    T(VQSHRUN, "vqshrun%c.s%Z %4, %3, %i") T(VQRSHRUN, "vqrshrun%c.s%Z %4, %3, %i")
    T(VQSHRN, "vqshrn%c.%u%Z %4, %3, %i") T(VQRSHRN, "vqrshrn%c.%u%Z %4, %3, %i")
    T(VSHLL, "%l") T(VCVT_FROM_FIXED, "vcvt%c.f32.%u32 %D, %M, %i")
    T(VCVT_TO_FIXED, "vcvt%c.%u32.f32 %D, %M, %i")
    T(VMOV_I, "vmov%c.%k %D, %K") T(VMVN_I, "vmvn%c.%k %D, %K") T(VORR_I, "vorr%c.%k %D, %K")
    T(VBIC_I, "vbic%c.%k %D, %K")
    T(VREV64, "vrev64%c.%z %D, %M") T(VREV32, "vrev32%c.%z %D, %M") T(VREV16, "vrev16%c.%z %D, %M")
    T(VPADDL, "vpaddl%c.%u%z %D, %M") T(VPADAL, "vpadal%c.%u%z %D, %M") T(VCLS, "vcls%c.s%z %D, %M")
    T(VCLZ, "vclz%c.i%z %D, %M") T(VCNT, "vcnt%c.8 %D, %M") T(VMVN, "vmvn%c %D, %M")
    T(VQABS, "vqabs%c.s%z %D, %M") T(VQNEG, "vqneg%c.s%z %D, %M") T(VABS, "vabs%c.s%z %D, %M")
    T(VNEG, "vneg%c.s%z %D, %M") T(VCGT0, "vcgt%c.s%z %D, %M, #0") T(VCGE0, "vcge%c.s%z %D, %M, #0")
    T(VCEQ0, "vceq%c.i%z %D, %M, #0") T(VCLE0, "vcle%c.s%z %D, %M, #0")
    T(VCLT0, "vclt%c.s%z %D, %M, #0") T(VCGT0_F, "vcgt%c.f32 %D, %M, #0")
    T(VCGE0_F, "vcge%c.f32 %D, %M, #0") T(VCEQ0_F, "vceq%c.f32 %D, %M, #0")
    T(VCLE0_F, "vcle%c.f32 %D, %M, #0") T(VCLT0_F, "vclt%c.f32 %D, %M, #0")
    T(VABS_F, "vabs%c.f32 %D, %M") T(VNEG_F, "vneg%c.f32 %D, %M") T(VSWP, "vswp%c %D, %M")
    T(VTRN, "vtrn%c.%z %D, %M") T(VUZP, "vuzp%c.%z %D, %M") T(VZIP, "vzip%c.%z %D, %M")
    T(VMOVN, "vmovn%c.i%Z %4, %3") T(VQMOVUN, "vqmovun%c.s%Z %4, %3") T(VQMOVN, "vqmovn%c.%u%Z %4, %3")
    T(VSHLL_MAX, "vshll%c.i%z %1, %6, #%z") T(VCVT_HALF, "vcvt%c.%H")
    T(VRECPE, "vrecpe%c.u32 %D, %M") T(VRSQRTE, "vrsqrte%c.u32 %D, %M")
    T(VRECPE_F, "vrecpe%c.f32 %D, %M") T(VRSQRTE_F, "vrsqrte%c.f32 %D, %M")
    T(VCVT_FROM_INT, "vcvt%c.f32.%u32 %D, %M") T(VCVT_TO_INT, "vcvt%c.%u32.f32 %D, %M")
    T(VEXT, "vext%c.8 %D, %N, %M, %i") T(VTBL, "vtbl%c.8 %4, %T, %6") T(VTBX, "vtbx%c.8 %4, %T, %6")
    T(VDUP, "vdup%c.%z %D, %6[%j]")
    T(VLD, "vld%g%c.%z %G") T(VST, "vst%g%c.%z %G") T(VLD_LANE, "vld%g%c.%z %G")
    T(VST_LANE, "vst%g%c.%z %G") T(VLD_ALL, "vld%g%c.%z %G")
#undef T
};
/* clang-format on */

/* ---- the letters ------------------------------------------------------------------------------ */

static void expand(struct text *t, const char *text);

static void transfer(struct text *t)
{
    const struct arm_insn *i = t->i;
    bool to_core = i->x & 1;
    if (i->op == ARM_VFP_MOV_CORE) {
        expand(t, to_core ? "%r, " : "");
        put_count(t, "s", i->vn);
        expand(t, to_core ? "" : ", %r");
    } else if (i->op == ARM_VFP_MOV_CORE2) {
        expand(t, to_core ? "%r, %a, %m" : "%m");
        if (i->size == 2)
            put_count(t, ", s", i->vm + 1u);
        expand(t, to_core ? "" : ", %r, %a");
    } else {
        if (to_core && i->size < 2)
            put(t, i->x & 2 ? "u" : "s");
        expand(t, to_core ? "%z %r, %5[%j]" : "%z %5[%j], %r");
    }
}

static void fixed_type(struct text *t)
{
    char s[24];
    unsigned bits = t->i->x & 4 ? 32 : 16, wide = 8u << t->i->size;
    char sign = t->i->x & 1 ? 'u' : 's';
    if (t->i->x & 2)
        snprintf(s, sizeof s, "%c%u.f%u", sign, bits, wide);
    else
        snprintf(s, sizeof s, "f%u.%c%u", wide, sign, bits);
    put(t, s);
}

static void vshll(struct text *t)
{
    expand(t, t->i->imm == 0 ? "vmovl%c.%u%z %1, %6" : "vshll%c.%u%z %1, %6, %i");
}

static void letter(struct text *t, char c)
{
    const struct arm_insn *i = t->i;
    /* clang-format off */
    switch (c) {
    case 'c': put_condition(t); break;
    case 'z': put_count(t, "", 8u << i->size); break;
    case 'Z': put_count(t, "", 16u << i->size); break;
    case 'u': put(t, i->x & 1 ? "u" : "s"); break;
    case 'f': put_count(t, "", 8u << i->size); break;
    case 'd': put_vfp(t, i->vd, i->size); break;
    case 'n': put_vfp(t, i->vn, i->size); break;
    case 'm': put_vfp(t, i->vm, i->size); break;
    case 's': put_vfp(t, i->vd, 2); break;
    case 'S': put_vfp(t, i->vm, 2); break;
    case 'D': put_simd(t, i->vd, i->q); break;
    case 'N': put_simd(t, i->vn, i->q); break;
    case 'M': put_vm(t, i->q); break;
    case '1': put_simd(t, i->vd, true); break;
    case '2': put_simd(t, i->vn, true); break;
    case '3': put_simd(t, i->vm, true); break;
    case '4': put_simd(t, i->vd, false); break;
    case '5': put_simd(t, i->vn, false); break;
    case '6': put_vm(t, false); break;
    case 'r': if (i->op == ARM_VFP_VMRS && i->rd == 15) put(t, "apsr_nzcv"); else put_core(t, i->rd); break;
    case 'a': put_core(t, i->ra); break;
    case 'i': put_number(t, i->imm); break;
    case 'j': put_count(t, "", i->imm); break;
    case '0': if (i->x & 2) put(t, "#0"); else put_vfp(t, i->vm, i->size); break;
    case 'e': put(t, i->x & 1 ? "e" : ""); break;
    case 'R': put(t, i->x & 2 ? "r" : ""); break;
    case 'F': put_vfp_imm(t); break;
    case 't': expand(t, i->size == 2 ? "f64.f32 " : "f32.f64 "); put_vfp(t, i->vd, 5u - i->size); expand(t, ", %m"); break;
    case 'b': put(t, i->x & 1 ? "t" : "b"); break;
    case 'h': put(t, i->x & 2 ? "f16.f32" : "f32.f16"); break;
    case 'H': expand(t, i->x & 1 ? "f32.f16 %1, %6" : "f16.f32 %4, %3"); break;
    case 'x': fixed_type(t); break;
    case 'o': transfer(t); break;
    case 'O': expand(t, i->vn == i->vm ? "vmov%c %D, %M" : "vorr%c %D, %N, %M"); break;
    case 'y': put_system(t); break;
    case 'A': put_address(t); break;
    case 'L': put_multiple(t); break;
    case 'l': vshll(t); break;
    case 'k': put(t, modified_type(i)); break;
    case 'K': put_modified(t); break;
    case 'T': put_list(t, 'd', i->vn, i->simd, 1, -1); break;
    case 'g': put_count(t, "", i->simd); break;
    default:  put_structures(t); break; /* G */
    }
    /* clang-format on */
}

static void expand(struct text *t, const char *text)
{
    for (; *text; text++) {
        char plain[2] = {*text, 0};
        if (*text == '%')
            letter(t, *++text);
        else
            put(t, plain);
    }
}

size_t arm_disas_simd(const struct arm_insn *i, uint32_t pc, bool thumb, unsigned it_cond, char *to,
                      size_t size)
{
    struct text t = {.to = to, .size = size, .i = i, .it_cond = it_cond};
    (void)pc, (void)thumb;
    for (unsigned n = 0; n < sizeof texts / sizeof texts[0]; n++)
        if (texts[n].op == i->op)
            expand(&t, texts[n].text);
    if (size != 0)
        to[t.length < size ? t.length : size - 1] = 0;
    return t.length;
}
