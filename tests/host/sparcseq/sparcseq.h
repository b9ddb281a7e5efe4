/* The parts of the test: generating cases, running them on a backend and on the reference. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../seqframe/fault.h"
#include "../seqframe/flat.h"
#include "../seqframe/reference.h"
#include "case.h"

/* ---- generate.c ---- */
/* A random case of about `length` instructions; `floats`: with floating point; `wild`: with traps, couples and
 * jumps to anywhere, not for the reference. */
void generate(struct input *in, unsigned length, bool floats, bool wild);

/* ---- machine.c: SPARC on seqframe/flat.c ---- */
void machine_start(void);
/* Put the batch's code in place; blocks of the last batch are forgotten. */
void machine_batch(const struct input *in, unsigned count, const struct backend *b);
/* Run case n. False: it did not end where it should: `what` says how. */
bool machine_run(const struct input *in, unsigned n, struct output *out, const char **what);
/* Lines of disassembly of a case. */
void machine_disassemble(const struct input *in, char *to, size_t size);
