/* The ARM generic timer of one CPU: counter, physical and virtual timer (ARM DDI 0406C, B8). */
#pragma once

#include <translator/board.h>

#define GENERIC_TIMER_NS 16u /* a tick: 62.5 MHz */

struct generic_timer;

/* Lines of the physical and the virtual timer. NULL: no memory. */
struct generic_timer *generic_timer_create(struct vm *vm, struct line physical,
                                           struct line virtual_line);
void generic_timer_delete(struct generic_timer *t);
void generic_timer_reset(struct generic_timer *t);
/* The coprocessor accesses of struct arm_board_hooks (arm_cpu.h). */
bool generic_timer_access(struct generic_timer *t, bool write, unsigned op1, unsigned crm,
                          unsigned op2, bool wide, uint64_t *value);
