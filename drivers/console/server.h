/*
 * The console server: clients, keyboard, serial line, log, screen.
 */
#pragma once

#include "paint.h"
#include "serial.h"
#include "state.h"
#include <tetrapla/channel.h>

#define PAINT_NS 33333334ULL /* at most 30 pictures a second */

/* One channel, if it was granted. */
struct line {
    bool present;
    struct channel channel;
};

struct console {
    struct console_state *state;
    unsigned panes;
    unsigned log_pane; /* where root's log is shown, below panes */
    struct line client[CONSOLE_PANES_MAX];
    struct line keyboard, serial_line, log;
    struct painter *painter; /* NULL: no framebuffer */
    struct serial serial;
    struct layout layout;
    uint32_t painted[CONSOLE_PANES_MAX]; /* terminal.changes that the screen shows */
    bool repaint;                        /* titles, focus or layout have changed */
    uint64_t next_paint;                 /* earliest time, ns */
    bool focus_changed;                  /* root has not been told yet; cleared by main */
    bool served;                         /* a client or a key has been served; cleared by main */
};

/* The channels, painter and state must be set. kept: the state is that of an earlier
 * incarnation. */
void console_start(struct console *s, bool kept);
/* Do a bounded amount of work for everybody. True: there may be more to do at once. */
bool console_turn(struct console *s, uint64_t now);
/* When the screen must be painted next; DEADLINE_NEVER: nothing has changed. */
uint64_t console_deadline(const struct console *s);
