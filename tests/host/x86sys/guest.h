/* What the files of this guest share: results, exceptions that were expected. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CODE = 8, DATA = 16, USER_CODE = 24, USER_DATA = 32, TSS = 40, TSS2 = 48, GATE = 56 };

/* Of the last exception or interrupt. */
extern volatile uint32_t seen, seen_error, seen_eip, seen_cs, seen_eax, seen_ecx, seen_flags;
extern volatile uint32_t seen_esi, seen_edi;
extern volatile uint32_t resume; /* where it goes on */
extern volatile uint32_t steps;  /* debug traps so far; single-step ends at the fifth */

/* Print a result. */
void check(const char *name, uint32_t got, uint32_t expected);
/* Print a line. */
void say(const char *text);

static inline void out8(unsigned port, unsigned v)
{
    __asm__ volatile("outb %b0, %w1" : : "a"(v), "d"(port));
}
static inline unsigned in8(unsigned port)
{
    uint8_t v;
    __asm__ volatile("inb %w1, %0" : "=a"(v) : "d"(port));
    return v;
}

/* Run code that ends by an exception; afterwards all goes on behind it. */
#define EXPECT(code, ...)                             \
    do {                                              \
        seen = ~0u;                                   \
        __asm__ volatile("movl $1f, %0\n" code "\n1:" \
                         : "=m"(resume)               \
                         : __VA_ARGS__                \
                         : "memory", "cc");           \
    } while (0)

/* Through an interrupt return to code at another level, until it raises something; `frame` pushes what
 * IRET pops above EFLAGS, CS and EIP. */
#define ELSEWHERE(frame, code)                               \
    __asm__ volatile("movl $1f, %0\n"                        \
                     "pusha\n"                               \
                     "mov %%esp, saved_esp\n" frame "iret\n" \
                     "2:\n" code "\n"                        \
                     "1: mov saved_esp, %%esp\n"             \
                     "popa\n"                                \
                     : "=m"(resume)                          \
                     :                                       \
                     : "memory", "cc")
#define TO_USER "pushl $0x23; pushl $user_top; pushl $2; pushl $0x1b; pushl $2f\n"
_Static_assert(USER_CODE == 0x18 && USER_DATA == 0x20, "TO_USER");

/* Write a descriptor (guest.c). limit: its 20 bits; attr: bits 40-55 without the limit's. */
void set_descriptor(unsigned selector, uint32_t base, uint32_t limit, unsigned attr);
/* Give the vector's gate another handler (guest.c). */
void set_gate(unsigned vector, void (*to)(void));

extern uint32_t tss2[32]; /* of a second task */

void written_code(void); /* written.c */
void strings(void);      /* strings.c */
void modes(void);        /* modes.c */
void interrupts(void);   /* interrupts.c */
void paging(void);       /* paging.c; paging stays on */
