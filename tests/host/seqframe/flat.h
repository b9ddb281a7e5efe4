/* Our translator without a machine around it (flat.c): one CPU, flat memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend;
struct cpu;
struct frontend;

/* Memory of the cases: the code first (readable; a case writes none), then what may be written. */
struct flat_area {
    uint32_t at, bytes; /* bytes 0 ends the list */
};

/* What differs between guests. */
struct flat_guest {
    const char *test; /* in messages */
    const struct frontend *frontend;
    uint32_t not_address;  /* bits of cpu->pc that say something else */
    uint32_t fault_status; /* of an access outside the areas */
    bool
        first_missing; /* it names the first byte that is not there, else where the access begins */
    bool run_data;     /* the data may be run */
    uint32_t end_at;   /* a case that gets here has ended; 0: none */
    const struct flat_area *areas; /* NULL: those of case_data.h */
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
/* Run blocks until one leaves (enum exit_reason); EXIT_NONE: at end_at; EXIT_BROKEN: it did neither. */
unsigned flat_run(void);
/* Memory of an area. */
void *flat_at(uint32_t va);
/* The data of the cases of case_data.h. */
uint32_t *flat_data(void);
/* Whether the next batches take exceptions inside translated code (struct lift.direct). */
void flat_take_inside(bool inside);
/* Calls of vm_redirect_named so far (around.c). */
extern unsigned redirected;

const struct backend *machine_backend(const char *name);
/* A fault of translated code; regs as struct thread_regs. True: go on with regs as they are now. */
bool machine_fault(uint64_t *regs, uint64_t address);
