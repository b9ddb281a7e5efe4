/*
 * Lifting a block: walks the code and ends the block.
 *
 * A block goes on behind conditional branches, which leave through side exits, collected and placed
 * behind the block's end. It never leaves its page, but for a block of one instruction that spans
 * two. With TF set, in the interrupt shadow and with breakpoints enabled a block is one instruction,
 * and all its ways out lead to the dispatcher.
 *
 * No value of before a label may be used after it, so the remembered flags are forgotten there.
 */
#include <stdio.h>

#include <translator/board.h>

#include "lift.h"

#define ROOM_INSN  220 /* IR instructions one guest instruction may need */
#define ROOM_EXITS 64

static bool single(const struct x86_lift *a)
{
    return (a->mode & (XMODE_TF | XMODE_SHADOW | XMODE_BREAK)) != 0;
}

/* ---- ends ------------------------------------------------------------------------------------- */

void x86_label(struct x86_lift *a, unsigned label)
{
    ir_label(a->b, label);
    a->flags = 0;
}

ir_ref x86_call(struct x86_lift *a, unsigned helper, unsigned kind, ir_ref x, ir_ref y, ir_ref z)
{
    if (kind & CALL_WRITES)
        a->flags = 0;
    return ir_call(a->b, IR_I32, helper, kind, x, y, z);
}

void x86_put_raise(struct x86_lift *a, uint32_t vector, uint32_t error)
{
    ir_put(a->b, IR_I32, X86_STATE(raise.vector), x86_i32(a, vector));
    ir_put(a->b, IR_I32, X86_STATE(raise.error), x86_i32(a, error));
    ir_put(a->b, IR_I32, X86_STATE(raise.next), x86_i32(a, a->next - a->base));
}

void x86_lift_raise(struct x86_lift *a, unsigned vector, uint32_t error)
{
    x86_put_raise(a, vector, error);
    ir_leave(a->b, x86_i32(a, a->pc), EXIT_RAISE);
    a->ended = true;
}

/* With TF or breakpoints: the instruction has run. */
static unsigned ran(const struct x86_lift *a)
{
    return (a->mode & XMODE_TF) != 0 ? EXIT_STEPPED : EXIT_WATCHED;
}

static void leave(struct x86_lift *a, ir_ref linear, unsigned reason)
{
    if ((a->mode & (XMODE_TF | XMODE_BREAK)) != 0 && reason != EXIT_RAISE && reason != EXIT_FETCH &&
        reason != EXIT_X87 && reason != EXIT_DIVIDE)
        reason = ran(a);
    ir_leave(a->b, linear, reason);
}

void x86_leave(struct x86_lift *a, ir_ref linear, unsigned reason)
{
    leave(a, linear, reason);
    a->ended = true;
}

void x86_leave_next(struct x86_lift *a, unsigned reason)
{
    x86_leave(a, x86_i32(a, a->next), reason);
}

bool x86_direct(const struct x86_lift *a)
{
    return a->l->direct && (a->mode & (XMODE_TF | XMODE_SHADOW | XMODE_BREAK)) == 0;
}

void x86_go_on(struct x86_lift *a, ir_ref linear)
{
    ir_jumpto(a->b, linear, JUMP_MODE, 0);
    a->ended = true;
}

static void go(struct x86_lift *a, uint32_t linear, unsigned kind, uint32_t ret)
{
    if (a->mode & (XMODE_TF | XMODE_BREAK)) {
        leave(a, x86_i32(a, linear), ran(a));
    } else if (a->mode & XMODE_SHADOW) { /* interrupts that waited for its end come first */
        leave(a, x86_i32(a, linear), EXIT_STATE);
    } else if (single(a)) {
        ir_jump(a->b, linear, JUMP_CHECK, 0);
    } else {
        ir_jump(a->b, linear, kind, ret);
        bool loop = linear == a->l->pc && kind == JUMP_PLAIN && x86_mode_difference(a) == 0;
        ir_flow(a->b, x86_flow(a, linear) | (loop ? IR_FLOW_LOOP : 0));
    }
}

void x86_jump(struct x86_lift *a, uint32_t linear, unsigned kind, uint32_t ret)
{
    go(a, linear, kind, ret);
    a->ended = true;
}

void x86_jump_to(struct x86_lift *a, ir_ref linear, unsigned kind, uint32_t ret)
{
    if (a->mode & (XMODE_TF | XMODE_BREAK)) {
        leave(a, linear, ran(a));
    } else if (a->mode & XMODE_SHADOW) {
        leave(a, linear, EXIT_STATE);
    } else {
        ir_jumpto(a->b, linear, single(a) ? JUMP_CHECK : kind, single(a) ? 0 : ret);
        a->b->ins[a->b->count].imm = x86_mode_difference(a);
    }
    a->ended = true;
}

bool x86_side_leave(struct x86_lift *a, ir_ref f, unsigned cc, uint32_t linear, unsigned reason)
{
    if (a->exits == sizeof a->exit / sizeof a->exit[0])
        return false;
    struct x86_side_exit *e = &a->exit[a->exits++];
    *e = (struct x86_side_exit){
        .label = ir_new_label(a->b), .pc = linear, .reason = (uint16_t)reason};
    ir_brcc(a->b, f, (enum ir_cc)cc, e->label);
    return true;
}

bool x86_side_exit(struct x86_lift *a, ir_ref f, unsigned cc, uint32_t linear, bool leave_state)
{
    return x86_side_leave(a, f, cc, linear, leave_state ? EXIT_STATE : EXIT_NONE);
}

void x86_leave_if(struct x86_lift *a, ir_ref v)
{
    ir_ref f = ir_flagsof(a->b, v);
    if (single(a) || !x86_side_exit(a, f, CC_NE, a->next, true))
        x86_leave_next(a, EXIT_STATE);
}

ir_ref x86_load_seg(struct x86_lift *a, unsigned seg, ir_ref selector)
{
    unsigned helper = seg != X86_SS && x86_direct(a) ? HELPER_go_load_segment : HELPER_load_segment;
    return x86_call(a, helper, CALL_ALL, x86_i32(a, seg), selector, x86_i32(a, a->next));
}

void x86_loaded_seg(struct x86_lift *a, unsigned seg, ir_ref changed)
{
    if (seg == X86_SS) { /* its shadow begins */
        x86_leave_next(a, EXIT_STATE);
        return;
    }
    unsigned exits = a->exits;
    x86_leave_if(a, changed);
    if (a->exits != exits && x86_direct(a))
        a->exit[exits].mode = true;
}

static void place_exits(struct x86_lift *a)
{
    for (unsigned i = 0; i < a->exits; i++) {
        ir_label(a->b, a->exit[i].label);
        if (a->exit[i].mode)
            ir_jumpto(a->b, x86_i32(a, a->exit[i].pc), JUMP_MODE, 0);
        else if (a->exit[i].reason != EXIT_NONE)
            leave(a, x86_i32(a, a->exit[i].pc), a->exit[i].reason);
        else
            go(a, a->exit[i].pc, JUMP_PLAIN, 0);
    }
}

void x86_unimplemented(struct x86_lift *a)
{
    char text[80];
    x86_disas_insn(&a->insn, a->pc - a->base, text, sizeof text);
    vm_log(a->l->cpu->vm, "not implemented at %08x: %s", a->pc, text);
    x86_lift_raise(a, VECTOR_UD, 0);
}

/* ---- fetching --------------------------------------------------------------------------------- */

/* Have the bytes at `from` at hand, at least to the end of the page or 16 of them; in halfwords, as
 * the translator reads code. */
static void look_ahead(struct x86_lift *a, uint32_t from)
{
    uint32_t end = (from & GUEST_PAGE_MASK) + GUEST_PAGE - 1, code;
    uint32_t begin = from & ~1u;
    if (from - a->code_at < a->code_have && a->code_at + a->code_have - from >= X86_MAX_LENGTH + 1)
        return;
    if (end - begin > 47)
        end = begin + 47;
    a->code_at = begin;
    a->code_have = 0;
    a->l->peek = true;
    while (a->code_have <= end - begin && a->l->fetch(a->l, begin + a->code_have, 2, &code)) {
        a->code[a->code_have++] = (uint8_t)code;
        a->code[a->code_have++] = (uint8_t)(code >> 8);
    }
    a->l->peek = false;
}

static unsigned decode_mode(const struct x86_lift *a)
{
    return ((a->mode & XMODE_D) != 0 ? X86_MODE_D : 0) |
           ((a->mode & (XMODE_REAL | XMODE_V86)) == 0 ? X86_MODE_PROTECTED : 0) | X86_HAS_ATOM;
}

/* The instruction at pc reaches into the next page: its bytes there. */
static bool second_page(struct x86_lift *a)
{
    uint32_t code, at;
    for (unsigned n = 0; n < X86_MAX_LENGTH + 1u; n += 2) {
        at = a->code_at + a->code_have;
        if (!a->l->fetch(a->l, at, 2, &code))
            return n != 0;
        a->code[a->code_have++] = (uint8_t)code;
        a->code[a->code_have++] = (uint8_t)(code >> 8);
        const uint8_t *from = a->code + (a->pc - a->code_at);
        unsigned have = a->code_have - (a->pc - a->code_at);
        struct x86_insn i;
        if (x86_decode(from, have, decode_mode(a), &i) != X86_TRUNCATED)
            return true;
    }
    return true;
}

/* Say which bytes the block depends on. */
static void depend(struct x86_lift *a, unsigned length)
{
    uint32_t code, first = a->pc & ~1u, last = (a->pc + length - 1) & ~1u;
    a->l->fetch(a->l, first, 2, &code);
    if (last != first)
        a->l->fetch(a->l, last, 2, &code);
}

enum fetched { FETCH_DONE, FETCH_END, FETCH_FAULT };

/* Read and decode the instruction at a->pc. */
static enum fetched fetch(struct x86_lift *a, bool first, enum x86_error *error)
{
    look_ahead(a, a->pc);
    unsigned skip = a->pc - a->code_at;
    unsigned have = a->code_have > skip ? a->code_have - skip : 0;
    *error = have == 0 ? X86_TRUNCATED : x86_decode(a->code + skip, have, decode_mode(a), &a->insn);
    if (*error != X86_TRUNCATED)
        return FETCH_DONE;
    if (!first)
        return FETCH_END;
    if (have == 0 || !second_page(a))
        return FETCH_FAULT;
    have = a->code_have - (a->pc - a->code_at);
    *error = x86_decode(a->code + (a->pc - a->code_at), have, decode_mode(a), &a->insn);
    return *error == X86_TRUNCATED ? FETCH_FAULT : FETCH_DONE;
}

/* ---- one instruction -------------------------------------------------------------------------- */

/* CR0.EM, CR0.TS and CR4.OSFXSR forbid units (SDM vol. 3, 2.5, table 13-1); true: raised. */
static bool unit_absent(struct x86_lift *a)
{
    bool em = a->mode & XMODE_EM, ts = a->mode & XMODE_TS;
    switch (a->insn.unit) {
    case X86_UNIT_X87:
        if (em || ts)
            x86_lift_raise(a, VECTOR_NM, 0);
        return em || ts;
    case X86_UNIT_MMX:
    case X86_UNIT_SSE:
        if (em || (a->insn.unit == X86_UNIT_SSE && (a->mode & XMODE_OSFXSR) == 0))
            x86_lift_raise(a, VECTOR_UD, 0);
        else if (ts)
            x86_lift_raise(a, VECTOR_NM, 0);
        return a->ended;
    default:
        return false;
    }
}

static void dispatch(struct x86_lift *a)
{
    if (unit_absent(a))
        return;
    if (!x86_lift_move(a) && !x86_lift_alu(a) && !x86_lift_shift(a) && !x86_lift_stack(a) &&
        !x86_lift_branch(a) && !x86_lift_string(a) && !x86_lift_system(a) && !x86_lift_x87(a) &&
        !x86_lift_mmx(a) && !x86_lift_sse(a))
        x86_unimplemented(a);
}

/* Instructions are cut off by the limit of CS (SDM vol. 3, 5.3). */
static bool beyond_limit(const struct x86_lift *a)
{
    uint32_t eip = a->pc - a->base;
    return a->limit != 0xffffffff &&
           (eip > a->limit || a->limit - eip < (uint32_t)a->insn.length - 1);
}

/* Whether what was lifted from instruction `first` of the IR on may store. */
static bool may_store(const struct x86_lift *a, unsigned first)
{
    for (unsigned n = first; n <= a->b->count; n++)
        if (a->b->ins[n].op == IR_st || a->b->ins[n].op == IR_call)
            return true;
    return false;
}

static void lift_one(struct x86_lift *a, enum x86_error error)
{
    unsigned first = a->b->count + 1;
    a->next = a->pc + a->insn.length;
    ir_insn(a->b, a->pc, 0);
    if (a->mode & XMODE_BREAK)
        x86_call(a, HELPER_break_code, CALL_ALL | CALL_VOID, x86_i32(a, a->pc), 0, 0);
    if (a->mode & XMODE_SHADOW)
        ir_put(a->b, IR_I32, X86_STATE(shadow), x86_i32(a, 0));
    if (beyond_limit(a) || error == X86_TOO_LONG)
        x86_lift_raise(a, VECTOR_GP | RAISE_ERROR, 0);
    else if (error != X86_OK)
        x86_lift_raise(a, VECTOR_UD, 0);
    else
        dispatch(a);
    if (!a->ended && a->l->stores_end && may_store(a, first))
        x86_jump(a, a->next, JUMP_PLAIN, 0);
}

static void begin(struct x86_lift *a, struct lift *l)
{
    const struct x86_cpu *c = x86_of_const(l->cpu);
    a->l = l;
    a->b = l->ir;
    a->mode = l->mode;
    a->pc = l->pc;
    a->flat = (l->mode & XMODE_FLAT) != 0;
    a->stack32 = (l->mode & XMODE_B) != 0;
    a->ended = false;
    a->flags = 0;
    a->flags_mask = 0;
    a->exits = 0;
    a->x87_top = (l->mode & XMODE_X87_TOP) >> XMODE_X87_SHIFT;
    a->x87_known = a->x87_mmx = a->x87_used = false;
    a->code_at = 0;
    a->code_have = 0;
    unsigned code = l->mode >> XMODE_CODE_SHIFT;
    a->base = code < X86_CODES ? c->codes[code].base : 0;
    a->limit = code < X86_CODES ? c->codes[code].limit : 0xffffffff;
}

/* The table of code segments is full: begin it, and all translations, anew. */
static void lift_forget(struct x86_lift *a)
{
    ir_insn(a->b, a->pc, 0);
    x86_call(a, HELPER_forget_codes, CALL_VOID, 0, 0, 0);
    ir_leave(a->b, x86_i32(a, a->pc), EXIT_FLUSH);
}

bool x86_goes_on(const struct x86_lift *a)
{
    return !single(a) && !a->l->counted && !a->l->stores_end &&
           (unsigned)a->b->insns < a->l->limit &&
           (((a->next + X86_MAX_LENGTH) ^ a->l->pc) & GUEST_PAGE_MASK) == 0 &&
           ir_room(a->b, 2 * ROOM_INSN + ROOM_EXITS) && a->b->labels <= IR_MAX_LABEL - 30;
}

void x86_lift_block(struct lift *l)
{
    struct x86_lift a;
    begin(&a, l);
    if (l->mode >> XMODE_CODE_SHIFT >= X86_CODES) {
        lift_forget(&a);
        return;
    }
    for (unsigned n = 0; n < l->limit && !a.ended; n++) {
        enum x86_error error = X86_OK;
        if (!ir_room(a.b, ROOM_INSN + ROOM_EXITS) || a.b->labels > IR_MAX_LABEL - 20)
            break;
        if (n != 0 && (((a.pc ^ l->pc) & GUEST_PAGE_MASK) != 0 || single(&a)))
            break;
        enum fetched f = fetch(&a, n == 0, &error);
        if (f == FETCH_END)
            break;
        if (f == FETCH_FAULT) {
            ir_insn(a.b, a.pc, 0);
            x86_leave(&a, x86_i32(&a, a.pc), EXIT_FETCH);
            break;
        }
        depend(&a, a.insn.length);
        lift_one(&a, error);
        a.pc = a.next;
    }
    if (!a.ended)
        x86_jump(&a, a.pc, JUMP_PLAIN, 0);
    place_exits(&a);
}
