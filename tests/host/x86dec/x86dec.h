/* What the files of this test share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <frontends/x86/insn.h>

/* Everything that the rows have, in protected mode. */
#define ALL_FEATURES (X86_MODE_PROTECTED | X86_HAS_ATOM | X86_HAS_MONITOR | X86_HAS_RDTSCP)
#define TEXT_BYTES   200
#define CODE_BYTES   16

/* One string of code, decoded by both. */
struct pair {
    const uint8_t *code; /* CODE_BYTES of them */
    bool d;              /* 32-bit code */
    uint32_t pc;
    /* its prefixes */
    bool opsize, addrsize, lock;
    uint8_t rep;     /* the last of F2 and F3, or 0 */
    uint8_t segment; /* the last segment prefix, or 0 */
    unsigned opcode; /* index of the first byte after them */
    /* ours */
    enum x86_error error;
    struct x86_insn insn;
    char text[TEXT_BYTES];
    /* Capstone's; length 0: invalid */
    unsigned length;
    char other[TEXT_BYTES];
};

/* pair.c: find the prefixes; decode with ours. */
void pair_ours(struct pair *p, const uint8_t code[CODE_BYTES], bool d);
/* True for opcodes 0F xx that a mandatory prefix selects. */
bool pair_is_simd(const struct pair *p);

/* capstone.c */
bool capstone_open(void);
void capstone_decode(struct pair *p);
/* Whether Capstone reads the code alike without 66, F2 and F3: they mean nothing to it. */
bool capstone_ignores_prefix(const struct pair *p);

/* differences.c: bring p->other to our syntax; whether a difference in validity, length or text is
 * one of the list; the first row that nothing needed, or NULL. */
void differences_rewrite(struct pair *p);
bool difference_known(const struct pair *p);
const char *difference_unused(void);

/* records.c: what the text does not show. */
void test_records(void);
