/*
 * A simulated kernel, just enough of it to run the whole root task as a Linux process: capability
 * tables with derivation, quotas, regions of real (shared) memory, mappings in root, and records of
 * what root does to tasks. Root runs in a thread of its own; when it receives, the test has the turn.
 */
#pragma once

#include <tetrapla/bootinfo.h>
#include <tetrapla/task.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What must be the same again after everything was undone. */
struct sim_counts {
    unsigned objects[OBJ_TYPE_COUNT];
    unsigned root_caps, root_mappings;
    uint64_t quota_used;
};

/* A machine with these modules besides the manifest: p (a good program), bad (none), font. Returns
 * when root waits for its first message, or false if it ended instead. fail_at: which fallible call
 * of root's fails (counted from 1), 0: none. */
bool sim_boot(const char *manifest, unsigned fail_at);
/* Fallible calls that root has made. */
unsigned sim_calls(void);
/* Let the nth fallible call from now on fail; 0: none. */
void sim_fail(unsigned n);

/* Events; each returns when root receives again. A request returns the length of the answer (0:
 * none) and the answer in words. */
unsigned sim_request(unsigned number, uint64_t words[MSG_MAX_WORDS], unsigned count);
/* true if the thread was told to stop or is gone, as it must be. */
bool sim_fault(unsigned number, unsigned vector);
void sim_signal(uint64_t bits);

struct sim_counts sim_count(void);
/* What the task of that number finds at va, up to the end of the page; NULL: nothing is there. */
const char *sim_memory(unsigned number, uint64_t va);
/* The live task of that number: its start-up page, or NULL. */
const struct startup *sim_startup(unsigned number);
/* Its capability in that slot; type OBJ_NONE if there is none. */
struct info_cap sim_cap(unsigned number, handle_t slot);
/* Do its slots a and b (of task b_number) name the same object? */
bool sim_same(unsigned number, handle_t a, unsigned other, handle_t b);
/* Priority and budget of its main thread; its entry. */
struct sim_thread {
    uint64_t priority, budget, period, entry;
    bool started, fault_endpoint;
} sim_thread(unsigned number);
/* Is memory behind the program and stack all zero? */
bool sim_memory_clean(unsigned number);
/* Is va mapped in the task with exactly these rights? */
bool sim_mapped(unsigned number, uint64_t va, unsigned rights);
/* Everything that root wrote to COM1 since sim_boot. */
const char *sim_log(void);
