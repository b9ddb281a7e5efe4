/* A 16550 serial port, or its ancestors without a FIFO. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uart {
    uint16_t base;
    unsigned depth; /* bytes the transmitter takes at once: 16 with a FIFO, 1 without */
};

/* Is there a port at base? If so set it to 115200 8N1, FIFO on, interrupts off; bytes that the
 * receiver held are stored in kept (at most size), their number in *count. */
bool uart_start(struct uart *u, uint16_t base, uint8_t *kept, size_t size, size_t *count);

/* Take the pending interrupts away, so that the line goes down and can come up again. */
void uart_clear(const struct uart *u);
/* A received byte, if there is one. *lost is raised when the receiver says that bytes were lost. */
bool uart_receive(const struct uart *u, uint8_t *byte, unsigned *lost);
/* True: the transmitter is empty and takes u->depth bytes. */
bool uart_empty(const struct uart *u);
void uart_send(const struct uart *u, const uint8_t *bytes, size_t n);
/* Which events interrupt; receive off also tells the other side to pause (RTS). */
void uart_interrupts(const struct uart *u, bool receive, bool transmit);
