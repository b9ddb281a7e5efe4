/*
 * One decoded SPARC V8 instruction: a plain record. Decoding (decode.c, from the rows of rows.h)
 * fills it in; lifting and disassembly see nothing else.
 *
 * Section numbers are those of The SPARC Architecture Manual, version 8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sparc_op {
    SPARC_ILLEGAL, /* no instruction of this architecture */
#define ROW(op, name, major, code, opf, form, traits, section) SPARC_##op,
#include "rows.h"
#undef ROW
    SPARC_OPS
};

/* How the operands are written; the letters of the assembly language (V8 appendix A). */
enum sparc_form {
    FORM_NONE,
    FORM_CALL,    /* disp30 */
    FORM_BRANCH,  /* disp22, condition, annul bit */
    FORM_SETHI,   /* imm22, rd */
    FORM_CONST22, /* imm22 */
    FORM_ALU,     /* rs1, reg_or_imm, rd */
    FORM_LOAD,    /* [address], rd */
    FORM_STORE,   /* rd, [address] */
    FORM_LOAD_A,  /* the same with an alternate space */
    FORM_STORE_A,
    FORM_LOAD_F, /* [address], fd */
    FORM_STORE_F,
    FORM_LOAD_FSR,
    FORM_STORE_FSR,
    FORM_STORE_FQ,
    FORM_LOAD_C,
    FORM_STORE_C,
    FORM_LOAD_CSR,
    FORM_STORE_CSR,
    FORM_STORE_CQ,
    FORM_JMPL,    /* address, rd */
    FORM_ADDRESS, /* address */
    FORM_TICC,    /* condition, software trap number */
    FORM_RD,      /* state register, rd */
    FORM_WR,      /* rs1, reg_or_imm, state register */
    FORM_F1,      /* frs2, frd */
    FORM_F2,      /* frs1, frs2, frd */
    FORM_FCMP,    /* frs1, frs2 */
    FORM_CPOP,    /* opc, crs1, crs2, crd */
};

/* Traits of a row. */
enum sparc_trait {
    TRAIT_CTI = 1,  /* changes nPC otherwise than by adding 4 */
    TRAIT_PURE = 2, /* cannot trap */
    TRAIT_PRIV = 4, /* privileged */
    TRAIT_FP = 8,   /* traps if the FPU is disabled */
    TRAIT_ODD = 16, /* undefined if rd is odd */
    TRAIT_CP = 32,  /* coprocessor: there is none */
};

struct sparc_insn {
    uint32_t raw;
    uint8_t op; /* enum sparc_op */
    uint8_t form;
    uint8_t traits;
    uint8_t rd, rs1, rs2; /* also f registers */
    bool imm;             /* the second operand is simm */
    bool annul;
    uint8_t cond;
    uint8_t asi;
    uint16_t opf;
    int32_t simm; /* simm13; imm22; displacement in bytes */
};

void sparc_decode(uint32_t code, struct sparc_insn *i);
/* Text into to[size], cut if too long; returns its whole length. pc: address, for branches. */
size_t sparc_disas_insn(const struct sparc_insn *i, uint32_t pc, char *to, size_t size);

struct sparc_row {
    const char *name;
    uint8_t major, code;
    int16_t opf; /* -1: the instruction has none */
    uint8_t form, traits;
    const char *section;
};
extern const struct sparc_row sparc_rows[SPARC_OPS]; /* by enum sparc_op; [0] is no row */
