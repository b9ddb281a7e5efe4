/* The parts of the test: generating cases, running them on a backend and on the real CPU. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../seqframe/case_data.h"
#include "../seqframe/flat.h"

#define LOW_AT 0x10000000u /* memory for the way into 32-bit code (native.c) */

/* EFLAGS bits that are set up and compared. */
#define FLAGS_COMPARED 0xcd5u /* OF DF SF ZF AF PF CF */

struct state {
    uint32_t r[8], eip, eflags;
};

struct input {
    struct state s; /* eip is not used: the slot is */
    uint32_t seed, bytes;
    uint32_t undefined; /* flags that the last instruction leaves undefined */
    uint32_t last;      /* offset of the last instruction's end */
    uint8_t code[CODE_MAX];
};

struct output {
    struct state s;
    uint32_t vector, error, address; /* exception; its error code; address of a page fault */
    uint32_t line[LINES];            /* sums of the data, by line */
    uint32_t middle[8];              /* of the data */
};

/* ---- generate.c ---- */
void generate(struct input *in);
/* Whether such cases have the instructions of the row. */
struct x86_row;
bool generates(const struct x86_row *r);
/* Flags that the instruction at code leaves undefined (SDM vol. 1, appendix A; vol. 2). */
uint32_t undefined_flags(const uint8_t *code, unsigned bytes);

/* ---- machine.c: x86 on seqframe/flat.c ---- */
void machine_start(void);
void machine_batch(const struct input *in, unsigned count, const struct backend *b);
/* Run case n; false: it did not end. */
bool machine_run(const struct input *in, unsigned n, struct output *out);
void machine_disassemble(const struct input *in, char *to, size_t size);

/* ---- native.c: the real CPU ---- */
bool native_start(void);
void native_batch(const struct input *in, unsigned count);
void native_run(const struct input *in, unsigned n, struct output *out);
