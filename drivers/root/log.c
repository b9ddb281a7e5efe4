/*
 * Root's log: a ring of text, and its way to the user.
 *
 * Positions count bytes ever written, so a reader that falls behind notices and continues with the
 * oldest whole line that is left. What is shown goes through a channel like any client's text; root
 * writes only what fits and takes up the rest when the other side signals that there is room. While
 * no console runs at all, the log goes to COM1 if there is one.
 */
#include "root_task.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tetrapla/channel.h>

#define LOG_BYTES  65536 /* a power of two */
#define LINE_BYTES 320

static char ring[LOG_BYTES];
static uint64_t written; /* bytes ever */
static uint64_t shown;   /* up to here on the screen */
static uint64_t sent;    /* up to here on COM1, if the log goes there whatever happens */
static bool serial_too;
static char part[256]; /* on its way into the channel */
static size_t part_bytes, part_at;
static struct channel channel;
static const struct task *server; /* of the channel; NULL: there is none */

static void put(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ring[written++ % LOG_BYTES] = s[i];
}

/* position, or the start of the oldest whole line if that was overwritten. */
static uint64_t clamp(uint64_t position)
{
    if (position > written)
        return written;
    if (written - position <= LOG_BYTES)
        return position;
    position = written - LOG_BYTES;
    while (position < written && ring[position++ % LOG_BYTES] != '\n')
        ;
    return position;
}

static void put_stamp(void)
{
    char stamp[32];
    uint64_t ms = time_now() / 1000000;
    int n = snprintf(stamp, sizeof stamp, "[%5llu.%03llu] ", (unsigned long long)(ms / 1000),
                     (unsigned long long)(ms % 1000));
    put(stamp, (size_t)n);
}

void log_line(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    put_stamp();
    put(line, strlen(line));
    put("\n", 1);
}

const char *log_status(int status)
{
    if (status == NO_MEMORY)
        return "not enough memory";
    return status == QUOTA ? "not enough kernel memory" : status_name(status);
}

void log_task(const char *name, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        put_stamp();
        put(name, strlen(name));
        put(": ", 2);
        for (size_t i = 0; i < n; i++) { /* nobody else's escape sequences on the log's screen */
            char c = text[i];
            put((unsigned char)c < 32 ? "?" : &c, 1);
        }
        put("\n", 1);
        text += n + (text[n] == '\n');
    }
}

size_t log_read(uint64_t *position, char *out, size_t size)
{
    uint64_t from = clamp(*position);
    size_t n = 0;
    while (n < size && from < written)
        out[n++] = ring[from++ % LOG_BYTES];
    *position = from;
    return n;
}

void log_channel_set(const struct link *l, uint64_t va)
{
    struct grant g = {.kind = GRANT_CHANNEL,
                      .handle = root_notification,
                      .peer = l->server_notification,
                      .index = l->client_bit,
                      .peer_bit = l->index,
                      .extra = 0,
                      .va = va,
                      .bytes = l->block.pages * PAGE_SIZE};
    snprintf(g.name, sizeof g.name, "%s", l->name);
    if (channel_open(&channel, &g))
        server = l->server;
    else
        log_line("the log's channel cannot be opened");
}

void log_serial_always(void)
{
    serial_too = true;
}

static void flush_serial(uint64_t *position)
{
    char text[256];
    size_t n;
    for (;;) {
        uint64_t next = *position;
        if ((n = log_read(&next, text, sizeof text)) == 0 || !serial_write(text, n))
            return;
        *position = next;
    }
}

/* The next piece of the log with CR LF, as a terminal expects; false: everything was taken. */
static bool fill_part(void)
{
    part_at = part_bytes = 0;
    shown = clamp(shown);
    while (shown < written && part_bytes + 2 <= sizeof part) {
        char c = ring[shown++ % LOG_BYTES];
        if (c == '\n')
            part[part_bytes++] = '\r';
        part[part_bytes++] = c;
    }
    return part_bytes > 0;
}

/* What does not fit stays in `part`; the other side signals when there is room. */
static void flush_channel(void)
{
    while (part_at < part_bytes || fill_part()) {
        part_at += channel_write_some(&channel, part + part_at, part_bytes - part_at);
        if (part_at < part_bytes)
            return;
    }
}

static bool any_console(void)
{
    for (unsigned i = 0; i < task_count; i++)
        if (tasks[i].state == ROOT_RUNNING && tasks[i].m->channel_servers.count)
            return true;
    return false;
}

void log_flush(void)
{
    if (serial_too)
        flush_serial(&sent);
    if (server && server->state == ROOT_RUNNING)
        flush_channel();
    else if (!serial_too && !any_console())
        flush_serial(&shown);
}
