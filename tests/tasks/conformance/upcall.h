/*
 * What the cases of upcalls.c and returns.c share: one guest, one upcall page, simple handlers.
 */
#pragma once

#include "guest.h"

extern struct guest guest;
extern struct upcall_page *upcall_at; /* the page, once registered */
extern uint8_t upcall_stack[16384];
extern volatile unsigned upcall_count;
/* What the handler saw, and what the last upcall_leave that came back returned. */
extern volatile uint64_t seen_vector, seen_error, seen_address, seen_done, seen_result, seen[8];
extern struct thread_regs seen_regs;

/* Register the usual range, handler and stack for a thread; a status. */
int upcall_register(handle_t thread, uint64_t va);
/* Register the case thread, and make ready a guest that runs at target. */
void upcall_begin(const void *target, void (*handle)(struct upcall_page *));

/* For handlers. leave comes back only if CALL_UPCALL_RETURN failed. */
void upcall_note(struct upcall_page *p);
void upcall_leave(struct upcall_page *p, uint64_t count);
void upcall_to_exit(struct upcall_page *p);
void upcall_skip_two(struct upcall_page *p);
