/* The parts of the x86-64 backend's test program. */
#pragma once

#include <backends/x86_64/x86_64.h>

#include "../ir/machine.h"

#define FRONTS 3 /* frontends: NaNs of x86 and 16 pins; of ARM and 15; of ARM and 5 */
extern struct frontend fronts[FRONTS];
extern struct machine *machine; /* what translated code works on */
extern uint8_t *code;           /* CODE_BYTES / 2 for blocks */
extern struct ir_block ir;
extern struct jump_entry jumps[JUMP_ENTRIES];
extern struct fetch_entry fetch[FETCH_ENTRIES];

/* Run `ir` with both backends from this state; false, and reported, if they differ. */
bool same(unsigned front, uint32_t random, const struct machine *start);
/* Set cpu->base and the tables. */
void prepare(struct machine *m);

/* chain.c: links, checked pages, computed jumps, attention, budget. */
void test_chains(void);
/* float.c: floating point on values at the edges; every so many-th pair of them. */
void test_float(unsigned every);
