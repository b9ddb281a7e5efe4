/*
 * A case: registers, flags and a sequence of code, the same bytes for the reference (stub.c, an ARM
 * program under qemu-arm) and for the host. All numbers little-endian, no padding.
 *
 *   CODE_AT  slot of a case: its code, then UDF instructions, which end it
 *   DATA_AT  DATA_BYTES of memory, filled from the case's seed; nothing is mapped around it
 */
#pragma once

#include <stdint.h>

#define CODE_AT    0x20000000u
#define STUB_AT    0x5a500000u /* where the reference's program is linked */
#define SLOT_BYTES 256u
#define SLOTS      1024u
#define DATA_AT    0x30000000u
#define DATA_BYTES 8192u
#define LINE_BYTES 64u
#define LINES      (DATA_BYTES / LINE_BYTES)
#define CODE_MAX   192u

#define UDF_A32 0xe7f000f0u
#define UDF_T16 0xde00u

/* CPSR bits that are set up and compared: N Z C V Q, IT, GE, T. */
#define CPSR_COMPARED 0xfe0ffc20u

/* How a case ends: Linux's signal numbers. */
enum { ENDED_UNDEFINED = 4, ENDED_BREAK = 5, ENDED_ALIGN = 7, ENDED_FAULT = 11 };

struct state {
    uint32_t r[16]; /* r15: address of the next instruction */
    uint32_t cpsr, fpscr;
    uint64_t d[32];
};

struct input {
    struct state s; /* r15 is not used: the slot is; cpsr says whether it is Thumb code */
    uint32_t seed, bytes;
    uint8_t code[CODE_MAX];
};

struct output {
    struct state s;
    uint32_t signal, address; /* Linux's number; address of an access that faulted */
    uint32_t line[LINES];     /* sums of the data, by line */
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
