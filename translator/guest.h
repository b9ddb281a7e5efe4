/*
 * What a guest architecture supplies: one `struct frontend`, and the rules both sides keep.
 *
 * Program counters that pass between frontend and translator are "with mode bits": the frontend may
 * use bits that instruction alignment leaves free (ARM: bit 0 is T, Thumb). Everything else that
 * decoding or the code made from it depends on goes into the mode word.
 *
 * Precise state: while translated code runs, cpu->pc is not kept. When an instruction faults, or a
 * helper called with CALL_EXITS has set cpu->exit_request, the translator sets cpu->pc to the
 * address of that instruction (the `insn` before it) and calls `restore` with its side bits; then
 * the reason is handled. A `leave` sets cpu->pc to its operand instead: the frontend chooses what
 * `deliver` will find there. Instructions that change mode, MMU, masks or code (CP15, CPS, MSR,
 * barriers) call a helper that cannot exit and end their block with `leave` EXIT_STATE or
 * EXIT_FLUSH and the address of the next instruction.
 *
 * All functions here run on the vCPU's thread. `walk`, and what it calls, also runs inside the
 * fault upcall: no floating point or vector code, no allocation, no output.
 */
#pragma once

#include <translator/cpu.h>
#include <translator/ir.h>

#define GUEST_PAGE_SHIFT 12
#define GUEST_PAGE       4096u
#define GUEST_PAGE_MASK  0xfffff000u

/* Result of a walk of the guest's page tables. */
enum walk_rights { WALK_READ = 1, WALK_WRITE = 2, WALK_EXEC = 4 };
/* A fault status of the translator's own: mapped, but nothing answers at the physical address. */
#define WALK_NOTHING UINT32_MAX
/* The access goes over the end of the address space (frontends with over_end_faults). */
#define WALK_OVER_END (UINT32_MAX - 1)
struct walk {
    uint64_t phys;  /* physical address of the byte asked for */
    uint32_t lead;  /* the entry found (page, section, block) covers virtual addresses lead to */
    uint32_t size;  /*   lead + size - 1; size is a power of two, at least 4096 */
    uint8_t rights; /* WALK_*: what accesses of the kind asked for (user or current mode) may do */
    bool global;    /* does not depend on the process (ASID, context) */
    bool device;    /* device or strongly-ordered memory type */
    /* Where the descriptor of a page of 4096 bytes lies, and its size; that of the page after it is
     * behind it, and larger by `descriptor_step` if that page continues this one with equal rights
     * and was accessed, too. 0: it is not so. */
    uint64_t entry;
    uint8_t entry_bytes; /* 4 or 8 */
    uint32_t status;     /* 0: mapped and allowed; else the frontend's code for the exception */
};

/* Which windows (cached address spaces) the CPU uses now. Equal keys: equal mappings and rights,
 * until a flush names them. At most two of the three are different: two windows always do. */
struct window_keys {
    uint64_t main;    /* ordinary accesses in the current mode */
    uint64_t alt;     /* MEM_USER accesses */
    uint64_t choose;  /* privileged mode: accesses to process-dependent pages */
    bool global_only; /* `main` holds global pages only; others are reached through `choose` */
    uint64_t name; /* different for different values of the rest, by which they are found; or 0 */
    /* The name in user mode, or in privileged mode if this is user mode's, as long as only a system
     * call or the return from it happens; 0: they may not be done by JUMP_ENTER and JUMP_USER. */
    uint64_t other;
    bool nothing; /* no page is ever put into alt and choose, they take no window's place: what
                       * may be accessed there nevertheless goes through C code. Not for `main`. */
};

/* What maps 4 MiB: `count` tables, each with the descriptors of an equal part of these pages. */
enum { GUEST_TABLES = 16 };
#define NO_TABLE UINT64_MAX
struct guest_tables {
    uint32_t count;              /* a power of 2 up to GUEST_TABLES */
    uint32_t bytes;              /* of a descriptor: 4 or 8 */
    uint64_t phys[GUEST_TABLES]; /* where a table lies; NO_TABLE: all of its part is alike */
    /* All else the part's mappings depend on; what is not used is 0. */
    uint64_t upper[GUEST_TABLES];
};

/* What lift works on. */
struct lift {
    struct cpu *cpu;
    struct ir_block *ir;
    uint32_t pc;    /* with mode bits: where the block begins */
    uint32_t mode;  /* mode word */
    unsigned limit; /* guest instructions at most */
    /* Read 2 or 4 bytes of code at va (a multiple of 2), as a number in the guest's instruction
     * byte order. Only the page of pc and the one after it can be read. False: the fetch would
     * fault, or a third page would be touched: end the block before this instruction; if it is the
     * block's first, emit `leave` EXIT_FETCH (pc = this instruction) instead of it. */
    bool (*fetch)(struct lift *l, uint32_t va, unsigned bytes, uint32_t *code);
    /* Set around fetches that only look ahead, in the page of pc: the block does not depend on them. */
    bool peek;
    /* Code in this page is being written (stores_act_at_once): the block ends after an instruction
     * that stores. */
    bool stores_end;
    /* Instructions are counted: one whose condition fails counts as well, so no branch leads over an
     * `insn` but to a way out of the block. */
    bool counted;
    /* Exceptions and returns from them may go on with JUMP_MODE, without the dispatcher. */
    bool direct;
    void *private; /* the translator's */
};

/* For helpers that changed the mode and cpu->pc, before a jump with JUMP_MODE: windows, and what that jump
 * needs. `why`: EXIT_CALL for a system call (they are counted), else EXIT_STATE. */
void vm_redirect(struct cpu *cpu, enum exit_reason why);
/* The same, sooner, where the name of the window keys (not 0) and the mode word are known. */
void vm_redirect_named(struct cpu *cpu, enum exit_reason why, uint64_t name, uint32_t mode);

/*
 * Switches within translated code. While cpu->hinders is 0, a jump may have JUMP_ENTER in user mode; in
 * privileged mode JUMP_USER if cpu->away is 0, too. And if `key` of cpu->view[n] is the frontend's for what
 * user memory is to be, alt_base and choose_base may be taken from there, with `away` 1 for VIEW_NOTHING and 0
 * for VIEW_PROCESS.
 *
 * windows_view: in privileged mode, the windows in use are the right ones for `key`; views whose key differs
 * from it in `mask` are forgotten. windows_forget_near: keys now mean something else (another process).
 */
void windows_view(struct vm *vm, uint32_t key, uint32_t mask);
void windows_forget_near(struct vm *vm);

struct frontend_helper {
    const char *name;
    uint64_t (*run)(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c);
};

/* NaN rules of floating point (softfloat.h). */
enum nan_rule { NAN_X86, NAN_ARM, NAN_SPARC };

struct frontend {
    const char *name;
    size_t cpu_bytes; /* its CPU structure, which begins with struct cpu */
    /* Offsets of 32-bit registers, most used first; a backend keeps as many as it can pinned. */
    const uint16_t *pins;
    unsigned pin_count;
    const uint16_t
        *vectors; /* the same of 16-byte registers, which helpers reach without saying so */
    unsigned vector_count;
    const struct frontend_helper *helpers; /* .name NULL ends; `call` names them by index */
    enum nan_rule nan;
    uint16_t x87; /* offset of the eight registers of the x87 operations (ir_x87.h); 0: none */
    /* Where nothing answers at a physical address, reads give ones and writes vanish (a PC's bus);
     * else they fault with WALK_NOTHING. */
    bool open_bus;
    /* An access over the end of the address space faults with WALK_OVER_END; else it goes on at 0. */
    bool over_end_faults;
    /* Descriptors of pages (struct walk): how much that of the page after is larger; big-endian. */
    uint16_t descriptor_step;
    bool descriptor_big;
    /* A store into code counts from the next instruction on (x86), without any barrier. */
    bool stores_act_at_once;

    void (*reset)(struct cpu *cpu);          /* power-on state */
    uint32_t (*mode)(const struct cpu *cpu); /* mode word for the next instruction */
    void (*lift)(struct lift *l);            /* build l->ir, which ir_start has begun */
    /* Walk for an access (enum access_kind) to va; fills *w; w->status 0 if allowed. */
    void (*walk)(struct cpu *cpu, uint32_t va, unsigned kind, struct walk *w);
    void (*windows)(const struct cpu *cpu, struct window_keys *k);
    /* Whether the tables in use are those that windows with this key are filled from; and a walk
     * for a read with the rights the key stands for, whose status is not 0 either where such a
     * window may not hold the page. NULL: flushed windows are emptied. */
    bool (*holds)(const struct cpu *cpu, uint64_t key);
    void (*walk_for)(struct cpu *cpu, uint64_t key, uint32_t va, struct walk *w);
    /* NULL, or: the tables in use at va, a multiple of 4 MiB, put into *t, which is zero; false: it is
     * not so simple there. With them only what has changed since the last flush is walked again. */
    bool (*tables)(struct cpu *cpu, uint32_t va, struct guest_tables *t);
    /* Side bits of the instruction at cpu->pc that faulted (ir_insn). */
    void (*restore)(struct cpu *cpu, unsigned side);
    /* Take the guest exception for reason (EXIT_UNDEFINED and following). */
    void (*deliver)(struct cpu *cpu, enum exit_reason reason);
    /* If an interrupt in cpu->lines may be taken now, take it and say true. `peek`: only say. */
    bool (*interrupt)(struct cpu *cpu, bool peek);
    /* A line for which a halted CPU wakes even when masked. */
    bool (*wakes)(const struct cpu *cpu);

    /* Disassemble one instruction into to[size]; returns its length in bytes (at least 2). */
    unsigned (*disas)(uint32_t pc, uint32_t mode, const uint8_t *code, unsigned bytes, char *to,
                      size_t size);
    /* Print all registers, for reports. */
    void (*dump)(const struct cpu *cpu, char *to, size_t size);
    /* GDB: the target description and its registers in that order. */
    const char *gdb_xml;
    uint32_t pc_state; /* bits of cpu->pc that are no address but state (ARM: Thumb) */
    unsigned gdb_registers;
    unsigned (*gdb_read)(struct cpu *cpu, unsigned n, uint8_t *to);          /* bytes written */
    unsigned (*gdb_write)(struct cpu *cpu, unsigned n, const uint8_t *from); /* bytes taken */
};
extern const struct frontend *const frontends[]; /* NULL ends */
