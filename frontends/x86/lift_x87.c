/*
 * x87 instructions: fast code on registers known by number, or the helper (x87.h).
 *
 * In fast code ST(i) is R((top + i) & 7), and what is in use is what x87_standard says; an
 * instruction that would over- or underflow the stack goes to the helper. The state word is compared
 * once; every instruction that moves TOP writes it, and the mode that predicts it, as constants.
 * Behind a helper the word is compared again.
 *
 * Loads come before anything is computed, and a store comes before TOP moves.
 */
#include <string.h>

#include <translator/ir_x87.h>

#include "lift_fp.h"

static unsigned opcode_of(const struct x86_lift *a)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                       0x66, 0x67, 0xf2, 0xf3, 0xf0};
    const uint8_t *p = a->code + (a->pc - a->code_at);
    while (memchr(prefixes, *p, sizeof prefixes) != NULL)
        p++;
    return (p[0] & 7u) << 8 | p[1];
}

/* ---- the helper --------------------------------------------------------------------------------- */

/* How instructions change TOP: what the prediction behind the helper is. */
static int top_moves(unsigned op)
{
    switch (op) {
    case X86_FLD:
    case X86_FILD:
    case X86_FBLD:
    case X86_FPTAN:
    case X86_FSINCOS:
    case X86_FXTRACT:
    case X86_FDECSTP:
        return -1;
    case X86_FCOMPP:
    case X86_FUCOMPP:
        return 2;
    case X86_FADDP:
    case X86_FMULP:
    case X86_FSUBP:
    case X86_FSUBRP:
    case X86_FDIVP:
    case X86_FDIVRP:
    case X86_FCOMP:
    case X86_FICOMP:
    case X86_FSTP:
    case X86_FISTP:
    case X86_FISTTP:
    case X86_FBSTP:
    case X86_FFREEP:
    case X86_FINCSTP:
    case X86_FYL2X:
    case X86_FYL2XP1:
    case X86_FPATAN:
    case X86_FUCOMP:
    case X86_FCOMIP:
    case X86_FUCOMIP:
        return 1;
    default:
        return op >= X86_FLD1 && op <= X86_FLDZ ? -1 : 0;
    }
}

static bool is_control(unsigned op)
{
    return op >= X86_FLDCW && op <= X86_FWAIT;
}

/* Control instructions behind which the block ends: they load state, or TOP changes by them. */
static bool loads_state(unsigned op)
{
    return op == X86_FLDCW || op == X86_FLDENV || op == X86_FRSTOR || op == X86_FNSAVE ||
           op == X86_FNINIT || op == X86_FNCLEX || op == X86_FNSTENV;
}

static bool waits(unsigned op)
{
    return !is_control(op) || op == X86_FLDCW || op == X86_FLDENV || op == X86_FRSTOR ||
           op == X86_FWAIT;
}

static struct x87_args args_of(const struct x86_lift *a, bool predict)
{
    const struct x86_insn *i = &a->insn;
    struct x87_args w = {.op = i->op, .opcode = (uint16_t)opcode_of(a), .seg = i->seg};
    for (unsigned n = 0; n < i->count; n++) {
        const struct x86_operand *o = &i->operand[n];
        if (o->kind == X86_MEM)
            w.size = (uint8_t)o->size;
        else if (o->kind == X86_ST && (o->reg != 0 || n + 1 == i->count))
            w.sti = o->reg;
    }
    if (i->count == 2 && i->operand[0].kind == X86_ST && i->operand[1].kind == X86_ST &&
        i->operand[1].reg == 0)
        w.sti = i->operand[0].reg;
    bool pops = top_moves(i->op) == 1 && i->op <= X86_FDIVRP;
    if (i->count == 2 && (pops || i->operand[0].reg != 0) && i->op <= X86_FDIVRP)
        w.flags |= X87_TO_STI;
    w.flags |= (uint8_t)((predict ? X87_PREDICT : 0) | (waits(i->op) ? X87_WAITS : 0) |
                         (is_control(i->op) ? 0 : X87_NOTES));
    return w;
}

static ir_ref memory_address(struct x86_lift *a, unsigned operand, unsigned kind)
{
    const struct x86_operand *o = &a->insn.operand[operand];
    return x86_linear_of(a, a->insn.seg, x86_offset(a), o->size, kind);
}

static bool is_store(unsigned op)
{
    return (op >= X86_FST && op <= X86_FSTP) || (op >= X86_FIST && op <= X86_FISTTP) ||
           op == X86_FBSTP || (op >= X86_FNSTCW && op <= X86_FNSTSW) || op == X86_FNSTENV ||
           op == X86_FNSAVE;
}

/* FCOMI and the like write EFLAGS, FCMOV reads them; no helper needs the general registers. */
static unsigned call_kind(unsigned op)
{
    if (op >= X86_FCOMI && op <= X86_FUCOMIP)
        return CALL_EXITS | CALL_WRITES | CALL_READS;
    if (op >= X86_FCMOVB && op <= X86_FCMOVNU)
        return CALL_EXITS | CALL_READS;
    return CALL_EXITS;
}

static void by_helper(struct x86_lift *a, bool slow)
{
    unsigned op = a->insn.op;
    bool state = loads_state(op), predict = state || (a->mode & XMODE_CPL) != 3;
    struct x87_args w = args_of(a, predict);
    uint64_t word;
    memcpy(&word, &w, sizeof word);
    ir_ref at = 0;
    if (w.size != 0)
        at = memory_address(a, 0, is_store(op) ? ACCESS_WRITE : ACCESS_READ);
    if (!slow && (state || op == X86_FNSTSW || op == X86_FNSTENV || op == X86_FNSAVE))
        x87_sync(a);
    if (!slow && (op == X86_FNCLEX || op == X86_FNINIT))
        x87_forget_exceptions(a);
    ir_ref r =
        x86_call(a, HELPER_x87, call_kind(op), ir_const(a->b, IR_I64, word), at, x86_i32(a, a->pc));
    if (op == X86_FNSTSW && w.size == 0)
        x86_put(a, X86_EAX, 2, r);
    if (!slow && !state) { /* TOP as it should be now; to be compared */
        a->x87_top = (uint8_t)((a->x87_top + top_moves(op)) & 7);
        a->x87_known = false;
        ir_put(a->b, IR_I32, X86_STATE(fpu.mode),
               x86_i32(a, (uint32_t)a->x87_top << XMODE_X87_SHIFT));
    }
    if (state) {
        if (!slow && (op == X86_FLDENV || op == X86_FRSTOR || op == X86_FNSAVE))
            x87_forget_exceptions(a); /* the helper has taken them over */
        x86_leave_next(a, EXIT_STATE);
    }
}

/* ---- what fast code knows ------------------------------------------------------------------------ */

void x87_sync(struct x86_lift *a)
{
    ir_x87_status(a->b);
}

void x87_forget_exceptions(struct x86_lift *a)
{
    ir_x87_clear(a->b);
}

static void put_mode(struct x86_lift *a)
{
    ir_put(a->b, IR_I32, X86_STATE(fpu.mode), x86_i32(a, (uint32_t)a->x87_top << XMODE_X87_SHIFT));
}

void x87_put_state(struct x86_lift *a, unsigned top)
{
    a->x87_top = top & 7;
    ir_put(a->b, IR_I32, X86_STATE(fpu.state), x86_i32(a, x87_standard(a->x87_top)));
    put_mode(a);
}

/* Compare the state word with the prediction; false: no room for another way out. */
static bool know(struct x86_lift *a)
{
    if (a->x87_known)
        return true;
    ir_ref state = ir_get(a->b, IR_I32, X86_STATE(fpu.state));
    ir_ref d = ir_bin(a->b, IR_sub, IR_I32, state, x86_i32(a, x87_standard(a->x87_top)));
    if (!x86_side_leave(a, ir_flagsof(a->b, d), CC_NE, a->pc, EXIT_X87))
        return false;
    a->x87_known = true;
    return true;
}

bool x87_enter_mmx(struct x86_lift *a)
{
    if (a->x87_used && !a->x87_mmx) {
        x86_jump(a, a->pc, JUMP_PLAIN, 0);
        return false;
    }
    if (x87_is_slow(a))
        x86_call(a, HELPER_enter_mmx, CALL_EXITS, 0, 0, 0);
    if (x87_is_slow(a) || a->x87_mmx) {
        a->x87_mmx = true;
        return true;
    }
    ir_ref state = ir_get(a->b, IR_I32, X86_STATE(fpu.state));
    ir_ref slow = ir_bin(a->b, IR_and, IR_I32, state, x86_i32(a, 0xff0000));
    ir_ref f = ir_flagsof(a->b, ir_bin(a->b, IR_or, IR_I32, slow, slow));
    if (!x86_side_leave(a, f, CC_NE, a->pc, EXIT_X87))
        x86_call(a, HELPER_enter_mmx, CALL_EXITS, 0, 0, 0);
    else
        ir_put(a->b, IR_I32, X86_STATE(fpu.state), x86_i32(a, 0xff00));
    a->x87_mmx = true;
    a->x87_top = 0;
    a->x87_known = false;
    put_mode(a);
    return true;
}

void x87_end_mmx(struct x86_lift *a)
{
    if (x87_is_slow(a)) {
        ir_put(a->b, IR_I8, X86_STATE(fpu.state.used), x86_i32(a, 0));
        return;
    }
    ir_put(a->b, IR_I32, X86_STATE(fpu.state), x86_i32(a, 0));
    a->x87_mmx = false;
    a->x87_used = true; /* no MMX register without another beginning */
}

/* Offset of ST(i) in the CPU structure. */
static unsigned st(const struct x86_lift *a, unsigned i)
{
    return (unsigned)(X86_STATE(fpu.r) + sizeof(struct x86_st) * ((a->x87_top + i) & 7));
}
static unsigned depth(const struct x86_lift *a)
{
    return (8u - a->x87_top) & 7;
}

static void pops(struct x86_lift *a, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ir_x87_drop(a->b, st(a, i));
    if (n != 0)
        x87_put_state(a, a->x87_top + n);
}

/* FIP and FDP. */
static void note(struct x86_lift *a, ir_ref at)
{
    ir_put(a->b, IR_I32, X86_STATE(fpu.fast_ip), x86_i32(a, a->pc - a->base));
    if (at != 0)
        ir_put(a->b, IR_I32, X86_STATE(fpu.dp), at);
}

/* ---- fast instructions; false: not this form, nothing has been emitted -------------------------- */

/* The format of a memory operand; false: one that only the helper knows. */
static bool format_of(const struct x86_lift *a, bool integer, enum x87_format *f)
{
    unsigned size = a->insn.operand[0].size;
    if (size != 2 && size != 4 && size != 8)
        return false;
    *f = !integer    ? (size == 4 ? X87_F32 : X87_F64)
         : size == 2 ? X87_I16
         : size == 4 ? X87_I32
                     : X87_I64;
    return true;
}

static bool has_memory(const struct x86_lift *a)
{
    return a->insn.count != 0 && a->insn.operand[0].kind == X86_MEM;
}

/* The memory operand as an i64; *at: its address. */
static ir_ref load_raw(struct x86_lift *a, enum x87_format f, ir_ref *at)
{
    *at = memory_address(a, 0, ACCESS_READ);
    if (f == X87_F64 || f == X87_I64)
        return ir_load(a->b, IR_I64, 3, *at, 0);
    ir_ref v = ir_load(a->b, IR_I32, f == X87_I16 ? 1 | MEM_SIGNED : 2, *at, 0);
    return ir_un(a->b, IR_sext32, IR_I64, v);
}

static bool fast_arithmetic(struct x86_lift *a, unsigned kind, bool pop, bool integer)
{
    struct x87_args w = args_of(a, false);
    enum x87_format f = X87_F64;
    ir_ref at = 0;
    if (has_memory(a)) {
        if (depth(a) < 1 || !format_of(a, integer, &f) || !know(a))
            return false;
        ir_ref v = load_raw(a, f, &at);
        ir_x87_op_memory(a->b, kind, st(a, 0), f, v);
    } else {
        unsigned d = w.flags & X87_TO_STI ? w.sti : 0, s = w.flags & X87_TO_STI ? 0 : w.sti;
        if (depth(a) <= w.sti || !know(a))
            return false;
        ir_x87_op(a->b, kind, st(a, d), st(a, s));
    }
    note(a, at);
    pops(a, pop);
    return true;
}

static bool fast_load(struct x86_lift *a, bool integer)
{
    enum x87_format f = X87_F64;
    ir_ref at = 0;
    unsigned size = a->insn.operand[0].size, to = st(a, 7);
    if (depth(a) == 7)
        return false;
    if (!has_memory(a)) {
        if (depth(a) <= a->insn.operand[0].reg || !know(a))
            return false;
        ir_x87_op(a->b, X87_MOVE, to, st(a, a->insn.operand[0].reg));
    } else if (size == 10 && !integer) {
        if (!know(a))
            return false;
        at = memory_address(a, 0, ACCESS_READ);
        ir_ref low = ir_load(a->b, IR_I64, 3, at, 0), high = ir_load(a->b, IR_I32, 1, at, 8);
        ir_x87_set(a->b, to, low, high);
    } else {
        if (!format_of(a, integer, &f) || !know(a))
            return false;
        ir_ref v = load_raw(a, f, &at);
        ir_x87_load(a->b, to, f, v);
    }
    note(a, at);
    x87_put_state(a, a->x87_top + 7);
    return true;
}

static bool fast_constant(struct x86_lift *a, bool one)
{
    if (depth(a) == 7 || !know(a))
        return false;
    ir_x87_set(a->b, st(a, 7), ir_const(a->b, IR_I64, one ? X80_INTEGER : 0),
               x86_i32(a, one ? X80_BIAS : 0));
    note(a, 0);
    x87_put_state(a, a->x87_top + 7);
    return true;
}

static bool fast_store(struct x86_lift *a, bool integer, bool pop)
{
    enum x87_format f = X87_F64;
    ir_ref at = 0;
    unsigned size = a->insn.operand[0].size;
    if (depth(a) == 0)
        return false;
    if (!has_memory(a)) {
        unsigned i = a->insn.operand[0].reg;
        if ((i >= depth(a) && !(pop && i == 0)) || !know(a))
            return false;
        if (i != 0)
            ir_x87_op(a->b, X87_MOVE, st(a, i), st(a, 0));
    } else if (size == 10 && !integer) {
        if (!know(a))
            return false;
        at = memory_address(a, 0, ACCESS_WRITE);
        /* the last bytes first: if they fault, nothing has been written on their page */
        ir_store(a->b, IR_I32, 1, at, 8, ir_x87_sign_exp(a->b, st(a, 0)));
        ir_store(a->b, IR_I64, 3, at, 0, ir_x87_significand(a->b, st(a, 0)));
    } else {
        if (!format_of(a, integer, &f) || !know(a))
            return false;
        at = memory_address(a, 0, ACCESS_WRITE);
        ir_ref v = ir_x87_store(a->b, st(a, 0), f, a->insn.op == X86_FISTTP);
        bool wide = f == X87_F64 || f == X87_I64;
        ir_store(a->b, wide ? IR_I64 : IR_I32, x86_log2(size), at, 0,
                 wide ? v : ir_un(a->b, IR_lo32, IR_I32, v));
    }
    note(a, at);
    pops(a, pop);
    return true;
}

/* Comparisons that write EFLAGS (eflags) or C0 C2 C3. */
static bool fast_compare(struct x86_lift *a, unsigned n_pops, bool quiet, bool eflags, bool integer)
{
    struct x87_args w = args_of(a, false);
    enum x87_format f = X87_F64;
    ir_ref at = 0, cc = 0;
    unsigned i = n_pops == 2 ? 1 : w.sti;
    bool test = a->insn.op == X86_FTST;
    if (has_memory(a)) {
        if (depth(a) < 1 || !format_of(a, integer, &f) || !know(a))
            return false;
        ir_ref v = load_raw(a, f, &at);
        cc = ir_x87_compare_memory(a->b, st(a, 0), f, v);
    } else {
        if (depth(a) <= (test ? 0 : i) || !know(a))
            return false;
        if (test)
            cc = ir_x87_compare_memory(a->b, st(a, 0), X87_I64, ir_const(a->b, IR_I64, 0));
        else if (!eflags)
            cc = ir_x87_compare(a->b, st(a, 0), st(a, i), quiet);
        else
            x86_put_flags(a, ir_x87_compare_flags(a->b, st(a, 0), st(a, i), quiet), IR_FLAG_ALL);
    }
    if (cc != 0) {
        ir_ref s = ir_get(a->b, IR_I32, X86_STATE(fpu.status));
        s = ir_bin(a->b, IR_and, IR_I32, s, x86_i32(a, ~(uint32_t)X80_CC));
        ir_put(a->b, IR_I32, X86_STATE(fpu.status), ir_bin(a->b, IR_or, IR_I32, s, cc));
    }
    note(a, at);
    pops(a, n_pops);
    return true;
}

static bool fast_unary(struct x86_lift *a, unsigned kind)
{
    if (depth(a) < 1 || !know(a))
        return false;
    ir_x87_op(a->b, kind, st(a, 0), st(a, 0));
    note(a, 0);
    return true;
}

static bool fast_exchange(struct x86_lift *a)
{
    struct x87_args w = args_of(a, false);
    if (depth(a) <= w.sti || !know(a))
        return false;
    ir_x87_op(a->b, X87_SWAP, st(a, 0), st(a, w.sti));
    note(a, 0);
    return true;
}

/* The status word: nothing is pending, so ES and B are clear. */
static bool fast_status(struct x86_lift *a)
{
    if (!know(a))
        return false;
    ir_ref at = has_memory(a) ? memory_address(a, 0, ACCESS_WRITE) : 0;
    ir_ref s = ir_bin(a->b, IR_or, IR_I32, ir_get(a->b, IR_I32, X86_STATE(fpu.status)),
                      ir_x87_status(a->b));
    s = ir_bin(a->b, IR_or, IR_I32, s, x86_i32(a, (uint32_t)a->x87_top << 11));
    if (at != 0)
        x86_store(a, at, 2, s);
    else
        x86_put(a, X86_EAX, 2, s);
    return true;
}

static bool fast_get_control(struct x86_lift *a)
{
    ir_ref at = memory_address(a, 0, ACCESS_WRITE);
    x86_store(a, at, 2, ir_get(a->b, IR_I32, X86_STATE(fpu.control)));
    return true;
}

/* As long as it masks all exceptions. */
static bool fast_put_control(struct x86_lift *a)
{
    if (!know(a))
        return false;
    ir_ref at = memory_address(a, 0, ACCESS_READ);
    ir_ref v = x86_load(a, at, 2), all = x86_i32(a, X80_EXCEPTIONS);
    ir_ref d = ir_bin(a->b, IR_sub, IR_I32, ir_bin(a->b, IR_and, IR_I32, v, all), all);
    if (!x86_side_leave(a, ir_flagsof(a->b, d), CC_NE, a->pc, EXIT_X87))
        return false; /* the load is made twice */
    v = ir_bin(a->b, IR_and, IR_I32, v, x86_i32(a, 0xf7f));
    v = ir_bin(a->b, IR_or, IR_I32, v, x86_i32(a, 0x40));
    ir_put(a->b, IR_I32, X86_STATE(fpu.control), v);
    ir_x87_control(a->b, v);
    return true;
}

static bool fast(struct x86_lift *a)
{
    /* clang-format off */
    switch (a->insn.op) {
    case X86_FADD:    return fast_arithmetic(a, X87_ADD, false, false);
    case X86_FADDP:   return fast_arithmetic(a, X87_ADD, true, false);
    case X86_FIADD:   return fast_arithmetic(a, X87_ADD, false, true);
    case X86_FMUL:    return fast_arithmetic(a, X87_MUL, false, false);
    case X86_FMULP:   return fast_arithmetic(a, X87_MUL, true, false);
    case X86_FIMUL:   return fast_arithmetic(a, X87_MUL, false, true);
    case X86_FSUB:    return fast_arithmetic(a, X87_SUB, false, false);
    case X86_FSUBP:   return fast_arithmetic(a, X87_SUB, true, false);
    case X86_FISUB:   return fast_arithmetic(a, X87_SUB, false, true);
    case X86_FSUBR:   return fast_arithmetic(a, X87_SUBR, false, false);
    case X86_FSUBRP:  return fast_arithmetic(a, X87_SUBR, true, false);
    case X86_FISUBR:  return fast_arithmetic(a, X87_SUBR, false, true);
    case X86_FDIV:    return fast_arithmetic(a, X87_DIV, false, false);
    case X86_FDIVP:   return fast_arithmetic(a, X87_DIV, true, false);
    case X86_FIDIV:   return fast_arithmetic(a, X87_DIV, false, true);
    case X86_FDIVR:   return fast_arithmetic(a, X87_DIVR, false, false);
    case X86_FDIVRP:  return fast_arithmetic(a, X87_DIVR, true, false);
    case X86_FIDIVR:  return fast_arithmetic(a, X87_DIVR, false, true);
    case X86_FLD:     return fast_load(a, false);
    case X86_FILD:    return fast_load(a, true);
    case X86_FLD1:    return fast_constant(a, true);
    case X86_FLDZ:    return fast_constant(a, false);
    case X86_FST:     return fast_store(a, false, false);
    case X86_FSTP:    return fast_store(a, false, true);
    case X86_FIST:    return fast_store(a, true, false);
    case X86_FISTP:
    case X86_FISTTP:  return fast_store(a, true, true);
    case X86_FCOM:    return fast_compare(a, 0, false, false, false);
    case X86_FCOMP:   return fast_compare(a, 1, false, false, false);
    case X86_FCOMPP:  return fast_compare(a, 2, false, false, false);
    case X86_FICOM:   return fast_compare(a, 0, false, false, true);
    case X86_FICOMP:  return fast_compare(a, 1, false, false, true);
    case X86_FUCOM:   return fast_compare(a, 0, true, false, false);
    case X86_FUCOMP:  return fast_compare(a, 1, true, false, false);
    case X86_FUCOMPP: return fast_compare(a, 2, true, false, false);
    case X86_FTST:    return fast_compare(a, 0, false, false, false);
    case X86_FCOMI:   return fast_compare(a, 0, false, true, false);
    case X86_FCOMIP:  return fast_compare(a, 1, false, true, false);
    case X86_FUCOMI:  return fast_compare(a, 0, true, true, false);
    case X86_FUCOMIP: return fast_compare(a, 1, true, true, false);
    case X86_FCHS:    return fast_unary(a, X87_CHS);
    case X86_FABS:    return fast_unary(a, X87_ABS);
    case X86_FSQRT:   return fast_unary(a, X87_SQRT);
    case X86_FRNDINT: return fast_unary(a, X87_ROUND);
    case X86_FXCH:    return fast_exchange(a);
    case X86_FNSTSW:  return fast_status(a);
    case X86_FNSTCW:  return fast_get_control(a);
    case X86_FLDCW:   return fast_put_control(a);
    case X86_FNOP:
    case X86_FWAIT:   return true;
    default:          return false;
    }
    /* clang-format on */
}

uint32_t x86_mode_difference(const struct x86_lift *a)
{
    if (x87_is_slow(a))
        return 0;
    return (a->mode & XMODE_X87_TOP) ^ (uint32_t)a->x87_top << XMODE_X87_SHIFT;
}

bool x86_lift_x87(struct x86_lift *a)
{
    unsigned op = a->insn.op;
    if (op < X86_FADD || op > X86_FWAIT)
        return false;
    if (a->x87_mmx) { /* a new block: registers are accessed by other operations there */
        x86_jump(a, a->pc, JUMP_PLAIN, 0);
        return true;
    }
    if (op == X86_FWAIT && (a->mode & XMODE_MP) && (a->mode & XMODE_TS)) {
        x86_lift_raise(a, VECTOR_NM, 0);
        return true;
    }
    bool slow = x87_is_slow(a);
    a->x87_used = true;
    if (slow || !fast(a))
        by_helper(a, slow);
    return true;
}
