/*
 * One turn of the console server (server.h): keys, serial line, log, then each client, then the
 * screen.
 *
 * Fairness: a turn takes at most INTAKE_BYTES from each channel, keys first, so a client that
 * floods costs the others one such piece per turn. What a turn cannot take stays in the channel and
 * its client waits: no output is ever dropped. Nothing here waits for anybody.
 *
 * The screen is painted at most every PAINT_NS, from what the panes hold then, however much was
 * written in between.
 */
#include <string.h>
#include <tetrapla/sys.h>

#include "compose.h"
#include "keys.h"
#include "server.h"

#define SERIAL_STEP \
    256 /* bytes a pane processes at once while a serial line must see all of them */

static struct pane *pane_of(struct console *s, unsigned i)
{
    return &s->state->pane[i];
}

/* ---- layout and focus ------------------------------------------------------------------------ */

static void tell_size(struct line *client, const struct terminal *t)
{
    struct channel_shared *shared = client->channel.shared;
    if (!client->present || (shared->columns == t->columns && shared->rows == t->rows))
        return;
    shared->columns = t->columns;
    shared->rows = t->rows;
    shared->generation++;
    sys_signal(client->channel.peer, client->channel.peer_bits);
}

static void arrange(struct console *s)
{
    for (unsigned i = 0; i < s->panes; i++) {
        unsigned columns = PANE_COLUMNS, rows = PANE_ROWS;
        if (s->painter)
            layout_pane_size(s->painter->fb.width, s->painter->fb.height, s->state->mode,
                             i == s->state->focus, &columns, &rows);
        struct terminal *t = &pane_of(s, i)->terminal;
        if ((columns != t->columns || rows != t->rows) && i == s->serial.pane)
            s->serial.stale = true;
        terminal_resize(t, columns, rows);
        tell_size(&s->client[i], t);
    }
    if (s->painter) {
        struct layout layout = {0};
        layout_compute(s->painter->fb.width, s->painter->fb.height, s->state->mode, s->state->focus,
                       s->panes, &layout);
        if (memcmp(&layout, &s->layout, sizeof layout) != 0)
            painter_layout(s->painter, &layout);
        s->layout = layout;
    }
    s->repaint = true;
}

static void focus(struct console *s, unsigned pane)
{
    if (pane >= s->panes)
        return;
    if (pane != s->state->focus)
        s->focus_changed = true;
    s->state->focus = pane;
    if (!s->painter && s->serial.pane != pane) /* one screen, one focus */
        serial_select(&s->serial, pane);
    s->state->serial_pane = s->serial.pane;
    arrange(s);
}

void console_start(struct console *s, bool kept)
{
    if (!s->painter)
        s->state->focus = s->state->serial_pane;
    serial_init(&s->serial, s->state->serial_pane);
    s->serial.stale = kept;
    s->focus_changed = true;
    arrange(s);
}

/* ---- input ----------------------------------------------------------------------------------- */

/* Bytes typed for a pane. If it takes no more, they are lost, and its title says so. */
static void type(struct console *s, unsigned pane, const uint8_t *bytes, size_t n)
{
    struct pane *p = pane_of(s, pane);
    struct line *client = &s->client[pane];
    bool lost = client->present && !outlet_put(&p->outlet, &client->channel, bytes, n);
    if (p->bell != lost)
        s->repaint = true;
    p->bell = lost;
}

static void key(struct console *s, const struct key_event *e)
{
    struct console_state *state = s->state;
    struct terminal *t = &pane_of(s, state->focus)->terminal;
    uint8_t bytes[KEY_BYTES_MAX];
    int argument;
    size_t n;
    switch (keys_action(e, &argument)) {
    case KEY_FOCUS:
        focus(s, (unsigned)argument);
        break;
    case KEY_FOCUS_NEXT:
        focus(s, (state->focus + s->panes + (unsigned)argument) % s->panes);
        break;
    case KEY_FULL_SCREEN:
        state->mode = state->mode == VIEW_GRID ? VIEW_FULL : VIEW_GRID;
        arrange(s);
        break;
    case KEY_ENLARGE:
        state->mode = state->mode == VIEW_SINGLE ? VIEW_GRID : VIEW_SINGLE;
        arrange(s);
        break;
    case KEY_SCROLL:
        terminal_scroll_view(t, argument * (t->rows > 1 ? t->rows - 1 : 1));
        break;
    case KEY_TO_CLIENT:
        n = keys_encode(e, t->modes, bytes);
        terminal_scroll_view(t, -(int)t->view);
        if (n > 0)
            type(s, state->focus, bytes, n);
        break;
    case KEY_NOTHING:
        break;
    }
}

static bool take_keys(struct console *s)
{
    struct intake *in = &s->state->keyboard;
    const uint8_t *bytes;
    size_t n = s->keyboard.present ? intake_fetch(in, &s->keyboard.channel, &bytes) : 0;
    size_t whole = n - n % sizeof(struct key_event);
    for (size_t i = 0; i < whole; i += sizeof(struct key_event)) {
        struct key_event e;
        memcpy(&e, bytes + i, sizeof e);
        key(s, &e);
        in->position += sizeof e;
    }
    return whole > 0;
}

static bool take_serial(struct console *s)
{
    struct intake *in = &s->state->serial;
    const uint8_t *bytes;
    size_t n = s->serial_line.present ? intake_fetch(in, &s->serial_line.channel, &bytes) : 0;
    for (size_t i = 0; i < n; i++) {
        unsigned argument = 0;
        enum serial_action action = serial_typed(&s->serial, bytes[i], s->panes, &argument);
        if (action == SERIAL_TO_CLIENT) {
            type(s, s->serial.pane, &bytes[i], 1);
        } else if (action == SERIAL_SELECT) {
            serial_select(&s->serial, argument);
            s->state->serial_pane = argument;
            if (!s->painter)
                focus(s, argument);
        }
        in->position++;
    }
    return n > 0;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void log_line(struct console *s)
{
    struct console_state *state = s->state;
    struct terminal *t = &pane_of(s, s->log_pane)->terminal;
    size_t n = state->log_length;
    while (n > 0 && (state->log_line[n - 1] == '\r' || state->log_line[n - 1] == ' '))
        n--;
    if (n == 0)
        return;
    bool plain = terminal_log_line(t, state->log_line, n);
    serial_log_line(&s->serial, s->log_pane, t, plain, state->log_line, n);
}

/* Root's log: whole lines only; one that is longer than the pane goes in pieces. */
static bool take_log(struct console *s)
{
    struct console_state *state = s->state;
    const uint8_t *bytes;
    size_t n = s->log.present ? intake_fetch(&state->log, &s->log.channel, &bytes) : 0;
    unsigned columns = pane_of(s, s->log_pane)->terminal.columns;
    size_t most = columns > 8 ? columns - 4 : columns; /* "log " comes before it */
    for (size_t i = 0; i < n; i++) {
        bool full = state->log_length >= most && (bytes[i] & 0xc0) != 0x80;
        if (bytes[i] == '\n' || (full && bytes[i] != '\r') || state->log_length >= LOG_LINE_MAX) {
            log_line(s);
            state->log_length = 0;
        }
        if (bytes[i] != '\n')
            state->log_line[state->log_length++] = bytes[i];
        state->log.position++;
    }
    return n > 0;
}

/* How many of n bytes the pane may process now. With a screen a slow serial line falls behind;
 * without one the client waits for it. */
static size_t allowed(const struct console *s, unsigned i, size_t n)
{
    if (s->painter || !s->serial_line.present || i != s->serial.pane)
        return n;
    if (n > SERIAL_STEP)
        n = SERIAL_STEP;
    return serial_must_wait(&s->serial, i, n) ? 0 : n;
}

static bool take_client(struct console *s, unsigned i)
{
    struct pane *p = pane_of(s, i);
    struct terminal *t = &p->terminal;
    struct line *client = &s->client[i];
    const uint8_t *bytes;
    size_t n = allowed(s, i, intake_fetch(&p->intake, &client->channel, &bytes));
    if (n > 0) {
        struct echo *echo = s->serial_line.present ? serial_copy(&s->serial, i, n) : NULL;
        terminal_write(t, bytes, n, &p->intake.position, echo);
        s->served = true;
    }
    if (t->answer_length > 0)
        outlet_put(&p->outlet, &client->channel, t->answer, t->answer_length);
    t->answer_length = 0;
    if (t->bell && !p->bell) {
        p->bell = 1;
        s->repaint = true;
    }
    t->bell = 0;
    outlet_flush(&p->outlet, &client->channel);
    return n > 0;
}

static bool feed_serial(struct console *s)
{
    if (!s->serial_line.present)
        return false;
    serial_draw(&s->serial, &pane_of(s, s->serial.pane)->terminal);
    if (s->serial.out.length == 0)
        return false;
    size_t n = channel_write_some(&s->serial_line.channel, s->serial.queue, s->serial.out.length);
    serial_sent(&s->serial, n);
    return n > 0;
}

/* ---- the screen ------------------------------------------------------------------------------ */

static bool view_changed(const struct console *s, const struct view *v)
{
    return s->repaint || s->painted[v->pane] != s->state->pane[v->pane].terminal.changes;
}

static bool screen_changed(const struct console *s)
{
    for (unsigned i = 0; s->painter && i < s->layout.count; i++)
        if (view_changed(s, &s->layout.view[i]))
            return true;
    return false;
}

uint64_t console_deadline(const struct console *s)
{
    return screen_changed(s) ? s->next_paint : DEADLINE_NEVER;
}

static void paint(struct console *s)
{
    struct cell cells[COLUMNS_MAX];
    for (unsigned i = 0; i < s->layout.count; i++) {
        const struct view *v = &s->layout.view[i];
        const struct pane *p = &s->state->pane[v->pane];
        bool focused = v->pane == s->state->focus;
        if (!view_changed(s, v))
            continue;
        compose_title(&p->terminal, v->pane + 1, focused, p->bell, cells);
        painter_row(s->painter, i, 0, cells);
        for (unsigned row = 0; row < v->rows; row++) {
            compose_row(&p->terminal, row, focused, cells);
            painter_row(s->painter, i, row + 1, cells);
        }
        s->painted[v->pane] = p->terminal.changes;
    }
    s->repaint = false;
}

bool console_turn(struct console *s, uint64_t now)
{
    bool more = take_keys(s);
    more |= take_serial(s);
    s->served |= more;
    more |= take_log(s);
    for (unsigned i = 0; i < s->panes; i++)
        if (s->client[i].present)
            more |= take_client(s, i);
    more |= feed_serial(s);
    if (now >= s->next_paint && screen_changed(s)) {
        paint(s);
        s->next_paint = now + PAINT_NS;
    }
    return more;
}
