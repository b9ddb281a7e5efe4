/*
 * The host's registers and encoders. An encoder appends one instruction to a struct code; when room
 * is short it only sets `full`, and the compilation is given up at its end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NO_REG };
/* clang-format on */

enum x86_op {
#define OP(id, name, prefix, map, opcode, ext, imm, form) X_##id,
#include "asm_ops.h"
#undef OP
    X_OPS
};

struct x86_row {
    char name[12], form[4];
    uint8_t prefix, map, opcode, ext, imm;
};
#define ROW_VEX 8   /* in map */
#define ROW_R   255 /* ext: ModRM.reg is an operand */
#define ROW_S   2   /* imm: one or four bytes */
extern const struct x86_row x86_rows[X_OPS];

/* Memory operand [base + (index << scale) + disp]; base or index may be NO_REG. */
struct mem {
    uint8_t base, index, scale;
    bool gs;   /* in the window: GS base added */
    bool ea32; /* 67h: the sum is taken modulo 2^32 */
    bool rip;  /* [rip + ...]: `at` is the run address meant */
    int32_t disp;
    uint64_t at;
};

struct code {
    uint8_t *at, *start, *end;
    uint8_t *run; /* where `start` will execute */
    bool full;
};

static inline struct mem mem_base(unsigned base, int32_t disp)
{
    return (struct mem){.base = (uint8_t)base, .index = NO_REG, .disp = disp};
}
static inline uint32_t code_offset(const struct code *c)
{
    return (uint32_t)(c->at - c->start);
}

/* op with ModRM.reg = reg and ModRM.rm = a register or memory; w: 64 bits. imm is used by the rows
 * that have one. reg is ignored by rows with /digit. */
void x86_rr(struct code *c, enum x86_op op, bool w, unsigned reg, unsigned rm, int32_t imm);
void x86_rm(struct code *c, enum x86_op op, bool w, unsigned reg, const struct mem *m, int32_t imm);
/* VEX rows with three operands. */
void x86_vex(struct code *c, enum x86_op op, bool w, unsigned reg, unsigned v, unsigned rm,
             int32_t imm);
/* Instructions with a condition (enum ir_cc numbers them as the host does). */
void x86_setcc(struct code *c, unsigned cc, unsigned reg);
void x86_setcc_m(struct code *c, unsigned cc, const struct mem *m);
void x86_cmov(struct code *c, unsigned cc, bool w, unsigned reg, unsigned rm);
void x86_cmov_m(struct code *c, unsigned cc, bool w, unsigned reg, const struct mem *m);
/* Jumps with rel32; return the offset of the field. target: offset from start, or 0 to patch. */
uint32_t x86_jcc(struct code *c, unsigned cc, uint32_t target);
uint32_t x86_jmp(struct code *c, uint32_t target);
/* Short forward jump; x86_here8 closes it. */
uint32_t x86_jcc8(struct code *c, unsigned cc);
void x86_here8(struct code *c, uint32_t field);
void x86_patch(struct code *c, uint32_t field, uint32_t target);
/* Jump or call to a run address. */
void x86_jmp_to(struct code *c, uint64_t run);
void x86_call_to(struct code *c, uint64_t run);
/* reg := any constant, EFLAGS untouched. */
void x86_const(struct code *c, unsigned reg, uint64_t v);
void x86_const64(struct code *c, unsigned reg, uint64_t v); /* always 10 bytes */
void x86_bswap(struct code *c, bool w, unsigned reg);
void x86_push(struct code *c, unsigned reg);
void x86_pop(struct code *c, unsigned reg);
/* Instructions without operands: lahf, sahf, cmc, cdq, ret, int3. */
enum {
    X86_LAHF = 0x9f,
    X86_SAHF = 0x9e,
    X86_CMC = 0xf5,
    X86_CDQ = 0x99,
    X86_RET = 0xc3,
    X86_INT3 = 0xcc
};
void x86_byte(struct code *c, unsigned byte);
/* mov [m], ah (after lahf) and mov ah, [m]; ah exists only without REX: base rsp. */
void x86_store_ah(struct code *c, const struct mem *m);
void x86_load_ah(struct code *c, const struct mem *m);
void x86_mov_ah_al(struct code *c);
void x86_movzx_eax_ah(struct code *c);
