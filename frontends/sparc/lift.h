/*
 * What the lifting files share: the context of the block being built, registers, flags, and where
 * control goes after the instruction at hand.
 *
 * lift.c walks the code; lift_branch.c has the transfers of control, lift_alu.c, lift_memory.c,
 * lift_system.c and lift_fp.c translate one group each.
 */
#pragma once

#include "insn.h"
#include "sparc_cpu.h"

/* What runs after this instruction: PC + 4; a known address (it is in the delay slot of a branch);
 * the address in the state's npc (a delay slot, in the block of its branch); the same at the head of
 * a block entered with `delay` set. */
enum sparc_next { NEXT_PLAIN, NEXT_KNOWN, NEXT_NPC, NEXT_DELAY };

/* Ways out of the block, placed behind its end. */
/* EXIT_GO: a helper took a trap, cpu.pc is where it goes on. */
enum sparc_exit_kind { EXIT_SLOT, EXIT_ANEW, EXIT_TAKE, EXIT_GO };
struct sparc_exit {
    unsigned label;
    enum sparc_exit_kind kind;
    uint32_t
        pc; /* SLOT: of the delay slot; ANEW: where to, by the dispatcher; TAKE: of the instruction that traps */
    uint32_t target; /* SLOT: of the branch */
    unsigned count;  /* SLOT: guest instructions on the way to it */
    uint8_t tt;      /* TAKE */
    bool delayed;    /* TAKE: in a delay slot, npc is in the state */
};
#define SPARC_EXITS 16

struct sparc_lift {
    struct lift *l;
    struct ir_block *b;
    struct sparc_insn insn;
    uint32_t pc;
    enum sparc_next next;
    uint32_t target; /* NEXT_KNOWN */
    bool supervisor, fpu, fp_traps;
    bool ended;
    unsigned count;      /* guest instructions up to here */
    unsigned kind;       /* of the jump behind the slot: enum ir_jump, */
    uint32_t return_to;  /*   with JUMP_CALL */
    ir_ref flags;        /* last flags value computed, 0 if none is usable */
    unsigned flags_mask; /* which of IR_FLAG_* it is valid for */
    ir_ref fcc;          /* flags of the last FCMP, 0 if not usable */
    unsigned exits;
    struct sparc_exit exit[SPARC_EXITS];
};

#define SPARC_STATE(field) offsetof(struct sparc_cpu, field)

ir_ref sparc_i32(struct sparc_lift *a, uint32_t v);
ir_ref sparc_get(struct sparc_lift *a, unsigned n);
void sparc_put(struct sparc_lift *a, unsigned n, ir_ref v);
/* reg_or_imm, and rs1 + reg_or_imm. */
ir_ref sparc_second(struct sparc_lift *a);
ir_ref sparc_address(struct sparc_lift *a);
ir_ref sparc_bin(struct sparc_lift *a, enum ir_op op, ir_ref x, ir_ref y);

void sparc_put_flags(struct sparc_lift *a, ir_ref f, unsigned mask);
/* Flags good for `needs` (IR_FLAG_*). */
ir_ref sparc_flags(struct sparc_lift *a, unsigned needs);
/* Values may not be used across a label: call after emitting one. */
void sparc_forget(struct sparc_lift *a);

/* End the block behind this instruction: go on there, or leave with `reason`. */
void sparc_go_next(struct sparc_lift *a);
void sparc_leave_next(struct sparc_lift *a, unsigned reason);
void sparc_go_mode(struct sparc_lift *a, ir_ref pc);
/* End the block with a trap of this instruction; or take it if cc holds in f. */
void sparc_trap(struct sparc_lift *a, unsigned tt);
/* The same of a computed software trap. */
void sparc_trap_number(struct sparc_lift *a, ir_ref tt);
void sparc_trap_if(struct sparc_lift *a, ir_ref f, enum ir_cc cc, unsigned tt);
/* A new way out; NULL: there is no room for more. */
struct sparc_exit *sparc_new_exit(struct sparc_lift *a, enum sparc_exit_kind kind);
/* The instruction at va, which must be in the block's first page; false: it cannot be had. */
bool sparc_fetch(struct sparc_lift *a, uint32_t va, struct sparc_insn *i);
/* Lift the delay slot at pc in this block, then end it; next is NEXT_KNOWN (target) or NEXT_NPC. */
void sparc_lift_slot(struct sparc_lift *a, uint32_t pc, enum sparc_next next, uint32_t target);
/* Whether a delay slot can be lifted together with its branch: not one that transfers control. */
bool sparc_slot_simple(struct sparc_lift *a, uint32_t pc);
/* End the block with the delay slot at pc and npc in the state still to come. */
void sparc_go_slot(struct sparc_lift *a, uint32_t pc);

/* Lift a->insn, whatever it is. */
void sparc_lift_insn(struct sparc_lift *a);
void sparc_lift_branch(struct sparc_lift *a);
void sparc_lift_alu(struct sparc_lift *a);
void sparc_lift_memory(struct sparc_lift *a);
void sparc_lift_system(struct sparc_lift *a);
void sparc_lift_fp(struct sparc_lift *a);
/* IR_FLOW_* for a jump to pc (flow.c). */
uint32_t sparc_flow(struct sparc_lift *a, uint32_t pc);
