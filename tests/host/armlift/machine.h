/* An ARM processor with flat memory, run by the interpreter: what the tests of the ARM frontend's
 * lifting, exceptions and page tables share. */
#pragma once

#include <frontends/arm/arm_cpu.h>

#define CODE_AT    0x8000u
#define MEMORY     0x100000u /* bytes from address 0; accesses beyond fault with status TEST_FAULT */
#define TEST_FAULT 0x807u    /* translation fault of a page, domain 0 (WnR is set by delivery) */

extern struct arm_cpu machine;
extern uint8_t machine_memory[MEMORY];
/* How the next runs are done: instructions in a block at most; with passes or without. */
extern unsigned machine_limit;
extern bool machine_passes;
/* The window flushes since machine_reset: number, and the last one's mask, match and address. */
extern struct machine_flush {
    unsigned count, pages;
    uint64_t mask, match;
    uint32_t va;
} machine_flushes;
extern unsigned machine_user_accesses;

/* Reset the processor (then in User mode, at CODE_AT, MMU "on", VFP off) and clear memory. */
void machine_reset(void);
/* Run from cpu.pc until an exception, a halt, or pc reaches `end` (without T). What ended it:
 * EXIT_NONE for `end`. The exception is not delivered. */
enum exit_reason machine_run(uint32_t end);
void machine_put(uint32_t address, uint32_t value);
uint32_t machine_get(uint32_t address);

/* The test groups. */
void test_cases(const char *file);
void test_exceptions(void);
void test_walks(void);
void test_registers(void);
