/*
 * The serial console's state machine (serial.h). Pure: bytes in, bytes out.
 *
 * Invariant: the line gets whole control sequences only. Copies of a pane's output consist of whole
 * sequences (terminal.h: struct echo), and so does everything made here; so a switch, a line of the
 * log and the help text may come between any two of them.
 *
 *   up to date ──copy lost, or pane switched──> stale ──queue empty──> drawing ──> up to date
 *
 * Output that arrives while drawing is not copied; it makes the picture stale again.
 */
#include <string.h>

#include "serial.h"

#define PREFIX 0x1d /* Ctrl-] */

void serial_init(struct serial *s, unsigned pane)
{
    memset(s, 0, sizeof *s);
    s->pane = pane;
    s->out = (struct echo){.bytes = s->queue, .size = sizeof s->queue};
}

static const char help_text[] = "\x1b[0m\x1b[r\x1b[H\x1b[2J"
                                "Keys of the serial console: press Ctrl-], then\r\n\r\n"
                                "  1 2 3 4   show pane 1 2 3 4 (up to 9, if there are more)\r\n"
                                "  r         draw the screen again\r\n"
                                "  Ctrl-]    send Ctrl-] to the pane\r\n"
                                "  ?         this text\r\n\r\n"
                                "Any key goes back.\r\n";

void serial_select(struct serial *s, unsigned pane)
{
    s->pane = pane;
    s->stale = true;
    s->drawing = false;
    s->help = false;
}

enum serial_action serial_typed(struct serial *s, uint8_t byte, unsigned panes, unsigned *argument)
{
    if (s->help) {
        s->help = false;
        s->stale = true;
        if (byte != PREFIX)
            return SERIAL_NOTHING;
    }
    if (!s->prefix) {
        s->prefix = byte == PREFIX;
        return s->prefix ? SERIAL_NOTHING : SERIAL_TO_CLIENT;
    }
    s->prefix = false;
    if (byte == PREFIX)
        return SERIAL_TO_CLIENT;
    if (byte >= '1' && byte <= '9' && (unsigned)(byte - '1') < panes) {
        *argument = byte - '1';
        return SERIAL_SELECT;
    }
    if (byte == '?') {
        s->help = true;
        s->drawing = false;
        redraw_text(&s->out, help_text);
    } else if (byte == 'r' || byte == 'R') {
        s->stale = true;
    }
    return SERIAL_NOTHING;
}

struct echo *serial_copy(struct serial *s, unsigned pane, size_t n)
{
    if (pane != s->pane)
        return NULL;
    if (!s->stale && !s->drawing && !s->help && s->out.size - s->out.length >= ECHO_ROOM(n))
        return &s->out;
    s->stale = true;
    return NULL;
}

bool serial_must_wait(const struct serial *s, unsigned pane, size_t n)
{
    return pane == s->pane && !s->help &&
           (s->stale || s->drawing || s->out.size - s->out.length < ECHO_ROOM(n));
}

void serial_log_line(struct serial *s, unsigned pane, const struct terminal *t, bool plain,
                     const uint8_t *text, size_t n)
{
    if (pane != s->pane)
        return;
    if (!plain || s->stale || s->drawing || s->help ||
        s->out.size - s->out.length < n + 2 * REDRAW_ROW_MAX) {
        s->stale = true;
        return;
    }
    redraw_begin(&s->out, false);
    redraw_text(&s->out, "\r\x1b[36;7mlog\x1b[27m ");
    for (size_t i = 0; i < n; i++) {
        char byte[2] = {text[i] < 0x20 || text[i] == 0x7f ? ' ' : (char)text[i], 0};
        redraw_text(&s->out, byte);
    }
    redraw_text(&s->out, "\x1b[0m\x1b[K\r\n");
    redraw_row(&s->out, t, t->cursor.row);
    redraw_end(&s->out, t, false);
}

void serial_draw(struct serial *s, const struct terminal *t)
{
    if (s->help)
        return;
    if (s->stale && !s->drawing && s->out.length == 0) {
        s->stale = false;
        s->drawing = true;
        s->row = 0;
        s->out.lost = false;
        redraw_begin(&s->out, true);
    }
    while (s->drawing && s->out.size - s->out.length >= REDRAW_ROW_MAX) {
        unsigned last = t->rows;
        while (last > 1 && row_length(grid_row_const(&t->grid[t->active], last - 1)) == 0)
            last--;
        if (s->row >= last) {
            redraw_end(&s->out, t, true);
            s->drawing = false;
            break;
        }
        if (s->row > 0)
            redraw_text(&s->out, "\r\n");
        redraw_row(&s->out, t, s->row++);
    }
}

void serial_sent(struct serial *s, size_t n)
{
    memmove(s->queue, s->queue + n, s->out.length - n);
    s->out.length -= n;
    if (s->out.lost)
        s->stale = true;
}
