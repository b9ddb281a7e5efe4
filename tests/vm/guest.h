/*
 * Guest code for the upcall and poke cases: what depends on the processor (x86_64.S).
 */
#pragma once

#include "suite.h"

struct vm_guest {
    uint64_t in[REG_COUNT], out[REG_COUNT];
    uint64_t flags_in, flags_out;
    const void *target;
};
_Static_assert(offsetof(struct vm_guest, flags_in) == 256 &&
                   offsetof(struct vm_guest, target) == 272 &&
                   offsetof(struct upcall_page, pending) == 184,
               "offsets used by x86_64.S");

void vm_guest_run(struct vm_guest *g);
void vm_guest_vectors(struct vm_guest *g, const uint8_t *in, uint8_t *out);
uint64_t vm_handler_flags(void);
extern const char vm_guest_lo[], vm_guest_hi[], vm_guest_first[], vm_guest_last[], vm_guest_read[],
    vm_guest_write[], vm_guest_divide[], vm_guest_stepped[], vm_guest_entry[], vm_guest_entry_end[],
    vm_guest_exit[];

#define GUEST_LO ((uint64_t)vm_guest_lo)
#define GUEST_HI ((uint64_t)vm_guest_hi)
#define FLAG_TF  0x100ULL
#define FLAG_DF  0x400ULL
#define FLAG_AC  0x40000ULL

/* Handlers must not touch vector registers: they are the interrupted code's. */
#define HANDLER __attribute__((target("general-regs-only")))
