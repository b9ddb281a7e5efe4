/*
 * What the rows are compiled to (tables.c), for decode.c: an index from opcode, prefix and ModR/M to a
 * form, and the forms, one per row.
 */
#pragma once

#include "rows.h"

/* Addressing methods (rows.h), and the registers that rows name. */
enum x86_method {
    METHOD_A,
    METHOD_C,
    METHOD_D,
    METHOD_E,
    METHOD_G,
    METHOD_I,
    METHOD_J,
    METHOD_M,
    METHOD_N,
    METHOD_O,
    METHOD_P,
    METHOD_Q,
    METHOD_R,
    METHOD_S,
    METHOD_U,
    METHOD_V,
    METHOD_W,
    METHOD_X,
    METHOD_Y,
    METHOD_Z,
    METHOD_FIXED, /* a register or number: `kind` and `fixed` */
    METHOD_ST_RM, /* STi */
};

struct x86_spec {
    uint8_t method;      /* enum x86_method */
    uint8_t kind, fixed; /* METHOD_FIXED: enum x86_kind, register */
    bool sign;           /* type bs: a byte, whatever the size */
    uint16_t memory[3];  /* operand size by operand size attribute 2, 4, 8: in memory */
    uint16_t other[3];   /*   and everywhere else */
};

struct x86_form {
    uint16_t op;
    uint8_t unit;  /* enum x86_unit */
    uint8_t flags; /* enum x86_row_flags */
    uint8_t count;
    bool condition; /* +c */
    bool string;    /* takes REP */
    uint32_t needs; /* enum x86_mode */
    struct x86_spec operand[4];
};

/* How the form of an opcode depends on what surrounds it. The index of a form is
 * base + prefix * width + part, where prefix is enum x86_mandatory and part is
 *   SHAPE_GROUP  reg of a memory form; 8 + reg of a register form            (width 16)
 *   SHAPE_FULL   reg of a memory form; 8 + low six bits of a register form   (width 72) */
enum x86_shape { SHAPE_MODRM = 1, SHAPE_PREFIX = 2, SHAPE_GROUP = 4, SHAPE_FULL = 8 };
enum x86_mandatory { MANDATORY_NONE, MANDATORY_66, MANDATORY_F3, MANDATORY_F2 };
struct x86_opcode {
    uint16_t base;
    uint8_t shape;
    uint8_t width;
};

enum x86_map { MAP_1, MAP_0F, MAP_0F38, MAP_0F3A, MAPS };

struct x86_tables {
    bool ready;
    struct x86_opcode opcode[MAPS][256];
    uint16_t slot[4096]; /* number of a form, which is that of its row */
    struct x86_form form[1024];
    const struct x86_row *bad; /* a row that is not in order or overlaps others; NULL: none */
};
/* Compiled at the first call; depends on nothing but the rows, so all CPUs share it. The first call
 * must not run in two threads at once. */
const struct x86_tables *x86_tables(void);
