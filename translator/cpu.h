/*
 * The virtual CPU as translated code sees it.
 *
 * A frontend's CPU structure begins with struct cpu; the IR's state offsets count from its start.
 * Translated code keeps the host stack pointer at this structure (what it calls uses the stack
 * below it), so the fields used most lie in the first 128 bytes, where an access is shortest.
 *
 *      stack of helpers and fault-free C code | struct cpu | frontend's state | ...
 *                                             ^ host stack pointer in translated code
 *
 * While translated code runs, pinned registers (struct frontend, `pins`) live in host registers;
 * `reg` is exact only outside of it and in helpers called with CALL_READS / CALL_WRITES.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vm;
struct block;

/* The guest flags in memory, a byte each, so that an operation can write some of them.
 *   nz  as LAHF gives AH: bit 7 N, bit 6 Z, bit 4 A, bit 2 P; other bits are ignored
 *   c   0 or 1, in the IR's sense (borrow after a subtraction)
 *   v   0 or 1 */
struct cpu_flags {
    uint8_t nz, c, v, zero;
};
#define NZ_N 0x80u
#define NZ_Z 0x40u
#define NZ_A 0x10u
#define NZ_P 0x04u

/* Pending flags (pass_lazy.c, flags.c): an operation on general registers.
 *   bits 0–3   enum recipe_kind      bits 4–7   register a
 *   bit  8     b is a constant       bits 9–12  register b
 *   bit  13    C is inverted         bit  14    all flags; else N and Z alone, or all but C (INC, DEC)
 *   bits 16–31 the constant, sign-extended; with bit 15: shifted left by 16
 *   if b is a constant, bit 9: a is in cpu->flag_saved[0]; then bit 10: and b in flag_saved[1] */
enum recipe_kind {
    RECIPE_ADD = 1,    /* a + b */
    RECIPE_SUB,        /* a - b */
    RECIPE_ADD_RESULT, /* a is the sum of something and b */
    RECIPE_SUB_RESULT, /* a is the difference of something and b */
    RECIPE_AND,        /* a and b; C and V clear */
    RECIPE_XOR,
    RECIPE_LOGIC, /* a is the result; C and V clear */
    /* The same of the low 8 bits, then of the low 16. */
    RECIPE_SUB8,
    RECIPE_AND8,
    RECIPE_LOGIC8,
    RECIPE_SUB16,
    RECIPE_AND16,
    RECIPE_LOGIC16,
    RECIPE_INC, /* a is the sum of something and 1; C is not of it */
    RECIPE_DEC,
    /* For flags_by_kind only. */
    RECIPE_ADD8,
    RECIPE_ADD16,
    RECIPE_BITS, /* C and V: the lowest bit of a xor b */
};
static inline bool recipe_is_logic(uint32_t kind)
{
    return kind == RECIPE_LOGIC || kind == RECIPE_LOGIC8 || kind == RECIPE_LOGIC16;
}
static inline bool recipe_is_step(uint32_t kind)
{
    return kind == RECIPE_INC || kind == RECIPE_DEC;
}
#define RECIPE_KIND      15u
#define RECIPE_A_SHIFT   4
#define RECIPE_CONST     0x100u
#define RECIPE_SAVED_A   0x300u
#define RECIPE_SAVED_B   0x400u
#define RECIPE_B_SHIFT   9
#define RECIPE_INVERT    0x2000u
#define RECIPE_ALL       0x4000u
#define RECIPE_HIGH      0x8000u
#define RECIPE_IMM_SHIFT 16

struct cpu;
/* Bring cpu->flags up to date (flags.c): after translated code was left, before anyone looks. */
void flags_settle(struct cpu *cpu);
/* Flags of one operation: enum recipe_kind, of a and b. */
struct cpu_flags flags_by_kind(unsigned kind, uint32_t a, uint32_t b);
/* Write the parts of cpu->flags that mask (IR_FLAG_*) names. */
void flags_put(struct cpu *cpu, struct cpu_flags f, unsigned mask);

/* What a switch between user and privileged mode changes. */
struct cpu_side {
    struct jump_entry *jumps;
    struct fetch_entry *fetch;
    uint64_t base, alt_base;
};
enum cpu_side_number { SIDE_PRIVILEGED, SIDE_USER, SIDES };
/* What privileged mode changes when it switches its own access to user memory off or on. */
struct cpu_view {
    uint64_t alt_base, choose_base;
    uint64_t key; /* what the frontend knows it by, 32 bits; larger: nothing */
    uint64_t spare;
};
enum cpu_view_number { VIEW_NOTHING, VIEW_PROCESS, VIEWS };
/* Why `side` may not be used. */
#define HINDER_SIDES 1u /* they are not known */
#define HINDER_LATER 2u /* map operations were put off */
#define HINDER_AGAIN 4u /* struct fault_again is to be looked at */

#define CPU_SPILLS 48
/* `count` x87 registers from `first` on are on the host's x87 stack. */
#define X87_HELD(count, first) ((unsigned)(count) | (unsigned)(first) << 9)

struct cpu {
    uint32_t reg[16]; /* 0: the guest's general registers, as the frontend numbers them */

    /* Written by translated code, often. What is near (offsets below 128) has short addresses. */
    struct cpu_flags flags; /* 64 */
    uint32_t pc;            /* next instruction, with mode bits; exact outside translated code */
    uint32_t flag_recipe;   /* how to compute the flags if they are pending (below), or 0 */
    int32_t budget;         /* icount mode: guest instructions left before leaving */
    uint32_t flag_saved[2]; /* operands of flag_recipe that are in no register */
    uint32_t vectors_live; /* the backend's: the frontend's `vectors` are in registers; 0 outside */
    uint32_t exit_request; /* enum exit_reason set by a helper; 0: go on */
    uint64_t spill[CPU_SPILLS]; /* 96: the block's spilled values */

    /* Floating-point control and exception flags in MXCSR's format (Intel SDM vol. 1, 10.2.3): the
     * guest's rounding mode; all exceptions masked; flags accumulate. In the host's register while
     * translated code runs; here outside, and in helpers called with CALL_FP. */
    uint32_t mxcsr;
    /* The same for the x87's operations of the IR: its control word with all exceptions masked, and
     * exceptions raised, in the format of the status word (vol. 1, 8.1). In the host's registers
     * while translated code runs; brought here by `xstatus` and by leaving. */
    uint32_t x87_control, x87_status;
    uint32_t x87_held; /* X87_HELD: what a fault in translated code finds in the host's registers */

    /* JUMP_MODE: what the next block's mode adds to a slot of `jumps`, in bytes; the upper half of
     * next_key is its jump_mode_high. */
    uint64_t next_key;
    uint32_t next_slots;

    /* Read often, written seldom: in a cache line of their own. A loop that stores to the line in which its
     * next load is takes some percent longer. */
    uint64_t base;               /* the current window, as in GS */
    volatile uint32_t attention; /* not 0: translated code leaves at its next check */
    uint32_t split;              /* SITE_CHOOSE: addresses below it go through choose_base */
    uint64_t alt_base;           /* window for MEM_USER accesses */
    uint64_t choose_base;
    struct jump_entry *jumps;  /* table of computed jumps of the current window */
    struct fetch_entry *fetch; /* virtual → physical pages of the current window */

    /* Switches of mode and of the view of user memory within translated code (JUMP_ENTER, JUMP_USER):
     * what window.c has got ready. The windows in use are those of `base` and `alt_base`. */
    _Alignas(8) uint8_t hinders; /* HINDER_*; 0: both sides are right */
    /* Privileged mode: 1 if alt_base is not that of side[SIDE_USER], so that the way back is another;
     * view[VIEW_PROCESS] and that side agree where both are known. */
    uint8_t away;
    uint8_t own[2]; /* the frontend's: not 0: its system calls in line have to look closer */
    /* Interrupt inputs, a bit each, set by the board: enum cpu_line. One look at 8 bytes tells
     * whether there is none of the four. */
    uint32_t lines;
    uint32_t user_mode, user_slots; /* JUMP_USER: more bits of the mode word (cpu_set_user_mode) */
    _Alignas(16) struct cpu_view view[VIEWS];
    struct cpu_side side[SIDES];

    /* A poke that could not be delivered: the way into translated code tests it, inside the guest
     * range (tetrapla/vm.h), and sets `attention` if it is not 0. NULL: nobody pokes. */
    volatile uint64_t *pending;

    /* Where the computed jump to cpu->pc goes that `jumps` does not know, if that can be said at once;
     * 0: leave with EXIT_LOOKUP. NULL: always leave. */
    uint64_t (*look_up)(struct cpu *cpu);

    /* -- not used by translated code -- */
    struct vm *vm;
    uint64_t
        cold_at; /* of the access that follows, if its site is SITE_COLD: where it is called, as in
                       * its side entry; else 0 */
    uint32_t exit_value;   /* with exit_reason: an argument */
    uint32_t fault_va;     /* address and kind of the access that failed */
    uint32_t fault_kind;   /* enum access_kind */
    uint32_t fault_status; /* the frontend's code of what is wrong */
    uint64_t icount;       /* guest instructions run before `budget` was last filled */
    int32_t budget_full;   /* what it was filled with */
    bool halted;           /* waits for an interrupt */
};
_Static_assert(offsetof(struct cpu, spill) == 96 && offsetof(struct cpu, base) % 64 == 0 &&
                   offsetof(struct cpu, view) == offsetof(struct cpu, base) + 64,
               "hot fields");
_Static_assert(offsetof(struct cpu, lines) == offsetof(struct cpu, hinders) + 4 &&
                   offsetof(struct cpu, fetch) == offsetof(struct cpu, jumps) + 8 &&
                   offsetof(struct cpu, choose_base) == offsetof(struct cpu, alt_base) + 8,
               "copied together");

enum cpu_line { CPU_IRQ = 1, CPU_FIQ = 2, CPU_RESET = 4 };

/* Computed jumps, returns too: looked up by translated code in entry jump_slot(pc, mode), then in the
 * other one of its pair (jump_slot_other), where the entry goes that is displaced by a new one. The entry
 * need not name the low 12 bits of the mode: those of one pc in two such modes lie in two pairs,
 * because the factor 2b5h is odd. pc and `mode_high` are compared as one number of 64 bits; for modes
 * below JUMP_ENTRIES / 2, the common ones, that is pc alone. */
#define JUMP_ENTRIES 8192
struct jump_entry {
    uint32_t pc;        /* with mode bits */
    uint32_t mode_high; /* jump_mode_high(mode), or UINT32_MAX: nothing is here */
    uint64_t host;      /* where its translation begins */
};
#define NO_JUMP ((struct jump_entry){.mode_high = UINT32_MAX})
static inline void jumps_clear(struct jump_entry *jumps)
{
    for (unsigned n = 0; n < JUMP_ENTRIES; n++)
        jumps[n] = NO_JUMP;
}
static inline uint32_t jump_mode_high(uint32_t mode)
{
    return mode / (JUMP_ENTRIES / 2);
}
/* What a mode adds to the slot number. */
static inline uint32_t jump_mode_slots(uint32_t mode)
{
    return mode * 2 * 0x2b5 & (JUMP_ENTRIES - 1);
}
/* User mode's mode word has these bits, below JUMP_ENTRIES / 2, besides those that the jump says. */
static inline void cpu_set_user_mode(struct cpu *cpu, uint32_t mode)
{
    cpu->user_mode = mode;
    cpu->user_slots = jump_mode_slots(mode) * (uint32_t)sizeof(struct jump_entry);
}
static inline unsigned jump_slot(uint32_t pc, uint32_t mode)
{
    return ((pc >> 2) + jump_mode_slots(mode)) & (JUMP_ENTRIES - 1);
}

static inline unsigned jump_slot_other(unsigned slot)
{
    return slot ^ 1;
}

/* Virtual pages of code, checked where a link leads to a process-dependent page;
 * hash = (va >> 12) & (FETCH_ENTRIES - 1). */
#define FETCH_ENTRIES 2048
struct fetch_entry {
    uint32_t page; /* va | 1, or 0 */
    uint32_t phys; /* guest physical page number */
};

/* Why translated code came back, and what `leave` asks for. */
enum exit_reason {
    EXIT_NONE = 0,
    EXIT_LINK,      /* a jump that is not linked: exit block and number in struct exit */
    EXIT_LOOKUP,    /* a computed jump not found; pc holds the address */
    EXIT_CHECK,     /* attention, or the budget is spent; pc holds the address */
    EXIT_UNDEFINED, /* from here on raised by the guest program: the frontend delivers them */
    EXIT_CALL,      /* system call; `value` the frontend's number */
    EXIT_BREAK,     /* breakpoint instruction */
    EXIT_FAULT,     /* an access failed: fault_va, fault_kind, fault_status */
    EXIT_ALIGN,     /* an access was misaligned: fault_va, fault_kind */
    EXIT_FETCH,     /* the instruction at pc cannot be fetched: fault_* are set by the translator */
    EXIT_HALT,      /* wait for an interrupt */
    EXIT_STATE,     /* mode, MMU or interrupt mask changed: look the next block up anew */
    EXIT_FLUSH,     /* the same, and all translations made under other rules are void */
    EXIT_STALE,     /* the code at pc is no longer what the block was made of */
    EXIT_BROKEN,    /* the translator is at fault */
    EXIT_DEBUG,     /* debugger: breakpoint or single step */
    EXIT_FRONTEND,  /* first number that a frontend may use as it likes */
};

enum access_kind {
    ACCESS_READ = 0,
    ACCESS_WRITE = 1,
    ACCESS_FETCH = 2,
    ACCESS_USER = 4,  /* or'ed in: with user's rights whatever the mode */
    ACCESS_DEBUG = 8, /* or'ed in: every right, no side effect */
    ACCESS_AHEAD =
        16, /* or'ed in: nothing is accessed, a page is looked at because its neighbour was: no
                          accessed bit is set, and a page where it is clear gives a status */
    ACCESS_SYSTEM = 32, /* or'ed in: with the most privileged mode's rights whatever the mode */
};
