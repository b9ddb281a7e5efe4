/* A processor with flat memory, run by the interpreter: what the tests of a frontend's lifting, exceptions and
 * page tables share. */
#pragma once

#include <translator/backend.h>

#define MEMORY \
    0x100000u /* bytes from address 0; accesses beyond fault with the guest's fault_status */

/* What differs between guests. */
struct lift_guest {
    const char *test; /* in messages */
    const struct frontend *frontend;
    uint32_t not_address; /* bits of cpu->pc that say something else */
    uint32_t fault_status;
    bool big_endian; /* numbers of machine_put and machine_get */
    bool (*ended)(const struct cpu *cpu, uint32_t end);
};

extern uint8_t machine_memory[MEMORY];
/* How the next runs are done: instructions in a block at most; with passes or without; as with icount. */
extern unsigned machine_limit;
extern bool machine_passes, machine_counted;
/* The window flushes since machine_clear: number, and the last one's mask, match and address. */
extern struct machine_flush {
    unsigned count, pages;
    uint64_t mask, match;
    uint32_t va;
} machine_flushes;
extern unsigned machine_user_accesses;

/* Use that guest and CPU from now on: a structure of `bytes` that is cleared, given its tables and reset.
 * Memory is cleared too. */
void machine_clear(const struct lift_guest *g, struct cpu *cpu, size_t bytes);
/* Run from cpu.pc until an exception, a halt, or `end` is reached. What ended it: EXIT_NONE for `end`.
 * The exception is not delivered. */
enum exit_reason machine_run(uint32_t end);
void machine_put(uint32_t address, uint32_t value);
uint32_t machine_get(uint32_t address);
