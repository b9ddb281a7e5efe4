/*
 * System instructions, segment registers, ports: mostly calls of helpers. What changes the mode, the
 * MMU or masks ends the block with EXIT_STATE.
 */
#include "lift.h"

/* True if the instruction may go on: CPL 0 (real mode has it). Else #GP(0) ends the block. */
static bool privileged(struct x86_lift *a)
{
    if ((a->mode & XMODE_CPL) == 0)
        return true;
    x86_lift_raise(a, VECTOR_GP | RAISE_ERROR, 0);
    return false;
}

/* MOV to and from segment registers. */
static void move_segment(struct x86_lift *a)
{
    const struct x86_operand *o = a->insn.operand;
    if (o[0].kind != X86_SEGREG) {
        struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
        ir_ref v = ir_get(a->b, IR_I32,
                          X86_STATE(seg[0].selector) + o[1].reg * sizeof(struct x86_segment));
        x86_write(a, &p, x86_zext(a, v, 2));
        return;
    }
    ir_ref v = x86_zext(a, x86_value(a, 1), 2);
    x86_loaded_seg(a, o[0].reg, x86_load_seg(a, o[0].reg, v));
}

/* LDS and the like: segment register and general register from memory. */
static void load_far_pointer(struct x86_lift *a, unsigned seg)
{
    unsigned size = a->insn.operand[0].size;
    ir_ref at = x86_linear_of(a, a->insn.seg, x86_offset(a), size + 2, ACCESS_READ);
    ir_ref offset = x86_load(a, at, size);
    ir_ref selector = ir_load(a->b, IR_I32, 1, at, (int32_t)size);
    ir_ref changed = x86_load_seg(a, seg, selector);
    x86_put(a, a->insn.operand[0].reg, size, offset);
    x86_loaded_seg(a, seg, changed);
}

static void move_control(struct x86_lift *a)
{
    const struct x86_operand *o = a->insn.operand;
    bool debug = o[0].kind == X86_DR || o[1].kind == X86_DR;
    unsigned get = debug ? HELPER_get_debug : HELPER_get_control;
    unsigned put = debug ? HELPER_put_debug : HELPER_put_control;
    if (!privileged(a))
        return;
    if (o[0].kind == X86_REG) {
        x86_put(a, o[0].reg, 4, x86_call(a, get, CALL_EXITS, x86_i32(a, o[1].reg), 0, 0));
        return;
    }
    x86_call(a, put, CALL_ALL | CALL_VOID, x86_i32(a, o[0].reg), x86_get(a, o[1].reg, 4), 0);
    x86_leave_next(a, EXIT_STATE);
}

/* LGDT, LIDT: with 16-bit operands only 24 bits of the base are loaded. */
static void load_table(struct x86_lift *a)
{
    if (!privileged(a))
        return;
    size_t to = a->insn.op == X86_LGDT ? X86_STATE(gdtr) : X86_STATE(idtr);
    ir_ref at = x86_linear_of(a, a->insn.seg, x86_offset(a), 6, ACCESS_READ);
    ir_ref limit = x86_load(a, at, 2), base = ir_load(a->b, IR_I32, 2, at, 2);
    if (a->insn.opsize == 2)
        base = ir_bin(a->b, IR_and, IR_I32, base, x86_i32(a, 0xffffff));
    ir_put(a->b, IR_I32, to + offsetof(struct x86_table, limit), limit);
    ir_put(a->b, IR_I32, to + offsetof(struct x86_table, base), base);
}

static void store_table(struct x86_lift *a)
{
    size_t from = a->insn.op == X86_SGDT ? X86_STATE(gdtr) : X86_STATE(idtr);
    ir_ref at = x86_linear_of(a, a->insn.seg, x86_offset(a), 6, ACCESS_WRITE);
    x86_store(a, at, 2, ir_get(a->b, IR_I32, from + offsetof(struct x86_table, limit)));
    ir_store(a->b, IR_I32, 2, at, 2, ir_get(a->b, IR_I32, from + offsetof(struct x86_table, base)));
}

/* SLDT, STR, SMSW. */
static void store_word(struct x86_lift *a, size_t from, bool all)
{
    struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
    ir_ref v = ir_get(a->b, IR_I32, from);
    x86_write(a, &p, all && !p.memory ? v : x86_zext(a, v, 2));
}

/* LLDT, LTR, LMSW: a helper with the operand. */
static void load_word(struct x86_lift *a, unsigned helper)
{
    if (!privileged(a))
        return;
    ir_ref v = x86_zext(a, x86_value(a, 0), 2);
    x86_call(a, helper, CALL_ALL | CALL_VOID, v, 0, 0);
    x86_leave_next(a, EXIT_STATE);
}

/* VERR, VERW, LAR, LSL: Z, and for the latter two a value. */
static void look_up(struct x86_lift *a)
{
    unsigned op = a->insn.op;
    bool value = op == X86_LAR || op == X86_LSL;
    ir_ref selector = x86_zext(a, x86_value(a, value ? 1 : 0), 2);
    const struct x86_operand *o = &a->insn.operand[0];
    ir_ref old = value ? x86_get(a, o->reg, 4) : 0;
    ir_ref v = x86_call(a, HELPER_look_up, CALL_ALL, x86_i32(a, op), selector, old);
    if (value)
        x86_put(a, o->reg, o->size, v);
}

static void adjust_rpl(struct x86_lift *a)
{
    struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
    ir_ref v = x86_zext(a, x86_read(a, &p), 2);
    ir_ref other = x86_zext(a, x86_get(a, a->insn.operand[1].reg, 2), 2);
    if (p.memory)
        x86_write(a, &p, v);
    ir_ref r = x86_call(a, HELPER_adjust_rpl, CALL_READS | CALL_WRITES, v, other, 0);
    x86_write(a, &p, r);
}

static void invalidate_page(struct x86_lift *a)
{
    if (!privileged(a))
        return;
    ir_ref base = x86_seg_base(a, a->insn.seg);
    ir_ref va = ir_bin(a->b, IR_add, IR_I32, x86_offset(a), base);
    x86_call(a, HELPER_invlpg, CALL_VOID, va, 0, 0);
    x86_leave_next(a, EXIT_STATE);
}

static void clear_ts(struct x86_lift *a)
{
    if (!privileged(a))
        return;
    ir_ref v = ir_get(a->b, IR_I32, X86_STATE(cr0));
    ir_put(a->b, IR_I32, X86_STATE(cr0), ir_bin(a->b, IR_and, IR_I32, v, x86_i32(a, ~CR0_TS)));
    x86_leave_next(a, EXIT_STATE);
}

static void interrupts_off(struct x86_lift *a)
{
    if ((a->mode & XMODE_CPL) != 0)
        x86_call(a, HELPER_check_iopl, CALL_EXITS | CALL_VOID, 0, 0, 0);
    ir_ref v = ir_get(a->b, IR_I32, X86_STATE(eflags));
    ir_put(a->b, IR_I32, X86_STATE(eflags),
           ir_bin(a->b, IR_and, IR_I32, v, x86_i32(a, ~EFLAGS_IF)));
}

static void interrupts_on(struct x86_lift *a)
{
    if ((a->mode & XMODE_CPL) != 0)
        x86_call(a, HELPER_check_iopl, CALL_EXITS | CALL_VOID, 0, 0, 0);
    x86_leave_if(a, x86_call(a, HELPER_sti, 0, x86_i32(a, x86_goes_on(a)), 0, 0));
}

/* IN, OUT. */
static void port(struct x86_lift *a, bool out)
{
    const struct x86_operand *o = a->insn.operand;
    const struct x86_operand *where = &o[out ? 0 : 1], *what = &o[out ? 1 : 0];
    unsigned size = what->size;
    ir_ref number = where->kind == X86_IMM ? x86_i32(a, (uint32_t)a->insn.imm & 0xff)
                                           : x86_zext(a, x86_get(a, X86_EDX, 2), 2);
    if (out) {
        x86_call(a, HELPER_port_out, CALL_EXITS | CALL_VOID, number, x86_get(a, X86_EAX, size),
                 x86_i32(a, size));
        return;
    }
    ir_ref v = x86_call(a, HELPER_port_in, CALL_EXITS, number, x86_i32(a, size), 0);
    x86_put(a, X86_EAX, size, v);
}

static void halt(struct x86_lift *a)
{
    if (!privileged(a))
        return;
    ir_leave(a->b, x86_i32(a, a->next), EXIT_HALT);
    a->ended = true;
}

/* Helpers on EAX, ECX, EDX without operands. */
static void registers(struct x86_lift *a, unsigned helper, bool needs_privilege, bool changes)
{
    if (needs_privilege && !privileged(a))
        return;
    x86_call(a, helper, CALL_ALL | CALL_VOID, 0, 0, 0);
    if (changes)
        x86_leave_next(a, EXIT_STATE);
}

static void fast_call(struct x86_lift *a, unsigned helper, unsigned direct)
{
    if (x86_direct(a))
        x86_go_on(a, x86_call(a, direct, CALL_ALL, 0, 0, 0));
    else
        x86_leave(a, x86_call(a, helper, CALL_ALL, 0, 0, 0), EXIT_STATE);
}

bool x86_lift_system(struct x86_lift *a)
{
    switch (a->insn.op) {
    case X86_MOV_SEG:
        move_segment(a);
        return true;
    case X86_LDS:
        load_far_pointer(a, X86_DS);
        return true;
    case X86_LES:
        load_far_pointer(a, X86_ES);
        return true;
    case X86_LSS:
        load_far_pointer(a, X86_SS);
        return true;
    case X86_LFS:
        load_far_pointer(a, X86_FS);
        return true;
    case X86_LGS:
        load_far_pointer(a, X86_GS);
        return true;
    case X86_MOV_CR:
    case X86_MOV_DR:
        move_control(a);
        return true;
    case X86_LGDT:
    case X86_LIDT:
        load_table(a);
        return true;
    case X86_SGDT:
    case X86_SIDT:
        store_table(a);
        return true;
    case X86_SLDT:
        store_word(a, X86_STATE(ldtr.selector), false);
        return true;
    case X86_STR:
        store_word(a, X86_STATE(tr.selector), false);
        return true;
    case X86_SMSW:
        store_word(a, X86_STATE(cr0), true);
        return true;
    case X86_LLDT:
        load_word(a, HELPER_lldt);
        return true;
    case X86_LTR:
        load_word(a, HELPER_ltr);
        return true;
    case X86_LMSW:
        load_word(a, HELPER_lmsw);
        return true;
    case X86_VERR:
    case X86_VERW:
    case X86_LAR:
    case X86_LSL:
        look_up(a);
        return true;
    case X86_ARPL:
        adjust_rpl(a);
        return true;
    case X86_INVLPG:
        invalidate_page(a);
        return true;
    case X86_CLTS:
        clear_ts(a);
        return true;
    case X86_INVD:
    case X86_WBINVD:
        privileged(a);
        return true;
    case X86_CLI:
        interrupts_off(a);
        return true;
    case X86_STI:
        interrupts_on(a);
        return true;
    case X86_IN:
    case X86_OUT:
        port(a, a->insn.op == X86_OUT);
        return true;
    case X86_HLT:
        halt(a);
        return true;
    case X86_CPUID:
        registers(a, HELPER_cpuid, false, false);
        return true;
    case X86_RDTSC:
        registers(a, HELPER_rdtsc, false, false);
        return true;
    case X86_RDPMC:
        registers(a, HELPER_rdpmc, false, false);
        return true;
    case X86_RDMSR:
        registers(a, HELPER_rdmsr, true, false);
        return true;
    case X86_WRMSR:
        registers(a, HELPER_wrmsr, true, true);
        return true;
    case X86_SYSENTER:
        fast_call(a, HELPER_sysenter, HELPER_go_sysenter);
        return true;
    case X86_SYSEXIT:
        fast_call(a, HELPER_sysexit, HELPER_go_sysexit);
        return true;
    default:
        return false;
    }
}
