/* What the files of the benchmark share. */
#pragma once

#include "../../kernel/root_task.h"

/* What one operation costs; ticks are instructions under `-icount shift=0`. */
struct cost {
    uint64_t ticks;
    uint64_t cr_writes, invlpgs, msr_writes, irets, xsaves;
};

/* Slots and addresses the benchmark uses. */
enum { SLOT_FIRST = 1000 };
#define WINDOW_VA 0x0000300000000000ULL

extern struct test_memory memory;

handle_t new_object(unsigned type);
handle_t new_region(uint64_t pages);
void drop(handle_t slot);

struct measure_start {
    uint64_t ticks;
    struct info_system system;
};
/* The ticks of the second read are subtracted from what is between begin and end. */
void measure_begin(struct measure_start *m);
struct cost measure_end(const struct measure_start *m, uint64_t operations);
uint64_t ticks_now(void);

/* One line of the table; target 0: none. */
void print_cost(const char *name, struct cost c, uint64_t target, const char *elsewhere);

/* As the argument of a helper: the address of its own IPC page. */
#define HELPER_IPC UINT64_MAX

/* A thread in this task, or in a task of its own that shares this program's image. It must use
 * registers-only calls. */
struct helper {
    handle_t thread, task, stack;
};
struct helper helper_start(bool own_task, unsigned priority, void (*entry)(uint64_t),
                           uint64_t argument, const handle_t *caps, unsigned cap_count);
void helper_end(struct helper *h);

void bench_calls(void);
void bench_ipc(void);
void bench_faults(void);
void bench_maps(void);
void bench_stretch(void);
