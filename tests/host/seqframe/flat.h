/* Our translator without a machine around it (flat.c): one CPU, flat memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "case_data.h"

struct backend;
struct cpu;
struct frontend;

/* What differs between guests. */
struct flat_guest {
    const char *test; /* in messages */
    const struct frontend *frontend;
    uint32_t not_address;  /* bits of cpu->pc that say something else */
    uint32_t fault_status; /* of an access outside the areas */
    bool
        first_missing; /* it names the first byte that is not there, else where the access begins */
    bool run_data;     /* the data may be run */
    /* After a block that ended with an exit the loop does not know: true: go on. Or NULL. */
    bool (*go_on)(unsigned why);
};

/* Map everything; the CPU structure, zero but for its tables, with 64 KiB for the frontend's part. */
struct cpu *flat_start(const struct flat_guest *g);
/* Run on that backend from now on; blocks are forgotten. Code of the cases, writable until flat_seal. */
uint8_t *flat_batch(const struct backend *b);
void flat_seal(void);
/* Point the CPU at the memory and give it time; clear what a fault left. */
void flat_set_cpu(struct cpu *cpu, uint32_t pc);
/* Whether blocks may go on in another mode by themselves (struct lift); blocks made so far stay. */
void flat_direct(bool on);
/* Run blocks until one leaves (enum exit_reason); 0: it did not. */
unsigned flat_run(void);
/* The data of the cases. */
uint32_t *flat_data(void);

const struct backend *machine_backend(const char *name);
/* A fault of translated code; regs as struct thread_regs. True: go on with regs as they are now. */
bool machine_fault(uint64_t *regs, uint64_t address);
