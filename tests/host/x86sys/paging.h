/* Page tables: their bits, control registers, accesses that may fault. */
#pragma once

#include "guest.h"

#define P     1u
#define W     2u
#define U     4u
#define A     0x20u
#define D     0x40u
#define LARGE 0x80u
#define G     0x100u
#define NX    (1ull << 63)

#define CR0_WP  0x10000u
#define CR0_PG  0x80000000u
#define CR4_PSE 0x10u
#define CR4_PAE 0x20u
#define CR4_PGE 0x80u

#define PAGE   4096u
#define WINDOW 0x10000000u
#define AT(n)  (WINDOW + (n)*PAGE)
#define BIG    (WINDOW + 0x400000u)

#define FAULT(code) (14u << 16 | (code))

static inline volatile uint32_t *word(uint32_t at)
{
    return (volatile uint32_t *)at;
}

static inline uint32_t phys(const volatile void *p)
{
    return (uint32_t)p;
}

#define CONTROL(n)                                                 \
    static inline uint32_t get_cr##n(void)                         \
    {                                                              \
        uint32_t v;                                                \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(v));          \
        return v;                                                  \
    }                                                              \
    static inline void set_cr##n(uint32_t v)                       \
    {                                                              \
        __asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory"); \
    }
CONTROL(0)
CONTROL(2)
CONTROL(3)
CONTROL(4)

static inline void invlpg(uint32_t at)
{
    __asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

__attribute__((unused, noinline)) static void read_at(uint32_t at)
{
    EXPECT("testl $1, (%1)", "r"(at));
}

__attribute__((unused, noinline)) static void write_at(uint32_t at)
{
    EXPECT("movl $1, (%1)", "r"(at));
}

void spaces(void); /* spaces.c */
