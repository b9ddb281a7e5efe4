/*
 * The pane: bytes from the channel become keys.
 *
 * The console sends what a Linux terminal sends: text in UTF-8, control bytes, and escape sequences
 * for the other keys. An ESC with nothing behind it for SEQUENCE_NS is the Escape key: the bytes of
 * a sequence follow one another closely, even on a serial line. A change of size shows in the channel's generation count, looked at whenever the wait
 * for a byte ends (the console signals; once a second in any case).
 */
#include "shell.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/channel.h>
#include <tetrapla/sys.h>

#define LOOK_NS     1000000000ULL
#define SEQUENCE_NS 50000000ULL
#define ESC         27

static struct channel channel;
static char buffer[64];
static size_t buffer_at, buffer_end;
static uint32_t generation;

bool terminal_open(void)
{
    if (!channel_open_named(&channel, "console"))
        return false;
    generation = channel.shared->generation;
    return true;
}

unsigned terminal_columns(void)
{
    unsigned columns = channel.shared->columns;
    return columns >= 8 && columns <= 1000 ? columns : 80;
}

unsigned terminal_rows(void)
{
    unsigned rows = channel.shared->rows;
    return rows >= 2 && rows <= 1000 ? rows : 24;
}

void terminal_title(const char *text)
{
    printf("\033]0;%s\a", text);
}

static bool resized(void)
{
    uint32_t now = channel.shared->generation;
    bool changed = now != generation;
    generation = now;
    return changed;
}

/* A byte, or -1 at the deadline, or -2 when the size changed. */
static int next_byte(uint64_t deadline)
{
    while (buffer_at == buffer_end) {
        buffer_at = 0;
        buffer_end = channel_read_some(&channel, buffer, sizeof buffer);
        if (buffer_end)
            break;
        if (resized())
            return -2;
        uint64_t now = time_now(), bits;
        if (now >= deadline)
            return -1;
        uint64_t look = now + LOOK_NS;
        if (sys_wait(channel.own, WAIT_ARM, deadline < look ? deadline : look, &bits) != OK)
            sleep_ns(LOOK_NS / 10);
    }
    return (unsigned char)buffer[buffer_at++];
}

/* Final byte of a control sequence, with its number before '~'. */
static const struct {
    char final;
    int number;
    int key;
} sequences[] = {
    {'A', 0, KEY_UP},     {'B', 0, KEY_DOWN}, {'C', 0, KEY_RIGHT}, {'D', 0, KEY_LEFT},
    {'H', 0, KEY_HOME},   {'F', 0, KEY_END},  {'~', 1, KEY_HOME},  {'~', 7, KEY_HOME},
    {'~', 3, KEY_DELETE}, {'~', 4, KEY_END},  {'~', 8, KEY_END},
};

static int escape_sequence(void)
{
    int number = 0;
    int c = next_byte(time_now() + SEQUENCE_NS);
    if (c != '[' && c != 'O')
        return KEY_OTHER;
    do {
        c = next_byte(time_now() + SEQUENCE_NS);
        if (c >= '0' && c <= '9' && number < 1000)
            number = number * 10 + c - '0';
    } while (c >= ' ' && c < '@');
    for (unsigned i = 0; i < sizeof sequences / sizeof *sequences; i++)
        if (sequences[i].final == c && (c != '~' || sequences[i].number == number))
            return sequences[i].key;
    return KEY_OTHER;
}

int terminal_key(uint64_t deadline)
{
    int c = next_byte(deadline);
    if (c == -1)
        return KEY_NONE;
    if (c == -2)
        return KEY_RESIZED;
    return c == ESC ? escape_sequence() : c ? c : KEY_OTHER;
}
