/*
 * What the interpreter's files share: its form of a block, the operations it adds to the IR's, and
 * the parts of the machine that have files of their own.
 *
 * A block becomes a record: an array of small operations whose operands are slots of a frame that
 * belongs to the record. Constants have slots of their own, filled when the record is made, so
 * running a block never executes one. The frame can live in the record because a block runs to its
 * end before it, or any other block, is entered again, and a VM has one virtual CPU.
 */
#pragma once

#include <translator/backend.h>

/* A value of any type. i32, f32 and flags are zero-extended in x; flags as struct cpu_flags lies in
 * memory: NZ byte, C << 8, V << 16. */
union slot {
    uint64_t x;
    uint64_t q[2];
    uint8_t b[16];
    uint16_t h[8];
    uint32_t w[4];
};
#define SLOT_ZERO  0 /* always 0: operands that are absent */
#define SLOT_LIMIT 1000

/* Codes: enum ir_op for 32-bit and untyped forms; the others are that plus one of these. */
enum { CODE_WIDE = 128, CODE_FLAGS = 256, CODE_LIMIT = 512 };
_Static_assert((int)IR_OPS <= (int)CODE_WIDE, "codes");

struct iop {
    uint16_t code;
    uint16_t d, a, b, c; /* slots */
    uint16_t flags;      /* slot of the flags, CODE_FLAGS; ld, st: done by C code elsewhere */
    uint16_t site;
    uint8_t aux, type;
    int64_t imm; /* as in the IR; branches: index of the operation; jumps: number of the exit */
};

struct interp_site {
    uint32_t pc;
    uint32_t side;
};

struct record {
    const struct frontend *frontend;
    union slot *frame;
    struct interp_site *sites; /* [block->insns], at least one */
    uint16_t insns;
    bool icount;
    struct iop ops[];
};

/* memory.c: loads and stores (false if the access failed), floating point. */
bool interp_load(struct cpu *cpu, const struct iop *o, union slot *f);
bool interp_store(struct cpu *cpu, const struct iop *o, const union slot *f);
void interp_string(struct cpu *cpu, const struct iop *o, union slot *f);
/* Vectors (vector.c). */
void interp_float(struct cpu *cpu, const struct frontend *front, const struct iop *o,
                  union slot *f);
void interp_vector(struct cpu *cpu, const struct frontend *frontend, const struct iop *o,
                   union slot *f);
/* Flags (flags.c): of the result r of an operation on a and b, in 32 or 64 bits. */
uint32_t interp_logic_flags(uint64_t r, unsigned width);
uint32_t interp_sum_flags(uint64_t a, uint64_t b, uint64_t r, unsigned width, bool minus);

enum exit_reason interp_enter(struct cpu *cpu, struct block *b, struct block_exit **exit);
size_t interp_compile(struct compile *c);
extern const struct backend interp_backend;
