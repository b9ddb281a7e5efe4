/*
 * Moves and integers on MMX and XMM registers.
 *
 * An MMX operation is done on 128 bits whose upper half is not used. What the IR has is done with it;
 * the rest, and all in common, by a function on two operands in the CPU structure (simd_int.c).
 */
#include <string.h>

#include "lift_fp.h"
#include "lift_simd.h"

size_t simd_xmm(unsigned n)
{
    return X86_STATE(xmm) + 16 * n;
}

static size_t mmx(unsigned n)
{
    return X86_STATE(fpu.r) + sizeof(struct x86_st) * n;
}

static bool is_mmx(const struct x86_operand *o)
{
    return o->kind == X86_MMX;
}

ir_ref simd_address(struct x86_lift *a, unsigned operand, unsigned kind)
{
    const struct x86_operand *o = &a->insn.operand[operand];
    ir_ref at = x86_linear_of(a, a->insn.seg, x86_offset(a), o->size, kind);
    if (a->insn.aligned) {
        ir_align(a->b, at, 15);
        simd_align_is_gp(a);
    }
    return at;
}

void simd_align_is_gp(struct x86_lift *a)
{
    for (unsigned n = a->b->count; n > 0; n--)
        if (a->b->ins[n].op == IR_insn) {
            a->b->ins[n].aux |= X86_SIDE_ALIGN_GP;
            return;
        }
}

static ir_ref load_bytes(struct x86_lift *a, ir_ref at, unsigned size)
{
    ir_ref zero = ir_const(a->b, IR_I64, 0);
    if (size >= 4)
        return ir_load(a->b, IR_V128, x86_log2(size), at, 0);
    return ir_bin(a->b, IR_vmake, IR_V128, ir_un(a->b, IR_zext32, IR_I64, x86_load(a, at, size)),
                  zero);
}

ir_ref simd_value(struct x86_lift *a, unsigned operand)
{
    const struct x86_operand *o = &a->insn.operand[operand];
    ir_ref zero = ir_const(a->b, IR_I64, 0);
    switch (o->kind) {
    case X86_XMM:
        return ir_get(a->b, IR_V128, simd_xmm(o->reg));
    case X86_MMX:
        return ir_bin(a->b, IR_vmake, IR_V128, ir_get(a->b, IR_I64, mmx(o->reg)), zero);
    case X86_REG:
        return ir_bin(a->b, IR_vmake, IR_V128,
                      ir_un(a->b, IR_zext32, IR_I64, x86_get(a, o->reg, 4)), zero);
    default:
        return load_bytes(a, simd_address(a, operand, ACCESS_READ), o->size);
    }
}

/* Write an MMX register: exponent and sign become ones (vol. 1, 9.2.1). */
static void put_mmx(struct x86_lift *a, unsigned n, ir_ref low)
{
    ir_put(a->b, IR_I64, mmx(n), low);
    ir_put(a->b, IR_I32, mmx(n) + 8, x86_i32(a, 0xffff));
}

void simd_put(struct x86_lift *a, unsigned operand, ir_ref v)
{
    const struct x86_operand *o = &a->insn.operand[operand];
    if (is_mmx(o))
        put_mmx(a, o->reg, ir_un(a->b, IR_vlow, IR_I64, v));
    else
        ir_put(a->b, IR_V128, simd_xmm(o->reg), v);
}

bool simd_begin(struct x86_lift *a)
{
    bool any = a->insn.unit == X86_UNIT_MMX;
    for (unsigned n = 0; n < a->insn.count; n++)
        any |= is_mmx(&a->insn.operand[n]);
    return !any || x87_enter_mmx(a);
}

/* ---- moves ------------------------------------------------------------------------------------- */

/* The low `size` bytes of v to memory. */
static void store_low(struct x86_lift *a, ir_ref at, unsigned size, ir_ref v)
{
    ir_store(a->b, IR_V128, x86_log2(size), at, 0, v);
}

/* A move of whole registers, or of their low part from and to memory: upper bytes become 0. */
static void move(struct x86_lift *a)
{
    const struct x86_operand *d = &a->insn.operand[0], *s = &a->insn.operand[1];
    if (d->kind == X86_MEM) {
        ir_ref at = simd_address(a, 0, ACCESS_WRITE), v = simd_value(a, 1);
        if (is_mmx(s) && d->size == 8)
            ir_store(a->b, IR_I64, 3, at, 0, ir_un(a->b, IR_vlow, IR_I64, v));
        else
            store_low(a, at, d->size, v);
    } else if (d->kind == X86_REG) {
        ir_ref low = ir_un(a->b, IR_vlow, IR_I64, simd_value(a, 1));
        x86_put(a, d->reg, 4, ir_un(a->b, IR_lo32, IR_I32, low));
    } else {
        ir_ref v = simd_value(a, 1);
        if (s->kind == X86_XMM && a->insn.op == X86_MOVQ)
            v = ir_bin(a->b, IR_vmake, IR_V128, ir_un(a->b, IR_vlow, IR_I64, v),
                       ir_const(a->b, IR_I64, 0));
        simd_put(a, 0, v);
    }
}

/* Whole registers are written always: a read of 16 bytes soon after a write of fewer would wait. */
static void put_function(struct x86_lift *a, unsigned row, unsigned imm, ir_ref x, ir_ref y)
{
    simd_put(a, 0, ir_vec(a->b, vec_op(row), 0, x, y, vec_imm(row, imm)));
}

/* MOVSS, MOVSD between registers: the rest of the destination stays. */
static void move_scalar(struct x86_lift *a)
{
    const struct x86_operand *d = &a->insn.operand[0], *s = &a->insn.operand[1];
    if (d->kind != X86_XMM || s->kind != X86_XMM) {
        move(a);
        return;
    }
    ir_ref y = simd_value(a, 1), x = simd_value(a, 0);
    put_function(a, a->insn.op == X86_MOVSS ? VEC_MOVSS : VEC_MOVSD, 0, x, y);
}

/* MOVLPS, MOVHPS and the like: 8 bytes between memory or a half and a half. */
static void move_half(struct x86_lift *a, bool to_high, bool from_high)
{
    const struct x86_operand *d = &a->insn.operand[0];
    if (d->kind == X86_MEM) {
        ir_ref at = simd_address(a, 0, ACCESS_WRITE), v = simd_value(a, 1);
        if (from_high)
            ir_store(a->b, IR_I64, 3, at, 0, ir_un(a->b, IR_vhigh, IR_I64, v));
        else
            store_low(a, at, 8, v);
        return;
    }
    ir_ref y = simd_value(a, 1), x = simd_value(a, 0);
    if (to_high)
        put_function(a, VEC_PUNPCKLQDQ, 0, x, y);
    else if (from_high)
        put_function(a, VEC_SHUFPD, 3, y, x);
    else
        put_function(a, VEC_MOVSD, 0, x, y);
}

/* MOVDDUP, MOVSHDUP, MOVSLDUP. */
static void duplicate(struct x86_lift *a)
{
    ir_ref v = simd_value(a, 1);
    if (a->insn.op == X86_MOVDDUP)
        put_function(a, VEC_PUNPCKLQDQ, 0, v, v);
    else
        put_function(a, VEC_PSHUFD, a->insn.op == X86_MOVSHDUP ? 0xf5 : 0xa0, v, v);
}

static void mask_move(struct x86_lift *a)
{
    bool m = is_mmx(&a->insn.operand[0]);
    const struct x86_operand *d = &a->insn.operand[0], *s = &a->insn.operand[1];
    if (d->kind == X86_MEM || d->kind == X86_DST_DI) {
        d = &a->insn.operand[1];
        s = &a->insn.operand[2];
        m = is_mmx(d);
    }
    ir_ref di = x86_get(a, X86_EDI, 4);
    if (a->insn.addrsize == 2)
        di = ir_un(a->b, IR_zext16, IR_I32, di);
    ir_ref at = x86_linear_of(a, a->insn.seg, di, m ? 8 : 16, ACCESS_WRITE);
    struct simd_args w = {.d = (uint16_t)(m ? mmx(d->reg) : simd_xmm(d->reg)),
                          .s = (uint16_t)(m ? mmx(s->reg) : simd_xmm(s->reg)),
                          .flags = m ? SIMD_MMX : 0};
    uint64_t word;
    memcpy(&word, &w, 8);
    x86_call(a, HELPER_mask_move, CALL_EXITS | CALL_VOID, ir_const(a->b, IR_I64, word), at, 0);
}

static bool lift_moves(struct x86_lift *a)
{
    switch (a->insn.op) {
    case X86_MOVD:
    case X86_MOVQ:
    case X86_MOVDQA:
    case X86_MOVDQU:
    case X86_LDDQU:
    case X86_MOVAPS:
    case X86_MOVAPD:
    case X86_MOVUPS:
    case X86_MOVUPD:
    case X86_MOVNTPS:
    case X86_MOVNTPD:
    case X86_MOVNTDQ:
    case X86_MOVNTQ:
    case X86_MOVQ2DQ:
    case X86_MOVDQ2Q:
        move(a);
        return true;
    case X86_MOVSS:
    case X86_MOVSD:
        move_scalar(a);
        return true;
    case X86_MOVLPS:
    case X86_MOVLPD:
        move_half(a, false, false);
        return true;
    case X86_MOVHLPS:
        move_half(a, false, true);
        return true;
    case X86_MOVHPS:
    case X86_MOVHPD:
        move_half(a, a->insn.operand[0].kind != X86_MEM, a->insn.operand[0].kind == X86_MEM);
        return true;
    case X86_MOVLHPS:
        move_half(a, true, false);
        return true;
    case X86_MOVDDUP:
    case X86_MOVSHDUP:
    case X86_MOVSLDUP:
        duplicate(a);
        return true;
    case X86_MASKMOVQ:
    case X86_MASKMOVDQU:
        mask_move(a);
        return true;
    case X86_EMMS:
        x87_end_mmx(a);
        return true;
    default:
        return false;
    }
}

/* ---- integers ------------------------------------------------------------------------------------ */

/* Operations the IR has: on lanes of 1 << lane bytes. */
static const struct ir_row {
    uint8_t op, lane;
} ir_rows[X86_OPS] = {
    [X86_PMINUB] = {IR_vminu, 0}, [X86_PADDB] = {IR_vadd, 0},   [X86_PADDW] = {IR_vadd, 1},
    [X86_PADDD] = {IR_vadd, 2},   [X86_PADDQ] = {IR_vadd, 3},   [X86_PSUBB] = {IR_vsub, 0},
    [X86_PSUBW] = {IR_vsub, 1},   [X86_PSUBD] = {IR_vsub, 2},   [X86_PSUBQ] = {IR_vsub, 3},
    [X86_PMULLW] = {IR_vmul, 1},  [X86_PAND] = {IR_vand, 0},    [X86_ANDPS] = {IR_vand, 0},
    [X86_ANDPD] = {IR_vand, 0},   [X86_PANDN] = {IR_vandn, 0},  [X86_ANDNPS] = {IR_vandn, 0},
    [X86_ANDNPD] = {IR_vandn, 0}, [X86_POR] = {IR_vor, 0},      [X86_ORPS] = {IR_vor, 0},
    [X86_ORPD] = {IR_vor, 0},     [X86_PXOR] = {IR_vxor, 0},    [X86_XORPS] = {IR_vxor, 0},
    [X86_XORPD] = {IR_vxor, 0},   [X86_PCMPEQB] = {IR_veq, 0},  [X86_PCMPEQW] = {IR_veq, 1},
    [X86_PCMPEQD] = {IR_veq, 2},  [X86_PCMPGTB] = {IR_vgts, 0}, [X86_PCMPGTW] = {IR_vgts, 1},
    [X86_PCMPGTD] = {IR_vgts, 2},
};

/* Shifts by an immediate. */
static const struct ir_row shift_rows[X86_OPS] = {
    [X86_PSLLW] = {IR_vshl, 1}, [X86_PSLLD] = {IR_vshl, 2}, [X86_PSLLQ] = {IR_vshl, 3},
    [X86_PSRLW] = {IR_vshr, 1}, [X86_PSRLD] = {IR_vshr, 2}, [X86_PSRLQ] = {IR_vshr, 3},
    [X86_PSRAW] = {IR_vsar, 1}, [X86_PSRAD] = {IR_vsar, 2},
};

/* Masks of signs: the first is of 16 bytes, also for MMX, whose upper half is 0 here. */
static bool masks(struct x86_lift *a)
{
    unsigned op = a->insn.op;
    if (op != X86_PMOVMSKB && op != X86_MOVMSKPS && op != X86_MOVMSKPD)
        return false;
    ir_ref m = ir_un(a->b, IR_vmask, IR_I32, simd_value(a, 1));
    if (op != X86_PMOVMSKB) {
        /* Of bits 3 7 11 15, or 7 15, to the lowest: shifted, then multiplied so that they come together
         * at bit 12, or 7; no two products meet elsewhere. */
        bool four = op == X86_MOVMSKPS;
        m = ir_bin(a->b, IR_and, IR_I32, m, x86_i32(a, four ? 0x8888 : 0x8080));
        m = ir_bin(a->b, IR_shr, IR_I32, m, x86_i32(a, four ? 3 : 7));
        m = ir_bin(a->b, IR_mul, IR_I32, m, x86_i32(a, four ? 0x1248 : 0x102));
        m = ir_bin(a->b, IR_shr, IR_I32, m, x86_i32(a, four ? 12 : 8));
        m = ir_bin(a->b, IR_and, IR_I32, m, x86_i32(a, four ? 15 : 3));
    }
    x86_put(a, a->insn.operand[0].reg, 4, m);
    return true;
}

/* A function of ir_vec.h on two XMM registers, or on one and memory. */
bool simd_by_function(struct x86_lift *a)
{
    int row = simd_row(a->insn.op);
    const struct x86_operand *d = &a->insn.operand[0], *s = &a->insn.operand[1];
    if (row < 0 || vec_class[row] == '-' || d->kind != X86_XMM)
        return false;
    unsigned imm = (unsigned)a->insn.imm & (vec_class[row] == 'G' ? 7 : 0xff);
    bool one = vec_class[row] == 'U' || vec_class[row] == 'C';
    ir_ref y = s->kind == X86_IMM ? 0 : simd_value(a, 1), x = one ? y : simd_value(a, 0);
    if (s->kind == X86_IMM && vec_class[row] != 'D') /* a count */
        y = ir_bin(a->b, IR_vmake, IR_V128, ir_const(a->b, IR_I64, imm), ir_const(a->b, IR_I64, 0));
    put_function(a, (unsigned)row, imm, x, y != 0 ? y : x);
    return true;
}

static bool by_ir(struct x86_lift *a)
{
    if (masks(a))
        return true;
    const struct ir_row *r = &ir_rows[a->insn.op], *s = &shift_rows[a->insn.op];
    if (r->op != 0) {
        ir_ref y = simd_value(a, 1), x = simd_value(a, 0);
        simd_put(a, 0, ir_vec(a->b, r->op, r->lane, x, y, 0));
        return true;
    }
    if (s->op == 0 || a->insn.operand[1].kind != X86_IMM)
        return simd_by_function(a);
    unsigned count = (unsigned)a->insn.imm & 0xff, width = 8u << s->lane;
    if (count >= width && s->op != IR_vsar)
        return simd_by_function(a);
    if (count >= width)
        count = width - 1;
    simd_put(a, 0, ir_vec(a->b, s->op, s->lane, simd_value(a, 0), 0, (int64_t)count));
    return true;
}

/* Where operand n is in the CPU structure; memory, registers and counts are put into `operand`. */
uint16_t simd_place(struct x86_lift *a, unsigned n)
{
    const struct x86_operand *o = &a->insn.operand[n];
    if (o->kind == X86_XMM)
        return (uint16_t)simd_xmm(o->reg);
    if (o->kind == X86_MMX)
        return (uint16_t)mmx(o->reg);
    ir_ref v = o->kind == X86_IMM ? ir_bin(a->b, IR_vmake, IR_V128,
                                           ir_const(a->b, IR_I64, (uint64_t)a->insn.imm & 0xff),
                                           ir_const(a->b, IR_I64, 0))
                                  : simd_value(a, n);
    ir_put(a->b, IR_V128, X86_STATE(operand), v);
    return (uint16_t)X86_STATE(operand);
}

void simd_by_helper(struct x86_lift *a, unsigned helper, unsigned kind, unsigned flags)
{
    const struct x86_operand *d = &a->insn.operand[0];
    bool general = d->kind == X86_REG;
    struct simd_args w = {.op = a->insn.op, .imm = (uint8_t)a->insn.imm, .flags = (uint8_t)flags};
    w.flags |= (general ? SIMD_GENERAL : 0) | (is_mmx(d) ? SIMD_MMX : 0);
    w.s = simd_place(a, 1);
    if (!general)
        w.d = simd_place(a, 0);
    uint64_t word;
    memcpy(&word, &w, 8);
    ir_ref r =
        x86_call(a, helper, kind | (general ? 0 : CALL_VOID), ir_const(a->b, IR_I64, word), 0, 0);
    if (general)
        x86_put(a, d->reg, 4, r);
    else if (is_mmx(d))
        ir_put(a->b, IR_I32, mmx(d->reg) + 8, x86_i32(a, 0xffff));
}

static void by_helper(struct x86_lift *a)
{
    bool half = is_mmx(&a->insn.operand[0]) || is_mmx(&a->insn.operand[1]);
    simd_by_helper(a, HELPER_simd, 0, half ? SIMD_SHORT : 0);
}

bool x86_lift_mmx(struct x86_lift *a)
{
    unsigned op = a->insn.op;
    if (op < X86_MOVD || op > X86_CVTTPD2DQ)
        return false;
    bool integer = simd_integer(op) != NULL || op <= X86_EMMS;
    if (!integer)
        return false;
    if (!simd_begin(a))
        return true;
    if (!lift_moves(a) && !by_ir(a))
        by_helper(a);
    return true;
}
