/*
 * Guest code for the upcall and poke cases; guest.S describes it.
 */
#pragma once

#include "suite.h"

struct guest {
    uint64_t in[REG_COUNT], out[REG_COUNT];
    uint64_t flags_in, flags_out;
    const void *target;
};
_Static_assert(offsetof(struct guest, flags_in) == 256 && offsetof(struct guest, target) == 272,
               "offsets used by guest.S");
_Static_assert(offsetof(struct upcall_page, pending) == 184, "offset used by guest.S");

void guest_run(struct guest *g);
void guest_handler(void);
uint64_t guest_return(uint64_t count, uint64_t *done);
uint64_t guest_trap(uint64_t word, uint64_t w0, uint64_t w1);

extern const char guest_lo[], guest_hi[], guest_first[], guest_undefined[], guest_divide[],
    guest_read[], guest_write[], guest_jump[], guest_break[], guest_break_after[], guest_segment[],
    guest_simd[], guest_nops[], guest_nops_end[], guest_call[], guest_call_after[], guest_bases[],
    guest_entry[], guest_entry_end[], guest_last[], guest_exit[];

/* The C part of the handler; it must not touch vector registers. */
extern void (*guest_handle)(struct upcall_page *page);
extern uint64_t handler_flags, handler_rsp;
extern uint8_t handler_xmm[32];
#define HANDLER __attribute__((target("general-regs-only")))
