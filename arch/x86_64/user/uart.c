/*
 * Polled output on the first serial port (16550 at COM1). Works as firmware or GRUB left the port;
 * where there is no port at all the status register reads FFh, which says "room", so the bytes go
 * nowhere and nobody waits. A port that never has room is given up on after about 100,000 reads.
 */
#include <tetrapla/io.h>
#include <tetrapla/task.h>

#define COM1           0x3f8
#define LINE_STATUS    5
#define TRANSMIT_EMPTY 0x20u
#define POLLS          100000u

static void put(uint8_t byte)
{
    for (unsigned i = 0; i < POLLS && !(in8(COM1 + LINE_STATUS) & TRANSMIT_EMPTY); i++)
        ;
    out8(COM1, byte);
}

void uart_write(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n')
            put('\r');
        put((uint8_t)bytes[i]);
    }
}
