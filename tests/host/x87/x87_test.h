/*
 * Guest code that uses x87, MMX and SSE, run on the processor itself and by the translator.
 *
 * The code is the same for both: its only addresses are [esi + disp] and [edi + disp], which 64-bit
 * mode decodes alike. A case begins from an FXSAVE image and ends with one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../seqframe/fault.h"

#define CODE_BYTES 400
#define DATA_BYTES 512
#define DATA_CWS   256 /* offset in the data: control words that mask everything, read only */

/* FXSAVE's 32-bit image (SDM vol. 2, FXSAVE), as far as it is compared. */
struct image {
    uint16_t fcw, fsw;
    uint8_t ftw, zero;
    uint16_t fop;
    uint32_t fip, fcs, fdp, fds, mxcsr, mxcsr_mask;
    struct {
        uint64_t sig;
        uint16_t se, spare[3];
    } st[8];
    uint64_t xmm[8][2];
    uint64_t rest[28]; /* not used in 32-bit mode */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct image) == 512, "FXSAVE");

struct state {
    struct image fx;
    uint32_t eax, ecx, edx, eflags; /* CF PF AF ZF SF OF */
    uint8_t data[DATA_BYTES] __attribute__((aligned(64)));
};
#define FLAGS 0x8d5u

struct test_case {
    struct state begin;
    uint8_t code[CODE_BYTES];
    unsigned bytes, instructions;
    unsigned at[64]; /* where each instruction begins */
    bool single;     /* one instruction, exceptions may be unmasked */
    bool mmx;        /* MMX instead of x87 */
    bool comi;       /* has FCOMI or the like: AMD's leave C1, Intel's clear it */
};

/* native.c */
void native_start(void);
void native_run(const struct test_case *t, struct state *end);

/* guest.c: cpl 3 runs fast x87 code, 0 the helper. False: it did not end at the code's end. */
struct backend;
void guest_start(void);
const char *guest_backend_name(const struct backend *b);
bool guest_run(const struct test_case *t, const struct backend *b, unsigned cpl, struct state *end);
/* How it ended: vector of the exception raised, FIP. */
unsigned guest_vector(void);
/* Offset of the instruction in the case's code. */
unsigned guest_at(void);
#define VECTOR_ACCESS 14
uint32_t guest_ip(void);
void guest_print(const struct test_case *t);
/* A fault in translated code; regs as struct thread_regs. */
bool guest_fault(uint64_t *regs, uint64_t address);

/* cases.c: cases with expectations of their own */
void known_cases(const struct backend *b, unsigned cpl);

/* vectors.c: SSE3 and SSSE3 */
void known_vectors(const struct backend *b);

/* generate.c */
struct x86_row;
bool generates(const struct x86_row *r); /* cases have instructions of the row */
void generate(struct test_case *t, bool single);
