/*
 * What a port supplies: the contract between the shared kernel and arch/<port>.
 *
 * Addresses called "physical" are numbers; a kernel pointer to RAM is physical + a constant
 * (port_pointer). All functions are called with interrupts off unless they say otherwise.
 */
#pragma once

#include "kernel.h"

#include <port_inline.h> /* inline parts: see the list at the end */

/* ---- address spaces ------------------------------------------------------------------------- */

/* rights: MAP_*; cache: enum cache_kind; tag: attachment number, kept in the leaf entry. */
struct leaf {
    uint64_t physical;
    uint64_t size; /* PAGE_SIZE or LARGE_PAGE_SIZE; 0: nothing mapped */
    unsigned rights, tag;
};

/* Make a top table with the kernel's half in it, charged to s->quota. OK or QUOTA. */
unsigned port_space_init(struct space *s);
/* Free it; all user tables must be gone (port_space_unmap of everything). */
void port_space_free(struct space *s);
/* Make s the current address space. */
void port_space_switch(struct space *s);

/*
 * Map at most `pages` pages from va; stops at the end of a leaf table, after at most 512 entries.
 * *done is the number of pages mapped, at least 1 if OK. With `large`, va and physical aligned to
 * LARGE_PAGE_SIZE and enough pages left, one large page is installed (which charges the table that
 * splitting it will need). OCCUPIED or QUOTA: nothing more than *done was changed.
 */
unsigned port_space_map(struct space *s, uint64_t va, uint64_t physical, uint64_t pages,
                        unsigned rights, unsigned cache, unsigned tag, uint64_t *done);
/* A shortcut for single pages with the same rights, cache and tag, as long as nothing else changes
 * the space: port_space_cursor remembers where va's leaf table is; port_space_map_page maps a page
 * if it lies in the same or another existing leaf table and the entry is free. False: not done. */
struct map_cursor {
    struct space *space;
    uint64_t bits;   /* of a leaf entry */
    uint64_t prefix; /* address bits of the leaf table that is remembered */
    uint64_t *table;
    uint16_t *used;
};
void port_space_cursor(struct map_cursor *c, struct space *s, uint64_t va, unsigned rights,
                       unsigned cache, unsigned tag);
bool port_space_map_page(struct map_cursor *c, uint64_t va, uint64_t physical);
/* Unmap from va on within [va, va + pages): one step, which ends at a table's end or a hole's end.
 * Returns the pages passed (at least 1). Whole tables are dropped without a look at their entries.
 * Never fails: splitting a large page uses the table charged before. */
uint64_t port_space_unmap(struct space *s, uint64_t va, uint64_t pages);
/* The same for rights. With `dry` nothing is changed: *status becomes BAD_ARG if a leaf with another
 * tag was met. */
uint64_t port_space_protect(struct space *s, uint64_t va, uint64_t pages, unsigned rights,
                            unsigned tag, bool dry, unsigned *status);
/* One step of clearing (or, with find, looking for) the leaf entries tagged `tag` in [va, end).
 * Returns the next va. find != NULL: *find is set if an entry in [physical, physical + bytes) was
 * met; nothing is changed. */
uint64_t port_space_sweep(struct space *s, uint64_t va, uint64_t end, unsigned tag,
                          uint64_t physical, uint64_t bytes, bool *find);
struct leaf port_space_query(struct space *s, uint64_t va);
/* Must be called after changes that took away a mapping or a right, before user code runs. Ranges
 * are collected by the functions above. */
void port_space_flush(struct space *s);

/* ---- threads ----------------------------------------------------------------------------------- */

/* Initial registers: entry with argument and stack, user mode, interrupts on; FPU initialised. */
void port_thread_init(struct thread *t);
void port_thread_start(struct thread *t, uint64_t ip, uint64_t sp, uint64_t argument);
/* Save the FPU state and bases of cpu0.loaded, load those of t. */
void port_thread_switch(struct thread *t);
/* Copy the bases of a thread from (sync) or to (load) the CPU, if it is the loaded one. */
void port_bases_sync(struct thread *t);
void port_bases_load(struct thread *t);
/* Load registers that a user wrote, made harmless: only the flags a user may set, canonical
 * addresses. `from` may be written by users meanwhile; what is checked is read once. False: unusable,
 * nothing is changed. */
bool port_regs_load(struct thread_regs *to, const volatile struct thread_regs *from);
/* The loaded thread is going away. */
void port_thread_forget(struct thread *t);

/* ---- interrupts, time, ports ------------------------------------------------------------------- */

/* Let pending interrupts in for a moment (they run their handlers), then return. */
void port_interrupt_window(void);
/* Wait for an interrupt; it has run its handler when this returns. */
void port_idle(void);
/* Set the timer to interrupt at `when` (ticks); a time that has passed interrupts at once. */
void port_timer_set(uint64_t when);
/* A time in ticks ↔ ns since boot; a length of time in ticks → ns */
uint64_t port_ticks_to_ns(uint64_t ticks);
uint64_t port_ticks_length(uint64_t ticks);
uint64_t port_ns_to_ticks(uint64_t ns);
void port_time_describe(struct info_page *p);

/* Route a line to a vector of its own. *line and *flags are in: as CALL_CREATE gives them; out:
 * global system interrupt and trigger. BAD_ARG: no such line. BUSY: in use. LIMIT. */
unsigned port_irq_claim(unsigned *line, unsigned *flags, unsigned *vector);
void port_irq_release(unsigned line);
void port_irq_mask(unsigned line, bool masked);

/* Recompute which ports task t may use: those of its attachments. QUOTA when the bitmap cannot be
 * allocated (only when the task had none). */
unsigned port_ports_update(struct task *t);
void port_ports_free(struct task *t);
/* Is any port of [first, first + count) reserved to the kernel? */
bool port_ports_reserved(uint32_t first, uint32_t count);

unsigned port_cpus_present(void);

/* ---- panics ------------------------------------------------------------------------------------ */

/* Print the registers of a trap in the kernel, if that is what happened, and a backtrace. */
void port_panic_dump(void);
_Noreturn void port_halt(void);

/*
 * In port_inline.h:
 *   uint64_t port_ticks(void)                         the time-stamp counter
 *   void *port_pointer(uint64_t physical)             RAM as the kernel sees it
 *   uint64_t port_physical(const void *pointer)
 *   uint64_t *msg_word(struct thread_regs *r, unsigned i)   message word i (0..5) in registers
 *   uint64_t *reg_result(struct thread_regs *r), *reg_badge(...)   result word, badge
 *   uint64_t reg_ip(...), void reg_enter(struct thread_regs *, ip, sp, arg)
 */
