/*
 * Pushing and popping (SDM vol. 1, 6.2). ESP is written when nothing of the instruction can fault any
 * more, so an instruction that faults half way can be run again.
 */
#include "lift.h"

struct x86_stack x86_stack_begin(struct x86_lift *a)
{
    return (struct x86_stack){x86_get(a, X86_ESP, 4), 0};
}

static ir_ref stack_address(struct x86_lift *a, const struct x86_stack *s, unsigned size,
                            unsigned kind)
{
    ir_ref at = ir_bin(a->b, IR_add, IR_I32, s->top, x86_i32(a, (uint32_t)s->by));
    if (!a->stack32)
        at = x86_zext(a, at, 2);
    return x86_linear_of(a, X86_SS, at, size, kind);
}

void x86_stack_push(struct x86_lift *a, struct x86_stack *s, unsigned size, ir_ref v)
{
    s->by -= (int32_t)size;
    x86_store(a, stack_address(a, s, size, ACCESS_WRITE), size, v);
}

ir_ref x86_stack_pop(struct x86_lift *a, struct x86_stack *s, unsigned size)
{
    ir_ref v = x86_load(a, stack_address(a, s, size, ACCESS_READ), size);
    s->by += (int32_t)size;
    return v;
}

void x86_stack_end(struct x86_lift *a, const struct x86_stack *s)
{
    ir_ref v = ir_bin(a->b, IR_add, IR_I32, s->top, x86_i32(a, (uint32_t)s->by));
    x86_put(a, X86_ESP, a->stack32 ? 4 : 2, v);
}

static void push(struct x86_lift *a)
{
    const struct x86_operand *o = &a->insn.operand[0];
    unsigned size = a->insn.opsize;
    ir_ref v = o->kind == X86_IMM ? x86_i32(a, (uint32_t)a->insn.imm) : x86_value(a, 0);
    struct x86_stack s = x86_stack_begin(a);
    x86_stack_push(a, &s, size, v);
    x86_stack_end(a, &s);
}

/* The address of a memory operand with ESP as its base is computed after ESP was incremented (SDM
 * vol. 2, POP). */
static void pop(struct x86_lift *a)
{
    const struct x86_operand *o = &a->insn.operand[0];
    unsigned size = a->insn.opsize;
    struct x86_stack s = x86_stack_begin(a);
    ir_ref v = x86_stack_pop(a, &s, size);
    if (o->kind == X86_MEM) {
        if (a->insn.base == X86_ESP)
            a->insn.disp += size;
        struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
        x86_write(a, &p, v);
        x86_stack_end(a, &s);
        return;
    }
    x86_stack_end(a, &s);
    x86_put(a, o->reg, size, v);
}

static void push_all(struct x86_lift *a)
{
    unsigned size = a->insn.opsize;
    struct x86_stack s = x86_stack_begin(a);
    for (unsigned n = 0; n < 8; n++)
        x86_stack_push(a, &s, size, x86_get(a, n, size));
    x86_stack_end(a, &s);
}

static void pop_all(struct x86_lift *a)
{
    unsigned size = a->insn.opsize;
    struct x86_stack s = x86_stack_begin(a);
    ir_ref v[8];
    for (unsigned n = 8; n-- > 0;)
        v[n] = x86_stack_pop(a, &s, size);
    for (unsigned n = 0; n < 8; n++)
        if (n != X86_ESP)
            x86_put(a, n, size, v[n]);
    x86_stack_end(a, &s);
}

static void leave(struct x86_lift *a)
{
    unsigned size = a->insn.opsize;
    struct x86_stack s = {x86_get(a, X86_EBP, 4), 0};
    ir_ref v = x86_stack_pop(a, &s, size);
    x86_stack_end(a, &s);
    x86_put(a, X86_EBP, size, v);
}

static void enter(struct x86_lift *a)
{
    unsigned size = a->insn.opsize, level = a->insn.imm2 & 31;
    struct x86_stack s = x86_stack_begin(a), frame = {x86_get(a, X86_EBP, 4), 0};
    x86_stack_push(a, &s, size, frame.top);
    ir_ref new_frame = ir_bin(a->b, IR_add, IR_I32, s.top, x86_i32(a, (uint32_t)s.by));
    for (unsigned n = 1; n < level; n++) {
        frame.by -= (int32_t)size;
        ir_ref v = x86_load(a, stack_address(a, &frame, size, ACCESS_READ), size);
        x86_stack_push(a, &s, size, v);
    }
    if (level != 0)
        x86_stack_push(a, &s, size, new_frame);
    s.by -= (int32_t)((uint32_t)a->insn.imm & 0xffff);
    /* The new top must be writable (SDM vol. 2, ENTER). */
    ir_ref at = stack_address(a, &s, size, ACCESS_WRITE);
    x86_store(a, at, size, x86_load(a, at, size));
    x86_stack_end(a, &s);
    x86_put(a, X86_EBP, size, new_frame);
}

static void push_flags(struct x86_lift *a)
{
    struct x86_stack s = x86_stack_begin(a);
    if (a->mode & XMODE_V86)
        x86_call(a, HELPER_v86_iopl, CALL_EXITS | CALL_VOID, 0, 0, 0);
    ir_ref v = x86_call(a, HELPER_get_eflags, CALL_READS, 0, 0, 0);
    x86_stack_push(a, &s, a->insn.opsize, v);
    x86_stack_end(a, &s);
}

static void pop_flags(struct x86_lift *a)
{
    struct x86_stack s = x86_stack_begin(a);
    if (a->mode & XMODE_V86)
        x86_call(a, HELPER_v86_iopl, CALL_EXITS | CALL_VOID, 0, 0, 0);
    ir_ref v = x86_stack_pop(a, &s, a->insn.opsize);
    x86_stack_end(a, &s);
    x86_leave_if(a, x86_call(a, HELPER_put_eflags, CALL_READS | CALL_WRITES, v,
                             x86_i32(a, a->insn.opsize), 0));
}

static void push_segment(struct x86_lift *a)
{
    struct x86_stack s = x86_stack_begin(a);
    unsigned seg = a->insn.operand[0].reg, size = a->insn.opsize;
    ir_ref v = ir_get(a->b, IR_I32, X86_STATE(seg[0].selector) + seg * sizeof(struct x86_segment));
    x86_stack_push(a, &s, size, x86_zext(a, v, 2));
    x86_stack_end(a, &s);
}

static void pop_segment(struct x86_lift *a)
{
    struct x86_stack s = x86_stack_begin(a);
    unsigned seg = a->insn.operand[0].reg;
    ir_ref v = x86_stack_pop(a, &s, a->insn.opsize);
    ir_ref changed = x86_load_seg(a, seg, x86_zext(a, v, 2));
    /* SS may have changed the width of the stack pointer: written by the old one's. */
    x86_stack_end(a, &s);
    x86_loaded_seg(a, seg, changed);
}

bool x86_lift_stack(struct x86_lift *a)
{
    switch (a->insn.op) {
    case X86_PUSH:
        push(a);
        return true;
    case X86_POP:
        pop(a);
        return true;
    case X86_PUSHA:
        push_all(a);
        return true;
    case X86_POPA:
        pop_all(a);
        return true;
    case X86_ENTER:
        enter(a);
        return true;
    case X86_LEAVE:
        leave(a);
        return true;
    case X86_PUSHF:
        push_flags(a);
        return true;
    case X86_POPF:
        pop_flags(a);
        return true;
    case X86_PUSH_SEG:
        push_segment(a);
        return true;
    case X86_POP_SEG:
        pop_segment(a);
        return true;
    default:
        return false;
    }
}
