/*
 * A small guest for tests of the IR: a CPU, memory, helpers and a frontend that lifts nothing.
 *
 * Memory is 64 KiB, repeated through the whole address space; addresses whose bits 12–14 are all
 * set fault. Whoever links this has guest_load and guest_store of translator/memory.h.
 */
#pragma once

#include <translator/backend.h>

#define TEST_MEMORY 65536u
#define TEST_OWN    256

struct test_cpu {
    struct cpu cpu;
    _Alignas(16) uint8_t own[TEST_OWN]; /* state beyond struct cpu */
};
struct machine {
    struct test_cpu cpu;
    uint8_t memory[TEST_MEMORY];
};

/* Helpers by number: what they do, and the `call` flags they need. */
enum test_helper {
    HELPER_PURE,  /* a * 3 + (b ^ c); nothing else */
    HELPER_STATE, /* reads and writes registers, flags and own state: READS WRITES */
    HELPER_EXIT,  /* EXIT_UNDEFINED if a is odd, else b: EXITS */
    HELPER_OWN,   /* reads and writes own state only: no flags */
    TEST_HELPERS
};
extern const struct frontend test_frontend;

/* The machine that guest_load and guest_store work on. */
extern struct machine *test_machine;

/* Random registers, flags, own state and memory. */
void machine_random(struct machine *m);
/* What is different, or NULL; *where is text for people. */
const char *machine_differs(const struct machine *x, const struct machine *y);

/* Compile b with the interpreter and run it once on m. Links lead nowhere. */
struct outcome {
    enum exit_reason reason;
    uint32_t pc; /* cpu->pc, or where the unlinked exit goes */
    uint32_t exit;
};
struct outcome machine_run(struct machine *m, const struct ir_block *b, bool icount);
