/*
 * Jumps, calls, returns, loops; software interrupts; far transfers, which helpers do.
 *
 * Targets are offsets in CS: with the code segment known (mode word), near ones are constants.
 */
#include "lift.h"

/* EIP after a relative jump. */
static uint32_t relative(const struct x86_lift *a)
{
    uint32_t eip = a->next - a->base + (uint32_t)a->insn.imm;
    return a->insn.opsize == 2 ? eip & 0xffff : eip;
}

/* Whether EIP lies in CS; else #GP is raised. */
static bool in_code(struct x86_lift *a, uint32_t eip)
{
    if (eip <= a->limit)
        return true;
    x86_lift_raise(a, VECTOR_GP | RAISE_ERROR, 0);
    return false;
}

/* Linear address of a computed EIP. */
static ir_ref target(struct x86_lift *a, ir_ref eip)
{
    if (a->insn.opsize == 2)
        eip = x86_zext(a, eip, 2);
    if (a->limit != 0xffffffff)
        x86_call(a, HELPER_code_limit, CALL_EXITS | CALL_VOID, eip, 0, 0);
    return ir_bin(a->b, IR_add, IR_I32, eip, x86_i32(a, a->base));
}

static void jump(struct x86_lift *a)
{
    if (a->insn.operand[0].kind != X86_REL) {
        x86_jump_to(a, target(a, x86_value(a, 0)), JUMP_PLAIN, 0);
        return;
    }
    uint32_t eip = relative(a);
    if (in_code(a, eip))
        x86_jump(a, a->base + eip, JUMP_PLAIN, 0);
}

static void call(struct x86_lift *a)
{
    bool direct = a->insn.operand[0].kind == X86_REL;
    uint32_t eip = direct ? relative(a) : 0;
    ir_ref to = direct ? 0 : target(a, x86_value(a, 0));
    if (direct && !in_code(a, eip))
        return;
    struct x86_stack s = x86_stack_begin(a);
    x86_stack_push(a, &s, a->insn.opsize, x86_i32(a, a->next - a->base));
    x86_stack_end(a, &s);
    if (direct)
        x86_jump(a, a->base + eip, JUMP_CALL, a->next);
    else
        x86_jump_to(a, to, JUMP_CALL, a->next);
}

static void near_return(struct x86_lift *a)
{
    struct x86_stack s = x86_stack_begin(a);
    ir_ref to = target(a, x86_stack_pop(a, &s, a->insn.opsize));
    if (a->insn.count != 0)
        s.by += (int32_t)((uint32_t)a->insn.imm & 0xffff);
    x86_stack_end(a, &s);
    x86_jump_to(a, to, JUMP_RETURN, 0);
}

/* Go to eip if cc holds in f, else on. */
static void branch(struct x86_lift *a, ir_ref f, unsigned cc, uint32_t eip)
{
    if (eip > a->limit) { /* the fault is the branch's, and only if it is taken: end here */
        ir_ref to = ir_select(a->b, IR_I32, f, (enum ir_cc)cc, x86_i32(a, eip),
                              x86_i32(a, a->next - a->base));
        x86_jump_to(a, target(a, to), JUMP_PLAIN, 0);
        return;
    }
    if (x86_side_exit(a, f, cc, a->base + eip, false))
        return;
    x86_jump_to(
        a,
        ir_select(a->b, IR_I32, f, (enum ir_cc)cc, x86_i32(a, a->base + eip), x86_i32(a, a->next)),
        JUMP_PLAIN, 0);
}

static void branch_if(struct x86_lift *a)
{
    branch(a, x86_flags_for(a, a->insn.cond), a->insn.cond, relative(a));
}

/* JCXZ, LOOP, LOOPE, LOOPNE: the counter has the address size. */
static void loop(struct x86_lift *a)
{
    unsigned op = a->insn.op, size = a->insn.addrsize;
    ir_ref n = x86_get(a, X86_ECX, 4);
    if (op == X86_JCXZ) {
        ir_ref z = ir_flagsof(
            a->b, ir_bin(a->b, IR_and, IR_I32, n, x86_i32(a, size == 2 ? 0xffff : 0xffffffff)));
        branch(a, z, CC_E, relative(a));
        return;
    }
    ir_ref zf = op == X86_LOOP ? 0 : ir_setcc(a->b, x86_flags_for(a, CC_E), CC_E);
    if (op == X86_LOOPNE)
        zf = ir_bin(a->b, IR_xor, IR_I32, zf, x86_i32(a, 1));
    n = ir_bin(a->b, IR_sub, IR_I32, n, x86_i32(a, 1));
    x86_put(a, X86_ECX, size, n);
    ir_ref some = x86_zext(a, n, size);
    if (zf != 0) { /* and the condition */
        ir_ref nonzero = ir_setcc(a->b, ir_flagsof(a->b, some), CC_NE);
        some = ir_bin(a->b, IR_and, IR_I32, nonzero, zf);
    }
    branch(a, ir_flagsof(a->b, some), CC_NE, relative(a));
}

/* ---- interrupts ------------------------------------------------------------------------------- */

static void interrupt(struct x86_lift *a)
{
    unsigned vector = a->insn.op == X86_INT3 ? VECTOR_BP : (unsigned)a->insn.imm & 0xff;
    if (a->insn.op == X86_INT && (a->mode & XMODE_V86))
        x86_call(a, HELPER_v86_iopl, CALL_EXITS | CALL_VOID, 0, 0, 0);
    if (a->insn.op == X86_INT && x86_direct(a)) {
        x86_put_raise(a, vector | RAISE_SOFTWARE, 0);
        x86_go_on(a, x86_call(a, HELPER_go_interrupt, CALL_ALL, x86_i32(a, a->pc), 0, 0));
        return;
    }
    x86_lift_raise(a, vector | RAISE_SOFTWARE, 0);
}

/* INTO: #OF if O; the rest of the block goes on. */
static void overflow(struct x86_lift *a)
{
    ir_ref f = x86_flags_for(a, CC_O);
    unsigned on = ir_new_label(a->b);
    ir_brcc(a->b, f, CC_NO, on);
    x86_lift_raise(a, VECTOR_OF | RAISE_SOFTWARE, 0);
    x86_label(a, on);
    a->ended = false;
}

static void bound(struct x86_lift *a)
{
    unsigned size = a->insn.operand[0].size;
    ir_ref at = x86_linear_of(a, a->insn.seg, x86_offset(a), size * 2, ACCESS_READ);
    ir_ref low = x86_load(a, at, size);
    ir_ref high = ir_load(a->b, IR_I32, x86_log2(size), at, (int32_t)size);
    ir_ref v = x86_sext(a, x86_get(a, a->insn.operand[0].reg, size), size);
    x86_call(a, HELPER_bound, CALL_EXITS | CALL_VOID, v, x86_sext(a, low, size),
             x86_sext(a, high, size));
}

/* ---- far transfers ---------------------------------------------------------------------------- */

static void far_transfer(struct x86_lift *a, bool is_call)
{
    unsigned size = a->insn.opsize;
    ir_ref selector, offset;
    if (a->insn.operand[0].kind == X86_FAR) {
        offset = x86_i32(a, size == 2 ? (uint32_t)a->insn.imm & 0xffff : (uint32_t)a->insn.imm);
        selector = x86_i32(a, a->insn.imm2);
    } else {
        ir_ref at = x86_linear_of(a, a->insn.seg, x86_offset(a), size + 2, ACCESS_READ);
        offset = x86_load(a, at, size);
        selector = ir_load(a->b, IR_I32, 1, at, (int32_t)size);
    }
    ir_ref how =
        ir_bin(a->b, IR_or, IR_I32, selector, x86_i32(a, size << 16 | (is_call ? 1u << 24 : 0)));
    ir_ref to =
        x86_call(a, HELPER_far_transfer, CALL_ALL, how, offset, x86_i32(a, a->next - a->base));
    x86_leave(a, to, EXIT_STATE);
}

static void far_return(struct x86_lift *a)
{
    uint32_t drop = a->insn.count == 0 ? 0 : (uint32_t)a->insn.imm & 0xffff;
    ir_ref to =
        x86_call(a, HELPER_far_return, CALL_ALL, x86_i32(a, a->insn.opsize), x86_i32(a, drop), 0);
    x86_leave(a, to, EXIT_STATE);
}

static void interrupt_return(struct x86_lift *a)
{
    bool direct = x86_direct(a);
    ir_ref to = x86_call(a, direct ? HELPER_go_return : HELPER_interrupt_return, CALL_ALL,
                         x86_i32(a, a->insn.opsize), x86_i32(a, a->next - a->base), 0);
    if (direct)
        x86_go_on(a, to);
    else
        x86_leave(a, to, EXIT_STATE);
}

bool x86_lift_branch(struct x86_lift *a)
{
    switch (a->insn.op) {
    case X86_JMP:
        jump(a);
        return true;
    case X86_CALL:
        call(a);
        return true;
    case X86_RET:
        near_return(a);
        return true;
    case X86_JCC:
        branch_if(a);
        return true;
    case X86_JCXZ:
    case X86_LOOP:
    case X86_LOOPE:
    case X86_LOOPNE:
        loop(a);
        return true;
    case X86_INT:
    case X86_INT3:
        interrupt(a);
        return true;
    case X86_INT1:
        x86_lift_raise(a, VECTOR_DB | RAISE_SOFTWARE | RAISE_TRAP, 0);
        return true;
    case X86_INTO:
        overflow(a);
        return true;
    case X86_BOUND:
        bound(a);
        return true;
    case X86_UD1:
    case X86_UD2:
        x86_lift_raise(a, VECTOR_UD, 0);
        return true;
    case X86_JMP_FAR:
    case X86_CALL_FAR:
        far_transfer(a, a->insn.op == X86_CALL_FAR);
        return true;
    case X86_RET_FAR:
        far_return(a);
        return true;
    case X86_IRET:
        interrupt_return(a);
        return true;
    default:
        return false;
    }
}
