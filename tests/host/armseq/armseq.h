/* The parts of the test: generating cases, running them on a backend and on the reference. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../seqframe/fault.h"
#include "../seqframe/flat.h"
#include "../seqframe/reference.h"
#include "case.h"

/* ---- generate.c ---- */
enum { SET_A32, SET_T32, SET_SIMD_A32, SET_SIMD_T32, SETS };
/* Random case; returns its number of instructions. */
unsigned generate(struct input *in, unsigned set);
/* Registers with which generated code gets along: bases point into the data. */
void random_state(struct state *s);

/* ---- twins.c ---- */
/* The ways a system call is made, compared. */
void twins_run(const char *const *backend_names, unsigned count);
bool twins_go_on(unsigned why);

/* ---- machine.c: ARM on seqframe/flat.c ---- */
struct cpu *machine_cpu(void);
/* go_on: whether a run that left with `why` continues (struct flat_guest). */
void machine_start(bool (*go_on)(unsigned why));
/* Put the batch's code in place; blocks of the last batch are forgotten. */
void machine_batch(const struct input *in, unsigned count, const struct backend *b);
/* Run case n. False: an access was misaligned that must be aligned (the reference does not check
 * that), or the time limit was reached: then `what` says so. */
bool machine_run(const struct input *in, unsigned n, struct output *out, const char **what);
/* Lines of disassembly of a case. */
void machine_disassemble(const struct input *in, char *to, size_t size);
