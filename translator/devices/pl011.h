/* ARM PrimeCell UART PL011 (ARM DDI 0183G), talking to a terminal. */
#pragma once

#include <translator/board.h>

struct pl011;

/* terminal may be NULL: output vanishes, no input. clock: UARTCLK in Hz. NULL: no memory. */
struct pl011 *pl011_create(struct vm *vm, struct terminal *terminal, struct line line,
                           uint32_t clock);
void pl011_delete(struct pl011 *p);
void pl011_reset(struct pl011 *p);
/* Take input from the terminal as far as the FIFO has room; from the board's serve. */
void pl011_take_input(struct pl011 *p);

extern const struct device_ops pl011_ops;
#define PL011_BYTES 0x1000u
