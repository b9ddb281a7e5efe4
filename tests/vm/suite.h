/*
 * The conformance suite of vm.h: cases in tables, one file per part. Only vm.h, string.h and stdio.h
 * are used, so that the suite runs on every port; what depends on the processor is in x86_64.S and
 * guest.h. A case returns NULL, or why it failed, or SKIP.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tetrapla/vm.h>

typedef const char *vm_case(void);

struct vm_test {
    const char *name;
    vm_case *run;
};
extern const struct vm_test time_tests[], thread_tests[], memory_tests[], quota_tests[],
    upcall_tests[], poke_tests[];

/* Run everything, print a line per case and the closing line; the number of failures. */
unsigned vm_suite(void);

#define SKIP           "skip"
#define LINE_TEXT_2(n) #n
#define LINE_TEXT(n)   LINE_TEXT_2(n)
#define CHECK(condition)                                             \
    do {                                                             \
        if (!(condition))                                            \
            return __FILE__ ":" LINE_TEXT(__LINE__) ": " #condition; \
    } while (0)

/* A thread for the tests, on a stack of the suite's; NULL when there is none. */
struct vm_worker {
    vm_handle thread;
    void (*entry)(void *);
    void *arg;
    volatile bool done;
    bool used;
};
struct vm_worker *vm_spawn(void (*entry)(void *), void *arg);
/* Wait until its entry has returned (at most 10 s), then delete it; whether it had. */
bool vm_join(struct vm_worker *w);
/* Delete it, whatever it does. */
bool vm_end(struct vm_worker *w);
/* Let others run for some time. */
void vm_pause(uint64_t ns);
/* Wait (at most 10 s) until a word holds at least a value; whether it does. */
bool vm_until(volatile uint64_t *word, uint64_t least);

static inline struct map_op vm_op(unsigned kind, vm_handle region, uint64_t va, uint64_t offset,
                                  uint64_t pages, unsigned rights)
{
    return (struct map_op){.kind = (uint8_t)kind,
                           .rights = (uint8_t)rights,
                           .region = region,
                           .va = va,
                           .offset = offset,
                           .pages = pages};
}

/* One operation; its status. */
int vm_one(unsigned kind, vm_handle region, uint64_t va, uint64_t offset, uint64_t pages,
           unsigned rights);
#define RW (MAP_READ | MAP_WRITE)
