/* A SPARC processor with flat memory, run by the interpreter: what the tests of the SPARC frontend's
 * lifting, traps and page tables share. */
#pragma once

#include <frontends/sparc/sparc_cpu.h>

#define CODE_AT    0x8ff0u   /* the fifth instruction is in the next page */
#define MEMORY     0x100000u /* bytes from address 0; accesses beyond fault with status TEST_FAULT */
#define TEST_FAULT 0x304u    /* level 3, invalid address */

extern struct sparc_cpu machine;
extern uint8_t machine_memory[MEMORY];
/* How the next runs are done: instructions in a block at most; with passes or without; as with icount. */
extern unsigned machine_limit;
extern bool machine_passes, machine_counted;
/* The window flushes since machine_reset: number, and the last one's mask, match and address. */
extern struct machine_flush {
    unsigned count, pages;
    uint64_t mask, match;
    uint32_t va;
} machine_flushes;
extern unsigned machine_user_accesses;

/* Reset the processor (then supervisor at CODE_AT, traps and FPU enabled) and clear memory. */
void machine_reset(void);
/* Run from cpu.pc until a trap, or pc reaches `end`. What ended it: EXIT_NONE for `end`. The trap is
 * not delivered. */
enum exit_reason machine_run(uint32_t end);
void machine_put(uint32_t address, uint32_t value);
uint32_t machine_get(uint32_t address);

/* The test groups. */
void test_cases(const char *file);
void test_walks(void);
void test_traps(void);
