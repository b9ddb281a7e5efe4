/*
 * A case: registers, flags and a sequence of code, the same bytes for the reference (stub.c, an ARM
 * program under qemu-arm) and for the host. All numbers little-endian, no padding.
 */
#pragma once

#include <stdint.h>

#include "../seqframe/case_data.h"

#define STUB_AT 0x5a500000u /* where the reference's program is linked */
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
