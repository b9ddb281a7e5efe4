/*
 * The x87's transcendental functions, which a host unit computes: their last bits are the
 * processor's own, so both backends call the same function and agree. Which file supplies it is the
 * build's choice (backends/x86_64/x80_host.c).
 */
#pragma once

#include <translator/x80.h>

enum x80_function {
    X80_F2XM1,   /* *a := 2^a - 1 */
    X80_FYL2X,   /* *b := b * log2 a */
    X80_FYL2XP1, /* *b := b * log2(a + 1) */
    X80_FPATAN,  /* *b := arctan(b / a) */
    X80_FPTAN,   /* *a := 1, *b := tan a; C2: out of range, nothing done */
    X80_FSIN,
    X80_FCOS,
    X80_FSINCOS, /* *a := cos a, *b := sin a; C2 as FPTAN */
    X80_FUNCTIONS
};

/* Compute under e->control; flags, C1 and C2 go to e->status. Operands that are not results stay as
 * they are. */
void x80_host_function(enum x80_function f, struct x80_env *e, struct x80 *a, struct x80 *b);
