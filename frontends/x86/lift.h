/*
 * What the lifting files share: the context of the block being built and access to operands,
 * memory, flags and ends. lift.c walks the code and decides; lift_alu.c, lift_shift.c, lift_move.c,
 * lift_stack.c, lift_branch.c, lift_string.c and lift_system.c translate one group each.
 *
 * A value of 1 or 2 bytes is an i32 of which only the low bits count: what uses it says how many.
 */
#pragma once

#include "x86_cpu.h"

struct x86_lift {
    struct lift *l;
    struct ir_block *b;
    struct x86_insn insn;
    uint32_t mode;
    uint32_t pc, next;    /* linear addresses of this instruction and the next one */
    uint32_t base, limit; /* of CS */
    bool flat;            /* XMODE_FLAT */
    bool stack32;         /* SS.B */
    bool ended;           /* this instruction ended the block */
    ir_ref flags;         /* last flags value of this block, 0 if none is usable */
    unsigned flags_mask;  /* which of IR_FLAG_* it is valid for */
    unsigned exits;       /* side exits: placed at the block's end */
    struct x86_side_exit {
        unsigned label;
        uint32_t pc;
        uint16_t reason; /* to leave; EXIT_NONE: a jump */
        bool mode;       /* no matter what: a jump into another mode */
    } exit[16];
    uint8_t x87_top;  /* what TOP is here, if the x87 is as predicted (lift_fp.h) */
    bool x87_known;   /* it has been compared */
    bool x87_mmx;     /* this block uses MMX registers; then it does not use the x87, */
    bool x87_used;    /*   and the other way round */
    uint8_t code[64]; /* bytes [code_at, code_end) of the guest's code, fetched ahead */
    uint32_t code_at;
    unsigned code_have;
};

#define X86_STATE(field) offsetof(struct x86_cpu, field)
#define X86_GPR(n)       (offsetof(struct cpu, reg[0]) + 4 * (n))

static inline unsigned x86_log2(unsigned size)
{
    return size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : size == 8 ? 3 : 4;
}
static inline ir_ref x86_i32(struct x86_lift *a, uint32_t v)
{
    return ir_const(a->b, IR_I32, v);
}

/* ---- registers and operands (lift_operand.c) ---- */
ir_ref x86_get(struct x86_lift *a, unsigned reg, unsigned size);
void x86_put(struct x86_lift *a, unsigned reg, unsigned size, ir_ref v);
/* v's low bytes, extended to 32 bits. */
ir_ref x86_zext(struct x86_lift *a, ir_ref v, unsigned size);
ir_ref x86_sext(struct x86_lift *a, ir_ref v, unsigned size);
/* Offset of the memory operand in its segment. */
ir_ref x86_offset(struct x86_lift *a);
/* Whether such addresses need no check: with that segment, for that kind of access. */
bool x86_simple(const struct x86_lift *a, unsigned seg, unsigned kind);
/* Linear address of `size` bytes at an offset in a segment; kind: ACCESS_READ or ACCESS_WRITE. */
ir_ref x86_linear_of(struct x86_lift *a, unsigned seg, ir_ref offset, unsigned size, unsigned kind);
/* Where an operand is: a register, or memory whose address was checked. */
struct x86_place {
    bool memory;
    uint8_t reg;
    uint8_t size;
    ir_ref address;
};
struct x86_place x86_place(struct x86_lift *a, unsigned operand, unsigned kind);
ir_ref x86_read(struct x86_lift *a, const struct x86_place *p);
void x86_write(struct x86_lift *a, const struct x86_place *p, ir_ref v);
/* The value of an operand of any kind but segment and system registers. */
ir_ref x86_value(struct x86_lift *a, unsigned operand);
ir_ref x86_load(struct x86_lift *a, ir_ref address, unsigned size);
void x86_store(struct x86_lift *a, ir_ref address, unsigned size, ir_ref v);
/* Base register of the segment (IR_I32 state). */
ir_ref x86_seg_base(struct x86_lift *a, unsigned seg);

/* ---- flags ---- */
void x86_put_flags(struct x86_lift *a, ir_ref f, unsigned mask);
void x86_put_carry(struct x86_lift *a, ir_ref bit);
void x86_put_overflow(struct x86_lift *a, ir_ref bit);
/* A flags value good for a condition (enum ir_cc numbers them as x86 does). */
ir_ref x86_flags_for(struct x86_lift *a, unsigned cc);
/* The same for C alone. */
ir_ref x86_carry(struct x86_lift *a);
/* Flags of v's low `size` bytes compared with 0. */
ir_ref x86_test(struct x86_lift *a, ir_ref v, unsigned size);

/* ---- ends (lift.c) ---- */
void x86_label(struct x86_lift *a, unsigned label);
/* Raise an exception of this instruction; ends the block. */
void x86_lift_raise(struct x86_lift *a, unsigned vector, uint32_t error);
/* IR_FLOW_* for a jump to a linear address (flow.c). */
uint32_t x86_flow(struct x86_lift *a, uint32_t pc);
/* End the way: go on at a linear address. kind: enum ir_jump. */
void x86_jump(struct x86_lift *a, uint32_t linear, unsigned kind, uint32_t ret);
void x86_jump_to(struct x86_lift *a, ir_ref linear, unsigned kind, uint32_t ret);
/* End the block: the CPU's state changed; linear: where to go on. */
void x86_leave(struct x86_lift *a, ir_ref linear, unsigned reason);
void x86_leave_next(struct x86_lift *a, unsigned reason);
/* Whether helpers HELPER_go_... may be used, after which x86_go_on ends the block. */
bool x86_direct(const struct x86_lift *a);
void x86_go_on(struct x86_lift *a, ir_ref linear);
/* INT and its like: put what is raised into the CPU structure. */
void x86_put_raise(struct x86_lift *a, uint32_t vector, uint32_t error);
/* The next instruction will be in this block. */
bool x86_goes_on(const struct x86_lift *a);
/* How many side exits there may still be. */
static inline unsigned x86_side_room(const struct x86_lift *a)
{
    return (unsigned)(sizeof a->exit / sizeof a->exit[0]) - a->exits;
}
/* Leave behind this instruction if v is not 0; last thing of an instruction. */
void x86_leave_if(struct x86_lift *a, ir_ref v);
/* Load a segment register; then, when nothing of the instruction is left to do, go on behind it in the mode
 * that this gave (`changed` is what x86_load_seg returned). */
ir_ref x86_load_seg(struct x86_lift *a, unsigned seg, ir_ref selector);
void x86_loaded_seg(struct x86_lift *a, unsigned seg, ir_ref changed);
/* Go on at a linear address if cc holds in f; false: no more side exits in this block. */
bool x86_side_exit(struct x86_lift *a, ir_ref f, unsigned cc, uint32_t linear, bool leave);
/* The same, leaving with a reason at a linear address. */
bool x86_side_leave(struct x86_lift *a, ir_ref f, unsigned cc, uint32_t linear, unsigned reason);
/* An instruction that is not implemented: #UD, and a line in the log. */
void x86_unimplemented(struct x86_lift *a);
ir_ref x86_call(struct x86_lift *a, unsigned helper, unsigned kind, ir_ref x, ir_ref y, ir_ref z);
/* Calls that may do anything. */
#define CALL_ALL (CALL_READS | CALL_WRITES | CALL_EXITS)

/* ---- the stack (lift_stack.c) ---- */
/* A sequence of pushes or pops; nothing is written to ESP before x86_stack_end. */
struct x86_stack {
    ir_ref top; /* the stack pointer's value, all 32 bits */
    int32_t by; /* what was added to it so far */
};
struct x86_stack x86_stack_begin(struct x86_lift *a);
void x86_stack_push(struct x86_lift *a, struct x86_stack *s, unsigned size, ir_ref v);
ir_ref x86_stack_pop(struct x86_lift *a, struct x86_stack *s, unsigned size);
void x86_stack_end(struct x86_lift *a, const struct x86_stack *s);

/* One group of instructions each; false: not one of theirs. */
bool x86_lift_alu(struct x86_lift *a);
bool x86_lift_shift(struct x86_lift *a);
bool x86_lift_move(struct x86_lift *a);
bool x86_lift_stack(struct x86_lift *a);
bool x86_lift_branch(struct x86_lift *a);
bool x86_lift_string(struct x86_lift *a);
bool x86_lift_system(struct x86_lift *a);
bool x86_lift_x87(struct x86_lift *a);
bool x86_lift_mmx(struct x86_lift *a);
bool x86_lift_sse(struct x86_lift *a);
/* How the mode behind this instruction differs from the block's: by the predicted TOP (lift_x87.c). */
uint32_t x86_mode_difference(const struct x86_lift *a);
