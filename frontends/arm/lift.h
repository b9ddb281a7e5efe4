/*
 * What the lifting files share: the context of the block being built and access to registers,
 * conditions and flags. lift.c walks the code and decides; lift_alu.c, lift_memory.c,
 * lift_branch.c, lift_system.c, lift_vfp.c and lift_neon.c translate one group each.
 */
#pragma once

#include "arm_cpu.h"
#include "insn.h"

struct arm_lift {
    struct lift *l;
    struct ir_block *b;
    struct arm_insn insn;
    uint32_t pc; /* address of the instruction, without mode bits */
    bool thumb;
    uint8_t it; /* ITSTATE for this instruction */
    bool privileged, big, vfp, fp_exact;
    bool ended;          /* this instruction ended the block */
    ir_ref flags;        /* last flags value computed in this block, 0 if none is usable */
    unsigned flags_mask; /* which of IR_FLAG_* it is valid for */
    uint32_t next;       /* address of the next instruction, with T */
    uint8_t it_next;     /* ITSTATE for it */
    uint8_t it_state;    /* what cpu->it holds here */
    uint8_t cond;        /* condition of this instruction, from its code or the IT block */
    bool strict;         /* every access has to be aligned */
    bool banked;         /* AMODE_SVC */
    bool skipping;       /* instructions are being lifted that a branch to `skip` leaves out */
    uint8_t skip_cond;   /* their condition */
    unsigned skip;
    ir_ref select; /* flags: the next register is written only if select_cc holds; 0: always */
    enum ir_cc select_cc;
    unsigned dacr_writes; /* in this block */
    unsigned exits; /* side exits: jumps to `pc`, or leave EXIT_STATE, placed at the block's end */
    struct arm_side_exit {
        unsigned label;
        uint32_t pc;
        bool leave;
    } exit[8];
};

#define ARM_STATE(field) offsetof(struct arm_cpu, field)

/* The value of register n as an operand: r15 reads as pc + 8 or pc + 4. */
ir_ref arm_reg(struct arm_lift *a, unsigned n);
/* Write register n; n 15: branch, with the interworking rule of ALU results or loads (A2.3.1). */
void arm_set_reg(struct arm_lift *a, unsigned n, ir_ref v);
ir_ref arm_i32(struct arm_lift *a, uint32_t v);
/* IR_FLOW_* for a jump to pc (flow.c). */
uint32_t arm_flow(struct arm_lift *a, uint32_t pc);
/* End the way with a jump to a fixed address. */
void arm_jump(struct arm_lift *a, uint32_t pc, unsigned kind, uint32_t ret);
/* A flags value good for condition cc of the IR, and the IR's condition for ARM condition cond
 * (0–13). */
ir_ref arm_flags_for(struct arm_lift *a, unsigned cond, enum ir_cc *cc);
/* aux of a load or store of 1 << log2 bytes in the current byte order. */
unsigned arm_mem(struct arm_lift *a, unsigned log2);
/* Flags of v: N and Z only. */
void arm_put_nz(struct arm_lift *a, ir_ref v);
/* New flags: write them to the state and remember them. */
void arm_put_flags(struct arm_lift *a, ir_ref f, unsigned mask);
/* Go to an address from a load, BX or BLX: bit 0 selects T32 (A2.3.1, BXWritePC). */
void arm_branch_exchange(struct arm_lift *a, ir_ref v, unsigned kind, uint32_t ret);
/* Go on at pc, which has T, at the block's end, if cc holds in f; or leave there with EXIT_STATE.
 * False: no more side exits in this block. */
bool arm_side_exit(struct arm_lift *a, ir_ref f, enum ir_cc cc, uint32_t pc, bool leave);
/* Let the state's ITSTATE be `it`. */
void arm_sync_it(struct arm_lift *a, uint8_t it);
/* Exception return to value v with the CPSR from SPSR. */
void arm_return_spsr(struct arm_lift *a, ir_ref v);
/* In line where that can be (lift_switch.c): SVC; the return to address pc with the CPSR from `status`, 0:
 * from SPSR; the write of the DACR. */
void arm_switch_call(struct arm_lift *a);
void arm_switch_return(struct arm_lift *a, ir_ref pc, ir_ref status);
void arm_switch_dacr(struct arm_lift *a);
/* The shifted operand of an instruction with form IMM, REG or RSR. *carry: C of the shifter, in the
 * IR's sense, 0 if it is unchanged; NULL if it is not wanted. */
ir_ref arm_operand(struct arm_lift *a, ir_ref *carry);
/* x + y; Q if it overflows. */
ir_ref arm_add_q(struct arm_lift *a, ir_ref x, ir_ref y);
/* Leave if helper result r is not 0: mode or masks changed; call last in an instruction. */
void arm_leave_if(struct arm_lift *a, ir_ref r);
/* End the block with the undefined-instruction exception for this instruction. */
void arm_lift_undefined(struct arm_lift *a);
/* Leave before the instruction, which is to be looked up again. */
void arm_lift_again(struct arm_lift *a);
/* End the block after this instruction with a state change. */
void arm_lift_leave_next(struct arm_lift *a, unsigned reason);

/* One instruction each; its condition is dealt with by the caller. VFP and NEON: lift_vfp.c and
 * lift_neon.c; they see to CPACR and FPEXC themselves (a->vfp false: undefined instruction). */
void arm_lift_alu(struct arm_lift *a);
void arm_lift_dsp(struct arm_lift *a); /* the part of the former in lift_dsp.c */
void arm_lift_memory(struct arm_lift *a);
void arm_lift_branch(struct arm_lift *a);
void arm_lift_system(struct arm_lift *a);
/* True if insn.op is in ops_simd.h; then lifts it. */
bool arm_lift_simd(struct arm_lift *a);
