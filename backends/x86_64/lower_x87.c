/*
 * x87 operations on the host's x87.
 *
 * While translated code of a frontend with `x87` runs, the host's control word is cpu->x87_control
 * and its status word collects exceptions; leaving adds them to cpu->x87_status and clears them
 * (stubs.c), `xstatus` adds them too.
 *
 * Within a stretch without labels, branches and calls, registers stay on the host's register stack:
 * host ST(k) is guest register (x87_first + k) & 7 for k < x87_held; the others are in the CPU
 * structure. So a guest's FLD, FADD, FSTP become the host's. Whatever ends the stretch stores them
 * (x87_flush). A memory access may fault in between: before it, the two numbers are noted in
 * cpu->x87_held, by which leaving translated code stores what is held. Moving an 80-bit number
 * raises nothing and changes nothing, and no x87 instruction here touches guest memory.
 *
 * One host register stays free for operands from the CPU structure.
 */
#include <translator/ir_x87.h>

#include "lower.h"

#define HOLD_MAX 7

/* Opcode and digit of memory forms. */
struct form {
    uint8_t opcode, digit;
};
static const struct form loads[] = {[X87_F32] = {0xd9, 0},
                                    [X87_F64] = {0xdd, 0},
                                    [X87_I16] = {0xdf, 0},
                                    [X87_I32] = {0xdb, 0},
                                    [X87_I64] = {0xdf, 5}};
/* Without popping; an integer of 64 bits has no such form. */
static const struct form stores[] = {
    [X87_F32] = {0xd9, 2}, [X87_F64] = {0xdd, 2}, [X87_I16] = {0xdf, 2}, [X87_I32] = {0xdb, 2}};
static const struct form truncating[] = {
    [X87_I16] = {0xdf, 1}, [X87_I32] = {0xdb, 1}, [X87_I64] = {0xdd, 1}};
static const struct form fistp64 = {0xdf, 7};
static const struct form fld80 = {0xdb, 5}, fstp80 = {0xdb, 7}, fldcw = {0xd9, 5};

/* On [rsp + off]. */
static void memory(struct gen *g, struct form f, uint32_t off)
{
    x86_byte(&g->c, f.opcode);
    x86_byte(&g->c, 0x84 | (unsigned)f.digit << 3); /* disp32, SIB */
    x86_byte(&g->c, 0x24);
    for (unsigned n = 0; n < 4; n++)
        x86_byte(&g->c, off >> 8 * n & 0xff);
}

/* An instruction on the host's register stack, two bytes. */
static void two(struct gen *g, unsigned first, unsigned second)
{
    x86_byte(&g->c, first);
    x86_byte(&g->c, second);
}
static void exchange(struct gen *g, unsigned k)
{
    two(g, 0xd9, 0xc8 + k);
}
static void drop_top(struct gen *g)
{
    two(g, 0xdd, 0xd8);
}

/* ---- what is held ----------------------------------------------------------------------------- */

static uint32_t offset_of(const struct gen *g, unsigned reg)
{
    return g->k->frontend->x87 + 16 * (reg & 7);
}
static unsigned reg_at(const struct gen *g, unsigned offset)
{
    return (offset - g->k->frontend->x87) / 16;
}
/* Where a register is on the host's stack; HOLD_MAX or more: in the CPU structure. */
static unsigned position(const struct gen *g, unsigned reg)
{
    unsigned k = (reg - g->x87_first) & 7;
    return k < g->x87_held ? k : 8;
}
static bool is_held(const struct gen *g, unsigned reg)
{
    return position(g, reg) < 8;
}

static void note(struct gen *g, unsigned what)
{
    struct mem m = state_mem(offsetof(struct cpu, x87_held));
    if (g->x87_noted == what)
        return;
    x86_rm(&g->c, X_MOV_I, false, 0, &m, (int32_t)what);
    g->x87_noted = what;
}

void x87_note(struct gen *g)
{
    note(g, g->x87_held == 0 ? 0 : X87_HELD(g->x87_held, g->x87_first));
}

void x87_flush(struct gen *g)
{
    for (; g->x87_held != 0; g->x87_held--)
        memory(g, fstp80, offset_of(g, g->x87_first++));
    note(g, 0);
}

/* The host's ST(0) has become register reg, which lay below the first or was alone. */
static void pushed(struct gen *g, unsigned reg)
{
    g->x87_first = (uint8_t)(reg & 7);
    g->x87_held++;
}
static bool can_push(const struct gen *g, unsigned reg)
{
    return g->x87_held == 0 || (g->x87_held < HOLD_MAX && ((g->x87_first - 1) & 7) == (reg & 7));
}

/* Make reg the host's ST(0). */
static void want_top(struct gen *g, unsigned reg)
{
    if (position(g, reg) == 0)
        return;
    if (is_held(g, reg) || !can_push(g, reg))
        x87_flush(g);
    memory(g, fld80, offset_of(g, reg));
    pushed(g, reg);
}

/* Make d the host's ST(0), and s held if it is the one behind d. */
static void want_two(struct gen *g, unsigned d, unsigned s)
{
    bool next = s == ((d + 1) & 7);
    if (next && g->x87_held == 0)
        want_top(g, s);
    want_top(g, d);
    if (next && g->x87_held == 1) {
        memory(g, fld80, offset_of(g, s));
        exchange(g, 1);
        g->x87_held = 2;
    }
}

/* ---- loads and stores ------------------------------------------------------------------------- */

static const uint32_t temp = offsetof(struct cpu, spill) + 8 * SLOT_A;

/* An operand in a format, to memory; returns where. */
static uint32_t in_memory(struct gen *g, ir_ref v, unsigned format)
{
    bool wide = format == X87_F64 || format == X87_I64;
    struct mem m = state_mem(temp);
    uint64_t k = is_const(g, v) ? const_of(g, v) : 0;
    if (is_const(g, v) && (int64_t)k == (int32_t)k)
        x86_rm(&g->c, X_MOV_I, wide, 0, &m, (int32_t)k);
    else
        x86_rm(&g->c, X_MOV_M, wide, reg_of(g, v), &m, 0);
    return temp;
}

static void load(struct gen *g, const struct ir_ins *i)
{
    unsigned format = x87_imm_format(i->imm), d = reg_at(g, x87_imm_d(i->imm));
    uint32_t from = in_memory(g, i->a, format);
    if (!can_push(g, d))
        x87_flush(g);
    memory(g, loads[format], from);
    pushed(g, d);
}

/* 1 and 0 are instructions; other numbers go to the CPU structure. */
static void set(struct gen *g, const struct ir_ins *i)
{
    unsigned at = x87_imm_d(i->imm), d = reg_at(g, at);
    if (is_const(g, i->a) && is_const(g, i->b) && can_push(g, d)) {
        two(g, 0xd9, const_of(g, i->a) != 0 ? 0xe8 : 0xee); /* FLD1, FLDZ: no others are set */
        pushed(g, d);
        return;
    }
    struct mem sig = state_mem(at), exp = state_mem(at + 8);
    unsigned a = reg_of(g, i->a), b = reg_of(g, i->b);
    x87_flush(g);
    x86_rm(&g->c, X_MOV_M, true, a, &sig, 0);
    x86_rm(&g->c, X_MOV16_M, false, b, &exp, 0);
}

static void store(struct gen *g, const struct ir_ins *i)
{
    unsigned format = x87_imm_format(i->imm), at = x87_imm_d(i->imm), from = temp;
    bool truncate = x87_imm_kind(i->imm) == X87_QUIET && format >= X87_I16;
    bool wide = format == X87_F64 || format == X87_I64 || format == X87_SIGNIFICAND;
    if (format == X87_SIGNIFICAND || format == X87_SIGN_EXP) {
        x87_flush(g);
        from = at + (format == X87_SIGN_EXP ? 8 : 0);
    } else {
        want_top(g, reg_at(g, at));
        bool popping = truncate || format == X87_I64;
        if (popping)
            two(g, 0xd9, 0xc0); /* FLD st(0) */
        memory(g, truncate ? truncating[format] : popping ? fistp64 : stores[format], temp);
    }
    if (!used(g, (ir_ref)g->at))
        return;
    struct mem m = state_mem(from);
    bool narrow = format == X87_I16 || format == X87_SIGN_EXP;
    x86_rm(&g->c, narrow ? X_MOVZX16 : X_MOV, wide, dst_reg(g, 0), &m, 0);
}

/* ---- arithmetic ---------------------------------------------------------------------------------- */

/* Second bytes of D8 (ST(0) := ST(0) op ST(k)), DC (ST(k) := ST(k) op ST(0)), and DE with k = 1 where
 * the source is in ST(0) and popped. */
static const struct {
    uint8_t d8, dc, de, digit; /* digit: of the memory forms */
} arithmetic[] = {
    [X87_ADD] = {0xc0, 0xc0, 0xc1, 0}, [X87_MUL] = {0xc8, 0xc8, 0xc9, 1},
    [X87_SUB] = {0xe0, 0xe8, 0xe9, 4}, [X87_SUBR] = {0xe8, 0xe0, 0xe1, 5},
    [X87_DIV] = {0xf0, 0xf8, 0xf9, 6}, [X87_DIVR] = {0xf8, 0xf0, 0xf1, 7},
};
/* Second byte of the D9 form on ST(0). */
static const uint8_t unary[] = {
    [X87_SQRT] = 0xfa, [X87_ROUND] = 0xfc, [X87_CHS] = 0xe0, [X87_ABS] = 0xe1};
static const uint8_t by_format[] = {
    [X87_F32] = 0xd8, [X87_F64] = 0xdc, [X87_I16] = 0xde, [X87_I32] = 0xda};

static void combine(struct gen *g, unsigned kind, unsigned d, unsigned s)
{
    if (position(g, s) == 0 && is_held(g, d)) {
        two(g, 0xdc, arithmetic[kind].dc + position(g, d));
    } else if (position(g, s) == 0) { /* d is brought, and put back */
        memory(g, fld80, offset_of(g, d));
        two(g, 0xd8, arithmetic[kind].d8 + 1);
        memory(g, fstp80, offset_of(g, d));
    } else {
        want_top(g, d);
        if (is_held(g, s)) {
            two(g, 0xd8, arithmetic[kind].d8 + position(g, s));
        } else {
            memory(g, fld80, offset_of(g, s));
            two(g, 0xde, arithmetic[kind].de);
        }
    }
}

/* d := s, which may be a push of s or a store to d. */
static void move(struct gen *g, unsigned d, unsigned s)
{
    bool push = !is_held(g, d) && can_push(g, d);
    if (!push) {
        want_top(g, s);
        if (is_held(g, d)) {
            two(g, 0xdd, 0xd0 + position(g, d)); /* FST st(k) */
        } else {
            two(g, 0xd9, 0xc0);
            memory(g, fstp80, offset_of(g, d));
        }
        return;
    }
    if (is_held(g, s))
        two(g, 0xd9, 0xc0 + position(g, s)); /* FLD st(k) */
    else
        memory(g, fld80, offset_of(g, s));
    pushed(g, d);
}

static void swap(struct gen *g, unsigned d, unsigned s)
{
    want_two(g, d, s);
    if (is_held(g, s)) {
        exchange(g, position(g, s));
        return;
    }
    memory(g, fld80, offset_of(g, s));
    exchange(g, 1);
    memory(g, fstp80, offset_of(g, s));
}

static void operate(struct gen *g, const struct ir_ins *i)
{
    unsigned d = reg_at(g, x87_imm_d(i->imm)), s = reg_at(g, x87_imm_s(i->imm));
    unsigned kind = x87_imm_kind(i->imm);
    if (kind == X87_SWAP) {
        swap(g, d, s);
    } else if (kind == X87_MOVE) {
        move(g, d, s);
    } else if (kind <= X87_DIVR) {
        combine(g, kind, d, s);
    } else { /* d is s */
        want_top(g, d);
        two(g, 0xd9, unary[kind]);
    }
}

static void operate_memory(struct gen *g, const struct ir_ins *i)
{
    unsigned format = x87_imm_format(i->imm);
    struct form f = {by_format[format], arithmetic[x87_imm_kind(i->imm)].digit};
    uint32_t m = in_memory(g, i->a, format);
    want_top(g, reg_at(g, x87_imm_d(i->imm)));
    memory(g, f, m);
}

/* The value of the register is not needed any more. */
static void drop(struct gen *g, unsigned reg)
{
    if (!is_held(g, reg))
        return;
    if (position(g, reg) != 0) {
        x87_flush(g);
        return;
    }
    drop_top(g);
    g->x87_held--;
    g->x87_first = (g->x87_first + 1) & 7;
}

/* ---- comparisons ----------------------------------------------------------------------------------- */

/* FCOM or FCOMI of d with s: first and second byte for ST(0) and ST(0). */
static void compare(struct gen *g, const struct ir_ins *i, unsigned first, unsigned second)
{
    unsigned d = reg_at(g, x87_imm_d(i->imm)), s = reg_at(g, x87_imm_s(i->imm));
    want_two(g, d, s);
    if (is_held(g, s)) {
        two(g, first, second + position(g, s));
        return;
    }
    memory(g, fld80, offset_of(g, s));
    exchange(g, 1);
    two(g, first, second + 1);
    two(g, 0xdd, 0xd9); /* FSTP st(1): s goes; flags and C0 C2 C3 stay */
}

static void compare_flags(struct gen *g, const struct ir_ins *i)
{
    flags_clobber(g);
    compare(g, i, 0xdb, x87_imm_kind(i->imm) == X87_QUIET ? 0xe8 : 0xf0);
    flags_now(g);
}

static void status_to_eax(struct gen *g, unsigned mask)
{
    take(g, RAX);
    two(g, 0xdf, 0xe0); /* FNSTSW AX */
    x86_rr(&g->c, X_AND_I, false, 0, RAX, (int32_t)mask);
}

static void compare_status(struct gen *g, const struct ir_ins *i)
{
    bool quiet = x87_imm_kind(i->imm) == X87_QUIET;
    flags_clobber(g);
    compare(g, i, quiet ? 0xdd : 0xd8, quiet ? 0xe0 : 0xd0);
    status_to_eax(g, 0x4500);
    dst_reg_is(g, RAX);
}

/* With memory; with an integer of 64 bits, which is 0 then: FTST. */
static void compare_memory(struct gen *g, const struct ir_ins *i)
{
    unsigned format = x87_imm_format(i->imm);
    const unsigned fcom_digit = 2;
    flags_clobber(g);
    uint32_t m = format == X87_I64 ? 0 : in_memory(g, i->a, format);
    want_top(g, reg_at(g, x87_imm_d(i->imm)));
    if (format == X87_I64)
        two(g, 0xd9, 0xe4);
    else
        memory(g, (struct form){by_format[format], fcom_digit}, m);
    status_to_eax(g, 0x4500);
    dst_reg_is(g, RAX);
}

/* ---- control ---------------------------------------------------------------------------------------- */

static void status(struct gen *g)
{
    struct mem m = state_mem(offsetof(struct cpu, x87_status));
    flags_clobber(g);
    status_to_eax(g, 0x3f);
    x86_rm(&g->c, X_OR, false, RAX, &m, 0);
    x86_rm(&g->c, X_MOV_M, false, RAX, &m, 0);
    dst_reg_is(g, RAX);
}

static void control(struct gen *g, const struct ir_ins *i)
{
    struct mem m = state_mem(offsetof(struct cpu, x87_control));
    flags_clobber(g);
    unsigned a = reg_of(g, i->a), t = scratch(g);
    mov_rr(g, false, t, a);
    x86_rr(&g->c, X_OR_I, false, 0, t, 0x3f);
    x86_rm(&g->c, X_MOV_M, false, t, &m, 0);
    memory(g, fldcw, (uint32_t)m.disp);
}

void lower_x87(struct gen *g, const struct ir_ins *i)
{
    struct mem m = state_mem(offsetof(struct cpu, x87_status));
    /* clang-format off */
    switch (i->op) {
    case IR_xset:    set(g, i); break;
    case IR_xld:     load(g, i); break;
    case IR_xst:     store(g, i); break;
    case IR_xop:     operate(g, i); break;
    case IR_xopm:    operate_memory(g, i); break;
    case IR_xcmp:    compare_flags(g, i); break;
    case IR_xcc:     compare_status(g, i); break;
    case IR_xccm:    compare_memory(g, i); break;
    case IR_xdrop:   drop(g, reg_at(g, x87_imm_d(i->imm))); break;
    case IR_xstatus: status(g); break;
    case IR_xclear:
        two(g, 0xdb, 0xe2); /* FNCLEX */
        x86_rm(&g->c, X_MOV_I, false, 0, &m, 0);
        break;
    default:         control(g, i);
    }
    /* clang-format on */
}
