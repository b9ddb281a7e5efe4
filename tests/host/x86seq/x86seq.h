/* The parts of the test: generating cases, running them on a backend and on the real CPU. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Memory below 4 GiB, at the same addresses for both:
 *   CODE_AT  slot of a case: its code, then UD2 instructions, which end it; not writable
 *   DATA_AT  DATA_BYTES, filled from the case's seed; nothing is mapped around it
 *   LOW_AT   for the way into 32-bit code (native.c)
 */
#define CODE_AT    0x20000000u
#define SLOT_BYTES 256u
#define SLOTS      1024u
#define CODE_MAX   192u
#define DATA_AT    0x30000000u
#define DATA_BYTES 8192u
#define LINE_BYTES 64u
#define LINES      (DATA_BYTES / LINE_BYTES)
#define LOW_AT     0x10000000u

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

/* The data of a case. */
static inline void fill_data(uint32_t *data, uint32_t seed)
{
    uint32_t x = seed | 1;
    for (unsigned i = 0; i < DATA_BYTES / 4; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        data[i] = x;
    }
}

static inline void sum_data(const uint32_t *data, uint32_t line[LINES])
{
    for (unsigned n = 0; n < LINES; n++) {
        uint32_t sum = 0;
        for (unsigned i = 0; i < LINE_BYTES / 4; i++)
            sum = (sum << 5 | sum >> 27) + *data++;
        line[n] = sum;
    }
}

/* ---- generate.c ---- */
void generate(struct input *in);
/* Flags that the instruction at code leaves undefined (SDM vol. 1, appendix A; vol. 2). */
uint32_t undefined_flags(const uint8_t *code, unsigned bytes);

/* ---- machine.c: our translator with flat memory ---- */
struct backend;
void machine_start(void);
void machine_batch(const struct input *in, unsigned count, const struct backend *b);
/* Run case n; false: it did not end. */
bool machine_run(const struct input *in, unsigned n, struct output *out);
const struct backend *machine_backend(const char *name);
/* A fault of translated code; regs as struct thread_regs. True: go on with them. */
bool machine_fault(uint64_t *regs, uint64_t address);
void machine_disassemble(const struct input *in, char *to, size_t size);

/* ---- native.c: the real CPU ---- */
bool native_start(void);
void native_batch(const struct input *in, unsigned count);
void native_run(const struct input *in, unsigned n, struct output *out);
