/*
 * What a host supplies: how to run the IR.
 *
 * Two backends share this contract: `interp` keeps the IR and interprets it, `x86_64` makes machine
 * code in the code cache. The translator (translate.c, run.c) treats both alike.
 */
#pragma once

#include <tetrapla/abi.h>
#include <translator/guest.h>

#define BLOCK_EXITS 64 /* linkable jumps of one block */

/* One translation. Blocks are found by physical address, virtual address and mode; they never move
 * and are freed all together when the cache is emptied (cache.c). */
struct block {
    uint32_t pc; /* virtual address with mode bits */
    uint32_t mode;
    uint64_t phys;  /* of pc */
    uint64_t phys2; /* 0, or the second page it has code in (block_second_holds) */
    uint32_t bytes; /* of guest code, from pc on; may reach into the next page */
    uint16_t insns;
    uint16_t limit;          /* it was made with: guest instructions at most */
    struct block *next_hash; /* the cache's; here, with all that a search looks at */
    uint16_t exits;
    uint8_t *code;       /* entry with the interrupt check; interp: its own record */
    uint8_t *code_after; /* entry behind the check: for links that need none */
    uint32_t code_bytes;
    uint32_t code_enter;             /* backend: offset of the entry for the dispatcher */
    struct block_exit *exit;         /* [exits] */
    struct side_entry *sides;        /* ordered by host offset */
    struct fault_flags *fault_flags; /* the backend's, for side_entry.flags */
    uint32_t side_count;
    struct block *next_page[2];  /* the rest is cache.c's */
    struct block_exit *incoming; /* exits linked to this block */
    bool cut;  /* shorter than asked for: entered by the dispatcher only (IR_FLOW_DEAD, ir.h) */
    bool dead; /* its source was written: never entered again */
    /* backend: linked to itself it does not look at cpu->attention, so whoever sets that in an upcall out of
     * this block unlinks it. Ways into it look, and it calls no C function. */
    bool unchecked;
    void *backend; /* what the backend needs */
};

static inline uint32_t block_second_va(const struct block *b)
{
    return (b->pc & GUEST_PAGE_MASK) + GUEST_PAGE;
}
/* Whether the fetch entry of b's second page is there and right. Every way into b but `enter` makes
 * sure of it, or leaves with EXIT_LOOKUP. */
static inline bool block_second_holds(const struct cpu *cpu, const struct block *b)
{
    uint32_t va = block_second_va(b);
    const struct fetch_entry *f = &cpu->fetch[va >> GUEST_PAGE_SHIFT & (FETCH_ENTRIES - 1)];
    return f->page == (va | 1) && f->phys == (uint32_t)(b->phys2 >> GUEST_PAGE_SHIFT);
}

/* A jump to a fixed guest address. Unlinked, it leaves to the dispatcher with EXIT_LINK and this
 * structure; linked, it goes straight to the target's code. */
struct block_exit {
    struct block *from;
    struct block *to; /* linked to, or NULL */
    struct block_exit *next_incoming;
    struct block_exit *next_cross; /* cache.c: links that leave their page */
    bool in_cross;                 /* cache.c: is in that list */
    uint32_t pc;                   /* where it goes, with mode bits */
    uint8_t kind;                  /* enum ir_jump */
    bool checked_page;    /* compares the fetch entry of its page first (process-dependent page) */
    uint32_t code_offset; /* backend: place to patch, from block->code */
    uint32_t stub_offset; /* backend: the way out when unlinked */
};

/* From a place in the host code to the guest instruction that was running. */
struct side_entry {
    uint32_t host; /* offset from block->code: an instruction that may fault, or the return address
                      of a helper's call */
    uint32_t pc;   /* guest instruction, with mode bits */
    uint16_t side; /* its side bits */
    uint16_t site; /* its number in the block */
    uint8_t kind;  /* ld, st: IR aux, so that the fault handler knows size and direction */
    uint8_t bits;
    uint16_t spare; /* the backend's; SITE_STRING: bytes from `host` to where the operation ends */
    uint16_t flags; /* the backend's: how to know the flags after a fault; 0: they are there */
};

/* What the backend is asked to make. */
struct compile {
    const struct ir_block *ir;
    struct block *block; /* pc, mode, insns are set; the backend fills in code…, exits, sides */
    const struct frontend *frontend;
    const struct cpu *cpu; /* for offsets only */
    bool icount;           /* check and decrement cpu->budget by insns at the entry */
    uint32_t random;       /* not 0: seed for register allocation choices */
    /* Room for code: `write` is where to store, `run` where it will execute (same memory). */
    uint8_t *write, *run;
    size_t room;
    /* Allocate `bytes` (8-aligned) that live as long as the block; NULL: no room. */
    void *(*alloc)(struct compile *c, size_t bytes);
    /* Dump of the register assignment etc. goes here; NULL: none wanted. */
    void (*trace)(struct compile *c, const char *line);
    void *private;
};

struct backend {
    const char *name;
    /* Once per VM: emit the common stubs into write/run[room]; returns bytes used (0: failed).
     * `frontend`'s helpers and pins are known from now on. */
    size_t (*start)(const struct frontend *f, uint8_t *write, uint8_t *run, size_t room);
    /* Make code; returns bytes of code used (a multiple of 16), 0 if it did not fit in c->room or
     * the block is too large for the backend (it is then translated again, shorter). */
    size_t (*compile)(struct compile *c);
    /* Run from block b on until something needs the dispatcher. *exit: with EXIT_LINK, the exit;
     * otherwise NULL. cpu->pc is exact except after EXIT_LINK (exit->pc is it). */
    enum exit_reason (*enter)(struct cpu *cpu, struct block *b, struct block_exit **exit);
    /* Make e go to `to` (to NULL: back to the dispatcher). write_delta: add to a run address to get
     * the address to store at. */
    void (*link)(struct block_exit *e, struct block *to, ptrdiff_t write_delta);
    /* Address a computed jump may go to for b (jump_entry.host); 0: not supported. */
    uint64_t (*entry)(const struct block *b);
    /* Guest range for the upcall registration: translated code runs inside [lo, hi). */
    void (*range)(uint64_t *lo, uint64_t *hi);
    /* The fault upcall wants to leave translated code: change regs so that they go on at the
     * common exit, which stores pinned registers and returns `reason` from enter. side: of block b, what
     * faulted, or NULL if nobody will go on. */
    void (*escape)(struct thread_regs *regs, enum exit_reason reason, const struct block *b,
                   const struct side_entry *side);
};
/* For backends (run.c): guest instruction `side` of b was left before its end, because a helper or a
 * slow access asked for it. Sets cpu->pc, restores the frontend's state and gives back the budget of
 * instructions that were not run. */
void block_left(struct cpu *cpu, const struct block *b, const struct side_entry *side);

extern const struct backend *const backends[]; /* NULL ends */
