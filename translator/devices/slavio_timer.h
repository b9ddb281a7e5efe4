/* Counter-timers of the SLAVIO (sun4m): one for the CPU (level 14), one for the system (level 10). */
#pragma once

#include <translator/board.h>

#define SLAVIO_TIMER_BYTES 0x14u

struct slavio_timer;
extern const struct device_ops slavio_timer_ops;

/* system: the system's timer, else the CPU's. */
struct slavio_timer *slavio_timer_create(struct vm *vm, struct line line, bool system);
void slavio_timer_delete(struct slavio_timer *t);
void slavio_timer_reset(struct slavio_timer *t);
