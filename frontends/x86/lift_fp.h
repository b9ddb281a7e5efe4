/*
 * What the lifting files of x87, MMX and SSE share.
 */
#pragma once

#include "lift.h"
#include "x87.h"

/* Code for the predicted x87 state, or a helper for each x87 and SSE instruction? */
static inline bool x87_is_slow(const struct x86_lift *a)
{
    return (a->mode & XMODE_X87_SLOW) != 0 || (a->mode & XMODE_CPL) != 3;
}
/* What the state word is from here on, to the state and to the mode. */
void x87_put_state(struct x86_lift *a, unsigned top);
/* The registers are about to be used as MMX (vol. 1, 9.5.1): pending exceptions, TOP, tags. False: the
 * block was ended before this instruction. */
bool x87_enter_mmx(struct x86_lift *a);
/* EMMS, after x87_enter_mmx. */
void x87_end_mmx(struct x86_lift *a);
/* fpu.status and cpu.x87_status will be read, or written, by a helper. */
void x87_sync(struct x86_lift *a);
void x87_forget_exceptions(struct x86_lift *a);
