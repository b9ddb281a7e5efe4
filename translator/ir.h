/*
 * The intermediate representation: what frontends produce, passes change and backends run.
 *
 * A translation block is a list of instructions in SSA form: an instruction that has a result *is*
 * the value, and later instructions name it by its index. Guest registers and flags are not values
 * but named state, read by `get` and `getf` and written by `put`, `putf`, `putc`, `putv`; so state
 * is what connects blocks. The operations are the table ir_ops.h.
 *
 * Invariants, checked by ir_verify:
 *  - operands are defined earlier, have the type the table asks for, and are not separated from
 *    their definition by a label (a value never lives across a label: state does);
 *  - branches go forwards only; each label is placed once; every path ends with an `x` operation;
 *  - state is bytes: `get` and `put` of overlapping ranges (s, d and q registers) see each other;
 *  - `flagsof` follows the operation it belongs to at once; at most one per operation;
 *  - every instruction that may fault comes after an `insn`. All state written by earlier guest
 *    instructions is in place when it runs, and none of its own: a frontend writes a guest
 *    instruction's results after its last instruction that may fault, or only results that may be
 *    written twice (a base register last).
 *
 * Flags: N Z C V (and P A for guests that have them). C of a subtraction is the *borrow*, as on x86
 * and SPARC; the ARM frontend keeps C inverted in the CPU structure and in every flags value.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ir_type {
    IR_NONE,
    IR_I32,
    IR_I64,
    IR_F32,
    IR_F64,
    IR_V128,
    IR_FLAGS,
    IR_I8, /* only for get (zero-extends to i32) and put (stores the low byte of an i32) */
    IR_TYPES
};

enum ir_op {
    IR_END, /* index 0 of a block: "no value" */
#define IR(name, result, operands, traits, meaning) IR_##name,
#include "ir_ops.h"
#undef IR
    IR_OPS
};

/* Conditions on a flags value, numbered as the x86 condition codes (Intel SDM vol. 1, B.1). */
/* clang-format off */
enum ir_cc { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A,
             CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };
/* clang-format on */

/* aux of brcc: a condition, and whether the flags a are written (as by putf, all of them, or all but C) on
 * the way to the label, and what is in cpu->flag_recipe becomes void. */
#define BRCC_PUTF   16u
#define BRCC_KEEP_C 32u

/* putf masks. */
#define IR_FLAG_NZ  1u /* with P and A, where the guest has them */
#define IR_FLAG_C   2u
#define IR_FLAG_V   4u
#define IR_FLAG_ALL 7u
/* The IR_FLAG_* that a condition reads. */
unsigned ir_cc_needs(enum ir_cc cc);

/* aux of ld and st:
 *   bits 0–2  log2 of the bytes accessed: 0 to 4 (4: v128)
 *   bit  3    sign-extend (ld of fewer bytes than the type)
 *   bit  4    big-endian
 *   bits 5–6  log2 of the scale of operand b
 *   bit  7    as user: through the window cpu->alt_base (LDRT, STRT, alternate spaces)
 * and in `bits`: */
enum ir_mem {
    MEM_SIZE = 7,
    MEM_SIGNED = 8,
    MEM_BIG = 16,
    MEM_SCALE_SHIFT = 5,
    MEM_SCALE = 3 << 5,
    MEM_USER = 128,
};
enum ir_mem_site {
    SITE_SLOW = 1,   /* this site met a device: call the memory helper */
    SITE_CHOOSE = 2, /* privileged site that met a process-dependent page: window by address */
    SITE_ATOMIC = 4, /* part of an exclusive access: never repeated */
    SITE_STRING = 8, /* only in a side entry: of a `copy` or `fill`, which ends early instead of
                        leaving the block */
    SITE_COLD = 16,  /* mostly meets pages that are not mapped; with SITE_SLOW (cold.c) */
    SITE_LOOP = 32,  /* a loop begins here that runs long: it is unrolled (pass_unroll.c) */
};
static inline unsigned mem_bytes(unsigned aux)
{
    return 1u << (aux & MEM_SIZE);
}

/* aux of call. */
enum ir_call {
    CALL_READS = 1,  /* reads guest registers or flags in the CPU structure */
    CALL_WRITES = 2, /* writes them */
    CALL_EXITS = 4,  /* may set cpu->exit_request: then the block is left after it, with the
                        instruction's `pc` rules of guest.h */
    CALL_VOID = 8,   /* no result */
    CALL_FP = 16,    /* reads or writes cpu->mxcsr */
};

/* aux of jump and jumpto. */
enum ir_jump {
    JUMP_PLAIN = 0,
    JUMP_CALL = 1,   /* a call: ret holds the return address */
    JUMP_RETURN = 2, /* probably returns to the newest call */
    JUMP_MODE = 8,   /* jumpto only: another mode and window; cpu->next_* say which (vm_redirect) */
    JUMP_ENTER = 16, /* to the window cpu->side[SIDE_PRIVILEGED]; a jump: always to the same mode */
    JUMP_USER = 32,  /* jumpto only: to the window cpu->side[SIDE_USER], mode also cpu->user_mode */
    JUMP_CHECK = 4,  /* interrupts may have become possible: through the dispatcher's check */
};

/* aux of the operations on parts of registers (nadd ... insert): bytes. */
enum ir_part { PART_8 = 1, PART_16 = 2 };
static inline bool ir_has_part(unsigned op)
{
    return op >= IR_nadd && op <= IR_insert;
}

typedef uint16_t ir_ref; /* index of the instruction that defines the value; 0 = none */

/* What the frontend knows of the code a `jump` leads to, for pending flags (pass_lazy.c): that it
 * writes all flags before it reads any, in straight line; and which general registers (bit n + the
 * shift: register n) it has written where it may fault before that. Code that the frontend looked at
 * must lie in the page of the block. */
#define IR_FLOW_DEAD 1u
#define IR_FLOW_LOOP 2u /* to the block's own beginning, in the same mode */
#define FLOW_LIMIT_MIN \
    16 /* a frontend says nothing of code farther ahead than half of this, or
                                  if blocks may be shorter than this */
#define IR_FLOW_WRITES_SHIFT 8

struct ir_ins {
    uint8_t op;   /* enum ir_op */
    uint8_t type; /* enum ir_type: T of the table */
    uint8_t aux;
    uint8_t bits; /* ld, st: enum ir_mem_site */
    ir_ref a, b, c;
    uint16_t site; /* ld, st, align, call: number of the guest instruction in the block, from 0 */
    uint32_t flow; /* jump: what is known of the code at the target: IR_FLOW_* */
    int64_t imm;
    uint32_t ret; /* jump, jumpto with JUMP_CALL: guest return address with mode bits */
    uint32_t spare;
};

/* Whether a C function does the load or store i. */
static inline bool ir_slow_access(const struct ir_ins *i)
{
    return (i->bits & SITE_SLOW) || ((i->aux & MEM_BIG) && (i->aux & MEM_SIZE) == 4);
}

#define IR_MAX_INS   3000
#define IR_MAX_LABEL 250

struct ir_block {
    unsigned count; /* instructions: ins[1] to ins[count]; ins[0] is IR_END */
    unsigned labels;
    unsigned insns; /* guest instructions: number of `insn` operations */
    unsigned most;  /* guest instructions that it may grow to (pass_unroll.c) */
    bool full;      /* a pass found it too large: not to be compiled */
    struct ir_ins ins[IR_MAX_INS + 1];
};

struct ir_op_info {
    const char *name, *operands, *traits, *meaning;
    char result;
};
extern const struct ir_op_info ir_op_table[IR_OPS];

static inline bool ir_has(unsigned op, char trait)
{
    for (const char *t = ir_op_table[op].traits; *t != 0; t++)
        if (*t == trait)
            return true;
    return false;
}
/* Type of the value instruction i defines; IR_NONE if it defines none. */
enum ir_type ir_result(const struct ir_ins *i);
/* Type wanted for operand 0, 1 or 2; IR_NONE: there is no such operand. *optional may be NULL. */
enum ir_type ir_operand(const struct ir_ins *i, unsigned n, bool *optional);

/* ---- building (ir_build.c) ------------------------------------------------------------------- */

void ir_start(struct ir_block *b);
/* True while at least `room` more instructions fit. */
bool ir_room(const struct ir_block *b, unsigned room);
/* Append; returns the reference of the new instruction. Constants are folded and shared where the
 * result does not depend on anything else, so that frontends can write straightforwardly. */
ir_ref ir_emit(struct ir_block *b, struct ir_ins ins);

ir_ref ir_const(struct ir_block *b, enum ir_type t, uint64_t v);
ir_ref ir_un(struct ir_block *b, enum ir_op op, enum ir_type t, ir_ref a);
ir_ref ir_bin(struct ir_block *b, enum ir_op op, enum ir_type t, ir_ref x, ir_ref y);
ir_ref ir_tri(struct ir_block *b, enum ir_op op, enum ir_type t, ir_ref x, ir_ref y, ir_ref z);
/* For operations with imm: shifts of vectors, conversions. */
ir_ref ir_imm(struct ir_block *b, enum ir_op op, enum ir_type t, ir_ref a, int64_t imm);
/* For vector operations: lane = log2 of the lane's bytes; imm used by shifts. */
ir_ref ir_vec(struct ir_block *b, enum ir_op op, unsigned lane, ir_ref x, ir_ref y, int64_t imm);
ir_ref ir_get(struct ir_block *b, enum ir_type t, size_t offset);
void ir_put(struct ir_block *b, enum ir_type t, size_t offset, ir_ref v);
/* For operations on parts of registers: part = 1 or 2 bytes. */
ir_ref ir_part(struct ir_block *b, enum ir_op op, unsigned part, ir_ref x, ir_ref y, ir_ref z);
ir_ref ir_getf(struct ir_block *b);
void ir_putf(struct ir_block *b, ir_ref f, unsigned mask);
ir_ref ir_flagsof(struct ir_block *b, ir_ref a);
ir_ref ir_setcc(struct ir_block *b, ir_ref f, enum ir_cc cc);
ir_ref ir_select(struct ir_block *b, enum ir_type t, ir_ref f, enum ir_cc cc, ir_ref x, ir_ref y);
ir_ref ir_load(struct ir_block *b, enum ir_type t, unsigned mem, ir_ref base, int32_t disp);
void ir_store(struct ir_block *b, enum ir_type t, unsigned mem, ir_ref base, int32_t disp,
              ir_ref value);
/* copy or fill, elements of 1 << log2 bytes: gives how many were done. */
ir_ref ir_string(struct ir_block *b, enum ir_op op, unsigned log2, ir_ref to, ir_ref from,
                 ir_ref count);
/* The first store behind it in the same guest instruction makes its kind ACCESS_WRITE. */
void ir_align(struct ir_block *b, ir_ref address, unsigned mask);
ir_ref ir_call(struct ir_block *b, enum ir_type t, unsigned helper, unsigned kind, ir_ref x,
               ir_ref y, ir_ref z);
/* A guest instruction begins at pc (with mode bits); side: IR_SIDE bits kept for its faults. */
void ir_insn(struct ir_block *b, uint32_t pc, unsigned side);
unsigned ir_new_label(struct ir_block *b);
void ir_label(struct ir_block *b, unsigned label);
void ir_br(struct ir_block *b, unsigned label);
void ir_brcc(struct ir_block *b, ir_ref f, enum ir_cc cc, unsigned label);
void ir_jump(struct ir_block *b, uint32_t pc, unsigned kind, uint32_t ret);
/* IR_FLOW_* for the jump just built. */
static inline void ir_flow(struct ir_block *b, uint32_t flow)
{
    b->ins[b->count].flow = flow;
}
void ir_jumpto(struct ir_block *b, ir_ref pc, unsigned kind, uint32_t ret);
void ir_leave(struct ir_block *b, ir_ref pc, unsigned reason);

/* ---- text, checking, passes ------------------------------------------------------------------ */

/* Print as text (ir_print.c) into to[size]; returns the length the whole text has. */
size_t ir_print(const struct ir_block *b, char *to, size_t size);
size_t ir_print_ins(const struct ir_block *b, unsigned i, char *to, size_t size);
/* Parse what ir_print printed (ir_parse.c); false and a sentence in error[size] if it is no IR. */
bool ir_parse(struct ir_block *b, const char *text, char *error, size_t size);
/* True if b keeps the invariants above; else a sentence in error (ir_verify.c). */
bool ir_verify(const struct ir_block *b, char *error, size_t size);

/* One pass, one file pass_NAME.c; each leaves a block that ir_verify accepts. */
struct ir_pass {
    char letter;
    const char *name;
    void (*run)(struct ir_block *b);
};
extern const struct ir_pass ir_passes[]; /* in the order in which they run; .run NULL ends */
/* Remove instructions marked dead (op IR_END) and renumber. */
void ir_compact(struct ir_block *b);
/* Whether nothing but removed instructions and labels is between n and the label. */
bool ir_label_follows(const struct ir_block *b, unsigned n, int64_t label);
