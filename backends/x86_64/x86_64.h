/*
 * The x86-64 backend's own state: host features, the common stubs of a frontend, calls from them.
 */
#pragma once

#include <translator/backend.h>

enum x86_feature {
    HAS_LZCNT = 1, /* with TZCNT (BMI1) */
    HAS_BMI2 = 2,
    HAS_FMA = 4,
    HAS_MOVBE = 8,
    HAS_POPCNT = 16,
    HAS_SSE41 = 32,
    HAS_SSSE3 = 64,
};
/* Found once by start; tests clear bits to run the fallbacks. */
extern unsigned x86_features;
unsigned x86_detect(void);

/* Pinned registers: shortest encodings first, for the slots used most. */
#define X86_PINS      11
#define X86_PIN_SLOTS 32 /* only slots in the first 128 bytes are pinned */
extern const uint8_t x86_pin_regs[X86_PINS];
/* Guest vector registers live in the upper xmm registers; with them only the others are temporaries. */
#define X86_VPINS   8
#define X86_VPIN(p) (8 + (p))
/* Temporaries besides unused pins. rsp is the CPU structure. */
#define X86_TEMPS 0x8007u /* rax rcx rdx r15 */

/* Spill slots that have a purpose. */
enum {
    SLOT_FREE = 40,
    SLOT_A = 40,
    SLOT_B,
    SLOT_C,
    SLOT_RESULT,
    SLOT_OP,
    SLOT_HOST_FCW = 45,
    SLOT_STATE = 46,
    SLOT_HOST_RSP = 47
};

/* Operations done in software when the host's result is not the guest's. + 1: f64 */
enum x86_soft {
    SOFT_ADD = 0,
    SOFT_SUB = 2,
    SOFT_MUL = 4,
    SOFT_DIV = 6,
    SOFT_SQRT = 8,
    SOFT_FMA = 10,
    SOFT_WIDEN = 12,
    SOFT_NARROW = 14,
    SOFT_TOINT = 16, /* + imm * 2 */
};

/* Constants beside the stubs, 16-aligned. */
enum x86_constant {
    K_SIGN32,
    K_SIGN64,
    K_ABS32,
    K_ABS64,
    K_MIN32,
    K_MIN64,
    K_MAXU32,
    K_MAXU64,
    K_CONSTANTS
};

/* Conversions of flags by tables (flags.c). */
enum x86_status_table {
    STATUS_OF_FLAGS_INVERTED,
    STATUS_OF_FLAGS, /* [V C N Z]: the status word's bits 31 to 28, N Z C V */
    FLAGS_OF_STATUS, /* [N Z C V]: cpu->flags as one number */
    FLAGS_OF_STATUS_INVERTED,
    STATUS_TABLES
};

#define LEFT_AT_SIDE (1ull << 32) /* in rax with the reason: rdx is a side entry */

/* What start makes; one for each frontend in use. */
struct x86_state {
    const struct frontend *frontend;
    unsigned pins;
    unsigned vpins;
    uint8_t pin_of[X86_PIN_SLOTS]; /* by offset / 4: the host register, or NO_REG */
    uint64_t enter;                /* (cpu, host address): saves the host's state, goes there */
    uint64_t leave_fast;           /* eax reason */
    uint64_t leave_check;          /* EXIT_CHECK; cpu->pc is set */
    uint64_t leave_lookup;         /* EXIT_LOOKUP; the same */
    uint64_t look_up;              /* the same, but cpu->look_up may know where to go */
    uint64_t leave_link;           /* EXIT_LINK; rdx exit */
    uint64_t leave_request;        /* cpu->exit_request; rdx side entry */
    uint64_t leave_align;          /* EXIT_ALIGN; rdx side entry */
    uint64_t call[8]; /* by READS, WRITES | CALL_FP >> 2; r15 function, rdx rcx rax arguments */
    uint64_t vectors; /* makes guest vector registers live (vpins.c); keeps all but EFLAGS */
    uint64_t soft;    /* floating point in software: operands in slots; keeps all registers */
    uint64_t constant;
    uint64_t status[STATUS_TABLES]; /* tables of 16 words */
    uint64_t lo, hi;                /* code runs inside */
};
size_t x86_make_stubs(struct x86_state *s, uint8_t *write, uint8_t *run, size_t room);
struct x86_state *x86_state_of(const struct frontend *f, bool make);

/* ---- link.c: exits with a check of the target's page ---- */
bool link_has_check(const struct block_exit *e);
/* Whether e is a plain jump to where its block begins. */
bool link_loops(const struct block_exit *e);
uint32_t link_fetch_offset(uint32_t pc); /* of the page's entry in cpu->fetch */
void x86_link(struct block_exit *e, struct block *to, ptrdiff_t write_delta);

/* C functions that code calls. */
#define SLOW_COLD 0x10000u /* in `kind`: a site that is SITE_COLD */
uint64_t x86_slow_load(struct cpu *cpu, uint64_t va, uint64_t kind, uint64_t unused);
uint64_t x86_slow_store(struct cpu *cpu, uint64_t va, uint64_t kind, uint64_t value);
void x86_soft_run(struct cpu *cpu);
uint64_t x86_vector_run(struct cpu *cpu, uint64_t imm, uint64_t b, uint64_t c);

extern const struct backend x86_64_backend;
