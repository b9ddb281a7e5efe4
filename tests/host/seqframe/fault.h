/* The signal of a fault in translated code (fault.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Where Linux's frame of a signal has the registers, in the order of struct thread_regs. */
#define FAULT_REGS 18
extern const int fault_order[FAULT_REGS];

/* regs as struct thread_regs. True: go on with regs as they are now. */
typedef bool fault_taker(uint64_t *regs, uint64_t address);

/* Offer faults to take; one that it does not take fails the test of that name. */
void fault_start(const char *test, fault_taker *take);
/* The same for one signal, from a handler of the test's own. */
void fault_offer(const char *test, fault_taker *take, int number, uint64_t address, void *context);
