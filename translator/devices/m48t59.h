/* M48T08 / M48T59: 8 KiB of memory that keeps, and a clock in its last bytes. */
#pragma once

#include <translator/board.h>

#define M48T59_BYTES 0x2000u

struct m48t59;
extern const struct device_ops m48t59_ops;

/* seconds: the time now, since 1970; base_year: what year 00 of the clock is. */
struct m48t59 *m48t59_create(struct vm *vm, uint64_t seconds, unsigned base_year);
void m48t59_delete(struct m48t59 *m);
/* The memory, M48T59_BYTES of it, for the board to fill in. */
uint8_t *m48t59_memory(struct m48t59 *m);
