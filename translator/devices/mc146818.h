/* The real-time clock and its battery-backed memory (Motorola MC146818A; PIIX3's has 128 bytes). */
#pragma once

#include <translator/board.h>

struct mc146818;

/* seconds: the time it shows at virtual time 0, since 1970, UTC. NULL: no memory. */
struct mc146818 *mc146818_create(struct vm *vm, struct line irq, uint64_t seconds);
void mc146818_delete(struct mc146818 *r);
/* Registers A to C as after power-on; time and memory stay. */
void mc146818_reset(struct mc146818 *r);
/* A byte of the memory that firmware keeps facts in, 0Eh–7Fh. */
void mc146818_set(struct mc146818 *r, unsigned index, uint8_t value);

extern const struct device_ops mc146818_ops; /* two ports: index, data */
