/*
 * What the builder, the passes and the text form share below ir.h: traits as bits, evaluation of
 * operations on constants, algebraic simplification of one instruction, and the passes' names.
 */
#pragma once

#include <translator/ir.h>

enum ir_trait {
    TRAIT_EFFECT = 1,
    TRAIT_FAULT = 2,
    TRAIT_READS = 4,
    TRAIT_WRITES = 8,
    TRAIT_EXIT = 16,
    TRAIT_COMMUTES = 32,
    TRAIT_FLAGS = 64,
    TRAIT_RAISES = 256, /* may set exception flags in MXCSR */
    TRAIT_TYPED = 128,  /* the row says T: the type field counts; else it is the result's type */
};
/* The trait letters of op (ir_ops.h) as bits; fast. */
unsigned ir_traits(unsigned op);

/* A flags value that is known: NZ byte as struct cpu_flags has it, C and V 0 or 1. */
struct ir_flags {
    uint8_t nz, c, v;
};
/* Traits that keep an instruction whose value nobody uses. */
#define TRAIT_KEPT (TRAIT_EFFECT | TRAIT_FAULT | TRAIT_WRITES | TRAIT_EXIT | TRAIT_RAISES)
bool ir_cc_holds(struct ir_flags f, enum ir_cc cc);

/* Evaluate an integer operation on constants; carry: C of its flags operand. False: not one that
 * can be evaluated here. *f, if not NULL and the operation has trait k: its flags. */
bool ir_eval(enum ir_op op, enum ir_type t, uint64_t a, uint64_t b, bool carry, uint64_t *result,
             struct ir_flags *f);

/* What ir_simplify found. */
enum ir_simple {
    IR_KEEP,   /* nothing */
    IR_CHANGE, /* *i was replaced by a cheaper instruction with the same value */
    IR_SAME,   /* the value is that of the earlier instruction *same */
};
/*
 * Simplify *i, which would stand behind the instructions of b (constants have no operands and can
 * be judged wherever they stand). `flags`: the flags of the operation are used too, or may be, so
 * an operation with trait k is only changed if its flags stay those of `or v, v` of its value:
 * N and Z of it, C, V and A clear.
 */
enum ir_simple ir_simplify(const struct ir_block *b, struct ir_ins *i, bool flags, ir_ref *same);

/* A value with the same low bytes (PART_8, PART_16) as r: what was inserted there, or r. */
ir_ref ir_low_part(const struct ir_block *b, ir_ref r, unsigned bytes);

/* True, and the number, if r is a constant. */
static inline bool ir_is_const(const struct ir_block *b, ir_ref r, uint64_t *v)
{
    if (r == 0 || b->ins[r].op != IR_const)
        return false;
    *v = (uint64_t)b->ins[r].imm;
    return true;
}

void ir_pass_unroll(struct ir_block *b);
void ir_pass_state(struct ir_block *b);
void ir_pass_fold(struct ir_block *b);
void ir_pass_flags(struct ir_block *b);
void ir_pass_lazy(struct ir_block *b);
void ir_pass_addr(struct ir_block *b);
void ir_pass_align(struct ir_block *b);
void ir_pass_same(struct ir_block *b);
void ir_pass_near(struct ir_block *b);
void ir_pass_dead(struct ir_block *b);
