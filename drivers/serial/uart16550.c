/*
 * The 16550 (National Semiconductor PC16550D data sheet; register numbers in its table II).
 *
 *   offset  read                     write
 *   0       received byte            byte to send          (divisor, low, while LCR bit 7 is set)
 *   1       interrupt enable         interrupt enable      (divisor, high)
 *   2       interrupt identification FIFO control
 *   3       line control (LCR)
 *   4       modem control
 *   5       line status
 *   6       modem status
 *   7       scratch
 *
 * Presence is proved by looping a byte back inside the chip: a bus without a port, or a register
 * that merely remembers, does not pass. The divisor is set first; without one some chips send
 * nothing. Before that, what the transmitter still holds is let out, so that a restarted driver
 * loses nothing.
 */
#include "uart16550.h"

#include <tetrapla/io.h>
#include <tetrapla/task.h>

enum {
    DATA = 0,
    DIVISOR_LOW = 0,
    INTERRUPT_ENABLE = 1,
    DIVISOR_HIGH = 1,
    INTERRUPT_ID = 2,
    FIFO_CONTROL = 2,
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
    MODEM_STATUS = 6,
};

#define ENABLE_RECEIVE  0x01u
#define ENABLE_TRANSMIT 0x02u
#define NO_INTERRUPT    0x01u
#define HAS_FIFO        0xc0u /* in the identification register, both bits */
#define FIFO_ON_AND_CLEAR \
    0xc7u /* trigger at 14 bytes; a shorter run interrupts after 4 characters */
#define LINE_8N1        0x03u
#define LINE_DIVISOR    0x80u
#define MODEM_READY     0x09u /* DTR, OUT2 (gates the interrupt line) */
#define MODEM_SEND      0x02u /* RTS */
#define MODEM_LOOP      0x10u
#define STATUS_READY    0x01u
#define STATUS_OVERRUN  0x02u
#define STATUS_EMPTY    0x20u /* the transmitter takes bytes */
#define STATUS_ALL_SENT 0x40u

#define DIVISOR_115200 1
#define DRAIN_NS       20000000u /* 16 bytes at 9600 baud, a little more */
#define LOOP_NS        10000000u
#define PATTERN        0xaeu

static uint8_t get(const struct uart *u, unsigned reg)
{
    return in8((uint16_t)(u->base + reg));
}
static void put(const struct uart *u, unsigned reg, uint8_t value)
{
    out8((uint16_t)(u->base + reg), value);
}

static bool wait_line(const struct uart *u, uint8_t bits, uint64_t ns)
{
    for (uint64_t until = time_now() + ns; !(get(u, LINE_STATUS) & bits);) {
        if (time_now() > until)
            return false;
    }
    return true;
}

static bool loops_back(const struct uart *u)
{
    put(u, MODEM_CONTROL, MODEM_LOOP | MODEM_READY | MODEM_SEND);
    put(u, DATA, PATTERN);
    bool ok = wait_line(u, STATUS_READY, LOOP_NS) && get(u, DATA) == PATTERN &&
              get(u, LINE_STATUS) != 0xff;
    put(u, MODEM_CONTROL, MODEM_READY | MODEM_SEND);
    return ok;
}

bool uart_start(struct uart *u, uint16_t base, uint8_t *kept, size_t size, size_t *count)
{
    *u = (struct uart){.base = base, .depth = 1};
    *count = 0;
    if (get(u, LINE_STATUS) == 0xff)
        return false;
    put(u, INTERRUPT_ENABLE, 0);
    wait_line(u, STATUS_ALL_SENT, DRAIN_NS);
    while (*count < size && (get(u, LINE_STATUS) & STATUS_READY))
        kept[(*count)++] = get(u, DATA);

    put(u, LINE_CONTROL, LINE_DIVISOR);
    put(u, DIVISOR_LOW, DIVISOR_115200);
    put(u, DIVISOR_HIGH, 0);
    put(u, LINE_CONTROL, LINE_8N1);
    put(u, FIFO_CONTROL, FIFO_ON_AND_CLEAR);
    if (!loops_back(u))
        return false;
    if ((get(u, INTERRUPT_ID) & HAS_FIFO) == HAS_FIFO)
        u->depth = 16;
    uart_clear(u);
    return true;
}

void uart_clear(const struct uart *u)
{
    /* Reading the identification takes the transmitter's interrupt away, line status errors go with
     * line status, modem changes with modem status; received bytes stay until they are read. */
    for (int i = 0; i < 8 && !(get(u, INTERRUPT_ID) & NO_INTERRUPT); i++) {
        get(u, LINE_STATUS);
        get(u, MODEM_STATUS);
    }
}

bool uart_receive(const struct uart *u, uint8_t *byte, unsigned *lost)
{
    uint8_t status = get(u, LINE_STATUS);
    if (status & STATUS_OVERRUN)
        ++*lost;
    if (!(status & STATUS_READY))
        return false;
    *byte = get(u, DATA);
    return true;
}

bool uart_empty(const struct uart *u)
{
    return get(u, LINE_STATUS) & STATUS_EMPTY;
}

void uart_send(const struct uart *u, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(u, DATA, bytes[i]);
}

void uart_interrupts(const struct uart *u, bool receive, bool transmit)
{
    put(u, MODEM_CONTROL, (uint8_t)(MODEM_READY | (receive ? MODEM_SEND : 0)));
    put(u, INTERRUPT_ENABLE,
        (uint8_t)((receive ? ENABLE_RECEIVE : 0) | (transmit ? ENABLE_TRANSMIT : 0)));
}
