/*
 * Serial driver: a byte pump between a UART and the channel "console" (client end, index
 * CONSOLE_SERIAL).
 *
 * Grants: ports=0x3f8+8, irq=4, the channel.
 *
 * Nothing is dropped in either direction:
 *  - output: bytes are taken from the channel only when the transmitter is empty, at most as many
 *    as it holds, and go into it at once. While it sends, its empty interrupt is on;
 *  - input: bytes wait in `input` until the channel has room; when `input` is full the receive
 *    interrupt goes off and RTS down. What the chip itself loses is counted and said once.
 *
 * Both the interrupt and the console signal the channel's own notification, so one wait sees both.
 * Asking for a signal is part of a read or write that moved less than it wanted (channel.h); each
 * round of pump() ends either with such a request or with an interrupt that is sure to come.
 */
#include "uart16550.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/channel.h>
#include <tetrapla/root.h>
#include <tetrapla/sys.h>

#define INPUT_SIZE 4096u
#define RETRY_NS   20000000u /* look again while something is stuck, in case a signal was lost */
#define POLL_NS    5000000u  /* no interrupt: look so often */

static struct uart uart;
static struct channel console;
static uint8_t input[INPUT_SIZE];
static size_t input_used;
static unsigned lost;

static _Noreturn void idle(const char *why)
{
    printf("%s: waiting\n", why);
    root_served(); /* there is no more to serve on this machine */
    for (;;)
        sleep_ns(DEADLINE_NEVER);
}

static void pump_input(void)
{
    while (input_used < INPUT_SIZE && uart_receive(&uart, &input[input_used], &lost))
        input_used++;
    if (input_used) {
        size_t n = channel_write_some(&console, input, input_used);
        memmove(input, input + n, input_used - n);
        input_used -= n;
    }
}

/* True if the transmitter was given something. */
static bool pump_output(void)
{
    uint8_t bytes[16];
    if (!uart_empty(&uart))
        return true; /* its interrupt is on since it was filled */
    size_t n = channel_read_some(&console, bytes, uart.depth);
    uart_send(&uart, bytes, n);
    return n > 0;
}

/* Move what can be moved. True if something waits that only time can help. */
static bool pump(void)
{
    uart_clear(&uart);
    pump_input();
    bool sending = pump_output();
    uart_interrupts(&uart, input_used < INPUT_SIZE, sending);
    return sending || input_used;
}

/* Bind the interrupt to the channel's notification, by a bit that the channel does not use. */
static handle_t bind_interrupt(void)
{
    const struct grant *irq = grant_nth(GRANT_IRQ, 0);
    uint64_t bit = console.own_bits == 1 ? 2 : 1;
    int status = irq ? sys_irq(IRQ_BIND, irq->handle, console.own, bit) : BAD_HANDLE;
    if (status == OK)
        return irq->handle;
    printf("no interrupt (%s): looking at the port every %u ms\n", status_name(status),
           POLL_NS / 1000000);
    return HANDLE_NONE;
}

static void say_lost(void)
{
    static bool said;
    if (lost && !said)
        printf("the receiver lost input: it comes faster than it is read\n");
    said = lost != 0;
}

int main(void)
{
    const struct grant *ports = grant_nth(GRANT_PORTS, 0);
    if (!channel_open_named(&console, "console"))
        idle("no channel to a console");
    if (!ports)
        idle("no ports granted");
    if (!uart_start(&uart, (uint16_t)ports->extra, input, INPUT_SIZE, &input_used)) {
        char text[64];
        snprintf(text, sizeof(text), "no serial port at %xh", ports->extra);
        idle(text);
    }
    printf("serial port at %xh, 115200 8N1, %s\n", ports->extra,
           uart.depth > 1 ? "FIFO of 16" : "no FIFO");

    handle_t irq = bind_interrupt();
    root_served();
    for (;;) {
        bool stuck = pump();
        if (irq != HANDLE_NONE)
            sys_irq(IRQ_ACK, irq, 0, 0);
        say_lost();
        uint64_t deadline = irq == HANDLE_NONE ? time_now() + POLL_NS
                            : stuck            ? time_now() + RETRY_NS
                                               : DEADLINE_NEVER;
        uint64_t bits;
        if (sys_wait(console.own, WAIT_ARM, deadline, &bits) != OK)
            sleep_ns(POLL_NS);
    }
}
