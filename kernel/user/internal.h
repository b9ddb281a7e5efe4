/* Functions that the files of the library share and programs do not see. */
#pragma once

#include <stdbool.h>
#include <tetrapla/abi.h>
#include <tetrapla/task.h>

/* slots.c: slots below `first` are not handed out. Once, before any thread starts. */
void slots_init(handle_t first);

/* start.c: called by _start with the address of the start-up page or of root's boot information. */
_Noreturn void start_c(const void *page);

/* output.c: choose the output from the grants. */
void output_init(void);

/* thread.c: the main thread's block; fault_endpoint for the threads made later (0: none). */
void threads_init(handle_t main_thread, handle_t fault_endpoint);

/* thread.c: as thread_create, on a stack that the caller owns. */
int thread_create_on(handle_t *out, void (*entry)(void *), void *arg, void *stack, size_t bytes,
                     unsigned priority);

/* thread.c: an address for one kernel-owned page (IPC or upcall page), 0 when all are in use. */
uint64_t thread_page_take(void);
void thread_page_give(uint64_t va);

/* exit.c: a sentence on the output, then the end: a fault that root sees. */
_Noreturn void fatal(const char *text);
/* exit.c: the end of a task that root does not look after. */
_Noreturn void wait_for_ever(void);

/* memory.c: the quota that pays for what the library creates. */
#define LIBRARY_QUOTA TASK_QUOTA
