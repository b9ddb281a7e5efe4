/*
 * The console on a serial line: one pane at a time, on whatever terminal is at the other end.
 *
 * The selected pane's output is copied to the line as it is executed (struct echo); after a switch,
 * or when copies were lost because the line is slow, the pane is drawn anew from its cells.
 */
#pragma once

#include "terminal.h"

#define SERIAL_QUEUE 32768 /* more than the largest row with a colour change at every cell */

struct serial {
    unsigned pane;   /* which one is shown */
    bool prefix;     /* Ctrl-] was typed */
    bool help;       /* the help text is on the screen; the next key takes it away */
    bool stale;      /* the other terminal does not show what the pane has: draw it anew */
    bool drawing;    /* ... and we are at it */
    unsigned row;    /* next row to draw */
    struct echo out; /* bytes for the line */
    uint8_t queue[SERIAL_QUEUE];
};

void serial_init(struct serial *s, unsigned pane);

enum serial_action { SERIAL_NOTHING, SERIAL_TO_CLIENT, SERIAL_SELECT };
/* A byte typed on the line. SERIAL_SELECT: *argument = pane. */
enum serial_action serial_typed(struct serial *s, uint8_t byte, unsigned panes, unsigned *argument);
/* Show another pane. */
void serial_select(struct serial *s, unsigned pane);
/* Where to copy pane's output of up to n bytes to, or NULL: the pane is not shown, or it is stale
 * and will be drawn anew. */
struct echo *serial_copy(struct serial *s, unsigned pane, size_t n);
/* Must a client wait before its pane may process n bytes, if nothing may be lost? */
bool serial_must_wait(const struct serial *s, unsigned pane, size_t n);
/* A line of the log was put above the cursor's line of the pane; plain: see terminal_log_line. */
void serial_log_line(struct serial *s, unsigned pane, const struct terminal *t, bool plain,
                     const uint8_t *text, size_t n);
/* Go on drawing, as far as the queue has room. t is the shown pane's terminal. */
void serial_draw(struct serial *s, const struct terminal *t);
/* The first n bytes of the queue are on the line. */
void serial_sent(struct serial *s, size_t n);

/* ---- redraw.c: a terminal's contents as bytes for another terminal --------------------------- */
#define REDRAW_ROW_MAX 9000 /* bytes that redraw_row may add */
/* Neutral modes; clear: and an empty screen. */
void redraw_begin(struct echo *out, bool clear);
/* The cells of one row up to the last that is not blank, from where the cursor is. */
void redraw_row(struct echo *out, const struct terminal *t, unsigned row);
/* The terminal's modes and colours; place: its scroll region and the cursor's row too. */
void redraw_end(struct echo *out, const struct terminal *t, bool place);
void redraw_text(struct echo *out, const char *text);
