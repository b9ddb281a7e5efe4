/* 16550 serial port (National PC16550D), talking to a terminal. */
#pragma once

#include <translator/board.h>

struct uart16550;

/* terminal may be NULL: output vanishes, no input. sent (may be NULL) is called with `to` before a
 * byte goes out. NULL: no memory. */
struct uart16550 *uart16550_create(struct vm *vm, struct terminal *terminal, struct line irq,
                                   void (*sent)(void *to), void *to);
void uart16550_delete(struct uart16550 *u);
void uart16550_reset(struct uart16550 *u);
/* Take input from the terminal as far as the FIFO has room; from the board's serve. */
void uart16550_take_input(struct uart16550 *u);

extern const struct device_ops uart16550_ops; /* eight ports */
