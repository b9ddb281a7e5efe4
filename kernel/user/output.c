/*
 * Where printf's bytes go: a function, chosen when the task starts and changed by output_set. The
 * choices: the task's terminal (a channel), the serial port, root's log.
 *
 * The lock is held by the caller of output_bytes (stdio.c), so the functions here need none.
 */
#include "output.h"
#include "internal.h"

#include <string.h>
#include <tetrapla/channel.h>
#include <tetrapla/console.h>
#include <tetrapla/root.h>

#define COM1 0x3f8

static struct lock lock;
static void (*write_bytes)(const char *bytes, size_t n);
static struct channel console;

void output_lock(void)
{
    lock_take(&lock);
}
void output_unlock(void)
{
    lock_drop(&lock);
}

void output_set(void (*write)(const char *bytes, size_t n))
{
    write_bytes = write;
}

void output_bytes(const char *bytes, size_t n)
{
    if (write_bytes && n)
        write_bytes(bytes, n);
}

/* Does not take the lock: its holder may be the thread that fails. */
void output_last_words(const char *text)
{
    output_bytes(text, strlen(text));
}

static void write_console(const char *bytes, size_t n)
{
    channel_write(&console, bytes, n);
}

static void write_serial(const char *bytes, size_t n)
{
    uart_write(bytes, n);
}

/* Lines are gathered here; a line that is too long goes out in pieces. */
void output_log(const char *bytes, size_t n)
{
    static char line[256];
    static size_t used;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != '\n')
            line[used++] = bytes[i];
        if (used && (bytes[i] == '\n' || used == sizeof(line) - 1)) {
            line[used] = 0;
            root_log_write(line);
            used = 0;
        }
    }
}

/* A channel "console" is a terminal only if its index says so: drivers reach the console through
 * channels of that name as well, which carry other things (console.h). */
static bool is_terminal(const struct grant *g)
{
    return g->index < CONSOLE_PANES_MAX && g->peer_bit < CONSOLE_PANES_MAX;
}

static bool has_serial_port(void)
{
    const struct grant *g;
    for (unsigned i = 0; (g = grant_nth(GRANT_PORTS, i)); i++) {
        if (g->extra == COM1)
            return true;
    }
    return false;
}

/* The task's terminal; without any channel to the console the serial port; else the log. So a driver
 * of the console's, which may own the serial port for another purpose, writes to the log. */
void output_init(void)
{
    const struct grant *g = grant_find("console", GRANT_CHANNEL);
    if (g && is_terminal(g) && channel_open(&console, g))
        output_set(write_console);
    else if (!g && has_serial_port())
        output_set(write_serial);
    else
        output_set(output_log);
}
