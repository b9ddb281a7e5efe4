/*
 * COM1 for the log, when it has no other way out: no task serves the log's channel, or the command
 * line asks for it (log=serial). A serial driver may own the same port; two writers garble nothing
 * but their own lines, and by default root writes here only when no console runs.
 */
#include "root_task.h"

#include <tetrapla/io.h>

#define COM1       0x3f8
#define COM1_PORTS 8
/* Registers of the 16550, as offsets (National Semiconductor PC16550D data sheet, table II). */
enum { DIVISOR_LOW = 0, DIVISOR_HIGH = 1, LINE_CONTROL = 3, LINE_STATUS = 5 };
enum { LINE_8N1 = 0x03, LINE_DIVISOR = 0x80 };
#define STATUS_ABSENT 0xff /* what a bus without a chip reads */

static enum { UNKNOWN, ABSENT, PRESENT } uart;

static bool probe(void)
{
    int status;
    unsigned done;
    handle_t ports = object_new(OBJ_PORTS, ROOT_PORTS, COM1, COM1_PORTS, 0, 0, &status);
    if (ports == HANDLE_NONE)
        return false;
    ipc()->vector[0] = (struct map_op){.kind = MAP_PORTS, .region = ports, .pages = 1};
    if (sys_map(0, 1, &done) != OK) {
        handle_drop(&ports);
        return false;
    }
    if (in8(COM1 + LINE_STATUS) == STATUS_ABSENT)
        return false;
    out8(COM1 + LINE_CONTROL, LINE_8N1 | LINE_DIVISOR); /* 115,200 baud */
    out8(COM1 + DIVISOR_LOW, 1);
    out8(COM1 + DIVISOR_HIGH, 0);
    out8(COM1 + LINE_CONTROL, LINE_8N1);
    return true;
}

bool serial_write(const char *bytes, size_t n)
{
    if (uart == UNKNOWN)
        uart = probe() ? PRESENT : ABSENT;
    if (uart == PRESENT)
        uart_write(bytes, n);
    return uart == PRESENT;
}
