/* ARM PrimeCell real-time clock PL031 (ARM DDI 0224C). */
#pragma once

#include <translator/board.h>

struct pl031;

/* seconds: what the clock shows at virtual time 0 (seconds since 1970). NULL: no memory. */
struct pl031 *pl031_create(struct vm *vm, struct line line, uint64_t seconds);
void pl031_delete(struct pl031 *p);
/* A real-time clock keeps its time over a reset; match and mask are cleared. */
void pl031_reset(struct pl031 *p);

extern const struct device_ops pl031_ops;
#define PL031_BYTES 0x1000u
