/* The few things the user library asks of the processor itself. */
#pragma once

#include <stdint.h>

struct thread_block;

/* Ticks of the counter that the time page describes (struct info_page): RDTSC. */
static inline uint64_t cpu_ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* A hint inside a loop that waits for another processor. */
static inline void cpu_pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* A value for RSP at the first instruction of a function: the ABI wants RSP + 8 to be a multiple
 * of 16 there, as after a call. */
static inline uint64_t cpu_entry_stack(uint64_t top)
{
    return (top & ~15ULL) - 8;
}

/* Make block the calling thread's (fsbase.c). */
void thread_block_set(struct thread_block *block);
