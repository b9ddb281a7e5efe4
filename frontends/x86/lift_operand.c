/*
 * Operands: registers and parts of them, addresses, segments, memory; and flags.
 *
 * With flat segments a linear address is the offset; FS and GS usually differ from that only by
 * their base. All other accesses ask a helper, which checks limit and type and adds the base.
 */
#include "lift.h"

ir_ref x86_get(struct x86_lift *a, unsigned reg, unsigned size)
{
    if (size != 1 || reg < 4)
        return ir_get(a->b, IR_I32, X86_GPR(reg));
    return ir_bin(a->b, IR_shr, IR_I32, ir_get(a->b, IR_I32, X86_GPR(reg - 4)), x86_i32(a, 8));
}

void x86_put(struct x86_lift *a, unsigned reg, unsigned size, ir_ref v)
{
    if (size == 4) {
        ir_put(a->b, IR_I32, X86_GPR(reg), v);
        return;
    }
    bool high = size == 1 && reg >= 4;
    unsigned whole = high ? reg - 4 : reg;
    ir_ref old = ir_get(a->b, IR_I32, X86_GPR(whole));
    if (high)
        v = ir_bin(a->b, IR_inserth, IR_I32, old, v);
    else
        v = ir_part(a->b, IR_insert, size, old, v, 0);
    ir_put(a->b, IR_I32, X86_GPR(whole), v);
}

ir_ref x86_zext(struct x86_lift *a, ir_ref v, unsigned size)
{
    if (size == 4)
        return v;
    return ir_un(a->b, size == 1 ? IR_zext8 : IR_zext16, IR_I32, v);
}

ir_ref x86_sext(struct x86_lift *a, ir_ref v, unsigned size)
{
    if (size == 4)
        return v;
    return ir_un(a->b, size == 1 ? IR_sext8 : IR_sext16, IR_I32, v);
}

/* ---- addresses -------------------------------------------------------------------------------- */

ir_ref x86_offset(struct x86_lift *a)
{
    const struct x86_insn *i = &a->insn;
    ir_ref sum = 0;
    if (i->base != X86_NO_REG)
        sum = x86_get(a, i->base, 4);
    if (i->index != X86_NO_REG) {
        ir_ref x = x86_get(a, i->index, 4);
        if (i->scale > 1)
            x = ir_bin(a->b, IR_shl, IR_I32, x,
                       x86_i32(a, i->scale == 2   ? 1
                                  : i->scale == 4 ? 2
                                                  : 3));
        sum = sum == 0 ? x : ir_bin(a->b, IR_add, IR_I32, sum, x);
    }
    ir_ref disp = x86_i32(a, (uint32_t)i->disp);
    sum = sum == 0 ? disp : ir_bin(a->b, IR_add, IR_I32, sum, disp);
    return i->addrsize == 2 ? ir_un(a->b, IR_zext16, IR_I32, sum) : sum;
}

ir_ref x86_seg_base(struct x86_lift *a, unsigned seg)
{
    return ir_get(a->b, IR_I32, X86_STATE(seg[0].base) + seg * sizeof(struct x86_segment));
}

/* What a multiple of the operand's address must be (SDM vol. 3, table 6-7); of 16 bytes and more only
 * SSE asks, which is checked apart. */
static unsigned alignment(const struct x86_insn *i, unsigned size)
{
    switch (i->op) {
    case X86_MASKMOVQ: /* bytes */
        return 1;
    case X86_BOUND: /* two numbers */
        return size / 2;
    case X86_FLDENV: /* words of the operand size */
    case X86_FNSTENV:
    case X86_FRSTOR:
    case X86_FNSAVE:
        return i->opsize;
    default: /* pointers: an offset and a selector */
        return size == 6 ? 4 : size == 10 ? 8 : size <= 8 ? size : 1;
    }
}

/* Alignment and data breakpoints, where they are asked for. */
static ir_ref watched(struct x86_lift *a, ir_ref at, unsigned size, unsigned kind)
{
    unsigned multiple = alignment(&a->insn, size);
    if ((a->mode & XMODE_AC) != 0 && multiple > 1)
        ir_align(a->b, at, multiple - 1);
    if ((a->mode & XMODE_BREAK) != 0)
        x86_call(a, HELPER_watch, CALL_VOID, at, x86_i32(a, size | kind << 16), 0);
    return at;
}

bool x86_simple(const struct x86_lift *a, unsigned seg, unsigned kind)
{
    switch (seg) {
    case X86_FS:
        return (a->mode & XMODE_FS) != 0;
    case X86_GS:
        return (a->mode & XMODE_GS) != 0;
    case X86_CS:
        return a->flat && a->mode >> XMODE_CODE_SHIFT == 0 && (kind & ACCESS_WRITE) == 0;
    default:
        return a->flat;
    }
}

static ir_ref linear_of(struct x86_lift *a, unsigned seg, ir_ref offset, unsigned size,
                        unsigned kind)
{
    bool simple = x86_simple(a, seg, kind);
    if (simple && (seg == X86_FS || seg == X86_GS))
        return ir_bin(a->b, IR_add, IR_I32, offset, x86_seg_base(a, seg));
    if (simple)
        return offset;
    uint32_t how = seg | size << 8 | kind << 24;
    return x86_call(a, HELPER_linear, CALL_EXITS, offset, x86_i32(a, how), 0);
}

ir_ref x86_linear_of(struct x86_lift *a, unsigned seg, ir_ref offset, unsigned size, unsigned kind)
{
    ir_ref at = linear_of(a, seg, offset, size, kind);
    if ((a->mode & (XMODE_AC | XMODE_BREAK)) == 0)
        return at;
    return watched(a, at, size, kind);
}

struct x86_place x86_place(struct x86_lift *a, unsigned operand, unsigned kind)
{
    const struct x86_operand *o = &a->insn.operand[operand];
    struct x86_place p = {.memory = o->kind == X86_MEM, .reg = o->reg, .size = (uint8_t)o->size};
    if (p.memory)
        p.address = x86_linear_of(a, a->insn.seg, x86_offset(a), o->size, kind);
    return p;
}

ir_ref x86_load(struct x86_lift *a, ir_ref address, unsigned size)
{
    return ir_load(a->b, IR_I32, x86_log2(size), address, 0);
}

void x86_store(struct x86_lift *a, ir_ref address, unsigned size, ir_ref v)
{
    ir_store(a->b, IR_I32, x86_log2(size), address, 0, v);
}

ir_ref x86_read(struct x86_lift *a, const struct x86_place *p)
{
    return p->memory ? x86_load(a, p->address, p->size) : x86_get(a, p->reg, p->size);
}

void x86_write(struct x86_lift *a, const struct x86_place *p, ir_ref v)
{
    if (p->memory)
        x86_store(a, p->address, p->size, v);
    else
        x86_put(a, p->reg, p->size, v);
}

ir_ref x86_value(struct x86_lift *a, unsigned operand)
{
    const struct x86_operand *o = &a->insn.operand[operand];
    if (o->kind == X86_IMM)
        return x86_i32(a, o->size == 1   ? (uint32_t)a->insn.imm & 0xff
                          : o->size == 2 ? (uint32_t)a->insn.imm & 0xffff
                                         : (uint32_t)a->insn.imm);
    struct x86_place p = x86_place(a, operand, ACCESS_READ);
    return x86_read(a, &p);
}

/* ---- flags ------------------------------------------------------------------------------------ */

void x86_put_flags(struct x86_lift *a, ir_ref f, unsigned mask)
{
    ir_putf(a->b, f, mask);
    a->flags = f;
    a->flags_mask = mask;
}

void x86_put_carry(struct x86_lift *a, ir_ref bit)
{
    ir_imm(a->b, IR_putc, IR_NONE, bit, 0);
    a->flags_mask &= ~IR_FLAG_C;
}

void x86_put_overflow(struct x86_lift *a, ir_ref bit)
{
    ir_imm(a->b, IR_putv, IR_NONE, bit, 0);
    a->flags_mask &= ~IR_FLAG_V;
}

static ir_ref flags_with(struct x86_lift *a, unsigned needs)
{
    if (a->flags == 0 || (a->flags_mask & needs) != needs) {
        a->flags = ir_getf(a->b);
        a->flags_mask = IR_FLAG_ALL;
    }
    return a->flags;
}

ir_ref x86_flags_for(struct x86_lift *a, unsigned cc)
{
    return flags_with(a, ir_cc_needs((enum ir_cc)cc));
}

ir_ref x86_carry(struct x86_lift *a)
{
    return flags_with(a, IR_FLAG_C);
}

ir_ref x86_test(struct x86_lift *a, ir_ref v, unsigned size)
{
    if (size == 4)
        return ir_flagsof(a->b, ir_bin(a->b, IR_or, IR_I32, v, v));
    return ir_flagsof(a->b, ir_part(a->b, IR_nor, size, v, v, 0));
}
